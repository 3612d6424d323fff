"""`LocalHub`: a hub of one's own on loopback, from `start()` to `close()`."""

from __future__ import annotations

import collections
import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from aiodockerhub.errors import Misused
from aiodockerhub.local.accounts import Accounts
from aiodockerhub.local.grants import Grants
from aiodockerhub.local.listener import Listener
from aiodockerhub.local.repositories import Repositories

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from aiohttp import web

    from aiodockerhub.local.accounts import User
    from aiodockerhub.local.repositories import HubImage

# 10,000 images in one list, with room to spare
_LARGEST_BODY = 2 * 1024 * 1024
_REMEMBERED = 1000
_NAMES_SHOWN = 5
# connections are cut before aiohttp is asked to wait for them: this bounds what can't happen
_SHUTDOWN_SECONDS = 1.0


class HubRequest(NamedTuple):
    """A request that the hub answered: the path with its query; never a header or a body."""

    method: str
    path: str
    status: int


class LocalHub:
    """A hub on 127.0.0.1 that serves index API v1 from memory.

        async with LocalHub(users={"alice": "secret"}) as hub:
            ...  # hub.url is what an index client takes

    `users` gives each name its password, or a `User` where there is more to say (an account that is not
    active). `port=0` takes a free port. `tls` is a server's `ssl.SSLContext` with its certificate loaded.
    Raises BadParameter for users that can't be.

    Anybody may register. Users write to the namespace of their own name, and every active one to `library`,
    the namespace of repositories without one. Reading and searching need no account. Creating a repository
    that exists adds the images that it lacks; setting its images replaces the list.

    The constructor does no I/O and needs no event loop. What was stored stays as long as the object does: a
    hub that was closed can be started again. No registry stands behind the endpoint that grants name.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str | User] = MappingProxyType({}),
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._port = port
        self._tls = tls
        self._accounts = Accounts(users)
        self._repositories = Repositories()
        self._grants = Grants()
        self._requests: collections.deque[HubRequest] = collections.deque(maxlen=_REMEMBERED)
        self._listener: Listener | None = None
        self._runner: web.AppRunner | None = None

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, the endpoint that grants name. Raises Misused while the hub is not running."""
        if self._listener is None:
            raise Misused("this LocalHub is not running: use `async with`, or await start()")
        return f"127.0.0.1:{self._listener.port}"

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
        """Listen and serve. Raises BadAddress for a port that can't be had, Misused if the hub is running."""
        if self._listener is not None:
            raise Misused("this LocalHub is running already")
        self._listener = Listener(self._port, self._tls)
        try:
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
            if runner is not None:
                _cut(runner)
                await runner.cleanup()

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
        from aiodockerhub.local.index import IndexV1

        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[answering(self._record)])
        app.add_routes(IndexV1(self._accounts, self._repositories, self._grants, endpoint).routes())
        return web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)

    def _record(self, method: str, path: str, status: int) -> None:
        self._requests.append(HubRequest(method, path, status))


def _cut(runner: web.AppRunner) -> None:
    """End every connection without waiting for its peer; with it goes the request that it carries."""
    if runner.server is not None:
        for connection in runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
