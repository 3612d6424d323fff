"""What every client is besides its methods: opened, counted, closed, and told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiodockerhub.wire.pool import Connections

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    import aiohttp

    from aiodockerhub.wire.http import HTTP
    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.stats import Stats

__all__ = ["Client"]


class Client:
    """A client of one server, with connections of its own, or with a session's.

    Whoever derives from it sets `_http`.
    """

    _http: HTTP

    def __init__(
        self,
        connections: Connections | None,
        limits: Limits | None,
        user_agent: str | None,
        trace_configs: Iterable[aiohttp.TraceConfig],
    ) -> None:
        self._own = connections is None
        self._connections = connections or Connections(
            limits=limits, user_agent=user_agent, trace_configs=trace_configs
        )

    def stats(self) -> Stats:
        """What is open and what was sent: of this client, or of the session that it belongs to."""
        return self._connections.stats()

    async def close(self) -> None:
        """Close every connection; what is under way ends with Closed. A session's client leaves that to the session."""
        if self._own:
            await self._connections.close()
        self._http.closed = True

    async def __aenter__(self) -> Self:
        self._http.bind()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        closed = " closed" if self._http.closed or self._connections.closed else ""
        return f"<{type(self).__name__} {self._http.address}{closed}>"
