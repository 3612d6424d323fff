"""What goes wrong below HTTP, in our own words: foreign errors become ours here, and nowhere else."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

import aiohttp

from aiodockerhub.errors import (
    ConnectionFailed,
    DockerError,
    PermissionRefused,
    ProtocolViolated,
    StreamBroken,
    TimedOut,
    TLSFailed,
)
from aiodockerhub.wire.connectors import NotRepeated

if TYPE_CHECKING:
    from aiodockerhub.wire.connectors import Attempt

__all__ = ["FOREIGN", "broken_body", "failure", "is_exhaustion", "is_momentary", "is_repeatable"]

FOREIGN: Final = (aiohttp.ClientError, OSError, NotRepeated, EOFError)
"""What may come out of aiohttp and the event loop under a request."""

_MOMENTARY: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOTCONN, errno.ENOBUFS})
"""No free descriptor, and a full backlog of a unix socket: EAGAIN at once, ENOTCONN a little later."""
_RESET: Final = frozenset({errno.ECONNRESET, errno.EPIPE})

_WORDS: Final = {
    errno.ENOENT: "there is no such socket",
    errno.ECONNREFUSED: "the connection was refused; nothing listens there",
    errno.ENOTSOCK: "that is no socket",
    errno.ECONNRESET: "the connection was reset",
    errno.EHOSTUNREACH: "no route to that host",
    errno.ENETUNREACH: "no route to that network",
}


def failure(
    error: Exception,
    attempt: Attempt,
    *,
    address: str,
    asked: str,
    unreachable: type[ConnectionFailed],
    connect: float | None,
) -> DockerError:
    """The error of our own for one that ended a request before its answer's body."""
    if isinstance(error, DockerError):
        return error
    if isinstance(error, TimeoutError):
        return TimedOut(
            f"connecting to {address} took longer than {connect:g} s ({asked})" if connect else f"{asked}: {error}"
        )
    if not attempt.connected:
        return _unconnected(error, address=address, asked=asked, unreachable=unreachable)
    if isinstance(error, aiohttp.ClientResponseError):
        return ProtocolViolated(f"{address} does not answer in HTTP: {_first_line(error.message)} ({asked})")
    return unreachable(
        f"{address} closed the connection after the request was sent; it may have run ({asked})",
        address=address,
    )


def _unconnected(
    error: Exception, *, address: str, asked: str, unreachable: type[ConnectionFailed]
) -> ConnectionFailed:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or _first_line(error.certificate_error)
        return TLSFailed(f"the certificate of {address} is not accepted: {reason} ({asked})", address=address)
    if isinstance(error, aiohttp.ClientSSLError):
        reason = getattr(error.os_error, "reason", None) or _first_line(error.os_error)
        return TLSFailed(f"no TLS connection to {address}: {reason} ({asked})", address=address)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return unreachable(f"{address}: the host's name can't be resolved ({asked})", address=address)
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return unreachable(f"the proxy for {address} can't be reached or refuses ({asked})", address=address)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        return PermissionRefused(f"{address}: no permission for this user to connect ({asked})", address=address)
    words = _WORDS.get(number or 0) or (os.strerror(number) if number else _first_line(error))
    return unreachable(f"{address}: {words} ({asked})", address=address)


def broken_body(error: BaseException, *, asked: str) -> DockerError:
    """The error for an answer whose body broke off."""
    if isinstance(error, DockerError):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return StreamBroken(f"the connection broke in the middle of the answer: {os.strerror(error.errno)} ({asked})")
    return StreamBroken(f"the answer was cut short ({asked})")


def is_momentary(error: Exception, attempt: Attempt) -> bool:
    """Whether it passes by itself, and nothing was sent."""
    return not attempt.connected and isinstance(error, OSError) and error.errno in _MOMENTARY


def is_exhaustion(error: Exception) -> bool:
    """Whether the process or the system has no descriptor left."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


def is_repeatable(error: Exception, attempt: Attempt) -> bool:
    """Whether sending the request again can do no harm, and may help.

    What only reads may be sent again whenever the connection broke. The rest only where a used connection was reset: its
    peer had closed it before it could read a thing.
    """
    if not attempt.connected or isinstance(error, (aiohttp.ClientResponseError, TimeoutError, NotRepeated)):
        return False
    if attempt.repeatable:
        return isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError))
    return attempt.reused and not attempt.streams and isinstance(error, OSError) and error.errno in _RESET


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
