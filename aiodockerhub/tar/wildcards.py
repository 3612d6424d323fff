"""One pattern of a `.dockerignore` against one path, in time that grows with their lengths alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["WILD", "matcher"]

WILD: Final = re.compile(r"[*?\[\\]")
"""Where a pattern stops being plain text."""


class _Token(NamedTuple):
    """A part of a pattern: one character, or a run of them."""

    expression: str
    run: bool = False


_SLASH: Final = _Token("/")
_STAR: Final = _Token("[^/]*", run=True)
_REST: Final = _Token(".*", run=True)
_DIRECTORIES: Final = _Token("(?:.*/)?", run=True)


def matcher(pattern: str) -> Callable[[str], object]:
    """What is truthy for a path that `pattern`, which has a wildcard, matches as a whole.

    Raises ValueError for one that is no pattern.
    """
    tokens = _without_repetitions(_tokens(pattern))
    suffix = pattern[2:]
    # moby takes "**x" for "ends with x", so "**.pyc" means every such file, while "**.py?" only means names like ".pyc"
    if pattern.startswith("**") and not WILD.search(suffix):
        if suffix.startswith("/"):
            name = suffix[1:]
            return lambda path: path.endswith(suffix) or path == name
        return lambda path: path.endswith(suffix)
    if _tries_little(tokens):
        return re.compile("".join(token.expression for token in tokens)).fullmatch
    return _Places(tokens)


def _tokens(pattern: str) -> Iterator[_Token]:
    at = 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            at += 3 if pattern.startswith("/", at + 2) else 2
            yield _DIRECTORIES if at < len(pattern) else _REST
            continue
        char = pattern[at]
        at += 1
        if char == "*":
            yield _STAR
        elif char == "?":
            yield _Token("[^/]")
        elif char == "[":
            characters, at = _characters(pattern, at)
            yield _Token(characters)
        else:
            if char == "\\":
                char, at = _escaped(pattern, at)
            yield _Token(re.escape(char))


def _characters(pattern: str, at: int) -> tuple[str, int]:
    """The regular expression of a `[...]` that begins before `at`, and where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", at)):
        low, at = _range_end(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _range_end(pattern, at + 1)
        if low > high:
            raise ValueError("a range of characters that ends before it begins")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{'^' if negated else ''}{''.join(ranges)}]", at + 1


def _range_end(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at : at + 1]
    if not char:
        raise ValueError("a [ without its ]")
    if char in "-]":
        raise ValueError(f"a {char} out of place between [ and ]")
    if pattern.startswith("[:", at) and ":]" in pattern[at:]:
        raise ValueError("a class of characters by its name")
    return _escaped(pattern, at + 1) if char == "\\" else (char, at + 1)


def _escaped(pattern: str, at: int) -> tuple[str, int]:
    if at >= len(pattern):
        raise ValueError("a \\ before nothing")
    if pattern[at].isalnum() or not pattern[at].isascii():
        # docker hands it to a regular expression, where \d is any digit and \a a bell, or fails
        raise ValueError("a \\ before a letter or a digit")
    return pattern[at], at + 1


def _without_repetitions(tokens: Iterator[_Token]) -> list[_Token]:
    """Two equal runs in a row match what one does."""
    kept: list[_Token] = []
    for token in tokens:
        if not (token.run and kept and kept[-1] == token):
            kept.append(token)
    return kept


def _tries_little(tokens: list[_Token]) -> bool:
    """Whether a regular expression, which tries one way after the other, has few ways to try.

    So it is when no two runs can share what lies between two slashes, and only one of them crosses slashes.
    """
    runs = far = 0
    for token in tokens:
        if token == _SLASH:
            runs = 0
        elif token == _STAR:
            runs += 1
        elif token.run:
            far += 1 + runs
        elif not token.expression.startswith("\\") and len(token.expression) > 1 and _matches(token, "/"):
            far += 1
        if runs > 1 or far > 1:
            return False
    return True


def _matches(token: _Token, char: str) -> bool:
    return re.fullmatch(token.expression, char) is not None


class _Places:
    """Takes all ways at once: one bit for each place in the pattern that the path, so far, may have led to."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._steps: dict[str, int] = {}
        self._tests: list[tuple[int, _Token]] = []
        self._loops = self._loops_on_slash = self._loops_on_line_feed = 0
        self._to_next = self._to_second = self._slashes = 0
        bit = 1
        for token in tokens:
            if token == _DIRECTORIES:  # two places: before it, from where it may be passed over, and in it
                self._to_second |= bit
                self._to_next |= bit
                bit <<= 1
                self._slashes |= bit
            elif token.run:
                self._to_next |= bit
            else:
                self._tests.append((bit, token))
            if token.run:
                self._loops |= bit
                # as a dot of regular expressions, which matches no line feed
                self._loops_on_slash |= bit if token != _STAR else 0
                self._loops_on_line_feed |= bit if token == _STAR else 0
            bit <<= 1
        self._end = bit
        self._start = self._spread(1)

    def __call__(self, path: str) -> bool:
        places = self._start
        for char in path:
            steps = self._steps.get(char)
            if steps is None:
                steps = self._learned(char)
            loops = self._loops_on_slash if char == "/" else self._loops_on_line_feed if char == "\n" else self._loops
            places = self._spread(((places & steps) << 1) | (places & loops))
            if not places:
                return False
        return places & self._end != 0

    def _learned(self, char: str) -> int:
        """The places from which `char` leads to the next."""
        steps = sum(bit for bit, token in self._tests if _matches(token, char))
        self._steps[char] = steps = steps | (self._slashes if char == "/" else 0)
        return steps

    def _spread(self, places: int) -> int:
        """With the places that are reached without another character."""
        while True:
            more = places | ((places & self._to_next) << 1) | ((places & self._to_second) << 2)
            if more == places:
                return places
            places = more
