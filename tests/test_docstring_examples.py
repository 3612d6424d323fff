"""The examples that docstrings give run as they stand there, on an engine that has what they name."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import functools
import inspect
import re
import typing

import pytest
from remembering import asked, remembering
from rig.plugin import archive
from swarming import swarm_of
from test_docstrings import examples

from aiodockerhub import Credentials, Docker, Index, LocalHub, NotFound, Reference, Session

if typing.TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rig import Engine, Registry

EXAMPLES = {name.rpartition(" ")[0]: example for name, example in examples().items()}
NEW = ("docker.containers.attach", "docker.containers.create", "docker.images.save", "docker.networks.create")
"""They make what they need, but the image."""

IN_RUNNING = ("Duplex", "docker.containers.copy_to", "docker.containers.get_archive", "docker.exec.run")
"""They need a container that runs."""

IN_A_SWARM = (
    "docker.swarm.update",
    "docker.services.create",
    "docker.services.update",
    "docker.services.logs",
    "docker.nodes.update",
)
"""They need a swarm."""

newest = pytest.mark.parametrize("engine", ["newest"], indirect=True)


async def run(name: str, **names: object) -> dict[str, typing.Any]:
    """Run it, and give the names that it has set."""
    code = compile(EXAMPLES[name], name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    known: dict[str, typing.Any] = {"Credentials": Credentials, "Index": Index, "LocalHub": LocalHub}
    known |= {"Reference": Reference, "Session": Session, **names}
    running = eval(code, known)
    if inspect.iscoroutine(running):
        await running
    return known


async def printed(capsys: pytest.CaptureFixture[str], name: str, **names: object) -> str:
    """The first line that it prints, of one that has no end: it is cancelled then."""
    out, running = "", asyncio.create_task(run(name, **names))
    async with asyncio.timeout(60):
        while "\n" not in out:
            assert not running.done() or await running
            await asyncio.sleep(0.01)
            out += capsys.readouterr().out
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return out.partition("\n")[0]


@pytest.fixture
async def docker(
    engine: Engine, busybox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Docker]:
    """A client of an engine that has busybox:1.36, in a directory of its own; what examples make is removed."""
    monkeypatch.chdir(tmp_path)
    async with Docker(engine.base_url) as client:
        await client.images.tag(busybox, "busybox:1.36")
        yield client
        for container in ("job", "other", "web"):
            await gone(client.containers.remove(container, force=True, volumes=True))
        await gone(client.volumes.remove("data"))
        await gone(client.networks.remove("back"))
        for image in ("busybox:1.36", "shop/web:1", "shop/api:1"):
            await gone(client.images.remove(image))


async def gone(removal: typing.Awaitable[object]) -> None:
    with contextlib.suppress(NotFound):
        await removal


async def running(docker: Docker, name: str) -> None:
    await docker.containers.create("busybox:1.36", "sleep 600", name=name, init=True)
    await docker.containers.start(name)
    await docker.exec.run(name, "mkdir -p /data /srv /etc/job")


def test_every_example_is_run_here():
    assert len(EXAMPLES) == len(examples())
    alone = {"Index", "LocalHub", "Reference", "Session", "BulkStream", "docker.images.build_many"}
    alone |= {f"docker.containers.{name}" for name in ("logs", "run", "stats")}
    alone |= {"docker.plugins.install", "docker.volumes.update"}
    assert set(EXAMPLES) == {*NEW, *IN_RUNNING, *IN_A_SWARM} | alone


async def test_a_reference_is_taken_apart():
    await run("Reference")


@pytest.mark.parametrize("name", ["LocalHub", "Session"])
async def test_what_needs_no_engine(name: str):
    await run(name)


async def test_a_repository_is_made_in_an_index():
    async with LocalHub(users={"me": "secret"}) as hub:
        image_id = "0123456789abcdef" * 4
        made = await run("Index", Index=functools.partial(Index, hub.url), image_id=image_id)
    assert made["grant"].token is not None


async def test_a_cluster_volume_is_drained():
    there = {"Name": "data", "ClusterVolume": {"ID": "v1", "Version": {"Index": 7}, "Spec": {"Group": "a"}}}
    async with remembering(there) as docker:
        await run("docker.volumes.update", docker=docker)
        sent = {"Spec": {"Group": "a", "Availability": "drain"}}
        assert asked(docker) == ("PUT /volumes/v1", {"version": "7"}, sent)


@newest
@pytest.mark.parametrize("name", NEW)
async def test_what_makes_what_it_needs(docker: Docker, name: str):
    await run(name, docker=docker)


@newest
@pytest.mark.parametrize("name", IN_RUNNING)
async def test_what_needs_a_container_that_runs(docker: Docker, tmp_path: Path, name: str):
    (tmp_path / "settings.toml").write_text("answer = 41")
    for container in ("job", "other", "web"):
        await running(docker, container)
    created = await docker.exec.create("job", "sh", stdin=True)
    await run(name, docker=docker, created=created)


@newest
async def test_figures_are_printed_as_they_come(docker: Docker, capsys: pytest.CaptureFixture[str]):
    await running(docker, "job")
    assert re.fullmatch(r"\d+\.\d % \d+ MiB", await printed(capsys, "docker.containers.stats", docker=docker))


@newest
async def test_a_plugin_is_installed_with_what_it_may(docker: Docker, crane: Registry, monkeypatch: pytest.MonkeyPatch):
    remote, example = f"{crane.address}/vieux/sshfs", EXAMPLES["docker.plugins.install"]
    monkeypatch.setitem(EXAMPLES, "docker.plugins.install", example.replace("vieux/sshfs", remote))
    try:
        await docker.plugins.create(remote, archive(capabilities=()))
        await docker.plugins.push(remote)
        await docker.plugins.remove(remote)
        await run("docker.plugins.install", docker=docker)
        assert (await docker.plugins.inspect("sshfs"))["Enabled"]
    finally:
        for name in (remote, "sshfs"):
            await gone(docker.plugins.remove(name, force=True))


@newest
async def test_a_swarm_and_what_runs_in_it(
    docker: Docker, engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    host, example = (await docker.info())["Name"], EXAMPLES["docker.nodes.update"]
    monkeypatch.setitem(EXAMPLES, "docker.nodes.update", example.replace("worker-1", host))
    await docker.images.tag("busybox:1.36", "busybox:1.37")
    with swarm_of(engine):
        await run("docker.swarm.update", docker=docker)
        assert (await docker.swarm.inspect())["Spec"]["Labels"] == {"site": "b"}
        await run("docker.services.create", docker=docker)
        await docker.services.remove("web")  # its tasks take their time to end, and write nothing
        quick: typing.Any = {"stop_grace_period": 1, "restart_delay": 0, "update_monitor": 0.1}
        command = ["sh", "-c", 'echo up; trap "exit 0" TERM; while :; do sleep 0.05; done']
        await docker.services.create("busybox:1.36", command, name="web", **quick)
        await run("docker.services.update", docker=docker)
        assert (await docker.services.inspect("web"))["Spec"]["Mode"] == {"Replicated": {"Replicas": 3}}
        line = await printed(capsys, "docker.services.logs", docker=docker)
        assert re.fullmatch(r"stdout com\.docker\.swarm\.\S+ up", line)
        await run("docker.nodes.update", docker=docker)
        assert (await docker.nodes.inspect(host))["Spec"]["Availability"] == "drain"
        await docker.services.remove("web")
    await gone(docker.images.remove("busybox:1.37"))


@newest
async def test_a_command_in_a_container_of_its_own(docker: Docker, capsys: pytest.CaptureFixture[str]):
    await run("docker.containers.run", docker=docker)
    assert capsys.readouterr().out == "hello\n\n"


@newest
async def test_followed_logs(docker: Docker, capsys: pytest.CaptureFixture[str]):
    await docker.containers.create("busybox:1.36", "echo hello", name="job")
    await docker.containers.start("job")
    await run("docker.containers.logs", docker=docker)
    assert capsys.readouterr().out == "stdout hello\n"


@newest
async def test_many_builds(docker: Docker, tmp_path: Path):
    for name in ("web", "api"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM scratch\nARG DEBUG\nLABEL a=$DEBUG\n")
    await run("docker.images.build_many", docker=docker)
    assert (await docker.images.inspect("shop/api:1"))["Config"]["Labels"] == {"a": "1"}


@newest
async def test_many_pulls(docker: Docker, crane: Registry, capsys: pytest.CaptureFixture[str]):
    await run("BulkStream", docker=docker, references=[f"{crane.address}/nobody:1"])
    assert "1 failed" in capsys.readouterr().out
