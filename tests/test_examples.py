"""The examples run as their users run them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aiodockerhub import Credentials, Docker, LocalHub

if TYPE_CHECKING:
    from rig import Engine, Registry, Rig

EXAMPLES = Path(__file__).parent.parent / "examples"

newest = pytest.mark.parametrize("engine", ["newest"], indirect=True)


async def run(name: str, *arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of an example."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / name),
        *arguments,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_main_job_without_an_engine_does_the_index_and_names_what_is_missing(tmp_path: Path) -> None:
    status, out, err = await run("walk.py", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert (status, err) == (0, "")
    assert "created alice/hello with write access" in out
    assert "a wrong password is refused" in out
    assert "there is no such socket" in out
    assert "apt-get install -y docker.io" in out


async def test_the_main_job_in_full(engine: Engine, rig: Rig) -> None:
    status, out, err = await run("walk.py", "--port", str(rig.hub_port), DOCKER_HOST=engine.base_url)
    assert (status, err) == (0, "")
    assert f"registry   127.0.0.1:{rig.hub_port}" in out
    assert out.count("20 ok, 0 failed") == 2


async def test_the_main_job_at_another_registry(engine: Engine, crane: Registry) -> None:
    status, out, err = await run("walk.py", "--registry", crane.address, DOCKER_HOST=engine.base_url)
    assert (status, err) == (0, "")
    assert f"registry   {crane.address}" in out
    assert out.count("20 ok, 0 failed") == 2


@newest
async def test_the_main_job_fails_where_it_may_not_push(engine: Engine) -> None:
    async with LocalHub() as closed:
        arguments = ("--images", "2", "--registry", closed.registry)
        status, out, err = await run("walk.py", *arguments, DOCKER_HOST=engine.base_url)
    assert (status, err) == (1, "")
    assert "built walk-" in out
    assert "0 ok, 2 failed" in out


@newest
async def test_bulk_pushes_and_pulls_and_names_each_failure(
    engine: Engine, registry: Registry, busybox: str, tmp_path: Path
) -> None:
    names = [f"{registry.address}/bulk/example:{number}" for number in range(5)]
    file = tmp_path / "references"
    file.write_text("# what to move\n" + "\n".join(names) + "\n")
    environ = {
        "DOCKER_HOST": engine.base_url,
        "REGISTRY_USER": registry.username or "",
        "REGISTRY_PASSWORD": registry.password or "",
    }
    async with Docker(engine.base_url) as docker:
        for name in names:
            await docker.images.tag(busybox, name)
        # the layer goes first and alone: a loaded registry now and then refuses the same new blob sent several times
        await docker.images.push(names[0], auth=Credentials(registry.username or "", registry.password or ""))
        status, out, err = await run("bulk.py", "push", str(file), **environ)
        assert (status, out) == (0, "")
        assert "5 ok, 0 failed" in err
        for name in names:
            await docker.images.remove(name)
        file.write_text("\n".join([*names, f"{registry.address}/bulk/missing:1"]))
        status, out, err = await run("bulk.py", "pull", str(file), **environ)
        assert status == 1
        assert out.startswith(f"{registry.address}/bulk/missing:1: ")
        assert "not found" in out
        assert "5 ok, 1 failed" in err
        for name in names:
            await docker.images.remove(name)


@newest
async def test_the_service_follows_events_and_logs(engine: Engine, busybox: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / "watch.py"),
        "--label",
        "watched",
        env={**os.environ, "DOCKER_HOST": engine.base_url},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    seen: list[str] = []

    async def until(text: str) -> None:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while not any(text in line for line in seen):
                line = await process.stdout.readline()
                assert line, seen
                seen.append(line.decode())

    await until("watching")
    async with Docker(engine.base_url) as docker:
        container = await docker.containers.create(
            busybox, ["echo", "hello from inside"], name="watched-by-example", labels={"watched": "1"}
        )
        await docker.containers.start(container["Id"])
        await until("stdout hello from inside")
        await docker.containers.remove(container["Id"], force=True)
    process.terminate()
    await until("stopped")
    assert await process.wait() == 0


# In a process of its own: nbclient leaves an event loop behind.
EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@newest
async def test_the_notebook_runs(engine: Engine, tmp_path: Path) -> None:
    executed = tmp_path / "executed.ipynb"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        EXECUTE,
        str(EXAMPLES / "notebook.ipynb"),
        str(executed),
        env={**os.environ, "DOCKER_HOST": engine.base_url},
    )
    assert await process.wait() == 0
    cells = json.loads(executed.read_text())["cells"]
    shown = "\n".join(str(cell.get("outputs")) for cell in cells)
    assert "Built(id='sha256:" in shown
    assert "Step 1/2 : FROM scratch" in shown
    assert "<table" in shown
