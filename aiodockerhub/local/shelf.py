"""Where a registry keeps its bytes: what memory and a folder have in common, and the bound of both."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

# what a note costs beside its text: dicts, strings, or an entry of a directory
_NOTE_BYTES = 200


class Full(Exception):
    """No room for more: the bound is reached, or the file system is full."""


class Budget:
    """Counts bytes kept, up to `capacity` (None: any number), from any thread."""

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.used = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Raises Full, and takes nothing, where there is no room for so many."""
        with self._lock:
            if self.capacity is not None and self.used + size > self.capacity:
                raise Full(f"the registry is full: it keeps {self.capacity} bytes at most")
            self.used += size

    def give(self, size: int) -> None:
        """Room for others."""
        with self._lock:
            self.used -= size


class Part(Protocol):
    """A blob that is on its way: nobody sees it before the shelf keeps it."""

    size: int

    def write(self, data: bytes) -> None:
        """Append. Raises Full."""
        ...

    def digest(self, algorithm: str) -> str:
        """`ALGORITHM:HEX` of all that was written."""
        ...

    def settle(self) -> None:
        """Make sure that what was written outlives a crash of the machine; may take long. Raises Full."""
        ...

    def rest(self) -> None:
        """Hold no descriptor until the next write."""
        ...

    def drop(self) -> None:
        """Forget it all. Does nothing once the shelf has kept it."""
        ...


class Blob(Protocol):
    """A blob open for reading; it can be read to its end even if it is removed meanwhile."""

    size: int

    def read(self, start: int, size: int) -> bytes:
        """So many bytes from there, fewer only at the end."""
        ...

    def close(self) -> None:
        """Not read any more."""
        ...


class Shelf(Protocol):
    """Blobs by digest, and notes: small texts by path, of which a path's parts are never empty, `.` or `..`.

    Whatever `keep`, `note` and `forget` have done when they return outlives the process; a crash before that leaves
    the old state or the new one. Digests and paths are checked before they get here.
    """

    def open(self) -> Iterable[tuple[str, str]]:
        """Begin, without whatever was on its way at the end of the last time; gives all notes."""
        ...

    def close(self) -> None:
        """End; parts that are still on their way are lost."""
        ...

    def begin(self, algorithm: str) -> Part:
        """A new blob; `algorithm` is the one that its digest will most likely be asked for."""
        ...

    def keep(self, part: Part, digest: str) -> None:
        """Let a settled part be the blob of this digest, of which there is none yet. Raises Full."""
        ...

    def size(self, digest: str) -> int | None:
        """How many bytes, or None where there is no such blob."""
        ...

    def blob(self, digest: str) -> Blob:
        """Open it. Raises FileNotFoundError."""
        ...

    def remove(self, digest: str) -> None:
        """Does nothing where there is no such blob."""
        ...

    def digests(self) -> Iterable[str]:
        """Every blob's."""
        ...

    def note(self, path: str, text: str) -> None:
        """Write, or write anew. Raises Full."""
        ...

    def forget(self, path: str) -> None:
        """Does nothing where there is no such note."""
        ...


def note_cost(path: str, text: str) -> int:
    """What a note takes of a budget, in bytes."""
    return len(path) + len(text) + _NOTE_BYTES
