"""Volumes: what is sent, and how engines make, list, keep and remove them; those of a swarm, too."""

from __future__ import annotations

import contextlib

import pytest
from remembering import asked, remembering
from swarming import swarm_of
from throwaway import container, new_name

from aiodockerhub import APIError, BadParameter, BadRequest, Conflict, Docker, NotFound, ServerError, VersionTooLow

ACCESS = {"Scope": "single", "Sharing": "none", "MountVolume": {}}
CLUSTER = {
    "Name": "data",
    "ClusterVolume": {
        "ID": "v1d",
        "Version": {"Index": 11},
        "Spec": {"Group": "g", "AccessMode": ACCESS, "Availability": "active"},
    },
}


@pytest.fixture
async def docker(engine):
    async with Docker(engine.base_url) as client:
        yield client


@contextlib.asynccontextmanager
async def volume(docker, name=None, **settings):
    """A volume that is gone at the end, also when the test has removed it."""
    made = await docker.volumes.create(name, **settings)
    try:
        yield made
    finally:
        await docker.volumes.remove(made, force=True)


# On a server that remembers


async def test_every_parameter_of_a_volume_is_sent_as_the_engine_spells_it():
    async with remembering({"Volumes": None}) as docker:
        volumes = docker.volumes
        assert await volumes.list(filters={"dangling": True, "label": ["a=b", "c"]}) == []
        assert asked(docker) == ("GET /volumes", {"filters": '{"dangling":["true"],"label":["a=b","c"]}'}, None)
        await volumes.list()
        assert asked(docker) == ("GET /volumes", {}, None)
        await volumes.create()
        assert asked(docker) == ("POST /volumes/create", {}, {})
        await volumes.create("data", driver="csi", options={"o": "size=1m"}, labels={"a": "b"}, cluster={"Group": "g"})
        body = {
            "Name": "data",
            "Driver": "csi",
            "DriverOpts": {"o": "size=1m"},
            "Labels": {"a": "b"},
            "ClusterVolumeSpec": {"Group": "g"},
        }
        assert asked(docker)[2] == body
        await volumes.create("data", labels={"a": "b"}, config={"Driver": "local", "Labels": {"c": "d"}})
        assert asked(docker)[2] == {"Name": "data", "Driver": "local", "Labels": {"a": "b", "c": "d"}}
        await volumes.inspect("data")
        assert asked(docker) == ("GET /volumes/data", {}, None)
        await volumes.inspect({"Name": "data"})
        assert asked(docker)[0] == "GET /volumes/data"
        await volumes.remove({"Name": "data"}, force=True)
        assert asked(docker) == ("DELETE /volumes/data", {"force": "1"}, None)
        await volumes.remove("data")
        assert asked(docker) == ("DELETE /volumes/data", {}, None)
        await volumes.prune(filters={"all": True, "label!": "keep"})
        assert asked(docker) == ("POST /volumes/prune", {"filters": '{"all":["true"],"label!":["keep"]}'}, None)


async def test_an_update_of_a_cluster_volume_sends_its_version_and_all_of_its_settings():
    async with remembering() as docker:
        await docker.volumes.update(CLUSTER, availability="drain")
        body = {"Spec": {"Group": "g", "AccessMode": ACCESS, "Availability": "drain"}}
        assert asked(docker) == ("PUT /volumes/v1d", {"version": "11"}, body)
        await docker.volumes.update(CLUSTER, {"Group": "h"})
        assert asked(docker)[2] == {"Spec": {"Group": "h"}}
        await docker.volumes.update(CLUSTER)
        assert asked(docker)[2] == {"Spec": CLUSTER["ClusterVolume"]["Spec"]}


async def test_what_can_not_be_sent_is_refused_before_anything_is_sent():
    async with remembering() as docker:
        for odd in ("data", {"Name": "data"}, {"Name": "data", "ClusterVolume": None}):
            with pytest.raises(BadParameter, match="of a cluster volume"):
                await docker.volumes.update(odd, availability="pause")
        with pytest.raises(BadParameter, match="what inspect gave is needed"):
            await docker.volumes.update({"Name": "data", "ClusterVolume": {"ID": "v1d"}})
        for odd in (None, 7, {"Id": "x"}, {"Name": 7}):
            with pytest.raises(BadParameter, match="a name, or a dict with a 'Name', is needed"):
                await docker.volumes.inspect(odd)
        with pytest.raises(BadParameter, match="driver= and config's Driver are both set"):
            await docker.volumes.create(driver="a", config={"Driver": "b"})
        with pytest.raises(BadParameter, match="labels: a mapping is needed"):
            await docker.volumes.create(labels=["a"])
        with pytest.raises(BadParameter, match="config: the engine's own dict is needed"):
            await docker.volumes.create(config="data")
        assert docker.server.asked == []


async def test_cluster_volumes_are_refused_where_the_engine_is_too_old_for_them():
    async with remembering(version="1.41") as docker:
        for call in (
            docker.volumes.update(CLUSTER, availability="pause"),
            docker.volumes.create(cluster={"Group": "g"}),
        ):
            with pytest.raises(VersionTooLow, match=r"needs engine API 1\.42 or newer, this engine speaks 1\.41"):
                await call
        assert all(request.unversioned == "/_ping" for request in docker.server.asked)


# On engines


async def test_a_volume_lives_from_create_to_remove(docker):
    name = new_name()
    settings = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    async with volume(docker, name, driver="local", options=settings, labels={"test": name}) as made:
        assert made["Name"] == name
        told = await docker.volumes.inspect(name)
        assert told["Labels"] == {"test": name}
        assert settings.items() <= told["Options"].items()
        (listed,) = await docker.volumes.list(filters={"label": f"test={name}"})
        assert await docker.volumes.inspect(listed) == told
        assert await docker.volumes.list(filters={"label": f"other={name}"}) == []
        assert (await docker.volumes.create(name))["Labels"] == {"test": name}
        await docker.volumes.remove(made)
        with pytest.raises(NotFound, match="no such volume"):
            await docker.volumes.inspect(name)
        with pytest.raises(NotFound, match="no such volume"):
            await docker.volumes.remove(name)
        await docker.volumes.remove(name, force=True)


async def test_a_volume_that_a_container_has_stays(docker, busybox):
    async with volume(docker) as made:
        assert made["Name"]
        async with container(docker, busybox, "true", mounts=[f"{made['Name']}:/data"]):
            with pytest.raises(Conflict, match=r"in use|being used"):
                await docker.volumes.remove(made)


async def test_a_prune_removes_volumes_that_nothing_has(docker, engine):
    label = new_name()
    chosen = {"label": label}
    async with volume(docker, labels={label: ""}) as nameless, volume(docker, new_name(), labels={label: ""}) as named:
        pruned = await docker.volumes.prune(filters=chosen)
        assert pruned["SpaceReclaimed"] == 0
        gone, left = set(pruned["VolumesDeleted"]), {one["Name"] for one in await docker.volumes.list(filters=chosen)}
        both = {nameless["Name"], named["Name"]}
        if engine.role in ("oldest", "podman"):
            assert (gone, left) == (both, set())
            with pytest.raises((BadRequest, ServerError), match=r"(?i)invalid (volume )?filter"):
                await docker.volumes.prune(filters={"all": True})
        else:
            assert (gone, left) == ({nameless["Name"]}, {named["Name"]})
            pruned = await docker.volumes.prune(filters={**chosen, "all": True})
            assert pruned["VolumesDeleted"] == [named["Name"]]


REFUSED = {
    "filter": {"dockers": (BadRequest, "(?i)invalid filter 'odd'"), "podman": (ServerError, "invalid volume filter")},
    "name": {"dockers": (BadRequest, "includes invalid characters"), "podman": (ServerError, "names must match")},
}


@pytest.mark.parametrize("what", REFUSED)
async def test_engines_refuse_in_their_own_words(docker, engine, what):
    error, words = REFUSED[what]["podman" if engine.role == "podman" else "dockers"]
    call = {
        "filter": lambda: docker.volumes.list(filters={"odd": "x"}),
        "name": lambda: docker.volumes.create("o/dd"),
    }[what]
    with pytest.raises(error, match=words):
        await call()


# In a swarm

swarms = pytest.mark.parametrize("engine", ["stable", "newest"], indirect=True)


@swarms
async def test_a_cluster_volume_is_made_changed_and_removed(docker, engine):
    name = new_name()
    with swarm_of(engine):
        spec = {"Group": "g", "AccessMode": ACCESS, "CapacityRange": {"RequiredBytes": 5, "LimitBytes": 10}}
        made = await docker.volumes.create(name, driver="no-such-csi-plugin", cluster=spec)
        assert made["ClusterVolume"]["Spec"]["CapacityRange"] == {"RequiredBytes": 5, "LimitBytes": 10}
        for availability in ("pause", "drain"):
            await docker.volumes.update(await docker.volumes.inspect(name), availability=availability)
            told = await docker.volumes.inspect(name)
            assert told["ClusterVolume"]["Spec"]["Availability"] == availability
        assert [one["Name"] for one in await docker.volumes.list(filters={"name": name})] == [name]
        with pytest.raises(APIError, match="out of sequence"):
            await docker.volumes.update(made, availability="active")
        await docker.volumes.update(told, {**told["ClusterVolume"]["Spec"], "Group": "other"})
        assert (await docker.volumes.inspect(name))["ClusterVolume"]["Spec"]["Group"] == "g"
        await docker.volumes.remove(name, force=True)


async def test_outside_of_a_swarm_there_are_no_cluster_volumes(docker, engine):
    error, words = {
        "oldest": (VersionTooLow, "ClusterVolumeSpec"),
        "podman": (ServerError, "required plugin missing"),
    }.get(engine.role, (ServerError, "not a swarm manager"))
    with pytest.raises(error, match=words):
        await docker.volumes.create(new_name(), driver="no-such-csi-plugin", cluster={"Group": "g"})
    error, words = {
        "oldest": (VersionTooLow, "VolumeUpdate"),
        "podman": (APIError, "Method Not Allowed"),
    }.get(engine.role, (ServerError, "swarm is unavailable"))
    with pytest.raises(error, match=words):
        await docker.volumes.update(CLUSTER, availability="pause")
