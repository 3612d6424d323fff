"""This library, by its public face and with its own settings."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiodockerhub

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


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    async with aiodockerhub.Docker(address) as docker:
        yield Client(docker)
