"""One measurement, in a process of its own: a workload, and the clients that take turns at it.

Reads an order as JSON from standard input, prints each client's sample as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import peers, uploads
from benchmarks.descriptors import allow_descriptors
from benchmarks.peers.feeding import MIB
from benchmarks.workloads import UVLOOP, Workload

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Sample:
    """Seconds; `cpu` is this process's, user and system, all threads.

    `memory` is by how many KiB a stream the process's resident memory grew at its peak, where streams are measured.
    """

    cpu: float = 0
    wall: float = 0
    memory: float = 0

    def __add__(self, other: Sample) -> Sample:
        return Sample(self.cpu + other.cpu, self.wall + other.wall, self.memory + other.memory)


class Stopwatch:
    """Starts with the garbage collector in one state for all: on, and everything older out of its sight."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        self._resident = resident("VmRSS")
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self, *, streams: int) -> Sample:
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return Sample(cpu, wall, (resident("VmHWM") - self._resident) / streams if streams else 0)


def resident(field: str) -> int:
    """KiB of memory that this process holds (`VmRSS`) or held at most (`VmHWM`); 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1])


def check_info(answer: Any) -> None:
    if answer["Name"] != "bench":
        raise RuntimeError(f"info() gave {answer!r}")


def check_count(counted: int, asked: int) -> None:
    if counted != asked:
        raise RuntimeError(f"{counted} of {asked} items arrived")


def check_size(arrived: int, least: int) -> None:
    if not least <= arrived <= 2 * least:
        raise RuntimeError(f"{arrived} bytes arrived, of {least} and what the tar adds to them")


async def perform(client: Any, workload: Workload, count: int, uploaded: Upload | None) -> None:
    match workload.verb:
        case "calls":
            for _ in range(count):
                answer = await client.info()
            check_info(answer)
        case "calls_at_once":
            for _ in range(count // peers.AT_ONCE):
                answers = await asyncio.gather(*[client.info() for _ in range(peers.AT_ONCE)])
            check_info(answers[-1])
        case "output" | "export" | "echo":
            check_count(await getattr(client, workload.verb)(count), count * MIB)
        case "streams":
            counted = await asyncio.gather(*[client.frames(workload.frames, workload.chunking) for _ in range(count)])
            check_count(sum(counted), count * workload.frames)
        case verb:
            perform_once = getattr(client, verb)
            if uploaded:
                check_size(await perform_once(uploaded.path), uploaded.size)
            else:
                check_count(await perform_once(count, workload.chunking), count)


def perform_blocking(
    client: Any, workload: Workload, count: int, uploaded: Upload | None, threads: ThreadPoolExecutor
) -> None:
    match workload.verb:
        case "calls":
            for _ in range(count):
                answer = client.info()
            check_info(answer)
        case "calls_at_once":
            for _ in range(count // peers.AT_ONCE):
                answers = list(threads.map(lambda _: client.info(), range(peers.AT_ONCE)))
            check_info(answers[-1])
        case "export":
            check_count(client.export(count), count * MIB)
        case verb:
            perform_once = getattr(client, verb)
            if uploaded:
                check_size(perform_once(uploaded.path), uploaded.size)
            else:
                check_count(perform_once(count, workload.chunking), count)


@dataclass(frozen=True)
class Upload:
    """What is uploaded in one go: its path, and the bytes that have to arrive at least."""

    path: str
    size: int

    @classmethod
    def of(cls, workload: Workload, folder: str, count: int) -> Upload | None:
        if not workload.context:
            return None
        context = uploads.context(folder, workload.context, count)
        path = uploads.ready_tar(context) if workload.verb in ("import_tar", "load_tar") else context
        return cls(str(path), uploads.size(context))


class Competition:
    """The clients of one process, connected and warm, and the turns that they take."""

    def __init__(self, names: list[str], workload: Workload, address: str, folder: str) -> None:
        self._names = names
        self._workload = workload
        self._address = address
        self._folder = folder
        self._resources = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._threads = self._resources.enter_context(ThreadPoolExecutor(peers.AT_ONCE))

    async def run(self) -> dict[str, Sample]:
        samples = dict.fromkeys(self._names, Sample())
        async with self._resources:
            for name in self._names:
                connection = peers.connected(name, self._address)
                self._clients[name] = await self._resources.enter_async_context(connection)
                await self._perform(name, self._workload.warm_up)
            for turn in range(self._workload.turns):
                for name in peers.in_turn(self._names, turn):
                    samples[name] += await self._perform(name, self._workload.count // self._workload.turns)
        return samples

    async def _perform(self, name: str, count: int) -> Sample:
        client, workload = self._clients[name], self._workload
        uploaded = Upload.of(workload, self._folder, count)
        stopwatch = Stopwatch()
        if name in peers.BLOCKING:
            perform_blocking(client, workload, count, uploaded, self._threads)
        else:
            await perform(client, workload, count, uploaded)
        return stopwatch.stop(streams={"streams": count, "echo": 1}.get(workload.verb, 0))


def main() -> None:
    order = json.load(sys.stdin)
    workload = Workload(**order["workload"])
    allow_descriptors()
    competition = Competition(order["peers"], workload, order["address"], order["folder"])
    with asyncio.Runner(loop_factory=loop_factory(workload.loop)) as runner:
        samples = runner.run(competition.run())
    print(json.dumps({name: asdict(sample) for name, sample in samples.items()}))


def loop_factory(loop: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if loop == UVLOOP:
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop


if __name__ == "__main__":
    main()
