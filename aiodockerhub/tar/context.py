"""Build contexts as tar: a directory streamed by Docker's rules, or a Dockerfile alone."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from aiodockerhub.errors import BadFile, BadParameter
from aiodockerhub.tar.chunks import CHUNK, GatheredChunks, unreadable
from aiodockerhub.tar.entries import file_entry, is_directory, is_file, listing, special_entry
from aiodockerhub.tar.header import END, small_file
from aiodockerhub.tar.ignore import Ignore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence

__all__ = ["Context", "directory_context", "dockerfile_context", "dockerfile_text"]

_IGNORE_FILE = ".dockerignore"

# A Dockerfile or an ignore file is read at once; one beyond this is some other file, given by mistake.
_TEXT_LIMIT = 16 * 1024 * 1024


class Context:
    """A build context: `async for chunk in context` gives its tar. Made by `directory_context`.

    `dockerfile` is the name under which the Dockerfile is sent, for the request's parameter of that name. Each
    iteration walks the directory anew, so that a request can be repeated; `length` is never known beforehand.
    """

    length: int | None = None
    repeatable: bool = True

    def __init__(self, root: Path, ignore: Ignore, dockerfile: str, *, outside: Path | None, size: int) -> None:
        self.dockerfile = dockerfile
        self._root = root
        self._ignore = ignore
        self._outside = outside
        self._size = size
        self._kept = {_IGNORE_FILE} if outside else {_IGNORE_FILE, dockerfile}

    def __repr__(self) -> str:
        return f"<Context: {str(self._root)!r}, dockerfile {self.dockerfile!r}>"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return GatheredChunks(self._pieces(), size=self._size)

    def dockerfile_text(self) -> bytes:
        """What the Dockerfile holds now. Reads the file, so not in the loop's thread. Raises BadFile."""
        path = self._outside or self._root / self.dockerfile
        try:
            with path.open("rb") as file:
                return file.read(_TEXT_LIMIT)
        except OSError as error:
            raise unreadable(str(path), error) from error

    def _pieces(self) -> Generator[bytes, None, None]:
        for name, entry in self._walk():
            if self._outside and name == _IGNORE_FILE:
                continue
            if is_file(entry):
                yield from file_entry(name, entry.path, size=self._size)
            else:
                yield special_entry(name, entry.path)
        if self._outside:
            yield from file_entry(self.dockerfile, str(self._outside), size=self._size)
            yield small_file(_IGNORE_FILE, self._ignore_file())
        yield END

    def _walk(self) -> Generator[tuple[str, os.DirEntry[str]], None, None]:
        """What is sent, in the order of names, and each directory before what it holds."""
        stack = [_Directory("", listing(str(self._root)), self._ignore.nothing_above)]
        while stack:
            directory = stack[-1]
            entry = next(directory.entries, None)
            if entry is None:
                stack.pop()
                continue
            name = directory.prefix + entry.name
            excluded, above = self._ignore.judge(name, directory.above)
            if not excluded or name in self._kept:
                # an excluded directory that something returns from is sent too, as BuildKit does: it keeps its mode
                yield from _unsent(stack)
                yield name, entry
            if is_directory(entry) and (not excluded or self._reaches_into(name)):
                entries = listing(entry.path, excluded=excluded)
                stack.append(_Directory(name + "/", entries, above, entry if excluded else None))

    def _reaches_into(self, directory: str) -> bool:
        inside = directory + "/"
        return self._ignore.reaches_into(directory) or any(name.startswith(inside) for name in self._kept)

    def _ignore_file(self) -> bytes:
        """The context's ignore file, which the engine reads as well, with the Dockerfile from outside added."""
        lines = _text_file(self._root / _IGNORE_FILE)
        return (_IGNORE_FILE.encode() if lines is None else lines) + f"\n{self.dockerfile}\n".encode()


@dataclass(slots=True)
class _Directory:
    prefix: str
    entries: Iterator[os.DirEntry[str]]
    above: Sequence[bool]
    unsent: os.DirEntry[str] | None = None


async def directory_context(
    path: str | os.PathLike[str],
    *,
    dockerfile: str | os.PathLike[str] | None = None,
    ignore: Iterable[str] | None = None,
    size: int = CHUNK,
) -> Context:
    """The build context of a directory, as `docker build` would send it.

    `dockerfile` is a path, relative to the context (default: `Dockerfile`, then `dockerfile`); one outside the context
    is sent along under a name of its own, which `Context.dockerfile` tells. Patterns come from `ignore`, else from
    `<dockerfile>.dockerignore` beside the Dockerfile, else from the context's `.dockerignore`; the Dockerfile and
    `.dockerignore` are always sent. `size` is about the bytes of a chunk.

    Owners become root; modes, times (whole seconds) and links are kept, links are never followed, hard links are sent
    as files, sockets are not sent. The same tree gives the same bytes.

    Raises `BadFile` where directory or Dockerfile are missing, and during the iteration for what vanishes, shrinks or
    can't be read; `BadParameter` for a bad pattern, with its line. A file that grows is cut at its announced size.
    """
    if isinstance(ignore, (str, bytes)):
        raise BadParameter("ignore= takes an iterable of patterns, not one string")
    lines = None if ignore is None else list(ignore)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, _prepared, os.fspath(path), dockerfile, lines, size)


def dockerfile_context(
    dockerfile: str | bytes | BinaryIO | TextIO, files: Mapping[str, bytes | str] | None = None
) -> bytes:
    """A context in memory: a Dockerfile's text, or a file object that holds it, and small `files` by name.

    A file object is read from where it stands, and stays open. Text is sent as UTF-8. Times are 0, so that the same
    content gives the same bytes. Raises `BadParameter` for an empty Dockerfile, or a name that leaves the context.
    """
    text = dockerfile_text(dockerfile)
    entries = {_name_inside(name): content for name, content in (files or {}).items()}
    if "Dockerfile" in entries:
        raise BadParameter("files= holds a second Dockerfile")
    entries["Dockerfile"] = text
    return b"".join([*(small_file(name, _encoded(entries[name])) for name in sorted(entries)), END])


def dockerfile_text(dockerfile: str | bytes | BinaryIO | TextIO) -> bytes:
    """The bytes of a Dockerfile that is text, or a file object. Raises `BadParameter` for one that is empty or huge."""
    if not isinstance(dockerfile, (str, bytes)) and not hasattr(dockerfile, "read"):
        raise BadParameter(
            f"a Dockerfile is text, bytes or a file object, not {type(dockerfile).__name__}; its path is dockerfile="
        )
    text = dockerfile if isinstance(dockerfile, (str, bytes)) else dockerfile.read(_TEXT_LIMIT + 1)
    if not text:
        raise BadParameter("the Dockerfile is empty; a file object is read from where it stands, maybe at its end")
    if len(text) > _TEXT_LIMIT:
        raise BadParameter(f"a Dockerfile of more than {_TEXT_LIMIT} bytes is none; a tar is given as such")
    return _encoded(text)


def _prepared(path: str, dockerfile: str | os.PathLike[str] | None, lines: list[str] | None, size: int) -> Context:
    root = _real(path)
    if not root.is_dir():
        raise BadFile(f"a context is a directory, and {path} is none", file=path)
    given = root / (_default_dockerfile(root) if dockerfile is None else dockerfile)
    real = _real(str(given))
    if not real.is_file():
        raise BadFile(f"the Dockerfile {given} is no file", file=str(given))
    ignore = _ignore_of(root, given) if lines is None else Ignore(lines)
    if real.is_relative_to(root):
        return Context(root, ignore, real.relative_to(root).as_posix(), outside=None, size=size)
    return Context(root, ignore, f".dockerfile.{secrets.token_hex(10)}", outside=real, size=size)


def _real(path: str) -> Path:
    try:
        return Path(os.path.realpath(path, strict=True))
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise BadParameter(f"{path!r} is no path: {error}") from error


def _default_dockerfile(root: Path) -> str:
    found = (name for name in ("Dockerfile", "dockerfile") if os.path.lexists(root / name))
    return next(found, "Dockerfile")


def _ignore_of(root: Path, dockerfile: Path) -> Ignore:
    for path in (dockerfile.with_name(dockerfile.name + _IGNORE_FILE), root / _IGNORE_FILE):
        text = _text_file(path)
        if text is not None:
            return Ignore.parse(text, source=str(path))
    return Ignore(())


def _text_file(path: Path) -> bytes | None:
    """The bytes of a file that may be missing."""
    try:
        with path.open("rb") as file:
            text = file.read(_TEXT_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(str(path), error) from error
    if len(text) > _TEXT_LIMIT:
        raise BadFile(f"{path} holds more than {_TEXT_LIMIT} bytes, which no list of patterns does", file=str(path))
    return text


def _unsent(stack: list[_Directory]) -> Generator[tuple[str, os.DirEntry[str]], None, None]:
    for directory in stack:
        if directory.unsent is not None:
            yield directory.prefix[:-1], directory.unsent
            directory.unsent = None


def _name_inside(name: str) -> str:
    parts = name.split("/")
    if not all(parts) or "." in parts or ".." in parts or "\0" in name or not _is_writable(name):
        raise BadParameter(f"{name!r} names no file inside the context")
    return name


def _is_writable(name: str) -> bool:
    try:
        name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _encoded(content: bytes | str) -> bytes:
    try:
        return content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        raise BadParameter(f"a text that can't be written as UTF-8: {error.reason}") from error
