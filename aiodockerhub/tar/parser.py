"""A tar that is read while it comes: cut into entries, whatever the chunks, never more of it in memory than a chunk."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from aiodockerhub.errors import StreamBroken, TooLarge
from aiodockerhub.tar.header import BLOCK

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Entry", "Kind", "Parser", "Sink"]

_LONGEST_WORDS: Final = 1024 * 1024
"""Bytes of a header that extends another one, with long names or attributes: more than those of any file system."""

Kind: TypeAlias = bytes
"""What an entry is: a type of Python's `tarfile`, such as `tarfile.DIRTYPE`; every kind of file is `REGTYPE`."""

_FILES: Final = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}
_WITH_CONTENT: Final = {*_FILES, tarfile.GNUTYPE_SPARSE}
_PAX: Final = {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}


@dataclass(slots=True)
class Entry:
    """One entry: `link` is what a link leads to, `size` the bytes of a file, `mtime` in seconds since 1970."""

    name: str
    kind: Kind
    size: int
    mode: int
    mtime: float
    link: str


class Sink(Protocol):
    """What the entries go to, one after the other."""

    def begin(self, entry: Entry, /) -> None:
        """An entry begins."""

    def data(self, piece: memoryview, /) -> None:
        """A piece of the file's content; of no use after the call."""

    def end(self) -> None:
        """The entry is whole."""


class Parser:
    """Gives the entries of a tar to `sink`: `feed` it all chunks in order, then `close`.

    Raises StreamBroken where it makes no sense or ends early, TooLarge for a header beyond all bounds, and what the
    sink raises.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._steps = self._parse()
        self._chunk = memoryview(b"")
        self._over = False
        next(self._steps)

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the tar. What follows its end is passed over."""
        if not self._over:
            self._chunk = memoryview(chunk)
            self._over = next(self._steps, self) is self

    def close(self) -> None:
        """The tar has ended. Raises StreamBroken if it has not."""
        if not self._over:
            raise StreamBroken("the archive ended before its end: something of it is missing")

    def _parse(self) -> Generator[None, None, None]:
        words: dict[str, str] = {}
        lasting: dict[str, str] = {}
        while (head := (yield from self._head())) is not None:
            if head.type == tarfile.XGLTYPE:
                lasting |= _pax(bytes((yield from self._words(head))))
            elif head.type in _PAX:
                words |= _pax(bytes((yield from self._words(head))))
            elif head.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                key = "path" if head.type == tarfile.GNUTYPE_LONGNAME else "linkpath"
                words[key] = _text(bytes((yield from self._words(head))).partition(b"\0")[0])
            else:
                yield from self._entry(_entry(head, lasting | words))
                words = {}

    def _entry(self, entry: Entry) -> Generator[None, None, None]:
        self._sink.begin(entry)
        left = entry.size
        while left:
            piece = yield from self._some(left)
            self._sink.data(piece)
            left -= len(piece)
        self._sink.end()
        yield from self._whole(-entry.size % BLOCK)

    def _head(self) -> Generator[None, None, tarfile.TarInfo | None]:
        """The next header; None at the end."""
        block = yield from self._whole(BLOCK)
        try:
            return tarfile.TarInfo.frombuf(bytes(block), "utf-8", "surrogateescape")
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
            return None
        except tarfile.HeaderError as error:
            raise StreamBroken(f"the archive makes no sense: {error}") from error

    def _words(self, head: tarfile.TarInfo) -> Generator[None, None, memoryview]:
        """The content of an entry that only tells about the next one."""
        if not 0 <= head.size <= _LONGEST_WORDS:
            raise TooLarge(f"a header of {head.size} bytes in an archive, more than {_LONGEST_WORDS}")
        words = yield from self._whole(head.size + -head.size % BLOCK)
        return words[: head.size]

    def _whole(self, size: int) -> Generator[None, None, memoryview]:
        """Exactly `size` bytes."""
        if size <= len(self._chunk):
            return self._taken(size)
        pieces: list[bytes] = []
        while size:
            piece = yield from self._some(size)
            pieces.append(bytes(piece))
            size -= len(piece)
        return memoryview(b"".join(pieces))

    def _some(self, most: int) -> Generator[None, None, memoryview]:
        """At least one byte."""
        while not self._chunk:
            yield
        return self._taken(min(most, len(self._chunk)))

    def _taken(self, size: int) -> memoryview:
        taken, self._chunk = self._chunk[:size], self._chunk[size:]
        return taken


def _entry(head: tarfile.TarInfo, words: dict[str, str]) -> Entry:
    kind = tarfile.REGTYPE if head.type in _FILES else head.type
    try:
        size = int(words.get("size", head.size))
        mtime = float(words.get("mtime", head.mtime))
    except ValueError as error:
        raise StreamBroken(f"the archive makes no sense: {error}") from None
    if size < 0:
        raise StreamBroken(f"the archive makes no sense: a file of {size} bytes")
    if any(key.startswith("GNU.sparse.") for key in words):
        kind = tarfile.GNUTYPE_SPARSE
    name, link = words.get("path", head.name), words.get("linkpath", head.linkname)
    return Entry(name, kind, size if kind in _WITH_CONTENT else 0, head.mode, mtime, link)


def _pax(data: bytes) -> dict[str, str]:
    """The words of an extended header: `length key=value` and a line's end, again and again."""
    words: dict[str, str] = {}
    start = 0
    while start < len(data):
        told, space, _ = data[start : start + 20].partition(b" ")
        end = start + int(told) if told.isdigit() else 0
        key, equals, value = data[start + len(told) + 1 : end - 1].partition(b"=")
        if not space or not equals or not start < end <= len(data) or data[end - 1 : end] != b"\n":
            raise StreamBroken("the archive makes no sense: an extended header that is none")
        words[_text(key)] = _text(value)
        start = end
    return words


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
