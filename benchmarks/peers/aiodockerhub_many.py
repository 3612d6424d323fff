"""This library again, where one of its calls does many things at once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiodockerhub
from benchmarks.peers import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client:
    def __init__(self, docker: aiodockerhub.Docker) -> None:
        self._docker = docker

    async def push_all(self, references: list[str]) -> None:
        (await self._docker.images.push_many(references, concurrency=AT_ONCE)).raise_for_failures()

    async def pull_all(self, references: list[str]) -> None:
        (await self._docker.images.pull_many(references, concurrency=AT_ONCE)).raise_for_failures()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Client]:
    async with aiodockerhub.Docker(address) as docker:
        yield Client(docker)
