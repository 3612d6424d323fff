"""Which operations work on which engines, as the tests saw it: docs/engines.md.

Every call on an engine of the rig is noted. A run of all tests fails where the document says something else;
`pytest --write-matrix` writes it anew.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import operations

from aiodockerhub.engine.api import Engine
from aiodockerhub.engine.system import System
from aiodockerhub.errors import APIError, DockerError, VersionTooLow

ROOT = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    import pytest
    from rig import Rig

DOCUMENT = ROOT / "docs" / "engines.md"
ROLES = {"oldest": "dockerd 20.10", "stable": "dockerd 26.1", "newest": "dockerd 28.5", "podman": "podman 5.8"}
ASKED_BEFORE = {
    "PluginPull": "GetPluginPrivileges",
    "PluginUpgrade": "GetPluginPrivileges",
    "ServiceLogs": "ServiceInspect",
    "TaskLogs": "TaskInspect",
}
"""What the method of an operation asks first: an engine that refuses that is asked no more."""
HEAD = f"""# Operations and engines

What the tests saw on four engines: of Debian 12, of Debian 13, and dockerd and podman of Debian unstable. A cell is
empty where the operation works; else it has the status and the words with which the engine refuses it, or the API
version that it needs: such an engine is not asked, `VersionTooLow` says why.

| operation | {" | ".join(ROLES.values())} |
|---|{"---|" * len(ROLES)}
"""


class Matrix:
    """What became of each operation on each role's engine."""

    def __init__(self) -> None:
        self.rigs: list[Rig] = []
        self._works: set[tuple[str, str]] = set()
        self._refused: dict[tuple[str, str], str] = {}

    def note(self, operation: str, address: str, error: BaseException | None) -> None:
        """A call has ended."""
        role = next(
            (role for rig in self.rigs for role, engine in rig.running().items() if engine.base_url in address), None
        )
        if role is None or not operation:
            return
        if error is None:
            self._works.add((operation, role))
        elif (words := _words(error)) is not None:
            self._refused[operation, role] = min(words, self._refused.get((operation, role), words))

    def cell(self, operation: str, role: str) -> str:
        if (operation, role) in self._works:
            return ""
        return self._refused.get((operation, role)) or self._refused.get(
            (ASKED_BEFORE.get(operation, ""), role), "not tried"
        )

    def text(self) -> str:
        rows = (
            f"| {operation} | {' | '.join(self.cell(operation, role) for role in ROLES)} |\n"
            for operation in sorted(operations.described()["operations"])
        )
        return HEAD + "".join(rows)


def _words(error: BaseException) -> str | None:
    if isinstance(error, VersionTooLow):
        return f"needs {error.needs}"
    if isinstance(error, APIError):
        words = re.sub(r"\s+", " ", error.message).strip().replace("|", "/")
        words = re.sub(
            r"\b[0-9a-f]{12,}\b|\b[0-9a-z]{25}\b|\btest-[0-9a-f]+\b|/tmp/\S+|\b\d+(\.\d+){3}(:\d+)?\b", "…", words
        )
        return f"{error.status}: {words[:90]}"
    return None


MATRIX = Matrix()


def watch(patch: pytest.MonkeyPatch) -> None:
    """Note every call from now on."""
    agreed, ping = Engine._agreed, System.ping

    @functools.wraps(agreed)
    async def noted_call(self: Engine, send: Any, operation: str, *rest: Any) -> Any:
        try:
            result = await agreed(self, send, operation, *rest)
        except DockerError as error:
            MATRIX.note(operation, self.http.address, error)
            raise
        MATRIX.note(operation, self.http.address, None)
        return result

    @functools.wraps(ping)
    async def noted_ping(self: System, *, head: bool = False, **rest: Any) -> Any:
        result = await ping(self, head=head, **rest)
        MATRIX.note("SystemPingHead" if head else "SystemPing", self._engine.http.address, None)
        return result

    patch.setattr(Engine, "_agreed", noted_call)
    patch.setattr(System, "ping", noted_ping)
