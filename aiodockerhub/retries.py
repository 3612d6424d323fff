"""One policy of trying again: how long to wait before the next try, and how often. Which failures are worth it, callers say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["CONNECTION", "MOMENT", "TRANSFER", "Backoff", "again"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` to at most `most` seconds, each plus up to `jitter` seconds by chance.

    `attempts` counts the first try too; None for no end.
    """

    attempts: int | None
    first: float
    most: float
    jitter: float


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
) -> _Result:
    """The result of `operation`, which ended in `failure` the first time, by trying again.

    `worth(error)` is False for an error that another try would not mend (it is raised), True for one to wait for as
    `backoff` says, or the seconds to wait, where the server named them. The last error is raised.
    """
    import stamina  # loaded when something failed, not before

    first: Exception | None = failure

    def on(error: Exception) -> bool | float:
        # a cancelled task arrives here too
        return isinstance(error, Exception) and worth(error)

    async for attempt in stamina.retry_context(
        on=on,
        attempts=backoff.attempts,
        timeout=None,
        wait_initial=backoff.first,
        wait_max=backoff.most,
        wait_jitter=backoff.jitter,
    ):
        with attempt:
            if first is not None:
                raised, first = first, None
                raise raised
            return await operation()
    raise AssertionError("the last attempt returns or raises")
