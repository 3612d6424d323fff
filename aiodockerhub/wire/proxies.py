"""The proxy that the environment names for a URL: a registry's, Hub's or an index's, never an engine's."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit, urlunsplit

from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ProxySource", "proxy_for", "proxy_source", "without_login"]

ProxySource: TypeAlias = str | Callable[[str], str | None] | None
"""What clients take: the URL of the proxy for everything, a function that gives it for a URL, or None for no proxy."""

_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_for(url: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The proxy's URL for an http(s) `url`, or None where it is reached directly.

    Read from `http_proxy` or `https_proxy`, then `all_proxy`; `no_proxy` lists exceptions. The lower-case
    name wins over the upper-case one, an empty value counts as none. Loopback hosts are never proxied.
    `environ` is the process's by default. The result may hold a user name and password: don't log it.

    Raises BadParameter, which names the variable and not its value, for a proxy that can't be used (socks
    among them).
    """
    environ = os.environ if environ is None else environ
    scheme, host, port = _target(url)
    if _is_loopback(host):
        return None
    name, proxy = _named(scheme, environ)
    if not proxy or _excepted(host, port, _value("no_proxy", environ)[1]):
        return None
    return _checked(name, proxy)


def proxy_source(proxy: ProxySource) -> Callable[[str], str | None] | None:
    """The function that `proxy` stands for. It raises BadParameter, as this does, for what is no URL of a proxy."""
    if proxy is None:
        return None
    if isinstance(proxy, str):
        checked = _checked("proxy", proxy)
        return lambda _: checked
    return lambda url: _checked("proxy", named) if (named := proxy(url)) else None


def without_login(proxy: str) -> tuple[str, str | None]:
    """The proxy's URL less user name and password, and what these make as `Proxy-Authorization`, in UTF-8.

    aiohttp would write a URL with both into its errors, and encode them as Latin-1.
    """
    split = urlsplit(proxy)
    login, at, place = split.netloc.rpartition("@")
    if not at:
        return proxy, None
    username, _, password = login.partition(":")
    pair = unquote_to_bytes(username) + b":" + unquote_to_bytes(password)
    return urlunsplit(split._replace(netloc=place)), "Basic " + base64.b64encode(pair).decode()


def _target(url: str) -> tuple[str, str, int]:
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").rstrip("."), split.port
    except ValueError:
        raise BadParameter("no proxy can be chosen for a malformed URL") from None
    if split.scheme not in _DEFAULT_PORTS or not host:
        raise BadParameter("a proxy is chosen for http:// and https:// URLs only")
    return split.scheme, host, port or _DEFAULT_PORTS[split.scheme]


def _named(scheme: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that answers for `scheme`, and its value."""
    name, proxy = _value(f"{scheme}_proxy", environ)
    return (name, proxy) if proxy else _value("all_proxy", environ)


def _value(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    lower = environ.get(name, "").strip()
    if lower:
        return name, lower
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        # under CGI a client's "Proxy:" header arrives as HTTP_PROXY
        return name, ""
    return name.upper(), environ.get(name.upper(), "").strip()


def _checked(name: str, proxy: str) -> str:
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        split = urlsplit(url)
        usable = bool(split.hostname) and split.port != 0 and not re.search(r"[\x00-\x20\x7f]", url)
    except ValueError:
        # the parser's own words may quote the password
        raise BadParameter(f"{name} is no URL of a proxy") from None
    if not usable:
        raise BadParameter(f"{name} is no URL of a proxy")
    if split.scheme not in _DEFAULT_PORTS:
        raise BadParameter(f"{name}: {_kind(split)} proxies are not supported, only http and https ones")
    return url


def _kind(split: SplitResult) -> str:
    return split.scheme if split.scheme.startswith("socks") else "such"


def _excepted(host: str, port: int, no_proxy: str) -> bool:
    address = _address(host)
    return any(_covers(entry, host, address, port) for entry in re.split(r"[,\s]+", no_proxy.lower()) if entry)


def _covers(entry: str, host: str, address: _IPAddress | None, port: int) -> bool:
    """Whether an entry of NO_PROXY means the host, by the rules of Go's httpproxy, which docker follows."""
    if entry == "*":
        return True
    if "/" in entry:
        return address is not None and _in_network(address, entry)
    name, entry_port = _name_and_port(entry)
    if entry_port not in {None, str(port)}:
        return False
    if address is not None:
        return _address(name) == address
    name = name.rstrip(".").removeprefix("*" if name.startswith("*.") else "")
    if not name:
        return False
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith("." + name)


def _name_and_port(entry: str) -> tuple[str, str | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?", entry)
    if bracketed:
        return bracketed[1], bracketed[2]
    name, colon, port = entry.rpartition(":")
    return (name, port) if colon and port.isdigit() and ":" not in name else (entry, None)


def _in_network(address: _IPAddress, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _address(host: str) -> _IPAddress | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
