"""The engine itself: what it is, what happens in it, and whatever has no method of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec

from aiodockerhub.errors import BadParameter, DockerError, OperationFailed, failed
from aiodockerhub.progress import Event
from aiodockerhub.wire.jsonstream import JSONLines
from aiodockerhub.wire.messages import Outgoing, Request
from aiodockerhub.wire.paths import written_path
from aiodockerhub.wire.stream import NoOutcome
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from datetime import datetime

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.messages import Answer
    from aiodockerhub.wire.stream import Stream

__all__ = ["Filters", "Moment", "Ping", "System"]

Filters: TypeAlias = Mapping[str, str | bool | Sequence[str] | Mapping[str, bool]]
"""Filters by name: `{"label": ["app=x", "tier"], "dangling": True}`. Several values of a name mean any, labels all."""

Moment: TypeAlias = "int | float | str | datetime"
"""A point in time: seconds since 1970, a datetime, or what the engine reads itself: seconds with nanoseconds
(`"1767323046.123456789"`); podman reads `"10m"` and RFC 3339 too, dockerd does not."""


_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHOD: Final = re.compile(r"[A-Z]+")
_VALUE: Final = re.compile(r"[\x20-\x7e\x80-\xff\t]*")


class Ping(msgspec.Struct, frozen=True):
    """What an engine says of itself before any version is agreed on."""

    api_version: str
    os_type: str | None
    builder: str | None
    experimental: bool
    swarm: str | None


class System:
    """The engine's own operations. `Docker` offers them."""

    _engine: Engine

    async def info(self, *, timeout: CallTimeout = UNSET) -> types.SystemInfo:
        """The engine, its host, its drivers and its counts. API: `SystemInfo`."""
        return cast("types.SystemInfo", await self._engine.json("SystemInfo", "GET", "/info", timeout=timeout))

    async def version(self, *, timeout: CallTimeout = UNSET) -> types.SystemVersion:
        """The versions of the engine, of its parts, and of its API. API: `SystemVersion`."""
        answer = await self._engine.json("SystemVersion", "GET", "/version", timeout=timeout)
        return cast("types.SystemVersion", answer)

    async def ping(self, *, head: bool = False, timeout: CallTimeout = UNSET) -> Ping:
        """Whether the engine answers, and what it says of itself; needs no common version.

        `head=True` asks with HEAD. Raises EngineUnreachable where nothing answers. API: `SystemPing`, `SystemPingHead`.
        """
        answer = await self._engine.http.call(Request("HEAD" if head else "GET", "/_ping"), timeout=timeout)
        told = answer.headers
        return Ping(
            api_version=told.get("Api-Version", ""),
            os_type=told.get("OSType"),
            builder=told.get("Builder-Version"),
            experimental=told.get("Docker-Experimental") == "true",
            swarm=told.get("Swarm"),
        )

    def events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Filters | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[Event, None]:
        """What happens in the engine, from now on or from `since`; without an end unless `until` is given.

        `timeout` bounds the whole stream; `Timeout(idle=...)` the silence. The stream raises StreamBroken where the
        connection breaks, and BadRequest for a filter that the engine does not know. API: `SystemEvents`.
        """
        parameters = {"since": moment(since), "until": moment(until), "filters": written(filters)}

        async def begin() -> Body:
            return await self._engine.open("SystemEvents", "GET", "/events", query=parameters, timeout=timeout)

        decoder = JSONLines(Event, line=self._engine.http.pool.limits.line)
        return self._engine.stream("events", begin, decoder, NoOutcome(), convert=decoder.convert)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Any:  # noqa: ANN401  (what has no method here has no type here)
        """Anything that has no method here: `await docker.request("GET", "/containers/x/top")`.

        `path` begins with a slash, has no version in front, and is quoted by the caller. The answer decoded where its
        Content-Type is `application/json`, None where it is empty, else its bytes. Versions, errors, limits and
        ownership are those of every call. Raises BadParameter for what can't be sent, and ProtocolViolated for an
        answer that says JSON and is none, or is several (what `stream` is for).
        """
        target = written_path(path)
        _check_words(method, headers)
        answer = await self._engine.call("", method, target, query=params, json=json, headers=headers, timeout=timeout)
        return _content(answer)

    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: bytes | Outgoing | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[dict[str, Any], None]:
        """Any JSON stream that has no method here, as the engine's own dicts.

        An `{"error": ...}` in it raises OperationFailed. Raises BadParameter for what can't be sent.
        """
        target = written_path(path)
        _check_words(method, headers)

        async def begin() -> Body:
            return await self._engine.open(
                "", method, target, query=params, headers=headers, body=body, timeout=timeout
            )

        decoder = JSONLines[dict[str, Any]](dict[str, Any], line=self._engine.http.pool.limits.line)
        return self._engine.stream(f"{method} {target}", begin, decoder, _Errors(method, target))


class _Errors:
    def __init__(self, method: str, path: str) -> None:
        self._method = method
        self._path = path

    def observe(self, item: object) -> DockerError | None:
        if not isinstance(item, dict):
            return None
        told = cast("dict[str, Any]", item)
        detail = told.get("errorDetail")
        detail = cast("dict[str, Any]", detail) if isinstance(detail, dict) else {}
        message, code = detail.get("message") or told.get("error"), detail.get("code")
        if not isinstance(message, str):
            return None
        code = code if isinstance(code, int) else None
        return failed(OperationFailed, message, code=code, method=self._method, path=self._path)

    async def outcome(self) -> None:
        return


def _content(answer: Answer) -> Any:  # noqa: ANN401  (whatever it says that it is)
    # engines name the type of all that they send: what has none is somebody else's
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return answer.body or None
    return answer.decoded


def _check_words(method: str, headers: Mapping[str, str] | None) -> None:
    """Refuse what would break the head of a request."""
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise BadParameter(f"no method of HTTP: {method!r}")
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise BadParameter(f"no name of a header: {name!r}")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise BadParameter(f"the value of the header {name} can't be sent")


def moment(value: Moment | None) -> str | int | float | None:
    """A point in time as engines read it."""
    if value is None or isinstance(value, (int, float, str)):
        return value
    return f"{value.timestamp():.6f}"  # more digits would be those of the float, not of the datetime


def written(filters: Filters | None) -> Mapping[str, object] | None:
    """Filters as engines read them: a list of strings for each name."""
    if not filters:
        return None
    return {name: _values(value) for name, value in filters.items()}


def _values(value: str | bool | Sequence[str] | Mapping[str, bool]) -> object:
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence):
        return list(value)
    raise BadParameter(f"filters: {value!r} is no text, no boolean, and none several of them")
