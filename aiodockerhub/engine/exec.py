"""Commands run in containers that run already."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from aiodockerhub.engine.container_config import fields_of
from aiodockerhub.engine.duplex import Duplex, duplex
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.progress import Completed
from aiodockerhub.tar import file_chunks
from aiodockerhub.wire.timeouts import UNSET, CallTimeout, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.hijacked import Hijacked

__all__ = ["Exec"]


class Exec:
    """`docker.exec`: commands in running containers. `run` does it all; the others are its parts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(
        self,
        container: Named,
        command: str | Sequence[str],
        *,
        stdin: Source | None = None,
        tty: bool = False,
        env: Mapping[str, str | int | None] | Sequence[str] | None = None,
        working_dir: str | None = None,
        user: str | None = None,
        privileged: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Completed:
        """Run a command to its end: its exit code, and all that it wrote, in bytes.

        Input is bytes, a path, a binary file, or an async iterable of bytes. It is fed while output is read, so that
        neither waits for the other; what a command does not read of it is dropped. `timeout` bounds it all. When it
        passes, or the task is cancelled, the connection is closed; the command itself runs on, since engines can't end
        one. An output has no mark at its end: where the connection is closed in good order before it, by a proxy in
        between as well, what came until then is all there is. The exit
        code is right then too, for it is asked of the engine, until the command has ended.

            listing = await docker.exec.run("web", ["ls", "-l"], working_dir="/srv")
            print(listing.exit_code, listing.stdout.decode())

        Other parameters are those of `create`. Raises ContainerNotFound, Conflict when the container does not run,
        StreamBroken when the engine goes meanwhile, TimedOut. A command that is not there gives 126 or 127, as in a
        shell, or raises BadRequest or ServerError, as the engine likes it.
        API: `ContainerExec`, `ExecStart`, `ExecInspect`.
        """
        limit = self._engine.http.limits(timeout, "stream").total
        feed = await file_chunks(stdin) if stdin is not None else None
        async with within(limit, lambda: f"the command has not ended within {limit:g} s (exec in {id_of(container)})"):
            created = await self.create(
                container,
                command,
                stdin=feed is not None,
                tty=tty,
                env=env,
                working_dir=working_dir,
                user=user,
                privileged=privileged,
            )
            async with self.start(created, tty=tty, timeout=timeout) as process:
                stdout, stderr = await process.communicate(feed)
            return Completed(await self._exit_code(created), stdout, stderr)

    async def create(
        self,
        container: Named,
        command: str | Sequence[str],
        *,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        tty: bool = False,
        env: Mapping[str, str | int | None] | Sequence[str] | None = None,
        working_dir: str | None = None,
        user: str | None = None,
        privileged: bool | None = None,
        detach_keys: str | None = None,
        console_size: tuple[int, int] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.IDResponse:
        """A command to be started in a running container; gives its `Id`.

        A command that is a string is split into words as a shell does; no shell runs it. `stdin`, `stdout` and `stderr`
        say what is attached when it is started, `tty` gives it a terminal of `console_size`, height and width in
        characters. `env` and `working_dir` are set beside, `user` instead of the container's own; `privileged` gives
        all capabilities. `detach_keys` end a started connection's input: `"ctrl-p,ctrl-q"` unless set.

        Raises ContainerNotFound, Conflict when it does not run, VersionTooLow for `console_size` before 1.42.
        API: `ContainerExec`.
        """
        config: dict[str, object] = {
            **fields_of("command", command),
            **fields_of("env", env),
            "AttachStdin": stdin,
            "AttachStdout": stdout,
            "AttachStderr": stderr,
            "Tty": tty,
            "WorkingDir": working_dir,
            "User": user,
            "Privileged": privileged,
            "DetachKeys": detach_keys,
            "ConsoleSize": console_size,
        }
        answer = await self._engine.json(
            "ContainerExec",
            "POST",
            "/containers/{}/exec",
            id_of(container),
            json={name: value for name, value in config.items() if value is not None},
            timeout=timeout,
        )
        return cast("types.IDResponse", answer)

    def start(
        self,
        created: Named,
        *,
        tty: bool | None = None,
        console_size: tuple[int, int] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Duplex:
        """Start a created command, and stay connected with it: its output, and its input if it was created with it.

        `tty` is what it was created with; None asks the engine. `console_size` is height and width in characters.
        `timeout` bounds the whole connection, `Timeout(idle=...)` the silence.

        The stream raises NotFound, and Conflict for a command that was started before, or whose container does not run.
        API: `ExecStart`.
        """
        name = id_of(created)

        async def connect() -> Hijacked:
            config = _start(await has_terminal(), console_size, detach=False)
            return await self._engine.hijack("ExecStart", "POST", "/exec/{}/start", name, json=config, timeout=timeout)

        async def has_terminal() -> bool:
            nonlocal tty
            if tty is None:
                tty = (await self.inspect(created))["ProcessConfig"]["tty"]
            return tty

        return duplex(self._engine, f"exec {name[:12]}", connect, has_terminal)

    async def start_detached(
        self,
        created: Named,
        *,
        tty: bool = False,
        console_size: tuple[int, int] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Start a created command and leave it to itself; what it writes is dropped. API: `ExecStart`."""
        await self._engine.call(
            "ExecStart",
            "POST",
            "/exec/{}/start",
            id_of(created),
            json=_start(tty, console_size, detach=True),
            pace="slow",
            timeout=timeout,
        )

    async def resize(self, created: Named, *, height: int, width: int, timeout: CallTimeout = UNSET) -> None:
        """Give a started command's terminal another size, in characters.

        Raises NotFound; for one that does not run what the engine says. API: `ExecResize`.
        """
        query = {"h": height, "w": width}
        await self._engine.call("ExecResize", "POST", "/exec/{}/resize", id_of(created), query=query, timeout=timeout)

    async def inspect(self, created: Named, *, timeout: CallTimeout = UNSET) -> types.ExecInspectResponse:
        """What the engine knows of a command: whether it runs, its exit code. Raises NotFound. API: `ExecInspect`."""
        answer = await self._engine.json("ExecInspect", "GET", "/exec/{}/json", id_of(created), timeout=timeout)
        return cast("types.ExecInspectResponse", answer)

    async def _exit_code(self, created: Named) -> int:
        """Asked until it is known: the end of the output may be told before it."""
        wait = 0.01
        while True:
            told = await self.inspect(created)
            if told["ExitCode"] is not None and not told["Running"]:
                return told["ExitCode"]
            await asyncio.sleep(wait)
            wait = min(2 * wait, 1.0)


def _start(tty: bool, console_size: tuple[int, int] | None, *, detach: bool) -> dict[str, object]:
    told: dict[str, object] = {"Detach": detach, "Tty": tty}
    return told if console_size is None else {**told, "ConsoleSize": console_size}
