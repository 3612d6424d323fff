"""Containers on real engines, from create to remove, and what is sent on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from on_roles import on_dockers
from scripted_server import CHUNKED, END, ScriptedServer, answered, answering, chunk, silent
from throwaway import container

from aiodockerhub import Docker
from aiodockerhub.errors import (
    APIError,
    BadParameter,
    Conflict,
    ContainerNotFound,
    ImageNotFound,
    NotImplementedByEngine,
    OperationFailed,
    ServerError,
    StreamBroken,
    TimedOut,
    VersionTooLow,
)

SLEEP = ["sleep", "1000"]


def new_name():
    return f"test-{uuid.uuid4().hex[:12]}"


# On real engines


async def test_a_container_lives_from_create_to_remove(engine, busybox):
    name = new_name()
    async with Docker(engine.base_url) as docker:
        made = await docker.containers.create(busybox, "sleep 1000", name=name, labels={"test": name})
        try:
            assert (await docker.containers.inspect(name))["State"]["Status"] == "created"
            await docker.containers.start(name)
            assert (await docker.containers.inspect(made))["State"]["Running"]
            (listed,) = await docker.containers.list(filters={"label": f"test={name}"})
            assert listed["Id"] == made["Id"]
            assert listed["State"] == "running"
            await docker.containers.restart(listed, grace=0)
            await docker.containers.stop(name, grace=0)
            async with asyncio.timeout(10):  # dockerd 26.1 lists it as running for a moment after stop has answered
                while await docker.containers.list(filters={"label": f"test={name}"}):
                    pass
            (listed,) = await docker.containers.list(all=True, size=True, filters={"label": [f"test={name}"]})
            assert listed["State"] == "exited"
            assert listed["SizeRootFs"] is not None
            assert (await docker.containers.inspect(listed, size=True))["SizeRootFs"] is not None
            assert len(await docker.containers.list(limit=1)) == 1
        finally:
            await docker.containers.remove(made, force=True)
        with pytest.raises(ContainerNotFound):
            await docker.containers.inspect(name)


async def test_starting_and_stopping_twice_is_fine(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        await docker.containers.start(made)
        await docker.containers.stop(made, grace=0)
        await docker.containers.stop(made, grace=0)


async def test_the_keywords_are_what_the_engine_makes_of_them(engine, busybox):
    volume = new_name()
    async with Docker(engine.base_url) as docker:
        try:
            async with container(
                docker,
                busybox,
                "sh -c 'echo \"$A $B\"; cat /h; echo kept > /data/file; id -u; pwd; hostname'",
                env={"A": "1", "B": "two words"},
                ports={"80/tcp": ("127.0.0.1", None), "53/udp": []},
                mounts=[f"{volume}:/data", "/etc/hostname:/h:ro", "/nameless"],
                tmpfs={"/scratch": "size=1m"},
                labels={"app": "x"},
                user="7",
                working_dir="/tmp",
                hostname="inside",
                memory="64m",
                restart_policy="on-failure:3",
                stop_signal="SIGINT",
                extra_hosts={"db": "10.0.0.5"},
                init=True,
                config={"Domainname": "example.org", "HostConfig": {"OomScoreAdj": 300}},
            ) as made:
                told = await docker.containers.inspect(made)
                assert told["Config"]["Labels"]["app"] == "x"
                assert {"A=1", "B=two words"} <= set(told["Config"]["Env"])
                assert told["Config"]["User"] == "7"
                assert told["Config"]["WorkingDir"] == "/tmp"
                assert told["Config"]["Hostname"] == "inside"
                assert told["HostConfig"]["Memory"] == 64 << 20
                assert told["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
                assert told["HostConfig"]["OomScoreAdj"] == 300
                assert told["HostConfig"]["ExtraHosts"] == ["db:10.0.0.5"]
                assert told["HostConfig"]["PortBindings"]["80/tcp"][0]["HostIp"] == "127.0.0.1"
                assert set(told["Config"]["ExposedPorts"]) == {"80/tcp", "53/udp"}
                assert {"/data", "/h", "/nameless"} <= {mount["Destination"] for mount in told["Mounts"]}
        finally:
            await docker.request("DELETE", f"/volumes/{volume}")


async def test_a_string_is_split_into_words_and_a_list_is_not(engine, busybox):
    async with Docker(engine.base_url) as docker:
        for command in ("""sh -c 'echo "$0"' 'a  b'""", ["sh", "-c", 'echo "$0"', "a  b"]):
            async with container(docker, busybox, command) as made:
                await docker.containers.start(made)
                await docker.containers.wait(made)
                assert [line.text async for line in docker.containers.logs(made).lines()] == ["a  b"]


async def test_a_published_port_is_found_where_inspect_says(engine, busybox):
    serving = ["sh", "-c", "echo hello > /index.html; exec httpd -f -p 80 -h /"]
    async with (
        Docker(engine.base_url) as docker,
        container(docker, busybox, serving, ports={80: ("127.0.0.1", None)}) as made,
    ):
        await docker.containers.start(made)
        published = (await docker.containers.inspect(made))["NetworkSettings"]["Ports"]["80/tcp"]
        assert published is not None
        assert published[0]["HostIp"] == "127.0.0.1"
        assert int(published[0]["HostPort"]) > 0


async def test_waiting_gives_the_status(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, ["sh", "-c", "exit 42"]) as made:
        await docker.containers.start(made)
        assert (await docker.containers.wait(made))["StatusCode"] == 42
        assert (await docker.containers.wait(made, condition="not-running"))["StatusCode"] == 42


async def test_three_wait_for_one_and_a_kill_tells_all(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(docker.containers.wait(made)) for _ in range(3)]
            async with asyncio.timeout(30):
                while docker.stats().open_streams < 3:
                    await asyncio.sleep(0)
            assert (await docker.containers.inspect(made))["State"]["Running"]
            await docker.containers.kill(made)
        assert [wait.result()["StatusCode"] for wait in waits] == [137, 137, 137]
        assert docker.stats().open_streams == 0


async def test_a_wait_given_up_gives_its_connection_back(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        with pytest.raises(TimedOut):
            await docker.containers.wait(made, timeout=0.1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(docker.containers.wait(made), 0.1)
        assert docker.stats().open_streams == 0


async def test_waiting_until_it_is_removed(engine, busybox):
    async with Docker(engine.base_url) as docker:
        made = await docker.containers.create(
            busybox, ["sh", "-c", "read line; exit 3"], auto_remove=True, open_stdin=True
        )
        waiting = asyncio.create_task(docker.containers.wait(made, condition="removed"))
        try:
            async with asyncio.timeout(30):
                while docker.stats().open_streams < 1:
                    await asyncio.sleep(0)
            await docker.containers.start(made)
            await docker.containers.kill(made)
            assert (await waiting)["StatusCode"] == 137
        finally:
            waiting.cancel()
            with contextlib.suppress(ContainerNotFound):
                await docker.containers.remove(made, force=True)
        with pytest.raises(ContainerNotFound):
            await docker.containers.inspect(made)


async def test_a_signal_reaches_the_container(engine, busybox):
    script = ["sh", "-c", "trap 'exit 5' HUP; echo ready; while :; do sleep 0.05; done"]
    async with Docker(engine.base_url) as docker, container(docker, busybox, script) as made:
        await docker.containers.start(made)
        async for line in docker.containers.logs(made, follow=True).lines():
            assert line.text == "ready"
            break
        await docker.containers.kill(made, signal="HUP")
        assert (await docker.containers.wait(made))["StatusCode"] == 5


async def test_a_container_that_does_not_run_can_not_be_killed(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        with pytest.raises(Conflict):
            await docker.containers.kill(made)


async def test_a_running_container_is_removed_by_force_only(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        with pytest.raises(Conflict):
            await docker.containers.remove(made)
        assert (await docker.containers.inspect(made))["State"]["Running"]


async def test_a_command_that_can_not_be_run_is_told_by_start(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, ["/no/such/program"]) as made:
        with pytest.raises(APIError, match="/no/such/program"):
            await docker.containers.start(made)


@on_dockers
async def test_gpus_that_nobody_drives_are_told_by_start(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, "true", gpus="all") as made:
        (request,) = (await docker.containers.inspect(made))["HostConfig"]["DeviceRequests"]
        assert (request["Count"], request["Capabilities"]) == (-1, [["gpu"]])
        with pytest.raises(ServerError, match=r"could not select device driver .* capabilities: \[\[gpu\]\]"):
            await docker.containers.start(made)


@on_dockers
async def test_waiting_for_what_could_not_be_started_raises_why(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, ["/no/such/program"]) as made:
        with pytest.raises(APIError):
            await docker.containers.start(made)
        with pytest.raises(OperationFailed, match="/no/such/program") as raised:
            await docker.containers.wait(made)
        assert raised.value.code == 127


async def test_a_name_is_given_once(engine, busybox):
    name = new_name()
    async with Docker(engine.base_url) as docker, container(docker, busybox, SLEEP, name=name):
        with pytest.raises(Conflict, match="already in use"):
            await docker.containers.create(busybox, SLEEP, name=name)


@pytest.mark.parametrize("call", ["pause", "top", "exec", "rename"])
async def test_what_does_not_fit_a_containers_state_or_name_is_a_conflict(engine, busybox, call):
    async with (
        Docker(engine.base_url) as docker,
        container(docker, busybox, SLEEP) as made,
        container(docker, busybox, SLEEP, name=new_name()) as other,
    ):
        taken = (await docker.containers.inspect(other))["Name"].removeprefix("/")
        asked = {
            "pause": {"method": "POST"},
            "top": {"method": "GET"},
            "exec": {"method": "POST", "json": {"Cmd": ["true"]}},
            "rename": {"method": "POST", "params": {"name": taken}},
        }[call]
        with pytest.raises(Conflict):
            await docker.request(path=f"/containers/{made['Id']}/{call}", **asked)


async def test_logs_that_are_not_kept_are_no_logs_of_this_engine(engine, busybox):
    unkept = {"HostConfig": {"LogConfig": {"Type": "none"}}}
    async with Docker(engine.base_url) as docker, container(docker, busybox, "true", config=unkept) as made:
        await docker.containers.start(made)
        with pytest.raises(NotImplementedByEngine):
            await docker.containers.logs(made)


async def test_an_image_that_is_not_there_is_told_by_create(engine):
    async with Docker(engine.base_url) as docker:
        with pytest.raises(ImageNotFound):
            await docker.containers.create("no-such-image:1")


async def test_a_container_that_is_not_there_is_told_by_all(engine):
    async with Docker(engine.base_url) as docker:
        containers = docker.containers
        for call in (
            containers.inspect,
            containers.start,
            containers.stop,
            containers.restart,
            containers.kill,
            containers.wait,
            containers.remove,
        ):
            with pytest.raises(ContainerNotFound, match="no-such-container"):
                await call("no-such-container")


@pytest.mark.parametrize("odd", ["../../info", "..", ".", "", "a/../b", "a\nb", 5, None, {}])
async def test_names_that_lead_elsewhere_are_refused_before_anything_is_sent(engine, odd):
    async with Docker(engine.base_url) as docker:
        for call in (docker.containers.inspect, docker.containers.start, docker.containers.remove):
            with pytest.raises(BadParameter):
                await call(odd)
        assert docker.stats().requests == 0


# On a server that remembers


@contextlib.asynccontextmanager
async def remembering(answer="{}", *, status=200, version="1.51"):
    said = answered(answer.encode(), status, version, content_type="application/json")
    async with ScriptedServer(answering(lambda asked: said)) as server, Docker(server.url) as docker:
        docker.server = server
        yield docker


def asked(docker):
    """Method, path without its version, query and body of the last request."""
    last = docker.server.asked[-1]
    url = urlsplit(last.target)
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    return last.method, url.path.removeprefix("/v1.51"), query, json.loads(last.body) if last.body else None


async def test_every_parameter_is_sent_as_the_engine_spells_it():
    async with remembering('{"Id": "1", "StatusCode": 0}') as docker:
        containers = docker.containers
        filters = {"status": ["created", "dead"], "is-task": True, "exited": 0}
        await containers.list(all=True, limit=3, size=False, filters=filters)
        sent = '{"status":["created","dead"],"is-task":["true"],"exited":["0"]}'
        assert asked(docker) == (
            "GET",
            "/containers/json",
            {"all": "1", "limit": "3", "size": "0", "filters": sent},
            None,
        )
        await containers.create("busybox", "true", name="job", platform="linux/arm64", tty=True)
        assert asked(docker) == (
            "POST",
            "/containers/create",
            {"name": "job", "platform": "linux/arm64"},
            {"Image": "busybox", "Cmd": ["true"], "Tty": True},
        )
        await containers.inspect("job", size=True)
        assert asked(docker) == ("GET", "/containers/job/json", {"size": "1"}, None)
        await containers.start({"Id": "abc"}, detach_keys="ctrl-x")
        assert asked(docker) == ("POST", "/containers/abc/start", {"detachKeys": "ctrl-x"}, None)
        await containers.stop("job", signal="SIGINT", grace=-1)
        assert asked(docker) == ("POST", "/containers/job/stop", {"signal": "SIGINT", "t": "-1"}, None)
        await containers.restart("job", signal="SIGINT", grace=3)
        assert asked(docker) == ("POST", "/containers/job/restart", {"signal": "SIGINT", "t": "3"}, None)
        await containers.kill("job", signal="HUP")
        assert asked(docker) == ("POST", "/containers/job/kill", {"signal": "HUP"}, None)
        await containers.wait("job", condition="next-exit")
        assert asked(docker) == ("POST", "/containers/job/wait", {"condition": "next-exit"}, None)
        await containers.remove("job", volumes=True, force=False, link=True)
        assert asked(docker) == ("DELETE", "/containers/job", {"v": "1", "force": "0", "link": "1"}, None)


async def test_what_is_not_set_is_not_sent():
    async with remembering('{"Id": "1", "StatusCode": 0}') as docker:
        containers = docker.containers
        await containers.list()
        assert asked(docker) == ("GET", "/containers/json", {}, None)
        for call in (containers.inspect, containers.start, containers.stop, containers.kill, containers.wait):
            await call("job")
            assert asked(docker)[2:] == ({}, None)
        await containers.create("busybox")
        assert asked(docker)[2:] == ({}, {"Image": "busybox"})


async def test_not_modified_is_success():
    async with remembering("", status=304) as docker:
        await docker.containers.start("job")
        await docker.containers.stop("job")


async def test_a_signal_to_stop_with_needs_a_newer_engine():
    async with remembering(version="1.41") as docker:
        with pytest.raises(VersionTooLow):
            await docker.containers.stop("job", signal="SIGINT")
        with pytest.raises(VersionTooLow):
            await docker.containers.create("busybox", config={"HostConfig": {"Annotations": {"a": "b"}}})
        assert [one.path for one in docker.server.asked] == ["/_ping"]


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}"])
async def test_a_wait_that_ends_without_a_status_is_broken(answer):
    async with remembering(answer) as docker:
        with pytest.raises(StreamBroken, match="status"):
            await docker.containers.wait("job")


async def test_a_wait_that_failed_raises_what_the_engine_says():
    async with remembering('{"StatusCode": 1, "Error": {"Message": "No such container: x"}}') as docker:
        with pytest.raises(OperationFailed, match="No such container") as raised:
            await docker.containers.wait("job")
        assert raised.value.code == 1


async def test_a_wait_outlives_the_limit_of_short_calls():
    ended = asyncio.Event()

    async def waiting_for_it(peer):
        await peer.send(CHUNKED)
        await ended.wait()
        await peer.send(chunk(b'{"StatusCode": 0}') + END)

    says = {"/_ping": answered(b"OK"), "/containers/job/wait": waiting_for_it, "/containers/job/json": silent}
    async with (
        ScriptedServer(answering(lambda asked: says[asked.unversioned])) as server,
        Docker(server.url, timeout=0.2) as docker,
    ):
        waiting = asyncio.create_task(docker.containers.wait("job"))
        with pytest.raises(TimedOut):
            await docker.containers.inspect("job")
        assert not waiting.done()
        ended.set()
        assert (await waiting)["StatusCode"] == 0


async def test_settings_that_can_not_be_sent_are_refused_before_anything_is():
    async with remembering() as docker:
        with pytest.raises(BadParameter):
            await docker.containers.create("busybox", ports={"http": 80})
        with pytest.raises(TypeError):
            await docker.containers.create("busybox", volumes=["a:/b"])
        assert docker.server.asked == []
