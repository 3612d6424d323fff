"""Networks: made, looked at, joined and left by containers, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.settings import Fields, as_it_is, joined, mapping, pairs, strings
from aiodockerhub.errors import BadParameter
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Networks"]


class Networks:
    """`docker.networks`. A network is named by its name, its id, the id's beginning, or a dict with its `Id`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.NetworkSummary]:
        """The networks, without the containers in them: `inspect` tells these.

        Filters: `name`, `id`, `driver`, `scope`, `type`, `label`, `dangling` (nothing uses it). Raises BadRequest for a
        filter that the engine does not know (ServerError on podman). API: `NetworkList`.
        """
        answer = await self._engine.json(
            "NetworkList", "GET", "/networks", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("builtins.list[types.NetworkSummary]", answer)

    async def inspect(
        self,
        network: Named,
        *,
        verbose: bool | None = None,
        scope: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.NetworkInspect:
        """Everything that the engine knows of a network, with the containers in it, by their ids.

        `verbose` adds the swarm's services and tasks in it. `scope` (`"local"`, `"swarm"`) tells two of a name apart.
        Raises NotFound, BadRequest for a name that several have. API: `NetworkInspect`.
        """
        answer = await self._engine.json(
            "NetworkInspect",
            "GET",
            "/networks/{}",
            id_of(network),
            query={"verbose": verbose, "scope": scope},
            timeout=timeout,
        )
        return cast("types.NetworkInspect", answer)

    async def create(
        self,
        name: str,
        *,
        driver: str | None = None,
        subnet: str | None = None,
        gateway: str | None = None,
        ip_range: str | None = None,
        ipam: types.IPAMRequest | None = None,
        internal: bool | None = None,
        attachable: bool | None = None,
        ingress: bool | None = None,
        ipv4: bool | None = None,
        ipv6: bool | None = None,
        scope: str | None = None,
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        config_only: bool | None = None,
        config_from: str | None = None,
        config: types.NetworkCreateRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.NetworkCreateResponse:
        """A new network; gives its `Id`, and the engine's `Warning`, empty if there is none.

        `driver` is `bridge` unless set. Addresses come from where the engine likes, or from `subnet` (`"10.1.0.0/24"`),
        in which `gateway` is the host's own and `ip_range` (`"10.1.0.128/25"`) those that containers get. Several
        subnets, or a driver for addresses, are in `ipam`, the engine's own dict, instead. `internal` keeps the network
        from the world outside, `attachable` lets containers join a swarm's network, `ingress` makes it the one that
        publishes a swarm's ports. `ipv4` (EnableIPv4; on unless False, API 1.48) and `ipv6` (EnableIPv6) are the
        kinds of addresses, `scope` is `"local"` or `"swarm"`, `options` are the driver's. `config_only` makes a network
        that holds settings for others, which name it in `config_from`. What has no keyword goes into `config`, the
        engine's own dict; a field that both set is refused.

            await docker.networks.create("back", internal=True, subnet="10.1.0.0/24", gateway="10.1.0.1")

        The engine looks whether the name is in use: engines before API 1.44 do so only when told (CheckDuplicate), and
        are. Raises Conflict for a name in use, Forbidden for a subnet in use (ServerError on podman) and for a swarm's
        network outside of one (ServerError on dockerd 20.10), NotFound for a driver that is not there, which dockerd
        looks for for 15 seconds (ServerError on podman), BadRequest (ServerError on dockerd 20.10 and podman) for
        settings that the engine refuses, BadParameter for those that can't be sent. API: `NetworkCreate`.
        """
        keywords = {
            "name": name,
            "driver": driver,
            "subnet": _pool(subnet, gateway, ip_range, ipam),
            "ipam": ipam,
            "internal": internal,
            "attachable": attachable,
            "ingress": ingress,
            "ipv4": ipv4,
            "ipv6": ipv6,
            "scope": scope,
            "options": options,
            "labels": labels,
            "config_only": config_only,
            "config_from": config_from,
        }
        body = {"CheckDuplicate": True, **joined("config", config, _NETWORK, keywords)}
        answer = await self._engine.json(
            "NetworkCreate", "POST", "/networks/create", json=body, pace="slow", timeout=timeout
        )
        return cast("types.NetworkCreateResponse", answer)

    async def remove(self, network: Named, *, timeout: CallTimeout = UNSET) -> None:
        """Remove a network that no container uses that runs.

        Raises NotFound, and Forbidden for the engine's own networks, and while running containers are in it. podman
        removes it under them, and raises ServerError for its own. API: `NetworkDelete`.
        """
        await self._engine.call("NetworkDelete", "DELETE", "/networks/{}", id_of(network), pace="slow", timeout=timeout)

    async def connect(
        self,
        network: Named,
        container: Named,
        *,
        aliases: Sequence[str] | None = None,
        ip: str | None = None,
        ip6: str | None = None,
        link_local_ips: Sequence[str] | None = None,
        links: Mapping[str, str] | Sequence[str] | None = None,
        mac_address: str | None = None,
        driver_options: Mapping[str, str] | None = None,
        gw_priority: int | None = None,
        config: types.EndpointSettingsRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Put a container into a network, whether it runs or not.

        `aliases` are more names for it there. `ip`, `ip6` and `link_local_ips` are its addresses, from a network with a
        subnet of its own; `mac_address` too. `links` are other names, for it alone, of containers in the network:
        `{"db-1": "db"}`, or `["db-1:db"]`. `driver_options` are the driver's. The network with the highest
        `gw_priority` is the way out (0 unless set; API 1.48). What has no keyword goes into `config`, the
        engine's own dict (EndpointConfig); a field that both set is refused.

        Raises ContainerNotFound, NotFound, Forbidden where it is in it already, BadRequest (ServerError on dockerd
        20.10 and podman) for settings that the engine refuses, BadParameter for those that can't be sent. For a
        container that does not run, dockerd 20.10 checks the settings when it starts. API: `NetworkConnect`.
        """
        keywords = {
            "aliases": aliases,
            "ip": ip,
            "ip6": ip6,
            "link_local_ips": link_local_ips,
            "links": links,
            "mac_address": mac_address,
            "driver_options": driver_options,
            "gw_priority": gw_priority,
        }
        body: dict[str, object] = {"Container": id_of(container)}
        if endpoint := joined("config", config, _ENDPOINT, keywords):
            body["EndpointConfig"] = endpoint
        await self._engine.call(
            "NetworkConnect",
            "POST",
            "/networks/{}/connect",
            id_of(network),
            json=body,
            pace="slow",
            timeout=timeout,
        )

    async def disconnect(
        self, network: Named, container: Named, *, force: bool | None = None, timeout: CallTimeout = UNSET
    ) -> None:
        """Take a container out of a network; `force` also one that the engine does not know any more.

        Raises NotFound for a network or a container that is not there, ServerError for a container that is not in it.
        API: `NetworkDisconnect`.
        """
        body: dict[str, object] = {"Container": id_of(container)}
        if force is not None:
            body["Force"] = force
        await self._engine.call(
            "NetworkDisconnect",
            "POST",
            "/networks/{}/disconnect",
            id_of(network),
            json=body,
            pace="slow",
            timeout=timeout,
        )

    async def prune(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> types.NetworkPruneResponse:
        """Remove the networks that nothing is in, but the engine's own; gives their names.

        `until` (`"24h"`, or a time), `label` and `label!` choose among them. Raises BadRequest for a filter that the
        engine does not know (ServerError on podman), Conflict while another prune runs. API: `NetworkPrune`.
        """
        answer = await self._engine.json(
            "NetworkPrune",
            "POST",
            "/networks/prune",
            query={"filters": written(filters)},
            pace="slow",
            timeout=timeout,
        )
        return cast("types.NetworkPruneResponse", answer)


def _pool(
    subnet: str | None, gateway: str | None, ip_range: str | None, ipam: types.IPAMRequest | None
) -> builtins.list[dict[str, str]] | None:
    """The one pool of addresses that the keywords make."""
    if subnet is None:
        if gateway is not None or ip_range is not None:
            raise BadParameter("gateway= and ip_range= are of a subnet=")
        return None
    if ipam is not None and ipam.get("Config"):
        raise BadParameter("subnet= and ipam='s Config both name subnets: several stand in ipam=, all of them")
    pool = {"Subnet": subnet, "Gateway": gateway, "IPRange": ip_range}
    return [{name: value for name, value in pool.items() if value is not None}]


_NETWORK: Final[Fields] = {
    "name": (("Name", as_it_is),),
    "driver": (("Driver", as_it_is),),
    "subnet": (("IPAM.Config", as_it_is),),
    "ipam": (("IPAM", as_it_is),),
    "internal": (("Internal", as_it_is),),
    "attachable": (("Attachable", as_it_is),),
    "ingress": (("Ingress", as_it_is),),
    "ipv4": (("EnableIPv4", as_it_is),),
    "ipv6": (("EnableIPv6", as_it_is),),
    "scope": (("Scope", as_it_is),),
    "options": (("Options", mapping),),
    "labels": (("Labels", mapping),),
    "config_only": (("ConfigOnly", as_it_is),),
    "config_from": (("ConfigFrom.Network", as_it_is),),
}

_ENDPOINT: Final[Fields] = {
    "aliases": (("Aliases", strings),),
    "ip": (("IPAMConfig.IPv4Address", as_it_is),),
    "ip6": (("IPAMConfig.IPv6Address", as_it_is),),
    "link_local_ips": (("IPAMConfig.LinkLocalIPs", strings),),
    "links": (("Links", pairs),),
    "mac_address": (("MacAddress", as_it_is),),
    "driver_options": (("DriverOpts", mapping),),
    "gw_priority": (("GwPriority", as_it_is),),
}
