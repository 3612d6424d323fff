"""What names an object of the engine: a string, or whatever the engine gave that has its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from aiodockerhub.errors import BadParameter

__all__ = ["Called", "HasName", "Identified", "Named", "SwarmObject", "id_of", "name_of"]


class Identified(TypedDict):
    """Any answer of the engine with an id: what `create`, `inspect` and `list` give."""

    Id: str


class SwarmObject(TypedDict):
    """Any answer of the engine with a swarm object's id: of nodes, services, tasks, secrets and configs."""

    ID: str


Named: TypeAlias = str | Identified | SwarmObject
"""A name or an id, or the engine's own dict in place of its id. A container's name may have the slash in front with
which engines tell it."""


def id_of(thing: Named) -> str:
    """The name or id to be sent. Raises BadParameter for what has none."""
    found = thing.get("Id", thing.get("ID")) if isinstance(thing, Mapping) else thing
    if not isinstance(found, str):
        raise BadParameter(f"a name, an id, or a dict with an 'Id' is needed, not {type(thing).__name__}")
    if not found:
        raise BadParameter("a name is empty")
    return found.removeprefix("/")


class HasName(TypedDict):
    """Any answer of the engine with a name that is unique: of volumes and plugins."""

    Name: str


Called: TypeAlias = str | HasName
"""A name, or the engine's own dict in place of it."""


def name_of(thing: Called) -> str:
    """The name to be sent. Raises BadParameter for what has none."""
    found = thing.get("Name") if isinstance(thing, Mapping) else thing
    if not isinstance(found, str):
        raise BadParameter(f"a name, or a dict with a 'Name', is needed, not {type(thing).__name__}")
    return found
