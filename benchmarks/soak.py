"""Everything at once for a while, over connections that break: is all of it as it was in the end?

    python -m benchmarks.soak                               # against the fake engine, which is killed and started again
    python -m benchmarks.soak --minutes 60 --engine unix:///var/run/docker.sock --restart "systemctl restart docker"

Followers of logs and events, short calls, pulls, pushes, builds, commands in a container and containers that run for a
moment go through a proxy that cuts connections at random, in the midst of heads, chunks and frames, and that is gone
now and then. Many calls are cancelled at random moments.

What is looked at: every call ends, in a result, an error of the library's own, or cancellation; a log that is followed
goes on after each cut, never just ends while engine and container are there, and is in the end, line by line with its
times, the log that the engine gives when it is read whole and uncut; no event is doubled, and none lost but those that
an engine forgot with a restart before anybody was told; and descriptors, tasks, places and memory are in the end what
they were after a first round of the same.

A real engine is restarted by the command that `--restart` names, which returns when the engine answers again; without
one the proxy is gone for a while instead. Pushes and pulls go to a `LocalHub` of each round's own, which dockerd takes
as it is and podman where its port is configured as insecure (`--hub-port`), or to the registry that is named.
Prints JSON; exits with 1 if anything was amiss. What it made in the engine has the label `soak` and is removed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import itertools
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiodockerhub import Conflict, Docker, DockerError, LocalHub, NotFound, ProtocolViolated
from aiodockerhub.wire.descriptors import BUDGET
from benchmarks.cutting import CuttingProxy
from benchmarks.descriptors import allow_descriptors
from benchmarks.following import Follower, Presence, Tally, Watcher, compare
from benchmarks.measure import resident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from typing import TextIO

WORKERS = 3
"""How many do each kind of work at the same time."""
CANCELLED = 3
"""Of so many calls in turn one is cancelled, the first, if it takes long enough."""
PATIENCE = 60.0
"""Seconds in which everything has to end, or to catch up, once no connection is cut any more."""
GROWTH = 24 * 1024
"""KiB by which memory may grow: allocators do not give all back."""
SAYS = "said by a command"
WRITES_NUMBERS = "trap exit TERM; i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done"


@dataclass(frozen=True)
class Place:
    """What is soaked: an engine, its container that writes numbers, what a worker may do there.

    Without a `registry` there is a `LocalHub` on `hub_port` (0: any). Without a `restart` the engine stays as it is.
    """

    engine: str
    counting: str
    image: str
    is_real: bool
    registry: str | None = None
    hub_port: int = 0
    restart: Callable[[], Awaitable[None]] | None = None


class Round:
    """A while of everything, with a client of its own; it leaves nothing behind."""

    def __init__(self, place: Place, proxy: CuttingProxy, tally: Tally, moments: random.Random, folder: Path) -> None:
        self._place = place
        self._proxy = proxy
        self._tally = tally
        self._moments = moments
        self._folder = folder
        self._ending = asyncio.Event()
        self._presence = Presence()
        self._creating = asyncio.Lock()
        self._context = a_context(place.image)

    async def run(self, seconds: float) -> None:
        self._proxy.cutting = True
        async with (
            Docker(self._proxy.url) as docker,
            Docker(self._place.engine) as uncut,
            self._registry() as registry,
        ):
            target = f"{registry}/soak:latest"
            try:
                await self._soak(docker, uncut, target, seconds)
                await self._still_works(docker)
            finally:
                if self._place.is_real:
                    await clear(uncut, target)

    async def _soak(self, docker: Docker, uncut: Docker, target: str, seconds: float) -> None:
        watcher = Watcher(docker, self._tally, self._presence)
        kept = [self._folder / f"followed-{number}" for number in range(WORKERS)]
        with contextlib.ExitStack() as files:
            opened = [files.enter_context(each.open("w")) for each in kept]
            await self._all_at_once(docker, uncut, watcher, target, opened, seconds)
        for each in kept:
            await compare(uncut, self._place.counting, each, self._tally, whole=self._place.is_real)

    def _registry(self) -> contextlib.AbstractAsyncContextManager[str]:
        if self._place.registry is not None:
            return contextlib.nullcontext(self._place.registry)
        return local_registry(self._place.hub_port)

    async def _all_at_once(
        self, docker: Docker, uncut: Docker, watcher: Watcher, target: str, kept: Sequence[TextIO], seconds: float
    ) -> None:
        end: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        counting = self._place.counting
        followers = [
            asyncio.create_task(Follower(docker, counting, self._tally, self._presence, each, end).run())
            for each in kept
        ]
        jobs = self._jobs(docker, uncut, target)
        workers = [asyncio.create_task(self._work(name, job)) for name, job in jobs.items() for _ in range(WORKERS)]
        watching = []
        if self._place.is_real:
            workers.append(asyncio.create_task(self._create(uncut, watcher)))
            watching.append(asyncio.create_task(watcher.run()))
        await self._disturb(seconds, uncut, watcher)
        self._proxy.cutting = False
        await self._proxy.cut_all()
        self._ending.set()
        end.set_result(time.time())
        await self._all_end("workers", workers)
        await self._all_end("what is done uncut", [asyncio.create_task(self._do_each(jobs))])
        await self._all_end("followers of logs", followers)
        await self._all_end("events", [asyncio.create_task(watcher.caught_up())])
        for each in watching:
            each.cancel()
            await asyncio.wait([each])

    async def _disturb(self, seconds: float, uncut: Docker, watcher: Watcher) -> None:
        """Each disturbance as often as the others, a restart first."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        others = ["leave", "cut"]
        kinds = ["restart", *others]
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(left, 2 + 4 * self._moments.random()))
            kind, *kinds = kinds or self._moments.sample(["restart", *others], 3)
            match kind:
                case "leave":
                    await self._proxy.leave()
                    await asyncio.sleep(self._moments.random())
                    await self._proxy.arrive()
                case "cut":
                    await self._proxy.cut_all()
                case _:
                    await self._restart(uncut, watcher)

    async def _restart(self, uncut: Docker, watcher: Watcher) -> None:
        if self._place.restart is None:
            return
        self._tally.restarts += 1
        if self._place.is_real:
            async with self._creating:
                await self._restart_in_good_order(self._place.restart, uncut)
                watcher.forget()
        else:
            await self._place.restart()

    async def _restart_in_good_order(self, restart: Callable[[], Awaitable[None]], uncut: Docker) -> None:
        with self._presence.absence():
            await restart()
            state = (await uncut.containers.inspect(self._place.counting))["State"]
            if not state["Running"]:
                self._tally.fault(f"the container does not run after a restart: {state}")

    def _jobs(self, docker: Docker, uncut: Docker, target: str) -> dict[str, Callable[[], Awaitable[object]]]:
        image, counting = self._place.image, self._place.counting

        async def push() -> None:
            if self._place.is_real:
                await docker.images.tag(image, target)
            await docker.images.push(target)

        jobs: dict[str, Callable[[], Awaitable[object]]] = {
            "info": docker.info,
            "list": docker.images.list,
            "build": lambda: docker.images.build(tar=self._context, tag="soak-build", labels={"soak": ""}),
            "look": lambda: look(docker, counting),
            "push": push,
        }
        if self._place.is_real:
            jobs["pull"] = lambda: docker.images.pull(target)
            jobs["short"] = lambda: self._run_shortly(docker)
            jobs["exec"] = lambda: self._exec(docker, may_be_cut=True)
            jobs["exec uncut"] = lambda: self._exec(uncut, may_be_cut=False)
        else:
            jobs["pull"] = lambda: docker.images.pull("bench:2000-each")
            jobs["events"] = docker.events  # the fake engine's end
        return jobs

    async def _run_shortly(self, docker: Docker) -> None:
        """A container that says something and ends, step by step; what a cancellation leaves is removed by `clear`."""
        was_away = self._presence.watch()
        command = ["sh", "-c", f"usleep 100000; echo {SAYS}"]
        made = await docker.containers.create(self._place.image, command, labels={"soak": ""})
        await docker.containers.start(made)
        status = (await docker.containers.wait(made))["StatusCode"]
        said = [line.text async for line in docker.containers.logs(made).lines()]
        if (status, said) != (0, [SAYS]) and not was_away():
            self._tally.fault(f"a short container ended with {status} and said {said}")
        await docker.containers.remove(made)

    async def _exec(self, docker: Docker, *, may_be_cut: bool) -> None:
        """A command in the container that writes numbers.

        A hijacked connection has no mark at its end: one that is cut before the output came ends as one whose command
        says nothing. Only where none was cut meanwhile does no output mean that it was lost.
        """
        was_away, cuts = self._presence.watch(), self._proxy.cuts
        done = await docker.exec.run(self._place.counting, ["echo", SAYS])
        was_cut = may_be_cut and self._proxy.cuts != cuts and not done.stdout
        if (done.exit_code, done.stdout) != (0, f"{SAYS}\n".encode()) and not was_cut and not was_away():
            self._tally.fault(f"a command ended with {done}")

    async def _work(self, name: str, job: Callable[[], Awaitable[object]]) -> None:
        async def once() -> None:
            await job()

        for number in itertools.count():
            if self._ending.is_set():
                return
            task = asyncio.create_task(once())
            if number % CANCELLED == 0:
                await asyncio.wait([task], timeout=self._moments.expovariate(20))
                task.cancel()
            await asyncio.wait([task])
            self._note(name, task)
            await asyncio.sleep(0.02 * self._moments.random())

    async def _do_each(self, jobs: dict[str, Callable[[], Awaitable[object]]]) -> None:
        """Each kind of work once more: now that nothing is cut, none may fail."""
        for name, job in jobs.items():
            await job()
            self._tally.ended[f"{name}: done"] += 1

    def _note(self, name: str, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and (not isinstance(error, DockerError) or isinstance(error, ProtocolViolated)):
            self._tally.fault(f"{name}: {error!r}")
        how = "cancelled" if task.cancelled() else "done" if error is None else type(error).__name__
        self._tally.ended[f"{name}: {how}"] += 1

    async def _create(self, docker: Docker, watcher: Watcher) -> None:
        """Containers for the events; over connections that last, so that it is known which there are."""
        while not self._ending.is_set():
            async with self._creating:
                made = await docker.containers.create(self._place.image, "true", labels={"soak": ""})
                watcher.expected.append(made["Id"])
                await docker.containers.remove(made["Id"])
            await asyncio.sleep(0.2)

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


async def soak(place: Place, folder: Path, seconds: float, seed: int) -> Any:
    tally, moments = Tally(), random.Random(seed)
    async with CuttingProxy(folder / "cut.sock", place.engine, moments) as proxy:
        held = []
        for share in (0.3, 0.7):  # in the first round pools, caches and heap come to their size
            await Round(place, proxy, tally, moments, folder).run(seconds * share)
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
            "events forgotten at most": tally.unseen,
            "restarts": tally.restarts,
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
async def local_registry(port: int) -> AsyncIterator[str]:
    """A registry that lets everybody push."""
    async with LocalHub(auth="none", port=port) as hub:
        yield hub.registry


async def clear(docker: Docker, target: str) -> None:
    """Remove what a round leaves: containers whose makers were cancelled, and images."""
    for container in await docker.containers.list(all=True, filters={"label": ["soak"]}):
        with contextlib.suppress(NotFound, Conflict):  # it is being removed
            await docker.containers.remove(container["Id"], force=True, volumes=True)
    for name in ("soak-build", target):
        with contextlib.suppress(NotFound):  # perhaps none came to its end
            await docker.images.remove(name, force=True)
    await docker.images.prune(filters={"label": ["soak"]})


@contextlib.asynccontextmanager
async def counting(engine: str, image: str) -> AsyncIterator[str]:
    """A container that writes numbers, and does so again after its engine was restarted."""
    async with Docker(engine) as docker:
        made = await docker.containers.create(image, ["sh", "-c", WRITES_NUMBERS], restart_policy="always")
        try:
            await docker.containers.start(made)
            yield made["Id"]
        finally:
            await docker.containers.remove(made, force=True, volumes=True)


def restarting(command: str) -> Callable[[], Awaitable[None]]:
    async def restart() -> None:
        process = await asyncio.create_subprocess_shell(command)
        if status := await process.wait():
            raise RuntimeError(f"{command} ended with {status}")

    return restart


async def run(options: argparse.Namespace) -> Any:
    seed = options.seed if options.seed is not None else random.randrange(2**32)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder, seconds = Path(name), options.minutes * 60
        if options.engine:
            restart = restarting(options.restart) if options.restart else None
            async with counting(options.engine, options.image) as container:
                place = Place(
                    *(options.engine, container, options.image, True), options.registry, options.hub_port, restart
                )
                return await soak(place, folder, seconds, seed)
        fake = FakeEngine(folder)
        fake.start()
        try:
            place = Place(fake.url, "counting", "bench", False, "127.0.0.1:5000", restart=fake.restart)
            return await soak(place, folder, seconds, seed)
        finally:
            fake.kill()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5, help="how long (5)")
    parser.add_argument("--engine", help="a real engine, unix:// or tcp://; the fake one without it")
    parser.add_argument("--image", default="busybox", help="an image with a shell that the engine has (busybox)")
    parser.add_argument("--restart", metavar="COMMAND", help="restarts the engine, returns when it answers again")
    parser.add_argument("--hub-port", type=int, default=0, help="port of 127.0.0.1 for the registry of its own (any)")
    parser.add_argument("--registry", help="host:port of a registry that the engine may push to without a password")
    parser.add_argument("--seed", type=int, help="of the random moments")
    options = parser.parse_args()
    allow_descriptors()
    report = asyncio.run(run(options))
    print(json.dumps(report, indent=2))
    sys.exit(bool(report["faults"]))


if __name__ == "__main__":
    main()
