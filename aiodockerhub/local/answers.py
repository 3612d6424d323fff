"""What leaves the hub when something is refused or goes wrong: always JSON.

The index says `{"error": "..."}`, the registry `{"errors": [{"code": "...", "message": "...", "detail": ...}]}`
(OCI distribution specification, Error Codes).
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from aiohttp import web

from aiodockerhub.local.shelf import Full

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence

    Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger("aiodockerhub.local")

_REGISTRY = "/v2/"
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
"""On every answer of the registry: old clients take it for one of version 1 without."""


class Refused(Exception):
    """Ends the handling of a request with a status and a message."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class Problem(NamedTuple):
    """One of the errors in a registry's answer; `code` is one of the specification's."""

    code: str
    message: str
    detail: object = None


class RegistryRefused(Refused):
    """Ends the handling of a registry's request with a status and one problem or more."""

    def __init__(self, status: int, *problems: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, problems[0].message, headers)
        self.problems = problems


def refused(status: int, code: str, message: str, **detail: object) -> RegistryRefused:
    """The usual refusal: one problem."""
    return RegistryRefused(status, Problem(code, message, detail or None))


@contextlib.contextmanager
def fitting() -> Generator[None]:
    """Refuses what is Full. The code is one that clients take for final: later there is no more room than now."""
    try:
        yield
    except Full as error:
        raise refused(413, "DENIED", str(error)) from error


def as_json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with a JSON body."""
    return web.Response(
        body=msgspec.json.encode(value), status=status, headers=headers, content_type="application/json"
    )


def answering(record: Callable[[str, str, int], None]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware: makes answers of exceptions, tells `record` method, path, status of each that is heard."""

    @web.middleware
    async def middleware(request: web.Request, handler: Answering) -> web.StreamResponse:
        path = str(request.rel_url)
        try:
            response = await _answered(request, handler)
        except ConnectionError:
            _log.debug("%s %s: the peer has left", request.method, path)
            return web.Response()  # which nobody hears
        record(request.method, path, response.status)
        _log.debug("%s %s -> %d", request.method, path, response.status)
        return response

    return middleware


async def _answered(request: web.Request, answer: Answering) -> web.StreamResponse:
    try:
        return await answer(request)
    except RegistryRefused as refusal:
        return _problems(refusal.status, refusal.problems, refusal.headers)
    except Refused as refusal:
        return _error(request, refusal.status, refusal.message, refusal.headers)
    except web.HTTPException as refusal:  # aiohttp's own: 404, 405, 413
        allowed = {name: value for name, value in refusal.headers.items() if name.lower() == "allow"}
        return _error(request, refusal.status, refusal.reason, allowed)
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001  (a fault of ours must not keep the peer waiting; it goes to the log)
        _log.exception("%s %s failed", request.method, request.rel_url)
        return _error(request, 500, "internal error", None)


def _error(request: web.Request, status: int, message: str, headers: Mapping[str, str] | None) -> web.Response:
    if request.path.startswith(_REGISTRY):
        code = "UNKNOWN" if status == 500 else "UNSUPPORTED"
        return _problems(status, [Problem(code, message)], headers)
    return as_json({"error": message}, status=status, headers=headers)


def _problems(status: int, problems: Sequence[Problem], headers: Mapping[str, str] | None) -> web.Response:
    errors = [problem._asdict() for problem in problems]
    return as_json({"errors": errors}, status=status, headers={**VERSION, **(headers or {})})
