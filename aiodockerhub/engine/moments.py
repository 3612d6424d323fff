"""Points in time, as users write them and as engines read them."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from aiodockerhub.errors import BadParameter

__all__ = ["Moment", "moment"]

Moment: TypeAlias = "int | float | str | datetime"
"""A point in time: seconds since 1970, a datetime (local time if it names no zone), or what the engine reads itself:
seconds with nanoseconds (`"1767323046.123456789"`); podman reads `"10m"` and RFC 3339 too, dockerd does not."""


def moment(value: Moment | None) -> str | int | float | None:
    """A point in time as engines read it. Raises BadParameter."""
    if value is None or (isinstance(value, (int, float, str)) and not isinstance(value, bool)):
        return value
    if not isinstance(value, datetime):
        raise BadParameter(f"a point in time is a number of seconds, a datetime or text, not {type(value).__name__}")
    return f"{value.timestamp():.6f}"  # more digits would be those of the float, not of the datetime
