"""What a test makes in an engine and takes away again."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

from aiodockerhub.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiodockerhub import Docker


@contextlib.asynccontextmanager
async def container(docker: Docker, image: str, command: Any = None, **settings: Any) -> AsyncIterator[Any]:
    """A container that was created, not started; killed and removed at the end, with its volumes."""
    made = await docker.containers.create(image, command, **settings)
    try:
        yield made
    finally:
        with contextlib.suppress(Conflict):  # podman's forced removal waits 10 s for what ignores TERM
            await docker.containers.kill(made)
        await docker.containers.remove(made, force=True, volumes=True)


def new_name() -> str:
    """A name that nothing has in any engine."""
    return f"test-{uuid.uuid4().hex[:12]}"
