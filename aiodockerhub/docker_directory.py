"""Where the docker CLI keeps its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["docker_directory", "home_directory"]


def docker_directory(environ: Mapping[str, str], home: Path | None = None) -> Path:
    """The directory of config.json and the contexts: DOCKER_CONFIG, else `.docker` in `home`, by default the user's."""
    given = environ.get("DOCKER_CONFIG")
    return Path(given) if given else (home or home_directory(environ)) / ".docker"


def home_directory(environ: Mapping[str, str]) -> Path:
    """HOME, else what the system knows of the user; `/` where it knows nothing."""
    try:
        return Path(environ.get("HOME") or Path.home())
    except RuntimeError:
        # a user without an entry in passwd, as in many containers; not the working directory, which may be anybody's
        return Path("/")
