"""What became of many references: each one's outcome or error, in the order asked."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from aiodockerhub.errors import BulkFailed, Closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Report", "Result"]

Outcome = TypeVar("Outcome")

_GROUPS_SHOWN: Final = 5
_NAMES_SHOWN: Final = 3
_ROWS_SHOWN: Final = 50
_MESSAGE_SHOWN: Final = 300
"""Characters of a message in a summary or a table."""


class Result(msgspec.Struct, Generic[Outcome], frozen=True):
    """What became of one `reference`: its `outcome`, or the `error` that its last attempt ended in.

    What was cut off has Closed for an error. `attempts` counts the tries (0: cut off before the first), `seconds` is
    the time from the first one's begin to the last one's end, waits between them included, `bytes` what was transferred
    for it as far as it was told.
    """

    reference: str
    outcome: Outcome | None
    error: Exception | None
    attempts: int
    seconds: float
    bytes: int

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return self.error is None


class Report(Generic[Outcome]):
    """The `results` of many, in the order asked: `len(report)`, `for result in report`, `report.results[0]`.

    `seconds` passed from the begin of the first to the end of the last. `total` is how many were asked for, None where
    the references had no length and were not read to their end. A report is true whatever it holds: ask
    `report.failed`, or call `raise_for_failures()`.
    """

    __slots__ = ("results", "seconds", "total")

    def __init__(self, results: Sequence[Result[Outcome]], *, seconds: float, total: int | None) -> None:
        self.results = results
        self.seconds = seconds
        self.total = total

    @property
    def ok(self) -> list[Result[Outcome]]:
        """Those that ended well, in the order asked."""
        return [result for result in self.results if result.ok]

    @property
    def failed(self) -> list[Result[Outcome]]:
        """Those that did not, in the order asked."""
        return [result for result in self.results if not result.ok]

    @property
    def bytes(self) -> int:
        """What all of them transferred."""
        return sum(result.bytes for result in self.results)

    @property
    def not_begun(self) -> int | None:
        """How many were never begun, because the run was ended before; they have no result. None if nobody knows."""
        return max(0, self.total - len(self.results)) if self.total is not None else None

    def summary(self) -> str:
        """A few lines for people: how many, how long, how much, and the failures, like ones together."""
        return "\n".join([self._headline(), *self._failures()])

    def raise_for_failures(self) -> None:
        """Raise BulkFailed, which carries this report, unless all went well; its cause is the first failure."""
        failed = self.failed
        if not failed:
            return
        message = "\n".join([f"{len(failed)} of {len(self)} failed", *self._failures()])
        raise BulkFailed(message, report=self) from min(failed, key=_cut_off).error

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Result[Outcome]]:
        return iter(self.results)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Report {self._headline()}>"

    def _repr_html_(self) -> str:
        shown = sorted(self.results, key=lambda result: result.ok)[:_ROWS_SHOWN]
        more, bad = len(self) - len(shown), max(0, len(self.failed) - _ROWS_SHOWN)
        rest = f"<p>and {more:,} more, {bad:,} of them failed</p>" if more else ""
        heads = "".join(f"<th>{head}</th>" for head in ("reference", "result", "attempts", "seconds", "bytes"))
        rows = "".join(_row(result) for result in shown)
        return f"<p>{html.escape(self._headline())}</p><table><tr>{heads}</tr>{rows}</table>{rest}"

    def _headline(self) -> str:
        failed = sum(not result.ok for result in self.results)
        missing = f", {self.not_begun:,} not begun" if self.not_begun else ""
        counts = f"{len(self) - failed:,} ok, {failed:,} failed{missing}"
        return f"{counts} in {self.seconds:.1f} s, {_size(self.bytes)} transferred"

    def _failures(self) -> list[str]:
        groups: dict[tuple[str, str], list[Result[Any]]] = {}
        for result in sorted(self.failed, key=_cut_off):
            # the same failure of other references is told in the same words but for their names
            kind = (type(result.error).__name__, str(result.error).replace(result.reference, "\0"))
            groups.setdefault(kind, []).append(result)
        largest = sorted(groups.values(), key=lambda group: (_cut_off(group[0]), -len(group)))
        lines = [_group(group) for group in largest[:_GROUPS_SHOWN]]
        if others := sum(map(len, largest[_GROUPS_SHOWN:])):
            lines.append(f"and {others:,} more failures of {len(largest) - _GROUPS_SHOWN:,} other kinds")
        return lines


def _cut_off(result: Result[Any]) -> bool:
    """What was cut off by the end of the run comes last wherever failures are told: another one is the reason."""
    return isinstance(result.error, Closed)


def _group(group: list[Result[Any]]) -> str:
    names = ", ".join(result.reference for result in group[:_NAMES_SHOWN])
    more = f" and {len(group) - _NAMES_SHOWN:,} more" if len(group) > _NAMES_SHOWN else ""
    return f"{len(group):,} x {_told(group[0].error)} [{names}{more}]"


def _told(error: Exception | None) -> str:
    message = " ".join(str(error).split())
    cut = message if len(message) <= _MESSAGE_SHOWN else message[:_MESSAGE_SHOWN] + " ..."
    return f"{type(error).__name__}: {cut}" if cut else type(error).__name__


def _row(result: Result[Any]) -> str:
    told = "ok" if result.ok else _told(result.error)
    cells = (result.reference, told, str(result.attempts), f"{result.seconds:.1f}", _size(result.bytes))
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _size(count: float) -> str:
    """Bytes for people."""
    if count < 1024:
        return f"{count} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024:
            return f"{count:.1f} {unit}"
    return f"{count / 1024:.1f} TiB"
