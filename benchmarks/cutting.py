"""A proxy between a client and an engine that cuts connections at random, and can be gone for a while."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import random
    from pathlib import Path

_PIECE = 64 * 1024
_LIFETIME = 1.5
"""Seconds that a connection lives on average, if nobody ends it before."""
_SHORT_OF_BYTES = 0.25
"""The share of connections that are cut after a number of bytes: in the midst of a head, a chunk, a frame."""
_MOST_BYTES = 20_000


class CuttingProxy:
    """Listens on the unix socket `path`, and passes on to the engine at `address` (unix:// or tcp://)."""

    def __init__(self, path: Path, address: str, moments: random.Random) -> None:
        self.url = f"unix://{path}"
        self.cutting = True
        self.connections = 0
        self.cuts = 0
        self._path = path
        self._address = urlsplit(address)
        self._moments = moments
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.arrive()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def arrive(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._accept, self._path, backlog=4096)

    async def leave(self) -> None:
        """Be gone: no socket is there, and all connections are cut."""
        assert self._server is not None
        self._server.close()
        self._path.unlink(missing_ok=True)
        await self.cut_all()

    async def cut_all(self) -> None:
        """Cut every connection that there is."""
        serving = set(self._serving)
        self.cuts += len(serving)
        for one in serving:
            one.cancel()
        if serving:
            await asyncio.wait(serving)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        serving = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        serving.add_done_callback(lambda _: _abort(writer))  # it may be cancelled before it begins

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine: asyncio.StreamWriter | None = None
        try:
            from_engine, engine = await self._connect()
            if await self._pass_on(reader, engine, from_engine, writer):
                writer.close()
                await writer.wait_closed()
        except (OSError, asyncio.CancelledError):
            pass  # it is cut, or the engine is not there
        finally:
            if engine is not None:
                _abort(engine)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.scheme == "unix":
            return await asyncio.open_unix_connection(self._address.path)
        return await asyncio.open_connection(self._address.hostname, self._address.port)

    async def _pass_on(
        self,
        from_client: asyncio.StreamReader,
        to_engine: asyncio.StreamWriter,
        from_engine: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
    ) -> bool:
        """Whether one of the two ended the connection; otherwise it is to be cut."""
        few = self.cutting and self._moments.random() < _SHORT_OF_BYTES
        most = self._moments.randrange(1, _MOST_BYTES) if few else math.inf
        lifetime = self._moments.expovariate(1 / _LIFETIME) if self.cutting else None
        pumps = {
            asyncio.ensure_future(_pump(from_client, to_engine, math.inf)),
            asyncio.ensure_future(_pump(from_engine, to_client, most)),
        }
        try:
            done, _ = await asyncio.wait(pumps, timeout=lifetime, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
        ended = bool(done) and all(pump.exception() is None and pump.result() for pump in done)
        self.cuts += not ended
        return ended


def _abort(writer: asyncio.StreamWriter) -> None:
    """End it, unless it has ended: asyncio tells a transport twice then that it is lost, and fails."""
    if writer.transport.get_extra_info("socket").fileno() >= 0:
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: float) -> bool:
    """Whether the peer ended it, before `most` bytes were passed on."""
    while (piece := await reader.read(_PIECE)) and not writer.is_closing():
        writer.write(piece[: int(min(len(piece), most))])
        most -= len(piece)
        await writer.drain()
        if most <= 0:
            return False
    return True
