"""Images pushed to a real registry and pulled from it by a real engine, all of them at once.

As a program: one client's turn, in a process of its own. Reads an order as JSON, prints both samples as JSON.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tarfile
import uuid
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from aiodockerhub import Docker
from benchmarks import peers, rounds
from benchmarks.measure import Sample, Stopwatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.rounds import Samples

_MADE_AT_ONCE = 8


@dataclass(frozen=True)
class Transfers:
    """Between which two, and of how many images."""

    engine: str
    """Of a unix socket, since the bare client speaks nothing else."""

    registry: str
    """As names of images begin; one that the engine accepts without a login, and that is thrown away afterwards."""

    images: int
    warm_up: int

    @classmethod
    def of(cls, engine: str, registry: str, *, quick: bool) -> Transfers:
        return cls(engine, registry, *((4, 1) if quick else (64, 2)))


def run_transfers(competitors: list[str], transfers: Transfers, number: int) -> dict[str, Samples]:
    """`number` interleaved rounds; what `push` and `pull` took."""
    samples: dict[str, Samples] = {verb: {name: [] for name in competitors} for verb in ("push", "pull")}
    for turn in range(number):
        for name in peers.in_turn(competitors, turn):
            order = json.dumps({"peer": name, "transfers": asdict(transfers)})
            for verb, sample in rounds.run([sys.executable, "-m", "benchmarks.transfers"], order).items():
                samples[verb][name].append(Sample(**sample))
    return samples


class Images:
    """Images that neither engine nor registry has seen before: of each, its name and its layers."""

    def __init__(self, docker: Docker, layers: dict[str, list[str]]) -> None:
        self._docker = docker
        self._layers = layers
        self.names = list(layers)

    @classmethod
    @asynccontextmanager
    async def made(cls, docker: Docker, registry: str, count: int) -> AsyncIterator[Images]:
        """They are gone from the engine when the block ends; the registry keeps what it got."""
        repository = f"{registry}/benchmark-{uuid.uuid4().hex[:12]}"
        images = cls(docker, {f"{repository}/{number:02}:latest": [] for number in range(count)})
        try:
            for start in range(0, count, _MADE_AT_ONCE):
                await asyncio.gather(*map(images._make, images.names[start : start + _MADE_AT_ONCE]))
            yield images
        finally:
            await images.remove()

    async def _make(self, name: str) -> None:
        repository, tag = name.rsplit(":", 1)
        await self._docker.images.import_stream(_layer(name.encode()), repo=repository, tag=tag)
        self._layers[name] = await self._layers_of(name)

    async def remove(self) -> None:
        """From the engine, so that it has to pull them again."""
        present = {name for image in await self._docker.images.list() for name in image.get("RepoTags") or []}
        for name in self.names:
            if name in present:
                await self._docker.images.remove(name)

    async def check(self) -> None:
        """Whether the engine has all of them, and they are what was made. Raises RuntimeError."""
        for name in self.names:
            if (found := await self._layers_of(name)) != self._layers[name]:
                raise RuntimeError(f"{name} came back with the layers {found}, not {self._layers[name]}")

    async def _layers_of(self, name: str) -> list[str]:
        image = await self._docker.images.inspect(name)
        return image["RootFS"]["Layers"]


def _layer(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


async def take_turn(peer: str, transfers: Transfers) -> dict[str, Sample]:
    """Connects and warms up, then pushes and pulls. What was pulled is only there if it was pushed."""
    async with Docker(transfers.engine) as docker, peers.connected(peer, transfers.engine) as client:
        await _transfer(client, docker, transfers.registry, transfers.warm_up)
        return await _transfer(client, docker, transfers.registry, transfers.images)


async def _transfer(client: Any, docker: Docker, registry: str, count: int) -> dict[str, Sample]:
    async with Images.made(docker, registry, count) as images:
        pushed = await _timed(client.push_all, images.names)
        await images.remove()
        pulled = await _timed(client.pull_all, images.names)
        await images.check()
    return {"push": pushed, "pull": pulled}


async def _timed(transfer_all: Any, names: list[str]) -> Sample:
    stopwatch = Stopwatch()
    if asyncio.iscoroutinefunction(transfer_all):
        await transfer_all(names)
    else:
        transfer_all(names)
    return stopwatch.stop(streams=0)


def main() -> None:
    order = json.load(sys.stdin)
    samples = asyncio.run(take_turn(order["peer"], Transfers(**order["transfers"])))
    print(json.dumps({verb: asdict(sample) for verb, sample in samples.items()}))


if __name__ == "__main__":
    main()
