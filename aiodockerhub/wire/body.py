"""An answer that is read bit by bit."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

import aiohttp

from aiodockerhub.errors import DockerError, Misused, TimedOut
from aiodockerhub.wire.failures import FOREIGN, broken_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.client_proto import ResponseHandler

    from aiodockerhub.wire.places import Place
    from aiodockerhub.wire.pool import Pool

__all__ = ["Body", "reset_of", "tell_of_loss", "unbounded"]


class Body:
    """The rest of an answer whose head has come. Owns its connection until `close`, its end, or an error."""

    __slots__ = (
        "__weakref__",
        "_asked",
        "_content",
        "_error",
        "_idle",
        "_lasting",
        "_place",
        "_pool",
        "_response",
        "closed",
        "deadline",
        "loop",
    )

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        pool: Pool,
        place: Place,
        *,
        asked: str,
        idle: float | None,
        deadline: float,
    ) -> None:
        self._response = response
        self._content = response.content
        self._pool = pool
        self._place = place
        self.loop = pool.bind()
        self._asked = asked
        self._idle = idle
        self.deadline = deadline
        self._error: DockerError | None = None
        self._lasting = unbounded(response)
        self.closed = False
        pool.enter(self)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The head's fields; names in any case."""
        return self._response.headers

    async def read(self) -> bytes:
        """What has come since, at least one byte; b"" at the end. Raises StreamBroken, TimedOut, Closed."""
        if self._error is not None:
            raise self._error
        try:
            if self._idle is None and self.deadline == math.inf:
                chunk = await self._content.readany()
            else:
                chunk = await self._read_in_time()
        except FOREIGN as error:
            return self._rest(broken_body(error, asked=self._asked), error)
        except GeneratorExit:  # dropped while it waited, perhaps in no loop at all
            self.abandon()
            raise
        except BaseException as error:
            if isinstance(error, RuntimeError):
                if asyncio.get_running_loop() is self.loop:  # lost, and not told to the reader yet
                    return self._rest(broken_body(error, asked=self._asked), error)
                self.abandon()
                raise Misused(f"a stream belongs to the event loop that began it ({self._asked})") from error
            self.close()
            raise
        if not chunk:
            self.close()
            if self._lasting is not None and (reset := reset_of(self._lasting)) is not None:
                raise broken_body(reset, asked=self._asked) from reset
        return chunk

    async def _read_in_time(self) -> bytes:
        now = self.loop.time()
        silent = now + self._idle if self._idle is not None else math.inf
        when = min(silent, self.deadline)
        if when <= now:  # what is there already would be given without a wait, and so without an end
            raise TimedOut(f"it took longer than its time limit ({self._asked})")
        try:
            async with asyncio.timeout_at(when):
                return await self._content.readany()
        except TimeoutError as error:
            late = f"nothing came for {self._idle:g} s" if when == silent else "it took longer than its time limit"
            raise TimedOut(f"{late} ({self._asked})") from error

    def _rest(self, error: DockerError, cause: BaseException) -> bytes:
        """What had come before the connection broke; the error goes to the next read, or is raised if there is nothing.

        aiohttp keeps the bytes but raises its exception first; taking the exception back gives access to them.
        """
        if error is not cause:
            error.__cause__ = cause
        rest = b""
        if not self.closed and not isinstance(error, TimedOut):
            self._content.set_exception(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            rest = self._content.read_nowait()
        self.close()
        if not rest:
            raise error
        self._error = error
        return rest

    def close(self) -> None:
        """Give the connection back if the body is at its end, else cut it. In the loop's own thread; also twice."""
        if not self.closed:
            self.closed = True
            connection = self._response.connection  # none at the end of the body
            if connection is not None and connection.transport is not None:
                # closed, it would live on for as long as the peer does not read what was written
                connection.transport.abort()
            self._response.close()
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
                # unless its response is closed, aiohttp's own finaliser wants the loop
                for end in (self._response.close, self._place.release):
                    with contextlib.suppress(RuntimeError):  # who waits there can't be told any more
                        end()

    def break_off(self, error: DockerError) -> None:
        """End it from outside: who reads gets `error`."""
        if not self.closed:
            self._error = error
            self._content.set_exception(error)
            self.close()


def unbounded(response: aiohttp.ClientResponse) -> ResponseHandler | None:
    """The connection of a body that goes on until it closes; None for one of which the end is told."""
    if "Content-Length" in response.headers or "Transfer-Encoding" in response.headers:
        return None
    return response.connection.protocol if response.connection is not None else None


def reset_of(lasting: ResponseHandler) -> OSError | None:
    """What ended an `unbounded` body where that was a reset: aiohttp takes it for a good end, but keeps the error."""
    error = lasting.exception()
    return error if isinstance(error, OSError) else None


def tell_of_loss(response: aiohttp.ClientResponse) -> None:
    """Sees to it that who reads the body learns of the end of its connection.

    Where chunks make no sense, aiohttp closes the connection and forgets the reader, who would wait for ever.
    """
    content, connection = response.content, response.connection
    protocol = connection.protocol if connection is not None else None
    if protocol is None or content.is_eof():
        return

    def lost(closed: asyncio.Future[None] | None = None) -> None:
        if closed is not None and not closed.cancelled():
            closed.exception()  # else the loop complains that nobody looked at it
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the body makes no sense"))

    def ended() -> None:
        if closed is not None:
            closed.remove_done_callback(lost)

    if (closed := protocol.closed) is None:
        lost()
    else:
        closed.add_done_callback(lost)
        content.on_eof(ended)
