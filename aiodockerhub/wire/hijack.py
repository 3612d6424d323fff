"""A request after which the connection is no HTTP any more, but bytes both ways: attach, exec, session."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import h11
from multidict import CIMultiDict

from aiodockerhub.errors import BadParameter, DockerError, ProtocolViolated, Redirected, TimedOut
from aiodockerhub.retries import MOMENT, again
from aiodockerhub.wire.failures import gone, is_passing, kept_waiting, no_http, unconnected
from aiodockerhub.wire.hijacked import Hijacked
from aiodockerhub.wire.persistence import Persistence
from aiodockerhub.wire.redirects import shown
from aiodockerhub.wire.refusals import Missing, refused

if TYPE_CHECKING:
    import yarl

    from aiodockerhub.errors import ConnectionFailed
    from aiodockerhub.wire.dial import Line
    from aiodockerhub.wire.messages import Request
    from aiodockerhub.wire.places import Place
    from aiodockerhub.wire.pool import Pool
    from aiodockerhub.wire.timeouts import Span

__all__ = ["Server", "hijack"]

_log: Final = logging.getLogger("aiodockerhub.wire")

_MOST_OF_A_HEAD: Final = 64 * 1024
_MOST_INTERIM: Final = 64
"""Answers like "100 Continue" before the one that counts."""


class Server(NamedTuple):
    """Whom to ask, and what its errors are."""

    base: yarl.URL
    address: str
    unreachable: type[ConnectionFailed]
    missing: Missing | None


async def hijack(
    pool: Pool, server: Server, request: Request, limits: Span, *, place: Place, deadline: float
) -> Hijacked:
    """The connection, once the server has given it up. The body of the request is bytes or none.

    Raises an APIError for an answer that says no, ConnectionFailed, and ProtocolViolated for what is no HTTP.
    """
    started = time.monotonic()
    http, head = _written(pool, server, request)
    line = await _begun(pool, server, request, head, limits)
    try:
        async with asyncio.timeout(limits.head):
            response = await _head(line, http, server, request)
        _log.debug("%s -> %d in %.1f ms", request.asked, response.status_code, (time.monotonic() - started) * 1000)
        early = b""
        if isinstance(response, h11.InformationalResponse):
            early, _ = http.trailing_data
        elif response.status_code == 200:
            line = _Body(line, http)
        else:
            raise await _no_connection(line, http, response, server, request)
        return Hijacked(
            pool,
            line,
            place,
            _fields(response),
            asked=request.asked,
            early=early,
            idle=limits.idle,
            deadline=deadline,
        )
    except BaseException as error:
        line.abort()
        if isinstance(error, TimeoutError) and not isinstance(error, DockerError):
            assert limits.head is not None  # noqa: S101  (nothing else is out of time here)
            raise TimedOut(f"{server.address} sent no answer within {limits.head:g} s ({request.asked})") from error
        raise


async def _begun(pool: Pool, server: Server, request: Request, head: bytes, limits: Span) -> Line:
    """A connection on which the request was sent; made again while what keeps it from being made passes by itself."""
    persistence = Persistence(limits)

    async def begin() -> Line:
        pool.stats.requests += 1
        async with asyncio.timeout(limits.connect):
            line = await pool.dial(server.base)
        try:
            await line.write(head)
        except BaseException:
            line.abort()
            raise
        return line

    def worth(error: Exception) -> bool | float:
        wait = is_passing(error) and persistence.moment(error)
        pool.stats.retries += wait is not False
        return wait

    try:
        try:
            return await begin()
        except OSError as error:
            beginning = again(begin, error, MOMENT, worth=worth, sleep=pool.places.pause)
        return await beginning
    except OSError as error:
        if isinstance(error, DockerError):
            raise
        if isinstance(error, TimeoutError) and error.errno is None:
            late = f"connecting to {server.address} took longer than {limits.connect:g} s ({request.asked})"
            raise TimedOut(late) from error
        raise kept_waiting(error, address=server.address, asked=request.asked, limits=limits) or unconnected(
            error, address=server.address, asked=request.asked, unreachable=server.unreachable, path=pool.socket
        ) from error


def _written(pool: Pool, server: Server, request: Request) -> tuple[h11.Connection, bytes]:
    """The request as bytes, and who reads the answer. Raises BadParameter for a header that can't be sent."""
    body = request.body if isinstance(request.body, bytes) else b""
    headers = CIMultiDict(pool.headers)
    headers.update({"Host": server.base.host_port_subcomponent or "", "Connection": "Upgrade", "Upgrade": "tcp"})
    headers.update(request.headers)
    headers["Content-Length"] = str(len(body))
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_OF_A_HEAD)
    try:
        asked = h11.Request(
            method=request.method,
            target=server.base.raw_path.rstrip("/") + request.target,
            headers=[(name.encode(), value.strip().encode()) for name, value in headers.items()],
        )
        pieces = (http.send(asked), http.send(h11.Data(data=body)) if body else b"", http.send(h11.EndOfMessage()))
    except (h11.LocalProtocolError, UnicodeEncodeError):  # their words hold the header's value, perhaps a secret
        words = f"a header can't be sent: HTTP does not allow what stands in its name or value ({request.asked})"
        raise BadParameter(words) from None
    return http, b"".join(piece or b"" for piece in pieces)


async def _head(
    line: Line, http: h11.Connection, server: Server, request: Request
) -> h11.Response | h11.InformationalResponse:
    """The head that counts: of 101, or of a final answer."""
    for _ in range(_MOST_INTERIM + 1):
        event = await _event(line, http, server, request)
        if isinstance(event, h11.Response):
            return event
        assert isinstance(event, h11.InformationalResponse)  # noqa: S101  (there is nothing else before a response)
        if event.status_code == 101:
            return event
    words = f"more than {_MOST_INTERIM} answers before the one that counts"
    raise no_http(words, address=server.address, asked=request.asked)


async def _event(line: Line, http: h11.Connection, server: Server, request: Request) -> object:
    try:
        while (event := http.next_event()) is h11.NEED_DATA:
            data = await line.read()
            if not data:
                raise gone(address=server.address, asked=request.asked, unreachable=server.unreachable)
            http.receive_data(data)
    except h11.RemoteProtocolError as error:
        told, _ = http.trailing_data
        raise no_http(error, address=server.address, asked=request.asked, answer=told) from None
    except ssl.SSLError as error:  # a server that does not accept our certificate says so after the handshake
        raise unconnected(error, address=server.address, asked=request.asked, unreachable=server.unreachable) from error
    except OSError as error:
        if isinstance(error, DockerError):
            raise
        raise gone(address=server.address, asked=request.asked, unreachable=server.unreachable) from error
    return event


async def _no_connection(
    line: Line, http: h11.Connection, response: h11.Response, server: Server, request: Request
) -> DockerError:
    headers, status = _fields(response), response.status_code
    if status < 400:
        location = shown(headers.get("Location", ""))
        words = f"{server.address} answers {status} instead of giving the connection up ({request.asked})"
        return Redirected(words, location=location) if status >= 300 else ProtocolViolated(words)
    reason, read = response.reason.decode("latin-1"), _Body(line, http).read
    return await refused(request, status, reason, headers, read, address=server.address, missing=server.missing)


def _fields(response: h11.Response | h11.InformationalResponse) -> CIMultiDict[str]:
    return CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)


class _Body:
    """What comes in an answer that is HTTP still, from engines that do not switch. What goes is no part of it."""

    def __init__(self, line: Line, http: h11.Connection) -> None:
        self._line = line
        self._http = http
        self.write = line.write
        self.write_eof = line.write_eof
        self.abort = line.abort

    async def read(self) -> bytes:
        """As of a line, without what HTTP puts around them."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._line.read())
        except h11.RemoteProtocolError as error:
            raise ConnectionResetError(str(error)) from error
        return bytes(event.data) if isinstance(event, h11.Data) else b""
