"""Multiplexed output: frames of stdout and stderr cut from whole buffers, and plain output of a terminal."""

from __future__ import annotations

import codecs
from typing import Final, Literal

from aiodockerhub.errors import DockerError, ProtocolViolated, StreamBroken, TooLarge
from aiodockerhub.progress import LogChunk

__all__ = ["Frames", "Terminal"]

_HEADER: Final = 8
_NAMES: Final[tuple[Literal["stdin", "stdout", "stderr"], ...]] = ("stdin", "stdout", "stderr")


class Frames:
    """Cuts `[kind 0 0 0 size size size size] payload` into chunks. API: `ContainerAttach`, stream format.

    A frame of more than `largest` bytes is refused; a smaller one is given out when it is whole.
    """

    def __init__(self, *, largest: int) -> None:
        self.failure: DockerError | None = None
        self.raw = False
        self._largest = largest
        self._parts: list[bytes] = []
        self._size = 0
        self._wanted = _HEADER
        self._text = [codecs.getincrementaldecoder("utf-8")("replace") for _ in _NAMES]

    def feed(self, chunk: bytes) -> list[LogChunk]:
        """The frames that are whole with `chunk`."""
        self._size += len(chunk)
        if self._size < self._wanted:
            self._parts.append(chunk)
            return []
        if self._parts:
            chunk = b"".join((*self._parts, chunk))
            self._parts.clear()
        chunks: list[LogChunk] = []
        start, end = 0, len(chunk)
        while end - start >= _HEADER:
            kind = chunk[start]
            size = int.from_bytes(chunk[start + 4 : start + _HEADER], "big")
            if kind >= len(_NAMES) or size > self._largest:
                self.failure = self._refused(chunk[start : start + _HEADER], size)
                return chunks
            stop = start + _HEADER + size
            if stop > end:
                break
            data = chunk[start + _HEADER : stop]
            chunks.append(LogChunk(_NAMES[kind], data, self._text[kind].decode(data)))
            start = stop
        self._size = end - start
        self._wanted = _HEADER
        if self._size:
            self._parts.append(chunk[start:])
            if self._size >= _HEADER:
                self._wanted += int.from_bytes(chunk[start + 4 : start + _HEADER], "big")
        return chunks

    def end(self) -> list[LogChunk]:
        """Nothing, unless a frame was cut short."""
        if self._size:
            self.failure = StreamBroken("the output ended in the middle of a frame")
        return []

    def _refused(self, header: bytes, size: int) -> DockerError:
        if header[0] < len(_NAMES):
            return TooLarge(f"a frame of {size} bytes, more than {self._largest}")
        return ProtocolViolated(f"the output is not made of frames: {header!r}")


class Terminal:
    """The output of a container with a terminal: one stream without frames."""

    def __init__(self) -> None:
        self.failure: DockerError | None = None
        self.raw = False
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, chunk: bytes) -> list[LogChunk]:
        """The chunk as it came."""
        return [LogChunk("stdout", chunk, self._text.decode(chunk))]

    def end(self) -> list[LogChunk]:
        """Nothing more."""
        return []
