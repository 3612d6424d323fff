"""Redirects of an index, a registry or Docker Hub: followed with method and body, never with secrets to a stranger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import yarl

from aiodockerhub.errors import BadAddress, Redirected
from aiodockerhub.wire.address import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_HOPS", "REDIRECTS", "Hop", "next_hop", "shown"]

MOST_HOPS: Final = 10
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_WRITTEN: Final = re.compile(r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_SEE_OTHER: Final = 303
_READING: Final = frozenset({"GET", "HEAD"})
_SECRET: Final = frozenset({"authorization", "cookie", "x-registry-auth", "proxy-authorization"})


class Hop(NamedTuple):
    """Where a redirect leads. With `trusted` what is secret may go there too; else `headers` hold nothing secret."""

    url: str
    headers: dict[str, str]
    trusted: bool


def next_hop(
    url: str, headers: Mapping[str, str], location: str, *, method: str, status: int, asked: str, confidential: bool
) -> Hop:
    """Where to go on from `url`, and with which headers.

    Secrets stay with scheme, host and port; the one step that they go along is from http up to https on the same host,
    whatever the port: the plain server has had them, and the next shows a certificate for the same name. What was taken
    off stays off, also when a later hop leads back.

    Raises Redirected for a place that can't be used; for another place than the trusted one where the body is
    `confidential`; and for a 303 to anything but GET and HEAD, which would answer with another thing than was asked.
    """
    there = _there(url, location)
    if there is None:
        raise Redirected(f"{asked}: redirected to a place that can't be used", location=shown(location))
    if status == _SEE_OTHER and method not in _READING:
        raise Redirected(f"{asked}: answered with a reference to another page ({status})", location=shown(location))
    trusted = _trusted(_place(url), _place(str(there)))
    if confidential and not trusted:
        raise Redirected(
            f"{asked}: redirected to {there.origin()}, where the password in this request doesn't go",
            location=shown(location),
        )
    kept = {name: value for name, value in headers.items() if trusted or name.lower() not in _SECRET}
    return Hop(str(there), kept, trusted)


def _there(url: str, location: str) -> yarl.URL | None:
    """The place that `location` means, seen from `url`; None where it is none, or none to go to."""
    if not location:
        return None
    try:
        # signed URLs hold only as they were written: nothing is quoted anew unless it has to be
        place = yarl.URL(location, encoded=_WRITTEN.fullmatch(location) is not None)
        there = yarl.URL(url, encoded=True).join(place).with_fragment(None)
        named = there.scheme in ("http", "https") and there.user is None and there.password is None
        if not named or not there.absolute:
            return None
        # the strict reading of a host: two parsers that differ over one are how secrets get lost
        _place(str(there))
    except (ValueError, BadAddress):
        return None
    return there


def _place(url: str) -> Address:
    address = parse_address(str(yarl.URL(url, encoded=True).origin()))
    return address.with_tls(address.scheme == "https")


def _trusted(here: Address, there: Address) -> bool:
    upgraded = here.scheme == "http" and there.scheme == "https" and here.host == there.host
    return here == there or upgraded


def shown(location: str) -> str:
    """A place as an error may name it: without userinfo and query."""
    try:
        return str(yarl.URL(location).with_user(None).with_query(None))
    except ValueError:
        return location.partition("?")[0].rpartition("@")[2][:200]
