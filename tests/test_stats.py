"""What containers use: computed as the docker CLI does, on real engines and from what engines send."""

from __future__ import annotations

import json

import pytest
from scripted_server import ScriptedServer, answered, answering, chunk, follow, telling
from throwaway import container

from aiodockerhub import ContainerStats, Docker
from aiodockerhub.errors import APIError, Conflict, ContainerNotFound, ProtocolViolated, StreamBroken

BUSY = ["sh", "-c", "while :; do :; done"]

LINUX = {
    "read": "2026-11-25T04:25:46.713565328Z",
    "preread": "2026-11-25T04:25:45.701191848Z",
    "name": "/job",
    "id": "8fe4",
    "num_procs": 0,
    "pids_stats": {"current": 3, "limit": 18446744073709551615},
    "cpu_stats": {
        "cpu_usage": {"total_usage": 500_000_000, "percpu_usage": [1, 2]},
        "system_cpu_usage": 12_000_000_000,
        "online_cpus": 2,
        "throttling_data": {"periods": 0},
    },
    "precpu_stats": {"cpu_usage": {"total_usage": 100_000_000}, "system_cpu_usage": 10_000_000_000, "online_cpus": 2},
    "memory_stats": {"usage": 4000, "limit": 20_000, "stats": {"total_inactive_file": 1000, "inactive_file": 1}},
    "networks": {"eth0": {"rx_bytes": 5, "tx_bytes": 7}, "eth1": {"rx_bytes": 50, "tx_bytes": 70}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 8, "minor": 0, "op": "Read", "value": 100},
            {"major": 8, "minor": 16, "op": "read", "value": 11},
            {"major": 8, "minor": 0, "op": "Write", "value": 7},
            {"major": 8, "minor": 0, "op": "Total", "value": 107},
        ],
        "io_serviced_recursive": None,
    },
    "a field of tomorrow": {"x": [1]},
}

WINDOWS = {
    "read": "2026-11-25T04:25:46Z",
    "preread": "2026-11-25T04:25:45Z",
    "num_procs": 4,
    "cpu_stats": {"cpu_usage": {"total_usage": 30_000_000}},
    "precpu_stats": {"cpu_usage": {"total_usage": 10_000_000}},
    "memory_stats": {"commitbytes": 1, "privateworkingset": 123},
}

STOPPED = {"cause": "container is stopped", "message": "container is stopped", "response": 500}


async def of(*documents, **answer):
    """What comes of an engine's stream of these."""
    lines = (chunk(json.dumps(document).encode() + b"\n") for document in documents)
    async with serving(telling(*lines, **answer)) as (_, docker):
        return [stats async for stats in docker.containers.stats("job")]


class serving:  # noqa: N801  (used as a function is)
    """A server that answers `answer`, and its client."""

    def __init__(self, answer):
        says = {"/_ping": answered(b"OK", version="1.51"), "/containers/job/stats": answer}
        self._server = ScriptedServer(answering(lambda asked: says[asked.unversioned]))

    async def __aenter__(self):
        server = await self._server.__aenter__()
        self._docker = Docker(server.url)
        return server, await self._docker.__aenter__()

    async def __aexit__(self, *error):
        await self._docker.__aexit__(*error)
        await self._server.__aexit__(*error)


async def test_what_the_cli_shows_is_computed_as_the_cli_does():
    (stats,) = await of(LINUX)
    assert stats.cpu_percent == pytest.approx(40.0)  # 0.4 s of the 2 s that two processors spent, in 1 s
    assert stats.memory_used == 3000
    assert stats.memory_limit == 20_000
    assert stats.memory_percent == pytest.approx(15.0)
    assert (stats.network_received, stats.network_sent) == (55, 77)
    assert (stats.block_read, stats.block_written) == (111, 7)
    assert stats.pids.current == 3
    assert (stats.name, stats.id) == ("/job", "8fe4")
    assert stats.read is not None
    assert stats.read.microsecond == 713565


@pytest.mark.parametrize(
    ("changed", "shown", "value"),
    [
        ({"cpu_stats": {**LINUX["cpu_stats"], "online_cpus": 0}}, "cpu_percent", 40.0),
        ({"precpu_stats": {}}, "cpu_percent", 500 / 12_000 * 2 * 100),
        ({"precpu_stats": LINUX["cpu_stats"]}, "cpu_percent", 0.0),
        ({"cpu_stats": {}}, "cpu_percent", 0.0),
        ({"memory_stats": {"usage": 4000, "stats": {"inactive_file": 500}}}, "memory_used", 3500),
        ({"memory_stats": {"usage": 4000, "stats": {"inactive_file": 5000}}}, "memory_used", 4000),
        ({"memory_stats": {"usage": 4000}}, "memory_used", 4000),
        ({"memory_stats": {"usage": 4000}}, "memory_percent", 0.0),
        ({"memory_stats": {}}, "memory_used", 0),
        ({"networks": None}, "network_received", 0),
        ({"blkio_stats": {"io_service_bytes_recursive": None}}, "block_read", 0),
        ({"read": "0001-01-01T00:00:00Z"}, "cpu_percent", 40.0),
    ],
)
async def test_what_an_engine_leaves_out_counts_as_the_cli_counts_it(changed, shown, value):
    (stats,) = await of({**LINUX, **changed})
    assert getattr(stats, shown) == pytest.approx(value)


async def test_windows_counts_in_hundreds_of_nanoseconds():
    (stats, idle) = await of(WINDOWS, {**WINDOWS, "preread": WINDOWS["read"]})
    assert stats.cpu_percent == pytest.approx(50.0)  # 2 s of 1 s on four processors
    assert stats.memory_used == 123
    assert idle.cpu_percent == 0.0


async def test_the_same_stream_as_the_engines_own_dicts():
    async with serving(telling(chunk(json.dumps(LINUX).encode()))) as (server, docker):
        assert [raw async for raw in docker.containers.stats("job").raw] == [LINUX]
        assert server.asked[-1].target == "/v1.51/containers/job/stats?stream=1"


async def test_one_sample_is_asked_for_as_one():
    async with serving(answered(LINUX, version="1.51")) as (server, docker):
        assert (await docker.containers.stats_once({"Id": "job"})).cpu_percent == pytest.approx(40.0)
        assert server.asked[-1].target == "/v1.51/containers/job/stats?stream=0"
        assert isinstance(await docker.containers.stats_once("job"), ContainerStats)


async def test_a_no_after_a_head_that_said_yes_is_raised():
    with pytest.raises(Conflict, match="container is stopped"):
        await of(LINUX, STOPPED)
    async with serving(answered(STOPPED, version="1.51")) as (_, docker):
        with pytest.raises(Conflict, match="container is stopped") as raised:
            await docker.containers.stats_once("job")
        assert raised.value.path == "/containers/job/stats"
        with pytest.raises(Conflict):
            async for _ in docker.containers.stats("job").raw:
                pass
    with pytest.raises(APIError, match="no idea"):
        await of({"cause": "no idea", "message": "no idea", "response": 500})


async def test_what_is_no_sample_is_refused():
    with pytest.raises(StreamBroken):
        await of({"cpu_stats": "much"})
    async with serving(answered(b"much", version="1.51")) as (_, docker):
        with pytest.raises(ProtocolViolated):
            await docker.containers.stats_once("job")


async def test_a_container_that_is_about_to_stop_has_no_sample_on_podman():
    async with serving(answered(b"", version="1.51")) as (_, docker):
        with pytest.raises(
            Conflict, match=r"nothing is measured of container job now \(GET /v1.51/containers/job/stats"
        ):
            await docker.containers.stats_once("job")


async def test_a_stream_left_early_gives_its_connection_back():
    script = telling(chunk(json.dumps(LINUX).encode() + b"\n"), then=follow)

    async def stuck(peer):
        await script(peer)
        await peer.gone()

    async with serving(stuck) as (_, docker):
        async for stats in docker.containers.stats("job"):
            assert stats.pids.current == 3
            break
        async with docker.containers.stats("job"):
            pass
        assert docker.stats().open_streams == 0


# On real engines


async def test_a_container_that_works_is_seen_to(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, BUSY, memory="64m", cpus=0.2) as made:
        await docker.containers.start(made)
        seen = []
        async for stats in docker.containers.stats(made):
            seen.append(stats)
            # podman gives one in five seconds, and compares the first with the container's start
            if stats.cpu_percent and len(seen) >= (1 if engine.role == "podman" else 2):
                break
        stats = seen[-1]
        assert stats.id == made["Id"]
        assert 0 < stats.cpu_percent < 200
        assert 0 < stats.memory_used < 64 << 20
        assert stats.memory_limit == 64 << 20
        assert 0 < stats.memory_percent < 100
        assert stats.pids.current >= 1
        assert stats.networks
        once = await docker.containers.stats_once(made)
        assert once.cpu.cpu_usage.total_usage >= stats.cpu.cpu_usage.total_usage > 0
        assert once.cpu_percent >= 0


async def test_a_container_that_does_not_run_uses_nothing(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        if engine.role == "podman":
            with pytest.raises(Conflict, match="container is stopped"):
                await docker.containers.stats_once(made)
            with pytest.raises(Conflict, match="container is stopped"):
                await docker.containers.stats(made)
        else:
            stats = await docker.containers.stats_once(made)
            assert (stats.cpu_percent, stats.memory_used, stats.memory_percent, stats.pids.current) == (0.0, 0, 0.0, 0)
        for call in (docker.containers.stats_once, docker.containers.stats):
            with pytest.raises(ContainerNotFound, match="no-such-container"):
                await call("no-such-container")
