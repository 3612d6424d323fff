"""What is known of each reference of a run: a row for each, the counts over all, and the events that tell of them."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Generic, TypeVar

from aiodockerhub.bulk.progress import BulkProgress, Bytes, News, ProgressItem, State
from aiodockerhub.bulk.report import Report, Result
from aiodockerhub.errors import Closed, DockerError, forget_frames

__all__ = ["Ledger", "Underway"]

Item = TypeVar("Item", bound=ProgressItem)
Outcome = TypeVar("Outcome")

_TRACEBACKS_KEPT: Final = 100
"""Of errors that are none of ours. A traceback weighs kilobytes, and the hundredth of a kind tells nothing new."""


class Underway:
    """One reference that is being worked on."""

    __slots__ = ("attempts", "began", "bytes", "index", "over", "reference")

    def __init__(self, index: int, reference: str) -> None:
        self.index = index
        self.reference = reference
        self.began = time.monotonic()
        self.attempts = 0
        self.bytes = Bytes()
        self.over = False

    def cut_off(self) -> Closed:
        """What it ends in when the run does."""
        return Closed(f"{self.reference}: cancelled before its end")


class Ledger(Generic[Item, Outcome]):
    """The rows in the order in which references were taken, `failed` of them so far, out of `total`.

    `news` holds the events that nobody has read yet; `heard` is set with each.
    """

    def __init__(self, total: int | None) -> None:
        self.failed = 0
        self.news: News[Item] = News()
        self.heard = asyncio.Event()
        self._total = total
        self._began: float | None = None
        self._done = 0
        self._bytes = 0
        self._tracebacks = 0
        self._rows: list[Result[Outcome] | Underway] = []

    def begin(self) -> None:
        """Time counts from now on."""
        self._began = time.monotonic()

    def take(self, reference: str) -> Underway:
        """A row for one more."""
        underway = Underway(len(self._rows), reference)
        self._rows.append(underway)
        return underway

    def observe(self, underway: Underway, item: Item) -> None:
        """Count a step, and tell of it, unless what it belongs to is over."""
        if underway.over:
            return
        self._bytes += underway.bytes.observe(item)
        self.tell(underway, "progress", item=item)

    def settle(self, underway: Underway, outcome: Outcome | None, error: Exception | None) -> None:
        """It is over: well, or with an error."""
        if error is not None:
            self._lighten(error)
        underway.over = True
        self._rows[underway.index] = _result(underway, outcome, error)
        if error is None:
            self._done += 1
        else:
            self.failed += 1
        self.tell(underway, "done" if error is None else "failed", error=error)

    def tell(
        self, underway: Underway, state: State, *, item: Item | None = None, error: Exception | None = None
    ) -> None:
        """One more event."""
        event: BulkProgress[Item] = BulkProgress(
            reference=underway.reference,
            index=underway.index,
            state=state,
            item=item,
            error=error,
            attempt=max(underway.attempts, 1),
            bytes=underway.bytes.total,
            done=self._done,
            failed=self.failed,
            total=self._total,
            bytes_overall=self._bytes,
        )
        self.news.add(event, item.id if item is not None else None)
        self.heard.set()

    def report(self, *, exhausted: bool, stopping: bool) -> Report[Outcome]:
        """A picture of this moment. `exhausted`: no more will be taken; `stopping`: what has not ended never will."""
        results = [self._so_far(row, stopping=stopping) for row in self._rows]
        seconds = time.monotonic() - self._began if self._began is not None else 0.0
        return Report(results, seconds=seconds, total=len(results) if exhausted else self._total)

    def _so_far(self, row: Result[Outcome] | Underway, *, stopping: bool) -> Result[Outcome]:
        if isinstance(row, Result):
            return row
        return _result(row, None, row.cut_off() if stopping else Closed(f"{row.reference}: not ended yet"))

    def clear(self) -> None:
        """Keep no rows any more."""
        self._rows = []

    def _lighten(self, error: Exception) -> None:
        """Take away the frames that its traceback would keep alive: connections, buffers, 50,000 times over."""
        if isinstance(error, DockerError) or self._tracebacks >= _TRACEBACKS_KEPT:
            forget_frames(error)
        else:
            self._tracebacks += 1


def _result(underway: Underway, outcome: Outcome | None, error: Exception | None) -> Result[Outcome]:
    seconds = time.monotonic() - underway.began
    return Result(underway.reference, outcome, error, underway.attempts, seconds, underway.bytes.total)
