"""The package's own names: the ones that type checkers see are the ones that load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import aiodockerhub

_SOURCE = ast.parse(Path(aiodockerhub.__file__).read_text())


def _seen_by_type_checkers() -> dict[str, str]:
    block = next(node for node in _SOURCE.body if isinstance(node, ast.If))
    return {
        alias.asname or "": f"{node.module}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize(("name", "room"), _seen_by_type_checkers().items())
def test_a_name_that_type_checkers_see_loads_from_the_same_place(name: str, room: str) -> None:
    loaded = getattr(aiodockerhub, name)
    assert loaded is getattr(sys.modules[room], name)


def test_no_name_loads_that_type_checkers_do_not_see() -> None:
    public = {name for name in dir(aiodockerhub) if not name.startswith("_")}
    modules = {name for name in public if f"aiodockerhub.{name}" in sys.modules}
    assert public - modules - set(_seen_by_type_checkers()) <= {"TYPE_CHECKING", "annotations", "importlib"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Doker'"):
        _ = aiodockerhub.Doker


def test_importing_the_package_loads_nothing_of_it() -> None:
    script = "import sys, aiodockerhub; print([name for name in sys.modules if name.startswith('aiodockerhub.')])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_making_a_client_loads_neither_ssl_contexts_nor_resource_groups() -> None:
    script = "\n".join(
        (
            "import sys, aiodockerhub",
            "aiodockerhub.Docker('unix:///nowhere.sock')",
            "rooms = {'engine.images', 'engine.containers', 'engine.types', 'tar', 'local', 'index'}",
            "print([room for room in rooms if f'aiodockerhub.{room}' in sys.modules])",
        )
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
