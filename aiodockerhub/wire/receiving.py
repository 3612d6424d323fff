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
_OF_OCTETS: Final = 120 * 1024
"""The same where they are handed on as they come: of memory below 128 KiB the system need not map any."""


class SharedBuffer:
    """For all connections of one event loop."""

    def receive(self, protocol: ResponseHandler, transport: asyncio.Transport, *, octets: bool) -> None:
        """Have a connection read into it, and `protocol` get all of that.

        TLS and uvloop have a buffer of their own; the usual loop of Windows asks for one long before it fills it.
        """
        reader = transport.get_protocol()
        if not isinstance(reader, _Receiver):
            if transport.get_extra_info("sslcontext") is not None or not _fills_at_once():
                transport.set_protocol(protocol)
                return
            reader = _Receiver(protocol)
            transport.set_protocol(reader)
        reader.buffer = self._of_octets if octets else self._whole

    @functools.cached_property
    def _whole(self) -> memoryview:
        return memoryview(bytearray(_SIZE))

    @functools.cached_property
    def _of_octets(self) -> memoryview:
        return self._whole[:_OF_OCTETS]


def _fills_at_once() -> bool:
    return isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)


class _Receiver(asyncio.BufferedProtocol):
    """Stands before aiohttp's protocol. Its buffer may be others' too: it is filled and copied in one go."""

    __slots__ = ("_protocol", "buffer")

    buffer: memoryview

    def __init__(self, protocol: ResponseHandler) -> None:
        self._protocol = protocol

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (asyncio knows none)
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(self.buffer[:nbytes]))

    def eof_received(self) -> None:
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
