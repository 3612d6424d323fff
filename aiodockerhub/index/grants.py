"""Grants: what the index hands out for one use of a repository at a registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiodockerhub.errors import BadParameter, ProtocolViolated
from aiodockerhub.index.names import repository_path

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Grant", "granted"]

_LONGEST: Final = 16 * 1024
_SCHEME: Final = re.compile(r"Token\s+", re.IGNORECASE)
_FIELD: Final = re.compile(r"""\s*([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,"\s]*))\s*(?:,|$)""", re.ASCII)
_SENDABLE: Final = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """The right to do one thing with one repository, once.

    `token` is opaque: what a registry, or `Index.authorize`, is shown after the word `Token`; no repr shows it.
    `repository` is what it holds for, `access` is `read`, `write` or `delete`, `endpoints` are the hosts of the
    registries that take it, in the index's order.
    """

    token: str
    repository: str
    access: str
    endpoints: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Grant(token='***', repository={self.repository!r}, access={self.access!r}, endpoints={self.endpoints!r})"
        )

    def token_header(self) -> str:
        """The value of `Authorization`: "Token ..."."""
        return f"Token {self.token}"


def granted(headers: Mapping[str, str], *, asked: str) -> Grant:
    """The grant in an answer's head. Raises ProtocolViolated, which repeats nothing of it."""
    token = _token(headers)
    if token is None:
        raise ProtocolViolated(f"the answer holds no grant: X-Docker-Token is missing ({asked})")
    fields = _fields(token)
    missing = [name for name in ("signature", "repository", "access") if not fields.get(name)]
    if missing:
        raise ProtocolViolated(f"the grant has no {' and no '.join(missing)} ({asked})")
    endpoints = tuple(host for one in headers.get("X-Docker-Endpoints", "").split(",") if (host := one.strip()))
    if not endpoints:
        raise ProtocolViolated(f"the answer names no registry: X-Docker-Endpoints is missing ({asked})")
    try:
        repository_path(fields["repository"])
    except BadParameter as error:
        raise ProtocolViolated(f"the grant is for what can't be a repository: {error} ({asked})") from None
    return Grant(token, fields["repository"], fields["access"], endpoints)


def _token(headers: Mapping[str, str]) -> str | None:
    """The token without its scheme, which some servers write before it."""
    value = headers.get("X-Docker-Token")
    if value is None:
        challenge = headers.get("WWW-Authenticate", "")
        value = challenge if _SCHEME.match(challenge) else None
    if value is None or len(value) > _LONGEST or not _SENDABLE.fullmatch(value):
        return None
    value = value.strip()
    scheme = _SCHEME.match(value)
    return value[scheme.end() :] if scheme else value


def _fields(token: str) -> dict[str, str]:
    """What the token says of itself, in whatever order; {} where it is written in another way."""
    fields: dict[str, str] = {}
    position = 0
    while position < len(token):
        field = _FIELD.match(token, position)
        if field is None:
            return {}
        name, quoted, bare = field.groups()
        fields[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
        position = field.end()
    return fields
