"""Requests to one server: places, time limits, retries, errors of our own family, and a line in the log for each."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar

import aiohttp
import yarl

from aiodockerhub.errors import APIError, Closed, ConnectionFailed, DockerError, Redirected, TimedOut, TooLarge
from aiodockerhub.retries import CONNECTION, MOMENT, again
from aiodockerhub.wire.body import Body
from aiodockerhub.wire.connectors import UNDER_WAY, Attempt
from aiodockerhub.wire.failures import FOREIGN, failure, is_exhaustion, is_momentary, is_repeatable
from aiodockerhub.wire.proxies import without_login
from aiodockerhub.wire.redirects import MOST_HOPS, REDIRECTS, next_hop
from aiodockerhub.wire.refusals import MOST_OF_A_REFUSAL, Missing, refusal
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, Pace, Span, Timeout, span

if TYPE_CHECKING:
    from aiodockerhub.wire.places import Place
    from aiodockerhub.wire.pool import Pool

__all__ = ["HTTP", "Answer", "Outgoing", "Request"]

_log: Final = logging.getLogger("aiodockerhub.wire")
_REPEATABLE: Final = frozenset({"GET", "HEAD"})
_DIRECTLY: Final = 512 * 1024
"""Bytes of a body that are written at once; a larger one goes in pieces, so that others have their turn."""
_Result = TypeVar("_Result")


class Outgoing(Protocol):
    """A body that is made while it is sent. `length` in bytes where it is known: such bodies go faster."""

    @property
    def length(self) -> int | None:
        """Bytes, or None."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes, piece by piece."""


@dataclass(slots=True)
class Request:
    """What is asked. `target` is a path, quoted, with its query, below the server's base; or a whole URL.

    The body of one that is `confidential` goes to the server asked, and is not carried on to another.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | Outgoing | None = field(default=None, repr=False)
    confidential: bool = False

    @property
    def path(self) -> str:
        """The target without its query, which may hold secrets."""
        return self.target.partition("?")[0]

    @property
    def asked(self) -> str:
        """Method and path, for errors and the log."""
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Take: TypeAlias = Callable[[Request, aiohttp.ClientResponse], Awaitable[_Result]]


class _Flight:
    """A call between its start and its answer, so that closing the pool ends it."""

    __slots__ = ("error", "scope")

    def __init__(self, scope: asyncio.Timeout) -> None:
        self.scope = scope
        self.error: DockerError | None = None

    def break_off(self, error: DockerError) -> None:
        self.error = error
        with contextlib.suppress(RuntimeError):  # it has passed already
            self.scope.reschedule(0)


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

    def bind(self) -> asyncio.AbstractEventLoop:
        """The loop that this client belongs to. Raises Closed and Misused."""
        if self.closed:
            raise Closed(f"the client of {self.address} is closed")
        return self.pool.bind()

    async def call(self, request: Request, *, pace: Pace = "short", timeout: CallTimeout = UNSET) -> Answer:
        """The whole answer, of at most `Limits.body` bytes. Raises an APIError from 400 on.

        The pace "stream" is here for a call that waits, for hours perhaps, for an answer of a few bytes.
        """
        limits = span(self.timeout, timeout, pace)

        async def work() -> Answer:
            place = await self.pool.places.acquire(pace, limits.pool)
            try:
                return await self._persistently(request, pace, limits, self._whole)
            finally:
                place.release()

        return await self._bounded(request, limits, work)

    async def open(self, request: Request, *, timeout: CallTimeout = UNSET) -> Body:
        """The head of the answer, and its body to be read. Raises an APIError from 400 on."""
        limits = span(self.timeout, timeout, "stream")
        started = self.bind().time()

        async def work() -> Body:
            place = await self.pool.places.acquire("stream", limits.pool)
            take = functools.partial(self._opened, place=place, limits=limits, started=started)
            try:
                return await self._persistently(request, "stream", limits, take)
            except BaseException:
                place.release()
                raise

        return await self._bounded(request, limits, work)

    async def _bounded(self, request: Request, limits: Span, work: Callable[[], Awaitable[_Result]]) -> _Result:
        """`work` within the call's total; ended early when the pool closes."""
        self.bind()
        flight: _Flight | None = None
        try:
            async with asyncio.timeout(limits.total) as scope:
                flight = _Flight(scope)
                self.pool.enter(flight)
                try:
                    return await work()
                finally:
                    self.pool.leave(flight)
        except TimeoutError as error:
            if isinstance(error, DockerError):
                raise
            if flight is not None and flight.error is not None:
                raise flight.error from None
            raise TimedOut(f"{self.address} took longer than {limits.total:g} s ({request.asked})") from error

    async def _persistently(self, request: Request, pace: Pace, limits: Span, take: Take[_Result]) -> _Result:
        """Sent, and sent again where that can do no harm."""
        attempt = _attempt(request)
        try:
            return await self._exchange(request, pace, limits, attempt, take)
        except DockerError:
            raise
        except FOREIGN as error:
            first = error
        started = self.pool.bind().time()

        async def repeat() -> _Result:
            nonlocal attempt
            attempt = _attempt(request)
            self.pool.stats.retries += 1
            return await self._exchange(request, pace, limits, attempt, take)

        def worth(error: Exception) -> bool:
            if isinstance(error, DockerError) or not isinstance(error, FOREIGN):
                return False
            if is_momentary(error, attempt):
                patience = limits.pool if is_exhaustion(error) else limits.connect
                again = patience is None or self.pool.bind().time() - started < patience
            else:
                again = is_repeatable(error, attempt)
            if again:
                _log.debug("%s again, since: %s", request.asked, _name(error))
            return again

        try:
            if not worth(first):
                raise first
            return await again(repeat, first, MOMENT if is_momentary(first, attempt) else CONNECTION, worth=worth)
        except DockerError:
            raise
        except FOREIGN as error:
            raise self._ours(error, attempt, request, limits) from error

    def _ours(self, error: Exception, attempt: Attempt, request: Request, limits: Span) -> DockerError:
        return failure(
            error,
            attempt,
            address=attempt.hop or self.address,
            asked=request.asked,
            unreachable=self._unreachable,
            connect=limits.connect,
        )

    async def _exchange(
        self, request: Request, pace: Pace, limits: Span, attempt: Attempt, take: Take[_Result]
    ) -> _Result:
        """One answer that is no redirect, taken as `take` does; an APIError for one that says no."""
        for _ in range(MOST_HOPS + 1):
            response = await self._send(request, pace, limits, attempt)
            try:
                if response.status in REDIRECTS:
                    request = self._redirected(request, response)
                    attempt.connected = False
                    attempt.hop = request.path
                elif response.status >= 400:
                    raise await self._refused(request, response)
                else:
                    return await take(request, response)
            except BaseException:
                response.close()
                raise
            response.close()
        raise Redirected(f"{request.asked}: redirected more than {MOST_HOPS} times", location=request.path)

    async def _send(self, request: Request, pace: Pace, limits: Span, attempt: Attempt) -> aiohttp.ClientResponse:
        """One request, one head."""
        loop = self.pool.bind()
        session = self.pool.calls if pace == "short" else self.pool.streams
        url = self._url(request)
        sending = _Sending.of(request.body)
        headers = dict(request.headers)
        if sending is not None and sending.length is not None:
            headers["Content-Length"] = str(sending.length)
        proxy, proxy_headers = self._through(url, headers)
        self.pool.stats.requests += 1
        UNDER_WAY.set(attempt)
        started = loop.time()
        asking = session.request(
            request.method,
            yarl.URL(url, encoded=True),
            headers=headers,
            data=sending if sending is not None else request.body or None,
            allow_redirects=False,
            timeout=_client_timeout(limits.connect),
            proxy=proxy,
            proxy_headers=proxy_headers,
        )
        try:
            if limits.head is None:
                response = await asking
            else:
                response = await self._head_in_time(asking, request, limits.head)
        except FOREIGN:
            if sending is not None and sending.error is not None:
                raise sending.error from None  # what the caller's own body raised
            raise
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s -> %d in %.1f ms", request.asked, response.status, (loop.time() - started) * 1000)
        if self.seen is not None:
            self.seen(response.headers)
        return response

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
        named = self._proxy(url) if self._proxy is not None else None
        if named is None:
            return None, None
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
        if not self._follow:
            raise Redirected(
                f"{self.address} redirects {request.asked} to {location.partition('?')[0] or 'nowhere'}",
                location=location,
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
        return replace(request, target=hop.url, headers=hop.headers)

    async def _refused(self, request: Request, response: aiohttp.ClientResponse) -> APIError:
        try:
            body = await _read(response, MOST_OF_A_REFUSAL)
        except (TooLarge, *FOREIGN):  # the status says enough
            body = b""
        return refusal(
            response.status,
            response.reason,
            response.headers,
            body,
            method=request.method,
            path=request.path,
            missing=self._missing,
        )

    async def _whole(self, request: Request, response: aiohttp.ClientResponse) -> Answer:
        return Answer(response.status, response.headers, await _read(response, self.pool.limits.body))

    async def _opened(
        self,
        request: Request,
        response: aiohttp.ClientResponse,
        *,
        place: Place,
        limits: Span,
        started: float,
    ) -> Body:
        deadline = started + limits.total if limits.total is not None else None
        return Body(response, self.pool, place, asked=request.asked, idle=limits.idle, deadline=deadline)


class _Sending:
    """A body on its way out; keeps what its source raised, which aiohttp would wrap."""

    def __init__(self, source: Outgoing) -> None:
        self.length = source.length
        self.error: Exception | None = None
        self._source = source

    @classmethod
    def of(cls, body: bytes | Outgoing | None) -> _Sending | None:
        if isinstance(body, bytes):
            return cls(_Pieces(body)) if len(body) > _DIRECTLY else None
        return cls(body) if body is not None else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._source:
                yield piece
        except Exception as error:
            self.error = error
            raise


class _Pieces:
    """Bytes that are too many for one write."""

    def __init__(self, body: bytes) -> None:
        self.length = len(body)
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), _DIRECTLY):
            yield self._body[start : start + _DIRECTLY]


def _attempt(request: Request) -> Attempt:
    streams = not (request.body is None or isinstance(request.body, bytes))
    return Attempt(repeatable=request.method in _REPEATABLE, streams=streams)


@functools.lru_cache(maxsize=64)
def _client_timeout(connect: float | None) -> aiohttp.ClientTimeout:
    # connect, not sock_connect: it holds for the resolver and the TLS handshake too
    return aiohttp.ClientTimeout(total=None, connect=connect)


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body. Raises TooLarge."""
    content = response.content
    pieces: list[bytes] = []
    size = 0
    while piece := await content.readany():
        size += len(piece)
        if size > most:
            raise TooLarge(f"an answer of more than {most} bytes ({response.method} {response.url.raw_path})")
        pieces.append(piece)
    response.release()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _name(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return f"{type(error).__name__} {errno.errorcode.get(number, '')}".strip() if number else type(error).__name__
