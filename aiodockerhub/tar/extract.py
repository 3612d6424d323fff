"""A tar unpacked while it comes: nothing leaves the directory, whatever the archive says and the directory holds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import stat
import tarfile
import threading
from typing import TYPE_CHECKING, Final

from aiodockerhub.errors import BadFile, UnsafeArchive
from aiodockerhub.tar.chunks import CHUNK
from aiodockerhub.tar.parser import Parser

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Generator, Sequence

    from aiodockerhub.tar.parser import Entry

__all__ = ["extract"]

_DIRECTORY: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_KINDS: Final = {
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


async def extract(pieces: AsyncIterable[bytes], directory: str, *, name: str | None = None) -> None:
    """Unpack the tar that `pieces` make up into `directory`, made if need be.

    With `name`, for the archive of one thing, that stands in place of the first part of each name in it, and the
    directory has to be there.

    Files replace files, and appear when they are whole. What Python's `data` filter refuses is refused: names and links
    that lead outside, absolute links, pipes, devices. Links in the directory are never followed: a name that leads
    through one is refused too, and so is a `..` behind a name in what a link leads to. Owners are the caller's, modes
    without group's and others' right to write, times kept.

    Raises UnsafeArchive, BadFile for what can't be written, StreamBroken and TooLarge for what is no tar, and what
    `pieces` raise. What was unpacked before an error stays.
    """
    extraction = _Extraction(directory, name)
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(None, extraction.begin_in, directory)
        gathered: list[bytes] = []
        size = 0
        async for piece in pieces:
            gathered.append(piece)
            size += len(piece)
            if size >= CHUNK:
                await loop.run_in_executor(None, extraction.feed, gathered)
                gathered, size = [], 0
        await loop.run_in_executor(None, extraction.feed, gathered)
        await loop.run_in_executor(None, extraction.finish)
    finally:
        extraction.abandon()


class _Extraction:
    """The work in its thread, one call at a time; `abandon` ends it from any other, without waiting."""

    def __init__(self, directory: str, name: str | None) -> None:
        self._tree = _Tree(directory, name)
        self._parser = Parser(self._tree)
        self._turn = threading.Lock()
        self._over = False

    def begin_in(self, directory: str) -> None:
        """Open the directory."""
        with self._working():
            self._tree.open(directory)

    def feed(self, pieces: Sequence[bytes]) -> None:
        """Unpack what is whole with these."""
        with self._working():
            for piece in pieces:
                if self._over:
                    break
                self._parser.feed(piece)

    def finish(self) -> None:
        """All has come."""
        with self._working():
            if not self._over:
                self._parser.close()
                self._tree.finish()

    def abandon(self) -> None:
        """Close what is open, also twice. A thread that works does so itself when it notices."""
        self._over = True
        self._close()

    @contextlib.contextmanager
    def _working(self) -> Generator[None]:
        try:
            with self._turn:
                yield
        except OSError as error:
            raise BadFile(
                f"can't write {self._tree.where}: {error.strerror or error}", file=self._tree.where
            ) from error
        finally:
            if self._over:
                self._close()

    def _close(self) -> None:
        # whoever comes second finds the turn free
        if self._turn.acquire(blocking=False):
            try:
                self._tree.close()
            finally:
                self._turn.release()


class _Tree:
    """Where entries become files. Every step down is into a real directory, held open: no link can lead elsewhere."""

    def __init__(self, directory: str, name: str | None) -> None:
        self.where = directory
        """What is worked on, for errors."""
        self._directory = directory
        self._name = name
        self._root = -1
        self._parent = -1
        self._parents: tuple[str, ...] = ()
        self._file = -1
        self._hidden = ""
        self._entry: Entry | None = None
        self._base = ""
        self._times: list[tuple[tuple[str, ...], float]] = []

    def open(self, directory: str) -> None:
        """Hold the directory open; it may be reached by a link."""
        if self._name is None:
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory)  # noqa: PTH102
        self._root = os.open(directory, _DIRECTORY & ~getattr(os, "O_NOFOLLOW", 0))

    def begin(self, entry: Entry) -> None:
        """Make it, if it is no file; begin it if it is one."""
        parts = self._parts(entry, entry.name)
        self._entry = entry
        self.where = os.path.join(self._directory, *parts)  # noqa: PTH118  (a Path for each entry would cost more)
        if not parts:
            if entry.kind != tarfile.DIRTYPE:
                raise _unsafe(entry, "it takes the place of the directory itself")
            return
        *above, self._base = parts
        self._enter(tuple(above), entry)
        if entry.kind == tarfile.REGTYPE:
            self._hidden = f".{secrets.token_hex(8)}"
            self._file = os.open(self._hidden, _NEW_FILE, 0o600, dir_fd=self._parent)
        elif entry.kind == tarfile.DIRTYPE:
            self._make_directory(entry, parts)
        elif entry.kind == tarfile.SYMTYPE:
            self._make_link(entry, len(above))
        elif entry.kind == tarfile.LNKTYPE:
            self._make_hard_link(entry)
        else:
            raise _unsafe(entry, f"it is {_KINDS.get(entry.kind, 'of a kind that is not unpacked')}")

    def data(self, piece: memoryview) -> None:
        """Write it all."""
        while piece:
            piece = piece[os.write(self._file, piece) :]

    def end(self) -> None:
        """A file is whole: it takes its name."""
        if self._file < 0:
            return
        assert self._entry is not None  # noqa: S101
        os.fchmod(self._file, _mode(self._entry.mode))
        _set_time(self._file, self._entry.mtime)
        os.close(self._file)
        self._file = -1
        self._put_in_place()

    def finish(self) -> None:
        """Give directories their times, which what was made in them has changed."""
        for parts, mtime in reversed(self._times):
            *above, base = parts
            self._enter(tuple(above), None)
            descriptor = os.open(base, _DIRECTORY, dir_fd=self._parent)
            try:
                _set_time(descriptor, mtime)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Let go of all; a file that is not whole goes."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._hidden:
            self._drop_hidden()
        if self._parent >= 0 and self._parent != self._root:
            os.close(self._parent)
        if self._root >= 0:
            os.close(self._root)
        self._root = self._parent = -1

    def _parts(self, entry: Entry, name: str) -> tuple[str, ...]:
        """The way to what is called `name`, below the directory."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in name:
            raise _unsafe(entry, f"{name!r} leads outside")
        if self._name is not None:
            parts[:1] = [self._name]
        return tuple(parts)

    def _enter(self, parents: tuple[str, ...], entry: Entry | None) -> None:
        """Hold the directory of the next entry open, made if need be."""
        if self._parent >= 0 and parents == self._parents:
            return
        if self._parent >= 0 and self._parent != self._root:
            os.close(self._parent)
        self._parent, self._parents = self._root, ()
        for part in parents:
            below = self._step(part, entry)
            if self._parent != self._root:
                os.close(self._parent)
            self._parent, self._parents = below, (*self._parents, part)

    def _step(self, part: str, entry: Entry | None) -> int:
        try:
            return self._descriptor(part)
        except OSError as error:
            if entry is not None and self._is_link(part):
                raise _unsafe(entry, "it leads through a link") from error
            raise

    def _descriptor(self, part: str) -> int:
        try:
            return os.open(part, _DIRECTORY, dir_fd=self._parent)
        except FileNotFoundError:
            os.mkdir(part, dir_fd=self._parent)
            return os.open(part, _DIRECTORY, dir_fd=self._parent)

    def _is_link(self, part: str) -> bool:
        try:
            return stat.S_ISLNK(os.stat(part, dir_fd=self._parent, follow_symlinks=False).st_mode)
        except OSError:
            return False

    def _make_directory(self, entry: Entry, parts: tuple[str, ...]) -> None:
        # closed again: this also tells a directory from a link, or a file, that stands there
        os.close(self._step(self._base, entry))
        self._times.append((parts, entry.mtime))

    def _make_link(self, entry: Entry, depth: int) -> None:
        link = entry.link
        parts = [part for part in link.split("/") if part not in ("", ".")]
        up = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
        if not link or "\0" in link or link.startswith("/"):
            raise _unsafe(entry, f"it is a link to {link!r}")
        # names lead into real directories, so that leading dots climb exactly as far as they seem to; behind a name
        # they need not, since that may be a link itself
        if up > depth or ".." in parts[up:]:
            raise _unsafe(entry, f"it is a link that may lead outside, to {link!r}")
        self._hidden = f".{secrets.token_hex(8)}"
        os.symlink(link, self._hidden, dir_fd=self._parent)
        self._put_in_place()

    def _make_hard_link(self, entry: Entry) -> None:
        *above, base = self._parts(entry, entry.link) or ("",)
        target, self._parent, parents = self._parent, -1, self._parents
        try:
            self._enter(tuple(above), entry)
            found = os.stat(base, dir_fd=self._parent, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):  # one to a link would lead elsewhere than that
                raise _unsafe(entry, f"it is a second name of {entry.link!r}, which is no file")
            self._hidden = f".{secrets.token_hex(8)}"
            os.link(base, self._hidden, src_dir_fd=self._parent, dst_dir_fd=target, follow_symlinks=False)
        finally:
            if self._parent not in (-1, self._root):
                os.close(self._parent)
            self._parent, self._parents = target, parents
        hidden = self._hidden
        self._put_in_place()
        self._hidden = hidden  # still there where it took the name of the very same file
        self._drop_hidden()

    def _put_in_place(self) -> None:
        """What stands there goes, unless it is a directory."""
        os.rename(self._hidden, self._base, src_dir_fd=self._parent, dst_dir_fd=self._parent)
        self._hidden = ""

    def _drop_hidden(self) -> None:
        hidden, self._hidden = self._hidden, ""
        with contextlib.suppress(OSError):
            os.unlink(hidden, dir_fd=self._parent)


def _mode(mode: int) -> int:
    """What Python's `data` filter makes of a file's mode."""
    mode &= 0o755
    return (mode if mode & 0o100 else mode & ~0o111) | 0o600


def _set_time(descriptor: int, mtime: float) -> None:
    with contextlib.suppress(OverflowError, ValueError, OSError):  # one that no clock can show
        os.utime(descriptor, (mtime, mtime))


def _unsafe(entry: Entry, why: str) -> UnsafeArchive:
    return UnsafeArchive(f"{entry.name!r} in the archive is not unpacked: {why}", entry=entry.name)
