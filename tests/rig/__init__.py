"""Real engines and registries from Debian's packages: several at once, none of them installed on the machine.

Each runs in a root of its own (`install.sh` makes them) and in namespaces of its own, as long as its owner lives.
By hand: `cd tests && python -m rig` starts all of them, tells where they listen, and stops them on ctrl-C.
"""

from __future__ import annotations

from .asking import ask
from .rig import ROLES, Engine, Registry, Rig, Tls

__all__ = ["ROLES", "Engine", "Registry", "Rig", "Tls", "ask"]
