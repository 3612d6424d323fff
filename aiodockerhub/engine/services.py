"""Services: what a swarm runs, and how many of it."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast

from aiodockerhub.engine.api import NOBODY
from aiodockerhub.engine.configs import Configs
from aiodockerhub.engine.convergence import Convergence, Watch
from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.logs import Logs, LogStream
from aiodockerhub.engine.moments import Moment, moment
from aiodockerhub.engine.secrets import Secrets
from aiodockerhub.engine.service_config import ServiceSettings, changed_spec, service_spec
from aiodockerhub.engine.service_files import file_references
from aiodockerhub.engine.tasks import Tasks
from aiodockerhub.engine.versioned import index_of, whole
from aiodockerhub.reference import Reference
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, within

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence

    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Services"]


class Services:
    """`docker.services`, for managers of a swarm. A service is named by its name, its id, or a dict with its `ID`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._logs = Logs(engine, "ServiceLogs", "/services/{}/logs")

    async def list(
        self, *, filters: Filters | None = None, status: bool | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.Service]:
        """The services of the swarm; with `status` each tells how many of its tasks run: `ServiceStatus`.

        Raises BadRequest for a filter that the engine does not know, ServerError (503) where it is no manager of a
        swarm. API: `ServiceList`.
        """
        answer = await self._engine.json(
            "ServiceList", "GET", "/services", query={"filters": written(filters), "status": status}, timeout=timeout
        )
        return cast("builtins.list[types.Service]", answer)

    async def create(
        self,
        image: str,
        command: str | Sequence[str] | None = None,
        *,
        name: str | None = None,
        spec: types.ServiceSpecRequest | None = None,
        with_registry_auth: bool = False,
        auth: CredentialsSource = None,
        timeout: CallTimeout = UNSET,
        **settings: Unpack[ServiceSettings],
    ) -> types.ServiceCreateResponse:
        """Have the swarm run tasks of an image, and keep them running. Gives the `ID` of the service: tasks come later.

        `command` is what they run instead of the image's own command: a list as it is, a string split into words as a
        shell does. `settings` are the keywords of `ServiceSettings`; what has no keyword goes into `spec`, the
        engine's own dict. They are joined; a field that both set is refused. Secrets and configs named by strings are
        looked up first. `wait_converged` waits for the tasks.

            made = await docker.services.create(
                "busybox:1.36", "httpd -f", name="web", replicas=2, ports={80: 8080}, env={"A": "1"}, limit_memory="64m"
            )
            await docker.services.wait_converged(made)

        The nodes pull the image, anonymously unless told otherwise: the swarm keeps the credentials then, and hands
        them to its nodes. `with_registry_auth` gives it those that the client knows for the image's registry, `auth`
        those that it names.

        Raises Conflict for a name in use, NotFound for a secret or config that there is not, ServerError for such a
        network, BadParameter for settings that can't be sent, BadRequest for those that the engine refuses,
        BadReference where credentials are wanted for an image of no registry. API: `ServiceCreate`.
        """
        await self._look_up(settings, timeout)
        body = service_spec(image, command, name, spec, settings)
        answer = await self._engine.json(
            "ServiceCreate",
            "POST",
            "/services/create",
            json=body,
            headers=await self._credentials(image, auth, wanted=with_registry_auth),
            timeout=timeout,
        )
        return cast("types.ServiceCreateResponse", answer)

    async def inspect(
        self, service: Named, *, insert_defaults: bool | None = None, timeout: CallTimeout = UNSET
    ) -> types.Service:
        """Everything that the swarm knows of a service; with `insert_defaults` also what it was not told, but assumes.

        Raises NotFound. API: `ServiceInspect`.
        """
        answer = await self._engine.json(
            "ServiceInspect",
            "GET",
            "/services/{}",
            id_of(service),
            query={"insertDefaults": insert_defaults},
            timeout=timeout,
        )
        return cast("types.Service", answer)

    async def remove(self, service: Named, *, timeout: CallTimeout = UNSET) -> None:
        """Remove a service; its tasks end a moment later. Raises NotFound. API: `ServiceDelete`."""
        await self._engine.call("ServiceDelete", "DELETE", "/services/{}", id_of(service), timeout=timeout)

    async def update(
        self,
        service: types.Service,
        spec: types.ServiceSpecRequest | types.ServiceSpec | None = None,
        *,
        image: str | None = None,
        command: str | Sequence[str] | None = None,
        force: bool = False,
        registry_auth_from: Literal["spec", "previous-spec"] | None = None,
        with_registry_auth: bool = False,
        auth: CredentialsSource = None,
        timeout: CallTimeout = UNSET,
        **settings: Unpack[ServiceSettings],
    ) -> types.ServiceUpdateResponse:
        """Make a service another one, task by task; gives the engine's warnings. `service` is what `inspect` gave.

        `spec` is all that it shall be, None for what it is now; `image`, `command` and `settings` (those of `create`)
        replace what is there: lists and mappings as wholes, an empty one takes away what there was. `force` replaces
        the tasks even where nothing changes.

            web = await docker.services.inspect("web")
            await docker.services.update(web, image="busybox:1.37", replicas=3)
            await docker.services.wait_converged(web)

        Credentials as for `create`; without new ones the swarm keeps those that it has, of the service as it is
        (`registry_auth_from="spec"`) or as it was before, and shows them to the new image's registry;
        `with_registry_auth` where none are known takes them away.

        Raises NotFound, BadParameter, BadRequest as `create`, and ServerError where somebody else changed it since
        `inspect`: inspect again. API: `ServiceUpdate`.
        """
        await self._look_up(settings, timeout)
        body = changed_spec(whole(service, spec), image, command, settings)
        template = cast("dict[str, Any]", body.get("TaskTemplate") or {})
        if force:
            body["TaskTemplate"] = template | {"ForceUpdate": template.get("ForceUpdate", 0) + 1}
        container: dict[str, Any] = template.get("ContainerSpec") or {}
        return await self._update(
            service,
            body,
            {"registryAuthFrom": registry_auth_from},
            await self._credentials(container.get("Image", ""), auth, wanted=with_registry_auth),
            timeout,
        )

    async def rollback(
        self,
        service: types.Service,
        *,
        registry_auth_from: Literal["spec", "previous-spec"] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.ServiceUpdateResponse:
        """Make a service what it was before its last update. `service` is what `inspect` gave.

        Raises BadRequest where it never was another, ServerError where somebody else changed it since `inspect`.
        API: `ServiceUpdate` (rollback).
        """
        query = {"registryAuthFrom": registry_auth_from, "rollback": "previous"}
        return await self._update(service, whole(service, None), query, None, timeout)

    def logs(
        self,
        service: Named,
        *,
        details: bool | None = None,
        follow: bool | None = None,
        stdout: bool = True,
        stderr: bool = True,
        since: Moment | None = None,
        timestamps: bool | None = None,
        tail: int | Literal["all"] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> LogStream:
        """What the tasks of a service have written so far, or the last `tail` lines of each; with `follow` also later.

        The lines of several tasks come as they arrive: `details` puts before each line of which node, service and task
        it is (`com.docker.swarm.task.id=...,...`), `timestamps` puts the time before that, each with a space.
        `timeout` bounds the whole stream; `Timeout(idle=...)` the silence.

            async for line in docker.services.logs("web", follow=True, details=True).lines():
                print(line.stream, line.text)

        Nothing comes where the log driver keeps nothing to be read. Raises NotFound. API: `ServiceLogs`.
        """
        parameters: dict[str, object] = {
            "details": details,
            "follow": follow,
            "stdout": stdout,
            "stderr": stderr,
            "since": moment(since),
            "timestamps": timestamps,
            "tail": tail,
        }
        return self._logs.stream(id_of(service), parameters, self._has_terminal, timeout)

    async def wait_converged(
        self, service: Named, *, monitor: float = 0, timeout: CallTimeout = UNSET
    ) -> types.Service:
        """Wait until all of its tasks run as it says now, and give it as it is then; a job until its tasks have ended.

        An update is over then. To have run for a moment is enough, also for tasks that fail right after it, unless the
        very same tasks have to go on for `monitor` seconds: the docker command waits for 5.

        Looked at whenever the engine tells of something that concerns it, and now and then, since engines tell nothing
        of tasks on other nodes. Without a limit unless `timeout` is given: a service whose tasks fail, or find no node,
        never gets there. Tasks do not tell their ports: right after an update of nothing but ports those from before
        count.

        Raises NotFound, also when it is removed meanwhile; UpdateFailed when its update stops or is taken back;
        TimedOut, which says what was missing; StreamBroken when the engine goes meanwhile.
        API: `ServiceInspect`, `TaskList`, `SystemEvents`.
        """
        limit = self._engine.http.limits(timeout, "stream").total
        name, missing = id_of(service), "nothing is known of it"
        convergence, clock = Convergence(monitor), asyncio.get_running_loop().time
        async with within(limit, lambda: f"{name} has not converged within {limit:g} s: {missing}"):
            found = await self.inspect(service)
            async with Watch(self._engine, found["ID"]) as watch:
                while True:
                    tasks = await Tasks(self._engine).list(filters={"service": found["ID"]})
                    lacking = convergence.missing(found, tasks, clock())
                    if lacking is None:
                        return found
                    name, missing = found["Spec"]["Name"], lacking
                    await watch.wait(convergence.left)
                    found = await self.inspect(found)

    async def _update(
        self,
        service: types.Service,
        body: dict[str, Any],
        query: Mapping[str, object],
        headers: Mapping[str, str] | None,
        timeout: CallTimeout,
    ) -> types.ServiceUpdateResponse:
        answer = await self._engine.json(
            "ServiceUpdate",
            "POST",
            "/services/{}/update",
            id_of(service),
            query={"version": index_of(service), **query},
            json=body,
            headers=headers,
            timeout=timeout,
        )
        return cast("types.ServiceUpdateResponse", answer)

    async def _credentials(self, image: str, auth: CredentialsSource, *, wanted: bool) -> dict[str, str] | None:
        if auth is None and not wanted:
            return None
        # one that says nothing leaves the service those of its image before, which may be another registry's
        return await self._engine.registry_auth(Reference.parse(image), auth, nobody=NOBODY)

    async def _has_terminal(self, service: str, timeout: CallTimeout) -> bool:
        template = (await self.inspect(service, timeout=timeout))["Spec"]["TaskTemplate"]
        return bool(template.get("ContainerSpec", {}).get("TTY"))

    async def _look_up(self, settings: ServiceSettings, timeout: CallTimeout) -> None:
        """Put what the engine wants of secrets and configs, their ids and names, in place of what names them."""
        if (secrets := settings.get("secrets")) is not None:
            secret = functools.partial(Secrets(self._engine).inspect, timeout=timeout)
            settings["secrets"] = cast("Any", await file_references("Secret", secrets, secret))
        if (configs := settings.get("configs")) is not None:
            config = functools.partial(Configs(self._engine).inspect, timeout=timeout)
            settings["configs"] = cast("Any", await file_references("Config", configs, config))
