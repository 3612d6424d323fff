"""Dates of HTTP, in seconds."""

from __future__ import annotations

import email.utils

__all__ = ["seconds_of"]


def seconds_of(date: str | None) -> float | None:
    """A date of a head in seconds since 1970; None for none, and for what is no date (RFC 9110 section 5.6.7)."""
    if not date:
        return None
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
