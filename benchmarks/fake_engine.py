"""A container engine's answers without the engine: quick enough that the client is what gets measured.

A bare asyncio protocol with answers rendered before they are asked for. It serves a unix socket and loopback
TCP, keeps connections alive, and says on standard output where it listens, as one line of JSON. It ends when
its standard input does, so that it never outlives the benchmark that started it.

What streams is chosen by the client, with a word anywhere in the request's target: `2000-each` is 2,000 items
in a chunk each, `2000-32k` the same items cut into chunks of 32 KiB wherever that falls. So `bench:2000-each`
does as an image, `{"label": ["2000-each"]}` as a filter of events, and `2000-each` as a container's name.
`8-drip` is 8 items of a slow stream, of which one comes every quarter of a second.

The container `counting` writes a line every 20 ms, the number of 20 ms since 1970; its logs are followed with their
times, from `since` on or from now on. So a follower can tell whether a line is lost or doubled, also across restarts.

The container `300-mib` has an export of 300 MiB, and a command in it writes as much, in frames of 32 KiB. A command
in the container `echo` writes what it reads, and takes no more while that is not read.

What is uploaded, to build, import or load, is counted and forgotten (see swallow.py).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import itertools
import json
import re
import struct
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from benchmarks import swallow
from benchmarks.descriptors import allow_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator

API_VERSION = "1.51"
BACKLOG = 4096
CHUNK = 32 * 1024
DRIP = 0.25
"""Seconds before each item of a slow stream."""
LINES_PER_SECOND = 50
"""How fast the container `counting` writes."""
MOST_ITEMS = 1_000_000
WRITE = 64 * 1024
"""Bytes handed to the transport at a time: about what a socket takes at once."""

_HEADERS = (
    f"Api-Version: {API_VERSION}\r\n"
    "Docker-Experimental: false\r\n"
    "Ostype: linux\r\n"
    "Server: Docker/28.5.2 (linux)\r\n"
    "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
)
_HIJACKED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
    b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)
_VERSION_PREFIX = re.compile(r"^/v\d+\.\d+(?=/)")
_SINCE = re.compile(r"[?&]since=(\d+)\.(\d{9})")
_AMOUNT = re.compile(r"\b(\d+)-mib\b")
_CHOICE = re.compile(r"\b(\d+)-(each|32k|drip)\b")
_COUNTED = (b"Downloading",) * 14 + (b"Extracting",) * 4
_STATES = (b"Pulling fs layer", b"Waiting", b"Verifying Checksum", b"Download complete", b"Pull complete")
_LAYERS = tuple(f"{0x4F4FB700EF54 + 7919 * number:012x}" for number in range(8))


def render_answer(body: bytes, content_type: str = "application/json", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def render_json(value: Any) -> bytes:
    return render_answer(json.dumps(value, separators=(",", ":")).encode() + b"\n")


def engine_info() -> dict[str, Any]:
    """About 4 KB, in the shape and with the fields of a plain engine's answer."""
    runtimes = {
        name: {
            "path": name,
            "status": {"org.opencontainers.runtime-spec.features": json.dumps({"ociVersionMin": "1.0.0"})},
        }
        for name in ("io.containerd.runc.v2", "runc", "crun")
    }
    plugins = {
        "Volume": ["local"],
        "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"],
        "Authorization": None,
        "Log": [
            "awslogs",
            "fluentd",
            "gcplogs",
            "gelf",
            "journald",
            "json-file",
            "local",
            "splunk",
            "syslog",
        ],
    }
    flags = dict.fromkeys(
        (
            "MemoryLimit",
            "SwapLimit",
            "CpuCfsPeriod",
            "CpuCfsQuota",
            "CPUShares",
            "CPUSet",
            "PidsLimit",
            "IPv4Forwarding",
            "OomKillDisable",
            "LiveRestoreEnabled",
        ),
        True,
    )
    return {
        "ID": "7TRN:IPZB:QYBB:VPBQ:UMPP:KARE:6ZNR:XE6T:7EWV:PKF4:ZOJD:TPYS",
        "Containers": 14,
        "ContainersRunning": 3,
        "ContainersPaused": 1,
        "ContainersStopped": 10,
        "Images": 508,
        "Driver": "overlay2",
        "DriverStatus": [
            ["Backing Filesystem", "extfs"],
            ["Supports d_type", "true"],
            ["Using metacopy", "false"],
            ["Native Overlay Diff", "true"],
            ["userxattr", "false"],
        ],
        "Plugins": plugins,
        **flags,
        "Debug": False,
        "NFd": 64,
        "NGoroutines": 174,
        "SystemTime": "2026-01-01T00:00:00.123456789Z",
        "LoggingDriver": "json-file",
        "CgroupDriver": "systemd",
        "CgroupVersion": "2",
        "NEventsListener": 30,
        "KernelVersion": "6.1.0-31-amd64",
        "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
        "OSVersion": "12",
        "OSType": "linux",
        "Architecture": "x86_64",
        "NCPU": 4,
        "MemTotal": 2095882240,
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": {
            "IndexConfigs": {
                f"registry-{number}.example.org:5000": {
                    "Name": f"registry-{number}.example.org:5000",
                    "Mirrors": [f"https://mirror-{number}.example.org/"],
                    "Secure": True,
                    "Official": False,
                }
                for number in range(6)
            },
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"],
            "Mirrors": ["https://mirror.example.org/"],
        },
        "GenericResources": None,
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": "bench",
        "Labels": [f"org.example.rack.{number}=row-{number}" for number in range(12)],
        "ExperimentalBuild": False,
        "ServerVersion": "28.5.2",
        "Runtimes": runtimes,
        "DefaultRuntime": "runc",
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "Isolation": "",
        "InitBinary": "docker-init",
        "ContainerdCommit": {"ID": "05044ec0a9a75232cad458027ca83437aae3f4da"},
        "RuncCommit": {"ID": "v1.2.5-0-g59923ef"},
        "InitCommit": {"ID": "de40ad0"},
        "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
        "DefaultAddressPools": [{"Base": f"10.{number}.0.0/16", "Size": 24} for number in range(10, 18)],
        "Containerd": {
            "Address": "/run/containerd/containerd.sock",
            "Namespaces": {"Containers": "moby", "Plugins": "plugins.moby"},
        },
        "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
        "Warnings": [],
    }


def _image(number: int) -> dict[str, Any]:
    digest = f"{number:064x}"
    return {
        "Id": f"sha256:{digest}",
        "ParentId": "",
        "RepoTags": [f"bench:{number}"],
        "RepoDigests": [f"bench@sha256:{digest}"],
        "Created": 1767225600 + number,
        "Size": 4_270_000 + number,
        "SharedSize": -1,
        "Labels": {"org.opencontainers.image.version": f"1.{number}"},
        "Containers": -1,
    }


_ANSWERS: dict[str, bytes] = {
    "/_ping": render_answer(b"OK", "text/plain; charset=utf-8"),
    "/version": render_json(
        {
            "Platform": {"Name": "Docker Engine - Community"},
            "Version": "28.5.2",
            "ApiVersion": API_VERSION,
            "MinAPIVersion": "1.24",
            "GitCommit": "89c5e8f",
            "GoVersion": "go1.24.9",
            "Os": "linux",
            "Arch": "amd64",
            "KernelVersion": "6.1.0-31-amd64",
            "BuildTime": "2026-01-01T00:00:00.000000000+00:00",
        }
    ),
    "/info": render_json(engine_info()),
    "/images/json": render_json([_image(number) for number in range(20)]),
}
_INSPECTED_IMAGE = render_json({**_image(1), "Architecture": "amd64", "Os": "linux", "RootFS": {"Type": "layers"}})
_INSPECTED_CONTAINER = render_json({"Id": "b" * 64, "Name": "/bench", "Config": {"Tty": False}})
_ENDED_COMMAND = render_json({"ExitCode": 0, "Running": False, "ProcessConfig": {"tty": False}})
_NO_SUCH_PAGE = render_answer(b'{"message":"page not found"}\n', status="404 Not Found")


def _progress_line(number: int) -> bytes:
    """Mostly downloading and extracting, and now and then a layer's change of state, so that no word is the rule."""
    layer = _LAYERS[number % len(_LAYERS)].encode()
    phase = number % 20
    if phase >= len(_COUNTED):
        return b'{"status":"%s","progressDetail":{},"id":"%s"}\r\n' % (_STATES[number // 20 % len(_STATES)], layer)
    current = 1024 * (1 + number)
    arrow = "=" * (number % 50) + ">"
    drawing = b"[%-50s]  %.2fMB/9.437MB" % (arrow.encode(), current / 1e6)
    amount = b'{"current":%d,"total":9437184}' % current
    return b'{"status":"%s","progressDetail":%s,"progress":"%s","id":"%s"}\r\n' % (
        _COUNTED[phase],
        amount,
        drawing,
        layer,
    )


def progress_lines(count: int) -> list[bytes]:
    """What a pull says, an item a line: first what is pulled, last its digest and status, as engines do."""
    lines = [_progress_line(number) for number in range(count)]
    if count >= 3:
        lines[0] = b'{"status":"Pulling from library/bench","id":"latest"}\r\n'
        lines[-2] = b'{"status":"Digest: sha256:%s"}\r\n' % (b"a" * 64)
        lines[-1] = b'{"status":"Status: Downloaded newer image for bench:latest"}\r\n'
    return lines


def events(count: int) -> list[bytes]:
    return [
        b'{"Type":"container","Action":"start","Actor":{"ID":"%064x","Attributes":{"image":"bench","name":"job-%d"}},'
        b'"scope":"local","time":%d,"timeNano":%d}\n'
        % (number, number, 1767225600 + number, (1767225600 + number) * 10**9)
        for number in range(count)
    ]


def log_frames(count: int) -> list[bytes]:
    """Frames of the multiplexed format, standard output and standard error in turn."""
    texts = [b"2026-01-01T00:00:00Z request %d served in 12 ms\n" % number for number in range(count)]
    return [struct.pack(">BxxxL", 1 + number % 2, len(text)) + text for number, text in enumerate(texts)]


def push_lines(count: int) -> list[bytes]:
    """What a push says: layers in turn, at last the manifest's digest, in words and as `aux`."""
    digest = b"sha256:" + b"d" * 64
    return [
        *(b'{"status":"Pushing","progressDetail":{"current":%d},"id":"layer"}\r\n' % number for number in range(count)),
        b'{"status":"latest: digest: %s size: 528"}\r\n' % digest,
        b'{"progressDetail":{},"aux":{"Tag":"latest","Digest":"%s","Size":528}}\r\n' % digest,
    ]


_STREAMS = {
    "/images/create": (progress_lines, "application/json"),
    "/events": (events, "application/json"),
    "/push": (push_lines, "application/json"),
    "/logs": (log_frames, "application/vnd.docker.multiplexed-stream"),
}


def chunked(items: list[bytes], chunking: str) -> bytes:
    """The items as an HTTP body in chunks: one each, or 32 KiB wherever the cut falls."""
    if chunking == "each":
        pieces = items
    else:
        body = b"".join(items)
        pieces = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@functools.lru_cache(maxsize=8)
def much(target: str) -> tuple[bytes, bytes, int, bytes] | None:
    """An answer of many MiB: its head, a MiB of it, how many of these there are, and its end; None for any other."""
    path, amount = path_of(target), _AMOUNT.search(target)
    content, pieces = bytes(CHUNK), 1024 * 1024 // CHUNK
    if amount and path.endswith("/export"):
        return stream_head("application/x-tar"), chunked([content] * pieces, "each")[:-5], int(amount[1]), b"0\r\n\r\n"
    if amount and path.startswith("/exec/") and path.endswith("/start"):
        return _HIJACKED, (_frame_head(content) + content) * pieces, int(amount[1]), b""
    return None


def _frame_head(content: bytes) -> bytes:
    return struct.pack(">BxxxL", 1, len(content))


def chunk_of_a_count(number: int) -> bytes:
    """A line with its time and its number, in a frame, in a chunk."""
    seconds, rest = divmod(number, LINES_PER_SECOND)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    text = b"%s.%09dZ %d\n" % (stamp.encode(), rest * (10**9 // LINES_PER_SECOND), number)
    frame = _frame_head(text) + text
    return b"%x\r\n%s\r\n" % (len(frame), frame)


def path_of(target: str) -> str:
    return _VERSION_PREFIX.sub("", target.partition("?")[0])


def kind_of(target: str) -> str:
    path = path_of(target)
    kinds = {"/containers/": "/logs", "/images/": "/push"}
    return next((end for start, end in kinds.items() if path.startswith(start) and path.endswith(end)), path)


def stream_head(content_type: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\n{_HEADERS}Content-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode()


@functools.lru_cache(maxsize=8)
def render_stream(kind: str, count: int, chunking: str) -> bytes:
    """A whole answer, head included; the few that a benchmark asks for again and again stay rendered."""
    make, content_type = _STREAMS[kind]
    return stream_head(content_type) + chunked(make(min(count, MOST_ITEMS)), chunking)


@functools.lru_cache(maxsize=8)
def slow_stream(target: str) -> tuple[bytes, tuple[bytes, ...]] | None:
    """The answer as its head and the pieces to come one by one, the last with its end; None if it is not a slow one."""
    kind, choice = kind_of(target), _CHOICE.search(unquote(target))
    if kind not in _STREAMS or choice is None or choice[2] != "drip":
        return None
    make, content_type = _STREAMS[kind]
    pieces = [b"%x\r\n%s\r\n" % (len(item), item) for item in make(int(choice[1]))]
    pieces[-1] += b"0\r\n\r\n"
    return stream_head(content_type), tuple(pieces)


def answer_upload(path: str, swallowed: int) -> bytes:
    """The answer to a build, an import or a load, which tells what came, and the id of what was made of it."""
    size = swallow.said(swallowed)
    identity = b"sha256:" + b"c" * 64
    if path == "/build":
        lines = [b'{"stream":"%s\\n"}\r\n' % size, b'{"aux":{"ID":"%s"}}\r\n' % identity]
    else:
        lines = [b'{"status":"%s"}\r\n' % size, b'{"status":"%s"}\r\n' % identity]
    return stream_head("application/json") + chunked(lines, "each")


@functools.lru_cache(maxsize=256)
def answer(method: str, target: str) -> bytes:
    path, kind = path_of(target), kind_of(target)
    if kind in _STREAMS:
        choice = _CHOICE.search(unquote(target))
        return render_stream(kind, *(int(choice[1]), choice[2]) if choice else (10, "each"))
    if path in _ANSWERS:
        whole = _ANSWERS[path]
        return whole[: whole.index(b"\r\n\r\n") + 4] if method == "HEAD" else whole
    if path.startswith("/containers/") and path.endswith("/exec"):
        return render_json({"Id": path.split("/")[2]})
    if path.startswith("/exec/") and path.endswith("/json"):
        return _ENDED_COMMAND
    if path.startswith("/images/") and path.endswith("/json"):
        return _INSPECTED_IMAGE
    if path.startswith("/containers/") and path.endswith("/json"):
        return _INSPECTED_CONTAINER
    return _NO_SUCH_PAGE


class EngineProtocol(asyncio.Protocol):
    """One connection: requests in, in their order the answers out, as fast as the peer reads."""

    def __init__(self) -> None:
        self._received = b""
        self._request = b""
        self._body: swallow.Body | None = None
        self._pending = memoryview(b"")
        self._blocks: Iterator[bytes] = iter(())
        self._ends = False
        self._slow: Iterator[bytes] | None = None
        self._echoes = False
        self._paused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._pending = memoryview(b"")

    def data_received(self, data: bytes) -> None:
        if self._echoes:
            self._echo(data)
            return
        self._received = self._received + data if self._received else data
        self._serve()

    def pause_writing(self) -> None:
        self._paused = True
        if self._echoes and self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._echoes and self._transport is not None:
            self._transport.resume_reading()
        else:
            self._serve()

    def _serve(self) -> None:
        while self._transport is not None and self._slow is None:
            self._write()
            if self._pending:
                return
            if self._ends:
                # from within resume_writing asyncio would close it twice
                asyncio.get_running_loop().call_soon(self._transport.close)
                return
            if not self._has_request():
                return
            body, self._body = self._body, None
            method, target, _ = self._request.split(b" ", 2)
            if target.endswith(b"/exec/echo/start"):
                self._echoes = True
                self._transport.write(_HIJACKED)
                self._echo(self._received)
                return
            if b"/counting/logs" in target:
                self._begin_counting(target.decode())
            elif b"-drip" in target and (slow := slow_stream(target.decode())):
                self._begin_slowly(*slow)
            elif (whole := much(target.decode())) is not None:
                self._begin_much(*whole)
            elif body is not None and body.swallowed and not target.endswith(b"/exec"):
                self._pending = memoryview(answer_upload(path_of(target.decode()), body.swallowed))
            else:
                self._pending = memoryview(answer(method.decode(), target.decode()))

    def _has_request(self) -> bool:
        """Whether a whole request came, which is in `_request` and `_body` then."""
        if self._body is None:
            head_end = self._received.find(b"\r\n\r\n")
            if head_end < 0:
                return False
            self._request, self._received = self._received[:head_end], self._received[head_end + 4 :]
            self._body = swallow.Body.announced(self._request)
            if self._body is None:
                return True
        self._received = self._body.feed(self._received)
        return self._body.ended

    def _echo(self, data: bytes) -> None:
        if self._transport is not None and data:
            pieces = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
            self._transport.write(b"".join(itertools.chain(*((_frame_head(piece), piece) for piece in pieces))))

    def _begin_counting(self, target: str) -> None:
        assert self._transport is not None
        self._transport.write(stream_head(_STREAMS["/logs"][1]))
        self._slow = iter(())  # never ends, so that nothing else is answered here
        since = _SINCE.search(target)
        nanoseconds = int(since[1]) * 10**9 + int(since[2]) if since else time.time_ns()
        self._count(-(-nanoseconds * LINES_PER_SECOND // 10**9))

    def _count(self, number: int) -> None:
        if self._transport is None:
            return
        while not self._paused and number <= time.time_ns() * LINES_PER_SECOND // 10**9:
            self._transport.write(chunk_of_a_count(number))
            number += 1
        asyncio.get_running_loop().call_later(1 / LINES_PER_SECOND, self._count, number)

    def _begin_much(self, head: bytes, block: bytes, times: int, end: bytes) -> None:
        self._pending = memoryview(head)
        self._blocks = itertools.chain(itertools.repeat(block, times), [end] if end else [])
        self._ends = not end

    def _begin_slowly(self, head: bytes, pieces: tuple[bytes, ...]) -> None:
        assert self._transport is not None
        self._transport.write(head)
        self._slow = iter(pieces)
        self._drip(asyncio.get_running_loop().time(), len(pieces))

    def _drip(self, due: float, left: int) -> None:
        """Writes the next piece when it is due, and all others behind it: late ones do not delay what follows."""
        asyncio.get_running_loop().call_at(due + DRIP, self._drop, due + DRIP, left)

    def _drop(self, due: float, left: int) -> None:
        if self._transport is None or self._slow is None:
            return
        self._transport.write(next(self._slow))
        if left > 1:
            self._drip(due, left - 1)
        else:
            self._slow = None
            self._serve()

    def _write(self) -> None:
        assert self._transport is not None
        while not self._paused and (self._pending or self._has_block()):
            piece, self._pending = self._pending[:WRITE], self._pending[WRITE:]
            self._transport.write(piece)

    def _has_block(self) -> bool:
        """Whether more of a long answer is to come, which is in `_pending` then."""
        self._pending = memoryview(next(self._blocks, b""))
        return bool(self._pending)


async def serve(unix: str) -> None:
    loop = asyncio.get_running_loop()
    over_unix = await loop.create_unix_server(EngineProtocol, unix, backlog=BACKLOG)
    over_tcp = await loop.create_server(EngineProtocol, "127.0.0.1", 0, backlog=BACKLOG)
    async with over_unix, over_tcp:
        host, port = over_tcp.sockets[0].getsockname()
        print(json.dumps({"unix": f"unix://{unix}", "tcp": f"tcp://{host}:{port}"}), flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--unix", required=True, help="path of the socket to listen on")
    parser.add_argument("--prepare", nargs="*", default=[], metavar="TARGET", help="targets to render before listening")
    options = parser.parse_args()
    for target in options.prepare:
        answer("POST", target)
    allow_descriptors()
    asyncio.run(serve(options.unix))


if __name__ == "__main__":
    main()
