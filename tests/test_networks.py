"""Networks: what is sent, and how engines make, join, leave and remove them."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from on_roles import on_dockers
from remembering import asked, remembering
from swarming import swarm_of
from throwaway import container, new_name

from aiodockerhub import (
    BadParameter,
    BadRequest,
    Conflict,
    ContainerNotFound,
    Docker,
    Forbidden,
    NotFound,
    ServerError,
    VersionTooLow,
)

SLEEP = ["sleep", "1000"]


@pytest.fixture
async def docker(engine):
    async with Docker(engine.base_url) as client:
        yield client


@contextlib.asynccontextmanager
async def network(docker, name, **settings):
    """A network that is gone at the end, also when the test has removed it."""
    made = await docker.networks.create(name, **settings)
    try:
        yield made
    finally:
        with contextlib.suppress(NotFound):
            await docker.networks.remove(made)


async def own_subnet(docker):
    """The last subnet of those that the rig leaves to this engine, which takes them from the first on."""
    (bridge,) = (await docker.networks.inspect("bridge"))["IPAM"]["Config"]
    _, number, place, _ = bridge["Subnet"].split(".")
    return ipaddress.ip_network(f"10.{number}.{int(place) * 32 + 31}.192/26")


# On a server that remembers


async def test_every_parameter_of_a_network_is_sent_as_the_engine_spells_it():
    async with remembering([]) as docker:
        networks = docker.networks
        await networks.list(filters={"type": "custom", "label": ["a=b", "c"]})
        assert asked(docker) == ("GET /networks", {"filters": '{"type":["custom"],"label":["a=b","c"]}'}, None)
        await networks.list()
        assert asked(docker) == ("GET /networks", {}, None)
        await networks.inspect("back", verbose=True, scope="swarm")
        assert asked(docker) == ("GET /networks/back", {"verbose": "1", "scope": "swarm"}, None)
        await networks.inspect({"Id": "1d"})
        assert asked(docker) == ("GET /networks/1d", {}, None)
        await networks.remove({"Id": "1d"})
        assert asked(docker) == ("DELETE /networks/1d", {}, None)
        await networks.prune(filters={"until": "24h", "label!": "keep"})
        assert asked(docker) == ("POST /networks/prune", {"filters": '{"until":["24h"],"label!":["keep"]}'}, None)


async def test_a_network_is_made_of_its_keywords():
    async with remembering() as docker:
        await docker.networks.create("back")
        assert asked(docker) == ("POST /networks/create", {}, {"CheckDuplicate": True, "Name": "back"})
        await docker.networks.create(
            "back",
            driver="overlay",
            subnet="10.1.0.0/24",
            gateway="10.1.0.1",
            ip_range="10.1.0.128/25",
            ipam={"Driver": "default", "Options": {"a": "b"}},
            internal=True,
            attachable=True,
            ingress=False,
            ipv4=True,
            ipv6=False,
            scope="swarm",
            options={"encrypted": ""},
            labels={"a": "b"},
            config_only=False,
            config_from="other",
        )
        assert asked(docker)[2] == {
            "CheckDuplicate": True,
            "Name": "back",
            "Driver": "overlay",
            "IPAM": {
                "Config": [{"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1", "IPRange": "10.1.0.128/25"}],
                "Driver": "default",
                "Options": {"a": "b"},
            },
            "Internal": True,
            "Attachable": True,
            "Ingress": False,
            "EnableIPv4": True,
            "EnableIPv6": False,
            "Scope": "swarm",
            "Options": {"encrypted": ""},
            "Labels": {"a": "b"},
            "ConfigOnly": False,
            "ConfigFrom": {"Network": "other"},
        }
        pools = [{"Subnet": "10.1.0.0/24"}, {"Subnet": "fd00::/64"}]
        await docker.networks.create("back", ipam={"Config": pools}, config={"Labels": {"a": "b"}})
        assert asked(docker)[2] == {
            "CheckDuplicate": True,
            "Name": "back",
            "IPAM": {"Config": pools},
            "Labels": {"a": "b"},
        }
        await docker.networks.create("back", config={"CheckDuplicate": False})
        assert asked(docker)[2] == {"CheckDuplicate": False, "Name": "back"}


async def test_a_container_joins_and_leaves_by_keywords():
    async with remembering() as docker:
        networks = docker.networks
        await networks.connect("back", {"Id": "c1"})
        assert asked(docker) == ("POST /networks/back/connect", {}, {"Container": "c1"})
        await networks.connect(
            {"Id": "1d"},
            "job",
            aliases=["a"],
            ip="10.1.0.5",
            ip6="fd00::5",
            link_local_ips=["169.254.1.5"],
            links={"db-1": "db"},
            mac_address="02:42:ac:11:00:05",
            driver_options={"a": "b"},
            gw_priority=5,
            config={"IPAMConfig": {"IPv4Address": "10.1.0.5"}, "Aliases": ["a"]},
        )
        endpoint = {
            "IPAMConfig": {"IPv4Address": "10.1.0.5", "IPv6Address": "fd00::5", "LinkLocalIPs": ["169.254.1.5"]},
            "Aliases": ["a"],
            "Links": ["db-1:db"],
            "MacAddress": "02:42:ac:11:00:05",
            "DriverOpts": {"a": "b"},
            "GwPriority": 5,
        }
        body = {"Container": "job", "EndpointConfig": endpoint}
        assert asked(docker) == ("POST /networks/1d/connect", {}, body)
        await networks.connect("back", "job", links=["db-1:db"])
        assert asked(docker)[2] == {"Container": "job", "EndpointConfig": {"Links": ["db-1:db"]}}
        await networks.disconnect("back", "job")
        assert asked(docker) == ("POST /networks/back/disconnect", {}, {"Container": "job"})
        await networks.disconnect({"Id": "1d"}, {"Id": "c1"}, force=True)
        assert asked(docker) == ("POST /networks/1d/disconnect", {}, {"Container": "c1", "Force": True})


async def test_what_can_not_be_sent_is_refused_before_anything_is_sent():
    async with remembering() as docker:
        for settings, words in (
            ({"gateway": "10.1.0.1"}, "are of a subnet="),
            ({"ip_range": "10.1.0.0/25"}, "are of a subnet="),
            ({"subnet": "10.1.0.0/24", "ipam": {"Config": [{"Subnet": "10.2.0.0/24"}]}}, "both name subnets"),
            ({"driver": "bridge", "config": {"Driver": "overlay"}}, "driver= and config's Driver are both set"),
            ({"options": {"mtu": 1400}}, "options: 'mtu': a string is needed"),
        ):
            with pytest.raises(BadParameter, match=words):
                await docker.networks.create("back", **settings)
        with pytest.raises(BadParameter, match="aliases: a list is needed, not str"):
            await docker.networks.connect("back", "job", aliases="a")
        with pytest.raises(BadParameter, match=r"ip= and config's IPAMConfig\.IPv4Address are both set"):
            await docker.networks.connect(
                "back", "job", ip="10.1.0.5", config={"IPAMConfig": {"IPv4Address": "10.1.0.6"}}
            )
        assert docker.server.asked == []


async def test_what_is_newer_than_the_engine_is_not_sent():
    async with remembering(version="1.47") as docker:
        for call in (docker.networks.create("back", ipv4=False), docker.networks.connect("back", "job", gw_priority=1)):
            with pytest.raises(VersionTooLow, match=r"needs engine API 1\.48 or newer, this engine speaks 1\.47"):
                await call


# On engines


async def test_a_network_lives_from_create_to_remove(docker, engine):
    name, subnet = new_name(), await own_subnet(docker)
    addresses = {"subnet": str(subnet), "gateway": str(subnet[1]), "ip_range": str(next(subnet.subnets()))}
    settings = {"internal": True, "labels": {"test": name}, "options": {"com.docker.network.driver.mtu": "1400"}}
    async with network(docker, name, driver="bridge", **addresses, **settings) as made:
        told = await docker.networks.inspect(made)
        assert told["Name"] == name
        assert told["Internal"]
        assert told["Labels"] == {"test": name}
        (pool,) = told["IPAM"]["Config"]
        assert (pool["Subnet"], pool["Gateway"]) == (addresses["subnet"], addresses["gateway"])
        assert "1400" in told["Options"].values()
        (listed,) = await docker.networks.list(filters={"label": f"test={name}"})
        assert listed["Id"] == made["Id"]
        with pytest.raises(Conflict, match="already exists"):
            await docker.networks.create(name)
        await docker.networks.remove(listed)
        with pytest.raises(NotFound, match="not found"):
            await docker.networks.inspect(made)
        with pytest.raises(NotFound, match="not found"):
            await docker.networks.remove(name)


async def test_a_container_joins_is_found_and_leaves(docker, engine, busybox):
    name, subnet = new_name(), await own_subnet(docker)
    own_address = str(subnet[40])
    podman = engine.role == "podman"
    async with (
        network(docker, name, subnet=str(subnet)) as made,
        container(docker, busybox, SLEEP) as one,
        container(docker, busybox, SLEEP) as other,
    ):
        await docker.containers.start(one)
        await docker.containers.start(other)
        with pytest.raises(BadRequest if engine.role in ("stable", "newest") else ServerError, match=r"192\.0\.2\.1"):
            await docker.networks.connect(made, one, ip="192.0.2.1")
        await docker.networks.connect(made, one, ip=own_address, aliases=["web"])
        await docker.networks.connect(made, other, links={one["Id"]: "linked"})
        inside = (await docker.networks.inspect(made))["Containers"]
        assert set(inside) == {one["Id"], other["Id"]}
        assert inside[one["Id"]]["IPv4Address"] == f"{own_address}/26"
        endpoint = (await docker.containers.inspect(one))["NetworkSettings"]["Networks"][name]
        assert "web" in endpoint["Aliases"]
        with pytest.raises(Forbidden, match=r"already (exists|connected)"):
            await docker.networks.connect(made, one)
        if not podman:  # it removes the network, and leaves its bridge behind
            with pytest.raises(Forbidden, match="active endpoints"):
                await docker.networks.remove(made)
        assert not (await docker.networks.prune(filters={"label": name}))["NetworksDeleted"]
        await docker.networks.disconnect(made, one)
        await docker.networks.disconnect(made, other, force=True)
        assert (await docker.networks.inspect(made))["Containers"] in ({}, None)
        with pytest.raises(ServerError, match="not connected"):
            await docker.networks.disconnect(made, one)


async def test_a_container_is_made_in_the_networks_that_it_is_given(docker, engine, busybox):
    back, front = new_name(), new_name()
    async with network(docker, back), network(docker, front):
        async with container(docker, busybox, SLEEP, networks={back: {"Aliases": ["db"]}}) as one:
            await docker.containers.start(one)
            told = (await docker.containers.inspect(one))["NetworkSettings"]["Networks"]
            assert list(told) == [back]
            assert "db" in told[back]["Aliases"]
            said = await docker.containers.run(busybox, "nslookup db", networks=[back])
            assert "Name:" in said.stdout.decode()
        if engine.role == "oldest":
            with pytest.raises(BadRequest, match="cannot be connected to network endpoints"):
                await docker.containers.create(busybox, SLEEP, networks=[back, front])
            return
        async with container(docker, busybox, SLEEP, networks=[back, front]) as both:
            await docker.containers.start(both)
            assert set((await docker.containers.inspect(both))["NetworkSettings"]["Networks"]) == {back, front}


async def test_a_network_is_taken_from_a_container_that_does_not_run(docker, busybox):
    name = new_name()
    async with network(docker, name) as made, container(docker, busybox, SLEEP, network_mode=name) as idle:
        await docker.networks.remove(made)
        with pytest.raises(NotFound, match="not found"):
            await docker.networks.inspect(made)
        assert (await docker.containers.inspect(idle))["State"]["Status"] == "created"


async def test_a_prune_removes_what_nothing_is_in(docker):
    label = new_name()
    async with network(docker, new_name(), labels={label: ""}) as made:
        name = (await docker.networks.inspect(made))["Name"]
        assert (await docker.networks.prune(filters={"label": label}))["NetworksDeleted"] == [name]
        with pytest.raises(NotFound, match="not found"):
            await docker.networks.inspect(made)


async def test_settings_are_kept_for_other_networks(docker, engine):
    subnet = str(await own_subnet(docker))
    async with (
        network(docker, new_name(), config_only=True, subnet=subnet) as settings,
        network(docker, new_name(), config_from=(await docker.networks.inspect(settings))["Name"]) as made,
    ):
        told = await docker.networks.inspect(made)
        if engine.role == "podman":  # takes both for usual networks, without a word
            assert told["IPAM"]["Config"][0]["Subnet"] != subnet
        else:
            assert told["IPAM"]["Config"][0]["Subnet"] == subnet


async def test_engines_refuse_in_their_own_words(docker, engine):
    podman, networks = engine.role == "podman", docker.networks
    newer = engine.role in ("stable", "newest")
    (bridge,) = (await networks.inspect("bridge"))["IPAM"]["Config"]
    for call, error, words in (
        (networks.list(filters={"odd": "x"}), *((ServerError, "invalid filter") if podman else (BadRequest, "'odd'"))),
        (networks.create(new_name(), subnet="odd"), BadRequest if newer else ServerError, "(?i)invalid (subnet|CIDR)"),
        (
            networks.create(new_name(), subnet=bridge["Subnet"]),
            *((ServerError, "already used") if podman else (Forbidden, "overlaps")),
        ),
        (
            networks.remove("bridge"),
            *((ServerError, "default network") if podman else (Forbidden, "pre-defined network")),
        ),
        (networks.connect("bridge", "odd"), ContainerNotFound, "(?i)no such container"),
        (networks.connect("odd", "odd"), ContainerNotFound, "(?i)no such container"),
        (networks.disconnect("odd", "odd"), NotFound, "not found|(?i:no such container)"),
        (
            networks.create(new_name(), driver="overlay"),
            Forbidden if newer else ServerError,
            'driver or plugin "overlay"' if podman else "not a swarm manager",
        ),
    ):
        with pytest.raises(error, match=words):
            await call


async def test_a_network_without_ipv4(docker, engine):
    if engine.role == "newest":
        async with network(docker, new_name(), ipv4=False, ipv6=True) as made:
            told = await docker.networks.inspect(made)
            assert (told["EnableIPv4"], told["EnableIPv6"]) == (False, True)
    else:
        with pytest.raises(VersionTooLow, match="EnableIPv4"):
            await docker.networks.create(new_name(), ipv4=False, ipv6=True)


@on_dockers
async def test_a_network_of_a_swarm(docker, engine):
    with swarm_of(engine):
        async with network(docker, new_name(), driver="overlay", attachable=True) as made:
            told = await docker.networks.inspect(made, verbose=True, scope="swarm")
            assert (told["Scope"], told["Attachable"], told["Containers"]) == ("swarm", True, None)
        with pytest.raises(Conflict, match="is already present"):
            await docker.networks.create(new_name(), driver="overlay", ingress=True)
