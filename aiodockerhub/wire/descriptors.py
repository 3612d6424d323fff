"""The process's one budget of descriptors for streams, shared by every client, loop and thread."""

from __future__ import annotations

import asyncio
import collections
from typing import Final

try:
    import resource
except ImportError:  # Windows

    def _limit() -> int:
        return _UNCOUNTED
else:

    def _limit() -> int:
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return _UNLIMITED if soft == resource.RLIM_INFINITY else min(soft, _UNLIMITED)


__all__ = ["BUDGET", "Budget"]

_KEPT_SHARE: Final = 8
"""One descriptor in eight stays free: for short calls, for files, for what else the process opens ..."""
_KEPT_LEAST: Final = 96
"""... but no fewer than a pool of short calls and a little more, so that control calls never wait behind followers."""
_UNLIMITED: Final = 1 << 20
_UNCOUNTED: Final = 512
"""Windows has no limit of descriptors, but asyncio's loop over select() watches no more than so many sockets there."""


class Budget:
    """Places for open streams: `RLIMIT_NOFILE`, or 512 where there is no such limit, less a share kept free.

    Places are given back from finalisers too, which run in any thread and in the middle of anything: hence no lock,
    only operations of set and deque that are atomic.
    """

    def __init__(self) -> None:
        self._held: set[object] = set()
        self._waiting: collections.deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = collections.deque()

    @property
    def capacity(self) -> int:
        """Streams that may be open at once now; at least one."""
        soft = _limit()
        return max(1, soft - max(_KEPT_LEAST, soft // _KEPT_SHARE))

    @property
    def held(self) -> int:
        """Places taken."""
        return len(self._held)

    def try_acquire(self) -> object | None:
        """A place, or None if there is none, or if others wait for one already."""
        if self._waiting:
            return None
        return self._take()

    async def acquire(self) -> object:
        """A place, when there is one; first come, first served."""
        loop = asyncio.get_running_loop()
        while True:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, turn))
            try:
                self._wake()  # a place given back in between woke nobody
                await turn
                if (place := self._take()) is not None:
                    return place
            finally:
                self._leave(loop, turn)

    def release(self, place: object) -> None:
        """Give a place back. Safe in any thread, also twice."""
        if place not in self._held:
            return
        self._held.discard(place)
        self._wake()

    def _take(self) -> object | None:
        place = object()
        capacity = self.capacity
        while True:
            self._held.add(place)
            if len(self._held) <= capacity:
                return place
            self._held.discard(place)
            if len(self._held) >= capacity:
                return None  # else another thread gave one back just now, and woke nobody for it

    def _leave(self, loop: asyncio.AbstractEventLoop, turn: asyncio.Future[None]) -> None:
        try:
            self._waiting.remove((loop, turn))
        except ValueError:
            self._wake()  # it was woken: a turn that came too late, or that left room for more, goes to the next

    def _wake(self) -> None:
        while self._waiting and len(self._held) < self.capacity:
            try:
                loop, turn = self._waiting.popleft()
            except IndexError:
                return
            try:
                loop.call_soon_threadsafe(_give, turn)
            except RuntimeError:  # that loop is closed: nobody waits there
                continue
            return


def _give(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


BUDGET: Final = Budget()
