"""The moving guides have a row for all that the other libraries offer, and send nobody to what is not here."""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import pkgutil
import re
import sys
import types
import typing
from pathlib import Path

import aiodocker
import docker
import pytest
from docker.models.containers import RUN_CREATE_KWARGS, RUN_HOST_CONFIG_KWARGS

import aiodockerhub
from aiodockerhub.engine import types as engine_types
from aiodockerhub.engine.container_config import ContainerSettings
from aiodockerhub.engine.service_config import ServiceSettings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import operations
from test_readme import blocks, run

if typing.TYPE_CHECKING:
    from rig import Engine

ROOT = Path(__file__).parent.parent
DOCKER_PY = "docs/moving-from-docker-py.md"
AIODOCKER = "docs/moving-from-aiodocker.md"
GROUPS = dict(operations.groups(aiodockerhub.Docker, ""))

NOT_OFFERED = {
    "aiodocker.channel.Channel": "the events' own; users get its subscribers",
    "aiodocker.docker.DockerContextEndpoint": "what a context's file says, for the constructor",
    "aiodocker.multiplexed.MultiplexedResult": "what reads the frames of logs; users get its lines",
    "aiodocker.ssh.SSHConnector": "a connector, for the constructor",
    "aiodocker.stream.Message": "a tuple",
}
"""aiodocker's classes that no user calls methods of."""


def table_rows(page: str) -> list[tuple[list[str], str]]:
    """The rows whose first column is names in backticks: these names, and the second column."""
    cells = re.findall(r"^\| (`.+?`) \| (.+?) \|$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return [(re.findall(r"`([^`]+)`", theirs), ours) for theirs, ours in cells]


def offered_by(kind: type, library: str) -> dict[str, type]:
    """The public methods and properties of a class, and which class of the library has them first."""
    return {
        name: owner
        for owner in reversed(kind.__mro__)
        if owner.__module__.partition(".")[0] == library
        for name, member in vars(owner).items()
        if not name.startswith("_")
        and not inspect.isclass(member)
        and (callable(member) or isinstance(member, (property, functools.cached_property, staticmethod, classmethod)))
    }


def classes_of(package: types.ModuleType) -> list[type]:
    """The public classes that the modules of a package define, but errors."""
    names = [found.name for found in pkgutil.iter_modules(package.__path__) if not found.name.startswith("_")]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [
        kind
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and not name.startswith("_") and not issubclass(kind, Exception)
    ]


def names_of_docker_py() -> set[str]:
    """What docker-py's users type: `client.containers.run`, `container.logs`, `api.create_container`."""
    names = {f"client.{name}" for name in offered_by(docker.DockerClient, "docker")}
    names |= {f"api.{name}" for name in offered_by(docker.APIClient, "docker")}
    for kind in classes_of(docker.models):
        if offered_by(kind, "docker"):
            names |= {f"{called(owner)}.{name}" for name, owner in offered_by(kind, "docker").items()}
    return names | {f"run({name})" for name in keywords_of_run()}


def keywords_of_run() -> set[str]:
    """The keywords of docker-py's `containers.run`, most of which are those of `create`, too."""
    written = set(inspect.signature(docker.models.containers.ContainerCollection.run).parameters) - {"self", "kwargs"}
    popped = re.findall(r"kwargs\.pop\('(\w+)'", inspect.getsource(docker.models.containers))
    return written | set(popped) | {*RUN_CREATE_KWARGS, *RUN_HOST_CONFIG_KWARGS}


def called(kind: type) -> str:
    """How the guide calls one of docker-py's objects, or a group of them."""
    known = {"Model": "object", "Collection": "group", "RegistryData": "registry_data", "Swarm": "client.swarm"}
    if kind.__name__ in known:
        return known[kind.__name__]
    if kind.__name__.endswith("Collection"):
        return f"client.{kind.__name__.removesuffix('Collection').lower()}s"
    return kind.__name__.lower()


async def names_of_aiodocker() -> set[str]:
    """What aiodocker's users type: `docker.containers.run`, `container.log`."""
    async with aiodocker.Docker("http://127.0.0.1:1") as client:
        made = {name: value for name, value in vars(client).items() if not name.startswith("_")}
    places = {type(value): f"docker.{name}" for name, value in made.items()}
    aliases = {f"docker.{name}" for name, value in made.items() if inspect.ismethod(value)}
    names = set(aliases)
    for kind in classes_of(aiodocker):
        if f"{kind.__module__}.{kind.__name__}" in NOT_OFFERED or kind.__module__ == "aiodocker.types":
            continue
        named = {"Docker": "docker", "ChannelSubscriber": "subscriber"}.get(kind.__name__)
        place = named or places.get(kind) or kind.__name__.removeprefix("Docker").lower()
        names |= {f"{place}.{name}" for name in offered_by(kind, "aiodocker")}
    return names


class Target:
    """What an expression of a guide is here: read, never run."""

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self) -> object:
        return self.value(ast.parse(self.text, mode="eval").body)

    def value(self, node: ast.expr) -> object:
        match node:
            case ast.Name("docker"):
                return GROUPS[""]
            case ast.Name(name):
                return getattr(aiodockerhub, name)
            case ast.Attribute(owner, name):
                return self.member(self.value(owner), name)
            case ast.Subscript(owner, key):
                return entry(self.value(owner), ast.literal_eval(key))
            case ast.Call():
                return self.result(self.value(node.func), node)
        raise AssertionError(f"{self.text}: neither a name nor a call")

    def member(self, owner: object, name: str) -> object:
        place = next((place for place, kind in GROUPS.items() if kind is owner), None)
        if place is not None and f"{place}{name}." in GROUPS:
            return GROUPS[f"{place}{name}."]
        owner = typing.get_origin(owner) or owner
        if any(name in getattr(kind, "__annotations__", ()) for kind in getattr(owner, "__mro__", ())):
            return object
        found = inspect.getattr_static(owner, name)
        return found.__func__ if isinstance(found, (staticmethod, classmethod)) else found

    def result(self, called: object, call: ast.Call) -> object:
        function = called.__init__ if inspect.isclass(called) else called
        signature = inspect.signature(function)
        said = {keyword.arg: keyword.value for keyword in call.keywords}
        bound = {name for name in said if name in signature.parameters}
        for name, value in said.items():
            assert name in bound | settings_of(signature), f"{self.text}: no {name}="
            if name in ("config", "spec"):
                self.check_keys(value, evaluated(signature.parameters[name].annotation, function))
        signature.bind_partial(None, *[None] * len(call.args), **dict.fromkeys(bound))
        return called if inspect.isclass(called) else evaluated(signature.return_annotation, function)

    def check_keys(self, node: ast.expr, kind: object) -> None:
        """That the dict has no key but the engine's own, nor have those in it."""
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                self.check_keys(value, entry(kind, ast.literal_eval(key)))


def entry(kind: object, key: object) -> object:
    """What is under a key of the engine's own dict, or in its list."""
    for one in typing.get_args(kind) if is_union(kind) else (kind,):
        if typing.is_typeddict(one):
            return typing.get_type_hints(one)[key]
        if typing.get_origin(one) in (list, dict):
            return typing.get_args(one)[-1]
    raise AssertionError(f"{kind} has no {key!r}")


def is_union(kind: object) -> bool:
    return isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union


def settings_of(signature: inspect.Signature) -> set[str]:
    """The keywords that a TypedDict names."""
    unpacked = [one.annotation for one in signature.parameters.values() if one.kind is one.VAR_KEYWORD]
    known = {"Unpack[ContainerSettings]": ContainerSettings, "Unpack[ServiceSettings]": ServiceSettings}
    return {name for words in unpacked for name in known[words].__annotations__}


def evaluated(words: str, function: types.FunctionType) -> object:
    """An annotation, whose names may be there for type checkers only."""
    public = {name: getattr(aiodockerhub, name) for name in dir(aiodockerhub) if not name.startswith("_")}
    names = {**vars(typing), **public, "builtins": builtins, **function.__globals__, "types": engine_types}
    return eval(words, names)


def targets(cell: str) -> list[str]:
    """What is a name of this library, or a call; single words are keywords, or the other library's."""
    quoted = re.findall(r"`([^`]+)`", cell)
    return [text for text in quoted if re.search(r"[.(]|^[A-Z]", text) and text != "config.json"]


def test_the_guides_have_tables():
    assert len(table_rows(DOCKER_PY)) > 150
    assert len(table_rows(AIODOCKER)) > 90


def test_everything_of_docker_py_has_its_row():
    named = {name for names, _ in table_rows(DOCKER_PY) for name in names}
    assert sorted(names_of_docker_py() - named) == []
    assert sorted(named - names_of_docker_py()) == []


async def test_everything_of_aiodocker_has_its_row():
    named = {name for names, _ in table_rows(AIODOCKER) for name in names}
    offered = await names_of_aiodocker()
    assert sorted(offered - named) == []
    assert sorted(named - offered) == []


def test_the_classes_that_users_of_aiodocker_do_not_meet_are_still_there():
    assert set(NOT_OFFERED) <= {f"{kind.__module__}.{kind.__name__}" for kind in classes_of(aiodocker)}


@pytest.mark.parametrize("page", [DOCKER_PY, AIODOCKER])
def test_no_name_stands_twice(page: str):
    named = [name for names, _ in table_rows(page) for name in names]
    assert sorted({name for name in named if named.count(name) > 1}) == []


@pytest.mark.parametrize("page", [DOCKER_PY, AIODOCKER])
def test_every_row_names_what_to_call_or_says_why_there_is_nothing(page: str):
    silent = [names for names, ours in table_rows(page) if not targets(ours) and not re.match(r"nothing: \w.{9}", ours)]
    assert silent == []


@pytest.mark.parametrize(
    "text", sorted({text for page in (DOCKER_PY, AIODOCKER) for _, ours in table_rows(page) for text in targets(ours)})
)
def test_what_a_guide_names_is_here(text: str):
    Target(text).find()


@pytest.mark.parametrize(
    "text",
    [
        "docker.containers.rum",
        "docker.nodes.checkpoints",
        "docker.containers.run(..., environment={})",
        "docker.containers.inspect(..., true)",
        'docker.containers.inspect(...)["state"]',
        'docker.containers.inspect(...)["State"]["status"]',
        'docker.containers.create(..., config={"HostConfig": {"OomScore": 1}})',
        "docker.events(...).lines",
        "Credential",
        "Credentials.tokens",
    ],
)
def test_what_is_not_here_would_be_found_out(text: str):
    with pytest.raises((AssertionError, AttributeError, KeyError, TypeError)):
        Target(text).find()


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
@pytest.mark.parametrize(
    ("page", "number"), [(page, number) for page in (DOCKER_PY, AIODOCKER) for number in range(len(blocks(page)))]
)
async def test_what_a_guide_shows_runs(engine: Engine, busybox: str, page: str, number: int):
    assert await run(blocks(page)[number], DOCKER_HOST=engine.base_url)
