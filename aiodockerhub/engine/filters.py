"""Filters, as users write them and as engines read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from aiodockerhub.errors import BadParameter

__all__ = ["Filters", "written"]

FilterValue: TypeAlias = str | bool | int

Filters: TypeAlias = Mapping[str, FilterValue | Sequence[FilterValue] | Mapping[str, bool]]
"""Filters by name: `{"label": ["app=x", "tier"], "dangling": True}`. Several values of a name mean any, labels all."""


def written(filters: Filters | None) -> Mapping[str, object] | None:
    """Filters as engines read them: a list of strings for each name. Raises BadParameter."""
    if filters is None:
        return None
    if not isinstance(filters, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadParameter(f'filters: a mapping like {{"label": "app=x"}} is needed, not {type(filters).__name__}')
    return {name: _values(value) for name, value in filters.items()} or None


def _values(value: FilterValue | Sequence[FilterValue] | Mapping[str, bool]) -> object:
    if isinstance(value, Mapping):
        if odd := [one for one in value.values() if not isinstance(one, bool)]:
            raise BadParameter(f"filters: a mapping says True or False of each text, and not {type(odd[0]).__name__}")
        return value
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_text(one) for one in value]
    return [_text(value)]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise BadParameter(f"filters: {value!r} is no text, no number, no boolean, and none several of them")
