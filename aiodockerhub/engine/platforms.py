"""Platforms as newer operations want them: JSON in place of `linux/arm64/v8`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["platform_json", "platforms_json"]


def platform_json(text: str | None) -> str | None:
    """One platform; what is JSON already stays. Raises BadParameter for what is none."""
    if text is None or text.startswith("{"):
        return text
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise BadParameter(f"not a platform: {text!r}; it looks like 'linux/arm64' or 'linux/arm/v7'")
    return msgspec.json.encode(dict(zip(("os", "architecture", "variant"), parts, strict=False))).decode()


def platforms_json(keyword: str, texts: Sequence[str] | None) -> list[str | None] | None:
    """Several of them, given by `keyword`."""
    if isinstance(texts, str):
        raise BadParameter(f"{keyword}= is a list, not one string")
    return [platform_json(one) for one in texts] if texts is not None else None
