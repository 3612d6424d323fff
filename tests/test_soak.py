"""Everything at once over connections that break, for some seconds; `python -m benchmarks.soak` does it for longer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORKS = {"build", "exec", "exec uncut", "info", "list", "look", "pull", "push", "short"}


async def soaked(*options, tmp_path):
    """What the soak reports, with nothing amiss."""
    (tmp_path / "config.json").write_text('{"auths": {}}')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "benchmarks.soak", *options),
        cwd=ROOT,
        env={**os.environ, "DOCKER_CONFIG": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(300):  # a soak that hangs says nothing by itself
            out, err = await process.communicate()
    except BaseException:
        process.terminate()
        await process.wait()
        raise
    assert out, err.decode()
    report = json.loads(out)
    assert report["faults"] == []
    assert "Traceback" not in err.decode()
    assert process.returncode == 0
    return report


def that_happened(report):
    """Each kind of work was done, and cancelled; logs were cut, and went on."""
    works = {each.partition(":")[0] for each in report["ended"]} - {"log", "events"}
    assert {f"{work}: {how}" for work in works for how in ("done", "cancelled")} <= set(report["ended"])
    assert report["cuts"]
    assert report["lines"]
    assert report["logs resumed"]
    return works


ASKS = """
import socket, sys
with socket.socket(socket.AF_UNIX) as asking:
    asking.connect(sys.argv[1])
    sys.exit(asking.recv(1) != b"!")
"""


@contextlib.asynccontextmanager
async def restarting(rig, engine, path):
    """A command that restarts the engine, which is the rig's, in this process."""

    async def restart(_, writer):
        await asyncio.to_thread(rig.restart, engine)
        writer.write(b"!")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(restart, path):
        yield shlex.join([sys.executable, "-c", ASKS, str(path)])


async def test_no_line_is_lost_and_nothing_left_while_an_engine_is_killed_and_started_again(tmp_path):
    report = await soaked("--minutes", "0.1", tmp_path=tmp_path)
    assert that_happened(report) == {"build", "info", "list", "look", "pull", "push"}
    assert report["restarts"]


@pytest.mark.parametrize("engine", ["newest", "podman"], indirect=True)
async def test_the_whole_log_is_followed_and_nothing_left_while_a_real_engine_is_restarted(
    rig, engine, busybox, tmp_path
):
    options = "--minutes", "0.12", "--engine", engine.base_url, "--image", busybox, "--hub-port", str(rig.hub_port)
    async with restarting(rig, engine, tmp_path / "restart") as command:
        report = await soaked(*options, "--restart", command, tmp_path=tmp_path)
    assert that_happened(report) == WORKS
    assert report["events"]
    assert report["restarts"]


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_a_real_registry_is_pushed_to_and_pulled_from_over_connections_that_are_cut(
    engine, busybox, crane, tmp_path
):
    options = "--minutes", "0.2", "--engine", engine.base_url, "--image", busybox, "--registry", crane.address
    report = await soaked(*options, tmp_path=tmp_path)
    assert that_happened(report) == WORKS
    assert report["events"]
