"""The repositories that the index knows, and the images that each lists."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import msgspec

from aiodockerhub.errors import BadParameter
from aiodockerhub.local.accounts import LIBRARY
from aiodockerhub.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ImageId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]

# any registry will do where only a repository's name is checked
_ANY = "localhost"


class HubImage(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image as the index lists it.

    `id` is 64 hexadecimal digits, `checksum` empty until it was set, `tag` None where there is none.
    """

    id: ImageId
    checksum: str
    tag: str | None = msgspec.field(default=None, name="Tag")


class Repositories:
    """Images by repository; names are always `namespace/name`."""

    def __init__(self) -> None:
        self._images: dict[str, tuple[HubImage, ...]] = {}
        self.view: Mapping[str, tuple[HubImage, ...]] = MappingProxyType(self._images)

    def __contains__(self, name: str) -> bool:
        return name in self._images

    def join(self, namespace: str, repository: str, ids: Iterable[str]) -> None:
        """Make the repository if it is new; add what it lacks. Raises BadParameter for a bad name."""
        name = Reference(_ANY, f"{namespace}/{repository}").repository
        # an escaped slash of a path gets here too
        if name.count("/") != 1:
            raise BadParameter(f"{name!r} can't be a repository's name")
        known = {image.id: image for image in self._images.get(name, ())}
        for image_id in ids:
            known.setdefault(image_id, HubImage(image_id, ""))
        self._images[name] = tuple(known.values())

    def set(self, name: str, images: Iterable[HubImage]) -> None:
        """Let the repository list exactly these images."""
        self._images[name] = tuple(images)

    def remove(self, name: str) -> None:
        """Forget the repository and its list."""
        del self._images[name]

    def search(self, term: str) -> list[str]:
        """The names that hold the term, sorted; repositories of `library` without their namespace."""
        shown = (name.removeprefix(f"{LIBRARY}/") for name in self._images)
        return sorted(name for name in shown if term.casefold() in name)
