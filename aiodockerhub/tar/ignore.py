"""Which files of a build context stay at home: `.dockerignore`, with the meaning that Docker gives it.

The rules are those of moby/patternmatcher and its `ignorefile`, and for walking those of BuildKit (tonistiigi/fsutil):
an exception with wildcards reaches into excluded directories too, which the classic `docker build` forgets.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from aiodockerhub.errors import BadParameter
from aiodockerhub.tar.wildcards import WILD, matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Ignore"]

# What Go's strings.TrimSpace takes away; Python's strip() would take \x1c to \x1f too, which names may hold.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class _Pattern(NamedTuple):
    exception: bool
    matches: Callable[[str], object]
    """Truthy for a path that the pattern names itself, whatever it says of the directories above."""
    literal: str
    """What every path that matches begins with: all of it, or up to the first wildcard."""
    wild: bool


class Ignore:
    """The patterns of a `.dockerignore`, ready to judge paths.

    `lines` are the file's lines: one pattern each, `!` for an exception, `#` at the very start for a comment; the last
    pattern that matches a path, or a directory above it, decides. `source` names the file in errors.

    Raises `BadParameter`, with the line, for a pattern that is no pattern.
    """

    def __init__(self, lines: Iterable[str], *, source: str = "ignore") -> None:
        self._patterns: list[_Pattern] = []
        for number, line in enumerate(lines, 1):
            pattern = _pattern_of(line)
            if pattern:
                try:
                    self._patterns.append(_compiled(pattern))
                except ValueError as error:
                    raise BadParameter(f"{source}, line {number}: {error}: {line.strip()!r}") from None
        self._exceptions = [pattern for pattern in self._patterns if pattern.exception]

    @classmethod
    def parse(cls, text: bytes, *, source: str = ".dockerignore") -> Ignore:
        """Read the bytes of an ignore file; a byte order mark at its start is skipped."""
        decoded = text.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        return cls(decoded.split("\n"), source=source)

    def __repr__(self) -> str:
        return f"<Ignore: {len(self._patterns)} patterns, {len(self._exceptions)} of them exceptions>"

    def excludes(self, path: str) -> bool:
        """Whether `path` stays at home. It is relative to the context, with `/` and without dot segments."""
        excluded, above = False, self.nothing_above
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            excluded, above = self.judge("/".join(parts[:depth]), above)
        return excluded

    @property
    def nothing_above(self) -> Sequence[bool]:
        """What `judge` takes for a path that lies directly in the context."""
        return (False,) * len(self._patterns)

    def judge(self, path: str, above: Sequence[bool]) -> tuple[bool, Sequence[bool]]:
        """Whether `path` is excluded, and what `judge` takes as `above` for the paths in it."""
        # A pattern that could not change the verdict isn't tried, and then holds for nothing below either: what the
        # engine's own tools do, and visible where an exception and two overlapping patterns meet.
        excluded = False
        matched: list[bool] = []
        for pattern, inherited in zip(self._patterns, above, strict=True):
            match = inherited or (pattern.exception == excluded and bool(pattern.matches(path)))
            matched.append(match)
            if match:
                excluded = not pattern.exception
        return excluded, matched

    def reaches_into(self, directory: str) -> bool:
        """Whether an exception may bring back something below `directory`. False is certain, True is not."""
        inside = directory + "/"
        return any(
            exception.literal.startswith(inside) or (exception.wild and inside.startswith(exception.literal))
            for exception in self._exceptions
        )


def _pattern_of(line: str) -> str:
    """The pattern that a line holds, made relative and clean; empty for comments and blank lines."""
    if line.startswith("#"):
        return ""
    line = line.strip(_SPACE)
    exception = line.startswith("!")
    pattern = line[1:].strip(_SPACE) if exception else line
    if pattern:
        pattern = _clean(pattern)
        pattern = pattern[1:] if len(pattern) > 1 and pattern[0] == "/" else pattern
    pattern = f"!{pattern}" if exception else pattern
    # Twice, since the file's reader and the matcher do it each: "/ a" is "a", and "!/" is an exception of nothing.
    pattern = pattern.strip(_SPACE)
    return _clean(pattern) if pattern else ""


def _clean(path: str) -> str:
    """Go's `path.Clean`, which knows no leading double slash."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _compiled(pattern: str) -> _Pattern:
    exception = pattern.startswith("!")
    if exception:
        pattern = pattern[1:]
        if not pattern:
            raise ValueError("an exception of nothing")
    wildcard = WILD.search(pattern)
    if wildcard is None:
        return _Pattern(exception, pattern.__eq__, pattern, wild=False)
    return _Pattern(exception, matcher(pattern), pattern[: wildcard.start()], wild=True)
