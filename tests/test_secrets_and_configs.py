"""Secrets and configs: what is sent, and how they live in swarms of real engines, secrets also in podman."""

from __future__ import annotations

import logging
from base64 import b64encode

import pytest
from on_roles import on_dockers, on_podman
from remembering import asked, remembering
from swarming import swarm_of
from throwaway import new_name

from aiodockerhub import BadParameter, BadRequest, Conflict, Docker, NotFound, NotImplementedByEngine, ServerError

EVERY_BYTE = bytes(range(256))  # its base64 has both + and /
KINDS = pytest.mark.parametrize("kind", ["secrets", "configs"])


@pytest.fixture(scope="module")
def swarm(engine):
    with swarm_of(engine) as running:
        yield running


# On a server that remembers


@KINDS
async def test_every_parameter_is_sent_as_the_engine_spells_it(kind):
    async with remembering({"ID": "1"}) as docker:
        group = getattr(docker, kind)
        await group.list(filters={"name": ["a", "b"], "label": "x=y"})
        assert asked(docker) == (f"GET /{kind}", {"filters": '{"name":["a","b"],"label":["x=y"]}'}, None)
        made = await group.create("one", EVERY_BYTE, labels={"a": "b"}, templating={"Name": "golang"})
        body = {
            "Name": "one",
            "Labels": {"a": "b"},
            "Data": b64encode(EVERY_BYTE).decode(),
            "Templating": {"Name": "golang"},
        }
        assert asked(docker) == (f"POST /{kind}/create", {}, body)
        await group.inspect(made)
        assert asked(docker) == (f"GET /{kind}/1", {}, None)
        await group.remove("one")
        assert asked(docker) == (f"DELETE /{kind}/one", {}, None)


@KINDS
async def test_an_update_sends_the_version_that_was_looked_at_and_all_that_shall_be(kind):
    inspected = {"ID": "1", "Version": {"Index": 7}, "Spec": {"Name": "one", "Labels": {"a": "b"}}}
    async with remembering() as docker:
        group = getattr(docker, kind)
        await group.update(inspected, labels={"c": "d"})
        assert asked(docker) == (f"POST /{kind}/1/update", {"version": "7"}, {"Name": "one", "Labels": {"c": "d"}})
        await group.update(inspected, {"Name": "one"})
        assert asked(docker)[2] == {"Name": "one"}
        await group.update(inspected)
        assert asked(docker)[2] == inspected["Spec"]


@KINDS
@pytest.mark.parametrize("odd", ["one", {"ID": "1"}, {"ID": "1", "Version": {}}, None])
async def test_an_update_of_what_was_not_looked_at_is_refused_before_anything_is_sent(kind, odd):
    async with remembering() as docker:
        with pytest.raises(BadParameter, match=r"inspect gave|'Id' is needed"):
            await getattr(docker, kind).update(odd, labels={})
        assert docker.server.asked == []


@KINDS
@pytest.mark.parametrize("odd", [["a"], {"a": 1}])
async def test_labels_that_can_not_be_sent_are_refused_before_anything_is(kind, odd):
    async with remembering() as docker:
        group = getattr(docker, kind)
        with pytest.raises(BadParameter, match="labels: "):
            await group.create("one", b"data", labels=odd)
        with pytest.raises(BadParameter, match="labels: "):
            await group.update({"ID": "1", "Version": {"Index": 1}, "Spec": {}}, labels=odd)
        assert docker.server.asked == []


async def test_a_secret_of_a_driver_has_no_data():
    async with remembering({"ID": "1"}) as docker:
        await docker.secrets.create("one", driver={"Name": "vault"})
        assert asked(docker)[2] == {"Name": "one", "Labels": {}, "Driver": {"Name": "vault"}}


@KINDS
async def test_data_that_is_no_bytes_is_refused_and_not_shown(kind):
    async with remembering() as docker:
        with pytest.raises(BadParameter, match="bytes are needed, not str") as raised:
            await getattr(docker, kind).create("one", "geheim")
        assert "geheim" not in repr(raised.value)
        assert docker.server.asked == []


# On real engines


@on_dockers
@KINDS
async def test_one_lives_from_create_to_remove(swarm, kind):
    name = new_name()
    async with Docker(swarm.base_url) as docker:
        group = getattr(docker, kind)
        made = await group.create(name, EVERY_BYTE, labels={"a": "b"})
        inspected = await group.inspect(name)
        assert inspected["ID"] == made["ID"]
        assert inspected["Spec"]["Labels"] == {"a": "b"}
        assert await group.list(filters={"label": "a=b"}) == [inspected]
        with pytest.raises(Conflict, match=f"{name} already exists"):
            await group.create(name, b"other")
        await group.update(inspected, labels={"a": "c"})
        with pytest.raises(ServerError, match="update out of sequence"):
            await group.update(inspected, labels={"a": "d"})
        changed = await group.inspect(made)
        assert changed["Spec"]["Labels"] == {"a": "c"}
        with pytest.raises(BadRequest, match="only updates to Labels are allowed"):
            await group.update(changed, {**changed["Spec"], "Data": "b3RoZXI="})
        await group.remove(changed)
        for call in (group.inspect, group.remove):
            with pytest.raises(NotFound, match=f"{name} not found"):
                await call(name)


@on_dockers
async def test_a_config_gives_its_bytes_back_and_a_secret_does_not(swarm):
    name = new_name()
    async with Docker(swarm.base_url) as docker:
        await docker.configs.create(name, EVERY_BYTE)
        await docker.secrets.create(name, EVERY_BYTE)
        assert await docker.configs.read(name) == EVERY_BYTE
        assert "Data" not in (await docker.secrets.inspect(name))["Spec"]
        await docker.configs.remove(name)
        await docker.secrets.remove(name)


@on_dockers
@KINDS
async def test_what_the_engine_refuses_is_told_in_its_words(swarm, kind):
    largest = {"secrets": 512_000, "configs": 1_024_000}[kind]
    async with Docker(swarm.base_url) as docker:
        group = getattr(docker, kind)
        for data in (b"", b"x" * largest):
            with pytest.raises(BadRequest, match=f"must be larger than 0 and less than {largest} bytes"):
                await group.create(new_name(), data)
        with pytest.raises(BadRequest, match="invalid name"):
            await group.create("no such name", b"x")
        with pytest.raises(BadRequest, match=r"(?i)invalid filter 'nonsense'"):
            await group.list(filters={"nonsense": "x"})


@on_dockers
async def test_a_secret_is_in_no_log_and_no_error(swarm, caplog):
    name, data = new_name(), b"geheim" * 10
    with caplog.at_level(logging.DEBUG):
        async with Docker(swarm.base_url) as docker:
            await docker.secrets.create(name, data)
            with pytest.raises(Conflict) as raised:
                await docker.secrets.create(name, data)
            await docker.secrets.remove(name)
    written = b64encode(data).decode()
    assert f"/secrets/{name}" in caplog.text
    for told in (caplog.text, repr(raised.value), str(vars(raised.value))):
        assert "geheim" not in told
        assert written[:20] not in told


@on_podman
async def test_podman_keeps_secrets_without_a_swarm(engine):
    name = new_name()
    async with Docker(engine.base_url) as docker:
        secrets = docker.secrets
        made = await secrets.create(name, EVERY_BYTE, labels={"a": "b"})
        inspected = await secrets.inspect(name)
        assert inspected["ID"] == made["ID"]
        assert inspected["Spec"]["Labels"] == {"a": "b"}
        assert await secrets.list(filters={"name": name}) == [inspected]
        with pytest.raises(Conflict, match=f"{name}: secret name in use"):
            await secrets.create(name, b"other")
        with pytest.raises(NotImplementedByEngine, match="update is not supported"):
            await secrets.update(inspected, labels={})
        with pytest.raises(ServerError, match='invalid filter "label"'):
            await secrets.list(filters={"label": "a"})
        with pytest.raises(ServerError, match="must be larger than 0 and less than 512000 bytes"):
            await secrets.create(new_name(), b"")
        await secrets.remove(made)
        for call in (secrets.inspect, secrets.remove):
            with pytest.raises(NotFound, match="no such secret"):
                await call(name)


@on_podman
async def test_podman_has_no_configs(engine):
    inspected = {"ID": "x", "Version": {"Index": 1}, "Spec": {}}
    async with Docker(engine.base_url) as docker:
        configs = docker.configs
        with pytest.raises(NotFound, match="Not Found"):
            await configs.list()
        for call in (
            configs.create("x", b"x"),
            configs.inspect("x"),
            configs.read("x"),
            configs.remove("x"),
            configs.update(inspected),
        ):
            with pytest.raises(ServerError, match=r"Podman does not support service: .*/configs/"):
                await call
