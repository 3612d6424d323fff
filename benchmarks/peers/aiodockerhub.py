"""This library, by its public face and with its own settings."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiodockerhub
from benchmarks.peers.feeding import pieces
from benchmarks.swallow import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client:
    def __init__(self, docker: aiodockerhub.Docker) -> None:
        self._docker = docker

    async def info(self) -> Any:
        return await self._docker.info()

    async def lines(self, count: int, chunking: str) -> int:
        counted = 0
        async for _ in self._docker.images.pull(f"bench:{count}-{chunking}"):
            counted += 1
        return counted

    async def frames(self, count: int, chunking: str) -> int:
        counted = 0
        async for _ in self._docker.containers.logs(f"{count}-{chunking}", follow=True):
            counted += 1
        return counted

    async def build(self, directory: str) -> int:
        return told("".join([step.stream or "" async for step in self._docker.images.build(directory)]))

    async def import_tar(self, path: str) -> int:
        return told("".join([step.status or "" async for step in self._docker.images.import_stream(Path(path))]))

    async def load_tar(self, path: str) -> int:
        return told("".join([step.status or "" async for step in self._docker.images.load(Path(path))]))

    async def export(self, mib: int) -> int:
        counted = 0
        async for piece in self._docker.containers.export(f"{mib}-mib"):
            counted += len(piece)
        return counted

    async def output(self, mib: int) -> int:
        created = await self._docker.exec.create(f"{mib}-mib", ["cat"])
        counted = 0
        async with self._docker.exec.start(created, tty=False) as process:
            async for chunk in process:
                counted += len(chunk.data)
        return counted

    async def echo(self, mib: int) -> int:
        created = await self._docker.exec.create("echo", ["cat"], stdin=True)
        counted = 0
        async with self._docker.exec.start(created, tty=False) as process, asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(process, mib))
            async for chunk in process:
                counted += len(chunk.data)
        return counted

    async def push_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._docker.images.push, references))

    async def pull_all(self, references: list[str]) -> None:
        await asyncio.gather(*map(self._docker.images.pull, references))


async def _feed(process: aiodockerhub.Duplex, mib: int) -> None:
    for piece in pieces(mib):
        await process.write(piece)
    await process.write_eof()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    async with aiodockerhub.Docker(address) as docker:
        yield Client(docker)
