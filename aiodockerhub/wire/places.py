"""Waiting for a free connection: counted, logged, and bounded where the caller asks."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
from typing import TYPE_CHECKING, Final, Protocol

from aiodockerhub.errors import TimedOut
from aiodockerhub.wire.descriptors import BUDGET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from typing import TypeVar

    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.stats import Stats
    from aiodockerhub.wire.timeouts import Pace

    _Given = TypeVar("_Given")

__all__ = ["Place", "Places"]

_log: Final = logging.getLogger("aiodockerhub.wire")


class Place(Protocol):
    """The right to one connection."""

    def release(self) -> None:
        """Give it back."""


class Places:
    """Three kinds, so that none waits for another: short calls, slow ones, and streams."""

    def __init__(self, limits: Limits, stats: Stats, streams: asyncio.Semaphore | None) -> None:
        self.stats = stats
        self._short = _CallPlaces(limits.calls, stats)
        self._slow = _CallPlaces(limits.calls, stats)
        self._streams = streams

    def try_acquire(self, pace: Pace) -> Place | None:
        """A place for a call of this pace, if one is free; those of streams are waited for."""
        if pace == "short":
            return self._short if self._short.take() else None
        if pace == "slow":
            return self._slow if self._slow.take() else None
        return None

    async def acquire(self, pace: Pace, wait: float | None) -> Place:
        """A place for a call of this pace, within `wait` seconds. Raises TimedOut."""
        if (place := self.try_acquire(pace)) is not None:
            return place
        if pace == "stream":
            return await self._stream(wait)
        places = self._short if pace == "short" else self._slow
        await self._waiting(places.turn(), wait)
        return places

    async def _stream(self, wait: float | None) -> Place:
        if self._streams is not None:
            if self._streams.locked():
                await self._waiting(self._streams.acquire(), wait)
            else:
                await self._streams.acquire()
        try:
            budgeted = BUDGET.try_acquire() or await self._waiting(BUDGET.acquire(), wait)
        except BaseException:
            if self._streams is not None:
                self._streams.release()
            raise
        self.stats.open_streams += 1
        return _StreamPlace(budgeted, self._streams, self.stats)

    async def pause(self, seconds: float) -> None:
        """Wait before the next try to get a connection, where there is nothing but time to wait for."""
        with self._counted(f"{seconds:.2f} s before the next try"):
            await asyncio.sleep(seconds)

    async def _waiting(self, turn: Awaitable[_Given], wait: float | None) -> _Given:
        with self._counted("for a free connection"):
            try:
                async with asyncio.timeout(wait):
                    return await turn
            except TimeoutError as error:
                raise TimedOut(f"no connection was free within {wait:g} s") from error

    @contextlib.contextmanager
    def _counted(self, what: str) -> Generator[None]:
        self.stats.waiting += 1
        _log.debug("waiting %s: %d wait", what, self.stats.waiting)
        try:
            yield
        finally:
            self.stats.waiting -= 1


class _CallPlaces:
    """Places of one kind of calls, first come, first served. It is its own `Place`: one release for each that was got.

    asyncio's semaphore costs a call more than all else here.
    """

    def __init__(self, most: int, stats: Stats) -> None:
        self._free = most
        self._turns: collections.deque[asyncio.Future[None]] = collections.deque()
        self._stats = stats

    def take(self) -> bool:
        """Whether there was one; nobody waits then."""
        if not self._free:
            return False
        self._free -= 1
        self._stats.open_calls += 1
        return True

    async def turn(self) -> None:
        """Wait for one that somebody else gives back."""
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await turn
        except BaseException:
            if not turn.cancelled():  # it was given in the same moment
                self.release()
            raise

    def release(self) -> None:
        while self._turns:
            if not (turn := self._turns.popleft()).done():
                turn.set_result(None)
                return
        self._free += 1
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
