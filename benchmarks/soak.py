"""Everything at once for a while, over connections that break: is all of it as it was in the end?

    python -m benchmarks.soak                               # against the fake engine, which is killed and started again
    python -m benchmarks.soak --minutes 60 --engine unix:///var/run/docker.sock --registry 127.0.0.1:5000

Followers of logs and events, short calls, pulls, pushes and builds run through a proxy that cuts connections at random,
in the midst of heads, chunks and frames, and that is gone now and then. Many calls are cancelled at random moments.

What is looked at: every call ends, in a result, an error of the library's own, or cancellation; a log that is followed
goes on after each cut without a line lost or doubled, and never just ends; no event is lost or doubled either; and
descriptors, tasks, places and memory are in the end what they were after a first round of the same.

A real engine is not restarted: the proxy is gone for a while instead, which is all that a client sees of a restart but
for the containers that end. Pulls and pushes need a registry that the engine accepts. Prints JSON; exits with 1 if
anything was amiss. What it made in the engine has the label `soak` and is removed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiodockerhub import Docker, DockerError, ProtocolViolated
from aiodockerhub.wire.descriptors import BUDGET
from benchmarks.cutting import CuttingProxy
from benchmarks.descriptors import allow_descriptors
from benchmarks.measure import resident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

WORKERS = 3
"""How many do each kind of work at the same time."""
CANCELLED = 0.3
"""The share of calls that is cancelled if it takes long enough."""
PATIENCE = 60.0
"""Seconds in which everything has to end, or to catch up, once no connection is cut any more."""
GROWTH = 24 * 1024
"""KiB by which memory may grow: allocators do not give all back."""
WRITES_NUMBERS = "i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done"


@dataclass
class Tally:
    """What happened. `faults` is what must not."""

    ended: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    events: int = 0
    resumed: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        if len(self.faults) < 20:
            self.faults.append(what)


@dataclass(frozen=True)
class Place:
    """What is soaked: an engine, its container that writes numbers, what a worker may do there."""

    engine: str
    counting: str
    image: str
    registry: str | None
    is_real: bool


class Follower:
    """Follows a log of numbered lines through every cut, as a user would."""

    def __init__(self, docker: Docker, container: str, tally: Tally, until: asyncio.Future[float]) -> None:
        self._docker = docker
        self._container = container
        self._tally = tally
        self._until = until
        self._last: int | None = None
        self._since: str | None = None

    async def run(self) -> None:
        """Until a line comes that was written after the moment that `until` says."""
        while True:
            try:
                if await self._follow():
                    return
                self._tally.fault(f"the log of {self._container} ended, but the container runs")
            except DockerError as error:
                self._tally.ended[f"log: {type(error).__name__}"] += 1
            self._tally.resumed += 1
            await asyncio.sleep(0.05)

    async def _follow(self) -> bool:
        before, already = None, self._last
        logs = self._docker.containers.logs(self._container, follow=True, timestamps=True, since=self._since)
        async for line in logs.lines():
            stamp, _, text = line.text.partition(" ")
            number = int(text)
            if before is not None and number != before + 1:
                self._tally.fault(f"{number} follows {before} in one log")
            before = number
            if already is not None and number <= already:
                continue  # from the moment of the last one known
            if self._last is not None and number != self._last + 1:
                self._tally.fault(f"{number} follows {self._last} after a cut")
            self._last, self._since = number, moment_of(stamp)
            self._tally.lines += 1
            if self._until.done() and float(self._since) > self._until.result():
                return True
        return False


def moment_of(stamp: str) -> str:
    """A line's time as `since` takes it: in seconds, with all nine digits behind the point."""
    moment, _, fraction = stamp.rstrip("Z").partition(".")
    return f"{datetime.fromisoformat(moment + '+00:00').timestamp():.0f}.{fraction:0<9}"


class Watcher:
    """Follows the events of containers through every cut, and tells which were created."""

    def __init__(self, docker: Docker, tally: Tally) -> None:
        self.created: Counter[str | None] = Counter()
        self._docker = docker
        self._tally = tally
        self._seen: set[tuple[object, ...]] = set()
        self._since = f"{time.time():.9f}"

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
                self._tally.fault("events ended")
            except DockerError as error:
                self._tally.ended[f"events: {type(error).__name__}"] += 1
            await asyncio.sleep(0.05)

    async def _follow(self) -> None:
        here: set[tuple[object, ...]] = set()
        async for event in self._docker.events(since=self._since, filters={"type": ["container"]}):
            key = event.time_nano, event.action, event.actor.id
            if key in here:
                self._tally.fault(f"an event came twice: {key}")
            here.add(key)
            if key in self._seen:
                continue
            self._seen.add(key)
            self._tally.events += 1
            if event.action == "create":
                self.created[event.actor.id] += 1
            if event.time_nano is not None:
                self._since = f"{event.time_nano // 10**9}.{event.time_nano % 10**9:09}"


class Round:
    """A while of everything, with a client of its own; it leaves nothing behind."""

    def __init__(self, place: Place, proxy: CuttingProxy, tally: Tally, moments: random.Random) -> None:
        self._place = place
        self._proxy = proxy
        self._tally = tally
        self._moments = moments
        self._ending = asyncio.Event()
        self._made: list[str] = []
        self._context = a_context(place.image)

    async def run(self, seconds: float, restart: Callable[[], Awaitable[None]]) -> None:
        self._proxy.cutting = True
        async with Docker(self._proxy.url) as docker, Docker(self._place.engine) as uncut:
            end: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            followers = [
                asyncio.create_task(Follower(docker, self._place.counting, self._tally, end).run())
                for _ in range(WORKERS)
            ]
            workers = [
                asyncio.create_task(self._work(name, job))
                for name, job in self._jobs(docker).items()
                for _ in range(WORKERS)
            ]
            watcher = Watcher(docker, self._tally)
            watching = []
            if self._place.is_real:
                workers.append(asyncio.create_task(self._create(uncut)))
                watching.append(asyncio.create_task(watcher.run()))
            await self._disturb(seconds, restart)
            self._proxy.cutting = False
            await self._proxy.cut_all()
            self._ending.set()
            end.set_result(time.time())
            await self._all_end("workers", workers)
            await self._all_end("followers of logs", followers)
            await self._all_end("events", [asyncio.create_task(self._caught_up(watcher))])
            for each in watching:
                each.cancel()
                await asyncio.wait([each])
            await self._still_works(docker)

    async def _disturb(self, seconds: float, restart: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(left, 2 + 4 * self._moments.random()))
            match self._moments.randrange(3):
                case 0:
                    await self._proxy.leave()
                    await asyncio.sleep(self._moments.random())
                    await self._proxy.arrive()
                case 1:
                    await self._proxy.cut_all()
                case _:
                    await restart()

    def _jobs(self, docker: Docker) -> dict[str, Callable[[], Awaitable[object]]]:
        image, registry = self._place.image, self._place.registry
        jobs: dict[str, Callable[[], Awaitable[object]]] = {
            "info": docker.info,
            "list": docker.images.list,
            "build": lambda: docker.images.build(tar=self._context, tag="soak-build", labels={"soak": ""}),
            "look": lambda: look(docker, self._place.counting),
        }
        if not self._place.is_real:
            jobs["pull"] = lambda: docker.images.pull("bench:2000-each")
            jobs["events"] = docker.events  # the fake engine's end
        elif registry is not None:
            target = f"{registry}/soak:latest"

            async def push() -> None:
                await docker.images.tag(image, target)
                await docker.images.push(target)

            jobs["push"] = push
            jobs["pull"] = lambda: docker.images.pull(target)
        return jobs

    async def _work(self, name: str, job: Callable[[], Awaitable[object]]) -> None:
        async def once() -> None:
            await job()

        while not self._ending.is_set():
            task = asyncio.create_task(once())
            if self._moments.random() < CANCELLED:
                await asyncio.wait([task], timeout=self._moments.expovariate(20))
                task.cancel()
            await asyncio.wait([task])
            self._note(name, task)
            await asyncio.sleep(0.02 * self._moments.random())

    def _note(self, name: str, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and (not isinstance(error, DockerError) or isinstance(error, ProtocolViolated)):
            self._tally.fault(f"{name}: {error!r}")
        how = "cancelled" if task.cancelled() else "done" if error is None else type(error).__name__
        self._tally.ended[f"{name}: {how}"] += 1

    async def _create(self, docker: Docker) -> None:
        """Containers for the events; over connections that last, so that it is known which there are."""
        while not self._ending.is_set():
            made = await docker.containers.create(self._place.image, "true", labels={"soak": ""})
            self._made.append(made["Id"])
            await docker.containers.remove(made["Id"])
            await asyncio.sleep(0.2)

    async def _caught_up(self, watcher: Watcher) -> None:
        while not all(watcher.created[made] for made in self._made):
            await asyncio.sleep(0.05)
        if doubled := [made for made in self._made if watcher.created[made] > 1]:
            self._tally.fault(f"created more than once, say the events: {doubled[:3]}")

    async def _all_end(self, what: str, tasks: list[asyncio.Task[None]]) -> None:
        done, late = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in late:
            self._tally.fault(f"{what}: {task!r} has not ended in {PATIENCE:g} s")
            task.cancel()
        if late:
            await asyncio.wait(late)
        for task in done:
            if (error := task.exception()) is not None:
                self._tally.fault(f"{what}: {error!r}")

    async def _still_works(self, docker: Docker) -> None:
        await docker.info()
        async with docker.containers.logs(self._place.counting, tail=1):
            pass
        stats = docker.stats()
        if stats.open_calls or stats.open_streams or stats.waiting or BUDGET.held:
            self._tally.fault(f"still open: {stats}, {BUDGET.held} of the process's places")


async def look(docker: Docker, container: str) -> None:
    """The first chunk of a log, the rest left."""
    async for _ in docker.containers.logs(container, follow=True):
        break


def a_context(image: str) -> bytes:
    """A tar to build from: 2 MB, so that there is time to cut it."""
    packed, dockerfile = io.BytesIO(), f"FROM {image}\nCOPY . /soak\n".encode()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in {"Dockerfile": dockerfile, "large": bytes(2_000_000)}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@dataclass(frozen=True)
class Held:
    """What the process holds while no client is open."""

    descriptors: int
    tasks: int
    memory: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        descriptors = Path("/proc/self/fd")
        count = sum(1 for _ in descriptors.iterdir()) if descriptors.exists() else 0
        return cls(count, len(asyncio.all_tasks()), resident("VmRSS"))


async def soak(place: Place, folder: Path, seconds: float, seed: int, restart: Callable[[], Awaitable[None]]) -> Any:
    tally, moments = Tally(), random.Random(seed)
    async with CuttingProxy(folder / "cut.sock", place.engine, moments) as proxy:
        held = []
        for share in (0.3, 0.7):  # in the first round pools, caches and heap come to their size
            await Round(place, proxy, tally, moments).run(seconds * share, restart)
            await proxy.cut_all()
            held.append(Held.now())
        before, after = held
        if (after.descriptors, after.tasks) != (before.descriptors, before.tasks):
            tally.fault(f"left open: {after} after {before}")
        if after.memory > before.memory + GROWTH:
            tally.fault(f"memory grew: {after} after {before}")
        return {
            "seed": seed,
            "ended": dict(sorted(tally.ended.items())),
            "lines": tally.lines,
            "events": tally.events,
            "logs resumed": tally.resumed,
            "connections": proxy.connections,
            "cuts": proxy.cuts,
            "descriptors": [before.descriptors, after.descriptors],
            "tasks": [before.tasks, after.tasks],
            "memory in KiB": [before.memory, after.memory],
            "faults": tally.faults,
        }


class FakeEngine:
    """The fake engine in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "engine.sock"
        self.url = f"unix://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.fake_engine", "--unix", str(self._socket)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def kill(self) -> None:
        assert self._process is not None
        with self._process as process:
            process.kill()

    async def restart(self) -> None:
        self.kill()
        await asyncio.sleep(0.2)
        await asyncio.to_thread(self.start)


@contextlib.asynccontextmanager
async def real_place(engine: str, image: str, registry: str | None) -> AsyncIterator[Place]:
    """A container that writes numbers, and all that the soak made removed in the end."""
    async with Docker(engine) as docker:
        made = await docker.containers.create(image, ["sh", "-c", WRITES_NUMBERS], labels={"soak": ""})
        try:
            await docker.containers.start(made)
            yield Place(engine, made["Id"], image, registry, is_real=True)
        finally:
            for container in await docker.containers.list(all=True, filters={"label": ["soak"]}):
                await docker.containers.remove(container["Id"], force=True, volumes=True)
            for name in ["soak-build", *([f"{registry}/soak:latest"] if registry else [])]:
                with contextlib.suppress(DockerError):  # perhaps none came to its end
                    await docker.images.remove(name, force=True)
            await docker.images.prune(filters={"label": ["soak"]})


async def run(options: argparse.Namespace) -> Any:
    seed = options.seed if options.seed is not None else random.randrange(2**32)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder, seconds = Path(name), options.minutes * 60
        if options.engine:

            async def nothing() -> None:
                """It is not ours to restart."""

            async with real_place(options.engine, options.image, options.registry) as place:
                return await soak(place, folder, seconds, seed, nothing)
        fake = FakeEngine(folder)
        fake.start()
        try:
            place = Place(fake.url, "counting", "bench", None, is_real=False)
            return await soak(place, folder, seconds, seed, fake.restart)
        finally:
            fake.kill()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5, help="how long (5)")
    parser.add_argument("--engine", help="a real engine, unix:// or tcp://; the fake one without it")
    parser.add_argument("--image", default="busybox", help="an image with a shell that the engine has (busybox)")
    parser.add_argument("--registry", help="host:port of a registry that the engine may push to without a password")
    parser.add_argument("--seed", type=int, help="of the random moments")
    options = parser.parse_args()
    allow_descriptors()
    report = asyncio.run(run(options))
    print(json.dumps(report, indent=2))
    sys.exit(bool(report["faults"]))


if __name__ == "__main__":
    main()
