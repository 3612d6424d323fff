"""Which methods stand for which operations of the engine API: `operations.py` writes docs/operations.md.

The methods' own docstrings say it, in their last line: "API: `ContainerCreate`.".
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "operations.md"
_NAMED = re.compile(r"API: ((?:`\w+`,?\s*(?:for each|and)?\s*)+)")

HEAD = """# Operations

Every operation of the engine API, {oldest} to {newest}, and the methods that call it. An engine that lacks an
operation, or a parameter, is not asked: `VersionTooLow` names both versions.

| operation | request | since | methods |
|---|---|---|---|
"""


def described() -> dict[str, Any]:
    """The newest description."""
    files = (ROOT / "tools" / "engine-api").glob("*.json")
    newest = max(files, key=lambda file: tuple(map(int, file.stem.split("."))))
    return json.loads(newest.read_text(encoding="utf-8"))


def methods() -> dict[str, list[tuple[str, Any]]]:
    """Methods by operation: what a user types after `docker.`, and the function."""
    from aiodockerhub import Docker

    found: dict[str, list[tuple[str, Any]]] = {}
    for place, owner in groups(Docker, ""):
        for name, function in inspect.getmembers(owner, inspect.isfunction):
            if name.startswith("_"):
                continue
            words = _NAMED.search(inspect.getdoc(function) or "")
            for operation in re.findall(r"`(\w+)`", words[1]) if words else ():
                found.setdefault(operation, []).append((place + name, function))
    return found


def groups(owner: type, place: str) -> list[tuple[str, type]]:
    """`Docker`, and the classes of its groups, by what stands before their methods."""
    found = [(place, owner)]
    for name, member in inspect.getmembers(owner, lambda member: isinstance(member, functools.cached_property)):
        if not name.startswith("_"):
            found += groups(_class_of(member), f"{place}{name}.")
    return found


def _class_of(group: functools.cached_property[Any]) -> type:
    """What the property imports and makes: groups load when they are first used."""
    name = group.func.__annotations__["return"]
    source = inspect.getsource(group.func)
    module = re.search(rf"from ([\w.]+) import {name}\b", source)
    if module is None:
        raise SystemExit(f"{group.func.__qualname__} does not import {name}")
    return getattr(importlib.import_module(module[1]), name)


def table() -> str:
    """docs/operations.md."""
    from aiodockerhub.engine.changes import CHANGES, NEWEST, OLDEST

    by_operation = methods()
    rows = []
    for operation, facts in sorted(described()["operations"].items()):
        since = CHANGES.get(operation, {}).get("")
        calls = ", ".join(f"`{name}`" for name, _ in by_operation.get(operation, []))
        rows.append(
            f"| {operation} | `{facts['method']} {facts['path']}` | {since.needs if since else ''} | {calls} |\n"
        )
    return HEAD.format(oldest=OLDEST, newest=NEWEST) + "".join(rows)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
