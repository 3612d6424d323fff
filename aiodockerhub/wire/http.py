"""Requests to one server: places, time limits, retries, errors of our own family, and a line in the log for each."""

from __future__ import annotations

import asyncio
import errno
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import aiohttp
import yarl
from msgspec import structs

from aiodockerhub.errors import (
    APIError,
    Closed,
    ConnectionFailed,
    DockerError,
    ProtocolViolated,
    Redirected,
    TimedOut,
    TLSFailed,
    TooLarge,
)
from aiodockerhub.retries import MOMENT, again
from aiodockerhub.wire.body import Body, reset_of, tell_of_loss, unbounded
from aiodockerhub.wire.connectors import UNDER_WAY, Attempt
from aiodockerhub.wire.failures import (
    FOREIGN,
    failure,
    without_secrets,
)
from aiodockerhub.wire.flights import Flight
from aiodockerhub.wire.messages import Answer, Request, Sending, brief, decoded
from aiodockerhub.wire.persistence import Persistence
from aiodockerhub.wire.redirects import MOST_HOPS, REDIRECTS, next_hop, shown
from aiodockerhub.wire.refusals import Missing, refused
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, Pace, Span, Timeout, span

if TYPE_CHECKING:
    from aiodockerhub.wire.hijacked import Hijacked
    from aiodockerhub.wire.places import Place
    from aiodockerhub.wire.pool import Pool

__all__ = ["HTTP"]

_log: Final = logging.getLogger("aiodockerhub.wire")
_READING: Final = frozenset({"GET", "HEAD"})
_NOT_MODIFIED: Final = 304
"""What engines answer where nothing was to be done."""
_OCTETS_UNREAD: Final = 64 * 1024
"""Bytes of an answer in octets that may lie unread, twice: fewer, and each piece that is read stops the connection."""
_Result = TypeVar("_Result")


Take: TypeAlias = Callable[[Request, aiohttp.ClientResponse], Awaitable[_Result]]
"""What becomes of an answer."""


class HTTP:
    """The one place where a request is sent.

    `base` is the URL that targets stand below, `address` the server's name in errors, `unreachable` the class for no
    connection. Redirects are errors unless `follow`. `proxy` gives the proxy for a URL; `seen` is shown every head.
    """

    def __init__(
        self,
        pool: Pool,
        base: str,
        *,
        address: str,
        timeout: Timeout,
        unreachable: type[ConnectionFailed] = ConnectionFailed,
        missing: Missing | None = None,
        follow: bool = False,
        proxy: Callable[[str], str | None] | None = None,
        seen: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        self.pool = pool
        self.address = address
        self.timeout = timeout
        self._base = base.rstrip("/")
        self._unreachable = unreachable
        self._missing = missing
        self._follow = follow
        self._proxy = proxy
        self.seen = seen
        self.closed = False
        self._usual: dict[Pace, Span] = {}

    def bind(self) -> asyncio.AbstractEventLoop:
        """The loop that this client belongs to. Raises Closed and Misused."""
        if self.closed:
            raise Closed(f"the client of {self.address} is closed")
        return self.pool.bind()

    async def call(self, request: Request, *, pace: Pace = "short", timeout: CallTimeout = UNSET) -> Answer:
        """The whole answer, of at most `Limits.body` bytes. Raises an APIError from 400 on.

        The pace "stream" is here for a call that waits, for hours perhaps, for an answer of a few bytes.
        """
        limits = self.limits(timeout, pace)
        with self.flight(request, limits) as flight:
            return await self.whole(request, limits, flight)

    def limits(self, timeout: CallTimeout, pace: Pace) -> Span:
        """The time limits of a call."""
        if timeout is not UNSET:
            return span(self.timeout, timeout, pace)
        if pace not in self._usual:
            self._usual[pace] = span(self.timeout, UNSET, pace)
        return self._usual[pace]

    def flight(self, request: Request, limits: Span) -> Flight:
        """The block in which a call runs: within its total, and until the pool closes."""
        return Flight(self.pool.flights, self.bind(), request, self.address, limits.total)

    def whole(self, request: Request, limits: Span, flight: Flight) -> Awaitable[Answer]:  # noqa: ARG002  (as `opened`)
        """The whole answer, inside a flight."""
        return self._read(request, limits, self._whole)

    def decoded(self, request: Request, limits: Span, flight: Flight) -> Awaitable[Any]:  # noqa: ARG002
        """The JSON of the whole answer. Raises ProtocolViolated for an empty one too."""
        return self._read(request, limits, self._decoded)

    async def opened(self, request: Request, limits: Span, flight: Flight) -> Body:
        """The head of the answer, and its body to be read, inside a flight. Raises an APIError from 400 on."""
        place = await self.pool.places.acquire(limits.pace, limits.pool)
        take = functools.partial(self._opened, place=place, idle=limits.idle, deadline=flight.deadline)
        try:
            return await self._persistently(request, limits, take)
        except BaseException:
            place.release()
            raise

    async def hijacked(self, request: Request, limits: Span, flight: Flight) -> Hijacked:
        """The connection itself, which the server gives up after the request, inside a flight. Raises an APIError."""
        from aiodockerhub.wire.hijack import Server, hijack

        server = Server(yarl.URL(self._base, encoded=True), self.address, self._unreachable, self._missing)
        place = await self.pool.places.acquire("stream", limits.pool)
        try:
            return await hijack(self.pool, server, request, limits, place=place, deadline=flight.deadline)
        except BaseException:
            place.release()
            raise

    async def websocket(self, request: Request, limits: Span, flight: Flight) -> Hijacked:
        """An open WebSocket, inside a flight. Raises an APIError."""
        from aiodockerhub.wire.hijacked import Hijacked
        from aiodockerhub.wire.websocket import websocket

        place, attempt = await self.pool.places.acquire("stream", limits.pool), _attempt(request)
        try:
            line = await websocket(self.pool, self._url(request), request, limits, attempt, self._missing)
            return Hijacked(self.pool, line, place, {}, asked=request.asked, idle=limits.idle, deadline=flight.deadline)
        except FOREIGN as error:
            place.release()
            raise self._ours(error, attempt, request, limits) from without_secrets(error)
        except BaseException:
            place.release()
            raise

    async def _read(self, request: Request, limits: Span, take: Take[_Result]) -> _Result:
        """An answer that is read at once, and gives its place back."""
        places = self.pool.places
        place = places.try_acquire(limits.pace) or await places.acquire(limits.pace, limits.pool)
        try:
            return await self._persistently(request, limits, take)
        finally:
            place.release()

    async def _persistently(self, request: Request, limits: Span, take: Take[_Result]) -> _Result:
        """Sent, and sent again where that can do no harm."""
        attempt = _attempt(request)
        try:
            return await self._exchange(request, limits, attempt, take)
        except FOREIGN as error:
            if isinstance(error, DockerError) or error is attempt.raised:
                raise
            # no name for the error here, which would live on with all frames above: its traceback holds this one
            repeating = self._repeatedly(request, limits, attempt, take, error)
        return await repeating

    async def _repeatedly(
        self, request: Request, limits: Span, attempt: Attempt, take: Take[_Result], first: Exception
    ) -> _Result:
        """What became of it after the first `attempt` failed."""
        persistence = Persistence(limits)

        async def repeat() -> _Result:
            nonlocal attempt
            attempt = _attempt(request)
            self.pool.stats.retries += 1
            return await self._exchange(request, limits, attempt, take)

        def worth(error: Exception) -> bool | float:
            if isinstance(error, DockerError) or not isinstance(error, FOREIGN) or error is attempt.raised:
                return False
            wait = persistence.wait(error, attempt)
            if wait is not False:
                _log.debug("%s again, since: %s", request.asked, _name(error))
            return wait

        try:
            return await again(repeat, first, MOMENT, worth=worth, sleep=self.pool.places.pause)
        except FOREIGN as error:
            if isinstance(error, DockerError) or error is attempt.raised:
                raise
            ours = self._ours(error, attempt, request, limits)
            _log.debug("%s failed: %s, since: %s", request.asked, type(ours).__name__, _name(error))
            raise ours from without_secrets(error)

    def _ours(self, error: Exception, attempt: Attempt, request: Request, limits: Span) -> DockerError:
        return failure(
            error,
            attempt,
            address=attempt.hop or self.address,
            asked=request.asked,
            unreachable=self._unreachable,
            limits=limits,
        )

    async def _exchange(self, request: Request, limits: Span, attempt: Attempt, take: Take[_Result]) -> _Result:
        """One answer that is no redirect, taken as `take` does; an APIError for one that says no."""
        for _ in range(MOST_HOPS + 1):
            started = time.monotonic()
            response: aiohttp.ClientResponse | Exception
            try:
                response = await self._asking(request, limits, attempt)
            except FOREIGN:
                if attempt.raised is None:
                    raise
                response = attempt.raised
            except BaseException:
                attempt.cut()
                raise
            if isinstance(response, Exception):
                raise response
            attempt.answered = True
            attempt.content = response.content
            if not response.content.is_eof():
                tell_of_loss(response)
            if _log.isEnabledFor(logging.DEBUG):
                took = (time.monotonic() - started) * 1000
                _log.debug("%s -> %d in %.1f ms", request.asked, response.status, took)
            if self.seen is not None:
                self.seen(response.headers)
            status = response.status
            try:
                if 200 <= status < 300 or status == _NOT_MODIFIED:
                    return await take(request, response)
                if status < 200:
                    raise ProtocolViolated(f"{self.address} answers {status}, which nobody asked for ({request.asked})")
                if status >= 400:
                    raise await self._refused(request, response)
                request = self._redirected(request, response)
                attempt.redirected(request.path)
            except BaseException:
                response.close()
                raise
            response.close()
        raise Redirected(f"{request.asked}: redirected more than {MOST_HOPS} times", location=request.path)

    def _asking(self, request: Request, limits: Span, attempt: Attempt) -> Awaitable[aiohttp.ClientResponse]:
        """One request on its way to its head."""
        session = self.pool.calls if limits.pace == "short" else self.pool.streams
        url = self._url(request)
        headers = request.headers
        more: dict[str, Any] = {"read_bufsize": _OCTETS_UNREAD} if request.octets else {}
        if request.body:
            attempt.sending = sending = Sending.of(request.body)
            more["data"] = request.body if sending is None else sending
            if sending is not None and sending.length is not None:
                headers = {**headers, "Content-Length": str(sending.length)}
        if self._proxy is not None:
            headers = dict(headers)
            more["proxy"], more["proxy_headers"] = self._through(url, headers)
        self.pool.stats.requests += 1
        UNDER_WAY.set(attempt)
        asking = session.request(
            request.method,
            yarl.URL(url, encoded=True),
            headers=headers,
            allow_redirects=False,
            timeout=_client_timeout(limits.connect),
            **more,
        )
        return asking if limits.head is None else self._head_in_time(asking, request, limits.head)

    async def _head_in_time(
        self, asking: Awaitable[aiohttp.ClientResponse], request: Request, limit: float
    ) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(limit):
                return await asking
        except TimeoutError as error:
            if isinstance(error, aiohttp.ClientError):
                raise
            raise TimedOut(f"{self.address} sent no answer within {limit:g} s ({request.asked})") from error

    def _through(self, url: str, headers: dict[str, str]) -> tuple[str | None, dict[str, str] | None]:
        """The proxy for `url`, and what only it is told; one that reads the request itself finds its login there."""
        assert self._proxy is not None  # noqa: S101  (who calls knows)
        if (named := self._proxy(url)) is None:
            return None, None
        from aiodockerhub.wire.proxies import without_login

        proxy, login = without_login(named)
        if login is None:
            return proxy, None
        if url.startswith("https:"):
            return proxy, {"Proxy-Authorization": login}
        headers["Proxy-Authorization"] = login
        return proxy, None

    def _url(self, request: Request) -> str:
        return self._base + request.target if request.target.startswith("/") else request.target

    def _redirected(self, request: Request, response: aiohttp.ClientResponse) -> Request:
        location = response.headers.get("Location", "")
        if not self._follow or response.status not in REDIRECTS:
            raise Redirected(
                f"{self.address} redirects {request.asked} to {shown(location) or 'nowhere'} ({response.status})",
                location=shown(location),
            )
        hop = next_hop(
            self._url(request),
            request.headers,
            location,
            method=request.method,
            status=response.status,
            asked=request.asked,
            confidential=request.confidential,
        )
        return structs.replace(request, target=hop.url, headers=hop.headers)

    async def _refused(self, request: Request, response: aiohttp.ClientResponse) -> APIError | TLSFailed:
        return await refused(
            request,
            response.status,
            response.reason,
            response.headers,
            response.content.readany,
            address=self.address,
            missing=self._missing,
        )

    async def _whole(self, request: Request, response: aiohttp.ClientResponse) -> Answer:
        return Answer(request, response.status, response.headers, await self._body(request, response))

    async def _decoded(self, request: Request, response: aiohttp.ClientResponse) -> Any:  # noqa: ANN401
        return decoded(await self._body(request, response), request)

    async def _body(self, request: Request, response: aiohttp.ClientResponse) -> bytes:
        content, most = response.content, self.pool.limits.body
        lasting = unbounded(response)
        body = content.read_nowait() if content.is_eof() else await content.readany()
        if len(body) > most or not content.at_eof():
            body = await _the_rest(response, body, most, request)
        if lasting is not None and (reset := reset_of(lasting)) is not None:
            raise reset
        return body

    async def _opened(
        self,
        request: Request,
        response: aiohttp.ClientResponse,
        *,
        place: Place,
        idle: float | None,
        deadline: float,
    ) -> Body:
        return Body(response, self.pool, place, asked=request.asked, idle=idle, deadline=deadline)


def _attempt(request: Request) -> Attempt:
    return Attempt(request.method in _READING, brief(request.body), request.octets)


@functools.lru_cache(maxsize=64)
def _client_timeout(connect: float | None) -> aiohttp.ClientTimeout:
    # connect, not sock_connect: it holds for the resolver and the TLS handshake too
    return aiohttp.ClientTimeout(total=None, connect=connect)


async def _the_rest(response: aiohttp.ClientResponse, beginning: bytes, most: int, request: Request) -> bytes:
    """The whole body. Raises TooLarge."""
    pieces, size = [beginning], len(beginning)
    while size <= most:
        piece = await response.content.readany()
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
    raise TooLarge(f"an answer of more than {most} bytes ({request.asked})")


def _name(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return f"{type(error).__name__} {errno.errorcode.get(number, '')}".strip() if number else type(error).__name__
