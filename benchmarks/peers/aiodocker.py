"""aiodocker, by its public face."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiodocker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    async with aiodocker.Docker(url=address) as docker:
        yield Client(docker)
