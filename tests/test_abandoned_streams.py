"""Left in whatever way, a stream gives its connection and its place back, at once and without a warning."""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import socket
import threading
import types

import pytest
from cancelling import cancelled_after
from scripted_server import CHUNKED, answered, chunk, follow, head, line, pulled, telling

from aiodockerhub.engine.docker import Docker
from aiodockerhub.errors import Closed
from aiodockerhub.progress import Pulled
from aiodockerhub.wire.descriptors import BUDGET
from aiodockerhub.wire.limits import Limits

PULL = "/images/create"
PULLED = Pulled("busybox:latest", "sha256:1d", "sha256:d1", up_to_date=False)


@pytest.fixture
def scripted(scripted):
    scripted.says[PULL] = pulled("a", "b", then=follow)
    return scripted


@pytest.fixture
async def docker(scripted):
    async with Docker(scripted.url, version="1.45") as docker:
        yield docker


async def nothing_is_open(scripted, docker):
    await scripted.until(lambda: scripted.streams == 0)
    assert docker.stats().open_streams == docker.stats().open_calls == docker.stats().waiting == BUDGET.held == 0
    async with asyncio.timeout(5):
        await docker.info()


class _Left(Exception):
    pass


# ways to leave; what they return is still held while the connection is looked for


async def by_break(docker):
    async for _ in docker.images.pull("busybox"):
        break


async def by_break_with_the_stream_in_hand(docker):
    stream = docker.images.pull("busybox")
    async for _ in stream:
        break
    return stream


async def by_break_from_raw(docker):
    stream = docker.images.pull("busybox")
    async for _ in stream.raw:
        break
    return stream


async def by_return(docker):
    async for step in docker.images.pull("busybox"):
        return step
    return None


async def by_an_exception(docker):
    stream = docker.images.pull("busybox")
    try:
        async for _ in stream:
            raise _Left
    except _Left as error:
        return stream, error


async def by_leaving_a_block(docker):
    async with docker.images.pull("busybox") as stream:
        async for _ in stream:
            break
    return stream


async def by_an_exception_in_a_block(docker):
    stream = docker.images.pull("busybox")
    try:
        async with stream:
            await anext(aiter(stream))
            raise _Left
    except _Left as error:
        return stream, error


async def by_aclose(docker):
    stream = docker.images.pull("busybox")
    steps = aiter(stream)
    await anext(steps)
    await stream.aclose()
    return stream, steps


async def by_closing_it_as_a_coroutine(docker):
    stream = docker.images.pull("busybox")
    steps = aiter(stream)
    await anext(steps)
    stream.close()
    return stream, steps


async def by_forgetting_it(docker):
    stream = docker.images.pull("busybox")
    steps = aiter(stream)
    await anext(steps)


async def by_forgetting_it_in_a_cycle(docker):
    cycle = [docker.images.pull("busybox")]
    cycle += [cycle, aiter(cycle[0])]
    await anext(cycle[2])


async def by_forgetting_it_in_another_thread(docker):
    kept = [docker.images.pull("busybox")]
    kept.append(aiter(kept[0]))
    await anext(kept[1])
    await asyncio.to_thread(kept.clear)


async def by_closing_a_generator_around_it(docker):
    async def around():
        async for step in docker.images.pull("busybox"):
            yield step.status

    statuses = around()
    await anext(statuses)
    await statuses.aclose()
    return statuses


async def by_forgetting_a_generator_around_it(docker):
    async def around():
        async for step in docker.images.pull("busybox"):
            yield step.status

    async for _ in around():
        break


async def by_cancelling_who_waits_for_a_step(docker):
    async def nothing():
        pass

    return await _cancelled_after_a_step(docker, nothing)


async def by_cancelling_who_works_on_a_step(docker):
    return await _cancelled_after_a_step(docker, asyncio.Event().wait)


async def by_cancelling_its_task(docker):
    stream = docker.images.pull("busybox")
    task = asyncio.create_task(stream)
    await asyncio.sleep(0.001)
    await _cancelled(task)
    return stream, task


async def by_a_time_limit_around_it(docker):
    stream = docker.images.pull("busybox")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stream, 0.001)
    return stream


async def by_a_sibling_that_fails(docker):
    async def fails():
        await asyncio.sleep(0.001)
        raise _Left

    stream = docker.images.pull("busybox")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(stream)
            group.create_task(fails())
    except* _Left:
        pass
    return stream


WAYS = [way for name, way in list(globals().items()) if name.startswith("by_")]


async def _cancelled_after_a_step(docker, work):
    async def follow_it():
        async for _ in stream:
            begun.set()
            await work()

    begun = asyncio.Event()
    stream = docker.images.pull("busybox")
    task = asyncio.create_task(follow_it())
    await begun.wait()
    await _cancelled(task)
    return stream, task


async def _cancelled(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("way", WAYS)
async def test_left_its_connection_is_closed_and_its_place_given_back(scripted, docker, way):
    held = await way(docker)
    gc.collect()
    await nothing_is_open(scripted, docker)
    del held


@pytest.mark.parametrize("way", WAYS)
async def test_left_it_makes_room_for_the_next(scripted, way):
    async with Docker(scripted.url, version="1.45", limits=Limits(streams=1)) as docker:
        async with asyncio.timeout(10):
            for _ in range(3):
                held = await way(docker)
                gc.collect()
        scripted.says[PULL] = pulled("a")
        assert await docker.images.pull("busybox") == PULLED
        del held


@pytest.mark.parametrize("begin", [b"", head(content_length=100) + b"{"], ids=["before its answer", "in its answer"])
async def test_left_after_an_error_was_overcome_it_needs_no_garbage_collection(scripted, begin):
    """An error keeps the frames that saw it, and they keep those above, where the iterator of the stream is."""

    async def lost(peer):
        scripted.says["/containers/x/json"] = answered({"Config": {"Tty": False}})
        await peer.send(begin)
        peer.close()

    scripted.says["/containers/x/json"] = lost
    scripted.says["/containers/x/logs"] = telling(chunk(b"\x01\0\0\0\0\0\0\x03hi\n"), then=follow)
    async with Docker(scripted.url, version="1.41") as docker:
        gc.disable()
        try:
            async for _ in docker.containers.logs("x", follow=True):
                break
            assert docker.stats().retries == 1
            await nothing_is_open(scripted, docker)
        finally:
            gc.enable()


async def test_ten_thousand_left_in_every_way_leave_nothing(scripted, docker):
    asyncio.get_running_loop().set_debug(False)  # a traceback for each callback is no part of what is asked
    ways, total, at_once = itertools.cycle(WAYS), 13_000, 100
    for _ in range(total // at_once):
        left = await asyncio.gather(*(next(ways)(docker) for _ in range(at_once)))
        del left
    assert scripted.calls().count(f"POST {PULL}") >= 10_000  # others were left before they were sent
    gc.collect()
    await nothing_is_open(scripted, docker)


# cancelled at every single await


async def awaited(docker):
    assert await docker.images.pull("busybox") == PULLED


async def iterated(docker):
    async for _ in docker.images.pull("busybox"):
        await asyncio.sleep(0)


async def in_a_block(docker):
    async with docker.images.pull("busybox") as stream:
        async for _ in stream.raw:
            break
        await stream


async def pushed(docker):
    await docker.images.push("busybox")


async def built(docker):
    async for _ in docker.images.build(tar=b"context", tag="busybox"):
        pass


async def loaded(docker):
    await docker.stream("POST", "/images/load", body=_Pieces())


async def followed(docker):
    async for _ in docker.events():
        pass


async def many_pulled(docker):
    (await docker.images.pull_many(["busybox"] * 3, concurrency=2)).raise_for_failures()


async def after_negotiation(docker):
    async with Docker(docker._http.address) as fresh:
        await fresh.images.pull("busybox")


class _Pieces:
    length = None

    async def __aiter__(self):
        for _ in range(3):
            yield b"x" * 1000
            await asyncio.sleep(0)


async def with_a_narrow_client(operation, docker):
    url = docker._http.address
    async with Docker(url, version="1.45", limits=Limits(streams=1)) as narrow, asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(operation(narrow))
    assert narrow.stats().open_streams == 0


@pytest.mark.parametrize(
    "operation",
    [
        awaited,
        iterated,
        in_a_block,
        pushed,
        built,
        loaded,
        followed,
        many_pulled,
        after_negotiation,
        functools.partial(with_a_narrow_client, awaited),
    ],
)
async def test_cancelled_at_any_await_it_leaves_nothing(scripted, docker, operation):
    well = telling(*(chunk(line(status=status)) for status in "abc"), chunk(line(aux={"ID": "sha256:1d"})))
    for path in (PULL, "/images/busybox/push", "/build", "/images/load", "/events"):
        scripted.says[path] = well
    for turns in itertools.count():
        task = await cancelled_after(turns, operation(docker))
        assert docker.stats().open_streams == docker.stats().open_calls == BUDGET.held == 0, f"after {turns} turns"
        await nothing_is_open(scripted, docker)
        if not task.cancelled():
            break
    assert turns > 10


# what can't be helped by the loop


@types.coroutine
def steps(coroutine):
    """Steps through a coroutine as a task does, and does not end it."""
    while True:
        try:
            waits_for = coroutine.send(None)
        except StopIteration:
            return
        yield waits_for


async def test_a_coroutine_dropped_while_it_waits_ends_the_stream_without_a_word(scripted, docker):
    async def follow_it():
        async for _ in docker.images.pull("busybox"):
            await asyncio.Event().wait()

    async def wait_for_it():
        await docker.images.pull("busybox")

    async def step_through(coroutine):
        await steps(coroutine)

    for coroutine in (follow_it(), wait_for_it(), docker.images.pull("busybox")):
        seen = len(scripted.asked)
        task = asyncio.create_task(step_through(coroutine))
        await scripted.until(lambda seen=seen: len(scripted.asked) > seen and docker.stats().open_streams)
        coroutine.close()
        await _cancelled(task)
    del coroutine, task
    gc.collect()
    await nothing_is_open(scripted, docker)


@pytest.mark.parametrize("thread", ["the same thread", "another thread"])
@pytest.mark.parametrize("another_waits", [False, True])
@pytest.mark.filterwarnings("ignore:.*(never closed|[Uu]nclosed):ResourceWarning")  # of the client, and rightly
def test_forgotten_after_the_loop_has_closed_it_gives_its_place_back(tmp_path, thread, another_waits, capfd):
    path = str(tmp_path / "engine.sock")
    kept, peers, waiting = [], [], []

    def serve():
        peers.append(listening.accept()[0])
        peers[0].recv(65536)
        peers[0].sendall(CHUNKED + chunk(line(status="a")))

    async def begin(docker):
        kept.append(docker.images.pull("busybox"))
        kept.append(aiter(kept[0]))
        await anext(kept[1])
        if another_waits:
            waiting.append(asyncio.create_task(docker.images.pull("busybox")))
            waiting[0]._log_destroy_pending = False
            while not docker.stats().waiting:
                await asyncio.sleep(0)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        engine = threading.Thread(target=serve)
        engine.start()
        docker = Docker(f"unix://{path}", version="1.45", limits=Limits(streams=1))
        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin(docker))
        loop.close()
        engine.join()
        assert docker.stats().open_streams == BUDGET.held == 1
        if thread == "another thread":
            forgetting = threading.Thread(target=kept.clear)
            forgetting.start()
            forgetting.join()
        else:
            kept.clear()
        gc.collect()
        assert docker.stats().open_streams == BUDGET.held == 0
        assert "Exception ignored" not in capfd.readouterr().err
        waiting.clear()
        del docker
        gc.collect()
        with peers[0] as peer:
            peer.settimeout(5)
            assert peer.recv(1) == b""


async def test_a_client_that_is_closed_ends_what_is_still_held(scripted, docker):
    held = [docker.images.pull("busybox") for _ in range(5)]
    steps = [aiter(stream) for stream in held]
    for each in steps:
        await anext(each)
    await docker.close()
    assert docker.stats().open_streams == BUDGET.held == 0
    for stream in held:
        with pytest.raises(Closed):
            await stream
    await scripted.until(lambda: scripted.streams == 0)
