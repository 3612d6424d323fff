"""Measures the library beside its peers and prints what came out."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial

from benchmarks import peers, startup
from benchmarks.report import Run, Table
from benchmarks.rounds import fake_engine, interleave, measure_first_ping, measure_import, measure_workload
from benchmarks.workloads import workloads

_GROUPS = ("lines", "calls", "start")
_STARTS_PER_ROUND = 3
"""Starting is short and noisy, so it is measured more often."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one round: does it run, not how fast"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody is measured (5)")
    parser.add_argument("--only", nargs="+", choices=_GROUPS, default=_GROUPS, help="these tables alone")
    parser.add_argument(
        "--peers", nargs="+", choices=peers.NAMES, default=peers.NAMES, help="these clients alone"
    )
    parser.add_argument("--json", action="store_true", help="print JSON with every sample instead of tables")
    return parser.parse_args()


def measure_all(present: list[str], groups: list[str], rounds: int, *, quick: bool) -> list[Table]:
    tables: list[Table] = []
    with fake_engine() as address:
        for workload in workloads(quick=quick):
            if workload.name.partition("_")[0] not in groups:
                continue
            samples = interleave(
                present, rounds, partial(measure_workload, workload=workload, address=address)
            )
            tables.append(Table(workload.name, workload.title, samples, peers.OURS))
        if "start" in groups:
            starts = rounds if quick else rounds * _STARTS_PER_ROUND
            imported = [name for name, (peer, _) in startup.IMPORTS.items() if peer in present]
            samples = interleave(imported, starts, measure_import)
            tables.append(Table("import", "Import", samples, startup.AIOHTTP_AND_MSGSPEC))
            samples = interleave(present, starts, partial(measure_first_ping, address=address))
            tables.append(Table("first_ping", "From import to the first answer", samples, peers.OURS))
    return tables


def main() -> None:
    options = arguments()
    rounds = 1 if options.quick else options.rounds
    left_out = {name: missing for name in options.peers if (missing := peers.missing_packages(name))}
    present = [name for name in options.peers if name not in left_out]
    if not present:
        sys.exit(f"nothing to measure: {left_out}")
    run = Run(measure_all(present, list(options.only), rounds, quick=options.quick), left_out, rounds)
    print(json.dumps(run.as_json(), indent=2) if options.json else run.markdown())


if __name__ == "__main__":
    main()
