"""The engine's own operations: what its disk holds, whether a registry lets somebody in, and a prune of everything."""

from __future__ import annotations

import contextlib

import pytest
from remembering import asked, remembering
from scripted_server import answered
from throwaway import new_name

from aiodockerhub import (
    BadParameter,
    BadRequest,
    Credentials,
    Docker,
    NotFound,
    ServerError,
    Unauthorized,
    VersionTooLow,
)


@pytest.fixture(autouse=True)
def _no_configured_credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
async def docker(engine):
    async with Docker(engine.base_url) as client:
        yield client


# On servers that remember


async def test_disk_usage_is_asked_for_as_the_engine_spells_it():
    async with remembering(version="1.55") as docker:
        await docker.disk_usage()
        assert asked(docker) == ("GET /system/df", {}, None)
        await docker.disk_usage(verbose=True)
        assert asked(docker)[1] == {"verbose": "1"}
        await docker.disk_usage(type=["image", "build-cache"])
        assert docker.server.asked[-1].target.endswith("/system/df?type=image&type=build-cache")
        with pytest.raises(BadParameter, match="list of types"):
            await docker.disk_usage(type="image")


@pytest.mark.parametrize(
    ("version", "parameter", "needs"), [("1.41", {"type": ["image"]}, "1.42"), ("1.51", {"verbose": True}, "1.52")]
)
async def test_a_parameter_of_disk_usage_that_is_newer_than_the_engine_is_not_sent(version, parameter, needs):
    async with remembering(version=version) as docker:
        with pytest.raises(VersionTooLow, match=f"needs engine API {needs} or newer, this engine speaks {version}"):
            await docker.disk_usage(**parameter)


async def test_credentials_are_checked_for_the_registry_that_is_named():
    alice = Credentials("alice", "wonderland", email="a@x.test")
    async with remembering({"Status": "Login Succeeded"}) as docker:
        assert (await docker.check_credentials("host:5000", auth=alice))["Status"] == "Login Succeeded"
        body = {
            "username": "alice",
            "password": "wonderland",
            "email": "a@x.test",
            "serveraddress": "host:5000",
        }
        assert asked(docker) == ("POST /auth", {}, body)
        await docker.check_credentials(auth=Credentials.token("refreshing"))
        body = {"identitytoken": "refreshing", "serveraddress": "https://index.docker.io/v1/"}
        assert asked(docker)[2] == body


async def test_credentials_that_nobody_gave_are_not_checked():
    async with remembering() as docker:
        for auth in (None, Credentials.anonymous()):
            with pytest.raises(BadParameter, match="no credentials for host:5000"):
                await docker.check_credentials("host:5000", auth=auth)
        with pytest.raises(BadParameter, match="for other:5000, not for host:5000"):
            await docker.check_credentials(
                "host:5000", auth=Credentials("alice", "wonderland", server_address="other:5000")
            )
        assert docker.server.asked == []


async def test_an_engine_that_says_nothing_of_credentials_takes_them(scripted):
    scripted.says["/auth"] = answered(b"", status=204)
    async with Docker(scripted.url) as docker:
        told = await docker.check_credentials("host:5000", auth=Credentials("alice", "wonderland"))
        assert told == {"Status": ""}


def pruning(scripted):
    """Answers of an engine that removes something of each kind."""
    scripted.says |= {
        "/containers/prune": answered({"ContainersDeleted": ["c"], "SpaceReclaimed": 1}),
        "/networks/prune": answered({"NetworksDeleted": ["n"]}),
        "/volumes/prune": answered({"VolumesDeleted": ["v"], "SpaceReclaimed": 10}),
        "/images/prune": answered({"ImagesDeleted": [{"Deleted": "i"}], "SpaceReclaimed": 100}),
        "/build/prune": answered({"CachesDeleted": ["b"], "SpaceReclaimed": 1000}),
    }


EVERYTHING = ["/containers/prune", "/networks/prune", "/volumes/prune", "/images/prune", "/build/prune"]


async def test_everything_is_pruned_one_after_the_other(scripted):
    pruning(scripted)
    async with Docker(scripted.url) as docker:
        pruned = await docker.prune_all(all=True, volumes=True, filters={"label": "a"})
        assert (pruned.containers, pruned.networks, pruned.volumes) == (["c"], ["n"], ["v"])
        assert (pruned.images, pruned.build_cache, pruned.space_reclaimed) == ([{"Deleted": "i"}], ["b"], 1111)
    asked = [(one.unversioned, one.target.partition("?")[2]) for one in scripted.asked if one.path != "/_ping"]
    chosen = "filters=%7B%22label%22:%5B%22a%22%5D%7D"
    unused = "filters=%7B%22label%22:%5B%22a%22%5D,%22dangling%22:%5B%22false%22%5D%7D"
    queries = [chosen, chosen, chosen, unused, f"{chosen}&all=1"]
    assert asked == list(zip(EVERYTHING, queries, strict=True))


async def test_volumes_are_pruned_only_if_they_are_asked_for(scripted):
    pruning(scripted)
    async with Docker(scripted.url) as docker:
        pruned = await docker.prune_all()
    assert (pruned.volumes, pruned.space_reclaimed) == (None, 1101)
    assert [one.unversioned for one in scripted.asked][1:] == [path for path in EVERYTHING if "volumes" not in path]
    assert not any("?" in one.target for one in scripted.asked)


async def test_nothing_is_pruned_where_one_of_the_prunes_would_be_refused():
    async with remembering() as docker:
        with pytest.raises(BadParameter, match="can't be pruned by their age"):
            await docker.prune_all(volumes=True, filters={"until": "24h"})
        assert docker.server.asked == []


# On engines


async def test_the_disk_holds_what_was_made(docker, engine, busybox):
    made = await docker.volumes.create(new_name())
    try:
        usage = await docker.disk_usage()
        (listed,) = (one for one in usage["Volumes"] if one["Name"] == made["Name"])
        assert listed["UsageData"] == {"Size": 0, "RefCount": 0}
        assert usage["LayersSize"] > 0
        assert any(one["Size"] > 0 for one in usage["Images"])
        if engine.role == "oldest":
            with pytest.raises(VersionTooLow, match="type"):
                await docker.disk_usage(type=["volume"])
            return
        usage = await docker.disk_usage(type=["volume"])
        assert any(one["Name"] == made["Name"] for one in usage["Volumes"])
        if engine.role == "podman":  # gives everything
            assert usage["Images"]
            return
        assert usage["Images"] is None
        with pytest.raises(BadRequest, match="unknown object type: odd"):
            await docker.disk_usage(type=["odd"])
    finally:
        await docker.volumes.remove(made)


async def test_a_registry_lets_in_whom_it_knows(docker, registry):
    alice = Credentials(registry.username, registry.password)
    told = await docker.check_credentials(registry.address, auth=alice)
    assert told["Status"] == "Login Succeeded"
    with pytest.raises(Unauthorized, match="401 Unauthorized") as refused:
        await docker.check_credentials(registry.address, auth=Credentials(registry.username, "guessed"))
    assert refused.value.status == 500
    assert "guessed" not in str(refused.value)
    with pytest.raises(ServerError, match="connection refused"):
        await docker.check_credentials("127.0.0.1:1", auth=alice)


async def test_a_prune_of_everything_takes_what_has_its_label(docker, engine, busybox):
    label = new_name()
    labels, name = {label: "yes"}, new_name()
    image = (await docker.images.build(fileobj=f"FROM {busybox}\nLABEL {label}=yes\n", force_rm=True)).id
    container = await docker.containers.create(busybox, "true", labels=labels)
    network = await docker.networks.create(name, labels=labels)
    volume = await docker.volumes.create(labels=labels)
    try:
        kept = await docker.prune_all(all=True, volumes=True, filters={"label": f"{label}=no"})
        assert (kept.containers, kept.networks, kept.volumes, kept.images) == ([], [], [], [])
        pruned = await docker.prune_all(volumes=True, filters={"label": f"{label}=yes"})
        assert pruned.containers == [container["Id"]]
        assert pruned.networks == [name]
        assert pruned.volumes == [volume["Name"]]
        assert image.removeprefix("sha256:") in str(pruned.images)
        assert pruned.build_cache == (None if engine.role == "podman" else [])
        assert (await docker.images.inspect(busybox))["Id"]
    finally:
        for remove in (
            docker.containers.remove(container),
            docker.networks.remove(network),
            docker.volumes.remove(volume),
            docker.images.remove(image),
        ):
            with contextlib.suppress(NotFound):
                await remove


async def test_an_odd_filter_prunes_nothing(docker, engine):
    error, words = (ServerError, "filter") if engine.role == "podman" else (BadRequest, "(?i)invalid filter 'odd'")
    with pytest.raises(error, match=words):
        await docker.prune_all(filters={"odd": "x"})
