"""What goes to a server and what comes back: requests, their bodies, and whole answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from aiodockerhub.errors import BadParameter, ProtocolViolated
from aiodockerhub.wire.dates import seconds_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

__all__ = ["Answer", "Outgoing", "Request", "Sending", "brief", "decoded", "json_body"]

_DIRECTLY: Final = 128 * 1024
"""Bytes of a body that are written at once: as many as a socket's buffer takes. A larger one goes in pieces, so that
others have their turn, and that an answer before its end is seen."""
_NO_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Outgoing(Protocol):
    """A body that is made while it is sent. `length` in bytes where it is known: such bodies go faster."""

    @property
    def length(self) -> int | None:
        """Bytes, or None."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes, piece by piece."""
        ...


class Request(msgspec.Struct):
    """What is asked. `target` is a path, quoted, with its query, below the server's base; or a whole URL.

    The body of one that is `confidential` goes to the server asked, and is not carried on to another. Of the answer to
    one for `octets`, nothing is looked at on the way: it is read in pieces that are handed on.
    """

    method: str
    target: str
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes | Outgoing | None = None
    confidential: bool = False
    octets: bool = False

    @property
    def path(self) -> str:
        """The target without its query, which may hold secrets."""
        return self.target.partition("?")[0]

    @property
    def asked(self) -> str:
        """Method and path, for errors and the log."""
        return f"{self.method} {self.path}"

    def __repr__(self) -> str:
        return f"<Request {self.asked}>"


class Answer(msgspec.Struct):
    """A whole answer, and what it answers."""

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Answer: {self.status} to {self.request.asked}>"

    @property
    def decoded(self) -> Any:  # noqa: ANN401  (the server's own JSON)
        """The JSON of the body, None for an empty one. Raises ProtocolViolated."""
        return decoded(self.body, self.request) if _is_there(self.body) else None

    @property
    def date(self) -> int | None:
        """When it was given, by the server's clock, in seconds since 1970; None where it does not say."""
        told = seconds_of(self.headers.get("Date"))
        return None if told is None else int(told)

    def json(self, kind: Any) -> Any:  # noqa: ANN401  (cast by who asks)
        """The body decoded as `kind`. Raises ProtocolViolated for one that is not."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except _NO_JSON as error:
            raise ProtocolViolated(f"the answer is not the JSON that belongs here ({self.request.asked})") from error


def decoded(body: bytes, request: Request) -> Any:  # noqa: ANN401  (the server's own JSON)
    """A body's JSON. Raises ProtocolViolated for one that is none, or empty."""
    try:
        return msgspec.json.decode(body)
    except _NO_JSON as error:
        what = "is no JSON" if _is_there(body) else "has no body, where one belongs"
        raise ProtocolViolated(f"the answer {what} ({request.asked})") from error


def _is_there(body: bytes) -> bool:
    return bool(body) and not body.isspace()


def json_body(value: object) -> bytes:
    """A request's body. Raises BadParameter for what can't be written as JSON."""
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadParameter(f"this can't be sent as JSON: {error}") from None


def brief(body: bytes | Outgoing | None) -> bool:
    """Whether it goes out at once, if there is one."""
    return body is None or (isinstance(body, bytes) and len(body) <= _DIRECTLY)


class Sending:
    """A body on its way out; keeps what its source raised, which aiohttp would wrap. `transport` is where it goes."""

    def __init__(self, source: Outgoing) -> None:
        self.length = source.length
        self.error: Exception | None = None
        self.transport: asyncio.Transport | None = None
        self._source = source

    @classmethod
    def of(cls, body: bytes | Outgoing | None) -> Sending | None:
        """None for a body that is `brief`."""
        if body is None or brief(body):
            return None
        return cls(_Pieces(body) if isinstance(body, bytes) else body)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._source:
                if self.transport is not None and self.transport.is_closing():
                    await asyncio.sleep(0)  # a peer that left may have answered, which is read with the loss
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
