"""A bound for what takes time in proportion to what it is given: generous for that, too short for its square."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MILLION = 1_000_000
SECONDS = 30


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Fails what has not ended after half a minute.

    A million steps end within a moment on any machine; where each of them costs a million, or their number doubles with
    each character, nobody sees the end. Regular expressions let themselves be interrupted too.
    """

    def late(number: int, frame: object) -> None:
        raise AssertionError("this does not end in proportion to what it was given")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
