"""Secrets: what containers of services are given to read, and nobody else is shown again."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, cast

from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.versioned import all_labels, index_of, whole
from aiodockerhub.errors import BadParameter
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine

__all__ = ["Secrets", "encoded"]


class Secrets:
    """`docker.secrets`. A secret is named by its name, its id, or a dict with its `ID`.

    podman has them without a swarm.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list(
        self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.Secret]:
        """The secrets, without their data.

        Raises BadRequest for a filter that the engine does not know, ServerError (503) where it is no manager of a
        swarm. API: `SecretList`.
        """
        answer = await self._engine.json(
            "SecretList", "GET", "/secrets", query={"filters": written(filters)}, timeout=timeout
        )
        return cast("builtins.list[types.Secret]", answer)

    async def create(
        self,
        name: str,
        data: bytes | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        driver: types.DriverRequest | None = None,
        templating: types.DriverRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.SecretCreateResponse:
        """Keep `data`, of fewer than 512,000 bytes, under a name; gives its `ID`.

        Containers of services that ask for it find it in `/run/secrets`.
        `driver` fetches it from elsewhere: then there is no `data`. `templating` (`{"Name": "golang"}`) fills in what
        it says of the task. Raises Conflict for a name in use, BadRequest for data or a name that the engine refuses,
        BadParameter for data that is no bytes, and labels that are no strings. API: `SecretCreate`.
        """
        body: dict[str, object] = {"Name": name, "Labels": all_labels(labels) or {}}
        if data is not None:
            body["Data"] = encoded(data)
        if driver is not None:
            body["Driver"] = driver
        if templating is not None:
            body["Templating"] = templating
        answer = await self._engine.json("SecretCreate", "POST", "/secrets/create", json=body, timeout=timeout)
        return cast("types.SecretCreateResponse", answer)

    async def inspect(self, secret: Named, *, timeout: CallTimeout = UNSET) -> types.Secret:
        """Name, labels, version and times of a secret, never its data.

        Raises NotFound. API: `SecretInspect`.
        """
        answer = await self._engine.json("SecretInspect", "GET", "/secrets/{}", id_of(secret), timeout=timeout)
        return cast("types.Secret", answer)

    async def remove(self, secret: Named, *, timeout: CallTimeout = UNSET) -> None:
        """Remove a secret that no service uses.

        Raises NotFound, and BadRequest while a service uses it. API: `SecretDelete`.
        """
        await self._engine.call("SecretDelete", "DELETE", "/secrets/{}", id_of(secret), timeout=timeout)

    async def update(
        self,
        secret: types.Secret,
        spec: types.SecretSpecRequest | types.SecretSpec | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> None:
        """Give it other labels: the engine changes nothing else. `secret` is what `inspect` gave.

        `spec` is all of its settings, None for those that it has; `labels` are all that it shall have.
        Raises BadRequest for any other change, ServerError where somebody else changed it since `inspect`: inspect
        again. API: `SecretUpdate`.
        """
        await self._engine.call(
            "SecretUpdate",
            "POST",
            "/secrets/{}/update",
            id_of(secret),
            query={"version": index_of(secret)},
            json=whole(secret, spec, Labels=all_labels(labels)),
            timeout=timeout,
        )


def encoded(data: object) -> str:
    """Bytes as the engine takes them. Raises BadParameter."""
    if not isinstance(data, bytes):
        raise BadParameter(f"data: bytes are needed, not {type(data).__name__}")
    return b64encode(data).decode()  # the description says base64url, engines read the standard alphabet
