"""The limit: asyncio protocols on the socket itself, knowing no more of HTTP than they need."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from benchmarks import uploads
from benchmarks.peers.feeding import pieces
from benchmarks.peers.progress import decoder
from benchmarks.swallow import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


_frame = struct.Struct(">BxxxL")
_UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n"


class StreamProtocol(asyncio.Protocol):
    """One chunked answer: chunks are cut from what was received, and what they hold is decoded together."""

    def __init__(self) -> None:
        self.count = 0
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._in_head = True
        self._rest = b""
        self._cut_item = b""

    def data_received(self, data: bytes) -> None:
        received = self._rest + data if self._rest else data
        position = 0
        if self._in_head:
            head_end = received.find(b"\r\n\r\n")
            if head_end < 0:
                self._rest = received
                return
            self._in_head = False
            position = head_end + 4
        self._decode(self._cut_chunks(received, position))

    def _cut_chunks(self, received: bytes, position: int) -> bytes:
        pieces = [self._cut_item]
        length = len(received)
        find = received.find
        while (size_end := find(b"\r\n", position)) >= 0:
            size = int(received[position:size_end], 16)
            end = size_end + 2 + size
            if end + 2 > length:
                break
            position = end + 2
            if size == 0:
                self.ended.get_loop().call_soon(self._end)
                break
            pieces.append(received[size_end + 2 : end])
        self._rest = received[position:]
        return b"".join(pieces)

    def _decode(self, body: bytes) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(self.count)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the engine closed in the middle"))


class LineProtocol(StreamProtocol):
    def _decode(self, body: bytes) -> None:
        lines_end = body.rfind(b"\n") + 1
        self._cut_item = body[lines_end:]
        for _ in decoder.decode_lines(body[:lines_end]):
            self.count += 1


class TransferProtocol(StreamProtocol):
    def _decode(self, body: bytes) -> None:
        lines_end = body.rfind(b"\n") + 1
        self._cut_item = body[lines_end:]
        for step in decoder.decode_lines(body[:lines_end]):
            if step.error is not None and not self.ended.done():
                self.ended.set_exception(RuntimeError(step.error))


class FrameProtocol(StreamProtocol):
    def _decode(self, body: bytes) -> None:
        frames = []
        position, length = 0, len(body)
        while position + 8 <= length:
            stream, size = _frame.unpack_from(body, position)
            end = position + 8 + size
            if end > length:
                break
            frames.append((stream, body[position + 8 : end]))
            position = end
        self._cut_item = body[position:]
        self._take(frames)

    def _take(self, frames: list[tuple[int, bytes]]) -> None:
        for _ in frames:
            self.count += 1


class BytesProtocol(StreamProtocol):
    def _decode(self, body: bytes) -> None:
        self.count += len(body)


class OutputProtocol(FrameProtocol):
    """Frames on the connection itself, up to its end; what they hold is counted in bytes."""

    def _cut_chunks(self, received: bytes, position: int) -> bytes:
        self._rest = b""
        return self._cut_item + received[position:]

    def _take(self, frames: list[tuple[int, bytes]]) -> None:
        for _, data in frames:
            self.count += len(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._end()
        super().connection_lost(exc)


class EchoProtocol(OutputProtocol):
    """The same, of a command that is fed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    async def feed(self, mib: int) -> None:
        for piece in pieces(mib):
            self._transport.write(piece)
            await self._room.wait()
        self._transport.write_eof()


class CallProtocol(asyncio.Protocol):
    """A connection kept alive: one request at a time, answers with a Content-Length."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def request(self, head: bytes) -> asyncio.Future[bytes]:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head)
        return self._answer

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        body_start = received.find(b"\r\n\r\n") + 4
        name = received.find(b"Content-Length: ")
        length = int(received[name + 16 : received.index(b"\r\n", name)]) if body_start > 3 else 0
        if body_start <= 3 or len(received) < body_start + length:
            self._received = received
            return
        self._received = b""
        assert self._answer is not None
        self._answer.set_result(received[body_start:])


class Client:
    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[CallProtocol] = []

    async def info(self) -> Any:
        connection = self._idle.pop() if self._idle else await self._dial()
        body = await connection.request(b"GET /v1.51/info HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._idle.append(connection)
        return msgspec.json.decode(body)

    async def lines(self, count: int, chunking: str) -> int:
        head = f"POST /v1.51/images/create?fromImage=bench&tag={count}-{chunking} HTTP/1.1\r\nContent-Length: 0\r\n"
        return await self._stream(LineProtocol, head)

    async def frames(self, count: int, chunking: str) -> int:
        return await self._stream(FrameProtocol, f"GET /v1.51/containers/{count}-{chunking}/logs HTTP/1.1\r\n")

    async def build(self, directory: str) -> int:
        """The sending alone, of a tar that is ready: no client could build faster."""
        return await asyncio.to_thread(self._send, "/v1.51/build", uploads.ready_tar(Path(directory)))

    async def import_tar(self, path: str) -> int:
        return await asyncio.to_thread(self._send, "/v1.51/images/create?fromSrc=-", Path(path))

    async def load_tar(self, path: str) -> int:
        return await asyncio.to_thread(self._send, "/v1.51/images/load", Path(path))

    async def export(self, mib: int) -> int:
        return await self._stream(BytesProtocol, f"GET /v1.51/containers/{mib}-mib/export HTTP/1.1\r\n")

    async def output(self, mib: int) -> int:
        return await self._stream(OutputProtocol, f"POST /v1.51/exec/{mib}-mib/start HTTP/1.1\r\n{_UPGRADE}")

    async def echo(self, mib: int) -> int:
        return await self._stream(EchoProtocol, f"POST /v1.51/exec/echo/start HTTP/1.1\r\n{_UPGRADE}", feed=mib)

    async def push_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._push, references))

    async def pull_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._pull, references))

    async def _push(self, reference: str) -> None:
        repository, tag = reference.rsplit(":", 1)
        head = f"POST /images/{repository}/push?tag={tag} HTTP/1.1\r\nX-Registry-Auth: e30=\r\n"
        await self._stream(TransferProtocol, f"{head}Content-Length: 0\r\n")

    async def _pull(self, reference: str) -> None:
        repository, tag = reference.rsplit(":", 1)
        head = f"POST /images/create?fromImage={repository}&tag={tag} HTTP/1.1\r\n"
        await self._stream(TransferProtocol, f"{head}Content-Length: 0\r\n")

    async def _stream(self, protocol_class: type[StreamProtocol], head: str, *, feed: int = 0) -> int:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_unix_connection(protocol_class, self._path)
        transport.write(f"{head}Host: localhost\r\n\r\n".encode())
        try:
            if isinstance(protocol, EchoProtocol):
                await protocol.feed(feed)
            return await protocol.ended
        finally:
            transport.close()

    def _send(self, target: str, path: Path) -> int:
        with socket.socket(socket.AF_UNIX) as connection, path.open("rb") as file:
            connection.connect(self._path)
            length = path.stat().st_size
            connection.sendall(
                f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            connection.sendfile(file)
            received = b""
            while not received.endswith(b"\r\n0\r\n\r\n"):
                received += connection.recv(65536)
            return told(received.decode())

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    async def _dial(self) -> CallProtocol:
        _, connection = await asyncio.get_running_loop().create_unix_connection(CallProtocol, self._path)
        return connection


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    client = Client(address.removeprefix("unix://"))
    try:
        yield client
    finally:
        client.close()
