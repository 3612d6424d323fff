"""A shelf in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

from aiodockerhub.local.shelf import note_cost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiodockerhub.local.shelf import Budget, Part


class MemoryShelf:
    """Keeps what it holds for as long as the object lives, over any number of open() and close()."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._blobs: dict[str, bytearray] = {}
        self._notes: dict[str, str] = {}
        self._parts: set[_Part] = set()

    def open(self) -> Iterable[tuple[str, str]]:
        """All notes."""
        return list(self._notes.items())

    def close(self) -> None:
        """Drop what is on its way."""
        for part in list(self._parts):
            part.drop()

    def begin(self, algorithm: str) -> Part:
        """A new blob."""
        part = _Part(algorithm, self._budget, self._parts)
        self._parts.add(part)
        return part

    def keep(self, part: Part, digest: str) -> None:
        """Take the part's bytes over, without copying them."""
        self._blobs[digest] = cast("_Part", part).release()

    def size(self, digest: str) -> int | None:
        """How many bytes, or None."""
        data = self._blobs.get(digest)
        return None if data is None else len(data)

    def blob(self, digest: str) -> _Blob:
        """Open it."""
        if digest not in self._blobs:
            raise FileNotFoundError(digest)
        return _Blob(self._blobs[digest])

    def remove(self, digest: str) -> None:
        """Free its bytes once nobody reads them."""
        data = self._blobs.pop(digest, None)
        if data is not None:
            self._budget.give(len(data))

    def digests(self) -> Iterable[str]:
        """Every blob's."""
        return list(self._blobs)

    def note(self, path: str, text: str) -> None:
        """Write, or write anew."""
        self._budget.take(note_cost(path, text))
        self.forget(path)
        self._notes[path] = text

    def forget(self, path: str) -> None:
        """Free it."""
        text = self._notes.pop(path, None)
        if text is not None:
            self._budget.give(note_cost(path, text))


class _Part:
    def __init__(self, algorithm: str, budget: Budget, parts: set[_Part]) -> None:
        self.size = 0
        self._budget = budget
        self._parts = parts
        self._hash = hashlib.new(algorithm)
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        self._budget.take(len(data))
        self._data += data
        self._hash.update(data)
        self.size += len(data)

    def digest(self, algorithm: str) -> str:
        known = self._hash if self._hash.name == algorithm else hashlib.new(algorithm, self._data)
        return f"{algorithm}:{known.hexdigest()}"

    def settle(self) -> None:
        pass

    def rest(self) -> None:
        pass

    def drop(self) -> None:
        self._budget.give(len(self.release()))

    def release(self) -> bytearray:
        self._parts.discard(self)
        data, self._data = self._data, bytearray()
        return data


class _Blob:
    def __init__(self, data: bytearray) -> None:
        self.size = len(data)
        self._data = data

    def read(self, start: int, size: int) -> bytes:
        return bytes(memoryview(self._data)[start : start + size])

    def close(self) -> None:
        pass
