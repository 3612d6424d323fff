"""What many at once tell while they run: one line of events over all, kept short however slowly it is read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["BulkProgress", "Bytes", "News", "ProgressItem", "State"]

State: TypeAlias = Literal["started", "progress", "retrying", "done", "failed"]


class ProgressItem(Protocol):
    """A step of one operation: `status` of a part of it, and how far that is."""

    @property
    def id(self) -> str | None:
        """The part, such as a layer."""
        ...

    @property
    def status(self) -> str | None:
        """What happens to it."""
        ...

    @property
    def current(self) -> int | float | None:
        """How much of it is done."""
        ...

    @property
    def total(self) -> int | float | None:
        """How much of it there is to do."""
        ...


Item = TypeVar("Item")


class BulkProgress(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Something happened to one of many references.

    `reference` is the one at `index` (from 0) of those asked for. `state`: "started"; "progress", with the engine's own
    `item`; "retrying", with the passing `error` that ended the `attempt`; at last "done", or "failed" with its
    `error`. `attempt` counts the tries from 1; `bytes` is what was transferred for this reference so far.

    Over all: `done` ended well, `failed` did not, out of `total` (None where the references have no length), and
    `bytes_overall` were transferred.
    """

    reference: str
    index: int
    state: State
    item: Item | None = None
    error: Exception | None = None
    attempt: int
    bytes: int
    done: int
    failed: int
    total: int | None
    bytes_overall: int


_TRANSFERRING: Final = frozenset({"Downloading", "Pushing", "Loading layer", "Saving"})
"""Engines count "Extracting" by the bytes of the same layer once more."""
_MOST_PARTS: Final = 10_000
"""Parts of one reference that are told apart. An image has at most 127 layers; pulls of all tags have more."""
_MOST_BYTES: Final = 1 << 60


class Bytes:
    """Bytes transferred for one reference: the greatest count told for each part. A part sent again counts once."""

    __slots__ = ("_parts", "total")

    def __init__(self) -> None:
        self.total = 0
        self._parts: dict[str, int] = {}

    def observe(self, item: ProgressItem) -> int:
        """By how much `item` raises the total."""
        current, part = item.current, item.id or ""
        if item.status not in _TRANSFERRING or current is None or not 0 < current < _MOST_BYTES:
            return 0
        known = self._parts.get(part, 0)
        if current <= known or (not known and len(self._parts) >= _MOST_PARTS):
            return 0
        grown = int(current) - known
        self._parts[part] = int(current)
        self.total += grown
        return grown


class News(Generic[Item]):
    """Events that nobody has read yet.

    Of the steps of a running reference, only the last one of each part is kept, and none when it ends: a reader who is
    slow, or away, costs the memory of a few events for each reference. No other event is ever left out.
    """

    __slots__ = ("_events", "_numbers", "_steps")

    def __init__(self) -> None:
        self._events: dict[Hashable, BulkProgress[Item]] = {}
        self._steps: dict[int, set[Hashable]] = {}
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: BulkProgress[Item], part: str | None = None) -> None:
        """One more event; `part` is what a "progress" is about."""
        if event.state == "progress":
            self._add_step(event, part)
            return
        if event.state in ("done", "failed"):
            for step in self._steps.pop(event.index, ()):
                del self._events[step]
        self._events[next(self._numbers)] = event

    def _add_step(self, event: BulkProgress[Item], part: str | None) -> None:
        steps = self._steps.setdefault(event.index, set())
        key = (event.index, part if len(steps) < _MOST_PARTS else None)
        # counts over all never go back from one event to the next, so the newer one goes to the end
        self._events.pop(key, None)
        self._events[key] = event
        steps.add(key)

    def take(self) -> list[BulkProgress[Item]]:
        """All of them, in the order in which they happened."""
        events: list[Any] = list(self._events.values())
        self._events.clear()
        self._steps.clear()
        return events
