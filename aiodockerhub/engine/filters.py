"""Filters, as users write them and as engines read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from aiodockerhub.errors import BadParameter

__all__ = ["Filters", "written"]

Filters: TypeAlias = Mapping[str, str | bool | Sequence[str] | Mapping[str, bool]]
"""Filters by name: `{"label": ["app=x", "tier"], "dangling": True}`. Several values of a name mean any, labels all."""


def written(filters: Filters | None) -> Mapping[str, object] | None:
    """Filters as engines read them: a list of strings for each name."""
    if not filters:
        return None
    return {name: _values(value) for name, value in filters.items()}


def _values(value: str | bool | Sequence[str] | Mapping[str, bool]) -> object:
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence):
        return list(value)
    raise BadParameter(f"filters: {value!r} is no text, no boolean, and none several of them")
