"""Volumes: made, looked at, removed; those of a swarm, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Called, name_of
from aiodockerhub.engine.settings import Fields, as_it_is, joined, mapping
from aiodockerhub.engine.versioned import index_of, whole
from aiodockerhub.errors import BadParameter
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Volumes"]


class Volumes:
    """`docker.volumes`. A volume is named by its name, or a dict with its `Name`; cluster volumes by their id too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.Volume]:
        """The volumes. What drivers that did not answer have is missing, without a word.

        The engine does say which: `(await docker.request("GET", "/volumes"))["Warnings"]`. Filters: `name`, `driver`,
        `label`, `dangling` (in no container). Raises BadRequest for a filter that the engine does not know (ServerError
        on podman). API: `VolumeList`.
        """
        answer = await self._engine.json(
            "VolumeList", "GET", "/volumes", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("types.VolumeListResponse", answer)["Volumes"] or []

    async def create(
        self,
        name: str | None = None,
        *,
        driver: str | None = None,
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        cluster: types.ClusterVolumeSpecRequest | None = None,
        config: types.VolumeCreateRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.Volume:
        """A new volume, or the one that has this name already, whatever its settings; without a name it gets one.

        `driver` is the engine's own `local` unless set. `options` are the driver's, DriverOpts in the engine's dict:
        `{"type": "tmpfs", "device": "tmpfs", "o": "size=64m"}`. `cluster` (ClusterVolumeSpec) makes it one of the
        swarm's, by a driver that is a CSI plugin. What has no keyword goes into `config`, the engine's own dict; a
        field that both set is refused.

        Raises NotFound for a driver that is not there, which dockerd looks for for 15 seconds (ServerError on podman),
        Conflict where another driver has the name, BadRequest (ServerError on podman) for a name that can't be,
        ServerError (503) for `cluster` outside of a swarm, and VersionTooLow for it before API 1.42.
        API: `VolumeCreate`.
        """
        keywords = {"name": name, "driver": driver, "options": options, "labels": labels, "cluster": cluster}
        body = joined("config", config, _FIELDS, keywords)
        answer = await self._engine.json(
            "VolumeCreate", "POST", "/volumes/create", json=body, pace="slow", timeout=timeout
        )
        return cast("types.Volume", answer)

    async def inspect(self, volume: Called, *, timeout: CallTimeout = UNSET) -> types.Volume:
        """Driver, mount point on the engine's host, labels and options; of a cluster volume all that the swarm knows.

        Raises NotFound. API: `VolumeInspect`.
        """
        answer = await self._engine.json("VolumeInspect", "GET", "/volumes/{}", name_of(volume), timeout=timeout)
        return cast("types.Volume", answer)

    async def update(
        self,
        volume: types.Volume,
        spec: types.ClusterVolumeSpecRequest | types.ClusterVolumeSpec | None = None,
        *,
        availability: Literal["active", "pause", "drain"] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Change a cluster volume; `volume` is what `inspect` gave.

        `availability` is all that engines change so far, without a word about the rest: whether tasks may use it, may
        go on using it, or have to go. `spec` is all of its settings, None for those that it has.

            await docker.volumes.update(await docker.volumes.inspect("data"), availability="drain")

        Raises BadParameter for a volume that is not the swarm's, ServerError where somebody else changed it since
        `inspect` (inspect again), and for engines in no swarm; VersionTooLow before API 1.42. podman has no cluster
        volumes. API: `VolumeUpdate`.
        """
        inspected = _cluster_volume(volume)
        await self._engine.call(
            "VolumeUpdate",
            "PUT",
            "/volumes/{}",
            inspected["ID"],  # engines find none by its name here
            query={"version": index_of(inspected)},
            json={"Spec": whole(inspected, spec, Availability=availability)},
            timeout=timeout,
        )

    async def remove(self, volume: Called, *, force: bool | None = None, timeout: CallTimeout = UNSET) -> None:
        """Remove a volume and what is in it.

        `force` takes it as done where there is none, and where a plugin that is gone had it. podman removes the
        containers that use it too then. Raises NotFound, and Conflict while a container has it. API: `VolumeDelete`.
        """
        await self._engine.call(
            "VolumeDelete",
            "DELETE",
            "/volumes/{}",
            name_of(volume),
            query={"force": force},
            pace="slow",
            timeout=timeout,
        )

    async def prune(self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET) -> types.VolumePruneResponse:
        """Remove volumes that no container has; gives their names, and the bytes that were freed.

        Before API 1.42, and on podman, all of them; since then those without a name of their own, the others too with
        `filters={"all": True}`. `label` and `label!` choose among them. Raises BadRequest for a filter that the engine
        does not know (ServerError on podman), Conflict while another prune runs. API: `VolumePrune`.
        """
        answer = await self._engine.json(
            "VolumePrune", "POST", "/volumes/prune", query={"filters": written(filters)}, pace="slow", timeout=timeout
        )
        return cast("types.VolumePruneResponse", answer)


def _cluster_volume(volume: types.Volume) -> types.ClusterVolume:
    found = volume.get("ClusterVolume") if isinstance(volume, dict) else None
    if not found:
        raise BadParameter("what inspect gave of a cluster volume is needed: of others nothing can be changed")
    return found


_FIELDS: Final[Fields] = {
    "name": (("Name", as_it_is),),
    "driver": (("Driver", as_it_is),),
    "options": (("DriverOpts", mapping),),
    "labels": (("Labels", mapping),),
    "cluster": (("ClusterVolumeSpec", as_it_is),),
}
