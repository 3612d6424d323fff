"""Events without an end: after a cut they go on where they broke off."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from aiodockerhub.errors import (
    Closed,
    DockerError,
    EngineUnreachable,
    Misused,
    PermissionRefused,
    ServerError,
    StreamBroken,
    TimedOut,
    TLSFailed,
)
from aiodockerhub.progress import Away, Event
from aiodockerhub.retries import Backoff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiodockerhub.engine.moments import Moment
    from aiodockerhub.wire.pool import Pool
    from aiodockerhub.wire.stream import Stream

__all__ = ["LastingEvents", "Watched"]

Watched: TypeAlias = "Event | Away"
"""What a stream of events that reconnects gives."""

_PASSING: Final = (EngineUnreachable, ServerError, StreamBroken, TimedOut)
_LASTING: Final = (PermissionRefused, TLSFailed)
_BACKOFF: Final = Backoff(attempts=None, first=0.05, most=5.0, jitter=0.1)
_OVERLAP: Final = 1_000_000_000
"""Nanoseconds that are asked for once more after a cut: engines do not tell events quite in the order of their time."""


class LastingEvents:
    """Where the events of a lasting stream come from; also its decoder, and its outcome, which is none.

    `listen` opens the engine's events from a moment on, `now` asks for the engine's time. `endless`: their end is a
    cut too.
    """

    failure: DockerError | None = None
    raw: bool = False
    deadline: float = math.inf

    def __init__(
        self,
        pool: Pool,
        listen: Callable[[Moment | None], Stream[Event, None]],
        now: Callable[[], Awaitable[int]],
        *,
        since: Moment | None,
        endless: bool,
    ) -> None:
        self._pool = pool
        self._listen = listen
        self._now = now
        self._since = since
        self._endless = endless
        self._events: Stream[Event, None]
        self._each: AsyncIterator[Event]
        self._newest = 0
        self._known: deque[tuple[int, object]] = deque()
        self._error: DockerError | None = None
        self._ended = asyncio.Event()

    async def begin(self) -> LastingEvents:
        """Listen for the first time. Raises what keeps the engine from answering."""
        if self.raw:
            raise Misused("events that reconnect have no raw form")
        self.loop = self._pool.bind()
        began = self._since if self._since is not None else await self._now()
        await self._open(self._since)
        self._since = began
        self._pool.enter(self)
        return self

    async def read(self) -> list[Watched]:
        """The next event, or how long the engine was away; nothing at the end."""
        while True:
            try:
                event = await anext(self._each)
            except StopAsyncIteration:
                if not self._endless:
                    return []
                broken: DockerError = StreamBroken("the engine ended its events")
            except _PASSING as error:
                if isinstance(error, _LASTING):
                    raise
                broken = error
            else:
                if self._is_new(event):
                    return [event]
                continue
            return [await self._again(broken)]

    async def _again(self, broken: DockerError) -> Away:
        """Listen once more, as soon as the engine lets us."""
        began, tried = datetime.now(UTC), 0
        await self._events.aclose()
        while True:
            try:
                await self._open(self._from())
            except _PASSING as error:
                if isinstance(error, _LASTING):
                    raise
            else:
                return Away(began, datetime.now(UTC), broken)
            tried += 1
            try:
                async with asyncio.timeout(_BACKOFF.wait(tried)):
                    await self._ended.wait()
            except TimeoutError:
                continue
            raise self._error or Closed("events: closed before their end")

    async def _open(self, since: Moment | None) -> None:
        events = self._listen(since)
        await events.__aenter__()  # left by `close`, or for the next
        self._events, self._each = events, aiter(events)

    def _from(self) -> Moment | None:
        if not self._newest:
            return self._since
        seconds, rest = divmod(self._newest - _OVERLAP, 1_000_000_000)
        return f"{seconds}.{rest:09}"

    def _is_new(self, event: Event) -> bool:
        """Whether it was not told before."""
        when = event.time_nano
        if when is None:
            return True
        key = (when, (event.type, event.action, event.actor.id))
        if key in self._known:
            return False
        self._newest = max(self._newest, when)
        self._known.append(key)
        while self._known[0][0] < self._newest - 2 * _OVERLAP:
            self._known.popleft()
        return True

    # the source's end

    def close(self) -> None:
        """End it; also twice."""
        self._ended.set()
        self._pool.leave(self)
        self._events.close()

    async def aclose(self) -> None:
        """End it, and wait until its connection has ended."""
        self.close()
        await self._events.aclose()

    def abandon(self) -> None:
        """End it, from any thread, from a finaliser."""
        self._pool.leave(self)
        self._events.close()

    def break_off(self, error: DockerError) -> None:
        """End it from outside: who reads gets `error`."""
        self._error = error
        self._ended.set()

    # a decoder, and a collector

    def feed(self, chunk: list[Watched], /) -> list[Watched]:
        """What was read."""
        return chunk

    def end(self) -> list[Watched]:
        """Nothing is held back."""
        return []

    def observe(self, item: Watched) -> None:
        """Nothing is looked at."""

    async def outcome(self) -> None:
        """None."""
