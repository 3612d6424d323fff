"""Addresses for one rig that no other rig on this machine has."""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from .roots import run

_LOCKS = Path("/tmp/aiodockerhub-networks")
_FIRST, _LAST = 128, 227  # 10.88 and 10.89 are podman's own, 10.96 and 10.244 Kubernetes'


class Network:
    """10.N.0.0/16 for one N: a loopback address, and for each engine a bridge and a pool of networks.

    N is held by a lock on a file, which the kernel drops when this process ends: what a rig that was killed left
    behind is removed by the next one that is given the same N.
    """

    def __init__(self) -> None:
        _LOCKS.mkdir(exist_ok=True)
        for number in range(_FIRST, _LAST + 1):
            lock = os.open(_LOCKS / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self._lock, self._number = lock, number
            self._sweep()
            if not self._interfaces():
                break
            os.close(lock)
        else:
            raise RuntimeError("no network is free for a rig: 10.128.0.0 to 10.227.255.255 are all taken")
        # Not in 127.0.0.0/8, where engines check no registry's certificate.
        self.loopback = f"10.{self._number}.0.1"
        _ip("address", "add", f"{self.loopback}/32", "dev", "lo")

    def bridge_name(self, place: int) -> str:
        """The bridge of the rig's engine number `place`, 1 to 4."""
        return f"rig{self._number}-{place}"

    def bridge_subnet(self, place: int) -> str:
        """The network of that bridge, without its mask, which is /24."""
        return f"10.{self._number}.{place}.0"

    def pool(self, place: int) -> str:
        """Where the engine takes further networks from: 128 of them, /26 each."""
        return f"10.{self._number}.{place * 32}.0/19"

    def add_bridge(self, place: int) -> None:
        """Make the engine's bridge; the first address of its network is its own."""
        name = self.bridge_name(place)
        _ip("link", "add", name, "type", "bridge")
        _ip("address", "add", self.bridge_subnet(place).removesuffix("0") + "1/24", "dev", name)
        _ip("link", "set", name, "up")

    def close(self) -> None:
        """Remove all interfaces that have one of the rig's addresses, and give the number back."""
        self._sweep()
        os.close(self._lock)

    def _interfaces(self) -> list[tuple[str, str]]:
        """Name and address of each interface that has one of the rig's addresses."""
        found: list[dict[str, Any]] = json.loads(run("bookworm", "ip", "-json", "-4", "address", "show"))
        return [
            (interface["ifname"], f"{address['local']}/{address['prefixlen']}")
            for interface in found
            for address in interface.get("addr_info", [])
            if address.get("local", "").startswith(f"10.{self._number}.")
        ]

    def _sweep(self) -> None:
        for name, address in self._interfaces():
            if name == "lo":
                _ip("address", "delete", address, "dev", "lo")
            elif name.startswith((f"rig{self._number}-", "br-", "docker_gwbridge", "podman")):
                _ip("link", "delete", name)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def lasting_port() -> int:
    """Like `free_port`, and it stays free: the system gives it to no connection that goes out."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", random.randrange(lowest // 2, lowest)))
            port: int = listener.getsockname()[1]
            return port


def _ip(*words: str) -> None:
    run("bookworm", "ip", *words)
