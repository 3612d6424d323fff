"""JSON streams: whole chunks decoded together, lines of any length, whatever the chunks."""

from __future__ import annotations

import json
import re
from typing import Any, Final, Generic, TypeVar

import msgspec

from aiodockerhub.errors import DockerError, StreamBroken, TooLarge

__all__ = ["JSONLines"]

Item = TypeVar("Item")

_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EAGER: Final = 64 * 1024
"""Bytes without a line's end up to which a closing brace is taken for a possible end of an object."""
_SHOWN: Final = 200
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class JSONLines(Generic[Item]):
    """Decodes a JSON stream piece by piece into structs of `kind`, or into plain dicts when `raw` is set.

    Objects are separated by line ends, or by nothing at all; blank lines and CRLF are allowed. What can't be decoded is
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

    def feed(self, chunk: bytes) -> list[Item]:
        """The items that are complete with `chunk`."""
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            return self._keep(chunk)
        if self._parts:
            lines = b"".join((*self._parts, chunk[:cut]))
            self._parts.clear()
            self._size = 0
        else:
            lines = chunk[:cut] if cut < len(chunk) else chunk
        items = self._decode(lines)
        if cut < len(chunk) and self.failure is None:
            items += self._keep(chunk[cut:])
        return items

    def end(self) -> list[Item]:
        """The items that are complete with the end of the body."""
        rest = b"".join(self._parts)
        self._parts.clear()
        return self._decode(rest) if rest.strip() else []

    def convert(self, raw: dict[str, Any]) -> Item:
        """The struct for a plain dict."""
        return msgspec.convert(raw, self._kind)

    def _keep(self, piece: bytes) -> list[Item]:
        """Puts a piece without a line's end aside, unless it completes an object all the same."""
        self._parts.append(piece)
        self._size += len(piece)
        if self._size > self._line:
            self._parts.clear()
            self.failure = TooLarge(f"a line of more than {self._line} bytes in a stream")
        elif self._size <= _EAGER and piece.rstrip().endswith(b"}"):
            rest = b"".join(self._parts)
            try:
                items = (_plain if self.raw else self._decoder).decode_lines(rest)
            except _BAD:
                self._parts = [rest]
            else:
                self._parts.clear()
                self._size = 0
                return items
        return []

    def _decode(self, lines: bytes) -> list[Item]:
        try:
            return (_plain if self.raw else self._decoder).decode_lines(lines)
        except _BAD:
            return self._good_ones(lines)

    def _good_ones(self, lines: bytes) -> list[Item]:
        """The items before the first that can't be decoded; the rest of the stream is lost."""
        items: list[Item] = []
        decoder = _plain if self.raw else self._decoder
        for line in lines.split(b"\n"):
            try:
                items += decoder.decode_lines(line)
            except _BAD as error:
                for whole in _objects(line):
                    try:
                        items.append(decoder.decode(whole))
                    except _BAD:
                        break
                shown = line.decode("utf-8", "replace").strip()
                shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + " ..."
                self.failure = StreamBroken(f"what came is no JSON of the API ({type(error).__name__}): {shown!r}")
                self.failure.__cause__ = error
                break
        return items


_plain: Final[Any] = msgspec.json.Decoder(dict[str, Any])


def _objects(line: bytes) -> list[bytes]:
    """The whole JSON values that a broken line begins with."""
    text = line.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    found: list[bytes] = []
    start = 0
    try:
        while space := _SPACE.match(text, start):
            start = space.end()
            _, end = decoder.raw_decode(text, start)
            found.append(text[start:end].encode("utf-8", "surrogatepass"))
            start = end
    except (ValueError, RecursionError):
        pass
    return found
