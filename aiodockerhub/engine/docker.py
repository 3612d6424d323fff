"""`Docker`, the client of one engine."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Literal

from aiodockerhub.context import find_engine
from aiodockerhub.engine.api import Engine, missing
from aiodockerhub.engine.system import System
from aiodockerhub.engine.versions import parse
from aiodockerhub.errors import BadParameter, EngineUnreachable
from aiodockerhub.wire.client import Client
from aiodockerhub.wire.http import HTTP
from aiodockerhub.wire.timeouts import Timeout, client_timeout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ssl import SSLContext

    import aiohttp

    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine.configs import Configs
    from aiodockerhub.engine.containers import Containers
    from aiodockerhub.engine.exec import Exec
    from aiodockerhub.engine.images import Images
    from aiodockerhub.engine.networks import Networks
    from aiodockerhub.engine.nodes import Nodes
    from aiodockerhub.engine.plugins import Plugins
    from aiodockerhub.engine.secrets import Secrets
    from aiodockerhub.engine.services import Services
    from aiodockerhub.engine.swarm import Swarm
    from aiodockerhub.engine.tasks import Tasks
    from aiodockerhub.engine.volumes import Volumes
    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.pool import Connections
    from aiodockerhub.wire.tls import TLS

__all__ = ["Docker"]


class Docker(Client, System):
    """A client of one engine: Docker's, or podman's compatible service.

    `base_url` is `unix:///path`, `tcp://host:port`, `http://` or `https://`, with a path prefix if need be. Without it
    (and without `context=`, the name of one) the engine is the one that the docker CLI would use: `DOCKER_HOST`,
    `DOCKER_CONTEXT`, config.json's current context, the usual sockets. `tls` is True, an `ssl.SSLContext`, or
    `TLS(...)` with the paths of CA, certificate and key.

    `version` fixes the API version (`DOCKER_API_VERSION` does too), otherwise the newest that both sides know is
    spoken. `timeout` is a `Timeout`, or the seconds that a short call may take in all (None: for ever). `credentials`
    answer where a registry asks: `Credentials`, or a coroutine function that gives them for a registry; without them,
    the environment's, the helpers' and config.json's. `limits` bounds what is open and taken in. `trace_configs` are
    aiohttp's.

    Made anywhere, without a loop and without network I/O; it belongs to the event loop of its first call. Close it with
    `async with` or `close()`. Raises BadAddress, BadParameter or BadCredentials when it can't be made.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        version: str | None = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008  (frozen)
        tls: Literal[True] | SSLContext | TLS | None = None,
        context: str | None = None,
        credentials: CredentialsSource = None,
        limits: Limits | None = None,
        user_agent: str | None = None,
        trace_configs: Iterable[aiohttp.TraceConfig] = (),
        connections: Connections | None = None,
    ) -> None:
        super().__init__(connections, limits, user_agent, trace_configs)
        target = find_engine(base_url, tls=tls, context=context)
        address = target.address
        pool = self._connections.pool(
            socket=address.socket,
            place=f"{address.host}:{address.port}",
            tls=target.tls,
            headers=target.http_headers,
        )
        self._http = HTTP(
            pool,
            address.base_url,
            address=f"{address} ({target.name})" if base_url is None else str(address),
            timeout=client_timeout(timeout),
            unreachable=EngineUnreachable,
            missing=missing,
        )
        self._engine = Engine(self._http, version=_fixed(version), credentials=credentials)
        self._http.seen = self._engine.heard

    @functools.cached_property
    def images(self) -> Images:
        """Images: pull, push, build, tag, list."""
        from aiodockerhub.engine.images import Images

        return Images(self._engine)

    @functools.cached_property
    def containers(self) -> Containers:
        """Containers: create, start, stop, logs, wait."""
        from aiodockerhub.engine.containers import Containers

        return Containers(self._engine)

    @functools.cached_property
    def exec(self) -> Exec:
        """Commands in running containers: run, create, start."""
        from aiodockerhub.engine.exec import Exec

        return Exec(self._engine)

    @functools.cached_property
    def volumes(self) -> Volumes:
        """Volumes: create, list, remove."""
        from aiodockerhub.engine.volumes import Volumes

        return Volumes(self._engine)

    @functools.cached_property
    def networks(self) -> Networks:
        """Networks: create, connect containers, disconnect them."""
        from aiodockerhub.engine.networks import Networks

        return Networks(self._engine)

    @functools.cached_property
    def plugins(self) -> Plugins:
        """Plugins: install, enable, configure."""
        from aiodockerhub.engine.plugins import Plugins

        return Plugins(self._engine)

    @functools.cached_property
    def swarm(self) -> Swarm:
        """The swarm itself: begin, join, leave, unlock."""
        from aiodockerhub.engine.swarm import Swarm

        return Swarm(self._engine)

    @functools.cached_property
    def nodes(self) -> Nodes:
        """Nodes of the swarm: list, drain, promote."""
        from aiodockerhub.engine.nodes import Nodes

        return Nodes(self._engine)

    @functools.cached_property
    def services(self) -> Services:
        """Services of the swarm: create, update, roll back, wait until they run."""
        from aiodockerhub.engine.services import Services

        return Services(self._engine)

    @functools.cached_property
    def tasks(self) -> Tasks:
        """Tasks of the services: list, logs."""
        from aiodockerhub.engine.tasks import Tasks

        return Tasks(self._engine)

    @functools.cached_property
    def secrets(self) -> Secrets:
        """Secrets of the swarm, or of podman: create, remove."""
        from aiodockerhub.engine.secrets import Secrets

        return Secrets(self._engine)

    @functools.cached_property
    def configs(self) -> Configs:
        """Configs of the swarm: create, read, remove."""
        from aiodockerhub.engine.configs import Configs

        return Configs(self._engine)


def _fixed(version: str | None) -> str | None:
    """The version that the caller or the environment fixes."""
    if version is not None and version != "auto":
        return version
    version = os.environ.get("DOCKER_API_VERSION") or None
    try:
        return version and ".".join(map(str, parse(version)))
    except BadParameter as error:
        raise BadParameter(f"DOCKER_API_VERSION: {error}") from None
