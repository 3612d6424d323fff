"""Images as archives: saved, loaded, and made of a root file system's tar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiodockerhub.engine.archive_stream import ArchiveStream
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.many import each, many
from aiodockerhub.engine.platforms import platforms_json
from aiodockerhub.engine.transfers import Importing, Loading, progress_stream, refused
from aiodockerhub.errors import BadParameter, ImportFailed, LoadFailed, SaveFailed
from aiodockerhub.progress import Amount, Imported, Loaded, LoadProgress, PullProgress, SaveProgress
from aiodockerhub.wire.paths import path
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence

    from aiodockerhub.bulk.progress import BulkProgress
    from aiodockerhub.bulk.report import Report
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import BulkStream, Stream

__all__ = ["ImageArchives"]


class ImageArchives:
    """The part of `docker.images` that saves and loads."""

    _engine: Engine

    def save(
        self, *images: Named, platforms: Sequence[str] | None = None, timeout: CallTimeout = UNSET
    ) -> ArchiveStream:
        """One image, or several in one archive, as a tar that `load` takes; with their names, layers and history.

            await docker.images.save("busybox:1.36").write_to("busybox.tar")

        A name without a tag saves every tag of the repository; an id saves the image without a name. `platforms`
        (`["linux/arm64"]`, the operation's `platform`) saves these of a multi-platform image, else all that are here.

        Raises BadParameter for no image at all, and for a platform that is none. The stream raises SaveFailed, also
        where the engine gives up midway, which is an ImageNotFound too where the engine says so, and StreamBroken
        where the archive is cut. dockerd saves no image that has no layer ("empty export").
        API: `ImageGet`, `ImageGetAll`.
        """
        if not images:
            raise BadParameter("save() needs an image at least")
        names = [id_of(image) for image in images]
        chosen = {"platform": platforms_json("platforms", platforms)}

        async def begin() -> Body:
            with refused(SaveFailed):
                if len(names) == 1:
                    return await self._engine.open(
                        "ImageGet", "GET", "/images/{*}/get", names[0], query=chosen, octets=True, timeout=timeout
                    )
                several = {"names": names, **chosen}
                return await self._engine.open(
                    "ImageGetAll", "GET", "/images/get", query=several, octets=True, timeout=timeout
                )

        asked = path("/images/{*}/get", names[0]) if len(names) == 1 else "/images/get"
        return ArchiveStream(f"save {' '.join(names)}", begin, kind=SaveFailed, path=asked)

    def load(
        self,
        source: Source,
        *,
        quiet: bool = False,
        platforms: Sequence[str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[LoadProgress, Loaded]:
        """Load the images of an archive that `save` made, or `docker save`, or an OCI layout in a tar.

        `source` is bytes, a path, a binary file object, or an async iterable of bytes; compressed ones are fine too.
        What the names in it named before loses them. `quiet` leaves the progress out. `platforms` (the operation's
        `platform`) loads these of a multi-platform image, else all that are in it.

        The stream raises LoadFailed; BadFile for a path that can't be read, BadParameter for a source that is none of
        these or a platform that is none. API: `ImageLoad`.
        """
        parameters = {"quiet": quiet, "platform": platforms_json("platforms", platforms)}

        async def begin() -> Body:
            from aiodockerhub.tar import file_chunks

            body = await file_chunks(source)
            with refused(LoadFailed):
                return await self._engine.open(
                    "ImageLoad",
                    "POST",
                    "/images/load",
                    query=parameters,
                    headers={"Content-Type": "application/x-tar"},
                    body=body,
                    timeout=timeout,
                )

        return progress_stream(self._engine, "load", begin, LoadProgress, Loading())

    def save_many(
        self,
        files: Mapping[str, str | os.PathLike[str]],
        *,
        concurrency: int = 4,
        platforms: Sequence[str] | None = None,
        stop_after_failures: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> BulkStream[BulkProgress[SaveProgress], Report[int]]:
        """Save many images, each to a file of its own: `{"busybox:1.36": "busybox.tar"}`; otherwise as `pull_many`.

        Each outcome is the size of the file in bytes. A file appears when it is whole. API: `ImageGet`, for each.
        """
        places = {str(image): place for image, place in files.items()}

        async def one(image: str, tell: Callable[[SaveProgress], None]) -> int:
            def told(size: int) -> None:
                tell(SaveProgress(id=image, status="Saving", amount=Amount(current=size)))

            stream = self.save(image, platforms=platforms, timeout=timeout)
            return await stream.write_to(places[image], progress=told)

        return many("save many", places, one, concurrency=concurrency, stop_after_failures=stop_after_failures)

    def load_many(
        self,
        paths: Iterable[str | os.PathLike[str]] | AsyncIterable[str | os.PathLike[str]],
        *,
        concurrency: int = 4,
        platforms: Sequence[str] | None = None,
        stop_after_failures: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> BulkStream[BulkProgress[LoadProgress], Report[Loaded]]:
        """Load many archives, by their paths; otherwise as `pull_many`. API: `ImageLoad`, for each."""

        def begin(name: str) -> Stream[LoadProgress, Loaded]:
            return self.load(Path(name), platforms=platforms, timeout=timeout)

        return many("load many", paths, each(begin), concurrency=concurrency, stop_after_failures=stop_after_failures)

    def import_url(
        self,
        url: str,
        *,
        repo: str | None = None,
        tag: str | None = None,
        message: str | None = None,
        changes: Sequence[str] | None = None,
        platform: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, Imported]:
        """Make an image of a root file system's tar that the engine fetches from `url`.

        `repo` and `tag` name it, `message` is its comment, `changes` are Dockerfile instructions applied to it.
        Raises BadParameter for a `tag` without a `repo`. The stream raises ImportFailed. API: `ImageCreate` (fromSrc).
        """
        return self._import(url, None, repo, tag, message, changes, platform, timeout)

    def import_stream(
        self,
        source: Source,
        *,
        repo: str | None = None,
        tag: str | None = None,
        message: str | None = None,
        changes: Sequence[str] | None = None,
        platform: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, Imported]:
        """`import_url` for a tar that is here: bytes, a path, a binary file object, or an async iterable of bytes.

        The stream raises ImportFailed; BadFile for a path that can't be read, BadParameter for a source that is none of
        these. API: `ImageCreate` (fromSrc, `-`).
        """
        return self._import("-", source, repo, tag, message, changes, platform, timeout)

    def _import(
        self,
        url: str,
        source: Source | None,
        repo: str | None,
        tag: str | None,
        message: str | None,
        changes: Sequence[str] | None,
        platform: str | None,
        timeout: CallTimeout,
    ) -> Stream[PullProgress, Imported]:
        if tag is not None and repo is None:
            raise BadParameter("a tag= needs a repo= to stand behind")
        if isinstance(changes, str):
            raise BadParameter("changes= is a list of instructions, not one string")
        parameters = {
            "fromSrc": url,
            "repo": repo,
            "tag": tag,
            "message": message,
            "changes": changes,
            "platform": platform,
        }

        async def begin() -> Body:
            from aiodockerhub.tar import file_chunks

            body = await file_chunks(source) if source is not None else None
            headers = {"Content-Type": "application/x-tar"} if body is not None else None
            with refused(ImportFailed):
                return await self._engine.open(
                    "ImageCreate",
                    "POST",
                    "/images/create",
                    query=parameters,
                    headers=headers,
                    body=body,
                    timeout=timeout,
                )

        name = f"{repo}:{tag}" if tag is not None else repo
        shown = "stream" if source is not None else "URL"
        return progress_stream(self._engine, f"import from a {shown}", begin, PullProgress, Importing(name))
