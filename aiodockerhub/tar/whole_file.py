"""A file that appears when it is whole, or never."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from aiodockerhub.errors import BadFile

if TYPE_CHECKING:
    import io
    from collections.abc import Generator, Iterable

__all__ = ["WholeFile"]


class WholeFile:
    """Written under a name of its own beside `path`, which it takes with `put_in_place`, from a file there before too.

    Every method may block, and raises BadFile. After `discard`, from whatever thread and at whatever moment, all others
    do nothing: a write that a cancelled task left to its thread may still be under way.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._file: io.FileIO | None = None
        self._target = self._path
        self._over = False
        self._turn = threading.Lock()

    def open(self) -> None:
        """Begin with an empty file. A link at `path` stays one; the file that it names is to be replaced."""
        with self._told(), self._turn:
            if self._over:
                return
            self._target = self._path.resolve()
            if self._target.exists() and not self._target.is_file():
                raise BadFile(f"can't write {self._path}: it is there, and no file", file=str(self._path))
            beside = self._target.with_name(f".{secrets.token_hex(8)}.part")
            self._file = beside.open("xb", buffering=0)  # what is written is large enough

    def write(self, pieces: Iterable[bytes]) -> None:
        """Add to it."""
        with self._told(), self._turn:
            if (file := self._file) is not None:
                left = memoryview(b"".join(pieces))
                while left:
                    left = left[file.write(left) :]

    def put_in_place(self) -> None:
        """It is whole."""
        with self._told(), self._turn:
            if (file := self._file) is not None:
                os.fsync(file.fileno())
                file.close()
                Path(file.name).replace(self._target)
                self._file = None

    def discard(self) -> None:
        """Leave nothing behind, unless it was put in place."""
        with self._turn:
            self._over = True
            if (file := self._file) is not None:
                self._file = None
                with contextlib.suppress(OSError):  # on a full disk
                    file.close()
                with contextlib.suppress(OSError):
                    Path(file.name).unlink()

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise BadFile(f"can't write {self._path}: {error.strerror or error}", file=str(self._path)) from error
