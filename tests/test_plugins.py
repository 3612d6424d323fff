"""Plugins: what is sent, and how engines make, push, install, set, enable and remove them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from on_roles import on_dockers, on_podman
from remembering import asked, remembering
from rig import ROLES
from rig.plugin import CAPABILITY, PRIVILEGES, archive
from scripted_server import answered, line
from throwaway import new_name

from aiodockerhub import (
    BadParameter,
    BadReference,
    BadRequest,
    Conflict,
    Credentials,
    Docker,
    NotFound,
    PrivilegesNotGranted,
    PullFailed,
    PushFailed,
    ServerError,
    Unauthorized,
)

ASKED = [{"Name": "network", "Description": "a network", "Value": ["host"]}]


@pytest.fixture(autouse=True)
def _no_configured_credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
async def docker(engine):
    async with Docker(engine.base_url) as client:
        yield client


@pytest.fixture
def alice(registry):
    return Credentials(registry.username, registry.password)


@contextlib.asynccontextmanager
async def plugins_of(docker, *names):
    """Plugins of these names are gone at the end, if there are any."""
    try:
        yield docker.plugins
    finally:
        for name in names:
            with contextlib.suppress(NotFound):
                await docker.plugins.remove(name, force=True)


# On servers that remember


async def test_every_parameter_of_a_plugin_is_sent_as_the_engine_spells_it():
    async with remembering([]) as docker:
        plugins = docker.plugins
        assert await plugins.list(filters={"enabled": True, "capability": "authz"}) == []
        assert asked(docker) == ("GET /plugins", {"filters": '{"enabled":["true"],"capability":["authz"]}'}, None)
        await plugins.inspect("host:5000/ns/name:1")
        assert asked(docker) == ("GET /plugins/host:5000/ns/name:1/json", {}, None)
        await plugins.inspect({"Name": "ns/name:latest", "Id": "1d"})
        assert asked(docker)[0] == "GET /plugins/ns/name:latest/json"
        assert await plugins.privileges("ns/name") == []
        assert asked(docker) == ("GET /plugins/privileges", {"remote": "ns/name:latest"}, None)
        await plugins.remove("name", force=True)
        assert asked(docker) == ("DELETE /plugins/name", {"force": "1"}, None)
        await plugins.enable("name")
        assert asked(docker) == ("POST /plugins/name/enable", {"timeout": "30"}, None)
        await plugins.enable("name", plugin_timeout=5)
        assert asked(docker)[1] == {"timeout": "5"}
        await plugins.disable("name", force=False)
        assert asked(docker) == ("POST /plugins/name/disable", {"force": "0"}, None)
        await plugins.configure("name", {"DEBUG": 1, "state.source": "/x"})
        assert asked(docker) == ("POST /plugins/name/set", {}, ["DEBUG=1", "state.source=/x"])
        await plugins.configure("name", ["DEBUG=1"])
        assert asked(docker)[2] == ["DEBUG=1"]


async def test_what_can_not_be_sent_is_refused_before_anything_is_sent():
    async with remembering() as docker:
        for settings in ("DEBUG=1", {"A=B": "1"}, [1]):
            with pytest.raises(BadParameter, match="settings: "):
                await docker.plugins.configure("name", settings)
        for call in (docker.plugins.install, docker.plugins.push):
            with pytest.raises(BadReference):
                call("no reference")
        with pytest.raises(BadReference):
            docker.plugins.upgrade("name", "no reference")
        with pytest.raises(BadReference):
            await docker.plugins.create("no reference", b"")
        with pytest.raises(BadParameter, match="a 'Name'"):
            await docker.plugins.inspect({"Id": "1d"})
        assert docker.server.asked == []


async def test_a_tar_and_its_name_are_sent():
    async with remembering() as docker:
        await docker.plugins.create("host:5000/name", b"tar")
        last = docker.server.asked[-1]
        assert (last.method, last.unversioned, last.body) == ("POST", "/plugins/create", b"tar")
        assert parse_qs(urlsplit(last.target).query) == {"name": ["host:5000/name:latest"]}
        assert last.headers["Content-Type"] == "application/x-tar"


@pytest.fixture
async def installing(scripted):
    """A client of an engine that pulls whatever is asked for, of which it says that it asks for a network."""
    scripted.says |= {
        "/plugins/privileges": answered(ASKED),
        "/plugins/pull": answered(line(status="Pulling from ns/name") + line(status="Complete")),
        "/plugins/mine/upgrade": answered(line(status="Complete")),
        "/plugins/mine/json": answered({"Name": "mine:latest", "Enabled": False}),
        "/plugins/host:5000/ns/name:1/json": answered({"Name": "host:5000/ns/name:1"}),
        "/plugins/host:5000/ns/name:1/push": answered(line(status="done")),
    }
    async with Docker(scripted.url) as client:
        yield client


def sent(scripted, path):
    """Query, body and credentials of the requests for `path`."""
    for request in scripted.asked:
        if request.unversioned == path:
            query = {name: value for name, (value,) in parse_qs(urlsplit(request.target).query).items()}
            yield query, json.loads(request.body or "null"), request.headers.get("X-Registry-Auth")


async def test_a_plugin_gets_what_was_granted(installing, scripted):
    shown = []

    def grant(privileges):
        shown.extend(privileges)
        return True

    async def grant_later(privileges):
        return grant(privileges)

    auth = Credentials("alice", "wonderland")
    header = auth.registry_header("host:5000")
    plugin = await installing.plugins.install("host:5000/ns/name:1", name="mine", grant=grant, auth=auth)
    assert plugin == {"Name": "mine:latest", "Enabled": False}
    remote = {"remote": "host:5000/ns/name:1"}
    assert list(sent(scripted, "/plugins/privileges")) == [(remote, None, header)]
    assert list(sent(scripted, "/plugins/pull")) == [({**remote, "name": "mine"}, ASKED, header)]
    assert shown == ASKED

    plugin = await installing.plugins.install("host:5000/ns/name:1", grant=True)
    assert plugin["Name"] == "host:5000/ns/name:1"
    assert list(sent(scripted, "/plugins/pull"))[1:] == [(remote, ASKED, None)]

    plugin = await installing.plugins.upgrade(plugin | {"Name": "mine"}, "ns/other", grant=grant_later, auth=auth)
    assert plugin["Name"] == "mine:latest"
    other = auth.registry_header("docker.io")
    assert list(sent(scripted, "/plugins/mine/upgrade")) == [({"remote": "ns/other:latest"}, ASKED, other)]

    await installing.plugins.push("host:5000/ns/name:1", auth=auth)
    assert list(sent(scripted, "/plugins/host:5000/ns/name:1/push")) == [({}, None, header)]


@pytest.mark.parametrize("grant", [False, lambda privileges: False, lambda privileges: privileges, None])
async def test_a_plugin_is_not_pulled_unless_its_privileges_are_granted(installing, scripted, grant):
    for stream in (
        installing.plugins.install("ns/name", grant=grant),
        installing.plugins.upgrade("mine", "ns/name", grant=grant),
    ):
        with pytest.raises(PrivilegesNotGranted, match=r"ns/name:latest asks for network \(host\)") as refused:
            await stream
        assert refused.value.privileges == ASKED
    assert {request.unversioned for request in scripted.asked} == {"/_ping", "/plugins/privileges"}


@pytest.mark.parametrize("nothing", [[], None])
async def test_a_plugin_that_asks_for_nothing_needs_no_grant(installing, scripted, nothing):
    scripted.says["/plugins/privileges"] = answered(nothing)
    await installing.plugins.install("ns/name", name="mine")
    assert list(sent(scripted, "/plugins/pull")) == [({"remote": "ns/name:latest", "name": "mine"}, [], None)]


async def test_what_goes_wrong_with_a_pull_is_a_failed_pull(installing, scripted):
    scripted.says["/plugins/pull"] = answered(line(status="Pulling") + line(errorDetail={"message": "incorrect"}))
    with pytest.raises(PullFailed, match="incorrect"):
        await installing.plugins.install("ns/name", name="mine", grant=True)


# On engines


@on_dockers
async def test_a_plugin_lives_from_create_to_remove(docker):
    name = new_name()
    async with plugins_of(docker, name) as plugins:
        await plugins.create(name, archive())
        made = await plugins.inspect(name)
        assert (made["Name"], made["Enabled"]) == (f"{name}:latest", False)
        assert made["Config"]["Linux"]["Capabilities"] == PRIVILEGES["capabilities"]
        with pytest.raises(Conflict, match="already exists"):
            await plugins.create(name, archive())
        await plugins.configure(made, {"DEBUG": 1})
        assert "DEBUG=1" in (await plugins.inspect(made))["Settings"]["Env"]
        with pytest.raises(ServerError, match="not settable"):
            await plugins.configure(made, ["FIXED=2"])
        with pytest.raises(ServerError, match='"ODD" not found'):
            await plugins.configure(made, ["ODD=2"])
        with pytest.raises(Conflict, match="already disabled"):
            await plugins.disable(made)

        await plugins.enable(made, plugin_timeout=5)
        (listed,) = await plugins.list(filters={"enabled": True, "capability": CAPABILITY})
        assert listed["Id"] == made["Id"]
        assert await plugins.list(filters={"enabled": False, "capability": CAPABILITY}) == []
        with pytest.raises(Conflict, match="already enabled"):
            await plugins.enable(made)
        with pytest.raises(ServerError, match="active plugin"):
            await plugins.configure(made, {"DEBUG": 2})
        with pytest.raises(Conflict, match="is enabled"):
            await plugins.remove(made)
        await plugins.disable(made, force=True)
        await plugins.remove(made)
        with pytest.raises(NotFound, match="not found"):
            await plugins.inspect(name)


@on_dockers
async def test_a_plugin_is_pushed_and_installed_with_what_was_granted(docker, registry, alice):
    remote, name = f"{registry.address}/plugins/{new_name()}", new_name()
    async with plugins_of(docker, remote, name) as plugins:
        await plugins.create(remote, archive())
        with pytest.raises(PushFailed) as refused:
            await plugins.push(remote)
        assert isinstance(refused.value, Unauthorized)
        pushed = await plugins.push(await plugins.inspect(remote), auth=alice)
        assert pushed.reference == f"{remote}:latest"
        assert pushed.digest.startswith("sha256:")

        found = await plugins.privileges(remote, auth=alice)
        assert {one["Name"]: one["Value"] for one in found} == PRIVILEGES
        assert await plugins.privileges(remote) == []  # what the registry refuses comes out with the pull
        with pytest.raises(PullFailed, match=r"(?i)unauthorized|no basic auth|denied"):
            await plugins.install(remote, name=name, grant=True)

        with pytest.raises(PrivilegesNotGranted, match="CAP_SYS_ADMIN"):
            await plugins.install(remote, name=name, auth=alice)
        with pytest.raises(PullFailed, match="incorrect privileges"):
            await plugins.install(remote, name=name, auth=alice, grant=lambda asked: asked.clear() is None)
        with pytest.raises(NotFound):
            await plugins.inspect(name)

        stream = plugins.install(remote, name=name, auth=alice, grant=lambda asked: len(asked) == len(PRIVILEGES))
        steps = [step async for step in stream]
        assert any(step.status == f"Digest: {pushed.digest}" for step in steps)
        assert (stream.outcome["Name"], stream.outcome["Enabled"]) == (f"{name}:latest", False)
        assert stream.outcome["PluginReference"] == f"{remote}:latest"
        with pytest.raises(PullFailed, match="already exists") as refused:
            await plugins.install(remote, name=name, auth=alice, grant=True)
        assert isinstance(refused.value, BadRequest)
        with pytest.raises(PullFailed) as refused:
            await plugins.install(f"{remote}-none", auth=alice)
        assert isinstance(refused.value, NotFound)

        await plugins.configure(name, {"DEBUG": 1})
        upgraded = await plugins.upgrade(name, remote, auth=alice, grant=True)
        assert "DEBUG=1" in upgraded["Settings"]["Env"]
        await plugins.enable(name)
        with pytest.raises(PullFailed, match="must be disabled before upgrading"):
            await plugins.upgrade(name, remote, auth=alice, grant=True)


@on_dockers
async def test_engines_refuse_in_their_own_words(docker):
    plugins = docker.plugins
    for call in (
        plugins.inspect("odd"),
        plugins.remove("odd"),
        plugins.enable("odd"),
        plugins.disable("odd"),
        plugins.configure("odd", ["A=1"]),
        plugins.push("odd"),
    ):
        with pytest.raises(NotFound, match="not found"):
            await call
    with pytest.raises(BadRequest, match=r"(?i)invalid filter 'odd'"):
        await plugins.list(filters={"odd": "x"})
    with pytest.raises(ServerError, match=r"no rootfs found|config not found"):
        await plugins.create("odd", b"")


@on_podman
async def test_podman_has_no_plugins(docker):
    plugins = docker.plugins
    for call in (
        plugins.list(),
        plugins.inspect("odd"),
        plugins.privileges("odd"),
        plugins.install("odd"),
        plugins.upgrade("odd", "odd"),
        plugins.remove("odd"),
        plugins.enable("odd"),
        plugins.disable("odd"),
        plugins.configure("odd", ["A=1"]),
        plugins.create("odd", b""),
        plugins.push("odd"),
    ):
        with pytest.raises(NotFound, match=r"(?i)not (found|supported)"):
            await call


async def test_a_driver_that_is_not_there_is_looked_for_and_not_found(rig):
    # dockerd looks for 15 seconds: here on all engines at once
    async def refuse(role):
        error, words = (ServerError, "(?i)plugin") if role == "podman" else (NotFound, 'plugin "odd" not found')
        async with Docker(rig.engine(role).base_url) as docker:
            calls = [make(new_name(), driver="odd") for make in (docker.volumes.create, docker.networks.create)]
            for told in await asyncio.gather(*calls, return_exceptions=True):
                with pytest.raises(error, match=words):
                    raise told

    for role in ROLES:
        rig.engine(role)  # started here, since that takes the loop's time
    await asyncio.gather(*(refuse(role) for role in ROLES))
