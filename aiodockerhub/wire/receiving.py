"""What comes on many connections, read into one buffer.

For each read asyncio allocates 256 KiB and gives most of it back, which makes the system map and unmap memory: of a
small call that was a sixth.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

__all__ = ["SharedBuffer"]

_SIZE: Final = 256 * 1024
"""Bytes that are read at once, as asyncio does."""


class SharedBuffer:
    """For all connections of one event loop."""

    def receiver(self, protocol: ResponseHandler, transport: asyncio.Transport) -> asyncio.BaseProtocol:
        """What a connection shall be read by in place of `protocol`, which gets all of it; or that itself.

        TLS and uvloop have a buffer of their own; the usual loop of Windows asks for one long before it fills it.
        """
        plain = transport.get_extra_info("sslcontext") is None
        if plain and isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
            return _Receiver(protocol, self._buffer)
        return protocol

    @functools.cached_property
    def _buffer(self) -> memoryview:
        return memoryview(bytearray(_SIZE))


class _Receiver(asyncio.BufferedProtocol):
    """Stands before aiohttp's protocol. Its buffer may be others' too: it is filled and copied in one go."""

    __slots__ = ("_buffer", "_protocol")

    def __init__(self, protocol: ResponseHandler, buffer: memoryview) -> None:
        self._protocol = protocol
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (asyncio knows none)
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> None:
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
