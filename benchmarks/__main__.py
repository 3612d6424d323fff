"""Measures the library beside its peers and prints what came out."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks import peers, startup
from benchmarks.report import Run, Table
from benchmarks.rounds import fake_engine, run_starts, run_workload
from benchmarks.workloads import Workload, workloads

_GROUPS = ("lines", "calls", "start")
_STARTS_PER_ROUND = 3
"""Starting is short and noisy, so it is measured more often."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run, not how fast")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody is measured (5)")
    parser.add_argument("--only", nargs="+", choices=_GROUPS, default=_GROUPS, help="these tables alone")
    parser.add_argument("--peers", nargs="+", choices=peers.NAMES, default=peers.NAMES, help="these clients alone")
    parser.add_argument("--json", action="store_true", help="print JSON with every sample instead of tables")
    return parser.parse_args()


def measure_running(present: list[str], chosen: list[Workload], rounds: int, address: str) -> list[Table]:
    tables: list[Table] = []
    for workload in chosen:
        samples = run_workload(present, workload, rounds, address)
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


def measure_all(present: list[str], groups: list[str], rounds: int, *, quick: bool) -> list[Table]:
    chosen = [workload for workload in workloads(quick=quick) if workload.group in groups]
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
    run = Run(measure_all(present, list(options.only), rounds, quick=options.quick), left_out, rounds, options.quick)
    print(json.dumps(run.as_json(), indent=2) if options.json else run.markdown())


if __name__ == "__main__":
    main()
