"""Who has an account on the hub, and whether a password is the right one."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import re
from typing import TYPE_CHECKING

from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LIBRARY = "library"
"""The namespace of repositories that are named without one; it is nobody's."""

# Basic splits at the first colon, the path at slashes
_UNUSABLE = re.compile(r"[:/\x00-\x1f\x7f]")


@dataclasses.dataclass(frozen=True, slots=True)
class User:
    """An account: its `password`, its e-mail address in `email`, and whether it is `active`.

    Where it is not, the hub answers 403 to the right password.
    """

    password: str = dataclasses.field(repr=False)
    email: str = ""
    active: bool = True


class Accounts:
    """The hub's users by name."""

    def __init__(self, users: Mapping[str, str | User]) -> None:
        self._users: dict[str, User] = {}
        for name, user in users.items():
            self.add(name, User(user) if isinstance(user, str) else user)

    def __iter__(self) -> Iterator[str]:
        return iter(self._users)

    def __len__(self) -> int:
        return len(self._users)

    def __contains__(self, name: str) -> bool:
        return name in self._users

    def add(self, name: str, user: User) -> None:
        """Open an account. Raises BadParameter for a bad or taken name and for a bad password."""
        if not name or name in {LIBRARY, ".", ".."} or _UNUSABLE.search(name) or not _encodable(name):
            raise BadParameter(f"{name!r} can't be a user's name")
        if name in self._users:
            raise BadParameter(f"{name!r} is taken")
        _check_password(user.password)
        self._users[name] = user

    def update(self, name: str, *, email: str | None, password: str | None) -> None:
        """Change what is not None. Raises BadParameter for a bad password."""
        user = self._users[name]
        if password is not None:
            _check_password(password)
            user = dataclasses.replace(user, password=password)
        self._users[name] = user if email is None else dataclasses.replace(user, email=email)

    def check(self, name: str, password: str) -> User | None:
        """The user, or None where there is none of that name or the password is wrong: in the same time."""
        user = self._users.get(name)
        expected = user.password if user else ""
        same = hmac.compare_digest(expected.encode(), password.encode())
        return user if same else None


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Name and password of an `Authorization: Basic` header, read as UTF-8; None where it is another or unreadable."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def _check_password(password: str) -> None:
    if not password or not _encodable(password):
        raise BadParameter("a password is text of one character at least")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
