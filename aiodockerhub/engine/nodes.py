"""Nodes: the engines of a swarm, as its managers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.versioned import all_labels, index_of, whole
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Nodes"]


class Nodes:
    """`docker.nodes`, for managers of a swarm. A node is named by its id, its name, or a dict with its `ID`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET) -> builtins.list[types.Node]:
        """The nodes of the swarm. `ManagerStatus` is there for managers alone.

        Raises BadRequest for a filter that the engine does not know, ServerError (503) where it is no manager.
        API: `NodeList`.
        """
        answer = await self._engine.json(
            "NodeList", "GET", "/nodes", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("builtins.list[types.Node]", answer)

    async def inspect(self, node: Named, *, timeout: CallTimeout = UNSET) -> types.Node:
        """Everything that the swarm knows of a node; the engine's own is the `NodeID` of `docker.info`'s `Swarm`.

        Raises NotFound. API: `NodeInspect`.
        """
        answer = await self._engine.json("NodeInspect", "GET", "/nodes/{}", id_of(node), timeout=timeout)
        return cast("types.Node", answer)

    async def remove(self, node: Named, *, force: bool | None = None, timeout: CallTimeout = UNSET) -> None:
        """Remove a node that has left the swarm; with `force` also one that has not, unless it is a manager.

        Raises NotFound, and BadRequest or ServerError for one that may not go. API: `NodeDelete`.
        """
        await self._engine.call(
            "NodeDelete", "DELETE", "/nodes/{}", id_of(node), query={"force": force}, pace="slow", timeout=timeout
        )

    async def update(
        self,
        node: types.Node,
        spec: types.NodeSpecRequest | types.NodeSpec | None = None,
        *,
        name: str | None = None,
        role: Literal["worker", "manager"] | None = None,
        availability: Literal["active", "pause", "drain"] | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Change a node: its role, whether it takes tasks, its labels (all of them). `node` is what `inspect` gave.

        `spec` is all of its settings, None for those that it has; the keywords replace what is there.

            await docker.nodes.update(await docker.nodes.inspect("worker-1"), availability="drain")

        Raises ServerError where somebody else changed it since `inspect`: inspect again. API: `NodeUpdate`.
        """
        changed = {"Name": name, "Role": role, "Availability": availability}
        await self._engine.call(
            "NodeUpdate",
            "POST",
            "/nodes/{}/update",
            id_of(node),
            query={"version": index_of(node)},
            json=whole(node, spec, Labels=all_labels(labels), **changed),
            pace="slow",
            timeout=timeout,
        )
