"""One command in a container of its own, which is gone afterwards, whatever happens."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from aiodockerhub import BadParameter, Completed, ContainerFailed, Docker, DockerError, ImageNotFound, TimedOut


@pytest.fixture
def label():
    return {"test": uuid.uuid4().hex[:12]}


@pytest.fixture
async def docker(engine, label):
    """Fails a test that leaves a container of its label behind."""
    async with Docker(engine.base_url) as docker:
        yield docker
        left = await docker.containers.list(all=True, filters={"label": f"test={label['test']}"})
        for container in left:
            await docker.containers.remove(container, force=True)
        assert left == []


async def test_a_command_gives_what_it_wrote_and_its_container_is_gone(docker, busybox, label):
    run = docker.containers.run
    assert await run(busybox, ["echo", "hello"], labels=label) == Completed(0, b"hello\n", b"")
    talked = await run(busybox, ["sh", "-c", "cat; echo done >&2"], stdin=b"x" * 1_000_000, labels=label)
    assert talked == Completed(0, b"x" * 1_000_000, b"done\n")
    assert await run(busybox, "tty", tty=True, labels=label) == Completed(0, b"/dev/pts/0\r\n", b"")
    failed = await run(busybox, ["sh", "-c", "exit 3"], check=False, labels=label)
    assert failed == Completed(3, b"", b"")
    with pytest.raises(ContainerFailed, match="ended with 3: what went wrong") as caught:
        await run(busybox, ["sh", "-c", "echo out; echo what went wrong >&2; exit 3"], labels=label)
    assert caught.value.exit_code == caught.value.code == 3
    assert caught.value.stderr == b"what went wrong\n"


async def test_what_goes_wrong_on_the_way_leaves_no_container(docker, busybox, label):
    run = docker.containers.run
    with pytest.raises(DockerError, match="nosuch"):
        await run(busybox, "nosuch", labels=label)
    with pytest.raises(TimedOut):
        await run(busybox, "sleep 100", labels=label, timeout=0.5)
    with pytest.raises(ImageNotFound):
        await run("nosuch:never", "true", labels=label, pull="never")
    with pytest.raises(BadParameter, match="auto_remove"):
        await run(busybox, "true", labels=label, auto_remove=True)
    with pytest.raises(BadParameter, match="pull: 'sometimes' is none of missing, always, never"):
        await run(busybox, "true", labels=label, pull="sometimes")
    with pytest.raises(BadParameter, match="stdin: with detach=True nobody feeds it"):
        await run(busybox, "cat", labels=label, stdin=b"x", detach=True)
    with pytest.raises(BadParameter, match="an async iterable of bytes is needed, not str"):
        await run(busybox, "cat", labels=label, stdin="x")

    async def broken():
        yield b"some"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(busybox, "cat", stdin=broken(), labels=label)

    async def lines():
        yield "some"

    with pytest.raises(BadParameter, match="bytes are needed, and str came"):
        await run(busybox, "cat", stdin=lines(), labels=label)


async def test_cancelled_at_any_moment_it_leaves_no_container(docker, busybox, label):
    ends = 0
    for moment in range(12):
        running = docker.containers.run(busybox, ["sh", "-c", "cat; sleep 0.1"], stdin=b"x", labels=label)
        task = asyncio.create_task(running)
        await asyncio.wait([task], timeout=moment * 0.04)
        task.cancel()
        await asyncio.wait([task])
        ends += not task.cancelled()
        assert await docker.containers.list(all=True, filters={"label": f"test={label['test']}"}) == []
        if ends > 2:
            break
    assert docker.stats().open_streams == 0


@pytest.mark.parametrize("engine", ["newest", "podman"], indirect=True)
async def test_an_image_that_is_missing_is_pulled(docker, busybox, crane, label):
    name = f"{crane.address}/missing:{label['test']}"
    await docker.images.tag(busybox, name)
    await docker.images.push(name)
    await docker.images.remove(name)
    with pytest.raises(ImageNotFound):
        await docker.containers.run(name, "true", pull="never", labels=label)
    for pull in ("missing", "never", "always"):
        assert (await docker.containers.run(name, ["echo", "there"], pull=pull, labels=label)).stdout == b"there\n"
    await docker.images.remove(name)


async def test_detached_it_runs_on(docker, busybox, label):
    made = await docker.containers.run(busybox, "sleep 1000", detach=True, labels=label)
    assert (await docker.containers.inspect(made))["State"]["Running"]
    await docker.containers.kill(made)
    await docker.containers.remove(made, force=True)
    with pytest.raises(DockerError, match="nosuch"):
        await docker.containers.run(busybox, "nosuch", detach=True, labels=label)
