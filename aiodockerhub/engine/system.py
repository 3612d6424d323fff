"""The engine itself: what it is, what happens in it, and whatever has no method of its own."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final, Literal, cast, overload

import msgspec

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.moments import Moment, moment
from aiodockerhub.errors import (
    BadParameter,
    DockerError,
    NotFound,
    OperationFailed,
    ServerError,
    Unauthorized,
    failed,
)
from aiodockerhub.progress import Event
from aiodockerhub.wire.jsonstream import JSONLines
from aiodockerhub.wire.messages import Outgoing, Request
from aiodockerhub.wire.paths import written_path
from aiodockerhub.wire.stream import Flow, NoOutcome, Stream
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.engine.duplex import Duplex
    from aiodockerhub.progress import Away
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.hijacked import Hijacked
    from aiodockerhub.wire.messages import Answer

__all__ = ["Ping", "Pruned", "System"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHOD: Final = re.compile(r"[A-Z]+")
_VALUE: Final = re.compile(r"[\x20-\x7e\x80-\xff\t]*")


class Ping(msgspec.Struct, frozen=True):
    """What an engine says of itself before any version is agreed on.

    `api_version` is the newest that it speaks, `os_type` what its containers run on ("linux"), `builder` the one that
    it would rather have build ("2": BuildKit), `experimental` whether it has what is not promised, `swarm` its part in
    one ("inactive", "active/manager"); None for what it does not say.
    """

    api_version: str
    os_type: str | None
    builder: str | None
    experimental: bool
    swarm: str | None


class Pruned(msgspec.Struct, frozen=True):
    """What was removed: ids of `containers`, names of `networks` and volumes, dicts of `images`, ids of caches.

    `volumes` is None where none were asked for, `build_cache` where the engine has none. `space_reclaimed` is in bytes.
    """

    containers: list[str]
    networks: list[str]
    volumes: list[str] | None
    images: list[types.ImageDeleteResponseItem]
    build_cache: list[str] | None
    space_reclaimed: int


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

    async def disk_usage(
        self,
        *,
        type: Sequence[Literal["container", "image", "volume", "build-cache"]] | None = None,
        verbose: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.SystemDataUsageResponse:
        """The bytes that images, containers, volumes and BuildKit's cache take; `type` limits it to some of them.

        Up to API 1.51 each is listed with its size (`Images`, `Containers`, `Volumes`, `BuildCache`; `LayersSize` is
        all of the images' layers), and null where it was not asked for. Engines of API 1.52 and later count and sum up
        (`ImageUsage` and so on), and list with `verbose`, as `Items`. The engine measures, which takes time.

        Raises BadRequest for a type that the engine does not know; VersionTooLow for `type` before API 1.42, for
        `verbose` before 1.52. podman has no regard for `type`. API: `SystemDataUsage`.
        """
        if isinstance(type, str):
            raise BadParameter("type= is a list of types, not one string")
        answer = await self._engine.json(
            "SystemDataUsage",
            "GET",
            "/system/df",
            query={"type": type, "verbose": verbose},
            pace="slow",
            timeout=timeout,
        )
        return cast("types.SystemDataUsageResponse", answer)

    async def check_credentials(
        self, registry: str = "docker.io", *, auth: CredentialsSource = None, timeout: CallTimeout = UNSET
    ) -> types.AuthResponse:
        """Have the engine try credentials at a registry, Docker Hub unless another is named.

        `auth` beats the client's credentials; without either, the configured ones for that registry. Gives the
        engine's `Status`, and an `IdentityToken`, a secret, where the registry gives one in place of the password:
        `Credentials.token` takes it. Nothing is stored, here or there.

        Raises Unauthorized where the registry refuses them, ServerError where it can't be reached, BadParameter where
        there are none for it, or a name that is no registry's, BadCredentials where what is configured can't be read.
        API: `SystemAuth`.
        """
        credentials = await self._engine.credentials.resolve(registry, auth)
        if credentials is None or credentials.is_anonymous:
            raise BadParameter(f"there are no credentials for {registry} to be checked")
        body = credentials.fields(registry)
        try:
            answer = await self._engine.call("SystemAuth", "POST", "/auth", json=body, pace="slow", timeout=timeout)
        except ServerError as error:
            if "unauthorized" not in error.message.lower():
                raise
            # engines answer 500 to what the registry answers 401 to
            raise Unauthorized(error.message, status=error.status, method=error.method, path=error.path) from error
        return cast("types.AuthResponse", answer.decoded if answer.body else {"Status": ""})

    async def prune_all(
        self,
        *,
        all: bool | None = None,
        volumes: bool = False,
        filters: Filters | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Pruned:
        """Remove whatever is not in use, one kind after the other, as `docker system prune` does.

        Containers that do not run, networks that nothing is in, images that have no name, or with `all` those that no
        container has; what BuildKit keeps of former builds and does not share, or with `all` that, too. With `volumes`
        also those without a name of their own that no container has; before API 1.42, and on podman, those with one
        too. `until` (`"24h"`), `label` and `label!` in `filters` choose; volumes know no `until`, and what BuildKit
        keeps has no labels: it goes whatever `label` says. `timeout` bounds each step.

        Raises BadParameter for `until` together with `volumes`, BadRequest for a filter that the engine does not know,
        Conflict while another prune runs: what was removed until then is gone. API: `ContainerPrune`, `NetworkPrune`,
        `VolumePrune`, `ImagePrune`, `BuildPrune`.
        """
        if volumes and "until" in (written(filters) or {}):
            raise BadParameter("volumes can't be pruned by their age: filters= with until, and volumes=, are both set")
        unused: Filters = {**(filters or {}), **({"dangling": False} if all else {})}
        containers = await self._prune("ContainerPrune", "/containers/prune", filters, timeout)
        networks = await self._prune("NetworkPrune", "/networks/prune", filters, timeout)
        named = await self._prune("VolumePrune", "/volumes/prune", filters, timeout) if volumes else None
        images = await self._prune("ImagePrune", "/images/prune", unused, timeout)
        cache = await self._prune_build_cache(filters, timeout, all=all)
        answers = (containers, networks, named, images, cache)
        return Pruned(
            containers=containers.get("ContainersDeleted") or [],
            networks=networks.get("NetworksDeleted") or [],
            volumes=None if named is None else named.get("VolumesDeleted") or [],
            images=images.get("ImagesDeleted") or [],
            build_cache=None if cache is None else cache.get("CachesDeleted") or [],
            space_reclaimed=sum(answer.get("SpaceReclaimed") or 0 for answer in answers if answer is not None),
        )

    async def _prune(
        self, operation: str, path: str, filters: Filters | None, timeout: CallTimeout, *, all: bool | None = None
    ) -> dict[str, Any]:
        query = {"filters": written(filters), "all": all}
        answer = await self._engine.json(operation, "POST", path, query=query, pace="slow", timeout=timeout)
        return cast("dict[str, Any]", answer)

    async def _prune_build_cache(
        self, filters: Filters | None, timeout: CallTimeout, *, all: bool | None
    ) -> dict[str, Any] | None:
        try:
            return await self._prune("BuildPrune", "/build/prune", filters, timeout, all=all)
        except NotFound:  # podman keeps its cache among the images
            return None

    @overload
    def events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Filters | None = None,
        reconnect: Literal[False] = False,
        timeout: CallTimeout = UNSET,
    ) -> Stream[Event, None]: ...

    @overload
    def events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Filters | None = None,
        reconnect: Literal[True],
        timeout: CallTimeout = UNSET,
    ) -> Stream[Event | Away, None]: ...

    def events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Filters | None = None,
        reconnect: bool = False,
        timeout: CallTimeout = UNSET,
    ) -> Stream[Event, None] | Stream[Event | Away, None]:
        """What happens in the engine, from now on or from `since`; without an end unless `until` is given.

        `timeout` bounds the whole stream; `Timeout(idle=...)` the silence. The stream raises StreamBroken where the
        connection breaks. dockerd takes no notice of a filter that it does not know, podman raises ServerError.

        With `reconnect` it listens anew instead, as soon as the engine lets it, from the last event on, without loss
        and without doubles, and tells it with an `Away` among the events; time limits then hold for each connection.
        dockerd keeps the last 256 events, and none when it is restarted: what it did not tell before is lost then.
        API: `SystemEvents`.
        """

        def listen(since: Moment | None) -> Stream[Event, None]:
            return self._listen(since, until, filters, timeout)

        if not reconnect:
            return listen(since)
        from aiodockerhub.engine.lasting import LastingEvents

        lasting = LastingEvents(self._engine.http.pool, listen, self._now, since=since, endless=until is None)
        return Stream(Flow("events", lasting.begin, lasting, lasting))

    async def _now(self) -> int:
        """The engine's time, in seconds since 1970; ours where it does not tell."""
        answer = await self._engine.http.call(Request("GET", "/_ping"))
        return int(time.time()) if answer.date is None else answer.date

    def _listen(
        self, since: Moment | None, until: Moment | None, filters: Filters | None, timeout: CallTimeout
    ) -> Stream[Event, None]:
        parameters = {"since": moment(since), "until": moment(until), "filters": written(filters)}

        async def begin() -> Body:
            return await self._engine.open("SystemEvents", "GET", "/events", query=parameters, timeout=timeout)

        decoder = JSONLines(Event, line=self._engine.http.pool.limits.line)
        return self._engine.stream("events", begin, decoder, NoOutcome(), convert=decoder.convert)

    def hijack_session(self, *, headers: Mapping[str, str] | None = None, timeout: CallTimeout = UNSET) -> Duplex:
        """A connection of its own for BuildKit's sessions, on which the engine asks and the client serves (gRPC).

        `headers` are the session's: `X-Docker-Expose-Session-Uuid` and the like; `Upgrade` is `h2c` unless set. Its
        bytes are read with `.raw` and written with `write`; what they mean is the caller's. API: `Session`.
        """

        async def connect() -> Hijacked:
            told = {"Upgrade": "h2c", **(headers or {})}
            _check_words("POST", told)
            return await self._engine.hijack("Session", "POST", "/session", headers=told, timeout=timeout)

        async def has_terminal() -> bool:
            return True  # as far as frames go: there are none

        from aiodockerhub.engine.duplex import duplex

        return duplex(self._engine, "session", connect, has_terminal)

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


class _Errors(NoOutcome):
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
