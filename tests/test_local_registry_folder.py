"""What LocalHub keeps in a folder is whole or not there, however the process ended."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from cancelling import cancelled_after
from registry_peer import Peer, image, sha256

from aiodockerhub.errors import BadParameter, Misused
from aiodockerhub.local import LocalHub

LAYER = b"layer" * 1000

SERVE = """
import asyncio, os, pathlib, signal, sys
from aiodockerhub.local import LocalHub
root, deadly = sys.argv[1], int(sys.argv[2])
steps = 0

def dying(step):
    def counted(*given):
        global steps
        steps += 1
        if steps == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*given)
    return counted

async def main():
    async with LocalHub(auth="none", root=root) as hub:
        os.fsync = dying(os.fsync)
        pathlib.Path.replace = dying(pathlib.Path.replace)
        print(hub.registry, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Elsewhere:
    """A hub in a process of its own; `url` and `registry` are as a LocalHub's."""

    def __init__(self, registry: str, process: asyncio.subprocess.Process) -> None:
        self.registry = registry
        self.url = f"http://{registry}/v1/"
        self.process = process

    async def ended(self) -> None:
        async with asyncio.timeout(30):
            assert await self.process.wait() == -signal.SIGKILL


@contextlib.asynccontextmanager
async def elsewhere(root: Path, deadly: int = 0):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(root), str(deadly), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Elsewhere((await process.stdout.readline()).decode().strip(), process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def blobs(root: Path) -> dict[str, bytes]:
    found = {}
    for file in (root / "blobs").rglob("*"):
        if file.is_file():
            found[f"{file.parent.parent.name}:{file.name}"] = file.read_bytes()
    return found


def assert_whole(root: Path) -> None:
    """Every blob is what its name says."""
    for digest, data in blobs(root).items():
        algorithm = digest.partition(":")[0]
        assert digest == f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


async def test_what_was_stored_is_there_for_the_next_hub(tmp_path):
    root = tmp_path / "deep" / "root"
    async with LocalHub(auth="none", root=root) as hub, Peer(hub) as peer:
        digest = await peer.push_image("a/b", "latest", LAYER)
        await peer.push_image("a/b", "_old.1", b"old")
        await peer.push_image("c", "latest", LAYER)
        await peer.ask("DELETE", "c/manifests/latest")
    async with LocalHub(auth="none", root=str(root)) as hub, Peer(hub) as peer:
        assert (await peer.ask("GET", "_catalog")).json == {"repositories": ["a/b", "c"]}
        assert (await peer.ask("GET", "a/b/tags/list")).json["tags"] == ["_old.1", "latest"]
        assert (await peer.ask("GET", "c/tags/list")).json["tags"] == []
        got = await peer.ask("GET", "a/b/manifests/latest")
        assert (got.body, got.headers["Docker-Content-Digest"]) == (image(b"{}", LAYER), digest)
        assert (await peer.ask("GET", f"a/b/blobs/{sha256(LAYER)}")).body == LAYER
        await peer.push_image("a/b", "new", b"new")


async def test_what_was_stored_counts_for_the_bound_of_the_next_hub(tmp_path):
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        await peer.push_image("a", "latest", LAYER)
        kept = hub._contents._shelf._budget.used
    async with LocalHub(auth="none", root=tmp_path / "r", capacity=kept + 100) as hub, Peer(hub) as peer:
        assert hub._contents._shelf._budget.used == kept
        location = await peer.begin("a")
        assert (await peer.ask("PATCH", location, data=LAYER)).status == 413


@pytest.mark.heavy
@pytest.mark.parametrize("acknowledged", [0, 1, 7, 40])
async def test_a_hub_killed_in_the_midst_of_uploads_has_lost_nothing_that_it_confirmed(tmp_path, acknowledged):
    root = tmp_path / "root"
    done: list[tuple[str, str]] = []
    async with elsewhere(root) as hub, Peer(hub) as peer:
        _, writer = await asyncio.open_connection(*hub.registry.split(":"))
        location = await peer.begin("cut")
        writer.write(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode() + LAYER[:3000])
        async with asyncio.timeout(10):
            while (await peer.ask("GET", location)).headers["Range"] != "0-2999":
                pass
        enough = asyncio.Event()

        async def push(number: int) -> None:
            while True:
                tag = f"t{number}-{len(done)}"
                digest = await peer.push_image(f"a/{number}", tag, tag.encode() * 20_000, LAYER)
                done.append((f"a/{number}/manifests/{tag}", digest))
                if len(done) > acknowledged:
                    enough.set()

        if acknowledged == 0:
            enough.set()
        pushes = [asyncio.create_task(push(number)) for number in range(8)]
        await enough.wait()
        hub.process.kill()
        await hub.ended()
        results = await asyncio.gather(*pushes, return_exceptions=True)
        assert all(isinstance(result, (OSError, aiohttp.ClientError)) for result in results)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    assert_whole(root)
    async with LocalHub(auth="none", root=root) as hub, Peer(hub) as peer:
        assert list((root / "coming").iterdir()) == []
        for path, digest in done:
            got = await peer.ask("GET", path)
            assert (got.status, sha256(got.body)) == (200, digest)
            for layer in got.json["layers"]:
                blob = await peer.ask("GET", f"{path.partition('/manifests')[0]}/blobs/{layer['digest']}")
                assert sha256(blob.body) == layer["digest"]
        assert (await peer.ask("GET", location)).codes == ["BLOB_UPLOAD_UNKNOWN"]
        await peer.push_image("cut", "latest", LAYER)


@pytest.mark.heavy
@pytest.mark.parametrize("step", range(1, 50, 2))
async def test_killed_at_any_step_it_has_a_whole_image_or_none(tmp_path, step):
    """Each step is one that changes the folder or makes sure that a change stays."""
    root = tmp_path / "root"
    confirmed = 0
    async with elsewhere(root, step) as hub, Peer(hub) as peer:
        try:
            for tag in ("one", "two", "three"):
                await peer.push_image("a", tag, tag.encode())
                confirmed += 1
        except (OSError, aiohttp.ClientError):
            pass
        assert confirmed < 3, "it was not killed: there are fewer steps than thought"
        await hub.ended()
    assert_whole(root)
    async with LocalHub(auth="none", root=root) as hub, Peer(hub) as peer:
        answer = await peer.ask("GET", "a/tags/list")
        tags = answer.json["tags"] if answer.status == 200 else []
        wanted = ["one", "two", "three"]
        assert set(wanted[:confirmed]) <= set(tags) <= set(wanted[: confirmed + 1])
        for tag in tags:
            got = await peer.ask("GET", f"a/manifests/{tag}")
            assert got.body == image(b"{}", tag.encode())
            assert (await peer.ask("GET", f"a/blobs/{sha256(tag.encode())}")).body == tag.encode()
        used = hub._contents._shelf._budget.used
        for tag in wanted:
            await peer.push_image("a", tag, tag.encode())
        assert hub._contents._shelf._budget.used >= used


async def test_bytes_that_no_repository_holds_are_swept_at_the_start(tmp_path):
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        await peer.push_image("a", "latest", LAYER)
    place = tmp_path / "r" / "blobs" / "sha256" / "00"
    place.mkdir(exist_ok=True)
    (place / ("0" * 64)).write_bytes(b"orphan")
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        assert (await peer.ask("GET", f"a/blobs/{sha256(LAYER)}")).body == LAYER
    assert f"sha256:{'0' * 64}" not in blobs(tmp_path / "r")


async def test_a_file_that_somebody_cut_or_removed_is_not_given_as_if_it_were_whole(tmp_path):
    root = tmp_path / "r"
    async with LocalHub(auth="none", root=root) as hub, Peer(hub) as peer:
        layer = bytes(32_000_000)  # more than the buffers between the two hold
        manifest = await peer.push_image("a", "latest", layer)
        place = next((root / "blobs").rglob(sha256(layer).partition(":")[2]))
        reader, writer = await asyncio.open_connection(*hub.registry.split(":"))
        writer.write(f"GET /v2/a/blobs/{sha256(layer)} HTTP/1.0\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] == b"200"
        os.truncate(place, 0)
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(65_536):
                got += piece
        assert len(got) < len(layer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        place.unlink()
        next((root / "blobs").rglob(manifest.partition(":")[2])).unlink()
        assert (await peer.ask("GET", f"a/blobs/{sha256(layer)}")).codes == ["BLOB_UNKNOWN"]
        assert (await peer.ask("GET", "a/manifests/latest")).codes == ["MANIFEST_UNKNOWN"]


async def test_a_folder_is_one_hubs_at_a_time(tmp_path):
    async with LocalHub(root=tmp_path / "r"):
        other = LocalHub(root=tmp_path / "r")
        with pytest.raises(Misused, match="another hub"):
            await other.start()
        await other.close()
    async with other:
        assert other.registry


async def test_a_start_that_is_cancelled_leaves_the_folder_to_others(tmp_path):
    for turns in range(4):
        hub = LocalHub(root=tmp_path / "r")
        await cancelled_after(turns, hub.start())
        await hub.close()
    async with LocalHub(root=tmp_path / "r") as other:
        assert other.registry


async def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    (tmp_path / "blobs" / "sha256" / ("0" * 64)).write_text("precious")
    with pytest.raises(BadParameter, match="something else"):
        await LocalHub(root=tmp_path).start()
    assert (tmp_path / "blobs" / "sha256" / ("0" * 64)).read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == ["blobs"]


async def test_a_folder_that_can_not_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "localhub").write_text("another format\n")
    for root in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "newer"):
        with pytest.raises(BadParameter, match=str(root)):
            await LocalHub(root=root).start()


async def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path, monkeypatch):
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        await peer.push_image("a", "latest", LAYER)
        before = hub._contents._shelf._budget.used
        with monkeypatch.context() as full:

            def no_space(*_):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            full.setattr("aiodockerhub.local.folder.os.fsync", no_space)
            location = await peer.begin("a")
            answer = await peer.ask("PUT", location, params={"digest": sha256(b"more")}, data=b"more")
            assert (answer.status, answer.codes) == (413, ["DENIED"])
            answer = await peer.push_manifest("a", "more", image(b"{}", LAYER))
            assert (answer.status, answer.codes) == (413, ["DENIED"])
        assert hub._contents._shelf._budget.used == before
        assert (await peer.ask("GET", "a/tags/list")).json["tags"] == ["latest"]
        await peer.push_image("a", "more", b"more")
    assert_whole(tmp_path / "r")


async def test_no_descriptor_stays_open_for_uploads_that_wait(tmp_path):
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        for _ in range(20):
            await peer.ask("PATCH", await peer.begin("a"), data=LAYER)
        opened = [os.path.realpath(descriptor) for descriptor in Path("/proc/self/fd").iterdir()]
        assert [path for path in opened if "coming" in path] == []
        assert len(list((tmp_path / "r" / "coming").iterdir())) == 20
    assert list((tmp_path / "r" / "coming").iterdir()) == []


async def test_closing_waits_for_what_began_to_be_stored(tmp_path):
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        pushes = [asyncio.create_task(peer.push_image(f"a/{n}", "latest", str(n).encode())) for n in range(30)]
        await asyncio.wait(pushes, return_when=asyncio.FIRST_COMPLETED)
        await hub.close()
        await asyncio.gather(*pushes, return_exceptions=True)
        done = {f"a/{n}" for n, push in enumerate(pushes) if push.exception() is None}
    assert_whole(tmp_path / "r")
    async with LocalHub(auth="none", root=tmp_path / "r") as hub, Peer(hub) as peer:
        assert done <= set((await peer.ask("GET", "_catalog")).json["repositories"])
