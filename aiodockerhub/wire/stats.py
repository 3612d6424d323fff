"""What is open, and what was sent, in numbers."""

from __future__ import annotations

import msgspec

__all__ = ["Stats"]


class Stats(msgspec.Struct):
    """Counts of one client or session, for any metrics library.

    `open_calls` and `open_streams` are those that have a place for a connection, `waiting` those that wait: for a
    place, and, having one, for a descriptor, for room in the server's queue, or before they try again what broke.
    `requests` is what was sent, or tried to be, since the start, `retries` those of them that were tried again.
    """

    open_calls: int = 0
    open_streams: int = 0
    waiting: int = 0
    requests: int = 0
    retries: int = 0
