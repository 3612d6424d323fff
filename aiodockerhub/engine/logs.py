"""Output that containers wrote, by themselves or as tasks of a service, as chunks, lines or bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from aiodockerhub.progress import LogChunk, LogLine
from aiodockerhub.wire.frames import Frames, Lines, Terminal
from aiodockerhub.wire.stream import Flow, NoOutcome, Stream

if TYPE_CHECKING:
    from collections.abc import Generator

    from aiodockerhub.engine.api import Engine
    from aiodockerhub.errors import DockerError
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import Source
    from aiodockerhub.wire.timeouts import CallTimeout

__all__ = ["LogStream", "Logs"]

_TELLS_FRAMES: Final = (1, 42)
"""The API version from which dockerd tells frames from a terminal's output by the Content-Type; podman never does."""

_PATIENCE: Final = 1.0
"""Seconds to wait for the first logs: a proxy may hold a head back until there is output, and that may never come."""

_FRAMED: Final = "application/vnd.docker.multiplexed-stream"
_PLAIN: Final = "application/vnd.docker.raw-stream"

HasTerminal: TypeAlias = "Callable[[str, CallTimeout], Awaitable[bool]]"
"""Asks the engine whether the object of a name writes to a terminal."""


class LogStream(Stream[LogChunk, None]):
    """What a container wrote, bit by bit; stdout and stderr apart, unless it has a terminal: then all is stdout.

    Iterated, it gives chunks as the engine sends them; `lines()` gives whole lines, `raw` the bytes alone. For
    everything else see `Stream`.
    """

    def __init__(self, name: str, begin: Callable[[], Awaitable[tuple[Source[bytes], bool]]], *, line: int) -> None:
        """`begin` opens the output and tells whether it is framed; `line` bounds a line, in bytes."""

        async def opened() -> Source[bytes]:
            body, framed = await begin()
            flow.decoder = decoder = Frames() if framed else Terminal()
            decoder.raw = flow.raw
            return body

        flow = Flow[LogChunk, None](name, opened, None, NoOutcome())
        super().__init__(flow)
        self._lines = Lines(longest=line)

    @property
    def raw(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        """The same output as bytes, stdout and stderr in one: output is no JSON, so that its raw form is no dict."""
        return self._iterate(raw=True)

    def lines(self) -> AsyncIterator[LogLine]:
        """The same output as whole lines, each given when its end has come.

        What the output ends with without a line's end is given as the last line, unless the stream breaks. A line of
        more bytes than `Limits.line` raises TooLarge. A loop left early inside `async with` goes on with `lines()`.
        """
        return _WholeLines(aiter(self), self._lines, self._flow.close)


class Logs:
    """The logs of one kind of object: containers, services, tasks."""

    def __init__(self, engine: Engine, operation: str, template: str) -> None:
        self._engine = engine
        self._operation = operation
        self._template = template
        self._kinds = LogKinds()

    def stream(
        self, name: str, parameters: Mapping[str, object], has_terminal: HasTerminal, timeout: CallTimeout
    ) -> LogStream:
        """The logs of the object `name`, asked for when they are first wanted.

        `has_terminal` is asked where the answer does not tell: a terminal's output has no frames.
        """

        async def begin() -> tuple[Body, bool]:
            return await self._open(name, parameters, has_terminal, timeout)

        return LogStream(f"logs of {name}", begin, line=self._engine.http.pool.limits.line)

    async def _open(
        self, name: str, parameters: Mapping[str, object], has_terminal: HasTerminal, timeout: CallTimeout
    ) -> tuple[Body, bool]:
        with await self._kinds.learning(self._engine.http.bind()):
            # asked before, since a container that removes itself may be gone by the time that its logs are open
            terminal = None if self._kinds.told else await has_terminal(name, timeout)
            body = await self._engine.open(
                self._operation, "GET", self._template, name, query=parameters, timeout=timeout
            )
            try:
                framed = is_framed(body.headers, await self._engine.version())
                self._kinds.told = framed is not None
                if framed is None:
                    framed = not (terminal if terminal is not None else await has_terminal(name, timeout))
            except BaseException:
                body.close()
                raise
            return body, framed


class LogKinds:
    """Whether an engine's answers tell frames from plain output. Whoever opens the first logs finds out.

    Those who come meanwhile wait for that answer: else each of them would ask the engine about its container too.
    """

    def __init__(self) -> None:
        self.told: bool | None = None
        """Whether the last answer told; None while nobody knows."""
        self._first: asyncio.Future[None] | None = None

    async def learning(self, loop: asyncio.AbstractEventLoop) -> contextlib.AbstractContextManager[None]:
        """A block in which logs are opened: at once for the first and where it is known, for others after the first."""
        while self.told is None and (first := self._first) is not None:
            await asyncio.wait((first,), timeout=_PATIENCE)
            if not first.done():
                self.told = False  # as far as is known: each asks, until an answer tells
            elif not first.cancelled():
                return contextlib.nullcontext()  # it told, or failed
            # a first one that was cancelled is followed by another
        return contextlib.nullcontext() if self.told is not None else self._begin(loop.create_future())

    @contextlib.contextmanager
    def _begin(self, first: asyncio.Future[None]) -> Generator[None]:
        self._first = first
        try:
            yield
        except asyncio.CancelledError:
            first.cancel()
            raise
        finally:
            self._first = None
            if not first.done():
                first.set_result(None)


class _WholeLines(AsyncIterator[LogLine]):
    """One loop over the lines of a stream."""

    __slots__ = ("_chunks", "_fail", "_lines")

    def __init__(self, chunks: AsyncIterator[LogChunk], lines: Lines, fail: Callable[[DockerError], None]) -> None:
        self._chunks = chunks
        self._lines = lines
        self._fail = fail

    async def __anext__(self) -> LogLine:
        lines = self._lines
        while not lines.ready:
            if lines.failure is not None:
                self._fail(lines.failure)
                raise lines.failure
            try:
                lines.feed(await anext(self._chunks))
            except StopAsyncIteration:
                lines.end()
                if not lines.ready:
                    raise
        return lines.ready.popleft()


def is_framed(headers: Mapping[str, str], version: tuple[int, int]) -> bool | None:
    """Whether the output is made of frames, as far as the answer's head tells; None where it does not."""
    told = headers.get("Content-Type", "")
    if told.startswith(_FRAMED):
        return True
    return False if version >= _TELLS_FRAMES and told.startswith(_PLAIN) else None
