"""Which engine API versions have what: said before anything is sent, and only where it is sure.

Six versions are described; between two of them it is open when a parameter came or went, unless the API's
history tells (`changes.py` holds both). What may work is sent, and the engine has the last word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiodockerhub.engine.changes import CHANGES, NEWEST, OLDEST, Change
from aiodockerhub.errors import BadParameter, VersionTooLow

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NEWEST", "OLDEST", "check", "parse"]

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})")


def parse(version: str) -> tuple[int, int]:
    """`"1.41"` or `"v1.41"` as numbers that compare. Raises BadParameter for anything else."""
    numbers = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if numbers is None:
        raise BadParameter(f"not an engine API version: {version!r}; it looks like {NEWEST!r}")
    return int(numbers[1]), int(numbers[2])


def check(operation: str, parameters: Iterable[str], version: tuple[int, int]) -> None:
    """Refuse what an engine of this API version surely does not have.

    `operation` is the API's operationId. `parameters` are those that the call sets, in the engine's spelling:
    of the query, of headers, keys of the body, and `A.B` for key B of the body's key A
    (`HostConfig.Annotations`).
    Raises VersionTooLow for what came later, BadParameter for a parameter that this version has dropped.
    """
    changes = CHANGES.get(operation)
    if changes is None:
        return
    if change := changes.get(""):
        _check(change, operation, version)
    for parameter in parameters:
        if change := changes.get(parameter):
            _check(change, f"{operation}({parameter})", version)


def _check(change: Change, what: str, version: tuple[int, int]) -> None:
    has = f"{version[0]}.{version[1]}"
    if change.lacking is not None and version <= change.lacking:
        raise VersionTooLow(what, needs=change.needs, has=has)
    if change.gone is not None and version >= change.gone:
        raise BadParameter(f"{what} is gone from the engine API, and this engine speaks {has}")
