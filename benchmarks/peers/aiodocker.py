"""aiodocker, by its public face."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiodocker
import aiohttp

from benchmarks.peers.feeding import MIB, pieces
from benchmarks.peers.packing import packed
from benchmarks.swallow import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiodocker.stream import Stream


class Client:
    def __init__(self, docker: aiodocker.Docker) -> None:
        self._docker = docker

    async def info(self) -> Any:
        return await self._docker.system.info()

    async def lines(self, count: int, chunking: str) -> int:
        counted = 0
        async for _ in self._docker.images.pull("bench", tag=f"{count}-{chunking}", stream=True):
            counted += 1
        return counted

    async def frames(self, count: int, chunking: str) -> int:
        counted = 0
        container = self._docker.containers.container(f"{count}-{chunking}")
        async for _ in container.log(stdout=True, stderr=True, follow=True):
            counted += 1
        return counted

    async def build(self, directory: str) -> int:
        with await asyncio.to_thread(packed, directory) as context:
            return told(str(await self._docker.images.build(fileobj=context, encoding="identity")))

    async def import_tar(self, path: str) -> int:
        with Path(path).open("rb") as tar:
            return told(str(await self._docker.images.import_image(tar)))

    load_tar = import_tar

    async def output(self, mib: int) -> int:
        command = await self._docker.containers.container(f"{mib}-mib").exec(["cat"])
        counted = 0
        async with command.start(detach=False) as stream:
            while (message := await stream.read_out()) is not None:
                counted += len(message.data)
        return counted

    async def echo(self, mib: int) -> int:
        """It can't end the input and go on reading, so it counts until all is there."""
        command = await self._docker.containers.container("echo").exec(["cat"], stdin=True)
        counted = 0
        async with command.start(detach=False) as stream, asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(stream, mib))
            while counted < mib * MIB and (message := await stream.read_out()) is not None:
                counted += len(message.data)
        return counted

    async def push_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._docker.images.push, references))

    async def pull_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._docker.images.pull, references))


async def _feed(stream: Stream, mib: int) -> None:
    for piece in pieces(mib):
        await stream.write_in(piece)


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    path = address.removeprefix("unix://")
    # Its own connector has room for 100, where the 101st stream waits until one ends.
    async with (
        aiohttp.UnixConnector(path, limit=0) as connector,
        aiodocker.Docker(url="unix://localhost", connector=connector) as docker,
    ):
        yield Client(docker)
