"""Bytes on their way out: pulled from files in a worker thread, a large piece at a time, never all in memory."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from aiodockerhub.errors import BadFile, BadParameter, Misused

__all__ = [
    "CHUNK",
    "FileChunks",
    "GatheredChunks",
    "Source",
    "descriptor_pieces",
    "file_chunks",
    "opened",
    "unreadable",
]

Source: TypeAlias = "bytes | bytearray | memoryview | os.PathLike[str] | BinaryIO | AsyncIterable[bytes]"
"""What is sent: bytes, a path, a binary file from where it stands, or pieces that are made while they are wanted."""

CHUNK = 512 * 1024
"""Bytes that one trip to a worker thread brings: the trip costs about 0.1 ms, and a chunk is held twice at most."""

_BINARY = getattr(os, "O_BINARY", 0)
# never through a link that took a file's place, never waiting for a writer where a pipe did
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY


class GatheredChunks(AsyncIterator[bytes]):
    """What a generator of bytes yields, gathered into chunks of about `size` bytes in a worker thread.

    The generator's own `finally` closes what it has open: at the end, on an error, on `aclose()`, when the task that
    waits here is cancelled, and when the object is dropped. If a piece is being read just then, that thread closes
    it as soon as the read returns; nobody waits for it.
    """

    def __init__(self, pieces: Generator[bytes, None, None], *, size: int = CHUNK) -> None:
        self._pieces = pieces
        self._size = size
        self._turn = threading.Lock()
        self._chunk = b""
        self._over = False

    async def __anext__(self) -> bytes:
        if self._over:
            raise StopAsyncIteration
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._pull)
        except BaseException:
            self._stop()
            raise
        chunk, self._chunk = self._chunk, b""
        if not chunk:
            self._over = True
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close what is open; the iteration is over. Never waits, and does nothing the second time."""
        self._stop()

    def _pull(self) -> None:
        if not self._turn.acquire(blocking=False):
            raise Misused("two readers at once over one body")
        try:
            # not by return: a worker keeps what it returned until its thread runs again, and the pool may have started
            # another for the next chunk by then, and another, each with a chunk in its hands
            self._chunk = self._gather()
        finally:
            self._turn.release()
            if self._over:
                self._close()

    def _gather(self) -> bytes:
        gathered: list[bytes] = []
        length = 0
        while length < self._size and not self._over:
            piece = next(self._pieces, None)
            if piece is None:
                break
            gathered.append(piece)
            length += len(piece)
        return gathered[0] if len(gathered) == 1 else b"".join(gathered)

    def _stop(self) -> None:
        self._over = True
        self._close()

    def _close(self) -> None:
        # whoever comes second, the loop or the thread, finds the turn free; the loop never waits for the thread
        if self._turn.acquire(blocking=False):
            try:
                self._chunk = b""
                self._pieces.close()
            finally:
                self._turn.release()


class FileChunks:
    """A body for a request: `async for chunk in body`. Made by `file_chunks`.

    `length` is the number of bytes that it gives, None where that can't be told beforehand. `repeatable` says whether
    a second iteration starts over, as a repeated request needs; where it can't, it raises `Misused`.
    """

    def __init__(
        self, source: Source, *, length: int | None, repeatable: bool, start: int = 0, size: int = CHUNK
    ) -> None:
        self._source = source
        self._start = start
        self._size = size
        self._reading = threading.Lock()
        self._begun = False
        self.length = length
        self.repeatable = repeatable

    def __repr__(self) -> str:
        return f"<FileChunks: {'unknown length' if self.length is None else f'{self.length} bytes'}>"

    def __aiter__(self) -> GatheredChunks | AsyncGenerator[bytes, None]:
        if self._begun and not self.repeatable:
            raise Misused("this body can be read only once, and has been")
        self._begun = True
        source = self._source
        if isinstance(source, AsyncIterable):
            return _checked(source)
        return GatheredChunks(self._pieces(source), size=self._size)

    def _pieces(
        self, source: bytes | bytearray | memoryview | os.PathLike[str] | BinaryIO
    ) -> Generator[bytes, None, None]:
        if isinstance(source, (bytes, bytearray, memoryview)):
            return _slices(memoryview(source).cast("B"), self._size)
        if isinstance(source, os.PathLike):
            return _file_pieces(os.fspath(source), length=self.length, size=self._size)
        return self._read(source)

    def _read(self, file: BinaryIO) -> Generator[bytes, None, None]:
        if self.repeatable:
            with self._reading:
                file.seek(self._start)

        def read(size: int) -> bytes:
            # a repeated request may begin while the read of an abandoned one is still under way
            with self._reading:
                return _bytes_of(file.read(size))

        yield from _pieces(read, repr(file), length=self.length, size=self._size)


async def file_chunks(source: Source, *, size: int = CHUNK) -> FileChunks:
    """A request's body from bytes, a path, a binary file object, or an async iterable of bytes.

    File objects are read from where they stand, in a worker thread, and stay open; what they raise comes out as it is.
    A file that grows while it is sent is cut at the length announced. `size` is the bytes of a chunk, at most.

    Raises `BadParameter` for a text file or anything else, `BadFile` for a path that is no readable file; during the
    iteration `BadFile` for a file that vanished, shrank or can't be read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return FileChunks(source, length=memoryview(source).nbytes, repeatable=True, size=size)
    if isinstance(source, os.PathLike):
        length = await asyncio.get_running_loop().run_in_executor(None, _file_size, source)
        return FileChunks(source, length=length, repeatable=length is not None, size=size)
    if isinstance(source, AsyncIterable):
        return FileChunks(source, length=None, repeatable=False, size=size)
    file = _binary_file(source)
    start, length = await asyncio.get_running_loop().run_in_executor(None, _extent, file)
    return FileChunks(file, length=length, repeatable=length is not None, start=start, size=size)


def opened(path: str) -> int:
    """A descriptor for reading `path`, which must not be a link. Raises OSError."""
    return os.open(path, _OPEN)


def _file_pieces(path: str, *, length: int | None, size: int) -> Generator[bytes, None, None]:
    """The `length` bytes (None: all) of the file at `path`, in pieces of `size`. Raises BadFile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _BINARY)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        yield from descriptor_pieces(descriptor, path, length=length, size=size)
    finally:
        os.close(descriptor)


def descriptor_pieces(descriptor: int, path: str, *, length: int | None, size: int) -> Generator[bytes, None, None]:
    """Likewise from a descriptor that is open, and stays so."""

    def read(size: int) -> bytes:
        try:
            return os.read(descriptor, size)
        except OSError as error:
            raise unreadable(path, error) from error

    return _pieces(read, path, length=length, size=size)


def _pieces(read: Callable[[int], bytes], name: str, *, length: int | None, size: int) -> Generator[bytes, None, None]:
    """What `read` gives when it is asked for `size` bytes or fewer, up to `length`, or to the end if that is None."""
    left = length
    while left is None or left > 0:
        data = read(size if left is None else min(size, left))
        if not data:
            break
        left = None if left is None else left - len(data)
        yield data
    if left:
        raise BadFile(f"{name} shrank while it was sent: {left} of {length} bytes are missing", file=name)


def unreadable(path: str, error: OSError) -> BadFile:
    """The family's error for an OSError about `path`."""
    return BadFile(f"can't read {path}: {error.strerror or error}", file=path)


def _file_size(path: os.PathLike[str]) -> int | None:
    """The bytes of the file at `path`, None for a pipe or a device."""
    name = os.fspath(path)
    try:
        status = Path(name).stat()
    except OSError as error:
        raise unreadable(name, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise BadFile(f"can't send {name}: it is a directory", file=name)
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _binary_file(source: object) -> BinaryIO:
    # temporary files are wrapped, so that isinstance doesn't see what they are; only text files have an encoding
    if isinstance(source, io.TextIOBase) or hasattr(source, "encoding"):
        raise BadParameter(f"{source!r} is a text file: open it in binary mode")
    if not callable(getattr(source, "read", None)):
        kind = type(source).__name__
        hint = " (a path is a pathlib.Path here)" if isinstance(source, str) else ""
        raise BadParameter(f"bytes, a path, a binary file or an async iterable of bytes is needed, not {kind}{hint}")
    return cast("BinaryIO", source)


def _extent(file: BinaryIO) -> tuple[int, int | None]:
    """Where `file` stands, and how many bytes follow; None where it can't be told."""
    seekable = getattr(file, "seekable", None)
    if seekable is None or not seekable():
        return 0, None
    try:
        start = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
    except io.UnsupportedOperation:
        return 0, None
    return start, max(end - start, 0)


def _slices(data: memoryview, size: int) -> Generator[bytes, None, None]:
    for start in range(0, len(data), size):
        yield bytes(data[start : start + size])


async def _checked(source: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    iterator = aiter(source)
    try:
        async for chunk in iterator:
            data = _bytes_of(chunk)
            if data:
                yield data
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


def _bytes_of(data: Any) -> bytes:  # noqa: ANN401  (what a user's object gives)
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray):
        return bytes(data)
    if data is None:
        raise BadParameter("a file in non-blocking mode can't be sent: it had no bytes ready")
    raise BadParameter(f"bytes are needed, and {type(data).__name__} came: open text files in binary mode")
