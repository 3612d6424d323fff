"""Measures the library beside its peers and prints what came out."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from benchmarks import peers, sampling, startup, uploads
from benchmarks.report import Run, Table
from benchmarks.rounds import fake_engine, run_starts, run_workload
from benchmarks.transfers import Transfers, run_transfers
from benchmarks.workloads import Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS = ("lines", "calls", "frames", "uploads", "downloads", "streams", "start", "transfers")
_STARTS_PER_ROUND = 3
"""Starting is short and noisy, so it is measured more often."""
_SAMPLES = 2_000
"""Of a profile: enough that a share of a fifth is right to two in a hundred."""


def group(name: str) -> str:
    if name not in _GROUPS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(_GROUPS)}")
    return name


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    groups = f"of {', '.join(_GROUPS)}; all by default"
    parser.add_argument("groups", nargs="*", type=group, default=_GROUPS, metavar="GROUP", help=groups)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run, not how fast")
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody is measured (5)")
    parser.add_argument("--peers", nargs="+", choices=peers.NAMES, default=peers.NAMES, help="these clients alone")
    parser.add_argument("--uvloop", action="store_true", help="every table of a running client on uvloop, too")
    parser.add_argument("--engine", help="for transfers: a real engine's socket, unix:///var/run/docker.sock")
    parser.add_argument("--registry", help="for transfers: the host:port of a registry that this engine accepts")
    parser.add_argument("--profile", action="store_true", help="where the library's time goes, not how much it is")
    parser.add_argument("--json", action="store_true", help="print JSON with every sample instead of tables")
    options = parser.parse_args()
    if options.engine is not None and not options.engine.startswith("unix:///"):
        parser.error("--engine takes unix:///path/of/its.sock")
    return options


@contextmanager
def uploads_for(chosen: list[Workload]) -> Iterator[str]:
    """A folder with what these workloads upload."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for workload in chosen:
            for size in {workload.count, workload.warm_up} if workload.context else ():
                uploads.make(folder, workload.context, size)
        yield folder


def measure_running(present: list[str], chosen: list[Workload], rounds: int, address: str) -> list[Table]:
    tables: list[Table] = []
    with uploads_for(chosen) as folder:
        for workload in chosen:
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


def measure_transfers(present: list[str], rounds: int, transfers: Transfers) -> list[Table]:
    asked = [*present, *([peers.OURS_MANY] if peers.OURS in present else [])]
    return [
        Table(f"transfers_{verb}", f"{transfers.images} images {verb}ed at once", samples, peers.OURS)
        for verb, samples in run_transfers(asked, transfers, rounds).items()
    ]


def chosen_workloads(options: argparse.Namespace) -> list[Workload]:
    installed = importlib.util.find_spec("uvloop") is not None
    uvloop: Literal["everywhere", "streams", "absent"] = "streams" if installed else "absent"
    if options.uvloop:
        uvloop = "everywhere"
    return [each for each in workloads(quick=options.quick, uvloop=uvloop) if each.group in options.groups]


def measure_all(present: list[str], options: argparse.Namespace) -> Run:
    rounds = 1 if options.quick else options.rounds
    chosen = chosen_workloads(options)
    left_out = {}
    with fake_engine([workload.target for workload in chosen]) as address:
        tables = measure_running(present, chosen, rounds, address)
        if "start" in options.groups:
            tables += measure_starting(present, rounds if options.quick else rounds * _STARTS_PER_ROUND, address)
    if "transfers" in options.groups:
        if missing := [f"--{each}" for each in ("engine", "registry") if getattr(options, each) is None]:
            left_out["transfers"] = f"not given: {', '.join(missing)}"
        else:
            transfers = Transfers.of(options.engine, options.registry, quick=options.quick)
            tables += measure_transfers(present, rounds, transfers)
    return Run(tables, left_out, rounds, options.quick)


def profiles(options: argparse.Namespace) -> Iterator[str]:
    """Of the library in each workload of these groups, as Markdown."""
    chosen = chosen_workloads(options)
    least = _SAMPLES // 100 if options.quick else _SAMPLES
    with uploads_for(chosen) as folder, fake_engine([workload.target for workload in chosen]) as address:
        for workload in chosen:
            yield sampling.profile(peers.OURS, workload, address, folder, least).markdown(workload.title)


def main() -> None:
    options = arguments()
    if options.profile:
        for table in profiles(options):
            print(table, end="\n\n", flush=True)
        return
    lacking = {name: missing for name in options.peers if (missing := peers.missing_packages(name))}
    present = [name for name in options.peers if name not in lacking]
    run = measure_all(present, options)
    for name, missing in lacking.items():
        run.left_out[peers.LABELS[name]] = f"not installed: {', '.join(missing)}"
    if not any(table.samples for table in run.tables):
        sys.exit(f"Nothing to measure. {run.told_left_out()}")
    print(json.dumps(run.as_json(), indent=2) if options.json else run.markdown())


if __name__ == "__main__":
    main()
