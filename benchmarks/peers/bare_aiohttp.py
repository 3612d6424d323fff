"""What aiohttp alone gives to one who knows it and msgspec well: a session as it comes, but for its 100 connections."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import aiohttp
import msgspec

from benchmarks.peers.packing import packed
from benchmarks.peers.progress import decoder
from benchmarks.swallow import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


_head = struct.Struct(">BxxxL")


class Client:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def info(self) -> Any:
        async with self._session.get("http://localhost/v1.51/info") as answer:
            return msgspec.json.decode(await answer.read())

    async def lines(self, count: int, chunking: str) -> int:
        parameters = {"fromImage": "bench", "tag": f"{count}-{chunking}"}
        url = "http://localhost/v1.51/images/create"
        counted = 0
        cut_line = b""
        async with self._session.post(url, params=parameters) as answer:
            async for received in answer.content.iter_any():
                body = cut_line + received
                lines_end = body.rfind(b"\n") + 1
                cut_line = body[lines_end:]
                for _ in decoder.decode_lines(body[:lines_end]):
                    counted += 1
        return counted

    async def frames(self, count: int, chunking: str) -> int:
        url = f"http://localhost/v1.51/containers/{count}-{chunking}/logs"
        counted = 0
        rest = b""
        async with self._session.get(url, params={"follow": 1, "stdout": 1, "stderr": 1}) as answer:
            async for received in answer.content.iter_any():
                frames, rest = _cut(rest + received)
                for _ in frames:
                    counted += 1
        return counted

    async def build(self, directory: str) -> int:
        with await asyncio.to_thread(packed, directory) as context:
            return await self._send("/build", context)

    async def import_tar(self, path: str) -> int:
        with Path(path).open("rb") as tar:
            return await self._send("/images/create?fromSrc=-", tar)

    async def load_tar(self, path: str) -> int:
        with Path(path).open("rb") as tar:
            return await self._send("/images/load", tar)

    async def export(self, mib: int) -> int:
        counted = 0
        async with self._session.get(f"http://localhost/v1.51/containers/{mib}-mib/export") as answer:
            async for received in answer.content.iter_any():
                counted += len(received)
        return counted

    async def push_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._push, references))

    async def pull_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._pull, references))

    async def _push(self, reference: str) -> None:
        repository, tag = reference.rsplit(":", 1)
        headers = {"X-Registry-Auth": "e30="}
        await self._transfer(f"http://localhost/images/{repository}/push", {"tag": tag}, headers)

    async def _pull(self, reference: str) -> None:
        repository, tag = reference.rsplit(":", 1)
        await self._transfer("http://localhost/images/create", {"fromImage": repository, "tag": tag})

    async def _transfer(self, url: str, parameters: dict[str, str], headers: dict[str, str] | None = None) -> None:
        cut_line = b""
        async with self._session.post(url, params=parameters, headers=headers, raise_for_status=True) as answer:
            async for received in answer.content.iter_any():
                body = cut_line + received
                lines_end = body.rfind(b"\n") + 1
                cut_line = body[lines_end:]
                for step in decoder.decode_lines(body[:lines_end]):
                    if step.error is not None:
                        raise RuntimeError(step.error)

    async def _send(self, target: str, file: IO[bytes]) -> int:
        headers = {"Content-Type": "application/x-tar"}
        async with self._session.post(f"http://localhost/v1.51{target}", data=file, headers=headers) as answer:
            return told(await answer.text())


def _cut(received: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames at the beginning, as stream number and text, and what is left."""
    frames = []
    position, length = 0, len(received)
    while position + 8 <= length:
        stream, size = _head.unpack_from(received, position)
        end = position + 8 + size
        if end > length:
            break
        frames.append((stream, received[position + 8 : end]))
        position = end
    return frames, received[position:]


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    connector = aiohttp.UnixConnector(address.removeprefix("unix://"), limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session)
