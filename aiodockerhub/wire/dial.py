"""Connections of our own, for what stops to be HTTP: bytes both ways, and an end for each way."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Final, Protocol, cast

from aiodockerhub.wire.connectors import unread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Line", "dial"]

_PIECE: Final = 256 * 1024
"""Bytes that are read or encrypted at a time."""
_MOST_UNREAD: Final = 2 * _PIECE
"""Bytes that may lie unread before the other side has to wait."""
_PROBING: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence before the other side is asked whether it is there, seconds between questions, and how many: a
process may say nothing for days, and a machine that has vanished says nothing either. macOS lacks the first."""


class Line(Protocol):
    """One connection. Its methods raise OSError, of which ssl's errors are."""

    async def read(self) -> bytes:
        """What has come, at least one byte; b"" when the other side has ended its way."""
        ...

    async def write(self, data: bytes) -> None:
        """Send it; returns when there is room for more."""
        ...

    async def write_eof(self) -> None:
        """End this side's way; what comes the other way can still be read."""
        ...

    def abort(self) -> None:
        """End both ways at once."""
        ...


async def dial(*, path: str | None, host: str, port: int, tls: ssl.SSLContext | None) -> Line:
    """A connection to the unix socket at `path`, or to a host, with TLS where there is a context for it."""
    loop = asyncio.get_running_loop()
    if path is not None:
        return (await loop.create_unix_connection(_Plain, path))[1]
    transport, line = await loop.create_connection(_Plain, host, port)
    _keep_alive(transport.get_extra_info("socket"))
    if tls is None:
        return line
    try:
        return await _Encrypted.shaken(line, tls, host)
    except BaseException:
        line.abort()
        raise


def _keep_alive(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBING.items():
        if (option := getattr(socket, name, None)) is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)


class _Plain(asyncio.Protocol):
    """asyncio's own StreamReader forgets what has come when something sent after it fails; this does not."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._unread: collections.deque[bytes] = collections.deque()
        self._size = 0
        self._holds = False
        self._heard = False
        self._wrote = False
        self._ended = False
        self._lost: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writers: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        while not self._unread and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if not self._unread:
            # who leaves without having read all that was sent to him resets the connection, but has said all he had
            if self._lost is not None and not self._wrote:
                raise self._lost
            return b""
        chunk = self._unread[0] if len(self._unread) == 1 else b"".join(self._unread)
        self._unread.clear()
        self._size = 0
        if self._holds:
            self._holds = False
            self._transport.resume_reading()
        return chunk

    async def write(self, data: bytes) -> None:
        self._wrote = self._heard  # what is written before the first answer is the request, which was read
        if not self._transport.is_closing():
            self._transport.write(data)
        await self._room()

    async def write_eof(self) -> None:
        if not self._transport.is_closing():
            self._transport.write_eof()
        await self._room()

    def abort(self) -> None:
        self._transport.abort()

    async def _room(self) -> None:
        if self._transport.is_closing():
            await asyncio.sleep(0)  # how it broke is told in the next turn
            raise self._lost or ConnectionResetError("the connection is closed")
        if self._writers is not None:
            await asyncio.shield(self._writers)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # those of uvloop are none by their class

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._unread.append(data)
        self._size += len(data)
        if self._size > _MOST_UNREAD and not self._holds:
            self._holds = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True  # this side's way stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended and exc is not None:
            self._unread.extend(unread(self._transport))
        self._ended = True
        self._lost = exc
        self._wake()
        if self._writers is not None and not self._writers.done():
            self._writers.set_exception(exc or ConnectionResetError("the connection is closed"))
            self._writers.exception()  # perhaps nobody waits

    def pause_writing(self) -> None:
        self._writers = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writers is not None:
            self._writers.set_result(None)
            self._writers = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class _Encrypted:
    """TLS over a plain line: that of asyncio can't end one way alone."""

    def __init__(self, line: Line, context: ssl.SSLContext, host: str) -> None:
        self._line = line
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unread = bytearray()
        self._ended = False

    @classmethod
    async def shaken(cls, line: Line, context: ssl.SSLContext, host: str) -> _Encrypted:
        """After the handshake."""
        encrypted = cls(line, context, host)
        await encrypted._with_what_comes(encrypted._tls.do_handshake)
        return encrypted

    async def read(self) -> bytes:
        if self._unread:
            unread = bytes(self._unread)
            self._unread.clear()
            return unread
        if self._ended:
            return b""
        try:
            return await self._with_what_comes(lambda: self._tls.read(_PIECE)) or b""
        except ssl.SSLZeroReturnError:  # it said so; where the connection just ends, this is an SSLEOFError
            self._ended = True
            return b""

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._tls.write(view[start : start + _PIECE])
            await self._flush()

    async def write_eof(self) -> None:
        # what has come is taken out before: whoever says goodbye must not be surprised by it
        try:
            while piece := self._tls.read(_PIECE):
                self._unread += piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended = True
        with contextlib.suppress(ssl.SSLWantReadError):  # the other side need not say it too before it has ended
            self._tls.unwrap()
        await self._flush()

    def abort(self) -> None:
        self._line.abort()

    async def _with_what_comes(self, step: Callable[[], bytes | None]) -> bytes | None:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush()
                if data := await self._line.read():
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._line.write(self._outgoing.read())
