"""What a swarm keeps with a version, so that nobody's change of it is lost: how it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from aiodockerhub.engine.settings import fitted, mapping, own_dict
from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from aiodockerhub.engine import types

    Versioned = types.Swarm | types.Node | types.Service | types.Secret | types.Config | types.ClusterVolume

__all__ = ["all_labels", "index_of", "whole"]


def index_of(inspected: Versioned) -> int:
    """The version that the engine wants to be told. Raises BadParameter for what is not as `inspect` or `list` gave it.

    A name or an id alone has none: whoever changes an object has looked at it.
    """
    index = _part(inspected, "Version").get("Index")
    if not isinstance(index, int):
        raise _not_inspected(inspected)
    return index


def whole(inspected: Versioned, spec: Mapping[str, Any] | None, **changed: object) -> dict[str, Any]:
    """All that the object shall be: `spec`, or what it is now, with what is `changed` (None: left as it is).

    Raises BadParameter.
    """
    body = own_dict("spec", spec if spec is not None else _part(inspected, "Spec"))
    return body | {name: value for name, value in changed.items() if value is not None}


def all_labels(labels: Mapping[str, str] | None) -> dict[str, str] | None:
    """The labels that an object shall have; None: left as they are. Raises BadParameter."""
    return None if labels is None else fitted("labels", mapping, labels)


def _part(inspected: object, name: str) -> Mapping[str, Any]:
    part = _fields(inspected).get(name)
    if not isinstance(part, Mapping):
        raise _not_inspected(inspected)
    return cast("Mapping[str, Any]", part)


def _fields(thing: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", thing) if isinstance(thing, Mapping) else {}


def _not_inspected(inspected: object) -> BadParameter:
    what = "one without" if isinstance(inspected, Mapping) else type(inspected).__name__
    return BadParameter(f"what inspect gave is needed, a dict with its Version and Spec, not {what}")
