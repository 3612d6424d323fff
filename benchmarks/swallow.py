"""Uploads at the fake engine: their bodies are counted and forgotten, and the answer tells how much came."""

from __future__ import annotations

import re

_TOLD = re.compile(r"swallowed (\d+) bytes")
_FRAMING = re.compile(rb"\r\n(?:content-length:[ \t]*(\d+)|transfer-encoding:[ \t]*chunked)", re.IGNORECASE)


def said(swallowed: int) -> bytes:
    return b"swallowed %d bytes" % swallowed


def told(text: str) -> int:
    """How many bytes the engine says that it swallowed."""
    found = _TOLD.search(text)
    if found is None:
        raise RuntimeError(f"the engine tells no size: {text!r}")
    return int(found[1])


class Body:
    """The body of one request, of a known length or in chunks, as it comes."""

    def __init__(self, length: int | None) -> None:
        self.swallowed = 0
        self.ended = length == 0
        self._chunked = length is None
        self._left = length or 0
        """Bytes of the body, or of this chunk with its line's end, that are still to come."""

        self._last = not self._chunked
        self._cut_size = b""

    @classmethod
    def announced(cls, head: bytes) -> Body | None:
        """The body that a request's head tells of, if any."""
        framing = _FRAMING.search(head)
        if framing is None:
            return None
        return cls(None if framing[1] is None else int(framing[1]))

    def feed(self, data: bytes) -> bytes:
        """Takes what belongs to the body, gives back what follows it."""
        if self._cut_size:
            data, self._cut_size = self._cut_size + data, b""
        position = 0
        while not self.ended:
            if self._left:
                taken = min(self._left, len(data) - position)
                self._left -= taken
                position += taken
                self.swallowed += taken if not self._chunked else 0
                if self._left:
                    return b""
            if self._last:
                self.ended = True
                break
            size_end = data.find(b"\r\n", position)
            if size_end < 0:
                self._cut_size = data[position:]
                return b""
            size = int(data[position:size_end], 16)
            self.swallowed += size
            self._last = size == 0
            self._left = size + 2
            position = size_end + 2
        return data[position:]
