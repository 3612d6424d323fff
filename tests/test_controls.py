"""Containers changed, looked into and checkpointed: on real engines, and what is sent for it."""

from __future__ import annotations

import contextlib
import json
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from scripted_server import ScriptedServer, answered, answering
from throwaway import container

from aiodockerhub import Docker
from aiodockerhub.errors import (
    APIError,
    BadParameter,
    Conflict,
    ContainerNotFound,
    NotFound,
    ServerError,
)

SLEEP = ["sleep", "1000"]


def new_name():
    return f"test-{uuid.uuid4().hex[:12]}"


# On real engines


async def test_limits_change_while_a_container_runs(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP, memory="32m") as made:
        await docker.containers.start(made)
        changed = await docker.containers.update(
            made, memory="64m", memory_swap="128m", cpu_shares=512, pids_limit=50, config={"CpuPeriod": 50_000}
        )
        assert not changed["Warnings"]
        limits = (await docker.containers.inspect(made))["HostConfig"]
        assert (limits["Memory"], limits["MemorySwap"], limits["CpuShares"]) == (64 << 20, 128 << 20, 512)
        assert (limits["PidsLimit"], limits["CpuPeriod"]) == (50, 50_000)
        with pytest.raises(APIError):
            await docker.containers.update(made, cpuset_cpus="4000")
        with pytest.raises(ContainerNotFound):
            await docker.containers.update("no-such-container", memory="64m")


async def test_a_restart_policy_changes(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.update(made, restart_policy="on-failure:3")
        policy = (await docker.containers.inspect(made))["HostConfig"]["RestartPolicy"]
        assert policy == {"Name": "on-failure", "MaximumRetryCount": 3}


async def test_a_container_gets_another_name(engine, busybox):
    name, other = new_name(), new_name()
    async with (
        Docker(engine.base_url) as docker,
        container(docker, busybox, SLEEP, name=new_name()) as made,
        container(docker, busybox, SLEEP, name=other),
    ):
        await docker.containers.rename(made, name)
        assert (await docker.containers.inspect(name))["Id"] == made["Id"]
        with pytest.raises(Conflict, match=r"in use|UNIQUE"):
            await docker.containers.rename(name, other)
        with pytest.raises(APIError, match="a-zA-Z0-9"):
            await docker.containers.rename(name, "no name")
        with pytest.raises(ContainerNotFound):
            await docker.containers.rename("no-such-container", new_name())


async def test_a_container_is_frozen_and_goes_on(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        with pytest.raises(Conflict):
            await docker.containers.pause(made)
        await docker.containers.start(made)
        await docker.containers.pause(made)
        assert (await docker.containers.inspect(made))["State"]["Status"] == "paused"
        with pytest.raises(Conflict, match="already paused"):
            await docker.containers.pause(made)
        await docker.containers.unpause(made)
        assert (await docker.containers.inspect(made))["State"]["Status"] == "running"
        with pytest.raises(APIError, match="is not paused") as raised:
            await docker.containers.unpause(made)
        assert raised.value.status == 500
        for call in (docker.containers.pause, docker.containers.unpause):
            with pytest.raises(ContainerNotFound):
                await call("no-such-container")


async def test_processes_are_listed(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        with pytest.raises(Conflict, match="running"):
            await docker.containers.top(made)
        await docker.containers.start(made)
        listed = await docker.containers.top(made)
        assert "PID" in listed["Titles"]
        assert [process[-1] for process in listed["Processes"]] == ["sleep 1000"]
        listed = await docker.containers.top(made, ps_args="-o pid,comm")
        assert listed["Titles"] == ["PID", "COMMAND"]
        assert "sleep" in [process[1] for process in listed["Processes"]]
        with pytest.raises(ServerError):
            await docker.containers.top(made, ps_args="-o nothing")
        with pytest.raises(ContainerNotFound):
            await docker.containers.top("no-such-container")


async def test_what_differs_from_the_image_is_told(engine, busybox):
    script = ["sh", "-c", "echo more >> /etc/passwd; echo new > /new; rm /bin/false"]
    async with Docker(engine.base_url) as docker, container(docker, busybox, script) as made:
        if engine.role != "podman":  # which may have made files of its own there
            assert await docker.containers.changes(made) == []
        await docker.containers.start(made)
        await docker.containers.wait(made)
        kinds = {change["Path"]: change["Kind"] for change in await docker.containers.changes(made)}
        assert (kinds["/etc/passwd"], kinds["/new"], kinds["/bin/false"]) == (0, 1, 2)
        with pytest.raises(ServerError if engine.role == "podman" else ContainerNotFound, match="no-such-container"):
            await docker.containers.changes("no-such-container")


async def test_a_terminal_gets_another_size(engine, busybox):
    script = ["sh", "-c", "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"]
    async with Docker(engine.base_url) as docker, container(docker, busybox, script, tty=True) as made:
        await docker.containers.start(made)
        lines = []
        async for line in docker.containers.logs(made, follow=True).lines():
            lines.append(line.text)
            if line.text == "ready":
                await docker.containers.resize(made, height=33, width=77)
        assert lines == ["ready", "33 77"]
        await docker.containers.wait(made)
        with pytest.raises(Conflict, match="running"):
            await docker.containers.resize(made, height=33, width=77)
        with pytest.raises(ContainerNotFound):
            await docker.containers.resize("no-such-container", height=33, width=77)


async def test_what_does_not_run_is_pruned(engine, busybox):
    label = new_name()
    async with Docker(engine.base_url) as docker:
        made = await docker.containers.create(busybox, "true", labels={"test": label})
        async with container(docker, busybox, SLEEP, labels={"test": label}) as running:
            await docker.containers.start(running)
            pruned = await docker.containers.prune(filters={"label": f"test={label}"})
            assert pruned["ContainersDeleted"] == [made["Id"]]
            assert pruned["SpaceReclaimed"] >= 0
            (left,) = await docker.containers.list(all=True, filters={"label": f"test={label}"})
            assert left["Id"] == running["Id"]
            assert not (await docker.containers.prune(filters={"label": f"test={label}"}))["ContainersDeleted"]
        with pytest.raises(APIError, match="bogus"):
            await docker.containers.prune(filters={"bogus": "x"})


@pytest.mark.parametrize("engine", ["oldest", "stable"], indirect=True)
async def test_checkpoints_need_a_program_that_is_missing_here(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        with pytest.raises(ServerError, match="criu"):
            await docker.containers.checkpoints.create(made, "one")
        assert await docker.containers.checkpoints.list(made) == []


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_checkpoints_are_made_listed_and_removed(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        checkpoints = docker.containers.checkpoints
        await docker.containers.start(made)
        await checkpoints.create(made, "one", exit=False)
        assert await checkpoints.list(made) == [{"Name": "one"}]
        assert (await docker.containers.inspect(made))["State"]["Running"]
        await checkpoints.remove(made, "one")
        assert await checkpoints.list(made) == []


@pytest.mark.parametrize("engine", ["oldest", "stable", "newest"], indirect=True)
async def test_what_can_not_be_checkpointed_is_told(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        with pytest.raises(APIError, match="not running"):
            await docker.containers.checkpoints.create(made, "one")
        with pytest.raises(ServerError, match="checkpoint one does not exist"):
            await docker.containers.checkpoints.remove(made, "one")
        with pytest.raises(ContainerNotFound, match="no-such-container"):
            await docker.containers.checkpoints.list("no-such-container")


@pytest.mark.parametrize("engine", ["podman"], indirect=True)
async def test_podman_has_no_checkpoints_at_these_paths(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        checkpoints = docker.containers.checkpoints
        for call in (checkpoints.create(made, "one"), checkpoints.list(made), checkpoints.remove(made, "one")):
            with pytest.raises(NotFound, match="Not Found") as raised:
                await call
            assert not isinstance(raised.value, ContainerNotFound)


# On a server that remembers


@contextlib.asynccontextmanager
async def remembering(answer):
    says = answered(answer, version="1.51")
    async with ScriptedServer(answering(lambda asked: says)) as server, Docker(server.url) as docker:
        docker.server = server
        yield docker


def asked(docker):
    """Method, path without its version, query and body of the last request."""
    last = docker.server.asked[-1]
    query = {name: value for name, (value,) in parse_qs(urlsplit(last.target).query).items()}
    return last.method, last.unversioned, query, json.loads(last.body) if last.body else None


async def test_every_parameter_is_sent_as_the_engine_spells_it():
    async with remembering({"Titles": [], "Warnings": None}) as docker:
        containers = docker.containers
        await containers.update(
            {"Id": "abc"},
            memory="1g",
            memory_swap=-1,
            memory_reservation="512m",
            cpus=1.5,
            cpu_shares=10,
            cpuset_cpus="0-2",
            pids_limit=-1,
            restart_policy="always",
            config={"CpuQuota": 5},
        )
        assert asked(docker) == (
            "POST",
            "/containers/abc/update",
            {},
            {
                "Memory": 1 << 30,
                "MemorySwap": -1,
                "MemoryReservation": 512 << 20,
                "NanoCpus": 1_500_000_000,
                "CpuShares": 10,
                "CpusetCpus": "0-2",
                "PidsLimit": -1,
                "RestartPolicy": {"Name": "always"},
                "CpuQuota": 5,
            },
        )
        await containers.update("job")
        assert asked(docker) == ("POST", "/containers/job/update", {}, {})
        await containers.rename("job", "other job")
        assert asked(docker) == ("POST", "/containers/job/rename", {"name": "other job"}, None)
        await containers.pause("job")
        assert asked(docker) == ("POST", "/containers/job/pause", {}, None)
        await containers.unpause("job")
        assert asked(docker) == ("POST", "/containers/job/unpause", {}, None)
        await containers.top("job", ps_args="-o pid")
        assert asked(docker) == ("GET", "/containers/job/top", {"ps_args": "-o pid"}, None)
        await containers.resize("job", height=1, width=2)
        assert asked(docker) == ("POST", "/containers/job/resize", {"h": "1", "w": "2"}, None)
        await containers.prune(filters={"until": "24h", "label": ["a", "b=c"]})
        assert asked(docker) == (
            "POST",
            "/containers/prune",
            {"filters": '{"until":["24h"],"label":["a","b=c"]}'},
            None,
        )
        await containers.checkpoints.create("job", "one", checkpoint_dir="/dir", exit=False)
        assert asked(docker) == (
            "POST",
            "/containers/job/checkpoints",
            {},
            {"CheckpointID": "one", "CheckpointDir": "/dir", "Exit": False},
        )
        await containers.checkpoints.create("job", "one")
        assert asked(docker)[3] == {"CheckpointID": "one", "Exit": True}
        await containers.checkpoints.remove("job", "one", checkpoint_dir="/dir")
        assert asked(docker) == ("DELETE", "/containers/job/checkpoints/one", {"dir": "/dir"}, None)


async def test_lists_are_lists_also_where_the_engine_says_null():
    async with remembering(None) as docker:
        assert await docker.containers.changes("job") == []
        assert asked(docker) == ("GET", "/containers/job/changes", {}, None)
        assert await docker.containers.checkpoints.list("job", checkpoint_dir="/dir") == []
        assert asked(docker) == ("GET", "/containers/job/checkpoints", {"dir": "/dir"}, None)
    async with remembering([{"Name": "one"}]) as docker:
        assert await docker.containers.checkpoints.list("job") == [{"Name": "one"}]


@pytest.mark.parametrize(
    "settings",
    [
        {"memory": "much"},
        {"cpus": 0},
        {"restart_policy": "sometimes"},
        {"memory": "1g", "config": {"Memory": 5}},
        {"config": ["Memory"]},
    ],
)
async def test_limits_that_can_not_be_sent_are_refused_before_anything_is(settings):
    async with remembering({}) as docker:
        with pytest.raises(BadParameter):
            await docker.containers.update("job", **settings)
        assert docker.server.asked == []
