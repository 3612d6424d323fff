"""Output of containers: frames cut from whole buffers, the plain output of a terminal, and the lines of both."""

from __future__ import annotations

import codecs
import collections
import struct
from typing import Any, Final, Literal

from aiodockerhub.errors import DockerError, OperationFailed, ProtocolViolated, StreamBroken, TooLarge, failed
from aiodockerhub.progress import LogChunk, LogLine

__all__ = ["Frames", "Lines", "Terminal"]

_Name = Literal["stdin", "stdout", "stderr"]

_HEADER: Final = 8
_read_header: Final = struct.Struct(">BxxxI").unpack_from
_NAMES: Final[tuple[_Name, ...]] = ("stdin", "stdout", "stderr")
_COMPLAINT: Final = 3
"""The kind of a frame in which the engine tells why it can't go on. Source: moby, `stdcopy.Systemerr`."""
_WHOLE: Final = 1024 * 1024
"""Bytes of a frame that are gathered before they are given out; engines cut logs into much smaller ones."""


class Frames:
    """Cuts `[kind 0 0 0 size size size size] payload` into chunks. API: `ContainerAttach`, stream format.

    A frame is given out when it is whole, an empty one not at all, and one of more than 1 MiB as it comes, in several
    chunks. With `raw` set the chunks are the payloads alone, as bytes.
    """

    def __init__(self) -> None:
        self.failure: DockerError | None = None
        self.raw = False
        self._kind = 0
        self._missing = 0
        self._parts: list[bytes] = []
        self._size = 0
        self._wanted = _HEADER
        self._texts = [_Text() for _ in _NAMES]

    def feed(self, chunk: bytes) -> list[LogChunk]:
        """The frames that are whole with `chunk`, and what came of a large one."""
        if self._missing:
            return self._more_of_a_large_one(chunk)
        self._size += len(chunk)
        if self._size < self._wanted:
            self._parts.append(chunk)
            return []
        if self._parts:
            chunk = b"".join((*self._parts, chunk))
            self._parts.clear()
        chunks, start = self._cut(chunk)
        if start < len(chunk) and self.failure is None:
            self._parts.append(chunk[start:])
        return chunks

    def end(self) -> list[LogChunk]:
        """What is left of a character cut short; a frame cut short is a failure."""
        if self._size or self._missing:
            self.failure = StreamBroken("the output ended in the middle of a frame")
        left: list[tuple[_Name, _Text]] = [
            (name, text) for name, text in zip(_NAMES, self._texts, strict=True) if text.cut and not self.raw
        ]
        return [LogChunk(name, b"", text.decode(b"", final=True)) for name, text in left]

    def _cut(self, buffer: bytes) -> tuple[list[Any], int]:
        """The whole frames in `buffer`, and where the rest begins."""
        chunks: list[Any] = []
        start, end = 0, len(buffer)
        raw, texts = self.raw, self._texts
        kind: int
        size: int
        self._wanted = _HEADER
        while end - start >= _HEADER:
            kind, size = _read_header(buffer, start)
            if kind > _COMPLAINT:
                header = buffer[start : start + _HEADER]
                self.failure = ProtocolViolated(f"the output is not made of frames: {header!r}")
                break
            stop = start + _HEADER + (size if kind != _COMPLAINT else min(size, _WHOLE))
            if stop > end:
                if stop - start <= _HEADER + _WHOLE:
                    self._wanted = stop - start
                    break
                self._kind, self._missing = kind, stop - end
                stop = end
            data = buffer[start + _HEADER : stop]
            if kind == _COMPLAINT:
                self.failure = failed(OperationFailed, data.decode("utf-8", "replace").strip())
                break
            start = stop
            if not data:
                continue
            if raw:
                chunks.append(data)
                continue
            text = texts[kind]
            try:  # here, since a call for each frame would be a tenth of the work
                chunks.append(LogChunk(_NAMES[kind], data, data.decode() if not text.cut else text.decode(data)))
            except UnicodeDecodeError:
                chunks.append(LogChunk(_NAMES[kind], data, text.decode(data)))
        self._size = end - start
        return chunks, start

    def _more_of_a_large_one(self, chunk: bytes) -> list[LogChunk]:
        data, rest = chunk[: self._missing], chunk[self._missing :]
        self._missing -= len(data)
        more: list[Any] = [
            data if self.raw else LogChunk(_NAMES[self._kind], data, self._texts[self._kind].decode(data))
        ]
        return more + self.feed(rest) if rest else more


class Terminal:
    """The output of a container with a terminal: one stream without frames. With `raw` set, bytes as they came."""

    def __init__(self) -> None:
        self.failure: DockerError | None = None
        self.raw = False
        self._text = _Text()

    def feed(self, chunk: bytes) -> list[LogChunk]:
        """The chunk as it came."""
        if self.raw:
            plain: list[Any] = [chunk]
            return plain
        return [LogChunk("stdout", chunk, self._text.decode(chunk))]

    def end(self) -> list[LogChunk]:
        """What is left of a character cut short."""
        if self.raw or not self._text.cut:
            return []
        return [LogChunk("stdout", b"", self._text.decode(b"", final=True))]


class Lines:
    """Puts chunks together to whole lines, each stream for itself. A line of more than `longest` bytes: TooLarge.

    A line ends with a line feed, which goes, as does a carriage return before it.
    """

    def __init__(self, *, longest: int) -> None:
        self.ready: collections.deque[LogLine] = collections.deque()
        self.failure: DockerError | None = None
        self._longest = longest
        self._parts: dict[_Name, list[bytes]] = {name: [] for name in _NAMES}
        self._sizes = dict.fromkeys(_NAMES, 0)

    def feed(self, chunk: LogChunk) -> None:
        """Makes the lines that are whole with `chunk` ready, up to one that is too long."""
        name = chunk.stream
        head, *rest = chunk.data.split(b"\n")
        if not self._keep(name, head) or not rest:
            return
        self._flush(name)
        last = rest.pop()
        for line in rest:
            if len(line) > self._longest:
                self._refuse()
                return
            self.ready.append(_line(name, line))
        self._keep(name, last)

    def end(self) -> None:
        """Makes ready what has no line's end."""
        for name in _NAMES:
            if self._sizes[name]:
                self._flush(name)

    def _keep(self, name: _Name, piece: bytes) -> bool:
        if piece:
            self._sizes[name] += len(piece)
            if self._sizes[name] > self._longest:
                self._refuse()
                return False
            self._parts[name].append(piece)
        return True

    def _flush(self, name: _Name) -> None:
        self.ready.append(_line(name, b"".join(self._parts[name])))
        self._parts[name].clear()
        self._sizes[name] = 0

    def _refuse(self) -> None:
        self.failure = TooLarge(f"a line of more than {self._longest} bytes in the output")
        for parts in self._parts.values():
            parts.clear()


def _line(name: _Name, data: bytes) -> LogLine:
    return LogLine(name, data.removesuffix(b"\r").decode("utf-8", "replace"))


class _Text:
    """The text of one stream, in UTF-8; a character cut between two pieces stands whole in the later one."""

    __slots__ = ("_decoder", "cut")

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        self.cut = False

    def decode(self, data: bytes, *, final: bool = False) -> str:
        # nearly all of it is whole characters, for which the incremental decoder, made in Python, is four times as slow
        if not self.cut:
            try:
                return data.decode()
            except UnicodeDecodeError:
                pass
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = self._decoder.decode(data, final)
        self.cut = bool(self._decoder.getstate()[0])
        return text
