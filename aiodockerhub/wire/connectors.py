"""aiohttp's connectors, which also tell what became of the request that they connect."""

from __future__ import annotations

import contextvars
import select
import weakref
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client import ClientTimeout
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["UNDER_WAY", "Attempt", "NotRepeated", "TCPConnector", "UnixConnector"]


class NotRepeated(Exception):  # noqa: N818  (a signal between two modules of this room)
    """aiohttp was about to send again what may have run already."""


class Attempt:
    """What is known of a request: may it be repeated, does its body stream, has it a connection, and a used one.

    `hop` is the URL that a redirect led to, or "".
    """

    __slots__ = ("connected", "hop", "repeatable", "reused", "streams")

    def __init__(self, *, repeatable: bool, streams: bool) -> None:
        self.repeatable = repeatable
        self.streams = streams
        self.connected = False
        self.reused = False
        self.hop = ""


UNDER_WAY: Final[contextvars.ContextVar[Attempt]] = contextvars.ContextVar("aiodockerhub_under_way")


class _Watching(aiohttp.BaseConnector):
    """Fills in the `Attempt` of the request that it connects.

    aiohttp repeats PUT and DELETE by itself when their connection broke, though they may have run; their second `connect`
    is where this is stopped.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  (aiohttp's own)
        self._known: weakref.WeakSet[object] = weakref.WeakSet()
        super().__init__(**options)

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        attempt = UNDER_WAY.get()
        if attempt.connected and not attempt.repeatable:
            raise NotRepeated
        while True:
            connection = await super().connect(req, traces, timeout)
            attempt.reused = connection.protocol in self._known
            if not attempt.reused:
                self._known.add(cast("object", connection.protocol))
            elif not attempt.repeatable and _has_ended(connection):
                connection.close()
                continue
            attempt.connected = True
            return connection


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
