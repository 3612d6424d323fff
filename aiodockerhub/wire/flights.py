"""Calls under way: each ends at its time limit, and all when their owner closes."""

from __future__ import annotations

import asyncio
import math
import weakref
from typing import TYPE_CHECKING, Protocol

from aiodockerhub.errors import DockerError, TimedOut

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Breakable", "Flight", "Flights"]


class Breakable(Protocol):
    """What is under way and can be ended from outside, so that nobody hangs when its owner closes."""

    def break_off(self, error: DockerError) -> None:
        """End it: whoever waits for it gets `error`."""


class Asked(Protocol):
    """What a call asks for, in the words of errors."""

    @property
    def asked(self) -> str:
        """Method and path."""
        ...


class Flights:
    """All that is under way for one owner.

    Most calls end long before their limit, so one timer, set to the earliest limit, serves them all: a timer for each
    would cost a tenth of a small call.
    """

    def __init__(self) -> None:
        self._deadlines: dict[Breakable, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._earliest = math.inf

    def enter(self, one: Breakable, deadline: float = math.inf) -> None:
        """It is under way until `leave`. At `deadline`, in the loop's time, a `Flight` is told that it is late."""
        self._deadlines[one] = deadline
        if deadline < self._earliest:
            self._wake_at(deadline)

    def leave(self, one: Breakable) -> None:
        """It is over. From any thread; also twice."""
        self._deadlines.pop(one, None)

    def break_off(self, error: type[DockerError], message: str) -> None:
        """End all of them, with an error for each: it keeps the frames of whoever raises it."""
        self._wake_at(math.inf)
        for one in list(self._deadlines):
            one.break_off(error(message))

    def _wake_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._earliest = when
        if when < math.inf:
            # an owner that is forgotten need not live on until then
            self._timer = asyncio.get_running_loop().call_at(when, _wake, weakref.ref[Flights](self))

    def _end_the_late(self) -> None:
        now, earliest = asyncio.get_running_loop().time(), math.inf
        for one in list(self._deadlines):
            deadline = self._deadlines.get(one, math.inf)
            if deadline <= now and isinstance(one, Flight):
                one.expire()
            else:
                earliest = min(earliest, deadline)
        self._wake_at(earliest)


def _wake(flights: weakref.ref[Flights]) -> None:
    if (there := flights()) is not None:
        there._end_the_late()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class Flight:
    """A block in which a call runs, up to its answer. It does for its task what `asyncio.timeout` does.

    `deadline` is in the loop's time, infinite where there is no limit.
    """

    __slots__ = ("_address", "_asked", "_cancelling", "_error", "_flights", "_loop", "_task", "_total", "deadline")

    def __init__(
        self, flights: Flights, loop: asyncio.AbstractEventLoop, asked: Asked, address: str, total: float | None
    ) -> None:
        self._flights = flights
        self._loop = loop
        self._asked = asked
        self._address = address
        self._total = total
        self._error: DockerError | None = None
        self.deadline = math.inf if total is None else loop.time() + total

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._loop)
        assert task is not None  # noqa: S101  (a coroutine that runs has one)
        self._task = task
        self._cancelling = task.cancelling()
        self._flights.enter(self, self.deadline)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._flights.leave(self)
        if self._error is None:
            return
        # who was cancelled by others too stays cancelled
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise self._error from error

    def expire(self) -> None:
        """Its time is over."""
        self.break_off(TimedOut(f"{self._address} took longer than {self._total:g} s ({self._asked.asked})"))

    def break_off(self, error: DockerError) -> None:
        """End it with `error`; the first one counts."""
        if self._error is None:
            self._error = error
            self._task.cancel()
