"""What is worth sending again, and how long to wait before it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Literal

from aiodockerhub.retries import CONNECTION, MOMENT
from aiodockerhub.wire.failures import is_exhaustion, is_momentary, is_repeatable

if TYPE_CHECKING:
    from aiodockerhub.wire.connectors import Attempt
    from aiodockerhub.wire.timeouts import Span

__all__ = ["Persistence"]


class Persistence:
    """That of one request, after its first failure.

    What passes by itself is waited out: for a descriptor as long as `pool` allows, for room at the server as long as
    `connect` does. Connections that broke are counted, whatever passed in between.
    """

    def __init__(self, limits: Span) -> None:
        self._limits = limits
        self._began = time.monotonic()
        self._moments = 0
        self._broken = 0

    def wait(self, error: Exception, attempt: Attempt) -> float | Literal[False]:
        """Seconds before the next try after `attempt` failed; False where another would do harm, or not help."""
        if is_momentary(error, attempt):
            return self.moment(error)
        self._broken += 1
        if self._broken == CONNECTION.attempts or not is_repeatable(error, attempt):
            return False
        # who kept a connection too long has nothing to wait for
        return 0.0 if attempt.reused else CONNECTION.wait(self._broken)

    def moment(self, error: Exception) -> float | Literal[False]:
        """As `wait`, for what passes by itself."""
        self._moments += 1
        left = self._left(self._limits.pool if is_exhaustion(error) else self._limits.connect)
        return left > 0 and min(left, MOMENT.wait(self._moments))

    def _left(self, patience: float | None) -> float:
        return math.inf if patience is None else self._began + patience - time.monotonic()
