"""Every error that leaves this library, one family under `DockerError`.

    DockerError
        BadParameter                    also a ValueError; refused before anything was sent
            BadAddress                  an engine's address, or a context, that can't be used
            BadReference                an image reference that can't be parsed
        BadCredentials                  a credentials file or helper that can't be read
        BadFile                         a file to be sent that is missing, unreadable, or changed meanwhile;
                                        one to be written that can't be
        UnsafeArchive                   an archive that would write outside its directory, or make devices
        Closed                          used after close(), or closed while it was in use
        Misused                         also a RuntimeError; another event loop, two iterators at once
        ConnectionFailed                also a ConnectionError; nobody answers at the address
            EngineUnreachable
            TLSFailed
            PermissionRefused           also a PermissionError
        TimedOut                        also a TimeoutError
        StreamBroken                    a body ended, or broke, before its end
        ProtocolViolated                the answer is no HTTP, or not what the API says
        TooLarge                        an answer or a line beyond the bound set in Limits
        Redirected                      a redirect where none may be followed
        VersionTooLow                   the engine is too old for an operation or a parameter
        PrivilegesNotGranted            a plugin asks for more than the caller grants
        APIError                        an answer that says no
            BadRequest 400, Unauthorized 401, Forbidden 403, NotFound 404, Conflict 409,
            RateLimited 429, ServerError 5xx, NotImplementedByEngine 501
            (ImageNotFound, ContainerNotFound <- NotFound)
        OperationFailed                 an error inside a stream that began well
            PullFailed, PushFailed, ImportFailed, BuildFailed, SaveFailed, LoadFailed
            UpdateFailed                a service's update that stopped, or was taken back
            ContainerFailed             a container ended with something else than 0
        BulkFailed                      some of many failed; carries the report

An error inside a stream that says "not found", "denied" or "unauthorized" is an instance of `NotFound`, `Forbidden`
or `Unauthorized` too, so that one `except` catches both ways in which engines say it.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar, cast

__all__ = [
    "APIError",
    "BadAddress",
    "BadCredentials",
    "BadFile",
    "BadParameter",
    "BadReference",
    "BadRequest",
    "BuildFailed",
    "BulkFailed",
    "Closed",
    "Conflict",
    "ConnectionFailed",
    "ContainerFailed",
    "ContainerNotFound",
    "DockerError",
    "EngineUnreachable",
    "Forbidden",
    "ImageNotFound",
    "ImportFailed",
    "LoadFailed",
    "Misused",
    "NotFound",
    "NotImplementedByEngine",
    "OperationFailed",
    "PermissionRefused",
    "PrivilegesNotGranted",
    "ProtocolViolated",
    "PullFailed",
    "PushFailed",
    "RateLimited",
    "Redirected",
    "SaveFailed",
    "ServerError",
    "StreamBroken",
    "TLSFailed",
    "TimedOut",
    "TooLarge",
    "Unauthorized",
    "UnsafeArchive",
    "UpdateFailed",
    "VersionTooLow",
]


class DockerError(Exception):
    """The root of the family."""

    def __reduce__(self) -> tuple[Any, ...]:
        # keyword-only constructors, and classes joined at run time: rebuilt from state, not by a call
        return _restored, (_origin(type(self)), self.args, self.__dict__.copy())


class BadParameter(DockerError, ValueError):
    """A value that can't be sent: refused here, before anything went out."""


class BadAddress(BadParameter):
    """An address or a context that can't be used; the message names it."""


class BadReference(BadParameter):
    """An image reference that can't be parsed."""


class BadCredentials(DockerError):
    """A credentials file or helper that can't be read. `file` or `helper` names it."""

    def __init__(self, message: str, *, file: str | None = None, helper: str | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.helper = helper


class BadFile(DockerError):
    """A file or directory to be sent that is missing, can't be read, or changed while it was sent.

    Also one to be written that can't be. `file` names it.
    """

    def __init__(self, message: str, *, file: str) -> None:
        super().__init__(message)
        self.file = file


class UnsafeArchive(DockerError):
    """An archive that is not unpacked any further: an `entry` leads outside the directory, or is no file for data."""

    def __init__(self, message: str, *, entry: str) -> None:
        super().__init__(message)
        self.entry = entry


class Closed(DockerError):
    """Used after `close()`, or closed by somebody else while it was in use."""


class Misused(DockerError, RuntimeError):
    """A use that can't work: from another event loop or thread, or two iterators over one stream."""


class ConnectionFailed(DockerError, ConnectionError):
    """No connection to `address`. The engine's own class is `EngineUnreachable`."""

    def __init__(self, message: str, *, address: str = "") -> None:
        super().__init__(message)
        self.address = address


class EngineUnreachable(ConnectionFailed):
    """No engine answers at `address`: nothing there, refused, or gone."""


class TLSFailed(ConnectionFailed):
    """The TLS handshake failed, or its files can't be read."""


class PermissionRefused(ConnectionFailed, PermissionError):
    """The operating system refuses the socket to this user."""


class TimedOut(DockerError, TimeoutError):
    """A time limit that the client or the call set has passed."""


class StreamBroken(DockerError):
    """A body was cut short, reset, or stopped making sense. What came before it was delivered."""


class ProtocolViolated(DockerError):
    """The answer is not HTTP, or not what the API promises."""


class TooLarge(DockerError):
    """An answer, or a line of one, is longer than `Limits` allows."""


class Redirected(DockerError):
    """A redirect where none is followed. `location` is where it points."""

    def __init__(self, message: str, *, location: str) -> None:
        super().__init__(message)
        self.location = location


class VersionTooLow(DockerError):
    """The engine's API is too old for `operation`: it needs at least `needs` and has `has`."""

    def __init__(self, operation: str, *, needs: str, has: str) -> None:
        super().__init__(f"{operation} needs engine API {needs} or newer, this engine speaks {has}")
        self.operation = operation
        self.needs = needs
        self.has = has


class PrivilegesNotGranted(DockerError):
    """A plugin was not installed, since it asks for `privileges` that were not granted.

    Each is the engine's own dict: `Name`, `Description`, and a list of strings as its `Value`.
    """

    def __init__(self, message: str, *, privileges: Any) -> None:  # noqa: ANN401  (errors know no other room)
        super().__init__(message)
        self.privileges = privileges


class APIError(DockerError):
    """An answer that says no.

    `status` is the HTTP status (None where the error came inside a stream), `message` the server's own words,
    `method` and `path` what was asked, `retry_after` the seconds after which to ask again, if it said so.
    """

    status: int | None = None
    message: str = ""
    method: str = ""
    path: str = ""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        method: str = "",
        path: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message + _asked(method, path, status))
        self.message = message
        self.status = status
        self.method = method
        self.path = path
        self.retry_after = retry_after
        """Seconds that the server asked to wait, if it named any."""


class BadRequest(APIError):
    """400: the server understood the request and finds it wrong."""


class Unauthorized(APIError):
    """401: no credentials, or wrong ones."""


class Forbidden(APIError):
    """403, or "denied" inside a stream."""


class NotFound(APIError):
    """404, or "not found" inside a stream."""


class ImageNotFound(NotFound):
    """No such image, tag or manifest."""


class ContainerNotFound(NotFound):
    """No such container."""


class Conflict(APIError):
    """409: the object is in use, exists already, or is in another state."""


class RateLimited(APIError):
    """429. `retry_after` holds the wait in seconds where the server named one."""


class ServerError(APIError):
    """5xx: the server failed."""


class NotImplementedByEngine(ServerError):
    """501: this engine has no such operation."""


class OperationFailed(DockerError):
    """An operation that streams failed: in its stream, or before it began.

    `message` is the engine's, `code` its number if it gave one, `status` the HTTP status if there was one. `method` and
    `path` are what was asked, `retry_after` the seconds after which to ask again, if it was said.
    """

    message: str = ""
    code: int | None = None

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        status: int | None = None,
        method: str = "",
        path: str = "",
        retry_after: float | None = None,
    ) -> None:
        Exception.__init__(self, message + _asked(method, path, status))
        self.message = message
        self.code = code
        self.method = method
        self.path = path
        self.status: int | None = status
        self.retry_after: float | None = retry_after


class PullFailed(OperationFailed):
    """The engine could not pull."""


class PushFailed(OperationFailed):
    """The engine could not push."""


class ImportFailed(OperationFailed):
    """The engine could not import."""


class BuildFailed(OperationFailed):
    """A build stopped. `step` is the instruction that was running, as the engine printed it, or None."""

    step: str | None = None


class ContainerFailed(OperationFailed):
    """A container's command ended with something else than 0: `exit_code`, which is its `code` too.

    `stderr` is the end of what it wrote there, of stdout where it wrote nothing to stderr: bytes, at most 64 KiB.
    """

    exit_code: int = 0
    stderr: bytes = b""


class UpdateFailed(OperationFailed):
    """The update of a service stopped, or was taken back; `message` is what the swarm says of it."""


class SaveFailed(OperationFailed):
    """The engine could not save."""


class LoadFailed(OperationFailed):
    """The engine could not load."""


class BulkFailed(DockerError):
    """Some of many operations failed. `report` tells which, and why."""

    def __init__(self, message: str, *, report: Any) -> None:  # noqa: ANN401  (bulk.Report; errors know no other room)
        super().__init__(message)
        self.report = report


_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
    501: NotImplementedByEngine,
}


def api_error_class(status: int) -> type[APIError]:
    """The class for an HTTP status: exact where there is one, else `ServerError` for 5xx, else `APIError`."""
    return _BY_STATUS.get(status) or (ServerError if 500 <= status < 600 else APIError)


# What engines and registries write into a stream where HTTP would have a status; the first that fits counts.
# "pull access denied ... repository does not exist or may require 'docker login'" is a refusal: it ends in denied.
_SAID: Final[tuple[tuple[re.Pattern[str], type[APIError]], ...]] = (
    (re.compile(r"toomanyrequests|too many requests", re.IGNORECASE), RateLimited),
    (re.compile(r"no basic auth credentials|unauthorized|authentication required", re.IGNORECASE), Unauthorized),
    (re.compile(r"\bdenied\b|forbidden", re.IGNORECASE), Forbidden),
    (
        re.compile(r"not found|manifest unknown|name unknown|no such image|not known|does not exist", re.IGNORECASE),
        ImageNotFound,
    ),
)

_Failed = TypeVar("_Failed", bound=OperationFailed)


def failed(
    kind: type[_Failed],
    message: str,
    *,
    code: int | None = None,
    status: int | None = None,
    method: str = "",
    path: str = "",
    retry_after: float | None = None,
) -> _Failed:
    """The error of a streaming operation: a `kind`, and an APIError too where the status, or the words, say which."""
    also = next((known for pattern, known in _SAID if pattern.search(message)), None)
    if also is None and status is not None and status in _BY_STATUS:
        also = ImageNotFound if status == 404 else _BY_STATUS[status]
    joined = _joined(kind, also) if also is not None else kind
    return joined(message, code=code, status=status, method=method, path=path, retry_after=retry_after)


def forget_frames(error: BaseException) -> None:
    """Let go of the frames that saw `error`, and what led to it: streams, connections and buffers live on in them."""
    chain = [error]
    for link in chain:
        link.__traceback__ = None
        chain += [one for one in (link.__cause__, link.__context__) if one is not None and one not in chain]


def _asked(method: str, path: str, status: int | None) -> str:
    if not method:
        return ""
    return f" ({method} {path} -> {status})" if status is not None else f" ({method} {path})"


_JOINED: Final[dict[tuple[type, ...], type[Any]]] = {}


def _joined(kind: type[_Failed], also: type[Any]) -> type[_Failed]:
    """The class that is both; always the same one."""
    if (kind, also) not in _JOINED:
        body = {"__doc__": kind.__doc__, "__module__": kind.__module__}
        _JOINED[kind, also] = type(kind.__name__, (kind, also), body)
    return _JOINED[kind, also]


def _origin(kind: type[DockerError]) -> tuple[type[DockerError], ...]:
    """The classes that stand in this module under their own name and make up `kind`."""
    return (kind,) if globals().get(kind.__name__) is kind or kind.__module__ != __name__ else kind.__bases__


def _restored(origin: tuple[type[Any], ...], args: tuple[Any, ...], state: dict[str, Any]) -> DockerError:
    kind = origin[0] if len(origin) == 1 else _joined(*origin)
    error = cast("DockerError", kind.__new__(kind, *args))
    error.args = args
    error.__dict__.update(state)
    return error
