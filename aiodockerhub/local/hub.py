"""`LocalHub`: an index and a registry of one's own on loopback, from `start()` to `close()`."""

from __future__ import annotations

import collections
import ipaddress
import itertools
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from aiodockerhub.errors import BadAddress, BadParameter, Misused
from aiodockerhub.local.accounts import Accounts
from aiodockerhub.local.contents import Contents
from aiodockerhub.local.folder import FolderShelf
from aiodockerhub.local.grants import Grants
from aiodockerhub.local.listener import Listener
from aiodockerhub.local.memory import MemoryShelf
from aiodockerhub.local.repositories import Repositories
from aiodockerhub.local.shelf import Budget
from aiodockerhub.local.uploads import Uploads
from aiodockerhub.wire.tls import TLS

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from aiohttp import web

    from aiodockerhub.local.accounts import User
    from aiodockerhub.local.repositories import HubImage
    from aiodockerhub.local.rights import Auth
    from aiodockerhub.local.shelf import Shelf

# 10,000 images in one list, with room to spare
_LARGEST_BODY = 2 * 1024 * 1024
_REMEMBERED = 1000
_MEMORY_BYTES = 1024**3
_NAMES_SHOWN = 5
# connections are cut before aiohttp is asked to wait for them: this bounds what can't happen
_SHUTDOWN_SECONDS = 1.0


class HubRequest(NamedTuple):
    """A request that the hub answered: `method`, `path` with its query, `status`; never a header or a body."""

    method: str
    path: str
    status: int


class LocalHub:
    """A hub on 127.0.0.1: index API v1 and, at the same port, a registry v2, from memory or from a folder.

        async with LocalHub(users={"alice": "secret"}) as hub:
            ...  # hub.url is what an index client takes; references begin with hub.registry

    `users` gives each name its password, or a `User` where there is more to say (an account that is not
    active). `port=0` takes a free port. `tls` is a server's `ssl.SSLContext` with its certificate loaded, or a
    `TLS` that names the files of certificate and key. Raises BadParameter for users that can't be.

    `host` is an IP address: one of this machine alone, or any where `exposed=True` says that others may
    connect; BadAddress otherwise.

    The index: anybody may register. Users write to the namespace of their own name, and every active one to
    `library`, the namespace of repositories without one. Reading and searching need no account. Creating a
    repository that exists adds the images that it lacks; setting its images replaces the list.

    The registry has the same users and the same rule for writing and deleting. Reading needs no account, or any
    with `anonymous_pull=False`. `auth` says how it asks who somebody is: "token" (the hub gives out the tokens
    too; both tokens and passwords are taken), "basic" (engines then want credentials for reading too), or
    "none": everybody may do everything. Index and registry list their repositories apart.

    `root` is the folder that keeps the registry's contents, made where it is missing, for one hub at a time;
    what was stored there outlives the process, however that ends. Without one they are in memory. `capacity`
    bounds their bytes, those of uploads included: by default 1 GiB in memory, none in a folder. Whatever is
    beyond it is refused with 413. A manifest has 4 MiB at most. Blobs stay until they are deleted.

    The constructor does no I/O and needs no event loop. What was stored in memory stays as long as the object
    does: a hub that was closed can be started again. Of accounts and of the index nothing is in the folder.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str | User] = MappingProxyType({}),
        port: int = 0,
        tls: ssl.SSLContext | TLS | None = None,
        root: str | os.PathLike[str] | None = None,
        capacity: int | None = None,
        auth: Auth = "token",
        anonymous_pull: bool = True,
        host: str = "127.0.0.1",
        exposed: bool = False,
    ) -> None:
        if auth not in {"token", "basic", "none"}:
            raise BadParameter(f'auth= is "token", "basic" or "none", not {auth!r}')
        self._bound_to = _address(host, exposed=exposed)
        self._port = port
        self._tls = tls
        self._auth: Auth = auth
        self._anonymous_pull = anonymous_pull
        self._accounts = Accounts(users)
        self._repositories = Repositories()
        self._grants = Grants()
        self._contents = Contents(_shelf(root, capacity))
        self._uploads = Uploads(self._contents)
        self._requests: collections.deque[HubRequest] = collections.deque(maxlen=_REMEMBERED)
        self._listener: Listener | None = None
        self._runner: web.AppRunner | None = None

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, the endpoint that grants name. Raises Misused while the hub is not running."""
        if self._listener is None:
            raise Misused("this LocalHub is not running: use `async with`, or await start()")
        shown = self._bound_to
        if shown.is_unspecified:
            shown = ipaddress.ip_address("127.0.0.1" if shown.version == 4 else "::1")
        return f"{shown}:{self._listener.port}" if shown.version == 4 else f"[{shown}]:{self._listener.port}"

    @property
    def registry(self) -> str:
        """`127.0.0.1:PORT`, which references of images at this registry begin with; engines take plain HTTP there.

        Raises Misused while the hub is not running.
        """
        return self.host

    @property
    def url(self) -> str:
        """The index: `http://127.0.0.1:PORT/v1/`, or https. Raises Misused while the hub is not running."""
        return f"{'https' if self._tls else 'http'}://{self.host}/v1/"

    @property
    def repositories(self) -> Mapping[str, tuple[HubImage, ...]]:
        """The images that each repository lists, by `namespace/name`: a live view, read-only."""
        return self._repositories.view

    @property
    def requests(self) -> tuple[HubRequest, ...]:
        """The last 1,000 requests in the order in which they were answered."""
        return tuple(self._requests)

    async def start(self) -> None:
        """Listen and serve. Raises Misused if the hub is running, or another hub on its folder.

        Raises BadAddress for a port that can't be had, BadParameter for a folder that can't be used, TLSFailed for
        the files of a certificate.
        """
        if self._listener is not None:
            raise Misused("this LocalHub is running already")
        self._listener = Listener(str(self._bound_to), self._port, _serving(self._tls))
        try:
            await self._contents.open()
            self._runner = self._make_runner(self.host)
            await self._runner.setup()
            self._listener.accept(cast("web.Server", self._runner.server))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop at once: cut every connection, idle or not. A second call does nothing."""
        listener, self._listener = self._listener, None
        runner, self._runner = self._runner, None
        try:
            if listener is not None:
                await listener.close()
        finally:
            try:
                if runner is not None:
                    _cut(runner)
                    await runner.cleanup()
            finally:
                if listener is not None:
                    self._uploads.clear()
                    await self._contents.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        names = list(itertools.islice(self._accounts, _NAMES_SHOWN))
        more = len(self._accounts) - len(names)
        users = ", ".join(names) + (f" and {more} more" if more else "")
        return f"LocalHub({self.url if self._listener else 'not running'}, users: {users or 'none'})"

    def _make_runner(self, endpoint: str) -> web.AppRunner:
        # the server's half of aiohttp loads when a hub starts, not when the package is imported
        from aiohttp import web

        from aiodockerhub.local.answers import answering
        from aiodockerhub.local.blobs import BlobsV2
        from aiodockerhub.local.index import IndexV1
        from aiodockerhub.local.registry import RegistryV2
        from aiodockerhub.local.rights import Rights

        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[answering(self._record)])
        app.add_routes(IndexV1(self._accounts, self._repositories, self._grants, endpoint).routes())
        rights = Rights(
            self._accounts,
            self._auth,
            anonymous_pull=self._anonymous_pull,
            host=endpoint,
            secure=self._tls is not None,
        )
        app.add_routes(rights.routes())
        app.add_routes(BlobsV2(self._contents, self._uploads, rights).routes())
        app.add_routes(RegistryV2(self._contents, rights).routes())
        return web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)

    def _record(self, method: str, path: str, status: int) -> None:
        self._requests.append(HubRequest(method, path, status))


def _address(host: str, *, exposed: bool) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise BadAddress(f"host= is an IP address, not {host!r}") from error
    if not (address.is_loopback or exposed):
        raise BadAddress(f"others could connect to {host}: say exposed=True if they shall")
    return address


def _shelf(root: str | os.PathLike[str] | None, capacity: int | None) -> Shelf:
    if capacity is not None and capacity < 0:
        raise BadParameter("capacity= is a number of bytes, or None")
    if root is None:
        return MemoryShelf(Budget(_MEMORY_BYTES if capacity is None else capacity))
    return FolderShelf(Path(root), Budget(capacity))


def _serving(tls: ssl.SSLContext | TLS | None) -> ssl.SSLContext | None:
    if not isinstance(tls, TLS):
        return tls
    from aiodockerhub.local.certificate import serving

    return serving(tls)


def _cut(runner: web.AppRunner) -> None:
    """End every connection without waiting for its peer; with it goes the request that it carries."""
    if runner.server is not None:
        for connection in runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
