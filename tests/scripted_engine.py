"""An engine that answers to the byte as a test tells it, and knows which streams are open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import tempfile
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def sized(body: bytes, length: int | None = None) -> bytes:
    """A whole answer; its head may lie about the length."""
    length = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (length, body)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def line(**fields: Any) -> bytes:
    """A line of a JSON stream, as engines send it."""
    return json.dumps(fields).encode() + b"\r\n"


def telling(*pieces: bytes, then: Callable[[Peer], None] | None = None) -> Script:
    """Sends a head and a chunked body, each piece by itself; then ends it well, or does what it is told."""

    async def script(peer: Peer) -> None:
        await peer.send(CHUNKED)
        for piece in pieces:
            await peer.send(piece)
            await asyncio.sleep(0)
        if then is None:
            await peer.send(END)
        else:
            then(peer)

    return script


def follow(peer: Peer) -> None:
    """Stay open, and say no more."""


def pulled(*statuses: str, then: Callable[[Peer], None] | None = None) -> Script:
    """A pull that tells these statuses."""
    return telling(*(chunk(line(status=status)) for status in statuses), then=then)


async def silent(peer: Peer) -> None:
    """Says nothing at all, not even a head."""


class Peer(asyncio.Protocol):
    """The engine's end of one connection."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.gone = asyncio.Event()
        self.script: asyncio.Task[None] | None = None
        self._engine = engine
        self._received = b""
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._engine.peers.add(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, _ = self._received.partition(b"\r\n\r\n")
        if not end or (b"Transfer-Encoding: chunked" in head and not self._received.endswith(END)):
            return
        self._received = b""
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        path = target.partition("?")[0].removeprefix("/v1.45")
        self._engine.asked.append(f"{method} {path}")
        answer = self._engine.says[path]
        if isinstance(answer, bytes):
            self.transport.write(answer)
        else:
            self.script = asyncio.get_running_loop().create_task(self._play(answer))

    async def _play(self, script: Script) -> None:
        with contextlib.suppress(ConnectionError):
            await script(self)

    async def send(self, data: bytes) -> None:
        """Write, and wait while the client takes nothing."""
        if self.gone.is_set():
            raise ConnectionResetError
        self.transport.write(data)
        await self._writable.wait()

    def close(self) -> None:
        """End the connection when all is written."""
        self.transport.close()

    def reset(self) -> None:
        """End the connection with a reset; TCP alone has that."""
        linger = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()
        self._writable.set()
        self._engine.peers.discard(self)
        if self.script is not None:
            self.script.cancel()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


class ScriptedEngine:
    """`says[path]` is what it answers at a path: bytes are a short call's, a script makes a stream.

    Its API version is 1.45, `/info` and the image busybox are there from the start. `asked` is what came, in order.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.peers: set[Peer] = set()
        image = {"Id": "sha256:1d", "RepoDigests": ["busybox@sha256:d1"]}
        self.says: dict[str, bytes | Script] = {
            "/_ping": sized(b"OK").replace(b"\r\n", b"\r\nApi-Version: 1.45\r\n", 1),
            "/info": sized(line(ID="x")),
            "/images/busybox:latest/json": sized(line(**image)),
        }

    @property
    def streams(self) -> int:
        """Streams that are open, whether anything is sent on them or not."""
        return sum(peer.script is not None for peer in self.peers)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something has come to be; the time limit only turns a hang into a failure."""
        async with asyncio.timeout(20):
            while not reached():
                await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def scripted_engine(*, tcp: bool = False) -> AsyncIterator[ScriptedEngine]:
    """An engine on a unix socket, or on TCP."""
    engine = ScriptedEngine()
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as directory:
        if tcp:
            server = await loop.create_server(lambda: Peer(engine), "127.0.0.1", 0, backlog=4096)
            engine.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        else:
            server = await loop.create_unix_server(lambda: Peer(engine), f"{directory}/engine.sock", backlog=4096)
            engine.url = f"unix://{directory}/engine.sock"
        try:
            yield engine
        finally:
            server.close()
            for peer in list(engine.peers):
                peer.transport.abort()
            await server.wait_closed()
            await engine.until(lambda: not engine.peers)
