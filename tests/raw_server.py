"""A server whose every byte is a test's: a script for each connection, on TCP or a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import ssl


class Asked(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def answered(body: Any = b"", status: int = 200, version: str | None = "1.45", **headers: Any) -> bytes:
    """A whole answer: bytes as they are, anything else as JSON; `version` is its Api-Version."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "text/plain" if isinstance(body, bytes) else "application/json"}
    fields |= {"content-length": str(len(content))} | ({"api-version": version} if version else {})
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + content


class Peer:
    """The server's end of a connection; `number` counts them."""

    def __init__(self, server: RawServer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.number = number
        self.reader = reader
        self._server = server
        self._writer = writer

    async def request(self) -> Asked | None:
        """The next request, which the server remembers; None when the client has gone."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.splitlines()
            headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines if one)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        method, target, _ = first.split(" ")
        asked = Asked(method, target, headers, body)
        self._server.asked.append(asked)
        return asked

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drip(self, data: bytes) -> None:
        """Byte by byte, each in a turn of its own, for as long as the client takes them."""
        with contextlib.suppress(ConnectionError):
            for position in range(len(data)):
                self._writer.write(data[position : position + 1])
                await self._writer.drain()
                await asyncio.sleep(0.001)

    async def gone(self) -> None:
        """Until the client has closed its end."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """End it with a reset, whatever was read."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


class RawServer:
    """`asked` is what came, in order; `connections` how many there were."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.connections = 0

    def paths(self, *, but: str = "/_ping") -> list[str]:
        """What was asked for, without the negotiations."""
        return [one.path for one in self.asked if one.path != but]

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something has come to be; the time limit only turns a hang into a failure."""
        async with asyncio.timeout(20):
            while not reached():
                await asyncio.sleep(0.001)


def answering(answer: Callable[[Asked], bytes]) -> Script:
    """Requests one after the other, each answered as `answer` says; b"" says nothing."""

    async def script(peer: Peer) -> None:
        while (asked := await peer.request()) is not None:
            peer.send(answer(asked))

    return script


@contextlib.asynccontextmanager
async def raw_server(
    script: Script,
    *,
    host: str = "127.0.0.1",
    socket: str | None = None,
    tls: ssl.SSLContext | None = None,
    backlog: int = 4096,
) -> AsyncIterator[RawServer]:
    """Plays `script` on every connection; cut off at the end, whatever is under way."""
    server = RawServer()
    playing: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing[asyncio.current_task()] = writer
        server.connections += 1
        try:
            await script(Peer(server, server.connections, reader, writer))
        except asyncio.CancelledError:
            pass
        finally:
            del playing[asyncio.current_task()]
            writer.close()

    if socket is not None:
        listening = await asyncio.start_unix_server(connected, socket, backlog=backlog)
        server.url = f"unix://{socket}"
    else:
        listening = await asyncio.start_server(connected, host, 0, ssl=tls, backlog=backlog)
        port = listening.sockets[0].getsockname()[1]
        server.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        yield server
    finally:
        listening.close()
        left = dict(playing)
        for task, writer in left.items():
            writer.transport.abort()
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in left if task is not None))
        await listening.wait_closed()
