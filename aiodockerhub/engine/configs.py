"""Configs: files for containers of services, which anybody may read."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.secrets import encoded
from aiodockerhub.engine.versioned import all_labels, index_of, whole
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Configs"]


class Configs:
    """`docker.configs`. A config is named by its name, its id, or a dict with its `ID`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.Config]:
        """The configs, with their data in base64.

        Raises BadRequest for a filter that the engine does not know, ServerError (503) where it is no manager of a
        swarm. API: `ConfigList`.
        """
        answer = await self._engine.json(
            "ConfigList", "GET", "/configs", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("builtins.list[types.Config]", answer)

    async def create(
        self,
        name: str,
        data: bytes,
        *,
        labels: Mapping[str, str] | None = None,
        templating: types.DriverRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.ConfigCreateResponse:
        """Keep `data`, of fewer than 1,024,000 bytes, under a name; gives its `ID`.

        Containers of services that ask for it find it as a file.
        `templating` (`{"Name": "golang"}`) fills in what it says of the task. Raises Conflict for a name in use,
        BadRequest for data or a name that the engine refuses, BadParameter for data that is no bytes, and labels that
        are no strings. API: `ConfigCreate`.
        """
        body: dict[str, object] = {"Name": name, "Labels": all_labels(labels) or {}, "Data": encoded(data)}
        if templating is not None:
            body["Templating"] = templating
        answer = await self._engine.json("ConfigCreate", "POST", "/configs/create", json=body, timeout=timeout)
        return cast("types.ConfigCreateResponse", answer)

    async def inspect(self, config: Named, *, timeout: CallTimeout = UNSET) -> types.Config:
        """Name, labels, version and times of a config, and its data in base64: `read` gives the bytes.

        Raises NotFound. API: `ConfigInspect`.
        """
        answer = await self._engine.json("ConfigInspect", "GET", "/configs/{}", id_of(config), timeout=timeout)
        return cast("types.Config", answer)

    async def read(self, config: Named, *, timeout: CallTimeout = UNSET) -> bytes:
        """What it holds. Raises NotFound. API: `ConfigInspect`."""
        return b64decode((await self.inspect(config, timeout=timeout))["Spec"]["Data"])

    async def remove(self, config: Named, *, timeout: CallTimeout = UNSET) -> None:
        """Remove a config that no service uses.

        Raises NotFound, and BadRequest while a service uses it. API: `ConfigDelete`.
        """
        await self._engine.call("ConfigDelete", "DELETE", "/configs/{}", id_of(config), timeout=timeout)

    async def update(
        self,
        config: types.Config,
        spec: types.ConfigSpecRequest | types.ConfigSpec | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Give it other labels: the engine changes nothing else. `config` is what `inspect` gave.

        `spec` is all of its settings, None for those that it has; `labels` are all that it shall have.
        Raises BadRequest for any other change, ServerError where somebody else changed it since `inspect`: inspect
        again. API: `ConfigUpdate`.
        """
        await self._engine.call(
            "ConfigUpdate",
            "POST",
            "/configs/{}/update",
            id_of(config),
            query={"version": index_of(config)},
            json=whole(config, spec, Labels=all_labels(labels)),
            timeout=timeout,
        )
