"""What aiohttp alone gives to somebody who knows both it and msgspec well, with a session's own settings."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from benchmarks.peers.progress import decoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    connector = aiohttp.UnixConnector(address.removeprefix("unix://"))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session)
