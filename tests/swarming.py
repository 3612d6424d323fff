"""Swarms of one engine each, and a server that remembers what is asked of swarms."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rig.asking import ask
from scripted_server import ScriptedServer, answered, answering

from aiodockerhub import Docker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rig import Engine

on_dockers = pytest.mark.parametrize("engine", ["oldest", "stable", "newest"], indirect=True)
on_podman = pytest.mark.parametrize("engine", ["podman"], indirect=True)

ADDRESSES = {"listen_addr": "127.0.0.1:0", "advertise_addr": "127.0.0.1"}
NOT_HERE = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node'


@contextlib.contextmanager
def swarm_of(engine: Engine, listen_addr: str = ADDRESSES["listen_addr"]) -> Iterator[Engine]:
    """An engine that is a swarm of its own, until the end of the block. Who shall be joined listens at a known port."""
    body = {"ListenAddr": listen_addr, "AdvertiseAddr": ADDRESSES["advertise_addr"]}
    sent, said = _sent(body), {"Content-Type": "application/json"}
    status, answer = ask(engine.base_url, "POST", "/swarm/init", sent, headers=said)
    assert status == 200, answer
    try:
        yield engine
    finally:
        status, answer = ask(engine.base_url, "POST", "/swarm/leave?force=1")
        assert status == 200, answer


def new_name() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


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


def _sent(body: Any) -> bytes:
    return json.dumps(body).encode()
