"""`Index`, the client of an index: accounts, repositories, grants, search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from msgspec import structs

from aiodockerhub.credentials import CredentialStore
from aiodockerhub.errors import BadAddress, BadParameter, ProtocolViolated, Unauthorized
from aiodockerhub.index.grants import Grant, granted
from aiodockerhub.index.names import joining, listed, repository_path
from aiodockerhub.wire.address import parse_address
from aiodockerhub.wire.client import Client
from aiodockerhub.wire.http import HTTP
from aiodockerhub.wire.messages import Request, json_body
from aiodockerhub.wire.paths import path, query
from aiodockerhub.wire.proxies import proxy_for, proxy_source
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, Timeout, client_timeout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ssl import SSLContext

    import aiohttp

    from aiodockerhub.credentials import Credentials, CredentialsSource
    from aiodockerhub.index.types import ListedImage, SearchPage
    from aiodockerhub.wire.address import Address
    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.messages import Answer
    from aiodockerhub.wire.pool import Connections
    from aiodockerhub.wire.proxies import ProxySource
    from aiodockerhub.wire.tls import TLS

__all__ = ["Grant", "GrantedImages", "Index"]

_JSON = "application/json"


class GrantedImages(NamedTuple):
    """A repository's `images`, and the `grant` to read them at a registry."""

    images: list[ListedImage]
    grant: Grant


class Index(Client):
    """A client of an index (version 1 of its API): Docker's, a private one, or `LocalHub`.

    `base_url` is the index with its path, `https://index.example.com/v1/`. With http:// user name and password go over
    the wire in clear, as whoever writes that address wants it. `credentials` are `Credentials`, or a coroutine function
    that gives them for a registry; without them, the environment's, the helpers' and config.json's for the index's
    host. Only a user name with its password can be shown to an index.

    `timeout` is a `Timeout`, or the seconds that a call may take in all (None: for ever). `tls` is True, an
    `ssl.SSLContext`, or `TLS(...)`; with http:// it holds where the index redirects to https. `proxy` is the URL of
    one, a function that gives it for a URL, or None; by default the environment's, and none for loopback hosts.
    `limits` bounds what is open and taken in. `trace_configs` are aiohttp's.

    Redirects are followed, with method and body; credentials are sent to the index's own host and port, on from http to
    https on that host, and nowhere else.

    A repository is `namespace/name`, or `name` alone, which is one of the library. Whether a name may be taken is the
    index's decision. Every method raises BadRequest, Unauthorized, Forbidden and NotFound with the index's own words;
    those that ask for a user raise BadParameter, before anything is sent, where there are no credentials.

    Made anywhere, without a loop and without network I/O; it belongs to the event loop of its first call. Close it with
    `async with` or `close()`. Raises BadAddress or BadParameter when it can't be made.

        async with Index(credentials=Credentials("me", "secret")) as index:
            await index.login()
            grant = await index.create_repository("me/app", [image_id])
    """

    def __init__(
        self,
        base_url: str = "https://index.docker.io/v1/",
        *,
        credentials: CredentialsSource = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008  (frozen)
        tls: Literal[True] | SSLContext | TLS | None = None,
        proxy: ProxySource = proxy_for,
        limits: Limits | None = None,
        user_agent: str | None = None,
        trace_configs: Iterable[aiohttp.TraceConfig] = (),
        connections: Connections | None = None,
    ) -> None:
        super().__init__(connections, limits, user_agent, trace_configs)
        address = _address(base_url)
        place = address.with_tls(address.scheme == "https")
        self._http = HTTP(
            self._connections.pool(place=f"{place.host}:{place.port}", tls=tls),
            str(address),
            address=str(address),
            timeout=client_timeout(timeout),
            follow=True,
            proxy=proxy_source(proxy),
        )
        self._credentials = CredentialStore(credentials)
        self._key = _key(place)

    async def login(self, *, timeout: CallTimeout = UNSET) -> None:
        """Ask whether the credentials are good.

        Raises Unauthorized where they are wrong, Forbidden where the account is not active.
        """
        answer = await self._as_user(Request("GET", "/users/"), timeout)
        if answer.status != 200:
            raise ProtocolViolated(f"{self._http.address} answers {answer.status} to a login (GET /users/)")

    async def register(self, username: str, password: str, email: str, *, timeout: CallTimeout = UNSET) -> None:
        """Open an account. Raises BadRequest where the index won't, as for a name that is taken."""
        account = {"email": email, "username": username, "password": password}
        await self._call(_request("POST", "/users/", account, confidential=True), timeout)

    async def update_user(
        self, username: str, *, email: str | None = None, password: str | None = None, timeout: CallTimeout = UNSET
    ) -> None:
        """Change an account's e-mail address, its password, or both.

        With a new password of its own user this client goes on with the old one, which is wrong then: make another.
        Raises BadParameter where nothing is to be changed, Forbidden for another's account.
        """
        changes = {name: value for name, value in (("email", email), ("password", password)) if value is not None}
        if not changes:
            raise BadParameter("nothing to change: give email=, password=, or both")
        request = _request("PUT", path("/users/{}", username) + "/", changes, confidential=True)
        await self._as_user(request, timeout)

    async def create_repository(self, name: str, images: Iterable[str] = (), *, timeout: CallTimeout = UNSET) -> Grant:
        """Create a repository, or let images join it; gives the grant to write it.

        `images` are ids, 64 hexadecimal digits each. Raises BadParameter for other ids, and for a name that is none;
        ProtocolViolated for an answer without a grant.
        """
        request = _request("PUT", repository_path(name), joining(images), grant=True)
        return granted((await self._as_user(request, timeout)).headers, asked=request.asked)

    async def delete_repository(self, name: str, *, timeout: CallTimeout = UNSET) -> Grant:
        """Delete a repository; gives the grant to delete it at the registries.

        Raises NotFound, Forbidden for another's, ProtocolViolated for an answer without a grant.
        """
        request = _request("DELETE", repository_path(name), grant=True)
        return granted((await self._as_user(request, timeout)).headers, asked=request.asked)

    async def list_images(self, name: str, *, timeout: CallTimeout = UNSET) -> list[ListedImage]:
        """The images of a repository. Credentials are shown where there are any. Raises NotFound."""
        request = _request("GET", repository_path(name, "/images"))
        return _images(await self._as_anybody(request, timeout))

    async def list_images_with_grant(self, name: str, *, timeout: CallTimeout = UNSET) -> GrantedImages:
        """The images of a repository, and the grant to read them: `images, grant = await ...`.

        Raises NotFound, ProtocolViolated for an answer without a grant.
        """
        request = _request("GET", repository_path(name, "/images"), grant=True)
        answer = await self._as_anybody(request, timeout)
        return GrantedImages(_images(answer), granted(answer.headers, asked=request.asked))

    async def set_images(self, name: str, images: Iterable[ListedImage], *, timeout: CallTimeout = UNSET) -> None:
        """Let a repository list exactly these images, each with its id and checksum, and its tag if it has one.

        Raises NotFound, BadParameter for an image without an id.
        """
        content = listed(cast("Iterable[Mapping[str, Any]]", images))
        await self._as_user(_request("PUT", repository_path(name, "/images"), content), timeout)

    async def authorize(self, grant: Grant, *, timeout: CallTimeout = UNSET) -> None:
        """Use a grant up: asks the index whether it is good, as registries do.

        Raises Forbidden for one that is unknown or was used.
        """
        request = _request("PUT", repository_path(grant.repository, "/auth"))
        await self._call(_signed(request, grant.token_header()), timeout)

    async def search(
        self, term: str, *, n: int | None = None, page: int | None = None, timeout: CallTimeout = UNSET
    ) -> SearchPage:
        """Repositories whose name or description holds `term`: `n` to a page, and the page asked for, from 1."""
        request = _request("GET", "/search" + query({"q": term, "n": n, "page": page}))
        return cast("SearchPage", (await self._as_anybody(request, timeout)).json(dict[str, Any]))

    async def _as_user(self, request: Request, timeout: CallTimeout) -> Answer:
        user = await self._user()
        if user is None:
            raise BadParameter(
                f"{self._http.address} wants a user name and a password for {request.asked}: give credentials="
            )
        return await self._shown(user, request, timeout)

    async def _as_anybody(self, request: Request, timeout: CallTimeout) -> Answer:
        user = await self._user()
        return await (self._call(request, timeout) if user is None else self._shown(user, request, timeout))

    async def _user(self) -> Credentials | None:
        """Who is there with a user name and a password."""
        self._http.bind()
        found = await self._credentials.resolve(self._key)
        return found if found is not None and found.username is not None else None

    async def _shown(self, user: Credentials, request: Request, timeout: CallTimeout) -> Answer:
        """As `user`; once more with what a helper has to say now, for its secrets may have run out."""
        try:
            return await self._call(_signed(request, user.basic_header()), timeout)
        except Unauthorized:
            self._credentials.forget(self._key)
            anew = await self._user()
            if anew is None or anew == user:
                raise
        return await self._call(_signed(request, anew.basic_header()), timeout)

    async def _call(self, request: Request, timeout: CallTimeout) -> Answer:
        answer = await self._http.call(request, timeout=timeout)
        if not 200 <= answer.status < 300:
            raise ProtocolViolated(f"{self._http.address} answers {answer.status} to {request.asked}")
        return answer


def _address(base_url: str) -> Address:
    """The index's address. Raises BadAddress."""
    address = parse_address(base_url)
    if address.scheme not in ("http", "https"):
        raise BadAddress(f"bad address {str(address)!r}: an index is reached by https:// or http://")
    return address


def _key(address: Address) -> str:
    """The name under which credentials for the index are kept: its host, and the port unless it is the usual one."""
    usual = {"http": 80, "https": 443}[address.scheme]
    host_and_port = structs.replace(address, port=None if address.port == usual else address.port, prefix="")
    return str(host_and_port)


def _request(
    method: str, target: str, content: object = None, *, grant: bool = False, confidential: bool = False
) -> Request:
    """A request with `content` as its JSON, which may ask for a `grant` in the answer's head."""
    headers = {"Accept": _JSON}
    if grant:
        headers["X-Docker-Token"] = "true"
    if content is None:
        return Request(method, target, headers)
    return Request(method, target, {**headers, "Content-Type": _JSON}, json_body(content), confidential=confidential)


def _signed(request: Request, authorization: str) -> Request:
    return structs.replace(request, headers={**request.headers, "Authorization": authorization})


def _images(answer: Answer) -> list[ListedImage]:
    return cast("list[ListedImage]", answer.json(list[dict[str, Any]]))
