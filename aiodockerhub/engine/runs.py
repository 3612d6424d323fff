"""A container for one command: made, started, talked with, and taken away again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiodockerhub.errors import Conflict, ContainerFailed, DockerError, NotFound
from aiodockerhub.progress import Completed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine
    from typing import Any

    from aiodockerhub.engine import types
    from aiodockerhub.engine.containers import Containers
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.timeouts import CallTimeout

__all__ = ["completed", "taken_away"]

_END = 64 * 1024
"""Bytes of the end of what a failed container wrote that its error keeps."""


@contextlib.asynccontextmanager
async def taken_away(
    containers: Containers, create: Coroutine[Any, Any, types.ContainerCreateResponse], *, always: bool
) -> AsyncGenerator[types.ContainerCreateResponse, None]:
    """The container that `create` makes, gone with the block: `always`, or where that ends in an error.

    Whoever is cancelled while the engine makes it waits until it is known, so that it can be taken away too.
    """
    making = asyncio.create_task(create)
    try:
        yield await asyncio.shield(making)
    except BaseException:
        await _to_its_end(_remove(containers, making))
        raise
    if always:
        await _to_its_end(_remove(containers, making))


async def completed(
    containers: Containers,
    made: types.ContainerCreateResponse,
    stdin: Source | None,
    *,
    check: bool,
    timeout: CallTimeout,
) -> Completed:
    """Start it, talk with it until it ends, and give what it came to. Raises ContainerFailed if `check`."""
    async with containers.attach(made, stdin=stdin is not None, timeout=timeout) as process:
        await containers.start(made)
        stdout, stderr = await process.communicate(stdin)
    code = (await containers.wait(made))["StatusCode"]
    if code and check:
        raise _failed(code, stderr or stdout)
    return Completed(code, stdout, stderr)


def _failed(code: int, output: bytes) -> ContainerFailed:
    end = output[-_END:]
    lines = end.decode("utf-8", "replace").strip().splitlines()
    error = ContainerFailed(f"the container ended with {code}" + (f": {lines[-1][:500]}" if lines else ""), code=code)
    error.exit_code = code
    error.stderr = end
    return error


async def _remove(containers: Containers, making: asyncio.Task[types.ContainerCreateResponse]) -> None:
    with contextlib.suppress(DockerError):
        await asyncio.wait([making])
        if making.cancelled() or making.exception() is not None:
            return
        with contextlib.suppress(NotFound, Conflict):  # it removes itself, or does not run
            await containers.kill(making.result())
        await containers.remove(making.result(), force=True, volumes=True)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do it, also where the caller is cancelled meanwhile."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
