"""What is checked before the index is asked: only what would make another request of it, and image ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from aiodockerhub.errors import BadParameter
from aiodockerhub.wire.paths import path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["joining", "listed", "repository_path"]

_ID: Final = re.compile(r"[0-9a-f]{64}")


def repository_path(name: str, end: str = "/") -> str:
    """The path of `namespace/name`, or of `name`, which is one of the library. Raises BadParameter."""
    if not isinstance(name, str):
        raise BadParameter(f"a repository's name is a string, not {type(name).__name__}")
    parts = name.split("/")
    if len(parts) > 2:
        # "ns/name/images" would be another operation
        raise BadParameter(f"a repository of an index is called name or namespace/name: {name!r}")
    return path("/repositories" + "/{}" * len(parts), *parts) + end


def joining(images: Iterable[str]) -> list[dict[str, str]]:
    """The images that join a repository, as the index takes them. Raises BadParameter."""
    if isinstance(images, str):
        raise BadParameter("images is a list of ids, not one id")
    return [{"id": _checked(image)} for image in images]


def listed(images: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A repository's list of images, as the index takes it. Raises BadParameter."""
    return [_listed(image) for image in images]


def _listed(image: object) -> dict[str, Any]:
    if not isinstance(image, dict):
        raise BadParameter(f"an image is listed as a dict with its id and checksum, not as {type(image).__name__}")
    listing = cast("dict[str, Any]", image)
    for name, value in listing.items():
        if not isinstance(value, str):
            raise BadParameter(f"{name} of a listed image is a string, not {type(value).__name__}")
    _checked(listing.get("id"))
    return listing


def _checked(image: object) -> str:
    if not isinstance(image, str) or not _ID.fullmatch(image):
        raise BadParameter(f"an image's id is 64 hexadecimal digits, with nothing before them: {image!r}")
    return image
