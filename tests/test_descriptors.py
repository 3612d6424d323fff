"""Descriptors are a process's, few, and waited for: nobody sees EMFILE, and control calls never wait behind streams."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import subprocess
import sys
import threading

import pytest
from scripted_server import END, follow, pulled

from aiodockerhub.engine.docker import Docker
from aiodockerhub.errors import Closed, TimedOut
from aiodockerhub.wire.descriptors import BUDGET, Budget
from aiodockerhub.wire.limits import Limits
from aiodockerhub.wire.timeouts import Timeout

PULL = "/images/create"


@pytest.fixture
def few(monkeypatch):
    """A budget of three places."""
    monkeypatch.setattr(Budget, "capacity", 3)
    return Budget()


# the budget


@pytest.mark.parametrize(
    ("limit", "capacity"),
    [(64, 1), (128, 32), (256, 160), (1024, 896), (65_536, 57_344), (resource.RLIM_INFINITY, 917_504)],
)
def test_a_share_of_the_processs_limit_is_kept_free(monkeypatch, limit, capacity):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limit, limit))
    assert Budget().capacity == capacity


def test_where_no_descriptors_are_counted_there_are_places_too():
    script = """if True:
        import sys
        sys.modules["resource"] = None  # as on Windows
        from aiodockerhub.engine.docker import Docker
        from aiodockerhub.wire.descriptors import BUDGET
        Docker("tcp://127.0.0.1:2375")
        print(BUDGET.capacity)
    """
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (shown.stdout, shown.stderr) == ("416\n", "")


async def test_first_come_first_served(few):
    held = [few.try_acquire() for _ in range(3)]
    assert few.try_acquire() is None
    order = []

    async def wait(number):
        place = await few.acquire()
        order.append(number)
        few.release(place)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(wait(number))
            await asyncio.sleep(0)
        assert few.try_acquire() is None
        few.release(held.pop())
    assert order == list(range(10))
    assert few.held == 2


async def test_room_that_nobody_told_of_is_found(few):
    async with asyncio.timeout(5):
        await few.acquire()
    assert few.held == 1


async def test_a_place_given_back_twice_is_one_place(few):
    held = [few.try_acquire() for _ in range(3)]
    for _ in range(3):
        few.release(held[0])
    assert few.held == 2
    assert few.try_acquire() is not None
    assert few.try_acquire() is None


@pytest.mark.parametrize("turns", range(5))
async def test_a_turn_of_one_who_left_goes_to_the_next(few, turns):
    held = [few.try_acquire() for _ in range(3)]
    leaving = asyncio.create_task(few.acquire())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(few.acquire())
    await asyncio.sleep(0)
    few.release(held.pop())
    for _ in range(turns):
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    if not leaving.cancelled():
        few.release(leaving.result())
    async with asyncio.timeout(5):
        few.release(await waiting)
    assert few.held == 2


async def test_room_made_all_at_once_wakes_all(few):
    held = [few.try_acquire() for _ in range(3)]
    waiting = [asyncio.create_task(few.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    for place in held:
        few.release(place)
    async with asyncio.timeout(5):
        assert len(await asyncio.gather(*waiting)) == 3


async def test_one_who_waited_in_a_loop_that_is_closed_holds_up_nobody(few):
    held = [few.try_acquire() for _ in range(3)]

    def wait_in_vain():
        loop = asyncio.new_event_loop()
        task = loop.create_task(few.acquire())
        task._log_destroy_pending = False
        loop.call_later(0.01, loop.stop)
        loop.run_forever()
        loop.close()
        return task

    leaked = await asyncio.to_thread(wait_in_vain)
    waiting = asyncio.create_task(few.acquire())
    await asyncio.sleep(0)
    few.release(held.pop())
    async with asyncio.timeout(5):
        await waiting
    del leaked
    gc.collect()


def test_many_loops_in_many_threads_share_it(few):
    most = []

    async def use():
        for _ in range(300):
            place = few.try_acquire() or await few.acquire()
            most.append(few.held)
            await asyncio.sleep(0)
            few.release(place)

    async def several():
        async with asyncio.timeout(60):
            await asyncio.gather(*(use() for _ in range(4)))

    threads = [threading.Thread(target=lambda: ended.append(asyncio.run(several()))) for _ in range(4)]
    ended = []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 4
    assert few.held == 0
    assert max(most) <= 3 + len(threads)  # one too many for a moment, in each thread, while it looks


# streams that wait


async def test_streams_wait_for_their_turn_and_calls_do_not(scripted):
    async def in_time(peer):
        await pulled("a", then=follow)(peer)
        await more.wait()
        await peer.send(END)

    more = asyncio.Event()
    scripted.says[PULL] = in_time
    async with Docker(scripted.url, version="1.45", limits=Limits(streams=2)) as docker:
        pulls = [asyncio.create_task(docker.images.pull("busybox")) for _ in range(10)]
        await scripted.until(lambda: scripted.streams == 2)
        for _ in range(20):
            await docker.info()
        assert (docker.stats().open_streams, docker.stats().waiting, scripted.streams) == (2, 8, 2)
        more.set()
        await asyncio.gather(*pulls)
        assert (docker.stats().open_streams, docker.stats().waiting) == (0, 0)


@pytest.mark.parametrize("bounded", ["by the client", "by the process"])
async def test_waiting_is_logged_counted_and_bounded_where_asked(scripted, monkeypatch, caplog, bounded):
    scripted.says[PULL] = pulled("a", then=follow)
    limits = Limits(streams=1) if bounded == "by the client" else None
    monkeypatch.setattr(Budget, "capacity", 1)
    async with Docker(scripted.url, version="1.45", limits=limits, timeout=Timeout(pool=0.05)) as docker:
        async with docker.images.pull("busybox"):
            with caplog.at_level(logging.DEBUG, "aiodockerhub"), pytest.raises(TimedOut, match=r"within 0.05 s"):
                await docker.images.pull("busybox")
            assert "waiting for a free connection" in caplog.text
            assert (docker.stats().open_streams, docker.stats().waiting) == (1, 0)
        async with docker.images.pull("busybox"):
            pass
    assert BUDGET.held == 0


async def test_one_who_waits_learns_that_the_client_was_closed(scripted):
    scripted.says[PULL] = pulled("a", then=follow)
    async with Docker(scripted.url, version="1.45", limits=Limits(streams=1)) as docker:
        pulls = [asyncio.create_task(docker.images.pull("busybox")) for _ in range(3)]
        await scripted.until(lambda: docker.stats().waiting == 2)
    async with asyncio.timeout(5):
        ended = await asyncio.gather(*pulls, return_exceptions=True)
    assert {type(one) for one in ended} == {Closed}
    assert docker.stats().waiting == docker.stats().open_streams == 0
