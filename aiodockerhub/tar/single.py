"""The content of the only file in a tar."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from aiodockerhub.errors import BadFile, TooLarge

if TYPE_CHECKING:
    from aiodockerhub.tar.parser import Entry

__all__ = ["Single"]


class Single:
    """Takes the entries of a `Parser` and keeps one file, of at most `limit` bytes. `path` is its name in errors."""

    def __init__(self, path: str, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._pieces: list[bytes] = []
        self._found = False

    def begin(self, entry: Entry) -> None:
        """Raises BadFile for anything but the one file."""
        if entry.kind != tarfile.REGTYPE or self._found:
            raise BadFile(f"{self._path} is no file", file=self._path)
        if entry.size > self._limit:
            raise TooLarge(f"a file of {entry.size} bytes, more than {self._limit}: {self._path}")
        self._found = True

    def data(self, piece: memoryview) -> None:
        """Keep it."""
        self._pieces.append(bytes(piece))

    def end(self) -> None:
        """The file is whole."""

    def content(self) -> bytes:
        """All of it. Raises BadFile where there was none."""
        if not self._found:
            raise BadFile(f"{self._path} is no file", file=self._path)
        return b"".join(self._pieces)
