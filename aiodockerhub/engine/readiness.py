"""When a container runs, or is well: told by the engine's events, and looked at after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.system import System
from aiodockerhub.errors import Misused, OperationFailed, StreamBroken
from aiodockerhub.wire.timeouts import within

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.wire.timeouts import CallTimeout

    Verdict = Callable[[types.ContainerInspectResponse], bool]

__all__ = ["Readiness", "is_healthy", "is_running"]


class Readiness(System):
    """Waits for what `verdict` says of a container, which raises where that can't be any more."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def wait(self, container: Named, verdict: Verdict, timeout: CallTimeout) -> types.ContainerInspectResponse:
        """What `inspect` gives when the verdict is yes. Raises what the verdict does, and ContainerNotFound."""
        limit = self._engine.http.limits(timeout, "stream").total
        name, seen = id_of(container), "nothing is known of it"
        async with within(limit, lambda: f"container {name} is not ready within {limit:g} s: {seen}"):
            told, since = await self._look(name, timeout)
            if verdict(told):
                return told
            seen = _seen(told)
            # from the moment of that look on, by the engine's clock: what happens until it listens is told as well
            filters = {"type": "container", "container": told["Id"]}
            async with self.events(since=since, filters=filters, timeout=timeout) as events:
                async for event in events:
                    if event.action is not None and event.action.startswith("exec_"):
                        continue  # each look after its health makes some
                    told, _ = await self._look(name, timeout)
                    if verdict(told):
                        return told
                    seen = _seen(told)
        raise StreamBroken(f"the engine ended its events before container {name} was ready")

    async def _look(self, name: str, timeout: CallTimeout) -> tuple[types.ContainerInspectResponse, int | None]:
        """The container, and when that was, in seconds since 1970; None where the engine does not say."""
        answer = await self._engine.call("ContainerInspect", "GET", "/containers/{}/json", name, timeout=timeout)
        return cast("types.ContainerInspectResponse", answer.decoded), answer.date


def is_running(told: types.ContainerInspectResponse) -> bool:
    """Whether it runs: not on its way to a restart."""
    state = told["State"]
    return state["Running"] and not state.get("Restarting")


def is_healthy(told: types.ContainerInspectResponse) -> bool:
    """Whether it runs and is well.

    Raises Misused where nobody looks after its health, OperationFailed where it is not well, or has ended for good.
    """
    state, name = told["State"], told["Name"].removeprefix("/")
    health = state.get("Health")
    status = health["Status"] if health else None
    if is_running(told) and status == "healthy":
        return True
    if state["Status"] in {"exited", "dead", "removing", "stopped"} and not state.get("Restarting"):
        code = state["ExitCode"]
        raise OperationFailed(f"container {name} ended with {code} before it was healthy", code=code)
    if status in {None, "", "none"} and is_running(told):
        raise Misused(f"container {name} has no health check to wait for; wait_running waits for its start")
    if status == "unhealthy":
        raise OperationFailed(f"container {name} is unhealthy{_last_words(told)}")
    return False


def _seen(told: types.ContainerInspectResponse) -> str:
    state = told["State"]
    health = state.get("Health")
    return f"it is {state['Status']}" + (f", its health {health['Status']}" if health else "")


def _last_words(told: types.ContainerInspectResponse) -> str:
    """What the last look after its health said."""
    looks = told["State"]["Health"].get("Log") or []
    return f": {looks[-1]['Output'].strip()}" if looks else ""
