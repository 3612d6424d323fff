"""Secrets and configs as a service refers to them: by id and name, and by the file that its containers find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["file_references"]


async def file_references(
    kind: Literal["Secret", "Config"], given: object, inspect: Callable[[str], Awaitable[Any]]
) -> list[dict[str, Any]]:
    """What the engine wants of each that is `given`; what is named by a string is looked at first.

    `given` is a list, or a mapping by the names of the files. Raises BadParameter, and NotFound for what is not there.
    """
    if isinstance(given, Mapping):
        pairs = list(cast("Mapping[str | None, object]", given).items())
    elif isinstance(given, (list, tuple)):
        pairs = [(None, thing) for thing in cast("list[object]", given)]
    else:
        raise BadParameter(f"{kind.lower()}s: a list or a mapping is needed, not {type(given).__name__}")
    return [await _reference(kind, file, thing, inspect) for file, thing in pairs]


async def _reference(
    kind: str, file: str | None, thing: object, inspect: Callable[[str], Awaitable[Any]]
) -> dict[str, Any]:
    if isinstance(thing, Mapping) and f"{kind}ID" in thing:
        return dict(cast("Mapping[str, Any]", thing))
    known = await inspect(thing) if isinstance(thing, str) else cast("dict[str, Any]", thing)
    try:
        identity, name = known["ID"], known["Spec"]["Name"]
    except (KeyError, TypeError):
        wanted = f"a name, what docker.{kind.lower()}s gave, or a dict with a {kind}ID"
        raise BadParameter(f"{kind.lower()}s: {wanted} is needed, not {type(known).__name__}") from None
    # the docker CLI's own: the engine takes a reference without them for one that nobody may read
    placed = {"Name": file or name, "UID": "0", "GID": "0", "Mode": 0o444}
    return {f"{kind}ID": identity, f"{kind}Name": name, "File": placed}
