"""Checkpoints of running containers: made, listed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins

    from aiodockerhub.engine.api import Engine

__all__ = ["Checkpoint", "Checkpoints"]


class Checkpoint(TypedDict):
    """A checkpoint, as dockerd lists it."""

    Name: str


class Checkpoints:
    """`docker.containers.checkpoints`: dockerd's, where it is experimental and has the program `criu`.

    The API's description leaves them out; paths and fields are those of the docker CLI. podman has none of them here.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(
        self,
        container: Named,
        checkpoint: str,
        *,
        checkpoint_dir: str | None = None,
        exit: bool = True,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Keep the state of a running container under a name; it stops then if `exit`.

        `checkpoint_dir` is a directory of the engine's host. Raises NotFound, Conflict (dockerd 20.10:
        ServerError) where it does not run, ServerError where `criu` fails or is missing.
        """
        body: dict[str, object] = {"CheckpointID": checkpoint, "Exit": exit}
        if checkpoint_dir is not None:
            body["CheckpointDir"] = checkpoint_dir
        await self._engine.call(
            "", "POST", "/containers/{}/checkpoints", id_of(container), json=body, pace="slow", timeout=timeout
        )

    async def list(
        self, container: Named, *, checkpoint_dir: str | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[Checkpoint]:
        """The checkpoints of a container. Raises NotFound."""
        query = {"dir": checkpoint_dir}
        answer = await self._engine.json(
            "", "GET", "/containers/{}/checkpoints", id_of(container), query=query, timeout=timeout
        )
        return cast("builtins.list[Checkpoint]", answer or [])

    async def remove(
        self, container: Named, checkpoint: str, *, checkpoint_dir: str | None = None, timeout: CallTimeout = UNSET
    ) -> None:
        """Remove a checkpoint. Raises NotFound, and ServerError for a checkpoint that is not there."""
        await self._engine.call(
            "",
            "DELETE",
            "/containers/{}/checkpoints/{}",
            id_of(container),
            checkpoint,
            query={"dir": checkpoint_dir},
            pace="slow",
            timeout=timeout,
        )
