"""What can be changed about a container that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from aiodockerhub.engine.container_config import fields_of
from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.settings import Fields, as_it_is, byte_count, filled, own_dict, put
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Controls"]

_LIMITS: Final[Fields] = {
    "memory_swap": (("MemorySwap", byte_count),),
    "memory_reservation": (("MemoryReservation", byte_count),),
    "cpu_shares": (("CpuShares", as_it_is),),
    "cpuset_cpus": (("CpusetCpus", as_it_is),),
}


class Controls:
    """What `docker.containers` changes about containers."""

    _engine: Engine

    async def update(
        self,
        container: Named,
        *,
        memory: int | str | None = None,
        memory_swap: int | str | None = None,
        memory_reservation: int | str | None = None,
        cpus: float | None = None,
        cpu_shares: int | None = None,
        cpuset_cpus: str | None = None,
        pids_limit: int | None = None,
        restart_policy: str | types.RestartPolicyRequest | None = None,
        config: types.ContainerUpdateRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.ContainerUpdateResponse:
        """Change the limits of a container, also while it runs, or when it restarts. Gives the engine's `Warnings`.

        `memory`, `cpus`, `pids_limit` and `restart_policy` are those of `create`. `memory_swap` is memory and swap
        together, -1 for any amount: where it is limited already, it can't stay below `memory`. `memory_reservation` is
        what it gets at least when memory is short; both are written as `memory`. `cpu_shares` is its weight among
        others (1024), `cpuset_cpus` where it may run (`"0-2"`). What has no keyword goes into `config`, the engine's
        own dict; a field that both set is refused.

        Raises ContainerNotFound, BadParameter, and BadRequest, Conflict or ServerError for what the engine refuses.
        API: `ContainerUpdate`.
        """
        body = own_dict("config", config)
        shared = {"memory": memory, "cpus": cpus, "pids_limit": pids_limit, "restart_policy": restart_policy}
        own = {
            "memory_swap": memory_swap,
            "memory_reservation": memory_reservation,
            "cpu_shares": cpu_shares,
            "cpuset_cpus": cpuset_cpus,
        }
        for keyword, value in shared.items():
            _put(body, keyword, fields_of(keyword, value))
        for keyword, value in own.items():
            _put(body, keyword, filled(_LIMITS, keyword, value))
        answer = await self._engine.json(
            "ContainerUpdate",
            "POST",
            "/containers/{}/update",
            id_of(container),
            json=body,
            pace="slow",
            timeout=timeout,
        )
        return cast("types.ContainerUpdateResponse", answer)

    async def rename(self, container: Named, name: str, *, timeout: CallTimeout = UNSET) -> None:
        """Give it another name.

        Raises ContainerNotFound, Conflict for a name in use, BadRequest (podman: ServerError) for one that can't be.
        API: `ContainerRename`.
        """
        await self._engine.call(
            "ContainerRename",
            "POST",
            "/containers/{}/rename",
            id_of(container),
            query={"name": name},
            timeout=timeout,
        )

    async def pause(self, container: Named, *, timeout: CallTimeout = UNSET) -> None:
        """Freeze all its processes where they are.

        Raises ContainerNotFound, Conflict where it does not run, or is paused already. API: `ContainerPause`.
        """
        await self._engine.call(
            "ContainerPause", "POST", "/containers/{}/pause", id_of(container), pace="slow", timeout=timeout
        )

    async def unpause(self, container: Named, *, timeout: CallTimeout = UNSET) -> None:
        """Let its processes go on.

        Raises ContainerNotFound; where it is not paused ServerError, of podman Conflict. API: `ContainerUnpause`.
        """
        await self._engine.call(
            "ContainerUnpause", "POST", "/containers/{}/unpause", id_of(container), pace="slow", timeout=timeout
        )

    async def resize(self, container: Named, *, height: int, width: int, timeout: CallTimeout = UNSET) -> None:
        """Give its terminal another size, in characters: the operation's `h` and `w`.

        Raises ContainerNotFound, Conflict where it does not run. API: `ContainerResize`.
        """
        await self._engine.call(
            "ContainerResize",
            "POST",
            "/containers/{}/resize",
            id_of(container),
            query={"h": height, "w": width},
            timeout=timeout,
        )

    async def prune(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> types.ContainerPruneResponse:
        """Remove all containers that do not run, or those of them that `filters` take: `label`, `until`.

        Gives their ids and the bytes that are free again. Raises BadRequest (podman: ServerError) for a filter that the
        engine does not know, Conflict where it prunes already. API: `ContainerPrune`.
        """
        answer = await self._engine.json(
            "ContainerPrune",
            "POST",
            "/containers/prune",
            query={"filters": written(filters)},
            pace="slow",
            timeout=timeout,
        )
        return cast("types.ContainerPruneResponse", answer)


def _put(body: dict[str, Any], keyword: str, fields: dict[str, object]) -> None:
    for place, value in fields.items():
        put(body, place.removeprefix("HostConfig."), value, keyword)
