"""A shelf in a folder that outlives the process, however that ends.

localhub        which format this is; locked while a hub runs
blobs/ALGORITHM/XX/HEX    whole blobs only: each was written elsewhere, checked, flushed, and moved here
notes/...       a file for each note
coming/         blobs and notes on their way; emptied at the start
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from aiodockerhub.errors import BadParameter, Misused
from aiodockerhub.local.shelf import Full, note_cost

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from aiodockerhub.local.shelf import Budget, Part

_FORMAT = "aiodockerhub local registry 1\n"
_READ_AGAIN = 1024 * 1024


class FolderShelf:
    """The shelf in `root`, which is made where it is missing.

    `open` raises BadParameter where it can't be made or holds something else, Misused where another hub uses it.
    """

    def __init__(self, root: Path, budget: Budget) -> None:
        self._root = root
        self._budget = budget
        self._blobs = root / "blobs"
        self._notes = root / "notes"
        self._coming = root / "coming"
        self._lock: BinaryIO | None = None

    def open(self) -> Iterable[tuple[str, str]]:
        """Lock the folder, empty `coming`, and read all notes."""
        self._lock = _locked(self._root)
        try:
            for folder in (self._blobs, self._notes, self._coming):
                _make(folder)
            for left in self._coming.iterdir():
                left.unlink()
            notes = [(str(file.relative_to(self._notes)), file.read_text()) for file in _files(self._notes)]
            self._budget.used = sum(file.stat().st_size for file in _files(self._blobs))
            self._budget.used += sum(note_cost(path, text) for path, text in notes)
        except (OSError, UnicodeDecodeError) as error:
            self.close()
            raise BadParameter(f"the folder {self._root} can't be used: {error}") from error
        return notes

    def close(self) -> None:
        """Unlock the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def begin(self, algorithm: str) -> Part:
        """A new blob; its file is made with its first bytes."""
        return _Part(self._coming / secrets.token_hex(16), algorithm, self._budget)

    def keep(self, part: Part, digest: str) -> None:
        """Move the file to its place."""
        place = self._place(digest)
        with _full():
            _make(place.parent)
            cast("_Part", part).move(place)

    def size(self, digest: str) -> int | None:
        """How many bytes, or None."""
        try:
            return self._place(digest).stat().st_size
        except FileNotFoundError:
            return None

    def blob(self, digest: str) -> _Blob:
        """Open the file."""
        return _Blob(self._place(digest).open("rb", buffering=0))

    def remove(self, digest: str) -> None:
        """Remove the file; who reads it can go on."""
        size = self.size(digest)
        if size is not None:
            self._place(digest).unlink()
            self._budget.give(size)

    def digests(self) -> Iterable[str]:
        """Every blob's."""
        return [f"{file.parent.parent.name}:{file.name}" for file in _files(self._blobs)]

    def note(self, path: str, text: str) -> None:
        """Write to a new file, and move it to its place."""
        known = self._cost(path)
        self._budget.take(note_cost(path, text))
        new = self._coming / secrets.token_hex(16)
        place = self._notes / path
        try:
            with _full():
                _make(place.parent)
                with new.open("w") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                _move(new, place)
        except BaseException:
            self._budget.give(note_cost(path, text))
            new.unlink(missing_ok=True)
            raise
        self._budget.give(known)

    def forget(self, path: str) -> None:
        """Remove the file."""
        known = self._cost(path)
        if known:
            place = self._notes / path
            place.unlink()
            _flush(place.parent)
            self._budget.give(known)

    def _cost(self, path: str) -> int:
        try:
            return note_cost(path, (self._notes / path).read_text())
        except FileNotFoundError:
            return 0

    def _place(self, digest: str) -> Path:
        algorithm, _, encoded = digest.partition(":")
        return self._blobs / algorithm / encoded[:2] / encoded


class _Part:
    def __init__(self, path: Path, algorithm: str, budget: Budget) -> None:
        self.size = 0
        self._path = path
        self._budget = budget
        self._hash = hashlib.new(algorithm)
        self._file: BinaryIO | None = None
        self._kept = False

    def write(self, data: bytes) -> None:
        self._budget.take(len(data))
        try:
            with _full():
                self._append(data)
        except BaseException:
            self._budget.give(len(data))
            raise
        self._hash.update(data)
        self.size += len(data)

    def digest(self, algorithm: str) -> str:
        known = self._hash
        if known.name != algorithm:
            known = hashlib.new(algorithm)
            with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
                while data := file.read(_READ_AGAIN):
                    known.update(data)
        return f"{algorithm}:{known.hexdigest()}"

    def settle(self) -> None:
        with _full():
            os.fsync(self._opened().fileno())
        self.rest()

    def rest(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def drop(self) -> None:
        self.rest()
        if not self._kept:
            self._kept = True
            self._path.unlink(missing_ok=True)
            self._budget.give(self.size)

    def move(self, place: Path) -> None:
        _move(self._path, place)
        self._kept = True

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
        return self._file

    def _append(self, data: bytes) -> None:
        file = self._opened()
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            file.truncate(self.size)  # the hash knows nothing of the half that fitted
            raise


class _Blob:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def read(self, start: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, start)

    def close(self) -> None:
        self._file.close()


def _locked(root: Path) -> BinaryIO:
    """The open file whose lock says that the folder is in use; the system takes it back from whoever dies."""
    marker = _marker(root)
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _check_format(marker, root)
    except BlockingIOError as error:
        marker.close()
        raise Misused(f"another hub uses the folder {root}") from error
    except BaseException:
        marker.close()
        raise
    return marker


def _marker(root: Path) -> BinaryIO:
    """The file that makes a folder a registry's, open; made with the folder, unless that holds something else."""
    path = root / "localhub"
    try:
        _make(root)
        if not path.exists() and any(root.iterdir()):
            raise BadParameter(f"the folder {root} holds something else than a local registry")
        return path.open("a+b")
    except OSError as error:
        raise BadParameter(f"the folder {root} can't be used: {error}") from error


def _check_format(marker: BinaryIO, root: Path) -> None:
    """Refuse a format of other versions; of a new folder it becomes ours."""
    marker.seek(0)
    known = marker.read().decode(errors="replace")
    if known not in {"", _FORMAT}:
        raise BadParameter(f"the folder {root} holds a format that is not known here")
    if not known:
        marker.write(_FORMAT.encode())
        marker.flush()
        os.fsync(marker.fileno())


def _make(folder: Path) -> None:
    """The folder and those above it, each sure to be there after a crash."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush(folder.parent)


def _move(source: Path, place: Path) -> None:
    source.replace(place)
    _flush(place.parent)


def _flush(folder: Path) -> None:
    """Without it a rename may be undone by a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder):
        for name in names:
            yield Path(directory, name)


@contextlib.contextmanager
def _full() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise Full(f"the registry is full: {error.strerror}") from error
        raise
