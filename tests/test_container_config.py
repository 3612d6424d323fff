"""Keywords of `create` written as the engine's own dict, joined with the caller's."""

from __future__ import annotations

import pytest

from aiodockerhub.engine.container_config import ContainerSettings, container_config
from aiodockerhub.engine.identity import id_of
from aiodockerhub.errors import BadParameter


def made(command=None, config=None, **settings):
    body = container_config("busybox", command, config, settings)
    assert body.pop("Image") == "busybox"
    return body


def host(**settings):
    body = made(**settings)
    assert list(body) == ["HostConfig"]
    return body["HostConfig"]


def test_nothing_set_is_nothing_sent():
    assert container_config("busybox", None, None, {}) == {"Image": "busybox"}
    assert made(**dict.fromkeys(ContainerSettings.__annotations__)) == {}


SAMPLES = {
    "entrypoint": (["/init"], {"Entrypoint": ["/init"]}),
    "user": ("1:1", {"User": "1:1"}),
    "working_dir": ("/srv", {"WorkingDir": "/srv"}),
    "hostname": ("h", {"Hostname": "h"}),
    "env": ({"A": "1"}, {"Env": ["A=1"]}),
    "labels": ({"app": "x"}, {"Labels": {"app": "x"}}),
    "tty": (True, {"Tty": True}),
    "open_stdin": (True, {"OpenStdin": True}),
    "stdin_once": (True, {"StdinOnce": True}),
    "stop_signal": ("SIGINT", {"StopSignal": "SIGINT"}),
    "stop_timeout": (0, {"StopTimeout": 0}),
    "healthcheck": ({"Test": ["NONE"]}, {"Healthcheck": {"Test": ["NONE"]}}),
    "ports": (
        {80: 8080},
        {"ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}},
    ),
    "mounts": (["/data"], {"Volumes": {"/data": {}}}),
    "tmpfs": (["/run"], {"HostConfig": {"Tmpfs": {"/run": ""}}}),
    "devices": ([{"PathOnHost": "/dev/x"}], {"HostConfig": {"Devices": [{"PathOnHost": "/dev/x"}]}}),
    "gpus": ("all", {"HostConfig": {"DeviceRequests": [{"Capabilities": [["gpu"]], "Count": -1}]}}),
    "networks": (
        ["back", "front"],
        {"HostConfig": {"NetworkMode": "back"}, "NetworkingConfig": {"EndpointsConfig": {"back": {}, "front": {}}}},
    ),
    "network_mode": ("host", {"HostConfig": {"NetworkMode": "host"}}),
    "extra_hosts": (["a:1.2.3.4"], {"HostConfig": {"ExtraHosts": ["a:1.2.3.4"]}}),
    "dns": (("1.1.1.1",), {"HostConfig": {"Dns": ["1.1.1.1"]}}),
    "auto_remove": (True, {"HostConfig": {"AutoRemove": True}}),
    "restart_policy": ({"Name": "always"}, {"HostConfig": {"RestartPolicy": {"Name": "always"}}}),
    "init": (False, {"HostConfig": {"Init": False}}),
    "privileged": (True, {"HostConfig": {"Privileged": True}}),
    "readonly_rootfs": (True, {"HostConfig": {"ReadonlyRootfs": True}}),
    "cap_add": (["NET_ADMIN"], {"HostConfig": {"CapAdd": ["NET_ADMIN"]}}),
    "cap_drop": (["ALL"], {"HostConfig": {"CapDrop": ["ALL"]}}),
    "security_opt": (["no-new-privileges"], {"HostConfig": {"SecurityOpt": ["no-new-privileges"]}}),
    "memory": (1024, {"HostConfig": {"Memory": 1024}}),
    "shm_size": ("64m", {"HostConfig": {"ShmSize": 64 << 20}}),
    "cpus": (1.5, {"HostConfig": {"NanoCpus": 1_500_000_000}}),
    "pids_limit": (-1, {"HostConfig": {"PidsLimit": -1}}),
}


def test_every_keyword_has_its_sample():
    assert set(SAMPLES) == set(ContainerSettings.__annotations__)


@pytest.mark.parametrize("keyword", SAMPLES)
def test_each_keyword_fills_its_field_and_no_other(keyword):
    value, body = SAMPLES[keyword]
    assert made(**{keyword: value}) == body


def test_every_field_that_is_filled_is_one_of_the_engines():
    from aiodockerhub.engine import types

    fields = types.ContainerCreateRequest.__annotations__
    inner = types.HostConfigRequest.__annotations__
    for _, body in SAMPLES.values():
        assert set(body) <= set(fields)
        assert set(body.get("HostConfig", ())) <= set(inner)


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="'volumes'"):
        made(volumes=["a:/b"])


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sleep 30", ["sleep", "30"]),
        ("sh -c 'echo \"a b\" $X'", ["sh", "-c", 'echo "a b" $X']),
        (["echo", "a b"], ["echo", "a b"]),
        (("true",), ["true"]),
    ],
)
def test_a_command_is_split_as_a_shell_does_or_taken_as_it_is(command, words):
    assert made(command) == {"Cmd": words}


@pytest.mark.parametrize("command", ["echo 'open", b"bytes", 5, ["a", 5], {"a": 1}])
def test_commands_that_are_none_are_refused(command):
    with pytest.raises(BadParameter, match=r"^command: "):
        made(command)


def test_an_empty_entrypoint_takes_the_images_own_away():
    assert made(entrypoint="") == {"Entrypoint": [""]}
    assert made(entrypoint="tini --") == {"Entrypoint": ["tini", "--"]}


def test_variables_without_a_value_stand_alone():
    assert made(env={"A": "a=b", "PORT": 80, "GONE": None, "EMPTY": ""}) == {
        "Env": ["A=a=b", "PORT=80", "GONE", "EMPTY="]
    }
    assert made(env=["A=1", "B"]) == {"Env": ["A=1", "B"]}


@pytest.mark.parametrize("env", ["A=1", {"": "1"}, {"A=B": "1"}, {5: "1"}, [("A", "1")], 5])
def test_variables_that_are_none_are_refused(env):
    with pytest.raises(BadParameter, match=r"^env: "):
        made(env=env)


def test_a_refused_variable_does_not_tell_its_value():
    with pytest.raises(BadParameter) as raised:
        made(env={"TOKEN": b"hunter2"})
    assert "TOKEN" in str(raised.value)
    assert "hunter2" not in repr(raised.value)
    with pytest.raises(BadParameter) as raised:
        made(env=["TOKEN=hunter2"], config={"Env": ["TOKEN=hunter3"]})
    assert "hunter" not in repr(raised.value)


@pytest.mark.parametrize(
    ("ports", "bindings"),
    [
        ({"80/tcp": 8080}, {"80/tcp": [{"HostPort": "8080"}]}),
        ({"80": "8080"}, {"80/tcp": [{"HostPort": "8080"}]}),
        ({80: None}, {"80/tcp": [{"HostPort": ""}]}),
        ({80: 0}, {"80/tcp": [{"HostPort": ""}]}),
        ({"53/udp": ("127.0.0.1", 5353)}, {"53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}]}),
        ({"80/tcp": ("::1", None)}, {"80/tcp": [{"HostIp": "::1", "HostPort": ""}]}),
        (
            {80: [8080, ("127.0.0.1", 8081)]},
            {"80/tcp": [{"HostPort": "8080"}, {"HostIp": "127.0.0.1", "HostPort": "8081"}]},
        ),
        ({80: "8000-8010"}, {"80/tcp": [{"HostPort": "8000-8010"}]}),
        ({"9/sctp": {"HostIp": "", "HostPort": "9"}}, {"9/sctp": [{"HostIp": "", "HostPort": "9"}]}),
        ({80: 1, "80/tcp": 2}, {"80/tcp": [{"HostPort": "1"}, {"HostPort": "2"}]}),
    ],
)
def test_ports_are_exposed_and_published(ports, bindings):
    assert made(ports=ports) == {
        "ExposedPorts": {port: {} for port in bindings},
        "HostConfig": {"PortBindings": bindings},
    }


def test_ports_with_no_place_are_exposed_only():
    assert made(ports={"80/tcp": []}) == {"ExposedPorts": {"80/tcp": {}}}


@pytest.mark.parametrize(
    "ports",
    [
        "80:80",
        ["80"],
        {"http": 80},
        {"80/TCP": 80},
        {"80-90/tcp": 80},
        {80: True},
        {80: -1},
        {80: 65536},
        {80: "127.0.0.1:80"},
        {80: 80.0},
        {80: (8080, 8081)},
        {80: ("127.0.0.1", 80, 81)},
        {80: [[80]]},
        {True: 80},
    ],
)
def test_ports_that_are_none_are_refused(ports):
    with pytest.raises(BadParameter, match=r"^ports: "):
        made(ports=ports)


def test_mounts_go_where_their_kind_belongs():
    typed = {"Type": "tmpfs", "Target": "/t"}
    assert made(mounts=["data:/data", "/etc/hosts:/h:ro", "/cache", typed]) == {
        "HostConfig": {"Binds": ["data:/data", "/etc/hosts:/h:ro"], "Mounts": [typed]},
        "Volumes": {"/cache": {}},
    }


@pytest.mark.parametrize("mounts", ["a:/b", {"/a": "/b"}, ["./a:/b"], ["~/a:/b"], [""], [5], 5])
def test_mounts_that_are_none_are_refused(mounts):
    with pytest.raises(BadParameter, match=r"^mounts: "):
        made(mounts=mounts)


@pytest.mark.parametrize(
    ("device", "paths"),
    [
        ("/dev/fuse", ("/dev/fuse", "/dev/fuse", "rwm")),
        ("/dev/fuse:r", ("/dev/fuse", "/dev/fuse", "r")),
        ("/dev/a:/dev/b", ("/dev/a", "/dev/b", "rwm")),
        ("/dev/a:/dev/b:rw", ("/dev/a", "/dev/b", "rw")),
    ],
)
def test_devices_are_written_as_docker_run_has_them(device, paths):
    (written,) = host(devices=[device])["Devices"]
    assert (written["PathOnHost"], written["PathInContainer"], written["CgroupPermissions"]) == paths


@pytest.mark.parametrize(
    ("gpus", "requests"),
    [
        (2, [{"Capabilities": [["gpu"]], "Count": 2}]),
        (["0", "GPU-3faa8e21"], [{"Capabilities": [["gpu"]], "DeviceIDs": ["0", "GPU-3faa8e21"]}]),
        ([{"Driver": "cdi", "DeviceIDs": ["a/b=0"]}], [{"Driver": "cdi", "DeviceIDs": ["a/b=0"]}]),
    ],
)
def test_gpus_are_a_number_ids_or_the_engines_own(gpus, requests):
    assert host(gpus=gpus) == {"DeviceRequests": requests}


def test_networks_have_settings_and_the_first_is_the_mode():
    endpoints = {"back": {"Aliases": ["db"]}, "front": {}}
    body = {"HostConfig": {"NetworkMode": "back"}, "NetworkingConfig": {"EndpointsConfig": endpoints}}
    assert made(networks={"back": {"Aliases": ["db"]}, "front": None}) == body
    assert made(networks=["back", "front"], config={"NetworkingConfig": {"EndpointsConfig": endpoints}}) == body
    assert made(networks=["back"], network_mode="back")["HostConfig"] == {"NetworkMode": "back"}
    with pytest.raises(BadParameter, match="NetworkMode"):
        made(networks=["back"], network_mode="host")
    assert made(networks=[], gpus=[]) == {}
    assert made(networks=[{"Id": "n1", "Warning": ""}])["NetworkingConfig"] == {"EndpointsConfig": {"n1": {}}}


@pytest.mark.parametrize(
    ("policy", "written"),
    [
        ("no", {"Name": "no"}),
        ("always", {"Name": "always"}),
        ("unless-stopped", {"Name": "unless-stopped"}),
        ("on-failure", {"Name": "on-failure"}),
        ("on-failure:3", {"Name": "on-failure", "MaximumRetryCount": 3}),
    ],
)
def test_restart_policies_are_written_as_docker_run_has_them(policy, written):
    assert host(restart_policy=policy) == {"RestartPolicy": written}


@pytest.mark.parametrize(
    ("size", "number"),
    [("0", 0), ("512m", 512 << 20), ("1.5g", 3 << 29), ("2GiB", 2 << 30), ("64KB", 64 << 10), ("7b", 7), (-1, -1)],
)
def test_sizes_are_powers_of_1024(size, number):
    assert host(memory=size) == {"Memory": number}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("memory", "lots"),
        ("memory", 1.5),
        ("memory", True),
        ("cpus", 0),
        ("cpus", float("nan")),
        ("cpus", "2"),
        ("restart_policy", "always:3"),
        ("restart_policy", "sometimes"),
        ("devices", ["/dev/a:/dev/b:/dev/c"]),
        ("devices", [":r"]),
        ("gpus", "0"),
        ("gpus", 0),
        ("gpus", True),
        ("gpus", [0]),
        ("networks", "back"),
        ("networks", [None]),
        ("networks", [{"Name": "back"}]),
        ("networks", {"back": ["db"]}),
        ("labels", ["a=b"]),
        ("labels", {"a": 1}),
        ("dns", "1.1.1.1"),
        ("cap_add", "ALL"),
        ("extra_hosts", "a:1.2.3.4"),
        ("tmpfs", "/run"),
    ],
)
def test_values_that_can_not_be_written_are_refused_by_name(keyword, value):
    with pytest.raises(BadParameter, match=f"^{keyword}: "):
        made(**{keyword: value})


def test_mappings_are_written_as_lists_where_the_engine_has_lists():
    assert host(extra_hosts={"db": "10.0.0.5"}) == {"ExtraHosts": ["db:10.0.0.5"]}
    assert host(tmpfs={"/run": "size=64m"}) == {"Tmpfs": {"/run": "size=64m"}}


def test_config_is_joined_and_left_as_it_was():
    config = {"Labels": {"a": "1"}, "HostConfig": {"OomScoreAdj": 5, "PortBindings": None}, "Domainname": "d"}
    body = made(config=config, labels={"b": "2"}, ports={80: 8080}, auto_remove=True)
    assert body == {
        "Labels": {"a": "1", "b": "2"},
        "Domainname": "d",
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {"OomScoreAdj": 5, "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}, "AutoRemove": True},
    }
    assert config == {"Labels": {"a": "1"}, "HostConfig": {"OomScoreAdj": 5, "PortBindings": None}, "Domainname": "d"}


@pytest.mark.parametrize(
    ("settings", "config", "named"),
    [
        ({"mounts": ["a:/a"]}, {"HostConfig": {"Binds": ["b:/b"]}}, r"mounts= and config's HostConfig\.Binds"),
        ({"env": {"A": "1"}}, {"Env": []}, "env= and config's Env"),
        ({"labels": {"a": "1"}}, {"Labels": {"a": "2"}}, r"labels= and config's Labels\['a'\]"),
        ({"command": "true"}, {"Cmd": ["false"]}, "command= and config's Cmd"),
        ({"tty": False}, {"Tty": True}, "tty= and config's Tty"),
        ({}, {"Image": "other"}, "image= and config's Image"),
    ],
)
def test_a_field_set_twice_is_refused_naming_both(settings, config, named):
    with pytest.raises(BadParameter, match=named):
        made(config=config, **settings)


@pytest.mark.parametrize("config", ["{}", 5, [("Tty", True)], {"HostConfig": []}])
def test_a_config_that_is_no_dict_is_refused(config):
    with pytest.raises(BadParameter, match="config"):
        made(config=config, init=True)


def test_a_field_set_twice_alike_is_fine():
    assert made("true", {"Cmd": ["true"], "Image": "busybox"}) == {"Cmd": ["true"]}


def test_the_engines_own_dicts_stand_for_their_ids():
    assert id_of("job") == "job"
    assert id_of({"Id": "abc", "Warnings": []}) == "abc"
    assert id_of("/job") == "job"  # as `list` and `inspect` tell a container's name
    for odd in (5, None, {}, {"id": "abc"}, {"Id": 5}, b"job", "", {"Id": ""}):
        with pytest.raises(BadParameter):
            id_of(odd)
