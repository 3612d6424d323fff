"""Events that reconnect: none is lost and none doubled by a cut, and they say when the engine was away."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid

import pytest
from scripted_server import answered, chunk, follow, line, telling
from throwaway import container

from aiodockerhub import Away, BadRequest, Closed, Docker, DockerError, EngineUnreachable, Event, Misused
from benchmarks.cutting import CuttingProxy


def event(number, action="create"):
    return chunk(line(Type="container", Action=action, Actor={"ID": f"c{number}"}, timeNano=10**18 + number))


@pytest.fixture
async def docker(scripted):
    async with Docker(scripted.url, version="1.45") as docker:
        yield docker


def each_time(*scripts):
    """What the engine plays when it is asked for events again."""
    scripts = iter(scripts)

    async def script(peer):
        await next(scripts)(peer)

    return script


def refusing(message, status):
    async def script(peer):
        await peer.send(answered({"message": message}, status))

    return script


def cut(peer):
    peer.transport.abort()


async def test_after_a_cut_they_go_on_where_they_broke_off(scripted, docker):
    scripted.says["/events"] = each_time(
        telling(event(1), event(2), then=cut),
        telling(event(1), event(2), event(3), event(3, "start"), then=cut),
        refusing("starting", 503),
        telling(event(3), event(3, "start"), event(4), then=follow),
    )
    told = []
    async with docker.events(reconnect=True) as events:
        async for item in events:
            told.append(item)
            if len(told) == 7:
                break
    kinds = [(item.actor.id, item.action) if isinstance(item, Event) else type(item.error).__name__ for item in told]
    assert kinds == [
        ("c1", "create"),
        ("c2", "create"),
        "StreamBroken",
        ("c3", "create"),
        ("c3", "start"),
        "StreamBroken",
        ("c4", "create"),
    ]
    away = told[2]
    assert away.since <= away.until
    asked = [one.target.partition("?")[2] for one in scripted.asked if "/events" in one.target]
    assert asked == [
        "",
        *["since=" + since for since in ("999999999.000000002", "999999999.000000003", "999999999.000000003")],
    ]
    assert docker.stats().open_streams == 0


async def test_an_end_that_was_asked_for_is_the_end(scripted, docker):
    scripted.says["/events"] = telling(event(1))
    assert [item.actor.id async for item in docker.events(until=5, since=3, reconnect=True)] == ["c1"]
    await docker.events(until=5, since=3, reconnect=True)
    scripted.says["/events"] = each_time(telling(event(1)), telling(then=follow))
    told = []
    async for item in docker.events(reconnect=True):
        told.append(type(item))
        if isinstance(item, Away):
            break
    assert told == [Event, Away]


async def test_what_never_began_and_what_no_waiting_mends_is_raised(scripted, docker, tmp_path):
    scripted.says["/events"] = answered({"message": "invalid filter"}, 400)
    with pytest.raises(BadRequest, match="invalid filter"):
        await docker.events(reconnect=True, filters={"x": "y"})
    async with Docker(f"unix://{tmp_path}/none.sock", version="1.45") as other:
        with pytest.raises(EngineUnreachable):
            await other.events(reconnect=True)
    scripted.says["/events"] = each_time(telling(event(1), then=cut), refusing("no", 400))
    with pytest.raises(BadRequest):
        await docker.events(reconnect=True)
    with pytest.raises(Misused, match="raw"):
        await anext(docker.events(reconnect=True).raw)


async def test_while_it_waits_for_the_engine_it_can_be_closed(scripted):
    scripted.says["/events"] = each_time(telling(event(1), then=cut), *(refusing("starting", 503) for _ in range(100)))
    async with Docker(scripted.url, version="1.45") as docker:
        listening = asyncio.create_task(docker.events(reconnect=True))
        await scripted.until(lambda: len(scripted.asked) > 5)
        await docker.close()
        with pytest.raises(Closed):
            await listening


@pytest.mark.parametrize("engine", ["oldest", "newest", "podman"], indirect=True)
async def test_no_event_is_lost_or_doubled_by_cuts_under_load(engine, busybox, tmp_path):
    label, ends = uuid.uuid4().hex[:12], asyncio.Event()
    created, seen, away = [], [], 0
    moments = random.Random(7)
    async with (
        CuttingProxy(tmp_path / "cut.sock", engine.base_url, moments) as proxy,
        Docker(engine.base_url) as uncut,
        Docker(proxy.url) as docker,
    ):

        async def listen():
            nonlocal away
            stream = docker.events(reconnect=True, filters={"type": "container", "label": f"test={label}"})
            async with stream:
                ready.set()
                async for item in stream:
                    if isinstance(item, Away):
                        away += 1
                    elif item.action == "create":
                        seen.append(item.actor.id)
                    if ends.is_set() and set(seen) >= set(created):
                        return  # at the latest with the removal of the last

        async def create():
            while not enough.is_set():
                async with container(uncut, busybox, "true", labels={"test": label}) as made:
                    created.append(made["Id"])

        ready, enough = asyncio.Event(), asyncio.Event()
        listening = asyncio.create_task(listen())
        await ready.wait()
        creating = [asyncio.create_task(create()) for _ in range(3)]
        for _ in range(10):
            await asyncio.sleep(0.1 + 0.2 * moments.random())
            await proxy.cut_all()
        enough.set()
        await asyncio.gather(*creating)
        async with container(uncut, busybox, "true", labels={"test": label}) as made:
            created.append(made["Id"])
            ends.set()
        async with asyncio.timeout(30):
            await listening
    assert sorted(seen) == sorted(created)
    assert away >= 5


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_they_go_on_when_an_engine_is_restarted_ten_times_under_load(rig, engine, busybox):
    label, seen, away = uuid.uuid4().hex[:12], [], []
    async with Docker(engine.base_url) as docker, asyncio.TaskGroup() as group:

        async def listen():
            filters = {"type": "container", "label": f"test={label}", "event": "create"}
            async for item in docker.events(reconnect=True, filters=filters):
                (away if isinstance(item, Away) else seen).append(item)

        async def load():
            while True:
                with contextlib.suppress(DockerError):
                    await docker.images.list(all=True)
                await asyncio.sleep(0.001)

        async def create():
            made = await docker.containers.create(busybox, "true", labels={"test": label})
            await docker.containers.remove(made)
            return made["Id"]

        tasks = [group.create_task(work()) for work in (listen, load, load)]
        created = []
        async with asyncio.timeout(120):
            while not docker.stats().open_streams:
                await asyncio.sleep(0.01)
            for restarts in range(11):
                created += await asyncio.gather(*(create() for _ in range(5)))
                while {event.actor.id for event in seen} != set(created):
                    await asyncio.sleep(0.01)
                if restarts < 10:
                    await asyncio.to_thread(rig.restart, engine)
                    while len(away) <= restarts:
                        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
    assert sorted(event.actor.id for event in seen) == sorted(created)
    assert len(away) == 10
    assert all(one.since < one.until for one in away)
