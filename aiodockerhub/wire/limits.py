"""How much a client may have open, and how much it takes in."""

from __future__ import annotations

import msgspec

from aiodockerhub.errors import BadParameter

__all__ = ["Limits"]

_MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one client, or of all clients of a session.

    `calls`: connections for short calls to one address (64). `streams`: streams open at once; None, the default,
    leaves it to the process's budget of descriptors. `line`: bytes of one line of a stream (64 MiB). `body`: bytes of
    an answer that is no stream (256 MiB).
    """

    calls: int = 64
    streams: int | None = None
    line: int = 64 * _MIB
    body: int = 256 * _MIB

    def __post_init__(self) -> None:
        for name in ("calls", "streams", "line", "body"):
            value = getattr(self, name)
            if value is None and name == "streams":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadParameter(f"{name}: {value!r} is no whole number of at least 1")
