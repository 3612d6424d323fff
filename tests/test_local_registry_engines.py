"""Real engines and tools push to LocalHub's registry and pull from it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from registry_peer import INDEX, Peer, index
from rig.roots import root as debian

from aiodockerhub import Credentials, Docker
from aiodockerhub.errors import DockerError, ImageNotFound, Unauthorized
from aiodockerhub.local import LocalHub

if TYPE_CHECKING:
    from rig import Engine, Rig

    from aiodockerhub import Pushed, PushProgress, Stream

USERS = {"alice": "wonderland", "bob": "builder"}
ALICE, BOB = Credentials("alice", "wonderland"), Credentials("bob", "builder")
IN_ROOT = Path(__file__).parent / "rig" / "in_root.sh"

engines = pytest.mark.parametrize("engine", ["oldest", "newest", "podman"], indirect=True)


def make_hub(rig: Rig, root: Path | None = None, **options) -> LocalHub:
    return LocalHub(users=USERS, port=rig.hub_port, root=root, **options)


async def build(docker: Docker, busybox: str, name: str) -> str:
    """An image of busybox and a layer that is new; its id."""
    dockerfile = f"FROM {busybox}\nRUN head -c 300000 /dev/urandom > /random\n"
    built = await docker.images.build(fileobj=dockerfile, tag=name, rm=True)
    return built.id


async def until_refused(push: Stream[PushProgress, Pushed]) -> tuple[str, str]:
    """What was told before the error, and the error."""
    told = ""
    try:
        async for step in push:
            told += f"{step.status}\n"
    except DockerError as error:
        return told, str(error)
    pytest.fail("it was not refused")


@engines
@pytest.mark.parametrize("where", ["memory", "folder"])
async def test_an_engine_pushes_and_pulls(engine: Engine, busybox: str, rig: Rig, tmp_path: Path, where: str) -> None:
    hub = make_hub(rig, tmp_path / "root" if where == "folder" else None)
    async with Docker(engine.base_url) as docker:
        async with hub:
            name = f"{hub.registry}/alice/app-{engine.role}"
            built = await build(docker, busybox, f"{name}:1.0")
            pushed = await docker.images.push(f"{name}:1.0", auth=ALICE)
            await docker.images.remove(f"{name}:1.0")
        async with hub:  # what was pushed is there after a restart
            pulled = await docker.images.pull(f"{name}:1.0")  # without an account
            assert pulled.id == built
            assert pulled.digest == pushed.digest
            await docker.images.remove(f"{name}:1.0")
            by_digest = await docker.images.pull(f"{name}@{pushed.digest}", auth=BOB)
            assert by_digest.id == built
            with pytest.raises(ImageNotFound):
                await docker.images.pull(f"{name}:2.0")
            await docker.images.remove(built, force=True)


@engines
async def test_what_an_engine_pushes_again_is_not_sent_again(engine: Engine, busybox: str, rig: Rig) -> None:
    async with make_hub(rig) as hub, Docker(engine.base_url) as docker:
        first, second = (f"{hub.registry}/alice/{name}:1.0" for name in ("first", "second"))
        built = await build(docker, busybox, first)
        await docker.images.push(first, auth=ALICE)
        await docker.images.tag(first, second)
        sent = len(hub.requests)
        await docker.images.push(second, auth=ALICE)
        mounted = [asked for asked in hub.requests[sent:] if "mount=" in asked.path]
        assert len(mounted) >= 2
        assert {asked.status for asked in mounted} == {201}
        await docker.images.remove(built, force=True)


@engines
async def test_an_engine_is_refused_where_it_may_not(engine: Engine, busybox: str, rig: Rig) -> None:
    async with make_hub(rig, anonymous_pull=False) as hub, Docker(engine.base_url) as docker:
        name = f"{hub.registry}/alice/private:1.0"
        await docker.images.tag(busybox, name)
        with pytest.raises(DockerError, match=r"(?i)denied|unauthorized|authentication required"):
            await docker.images.push(name, auth=BOB)
        told, error = await until_refused(docker.images.push(name, auth=Credentials("alice", "wrong")))
        assert re.search(r"(?i)denied|unauthorized|authentication required", error)
        assert "Retrying" not in told
        await docker.images.push(name, auth=ALICE)
        await docker.images.remove(name)
        with pytest.raises(DockerError, match=r"(?i)denied|unauthorized|authentication required"):
            await docker.images.pull(name)
        await docker.images.pull(name, auth=BOB)
        await docker.images.remove(name)


@engines
async def test_an_engine_logs_in_by_basic_authentication_too(engine: Engine, busybox: str, rig: Rig) -> None:
    async with make_hub(rig, auth="basic") as hub, Docker(engine.base_url) as docker:
        name = f"{hub.registry}/alice/basic:1.0"
        await docker.images.tag(busybox, name)
        await docker.images.push(name, auth=ALICE)
        await docker.images.remove(name)
        await docker.images.pull(name, auth=ALICE)
        await docker.images.remove(name)
        with pytest.raises(Unauthorized):
            await docker.images.pull(name, auth=Credentials("alice", "wrong"))


# Tools


async def tool(suite: str, *command: str, folder: Path) -> str:
    """What a tool of a Debian prints; it sees no files but /tmp's, and keeps its passwords in `folder`."""
    process = await asyncio.create_subprocess_exec(
        IN_ROOT,
        debian(suite),
        *command,
        env={**os.environ, "DOCKER_CONFIG": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.fixture
async def hub(rig: Rig):
    """It holds alice/app:1.0, of two layers, and alice/app:all, an index of it."""
    async with make_hub(rig) as running, Peer(running) as peer:
        headers = {"Authorization": "Basic " + base64.b64encode(b"alice:wonderland").decode()}
        config = b'{"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}'
        await peer.push_image("alice/app", "1.0", os.urandom(300_000), b"two", config=config, headers=headers)
        child = (await peer.ask("GET", "alice/app/manifests/1.0")).body
        assert (await peer.push_manifest("alice/app", "all", index(child), INDEX, headers=headers)).status == 201
        yield running


@pytest.mark.parametrize("tag", ["1.0", "all"])
async def test_crane_copies_lists_and_deletes(hub: LocalHub, tmp_path: Path, tag: str) -> None:
    async def crane(*arguments: str) -> str:
        return await tool("sid", "crane", *arguments, folder=tmp_path)

    source, target = f"{hub.registry}/alice/app", f"{hub.registry}/alice/copy"
    await crane("auth", "login", hub.registry, "-u", "alice", "-p", "wonderland")
    await crane("copy", f"{source}:{tag}", f"{target}:{tag}")
    digest = (await crane("digest", f"{source}:{tag}")).strip()
    assert (await crane("digest", f"{target}:{tag}")).strip() == digest
    assert (await crane("ls", target)).split() == [tag]
    assert (await crane("catalog", hub.registry)).split() == ["alice/app", "alice/copy"]
    await crane("delete", f"{target}@{digest}")
    with pytest.raises(AssertionError, match="MANIFEST_UNKNOWN"):
        await crane("manifest", f"{target}:{tag}")


@pytest.mark.parametrize("tag", ["1.0", "all"])
async def test_skopeo_copies_out_and_in_again(hub: LocalHub, tmp_path: Path, tag: str) -> None:
    async def skopeo(*arguments: str) -> str:
        return await tool("trixie", "skopeo", "--insecure-policy", *arguments, folder=tmp_path)

    source, target = f"docker://{hub.registry}/alice/app:{tag}", f"docker://{hub.registry}/alice/copy:{tag}"
    layout = f"oci:{tmp_path}/layout:{tag}"
    await skopeo("copy", "--all", "--src-tls-verify=false", source, layout)
    put = ("copy", "--all", "--dest-tls-verify=false", "--dest-creds", "alice:wonderland")
    await skopeo(*put, layout, target)
    kept, copied = [await skopeo("inspect", "--raw", "--tls-verify=false", name) for name in (source, target)]
    assert kept == copied
    await skopeo(*put, "--src-tls-verify=false", source, target.replace("copy", "direct"))
    listed = await skopeo("list-tags", "--tls-verify=false", target.rpartition(":")[0])
    assert json.loads(listed)["Tags"] == [tag]
    with pytest.raises(AssertionError, match=r"denied|unauthorized"):
        await skopeo("copy", "--all", "--dest-tls-verify=false", "--dest-creds", "bob:builder", layout, target)
    await skopeo("delete", "--tls-verify=false", "--creds", "alice:wonderland", target)
