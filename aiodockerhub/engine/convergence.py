"""When a service is what it shall be: told by its update, and by its tasks."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Final, cast

from aiodockerhub.engine.system import System
from aiodockerhub.errors import BadParameter, StreamBroken, UpdateFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.progress import Event

__all__ = ["Convergence", "Watch"]

_SOON: Final = 0.05
_AT_MOST: Final = 2.0
"""Seconds between two looks where nothing is told: engines tell of services, nodes and their own containers, but of no
task, and a task is said to run a moment after its container has told that it does."""

_LABEL: Final = "com.docker.swarm.service.id"
_TOLD: Final = {
    "type": ["service", "node", "container"],
    "event": ["create", "update", "remove", "start", "die", "health_status"],
}
_GONE: Final = frozenset({"shutdown", "remove", "orphaned"})
_FAILED: Final = frozenset({"paused", "rollback_paused"})
_BY_HAND: Final = "manually requested rollback"


class Watch(System):
    """Says when a service may have changed: at each event that concerns it, else after growing waits."""

    def __init__(self, engine: Engine, service: str) -> None:
        self._engine = engine
        self._service = service
        self._stream = self.events(filters=_TOLD, timeout=None)
        self._pause = _SOON

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        self._events = aiter(self._stream)
        self._next = asyncio.create_task(self._one())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)
        await self._stream.aclose()

    async def wait(self, at_most: float) -> None:
        """Until there may be something to be seen, or so many seconds. Raises what ends the engine's events."""
        done, _ = await asyncio.wait((self._next,), timeout=min(self._pause, at_most))
        if not done:
            self._pause = min(self._pause * 2, _AT_MOST)
            return
        self._next.result()
        self._pause = _SOON
        self._next = asyncio.create_task(self._one())

    async def _one(self) -> None:
        """The next event that concerns the service has come."""
        async for event in self._events:
            if self._concerns(event):
                return
        raise StreamBroken("the engine ended its events")

    def _concerns(self, event: Event) -> bool:
        if event.type == "container":
            return (event.actor.attributes or {}).get(_LABEL) == self._service
        return event.type == "node" or event.actor.id == self._service


class Convergence:
    """What a service lacks, look by look. An update that is taken back meanwhile has failed.

    The very same tasks have to run for `monitor` seconds: one that is replaced begins that anew, however soon it is.
    """

    left: float = math.inf
    """Seconds after which it lacks nothing, if nothing happens."""

    def __init__(self, monitor: float) -> None:
        if isinstance(monitor, bool) or not isinstance(monitor, (int, float)) or not 0 <= monitor < math.inf:
            raise BadParameter(f"monitor: {monitor!r} is no number of seconds")
        self._monitor = monitor
        self._running: frozenset[str] | None = None
        self._since = 0.0
        self._taken_back = ""

    def missing(self, service: types.Service, tasks: Sequence[types.Task], now: float) -> str | None:
        """What it lacks, in words; None when it lacks nothing. `now` is in seconds, of any clock.

        Raises UpdateFailed.
        """
        lacking = self._updating(service, tasks) or _tasks_missing(service, tasks)
        if lacking is None:
            return self._unsteady(tasks, now)
        self._running, self.left = None, math.inf
        return lacking

    def _unsteady(self, tasks: Sequence[types.Task], now: float) -> str | None:
        running = frozenset(task["ID"] for task in tasks if task["DesiredState"] not in _GONE)
        if running != self._running:
            self._running, self._since = running, now
        self.left = self._since + self._monitor - now
        return f"its tasks have not run for {self._monitor:g} s yet" if self.left > 0 else None

    def _updating(self, service: types.Service, tasks: Sequence[types.Task]) -> str | None:
        status = service.get("UpdateStatus")
        state, message = (status.get("State"), status.get("Message", "")) if status else (None, "")
        if state in _FAILED:
            raise UpdateFailed(f"{_name(service)}: {message}{_last_error(tasks)}")
        if state == "updating":
            self._taken_back = "its update was taken back"  # why is told while that goes on, which no look may see
        if state == "rollback_started" and message != _BY_HAND:
            self._taken_back = message
        if state == "rollback_completed" and self._taken_back:
            raise UpdateFailed(f"{_name(service)}: {self._taken_back}{_last_error(tasks)}")
        return message if state in {"updating", "rollback_started"} else None


def _tasks_missing(service: types.Service, tasks: Sequence[types.Task]) -> str | None:
    mode, count = next(iter(cast("Mapping[str, Mapping[str, Any]]", service["Spec"]["Mode"]).items()))
    wanted = [task for task in tasks if task["DesiredState"] not in _GONE]
    if mode.endswith("Job"):
        wanted = [task for task in wanted if _iteration(task) == _iteration(service.get("JobStatus"))]
        reached = sum(task["Status"]["State"] == "complete" for task in wanted)
        there = reached  # others of an earlier iteration, or that failed, are of no account
    else:
        reached = sum(task["Status"]["State"] == "running" and _is_current(service, task) for task in wanted)
        there = len(wanted)
    # one on each node: how many these are is told by the tasks alone
    needed = count.get("Replicas", count.get("TotalCompletions", len(wanted) or 1))
    if reached == there == needed:
        return None
    others = f", {there - needed} too many are there" if there > needed else ""
    state = "have ended well" if mode.endswith("Job") else "run as it says now"
    return f"{reached} of {needed} tasks {state}{others}{_last_error(tasks)}"


def _iteration(thing: object) -> int:
    """Go leaves out a zero."""
    told: Mapping[str, Any] = cast("Mapping[str, Any]", thing or {}).get("JobIteration") or {}
    return cast("int", told.get("Index", 0))


def _is_current(service: types.Service, task: types.Task) -> bool:
    """Whether the task was made of what the service is made of now. Its node may have been chosen by other rules."""
    now = cast("Mapping[str, object]", service["Spec"]["TaskTemplate"])
    then = cast("Mapping[str, object]", task["Spec"])
    return all(now.get(key) == then.get(key) for key in (now.keys() | then.keys()) - {"Runtime", "Placement"})


def _last_error(tasks: Sequence[types.Task]) -> str:
    failed = [task for task in tasks if task["Status"].get("Err")]
    if not failed:
        return ""
    return f"; the last error: {max(failed, key=lambda task: task['UpdatedAt'])['Status']['Err']}"


def _name(service: types.Service) -> str:
    return service["Spec"]["Name"]
