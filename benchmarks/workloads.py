"""What is measured of a running client, and with how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from benchmarks.peers import AT_ONCE


@dataclass(frozen=True)
class Workload:
    """One table: `verb` is what each client is asked to do, `count` how often, `warm_up` how often before."""

    name: str
    title: str
    verb: str
    count: int
    warm_up: int
    chunking: str = ""

    turns: int = 1
    """Into how many pieces the work is cut, between which the clients of one process take turns."""

    together: bool = False
    """Whether all clients are measured in one process, taking turns, or each in a process of its own."""

    @property
    def group(self) -> str:
        return self.name.partition("_")[0]

    @property
    def target(self) -> str:
        """What the fake engine has to have rendered, so that nobody waits for it."""
        return f"/images/create?tag={self.count}-{self.chunking}" if self.chunking else "/info"


def workloads(*, quick: bool) -> list[Workload]:
    lines, warm_up_lines = (2_000, 200) if quick else (200_000, 5_000)
    calls, warm_up_calls = (AT_ONCE, AT_ONCE) if quick else (AT_ONCE * 32, AT_ONCE * 2)
    # Two processes differ by a tenth in what a call costs them, before any client does anything differently:
    # floors of a few per cent need one process for all.
    together = partial(Workload, turns=calls // AT_ONCE, together=True)
    return [
        Workload("lines_each", f"{lines:,} lines, a chunk each", "lines", lines, warm_up_lines, "each"),
        Workload("lines_32k", f"{lines:,} lines, 32 KiB chunks", "lines", lines, warm_up_lines, "32k"),
        together("calls_alone", f"{calls:,} calls, one by one", "calls", calls, warm_up_calls),
        together("calls_at_once", f"{calls:,} calls, {AT_ONCE} at once", "calls_at_once", calls, warm_up_calls),
    ]
