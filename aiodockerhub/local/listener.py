"""The listening socket of the hub: accepts, does the TLS handshake, and ends with nothing left open.

asyncio's own server forgets connections that it accepted and that are still shaking hands: they would outlive
`close()`, and be served after it.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
from typing import TYPE_CHECKING

from aiodockerhub.errors import BadAddress

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

_log = logging.getLogger("aiodockerhub.local")

# thousands of clients that connect in one moment are all let in
_BACKLOG = 4096
_HANDSHAKE_SECONDS = 10.0
# accept() fails while the process is out of descriptors, and the socket stays readable meanwhile
_PAUSE_SECONDS = 0.05


class Listener:
    """One socket on an IP address, bound at once, for the running loop; `port` is the real one."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._tls = tls
        self._pause: asyncio.TimerHandle | None = None
        self._welcoming: set[asyncio.Task[None]] = set()
        if not 0 <= port <= 65535:
            raise BadAddress(f"{port} is no port: 0 to 65535")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise BadAddress(f"can't listen on {host}, port {port}: {error}") from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def accept(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """From now on give every connection a `protocol()` of its own."""
        self._loop.add_reader(self._socket, self._accept_one, protocol)

    async def close(self) -> None:
        """Accept nothing more, and end what has not got as far as its protocol."""
        self._loop.remove_reader(self._socket)
        if self._pause is not None:
            self._pause.cancel()
        self._socket.close()
        for task in self._welcoming:
            task.cancel()
        if self._welcoming:
            await asyncio.wait(self._welcoming)

    def _accept_one(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        try:
            connection, _ = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            _log.warning("can't accept a connection, trying again: %s", error)
            self._loop.remove_reader(self._socket)
            self._pause = self._loop.call_later(_PAUSE_SECONDS, self.accept, protocol)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._welcome(connection, protocol))
        self._welcoming.add(task)
        task.add_done_callback(functools.partial(self._welcomed, connection))

    async def _welcome(self, connection: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        limit = _HANDSHAKE_SECONDS if self._tls else None
        await self._loop.connect_accepted_socket(protocol, connection, ssl=self._tls, ssl_handshake_timeout=limit)

    def _welcomed(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        self._welcoming.discard(task)
        if task.cancelled():
            # before its first step such a task has given the socket to nobody
            connection.close()
        elif error := task.exception():
            _log.debug("a connection came to nothing: %r", error)
            connection.close()
