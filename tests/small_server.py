"""A server of a few lines on a real socket, which remembers what it was asked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    from multidict import CIMultiDictProxy


class Asked(NamedTuple):
    method: str
    path: str
    headers: CIMultiDictProxy[str]
    body: bytes


class SmallServer:
    """`url` and `port` are its own; `asked` is what came, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.port = 0
        self.asked: list[Asked] = []


@contextlib.asynccontextmanager
async def small_server(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
    *,
    host: str = "127.0.0.1",
    socket: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[SmallServer]:
    """Answers every request with `answer(request)`; cut off at the end, whatever is under way."""
    server = SmallServer()

    async def remembered(request: web.Request) -> web.StreamResponse:
        server.asked.append(Asked(request.method, request.path_qs, request.headers, await request.read()))
        return await answer(request)

    serving = web.Server(remembered, handler_cancellation=True)
    runner = web.ServerRunner(serving, shutdown_timeout=5)
    await runner.setup()
    try:
        if socket is not None:
            await web.UnixSite(runner, socket, backlog=4096).start()
            server.url = f"unix://{socket}"
        else:
            await web.TCPSite(runner, host, 0, ssl_context=tls, backlog=4096).start()
            server.port = runner.addresses[0][1]
            server.url = f"{'https' if tls else 'http'}://{host}:{server.port}"
        yield server
    finally:
        for connection in serving.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()
