"""A WebSocket as a connection that goes both ways."""

from __future__ import annotations

import asyncio
import http
from typing import TYPE_CHECKING, Final

import aiohttp
import yarl
from aiohttp import WebSocketError, WSCloseCode, WSMsgType

from aiodockerhub.errors import Misused, ProtocolViolated, StreamBroken, TooLarge
from aiodockerhub.wire.connectors import UNDER_WAY
from aiodockerhub.wire.refusals import refusal

if TYPE_CHECKING:
    from aiodockerhub.wire.connectors import Attempt
    from aiodockerhub.wire.messages import Request
    from aiodockerhub.wire.pool import Pool
    from aiodockerhub.wire.refusals import Missing
    from aiodockerhub.wire.timeouts import Span

__all__ = ["WebSocket", "websocket"]

_CONTENT: Final = (WSMsgType.BINARY, WSMsgType.TEXT)
_GOOD_ENDS: Final = (0, WSCloseCode.OK)
"""What a close frame says of an end that is none before its time: nothing, or 1000, as engines do."""


class WebSocket:
    """As a `Line` of wire/dial.py, but that its two ways end together."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, attempt: Attempt, request: Request) -> None:
        self._socket = socket
        self._attempt = attempt
        self._asked = request.asked
        self._closing: asyncio.Task[bool] | None = None

    async def read(self) -> bytes:
        """What the next message holds that holds anything; b"" at the end.

        Raises StreamBroken where the other side does not say that this is the end, TooLarge, ProtocolViolated.
        """
        while (message := await self._socket.receive()).type in _CONTENT:
            if content := message.data:
                return content.encode() if isinstance(content, str) else bytes(content)
        if message.type is WSMsgType.CLOSE and message.data in _GOOD_ENDS:
            return b""
        raise self._broken(message)

    def _broken(self, message: aiohttp.WSMessage) -> Exception:
        told = message.data
        if message.type is WSMsgType.CLOSE:
            words = f"the WebSocket was closed before its end: {told} {message.extra or ''}".rstrip()
            return StreamBroken(f"{words} ({self._asked})")
        if not isinstance(told, WebSocketError):
            return ConnectionResetError("the connection ended without a word")
        kind = TooLarge if told.code == WSCloseCode.MESSAGE_TOO_BIG else ProtocolViolated
        return kind(f"no WebSocket message that can be read: {told} ({self._asked})")

    async def write(self, data: bytes) -> None:
        """A message of its own."""
        await self._socket.send_bytes(data)

    async def write_eof(self) -> None:
        """Not here. Raises Misused."""
        raise Misused("a WebSocket can't end one way alone: attach() can")

    def abort(self) -> None:
        """End it at once."""
        self._attempt.cut()
        if self._closing is None:  # aiohttp lets go of it in a coroutine alone
            self._closing = asyncio.get_running_loop().create_task(self._socket.close())


async def websocket(
    pool: Pool, url: str, request: Request, limits: Span, attempt: Attempt, missing: Missing | None
) -> WebSocket:
    """An open one. Raises an APIError, ProtocolViolated, and what aiohttp raises."""
    pool.stats.requests += 1
    UNDER_WAY.set(attempt)
    try:
        async with asyncio.timeout(limits.connect):
            socket = await pool.streams.ws_connect(
                yarl.URL(url, encoded=True), headers=request.headers, max_msg_size=pool.limits.line
            )
    except aiohttp.WSServerHandshakeError as error:
        if error.status < 400:
            raise ProtocolViolated(f"an answer of {error.status} opens no WebSocket ({request.asked})") from None
        # its body is gone: aiohttp has closed it
        raise refusal(
            error.status,
            http.HTTPStatus(error.status).phrase if error.status in set(http.HTTPStatus) else None,
            error.headers or {},
            b"",
            method=request.method,
            path=request.path,
            missing=missing,
        ) from None
    return WebSocket(socket, attempt, request)
