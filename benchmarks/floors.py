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

    @property
    def clients(self) -> tuple[str, ...]:
        """Whose samples it takes."""
        return self.ours, self.peer

    def promise(self, title: str) -> str:
        peer = peers.LABELS.get(self.peer, self.peer)
        clock = "CPU" if self.clock == "cpu" else "wall"
        if self.kind == "slower":
            return f"{title}: {self.ours} takes at most {self.bound:g} times the {clock} time of {peer}"
        return f"{title}: {self.ours} is at least {self.bound:g} times as fast as {peer} ({clock} time)"

    def ratio(self, medians: dict[str, Sample]) -> float:
        ours: float = getattr(medians[self.ours], self.clock)
        theirs: float = getattr(medians[self.peer], self.clock)
        return ours / theirs if self.kind == "slower" else theirs / ours


@dataclass(frozen=True)
class Ceiling:
    """A stream of ours takes at most `bound` KiB of memory."""

    table: str
    bound: float
    ours: str = peers.OURS
    kind: Literal["slower"] = "slower"

    @property
    def clients(self) -> tuple[str, ...]:
        return (self.ours,)

    def promise(self, title: str) -> str:
        return f"{title}: {self.ours} takes at most {self.bound:g} KiB a stream"

    def ratio(self, medians: dict[str, Sample]) -> float:
        """The KiB themselves."""
        return medians[self.ours].memory


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


FLOORS: list[Floor | Ceiling] = [
    Floor("lines_each", peers.OURS, "bare", "slower", 1.8),
    Floor("lines_each", peers.OURS, "aiodocker", "faster", 3),
    Floor("lines_each", peers.OURS, "docker_py", "faster", 8),
    Floor("lines_32k", peers.OURS, "aiodocker", "faster", 5),
    *_calls("calls_alone"),
    *_calls("calls_at_once"),
    Floor("frames_each", peers.OURS, "aiodocker", "faster", 3.5),
    Floor("frames_32k", peers.OURS, "aiodocker", "faster", 3.5),
    Floor("uploads_small", peers.OURS, "docker_py", "slower", 0.4, "wall"),
    Floor("uploads_load", peers.OURS, "docker_py", "slower", 1, "wall"),
    Floor("downloads_export", peers.OURS, "docker_py", "slower", 1, "wall"),
    Floor("downloads_output", peers.OURS, "bare", "slower", 1.5, "wall"),
    Floor("streams_512", peers.OURS, "bare", "slower", 1.15, "wall"),
    Floor("streams_2000", peers.OURS, "bare", "slower", 1.7, "wall"),
    Ceiling("streams_2000_uvloop", 40),
    Ceiling("downloads_echo_1024", 4096),
    Floor("import", "aiodockerhub", startup.AIOHTTP_AND_MSGSPEC, "slower", 1.10, "wall"),
    Floor("import", "aiodockerhub.Docker", startup.AIOHTTP_AND_MSGSPEC, "slower", 1.10, "wall"),
]


def judge(floor: Floor | Ceiling, title: str, medians: dict[str, Sample]) -> Verdict:
    promise = floor.promise(title)
    if any(client not in medians for client in floor.clients):
        return Verdict(promise, None, None, 0)
    ratio = floor.ratio(medians)
    excess = ratio / floor.bound - 1 if floor.kind == "slower" else 1 - ratio / floor.bound
    return Verdict(promise, ratio, excess <= 0, max(excess, 0))
