"""The one object that everything that streams gives: awaited, iterated, bounded by a block, or handed to a task."""

from __future__ import annotations

import asyncio
import collections
import math
import warnings
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

from aiodockerhub.errors import Closed, DockerError, Misused, TimedOut

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType
    from typing import Self

__all__ = ["BulkStream", "Collector", "Decoder", "Flow", "NoOutcome", "Source", "Stream"]

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Seen = TypeVar("Seen", contravariant=True)
Made = TypeVar("Made", covariant=True)
Chunk = TypeVar("Chunk", covariant=True)
Result = TypeVar("Result")


class Source(Protocol[Chunk]):
    """What a stream comes from: an answer's body, or work that tells how far it is. Owned by the stream."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that it belongs to."""
        ...

    @property
    def deadline(self) -> float:
        """When it has to be over, with what it comes to, in the loop's time; infinite where there is no limit."""
        ...

    async def read(self) -> Chunk:
        """What has come since; empty at the end."""
        ...

    def close(self) -> None:
        """End it, in the loop's own thread; also twice."""
        ...

    async def aclose(self) -> None:
        """End it, and wait until it has ended."""
        ...

    def abandon(self) -> None:
        """End it, from any thread, from a finaliser, after the loop's end."""
        ...


class Decoder(Protocol[Item]):
    """Cuts what a source gives into items. `failure` is what stopped it, to be raised after the items before it."""

    failure: DockerError | None
    raw: bool

    def feed(self, chunk: Any, /) -> list[Item]:  # noqa: ANN401  (what its source gives)
        """The items that are complete with `chunk`."""
        ...

    def end(self) -> list[Item]:
        """The items that are complete with the end of the body."""
        ...


class Collector(Protocol[Seen, Made]):
    """Watches the items go by, and makes the outcome of them."""

    def observe(self, item: Seen) -> DockerError | None:
        """The error that this item reports, if it does."""
        ...

    async def outcome(self) -> Made:
        """The outcome, when the stream has ended well."""
        ...


class NoOutcome:
    """The collector of a stream that comes to nothing."""

    def observe(self, item: Any) -> DockerError | None:  # noqa: ANN401, ARG002  (what every collector takes)
        """Nothing is looked at."""
        return None

    async def outcome(self) -> None:
        """None."""
        return


_NEW: Final = "not begun"
_OPEN: Final = "under way"
_ENDED: Final = "ended"
_FAILED: Final = "failed"


class Flow(Generic[Item, Outcome]):
    """What goes on under a `Stream`: opens the source when it is first wanted, decodes, watches, and closes.

    Knows nothing of the object that the user holds, so that dropping that one is noticed.
    """

    def __init__(
        self,
        name: str,
        begin: Callable[[], Awaitable[Source[Any]]],
        decoder: Decoder[Item] | None,
        collector: Collector[Item, Outcome],
        *,
        convert: Callable[[Any], Item] | None = None,
    ) -> None:
        self.name = name
        self.state = _NEW
        self.batch: collections.deque[Any] = collections.deque()
        self.result: Outcome | None = None
        self.failure: BaseException | None = None
        self.held = False
        self.turn = 0
        self.decoder = decoder
        self.raw = False
        self.begun = False
        self.source: Source[Any] | None = None
        self._begin = begin
        self._collector = collector
        # a call for each item, to look at nothing, would be a tenth of the work
        kind: type[object] = type(collector)
        self._watched = kind is not NoOutcome
        self._convert = convert
        self._busy = False
        self._opening: asyncio.Timeout | None = None
        self._pending: DockerError | None = None
        self._last = False

    async def start(self) -> None:
        """Send the request, if that is not done yet; return when the head has come."""
        if self.state == _NEW:
            await self._guarded(self._open)

    async def more(self) -> bool:
        """Wait until the batch holds something; False at the end. Raises what ended the stream early."""
        if self.state == _ENDED:
            return False
        if self.state == _FAILED:
            assert self.failure is not None  # noqa: S101
            raise self.failure
        return await self._guarded(self._read)

    def take_turn(self) -> None:
        """Somebody begins to read: a reader that left a moment ago has been followed."""
        self.turn += 1

    def left(self) -> None:
        """A reader went away before the end. Unless another follows at once, or a block holds it, that is the end."""
        if self.state == _OPEN and not self.held and self.source is not None:
            turn = self.turn
            try:
                self.source.loop.call_soon_threadsafe(self._end_unless_followed, turn)
            except RuntimeError:  # the loop is closed
                self.drop()

    def drop(self) -> None:
        """Nobody will read any more. From any thread."""
        if self.source is not None:
            self.source.abandon()
        self._fail(Closed(f"{self.name}: left before its end"))

    def close(self, error: BaseException | None = None) -> None:
        """End it here, in the loop's own thread; who waits for it gets the error."""
        self._fail(error or Closed(f"{self.name}: closed before its end"))
        if self.source is not None:
            self.source.close()
        elif self._opening is not None:
            opening, self._opening = self._opening, None
            opening.reschedule(0)

    def _end_unless_followed(self, turn: int) -> None:
        if self.turn == turn and not self._busy:
            self.close(Closed(f"{self.name}: left before its end"))

    def _fail(self, error: BaseException) -> None:
        if self.state in (_NEW, _OPEN):
            self.state = _FAILED
            self.failure = error
            self.batch.clear()

    async def _guarded(self, step: Callable[[], Awaitable[Result]]) -> Result:
        if self._busy:
            raise Misused(f"{self.name}: two readers at once")
        self._busy = True
        try:
            return await step()
        except GeneratorExit:  # dropped while it waited: nothing more can be waited for
            self.drop()
            raise
        except BaseException as error:
            self._fail(error if isinstance(error, Exception) else Closed(f"{self.name}: cancelled before its end"))
            if self.source is not None:
                await self.source.aclose()
            if isinstance(error, Exception) and self.failure is not None and self.failure is not error:
                raise self.failure from None  # closed while it waited; the error only tells how that felt
            raise
        finally:
            self._busy = False

    async def _open(self) -> None:
        self.state = _OPEN
        try:
            async with asyncio.timeout(None) as self._opening:
                self.source = await self._begin()
        finally:
            self._opening = None
        if self.failure is not None:  # closed at the moment when it had opened
            raise self.failure

    async def _read(self) -> bool:
        self.begun = True
        if self.source is None:
            await self._open()
        source, decoder = self.source, self.decoder
        assert source is not None  # noqa: S101
        assert decoder is not None  # noqa: S101  (set with the body at the latest)
        while True:
            if self._pending is not None:
                raise self._pending
            if self._last:
                return await self._finish()
            chunk = await source.read()
            if chunk:
                self._accept(decoder.feed(chunk))
            else:
                self._last = True
                self._accept(decoder.end())
            self._pending = self._pending or decoder.failure
            if self.batch:
                return True

    def _accept(self, items: list[Item]) -> None:
        observe = self._collector.observe
        if self.raw and self._convert is not None:
            observe = self._observe_raw
        elif not self._watched:
            self.batch.extend(items)
            return
        for position, item in enumerate(items):
            if (error := observe(item)) is not None:
                self._pending = error
                self.batch.extend(items[:position])
                return
        self.batch.extend(items)

    def _observe_raw(self, item: Any) -> DockerError | None:  # noqa: ANN401  (the engine's own dict)
        assert self._convert is not None  # noqa: S101
        try:
            return self._collector.observe(self._convert(item))
        except DockerError as error:
            return error

    async def _finish(self) -> bool:
        source = self.source
        assert source is not None  # noqa: S101  (it came to its end)
        try:
            async with asyncio.timeout_at(source.deadline if source.deadline < math.inf else None):
                self.result = await self._collector.outcome()
        except TimeoutError as error:
            if isinstance(error, DockerError):
                raise
            raise TimedOut(f"{self.name} took longer than its time limit, to tell what it came to") from error
        self.state = _ENDED
        if not self.held:
            source.close()  # one that goes both ways is open still, for who holds it
        return False


class _Items(AsyncIterator[Item]):
    """One loop over a stream. Dropping it early, as `break` does, ends the stream."""

    __slots__ = ("__weakref__", "_flow", "_stream")

    def __init__(self, stream: Stream[Any, Any], flow: Flow[Any, Any]) -> None:
        self._stream = stream  # keeps `async for item in docker.events()` alive
        self._flow = flow

    async def __anext__(self) -> Item:
        flow = self._flow
        if not flow.batch and not await flow.more():
            raise StopAsyncIteration
        item: Item = flow.batch.popleft()
        return item

    def __del__(self) -> None:
        self._flow.left()


class Stream(Coroutine[Any, Any, Outcome], Generic[Item, Outcome]):
    """Something that the engine tells bit by bit, and what it comes to.

    - `await stream` runs it to its end and gives the outcome; a second await gives the same outcome, or the same error;
    - `async for item in stream` gives typed items, `async for line in stream.raw` the engine's own dicts; afterwards
      `stream.outcome`;
    - `async with stream` sends the request and ends it with the block, whatever happens in between;
    - `asyncio.create_task`, `gather`, `wait_for` and `TaskGroup` take it as they take a coroutine.

    Nothing is sent before the first of these. A loop left early (`break`, an exception, cancellation) ends the stream
    and its connection, unless the loop stands in an `async with`, or the stream is awaited or iterated on right away.
    Errors are raised after what came before them was given out. One reader at a time: Misused otherwise.
    """

    def __init__(self, flow: Flow[Item, Outcome]) -> None:
        self._flow = flow
        self.__name__ = flow.name  # what the repr of a task shows
        self._running: Coroutine[Any, Any, Outcome] | None = None
        self._runner: asyncio.Task[Any] | None = None
        self._reader: weakref.ref[_Items[Any]] | None = None

    @property
    def outcome(self) -> Outcome:
        """What it came to. Raises what ended it early, or Misused before its end."""
        flow = self._flow
        if flow.state == _ENDED:
            return cast("Outcome", flow.result)
        if flow.failure is not None:
            raise flow.failure
        raise Misused(f"{flow.name}: no outcome before the end; await it, or iterate to the end")

    @property
    def raw(self) -> AsyncIterator[dict[str, Any]]:
        """The same stream as the engine's own dicts. Misused for one that began with typed items."""
        return self._iterate(raw=True)

    def __aiter__(self) -> AsyncIterator[Item]:
        return self._iterate(raw=False)

    def _iterate(self, *, raw: bool) -> _Items[Any]:
        flow = self._flow
        if flow.state in (_NEW, _OPEN) and self._reader is not None and self._reader() is not None:
            raise Misused(f"{flow.name}: two iterators at once")
        if flow.state == _OPEN and flow.begun and flow.raw != raw:
            began, other = (".raw", "typed items") if flow.raw else ("typed items", ".raw")
            raise Misused(f"{flow.name}: began with {began}, and can't go on with {other}")
        flow.take_turn()
        flow.raw = raw
        if flow.decoder is not None:
            flow.decoder.raw = raw
        items: _Items[Any] = _Items(self, flow)
        self._reader = weakref.ref(items)
        return items

    async def _run(self) -> Outcome:
        flow = self._flow
        flow.take_turn()
        flow.batch.clear()
        while await flow.more():
            flow.batch.clear()
        return cast("Outcome", flow.result)

    def __await__(self) -> Generator[Any, Any, Outcome]:
        return self._run().__await__()

    async def __aenter__(self) -> Self:
        self._flow.held = True
        self._flow.take_turn()
        await self._flow.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End it here: the connection is closed, or given back if the body was at its end. Safe at any time."""
        self._flow.close()
        if self._flow.source is not None:
            await self._flow.source.aclose()

    def send(self, value: Any, /) -> Any:  # noqa: ANN401  (the protocol of coroutines)
        """One step, as a task takes it."""
        running = self._coroutine()
        try:
            return running.send(value)
        except BaseException:
            self._running = self._runner = None
            raise

    def throw(self, *error: Any) -> Any:  # noqa: ANN401
        """An exception from the task that runs it."""
        if self._running is not None and self._runner is not _current_task():
            raise error[0]  # another task, cancelled before its first step
        running = self._coroutine()
        try:
            return running.throw(*error)
        except BaseException:
            self._running = self._runner = None
            self._flow.close()  # a task cancelled before its first step never enters the coroutine
            raise

    def close(self) -> None:
        """End the coroutine that a task runs."""
        if self._running is not None:
            self._running.close()
        self._flow.drop()

    def _coroutine(self) -> Coroutine[Any, Any, Outcome]:
        """What the task that asks runs; one that has ended is followed by another, which ends the same."""
        task = _current_task()
        if self._running is None:
            self._running, self._runner = self._run(), task
        elif self._runner is not task:
            raise Misused(f"{self._flow.name}: two tasks at once")
        return self._running

    def __repr__(self) -> str:
        return f"<Stream {self._flow.name}: {self._flow.state}>"

    def __del__(self) -> None:
        flow = self._flow
        if flow.state == _NEW:
            flow.drop()
            warnings.warn(
                f"stream {flow.name} was never awaited or iterated", RuntimeWarning, stacklevel=1, source=self
            )
        elif flow.state == _OPEN:
            flow.drop()


class BulkStream(Stream[Item, Outcome]):
    """A stream over many operations, which tells at any time what was done.

        stream = docker.images.pull_many(references)
        try:
            async with stream:
                async for progress in stream: ...
        finally:
            print(stream.report.summary())

    Otherwise it is what every `Stream` is; its outcome is the same report, if it comes to its end.
    """

    def __init__(self, flow: Flow[Item, Outcome], report: Callable[[], Outcome]) -> None:
        super().__init__(flow)
        self._report = report

    @property
    def report(self) -> Outcome:
        """What became of each that was begun, also where `outcome` raises: after a `break`, an error, a cancellation.

        It is final once the stream has ended: after `await`, an `async with` block, `aclose()`, or the end of a task
        that ran it. Before that, and for a moment after a loop without a block was left, it is a picture of that
        moment. What has not ended, or never will, stands in it as Closed.
        """
        return self._report()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop: somebody takes the steps by hand
        return None
