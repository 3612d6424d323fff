"""One measurement in a process of its own: one client, one workload; its times as a line of JSON."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Sample:
    """Seconds; `cpu` is this process's, user and system, all threads."""

    cpu: float
    wall: float


class Stopwatch:
    """Starts with the garbage collector in one state for all: on, the start-up's objects out of its sight."""

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


async def measure(connect: Callable[[str], Any], address: str, workload: Workload) -> Sample:
    async with connect(address) as client:
        await perform(client, workload, workload.warm_up)
        stopwatch = Stopwatch()
        await perform(client, workload, workload.count)
        return stopwatch.stop()


def measure_blocking(connect: Callable[[str], Any], address: str, workload: Workload) -> Sample:
    with connect(address) as client, ThreadPoolExecutor(peers.AT_ONCE) as threads:
        perform_blocking(client, workload, workload.warm_up, threads)
        stopwatch = Stopwatch()
        perform_blocking(client, workload, workload.count, threads)
        return stopwatch.stop()


def main() -> None:
    order = json.load(sys.stdin)
    connect = peers.load(order["peer"]).connect
    workload = Workload(**order["workload"])
    if inspect.isasyncgenfunction(inspect.unwrap(connect)):
        sample = asyncio.run(measure(connect, order["address"], workload))
    else:
        sample = measure_blocking(connect, order["address"], workload)
    print(json.dumps(asdict(sample)))


if __name__ == "__main__":
    main()
