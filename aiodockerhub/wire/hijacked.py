"""A connection that was given up to whoever asked: what it says and takes, within its time, until it is closed."""

from __future__ import annotations

import asyncio
import functools
import math
from typing import TYPE_CHECKING, TypeVar

from aiodockerhub.errors import Closed, DockerError, Misused, TimedOut
from aiodockerhub.wire.failures import broken_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiodockerhub.wire.dial import Line
    from aiodockerhub.wire.places import Place
    from aiodockerhub.wire.pool import Pool

__all__ = ["Hijacked"]

_Result = TypeVar("_Result")


class Hijacked:
    """A connection after its handshake, which is given up to whoever asked. Owned until `close`."""

    def __init__(
        self,
        pool: Pool,
        line: Line,
        place: Place,
        headers: Mapping[str, str],
        *,
        asked: str,
        early: bytes = b"",
        idle: float | None,
        deadline: float,
    ) -> None:
        self.headers = headers
        self.loop = pool.bind()
        self.closed = False
        self._pool = pool
        self._line = line
        self._place = place
        self._asked = asked
        self._early = early  # what came together with the head
        self._idle = idle
        self.deadline = deadline
        self._error: DockerError | None = None
        self._ended = False
        self._turn = asyncio.Lock()
        pool.enter(self)

    async def read(self) -> bytes:
        """What has come since, at least one byte; b"" when the other side has ended. Raises StreamBroken, TimedOut."""
        self._check()
        if self._early:
            early, self._early = self._early, b""
            return early
        try:
            return await self._in_time(self._line.read, self._idle)
        except OSError as error:
            if isinstance(error, DockerError):
                raise
            self.break_off(broken_body(error, asked=self._asked))
            raise self._why(error) from error

    async def write(self, data: bytes) -> None:
        """Send it, and wait while the other side takes nothing. What came can be read also after this has failed.

        Who writes meanwhile waits for its turn, so that nothing comes in between. Cancelled, a part of it may be sent.

        Raises StreamBroken, TimedOut, Closed, and Misused after `write_eof`.
        """
        self._check()
        if self._ended:
            raise Misused(f"nothing can be written after write_eof() ({self._asked})")
        await self._sent(functools.partial(self._line.write, data))

    async def write_eof(self) -> None:
        """Tell the other side that nothing more comes; reading goes on. Also twice."""
        self._check()
        if not self._ended:
            self._ended = True
            await self._sent(self._line.write_eof)

    async def _sent(self, send: Callable[[], Awaitable[None]]) -> None:
        async def in_turn() -> None:
            async with self._turn:
                await send()

        try:
            await self._in_time(in_turn, None)
        except OSError as error:
            if isinstance(error, DockerError):
                raise
            raise self._why(error) from error

    def _why(self, error: OSError) -> DockerError:
        """What a failure of the line means: closed from this side, it only tells how that felt."""
        if self._error is None and self.closed:
            return self._closed()
        return self._error or broken_body(error, asked=self._asked)

    async def _in_time(self, step: Callable[[], Awaitable[_Result]], patience: float | None) -> _Result:
        now = self.loop.time()
        silent = now + patience if patience is not None else math.inf
        until = min(silent, self.deadline)
        try:
            if until <= now:  # what needs no wait would have no end either
                raise TimeoutError
            async with asyncio.timeout_at(until if until < math.inf else None):
                result = await step()
        except TimeoutError as error:
            if error.errno is not None:  # the system's own
                raise
            late = "it took longer than its time limit" if until < silent else f"nothing came for {patience:g} s"
            raise TimedOut(f"{late} ({self._asked})") from error
        self._check()  # closed meanwhile: what came then is no end
        return result

    def close(self) -> None:
        """End both ways at once. In the loop's own thread; also twice."""
        if not self.closed:
            self.closed = True
            self._line.abort()
            self._place.release()
            self._pool.leave(self)

    async def aclose(self) -> None:
        """`close`; the transport goes in the next turn of the loop."""
        if asyncio.get_running_loop() is not self.loop:
            self.abandon()
            return
        self.close()
        await asyncio.sleep(0)

    def abandon(self) -> None:
        """`close`, from any thread, from a finaliser, after the loop's end."""
        if not self.closed:
            try:
                self.loop.call_soon_threadsafe(self.close)
            except RuntimeError:  # the loop is closed, and its connections with it
                self.closed = True
                self._pool.leave(self)
                self._place.release()

    def break_off(self, error: DockerError) -> None:
        """End it from outside: who reads or writes gets `error`."""
        if not self.closed:
            self._error = error
            self.close()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if self.closed:
            raise self._closed()
        if asyncio.get_running_loop() is not self.loop:
            raise Misused(f"a stream belongs to the event loop that began it ({self._asked})")

    def _closed(self) -> Closed:
        return Closed(f"closed before its end ({self._asked})")
