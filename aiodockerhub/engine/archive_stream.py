"""An archive that the engine sends: its bytes as they come, or a file that is whole or not there."""

from __future__ import annotations

import asyncio
import collections
from typing import TYPE_CHECKING, Final

import msgspec

from aiodockerhub.errors import Misused, OperationFailed, StreamBroken, failed
from aiodockerhub.progress import Failure
from aiodockerhub.wire.octets import Octets
from aiodockerhub.wire.stream import Flow, Stream

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiodockerhub.tar.whole_file import WholeFile
    from aiodockerhub.wire.stream import Source

__all__ = ["ArchiveStream"]

_END: Final = bytes(1024)
"""What a tar ends with: two empty blocks, or more."""

_KEPT: Final = 64 * 1024
"""Bytes of the end that are kept: room for an error's words."""

_WRITTEN: Final = 1024 * 1024
"""Bytes that one trip to a worker thread writes."""

_TOLD: Final = b'{"errorDetail"'
"""An engine that fails midway writes its error behind what it sent, and ends the body well."""


class ArchiveStream(Stream[bytes, int]):
    """A tar from the engine. `async for` gives its bytes in pieces of any size, `write_to` makes a file of it.

    The outcome is the number of bytes. An archive that ends before its end raises StreamBroken, after what came of it;
    one that the engine gave up raises the engine's error.
    """

    def __init__(
        self, name: str, begin: Callable[[], Awaitable[Source[bytes]]], *, kind: type[OperationFailed], path: str
    ) -> None:
        """`begin` opens it; an error in it becomes a `kind`, which tells the `path` that was asked."""
        super().__init__(Flow(name, begin, Octets(), _Whole(kind, path)))

    @property
    def raw(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        """The same bytes: an archive is no JSON, so that its raw form is no dict."""
        return self._iterate(raw=True)

    async def write_to(self, path: str | os.PathLike[str], *, progress: Callable[[int], None] | None = None) -> int:
        """Write all of it to a file at `path`, and give its size in bytes.

        The file appears when the archive is whole, in place of one that was there; until then, and after an error,
        `path` is as it was. `progress` is called with the bytes written so far, again and again.

        Raises BadFile where it can't be written, Misused where a part of the archive was read before, and what the
        stream raises.
        """
        if self._flow.begun:
            raise Misused(f"{self._flow.name}: a part was read already, the file would lack it")
        from aiodockerhub.tar.whole_file import WholeFile

        file = WholeFile(path)
        async with self:
            try:
                await asyncio.to_thread(file.open)
                await self._copy_to(file, progress or _nobody)
                await asyncio.to_thread(file.put_in_place)
            finally:
                await asyncio.to_thread(file.discard)
        return self.outcome

    async def _copy_to(self, file: WholeFile, progress: Callable[[int], None]) -> None:
        pieces: list[bytes] = []
        size = written = 0
        async for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size - written >= _WRITTEN:
                await asyncio.to_thread(file.write, pieces)
                pieces, written = [], size
                progress(written)
        await asyncio.to_thread(file.write, pieces)
        progress(size)


class _Whole:
    """Counts the bytes, and sees at the end whether they are an archive's."""

    def __init__(self, kind: type[OperationFailed], path: str) -> None:
        self._kind = kind
        self._path = path
        self._size = 0
        self._last: collections.deque[bytes] = collections.deque()
        self._kept = 0

    def observe(self, item: bytes) -> None:
        """Count it, and keep the end."""
        self._size += len(item)
        self._last.append(item)
        self._kept += len(item)
        while self._kept - len(self._last[0]) >= _KEPT:
            self._kept -= len(self._last.popleft())

    async def outcome(self) -> int:
        """The bytes of all. Raises the error at its end, or StreamBroken."""
        end = b"".join(self._last)[-_KEPT:]
        self._last.clear()
        if end.endswith(_END):
            return self._size
        raise self._told(end) or StreamBroken(f"the archive has no end: it is cut after {self._size} bytes")

    def _told(self, end: bytes) -> OperationFailed | None:
        begin = end.rfind(_TOLD)
        try:
            told = msgspec.json.decode(end[begin:], type=_Error) if begin >= 0 else _Error()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        message = told.failure.message or told.error
        return failed(self._kind, message.strip(), method="GET", path=self._path) if message else None


class _Error(msgspec.Struct):
    error: str | None = None
    failure: Failure = msgspec.field(name="errorDetail", default_factory=Failure)


def _nobody(written: int) -> None:
    pass
