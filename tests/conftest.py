"""Fixtures for every test: engines and registries, real and scripted, and a check that nothing is left open."""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import matrix
import pytest
import trustme
from hypothesis import HealthCheck, settings
from matrix import MATRIX
from rig import ROLES, Engine, Registry, Rig
from scripted_server import ScriptedEngine

from aiodockerhub import Credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# `--hypothesis-profile=long` looks for hours where the usual run looks for a minute; "brief" is for more Pythons than
# one. No profile has a deadline.
settings.register_profile("usual", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("brief", settings.get_profile("usual"), max_examples=20)
settings.register_profile("long", settings.get_profile("usual"), max_examples=20_000)
settings.load_profile("usual")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-matrix", action="store_true", help="write docs/engines.md as this run, of all tests, saw it"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "leaves_open(reason): leaves sockets or tasks behind on purpose; the reason says which and why"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the rig is one of those that need engines, whether its author remembered the marker or not."""
    for item in items:
        if "rig" in getattr(item, "fixturenames", ()):
            item.add_marker("engine")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After a run of all tests the documentation must say of the engines what they showed."""
    config = session.config
    if config.getoption("--write-matrix"):
        matrix.DOCUMENT.write_text(MATRIX.text(), encoding="utf-8")
    is_whole = not (config.option.keyword or config.option.markexpr or config.args_source is config.ArgsSource.ARGS)
    if is_whole and exitstatus == 0 and matrix.DOCUMENT.read_text(encoding="utf-8") != (seen := MATRIX.text()):
        differing = set(seen.splitlines()) ^ set(matrix.DOCUMENT.read_text(encoding="utf-8").splitlines())
        print("\ndocs/engines.md differs from what the engines showed:", *sorted(differing), sep="\n")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    """Engines and registries, started when first asked for; an error when the machine cannot have them."""
    with Rig() as running, pytest.MonkeyPatch.context() as patch:
        matrix.watch(patch)
        MATRIX.rigs.append(running)
        yield running


@pytest.fixture(scope="session", params=ROLES)
def engine(rig: Rig, request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn; `@pytest.mark.parametrize("engine", ["newest"], indirect=True)` takes some of them."""
    return rig.engine(request.param)


@pytest.fixture(scope="session")
def registry(rig: Rig) -> Registry:
    """The registry with a password and TLS, which the engines trust."""
    return rig.registry


@pytest.fixture
def alice(registry: Registry) -> Credentials:
    """Whom the registry with a password lets in."""
    assert registry.username is not None
    assert registry.password is not None
    return Credentials(registry.username, registry.password)


@pytest.fixture(scope="session")
def crane(rig: Rig) -> Registry:
    """The registry without a password, over plain HTTP."""
    return rig.crane


@pytest.fixture
def busybox(rig: Rig, engine: Engine) -> str:
    """The name of a busybox image in `engine`, whatever other tests have removed."""
    return rig.busybox(engine)


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[ScriptedEngine]:
    """An engine on a unix socket, which answers as the test says."""
    async with ScriptedEngine(socket=str(tmp_path / "engine.sock")) as engine:
        yield engine


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    """A certificate authority that nobody trusts without being told."""
    return trustme.CA()


@pytest.fixture(scope="session", autouse=True)
def _settled_memory() -> Iterator[None]:
    """What is in memory before a test is not looked at again by the collection after it, but once more at the end.

    pytest keeps a report of each test: with thousands of them the collections would take longer than the tests.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.collect()


@pytest.fixture(autouse=True)
def _no_socket_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test after which a socket is left, or which dropped something that it should have closed.

    It begins before the test's loop and ends after it. The collection makes what was dropped warn; warnings are errors.
    """
    before = _open_sockets()
    yield
    gc.collect()
    gc.freeze()
    if request.node.get_closest_marker("leaves_open"):
        return
    # Threads of a test's servers may still be closing theirs.
    deadline = time.monotonic() + 1
    while (left := _open_sockets() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    if left:
        pytest.fail(f"sockets left open: {', '.join(sorted(left))}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_task_is_left(request: pytest.FixtureRequest, _no_socket_is_left: None) -> None:
    """Fails a coroutine test after which a task still runs."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_loop_without_tasks")


@pytest.fixture
async def _loop_without_tasks(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Runs in the test's own loop, before anything else asynchronous begins there and after all of it has ended."""
    before = asyncio.all_tasks()
    yield
    # What was cancelled or closed just now ends within a few turns of the loop.
    for _ in range(10):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left and not request.node.get_closest_marker("leaves_open"):
        pytest.fail(f"tasks left running: {', '.join(map(repr, left))}", pytrace=False)


def _open_sockets() -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own descriptor is closed by now
            found.add(str(descriptor.readlink()))
    return {target for target in found if target.startswith("socket:")}
