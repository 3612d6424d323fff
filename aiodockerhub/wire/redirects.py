"""Redirects of an index, a registry or Docker Hub: followed with method and body, never with secrets to a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yarl

from aiodockerhub.errors import Redirected

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_HOPS", "REDIRECTS", "next_hop"]

MOST_HOPS: Final = 10
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_SECRET: Final = frozenset({"authorization", "cookie", "x-registry-auth", "x-docker-token", "proxy-authorization"})


def next_hop(url: str, headers: Mapping[str, str], location: str, *, asked: str) -> tuple[str, dict[str, str]]:
    """Where to go on, and with which headers: without credentials to another host, or from https to http.

    Raises Redirected for a place that is no http(s) URL.
    """
    here = yarl.URL(url, encoded=True)
    try:
        there = here.join(yarl.URL(location))
        usable = there.scheme in ("http", "https") and bool(there.host) and there.user is None
    except ValueError:
        usable = False
    if not usable:
        raise Redirected(f"{asked}: redirected to a place that can't be used", location=_shown(location))
    stranger = there.host != here.host or there.port != here.port or there.scheme != here.scheme
    upgraded = here.scheme == "http" and there.scheme == "https" and there.host == here.host
    if stranger and not upgraded:
        headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET}
    return str(there.with_fragment(None)), dict(headers)


def _shown(location: str) -> str:
    """A place as an error may name it: without userinfo and query."""
    try:
        return str(yarl.URL(location).with_user(None).with_query(None))
    except ValueError:
        return location.partition("?")[0].rpartition("@")[2][:200]
