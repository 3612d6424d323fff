"""What containers use of processors, memory, networks and disks."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads it)
from typing import TYPE_CHECKING, Final, cast

import msgspec

from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.errors import Conflict
from aiodockerhub.wire.jsonstream import JSONLines
from aiodockerhub.wire.refusals import refusal
from aiodockerhub.wire.stream import NoOutcome
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.errors import DockerError
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import Stream

__all__ = [
    "BlockDeviceCount",
    "BlockDevices",
    "CPUStats",
    "CPUUsage",
    "ContainerStats",
    "MemoryStats",
    "NetworkStats",
    "PidsStats",
    "Usage",
]

_OPERATION: Final = "ContainerStats"
_PATH: Final = "/containers/{}/stats"
_HUNDREDS_OF_NS: Final = 10_000_000
"""In a second: what engines on Windows count processors' time in."""


class CPUUsage(msgspec.Struct, gc=False):
    """Processors' time since the container's start, in nanoseconds (on Windows in hundreds of them)."""

    total_usage: int = 0
    usage_in_kernelmode: int = 0
    usage_in_usermode: int = 0
    percpu_usage: list[int] | None = None


class CPUStats(msgspec.Struct, gc=False):
    """The container's own time, and all that the processors of the host spent, in nanoseconds."""

    cpu_usage: CPUUsage = msgspec.field(default_factory=CPUUsage)
    system_cpu_usage: int = 0
    online_cpus: int = 0


class MemoryStats(msgspec.Struct, gc=False):
    """Memory in bytes. `stats` is what the kernel counts, by its own names, which depend on the cgroups' version."""

    usage: int = 0
    limit: int = 0
    max_usage: int = 0
    stats: dict[str, int] | None = None
    privateworkingset: int = 0


class NetworkStats(msgspec.Struct, gc=False):
    """What went through one network interface since the container's start."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0


class BlockDeviceCount(msgspec.Struct, gc=False):
    """One count of one block device; `op` is what is counted: `read`, `write` and others, in any case."""

    major: int = 0
    minor: int = 0
    op: str = ""
    value: int = 0


class BlockDevices(msgspec.Struct, gc=False):
    """What went to and from block devices: in bytes, and in operations."""

    io_service_bytes_recursive: list[BlockDeviceCount] | None = None
    io_serviced_recursive: list[BlockDeviceCount] | None = None


class PidsStats(msgspec.Struct, gc=False):
    """Processes and threads; a limit of 0 is none."""

    current: int = 0
    limit: int = 0


class ContainerStats(msgspec.Struct, kw_only=True, gc=False):
    """What a container uses at the moment `read`: fields as the engine has them, properties as `docker stats` shows.

    `id` and `name` are the container's. `previous_cpu` is what `cpu` was at `preread`, the sample before. `memory` and
    `block_devices` are in bytes, `networks` by interface, `pids` and, on Windows, `num_procs` count what runs. `error`
    is what the engine says in place of all this when it fails.
    """

    id: str | None = None
    name: str | None = None
    read: datetime | None = None
    preread: datetime | None = None
    cpu: CPUStats = msgspec.field(name="cpu_stats", default_factory=CPUStats)
    previous_cpu: CPUStats = msgspec.field(name="precpu_stats", default_factory=CPUStats)
    memory: MemoryStats = msgspec.field(name="memory_stats", default_factory=MemoryStats)
    networks: dict[str, NetworkStats] | None = None
    block_devices: BlockDevices = msgspec.field(name="blkio_stats", default_factory=BlockDevices)
    pids: PidsStats = msgspec.field(name="pids_stats", default_factory=PidsStats)
    num_procs: int = 0
    error: str | None = msgspec.field(name="message", default=None)

    @property
    def cpu_percent(self) -> float:
        """Processors' time since the sample before: 100.0 is all of one processor.

        In the first sample of dockerd's stream, which has none before it, since the start of the container and host.
        """
        used = self.cpu.cpu_usage.total_usage - self.previous_cpu.cpu_usage.total_usage
        possible = self._windows_time() if self.num_procs else self._host_time()
        return used / possible * 100 if used > 0 and possible > 0 else 0.0

    def _host_time(self) -> float:
        """All that one of the processors spent."""
        spent = self.cpu.system_cpu_usage - self.previous_cpu.system_cpu_usage
        processors = self.cpu.online_cpus or len(self.cpu.cpu_usage.percpu_usage or ())
        return spent / processors if processors else 0.0

    def _windows_time(self) -> float:
        if self.read is None or self.preread is None:
            return 0.0
        return (self.read - self.preread).total_seconds() * _HUNDREDS_OF_NS * self.num_procs

    @property
    def memory_used(self) -> int:
        """Bytes in use, without the files that the kernel only caches and has not used for a while."""
        memory = self.memory
        if memory.privateworkingset:
            return memory.privateworkingset
        counts = memory.stats or {}
        # the first name is that of version 1 of cgroups, where the other one leaves out what is below
        cached = counts.get("total_inactive_file", counts.get("inactive_file", 0))
        return memory.usage - cached if cached < memory.usage else memory.usage

    @property
    def memory_limit(self) -> int:
        """Bytes that it may use: its own limit, or the memory of the host."""
        return self.memory.limit

    @property
    def memory_percent(self) -> float:
        """`memory_used` of `memory_limit`; 0.0 where the engine tells no limit."""
        return self.memory_used / self.memory_limit * 100 if self.memory_limit else 0.0

    @property
    def network_received(self) -> int:
        """Bytes, of all interfaces."""
        return sum(network.rx_bytes for network in (self.networks or {}).values())

    @property
    def network_sent(self) -> int:
        """Bytes, of all interfaces."""
        return sum(network.tx_bytes for network in (self.networks or {}).values())

    @property
    def block_read(self) -> int:
        """Bytes, of all block devices."""
        return self._block_bytes("r")

    @property
    def block_written(self) -> int:
        """Bytes, of all block devices."""
        return self._block_bytes("w")

    def _block_bytes(self, initial: str) -> int:
        counts = self.block_devices.io_service_bytes_recursive or ()
        return sum(count.value for count in counts if count.op[:1].lower() == initial)


class Usage:
    """What `docker.containers` tells of what containers use."""

    _engine: Engine

    def stats(self, container: Named, *, timeout: CallTimeout = UNSET) -> Stream[ContainerStats, None]:
        """What it uses, again and again: every second (podman: every five), until it is removed, or given up here.

            async for stats in docker.containers.stats("job"):
                print(f"{stats.cpu_percent:.1f} % {stats.memory_used / 2**20:.0f} MiB")

        While it does not run, dockerd gives zeros. `timeout` bounds the whole stream, `Timeout(idle=...)` the silence.
        The stream raises ContainerNotFound, and Conflict where podman's container does not run. API: `ContainerStats`.
        """
        name = id_of(container)

        async def begin() -> Body:
            return await self._engine.open(_OPERATION, "GET", _PATH, name, query={"stream": True}, timeout=timeout)

        decoder = JSONLines(ContainerStats, line=self._engine.http.pool.limits.line)
        return self._engine.stream(f"stats of {name}", begin, decoder, _Refusals(name), convert=decoder.convert)

    async def stats_once(self, container: Named, *, timeout: CallTimeout = UNSET) -> ContainerStats:
        """What it uses now. dockerd takes a second or two for it, between two samples; podman has none before it.

        Zeros where it does not run. Raises ContainerNotFound, and Conflict where podman's container does not run, or
        is about to stop.
        API: `ContainerStats` (`stream` is false).
        """
        name = id_of(container)
        answer = await self._engine.call(
            _OPERATION, "GET", _PATH, name, query={"stream": False}, pace="slow", timeout=timeout
        )
        if not answer.body:  # podman's whole answer for a container that is about to stop
            asked = answer.request
            raise Conflict(f"nothing is measured of container {name} now", method=asked.method, path=asked.target)
        stats = cast("ContainerStats", answer.json(ContainerStats))
        if (error := _Refusals(name).observe(stats)) is not None:
            raise error
        return stats


class _Refusals(NoOutcome):
    """Finds what podman says no with, after a head that said yes."""

    def __init__(self, container: str) -> None:
        self._path = f"/containers/{container}/stats"

    def observe(self, item: ContainerStats) -> DockerError | None:
        if item.error is None:
            return None
        told = msgspec.json.encode({"cause": item.error, "message": item.error, "response": 500})
        return refusal(500, None, {}, told, method="GET", path=self._path)
