"""Waiting until a container runs, or is well: by events, on real engines and on one that says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from scripted_server import CHUNKED, ScriptedServer, answered, answering, chunk
from throwaway import container

from aiodockerhub import Docker
from aiodockerhub.errors import ContainerNotFound, Misused, OperationFailed, StreamBroken, TimedOut

SLEEP = ["sleep", "1000"]
SECOND = 10**9


def checked(script, **more):
    return {"Test": ["CMD-SHELL", script], "Interval": SECOND // 2, "Timeout": 5 * SECOND, "Retries": 1, **more}


async def listening(docker):
    """Until the events of the engine are waited for."""
    async with asyncio.timeout(30):
        while docker.stats().open_streams < 1:
            await asyncio.sleep(0)


async def look(engine, made):
    """podman looks after no container's health by itself, unless systemd tells it when."""
    connector = aiohttp.UnixConnector(engine.base_url.removeprefix("unix://"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://podman/v4.0.0/libpod/containers/{made['Id']}/healthcheck") as answer,
    ):
        await answer.read()


# On real engines


async def test_a_start_is_waited_for(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        waiting = asyncio.create_task(docker.containers.wait_running(made))
        await listening(docker)
        assert not waiting.done()
        await docker.containers.start(made)
        async with asyncio.timeout(30):
            assert (await waiting)["State"]["Running"]
        assert (await docker.containers.wait_running(made, timeout=30))["Id"] == made["Id"]
        assert docker.stats().open_streams == 0


async def test_a_container_that_is_removed_is_waited_for_no_longer(engine, busybox):
    async with Docker(engine.base_url) as docker:
        made = await docker.containers.create(busybox, SLEEP)
        waiting = asyncio.create_task(docker.containers.wait_running(made))
        await listening(docker)
        await docker.containers.remove(made)
        async with asyncio.timeout(30):
            with pytest.raises(ContainerNotFound):
                await waiting
        with pytest.raises(ContainerNotFound):
            await docker.containers.wait_running(made)


async def test_health_is_waited_for(engine, busybox):
    async with (
        Docker(engine.base_url) as docker,
        container(docker, busybox, SLEEP, healthcheck=checked("test -e /well || sleep 1", Retries=1000)) as made,
    ):
        waiting = asyncio.create_task(docker.containers.wait_healthy(made))
        await listening(docker)
        await docker.containers.start(made)
        await docker.containers.copy_to(made, b"", "/well")
        if engine.role == "podman":
            await look(engine, made)
        async with asyncio.timeout(30):
            assert (await waiting)["State"]["Health"]["Status"] == "healthy"
        assert docker.stats().open_streams == 0


async def test_a_container_that_is_not_well_is_told_with_what_its_check_said(engine, busybox):
    check = checked("echo out of order; exit 1")
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP, healthcheck=check) as made:
        await docker.containers.start(made)
        waiting = asyncio.create_task(docker.containers.wait_healthy(made))
        if engine.role == "podman":
            await listening(docker)
            await look(engine, made)
        async with asyncio.timeout(30):
            with pytest.raises(OperationFailed, match="is unhealthy: out of order"):
                await waiting


async def test_a_container_that_ends_before_it_is_well_is_told_with_its_status(engine, busybox):
    check = checked("false", Retries=1000)
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP, healthcheck=check) as made:
        await docker.containers.start(made)
        waiting = asyncio.create_task(docker.containers.wait_healthy(made))
        await listening(docker)
        await docker.containers.kill(made)
        async with asyncio.timeout(30):
            with pytest.raises(OperationFailed, match="ended with 137 before it was healthy") as raised:
                await waiting
        assert raised.value.code == 137
        with pytest.raises(OperationFailed, match="ended with 137"):
            await docker.containers.wait_healthy(made)


async def test_without_a_health_check_there_is_nothing_to_wait_for(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        with pytest.raises(Misused, match="no health check"):
            await docker.containers.wait_healthy(made)


async def test_a_limit_that_passes_tells_how_well_the_container_was(engine, busybox):
    check = checked("false", Retries=1000)
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP, healthcheck=check) as made:
        await docker.containers.start(made)
        with pytest.raises(TimedOut, match=r"is not ready within 0.3 s: it is running, its health starting$"):
            await docker.containers.wait_healthy(made, timeout=0.3)
        assert docker.stats().open_streams == 0


async def test_a_wait_given_up_gives_its_connections_back(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        with pytest.raises(TimedOut, match=r"^container \w+ is not ready within 0.2 s: it is created$"):
            await docker.containers.wait_running(made, timeout=0.2)
        waiting = asyncio.create_task(docker.containers.wait_running(made))
        await listening(docker)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert docker.stats().open_streams == 0


# On an engine that says what a test wants


def state(status, health=None, **more):
    told = {"Status": status, "Running": status in {"running", "restarting"}, "Restarting": status == "restarting"}
    told |= {"ExitCode": 0, **({"Health": {"Status": health, "Log": None}} if health else {}), **more}
    return {"Id": "1d", "Name": "/job", "State": told}


@contextlib.asynccontextmanager
async def going_through(*states, date="Wed, 25 Nov 2026 04:24:46 GMT", events=None):
    """An engine that tells of an event for each further state, after it has come to be."""
    rest = list(states)
    current = rest.pop(0)

    async def tell(peer):
        nonlocal current
        await peer.send(CHUNKED)
        for told in events if events is not None else ["start"] * len(rest):
            if not told.startswith("exec_"):
                current = rest.pop(0)
            seen = looks()
            await peer.send(chunk(json.dumps({"Type": "container", "Action": told}).encode() + b"\n"))
            if not told.startswith("exec_"):
                await server.until(lambda seen=seen: looks() > seen)
        await peer.send(b"0\r\n\r\n")

    def answers(asked):
        if asked.unversioned == "/_ping":
            return answered(b"OK", version="1.51")
        if asked.unversioned == "/events":
            return tell
        return answered(current, version="1.51", **({"date": date} if date else {}))

    def looks():
        return server.calls().count("GET /containers/job/json")

    async with ScriptedServer(answering(answers)) as server, Docker(server.url) as docker:
        docker.server = server
        docker.looks = looks
        yield docker


async def test_events_are_asked_for_from_the_first_look_on_by_the_engines_clock():
    async with going_through(state("created"), state("running")) as docker:
        assert (await docker.containers.wait_running("job"))["State"]["Running"]
        (asked,) = (urlsplit(one.target).query for one in docker.server.asked if one.unversioned == "/events")
        assert dict(parse_qsl(asked)) == {
            "since": "1795580686",
            "filters": '{"type":["container"],"container":["1d"]}',
        }
        assert docker.looks() == 2
    for date in (None, "yesterday"):
        async with going_through(state("created"), state("running"), date=date) as docker:
            await docker.containers.wait_running("job")
            assert "since" not in docker.server.asked[-2].target


async def test_a_container_that_runs_needs_no_events():
    async with going_through(state("running", "healthy")) as docker:
        await docker.containers.wait_running("job")
        await docker.containers.wait_healthy("job")
        assert "GET /events" not in docker.server.calls()


async def test_its_own_health_checks_are_no_reason_to_look():
    events = ["exec_create: true", "exec_start: true", "exec_die", "health_status: healthy"]
    async with going_through(state("running", "starting"), state("running", "healthy"), events=events) as docker:
        await docker.containers.wait_healthy("job")
        assert docker.looks() == 2


async def test_a_restart_is_waited_for():
    states = [state("restarting", "unhealthy"), state("restarting"), state("running")]
    async with going_through(*states) as docker:
        await docker.containers.wait_running("job")
        assert docker.looks() == 3
    states = [
        state("created"),
        state("running", "starting"),
        state("restarting", "starting"),
        state("running", "healthy"),
    ]
    async with going_through(*states) as docker:
        await docker.containers.wait_healthy("job")


@pytest.mark.parametrize("end", ["exited", "dead", "removing"])
async def test_what_has_ended_can_not_become_well(end):
    async with going_through(state("running", "starting"), state(end, "starting", ExitCode=3)) as docker:
        with pytest.raises(OperationFailed, match="ended with 3") as raised:
            await docker.containers.wait_healthy("job")
        assert raised.value.code == 3


async def test_events_that_end_are_no_readiness():
    async with going_through(state("created"), state("created")) as docker:
        with pytest.raises(StreamBroken, match="before container job was ready"):
            await docker.containers.wait_running("job")
