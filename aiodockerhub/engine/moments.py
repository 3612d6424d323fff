"""Points in time, as users write them and as engines read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Moment", "moment"]

Moment: TypeAlias = "int | float | str | datetime"
"""A point in time: seconds since 1970, a datetime, or what the engine reads itself: seconds with nanoseconds
(`"1767323046.123456789"`); podman reads `"10m"` and RFC 3339 too, dockerd does not."""


def moment(value: Moment | None) -> str | int | float | None:
    """A point in time as engines read it."""
    if value is None or isinstance(value, (int, float, str)):
        return value
    return f"{value.timestamp():.6f}"  # more digits would be those of the float, not of the datetime
