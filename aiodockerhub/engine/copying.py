"""Where a copy goes, by the rules of `docker cp`, and what engines tell of a path."""

from __future__ import annotations

import binascii
import os
import posixpath
import stat
from datetime import datetime  # noqa: TC003  (msgspec reads it)
from typing import Final, NamedTuple

import msgspec

from aiodockerhub.errors import BadFile, BadParameter, ProtocolViolated

__all__ = ["PathStat", "Place", "Thing", "destination", "found_here", "place_here", "told_of_path"]


class PathStat(msgspec.Struct, frozen=True):
    """What is at a path in a container. `name` is the path's last part, `mtime` when its content was changed.

    `size` is in bytes, `mode` as `os.stat` and the module `stat` have it. `link_target` is what a link leads to in the
    end, in the container; None for what is no link.
    """

    name: str
    size: int
    mode: int
    mtime: datetime
    link_target: str | None

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory; a link to one is none."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a link."""
        return stat.S_ISLNK(self.mode)


class Thing(NamedTuple):
    """What is copied: the last part of its path, and whether only what is in it is meant, as by `path/.`."""

    name: str
    is_directory: bool
    contents: bool

    @classmethod
    def at(cls, path: str, name: str, *, is_directory: bool) -> Thing:
        """What `path` names. Of a root, which has no name, only what is in it can be meant."""
        contents = posixpath.basename(path) == "." or not name
        return cls(name, is_directory, is_directory and contents)


class Place(NamedTuple):
    """Where a copy is to go, and what is there: nothing, a directory, or something else."""

    path: str
    exists: bool
    is_directory: bool


def destination(place: Place, thing: Thing) -> tuple[str, str | None]:
    """The directory that `thing` is unpacked into, and its name there: None if it is unpacked without one.

    Raises BadParameter for a directory in place of a file, and for the name of a file that ends as a directory's.
    """
    if place.is_directory:
        return place.path, None if thing.contents else thing.name
    if place.exists and thing.is_directory:
        raise BadParameter(f"{place.path} is no directory: a directory can't be copied there")
    if place.path.endswith("/") and not thing.is_directory:
        raise BadParameter(f"{place.path} is no directory: a file can't be copied into it")
    return posixpath.split(place.path.rstrip("/"))


def place_here(target: str | os.PathLike[str]) -> Place:
    """A place on this machine: behind a link, if there is one, wherever that leads. Raises BadFile, BadParameter."""
    path = os.fspath(target) if isinstance(target, (str, os.PathLike)) else target
    if not isinstance(path, str):
        raise BadParameter(f"a path of this machine is text, or a Path, not {type(target).__name__}")
    mode = 0
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  (a Path would lose a slash at the end)
    except FileNotFoundError:
        pass
    except ValueError as error:
        raise _no_path(path, error) from error
    except OSError as error:  # also of links that lead back to themselves, of which realpath makes something else
        raise _unreadable(path, error) from error
    path = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114
    return Place(path, exists=mode != 0, is_directory=stat.S_ISDIR(mode))


def found_here(path: str, *, follow_link: bool) -> tuple[str, Thing, os.stat_result]:
    """Something on this machine: its path, behind a link if that is to be followed; what it is.

    Raises BadFile, BadParameter.
    """
    name = os.path.basename(os.path.abspath(path))  # noqa: PTH100, PTH119  (of `..` too)
    try:
        path = os.path.realpath(path, strict=True) if follow_link and not path.endswith(("/", "/.")) else path
        status = os.lstat(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise _no_path(path, error) from error
    return path, Thing.at(path, name, is_directory=stat.S_ISDIR(status.st_mode)), status


def _unreadable(path: str, error: OSError) -> BadFile:
    return BadFile(f"can't read {path}: {error.strerror or error}", file=path)


def _no_path(path: str, error: ValueError) -> BadParameter:
    return BadParameter(f"{path!r} is no path: {error}")


# Go's os.FileMode: the kinds have bits of their own, above those of permissions
_PERMISSIONS: Final = 0o777
_KINDS: Final = (
    (1 << 31, stat.S_IFDIR),
    (1 << 27, stat.S_IFLNK),
    (1 << 25, stat.S_IFIFO),
    (1 << 24, stat.S_IFSOCK),
    (1 << 21, stat.S_IFCHR),  # devices of both sorts have bit 26 too
    (1 << 26, stat.S_IFBLK),
)
_SPECIAL: Final = ((1 << 23, stat.S_ISUID), (1 << 22, stat.S_ISGID), (1 << 20, stat.S_ISVTX))


class _Told(msgspec.Struct):
    name: str
    size: int
    mode: int
    mtime: datetime
    target: str = msgspec.field(name="linkTarget", default="")


def told_of_path(header: str) -> PathStat:
    """What an engine's header tells of a path. Raises ProtocolViolated where it tells nothing."""
    try:
        told = msgspec.json.decode(binascii.a2b_base64(header), type=_Told)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolViolated("the engine does not tell what is at the path") from error
    mode = _mode(told.mode)
    # podman tells a target of whatever it is
    target = told.target if stat.S_ISLNK(mode) and told.target else None
    return PathStat(told.name, told.size, mode, told.mtime, target)


def _mode(mode: int) -> int:
    kind = next((kind for bit, kind in _KINDS if mode & bit), stat.S_IFREG)
    return kind | (mode & _PERMISSIONS) | sum(special for bit, special in _SPECIAL if mode & bit)
