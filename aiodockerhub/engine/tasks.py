"""Tasks: the containers that a swarm runs for its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.logs import Logs, LogStream
from aiodockerhub.engine.moments import Moment, moment
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Tasks"]


class Tasks:
    """`docker.tasks`, for managers of a swarm. A task is named by its id, or a dict with its `ID`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._logs = Logs(engine, "TaskLogs", "/tasks/{}/logs")

    async def list(self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET) -> builtins.list[types.Task]:
        """The tasks of all services, the last few that have ended too.

        `{"service": "web", "desired-state": "running"}` are those that a service has now. Raises BadRequest for a
        filter that the engine does not know, ServerError (503) where it is no manager of a swarm. API: `TaskList`.
        """
        answer = await self._engine.json(
            "TaskList", "GET", "/tasks", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("builtins.list[types.Task]", answer)

    async def inspect(self, task: Named, *, timeout: CallTimeout = UNSET) -> types.Task:
        """What a task is to be, where it is, and how far. Raises NotFound. API: `TaskInspect`."""
        answer = await self._engine.json("TaskInspect", "GET", "/tasks/{}", id_of(task), timeout=timeout)
        return cast("types.Task", answer)

    def logs(
        self,
        task: Named,
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
        """What a task has written so far, on whatever node it is; as `services.logs`. API: `TaskLogs`."""
        parameters: dict[str, object] = {
            "details": details,
            "follow": follow,
            "stdout": stdout,
            "stderr": stderr,
            "since": moment(since),
            "timestamps": timestamps,
            "tail": tail,
        }
        return self._logs.stream(id_of(task), parameters, self._has_terminal, timeout)

    async def _has_terminal(self, task: str, timeout: CallTimeout) -> bool:
        spec = (await self.inspect(task, timeout=timeout))["Spec"]
        return bool(spec.get("ContainerSpec", {}).get("TTY"))
