"""Plugins of the engine: installed with the privileges that were granted, enabled, set, made, pushed, removed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeAlias, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Called, name_of
from aiodockerhub.engine.settings import env, fitted
from aiodockerhub.engine.transfers import Pushing, refused, reported
from aiodockerhub.errors import DockerError, PrivilegesNotGranted, PullFailed, PushFailed
from aiodockerhub.progress import PullProgress, Pushed, PushProgress
from aiodockerhub.reference import Reference
from aiodockerhub.wire.jsonstream import JSONLines
from aiodockerhub.wire.messages import json_body
from aiodockerhub.wire.paths import path
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import Stream

__all__ = ["PluginGrant", "Plugins"]

PluginGrant: TypeAlias = "bool | Callable[[list[types.PluginPrivilege]], bool | Awaitable[bool]]"
"""Whether a plugin gets the privileges that it asks for: True for all, or a function, perhaps a coroutine function,
that is given them and says True; anything else refuses."""


class Plugins:
    """`docker.plugins`. A plugin is named by its name, its id, or a dict with its `Name`. podman has none: NotFound."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.Plugin]:
        """The plugins that are installed.

        Filters: `enabled`, `capability` (`"volumedriver"`, `"networkdriver"`, `"authz"`, ...). Raises BadRequest for a
        filter that the engine does not know. API: `PluginList`.
        """
        answer = await self._engine.json(
            "PluginList", "GET", "/plugins", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("builtins.list[types.Plugin]", answer)

    async def inspect(self, plugin: Called, *, timeout: CallTimeout = UNSET) -> types.Plugin:
        """What a plugin is, how it is set, and whether it is enabled. Raises NotFound. API: `PluginInspect`."""
        answer = await self._engine.json("PluginInspect", "GET", "/plugins/{*}/json", name_of(plugin), timeout=timeout)
        return cast("types.Plugin", answer)

    async def privileges(
        self, remote: str, *, auth: CredentialsSource = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.PluginPrivilege]:
        """What a plugin of a registry asks for: networks, mounts, devices, capabilities.

        dockerd names none, too, where the registry refuses, has no such plugin, or can't be reached: that comes out
        with `install`. Credentials as there. Raises BadReference. API: `GetPluginPrivileges`.
        """
        reference = Reference.parse(remote).with_default_tag()
        return await self._privileges(reference, await self._engine.registry_auth(reference, auth), timeout)

    def install(
        self,
        remote: str,
        *,
        name: str | None = None,
        grant: PluginGrant = False,
        auth: CredentialsSource = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, types.Plugin]:
        """Pull a plugin from its registry; the outcome is the plugin, not enabled yet.

        It gets what `grant` grants: True is all that it asks for, a function is given these and says. Without it only
        plugins that ask for nothing are installed. The engine pulls none that asks for more than it asked for then.
        `name` is what it is called here, the name in the registry if None. `auth` beats the client's credentials;
        without either, the configured ones for that registry.

            def only_networks(asked):
                return all(privilege["Name"] == "network" for privilege in asked)

            plugin = await docker.plugins.install("vieux/sshfs", name="sshfs", grant=only_networks)
            await docker.plugins.enable(plugin)

        Raises BadReference before anything is sent. The stream raises PrivilegesNotGranted, before anything is pulled,
        BadCredentials where what is configured can't be read, and PullFailed, which is a BadRequest for a name in use,
        and a NotFound, Forbidden or Unauthorized where the engine says so. API: `GetPluginPrivileges`, `PluginPull`.
        """
        reference = Reference.parse(remote).with_default_tag()
        query = {"remote": reference.familiar, "name": name}
        return self._pull("PluginPull", "/plugins/pull", (), reference, query, name, grant, auth, timeout)

    def upgrade(
        self,
        plugin: Called,
        remote: str,
        *,
        grant: PluginGrant = False,
        auth: CredentialsSource = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, types.Plugin]:
        """Pull `remote` in place of a plugin that is disabled; settings stay. Privileges and credentials as `install`.

        The stream raises PrivilegesNotGranted, PullFailed, also a NotFound where there is no such plugin, here or
        there; and where it is enabled. API: `GetPluginPrivileges`, `PluginUpgrade`.
        """
        reference = Reference.parse(remote).with_default_tag()
        name, query = name_of(plugin), {"remote": reference.familiar}
        return self._pull(
            "PluginUpgrade", "/plugins/{*}/upgrade", (name,), reference, query, name, grant, auth, timeout
        )

    async def remove(self, plugin: Called, *, force: bool | None = None, timeout: CallTimeout = UNSET) -> None:
        """Remove a plugin; `force` one that is enabled too.

        Raises NotFound, and Conflict while it is enabled or used. API: `PluginDelete`.
        """
        await self._engine.call(
            "PluginDelete",
            "DELETE",
            "/plugins/{*}",
            name_of(plugin),
            query={"force": force},
            pace="slow",
            timeout=timeout,
        )

    async def enable(self, plugin: Called, *, plugin_timeout: int = 30, timeout: CallTimeout = UNSET) -> None:
        """Start a plugin.

        `plugin_timeout` is the operation's `timeout`: seconds that the plugin has for each answer to the engine, 0 for
        ever. Raises NotFound, Conflict where it is enabled already, ServerError where it does not come up.
        API: `PluginEnable`.
        """
        await self._engine.call(
            "PluginEnable",
            "POST",
            "/plugins/{*}/enable",
            name_of(plugin),
            query={"timeout": plugin_timeout},
            pace="slow",
            timeout=timeout,
        )

    async def disable(self, plugin: Called, *, force: bool | None = None, timeout: CallTimeout = UNSET) -> None:
        """Stop a plugin; `force` one that is used, too.

        Raises NotFound, Conflict where it is not enabled, or used. API: `PluginDisable`.
        """
        await self._engine.call(
            "PluginDisable",
            "POST",
            "/plugins/{*}/disable",
            name_of(plugin),
            query={"force": force},
            pace="slow",
            timeout=timeout,
        )

    async def configure(
        self,
        plugin: Called,
        settings: Mapping[str, str | int] | Sequence[str],
        *,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Set a disabled plugin's variables, mounts, devices and arguments, as far as it lets them be set.

        As a mapping, or as the CLI has them: `{"DEBUG": 1, "state.source": "/var/state"}`, `["DEBUG=1"]`.
        Raises NotFound, ServerError for one that is enabled and for what can't be set. API: `PluginSet`.
        """
        body = fitted("settings", env, settings)
        await self._engine.call("PluginSet", "POST", "/plugins/{*}/set", name_of(plugin), json=body, timeout=timeout)

    async def create(self, name: str, source: Source, *, timeout: CallTimeout = UNSET) -> None:
        """Make a plugin of a tar that holds its `config.json` and its root file system in `rootfs/`.

        `source` is bytes, a path, a binary file object, or an async iterable of bytes. Raises BadReference for a name
        that is none, BadParameter for a source that is none of these, BadFile for a path that can't be read, Conflict
        for a name in use, ServerError for a tar that makes no plugin. API: `PluginCreate`.
        """
        from aiodockerhub.tar import file_chunks

        query = {"name": Reference.parse(name).with_default_tag().familiar}
        body = await self._engine.open(
            "PluginCreate",
            "POST",
            "/plugins/create",
            query=query,
            headers={"Content-Type": "application/x-tar"},
            body=await file_chunks(source),
            timeout=timeout,
        )
        try:
            while await body.read():
                pass
        finally:
            body.close()

    def push(
        self, plugin: Called, *, auth: CredentialsSource = None, timeout: CallTimeout = UNSET
    ) -> Stream[PushProgress, Pushed]:
        """Push a plugin to the registry that its name says. Credentials as for `install`.

        Raises BadReference before anything is sent. The stream raises BadCredentials as there, NotFound where there is
        no such plugin, and PushFailed, which is a Forbidden or Unauthorized too where the engine says so.
        API: `PluginPush`.
        """
        reference = Reference.parse(name_of(plugin)).with_default_tag()

        async def begin() -> Body:
            headers = await self._engine.registry_auth(reference, auth)
            with refused(PushFailed):
                return await self._engine.open(
                    "PluginPush", "POST", "/plugins/{*}/push", reference.familiar, headers=headers, timeout=timeout
                )

        decoder = JSONLines(PushProgress, line=self._engine.http.pool.limits.line)
        collector = Pushing(reference, path("/plugins/{*}/push", reference.familiar))
        return self._engine.stream(
            f"push plugin {reference.familiar}", begin, decoder, collector, convert=decoder.convert
        )

    def _pull(
        self,
        operation: str,
        template: str,
        parts: tuple[str, ...],
        reference: Reference,
        query: Mapping[str, str | None],
        name: str | None,
        grant: PluginGrant,
        auth: CredentialsSource,
        timeout: CallTimeout,
    ) -> Stream[PullProgress, types.Plugin]:
        async def begin() -> Body:
            headers = await self._engine.registry_auth(reference, auth)
            asked = await self._privileges(reference, headers, timeout)
            await _check_granted(reference.familiar, asked, grant)
            with refused(PullFailed):
                return await self._engine.open(
                    operation,
                    "POST",
                    template,
                    *parts,
                    query=query,
                    headers={**headers, "Content-Type": "application/json"},
                    body=json_body(asked),
                    timeout=timeout,
                )

        async def installed() -> types.Plugin:
            return await self.inspect(name or reference.familiar)

        decoder = JSONLines(PullProgress, line=self._engine.http.pool.limits.line)
        collector = _Installing(path(template, *parts), installed)
        return self._engine.stream(
            f"pull plugin {reference.familiar}", begin, decoder, collector, convert=decoder.convert
        )

    async def _privileges(
        self, reference: Reference, headers: Mapping[str, str], timeout: CallTimeout
    ) -> builtins.list[types.PluginPrivilege]:
        answer = await self._engine.json(
            "GetPluginPrivileges",
            "GET",
            "/plugins/privileges",
            query={"remote": reference.familiar},
            headers=headers,
            pace="slow",
            timeout=timeout,
        )
        return cast("builtins.list[types.PluginPrivilege]", answer or [])


class _Installing:
    """Raises what the stream reports; asks the engine for the plugin at the end."""

    def __init__(self, asked: str, installed: Callable[[], Awaitable[types.Plugin]]) -> None:
        self._asked = asked
        self._installed = installed

    def observe(self, item: PullProgress) -> DockerError | None:
        """The error that the step reports."""
        return reported(PullFailed, item, method="POST", path=self._asked)

    async def outcome(self) -> types.Plugin:
        """The plugin."""
        return await self._installed()


async def _check_granted(remote: str, asked: list[types.PluginPrivilege], grant: PluginGrant) -> None:
    if not asked:
        return
    answer = grant(asked) if callable(grant) else grant
    if inspect.isawaitable(answer):
        answer = await answer
    if answer is not True:
        shown = ", ".join(f"{one['Name']} ({', '.join(one['Value'] or ())})" for one in asked)
        raise PrivilegesNotGranted(
            f"the plugin {remote} asks for {shown}, which grant= does not grant", privileges=asked
        )
