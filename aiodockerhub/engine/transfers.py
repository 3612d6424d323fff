"""What pulls, pushes, imports and loads come to: watched as they go by."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from aiodockerhub.errors import (
    APIError,
    BadReference,
    DockerError,
    ImportFailed,
    LoadFailed,
    OperationFailed,
    ProtocolViolated,
    PullFailed,
    PushFailed,
    failed,
)
from aiodockerhub.progress import Imported, Loaded, LoadProgress, Pulled, PullProgress, Pushed, PushProgress
from aiodockerhub.wire.jsonstream import JSONLines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.progress import BuildStep
    from aiodockerhub.reference import Reference
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import Collector, Stream

    Inspect = Callable[[str], Awaitable[types.ImageInspect]]

__all__ = ["Importing", "Loading", "Pulling", "Pushing", "progress_stream", "refused", "reported", "told_id"]

# podman tells it in words alone
_PUSHED = re.compile(r"(?P<tag>\S+): digest: (?P<digest>\S+) size: (?P<size>\d+)\s*")

_LOADED = re.compile(r"^Loaded image(?: ID|\(s\))?: (?P<images>.+)$", re.MULTILINE)

_Failed = TypeVar("_Failed", bound=OperationFailed)
_Item = TypeVar("_Item")
_Outcome = TypeVar("_Outcome")
_Step = TypeVar("_Step", PullProgress, PushProgress, LoadProgress)


def progress_stream(
    engine: Engine,
    name: str,
    begin: Callable[[], Awaitable[Body]],
    kind: type[_Item],
    collector: Collector[_Item, _Outcome],
) -> Stream[_Item, _Outcome]:
    """A stream of the engine's JSON lines, each a `kind`."""
    decoder = JSONLines(kind, line=engine.http.pool.limits.line)
    return engine.stream(name, begin, decoder, collector, convert=decoder.convert)


def reported(
    kind: type[_Failed], step: PullProgress | PushProgress | LoadProgress | BuildStep, *, method: str, path: str
) -> _Failed | None:
    """The error that a step reports, or None."""
    if step.error is None and step.failure is None:
        return None
    message = (step.failure.message if step.failure is not None else None) or step.error or "no reason given"
    code = step.failure.code if step.failure is not None else None
    return failed(kind, message.strip(), code=code, method=method, path=path)


def told_id(image: object, done: str) -> str:
    """The id in what an engine tells of an image. Raises ProtocolViolated where there is none."""
    identity = cast("dict[str, Any]", image).get("Id") if isinstance(image, dict) else None
    if not isinstance(identity, str):
        raise ProtocolViolated(f"the engine {done}, and tells no id of it")
    return identity


@contextlib.contextmanager
def refused(kind: type[OperationFailed]) -> Generator[None]:
    """An operation that is refused before its stream begins fails like one that fails in it: one class for both."""
    try:
        yield
    except APIError as error:
        told = failed(
            kind,
            error.message,
            status=error.status,
            method=error.method,
            path=error.path,
            retry_after=error.retry_after,
        )
        raise told from error


class _Transfer(Generic[_Step]):
    """Common to all of them: an error in the stream is theirs, told with what was asked."""

    kind: type[OperationFailed]
    path: str
    told = False
    """Whether the engine said anything: all of them do, also of an image that is there already."""

    def observe(self, item: _Step) -> DockerError | None:
        """The error that the step reports; else it is noted."""
        if item.error is not None or item.failure is not None:
            return reported(self.kind, item, method="POST", path=self.path)
        amount = item.amount
        if amount is None or amount.current is None:  # how far a layer is, nearly every line, tells nothing
            self.told = True
            self.note(item)
        return None

    def check_told(self, done: str) -> None:
        """Refuse what an engine did without a word. Raises ProtocolViolated."""
        if not self.told:
            raise ProtocolViolated(f"the engine {done} without a word, so perhaps it did not (POST {self.path})")

    def note(self, item: _Step) -> None:
        """Keep what the outcome needs."""
        raise NotImplementedError


class Pulling(_Transfer[PullProgress]):
    """Notes the digest of each tag; asks the engine for the ids at the end."""

    kind = PullFailed
    path = "/images/create"

    def __init__(self, reference: Reference, inspect: Inspect, *, all_tags: bool) -> None:
        self._reference = reference
        self._inspect = inspect
        self._all_tags = all_tags
        self._tag = reference.tag or ""
        self._digests: dict[str, str | None] = {}
        self._up_to_date = False

    def note(self, item: PullProgress) -> None:
        """Tags and digests, which the engine tells in words."""
        status = item.status
        if status is None or not status.startswith(("Pulling from ", "Digest: ", "Status: ")):
            return
        if status.startswith("Pulling from "):
            self._tag = item.id or self._tag
            self._digests.setdefault(self._tag, None)
        elif status.startswith("Digest: "):
            self._digests[self._tag] = status.removeprefix("Digest: ").strip()
        else:
            self._up_to_date = "up to date" in status

    async def outcome(self) -> Pulled:
        """The image, by the name it was asked for; with all tags, the first one's with all of them in `tags`."""
        self.check_told("pulled")
        if not self._all_tags:
            digest = next(iter(self._digests.values()), None)
            return await self._pulled(self._reference, digest)
        named = [(_tagged(self._reference, tag, "pulled"), digest) for tag, digest in self._digests.items()]
        tags = [await self._pulled(reference, digest) for reference, digest in named]
        if not tags:
            raise ProtocolViolated(f"the engine named no tag of {self._reference.familiar} while it pulled all of them")
        first = tags[0]
        return Pulled(self._reference.familiar, first.id, first.digest, self._up_to_date, tuple(tags))

    async def _pulled(self, reference: Reference, digest: str | None) -> Pulled:
        image: object = await self._inspect(reference.familiar)
        identity = told_id(image, f"pulled {reference.familiar}")
        # podman tells no digest while it pulls
        digest = digest or reference.digest or _digest_of(cast("dict[str, Any]", image), reference)
        return Pulled(reference.familiar, identity, digest, self._up_to_date)


class Pushing(_Transfer[PushProgress]):
    """Notes tag, digest and size, which the engine tells at the end of each."""

    kind = PushFailed

    def __init__(self, reference: Reference, path: str) -> None:
        self.path = path
        self._reference = reference
        self._tags: dict[str, tuple[str | None, int | None]] = {}

    def note(self, item: PushProgress) -> None:
        """Tag, digest and size."""
        aux: object = item.aux
        if isinstance(aux, dict):
            told = cast("dict[str, Any]", aux)
            if isinstance(tag := told.get("Tag"), str):
                self._tags[tag] = told.get("Digest"), told.get("Size")
        elif item.status is not None and (words := _PUSHED.fullmatch(item.status)):
            self._tags[words["tag"]] = words["digest"], int(words["size"])

    async def outcome(self) -> Pushed:
        """The tag that was asked for; with all tags, the first one's with all of them in `tags`."""
        self.check_told("pushed")
        if self._reference.tag is not None:
            return Pushed(self._reference.familiar, *self._tags.get(self._reference.tag, (None, None)))
        tags = tuple(
            Pushed(_tagged(self._reference, tag, "pushed").familiar, *told) for tag, told in self._tags.items()
        )
        first = tags[0] if tags else Pushed("", None, None)
        return Pushed(self._reference.familiar, first.digest, first.size, tags)


class Importing(_Transfer[PullProgress]):
    """Notes the last id."""

    kind = ImportFailed
    path = "/images/create"

    def __init__(self, reference: str | None) -> None:
        self._reference = reference
        self._id: str | None = None

    def note(self, item: PullProgress) -> None:
        """The id."""
        for told in (item.status, item.id):
            if told is not None and told.startswith("sha256:"):
                self._id = told.strip()

    async def outcome(self) -> Imported:
        """The new image."""
        if self._id is None:
            raise ProtocolViolated("the engine named no image at the end of the import")
        return Imported(self._reference, self._id)


class Loading(_Transfer[LoadProgress]):
    """Notes the names and ids that the engine tells in words."""

    kind = LoadFailed
    path = "/images/load"

    def __init__(self) -> None:
        self._images: list[str] = []

    def note(self, item: LoadProgress) -> None:
        """The images, of which podman names several in one line."""
        for words in _LOADED.finditer(item.stream or ""):
            self._images += [one.strip() for one in words["images"].split(",")]

    async def outcome(self) -> Loaded:
        """All that were loaded."""
        self.check_told("loaded")
        return Loaded(tuple(self._images))


def _tagged(reference: Reference, tag: str, done: str) -> Reference:
    """One of all tags, as the engine names it. Raises ProtocolViolated for what is no tag."""
    try:
        return reference.with_tag(tag)
    except BadReference as error:
        raise ProtocolViolated(f"the engine {done} {reference.familiar}, and named a tag that is none") from error


def _digest_of(image: dict[str, Any], reference: Reference) -> str | None:
    """The digest under which the engine knows the image as one of this repository; None where it knows several.

    podman keeps what it pulled next to what it packed anew, and does not say which is which.
    """
    names = (reference.name + "@", reference.with_tag(None).with_digest(None).familiar + "@")
    known = (str(one) for one in image.get("RepoDigests") or ())
    found = {one.partition("@")[2] for one in known if one.startswith(names)}
    return found.pop() if len(found) == 1 else None
