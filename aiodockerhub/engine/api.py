"""How every resource speaks to the engine: one version for all, paths quoted, operations checked, answers decoded."""

from __future__ import annotations

import asyncio
import copy
import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from multidict import istr

from aiodockerhub.engine.changes import CHANGES
from aiodockerhub.engine.versions import NEWEST, OLDEST, check, parse
from aiodockerhub.errors import (
    APIError,
    ConnectionFailed,
    ContainerNotFound,
    DockerError,
    ImageNotFound,
    NotFound,
    ProtocolViolated,
    StreamBroken,
    VersionTooLow,
)
from aiodockerhub.wire.messages import Answer, Outgoing, Request, json_body
from aiodockerhub.wire.paths import path, query
from aiodockerhub.wire.stream import Flow, Stream
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiodockerhub.credentials import CredentialsSource, CredentialStore
    from aiodockerhub.reference import Reference
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.flights import Flight
    from aiodockerhub.wire.hijacked import Hijacked
    from aiodockerhub.wire.http import HTTP
    from aiodockerhub.wire.stream import Collector, Decoder, Source
    from aiodockerhub.wire.timeouts import Span

__all__ = ["NOBODY", "Engine"]

NOBODY: Final = "e30="
"""No credentials at all, `{}`, for operations to which saying nothing means something else."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Result = TypeVar("Result")

# what dockerd and podman answer to a version outside of theirs; nothing ran then
_WRONG_VERSION: Final = re.compile(r"client version \S+ is too (new|old)|version \S+ is not supported", re.IGNORECASE)

# where something else than the container may be what is missing; an answer to HEAD has no words that tell
_OF_OTHER_THINGS: Final = re.compile(r"/containers/(create|prune)|/archive$|/checkpoints(/|$)")

_API_VERSION: Final = istr("Api-Version")
"""Looked up in every answer: like this the name is not made lower case again each time."""


class Engine:
    """One engine as the resources see it."""

    def __init__(self, http: HTTP, *, version: str | None, credentials: CredentialsSource) -> None:
        self.http = http
        self._source = credentials
        if credentials is not None:
            _ = self.credentials  # refuses what gives none, while the constructor runs
        self._fixed = parse(version) if version is not None else None
        self._version: tuple[int, int] | None = self._fixed
        self._announced = ""
        self._asking: asyncio.Future[tuple[int, int]] | None = None

    @functools.cached_property
    def credentials(self) -> CredentialStore:
        """Where credentials for a registry are found. Loaded with the first pull, push or build."""
        from aiodockerhub.credentials import CredentialStore

        return CredentialStore(self._source)

    async def registry_auth(
        self, name: Reference, auth: CredentialsSource, *, nobody: str | None = None
    ) -> dict[str, str]:
        """The header with the credentials for the registry of `name`; `nobody` is what is said where there are none."""
        credentials = await self.credentials.resolve(name.registry, auth)
        if credentials is not None and not credentials.is_anonymous:
            return {"X-Registry-Auth": credentials.registry_header(name.registry)}
        return {"X-Registry-Auth": nobody} if nobody is not None else {}

    async def version(self) -> tuple[int, int]:
        """The API version that is spoken: fixed, or the engine's newest, as far as this library knows it.

        Asked once, however many ask at the same time. Raises VersionTooLow for an engine older than API 1.41.
        """
        while self._version is None:
            asking = self._asking
            if asking is None:
                return await self._negotiate()
            await asyncio.wait((asking,))
            if not asking.cancelled():
                if (error := asking.exception()) is not None:
                    raise copy.copy(error) from error.__cause__  # one of its own for each who waits
                return asking.result()
            # the one who asked was cancelled, or had less time: somebody else asks
        return self._version

    def forget_version(self) -> None:
        """The connection was lost: behind the address may be another engine by now."""
        self._version = self._fixed

    def heard(self, headers: Mapping[str, str]) -> None:
        """An answer's head: an engine that names another version than before was exchanged."""
        announced = headers.get(_API_VERSION, "")
        if announced != self._announced and announced:
            self._announced = announced
            self._version = self._fixed

    def json(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        pace: Pace = "short",
        timeout: CallTimeout = UNSET,
    ) -> Awaitable[Any]:  # cast by the caller to the operation's own type
        """The decoded answer of an operation that promises one. Raises ProtocolViolated for one without a body."""
        request = _request(method, path(template, *parts), query, headers, json)
        limits = self.http.limits(timeout, pace)
        return self._agreed(self.http.decoded, operation, request, limits, query, json)

    def call(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        pace: Pace = "short",
        timeout: CallTimeout = UNSET,
    ) -> Awaitable[Answer]:
        """The whole answer of an operation. `{}` in `template` takes a part as one segment, `{*}` an image's name."""
        request = _request(method, path(template, *parts), query, headers, json)
        limits = self.http.limits(timeout, pace)
        return self._agreed(self.http.whole, operation, request, limits, query, json)

    def open(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Outgoing | None = None,
        octets: bool = False,
        timeout: CallTimeout = UNSET,
    ) -> Awaitable[Body]:
        """The head of an operation's answer, and its body to be read; `octets` as of a `Request`."""
        request = _request(method, path(template, *parts), query, headers)
        request.body = body
        request.octets = octets
        limits = self.http.limits(timeout, "stream")
        return self._agreed(self.http.opened, operation, request, limits, query, None)

    def hijack(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        websocket: bool = False,
        timeout: CallTimeout = UNSET,
    ) -> Awaitable[Hijacked]:
        """The connection itself, which the engine gives up after the request."""
        request = _request(method, path(template, *parts), query, headers, json)
        limits = self.http.limits(timeout, "stream")
        send = self.http.websocket if websocket else self.http.hijacked
        return self._agreed(send, operation, request, limits, query, json)

    def stream(
        self,
        name: str,
        begin: Callable[[], Awaitable[Source[Any]]],
        decoder: Decoder[Item],
        collector: Collector[Item, Outcome],
        *,
        convert: Callable[[Any], Item] | None = None,
    ) -> Stream[Item, Outcome]:
        """A stream that `begin` opens when it is first wanted."""
        return Stream(Flow(name, begin, decoder, collector, convert=convert))

    async def _agreed(
        self,
        send: Callable[[Request, Span, Flight], Awaitable[Result]],
        operation: str,
        request: Request,
        limits: Span,
        parameters: Mapping[str, object] | None,
        json: object,
    ) -> Result:
        """What `send` gives for `request`, in the version agreed on; agreed on again if the engine was exchanged."""
        target = request.target
        again = request.body is None or isinstance(request.body, bytes)
        with self.http.flight(request, limits) as flight:
            while True:
                version = self._version or await self.version()
                if operation in CHANGES:
                    check(operation, _named(parameters, json, request.headers), version)
                request.target = f"/v{version[0]}.{version[1]}{target}"
                try:
                    return await send(request, limits, flight)
                except (ConnectionFailed, StreamBroken):
                    self.forget_version()
                    raise
                except APIError as error:
                    if error.status != 400 or self._fixed is not None or not _WRONG_VERSION.search(error.message):
                        raise
                    self.forget_version()
                    if not again:
                        raise
                    again = False

    async def _negotiate(self) -> tuple[int, int]:
        asking: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._asking = asking
        try:
            version = await self._newest_common()
        except DockerError as error:
            asking.set_exception(error)
            asking.exception()  # perhaps nobody else waits for it
            raise
        except BaseException:
            asking.cancel()
            raise
        else:
            self._version = version
            asking.set_result(version)
            return version
        finally:
            self._asking = None

    async def _newest_common(self) -> tuple[int, int]:
        ping = await self.http.call(Request("GET", "/_ping"))
        announced: object = ping.headers.get("Api-Version")
        if not announced:
            # a proxy in between may have dropped it
            answer = await self.http.call(Request("GET", "/version"))
            told = answer.decoded
            announced = cast("dict[str, object]", told).get("ApiVersion") if isinstance(told, dict) else None
        if not isinstance(announced, str):
            raise ProtocolViolated(f"{self.http.address} does not say which engine API it speaks; is it an engine?")
        self._announced = announced
        theirs = _parsed(announced, self.http.address)
        if theirs < parse(OLDEST):
            raise VersionTooLow("aiodockerhub", needs=OLDEST, has=announced)
        return min(theirs, parse(NEWEST))


def missing(asked: str, message: str) -> type[NotFound]:
    """Which NotFound a 404 is: engines say it in the message, or the path tells."""
    said = message.lower()
    if "no such image" in said or "image not known" in said or "manifest unknown" in said:
        return ImageNotFound
    if "no such container" in said:
        return ContainerNotFound
    if "/images/" in asked:
        return ImageNotFound
    if "/containers/" in asked and not _OF_OTHER_THINGS.search(asked):
        return ContainerNotFound
    return NotFound


def _request(
    method: str,
    target: str,
    parameters: Mapping[str, object] | None,
    headers: Mapping[str, str] | None,
    json: object = None,
) -> Request:
    request = Request(method, target + query(parameters) if parameters else target, headers or {})
    if json is not None:
        request.body = json_body(json)
        request.headers = {"Content-Type": "application/json", **(headers or {})}
    return request


def _parsed(announced: str, address: str) -> tuple[int, int]:
    try:
        return parse(announced)
    except ValueError as error:
        raise ProtocolViolated(f"{address} says that its API version is {announced[:40]!r}") from error


def _named(parameters: Mapping[str, object] | None, json: object, headers: Mapping[str, str] | None) -> Iterable[str]:
    """The parameters that a call sets, as the API names them."""
    if parameters:
        yield from (name for name, value in parameters.items() if value is not None)
    if headers:
        yield from headers
    if isinstance(json, Mapping):
        for key, value in cast("Mapping[str, object]", json).items():
            yield key
            if isinstance(value, Mapping):
                yield from (f"{key}.{inner}" for inner in cast("Mapping[str, object]", value))
