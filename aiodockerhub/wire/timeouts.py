"""Time limits by class of call: what a client sets, what a call overrides, what holds in the end."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import msgspec

from aiodockerhub.errors import BadParameter, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["UNSET", "CallTimeout", "Pace", "Span", "Timeout", "Unset", "span", "within"]


class Unset(enum.Enum):
    """The default of `timeout=`: what the client says."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""No limit of the call's own: the client's holds."""


class _ClassDefault(float):
    """A total that nobody asked for: it holds for short calls and for nothing else."""

    __slots__ = ()


_SHORT_TOTAL: Final = _ClassDefault(60.0)
_LONGEST: Final = 1e9
"""Seconds, 30 years: a clock can't count to every number."""


class Timeout(msgspec.Struct, frozen=True):
    """Time limits in seconds; None means no limit.

    `connect` holds for every call, DNS and TLS handshake included. `pool` bounds the wait for a free connection.
    `head` bounds the wait for the whole head of the answer. `idle` bounds the silence between two pieces of a stream.
    `total` bounds a whole call, head and body: on a client only the short ones (60 s unless set), passed to a method
    that very call, whatever its class. `msgspec.structs.replace` makes another of one, as `copy.replace` does from
    Python 3.13 on.
    """

    connect: float | None = 10.0
    pool: float | None = None
    head: float | None = None
    idle: float | None = None
    total: float | None = _SHORT_TOTAL

    def __post_init__(self) -> None:
        for name in ("connect", "pool", "head", "idle", "total"):
            _checked(name, getattr(self, name))


CallTimeout: TypeAlias = float | Timeout | Unset | None
"""What `timeout=` of a method takes: seconds for the whole call, a `Timeout`, None for no limit but connecting."""

Pace: TypeAlias = Literal["short", "slow", "stream"]
"""How a call behaves: answered at once; answered when the work is done; answered bit by bit."""


class Span(NamedTuple):
    """The limits that hold for one call, and how it behaves."""

    pace: Pace
    connect: float | None
    pool: float | None
    head: float | None
    idle: float | None
    total: float | None


def client_timeout(value: float | Timeout | None) -> Timeout:
    """What a client's `timeout=` means: a number is the total of a short call, None no limit but connecting."""
    return value if isinstance(value, Timeout) else Timeout(total=_checked("timeout", value))


def span(client: Timeout, call: CallTimeout, pace: Pace) -> Span:
    """The limits of one call of a client."""
    if call is UNSET:
        total = client.total if pace == "short" else None
        head = client.head if pace != "slow" else None
        return Span(pace, client.connect, client.pool, head, client.idle, total)
    if isinstance(call, Timeout):
        total = None if pace != "short" and isinstance(call.total, _ClassDefault) else call.total
        return Span(pace, call.connect, call.pool, call.head, call.idle, total)
    return Span(pace, client.connect, client.pool, None, None, _checked("timeout", call))


@contextlib.asynccontextmanager
async def within(limit: float | None, late: Callable[[], str]) -> AsyncGenerator[None, None]:
    """A block of several calls that has `limit` seconds in all. Raises TimedOut in the words of `late`."""
    try:
        async with asyncio.timeout(limit):
            yield
    except TimedOut:
        raise  # a single call took too long
    except TimeoutError as error:
        raise TimedOut(late()) from error


def _checked(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _LONGEST:
        raise BadParameter(f"{name}: {value!r} is no number of seconds greater than 0; None stands for no limit")
    return value
