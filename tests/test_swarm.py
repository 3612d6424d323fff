"""Swarms and their nodes: what is sent, and how engines begin, join, change, lock and leave them."""

from __future__ import annotations

import pytest
from on_roles import on_dockers, on_podman
from remembering import asked, remembering
from swarming import ADDRESSES, NOT_HERE, swarm_of

from aiodockerhub import BadParameter, BadRequest, Conflict, Docker, NotFound, ServerError, Unauthorized

NODE = {"ID": "n", "Version": {"Index": 7}, "Spec": {"Role": "worker", "Availability": "active", "Labels": {"a": "b"}}}
SWARM = {"ID": "s", "Version": {"Index": 9}, "Spec": {"Name": "default", "Labels": {}}}


@pytest.fixture(scope="module")
def swarm(engine):
    with swarm_of(engine) as running:
        yield running


async def own_node(docker):
    return await docker.nodes.inspect((await docker.info())["Swarm"]["NodeID"])


# On a server that remembers


async def test_every_parameter_of_a_swarm_is_sent_as_the_engine_spells_it():
    async with remembering("node-id") as docker:
        swarm = docker.swarm
        node = await swarm.init(
            listen_addr="127.0.0.1:1",
            advertise_addr="eth0",
            data_path_addr="eth1",
            data_path_port=4790,
            default_addr_pool=("10.1.0.0/16",),
            subnet_size=26,
            force_new_cluster=True,
            spec={"Labels": {"a": "b"}},
        )
        assert node == "node-id"
        body = {
            "ListenAddr": "127.0.0.1:1",
            "AdvertiseAddr": "eth0",
            "DataPathAddr": "eth1",
            "DataPathPort": 4790,
            "DefaultAddrPool": ["10.1.0.0/16"],
            "SubnetSize": 26,
            "ForceNewCluster": True,
            "Spec": {"Labels": {"a": "b"}},
        }
        assert asked(docker) == ("POST /swarm/init", {}, body)
        await swarm.init()
        assert asked(docker)[2] == {"ListenAddr": "0.0.0.0:2377"}
        await swarm.join(["a:2377", "b"], "token", listen_addr="127.0.0.1:1", advertise_addr="c", data_path_addr="d")
        body = {
            "RemoteAddrs": ["a:2377", "b"],
            "JoinToken": "token",
            "ListenAddr": "127.0.0.1:1",
            "AdvertiseAddr": "c",
            "DataPathAddr": "d",
        }
        assert asked(docker) == ("POST /swarm/join", {}, body)
        await swarm.join("a:2377", "token")
        assert asked(docker)[2] == {"RemoteAddrs": ["a:2377"], "JoinToken": "token", "ListenAddr": "0.0.0.0:2377"}
        await swarm.leave(force=True)
        assert asked(docker) == ("POST /swarm/leave", {"force": "1"}, None)
        await swarm.leave()
        assert asked(docker)[1] == {}
        await swarm.unlock("key")
        assert asked(docker) == ("POST /swarm/unlock", {}, {"UnlockKey": "key"})


async def test_what_is_read_of_a_swarm_is_asked_for_and_given():
    async with remembering({"UnlockKey": "SWMKEY-1-x"}) as docker:
        assert await docker.swarm.unlock_key() == "SWMKEY-1-x"
        assert asked(docker) == ("GET /swarm/unlockkey", {}, None)
        await docker.swarm.inspect()
        assert asked(docker) == ("GET /swarm", {}, None)


async def test_an_update_of_a_swarm_sends_its_version_and_all_of_its_settings():
    async with remembering() as docker:
        await docker.swarm.update(
            SWARM, rotate_worker_token=True, rotate_manager_token=False, rotate_manager_unlock_key=True
        )
        query = {
            "version": "9",
            "rotateWorkerToken": "1",
            "rotateManagerToken": "0",
            "rotateManagerUnlockKey": "1",
        }
        assert asked(docker) == ("POST /swarm/update", query, SWARM["Spec"])
        await docker.swarm.update(SWARM, {"Name": "default", "Labels": {"a": "b"}})
        assert asked(docker)[1:] == ({"version": "9"}, {"Name": "default", "Labels": {"a": "b"}})


async def test_every_parameter_of_a_node_is_sent_as_the_engine_spells_it():
    async with remembering([]) as docker:
        nodes = docker.nodes
        await nodes.list(filters={"role": "manager", "node.label": ["a=b", "c"]})
        assert asked(docker) == ("GET /nodes", {"filters": '{"role":["manager"],"node.label":["a=b","c"]}'}, None)
        await nodes.inspect("n")
        assert asked(docker) == ("GET /nodes/n", {}, None)
        await nodes.remove(NODE, force=True)
        assert asked(docker) == ("DELETE /nodes/n", {"force": "1"}, None)
        await nodes.update(NODE, name="one", role="manager", availability="drain", labels={})
        body = {"Name": "one", "Role": "manager", "Availability": "drain", "Labels": {}}
        assert asked(docker) == ("POST /nodes/n/update", {"version": "7"}, body)
        await nodes.update(NODE, availability="pause")
        assert asked(docker)[2] == {**NODE["Spec"], "Availability": "pause"}
        await nodes.update(NODE, {"Role": "manager"})
        assert asked(docker)[2] == {"Role": "manager"}
        assert NODE["Spec"]["Availability"] == "active"


async def test_an_update_of_what_was_not_looked_at_is_refused_before_anything_is_sent():
    async with remembering() as docker:
        for update in (docker.swarm.update, docker.nodes.update):
            for odd in ({"ID": "n"}, {"ID": "n", "Version": {}, "Spec": {}}):
                with pytest.raises(BadParameter, match="what inspect gave is needed"):
                    await update(odd, {})
        assert docker.server.asked == []


async def test_several_addresses_are_a_list():
    async with remembering() as docker:
        with pytest.raises(BadParameter, match="default_addr_pool: a list is needed, not str"):
            await docker.swarm.init(default_addr_pool="10.20.0.0/16")
        with pytest.raises(BadParameter, match="remote_addrs: a list is needed, not NoneType"):
            await docker.swarm.join(None, "token")
        assert docker.server.asked == []


# On real engines


@on_dockers
async def test_an_engine_begins_a_swarm_and_leaves_it(engine):
    async with Docker(engine.base_url) as docker:
        node = await docker.swarm.init(**ADDRESSES, spec={"Labels": {"a": "b"}})
        try:
            assert (await docker.info())["Swarm"]["NodeID"] == node
            assert (await docker.swarm.inspect())["Spec"]["Labels"] == {"a": "b"}
            with pytest.raises(ServerError, match="already part of a swarm") as raised:
                await docker.swarm.init(**ADDRESSES)
            assert raised.value.status == 503
            with pytest.raises(ServerError, match="already part of a swarm"):
                await docker.swarm.join("127.0.0.1:1", "SWMTKN-1-x", **ADDRESSES)
            with pytest.raises(ServerError, match="Removing the last manager erases all current state"):
                await docker.swarm.leave()
        finally:
            await docker.swarm.leave(force=True)
        assert (await docker.info())["Swarm"]["LocalNodeState"] == "inactive"
        with pytest.raises(ServerError, match="This node is not part of a swarm"):
            await docker.swarm.leave()


@on_dockers
async def test_a_manager_that_was_restarted_is_unlocked_with_the_key(rig, engine):
    locking = {"EncryptionConfig": {"AutoLockManagers": True}}
    async with Docker(engine.base_url) as docker:
        await docker.swarm.init(**ADDRESSES, spec=locking)
        try:
            key = await docker.swarm.unlock_key()
            rig.restart(engine)
            for call in (docker.swarm.inspect, docker.swarm.unlock_key, docker.nodes.list):
                with pytest.raises(ServerError, match="Swarm is encrypted and needs to be unlocked"):
                    await call()
            with pytest.raises(BadRequest, match="invalid key string"):
                await docker.swarm.unlock("no key")
            other = key[:-8] + ("AAAAAAAA" if key[-8:] != "AAAAAAAA" else "BBBBBBBB")
            with pytest.raises(Unauthorized, match="swarm could not be unlocked: invalid key provided") as raised:
                await docker.swarm.unlock(other)
            assert other not in str(raised.value)
            await docker.swarm.unlock(key)
            assert (await docker.swarm.inspect())["Spec"]["EncryptionConfig"] == {"AutoLockManagers": True}
        finally:
            await docker.swarm.leave(force=True)


@on_dockers
async def test_where_there_is_no_swarm_everything_says_so(engine):
    async with Docker(engine.base_url) as docker:
        for call in (
            docker.swarm.inspect(),
            docker.swarm.update(SWARM),
            docker.swarm.unlock_key(),
            docker.swarm.unlock("SWMKEY-1-x"),
            docker.nodes.list(),
            docker.nodes.inspect("x"),
            docker.nodes.remove("x"),
            docker.nodes.update(NODE),
            docker.services.list(),
            docker.services.create("busybox"),
            docker.services.inspect("x"),
            docker.services.remove("x"),
            docker.services.update(NODE),
            docker.services.logs("x"),
            docker.services.wait_converged("x"),
            docker.tasks.list(),
            docker.tasks.inspect("x"),
            docker.tasks.logs("x"),
            docker.secrets.list(),
            docker.configs.list(),
        ):
            with pytest.raises(ServerError, match=NOT_HERE) as raised:
                await call
            assert raised.value.status == 503


@on_dockers
async def test_an_address_that_is_none_is_a_bad_request(engine):
    async with Docker(engine.base_url) as docker:
        with pytest.raises(BadRequest, match=r"(?i)invalid ListenAddr"):
            await docker.swarm.init(listen_addr="", advertise_addr="127.0.0.1")
        with pytest.raises(BadRequest, match="advertise"):
            await docker.swarm.init(listen_addr="127.0.0.1:0", advertise_addr="no-such-interface")


@on_dockers
async def test_tokens_and_settings_change_and_a_stale_update_is_refused(swarm):
    async with Docker(swarm.base_url) as docker:
        before = await docker.swarm.inspect()
        changed = await docker.swarm.inspect()
        changed["Spec"]["Labels"] = {"site": "b"}
        await docker.swarm.update(changed, rotate_worker_token=True)
        after = await docker.swarm.inspect()
        assert after["Spec"]["Labels"] == {"site": "b"}
        assert after["JoinTokens"]["Worker"] != before["JoinTokens"]["Worker"]
        assert after["JoinTokens"]["Manager"] == before["JoinTokens"]["Manager"]
        with pytest.raises(ServerError, match="update out of sequence"):
            await docker.swarm.update(before)
        await docker.swarm.update(after, before["Spec"], rotate_manager_token=True)
        last = await docker.swarm.inspect()
        assert last["Spec"]["Labels"] == {}
        assert last["JoinTokens"]["Manager"] != before["JoinTokens"]["Manager"]


@on_dockers
async def test_a_swarm_that_locks_has_a_key(swarm):
    async with Docker(swarm.base_url) as docker:
        assert await docker.swarm.unlock_key() == ""
        found = await docker.swarm.inspect()
        await docker.swarm.update(found, {**found["Spec"], "EncryptionConfig": {"AutoLockManagers": True}})
        key = await docker.swarm.unlock_key()
        assert key.startswith("SWMKEY-1-")
        locking = await docker.swarm.inspect()
        await docker.swarm.update(locking, rotate_manager_unlock_key=True)
        assert await docker.swarm.unlock_key() != key
        with pytest.raises(Conflict, match="swarm is not locked"):
            await docker.swarm.unlock(key)
        await docker.swarm.update(await docker.swarm.inspect(), found["Spec"])
        assert await docker.swarm.unlock_key() == ""


@on_dockers
async def test_a_node_changes_and_a_stale_update_is_refused(swarm):
    async with Docker(swarm.base_url) as docker:
        node = await own_node(docker)
        assert await docker.nodes.list(filters={"role": "manager"}) == [node]
        assert await docker.nodes.list(filters={"role": "worker"}) == []
        await docker.nodes.update(node, labels={"disk": "fast"}, availability="pause")
        changed = await docker.nodes.inspect(node)
        assert changed["Spec"] == {"Labels": {"disk": "fast"}, "Role": "manager", "Availability": "pause"}
        with pytest.raises(ServerError, match="update out of sequence"):
            await docker.nodes.update(node)
        await docker.nodes.update(changed, node["Spec"])
        assert (await docker.nodes.inspect(node))["Spec"] == node["Spec"]


@on_dockers
async def test_what_may_not_be_done_to_a_node_is_told_in_the_engines_words(swarm):
    async with Docker(swarm.base_url) as docker:
        node = await own_node(docker)
        with pytest.raises(BadRequest, match="attempting to demote the last manager"):
            await docker.nodes.update(node, role="worker")
        for force in (None, True):
            with pytest.raises(BadRequest, match="must be demoted to worker before removal"):
                await docker.nodes.remove(node, force=force)
        for call in (docker.nodes.inspect, docker.nodes.remove):
            with pytest.raises(NotFound, match="node no-such-node not found"):
                await call("no-such-node")
        with pytest.raises(BadRequest, match=r"(?i)invalid filter 'nonsense'"):
            await docker.nodes.list(filters={"nonsense": "x"})


@on_podman
async def test_podman_has_no_swarm(engine):
    async with Docker(engine.base_url) as docker:
        for call in (docker.swarm.inspect, docker.nodes.list, docker.services.list, docker.tasks.list):
            with pytest.raises(NotFound, match="Not Found"):
                await call()
        for call in (
            docker.swarm.init(),
            docker.swarm.join("127.0.0.1", "token"),
            docker.swarm.leave(),
            docker.swarm.update(SWARM),
            docker.swarm.unlock_key(),
            docker.swarm.unlock("key"),
            docker.nodes.inspect("x"),
            docker.nodes.remove("x"),
            docker.nodes.update(NODE),
            docker.services.create("busybox"),
            docker.services.inspect("x"),
            docker.services.remove("x"),
            docker.services.update(NODE),
            docker.services.rollback(NODE),
            docker.services.logs("x"),
            docker.services.wait_converged("x"),
            docker.tasks.inspect("x"),
            docker.tasks.logs("x"),
        ):
            with pytest.raises(ServerError, match="Podman does not support service") as raised:
                await call
            assert raised.value.status == 503
