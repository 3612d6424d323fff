"""Containers: created, started, waited for, listened to, removed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal, TypeAlias, Unpack, cast, get_args, overload

from aiodockerhub.engine.archives import Archives
from aiodockerhub.engine.attachments import Attachments
from aiodockerhub.engine.container_config import ContainerSettings, container_config
from aiodockerhub.engine.controls import Controls
from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.logs import Logs, LogStream
from aiodockerhub.engine.moments import Moment, moment
from aiodockerhub.engine.readiness import Readiness, is_healthy, is_running
from aiodockerhub.engine.stats import Usage
from aiodockerhub.errors import BadParameter, ImageNotFound, OperationFailed, StreamBroken, failed
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, within

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence

    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.engine.checkpoints import Checkpoints
    from aiodockerhub.progress import Completed
    from aiodockerhub.tar import Source

__all__ = ["Condition", "Containers", "PullPolicy"]

Condition: TypeAlias = Literal["not-running", "next-exit", "removed"]
"""What `wait` waits for: that it does not run (at once if so), that it exits once more, that it is gone."""


PullPolicy: TypeAlias = Literal["missing", "always", "never"]
"""When `run` pulls the image: where the engine lacks it, first of all, or not at all."""


class Containers(Archives, Controls, Usage, Attachments):
    """`docker.containers`. A container is named by its name, its id, the id's beginning, or a dict with its `Id`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._logs = Logs(engine, "ContainerLogs", "/containers/{}/logs")

    async def list(
        self,
        *,
        all: bool | None = None,
        limit: int | None = None,
        size: bool | None = None,
        filters: Filters | None = None,
        timeout: CallTimeout = UNSET,
    ) -> builtins.list[types.ContainerSummary]:
        """The running containers, the newest first; `all` gives the others too, `limit` the last few of whatever state.

        `size` measures their file systems, which takes time: `SizeRw` and `SizeRootFs`, in bytes.

        Raises BadRequest for a filter that the engine does not know. API: `ContainerList`.
        """
        answer = await self._engine.json(
            "ContainerList",
            "GET",
            "/containers/json",
            query={"all": all, "limit": limit, "size": size, "filters": written(filters)},
            pace="slow" if size else "short",
            timeout=timeout,
        )
        return cast("builtins.list[types.ContainerSummary]", answer)

    async def create(
        self,
        image: Named,
        command: str | Sequence[str] | None = None,
        *,
        name: str | None = None,
        platform: str | None = None,
        config: types.ContainerCreateRequest | None = None,
        timeout: CallTimeout = UNSET,
        **settings: Unpack[ContainerSettings],
    ) -> types.ContainerCreateResponse:
        """A container of an image that the engine has; not started. Gives its `Id`, and the engine's `Warnings`.

        `command` is what it runs instead of the image's own command: a list as it is, a string split into words as
        a shell does, though no shell runs it. `name` is chosen by the engine if not here; `platform` (`linux/arm64`)
        takes that one of the image's. `settings` are the keywords of `ContainerSettings`; what has no keyword goes into
        `config`, the engine's own dict. They are joined, dicts inside them too; a field that both set is refused.

            await docker.containers.create(
                "busybox:1.36", "sleep 30", name="job", env={"A": "1"}, ports={"80/tcp": 8080}, mounts=["data:/data"],
                config={"HostConfig": {"OomScoreAdj": 500}},
            )

        Raises ImageNotFound, Conflict for a name in use, BadParameter for settings that can't be sent,
        BadRequest for those that the engine refuses. API: `ContainerCreate`.
        """
        answer = await self._engine.json(
            "ContainerCreate",
            "POST",
            "/containers/create",
            query={"name": name, "platform": platform},
            json=cast("dict[str, object]", container_config(id_of(image), command, config, settings)),
            pace="slow",
            timeout=timeout,
        )
        return cast("types.ContainerCreateResponse", answer)

    async def inspect(
        self, container: Named, *, size: bool | None = None, timeout: CallTimeout = UNSET
    ) -> types.ContainerInspectResponse:
        """Everything that the engine knows of a container.

        With `size` also how large its file system is, in bytes, which takes time: `SizeRw`, `SizeRootFs`.
        Raises ContainerNotFound. API: `ContainerInspect`.
        """
        answer = await self._engine.json(
            "ContainerInspect",
            "GET",
            "/containers/{}/json",
            id_of(container),
            query={"size": size},
            pace="slow" if size else "short",
            timeout=timeout,
        )
        return cast("types.ContainerInspectResponse", answer)

    async def top(
        self, container: Named, *, ps_args: str | None = None, timeout: CallTimeout = UNSET
    ) -> types.ContainerTopResponse:
        """The processes that run in it: `Titles`, and under `Processes` one list of as many strings for each.

        `ps_args` are those of the host's `ps`, `-ef` unless set. Raises ContainerNotFound, Conflict where it does not
        run, and ServerError for arguments that `ps` does not know. API: `ContainerTop`.
        """
        answer = await self._engine.json(
            "ContainerTop",
            "GET",
            "/containers/{}/top",
            id_of(container),
            query={"ps_args": ps_args},
            pace="slow",
            timeout=timeout,
        )
        return cast("types.ContainerTopResponse", answer)

    async def changes(self, container: Named, *, timeout: CallTimeout = UNSET) -> builtins.list[types.FilesystemChange]:
        """What differs from its image: paths, each with the `Kind` 0 (changed), 1 (added) or 2 (deleted).

        Raises ContainerNotFound (podman: ServerError). API: `ContainerChanges`.
        """
        answer = await self._engine.json(
            "ContainerChanges", "GET", "/containers/{}/changes", id_of(container), pace="slow", timeout=timeout
        )
        return cast("builtins.list[types.FilesystemChange]", answer or [])

    @functools.cached_property
    def checkpoints(self) -> Checkpoints:
        """Checkpoints of running containers, where the engine has them."""
        from aiodockerhub.engine.checkpoints import Checkpoints

        return Checkpoints(self._engine)

    async def start(self, container: Named, *, detach_keys: str | None = None, timeout: CallTimeout = UNSET) -> None:
        """Start it; one that runs already is fine too. `detach_keys` end an `attach`: `"ctrl-p,ctrl-q"` unless set.

        Raises ContainerNotFound, BadRequest or ServerError when its command can't be run. API: `ContainerStart`.
        """
        await self._engine.call(
            "ContainerStart",
            "POST",
            "/containers/{}/start",
            id_of(container),
            query={"detachKeys": detach_keys},
            pace="slow",
            timeout=timeout,
        )

    async def stop(
        self,
        container: Named,
        *,
        signal: str | None = None,
        grace: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """End it with its stop signal, and kill it if it still runs after `grace` seconds. One that has ended is fine.

        `grace` is the operation's `t`; -1 waits for ever, None as the container has it, else 10 s. `signal` is sent
        instead of the container's own. Answered when it has ended. Raises ContainerNotFound. API: `ContainerStop`.
        """
        await self._engine.call(
            "ContainerStop",
            "POST",
            "/containers/{}/stop",
            id_of(container),
            query={"signal": signal, "t": grace},
            pace="slow",
            timeout=timeout,
        )

    async def restart(
        self,
        container: Named,
        *,
        signal: str | None = None,
        grace: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """`stop`, with the same parameters, and `start`. Raises ContainerNotFound. API: `ContainerRestart`."""
        await self._engine.call(
            "ContainerRestart",
            "POST",
            "/containers/{}/restart",
            id_of(container),
            query={"signal": signal, "t": grace},
            pace="slow",
            timeout=timeout,
        )

    async def kill(self, container: Named, *, signal: str | None = None, timeout: CallTimeout = UNSET) -> None:
        """Send it a signal, `SIGKILL` unless another is named: `"SIGHUP"`, `"HUP"`, `"1"`.

        Raises ContainerNotFound, Conflict when it does not run. API: `ContainerKill`.
        """
        await self._engine.call(
            "ContainerKill",
            "POST",
            "/containers/{}/kill",
            id_of(container),
            query={"signal": signal},
            pace="slow",
            timeout=timeout,
        )

    async def wait(
        self, container: Named, *, condition: Condition | None = None, timeout: CallTimeout = UNSET
    ) -> types.ContainerWaitResponse:
        """Wait until it has ended (or what `condition` names), and give its `StatusCode`.

        For as long as that takes, on a connection of its own: without a limit unless `timeout` is given.
        Raises ContainerNotFound, TimedOut, StreamBroken when the engine goes meanwhile, and OperationFailed, with the
        status as its `code`, when the container could not be started or removed. API: `ContainerWait`.
        """
        answer = await self._engine.call(
            "ContainerWait",
            "POST",
            "/containers/{}/wait",
            id_of(container),
            query={"condition": condition},
            pace="stream",
            timeout=timeout,
        )
        return _waited(answer.decoded, f"/containers/{id_of(container)}/wait")

    async def wait_running(self, container: Named, *, timeout: CallTimeout = UNSET) -> types.ContainerInspectResponse:
        """Wait until somebody has started it and it runs, and give what `inspect` says then; at once if it runs.

        Without a limit unless `timeout` is given. Raises ContainerNotFound, also when it is removed meanwhile,
        TimedOut, StreamBroken. API: `ContainerInspect`, `SystemEvents`.
        """
        return await Readiness(self._engine).wait(container, is_running, timeout)

    async def wait_healthy(self, container: Named, *, timeout: CallTimeout = UNSET) -> types.ContainerInspectResponse:
        """Wait until its health check finds it well, and give what `inspect` says then; at once if it is.

        podman looks after no container's health by itself: systemd has it look, where that runs.
        Without a limit unless `timeout` is given. Raises OperationFailed when it is unhealthy, with what the check
        said, or has ended, with its exit code as `code`; Misused where it has no health check; ContainerNotFound, also
        when it is removed meanwhile; TimedOut, StreamBroken. API: `ContainerInspect`, `SystemEvents`.
        """
        return await Readiness(self._engine).wait(container, is_healthy, timeout)

    async def remove(
        self,
        container: Named,
        *,
        volumes: bool | None = None,
        force: bool | None = None,
        link: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Remove a container that does not run. Its named volumes stay.

        `force` kills one that runs. `volumes` (the operation's `v`) removes its anonymous volumes too. `link` removes
        the link of that name instead of a container. Raises ContainerNotFound, and Conflict when it runs or is being
        removed. API: `ContainerDelete`.
        """
        await self._engine.call(
            "ContainerDelete",
            "DELETE",
            "/containers/{}",
            id_of(container),
            query={"v": volumes, "force": force, "link": link},
            pace="slow",
            timeout=timeout,
        )

    def logs(
        self,
        container: Named,
        *,
        follow: bool | None = None,
        stdout: bool = True,
        stderr: bool = True,
        since: Moment | None = None,
        until: Moment | None = None,
        timestamps: bool | None = None,
        tail: int | Literal["all"] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> LogStream:
        """What it has written so far, or the last `tail` lines of it; with `follow`, what it writes until it ends, too.

        `tail` counts the lines of both streams, also where only one of them is asked for.
        `timestamps` puts the time, and a space, before each line. A stopped container's logs end even if followed.
        `timeout` bounds the whole stream; `Timeout(idle=...)` the silence.

            async for line in docker.containers.logs("job", follow=True, tail=10).lines():
                print(line.stream, line.text)

        Raises ContainerNotFound, and NotImplementedByEngine where the log driver keeps nothing to be
        read. API: `ContainerLogs`.
        """
        name = id_of(container)
        parameters: dict[str, object] = {
            "follow": follow,
            "stdout": stdout,
            "stderr": stderr,
            "since": moment(since),
            "until": moment(until),
            "timestamps": timestamps,
            "tail": tail,
        }
        return self._logs.stream(name, parameters, self._has_terminal, timeout)

    @overload
    async def run(
        self,
        image: str,
        command: str | Sequence[str] | None = None,
        *,
        stdin: Source | None = None,
        detach: Literal[False] = False,
        check: bool = True,
        pull: PullPolicy = "missing",
        auth: CredentialsSource = None,
        name: str | None = None,
        platform: str | None = None,
        config: types.ContainerCreateRequest | None = None,
        timeout: CallTimeout = UNSET,
        **settings: Unpack[ContainerSettings],
    ) -> Completed: ...

    @overload
    async def run(
        self,
        image: str,
        command: str | Sequence[str] | None = None,
        *,
        detach: Literal[True],
        pull: PullPolicy = "missing",
        auth: CredentialsSource = None,
        name: str | None = None,
        platform: str | None = None,
        config: types.ContainerCreateRequest | None = None,
        **settings: Unpack[ContainerSettings],
    ) -> types.ContainerCreateResponse: ...

    async def run(
        self,
        image: str,
        command: str | Sequence[str] | None = None,
        *,
        stdin: Source | None = None,
        detach: bool = False,
        check: bool = True,
        pull: PullPolicy = "missing",
        auth: CredentialsSource = None,
        name: str | None = None,
        platform: str | None = None,
        config: types.ContainerCreateRequest | None = None,
        timeout: CallTimeout = UNSET,
        **settings: Unpack[ContainerSettings],
    ) -> Completed | types.ContainerCreateResponse:
        """Run a command in a container of its own: its exit code, and all that it wrote. The container is gone then.

        The image is pulled where it is `missing`, `always`, or `never`, with `auth` as in `images.pull`. `stdin`, as in
        `exec.run`, is fed while output is read; a terminal (`tty`) makes one stream of the output. `timeout` bounds the
        command's own time. However it ends, by an error or by cancellation at any moment too, the container is removed,
        with its anonymous volumes. With `detach` it is started and left alone: the result is what `create` gives.

            hello = await docker.containers.run("busybox", ["echo", "hello"])
            print(hello.stdout.decode())

        All else is as in `create`; that an engine removes a container itself (`auto_remove`) is for `detach` alone.
        Raises ContainerFailed, with exit code and the end of stderr, for an exit code other than 0 unless `check` is
        False; what pull, `create` and `start` raise, and TimedOut.
        API: `ContainerCreate`, `ContainerAttach`, `ContainerStart`, `ContainerWait`, `ContainerDelete`.
        """
        from aiodockerhub.engine.images import Images
        from aiodockerhub.engine.runs import completed, taken_away
        from aiodockerhub.tar import file_chunks

        if pull not in get_args(PullPolicy):
            raise BadParameter(f"pull: {pull!r} is none of {', '.join(get_args(PullPolicy))}")
        if not detach and settings.get("auto_remove"):
            raise BadParameter("auto_remove is for detach=True: otherwise run() removes the container itself")
        if detach and stdin is not None:
            raise BadParameter("stdin: with detach=True nobody feeds it")
        feed = await file_chunks(stdin) if stdin is not None else None
        if feed is not None:
            settings["open_stdin"] = settings["stdin_once"] = True
        images = Images(self._engine)
        limit = self._engine.http.limits(timeout, "stream").total
        if pull == "always":
            await images.pull(image, platform=platform, auth=auth)
        while True:
            create = self.create(image, command, name=name, platform=platform, config=config, **settings)
            try:
                async with taken_away(self, create, always=not detach) as container:
                    if not detach:
                        async with within(limit, lambda: f"the command has not ended within {limit:g} s (run {image})"):
                            return await completed(self, container, feed, check=check, timeout=timeout)
                    await self.start(container)
                    return container
            except ImageNotFound:
                if pull != "missing":
                    raise
                pull = "never"
            await images.pull(image, platform=platform, auth=auth)


def _waited(answer: object, path: str) -> types.ContainerWaitResponse:
    """What `wait` gives: the status. What it says went wrong is raised."""
    if not isinstance(answer, dict) or "StatusCode" not in answer:
        raise StreamBroken(f"the engine ended the wait without telling the status (POST {path})")
    waited = cast("types.ContainerWaitResponse", answer)
    if error := waited.get("Error"):
        raise failed(OperationFailed, error["Message"], code=waited["StatusCode"], method="POST", path=path)
    return waited
