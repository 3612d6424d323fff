"""One measurement, in a process of its own: a workload, and the clients that take turns at it.

Reads an order as JSON from standard input, prints each client's sample as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import peers
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Sample:
    """Seconds; `cpu` is this process's, user and system, all threads."""

    cpu: float = 0
    wall: float = 0

    def __add__(self, other: Sample) -> Sample:
        return Sample(self.cpu + other.cpu, self.wall + other.wall)


class Stopwatch:
    """Starts with the garbage collector in one state for all: on, and everything older out of its sight."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self) -> Sample:
        return Sample(time.process_time() - self._cpu, time.perf_counter() - self._wall)


def check_info(answer: Any) -> None:
    if answer["Name"] != "bench":
        raise RuntimeError(f"info() gave {answer!r}")


def check_lines(counted: int, asked: int) -> None:
    if counted != asked:
        raise RuntimeError(f"{counted} of {asked} lines arrived")


async def perform(client: Any, workload: Workload, count: int) -> None:
    if workload.verb == "lines":
        check_lines(await client.lines(count, workload.chunking), count)
    elif workload.verb == "calls":
        for _ in range(count):
            answer = await client.info()
        check_info(answer)
    else:
        for _ in range(count // peers.AT_ONCE):
            answers = await asyncio.gather(*[client.info() for _ in range(peers.AT_ONCE)])
        check_info(answers[-1])


def perform_blocking(client: Any, workload: Workload, count: int, threads: ThreadPoolExecutor) -> None:
    if workload.verb == "lines":
        check_lines(client.lines(count, workload.chunking), count)
    elif workload.verb == "calls":
        for _ in range(count):
            answer = client.info()
        check_info(answer)
    else:
        for _ in range(count // peers.AT_ONCE):
            answers = list(threads.map(lambda _: client.info(), range(peers.AT_ONCE)))
        check_info(answers[-1])


class Competition:
    """The clients of one process, connected and warm, and the turns that they take."""

    def __init__(self, names: list[str], workload: Workload, address: str) -> None:
        self._names = names
        self._workload = workload
        self._address = address
        self._resources = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._threads = self._resources.enter_context(ThreadPoolExecutor(peers.AT_ONCE))

    async def run(self) -> dict[str, Sample]:
        samples = dict.fromkeys(self._names, Sample())
        async with self._resources:
            for name in self._names:
                self._clients[name] = await self._connect(name)
                await self._perform(name, self._workload.warm_up)
            for turn in range(self._workload.turns):
                for name in peers.in_turn(self._names, turn):
                    stopwatch = Stopwatch()
                    await self._perform(name, self._workload.count // self._workload.turns)
                    samples[name] += stopwatch.stop()
        return samples

    async def _connect(self, name: str) -> Any:
        connection = peers.load(name).connect(self._address)
        if hasattr(connection, "__aenter__"):
            return await self._resources.enter_async_context(connection)
        return self._resources.enter_context(connection)

    async def _perform(self, name: str, count: int) -> None:
        client = self._clients[name]
        if inspect.iscoroutinefunction(client.info):
            await perform(client, self._workload, count)
        else:
            perform_blocking(client, self._workload, count, self._threads)


def main() -> None:
    order = json.load(sys.stdin)
    competition = Competition(order["peers"], Workload(**order["workload"]), order["address"])
    samples = asyncio.run(competition.run())
    print(json.dumps({name: asdict(sample) for name, sample in samples.items()}))


if __name__ == "__main__":
    main()
