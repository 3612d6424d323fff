"""What leaves the hub when something is refused or goes wrong: always JSON, `{"error": "..."}`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger("aiodockerhub.local")


class Refused(Exception):
    """Ends the handling of a request with a status and a message."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def as_json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with a JSON body."""
    return web.Response(
        body=msgspec.json.encode(value), status=status, headers=headers, content_type="application/json"
    )


def answering(record: Callable[[str, str, int], None]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware: makes answers of exceptions, tells `record` each answer's method, path, status."""

    @web.middleware
    async def middleware(request: web.Request, handler: Answering) -> web.StreamResponse:
        response = await _answered(request, handler)
        path = str(request.rel_url)
        record(request.method, path, response.status)
        _log.debug("%s %s -> %d", request.method, path, response.status)
        return response

    return middleware


async def _answered(request: web.Request, answer: Answering) -> web.StreamResponse:
    try:
        return await answer(request)
    except Refused as refused:
        return _error(refused.status, refused.message, refused.headers)
    except web.HTTPException as refused:  # aiohttp's own: 404, 405, 413
        allowed = {name: value for name, value in refused.headers.items() if name.lower() == "allow"}
        return _error(refused.status, refused.reason, allowed)
    except Exception:  # noqa: BLE001  (a fault of ours must not keep the peer waiting; it goes to the log)
        _log.exception("%s %s failed", request.method, request.rel_url)
        return _error(500, "internal error", None)


def _error(status: int, message: str, headers: Mapping[str, str] | None) -> web.Response:
    return as_json({"error": message}, status=status, headers=headers)
