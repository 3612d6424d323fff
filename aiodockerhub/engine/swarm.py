"""The swarm that an engine is part of: begun, joined, left, changed, unlocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from aiodockerhub.engine.settings import fitted, strings
from aiodockerhub.engine.versioned import index_of, whole
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Swarm"]

_EVERYWHERE: Final = "0.0.0.0:2377"  # where the docker CLI has it listen: engines themselves have no default


class Swarm:
    """`docker.swarm`. Where the engine is in no swarm, or no manager of it, most of it raises ServerError (503)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def inspect(self, *, timeout: CallTimeout = UNSET) -> types.Swarm:
        """The swarm: its settings, its version, and the tokens with which others join it, which are secrets.

        Raises ServerError (503) where the engine is no manager of a swarm, NotFound on podman. API: `SwarmInspect`.
        """
        return cast("types.Swarm", await self._engine.json("SwarmInspect", "GET", "/swarm", timeout=timeout))

    async def init(
        self,
        *,
        listen_addr: str = _EVERYWHERE,
        advertise_addr: str | None = None,
        data_path_addr: str | None = None,
        data_path_port: int | None = None,
        default_addr_pool: Sequence[str] | None = None,
        subnet_size: int | None = None,
        force_new_cluster: bool | None = None,
        spec: types.SwarmSpecRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> str:
        """Begin a swarm with this engine as its manager; gives the id of the node that the engine becomes.

        `listen_addr` is where managers talk to each other, `advertise_addr` where other nodes find this one; an
        address or an interface, with or without a port; the engine chooses it where it has one address only.
        `data_path_addr` and `data_path_port` are for the traffic of containers. `default_addr_pool` are the networks
        (`"10.20.0.0/16"`) from which overlay networks of `subnet_size` bits are taken. `force_new_cluster` makes this
        engine the one manager of the swarm that it lost. `spec` is the rest:
        `{"EncryptionConfig": {"AutoLockManagers": True}}` asks for the key at each restart.

        Raises BadRequest for addresses that can't be used, ServerError (503) where it is in a swarm already.
        API: `SwarmInit`.
        """
        pool = None if default_addr_pool is None else fitted("default_addr_pool", strings, default_addr_pool)
        body = {
            "ListenAddr": listen_addr,
            "AdvertiseAddr": advertise_addr,
            "DataPathAddr": data_path_addr,
            "DataPathPort": data_path_port,
            "DefaultAddrPool": pool,
            "SubnetSize": subnet_size,
            "ForceNewCluster": force_new_cluster,
            "Spec": spec,
        }
        answer = await self._engine.json(
            "SwarmInit", "POST", "/swarm/init", json=_told(body), pace="slow", timeout=timeout
        )
        return cast("str", answer)

    async def join(
        self,
        remote_addrs: str | Sequence[str],
        join_token: str,
        *,
        listen_addr: str = _EVERYWHERE,
        advertise_addr: str | None = None,
        data_path_addr: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Make this engine a node of the swarm that one of its managers, `remote_addrs`, belongs to.

        `join_token` is one of the swarm's two (`JoinTokens` of `inspect`), and tells what the node becomes: a worker or
        a manager. The addresses are as for `init`. The engine tries for 20 seconds, and goes on afterwards.

        Raises BadRequest for addresses that can't be used, ServerError for a token that is none, where it is in a swarm
        already, or could not join in that time. API: `SwarmJoin`.
        """
        several = [remote_addrs] if isinstance(remote_addrs, str) else remote_addrs
        body = {
            "RemoteAddrs": fitted("remote_addrs", strings, several),
            "JoinToken": join_token,
            "ListenAddr": listen_addr,
            "AdvertiseAddr": advertise_addr,
            "DataPathAddr": data_path_addr,
        }
        await self._engine.call("SwarmJoin", "POST", "/swarm/join", json=_told(body), pace="slow", timeout=timeout)

    async def leave(self, *, force: bool | None = None, timeout: CallTimeout = UNSET) -> None:
        """Take this engine out of its swarm. `force` does it for a manager too: with the last one the swarm is lost.

        Raises ServerError (503) where it is in none, or is a manager and not forced. API: `SwarmLeave`.
        """
        await self._engine.call(
            "SwarmLeave", "POST", "/swarm/leave", query={"force": force}, pace="slow", timeout=timeout
        )

    async def update(
        self,
        swarm: types.Swarm,
        spec: types.SwarmSpecRequest | types.SwarmSpec | None = None,
        *,
        rotate_worker_token: bool | None = None,
        rotate_manager_token: bool | None = None,
        rotate_manager_unlock_key: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Give the swarm other settings, tokens, or another unlock key. `swarm` is what `inspect` gave.

        `spec` is all of its settings, None for those that it has: what is left out goes back to the engine's default.

            swarm = await docker.swarm.inspect()
            swarm["Spec"]["Labels"] = {"site": "b"}
            await docker.swarm.update(swarm)

        Raises ServerError where somebody else changed it since `inspect`: inspect again. API: `SwarmUpdate`.
        """
        await self._engine.call(
            "SwarmUpdate",
            "POST",
            "/swarm/update",
            query={
                "version": index_of(swarm),
                "rotateWorkerToken": rotate_worker_token,
                "rotateManagerToken": rotate_manager_token,
                "rotateManagerUnlockKey": rotate_manager_unlock_key,
            },
            json=whole(swarm, spec),
            pace="slow",
            timeout=timeout,
        )

    async def unlock_key(self, *, timeout: CallTimeout = UNSET) -> str:
        """The key that unlocks a manager after its restart, a secret; empty where the swarm locks none.

        Raises ServerError (503) where the engine is no manager of a swarm. API: `SwarmUnlockkey`.
        """
        answer = await self._engine.json("SwarmUnlockkey", "GET", "/swarm/unlockkey", timeout=timeout)
        return cast("types.UnlockKeyResponse", answer)["UnlockKey"]

    async def unlock(self, unlock_key: str, *, timeout: CallTimeout = UNSET) -> None:
        """Unlock this manager, which was restarted, with the key that `unlock_key` gave while it was not locked.

        Raises Unauthorized for another key, BadRequest for what is no key, Conflict where it is not locked.
        API: `SwarmUnlock`.
        """
        await self._engine.call(
            "SwarmUnlock", "POST", "/swarm/unlock", json={"UnlockKey": unlock_key}, pace="slow", timeout=timeout
        )


def _told(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
