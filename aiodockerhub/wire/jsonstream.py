"""JSON streams: whole chunks decoded together, lines of any length, whatever the chunks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from aiodockerhub.errors import DockerError, StreamBroken, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["JSONLines"]

Item = TypeVar("Item")

_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EAGER: Final = 64 * 1024
"""Bytes without a line's end up to which every closing brace is taken for a possible end of an object."""
_SHOWN: Final = 200
_SPACE: Final = re.compile(r"[ \t\r\n]*")
# only to find where values end: numbers stay as they are, since Python's int refuses more than 4,300 digits
_value: Final = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode


class JSONLines(Generic[Item]):
    """Decodes a JSON stream piece by piece into structs of `kind`, or into plain dicts when `raw` is set.

    Objects are separated by line ends, or by nothing at all, and none goes on in the next line: engines write none that
    does, and waiting for its end would hold back what is to be told of one cut short. Blank lines and CRLF are allowed.
    `line` bounds the bytes of a line; where several objects stand in one, those of an object. What can't be decoded is
    kept as `failure`, to be raised after the items before it.
    """

    def __init__(self, kind: type[Item], *, line: int) -> None:
        self.failure: DockerError | None = None
        self.raw = False
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)
        self._line = line
        self._parts: list[bytes] = []
        self._size = 0
        self._next_look = _EAGER

    def feed(self, chunk: bytes) -> list[Item]:
        """The items that are complete with `chunk`."""
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            return self._keep(chunk)
        if self._parts:
            lines = b"".join((*self._parts, chunk[:cut]))
            self._put_aside(b"")
        else:
            lines = chunk[:cut] if cut < len(chunk) else chunk
        items = self._decode(lines)
        if cut < len(chunk) and self.failure is None:
            items += self._keep(chunk[cut:])
        return items

    def end(self) -> list[Item]:
        """The items that are complete with the end of the body."""
        rest = b"".join(self._parts)
        self._put_aside(b"")
        return self._decode(rest) if rest.strip() else []

    def convert(self, raw: dict[str, Any]) -> Item:
        """The struct for a plain dict. Raises StreamBroken for one of another shape."""
        try:
            return msgspec.convert(raw, self._kind)
        except msgspec.ValidationError as error:
            raise _senseless(msgspec.json.encode(raw), error) from error

    def _put_aside(self, rest: bytes) -> None:
        self._parts = [rest] if rest else []
        self._size = len(rest)
        self._next_look = max(_EAGER, 2 * len(rest))  # twice as much: all looks together stay linear

    def _keep(self, piece: bytes) -> list[Item]:
        """Puts a piece without a line's end aside, unless it completes an object all the same."""
        self._parts.append(piece)
        self._size += len(piece)
        items: list[Item] = []
        if self._size >= self._next_look or self._size > self._line:
            items = self._look(_likely_ends)
        elif self._size <= _EAGER and piece.rstrip().endswith(b"}"):
            items = self._look(_end)
        if self._size > self._line and self.failure is None:
            self.failure = self._too_long()
        return items

    def _look(self, ends: Callable[[bytes], Iterable[int]]) -> list[Item]:
        """The whole objects in what was put aside, which end at one of `ends`."""
        rest = b"".join(self._parts)
        for end in ends(rest):
            whole = rest[:end]
            try:
                items = self._chosen().decode_lines(whole)
            except _BAD:
                continue
            self._put_aside(rest[end:])
            return items if end <= self._line else self._one_by_one(whole)
        self._put_aside(rest)
        return []

    def _decode(self, lines: bytes) -> list[Item]:
        if len(lines) <= self._line:
            try:
                return (_plain if self.raw else self._decoder).decode_lines(lines)
            except _BAD:
                pass
        return self._one_by_one(lines)

    def _one_by_one(self, lines: bytes) -> list[Item]:
        """The items before the first that can't be decoded, or is too long; the rest of the stream is lost."""
        items: list[Item] = []
        for line in lines.split(b"\n"):
            error: Exception | None = None
            if len(line) <= self._line:
                try:
                    items += self._chosen().decode_lines(line)
                    continue
                except _BAD as refused:
                    error = refused
            items += self._apart(line, error)
            if self.failure is not None:
                break
        return items

    def _apart(self, line: bytes, error: Exception | None) -> list[Item]:
        """The objects of a line that is too long or ends badly, up to the one at fault."""
        items: list[Item] = []
        wholes, rest = _values(line) if error is not None or b"}{" in line else ([], line)
        for whole in wholes:
            try:
                if len(whole) > self._line:
                    self.failure = self._too_long()
                    return items
                items.append(self._chosen().decode(whole))
            except _BAD as refused:
                rest, error = whole, refused
                break
        if len(rest) > self._line:
            self.failure = self._too_long()
        elif rest or error is not None:
            self.failure = _senseless(rest, error)
        return items

    def _chosen(self) -> Any:  # noqa: ANN401  (a decoder that gives `Item`, or dicts in its place)
        return _plain if self.raw else self._decoder

    def _too_long(self) -> TooLarge:
        return TooLarge(f"a line of more than {self._line} bytes in a stream")


_plain: Final[Any] = msgspec.json.Decoder(dict[str, Any])


def _senseless(line: bytes, error: Exception | None) -> StreamBroken:
    shown = line[:_SHOWN].decode("utf-8", "replace").strip() + (" ..." if len(line) > _SHOWN else "")
    named = f" ({type(error).__name__})" if error is not None else ""
    broken = StreamBroken(f"what came is no JSON of the API{named}: {shown!r}")
    broken.__cause__ = error
    return broken


def _end(text: bytes) -> tuple[int]:
    return (len(text),)


def _likely_ends(text: bytes) -> Iterator[int]:
    """Where the last whole object may end, if there is one."""
    if text.rstrip().endswith(b"}"):
        yield len(text)
    if between := text.rfind(b"}{") + 1:
        yield between


def _values(line: bytes) -> tuple[list[bytes], bytes]:
    """The whole JSON values that a line begins with, and the rest."""
    text = line.decode("utf-8", "surrogateescape")
    found: list[str] = []
    start = 0
    try:
        while space := _SPACE.match(text, start):
            start = space.end()
            _, end = _value(text, start)
            found.append(text[start:end])
            start = end
    except (ValueError, RecursionError):
        pass
    return [one.encode("utf-8", "surrogateescape") for one in found], text[start:].encode("utf-8", "surrogateescape")
