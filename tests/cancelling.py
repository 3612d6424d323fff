"""Work that is cancelled on its way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def cancelled_after(turns: int, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """The task of `work`, cancelled after so many turns of the loop and ended. What else it ended in is raised."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return task
