"""Many operations at once: a few at a time, tried again where it is worth it, told as they go, and reported."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sized
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from aiodockerhub.bulk.ledger import Ledger
from aiodockerhub.bulk.progress import BulkProgress, ProgressItem
from aiodockerhub.errors import BadParameter, Closed, DockerError, Misused
from aiodockerhub.retries import TRANSFER, Backoff, again

if TYPE_CHECKING:
    from typing import Self

    from aiodockerhub.bulk.ledger import Underway
    from aiodockerhub.bulk.report import Report

__all__ = ["Operation", "Reported", "Run"]

Item = TypeVar("Item", bound=ProgressItem)
Outcome = TypeVar("Outcome")

Operation: TypeAlias = Callable[[str, Callable[[Item], None]], Awaitable[Outcome]]
"""What is done with each reference. It hands its steps to the function that it gets, and gives the outcome."""


class _Stopped(Exception):
    """As many references failed as were allowed to."""


class Run(Generic[Item, Outcome]):
    """`operation` for each of `references`, `concurrency` of them at a time. It is read as a stream's source is.

    Begins with the first `read()`. `references` are strings, or what `str()` makes one, such as a `Reference`. They are
    taken as they are needed, in the loop's thread, never sooner; one that comes twice is done twice, and one that waits
    for its next try keeps its place among the `concurrency`.

    A failure is that reference's `Result`, whatever exception it is, and stops no other, until there are
    `stop_after_failures` of them: then nothing more begins, those under way are cancelled and end with Closed, and
    those not taken yet are in no result (`report.not_begun` counts them). `worth(error)` says whether to try again
    after an error: False, True to wait as `backoff` says, or the seconds to wait, where a server named them; chance
    adds to them.

    What `references` itself raises ends everything: all are cancelled, and `read()` raises it. So do KeyboardInterrupt
    and the like when an operation raises them. `report` tells at any time what was done.

    An iterator that `references` makes is closed with the run; one that `references` is stays its owner's, who may go
    on with it. Raises BadParameter for a `concurrency` or a `stop_after_failures` below 1, and for references that
    are none or a single string.
    """

    def __init__(
        self,
        references: Iterable[object] | AsyncIterable[object],
        operation: Operation[Item, Outcome],
        *,
        concurrency: int,
        worth: Callable[[Exception], bool | float],
        backoff: Backoff = TRANSFER,
        stop_after_failures: int | None = None,
    ) -> None:
        if concurrency < 1:
            raise BadParameter(f"concurrency must be at least 1, not {concurrency}")
        if stop_after_failures is not None and stop_after_failures < 1:
            raise BadParameter(f"stop_after_failures must be at least 1, or None, not {stop_after_failures}")
        if isinstance(references, (str, bytes)) or not isinstance(references, (Iterable, AsyncIterable)):
            raise BadParameter(f"references must be an iterable of strings, not {type(references).__name__}")
        self._references = references
        self._operation = operation
        self._concurrency = concurrency
        self._worth = worth
        self._backoff = backoff
        self._failures_allowed = math.inf if stop_after_failures is None else stop_after_failures
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[BaseException | None] | None = None
        self._closed = False
        self._over = False
        self._failure: BaseException | None = None
        self._report: Report[Outcome] | None = None

        self._total = len(references) if isinstance(references, Sized) else None
        self._exhausted = False
        self._stopping = False
        self._turn = asyncio.Lock()
        self._ledger: Ledger[Item, Outcome] = Ledger(self._total)

    async def begin(self) -> Self:
        """Make the running loop its own. The work begins with the first `read()`."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that it belongs to. Misused before it began."""
        if self._loop is None:
            raise Misused("this run has not begun, and belongs to no loop yet")
        return self._loop

    @property
    def deadline(self) -> float:
        """Infinite: time limits are those of each operation."""
        return math.inf

    async def read(self) -> list[BulkProgress[Item]]:
        """What happened since the last call, at least one event; empty at the end. Raises what ended it early."""
        if self._task is None and not self._over:
            await self.begin()
            self._start()
        ledger = self._ledger
        while not ledger.news and not self._over:
            ledger.heard.clear()
            await ledger.heard.wait()
        if not ledger.news and self._failure is not None:
            raise self._failure
        return ledger.news.take()

    def close(self) -> None:
        """Cancel all that is under way. In the loop's own thread; also twice."""
        if self._closed or self._over:
            return  # a second cancel would hit what cleans up after the first
        self._closed = self._stopping = True
        if self._task is not None:
            self._task.cancel()
        else:
            self._end(Closed("closed before it began"))

    async def aclose(self) -> None:
        """Cancel all that is under way, and wait until the last of it has ended."""
        self.close()
        if self._task is not None:
            await asyncio.wait([self._task])

    def abandon(self) -> None:
        """Cancel all that is under way, from any thread, also when the loop is closed."""
        if self._loop is None:
            self.close()
            return
        # a closed loop has ended, and its tasks with it
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.close)

    @property
    def report(self) -> Report[Outcome]:
        """What became of every reference that was taken: final when the run has ended, a picture of this moment before.

        What has not ended stands in the picture as Closed, with what is known of it so far.
        """
        return self._report or self._ledger.report(exhausted=self._exhausted, stopping=self._stopping)

    def _start(self) -> None:
        self._ledger.begin()
        self._task = self.loop.create_task(self._run(), name=f"aiodockerhub bulk run {id(self):#x}")
        # not at the end of the task itself: one cancelled before its first step has no end
        self._task.add_done_callback(self._ended)

    async def _run(self) -> BaseException | None:
        """What ended the work early."""
        references = _iterated(self._references)
        crew = self._concurrency if self._total is None else min(self._concurrency, self._total)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(crew, 1)):
                    group.create_task(self._work(references))
        except BaseExceptionGroup as errors:
            return next((error for error in errors.exceptions if not isinstance(error, _Stopped)), None)
        except BaseException as error:  # noqa: BLE001  (told to the reader, who raises it)
            return error
        finally:
            if references is not self._references:
                await _close(references)
        return None if self._exhausted else Closed("its workers were cancelled from outside")

    def _ended(self, task: asyncio.Task[BaseException | None]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception() or task.result()
        self._end(Closed("closed before its end") if isinstance(error, asyncio.CancelledError) else error)

    def _end(self, failure: BaseException | None) -> None:
        self._stopping = self._over = True
        self._failure = failure
        self._report = self.report
        self._ledger.clear()
        self._ledger.heard.set()

    async def _work(self, references: AsyncIterator[object]) -> None:
        while (underway := await self._take(references)) is not None:
            await self._do(underway)
            if self._ledger.failed >= self._failures_allowed:
                self._stopping = True
                raise _Stopped
            # operations that end without waiting for anything must not keep the loop from turning
            await asyncio.sleep(0)

    async def _take(self, references: AsyncIterator[object]) -> Underway | None:
        async with self._turn:
            if self._stopping or self._exhausted:
                return None
            try:
                reference = await anext(references)
            except StopAsyncIteration:
                self._exhausted = True
                return None
            except BaseException as error:
                # an iterator that raised may go on, or end, when asked again: both would hide it
                self._stopping = True
                if isinstance(error, asyncio.CancelledError) and not _is_cancelled():
                    raise Closed("the references were cancelled from inside") from error
                raise
        return self._ledger.take(str(reference))

    async def _do(self, underway: Underway) -> None:
        settle = self._ledger.settle
        self._ledger.tell(underway, "started")
        try:
            outcome = await self._tried(underway)
        except Exception as error:  # noqa: BLE001  (one failure stops no other; each is told and reported)
            settle(underway, None, error)
        except asyncio.CancelledError:
            settle(underway, None, underway.cut_off())
            if _is_cancelled():
                raise
        except BaseException:
            self._stopping = True
            settle(underway, None, Closed(f"{underway.reference}: interrupted"))
            raise
        else:
            settle(underway, outcome, None)

    async def _tried(self, underway: Underway) -> Outcome:
        def tell(item: Item) -> None:
            self._ledger.observe(underway, item)

        async def attempt() -> Outcome:
            if self._stopping:  # it got its turn in the same moment
                raise underway.cut_off()
            underway.attempts += 1
            return await self._operation(underway.reference, tell)

        try:
            return await attempt()
        except Exception as error:
            if self._verdict(error) is False:
                raise
            first = error

        def worth(error: Exception) -> bool | float:
            return self._worth_another(underway, error)

        try:
            return await again(attempt, first, self._backoff, worth=worth)
        finally:
            del first  # it holds this frame by its traceback

    def _verdict(self, error: Exception) -> bool | float:
        # what is being cancelled may well end in an error that would be worth another try
        return False if self._stopping else self._worth(error)

    def _worth_another(self, underway: Underway, error: Exception) -> bool | float:
        verdict = self._verdict(error)
        if verdict is False:
            return False
        if self._backoff.attempts is None or underway.attempts < self._backoff.attempts:
            self._ledger.tell(underway, "retrying", error=error)
        if verdict is True:
            return True
        # a server names the same moment to all whom it refuses
        return verdict + random.uniform(0, self._backoff.jitter)  # noqa: S311


class Reported(Generic[Item, Outcome]):
    """What a stream over a run needs beside it: events pass as they are, and the report is the outcome."""

    failure: DockerError | None = None
    raw: bool = False

    def __init__(self, run: Run[Item, Outcome]) -> None:
        self._run = run

    def feed(self, chunk: list[BulkProgress[Item]], /) -> list[BulkProgress[Item]]:
        """The events that were read."""
        return chunk

    def end(self) -> list[BulkProgress[Item]]:
        """Nothing is held back."""
        return []

    def observe(self, item: BulkProgress[Item]) -> None:
        """A failure is told, and is no failure of the run."""

    async def outcome(self) -> Report[Outcome]:
        """The report."""
        return self._run.report


def _is_cancelled() -> bool:
    """Whether the running task was told to end, or only something that it waits for was."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _iterated(references: Iterable[object] | AsyncIterable[object]) -> AsyncIterator[object]:
    return aiter(references) if isinstance(references, AsyncIterable) else _one_by_one(references)


async def _one_by_one(references: Iterable[object]) -> AsyncIterator[object]:
    for reference in references:
        yield reference


async def _close(references: AsyncIterator[object]) -> None:
    close = getattr(references, "aclose", None)
    if close is not None:
        await close()
