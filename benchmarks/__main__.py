"""Measures the library beside its peers and prints what came out."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from typing import Literal

from benchmarks import peers, startup, uploads
from benchmarks.report import Run, Table
from benchmarks.rounds import fake_engine, run_starts, run_workload
from benchmarks.workloads import Workload, workloads

_GROUPS = ("lines", "calls", "frames", "uploads", "streams", "start")
_STARTS_PER_ROUND = 3
"""Starting is short and noisy, so it is measured more often."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run, not how fast")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody is measured (5)")
    parser.add_argument("--only", nargs="+", choices=_GROUPS, default=_GROUPS, help="these tables alone")
    parser.add_argument("--peers", nargs="+", choices=peers.NAMES, default=peers.NAMES, help="these clients alone")
    parser.add_argument("--uvloop", action="store_true", help="every table of a running client on uvloop, too")
    parser.add_argument("--json", action="store_true", help="print JSON with every sample instead of tables")
    return parser.parse_args()


def measure_running(present: list[str], chosen: list[Workload], rounds: int, address: str) -> list[Table]:
    tables: list[Table] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for workload in chosen:
            for size in {workload.count, workload.warm_up} if workload.context else ():
                uploads.make(folder, workload.context, size)
            asked = [name for name in present if name not in workload.left_out]
            samples = run_workload(asked, workload, rounds, address, folder)
            tables.append(Table(workload.name, workload.title, samples, peers.OURS))
    return tables


def measure_starting(present: list[str], rounds: int, address: str) -> list[Table]:
    imports = {
        name: startup.import_program(statement)
        for name, (peer, statement) in startup.IMPORTS.items()
        if peer in present
    }
    pings = {peer: startup.first_ping_program(peer) for peer in present}
    return [
        Table("import", "Import", run_starts(imports, rounds, address), startup.AIOHTTP_AND_MSGSPEC),
        Table("first_ping", "From import to the first answer", run_starts(pings, rounds, address), peers.OURS),
    ]


def measure_all(
    present: list[str], groups: list[str], rounds: int, *, quick: bool, uvloop_everywhere: bool
) -> list[Table]:
    installed = importlib.util.find_spec("uvloop") is not None
    uvloop: Literal["everywhere", "streams", "absent"] = "streams" if installed else "absent"
    if uvloop_everywhere:
        uvloop = "everywhere"
    chosen = [workload for workload in workloads(quick=quick, uvloop=uvloop) if workload.group in groups]
    with fake_engine([workload.target for workload in chosen]) as address:
        tables = measure_running(present, chosen, rounds, address)
        if "start" in groups:
            tables += measure_starting(present, rounds if quick else rounds * _STARTS_PER_ROUND, address)
    return tables


def main() -> None:
    options = arguments()
    rounds = 1 if options.quick else options.rounds
    left_out = {name: missing for name in options.peers if (missing := peers.missing_packages(name))}
    present = [name for name in options.peers if name not in left_out]
    if not present:
        sys.exit(f"nothing to measure: {left_out}")
    tables = measure_all(present, list(options.only), rounds, quick=options.quick, uvloop_everywhere=options.uvloop)
    run = Run(tables, left_out, rounds, options.quick)
    print(json.dumps(run.as_json(), indent=2) if options.json else run.markdown())


if __name__ == "__main__":
    main()
