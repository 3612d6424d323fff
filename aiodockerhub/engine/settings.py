"""Keywords that become fields of the engine's own dicts: written, put in their places, joined with what is there."""

from __future__ import annotations

import copy
import math
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast

from aiodockerhub.errors import BadParameter

__all__ = [
    "Fields",
    "UnfitError",
    "as_it_is",
    "byte_count",
    "entrypoint",
    "env",
    "filled",
    "fitted",
    "joined",
    "listed",
    "mapping",
    "nano_cpus",
    "own_dict",
    "pairs",
    "put",
    "replace",
    "strings",
    "words",
]

Fields: TypeAlias = Mapping[str, tuple[tuple[str, Callable[[object], object]], ...]]
"""By keyword, the places that it fills (`"HostConfig.Binds"`), and how its value is written there."""


Fitted = TypeVar("Fitted")


class UnfitError(ValueError):
    """A value that can't be written; the caller adds its name."""


def own_dict(name: str, value: object) -> dict[str, Any]:
    """A copy of the engine's own dict that the caller gave as `name`; empty for None. Raises BadParameter."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadParameter(f"{name}: the engine's own dict is needed, not {type(value).__name__}")
    return copy.deepcopy(dict(cast("Mapping[str, Any]", value)))


def filled(fields: Fields, keyword: str, value: object, *, empty: bool = False) -> dict[str, object]:
    """The fields of the body that a keyword fills, by place; none for None. Raises BadParameter.

    Lists and dicts without anything in them are fields only if `empty`: where they take away what was there.
    """
    made: dict[str, object] = {}
    if value is None:
        return made
    for place, written in fields[keyword]:
        made[place] = fitted(keyword, written, value)
    return {place: field for place, field in made.items() if empty or field not in ([], {})}


def fitted(keyword: str, written: Callable[[object], Fitted], value: object) -> Fitted:
    """The value of a keyword, written. Raises BadParameter, which names the keyword."""
    try:
        return written(value)
    except UnfitError as error:
        raise BadParameter(f"{keyword}: {error}") from None


def joined(name: str, value: object, fields: Fields, keywords: Mapping[str, object]) -> dict[str, Any]:
    """The engine's own dict, given as `name`, and what the keywords say. Raises BadParameter where they differ."""
    body = own_dict(name, value)
    for keyword, said in keywords.items():
        for place, made in filled(fields, keyword, said).items():
            put(body, place, made, keyword, given=name)
    return body


def put(body: dict[str, Any], place: str, value: object, keyword: str, *, given: str = "config") -> None:
    """Sets the field at `place`, or joins it with what is there; `given` is the argument that `body` is a copy of.

    Raises BadParameter where something else is there.
    """
    holder, name = _holder(body, place, given)
    _join(holder, name, value, f"{keyword}= and {given}'s {place}")


def replace(body: dict[str, Any], place: str, value: object, *, given: str = "config") -> None:
    """Sets the field at `place`, whatever is there. Raises BadParameter where there can be no such field."""
    holder, name = _holder(body, place, given)
    holder[name] = value


def _holder(body: dict[str, Any], place: str, given: str) -> tuple[dict[str, Any], str]:
    """The dict that has the field at `place`, made if need be, and the field's name in it."""
    *outer, name = place.split(".")
    for key in outer:
        if body.get(key) is None:
            body[key] = {}
        body = body[key]
        if not isinstance(body, dict):
            raise BadParameter(f"{given}: {key} is a dict, not {type(body).__name__}")
    return body, name


def _join(body: dict[str, Any], name: str, value: object, both: str) -> None:
    there = body.get(name)
    if there is None:
        body[name] = value
    elif isinstance(there, dict) and isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            _join(cast("dict[str, Any]", there), key, inner, f"{both}[{key!r}]")
    elif there != value:
        raise BadParameter(f"{both} are both set, and differ: set it once")


def as_it_is(value: object) -> object:
    """What the engine reads as the caller wrote it."""
    return value


def strings(value: object) -> list[str]:
    """Several strings. Raises UnfitError, as all here do."""
    found = listed(value)
    if odd := [item for item in found if not isinstance(item, str)]:
        raise UnfitError(f"a list of strings is needed, not of {type(odd[0]).__name__}")
    return cast("list[str]", found)


def listed(value: object) -> list[object]:
    """Several of whatever kind."""
    kind = type(value).__name__  # of one that would be taken apart into letters or keys, too
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise UnfitError(f"a list is needed, not {kind}")
    return list(cast("Iterable[object]", value))


def words(value: object) -> list[str]:
    """A command: a list as it is, a string split as a shell does."""
    if not isinstance(value, str):
        return strings(value)
    try:
        return shlex.split(value)
    except ValueError as error:
        raise UnfitError(f"can't be split as a shell does ({error}); give a list") from None


def entrypoint(value: object) -> list[str]:
    """As `words`; an empty string leaves the image's own away."""
    return [""] if value == "" else words(value)


def env(value: object) -> list[str]:
    """Variables, as `NAME=value`."""
    if not isinstance(value, Mapping):
        return strings(value)
    return [_variable(name, content) for name, content in cast("Mapping[object, object]", value).items()]


def _variable(name: object, value: object) -> str:
    if not isinstance(name, str) or not name or "=" in name:
        raise UnfitError(f"{name!r} can't be the name of a variable")
    if value is None:
        return name
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise UnfitError(f"{name}: a string is needed, not {type(value).__name__}")  # the value may be secret
    return f"{name}={value}"


def mapping(value: object) -> dict[str, str]:
    """Strings by name."""
    if not isinstance(value, Mapping):
        raise UnfitError(f"a mapping is needed, not {type(value).__name__}")
    found = dict(cast("Mapping[object, object]", value))
    for name, content in found.items():
        if not isinstance(name, str) or not isinstance(content, str):
            raise UnfitError(f"{name!r}: a string is needed, not {type(content).__name__}")
    return cast("dict[str, str]", found)


def pairs(value: object) -> list[str]:
    """Pairs, as `name:value`."""
    if not isinstance(value, Mapping):
        return strings(value)
    return [f"{name}:{content}" for name, content in mapping(cast("object", value)).items()]


_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kmgt]?)(?:i?b)?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def byte_count(value: object) -> int:
    """Bytes: a number, or text with a unit in powers of 1024."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise UnfitError(f'{value!r} is no number of bytes; it looks like 536870912 or "512m"')
    return int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])


def nano_cpus(value: object) -> int:
    """Processors, in billionths."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise UnfitError(f"{value!r} is no number of processors; it looks like 0.5 or 2")
    return round(value * 1_000_000_000)
