"""A run as tables in Markdown, or as JSON with every sample."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.floors import FLOORS, Verdict, judge
from benchmarks.rounds import Samples, median_of

if TYPE_CHECKING:
    from benchmarks.measure import Sample

_PACKAGES = ("aiodockerhub", "aiohttp", "msgspec", "aiodocker", "docker", "requests", "urllib3", "uvloop")


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    samples: Samples
    reference: str
    """Whose time is 1 in the ratios; where it was not measured, the first's."""

    def medians(self) -> dict[str, Sample]:
        return {competitor: median_of(samples) for competitor, samples in self.samples.items()}

    def markdown(self) -> str:
        medians = self.medians()
        reference = self.reference if self.reference in medians else next(iter(medians), self.reference)
        unit = medians.get(reference)
        of = peers.LABELS.get(reference, reference)
        with_memory = any(sample.memory for sample in medians.values())
        rows = [
            f"### {self.title}",
            "",
            f"| | CPU ms | wall ms | CPU, {of} = 1 | wall, {of} = 1 |{' KiB a stream |' if with_memory else ''}",
            f"|---|---:|---:|---:|---:|{'---:|' if with_memory else ''}",
        ]
        for competitor, sample in medians.items():
            cells = [f"{sample.cpu * 1000:.1f}", f"{sample.wall * 1000:.1f}"]
            cells += [f"{sample.cpu / unit.cpu:.2f}", f"{sample.wall / unit.wall:.2f}"] if unit else ["", ""]
            cells += [f"{sample.memory:.0f}"] if with_memory else []
            rows.append(f"| {peers.LABELS.get(competitor, competitor)} | {' | '.join(cells)} |")
        return "\n".join(rows)


@dataclass(frozen=True)
class Run:
    tables: list[Table]
    left_out: dict[str, str]
    """Peers and groups that were not measured, and what they lack."""

    rounds: int
    quick: bool
    """With sizes too small to judge a floor by."""

    def verdicts(self) -> list[Verdict]:
        by_name = {table.name: table for table in self.tables}
        return [
            judge(floor, by_name[floor.table].title, by_name[floor.table].medians())
            for floor in FLOORS
            if floor.table in by_name
        ]

    def markdown(self) -> str:
        parts = [_circumstances(self.rounds)]
        if self.left_out:
            parts.append(self.told_left_out())
        parts += [table.markdown() for table in self.tables]
        warning = "Sizes too small to judge a floor by.\n\n" if self.quick else ""
        parts.append(f"### Floors\n\n{warning}| floor | measured | |\n|---|---:|---|\n{self._floor_rows()}")
        return "\n\n".join(parts)

    def told_left_out(self) -> str:
        return f"Left out: {', '.join(f'{what} ({lack})' for what, lack in self.left_out.items())}."

    def as_json(self) -> dict[str, Any]:
        return {
            "circumstances": _circumstances(self.rounds),
            "left_out": self.left_out,
            "tables": [asdict(table) for table in self.tables],
            "floors": [asdict(verdict) for verdict in self.verdicts()],
        }

    def _floor_rows(self) -> str:
        return "\n".join(f"| {verdict.promise} | {self._measured(verdict)} |" for verdict in self.verdicts())

    def _measured(self, verdict: Verdict) -> str:
        if verdict.ratio is None:
            return "| not measured"
        outcome = "met" if verdict.met else f"missed by {verdict.missed_by:.0%}"
        return f"{verdict.ratio:.2f} | {'not judged' if self.quick else outcome}"


def _circumstances(rounds: int) -> str:
    installed = ", ".join(f"{package} {found}" for package in _PACKAGES if (found := _version(package)))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"Medians of {rounds} interleaved rounds; {python}, {os.cpu_count()} cores; {installed}."


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
