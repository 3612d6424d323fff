"""How every resource speaks to the engine: one version for all, paths quoted, operations checked, answers decoded."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

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
from aiodockerhub.wire.http import Answer, Outgoing, Request
from aiodockerhub.wire.paths import path, query
from aiodockerhub.wire.stream import Flow, Stream
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from aiodockerhub.credentials import CredentialStore
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.http import HTTP
    from aiodockerhub.wire.stream import Collector, Decoder, Source

__all__ = ["Engine"]

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Result = TypeVar("Result")

# what dockerd and podman answer to a version outside of theirs; nothing ran then
_WRONG_VERSION: Final = re.compile(r"client version \S+ is too (new|old)|version \S+ is not supported", re.I)


class Engine:
    """One engine as the resources see it."""

    def __init__(self, http: HTTP, *, version: str | None, credentials: CredentialStore) -> None:
        self.http = http
        self.credentials = credentials
        self._fixed = parse(version) if version is not None else None
        self._version: tuple[int, int] | None = self._fixed
        self._announced = ""
        self._flight: asyncio.Future[tuple[int, int]] | None = None

    async def version(self) -> tuple[int, int]:
        """The API version that is spoken: fixed, or the engine's newest, as far as this library knows it.

        Asked once, however many ask at the same time. Raises VersionTooLow for an engine older than API 1.41.
        """
        while self._version is None:
            flight = self._flight
            if flight is None:
                return await self._negotiate()
            await asyncio.wait((flight,))
            if not flight.cancelled():
                return flight.result()
            # the one who asked was cancelled: somebody else asks
        return self._version

    def forget_version(self) -> None:
        """The connection was lost: behind the address may be another engine by now."""
        self._version = self._fixed

    def heard(self, headers: Mapping[str, str]) -> None:
        """An answer's head: an engine that names another version than before was exchanged."""
        announced = headers.get("Api-Version", "")
        if announced != self._announced and announced:
            self._announced = announced
            self._version = self._fixed

    async def json(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        pace: Pace = "short",
        timeout: CallTimeout = UNSET,
    ) -> Any:  # noqa: ANN401  (cast by the caller to the operation's own type)
        """The decoded answer of an operation; None for one without a body."""
        answer = await self.call(
            operation, method, template, *parts, query=query, json=json, headers=headers, pace=pace, timeout=timeout
        )
        return decoded(answer, f"{method} {template}")

    async def call(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        pace: Pace = "short",
        timeout: CallTimeout = UNSET,
    ) -> Answer:
        """The whole answer of an operation. `{}` in `template` takes a part as one segment, `{*}` an image's name."""
        body = msgspec.json.encode(json) if json is not None else None

        async def ask(request: Request) -> Answer:
            return await self.http.call(request, pace=pace, timeout=timeout)

        return await self._asked(ask, operation, method, path(template, *parts), query, json, headers, body)

    async def open(
        self,
        operation: str,
        method: str,
        template: str,
        *parts: str,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Outgoing | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Body:
        """The head of an operation's answer, and its body to be read."""

        async def ask(request: Request) -> Body:
            return await self.http.open(request, timeout=timeout)

        return await self._asked(ask, operation, method, path(template, *parts), query, None, headers, body)

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

    async def _asked(
        self,
        ask: Callable[[Request], Awaitable[Result]],
        operation: str,
        method: str,
        target: str,
        parameters: Mapping[str, object] | None,
        json: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        body: bytes | Outgoing | None,
    ) -> Result:
        asked = query(parameters) if parameters else ""
        sent = dict(headers) if headers else {}
        if json is not None:
            sent["Content-Type"] = "application/json"
        again = True
        while True:
            version = await self.version()
            check(operation, _named(parameters, json, headers), version)
            request = Request(method, f"/v{version[0]}.{version[1]}{target}{asked}", sent, body)
            try:
                return await ask(request)
            except (ConnectionFailed, StreamBroken):
                self.forget_version()
                raise
            except APIError as error:
                if error.status != 400 or self._fixed is not None or not _WRONG_VERSION.search(error.message):
                    raise
                self.forget_version()
                if not again or not (body is None or isinstance(body, bytes)):
                    raise
                again = False

    async def _negotiate(self) -> tuple[int, int]:
        flight: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._flight = flight
        try:
            version = await self._newest_common()
        except DockerError as error:
            flight.set_exception(error)
            flight.exception()  # perhaps nobody else waits for it
            raise
        except BaseException:
            flight.cancel()
            raise
        else:
            self._version = version
            flight.set_result(version)
            return version
        finally:
            self._flight = None

    async def _newest_common(self) -> tuple[int, int]:
        ping = await self.http.call(Request("GET", "/_ping"))
        announced = ping.headers.get("Api-Version")
        if not announced:
            # a proxy in between may have dropped it
            answer = await self.http.call(Request("GET", "/version"))
            told = decoded(answer, "GET /version")
            announced = told.get("ApiVersion") if isinstance(told, dict) else None
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
    if "/containers/" in asked and "/containers/create" not in asked and "/containers/prune" not in asked:
        return ContainerNotFound
    return NotFound


def decoded(answer: Answer, asked: str) -> Any:  # noqa: ANN401  (the engine's own JSON)
    """An answer's JSON; None for an empty body. Raises ProtocolViolated."""
    if not answer.body or answer.body.isspace():
        return None
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolated(f"the answer is no JSON ({asked})") from error


def _parsed(announced: str, address: str) -> tuple[int, int]:
    try:
        return parse(announced)
    except ValueError as error:
        raise ProtocolViolated(f"{address} says that its API version is {announced[:40]!r}") from error


def _named(
    parameters: Mapping[str, object] | None, json: Mapping[str, Any] | None, headers: Mapping[str, str] | None
) -> Iterable[str]:
    """The parameters that a call sets, as the API names them."""
    if parameters:
        yield from (name for name, value in parameters.items() if value is not None)
    if headers:
        yield from headers
    if json:
        for key, value in json.items():
            yield key
            if isinstance(value, dict):
                yield from (f"{key}.{inner}" for inner in value)
