"""Who owns connections: `Connections` for a client or a session, `Pool` for one address of it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import warnings
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from msgspec import structs

from aiodockerhub.errors import Closed, Misused
from aiodockerhub.wire.connectors import TCPConnector, UnixConnector
from aiodockerhub.wire.flights import Flights
from aiodockerhub.wire.limits import Limits
from aiodockerhub.wire.places import Places
from aiodockerhub.wire.stats import Stats
from aiodockerhub.wire.tls import ssl_context

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ssl import SSLContext
    from typing import Literal

    import yarl

    from aiodockerhub.wire.dial import Line
    from aiodockerhub.wire.tls import TLS

__all__ = ["Connections", "Pool"]

_HEAD_BYTES: Final = 64 * 1024
"""A line of a head, and a field of it: registries' tokens are longer than aiohttp's 8 KiB."""
_PIECE: Final = 32 * 1024
"""Bytes that may lie unread: with aiohttp's 256 KiB every small piece costs a turn of its parser."""
_IDLE: Final = 30.0
"""Seconds that an unused connection is kept."""


class Connections:
    """The one owner of everything that is open: pools, and what is under way on them.

    Made anywhere, without a loop; bound to the loop of its first call.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        user_agent: str | None = None,
        trace_configs: Iterable[aiohttp.TraceConfig] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.closed = False
        self._stats = Stats()
        self._user_agent = user_agent or _user_agent()
        self._trace_configs = list(trace_configs)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams = asyncio.Semaphore(self.limits.streams) if self.limits.streams is not None else None
        self.flights = Flights()
        self._pools: dict[object, Pool] = {}

    def pool(
        self,
        *,
        socket: str | None = None,
        place: str = "",
        tls: Literal[True] | SSLContext | TLS | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pool:
        """The pool for a unix socket, or for `place` (a host and port); the same for the same place and TLS."""
        key = (socket, place, tls, tuple((headers or {}).items()))
        if key not in self._pools:
            # bytes as they are; without the header aiohttp would ask for compressed ones
            sent = {"Accept-Encoding": "identity", "User-Agent": self._user_agent, **(headers or {})}
            places = Places(self.limits, self._stats, self._streams)
            self._pools[key] = Pool(self, places, socket, tls, sent, self._trace_configs)
        return self._pools[key]

    def bind(self) -> asyncio.AbstractEventLoop:
        """The running loop. Raises Closed after close(), Misused in any loop but that of the first call."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None:
                raise Misused("this client belongs to another event loop: make one in the loop that uses it")
            self._loop = loop
        if self.closed:
            raise Closed("this client is closed")
        return loop

    def stats(self) -> Stats:
        """The counts as they are now."""
        return structs.replace(self._stats)

    async def close(self) -> None:
        """Break off what is under way, close every connection. A second call ends what a cancelled first one left."""
        if self.closed and not any(pool.in_use for pool in self._pools.values()):
            return
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise Misused("close() in another event loop than the one that used this client")
        self.closed = True
        self.flights.break_off(Closed, "the client was closed while this was under way")
        async with contextlib.AsyncExitStack() as closing:  # each of them, also when the caller is cancelled meanwhile
            for pool in self._pools.values():
                closing.push_async_callback(pool.close)
        # transports report their end in the next turns of the loop; a closed client leaves none behind
        for _ in range(2):
            await asyncio.sleep(0)

    def __del__(self) -> None:
        if not self.closed and any(pool.in_use for pool in self._pools.values()):
            warnings.warn("a client, or a session, was never closed", ResourceWarning, stacklevel=1, source=self)


class Pool:
    """The connections to one address.

    Two aiohttp sessions: `calls`, bounded by `Limits.calls`, which keeps connections and uses them again; and
    `streams`, bounded by the budget of descriptors alone, a connection for each, which ends with it. So followers never
    delay a call.
    """

    def __init__(
        self,
        owner: Connections,
        places: Places,
        socket: str | None,
        tls: Literal[True] | SSLContext | TLS | None,
        headers: dict[str, str],
        trace_configs: list[aiohttp.TraceConfig],
    ) -> None:
        self.places = places
        self.limits = owner.limits
        self.bind = owner.bind
        self.flights = owner.flights
        self.enter = owner.flights.enter
        self.leave = owner.flights.leave
        self.stats = places.stats
        self.socket = socket
        self.headers = headers
        self._tls: Literal[True] | SSLContext | TLS = True if tls is None else tls
        self._trace_configs = trace_configs
        self._calls: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    @property
    def in_use(self) -> bool:
        """Whether it has sent anything, and is not closed."""
        return self._calls is not None or self._streams is not None

    @property
    def calls(self) -> aiohttp.ClientSession:
        """For short calls."""
        if self._calls is None:
            self.bind()  # none is opened after the end
            self._calls = self._session(keepalive_timeout=_IDLE)
        return self._calls

    @property
    def streams(self) -> aiohttp.ClientSession:
        """For streams, and for calls that wait."""
        if self._streams is None:
            self.bind()
            self._streams = self._session(force_close=True)
        return self._streams

    async def dial(self, base: yarl.URL) -> Line:
        """A connection beside both, for what will be no HTTP. Raises OSError."""
        from aiodockerhub.wire.dial import dial

        tls = self._context if base.scheme == "https" else None
        return await dial(path=self.socket, host=base.host or "", port=base.port or 0, tls=tls)

    @functools.cached_property
    def _context(self) -> SSLContext:
        return ssl_context(self._tls)

    async def close(self) -> None:
        """Close the connections, all of them also when cancelled meanwhile. It can be called again."""
        async with contextlib.AsyncExitStack() as closing:
            for session in (self._calls, self._streams):
                if session is not None:
                    closing.push_async_callback(session.close)
        self._calls = self._streams = None

    def _session(self, **kind: Any) -> aiohttp.ClientSession:  # noqa: ANN401  (aiohttp's own)
        # limit=0: waiting for a place is ours, where it is counted and bounded
        connector: aiohttp.BaseConnector
        if self.socket is not None:
            connector = UnixConnector(path=self.socket, limit=0, **kind)
        else:
            # aiohttp has a context for True of its own, which most never need
            connector = TCPConnector(limit=0, ssl=True if self._tls is True else self._context, **kind)
        return aiohttp.ClientSession(
            connector=connector,
            headers=self.headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
            trust_env=False,
            trace_configs=self._trace_configs,
            max_line_size=_HEAD_BYTES,
            max_field_size=_HEAD_BYTES,
            read_bufsize=_PIECE,
        )


def _user_agent() -> str:
    from aiodockerhub import __version__

    return f"aiodockerhub/{__version__} aiohttp/{aiohttp.__version__}"
