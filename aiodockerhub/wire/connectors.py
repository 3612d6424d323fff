"""aiohttp's connectors and requests, which tell what became of the request under way, and repeat none by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import select
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import aiohttp
from aiohttp.http_exceptions import BadHttpMessage

from aiodockerhub.wire.receiving import SharedBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp.client import ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["UNDER_WAY", "Attempt", "TCPConnector", "UnixConnector", "unread"]

Look: TypeAlias = "Callable[[int], list[Any]]"


_BOUNDS_HEADS: Final = tuple(map(int, aiohttp.__version__.split(".")[:2])) >= (3, 14)
"""Whether this aiohttp bounds the fields of heads and trailers by itself."""
_MOST_UNREAD: Final = 256 * 1024
"""Bytes that are taken at a time out of the socket of a lost connection."""
_MOST_BUT_BODY: Final = 1024 * 1024
"""Bytes of a head with the answers of 1xx before it, of trailers, of what stands between chunks."""


class Upload(Protocol):
    """A body on its way out."""

    error: Exception | None
    """What its source raised."""
    transport: asyncio.Transport | None
    """Where it goes."""


class Attempt:
    """What is known of a request that is under way.

    `reads`: it changes nothing. `brief`: its body, if it has one, goes out at once. `octets`: as of a `Request`.
    """

    protocol: ResponseHandler | None = None
    """Its connection."""
    transport: asyncio.Transport | None = None
    """That of its connection, which forgets it when it is closed."""
    reused = False
    """Whether that was used before."""
    answered = False
    """Whether the head of its answer came."""
    content: aiohttp.StreamReader | None = None
    """The body of its answer, once the head has come."""
    sending: Upload | None = None
    hop = ""
    """The URL that a redirect led to, or ""."""

    def __init__(self, reads: bool, brief: bool, octets: bool) -> None:
        self.reads = reads
        self.brief = brief
        self.octets = octets

    @property
    def connected(self) -> bool:
        """Whether it has a connection, or had one."""
        return self.protocol is not None

    @property
    def raised(self) -> Exception | None:
        """What its own body's source raised, of which aiohttp says only that sending failed."""
        return self.sending.error if self.sending is not None else None

    def redirected(self, hop: str) -> None:
        """It goes on at `hop`."""
        self.protocol = None
        self.answered = False
        self.content = None
        self.hop = hop

    def cut(self) -> None:
        """End its connection at once. Closed, it would live on for as long as a peer does not read what was written."""
        if self.transport is not None and self.transport.get_extra_info("socket").fileno() >= 0:
            self.transport.abort()  # asyncio fails where one is aborted that was closed and has ended

    def loss(self) -> aiohttp.ClientError:
        """How its connection broke."""
        closed = self.protocol.closed if self.protocol is not None else None
        told = closed.exception() if closed is not None and closed.done() and not closed.cancelled() else None
        if told is None or not isinstance(told.__cause__, OSError):
            return aiohttp.ServerDisconnectedError()
        error = aiohttp.ClientOSError(*told.__cause__.args)
        error.__cause__ = told.__cause__
        return error


UNDER_WAY: Final[contextvars.ContextVar[Attempt]] = contextvars.ContextVar("aiodockerhub_under_way")


class _Watching(aiohttp.BaseConnector):
    """Fills in the `Attempt` of the request that it connects."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  (aiohttp's own)
        self._used: dict[ResponseHandler, Look] = {}
        self._buffer = SharedBuffer()
        super().__init__(**options)

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        attempt = UNDER_WAY.get()
        if attempt.protocol is not None:
            # aiohttp repeats PUT and DELETE though they may have run, and GET without telling why: that is for us
            raise attempt.loss()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert protocol is not None  # noqa: S101  (it was not given back yet)
            transport = connection.transport
            look = self._used.get(protocol)
            attempt.reused = look is not None
            if look is None:
                self._remember(protocol, transport)
            elif protocol.should_close or look(0):
                # its end, which the loop has not seen yet, or an answer unasked, which would be taken for the next one
                connection.close()
                continue
            attempt.protocol = protocol
            attempt.transport = transport
            self._guard(attempt, protocol)
            return connection

    def _guard(self, attempt: Attempt, protocol: ResponseHandler) -> None:
        """Puts a guard between a connection and aiohttp where it needs one, else takes an earlier request's away."""
        transport = attempt.transport
        if transport is None:
            return
        if _BOUNDS_HEADS and attempt.sending is None:
            self._buffer.receive(protocol, transport, octets=attempt.octets)
        else:
            transport.set_protocol(_Guard(attempt, protocol, transport))
            if attempt.sending is not None:
                attempt.sending.transport = transport

    def _remember(self, protocol: ResponseHandler, transport: asyncio.Transport | None) -> None:
        """From its first use to its end."""

        def forget(closed: asyncio.Future[None]) -> None:
            self._used.pop(protocol, None)
            if not closed.cancelled():
                closed.exception()  # asked for by whoever lost something by it

        if (closed := protocol.closed) is not None and transport is not None:
            closed.add_done_callback(forget)
            self._used[protocol] = _look(transport)


class _Guard(asyncio.Protocol):
    """Stands before aiohttp's protocol, and ends a connection that aiohttp would keep for ever, or fill memory with.

    A peer that ends its side while it does not read an upload: closed in good order, the connection would wait for
    the rest to be sent. And, before aiohttp 3.14, heads and trailers of any number of fields.
    """

    def __init__(self, attempt: Attempt, protocol: ResponseHandler, transport: asyncio.Transport) -> None:
        self._attempt = attempt
        self._protocol = protocol
        self._transport = transport
        self._body = 0
        self._else = 0

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)
        content = self._attempt.content
        if content is not None and content.total_bytes > self._body:
            self._body = content.total_bytes
            self._else = 0
            return
        self._else += len(data)
        if self._else > _MOST_BUT_BODY:
            if content is None:
                self._protocol.set_exception(BadHttpMessage(f"a head of more than {_MOST_BUT_BODY} bytes"))
            self._transport.abort()

    def eof_received(self) -> None:
        self._protocol.eof_received()
        if self._attempt.sending is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self._attempt.sending is not None and self._attempt.content is None:
            for piece in unread(self._transport):  # the answer of a peer that left before it had read all
                self.data_received(piece)
        if self._protocol.writing_paused:
            # who waits to write learns of it by the next write; told now, one who was cancelled meanwhile would leave
            # an exception behind that nobody looks at, before aiohttp 3.14
            self._protocol.resume_writing()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


def unread(transport: asyncio.Transport) -> Iterator[bytes]:
    """What has come and was not read when sending failed: the transport goes with all that lies in its socket."""
    with contextlib.suppress(OSError), transport.get_extra_info("socket").dup() as socket:
        while piece := socket.recv(_MOST_UNREAD):
            yield piece


class TCPConnector(_Watching, aiohttp.TCPConnector):
    """For hosts."""


class UnixConnector(_Watching, aiohttp.UnixConnector):
    """For a unix socket."""


def _look(transport: asyncio.Transport) -> Look:
    """What tells at once whether there is something to read, kept ready since it is asked before each use."""
    socket = transport.get_extra_info("socket")
    if not hasattr(select, "poll"):
        return lambda wait: select.select([socket], [], [], wait)[0]
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN | select.POLLHUP)
    return poll.poll
