"""`Session`, the one owner of connections, credentials and limits for many clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiodockerhub.errors import Closed
from aiodockerhub.wire.pool import Connections
from aiodockerhub.wire.proxies import proxy_for
from aiodockerhub.wire.timeouts import Timeout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ssl import SSLContext
    from types import TracebackType
    from typing import Self

    import aiohttp

    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine.docker import Docker
    from aiodockerhub.index.client import Index
    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.proxies import ProxySource
    from aiodockerhub.wire.stats import Stats
    from aiodockerhub.wire.tls import TLS

__all__ = ["Session"]


class Session:
    """Makes clients that share one owner of connections, credentials and limits.

    `credentials` are what every client of the session has that was not given its own: `Credentials`, or a coroutine
    function that gives them for a registry. `limits` bounds the streams that all clients together have open, and the
    calls of each address. `user_agent` and `trace_configs` (aiohttp's) hold for every request.

    Made anywhere, without a loop and without network I/O; it belongs to the event loop of its first call, with all its
    clients. Close it with `async with` or `close()`: its clients are closed then, what is under way ends with Closed.

        async with Session() as session:
            docker, index = session.docker(), session.index()
    """

    def __init__(
        self,
        *,
        credentials: CredentialsSource = None,
        limits: Limits | None = None,
        user_agent: str | None = None,
        trace_configs: Iterable[aiohttp.TraceConfig] = (),
    ) -> None:
        self._credentials = credentials
        self._connections = Connections(limits=limits, user_agent=user_agent, trace_configs=trace_configs)

    def docker(
        self,
        base_url: str | None = None,
        *,
        version: str | None = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008  (frozen)
        tls: Literal[True] | SSLContext | TLS | None = None,
        context: str | None = None,
        credentials: CredentialsSource = None,
    ) -> Docker:
        """A client of an engine; the parameters are those of `Docker`. Raises what `Docker` does, and Closed."""
        from aiodockerhub.engine.docker import Docker

        return Docker(
            base_url,
            version=version,
            timeout=timeout,
            tls=tls,
            context=context,
            credentials=credentials if credentials is not None else self._credentials,
            connections=self._shared(),
        )

    def index(
        self,
        base_url: str = "https://index.docker.io/v1/",
        *,
        credentials: CredentialsSource = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008  (frozen)
        tls: Literal[True] | SSLContext | TLS | None = None,
        proxy: ProxySource = proxy_for,
    ) -> Index:
        """A client of an index; the parameters are those of `Index`. Raises what `Index` does, and Closed."""
        from aiodockerhub.index.client import Index

        return Index(
            base_url,
            credentials=credentials if credentials is not None else self._credentials,
            timeout=timeout,
            tls=tls,
            proxy=proxy,
            connections=self._shared(),
        )

    def stats(self) -> Stats:
        """What is open and what was sent, of all clients together."""
        return self._connections.stats()

    async def close(self) -> None:
        """Close every client and connection; what is under way, or waits, ends with Closed. Twice does nothing."""
        await self._connections.close()

    async def __aenter__(self) -> Self:
        self._connections.bind()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        if self._connections.closed:
            return "<Session closed>"
        now = self.stats()
        return f"<Session {now.open_calls} calls, {now.open_streams} streams, {now.waiting} waiting>"

    def _shared(self) -> Connections:
        if self._connections.closed:
            raise Closed("this session is closed")
        return self._connections
