"""What is measured beside the library's peers is really done by all of them, and where time goes is really told."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import sys
from pathlib import Path

import pytest
from rig import ask

from aiodockerhub import Docker, ImageNotFound

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # benchmarks are part of the project, and of no installed package
peers = importlib.import_module("benchmarks.peers")
sampling = importlib.import_module("benchmarks.sampling")
transfers = importlib.import_module("benchmarks.transfers")


async def benchmarks(*options, tmp_path):
    """Exit status, output and errors of `python -m benchmarks`."""
    (tmp_path / "config.json").write_text('{"auths": {}}')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", *options),
        cwd=ROOT,
        env={**os.environ, "DOCKER_CONFIG": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(300):
            out, err = await process.communicate()
    except BaseException:
        process.terminate()
        await process.wait()
        raise
    return process.returncode, out.decode(), err.decode()


def kept(registry):
    """The repositories of benchmarks in a registry."""
    status, body = ask(registry.base_url, "GET", "/v2/_catalog?n=100000")
    assert status == 200
    return {name for name in json.loads(body)["repositories"] or () if name.startswith("benchmark-")}


# podman refuses what aiodocker sends in place of credentials
@pytest.mark.parametrize("engine", ["oldest", "newest"], indirect=True)
async def test_every_client_pushes_and_pulls_every_image_and_none_is_left_in_the_engine(engine, crane, tmp_path):
    before = kept(crane)
    options = "transfers", "--quick", "--engine", engine.base_url, "--registry", crane.address, "--json"
    status, out, err = await benchmarks(*options, tmp_path=tmp_path)
    assert status == 0, err
    run = json.loads(out)
    clients = {*peers.NAMES, peers.OURS_MANY}
    assert run["left_out"] == {}
    assert {table["name"]: {*table["samples"]} for table in run["tables"]} == {
        "transfers_push": clients,
        "transfers_pull": clients,
    }
    assert all(sample[0]["cpu"] > 0 for table in run["tables"] for sample in table["samples"].values())
    assert len(kept(crane) - before) == len(clients) * (1 + 4)  # one to warm up, four that are measured
    async with Docker(engine.base_url) as docker:
        names = [name for image in await docker.images.list() for name in image["RepoTags"] or []]
    assert [name for name in names if "benchmark-" in name] == []


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_a_client_that_leaves_an_image_out_is_found_out(engine, crane):
    async with Docker(engine.base_url) as docker, transfers.Images.made(docker, crane.address, 2) as images:
        await images.check()
        await docker.images.remove(images.names[1])
        with pytest.raises(ImageNotFound, match=images.names[1]):
            await images.check()


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_a_client_that_brings_another_image_is_found_out(engine, crane):
    async with Docker(engine.base_url) as docker, transfers.Images.made(docker, crane.address, 2) as images:
        await docker.images.tag(images.names[0], images.names[1].removesuffix(":latest"))
        with pytest.raises(RuntimeError, match=images.names[1]):
            await images.check()


@pytest.mark.parametrize(
    ("given", "missing"), [([], "--engine, --registry"), (["--engine", "unix:///run/docker.sock"], "--registry")]
)
async def test_what_transfers_lack_is_told_by_name(given, missing, tmp_path):
    status, out, err = await benchmarks("transfers", "--quick", *given, tmp_path=tmp_path)
    assert (status, out) == (1, "")
    assert f"transfers (not given: {missing})" in err


@pytest.mark.parametrize("options", [["nothing"], ["transfers", "--engine", "tcp://127.0.0.1:2375"]])
async def test_what_cannot_be_measured_is_refused_before_anything_is(options, tmp_path):
    status, out, err = await benchmarks(*options, tmp_path=tmp_path)
    assert (status, out) == (2, "")
    assert options[-1] in err or "unix:///" in err


async def test_a_profile_tells_in_which_functions_our_time_goes(tmp_path):
    status, out, err = await benchmarks("frames", "--profile", "--quick", tmp_path=tmp_path)
    assert status == 0, err
    assert out.count("### ") == 2
    for samples in re.findall(r"^([\d,]+) samples: ", out, re.MULTILINE):
        assert int(samples.replace(",", "")) >= 20
    shares = re.findall(r"^\| `([\w.<>]+)` \| (\d+)% \| (\d+)% \|$", out, re.MULTILINE)
    assert len(shares) > 2
    assert all(int(itself) <= int(within) for _, itself, within in shares)


def test_time_counts_for_the_function_that_ran_and_for_those_that_called_it():
    sampler = sampling.Sampler()
    with sampler:
        while sampler.profile.samples < 10:
            work_hard()
    found = sampler.profile
    here = f"{__name__}.test_time_counts_for_the_function_that_ran_and_for_those_that_called_it"
    assert found.itself.total() == found.samples
    assert found.itself[f"{__name__}.work_hard"] > 0
    assert found.within[here] == found.samples


def work_hard():
    for number in range(200_000):
        number * number
