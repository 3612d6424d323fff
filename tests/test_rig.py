"""The rig itself: what the tests with real engines and registries stand on."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from rig import ROLES, Engine, Registry, Rig, ask
from rig.roots import run

if TYPE_CHECKING:
    from collections.abc import Callable


def call(engine: Engine, method: str, path: str, content: Any = None, *, auth: str = "{}") -> bytes:
    body = None if content is None else json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "X-Registry-Auth": base64.urlsafe_b64encode(auth.encode()).decode()}
    status, answer = ask(engine.base_url, method, path, body, headers=headers)
    assert status < 400, f"{method} {path} -> {status}: {answer.decode(errors='replace')}"
    return answer


def test_each_engine_answers_and_says_which_api_it_speaks(engine: Engine) -> None:
    assert call(engine, "GET", "/_ping") == b"OK"
    version = json.loads(call(engine, "GET", "/version"))
    major, minor = version["ApiVersion"].split(".")
    assert (int(major), int(minor)) >= (1, 41)


def test_the_roles_are_different_engines(rig: Rig) -> None:
    versions = {role: json.loads(call(rig.engine(role), "GET", "/version")) for role in ROLES}
    assert versions["podman"]["Components"][0]["Name"] == "Podman Engine"
    apis = [int(versions[role]["ApiVersion"].split(".")[1]) for role in ("oldest", "stable", "newest")]
    assert apis == sorted(set(apis))


def test_the_newest_engine_lets_only_its_own_clients_in_over_tls(rig: Rig) -> None:
    tls = rig.engine("newest").tls
    assert tls is not None
    https = tls.url.replace("tcp:", "https:")
    stranger = ssl.create_default_context(cafile=str(tls.ca))
    with pytest.raises(OSError, match=r"(?i)certificate required|broken pipe|reset"):
        ask(https, "GET", "/_ping", context=stranger)
    known = ssl.create_default_context(cafile=str(tls.ca))
    known.load_cert_chain(tls.certificate, tls.key)
    assert ask(https, "GET", "/_ping", context=known) == (200, b"OK")


def test_the_registry_shows_its_certificate_and_demands_its_password(registry: Registry) -> None:
    assert registry.username is not None
    assert registry.password is not None
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(registry.base_url, "GET", "/v2/", context=ssl.create_default_context())
    context = ssl.create_default_context(cafile=str(registry.ca))
    assert ask(registry.base_url, "GET", "/v2/", context=context)[0] == 401
    wrong = (registry.username, registry.password + "!")
    assert ask(registry.base_url, "GET", "/v2/", login=wrong, context=context)[0] == 401
    right = (registry.username, registry.password)
    assert ask(registry.base_url, "GET", "/v2/", login=right, context=context)[0] == 200


def test_the_crane_registry_asks_for_nothing(crane: Registry) -> None:
    assert ask(crane.base_url, "GET", "/v2/")[0] == 200


def test_each_engine_pushes_to_both_registries(
    engine: Engine, registry: Registry, crane: Registry, busybox: str
) -> None:
    login = json.dumps({"username": registry.username, "password": registry.password})
    for target, credentials in ((registry, login), (crane, "{}")):
        name = f"{target.address}/rig/{engine.role}"
        call(engine, "POST", f"/images/{busybox}/tag?repo={name}&tag=1")
        pushed = call(engine, "POST", f"/images/{name}/push?tag=1", auth=credentials)
        assert b"errorDetail" not in pushed, pushed.decode()
        call(engine, "DELETE", f"/images/{name}:1")


def test_an_engine_does_not_trust_a_registry_it_has_no_authority_for(rig: Rig, registry: Registry) -> None:
    """The pushes above succeed because the engines have the CA, not because they check nothing."""
    same_server_other_name = registry.address.replace(":5000", ":05000")
    create = f"/images/create?fromImage={same_server_other_name}/rig/none&tag=1"
    _, answer = ask(rig.engine("newest").base_url, "POST", create)
    assert b"certificate signed by unknown authority" in answer, answer


def test_each_engine_runs_containers_whose_ports_are_reached(engine: Engine, busybox: str) -> None:
    content = {
        "Image": busybox,
        "Cmd": ["sh", "-c", "echo from inside > /tmp/index.html; exec httpd -f -p 80 -h /tmp"],
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
    }
    container = json.loads(call(engine, "POST", "/containers/create", content))["Id"]
    try:
        call(engine, "POST", f"/containers/{container}/start")
        shown = json.loads(call(engine, "GET", f"/containers/{container}/json"))
        port = shown["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]
        assert wait_for(lambda: fetched(f"http://127.0.0.1:{port}")) == b"from inside\n"
    finally:
        call(engine, "POST", f"/containers/{container}/kill")
        call(engine, "DELETE", f"/containers/{container}?force=1")


WRITES_UNTIL_TOLD = "trap exit TERM; while :; do date; sleep 0.1; done"


@pytest.mark.parametrize("engine", ["newest", "podman"], indirect=True)
def test_a_restarted_engine_is_another_process_with_the_same_containers(rig: Rig, engine: Engine, busybox: str) -> None:
    content = {
        "Image": busybox,
        "Cmd": ["sh", "-c", WRITES_UNTIL_TOLD],
        "HostConfig": {"RestartPolicy": {"Name": "always"}},
    }
    container = json.loads(call(engine, "POST", "/containers/create", content))["Id"]
    try:
        call(engine, "POST", f"/containers/{container}/start")
        before = serving(engine)
        rig.restart(engine)
        assert serving(engine).isdisjoint(before)
        state = json.loads(call(engine, "GET", f"/containers/{container}/json"))["State"]
        assert state["Running"]
    finally:
        call(engine, "DELETE", f"/containers/{container}?force=1")


def serving(engine: Engine) -> set[str]:
    """The processes that have the engine's address on their command line and are no shell around it."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if engine.base_url.encode() in command and Path(os.fsdecode(command[0])).name in {"dockerd", "podman"}:
            found.add(process.name)
    assert found
    return found


OTHER_RIG = """
import json, sys
sys.path.insert(0, "")
from rig import Rig, ask

roles = sys.argv[1:]
with Rig() as rig:
    for role in roles:
        engine = rig.engine(role)
        content = {"Image": rig.busybox(engine), "Cmd": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]}
        headers, body = {"Content-Type": "application/json"}, json.dumps(content).encode()
        create = ask(engine.base_url, "POST", "/containers/create?name=left", body, headers=headers)
        assert create[0] == 201, create
        start = ask(engine.base_url, "POST", "/containers/left/start")
        assert start[0] == 204, start
    print(rig.folder, rig.registry.address.split(":")[0], flush=True)
    sys.stdin.read()
"""


def other_rig(*roles: str) -> tuple[subprocess.Popen[str], str, str]:
    """A rig beside this one, in a process of its own, with a container that ignores TERM on each engine."""
    command = [sys.executable, "-c", OTHER_RIG, *roles]
    owner = subprocess.Popen(
        command,
        cwd=Path(__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    folder, _, address = owner.stdout.readline().strip().partition(" ")
    if not address:
        raise RuntimeError(owner.communicate()[1])
    return owner, folder, address


def processes_of(folder: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if folder.encode() in command and process.name != str(os.getpid()):
            found.append(command[:200].replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.engine
def test_a_rig_that_ends_leaves_no_process_folder_or_address_behind() -> None:
    owner, folder, address = other_rig(*ROLES)
    assert len(processes_of(folder)) >= len(ROLES)
    _, errors = owner.communicate("", timeout=60)
    assert owner.returncode == 0, errors
    assert processes_of(folder) == []
    assert not Path(folder).exists()
    assert folder not in Path("/proc/self/mountinfo").read_text()
    network = address.removesuffix("0.1")
    assert network not in run("bookworm", "ip", "-4", "address", "show")


@pytest.mark.engine
def test_engines_end_when_the_process_that_owns_them_was_killed() -> None:
    owner, folder, _ = other_rig()
    assert processes_of(folder)
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert wait_for(lambda: not processes_of(folder))
    shutil.rmtree(folder)


CARELESS_TESTS = """
import asyncio, socket, pytest

kept = []

def test_keeps_a_socket():
    kept.append(socket.socket())

def test_drops_a_file():
    open(__file__)

async def test_keeps_a_task():
    kept.append(asyncio.ensure_future(asyncio.sleep(3600)))

async def test_forgets_to_await():
    asyncio.sleep(0)

@pytest.mark.leaves_open("on purpose")
async def test_is_let_off():
    kept.append(socket.socket())

async def test_runs_in_debug_mode():
    assert asyncio.get_running_loop().get_debug()
"""


def test_a_test_that_leaves_something_open_fails(tmp_path: Path) -> None:
    (tmp_path / "test_careless.py").write_text(CARELESS_TESTS)
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    command = [sys.executable, "-m", "pytest", f"--config-file={pyproject}", f"--rootdir={tmp_path}", str(tmp_path)]
    command += ["-p", "conftest", "-p", "no:cacheprovider", "--tb=no"]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    shown = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False).stdout
    complained = {line.split("::")[1].split()[0] for line in shown.splitlines() if line.startswith(("ERROR", "FAILED"))}
    assert complained == {
        "test_keeps_a_socket",
        "test_drops_a_file",
        "test_keeps_a_task",
        "test_forgets_to_await",
    }, shown


def fetched(url: str) -> bytes | None:
    try:
        return ask(url, "GET", "/")[1]
    except OSError:
        return None


T = TypeVar("T")


def wait_for(condition: Callable[[], T | None]) -> T | None:
    """What the condition gives, once that is true; what it gave last, after half a minute."""
    deadline = time.monotonic() + 30
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
