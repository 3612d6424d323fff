"""Everything public says what it is, and the examples that docstrings give name what is there."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import re
import sys
import textwrap
from pathlib import Path

import pytest

import aiodockerhub
from aiodockerhub.engine.container_config import ContainerSettings
from aiodockerhub.engine.service_config import ServiceSettings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import operations
from test_moving_guides import Target

NAMES = {name: getattr(aiodockerhub, name) for name in sorted(aiodockerhub._ROOM_OF)}
GROUPS = {f"docker.{place[:-1]}": kind for place, kind in operations.groups(aiodockerhub.Docker, "") if place}
CLASSES = {
    **{name: kind for name, kind in NAMES.items() if inspect.isclass(kind)},
    **GROUPS,
    "ContainerSettings": ContainerSettings,
    "ServiceSettings": ServiceSettings,
}
FIELDS_OF_OTHERS = {"BuildSettings": "each means what the keyword of `images.build` does"}
METHODS = (property, functools.cached_property, staticmethod, classmethod)


def owners(kind: type) -> list[type]:
    """The library's own classes that a class is made of."""
    return [owner for owner in kind.__mro__ if owner.__module__.partition(".")[0] == "aiodockerhub"]


def members(kind: type) -> dict[str, object]:
    """Public methods and properties, those of the classes that it is made of too."""
    return {
        name: member
        for owner in reversed(owners(kind))
        for name, member in vars(owner).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, METHODS))
    }


@functools.cache
def body_of(kind: type) -> list[ast.stmt]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    return getattr(tree, "body", [])


def fields(kind: type) -> dict[str, bool]:
    """Public attributes that are no methods, and whether it is said what each is: below it, or in the docstring."""
    told: dict[str, bool] = {}
    for owner in owners(kind):
        words = f"{kind.__doc__} {owner.__doc__}"
        for name, below in (*annotated(owner), *set_by_constructor(owner)):
            told[name] = told.get(name, False) or bool(below) or f"`{name}" in words or f".{name}`" in words
    return told


def annotated(kind: type) -> list[tuple[str, str]]:
    """The public attributes that the class's body names, each with the string below it."""
    return [(name, below) for node, below in followed(body_of(kind)) for name in names_set(node) if name[0] != "_"]


def set_by_constructor(kind: type) -> list[tuple[str, str]]:
    """The public attributes that `__init__` sets, each with the string below it."""
    made = [node for node in body_of(kind) if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    lines = [line for node in made for line in followed(node.body)]
    return [(name, below) for node, below in lines for name in names_set(node, of="self") if name[0] != "_"]


def followed(body: list[ast.stmt]) -> list[tuple[ast.stmt, str]]:
    """Statements, each with the string that stands below it, or none."""
    return [
        (node, after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else "")
        for node, after in itertools.pairwise([*body, ast.Pass()])
    ]


def names_set(node: ast.stmt, of: str = "") -> list[str]:
    """The names that a statement sets or declares, or the attributes of a name."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if of:
        return [one.attr for one in targets if isinstance(one, ast.Attribute) and ast.unparse(one.value) == of]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def aliases() -> list[str]:
    return sorted(set(NAMES) - set(CLASSES))


def examples() -> dict[str, str]:
    """The indented blocks of docstrings, by the name under which they stand."""
    found: dict[str, str] = {}
    for place, kind in CLASSES.items():
        said = {place: kind, **{f"{place}.{name}": member for name, member in members(kind).items()}}
        for name, member in said.items():
            for block in re.findall(r"\n\n((?:    .*\n|\n(?=    ))+)", f"{inspect.getdoc(member)}\n"):
                found.setdefault(textwrap.dedent(block), name)
    return {f"{name} {number}": block for number, (block, name) in enumerate(found.items())}


def parsed(example: str) -> ast.Module:
    return compile(example, "example", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_and_its_methods_say_what_they_are(name: str):
    kind = CLASSES[name]
    assert vars(kind).get("__doc__")
    assert [method for method, member in members(kind).items() if not inspect.getdoc(member)] == []


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in FIELDS_OF_OTHERS])
def test_a_class_says_what_its_attributes_are(name: str):
    assert [field for field, told in fields(CLASSES[name]).items() if not told] == []


@pytest.mark.parametrize("name", aliases())
def test_a_name_that_is_no_class_says_what_it_is(name: str):
    room = importlib.import_module(f"aiodockerhub.{aiodockerhub._ROOM_OF[name]}")
    assert any(below for node, below in followed(defining(room, name)) if name in names_set(node))


def defining(room: object, name: str) -> list[ast.stmt]:
    """The statements of the module where a name is given its value, which may be another than where it is found."""
    tree = ast.parse(inspect.getsource(room)).body
    for node in tree:
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return defining(importlib.import_module(node.module), name)
    return tree


def test_there_are_examples():
    assert len(examples()) > 20


@pytest.mark.parametrize("name", examples())
def test_an_example_compiles_and_names_what_is_there(name: str):
    tree = parsed(examples()[name])
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("docker."):
            Target(ast.unparse(node)).find()
