"""A file, a directory or a link of this machine as a tar that is made while it is sent."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiodockerhub.errors import BadFile, BadParameter
from aiodockerhub.tar.chunks import CHUNK, GatheredChunks, file_chunks
from aiodockerhub.tar.entries import file_entry, is_directory, is_file, listing, special_entry
from aiodockerhub.tar.header import END, header, padding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator
    from typing import BinaryIO

    from aiodockerhub.tar.chunks import FileChunks

__all__ = ["FileTar", "TreeTar", "content_tar", "path_tar"]

_AT_ONCE: Final = 256 * 1024
"""Bytes of content up to which a tar is made before it is sent: an engine that says no does not read on, and of what it
answered nothing is left where more is written then."""


class FileTar:
    """A tar of one file: `async for chunk in tar`. Its `length` in bytes is known beforehand."""

    def __init__(self, name: str, content: FileChunks, size: int, *, mode: int, mtime: int) -> None:
        self._head = header(name, tarfile.REGTYPE, mode=mode, mtime=mtime, size=size)
        self._content = content
        self._tail = padding(size) + END
        self.length = len(self._head) + size + len(self._tail)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        async for chunk in self._content:
            yield chunk
        yield self._tail


class TreeTar:
    """A tar of a directory, or of one thing that is no file: `async for chunk in tar`. Of unknown length.

    Without a name it holds what is in the directory, else the directory itself, called that.
    """

    length: int | None = None

    def __init__(self, path: str, name: str | None) -> None:
        self._path = path
        self._name = name

    def __aiter__(self) -> AsyncIterator[bytes]:
        return GatheredChunks(self._pieces(), size=CHUNK)

    def _pieces(self) -> Generator[bytes, None, None]:
        prefix = ""
        if self._name is not None:
            yield special_entry(self._name, self._path)
            prefix = self._name + "/"
        if self._name is None or _is_directory(self._path):
            yield from _inside(prefix, self._path)
        yield END


def _is_directory(path: str) -> bool:
    """Whether it is one itself, not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114


def _inside(prefix: str, path: str) -> Generator[bytes, None, None]:
    """The entries of what is in a directory, each directory before what it holds."""
    stack = [(prefix, listing(path))]
    while stack:
        prefix, entries = stack[-1]
        entry = next(entries, None)
        if entry is None:
            stack.pop()
        elif is_file(entry):
            yield from file_entry(prefix + entry.name, entry.path, size=CHUNK)
        else:
            yield special_entry(prefix + entry.name, entry.path)
            if is_directory(entry):
                stack.append((prefix + entry.name + "/", listing(entry.path)))


async def path_tar(path: str, status: os.stat_result, name: str | None) -> bytes | FileTar | TreeTar:
    """The tar of what is at `path`, which has this `status`; called `name`, or without it what is in the directory.

    Raises BadFile, also while it is read.
    """
    if stat.S_ISSOCK(status.st_mode):
        raise BadFile(f"{path} is a socket, which no tar can hold", file=path)
    if name is None or not stat.S_ISREG(status.st_mode):
        return TreeTar(path, name)
    content = await file_chunks(Path(path))
    assert content.length is not None  # noqa: S101  (a file's is known)
    return await _whole(FileTar(name, content, content.length, mode=status.st_mode, mtime=int(status.st_mtime)))


async def content_tar(name: str, content: bytes | BinaryIO, *, mode: int, mtime: int) -> bytes | FileTar:
    """The tar of a file that has this content. Raises BadParameter for a file object that can't tell its size."""
    chunks = await file_chunks(content)
    if chunks.length is None:
        raise BadParameter(f"the size of {content!r} can't be told, and stands before it in a tar")
    return await _whole(FileTar(name, chunks, chunks.length, mode=mode, mtime=mtime))


async def _whole(tar: FileTar) -> bytes | FileTar:
    """A small one as bytes."""
    return b"".join([chunk async for chunk in tar]) if tar.length <= _AT_ONCE else tar
