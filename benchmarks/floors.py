"""The floors of speed: what the library promises beside its peers, and whether this run bears it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks import peers, startup

if TYPE_CHECKING:
    from benchmarks.measure import Sample


@dataclass(frozen=True)
class Floor:
    """Our time over the peer's is at most `bound` (`slower`), or the peer's over ours at least (`faster`)."""

    table: str
    ours: str
    peer: str
    kind: Literal["slower", "faster"]
    bound: float
    clock: Literal["cpu", "wall"] = "cpu"

    def promise(self, title: str) -> str:
        peer = peers.LABELS.get(self.peer, self.peer)
        clock = "CPU" if self.clock == "cpu" else "wall"
        if self.kind == "slower":
            return f"{title}: {self.ours} takes at most {self.bound:g} times the {clock} time of {peer}"
        return f"{title}: {self.ours} is at least {self.bound:g} times as fast as {peer} ({clock} time)"


@dataclass(frozen=True)
class Verdict:
    promise: str
    ratio: float | None
    met: bool | None
    """None where either side was not measured."""

    missed_by: float
    """By what part of the bound; 0 where it is met."""


def _calls(table: str) -> list[Floor]:
    return [
        Floor(table, peers.OURS, "bare_aiohttp", "faster", 0.95),
        Floor(table, peers.OURS, "aiodocker", "faster", 1.0),
    ]


FLOORS = [
    Floor("lines_each", peers.OURS, "bare", "slower", 1.8),
    Floor("lines_each", peers.OURS, "aiodocker", "faster", 3),
    Floor("lines_each", peers.OURS, "docker_py", "faster", 8),
    Floor("lines_32k", peers.OURS, "aiodocker", "faster", 5),
    *_calls("calls_alone"),
    *_calls("calls_at_once"),
    Floor("import", "aiodockerhub", startup.AIOHTTP_AND_MSGSPEC, "slower", 1.10, "wall"),
    Floor("import", "aiodockerhub.Docker", startup.AIOHTTP_AND_MSGSPEC, "slower", 1.10, "wall"),
]


def judge(floor: Floor, title: str, medians: dict[str, Sample]) -> Verdict:
    promise = floor.promise(title)
    if floor.ours not in medians or floor.peer not in medians:
        return Verdict(promise, None, None, 0)
    ours: float = getattr(medians[floor.ours], floor.clock)
    theirs: float = getattr(medians[floor.peer], floor.clock)
    ratio = ours / theirs if floor.kind == "slower" else theirs / ours
    excess = ratio / floor.bound - 1 if floor.kind == "slower" else 1 - ratio / floor.bound
    return Verdict(promise, ratio, excess <= 0, max(excess, 0))
