"""A server that remembers what it is asked, and a client of it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from scripted_server import ScriptedServer, answered, answering

from aiodockerhub import Docker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def remembering(answer: Any = None, *, version: str = "1.51") -> AsyncIterator[Any]:
    """A client of a server that gives one answer to everything, and remembers what it was asked."""
    said = answered({} if answer is None else answer, version=version)
    async with ScriptedServer(answering(lambda asked: said)) as server, Docker(server.url) as docker:
        docker.server = server  # type: ignore[attr-defined]
        yield docker


def asked(docker: Any) -> tuple[str, dict[str, str], Any]:
    """Method and path without its version, query, and body of the last request."""
    last = docker.server.asked[-1]
    query = {name: value for name, (value,) in parse_qs(urlsplit(last.target).query).items()}
    return f"{last.method} {last.unversioned}", query, json.loads(last.body) if last.body else None
