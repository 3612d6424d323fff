"""Thousands of streams and calls at once, in a process that has few descriptors, or that changes its mind all the time.

The client runs in a process of its own, so that its limit of descriptors, and all that it leaves, is its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import textwrap

import pytest
from scripted_server import CHUNKED, END, answered, chunk, follow, line, pulled

pytestmark = pytest.mark.heavy

PULL = "/images/create"
BEGIN = """
    import asyncio, json, logging, os, random, resource
    from aiodockerhub import Docker, Limits, Timeout, TimedOut
    from aiodockerhub.wire.descriptors import BUDGET

    url, descriptors = os.environ["ENGINE"], int(os.environ["DESCRIPTORS"])
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    def take_all_descriptors():
        taken = []
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return taken
"""


@pytest.fixture
def run(scripted, tmp_path):
    """run(descriptors, program): what a process prints that may open so many; it has to end in silence."""
    (tmp_path / "config.json").write_text('{"auths": {}}')

    async def run(descriptors, program):
        asyncio.get_running_loop().set_debug(False)  # the server is not what is looked at
        environment = {
            **os.environ,
            "DESCRIPTORS": str(descriptors),
            "DOCKER_CONFIG": str(tmp_path),
            "ENGINE": scripted.url,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", textwrap.dedent(BEGIN) + textwrap.dedent(program)),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(300):
                out, err = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        assert err.decode() == ""
        assert process.returncode == 0
        return json.loads(out)

    return run


async def test_two_thousand_pulls_with_1024_descriptors_all_end_well_and_no_call_waits_for_one(scripted, run):
    async def in_time(peer):
        await pulled("a", then=follow)(peer)
        await calls_answered.wait()
        await peer.send(chunk(line(status="b")))
        await peer.send(END)

    calls_answered = asyncio.Event()
    scripted.says[PULL] = in_time
    program = """
        async def main():
            async with Docker(url) as docker:
                pulls = [asyncio.create_task(docker.images.pull("busybox")) for _ in range(2000)]
                while docker.stats().waiting < 2000 - BUDGET.capacity or docker.stats().open_streams < BUDGET.capacity:
                    await asyncio.sleep(0.01)
                await asyncio.gather(*(docker.info() for _ in range(200)))
                full = [sum(pull.done() for pull in pulls), docker.stats().open_streams, docker.stats().waiting]
                await docker.request("GET", "/calls-were-answered")
                most = 0
                while not all(pull.done() for pull in pulls):
                    await docker.info()
                    most = max(most, docker.stats().open_streams)
                failed = [repr(pull.exception()) for pull in pulls if pull.exception()]
                stats = docker.stats()
                left = [stats.open_calls, stats.open_streams, stats.waiting, BUDGET.held]
            print(json.dumps([full, most <= BUDGET.capacity, len(failed), failed[:3], left]))

        asyncio.run(main())
    """

    async def go_on(peer):
        held.append(sum(one.unversioned == PULL for one in scripted.asked))
        calls_answered.set()
        await peer.send(answered())

    held = []
    scripted.says["/calls-were-answered"] = go_on
    # no pull could end before the 200 calls were answered
    assert await run(1024, program) == [[0, 896, 1104], True, 0, [], [0, 0, 0, 0]]
    assert held == [896]
    assert scripted.calls().count(f"POST {PULL}") == 2000


async def test_descriptors_that_others_took_are_waited_for(scripted, run):
    scripted.says[PULL] = pulled("a")
    program = """
        async def main():
            async with Docker(url) as docker:
                await docker.images.pull("busybox")
                await docker.info()  # by now the stream's own descriptor is free again, and taken too
                taken = take_all_descriptors()
                pulls = [asyncio.create_task(docker.images.pull("busybox")) for _ in range(50)]
                while docker.stats().retries < 200:
                    await asyncio.sleep(0.01)
                early = sum(pull.done() for pull in pulls)
                await docker.info()  # its connection is there already
                for each in taken:
                    os.close(each)
                ended = await asyncio.gather(*pulls, return_exceptions=True)
                print(json.dumps([early, [repr(one) for one in ended if isinstance(one, BaseException)]]))

        asyncio.run(main())
    """
    assert await run(256, program) == [0, []]


async def test_that_wait_is_logged_counted_and_bounded_where_asked(scripted, run):
    scripted.says[PULL] = pulled("a")
    program = """
        async def main():
            said = []
            handler = logging.Handler()
            handler.emit = lambda record: said.append(record.getMessage())
            logging.getLogger("aiodockerhub").addHandler(handler)
            async with Docker(url, timeout=Timeout(pool=0.3)) as docker:
                await docker.images.pull("busybox")
                await docker.info()
                taken = take_all_descriptors()
                logging.getLogger("aiodockerhub").setLevel(logging.DEBUG)
                pull = asyncio.create_task(docker.images.pull("busybox"))
                while not docker.stats().waiting:
                    await asyncio.sleep(0)
                try:
                    await pull
                except TimedOut as error:
                    told = str(error)
                logging.getLogger("aiodockerhub").setLevel(logging.WARNING)
                for each in taken:
                    os.close(each)
                retries, waiting, held = docker.stats().retries, docker.stats().waiting, BUDGET.held
                await docker.images.pull("busybox")
            reason, wait = (any(words in one for one in said) for words in ("EMFILE", "before the next try: 1 wait"))
            print(json.dumps([told, retries > 0, waiting, held, reason, wait]))

        asyncio.run(main())
    """
    told, *others = await run(256, program)
    assert told.startswith("no descriptor was free within 0.3 s")
    assert others == [True, 0, 0, True, True]


async def test_ten_thousand_calls_cancelled_at_random_moments_leave_nothing(scripted, run, tmp_path):
    """Short, slow, streams and uploads, on a client that is warm and on others that just begin, 200 at a time.

    After each 200 the program waits until nothing is left, and prints at last how many ended in each way.
    """

    async def in_a_while(peer):
        for _ in range(moments.randrange(20)):
            await asyncio.sleep(0)
        await peer.send(answered({"ID": "x", "Id": "x"}))

    async def bit_by_bit(peer):
        await peer.send(CHUNKED)
        for _ in range(2):
            await peer.send(chunk(line(stream="a", status="a")))
            for _ in range(moments.randrange(20)):
                await asyncio.sleep(0)
        await peer.send(chunk(line(status="sha256:" + "1d" * 32, aux={"ID": "sha256:1d"})))
        await peer.send(END)

    moments = random.Random(1)
    scripted.says |= {PULL: bit_by_bit, "/build": bit_by_bit, "/containers/job/stop": in_a_while}
    scripted.says["/events"] = pulled("a", then=follow)
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "file").write_bytes(bytes(300_000))
    (tmp_path / "context" / "Dockerfile").write_text("FROM busybox\nCOPY . .\n")
    program = f"""
        CONTEXT = {str(tmp_path / "context")!r}
        moments = random.Random(7)
        ways = {{"done": 0, "cancelled": 0}}

        async def pieces():
            for _ in range(3):
                yield bytes(40_000)
                await asyncio.sleep(0)

        async def follow(docker):
            async for _ in docker.events():
                pass

        async def look(docker):
            async for _ in docker.images.pull("busybox"):
                break

        CALLS = [
            lambda docker: docker.info(),
            lambda docker: docker.containers.stop("job"),
            lambda docker: docker.images.pull("busybox"),
            lambda docker: docker.images.import_stream(pieces(), repo="busybox"),
            lambda docker: docker.images.build(CONTEXT),
            follow,
            look,
        ]

        async def some_time():
            if not moments.randrange(4):
                await asyncio.sleep(0 if moments.randrange(8) else moments.random() * 0.002)

        async def call(docker, call):
            await call(docker)

        async def change_minds(*clients):
            calls = [asyncio.create_task(call(moments.choice(clients), moments.choice(CALLS))) for _ in range(200)]
            for each in moments.sample(calls, len(calls)):
                each.cancel()
                await some_time()
            for ended in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
                    raise ended
                ways["cancelled" if ended is not None else "done"] += 1

        def left(*clients):
            stats = [client.stats() for client in clients]
            counts = [each.open_calls + each.open_streams + each.waiting for each in stats]
            return [*counts, BUDGET.held, len(asyncio.all_tasks()) - 1]

        def opened():
            return len(os.listdir("/proc/self/fd"))

        async def nothing_is_left(*clients, idle):
            async with asyncio.timeout(20):  # tasks that send a body end a few turns later, as do transports
                while any(left(*clients)) or opened() > before + idle:
                    await asyncio.sleep(0.001)

        async def every_call_works(docker):
            async with asyncio.timeout(20):
                for each in CALLS[:5]:
                    await each(docker)
                await look(docker)

        async def main():
            global before
            before = opened()
            async with Docker(url, limits=Limits(calls=8)) as warm:
                for _ in range(50):
                    async with Docker(url, limits=Limits(calls=8, streams=20)) as cold:
                        await change_minds(warm, cold)
                        await nothing_is_left(warm, cold, idle=8 + 8)
                        await cold.info()
                    await every_call_works(warm)
                    await nothing_is_left(warm, idle=8)
            await nothing_is_left(idle=0)
            print(json.dumps(ways))

        asyncio.run(main())
    """
    ways = await run(1024, program)
    assert sum(ways.values()) == 10_000
    assert min(ways.values()) > 100, ways
    await scripted.until(lambda: scripted.streams == 0)
