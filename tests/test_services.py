"""Services and their tasks: what is sent, and how they run, change, converge and are heard in real swarms."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json

import pytest
from on_roles import on_dockers
from remembering import asked, remembering
from scripted_server import CHUNKED, ScriptedServer, answered, answering, chunk, line, telling
from swarming import swarm_of
from throwaway import new_name

from aiodockerhub import (
    BadParameter,
    BadReference,
    BadRequest,
    Conflict,
    Credentials,
    Docker,
    NotFound,
    ServerError,
    StreamBroken,
    TimedOut,
    UpdateFailed,
)
from aiodockerhub.engine import convergence
from aiodockerhub.engine.service_config import ServiceSettings

RUNNING = ["sh", "-c", 'echo "up $A"; trap "exit 0" TERM; while :; do sleep 0.05; done']
QUICK = {"stop_grace_period": 1, "restart_delay": 0, "update_monitor": 0.1, "rollback_monitor": 0.1}
BARE = {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}, "Mode": {"Replicated": {}}}


@pytest.fixture(scope="module")
def swarm(engine):
    with swarm_of(engine) as running:
        yield running


@contextlib.asynccontextmanager
async def service(docker, image, command, **settings):
    """A service, removed at the end, and gone from the engine with all of its tasks."""
    made = await docker.services.create(image, command, name=new_name(), **QUICK | settings)
    try:
        yield made
    finally:
        with contextlib.suppress(NotFound):
            await docker.services.remove(made)


async def texts(stream):
    """What has been written, line by line, in an order of its own."""
    return sorted([line.text async for line in stream.lines()])


async def first(count, logs, thing, **options):
    """The first lines that come, however long that takes, in an order of their own."""
    heard = []
    async with asyncio.timeout(60):
        async for line in logs(thing, follow=True, **options).lines():
            heard.append(line.text)
            if len(heard) == count:
                break
    return sorted(heard)


# On a server that remembers


async def test_every_parameter_is_sent_as_the_engine_spells_it():
    async with remembering([]) as docker:
        services, tasks = docker.services, docker.tasks
        await services.list(filters={"name": "web", "mode": ["global"]}, status=True)
        query = {"filters": '{"name":["web"],"mode":["global"]}', "status": "1"}
        assert asked(docker) == ("GET /services", query, None)
        await services.inspect("web", insert_defaults=True)
        assert asked(docker) == ("GET /services/web", {"insertDefaults": "1"}, None)
        await services.remove({"ID": "s"})
        assert asked(docker) == ("DELETE /services/s", {}, None)
        await tasks.list(filters={"desired-state": "running"})
        assert asked(docker) == ("GET /tasks", {"filters": '{"desired-state":["running"]}'}, None)
        await tasks.inspect({"ID": "t"})
        assert asked(docker) == ("GET /tasks/t", {}, None)


@pytest.mark.parametrize("group", ["services", "tasks"])
async def test_every_parameter_of_logs_is_sent_as_the_engine_spells_it(group):
    framed = answered(b"", version="1.51", content_type="application/vnd.docker.multiplexed-stream")
    says = {
        "/_ping": answered(b"OK", version="1.51"),
        f"/{group}/x/logs": framed,
        f"/{group}/x": answered({"Spec": {"TaskTemplate": {}}}),
    }
    async with ScriptedServer(answering(lambda asked: says[asked.unversioned])) as server, Docker(server.url) as docker:
        docker.server = server
        logs = getattr(docker, group).logs
        await logs("x")
        assert asked(docker) == (f"GET /{group}/x/logs", {"stdout": "1", "stderr": "1"}, None)
        await logs(
            {"ID": "x"}, details=True, follow=False, stdout=False, stderr=True, since=1.5, timestamps=True, tail=3
        )
        query = {
            "details": "1",
            "follow": "0",
            "stdout": "0",
            "stderr": "1",
            "since": "1.5",
            "timestamps": "1",
            "tail": "3",
        }
        assert asked(docker) == (f"GET /{group}/x/logs", query, None)


async def test_a_service_is_sent_with_what_it_is_made_of():
    async with remembering({"ID": "s"}) as docker:
        made = await docker.services.create("busybox", "sleep 1", name="web", labels={"a": "b"}, replicas=3)
        assert made == {"ID": "s"}
        body = {
            "Name": "web",
            "Labels": {"a": "b"},
            "Mode": {"Replicated": {"Replicas": 3}},
            "TaskTemplate": {"ContainerSpec": {"Image": "busybox", "Args": ["sleep", "1"]}},
        }
        assert asked(docker) == ("POST /services/create", {}, body)
        assert "X-Registry-Auth" not in docker.server.asked[-1].headers
        await docker.services.create("busybox")
        assert asked(docker)[2] == BARE


def placed(place, value):
    """`{"A": {"B": value}}` for "A.B"."""
    for key in reversed(place.split(".")):
        value = {key: value}
    return value


CONTAINER = "TaskTemplate.ContainerSpec."
SETTINGS = {
    "entrypoint": ("sh -c", CONTAINER + "Command", ["sh", "-c"]),
    "user": ("7:8", CONTAINER + "User", "7:8"),
    "groups": (["8"], CONTAINER + "Groups", ["8"]),
    "working_dir": ("/tmp", CONTAINER + "Dir", "/tmp"),
    "hostname": ("h", CONTAINER + "Hostname", "h"),
    "env": ({"A": 1, "B": None}, CONTAINER + "Env", ["A=1", "B"]),
    "labels": ({"a": "b"}, "Labels", {"a": "b"}),
    "container_labels": ({"a": "b"}, CONTAINER + "Labels", {"a": "b"}),
    "tty": (True, CONTAINER + "TTY", True),
    "read_only": (True, CONTAINER + "ReadOnly", True),
    "init": (False, CONTAINER + "Init", False),
    "stop_signal": ("INT", CONTAINER + "StopSignal", "INT"),
    "stop_grace_period": (1.5, CONTAINER + "StopGracePeriod", 1_500_000_000),
    "healthcheck": ({"Test": ["NONE"]}, CONTAINER + "HealthCheck", {"Test": ["NONE"]}),
    "cap_add": (["A"], CONTAINER + "CapabilityAdd", ["A"]),
    "cap_drop": (["A"], CONTAINER + "CapabilityDrop", ["A"]),
    "sysctls": ({"a": "1"}, CONTAINER + "Sysctls", {"a": "1"}),
    "dns": (["10.0.0.1"], CONTAINER + "DNSConfig.Nameservers", ["10.0.0.1"]),
    "hosts": ({"db": "10.0.0.5"}, CONTAINER + "Hosts", ["10.0.0.5 db"]),
    "mounts": (
        ["data:/data", "/etc:/e:ro", "/own", "v:/v:rw", {"Type": "tmpfs", "Target": "/t"}],
        CONTAINER + "Mounts",
        [
            {"Type": "volume", "Source": "data", "Target": "/data"},
            {"Type": "bind", "Source": "/etc", "Target": "/e", "ReadOnly": True},
            {"Type": "volume", "Target": "/own"},
            {"Type": "volume", "Source": "v", "Target": "/v"},
            {"Type": "tmpfs", "Target": "/t"},
        ],
    ),
    "networks": (
        ["front", {"Target": "back", "Aliases": ["db"]}],
        "TaskTemplate.Networks",
        [{"Target": "front"}, {"Target": "back", "Aliases": ["db"]}],
    ),
    "ports": (
        {80: 8080, "53/udp": None, "81/tcp": {"PublishMode": "host", "PublishedPort": 81}},
        "EndpointSpec.Ports",
        [
            {"TargetPort": 80, "Protocol": "tcp", "PublishedPort": 8080},
            {"TargetPort": 53, "Protocol": "udp"},
            {"TargetPort": 81, "Protocol": "tcp", "PublishMode": "host", "PublishedPort": 81},
        ],
    ),
    "endpoint_mode": ("dnsrr", "EndpointSpec.Mode", "dnsrr"),
    "limit_cpu": (0.5, "TaskTemplate.Resources.Limits.NanoCPUs", 500_000_000),
    "limit_memory": ("64m", "TaskTemplate.Resources.Limits.MemoryBytes", 64 << 20),
    "limit_pids": (50, "TaskTemplate.Resources.Limits.Pids", 50),
    "reserve_cpu": (0.25, "TaskTemplate.Resources.Reservations.NanoCPUs", 250_000_000),
    "reserve_memory": (1000, "TaskTemplate.Resources.Reservations.MemoryBytes", 1000),
    "constraints": (["node.role==worker"], "TaskTemplate.Placement.Constraints", ["node.role==worker"]),
    "placement_prefs": (
        ["node.labels.rack"],
        "TaskTemplate.Placement.Preferences",
        [{"Spread": {"SpreadDescriptor": "node.labels.rack"}}],
    ),
    "replicas_max_per_node": (2, "TaskTemplate.Placement.MaxReplicas", 2),
    "restart_condition": ("on-failure", "TaskTemplate.RestartPolicy.Condition", "on-failure"),
    "restart_delay": (0, "TaskTemplate.RestartPolicy.Delay", 0),
    "restart_max_attempts": (3, "TaskTemplate.RestartPolicy.MaxAttempts", 3),
    "restart_window": (10, "TaskTemplate.RestartPolicy.Window", 10_000_000_000),
    "update_parallelism": (0, "UpdateConfig.Parallelism", 0),
    "update_delay": (1, "UpdateConfig.Delay", 1_000_000_000),
    "update_order": ("start-first", "UpdateConfig.Order", "start-first"),
    "update_failure_action": ("rollback", "UpdateConfig.FailureAction", "rollback"),
    "update_monitor": (1, "UpdateConfig.Monitor", 1_000_000_000),
    "update_max_failure_ratio": (0.5, "UpdateConfig.MaxFailureRatio", 0.5),
    "rollback_parallelism": (2, "RollbackConfig.Parallelism", 2),
    "rollback_delay": (1, "RollbackConfig.Delay", 1_000_000_000),
    "rollback_order": ("stop-first", "RollbackConfig.Order", "stop-first"),
    "rollback_failure_action": ("pause", "RollbackConfig.FailureAction", "pause"),
    "rollback_monitor": (1, "RollbackConfig.Monitor", 1_000_000_000),
    "rollback_max_failure_ratio": (0.1, "RollbackConfig.MaxFailureRatio", 0.1),
    "log_driver": ("local", "TaskTemplate.LogDriver.Name", "local"),
    "log_options": ({"max-size": "1m"}, "TaskTemplate.LogDriver.Options", {"max-size": "1m"}),
}
MODES = [
    ({"mode": "global"}, {"Global": {}}),
    ({"mode": "global-job"}, {"GlobalJob": {}}),
    ({"mode": "replicated", "replicas": 0}, {"Replicated": {"Replicas": 0}}),
    (
        {"mode": "replicated-job", "replicas": 3, "max_concurrent": 2},
        {"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 2}},
    ),
]


def test_every_keyword_has_its_test():
    looked_up, modes = {"secrets", "configs"}, {"mode", "replicas", "max_concurrent"}
    assert set(ServiceSettings.__annotations__) == {*SETTINGS, *looked_up, *modes}


def joined(*dicts):
    whole = {}
    for one in dicts:
        for key, value in one.items():
            whole[key] = joined(whole[key], value) if isinstance(value, dict) and key in whole else value
    return whole


@pytest.mark.parametrize("keyword", SETTINGS)
async def test_a_keyword_fills_its_field(keyword):
    value, place, field = SETTINGS[keyword]
    async with remembering({"ID": "s"}) as docker:
        await docker.services.create("busybox", **{keyword: value})
        assert asked(docker)[2] == joined(BARE, placed(place, field))


@pytest.mark.parametrize(("image", "shown"), [("", "nothing"), ({"Id": "sha256:0"}, "dict")])
async def test_a_service_without_an_images_name_is_refused(image, shown):
    async with remembering() as docker:
        with pytest.raises(
            BadParameter, match=f"image: the name of an image is needed, for the nodes to pull, not {shown}"
        ):
            await docker.services.create(image)
        assert docker.server.asked == []


@pytest.mark.parametrize(("settings", "mode"), MODES)
async def test_a_mode_counts_in_its_own_words(settings, mode):
    async with remembering({"ID": "s"}) as docker:
        await docker.services.create("busybox", **settings)
        assert asked(docker)[2]["Mode"] == mode


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "global", "replicas": 2}, "replicas= has no meaning for a service of mode Global"),
        ({"max_concurrent": 2}, "max_concurrent= has no meaning for a service of mode Replicated"),
        ({"mode": "many"}, "mode: 'many' is none of"),
        ({"replicas": 2, "spec": {"Mode": {"Global": {}}}}, "replicas= and spec's Mode are both set"),
        ({"env": {"A": "1"}, "spec": BARE | {"Name": "x"}, "name": "y"}, "name= and spec's Name are both set"),
        ({"ports": {"http": 80}}, "ports: 'http' is no port of a container"),
        ({"ports": {80: "8080"}}, "ports: '8080' is no port of the nodes"),
        ({"ports": [80]}, "ports: a mapping like"),
        ({"mounts": ["./here:/there"]}, "mounts: './here:/there' is no mount"),
        ({"mounts": ["a:b"]}, "mounts: 'a:b' is no mount"),
        ({"mounts": ["a:/b:quick"]}, "mounts: 'a:/b:quick' is no mount"),
        ({"restart_delay": -1}, "restart_delay: -1 is no number of seconds"),
        ({"limit_cpu": 0}, "limit_cpu: 0 is no number of processors"),
        ({"networks": "front"}, "networks: a list is needed, not str"),
        ({"secrets": "one"}, "secrets: a list or a mapping is needed, not str"),
        ({"configs": [5]}, "configs: a name, what docker.configs gave, or a dict with a ConfigID is needed, not int"),
        ({"networks": [5]}, "networks: a network is a name, what docker.networks gave, or a dict, not int"),
        ({"spec": []}, "spec: the engine's own dict is needed, not list"),
    ],
)
async def test_settings_that_can_not_be_sent_are_refused_before_anything_is(settings, words):
    async with remembering() as docker:
        with pytest.raises(BadParameter) as raised:
            await docker.services.create("busybox", **settings)
        assert str(raised.value).startswith(words)
        with pytest.raises(TypeError, match="unexpected keyword argument 'volumes'"):
            await docker.services.create("busybox", volumes=[])
        with pytest.raises(BadParameter, match="image: the name of an image is needed"):
            await docker.services.create({"Id": "sha256:1d"})
        assert docker.server.asked == []


async def test_a_network_may_be_what_made_it():
    async with remembering({"ID": "s"}) as docker:
        own = {"Target": "n", "Aliases": ["db"]}
        await docker.services.create("busybox", networks=["front", {"Id": "n", "Warning": ""}, own])
        assert asked(docker)[2]["TaskTemplate"]["Networks"] == [{"Target": "front"}, {"Target": "n"}, own]


@pytest.mark.parametrize("odd", ["web", {"ID": "s"}, {"ID": "s", "Version": {"Index": 1}}, None])
async def test_an_update_of_what_was_not_looked_at_is_refused_before_anything_is_sent(odd):
    async with remembering() as docker:
        for change in (docker.services.update, docker.services.rollback):
            with pytest.raises(BadParameter, match="what inspect gave is needed"):
                await change(odd)
        assert docker.server.asked == []


async def test_secrets_and_configs_are_sent_by_id_and_name():
    known = {"ID": "i", "Version": {"Index": 1}, "Spec": {"Name": "one"}}
    own = {"SecretID": "i", "SecretName": "one", "File": {"Name": "f", "UID": "7", "GID": "7", "Mode": 0o400}}
    file = {"UID": "0", "GID": "0", "Mode": 0o444}
    async with remembering(known) as docker:
        await docker.services.create("busybox", secrets=["one", known, own], configs={"/etc/x": "one", "/y": known})
        sent = asked(docker)[2]["TaskTemplate"]["ContainerSpec"]
        plain = {"SecretID": "i", "SecretName": "one", "File": file | {"Name": "one"}}
        assert sent["Secrets"] == [plain, plain, own]
        assert sent["Configs"] == [
            {"ConfigID": "i", "ConfigName": "one", "File": file | {"Name": "/etc/x"}},
            {"ConfigID": "i", "ConfigName": "one", "File": file | {"Name": "/y"}},
        ]
        assert docker.server.calls() == ["GET /_ping", "GET /secrets/one", "GET /configs/one", "POST /services/create"]


def told(docker):
    return json.loads(base64.urlsafe_b64decode(docker.server.asked[-1].headers["X-Registry-Auth"]))


async def test_credentials_are_sent_only_when_they_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    auth = base64.b64encode(b"alice:wonderland").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"host:5000": {"auth": auth}}}))
    inspected = {
        "ID": "s",
        "Version": {"Index": 7},
        "Spec": {"TaskTemplate": {"ContainerSpec": {"Image": "host:5000/a"}}},
    }
    async with remembering({"ID": "s"}) as docker:
        await docker.services.create("host:5000/a")
        assert "X-Registry-Auth" not in docker.server.asked[-1].headers
        await docker.services.create("host:5000/a", with_registry_auth=True)
        assert told(docker)["username"] == "alice"
        await docker.services.create("host:5000/a", auth=Credentials("bob", "x"))
        assert told(docker) == {"username": "bob", "password": "x", "serveraddress": "host:5000"}
        await docker.services.update(inspected, with_registry_auth=True)
        assert told(docker)["username"] == "alice"
        await docker.services.update(inspected, image="busybox", with_registry_auth=True)
        assert told(docker) == {}  # else those of host:5000 would be shown to Docker Hub
        with pytest.raises(BadReference):
            await docker.services.create("NO IMAGE", auth=Credentials("bob", "x"))


async def test_an_update_sends_the_version_that_was_looked_at_and_all_that_shall_be():
    spec = {
        "Name": "web",
        "Labels": {"a": "b"},
        "Mode": {"Replicated": {"Replicas": 1}},
        "TaskTemplate": {"ContainerSpec": {"Image": "busybox", "Env": ["A=1"]}, "ForceUpdate": 4},
    }
    inspected = {"ID": "s", "Version": {"Index": 7}, "Spec": spec}
    async with remembering({"Warnings": None}) as docker:
        update = docker.services.update
        await update(inspected)
        assert asked(docker) == ("POST /services/s/update", {"version": "7"}, spec)
        await update(inspected, replicas=3, env={"B": 2}, labels={}, image="alpine", command="true")
        sent = asked(docker)[2]
        assert sent["Mode"] == {"Replicated": {"Replicas": 3}}
        assert sent["Labels"] == {}
        assert sent["TaskTemplate"] == {
            "ContainerSpec": {"Image": "alpine", "Args": ["true"], "Env": ["B=2"]},
            "ForceUpdate": 4,
        }
        await update(inspected, BARE, limit_pids=5, registry_auth_from="previous-spec")
        assert asked(docker)[1:] == (
            {"version": "7", "registryAuthFrom": "previous-spec"},
            joined(BARE, placed("TaskTemplate.Resources.Limits.Pids", 5)),
        )
        await update(inspected, force=True)
        assert asked(docker)[2] == joined(spec, placed("TaskTemplate.ForceUpdate", 5))
        await docker.services.rollback(inspected, registry_auth_from="spec")
        query = {"version": "7", "registryAuthFrom": "spec", "rollback": "previous"}
        assert asked(docker) == ("POST /services/s/update", query, spec)
        assert inspected["Spec"]["Mode"] == {"Replicated": {"Replicas": 1}}
        with pytest.raises(BadParameter, match="what inspect gave is needed"):
            await update({"ID": "s", "Spec": spec})
        with pytest.raises(BadParameter, match="spec: TaskTemplate is a dict, not str"):
            await update(inspected, {"TaskTemplate": "x"}, user="7")
        with pytest.raises(TypeError, match="unexpected keyword argument 'volumes'"):
            await update(inspected, volumes=[])


# Converging, on a server that plays the swarm


class Played:
    """A swarm with the service web, of `replicas`; `tasks` are the states of its tasks, `update` that of its update."""

    def __init__(self, events=None):
        self.replicas = 1
        self.tasks = []
        self.update = None
        self.tell = asyncio.Event()
        self.looks = 0
        self._events = events or self._told

    def answer(self, asked):
        says = {"/_ping": answered(b"OK"), "/services/s": self._service(), "/services/web": self._service()}
        if asked.unversioned == "/events":
            return self._events
        if asked.unversioned == "/tasks":
            self.looks += 1
            return answered([self._task(state) for state in self.tasks])
        return says[asked.unversioned]

    async def _told(self, peer):
        await peer.send(CHUNKED)
        while True:
            await self.tell.wait()
            self.tell.clear()
            await peer.send(chunk(line(Type="service", Action="update", Actor={"ID": "another"})))
            await peer.send(chunk(line(Type="service", Action="update", Actor={"ID": "s"})))

    def _service(self):
        spec = {**BARE, "Name": "web", "Mode": {"Replicated": {"Replicas": self.replicas}}}
        status = {"UpdateStatus": self.update} if self.update else {}
        return answered({"ID": "s", "Spec": spec, **status})

    def _task(self, state):
        desired = "shutdown" if state in {"shutdown", "failed"} else "running"
        error = {"Err": "task: non-zero exit (1)"} if state == "failed" else {}
        return {
            "ID": "t",
            "DesiredState": desired,
            "UpdatedAt": "2026",
            "Status": {"State": state, **error},
            "Spec": BARE["TaskTemplate"],
        }


@contextlib.asynccontextmanager
async def waiting(played, **options):
    async with ScriptedServer(answering(played.answer)) as server, Docker(server.url) as docker:
        docker.server = server
        wait = asyncio.create_task(docker.services.wait_converged("web", **options))
        try:
            yield docker, wait
        finally:
            wait.cancel()
            await asyncio.wait((wait,))


async def test_what_has_converged_is_given_at_once():
    played = Played()
    played.tasks = ["running", "shutdown"]
    async with waiting(played) as (docker, wait):
        assert (await wait)["ID"] == "s"
        assert played.looks == 1
        assert docker.stats().open_streams == 0


async def test_tasks_that_are_monitored_have_not_converged_before_that_time_is_over():
    played = Played()
    played.tasks = ["running"]
    async with waiting(played, monitor=1_000_000) as (docker, wait):
        await docker.server.until(lambda: played.looks > 2)
        assert not wait.done()
    async with waiting(played, monitor=0.01) as (_, wait):
        assert (await wait)["ID"] == "s"


def test_a_task_that_is_replaced_is_monitored_anew():
    service = {"ID": "s", "Spec": {**BARE, "Name": "web", "Mode": {"Replicated": {"Replicas": 1}}}}

    def of(task, state="running"):
        return [{"ID": task, "DesiredState": "running", "Status": {"State": state}, "Spec": BARE["TaskTemplate"]}]

    monitored = convergence.Convergence(5)
    assert monitored.missing(service, of("a"), 100) == "its tasks have not run for 5 s yet"
    assert monitored.missing(service, of("a"), 104.5) is not None
    assert monitored.left == 0.5
    assert monitored.missing(service, of("b"), 105) is not None  # whether it was seen to be missing or not
    assert monitored.missing(service, of("b", "starting"), 109) == "0 of 1 tasks run as it says now"
    assert monitored.missing(service, of("b"), 110) is not None
    assert monitored.missing(service, of("b"), 115) is None


@pytest.mark.parametrize("monitor", [-1, float("nan"), "5", True, None])
async def test_what_is_no_time_to_monitor_is_refused(monitor):
    async with remembering() as docker:
        with pytest.raises(BadParameter, match="monitor: "):
            await docker.services.wait_converged("web", monitor=monitor)
        assert docker.server.asked == []


async def test_an_event_ends_the_wait_and_one_of_another_service_does_not_look(monkeypatch):
    monkeypatch.setattr(convergence, "_SOON", 1e6)
    monkeypatch.setattr(convergence, "_AT_MOST", 1e6)
    played = Played()
    played.tasks = ["starting"]
    async with waiting(played) as (docker, wait):
        await docker.server.until(lambda: played.looks == 1)
        played.tasks = ["running"]
        played.tell.set()
        assert (await wait)["ID"] == "s"
        assert played.looks == 2


async def test_what_no_event_tells_is_seen_too(monkeypatch):
    monkeypatch.setattr(convergence, "_AT_MOST", convergence._SOON)
    played = Played()
    async with waiting(played) as (docker, wait):
        await docker.server.until(lambda: played.looks > 1)
        played.tasks = ["running"]
        await wait


@pytest.mark.parametrize(
    ("replicas", "tasks", "words"),
    [
        (2, ["running"], "1 of 2 tasks run as it says now"),
        (1, ["running", "running"], "2 of 1 tasks run as it says now, 1 too many are there"),
        (1, ["failed", "preparing"], "0 of 1 tasks run as it says now; the last error: task: non-zero exit (1)"),
        (1, [], "0 of 1 tasks run as it says now"),
    ],
)
async def test_a_limit_that_passes_tells_what_was_missing(replicas, tasks, words):
    played = Played()
    played.replicas, played.tasks = replicas, tasks
    async with waiting(played, timeout=0.1) as (docker, wait):
        with pytest.raises(TimedOut) as raised:
            await wait
        assert str(raised.value) == f"web has not converged within 0.1 s: {words}"
        assert docker.stats().open_streams == 0


async def test_a_wait_given_up_gives_its_connection_back():
    played = Played()
    async with waiting(played) as (docker, wait):
        await docker.server.until(lambda: docker.stats().open_streams)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        assert docker.stats().open_streams == 0


@pytest.mark.parametrize("events", [telling(), telling(then=lambda peer: peer.close())], ids=["ended", "cut"])
async def test_a_wait_ends_with_the_events(events):
    async with waiting(Played(events)) as (_, wait):
        with pytest.raises(StreamBroken):
            await wait


@pytest.mark.parametrize("state", ["paused", "rollback_paused"])
async def test_an_update_that_stops_has_failed(state):
    played = Played()
    played.tasks, played.update = ["running"], {"State": state, "Message": "because"}
    async with waiting(played) as (_, wait):
        with pytest.raises(UpdateFailed, match="web: because"):
            await wait


async def test_an_update_that_is_taken_back_meanwhile_has_failed():
    played = Played()
    played.tasks, played.update = ["running"], {"State": "rollback_started", "Message": "task t failed"}
    async with waiting(played) as (docker, wait):
        await docker.server.until(lambda: "GET /services/s" in docker.server.calls())
        played.update = {"State": "rollback_completed", "Message": "rollback completed"}
        with pytest.raises(UpdateFailed, match="web: task t failed"):
            await wait


async def test_an_update_that_is_taken_back_between_two_looks_has_failed_too():
    played = Played()
    played.tasks, played.update = ["running", "failed"], {"State": "updating", "Message": "update in progress"}
    async with waiting(played) as (docker, wait):
        await docker.server.until(lambda: "GET /services/s" in docker.server.calls())
        played.update = {"State": "rollback_completed", "Message": "rollback completed"}
        with pytest.raises(UpdateFailed) as raised:
            await wait
        assert str(raised.value) == "web: its update was taken back; the last error: task: non-zero exit (1)"


async def test_a_rollback_that_was_asked_for_is_none_that_failed():
    played = Played()
    played.tasks = ["running"]
    played.update = {"State": "rollback_started", "Message": "manually requested rollback"}
    async with waiting(played) as (docker, wait):
        await docker.server.until(lambda: "GET /services/s" in docker.server.calls())
        played.update = {"State": "rollback_completed", "Message": "rollback completed"}
        assert (await wait)["ID"] == "s"


# On real engines


@on_dockers
async def test_a_service_runs_with_what_it_is_given(swarm, busybox):
    name = new_name()
    async with Docker(swarm.base_url) as docker:
        await docker.secrets.create(name, b"a secret\n")
        config = await docker.configs.create(name, b"a config\n")
        try:
            async with service(
                docker,
                busybox,
                ["sh", "-c", 'cat /run/secrets/s /etc/x.conf; echo "$A"; id -u; hostname; exec sleep 1000'],
                secrets={"s": name},
                configs={"/etc/x.conf": await docker.configs.inspect(config)},
                env={"A": "two words"},
                user="7",
                hostname="h-{{.Task.Slot}}",
                labels={"test": name},
                replicas=2,
                stop_signal="KILL",
                limit_memory="64m",
                reserve_cpu=0.01,
                constraints=["node.role==manager"],
                hosts={"db": "10.0.0.5"},
                mounts=["/own"],
                update_order="start-first",
            ) as made:
                found = await docker.services.wait_converged(made)
                container = found["Spec"]["TaskTemplate"]["ContainerSpec"]
                assert container["Hosts"] == ["10.0.0.5 db"]
                assert found["Spec"]["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] == 64 << 20
                assert await docker.services.list(filters={"label": f"test={name}"}) == [found]
                assert (await docker.services.inspect(made, insert_defaults=True))["Spec"]["UpdateConfig"][
                    "Order"
                ] == "start-first"
                (counted,) = await docker.services.list(filters={"id": made["ID"]}, status=True)
                assert counted["ServiceStatus"]["RunningTasks"] == 2
                lines = ["a secret", "a config", "two words", "7"]
                assert await first(10, docker.services.logs, made) == sorted([*lines, "h-1", *lines, "h-2"])
                with pytest.raises(BadRequest, match="is in use by the following service"):
                    await docker.secrets.remove(name)
                with pytest.raises(BadRequest, match="is in use by the following service"):
                    await docker.configs.remove(name)
        finally:
            await docker.secrets.remove(name)
            await docker.configs.remove(name)


@on_dockers
async def test_a_service_changes_scales_and_goes_back(swarm, busybox):
    async with (
        Docker(swarm.base_url) as docker,
        service(docker, busybox, RUNNING, env={"A": 1}, update_parallelism=0, rollback_parallelism=0) as made,
    ):
        services = docker.services
        original = await services.wait_converged(made)
        await services.update(original, env={"A": 2}, replicas=2)
        with pytest.raises(ServerError, match="update out of sequence"):
            await services.update(original, replicas=3)
        second = await services.wait_converged(made)
        running = {"service": made["ID"], "desired-state": "running"}
        assert second["UpdateStatus"]["State"] == "completed"
        tasks = await docker.tasks.list(filters=running)
        assert [task["Spec"]["ContainerSpec"]["Env"] for task in tasks] == [["A=2"], ["A=2"]]
        assert await docker.tasks.inspect(tasks[0]) == tasks[0]
        assert await first(1, docker.tasks.logs, tasks[0]) == ["up 2"]
        assert await first(3, docker.services.logs, made) == ["up 1", "up 2", "up 2"]
        await services.rollback(second)
        third = await services.wait_converged(made)
        assert third["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=1"]
        (task,) = await docker.tasks.list(filters=running)
        await services.update(third, force=True)
        await services.wait_converged(made)
        (other,) = await docker.tasks.list(filters=running)
        assert other["ID"] != task["ID"]


@on_dockers
async def test_a_service_whose_tasks_end_again_and_again_does_not_converge_while_it_is_monitored(swarm, busybox):
    async with (
        Docker(swarm.base_url) as docker,
        service(docker, busybox, ["sleep", "0.2"], restart_delay=0.01) as made,
    ):
        with pytest.raises(TimedOut, match="has not converged within 4 s"):
            await docker.services.wait_converged(made, monitor=2, timeout=4)


@on_dockers
@pytest.mark.parametrize(("action", "state"), [("pause", "paused"), ("rollback", "rollback_completed")])
async def test_an_update_that_fails_is_told(swarm, busybox, action, state):
    async with (
        Docker(swarm.base_url) as docker,
        service(docker, busybox, RUNNING, update_failure_action=action, update_monitor=1) as made,
    ):
        await docker.services.update(await docker.services.wait_converged(made), command="false")
        with pytest.raises(UpdateFailed, match=r"the last error: task: non-zero exit \(1\)"):
            await docker.services.wait_converged(made)
        assert (await docker.services.inspect(made))["UpdateStatus"]["State"] == state


@on_dockers
async def test_a_service_of_every_node_and_jobs_converge(swarm, busybox):
    async with Docker(swarm.base_url) as docker:
        async with service(docker, busybox, RUNNING, mode="global") as everywhere:
            await docker.services.wait_converged(everywhere)
            assert len(await docker.tasks.list(filters={"service": everywhere["ID"]})) == 1
        job = {"restart_condition": "none", "update_monitor": None, "rollback_monitor": None}
        async with service(docker, busybox, "echo done", mode="replicated-job", replicas=2, **job) as twice:
            ended = await docker.services.wait_converged(twice)
            assert await texts(docker.services.logs(twice)) == ["done", "done"]
            await docker.services.update(ended, force=True)
            await docker.services.wait_converged(twice)
            assert await texts(docker.services.logs(twice)) == ["done"] * 4
        async with service(docker, busybox, "echo done", mode="global-job", **job) as once:
            await docker.services.wait_converged(once)
            assert await texts(docker.services.logs(once)) == ["done"]


@on_dockers
async def test_logs_follow_tell_whose_they_are_and_pass_a_terminal_through(swarm, busybox):
    async with Docker(swarm.base_url) as docker:
        async with service(docker, busybox, RUNNING, env={"A": 1}) as made:
            await docker.services.wait_converged(made)
            (task,) = await docker.tasks.list(filters={"service": made["ID"]})
            async for told in docker.services.logs(made, follow=True, details=True).lines():
                labels, _, text = told.text.partition(" ")
                assert f"com.docker.swarm.task.id={task['ID']}" in labels.split(",")
                assert (told.stream, text) == ("stdout", "up 1")
                break
            (stamped,) = await texts(docker.tasks.logs(task, timestamps=True, since=0, tail=1))
            assert stamped.endswith(" up 1")
            assert await texts(docker.tasks.logs(task, stdout=False)) == []
            assert docker.stats().open_streams == 0
        async with service(
            docker, busybox, ["sh", "-c", "echo a; exec sleep 1000"], tty=True, stop_signal="KILL"
        ) as made:
            await docker.services.wait_converged(made)
            (task,) = await docker.tasks.list(filters={"service": made["ID"]})
            for logs, thing in ((docker.services.logs, made), (docker.tasks.logs, task)):
                async for part in logs(thing, follow=True).raw:
                    assert part == b"a\r\n"
                    break
        async with service(docker, busybox, RUNNING, log_driver="none") as made:
            await docker.services.wait_converged(made)
            assert await texts(docker.services.logs(made)) == []


@on_dockers
async def test_what_the_engine_refuses_is_told_in_its_words(swarm, busybox):
    async with Docker(swarm.base_url) as docker, service(docker, busybox, RUNNING) as made:
        services = docker.services
        found = await services.inspect(made)
        with pytest.raises(Conflict, match="name conflicts with an existing object"):
            await services.create(busybox, name=found["Spec"]["Name"])
        with pytest.raises(BadRequest, match="name must be valid as a DNS name component"):
            await services.create(busybox, name="no name")
        with pytest.raises(NotFound, match="secret no-such-secret not found"):
            await services.create(busybox, name=new_name(), secrets=["no-such-secret"])
        with pytest.raises(ServerError, match="network no-such-network not found"):
            await services.create(busybox, name=new_name(), networks=["no-such-network"])
        with pytest.raises(BadRequest, match="does not have a previous spec"):
            await services.rollback(found)
        for call in (services.list, docker.tasks.list):
            with pytest.raises(BadRequest, match=r"(?i)invalid filter 'nonsense'"):
                await call(filters={"nonsense": "x"})
        for call in (services.inspect, services.remove, services.logs, services.wait_converged):
            with pytest.raises(NotFound, match="service no-such-service not found"):
                await call("no-such-service")
        for call in (docker.tasks.inspect, docker.tasks.logs):
            with pytest.raises(NotFound, match="task no-such-task not found"):
                await call("no-such-task")


@on_dockers
async def test_a_service_without_an_image_says_so_when_time_is_up_and_is_gone_when_removed(swarm):
    async with (
        Docker(swarm.base_url) as docker,
        service(docker, "127.0.0.1:1/no-such-image", None, restart_delay=0.1) as made,
    ):
        async with asyncio.timeout(30):
            while not any("Err" in task["Status"] for task in await docker.tasks.list(filters={"service": made["ID"]})):
                pass
        with pytest.raises(TimedOut, match=r"No such image: 127\.0\.0\.1:1/no-such-image"):
            await docker.services.wait_converged(made, timeout=0.5)
        wait = asyncio.create_task(docker.services.wait_converged(made))
        await docker.services.remove(made)
        with pytest.raises(NotFound):
            await wait
