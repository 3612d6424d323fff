"""What lies in a directory of this machine, as entries of a tar: files, directories, links, devices."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING, Final

from aiodockerhub.errors import BadFile
from aiodockerhub.tar.chunks import descriptor_pieces, opened, unreadable
from aiodockerhub.tar.header import header, padding

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["file_entry", "is_directory", "is_file", "listing", "special_entry"]

_SPECIAL: Final = {stat.S_IFIFO: tarfile.FIFOTYPE, stat.S_IFCHR: tarfile.CHRTYPE, stat.S_IFBLK: tarfile.BLKTYPE}


def listing(path: str, *, excluded: bool = False) -> Iterator[os.DirEntry[str]]:
    """What is in a directory, in the order of names. Raises BadFile, but not for one that is `excluded` and closed."""
    try:
        with os.scandir(path) as found:
            return iter(sorted(found, key=lambda entry: entry.name))
    except PermissionError as error:
        if excluded:
            return iter(())
        raise unreadable(path, error) from error
    except OSError as error:
        raise _lost(path, error) from error


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, not a link to one. Raises BadFile."""
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError as error:
        raise _lost(entry.path, error) from error


def is_directory(entry: os.DirEntry[str]) -> bool:
    """Whether it is a directory, not a link to one. Raises BadFile."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError as error:
        raise _lost(entry.path, error) from error


def file_entry(name: str, path: str, *, size: int) -> Generator[bytes, None, None]:
    """The entry of a file, its content in pieces of `size` bytes. Raises BadFile."""
    try:
        descriptor = opened(path)
    except OSError as error:
        raise _lost(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadFile(f"{path} is no file any more: it was replaced while it was sent", file=path)
        length = status.st_size
        yield header(name, tarfile.REGTYPE, mode=status.st_mode, mtime=_seconds(status), size=length)
        yield from descriptor_pieces(descriptor, path, length=length, size=size)
        yield padding(length)
    finally:
        os.close(descriptor)


def special_entry(name: str, path: str) -> bytes:
    """The entry of what is no file; nothing for a socket, which tar doesn't know. Raises BadFile."""
    try:
        status = os.lstat(path)
        # not Path.readlink, which tidies the target
        link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""  # noqa: PTH115
    except OSError as error:
        raise _lost(path, error) from error
    mode, mtime = status.st_mode, _seconds(status)
    if stat.S_ISDIR(mode):
        return header(name + "/", tarfile.DIRTYPE, mode=mode, mtime=mtime)
    if link:
        return header(name, tarfile.SYMTYPE, mode=mode, mtime=mtime, link=link)
    kind = _SPECIAL.get(stat.S_IFMT(mode))
    if kind is None:
        return b""
    device = None if stat.S_ISFIFO(mode) else (os.major(status.st_rdev), os.minor(status.st_rdev))
    return header(name, kind, mode=mode, mtime=mtime, device=device)


def _lost(path: str, error: OSError) -> BadFile:
    if isinstance(error, FileNotFoundError):
        return BadFile(f"{path} vanished while it was sent", file=path)
    return unreadable(path, error)


def _seconds(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000_000
