"""The registry beside the index: what it is asked about manifests, tags and repositories.

Source: OCI distribution specification 1.1; the catalog is the distribution project's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from aiodockerhub.errors import BadParameter
from aiodockerhub.local import asked, manifests
from aiodockerhub.local.answers import VERSION, Problem, RegistryRefused, as_json, fitting, refused
from aiodockerhub.local.contents import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiodockerhub.local.contents import Contents
    from aiodockerhub.local.manifests import Descriptor, Manifest
    from aiodockerhub.local.rights import Rights

LARGEST_MANIFEST = 4 * 1024 * 1024
_LARGEST_PAGE = 10_000
_LARGEST_CATALOG = 1000
_CATALOG_PAGE = 100
_MOST_PROBLEMS = 20
_MOST_TAGS = 100
_MANIFEST = "/v2/{name:.+}/manifests/{reference:[^/]+}"


class RegistryV2:
    """The routes of everything but blobs."""

    def __init__(self, contents: Contents, rights: Rights) -> None:
        self._contents = contents
        self._rights = rights

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path but those of blobs."""
        yield web.get("/v2/", self._version)
        yield web.get("/v2", self._version)
        yield web.get("/v2/_catalog", self._catalog, allow_head=False)
        yield web.get("/v2/{name:.+}/tags/list", self._tags, allow_head=False)
        yield web.get(_MANIFEST, self._get)
        yield web.put(_MANIFEST, self._put)
        yield web.delete(_MANIFEST, self._delete)

    async def _version(self, request: web.Request) -> web.Response:
        self._rights.check_login(request)
        return as_json({}, headers=VERSION)

    async def _catalog(self, request: web.Request) -> web.Response:
        self._rights.check_catalog(request)
        size = asked.count(request.query.get("n", str(_CATALOG_PAGE)), _LARGEST_CATALOG)
        page, link = _page(request, self._contents.names(), size)
        return as_json({"repositories": page}, headers={**VERSION, **link})

    async def _tags(self, request: web.Request) -> web.Response:
        name = self._rights.repository(request, "pull")
        tags = self._contents.tags(name)
        if tags is None:
            raise refused(404, "NAME_UNKNOWN", f"there is no repository {name}", name=name)
        given = request.query.get("n")
        page, link = _page(request, tags, len(tags) if given is None else asked.count(given, _LARGEST_PAGE))
        return as_json({"name": name, "tags": page}, headers={**VERSION, **link})

    async def _get(self, request: web.Request) -> web.Response:
        name = self._rights.repository(request, "pull")
        reference = _reference(request)
        kept = self._contents.manifest(name, reference)
        if kept is None:
            raise _unknown(reference)
        headers = {**VERSION, "Docker-Content-Digest": kept.digest, "Content-Type": kept.media_type}
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(kept.size)})
        try:
            blob = self._contents.open_blob(kept.digest)
        except FileNotFoundError as error:
            raise _unknown(reference) from error
        try:
            return web.Response(body=blob.read(0, blob.size), headers=headers)
        finally:
            blob.close()

    async def _put(self, request: web.Request) -> web.Response:
        name = self._rights.repository(request, "push")
        reference = _reference(request)
        tags = [asked.tag(tag) for tag in request.query.getall("tag", [])[:_MOST_TAGS]]
        body = await asked.whole_body(request, LARGEST_MANIFEST)
        by_digest = ":" in reference
        digest = _digest(body, reference.partition(":")[0] if by_digest else "sha256")
        if by_digest and digest != reference:
            raise refused(400, "DIGEST_INVALID", f"what was sent is {digest}, not {reference}", digest=reference)
        manifest = _manifest(request, body)
        await self._keep(name, digest, manifest, tags if by_digest else [*tags, reference], body)
        answer = web.Response(status=201, headers={**VERSION, "Docker-Content-Digest": digest})
        answer.headers["Location"] = f"/v2/{name}/manifests/{digest}"
        for tag in tags if by_digest else ():
            answer.headers.add("OCI-Tag", tag)
        return answer

    async def _keep(self, name: str, digest: str, manifest: Manifest, tags: list[str], body: bytes) -> None:
        with fitting():
            part = self._contents.begin(digest.partition(":")[0])
            try:
                part.write(body)
            except BaseException:
                part.drop()
                raise
            kept = Kept(digest, manifest.media_type, len(body))
            await self._contents.add_manifest(name, kept, tags, part, lambda: self._check_below(name, manifest))

    def _check_below(self, name: str, manifest: Manifest) -> None:
        """What a manifest names is there, and as long as it says: a tag never points at what can't be pulled."""
        problems: list[Problem] = []
        for blob in manifest.blobs:
            problems += _missing(blob, self._contents.blob_size(name, asked.digest(blob.digest)))
        for child in manifest.manifests:
            kept = self._contents.manifest(name, asked.digest(child.digest))
            problems += _missing(child, kept and kept.size)
        if problems:
            raise RegistryRefused(400, *problems[:_MOST_PROBLEMS])

    async def _delete(self, request: web.Request) -> web.Response:
        name = self._rights.repository(request, "delete")
        reference = _reference(request)
        remove = self._contents.remove_manifest if ":" in reference else self._contents.remove_tag
        if not await remove(name, reference):
            raise _unknown(reference)
        return web.Response(status=202, headers=VERSION)


def _digest(body: bytes, algorithm: str) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def _manifest(request: web.Request, body: bytes) -> Manifest:
    try:
        return manifests.read(body, request.content_type if "Content-Type" in request.headers else "")
    except BadParameter as error:
        raise refused(400, "MANIFEST_INVALID", str(error)) from error


def _missing(wanted: Descriptor, size: int | None) -> list[Problem]:
    """What is wrong with something that is named and has `size` bytes here; nothing where it is right."""
    detail = {"digest": wanted.digest}
    if size is None:
        return [Problem("MANIFEST_BLOB_UNKNOWN", "not in this repository", detail)]
    if size != wanted.size:
        return [Problem("SIZE_INVALID", f"it has {size} bytes, not {wanted.size}", detail)]
    return []


def _page(request: web.Request, names: list[str], size: int) -> tuple[list[str], dict[str, str]]:
    """Those after `last`, and the Link to the next page where there are more."""
    last = request.query.get("last", "")
    rest = [name for name in names if name > last]
    page = rest[:size]
    if not page or len(page) == len(rest):
        return page, {}
    return page, {"Link": f'<{request.path}?n={size}&last={quote(page[-1], safe="")}>; rel="next"'}


def _reference(request: web.Request) -> str:
    reference = request.match_info["reference"]
    return asked.digest(reference) if ":" in reference else asked.tag(reference)


def _unknown(reference: str) -> RegistryRefused:
    return refused(404, "MANIFEST_UNKNOWN", "the repository has no such manifest", reference=reference)
