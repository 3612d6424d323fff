"""The rig: engines by role, and registries, each started when first asked for."""

from __future__ import annotations

import hashlib
import json
import shutil
import ssl
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from . import busybox
from .asking import ask
from .network import Network, free_port, lasting_port
from .roots import Confined, run_in_tmp

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

ROLES = ("oldest", "stable", "newest", "podman")
_SUITES = {"oldest": "bookworm", "stable": "trixie", "newest": "sid", "podman": "sid"}
_USERNAME, _PASSWORD = "alice", "wonderland"
_HTPASSWD = "alice:$2b$05$LVid2pMNTyNNbVReQsMei.VccEuNZHwnQTzIIdMIXQbrMDUBn7JoW\n"


@dataclass(frozen=True)
class Tls:
    """Where an engine answers over TLS, and what a client needs to be let in."""

    url: str
    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Engine:
    """A running engine. `base_url` is unix:///...; `tls` is there for the newest one only."""

    role: str
    base_url: str
    tls: Tls | None = None


@dataclass(frozen=True)
class Registry:
    """A running registry at host:port. Without `ca` it speaks plain HTTP, without `username` it lets everybody in."""

    address: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def base_url(self) -> str:
        return f"{'https' if self.ca else 'http'}://{self.address}"


class Rig:
    """Owns what it started, until `close`."""

    def __init__(self) -> None:
        # Roots see the machine's /tmp and nothing else of it: a socket there has one path for everybody.
        self.folder = Path(tempfile.mkdtemp(prefix="rig-", dir="/tmp"))
        self._network = Network()
        self._running: list[Confined] = []
        self._engines: dict[str, Engine] = {}
        self._programs: dict[str, Confined] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def engine(self, role: str) -> Engine:
        """The engine of a role. It checks the certificate of `registry`, and takes the plain HTTP of `crane`."""
        if role not in self._engines:
            self._engines[role] = self._podman() if role == "podman" else self._docker(role)
        return self._engines[role]

    def restart(self, engine: Engine) -> None:
        """End the engine's process in good order and start it again: same socket, same data; return when it answers.

        docker ends its containers, and begins those anew whose restart policy says so; podman's run on meanwhile.
        """
        self._programs[engine.role].restart(lambda: _answers(engine.base_url))

    def running(self) -> dict[str, Engine]:
        """The engines that were started, by role."""
        return self._engines

    def busybox(self, engine: Engine) -> str:
        """The name of a busybox image, which is loaded into the engine when it is not there."""
        status, _ = ask(engine.base_url, "GET", f"/images/{busybox.NAME}/json")
        if status != 200:
            status, body = ask(
                engine.base_url,
                "POST",
                "/images/load?quiet=1",
                busybox.archive(),
                headers={"Content-Type": "application/x-tar"},
            )
            if status != 200:
                raise RuntimeError(f"{engine.role} did not load busybox: {status} {body.decode(errors='replace')}")
        return busybox.NAME

    def docker(self, engine: Engine, *arguments: str) -> str:
        """What Debian's newest docker command line prints, asked to work on an engine. It sees no files but /tmp's."""
        return run_in_tmp(_SUITES["newest"], "docker", "--host", engine.base_url, *arguments)

    @cached_property
    def registry(self) -> Registry:
        """Debian 12's docker-registry: a password, TLS with the rig's own CA, deleting allowed."""
        address = f"{self._network.loopback}:5000"
        folder = self.folder / "registry"
        folder.mkdir()
        (folder / "htpasswd").write_text(_HTPASSWD)
        issued = self._authority.issue_cert(self._network.loopback)
        issued.private_key_pem.write_to_path(folder / "key.pem")
        issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
        tls = {"certificate": str(folder / "certificate.pem"), "key": str(folder / "key.pem")}
        config = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
            "http": {"addr": address, "secret": "rig", "tls": tls},
            "auth": {"htpasswd": {"realm": "rig", "path": str(folder / "htpasswd")}},
        }
        (folder / "config.yml").write_text(json.dumps(config))
        context = ssl.create_default_context(cafile=str(self._ca))
        program = self._start("registry", "bookworm", ["docker-registry", "serve", str(folder / "config.yml")])
        program.wait_until(lambda: ask(f"https://{address}", "GET", "/v2/", context=context)[0] == 401)
        return Registry(address, _USERNAME, _PASSWORD, self._ca)

    @cached_property
    def crane(self) -> Registry:
        """go-containerregistry's registry: plain HTTP, no password; it mounts blobs and takes ranges."""
        address = f"127.0.0.1:{free_port()}"
        data = self.folder / "crane"
        data.mkdir()
        command = ["crane", "registry", "serve", "--address", address, "--disk", str(data)]
        self._start("crane", "sid", command).wait_until(lambda: ask(f"http://{address}", "GET", "/v2/")[0] == 200)
        return Registry(address)

    @cached_property
    def hub_port(self) -> int:
        """A port of 127.0.0.1 for a registry that a test starts itself; podman takes plain HTTP there too."""
        return lasting_port()

    def close(self) -> None:
        """Stop everything, containers first, and remove every file, address and interface of the rig."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(_remove_containers, self._engines.values()))
            list(pool.map(Confined.stop, self._running))
        self._network.close()
        shutil.rmtree(self.folder)

    @cached_property
    def _authority(self) -> trustme.CA:
        return trustme.CA()

    @cached_property
    def _ca(self) -> Path:
        path = self.folder / "ca.pem"
        self._authority.cert_pem.write_to_path(path)
        return path

    def _start(self, name: str, suite: str, command: list[str], files: Path | None = None) -> Confined:
        program = Confined(suite, command, self.folder / f"{name}.log", files)
        self._running.append(program)
        return program

    def _files(self, role: str, certificates: str) -> Path:
        """Files to lay over an engine's root: the registry's CA, where the engine looks for it."""
        files = self.folder / f"{role}-files"
        trusted = files / certificates / self.registry.address
        trusted.mkdir(parents=True)
        shutil.copy(self._ca, trusted / "ca.crt")
        return files

    def _docker(self, role: str) -> Engine:
        place = ROLES.index(role) + 1
        self._network.add_bridge(place)
        folder = self.folder / role
        base_url = f"unix://{folder}.sock"
        command = ["dockerd", "--experimental", "--host", base_url, "--bridge", self._network.bridge_name(place)]
        # Engines flush chains of the firewall that they think their own, their neighbours' rules with them. Without a
        # firewall, ports are published by docker-proxy alone, and containers reach this machine but nothing beyond it.
        command += ["--iptables=false", "--ip6tables=false"]
        command += ["--default-address-pool", f"base={self._network.pool(place)},size=26"]
        command += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
        tls = self._engine_tls() if role == "newest" else None
        if tls:
            server = self.folder / "server"
            command += ["--host", tls.url, "--tlsverify", "--tlscacert", str(tls.ca)]
            command += ["--tlscert", f"{server}.pem", "--tlskey", f"{server}-key.pem"]
        folder.mkdir()
        files = self._files(role, "etc/docker/certs.d")
        program = self._programs[role] = self._start(role, _SUITES[role], command, files)
        program.wait_until(lambda: _answers(base_url))
        return Engine(role, base_url, tls)

    def _engine_tls(self) -> Tls:
        for name, hosts in (("server", ("127.0.0.1", "localhost")), ("client", ("client",))):
            issued = self._authority.issue_cert(*hosts)
            issued.private_key_pem.write_to_path(self.folder / f"{name}-key.pem")
            issued.cert_chain_pems[0].write_to_path(self.folder / f"{name}.pem")
        client = self.folder / "client"
        return Tls(f"tcp://127.0.0.1:{free_port()}", self._ca, client.with_suffix(".pem"), Path(f"{client}-key.pem"))

    def _podman(self) -> Engine:
        place = ROLES.index("podman") + 1
        folder = self.folder / "podman"
        folder.mkdir()
        base_url = f"unix://{folder}.sock"
        files = self._files("podman", "etc/containers/certs.d")
        self._configure_podman(files / "etc/containers", place)
        command = ["env", "PODMAN_IGNORE_CGROUPSV1_WARNING=1", "podman", "--root", f"{folder}/root"]
        command += [
            "--runroot",
            f"{folder}/run",
            "--tmpdir",
            f"{folder}/tmp",
            "system",
            "service",
            "--time=0",
            base_url,
        ]
        program = self._programs["podman"] = self._start("podman", _SUITES["podman"], command, files)
        program.wait_until(lambda: _answers(base_url))
        return Engine("podman", base_url)

    def _configure_podman(self, folder: Path, place: int) -> None:
        bridge, subnet = self._network.bridge_name(place), self._network.bridge_subnet(place)
        pool, size = self._network.pool(place), 26
        (folder / "containers.conf").write_text(
            "[containers]\n"
            'default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]\n'
            "[engine]\n"
            'runtime = "runc"\n'
            'cgroup_manager = "cgroupfs"\n'
            'events_logger = "file"\n'
            "[network]\n"
            f'default_subnet = "{subnet}/24"\n'
            f'default_subnet_pools = [{{"base" = "{pool}", "size" = {size}}}]\n'
        )
        (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        plain = (self.crane.address, f"127.0.0.1:{self.hub_port}")
        registries = [f'[[registry]]\nlocation = "{address}"\ninsecure = true\n' for address in plain]
        (folder / "registries.conf").write_text("".join(registries))
        network = {
            "name": "podman",
            "id": hashlib.sha256(bridge.encode()).hexdigest(),  # names firewall chains, which rigs must not share
            "driver": "bridge",
            "network_interface": bridge,
            "created": "2024-01-01T00:00:00Z",
            "subnets": [{"subnet": f"{subnet}/24", "gateway": subnet.removesuffix("0") + "1"}],
            "ipv6_enabled": False,
            "internal": False,
            "dns_enabled": False,
            "ipam_options": {"driver": "host-local"},
        }
        (folder / "networks").mkdir()
        (folder / "networks" / "podman.json").write_text(json.dumps(network))


def _answers(base_url: str) -> bool:
    return ask(base_url, "GET", "/_ping")[0] == 200


def _remove_containers(engine: Engine) -> None:
    """An engine that has containers takes ten seconds for each to end; killed ones end at once."""
    ask(engine.base_url, "POST", "/swarm/leave?force=1")
    _, containers = ask(engine.base_url, "GET", "/containers/json?all=1")
    for container in json.loads(containers):
        ask(engine.base_url, "POST", f"/containers/{container['Id']}/kill")
        ask(engine.base_url, "DELETE", f"/containers/{container['Id']}?force=1&v=1")
    ask(engine.base_url, "POST", "/networks/prune")
