"""A registry's peer that takes nothing for granted: it sends what a test says, and checks nothing itself."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from aiodockerhub import LocalHub

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def descriptor(data: bytes, kind: str = "application/octet-stream", size: int | None = None) -> dict[str, Any]:
    return {"mediaType": kind, "digest": sha256(data), "size": len(data) if size is None else size}


def image(config: bytes, /, *layers: bytes, **more: Any) -> bytes:
    named = [descriptor(layer) for layer in layers]
    document = {"schemaVersion": 2, "mediaType": IMAGE, "config": descriptor(config), "layers": named}
    return json.dumps(document | more).encode()


def index(*children: bytes, **more: Any) -> bytes:
    named = [descriptor(manifest, IMAGE) for manifest in children]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": named} | more).encode()


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def codes(self) -> list[str]:
        """Of an answer that is an error, the codes; it fails where the answer is not as the specification says."""
        assert self.headers["Content-Type"].startswith("application/json")
        assert set(self.json) == {"errors"}
        assert all(set(error) == {"code", "message", "detail"} for error in self.json["errors"])
        return [error["code"] for error in self.json["errors"]]


class Peer:
    """Connected to a hub's registry."""

    def __init__(self, hub: LocalHub, **session: Any) -> None:
        scheme = hub.url.partition(":")[0]
        self._session = aiohttp.ClientSession(f"{scheme}://{hub.registry}/v2/", **session)

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.__aexit__(kind, error, trace)

    async def ask(self, method: str, path: str, **request: Any) -> Answer:
        if isinstance(request.get("data"), bytes):
            request["data"] = io.BytesIO(request["data"])  # of large bytes aiohttp warns
        async with self._session.request(method, path, allow_redirects=False, **request) as response:
            return Answer(response.status, await response.read(), response.headers)

    async def begin(self, name: str, **request: Any) -> str:
        answer = await self.ask("POST", f"{name}/blobs/uploads/", **request)
        assert (answer.status, answer.headers["Range"]) == (202, "0-0")
        return answer.headers["Location"]

    async def push_blob(self, name: str, data: bytes, **request: Any) -> str:
        location = await self.begin(name, **request)
        answer = await self.ask("PUT", location, params={"digest": sha256(data)}, data=data, **request)
        assert answer.status == 201, answer
        return sha256(data)

    async def push_manifest(self, name: str, reference: str, body: bytes, kind: str = IMAGE, **request: Any) -> Answer:
        headers = {"Content-Type": kind} | request.pop("headers", {})
        return await self.ask("PUT", f"{name}/manifests/{reference}", data=body, headers=headers, **request)

    async def push_image(self, name: str, tag: str, *layers: bytes, config: bytes = b"{}", **request: Any) -> str:
        for data in (config, *layers):
            await self.push_blob(name, data, **request)
        body = image(config, *layers)
        answer = await self.push_manifest(name, tag, body, **request)
        assert answer.status == 201, answer
        return sha256(body)
