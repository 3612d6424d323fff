"""BuildKit's trace of a build, as the same steps that the classic builder tells.

BuildKit calls an instruction a vertex. The engine passes on its records of them, in protobuf: the message
StatusResponse of BuildKit's api/services/control/control.proto.
"""

from __future__ import annotations

import binascii
import codecs
import itertools
from typing import TYPE_CHECKING, Final, TypeAlias

from aiodockerhub.errors import StreamBroken
from aiodockerhub.progress import Amount, BuildStep, BuildVertex
from aiodockerhub.wire.jsonstream import JSONLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiodockerhub.errors import DockerError

__all__ = ["BuildLines", "Trace"]

_TRACE: Final = "moby.buildkit.trace"
"""The id of a line that holds a record."""

_MOST_VERTICES: Final = 100_000
"""That one build may have: of each the last state is kept. Dockerfiles have a few dozen."""

_Message: TypeAlias = "dict[int, list[int | bytes]]"
"""The values of each field, by its number, in the order in which they came."""


class BuildLines(JSONLines[BuildStep]):
    """The JSON lines of a build, with BuildKit's records taken apart into steps, unless `raw` is set."""

    failure: DockerError | None

    def __init__(self, trace: Trace, *, line: int) -> None:
        super().__init__(BuildStep, line=line)
        self._trace = trace

    def feed(self, chunk: bytes) -> list[BuildStep]:
        """The steps that are complete with `chunk`."""
        return self._taken_apart(super().feed(chunk))

    def end(self) -> list[BuildStep]:
        """The steps that are complete with the end of the body."""
        return self._taken_apart(super().end())

    def _taken_apart(self, lines: list[BuildStep]) -> list[BuildStep]:
        if self.raw or not any(line.id == _TRACE for line in lines):
            return lines
        steps: list[BuildStep] = []
        for line in lines:
            try:
                found = self._trace.steps(line)
            except StreamBroken as error:
                self.failure = error
                break
            steps += [line] if found is None else found
        return steps


class Trace:
    """What BuildKit told of a build so far."""

    def __init__(self) -> None:
        self._vertices: dict[str, BuildVertex] = {}
        self._failed: list[BuildVertex] = []
        self._texts: dict[tuple[str, int], codecs.IncrementalDecoder] = {}

    def steps(self, line: BuildStep) -> list[BuildStep] | None:
        """The steps in a line that holds a record; None for any other. Raises StreamBroken for what is no record."""
        if line.id != _TRACE or line.aux is None:
            return None
        try:
            record = _message(binascii.a2b_base64(line.aux, strict_mode=True))
            return list(self._told(record))
        except (TypeError, ValueError) as error:
            raise StreamBroken(f"what BuildKit tells of the build makes no sense: {error}") from error

    def at_fault(self, message: str) -> str | None:
        """The name of the vertex because of which the build failed with `message`; others may have failed with it."""
        fitting = (one for one in self._failed if one.error and (one.error in message or message in one.error))
        vertex = next(itertools.chain(fitting, self._failed), None)
        return vertex.name if vertex is not None else None

    def _told(self, record: _Message) -> Iterator[BuildStep]:
        vertices = [_vertex(one) for one in _messages(record, 1)]
        for vertex in vertices:
            yield from self._begun(vertex)
        yield from (self._status(one) for one in _messages(record, 2))
        for log in _messages(record, 3):
            if text := self._text(log):
                yield self._printed(log, text)
        yield from (self._warning(one) for one in _messages(record, 4))
        for vertex in vertices:
            yield from self._ended(vertex)

    def _begun(self, vertex: BuildVertex) -> Iterator[BuildStep]:
        known = self._vertices.get(vertex.digest)
        if vertex.started is None or (known is not None and known.completed is None):
            return
        if len(self._vertices) >= _MOST_VERTICES:
            raise ValueError(f"more than {_MOST_VERTICES:,} vertices")
        self._vertices[vertex.digest] = _running(vertex)
        stream = f"{vertex.name}\n" if known is None else None  # it may run again, as the context's loading does
        yield BuildStep(id=vertex.digest, status="started", stream=stream, vertex=vertex)

    def _ended(self, vertex: BuildVertex) -> Iterator[BuildStep]:
        known = self._vertices.get(vertex.digest)
        if vertex.completed is None or known is None or known.completed is not None:
            return
        self._vertices[vertex.digest] = vertex
        for descriptor in (1, 2):
            decoder = self._texts.pop((vertex.digest, descriptor), None)
            if decoder is not None and (rest := decoder.decode(b"", final=True)):
                yield BuildStep(id=vertex.digest, stream=rest, vertex=vertex)
        if vertex.error:
            self._failed.append(vertex)
        status = "failed" if vertex.error else "cached" if vertex.cached else "done"
        yield BuildStep(id=vertex.digest, status=status, vertex=vertex)

    def _status(self, status: _Message) -> BuildStep:
        identity, current, total = _text(status, 1), _number(status, 4), _number(status, 5)
        return BuildStep(
            id=identity,
            status=_text(status, 3) or identity,
            amount=Amount(current, total or None) if current or total else None,
            vertex=self._of(_text(status, 2)),
        )

    def _printed(self, log: _Message, text: str) -> BuildStep:
        vertex = self._of(_text(log, 1))
        return BuildStep(id=vertex.digest, stream=text, vertex=vertex)

    def _text(self, log: _Message) -> str:
        """What was printed; a character cut between two records stands whole in the later one."""
        printer = (_text(log, 1), _number(log, 3))
        if (decoder := self._texts.get(printer)) is None:
            if len(self._texts) >= _MOST_VERTICES:
                raise ValueError(f"more than {_MOST_VERTICES:,} vertices that print")
            decoder = self._texts[printer] = codecs.getincrementaldecoder("utf-8")("replace")
        return decoder.decode(_bytes(log, 4))

    def _warning(self, warning: _Message) -> BuildStep:
        vertex = self._of(_text(warning, 1))
        return BuildStep(
            id=vertex.digest, status="warning", stream=f"WARNING: {_text(warning, 3).strip()}\n", vertex=vertex
        )

    def _of(self, digest: str) -> BuildVertex:
        return self._vertices.get(digest) or BuildVertex(digest=digest, name="")


def _vertex(vertex: _Message) -> BuildVertex:
    return BuildVertex(
        digest=_text(vertex, 1),
        inputs=tuple(_string(one) for one in vertex.get(2, ())),
        name=_text(vertex, 3),
        cached=bool(_number(vertex, 4)),
        started=_seconds(vertex, 5),
        completed=_seconds(vertex, 6),
        error=_text(vertex, 7) or None,
    )


def _running(vertex: BuildVertex) -> BuildVertex:
    return BuildVertex(digest=vertex.digest, inputs=vertex.inputs, name=vertex.name, started=vertex.started)


def _message(data: bytes) -> _Message:
    """The fields of a message. Raises ValueError for what is none."""
    found: _Message = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == 0:
            value, at = _varint(data, at)
        else:
            if kind == 2:
                size, at = _varint(data, at)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise ValueError(f"a field of the kind {kind}")
            value = data[at : at + size]
            at += size
        if not number or at > len(data):
            raise ValueError("a field that is cut, or has no number")
        found.setdefault(number, []).append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    value = 0
    for position, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + position + 1
    raise ValueError("a number without an end")


def _messages(message: _Message, number: int) -> Iterator[_Message]:
    return (_message(_raw(one)) for one in message.get(number, ()))


def _raw(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where none belongs")
    return value


def _bytes(message: _Message, number: int) -> bytes:
    return _raw(message[number][-1]) if number in message else b""


def _string(value: int | bytes) -> str:
    return _raw(value).decode("utf-8", "replace")


def _text(message: _Message, number: int) -> str:
    return _bytes(message, number).decode("utf-8", "replace")


def _number(message: _Message, number: int) -> int:
    """A signed number of 64 bits."""
    value = message[number][-1] if number in message else 0
    if not isinstance(value, int):
        raise ValueError("bytes where a number belongs")
    return value - (1 << 64) if value >> 63 else value


def _seconds(message: _Message, number: int) -> float | None:
    """A point in time, in seconds since 1970."""
    if number not in message:
        return None
    moment = _message(_bytes(message, number))
    return _number(moment, 1) + _number(moment, 2) / 1e9
