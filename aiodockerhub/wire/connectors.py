"""aiohttp's connectors and requests, which tell what became of the request under way, and repeat none by themselves."""

from __future__ import annotations

import contextvars
import select
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    import asyncio

    from aiohttp.client import ClientTimeout
    from aiohttp.client_middlewares import ClientHandlerType
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest, ClientResponse
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["UNDER_WAY", "Attempt", "Broke", "TCPConnector", "UnixConnector", "never_repeated"]


class Attempt:
    """What is known of a request that is under way.

    `reads`: it changes nothing. `brief`: its body, if it has one, goes out at once. `again`: it was tried before.
    """

    connected = False
    """Whether it has a connection."""
    reused = False
    """Whether that was used before."""
    answered = False
    """Whether the head of its answer came."""
    raised: Exception | None = None
    """What its own body raised."""
    hop = ""
    """The URL that a redirect led to, or ""."""
    transport: asyncio.Transport | None = None

    def __init__(self, *, reads: bool, brief: bool, again: bool = False) -> None:
        self.reads = reads
        self.brief = brief
        self.again = again

    def cut(self) -> None:
        """End its connection at once. Closed, it would live on for as long as a peer does not read what was written."""
        if self.transport is not None:
            self.transport.abort()


UNDER_WAY: Final[contextvars.ContextVar[Attempt]] = contextvars.ContextVar("aiodockerhub_under_way")


class Broke(Exception):
    """A signal between two modules of this room: the connection broke under a request, `error` says how."""

    def __init__(self, error: aiohttp.ClientError) -> None:
        super().__init__()
        self.error = error


async def never_repeated(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A middleware of aiohttp, which repeats PUT and DELETE though they may have run, and GET without telling why.

    It knows a broken connection by the class of the error, so that it must not see it.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if isinstance(error, aiohttp.ClientConnectorError):
            raise
        raise Broke(error) from error


class _Watching(aiohttp.BaseConnector):
    """Fills in the `Attempt` of the request that it connects."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  (aiohttp's own)
        self._known: set[ResponseHandler | None] = set()
        super().__init__(**options)

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        attempt = UNDER_WAY.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            attempt.reused = connection.protocol in self._known
            if not attempt.reused:
                self._remember(connection)
            elif (attempt.again or not attempt.reads) and _has_ended(connection):
                connection.close()
                continue
            attempt.connected = True
            attempt.transport = connection.transport
            return connection

    def _remember(self, connection: Connection) -> None:
        if not self.force_close:  # else it will not come again
            self._known = {one for one in self._known if one is not None and one.transport is not None}
            self._known.add(connection.protocol)


class TCPConnector(_Watching, aiohttp.TCPConnector):
    """For hosts."""


class UnixConnector(_Watching, aiohttp.UnixConnector):
    """For a unix socket."""


def _has_ended(connection: Connection) -> bool:
    """Whether an idle connection has something to read: its end, which the loop has not seen yet, or nonsense."""
    transport = connection.transport
    socket = transport.get_extra_info("socket") if transport is not None else None
    if socket is None:
        return True
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))
