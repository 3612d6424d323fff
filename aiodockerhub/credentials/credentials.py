"""Who one is to a registry: a value that never shows its secret, and the headers that it makes."""

from __future__ import annotations

import base64
import dataclasses
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from aiodockerhub.errors import BadParameter
from aiodockerhub.reference import HUB

__all__ = ["BuildCredentials", "Credentials", "CredentialsSource", "build_header", "kept_for", "server_key"]

_HUB_KEY = "https://index.docker.io/v1/"
_HUB_HOSTS = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})
_HUB_PATHS = frozenset({"", "v1", "v2"})
"""Docker Desktop also keeps `…/v1/access-token` and `…/v1/refresh-token`, which are for itself."""


class _Secret:
    """Text that no repr, str or format shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def flaw(self) -> str | None:
        return _flaw(self._text)

    def is_empty(self) -> bool:
        return not self._text

    def has_controls(self) -> bool:
        return _has_controls(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Secret) and other.reveal() == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "'***'"


@dataclasses.dataclass(frozen=True, slots=True, init=False, repr=False)
class Credentials:
    """A user name and password, a token, or nobody; never changed, compared by value, can be pickled.

    No repr, str or format shows a secret (a pickle holds it: that is its purpose).
    With a `server_address` they are for that registry alone. Without one they are for every registry that a
    call names: a client made with them shows them to whatever registry its calls name. `username` is None for a token
    and for nobody. `email` is history.

    Raises BadParameter for an empty user name, text that has no UTF-8 form, an address that is none.
    """

    username: str | None
    email: str | None
    server_address: str | None
    _password: _Secret | None
    _identity_token: _Secret | None
    _registry_token: _Secret | None

    def __init__(
        self, username: str, password: str, *, email: str | None = None, server_address: str | None = None
    ) -> None:
        secret = _Secret(password)
        del password  # a traceback that shows local names shows the masked one
        _fill(self, username=username, email=email, server_address=server_address, _password=secret)
        if not username:
            raise BadParameter("credentials need a user name; nobody is Credentials.anonymous()")

    @classmethod
    def token(cls, identity_token: str, *, server_address: str | None = None) -> Credentials:
        """A refresh token for a registry's token server, as a login gives it in place of the password."""
        secret = _Secret(identity_token)
        del identity_token
        return _fill(cls.__new__(cls), server_address=server_address, _identity_token=secret)

    @classmethod
    def registry_token(cls, token: str, *, server_address: str | None = None) -> Credentials:
        """A bearer token that the registry itself takes."""
        secret = _Secret(token)
        del token
        return _fill(cls.__new__(cls), server_address=server_address, _registry_token=secret)

    @classmethod
    def anonymous(cls) -> Credentials:
        """Nobody, said explicitly: nothing else is looked for."""
        return _fill(cls.__new__(cls))

    @property
    def is_anonymous(self) -> bool:
        """Whether these are `Credentials.anonymous()`."""
        return self.username is None and self._identity_token is None and self._registry_token is None

    def answers_for(self, registry: str) -> bool:
        """Whether these may be shown to `registry`: always, unless they have another registry's address."""
        return self.server_address is None or server_key(self.server_address) == server_key(registry)

    def check_answers_for(self, registry: str) -> None:
        """Raises BadParameter when these are another registry's credentials."""
        if not self.answers_for(registry):
            raise BadParameter(f"these credentials are for {self.server_address}, not for {registry}")

    def fields(self, registry: str) -> dict[str, str]:
        """What the engine's API takes for `registry`: names in lower case, secrets in clear; `{}` for nobody.

        Raises BadParameter when these are another registry's credentials.
        """
        if self.is_anonymous:
            return {}
        self.check_answers_for(registry)
        fields = {
            "username": self.username,
            "password": _revealed(self._password),
            "email": self.email,
            "serveraddress": server_key(registry),
            "identitytoken": _revealed(self._identity_token),
            "registrytoken": _revealed(self._registry_token),
        }
        return {name: value for name, value in fields.items() if value is not None}

    def registry_header(self, server_address: str) -> str:
        """The value of `X-Registry-Auth` for that registry; "e30=" (an empty object) when anonymous.

        Raises BadParameter when these are another registry's credentials.
        """
        return _encoded(self.fields(server_address))

    def basic_header(self) -> str:
        """The value of `Authorization`: "Basic ...", in UTF-8 (RFC 7617).

        Raises BadParameter for tokens and nobody, a colon in the user name, and control characters.
        """
        if self.username is None or self._password is None:
            raise BadParameter("only a user name and a password make a Basic header")
        if ":" in self.username:
            raise BadParameter("a user name with a colon can't be sent in a Basic header")
        if _has_controls(self.username) or self._password.has_controls():
            raise BadParameter("user name and password can't hold control characters in a Basic header")
        pair = f"{self.username}:{self._password.reveal()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def __repr__(self) -> str:
        if self.is_anonymous:
            return "Credentials.anonymous()"
        where = "" if self.server_address is None else f", server_address={self.server_address!r}"
        if self.username is not None:
            return f"Credentials({self.username!r}, '***'{where})"
        kind = "token" if self._identity_token is not None else "registry_token"
        return f"Credentials.{kind}('***'{where})"


def _fill(made: Credentials, **values: str | _Secret | None) -> Credentials:
    for field in dataclasses.fields(made):
        object.__setattr__(made, field.name, values.get(field.name))
    for name, value in values.items():
        flaw = value.flaw() if isinstance(value, _Secret) else _flaw(value)
        if value is not None and flaw:
            raise BadParameter(f"the {name.strip('_').replace('_', ' ')} of credentials {flaw}")
        if isinstance(value, _Secret) and name != "_password" and value.is_empty():
            raise BadParameter("a token can't be empty")
    if made.server_address is not None:
        server_key(made.server_address)  # refused now rather than at the first use
    return made


CredentialsSource: TypeAlias = Credentials | Callable[[str], Awaitable[Credentials]] | None
"""What clients and calls take: credentials, or a coroutine function that gives them for a registry
("docker.io", "ghcr.io", "127.0.0.1:5000") and is asked at every use; None looks where the Docker CLI does."""

BuildCredentials: TypeAlias = Mapping[str, CredentialsSource] | CredentialsSource
"""What a build takes: the same, or one source for each registry by its name."""


def server_key(registry: str) -> str:
    """The name under which credentials for `registry` (a host, host:port or URL) are kept.

    Docker Hub's is "https://index.docker.io/v1/", whichever of its names is given; else host or host:port.
    Raises BadParameter when there is no host, or user information in front of it.
    """
    host, _ = _cut(registry)
    if not host or "@" in host or any(c.isspace() or _has_controls(c) for c in host):
        raise BadParameter("a registry's address is a host or host:port, with nothing in front of it")
    return _HUB_KEY if host in _HUB_HOSTS else host


def build_header(credentials: Mapping[str, Credentials]) -> str:
    """The value of a build's `X-Registry-Config`: credentials by registry, those of nobody left out."""
    return _encoded(
        {
            server_key(registry): given.fields(registry)
            for registry, given in credentials.items()
            if not given.is_anonymous
        }
    )


def _cut(address: str) -> tuple[str, str]:
    """Host (with port) and path of a host or URL."""
    host, _, path = address.removeprefix("https://").removeprefix("http://").partition("/")
    return host, path.strip("/")


def kept_for(entry: str) -> str | None:
    """The server key that a name in a file or helper means, or None when it is no registry's."""
    host, path = _cut(entry)
    if host in _HUB_HOSTS:
        return _HUB_KEY if path in _HUB_PATHS else None
    return host if host and "@" not in host else None


def _encoded(value: object) -> str:
    # base64url: engines took the standard alphabet for a malformed header, and pulled anonymously
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode()


def _revealed(secret: _Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def _flaw(text: object) -> str | None:
    if not isinstance(text, str):
        return f"must be text, not {type(text).__name__}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "has no UTF-8 form"
    return None


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" for c in text)
