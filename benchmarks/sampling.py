"""Where the CPU time of a client goes, told by samples: which function runs each time that the process used up some.

As a program: one client in a process of its own. Reads an order as JSON, prints what it found as JSON.

A signal comes after every so many milliseconds of CPU time, user and system, however long the wall clock waits; nothing
is added to a call of a function, as a tracing profiler does, which makes many short ones look dearer than they are.
Time in C (parsing, decoding, the kernel) is that of the Python function that went there. Threads count as whatever the
main thread does meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.descriptors import allow_descriptors
from benchmarks.measure import Stopwatch, Upload, loop_factory, perform
from benchmarks.rounds import run
from benchmarks.workloads import Workload

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self

_INTERVAL = 0.001
"""Seconds of CPU time between two signals; kernels round it up to their own tick, often 4 ms."""
_ROWS = 12


@dataclass
class Profile:
    """How many samples there are, and in how many a function ran itself, or stood on the stack."""

    samples: int = 0
    itself: Counter[str] = field(default_factory=Counter)
    within: Counter[str] = field(default_factory=Counter)

    def add(self, frame: FrameType | None) -> None:
        running = [_name(each) for each in _stack(frame)]
        self.samples += 1
        self.itself[running[0]] += 1
        self.within.update(set(running))

    def markdown(self, title: str) -> str:
        packages: Counter[str] = Counter()
        for function, count in self.itself.items():
            packages[function.partition(".")[0]] += count
        shares = ", ".join(f"{package} {count / self.samples:.0%}" for package, count in packages.most_common(5))
        rows = [f"### {title}", "", f"{self.samples:,} samples: {shares}.", ""]
        rows += ["| function | itself | and what it calls |", "|---|---:|---:|"]
        for function, count in self.itself.most_common(_ROWS):
            within = self.within[function] / self.samples
            rows.append(f"| `{function}` | {count / self.samples:.0%} | {within:.0%} |")
        return "\n".join(rows)


class Sampler:
    """A block whose CPU time is sampled into a profile. In the main thread alone."""

    def __init__(self) -> None:
        self.profile = Profile()

    def __enter__(self) -> Self:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        self.profile.add(frame)


def _stack(frame: FrameType | None) -> list[FrameType]:
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _name(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__", "")
    return f"{module}.{frame.f_code.co_qualname}"


def profile(peer: str, workload: Workload, address: str, folder: str, least: int) -> Profile:
    """Of a client's work, repeated until there are at least so many samples."""
    order = {"peer": peer, "workload": asdict(workload), "address": address, "folder": folder, "least": least}
    found = run([sys.executable, "-m", "benchmarks.sampling"], json.dumps(order))
    return Profile(found["samples"], Counter(found["itself"]), Counter(found["within"]))


async def _sampled(peer: str, workload: Workload, address: str, folder: str, least: int) -> Profile:
    sampler = Sampler()
    async with peers.connected(peer, address) as client:
        await perform(client, workload, workload.warm_up, Upload.of(workload, folder, workload.warm_up))
        uploaded = Upload.of(workload, folder, workload.count)
        Stopwatch()  # as it is measured: with the garbage collected
        with sampler:  # once for all: work that is shorter than a tick would never be met
            while sampler.profile.samples < least:
                await perform(client, workload, workload.count, uploaded)
    return sampler.profile


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    workload = Workload(**order.pop("workload"))
    allow_descriptors()
    with asyncio.Runner(loop_factory=loop_factory(workload.loop)) as runner:
        found = runner.run(_sampled(workload=workload, **order))
    print(json.dumps(vars(found)))


if __name__ == "__main__":
    main()
