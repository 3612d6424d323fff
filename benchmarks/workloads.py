"""What is measured of a running client, and with how much of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from benchmarks.peers import AT_ONCE, BLOCKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STANDARD, UVLOOP = "standard", "uvloop"
MOST_STREAMS = 2_000


@dataclass(frozen=True)
class Workload:
    """One table: `verb` is what each client is asked to do, `count` how often, `warm_up` how often before."""

    name: str
    title: str
    verb: Literal[
        "lines",
        "frames",
        "calls",
        "calls_at_once",
        "streams",
        "build",
        "import_tar",
        "load_tar",
        "export",
        "output",
        "echo",
    ]
    count: int
    warm_up: int
    chunking: str = ""
    """How the fake engine cuts what it streams."""

    context: str = ""
    """The kind of build context that is uploaded (see uploads.py); `count` and `warm_up` are its size then."""

    frames: int = 0
    """How many come on each slow stream, one every quarter of a second."""

    turns: int = 1
    """Into how many pieces the work is cut, between which the clients of one process take turns."""

    together: bool = False
    """Whether all clients are measured in one process, taking turns, or each in a process of its own."""

    loop: str = STANDARD
    left_out: tuple[str, ...] = ()
    """Clients that are not asked to do this."""

    @property
    def group(self) -> str:
        return self.name.partition("_")[0]

    @property
    def target(self) -> str:
        """What the fake engine has to have rendered, so that nobody waits for it."""
        targets = {
            "lines": f"/images/create?tag={self.count}-{self.chunking}",
            "frames": f"/containers/{self.count}-{self.chunking}/logs",
        }
        return targets.get(self.verb, "/info")

    def on_uvloop(self) -> Workload:
        """The same, without the clients that have no event loop."""
        left_out = (*self.left_out, *BLOCKING)
        return replace(
            self, name=f"{self.name}_{UVLOOP}", title=f"{self.title}, uvloop", loop=UVLOOP, left_out=left_out
        )


def workloads(*, quick: bool, uvloop: Literal["everywhere", "streams", "absent"]) -> list[Workload]:
    standard = [*_lines(quick=quick), *_calls(quick=quick), *_frames(quick=quick), *_uploads(quick=quick)]
    standard += [*_downloads(quick=quick), *_streams(quick=quick)]
    if quick:  # a process for each client is what takes long
        standard = [replace(workload, together=True) for workload in standard]
    if uvloop == "absent":
        return standard
    return list(_with_uvloop(standard, everywhere=uvloop == "everywhere"))


def _with_uvloop(standard: Iterable[Workload], *, everywhere: bool) -> Iterable[Workload]:
    """Each on uvloop behind itself, or only the most streams, whose floor for memory is uvloop's."""
    for workload in standard:
        yield workload
        if everywhere or workload.name == f"streams_{MOST_STREAMS}":
            yield workload.on_uvloop()


def _lines(*, quick: bool) -> list[Workload]:
    lines, warm_up = (2_000, 200) if quick else (200_000, 5_000)
    return [
        Workload("lines_each", f"{lines:,} lines, a chunk each", "lines", lines, warm_up, "each"),
        Workload("lines_32k", f"{lines:,} lines, 32 KiB chunks", "lines", lines, warm_up, "32k"),
    ]


def _frames(*, quick: bool) -> list[Workload]:
    frames, warm_up = (2_000, 200) if quick else (100_000, 5_000)
    return [
        Workload("frames_each", f"{frames:,} log frames, a chunk each", "frames", frames, warm_up, "each"),
        Workload("frames_32k", f"{frames:,} log frames, 32 KiB chunks", "frames", frames, warm_up, "32k"),
    ]


def _calls(*, quick: bool) -> list[Workload]:
    calls, warm_up = (AT_ONCE, AT_ONCE) if quick else (AT_ONCE * 128, AT_ONCE * 2)
    # Two processes differ by a tenth in what a call costs them, before any client does anything differently:
    # floors of a few per cent need one process for all.
    together = partial(Workload, turns=calls // AT_ONCE, together=True)
    return [
        together("calls_alone", f"{calls:,} calls, one by one", "calls", calls, warm_up),
        together("calls_at_once", f"{calls:,} calls, {AT_ONCE} at once", "calls_at_once", calls, warm_up),
    ]


def _uploads(*, quick: bool) -> list[Workload]:
    files, warm_up_files = (100, 20) if quick else (2_000, 100)
    mib, warm_up_mib = (6, 1) if quick else (300, 3)
    large = partial(Workload, count=mib, warm_up=warm_up_mib, context="large")
    return [
        Workload(
            "uploads_small", f"A context of {files:,} small files", "build", files, warm_up_files, context="small"
        ),
        large("uploads_large", f"A context of {mib} MiB in three files", "build"),
        large("uploads_import", f"Import of a tar of {mib} MiB", "import_tar"),
        large("uploads_load", f"Load of a tar of {mib} MiB", "load_tar"),
    ]


def _downloads(*, quick: bool) -> list[Workload]:
    mib, warm_up = (4, 1) if quick else (300, 3)
    return [
        Workload("downloads_export", f"Export of {mib} MiB", "export", mib, warm_up, left_out=("aiodocker",)),
        Workload(
            "downloads_output",
            f"{mib} MiB of a command's output",
            "output",
            mib,
            warm_up,
            left_out=("bare_aiohttp", *BLOCKING),
        ),
        *(
            Workload(
                f"downloads_echo_{name}",
                f"{mib:,} MiB to a command and back",
                "echo",
                mib,
                warm_up,
                left_out=("bare_aiohttp", *BLOCKING),
            )
            for name, mib in ({64: 2, 1024: 4} if quick else {64: 64, 1024: 1024}).items()
        ),
    ]


def _streams(*, quick: bool) -> list[Workload]:
    """As many slow streams at once as the name says, whatever the number in a quick run."""
    at_once = {1: 1, 64: 4, 512: 16, MOST_STREAMS: 64} if quick else {number: number for number in (1, 64, 512, 2_000)}
    return [
        Workload(
            f"streams_{name}",
            f"{number:,} slow {'streams' if number > 1 else 'stream'} at once",
            "streams",
            number,
            0 if quick else 1,
            "drip",
            frames=1 if quick else 8,
            left_out=BLOCKING,
        )
        for name, number in at_once.items()
    ]
