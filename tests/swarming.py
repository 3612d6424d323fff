"""Swarms of one engine each."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from rig.asking import ask
from rig.network import lasting_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig import Engine

ADDRESSES = {"listen_addr": "127.0.0.1:0", "advertise_addr": "127.0.0.1"}
NOT_HERE = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node'


@contextlib.contextmanager
def swarm_of(engine: Engine, listen_addr: str = ADDRESSES["listen_addr"]) -> Iterator[Engine]:
    """An engine that is a swarm of its own, until the end of the block. Who shall be joined listens at a known port.

    Its networks have a port of their own: engines leave the interface of a swarm's ports behind when they leave it, and
    no other of the same number and port can be made on the machine then.
    """
    body = {"ListenAddr": listen_addr, "AdvertiseAddr": ADDRESSES["advertise_addr"], "DataPathPort": lasting_port()}
    sent, said = _sent(body), {"Content-Type": "application/json"}
    status, answer = ask(engine.base_url, "POST", "/swarm/init", sent, headers=said)
    assert status == 200, answer
    try:
        yield engine
    finally:
        status, answer = ask(engine.base_url, "POST", "/swarm/leave?force=1")
        assert status == 200, answer


def _sent(body: Any) -> bytes:
    return json.dumps(body).encode()
