"""Interleaved rounds: everybody once, then everybody again, so that a busy moment hits them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.measure import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.workloads import Workload

Samples = dict[str, list[Sample]]
"""By competitor, a sample a round."""

_LONGEST = 300
"""Seconds that one measurement may take before the run is given up."""


@contextmanager
def fake_engine(prepare: list[str]) -> Iterator[str]:
    """A fake engine in a process of its own, the given targets rendered; gives the address of its unix socket."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        command = [sys.executable, "-m", "benchmarks.fake_engine", "--unix", str(Path(folder, "engine.sock"))]
        command += ["--prepare", *prepare]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as engine:
            assert engine.stdin is not None
            assert engine.stdout is not None
            address: str = json.loads(engine.stdout.readline())["unix"]
            yield address
            engine.stdin.close()


def interleave(competitors: list[str], rounds: int, measure: Callable[[str], Sample]) -> Samples:
    samples: Samples = {competitor: [] for competitor in competitors}
    for turn in range(rounds):
        for competitor in peers.in_turn(competitors, turn):
            samples[competitor].append(measure(competitor))
    return samples


def run(command: list[str], order: str = "", cache: str | None = None) -> Any:
    """What a fresh interpreter prints. `cache` is a folder for bytecode, in place of the one beside the sources."""
    environment = dict(os.environ)
    if cache is not None:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = cache
    done = subprocess.run(
        command, input=order, capture_output=True, text=True, timeout=_LONGEST, check=False, env=environment
    )
    if done.returncode:
        raise SystemExit(f"{command!r} failed:\n{order}\n{done.stderr}")
    return json.loads(done.stdout)


def measure_workload(competitors: list[str], workload: Workload, address: str, folder: str) -> dict[str, Sample]:
    order = json.dumps({"peers": competitors, "workload": asdict(workload), "address": address, "folder": folder})
    samples = run([sys.executable, "-m", "benchmarks.measure"], order)
    return {name: Sample(**sample) for name, sample in samples.items()}


def run_workload(competitors: list[str], workload: Workload, rounds: int, address: str, folder: str) -> Samples:
    """`folder` holds what is uploaded."""

    def measure(names: list[str]) -> dict[str, Sample]:
        return measure_workload(names, workload, address, folder)

    if not workload.together:
        return interleave(competitors, rounds, lambda name: measure([name])[name])
    together = [measure(peers.in_turn(competitors, turn)) for turn in range(rounds)]
    return {name: [samples[name] for samples in together] for name in competitors}


def run_starts(programs: dict[str, str], rounds: int, address: str) -> Samples:
    """Starts of programs that all have their bytecode ready.

    Without a cache of our own, a package from a package manager might have its bytecode and one in a checkout not.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as cache:

        def start(name: str) -> Sample:
            return Sample(**run([sys.executable, "-c", programs[name], address], cache=cache))

        interleave(list(programs), 1, start)
        return interleave(list(programs), rounds, start)


def median_of(samples: list[Sample]) -> Sample:
    return Sample(*[median(getattr(sample, clock) for sample in samples) for clock in ("cpu", "wall", "memory")])
