"""Which registries a Dockerfile's base images come from, as far as it is written in its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aiodockerhub.errors import BadReference
from aiodockerhub.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["base_registries"]

_VARIABLE: Final = re.compile(r"\$(?:(?P<plain>\w+)|\{(?P<braced>\w+)(?::-(?P<default>[^{}$]*))?\})")


def base_registries(dockerfile: bytes, build_args: Mapping[str, str | None]) -> set[str]:
    """The registries that its FROM lines name: `{"docker.io", "ghcr.io"}`.

    Earlier stages and `scratch` are none. Variables are those of ARG before the first FROM, and of `build_args`; a line
    that needs another one, or is continued on the next, is passed over.
    """
    given: dict[str, str] = {}
    stages = {"scratch"}
    found: set[str] = set()
    for line in dockerfile.decode("utf-8-sig", "replace").splitlines():
        instruction, *words = line.split() or [""]
        if instruction.upper() == "ARG" and len(stages) == 1 and not found:
            given.update(_declared(words, build_args))
        elif instruction.upper() == "FROM" and (base := _base(words)) is not None:
            image, stage = base
            if image.lower() not in stages and (registry := _registry(image, given)) is not None:
                found.add(registry)
            stages.add(stage.lower())
    return found


def _declared(words: list[str], build_args: Mapping[str, str | None]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    values = {name: build_args.get(name) or default.strip("\"'") for name, _, default in pairs}
    return {name: value for name, value in values.items() if value}


def _base(words: list[str]) -> tuple[str, str] | None:
    """The image and the stage's name of `[--platform=...] IMAGE [AS STAGE]`; None for "from os import path"."""
    match [word for word in words if not word.startswith("--")]:
        case [image]:
            return image, ""
        case [image, keyword, stage] if keyword.upper() == "AS":
            return image, stage
        case _:
            return None


def _registry(image: str, given: Mapping[str, str]) -> str | None:
    def value(found: re.Match[str]) -> str:
        # what is not known stays as it is, and makes no reference
        return given.get(found["plain"] or found["braced"]) or found["default"] or found[0]

    try:
        return Reference.parse(_VARIABLE.sub(value, image)).registry
    except BadReference:
        return None
