"""What a registry holds: repositories of blobs, manifests and tags, in memory and noted on a shelf."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
    from typing import Any, Concatenate

    from aiodockerhub.local.shelf import Blob, Part, Shelf

_P = ParamSpec("_P")
_T = TypeVar("_T")

# no component of a repository's name begins with it
_BLOBS, _MANIFESTS, _TAGS = "_blobs", "_manifests", "_tags"


class Kept(NamedTuple):
    """A manifest that is kept."""

    digest: str
    media_type: str
    size: int


@dataclass(slots=True)
class _Repository:
    blobs: dict[str, int] = field(default_factory=dict[str, int])
    manifests: dict[str, Kept] = field(default_factory=dict[str, Kept])
    tags: dict[str, str] = field(default_factory=dict[str, str])


class Contents:
    """The repositories. Names, tags and digests are checked before they get here; every method says what is missing.

    A repository is there as long as it holds a manifest. Its blobs stay until they are removed, each in every
    repository that holds it; bytes that several repositories hold are on the shelf once.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._repositories: dict[str, _Repository] = {}
        self._holders: collections.Counter[str] = collections.Counter()
        self._lock = asyncio.Lock()
        self._changes: set[asyncio.Task[Any]] = set()

    @staticmethod
    def _whole(
        change: Callable[Concatenate[Contents, _P], Coroutine[Any, Any, _T]],
    ) -> Callable[Concatenate[Contents, _P], Coroutine[Any, Any, _T]]:
        """Does a method to its end, even if who waits for it is cancelled: memory and shelf must say the same."""

        @functools.wraps(change)
        async def whole(self: Contents, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
            task = asyncio.create_task(change(self, *args, **kwargs))
            self._changes.add(task)
            task.add_done_callback(self._changed)
            return await asyncio.shield(task)

        return whole

    # whole: a shelf that opens after close() has ended would never be closed
    @_whole
    async def open(self) -> None:
        """Read what the shelf holds, which may refuse to open."""
        await asyncio.to_thread(self._read)

    async def close(self) -> None:
        """End once every change that began is done."""
        while self._changes:
            await asyncio.wait(self._changes)
        self._shelf.close()

    def names(self) -> list[str]:
        """The repositories, sorted."""
        return sorted(name for name, repository in self._repositories.items() if repository.manifests)

    def tags(self, name: str) -> list[str] | None:
        """A repository's tags, sorted; None where there is no such repository."""
        repository = self._look(name)
        return sorted(repository.tags) if repository.manifests else None

    def manifest(self, name: str, reference: str) -> Kept | None:
        """By tag or digest."""
        repository = self._look(name)
        return repository.manifests.get(repository.tags.get(reference, reference))

    def blob_size(self, name: str, digest: str) -> int | None:
        """How many bytes the repository's blob has, or None."""
        return self._look(name).blobs.get(digest)

    def open_blob(self, digest: str) -> Blob:
        """The bytes of a blob, or of a manifest, that a repository holds."""
        return self._shelf.blob(digest)

    def begin(self, algorithm: str) -> Part:
        """A blob, or a manifest, on its way here."""
        return self._shelf.begin(algorithm)

    @_whole
    async def add_blob(self, name: str, digest: str, part: Part) -> None:
        """Let the repository hold what the part is, of which the digest was checked. Raises Full."""
        async with self._keeping(part, digest):
            await self._hold_blob(name, digest, part.size)

    @_whole
    async def mount_blob(self, name: str, digest: str, source: str) -> bool:
        """Let a repository hold a blob that another holds; False where that does not hold it. Raises Full."""
        async with self._lock:
            size = self.blob_size(source, digest)
            if size is None:
                return False
            await self._hold_blob(name, digest, size)
            return True

    @_whole
    async def add_manifest(
        self, name: str, manifest: Kept, tags: Iterable[str], part: Part, check: Callable[[], None]
    ) -> None:
        """Let the repository hold the manifest, and let these tags mean it. Raises Full, and what `check` raises.

        Nothing is removed between `check` and the end.
        """
        async with self._keeping(part, manifest.digest):
            check()
            repository = self._repositories.setdefault(name, _Repository())
            path = f"{name}/{_MANIFESTS}/{_path(manifest.digest)}"
            await asyncio.to_thread(self._shelf.note, path, manifest.media_type)
            self._holders[manifest.digest] += manifest.digest not in repository.manifests
            repository.manifests[manifest.digest] = manifest
            for tag in tags:
                await asyncio.to_thread(self._shelf.note, f"{name}/{_TAGS}/{tag}", manifest.digest)
                repository.tags[tag] = manifest.digest

    @_whole
    async def remove_tag(self, name: str, tag: str) -> bool:
        """Let the tag mean nothing; False where it did."""
        async with self._lock:
            tags = self._look(name).tags
            if tag not in tags:
                return False
            await self._forget_tag(name, tags, tag)
            return True

    @_whole
    async def remove_manifest(self, name: str, digest: str) -> bool:
        """Let go of the manifest and of all tags that mean it; False where it is not there."""
        async with self._lock:
            repository = self._look(name)
            if digest not in repository.manifests:
                return False
            for tag in [tag for tag, meant in repository.tags.items() if meant == digest]:
                await self._forget_tag(name, repository.tags, tag)
            await self._let_go(name, repository.manifests, _MANIFESTS, digest)
            return True

    @_whole
    async def remove_blob(self, name: str, digest: str) -> bool:
        """Let go of the blob; False where it is not there."""
        async with self._lock:
            blobs = self._look(name).blobs
            if digest not in blobs:
                return False
            await self._let_go(name, blobs, _BLOBS, digest)
            return True

    def _look(self, name: str) -> _Repository:
        """The repository; an empty one, which nobody keeps, where there is none."""
        return self._repositories.get(name) or _Repository()

    @contextlib.asynccontextmanager
    async def _keeping(self, part: Part, digest: str) -> AsyncGenerator[None, None]:
        """The part's bytes are on the shelf; somebody has to hold them by the end, or they go."""
        try:
            await asyncio.to_thread(part.settle)
            async with self._lock:
                if self._shelf.size(digest) is None:
                    await asyncio.to_thread(self._shelf.keep, part, digest)
                try:
                    yield
                finally:
                    if not self._holders[digest]:
                        await asyncio.to_thread(self._shelf.remove, digest)
        finally:
            part.drop()

    async def _hold_blob(self, name: str, digest: str, size: int) -> None:
        if self.blob_size(name, digest) is None:
            await asyncio.to_thread(self._shelf.note, f"{name}/{_BLOBS}/{_path(digest)}", "")
            self._repositories.setdefault(name, _Repository()).blobs[digest] = size
            self._holders[digest] += 1

    async def _forget_tag(self, name: str, tags: dict[str, str], tag: str) -> None:
        await asyncio.to_thread(self._shelf.forget, f"{name}/{_TAGS}/{tag}")
        del tags[tag]

    async def _let_go(self, name: str, held: dict[str, Any], kind: str, digest: str) -> None:
        await asyncio.to_thread(self._shelf.forget, f"{name}/{kind}/{_path(digest)}")
        del held[digest]
        self._holders[digest] -= 1
        if not self._holders[digest]:
            del self._holders[digest]
            await asyncio.to_thread(self._shelf.remove, digest)
        repository = self._repositories[name]
        if not (repository.blobs or repository.manifests):
            del self._repositories[name]

    def _read(self) -> None:
        notes = self._shelf.open()
        self._lock = asyncio.Lock()  # for the loop that runs now
        self._repositories.clear()
        self._holders.clear()
        # blobs and manifests before the tags that need them
        for path, text in sorted(notes, key=lambda note: note[0].partition("/_")[2]):
            self._restore(path, text)
        for digest in self._shelf.digests():
            if not self._holders[digest]:
                self._shelf.remove(digest)

    def _restore(self, path: str, text: str) -> None:
        """Believe a note if what it speaks of is there."""
        name, _, rest = path.partition("/_")
        kind, _, key = rest.partition("/")
        repository = self._repositories.setdefault(name, _Repository())
        if f"_{kind}" == _TAGS:
            if text in repository.manifests:
                repository.tags[key] = text
            return
        digest = key.replace("/", ":")
        size = self._shelf.size(digest)
        if size is None:
            return
        self._holders[digest] += 1
        if f"_{kind}" == _BLOBS:
            repository.blobs[digest] = size
        else:
            repository.manifests[digest] = Kept(digest, text, size)

    def _changed(self, task: asyncio.Task[Any]) -> None:
        self._changes.discard(task)
        if not task.cancelled():
            task.exception()  # told to who waits, if anybody still does


def _path(digest: str) -> str:
    return digest.replace(":", "/")
