"""Files in and out of containers: as archives, as `docker cp` copies them, or one file's bytes."""

from __future__ import annotations

import asyncio
import functools
import os
import posixpath
import time
from typing import TYPE_CHECKING

from aiodockerhub.engine.archive_stream import ArchiveStream
from aiodockerhub.engine.copying import Place, Thing, destination, found_here, place_here, told_of_path
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.errors import BadParameter, NotFound, OperationFailed, TooLarge
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from typing import BinaryIO

    from aiodockerhub.engine.api import Engine
    from aiodockerhub.engine.copying import PathStat
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.messages import Outgoing

__all__ = ["Archives"]

_TAR = {"Content-Type": "application/x-tar"}


class Archives:
    """What `docker.containers` does with files. They need not run for it.

    Paths in containers are absolute, or taken from the root; links above their last part are followed by the engine,
    inside the container.
    """

    _engine: Engine

    def export(self, container: Named, *, timeout: CallTimeout = UNSET) -> ArchiveStream:
        """The whole file system as a tar, without its volumes: `await docker.containers.export("job").write_to(path)`.

        The stream raises ContainerNotFound. `timeout` bounds all of it. API: `ContainerExport`.
        """
        name = id_of(container)

        async def begin() -> Body:
            return await self._engine.open(
                "ContainerExport", "GET", "/containers/{}/export", name, octets=True, timeout=timeout
            )

        return ArchiveStream(f"export of {name}", begin, kind=OperationFailed, path=f"/containers/{name}/export")

    async def archive_info(self, container: Named, path: str, *, timeout: CallTimeout = UNSET) -> PathStat:
        """What is at `path`: a file, a directory or a link, its size and times; a link itself, unless a slash follows.

        Raises NotFound for a path, or a container, that is not there: the engine does not say which.
        API: `ContainerArchiveInfo`.
        """
        answer = await self._engine.call(
            "ContainerArchiveInfo",
            "HEAD",
            "/containers/{}/archive",
            id_of(container),
            query={"path": path},
            timeout=timeout,
        )
        return told_of_path(answer.headers.get("X-Docker-Container-Path-Stat", ""))

    def get_archive(self, container: Named, path: str, *, timeout: CallTimeout = UNSET) -> ArchiveStream:
        """A tar of what is at `path`: of `/a/dir` with names that begin with `dir`, of `/a/dir/.` with what is in it.

            await docker.containers.get_archive("job", "/data").write_to("data.tar")
            await docker.containers.put_archive("other", "/", docker.containers.get_archive("job", "/data"))

        A link is sent as a link (podman sends what it leads to). The stream raises NotFound. API: `ContainerArchive`.
        """
        name = id_of(container)

        async def begin() -> Body:
            return await self._engine.open(
                "ContainerArchive",
                "GET",
                "/containers/{}/archive",
                name,
                query={"path": path},
                octets=True,
                timeout=timeout,
            )

        asked = f"/containers/{name}/archive"
        return ArchiveStream(f"archive of {path} of {name}", begin, kind=OperationFailed, path=asked)

    async def put_archive(
        self,
        container: Named,
        path: str,
        source: Source,
        *,
        no_overwrite_dir_non_dir: bool | None = None,
        copy_uid_gid: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Unpack a tar, also one that is compressed, into the directory at `path`, as the tar has owners and modes.

        `source` is the tar: bytes, a path, a binary file object, or an async iterable of bytes.
        `no_overwrite_dir_non_dir` refuses to let a file replace a directory, or the other way round. `copy_uid_gid`
        (the operation's `copyUIDGID`) gives all of it to the user that the container runs as.

        Raises NotFound where the path is not there (podman makes it), BadRequest or ServerError where it is no
        directory, Forbidden where it can't be written, BadFile, BadParameter. `timeout` bounds all of it.
        API: `PutContainerArchive`.
        """
        from aiodockerhub.tar import file_chunks

        body = source if isinstance(source, bytes) else await file_chunks(source)
        await self._put(
            id_of(container),
            path,
            body,
            {"noOverwriteDirNonDir": no_overwrite_dir_non_dir, "copyUIDGID": copy_uid_gid},
            timeout,
        )

    async def copy_from(
        self,
        container: Named,
        path: str,
        target: str | os.PathLike[str],
        *,
        follow_link: bool = False,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Copy a file or a directory to this machine, as `docker cp` does.

        Where `target` is a directory, it is copied into it, else it gets that name; of `path/.`, what is in the
        directory is copied. What is there already is replaced, file by file, each when it is whole; a link at `target`
        is followed. A link is copied as a link, unless `follow_link` (podman follows always): what it leads to is
        copied then, under the link's name.

        Owners become the caller's. What could reach out of the target is refused: links that lead outside of what is
        copied, absolute ones too, and devices and pipes; `get_archive` gives all of it as it is.

        Raises NotFound, BadParameter for a directory in place of a file, BadFile for what can't be written,
        UnsafeArchive, StreamBroken. What was copied before an error stays. API: `ContainerArchiveInfo`,
        `ContainerArchive`.
        """
        from aiodockerhub.tar.extract import extract

        behind, found = await self._followed(container, path, follow=follow_link, timeout=timeout)
        thing = Thing.at(path, posixpath.basename(posixpath.normpath(path)), is_directory=found.is_directory)
        place = await asyncio.get_running_loop().run_in_executor(None, place_here, target)
        directory, name = destination(place, thing)
        if thing.is_directory:
            behind = behind.rstrip("/") + "/."
            directory, name = os.path.join(directory, name or ""), None  # noqa: PTH118
        async with self.get_archive(container, behind, timeout=timeout) as stream:
            await extract(stream, directory or ".", name=name)

    async def copy_to(
        self,
        container: Named,
        source: str | os.PathLike[str] | bytes | BinaryIO,
        path: str,
        *,
        follow_link: bool = False,
        mode: int = 0o644,
        copy_uid_gid: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Copy a file or a directory of this machine into a container, as `docker cp` does.

            await docker.containers.copy_to("job", "settings.toml", "/etc/job/")
            await docker.containers.copy_to("job", b"answer = 42", "/etc/job/settings.toml")

        `source` is a path, or a file's content: bytes, or a binary file object from where it stands, which makes a file
        of that `mode` at `path`. Where `path` is a directory, what `source` names is copied into it, else it gets
        that name; of `source/.`, what is in the directory is copied. A link is copied as a link, unless `follow_link`.
        Owners become root, or with `copy_uid_gid` the container's user; modes and times (whole seconds) are kept.

        Raises NotFound for a container, or a directory above `path`, that is not there, BadParameter for a directory
        in place of a file, BadFile for a source that can't be read. API: `ContainerArchiveInfo`, `PutContainerArchive`.
        """
        place = await self._place(container, path, timeout)
        if isinstance(source, (str, os.PathLike)):
            directory, body = await _packed(os.fspath(source), place, follow_link=follow_link)
        else:
            directory, body = await _content(source, place, mode)
        parameters = {"noOverwriteDirNonDir": True, "copyUIDGID": copy_uid_gid}
        await self._put(id_of(container), directory or "/", body, parameters, timeout)

    async def read_file(self, container: Named, path: str, *, timeout: CallTimeout = UNSET) -> bytes:
        """The content of one file, of at most `Limits.body` bytes; links are followed.

        Raises NotFound, BadFile for what is no file, TooLarge. API: `ContainerArchiveInfo`, `ContainerArchive`.
        """
        from aiodockerhub.tar.parser import Parser
        from aiodockerhub.tar.single import Single

        path, found = await self._followed(container, path, follow=True, timeout=timeout)
        limit = self._engine.http.pool.limits.body
        if found.size > limit:
            raise TooLarge(f"a file of {found.size} bytes, more than {limit}: {path}")
        file = Single(path, limit)
        parser = Parser(file)
        async with self.get_archive(container, path, timeout=timeout) as stream:
            async for piece in stream:
                parser.feed(piece)
        parser.close()
        return file.content()

    async def _followed(
        self, container: Named, path: str, *, follow: bool, timeout: CallTimeout
    ) -> tuple[str, PathStat]:
        """The path, and what is there; of a link, if it is to be followed, what it leads to."""
        found = await self.archive_info(container, path, timeout=timeout)
        follow = follow or path.endswith(("/", "/."))  # podman tells of the link itself then, too
        if follow and (behind := _behind(path, found)) is not None:
            return behind, await self.archive_info(container, behind, timeout=timeout)
        return path, found

    async def _place(self, container: Named, path: str, timeout: CallTimeout) -> Place:
        """Where something is to be put: behind a link, if there is one, also where that leads to nothing yet."""
        try:
            found = await self.archive_info(container, path, timeout=timeout)
            if (behind := _behind(path, found)) is not None:
                path = behind
                found = await self.archive_info(container, path, timeout=timeout)
        except NotFound:
            return Place(path, exists=False, is_directory=False)
        return Place(path, exists=True, is_directory=found.is_directory)

    async def _put(
        self,
        container: str,
        path: str,
        source: bytes | Outgoing,
        parameters: dict[str, bool | None],
        timeout: CallTimeout,
    ) -> None:
        body = await self._engine.open(
            "PutContainerArchive",
            "PUT",
            "/containers/{}/archive",
            container,
            query={"path": path, **parameters},
            headers=_TAR,
            body=source,
            timeout=timeout,
        )
        try:
            while await body.read():
                pass
        finally:
            body.close()


def _behind(path: str, found: PathStat) -> str | None:
    """What the link at `path` leads to; None for what is no link."""
    return posixpath.join(posixpath.dirname(path), found.link_target) if found.link_target else None


async def _packed(source: str, place: Place, *, follow_link: bool) -> tuple[str, bytes | Outgoing]:
    """The directory in the container that the tar of what `source` names is unpacked into, and that tar."""
    from aiodockerhub.tar.pack import path_tar

    look = functools.partial(found_here, source, follow_link=follow_link)
    path, thing, status = await asyncio.get_running_loop().run_in_executor(None, look)
    directory, name = destination(place, thing)
    return directory, await path_tar(path, status, name)


async def _content(source: bytes | BinaryIO, place: Place, mode: int) -> tuple[str, bytes | Outgoing]:
    """Likewise for a file that has this content."""
    from aiodockerhub.tar.pack import content_tar

    if isinstance(mode, bool) or not isinstance(mode, int):
        raise BadParameter(f"mode: a number like 0o644 is needed, not {mode!r}")
    if place.is_directory:
        raise BadParameter(f"{place.path} is a directory: what has no name of its own needs the path of a file")
    directory, name = destination(place, Thing(name="", is_directory=False, contents=False))
    return directory, await content_tar(name or "", source, mode=mode, mtime=int(time.time()))
