"""An engine that gives its connections up, and then does to the byte what a test's script says."""

from __future__ import annotations

import asyncio
import contextlib
import struct

from aiodockerhub import Docker
from aiodockerhub.wire.descriptors import BUDGET

UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
    b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)
PLAIN = UPGRADED.replace(b"multiplexed", b"raw")
CHUNKED = UPGRADED.replace(b"101 UPGRADED", b"200 OK").replace(
    b"Connection: Upgrade\r\nUpgrade: tcp", b"Transfer-Encoding: chunked"
)
UNTIL_CLOSED = CHUNKED.replace(b"Transfer-Encoding: chunked\r\n", b"")
MIB = 1 << 20


def frame(kind, data):
    return struct.pack(">BxxxI", kind, len(data)) + data


class HijackedEngine:
    """Plays `script(reader, writer)` on each connection, after its request; the other way stays open at an end.

    It listens in `folder`, or without one on TCP, there perhaps with `tls`.
    """

    def __init__(self, folder, script, *, tls=None):
        self.heads = []
        self.open = 0
        self._script = script
        self._folder = folder
        self._tls = tls
        self._failures = []

    async def __aenter__(self):
        if self._folder is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
            self.url = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        else:
            self._server = await asyncio.start_unix_server(self._serve, f"{self._folder}/engine.sock")
            self.url = f"unix://{self._folder}/engine.sock"
        return self

    async def __aexit__(self, kind, error, trace):
        self._server.close()
        await self.until_left()
        await self._server.wait_closed()
        if error is None and self._failures:
            raise self._failures[0]

    async def until_left(self):
        async with asyncio.timeout(10):
            while self.open:
                await asyncio.sleep(0.001)

    async def _serve(self, reader, writer):
        self.open += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):  # it may leave at any time
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(next(line for line in head.lower().split(b"\r\n") if b"-length" in line).split()[1])
                self.heads.append((head, await reader.readexactly(length)))
                await self._script(reader, writer)
        except Exception as error:
            self._failures.append(error)
            raise
        finally:
            writer.transport.abort()
            self.open -= 1


@contextlib.asynccontextmanager
async def attached(folder, script, *, context=None, **options):
    """An engine that plays the script, with `context` over TLS, and a client of it."""
    async with (
        HijackedEngine(folder, script, tls=context) as engine,
        Docker(engine.url, version="1.45", **options) as docker,
    ):
        docker.engine = engine
        yield docker
        await engine.until_left()
        assert docker.stats().open_streams == BUDGET.held == 0


def saying(*pieces, then=None):
    """Sends these, each by itself, and ends, or does what `then` says."""

    async def script(reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then is not None:
            await then(reader, writer)

    return script


async def until_the_end(reader, writer):
    while await reader.read(65536):
        pass
