"""Where an engine listens, as its user writes it: parsed, checked, and written back."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from typing import Literal

import msgspec

from aiodockerhub.errors import BadAddress, BadParameter
from aiodockerhub.wire.paths import written_path

__all__ = ["Address", "parse_address"]

# sockaddr_un.sun_path, less the final NUL
_LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107

_NETWORK: dict[str, Literal["tcp", "http", "https"]] = {"tcp": "tcp", "http": "http", "https": "https"}
_NOT_YET = ("ssh", "npipe", "fd")
_PORTS = {("tcp", False): 2375, ("tcp", True): 2376, ("http", False): 80, ("https", True): 443}
_FORMS = "unix:///path/to/socket, tcp://host:port, http://host:port or https://host:port"

_LONGEST = 8192
"""Characters. Python's normalisation of names takes the square of their length, minutes for what fits into a file."""
_SHOWN = 200
"""Characters of a refused address that an error repeats."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[^:]*))?")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_ZONE = re.compile(r"[A-Za-z0-9._~-]+")


class Address(msgspec.Struct, frozen=True):
    """An engine's address.

    `scheme` is `unix` (then `socket` is the path), `http`, `https`, or `tcp` while nobody has said whether
    TLS is spoken there; `with_tls` settles that, and the port. `host` is a name, an IPv4 or a bare IPv6
    address (its zone after `%`). `prefix` is "" or a path before every request's own, quoted as given,
    without a final slash.

    `str()` gives it as a user would write it.
    """

    scheme: Literal["unix", "http", "https", "tcp"]
    socket: str | None = None
    host: str | None = None
    port: int | None = None
    prefix: str = ""

    def with_tls(self, tls: bool) -> Address:
        """The same place, `tcp` become `http` or `https`, and with a port.

        Without one it is 2375, with TLS 2376; for http:// and https:// 80 and 443. A unix socket stays as
        it is. Raises BadAddress where the scheme itself says the contrary of `tls`.
        """
        if self.scheme == "unix":
            return self
        port = _PORTS.get((self.scheme, tls))
        if port is None:
            raise BadAddress(f"{self} {'speaks no TLS' if tls else 'always speaks TLS'}: {self.scheme}:// says so")
        return msgspec.structs.replace(self, scheme="https" if tls else "http", port=self.port or port)

    @property
    def base_url(self) -> str:
        """The URL that stands before a request's path; behind a unix socket the host is called `docker`.

        Raises BadAddress as long as `tcp` is not settled.
        """
        if self.scheme == "unix":
            return "http://docker" + self.prefix
        if self.scheme == "tcp":
            raise BadAddress(f"{self}: with or without TLS? with_tls() settles it")
        return str(self)

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.socket}"
        host = self.host or ""
        if ":" in host:
            host = "[" + host.replace("%", "%25") + "]"
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "") + self.prefix


def parse_address(text: str) -> Address:
    """The address that `text` names.

    Taken are `unix:///path` and `unix://path` (both mean `/path`), `tcp://`, `http://` and `https://` with
    a host, perhaps a port and a path prefix, and `host:port` alone, which is `tcp://`. Raises BadAddress,
    which says what is wrong and never repeats a user name, password or query.
    """
    if not isinstance(text, str):
        raise BadAddress(f"an address is a string, not {type(text).__name__}")
    try:
        return _parsed(text)
    except BadAddress as error:
        raise BadAddress(f"bad address {_shown(text)!r}: {error}") from None


def _parsed(text: str) -> Address:
    if not text:
        raise BadAddress("it is empty")
    if len(text) > _LONGEST:
        raise BadAddress(f"it has more than {_LONGEST} characters")
    if _CONTROL.search(text):
        raise BadAddress("it has a control character")
    if text != text.strip():
        raise BadAddress("it begins or ends with white space")
    scheme, mark, rest = text.partition("://")
    if not mark:
        return _network("tcp", _bare(text))
    scheme = scheme.lower()
    if scheme == "unix":
        return Address("unix", socket=_socket_path(rest))
    if scheme in _NETWORK:
        return _network(_NETWORK[scheme], rest)
    if scheme in _NOT_YET:
        raise BadAddress(f"{scheme}:// can't be used yet; what can is {_FORMS}")
    raise BadAddress(f"unknown scheme; write {_FORMS}")


def _bare(text: str) -> str:
    if text.startswith(("/", "./", "../", "~")):
        raise BadAddress("a path alone is no address; write unix:///path/to/socket")
    head, colon, _ = text.partition(":")
    if colon and head.lower() in {"unix", "tcp", "http", "https", *_NOT_YET}:
        raise BadAddress(f"two slashes are missing after {head.lower()}:")
    if not colon:
        raise BadAddress(f"neither scheme nor port; write {_FORMS}")
    return text


def _socket_path(rest: str) -> str:
    if not rest.strip("/"):
        raise BadAddress("the socket's path is missing")
    if rest.startswith(("./", "../", "~")) or rest in {".", ".."}:
        raise BadAddress("the socket's path must be absolute, nothing in it is expanded")
    if rest.startswith("@"):
        raise BadAddress("abstract sockets can't be used")
    if rest.endswith("/"):
        raise BadAddress("the socket's path ends with a slash: that is a directory")
    if "://" in rest:
        raise BadAddress("it has two schemes")
    socket = "/" + rest.lstrip("/")
    length = _length(socket)
    if length > _LONGEST_SOCKET_PATH:
        raise BadAddress(f"the socket's path has {length} bytes, the system takes {_LONGEST_SOCKET_PATH}")
    return socket


def _length(socket: str) -> int:
    try:
        return len(os.fsencode(socket))
    except UnicodeEncodeError:
        raise BadAddress("the socket's path can't be encoded") from None


def _network(scheme: Literal["tcp", "http", "https"], rest: str) -> Address:
    if "@" in rest:
        raise BadAddress("a user name or password has no place in an address")
    if "?" in rest or "#" in rest:
        raise BadAddress("a query or fragment has no place in an address")
    if any(letter.isspace() for letter in rest):
        raise BadAddress("it has white space")
    authority, slash, prefix = rest.partition("/")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise BadAddress("the host can't be read; an IPv6 address stands in brackets, as in tcp://[::1]:2375")
    v6, name, port = match["v6"], match["name"], match["port"]
    host = _host(name) if v6 is None else _ipv6(v6)
    return Address(scheme, host=host, port=None if port is None else _port(port), prefix=_prefix(slash + prefix))


def _host(name: str) -> str:
    if not name:
        raise BadAddress("the host is missing")
    if not name.isascii():
        name = _punycode(name)
    name = name.lower()
    if name.replace(".", "").isdigit():
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise BadAddress(f"{name} is no IPv4 address") from None
    if not _NAME.fullmatch(name):
        raise BadAddress(f"{name!r} is no host name")
    return name


def _punycode(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadAddress(f"{name!r} is no host name") from None


def _ipv6(text: str) -> str:
    address, percent, zone = text.partition("%")
    zone = zone.removeprefix("25") if len(zone) > 2 else zone
    try:
        host = str(ipaddress.IPv6Address(address))
    except ValueError:
        raise BadAddress(f"{address!r} is no IPv6 address") from None
    if percent and not _ZONE.fullmatch(zone):
        raise BadAddress(f"{zone!r} is no zone of an IPv6 address")
    return host + percent + zone


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536:
        return int(text)
    raise BadAddress("the port must be a number from 1 to 65535")


def _prefix(text: str) -> str:
    prefix = text.rstrip("/")
    if not prefix:
        return ""
    try:
        return written_path(prefix)
    except BadParameter as error:
        raise BadAddress(f"the path prefix: {error}") from None


def _shown(text: str) -> str:
    """`text`, or its beginning, without what may be a secret."""
    shown = _without_secrets(text)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + " ..."


def _without_secrets(text: str) -> str:
    """All but what stands before the last `@`, and after the first `?` or `#` left."""
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() == "unix":
        return text
    if not mark or not _SCHEME.fullmatch(scheme):
        scheme, mark, rest = "", "", text
    before, at, after = rest.rpartition("@")
    shown = ("***@" + after) if at else before + after
    return scheme + mark + re.split(r"[?#]", shown, maxsplit=1)[0]
