"""What a swarm keeps with a version, so that nobody's change of it is lost: how it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from aiodockerhub.engine.settings import own_dict
from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from aiodockerhub.engine import types

    Versioned = types.Swarm | types.Node | types.Service | types.Secret | types.Config | types.ClusterVolume

__all__ = ["index_of", "whole"]


def index_of(inspected: Versioned) -> int:
    """The version that the engine wants to be told. Raises BadParameter for what is not as `inspect` or `list` gave it.

    A name or an id alone has none: whoever changes an object has looked at it.
    """
    version = cast("Mapping[str, Any]", inspected).get("Version") if isinstance(inspected, Mapping) else None
    index = cast("Mapping[str, object]", version).get("Index") if isinstance(version, Mapping) else None
    if not isinstance(index, int):
        raise BadParameter(f"what inspect gave is needed, with its Version, not {type(inspected).__name__}")
    return index


def whole(inspected: Versioned, spec: Mapping[str, Any] | None, **changed: object) -> dict[str, Any]:
    """All that the object shall be: `spec`, or what it is now, with what is `changed` (None: left as it is)."""
    body = own_dict("spec", spec if spec is not None else inspected["Spec"])
    return body | {name: value for name, value in changed.items() if value is not None}
