"""When to try again: how long to wait, and how often. Which failures are worth it, callers say."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from aiodockerhub.errors import forget_frames

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["CONNECTION", "MOMENT", "TRANSFER", "Backoff", "again"]

_Result = TypeVar("_Result")
_DOUBLINGS: Final = 30
"""A float's range ends at a thousand of them; every `most` is reached long before."""


class Backoff(msgspec.Struct, frozen=True):
    """Waits that double from `first` to at most `most` seconds, each plus up to `jitter` seconds by chance.

    `attempts` counts the first try too; None for no end.
    """

    attempts: int | None
    first: float
    most: float
    jitter: float

    def wait(self, tried: int) -> float:
        """Seconds before the next try, after `tried` of them."""
        doubled = min(self.most, self.first * 2.0 ** min(tried - 1, _DOUBLINGS))
        return doubled + random.uniform(0, self.jitter)  # noqa: S311


CONNECTION: Final = Backoff(attempts=3, first=0.05, most=1.0, jitter=0.1)
"""A connection that broke under a request that may be repeated."""
MOMENT: Final = Backoff(attempts=None, first=0.01, most=0.5, jitter=0.05)
"""Something that passes by itself: a full backlog, no free descriptor. The call's time limits are its end."""
TRANSFER: Final = Backoff(attempts=5, first=0.5, most=30.0, jitter=1.0)
"""A whole pull or push that failed for a passing reason."""


async def again(
    operation: Callable[[], Awaitable[_Result]],
    failure: Exception,
    backoff: Backoff,
    *,
    worth: Callable[[Exception], bool | float],
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> _Result:
    """The result of `operation`, which ended in `failure` the first time, by trying again.

    `worth(error)` is False for an error that another try would not mend (it is raised), True for one to wait for as
    `backoff` says, or the seconds to wait, where they are known. `sleep` does the waiting, `asyncio.sleep` unless
    given. The last error is raised.
    """
    tried = 1
    try:
        while True:
            verdict = (backoff.attempts is None or tried < backoff.attempts) and worth(failure)
            if verdict is False:
                raise failure
            forget_frames(failure)  # as a rule one of them holds the error: until a garbage collection all would stay
            await (sleep or asyncio.sleep)(backoff.wait(tried) if verdict is True else verdict)
            tried += 1
            try:
                return await operation()
            except Exception as error:  # noqa: BLE001  (`worth` tells; what it does not know is raised)
                failure = error
    finally:
        del failure  # its traceback holds this frame, and that all frames above
