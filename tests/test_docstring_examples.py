"""The examples that docstrings give run as they stand there, on an engine that has what they name."""

from __future__ import annotations

import ast
import contextlib
import inspect
import typing

import pytest
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

ELSEWHERE = {
    "Index": "asks Docker Hub",
    "docker.containers.stats": "has no end",
    "docker.nodes.update": "needs a swarm of several nodes",
    "docker.plugins.install": "needs a plugin of Docker Hub",
    "docker.services.create": "needs a swarm",
    "docker.services.logs": "needs a swarm, and has no end",
    "docker.services.update": "needs a swarm",
    "docker.swarm.update": "needs a swarm",
    "docker.volumes.update": "needs a swarm, and a driver for its volumes",
}
"""What does not run here, and why."""

newest = pytest.mark.parametrize("engine", ["newest"], indirect=True)


async def run(name: str, **names: object) -> None:
    code = compile(EXAMPLES[name], name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    known = {"Credentials": Credentials, "Index": Index, "LocalHub": LocalHub, "Session": Session}
    running = eval(code, {"Reference": Reference, **known, **names})
    if inspect.iscoroutine(running):
        await running


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


def test_every_example_runs_or_says_why_not():
    assert len(EXAMPLES) == len(examples())
    elsewhere = {"LocalHub", "Reference", "Session", "BulkStream", "docker.images.build_many"}
    alone = {"docker.containers.logs", "docker.containers.run"}
    assert set(EXAMPLES) == {*NEW, *IN_RUNNING, *ELSEWHERE} | elsewhere | alone


async def test_a_reference_is_taken_apart():
    await run("Reference")


@pytest.mark.parametrize("name", ["LocalHub", "Session"])
async def test_what_needs_no_engine(name: str):
    await run(name)


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
