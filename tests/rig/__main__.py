"""`python -m rig [ROLE...]`: keeps engines (all roles by default) and both registries running until ctrl-C or TERM."""

from __future__ import annotations

import signal
import sys

from rig import ROLES, Rig


def main(roles: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Rig() as rig:
        try:
            print(rig.registry, f"password={rig.registry.password!r}", rig.crane, sep="\n", flush=True)
            for role in roles or ROLES:
                engine = rig.engine(role)
                print(engine, rig.busybox(engine), flush=True)
            signal.pause()
        except KeyboardInterrupt:
            print("stopping", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
