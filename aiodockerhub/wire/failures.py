"""What goes wrong below HTTP, in our own words: foreign errors become ours here, and nowhere else."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import stat
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError
from multidict import CIMultiDict, CIMultiDictProxy

from aiodockerhub.errors import (
    ConnectionFailed,
    DockerError,
    PermissionRefused,
    ProtocolViolated,
    StreamBroken,
    TimedOut,
    TLSFailed,
)

if TYPE_CHECKING:
    from aiodockerhub.wire.connectors import Attempt
    from aiodockerhub.wire.timeouts import Span

__all__ = [
    "FOREIGN",
    "broken_body",
    "failure",
    "gone",
    "is_exhaustion",
    "is_momentary",
    "is_passing",
    "is_repeatable",
    "kept_waiting",
    "no_http",
    "unconnected",
    "wants_tls",
    "without_secrets",
]

FOREIGN: Final = (aiohttp.ClientError, OSError, EOFError)
"""What may come out of aiohttp and the event loop under a request."""

_MOMENTARY: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOTCONN, errno.ENOBUFS})
"""No free descriptor, and a full backlog of a unix socket: EAGAIN at once, ENOTCONN a little later."""
_RESET: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})

_WORDS: Final = {
    errno.ENOENT: "there is no such socket",
    errno.ECONNREFUSED: "the connection was refused; nothing listens there",
    errno.ENOTSOCK: "that is no socket",
    errno.ECONNRESET: "the connection was reset",
    errno.EHOSTUNREACH: "no route to that host",
    errno.ENETUNREACH: "no route to that network",
}

_ASKS_FOR_TLS: Final = (b"http request to an https server", b"plain http request was sent to https port")
"""What Go's servers and nginx answer to a request without TLS, in lower case."""
_TLS_ALERT_ITSELF: Final = b"\x15\x03"
_TLS_ALERT: Final = r"\x15\x03"
"""How a TLS record that holds an alert begins, as it is quoted in aiohttp's message."""


def failure(
    error: Exception,
    attempt: Attempt,
    *,
    address: str,
    asked: str,
    unreachable: type[ConnectionFailed],
    limits: Span,
) -> DockerError:
    """The error of our own for one that ended a request before its answer's end."""
    if isinstance(error, DockerError):
        return error
    if attempt.answered:
        return broken_body(error, asked=asked)
    if (late := _late(error, attempt, address=address, asked=asked, limits=limits)) is not None:
        return late
    if (tls := _tls_failed(error, attempt, address=address, asked=asked)) is not None:
        return tls
    if not attempt.connected:
        return unconnected(error, address=address, asked=asked, unreachable=unreachable)
    if isinstance(error, aiohttp.ClientResponseError):
        return no_http(error.message, address=address, asked=asked)
    return gone(address=address, asked=asked, unreachable=unreachable)


def no_http(told: object, *, address: str, asked: str, answer: bytes = b"") -> DockerError:
    """The error for a server that speaks something else, as whoever reads HTTP has `told`; its `answer` may say what.

    That is no cause: it holds the answer, of any size.
    """
    if answer.startswith(_TLS_ALERT_ITSELF) and (unencrypted := wants_tls(address, asked)) is not None:
        return unencrypted
    return ProtocolViolated(f"{address} does not answer in HTTP: {_in_a_line(told)} ({asked})")


def gone(*, address: str, asked: str, unreachable: type[ConnectionFailed]) -> ConnectionFailed:
    """The error for a server that left without an answer."""
    told = f"{address} closed the connection after the request was sent; it may have run ({asked})"
    return unreachable(told, address=address)


def _late(error: Exception, attempt: Attempt, *, address: str, asked: str, limits: Span) -> TimedOut | None:
    if isinstance(error, TimeoutError):
        return TimedOut(f"connecting to {address} took longer than {limits.connect or 0:g} s ({asked})")
    if is_exhaustion(error) or is_momentary(error, attempt):
        return kept_waiting(error, address=address, asked=asked, limits=limits)
    return None


def kept_waiting(error: Exception, *, address: str, asked: str, limits: Span) -> TimedOut | None:
    """The error for what passes by itself, and did not in time; None for anything else."""
    if is_exhaustion(error):
        return TimedOut(f"no descriptor was free within {limits.pool or 0:g} s, to connect to {address} ({asked})")
    if is_passing(error):
        return TimedOut(f"{address} had no room for a connection within {limits.connect or 0:g} s ({asked})")
    return None


def _tls_failed(error: Exception, attempt: Attempt, *, address: str, asked: str) -> TLSFailed | None:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _no_tls(error.certificate_error, address=address, asked=asked)
    # a server that does not accept our certificate says so after the handshake
    refused = error.os_error if isinstance(error, aiohttp.ClientSSLError) else error.__cause__
    if isinstance(refused, ssl.SSLError) or isinstance(error, aiohttp.ClientSSLError):
        return _no_tls(refused, address=address, asked=asked)
    if attempt.connected and isinstance(error, aiohttp.ClientResponseError) and _TLS_ALERT in error.message:
        return wants_tls(address, asked)
    return None


def _no_tls(error: BaseException | None, *, address: str, asked: str) -> TLSFailed:
    if isinstance(error, ssl.CertificateError):
        reason = getattr(error, "verify_message", "") or _in_a_line(error)
        return TLSFailed(f"the certificate of {address} is not accepted: {reason} ({asked})", address=address)
    reason = getattr(error, "reason", None) or _in_a_line(error)
    return TLSFailed(f"no TLS connection to {address}: {reason} ({asked})", address=address)


def wants_tls(address: str, asked: str, answer: bytes | None = None) -> TLSFailed | None:
    """The error for a server that wants TLS and was asked without; None where its `answer` says nothing of it."""
    if answer is not None and not any(words in answer.lower() for words in _ASKS_FOR_TLS):
        return None
    return TLSFailed(f"{address} speaks TLS, and was asked without it; give tls= ({asked})", address=address)


def unconnected(
    error: Exception, *, address: str, asked: str, unreachable: type[ConnectionFailed], path: str | None = None
) -> ConnectionFailed:
    """The error for a connection that never was, whether aiohttp or the event loop says so; `path` of a socket."""
    if isinstance(error, ssl.SSLError):
        return _no_tls(error, address=address, asked=asked)
    if isinstance(error, (aiohttp.ClientConnectorDNSError, socket.gaierror)):
        return unreachable(f"{address}: the host's name can't be resolved ({asked})", address=address)
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return unreachable(f"the proxy for {address} can't be reached or refuses ({asked})", address=address)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        return PermissionRefused(f"{address}: no permission for this user to connect ({asked})", address=address)
    if isinstance(error, UnixClientConnectorError):
        path = error.path
    if path is not None and _is_something_else(path):
        number = errno.ENOTSOCK  # Linux says that it refuses the connection
    if number is None and _is_reset(error):
        return unreachable(f"{address}: the connection was closed before it was ready ({asked})", address=address)
    words = _WORDS.get(number or 0) or (os.strerror(number) if number else _in_a_line(error))
    return unreachable(f"{address}: {words} ({asked})", address=address)


def _is_something_else(path: str) -> bool:
    """Whether there is something at `path`, and it is no socket."""
    try:
        return not stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116  (a Path knows no "exists, and is none")
    except OSError:
        return False


def broken_body(error: BaseException, *, asked: str) -> DockerError:
    """The error for an answer whose body broke off."""
    if isinstance(error, DockerError):
        return error
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ssl.SSLError):
        return StreamBroken(f"the connection broke in the middle of the answer: {os.strerror(error.errno)} ({asked})")
    return StreamBroken(f"the answer was cut short ({asked})")


def without_secrets(error: Exception) -> Exception:
    """`error`, soon the cause of one of ours, without the query and the headers that aiohttp puts into it."""
    if isinstance(error, aiohttp.ClientResponseError):
        url = error.request_info.real_url.with_query(None)
        none = CIMultiDictProxy(CIMultiDict[str]())
        error.request_info = aiohttp.RequestInfo(url, error.request_info.method, none, url)
        error.headers = None
        error.args = (error.request_info, error.history)
    elif isinstance(error, aiohttp.ServerTimeoutError):
        error.args = ("the connection took too long",)
    return error


def is_passing(error: Exception) -> bool:
    """Whether it passes by itself."""
    return isinstance(error, OSError) and error.errno in _MOMENTARY


def is_momentary(error: Exception, attempt: Attempt) -> bool:
    """Whether it passes by itself, and nothing was sent."""
    if not isinstance(error, OSError) or not is_passing(error):
        return False
    # asyncio takes a unix socket for connected that waits for room in its peer's backlog, until it writes
    return not attempt.connected or (error.errno == errno.ENOTCONN and not attempt.reused)


def is_exhaustion(error: Exception) -> bool:
    """Whether the process or the system has no descriptor left."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


def is_repeatable(error: Exception, attempt: Attempt) -> bool:
    """Whether sending the request again can do no harm, and may help.

    What only reads may be sent again whenever the connection broke; the rest where nothing was sent, or where a used
    connection was reset: its peer had closed it before it could read a thing.
    """
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientSSLError, TimeoutError)):
        return False
    if isinstance(error.__cause__, ssl.SSLError):
        return False
    if not attempt.connected:
        return _is_reset(error)
    if attempt.reads:
        return isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError))
    return _is_reset(error) and attempt.reused and attempt.brief and not attempt.answered


def _is_reset(error: Exception) -> bool:
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return isinstance(error, ConnectionResetError) or (isinstance(error, OSError) and error.errno in _RESET)


def _in_a_line(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
