"""Waiting for a free connection: counted, logged, and bounded where the caller asks."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from aiodockerhub.errors import TimedOut
from aiodockerhub.wire.descriptors import BUDGET

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import TypeVar

    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.pool import Stats
    from aiodockerhub.wire.timeouts import Pace

    _Given = TypeVar("_Given")

__all__ = ["Place", "Places"]

_log: Final = logging.getLogger("aiodockerhub.wire")


class Place(Protocol):
    """The right to one connection."""

    def release(self) -> None:
        """Give it back, once or more often."""


class Places:
    """Three kinds, so that none waits for another: short calls, slow ones, and streams."""

    def __init__(self, limits: Limits, stats: Stats, streams: asyncio.Semaphore | None) -> None:
        self.stats = stats
        self._short = asyncio.Semaphore(limits.calls)
        self._slow = asyncio.Semaphore(limits.calls)
        self._streams = streams

    async def acquire(self, pace: Pace, wait: float | None) -> Place:
        """A place for a call of this pace, within `wait` seconds. Raises TimedOut."""
        if pace == "stream":
            return await self._stream(wait)
        places = self._short if pace == "short" else self._slow
        if places.locked():
            await self._waiting(places.acquire(), wait)
        else:
            await places.acquire()
        self.stats.open_calls += 1
        return _CallPlace(places, self.stats)

    async def _stream(self, wait: float | None) -> Place:
        if self._streams is not None:
            await self._waiting(
                self._streams.acquire(), wait
            ) if self._streams.locked() else await self._streams.acquire()
        try:
            budgeted = BUDGET.try_acquire() or await self._waiting(BUDGET.acquire(), wait)
        except BaseException:
            if self._streams is not None:
                self._streams.release()
            raise
        self.stats.open_streams += 1
        return _StreamPlace(budgeted, self._streams, self.stats)

    async def _waiting(self, turn: Awaitable[_Given], wait: float | None) -> _Given:
        self.stats.waiting += 1
        _log.debug("waiting for a free connection: %d wait", self.stats.waiting)
        try:
            async with asyncio.timeout(wait):
                return await turn
        except TimeoutError as error:
            raise TimedOut(f"no connection was free within {wait:g} s") from error
        finally:
            self.stats.waiting -= 1


class _CallPlace:
    __slots__ = ("_places", "_stats")

    def __init__(self, places: asyncio.Semaphore, stats: Stats) -> None:
        self._places: asyncio.Semaphore | None = places
        self._stats = stats

    def release(self) -> None:
        if self._places is not None:
            self._places.release()
            self._places = None
            self._stats.open_calls -= 1


class _StreamPlace:
    __slots__ = ("_budgeted", "_places", "_stats", "_taken")

    def __init__(self, budgeted: object, places: asyncio.Semaphore | None, stats: Stats) -> None:
        self._budgeted = budgeted
        self._places = places
        self._stats = stats
        self._taken = True

    def release(self) -> None:
        BUDGET.release(self._budgeted)
        if self._taken:
            self._taken = False
            self._stats.open_streams -= 1
            if self._places is not None:
                self._places.release()
