"""The clients that are measured: one module each, with the same verbs, each used as its documentation shows.

A module has `connect(address)`, which gives a context manager (an async one, but for the client that blocks)
around an object with these verbs:

- `info()`: one small call, decoded;
- `lines(count, chunking)`: iterates a pull's progress to its end and counts the items;
- `frames(count, chunking)`: the same with the frames of a container's logs;
- `build(directory)`: builds from a context; gives the bytes that the engine got, as it tells in its answer;
- `import_tar(path)`: imports a root file system; gives the bytes too;
- `load_tar(path)`: the same with an archive of images;
- `export(mib)`, `output(mib)`: takes a container's file system, or what a command in it writes, and counts the bytes;
- `echo(mib)`: feeds a command that writes what it reads, and meanwhile takes and counts that;
- `push_all(references)`, `pull_all(references)`: transfers images, with tags, all at once; raises if one fails.

Nobody but this library has a call that pushes or pulls many images; where it is measured, it is a client of its own.
"""

from __future__ import annotations

import importlib.util
import random
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType

OURS = "aiodockerhub"
OURS_MANY = "aiodockerhub_many"
NAMES = (OURS, "bare", "bare_aiohttp", "aiodocker", "docker_py")
LABELS = {
    OURS: "aiodockerhub",
    OURS_MANY: "aiodockerhub, ..._many",
    "bare": "bare socket",
    "bare_aiohttp": "bare aiohttp",
    "aiodocker": "aiodocker",
    "docker_py": "docker-py",
}
BLOCKING = ("docker_py",)
AT_ONCE = 64


def in_turn(names: list[str], turn: int) -> list[str]:
    """The same names in another order each time, but the same in each run: nobody always follows the same one."""
    return random.Random(turn).sample(names, len(names))


def load(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")


@asynccontextmanager
async def connected(name: str, address: str) -> AsyncIterator[Any]:
    """A client, whichever kind of context manager its module has."""
    connection = load(name).connect(address)
    if name in BLOCKING:
        with connection as client:
            yield client
    else:
        async with connection as client:
            yield client


def missing_packages(name: str) -> list[str]:
    """What has to be installed before this peer can be measured."""
    requirements = {
        OURS: ["aiodockerhub"],
        "bare": ["msgspec"],
        "bare_aiohttp": ["aiohttp", "msgspec"],
        "aiodocker": ["aiodocker"],
        "docker_py": ["docker"],
    }
    return [package for package in requirements[name] if importlib.util.find_spec(package) is None]
