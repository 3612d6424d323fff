"""Many operations at once, as one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from aiodockerhub.bulk.progress import ProgressItem
from aiodockerhub.bulk.runner import Reported, Run
from aiodockerhub.bulk.transient import transient
from aiodockerhub.wire.stream import BulkStream, Flow, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable

    from aiodockerhub.bulk.progress import BulkProgress
    from aiodockerhub.bulk.report import Report
    from aiodockerhub.bulk.runner import Operation

__all__ = ["each", "many"]

_Step = TypeVar("_Step", bound=ProgressItem)
_Outcome = TypeVar("_Outcome")


def many(
    name: str,
    references: Iterable[object] | AsyncIterable[object],
    one: Operation[_Step, _Outcome],
    *,
    concurrency: int,
    stop_after_failures: int | None,
    worth: Callable[[Exception], bool | float] = transient,
) -> BulkStream[BulkProgress[_Step], Report[_Outcome]]:
    """`one` for each of `references`, `concurrency` of them at a time; tried again after what `worth` says may pass."""
    run = Run(references, one, concurrency=concurrency, worth=worth, stop_after_failures=stop_after_failures)
    told = Reported(run)
    return BulkStream(Flow(name, run.begin, told, told), lambda: run.report)


def each(begin: Callable[[str], Stream[_Step, _Outcome]]) -> Operation[_Step, _Outcome]:
    """The operation that runs the stream of a reference to its end."""

    async def one(reference: str, tell: Callable[[_Step], None]) -> _Outcome:
        async with begin(reference) as stream:
            async for step in stream:
                tell(step)
        return stream.outcome

    return one
