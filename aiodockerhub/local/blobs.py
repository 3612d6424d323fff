"""Blobs at the registry: how they are read, and how they get there.

Source: OCI distribution specification 1.1, Pulling blobs, Pushing blobs, Deleting blobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

from aiohttp import web

from aiodockerhub.local import asked
from aiodockerhub.local.answers import VERSION, Problem, RegistryRefused, fitting, refused
from aiodockerhub.local.uploads import Busy, Uploads

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from aiodockerhub.local.contents import Contents
    from aiodockerhub.local.rights import Rights
    from aiodockerhub.local.shelf import Blob, Part
    from aiodockerhub.local.uploads import Upload

_READ_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")
_CONTENT_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_BLOB = "/v2/{name:.+}/blobs/{digest:[^/]+}"
_UPLOADS = "/v2/{name:.+}/blobs/uploads/"
_UPLOAD = _UPLOADS + "{upload:[^/]+}"
_USUAL = "sha256"


class BlobsV2:
    """The routes of blobs and uploads."""

    def __init__(self, contents: Contents, uploads: Uploads, rights: Rights) -> None:
        self._contents = contents
        self._uploads = uploads
        self._rights = rights

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of blobs and uploads; those of uploads first, of which blobs' would match some."""
        yield web.post(_UPLOADS, self._begin)
        yield web.post(_UPLOADS.removesuffix("/"), self._begin)
        yield web.get(_UPLOAD, self._progress, allow_head=False)
        yield web.patch(_UPLOAD, self._append)
        yield web.put(_UPLOAD, self._finish)
        yield web.delete(_UPLOAD, self._cancel)
        yield web.get(_BLOB, self._get)
        yield web.delete(_BLOB, self._delete)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        name = self._rights.repository(request, "pull")
        digest = asked.digest(request.match_info["digest"])
        if self._contents.blob_size(name, digest) is None:
            raise _unknown(digest)
        headers = {**VERSION, "Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        try:
            blob = self._contents.open_blob(digest)
        except FileNotFoundError as error:
            raise _unknown(digest) from error
        try:
            return await _send(request, blob, headers)
        finally:
            blob.close()

    async def _delete(self, request: web.Request) -> web.Response:
        name = self._rights.repository(request, "delete")
        digest = asked.digest(request.match_info["digest"])
        if not await self._contents.remove_blob(name, digest):
            raise _unknown(digest)
        return web.Response(status=202, headers=VERSION)

    async def _begin(self, request: web.Request) -> web.Response:
        name = self._rights.repository(request, "push")
        mounted = request.query.get("mount")
        if mounted and await self._mount(request, name, asked.digest(mounted)):
            return _created(name, mounted)
        digest = request.query.get("digest")
        algorithm = request.query.get("digest-algorithm", _USUAL)
        if digest is not None:
            algorithm = asked.digest(digest).partition(":")[0]
        elif algorithm not in {"sha256", "sha384", "sha512"}:
            raise refused(400, "DIGEST_INVALID", "only sha256, sha384 and sha512 are known here")
        upload = self._uploads.begin(name, algorithm)
        if digest is None:
            return _accepted(upload, 202)
        try:
            return await self._complete(request, upload, digest)
        finally:
            self._uploads.drop(upload)

    async def _mount(self, request: web.Request, name: str, digest: str) -> bool:
        """Whether the blob is here now; where it can't be mounted, an upload begins instead."""
        source = request.query.get("from")
        if source is None or not self._rights.permits(request, "pull", asked.repository(source)):
            return False
        with fitting():
            return await self._contents.mount_blob(name, digest, source)

    async def _progress(self, request: web.Request) -> web.Response:
        return _accepted(self._upload(request), 204)

    async def _append(self, request: web.Request) -> web.Response:
        upload = self._upload(request)
        with _alone(upload) as part:
            await self._receive(request, upload, part)
        return _accepted(upload, 202)

    async def _finish(self, request: web.Request) -> web.Response:
        upload = self._upload(request)
        digest = request.query.get("digest")
        if digest is None:
            raise refused(400, "DIGEST_INVALID", "the parameter digest is missing")
        return await self._complete(request, upload, asked.digest(digest))

    async def _complete(self, request: web.Request, upload: Upload, digest: str) -> web.Response:
        with _alone(upload) as part:
            await self._receive(request, upload, part)
            found = await asyncio.to_thread(part.digest, digest.partition(":")[0])
            if found != digest:
                self._uploads.drop(upload)
                raise refused(400, "DIGEST_INVALID", f"what was sent is {found}, not {digest}", digest=digest)
            self._uploads.take(upload)
        with fitting():
            await self._contents.add_blob(upload.repository, digest, part)
        return _created(upload.repository, digest)

    async def _receive(self, request: web.Request, upload: Upload, part: Part) -> None:
        """The body joins the part. What came stays there when the peer goes away; what is refused ends the upload."""
        end = _announced(request, upload)
        try:
            with fitting():
                async with contextlib.aclosing(asked.body_of(request)) as chunks:
                    async for chunk in chunks:
                        _check_length(part.size + len(chunk), end)
                        part.write(chunk)
                _check_length(part.size, end, ended=True)
        except RegistryRefused:
            self._uploads.drop(upload)
            raise

    async def _cancel(self, request: web.Request) -> web.Response:
        upload = self._upload(request)
        with _alone(upload):
            self._uploads.drop(upload)
        return web.Response(status=204, headers=VERSION)

    def _upload(self, request: web.Request) -> Upload:
        name = self._rights.repository(request, "push")
        upload = self._uploads.find(name, request.match_info["upload"])
        if upload is None:
            raise refused(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload: it ended, or never began")
        return upload


async def _send(request: web.Request, blob: Blob, headers: dict[str, str]) -> web.StreamResponse:
    answer = web.StreamResponse(headers={**headers, "Accept-Ranges": "bytes"})
    part = _wanted(request, blob.size)
    if part is not None:
        answer.set_status(206)
        answer.headers["Content-Range"] = f"bytes {part[0]}-{part[1]}/{blob.size}"
    first, last = part or (0, blob.size - 1)
    answer.content_length = last - first + 1
    await answer.prepare(request)
    while first <= last and request.method != "HEAD":
        data = blob.read(first, min(_READ_BYTES, last - first + 1))
        if not data:  # the file was cut by somebody else: a short answer has to look like one
            _abort(request)
            return answer
        await answer.write(data)
        first += len(data)
    await answer.write_eof()
    return answer


def _wanted(request: web.Request, size: int) -> tuple[int, int] | None:
    """The first and the last byte that are asked for of so many; None for all, also where the range makes no sense."""
    given = _RANGE.fullmatch(request.headers.get("Range", ""))
    if given is None:
        return None
    first, last = int(given[1]), min(int(given[2] or size), size - 1)
    if first >= size:
        outside = {"Content-Range": f"bytes */{size}"}
        raise RegistryRefused(416, Problem("RANGE_INVALID", f"the blob has {size} bytes"), headers=outside)
    return (first, last) if first <= last else None


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _announced(request: web.Request, upload: Upload) -> int | None:
    """How many bytes the upload has after a body that has a Content-Range; None where it has none."""
    given = request.headers.get("Content-Range")
    if given is None:
        return None
    match = _CONTENT_RANGE.fullmatch(given)
    start, end = (int(match[1]), int(match[2]) + 1) if match else (-1, -1)
    if start != upload.part.size or end <= start:
        problem = Problem("RANGE_INVALID", f"the next byte of this upload is number {upload.part.size}")
        raise RegistryRefused(416, problem, headers=_state(upload))
    if request.content_length is not None and request.content_length != end - start:
        raise refused(400, "SIZE_INVALID", "Content-Length and Content-Range say different things")
    return end


def _check_length(size: int, end: int | None, *, ended: bool = False) -> None:
    if end is not None and (size > end or (ended and size < end)):
        raise refused(400, "SIZE_INVALID", "the body is not as long as its Content-Range says")


@contextlib.contextmanager
def _alone(upload: Upload) -> Generator[Part]:
    try:
        with upload.writing() as part:
            yield part
    except Busy as error:
        raise refused(409, "BLOB_UPLOAD_INVALID", "another request writes to this upload") from error


def _accepted(upload: Upload, status: int) -> web.Response:
    return web.Response(status=status, headers=_state(upload))


def _state(upload: Upload) -> dict[str, str]:
    """How far an upload is, and where it goes on. Nothing yet is told as `0-0`, as other registries do."""
    return {
        **VERSION,
        "Location": f"/v2/{upload.repository}/blobs/uploads/{upload.id}",
        "Range": f"0-{max(upload.part.size - 1, 0)}",
        "Docker-Upload-UUID": upload.id,
    }


def _created(name: str, digest: str) -> web.Response:
    location = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return web.Response(status=201, headers={**VERSION, **location})


def _unknown(digest: str) -> RegistryRefused:
    return refused(404, "BLOB_UNKNOWN", "the repository has no such blob", digest=digest)
