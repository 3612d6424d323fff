"""Swarms of two engines: joined with a token, which is in no log and no error, run tasks on both, left again."""

from __future__ import annotations

import logging

import pytest
from rig.network import free_port
from swarming import ADDRESSES, swarm_of

from aiodockerhub import BadRequest, Docker, ServerError


@pytest.mark.parametrize("roles", [("oldest", "newest"), ("newest", "stable"), ("stable", "oldest")], ids="-".join)
async def test_another_engine_joins_runs_tasks_is_drained_and_leaves(rig, roles, caplog):
    manager, other = (rig.engine(role) for role in roles)
    assert rig.busybox(manager) == rig.busybox(other)
    address = f"127.0.0.1:{free_port()}"
    with swarm_of(manager, address), caplog.at_level(logging.DEBUG):
        async with Docker(manager.base_url) as docker, Docker(other.base_url) as joining:
            found = await docker.swarm.inspect()
            token = found["JoinTokens"]["Worker"]
            with pytest.raises(ServerError, match="invalid join token") as raised:
                await joining.swarm.join(address, "no-such-token", **ADDRESSES)
            assert "no-such-token" not in str(raised.value)
            await joining.swarm.join(address, token, **ADDRESSES)
            try:
                name = (await joining.info())["Swarm"]["NodeID"]
                assert {node["ID"] for node in await docker.nodes.list()} == {
                    (await docker.info())["Swarm"]["NodeID"],
                    name,
                }
                with pytest.raises(ServerError, match="Worker nodes can't be used to view or modify cluster state"):
                    await joining.nodes.list()
                everywhere = await docker.services.create(
                    rig.busybox(other),
                    "sh -c 'hostname; exec sleep 1000'",
                    hostname="{{.Node.ID}}",
                    mode="global",
                    stop_signal="KILL",
                )
                await docker.services.wait_converged(everywhere)
                written = set()
                async for line in docker.services.logs(everywhere, follow=True).lines():
                    written.add(line.text)
                    if len(written) == 2:
                        break
                assert written == {name, (await docker.info())["Swarm"]["NodeID"]}
                await docker.nodes.update(await docker.nodes.inspect(name), availability="drain")
                assert (await docker.nodes.inspect(name))["Spec"]["Availability"] == "drain"
            finally:
                await joining.swarm.leave(force=True)
            with pytest.raises(BadRequest, match="is not down and can't be removed"):  # it is missed 15 s later
                await docker.nodes.remove(name)
            await docker.nodes.remove(name, force=True)
            assert len(await docker.nodes.list()) == 1
    assert token not in caplog.text
