"""Unlucky and hostile peers, in one table: whatever they do, on every kind of call, is met with calm."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import pytest
from multidict import CIMultiDict
from scripted_server import CHUNKED, END, Asked, Peer, ScriptedServer, answered, chunk, head

from aiodockerhub import Docker, Index, Limits
from aiodockerhub.errors import (
    APIError,
    BadRequest,
    BuildFailed,
    ConnectionFailed,
    DockerError,
    EngineUnreachable,
    ImportFailed,
    ProtocolViolated,
    PullFailed,
    Redirected,
    ServerError,
    StreamBroken,
    TimedOut,
    TLSFailed,
    TooLarge,
)
from aiodockerhub.retries import Backoff
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

PATIENCE = 20
"""Seconds; they only turn a hang into a failure."""
TINY = 0.1
MB = 1_000_000
UPLOAD = bytes(4 * MB)
"""More than the buffers of a unix socket hold, over which it goes; those of TCP grow."""

# What is asked. Each call gives GOOD where all is well.

GOOD = "sha256:1d"
FIELDS = {"status": GOOD, "aux": {"ID": GOOD}}
LINE = json.dumps(FIELDS).encode() + b"\r\n"


async def info(docker, index, limit):
    return _status(await docker.info(timeout=limit))


async def request(docker, index, limit):
    return _status(await docker.request("POST", "/x", json={"a": 1}, timeout=limit))


async def search(docker, index, limit):
    return _status(await index.search("x", timeout=limit))


async def stream(docker, index, limit):
    items = [item async for item in docker.stream("GET", "/x", timeout=limit)]
    return _status(items[-1]) if items else None


async def pull(docker, index, limit):
    return await _iterated(docker.images.pull("busybox", timeout=limit))


async def upload(docker, index, limit):
    return await _iterated(docker.images.import_stream(UPLOAD, timeout=limit))


async def build(docker, index, limit):
    """An upload without a length."""

    async def pieces():
        for start in range(0, len(UPLOAD), 256 * 1024):
            yield UPLOAD[start : start + 256 * 1024]

    return await _iterated(docker.images.build(tar=pieces(), timeout=limit))


async def _iterated(stream):
    async for _ in stream:
        pass
    return (await stream).id


def _status(answer):
    return answer["status"] if isinstance(answer, dict) else answer


SHORT = (info, request, search)
UPLOADS = (upload, build)
STREAMS = (stream, pull, *UPLOADS)
KINDS = {call.__name__: call for call in (*SHORT, *STREAMS)}
ASKED = {"/info", "/x", "/images/create", "/build", "/v1/search"}

Play = Callable[[Peer, Asked], Awaitable[None]]
Cells = Mapping[str, Any]
"""For each kind of call what comes of it: a class of errors, one of several where two ends race, or what it gives."""


class Row(NamedTuple):
    play: Play
    """What the peer does with a request, all of which it has read; only the head where it is not `patient`."""
    cells: Cells
    patient: bool = True
    timeout: CallTimeout = UNSET
    most: int | None = None
    """Bytes of memory that the call may take."""
    limits: Limits = Limits()


def everywhere(result: Any, **others: Any) -> Cells:
    return dict.fromkeys(KINDS, result) | others


def by_pace(short: Any, streams: Any, **others: Any) -> Cells:
    return {name: short if call in SHORT else streams for name, call in KINDS.items()} | others


# Since 3.14 the depth of C calls is bounded by the stack's size, and a field that no type names is passed over.
SKIPPED: Cells = dict.fromkeys(("pull", "upload", "build"), GOOD) if sys.version_info >= (3, 14) else {}


def refusals(kind: type[APIError]) -> Cells:
    return everywhere(kind, pull=PullFailed, upload=ImportFailed, build=BuildFailed)


def unreachable() -> Cells:
    return everywhere(EngineUnreachable, search=ConnectionFailed)


def empty() -> Cells:
    """An answer without a body, which is one to those alone who promise nothing."""
    return everywhere(ProtocolViolated, request=None, stream=None)


# What peers do


def says(*pieces: bytes, then: Callable[[Peer], None] | None = None) -> Play:
    async def play(peer: Peer, asked: Asked) -> None:
        for piece in pieces:
            await peer.send(piece)
        if then is not None:
            then(peer)

    return play


def says_in_turns(*pieces: bytes, then: Callable[[Peer], None] | None = None) -> Play:
    """Each piece when the client has had its turn with the one before."""

    async def play(peer: Peer, asked: Asked) -> None:
        for piece in pieces:
            await peer.send(piece)
            for _ in range(5):
                await asyncio.sleep(0)
        if then is not None:
            then(peer)

    return play


def says_for_long(
    begin: bytes, piece: bytes, size: int, end: bytes = b"", then: Callable[[Peer], None] | None = None
) -> Play:
    """`piece` again and again, `size` bytes in all."""

    async def play(peer: Peer, asked: Asked) -> None:
        await peer.send(begin)
        for _ in range(size // len(piece)):
            await peer.send(piece)
        await peer.send(end)
        if then is not None:
            then(peer)

    return play


def drips(begin: bytes, piece: bytes) -> Play:
    """A piece now and then, without an end."""

    async def play(peer: Peer, asked: Asked) -> None:
        await peer.send(begin)
        while True:
            await peer.send(piece)
            await asyncio.sleep(0.001)

    return play


async def is_silent(peer: Peer, asked: Asked) -> None:
    await peer.gone()


async def closes(peer: Peer, asked: Asked) -> None:
    peer.close()


async def resets(peer: Peer, asked: Asked) -> None:
    peer.reset()


async def answers_like_go(peer: Peer, asked: Asked) -> None:
    """An answer, the end of its side, and a while for the client to read it."""
    await peer.send(answered({"message": "no"}, 400, connection="close"))
    peer.transport.write_eof()


async def tells_while_it_reads(peer: Peer, asked: Asked) -> None:
    await peer.send(CHUNKED + chunk(LINE))
    await _taken(peer, asked)
    await peer.send(END)


def stays(peer: Peer) -> None:
    """Keeps the connection open."""


def ends(peer: Peer) -> None:
    peer.close()


def as_json(content: bytes, **headers: Any) -> bytes:
    return answered(content, content_type="application/json", **headers)


def told(fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A head with these fields, as they are."""
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\n%b\r\n" % (status, fields)


def moved(location: str | None, status: int = 302) -> Play:
    return says(answered(b"", status, **({"location": location} if location is not None else {})))


HTML = b"<!doctype html>\n<html><body><h1>Bad\xff Gateway</h1>\n</body></html>\n"
DEEP = b"[" * 200_000
LONG = LINE.rstrip(b"}\r\n") + b'}, "progress": "' + b"x" * (20 * MB) + b'"}\n'

TABLE: dict[str, Row] = {
    # no HTTP
    "a greeting of another protocol": Row(says(b"SSH-2.0-OpenSSH_9.9\r\n"), everywhere(ProtocolViolated)),
    "a line of text": Row(says(b"hello\r\n\r\n"), everywhere(ProtocolViolated)),
    "zeros": Row(says(bytes(4096)), everywhere(ProtocolViolated)),
    "frames of HTTP/2": Row(says(b"\0\0\x12\x04\0\0\0\0\0" + bytes(18)), everywhere(ProtocolViolated)),
    "a version of HTTP that is none": Row(says(b"HTTP/9.9 200 OK\r\n\r\n"), everywhere(ProtocolViolated)),
    "a status that is no number": Row(says(b"HTTP/1.1 abc OK\r\n\r\n"), everywhere(ProtocolViolated)),
    "a status of four digits": Row(says(b"HTTP/1.1 2000 OK\r\n\r\n"), everywhere(ProtocolViolated)),
    "a field without a colon": Row(says(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), everywhere(ProtocolViolated)),
    "a body without a head": Row(says(HTML, then=ends), everywhere(ProtocolViolated)),
    "noise of 5 MB": Row(says_for_long(b"", b"\x80" * 65536, 5 * MB), everywhere(ProtocolViolated), most=4 * MB),
    "an alert of TLS": Row(says(b"\x15\x03\x01\0\x02\x02\x46"), everywhere(TLSFailed)),
    "a server of HTTPS": Row(
        says(answered(b"Client sent an HTTP request to an HTTPS server.\n", 400)),
        everywhere(TLSFailed),
    ),
    # no answer
    "nothing but an end": Row(closes, unreachable()),
    "nothing but a reset": Row(resets, unreachable()),
    "silence": Row(is_silent, everywhere(TimedOut), timeout=TINY),
    "half a head": Row(says(CHUNKED[:40], then=ends), unreachable()),
    # proxies
    "HTML with 200": Row(
        says(answered(HTML, content_type="text/html")), by_pace(ProtocolViolated, StreamBroken, request=HTML)
    ),
    "HTML that says JSON": Row(says(as_json(HTML)), by_pace(ProtocolViolated, StreamBroken)),
    "HTML with 502": Row(says(answered(HTML, 502, content_type="text/html")), refusals(ServerError)),
    "HTML with 502 that breaks off": Row(
        says(answered(HTML, 502, content_length=len(HTML) + 9), then=ends), refusals(ServerError)
    ),
    # heads
    "a field without an end": Row(
        says_for_long(CHUNKED[:-2] + b"x: ", b"y" * 16384, 5 * MB), everywhere(ProtocolViolated), most=4 * MB
    ),
    "a name without an end": Row(
        says_for_long(CHUNKED[:-2], b"y" * 16384, 5 * MB), everywhere(ProtocolViolated), most=4 * MB
    ),
    "a reason without an end": Row(
        says_for_long(b"HTTP/1.1 200 ", b"y" * 16384, 5 * MB), everywhere(ProtocolViolated), most=4 * MB
    ),
    "fields without an end": Row(
        says_for_long(CHUNKED[:-2], b"x: y\r\n" * 2000, 5 * MB), everywhere(ProtocolViolated), most=48 * MB
    ),
    "a head that drips": Row(drips(CHUNKED[:-2] + b"x: ", b"y"), everywhere(TimedOut), timeout=TINY),
    "a thousand early answers": Row(
        says((b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n") * 500 + as_json(LINE)),
        everywhere(GOOD),
    ),
    "early answers without an end": Row(
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), everywhere(TimedOut), timeout=TINY
    ),
    "101": Row(
        says(b"HTTP/1.1 101 UPGRADED\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\nhello"), everywhere(ProtocolViolated)
    ),
    "a status that nobody knows": Row(says(as_json(LINE, status=999)), refusals(APIError)),
    "a status below all": Row(says(as_json(LINE, status=0)), everywhere(ProtocolViolated)),
    # bodies that come slowly, or never
    "a body that never comes": Row(says(told(b"content-length: 9\r\n")), everywhere(TimedOut), timeout=TINY),
    "a body that drips": Row(drips(CHUNKED, chunk(b" ")), everywhere(TimedOut), timeout=TINY),
    "a body that drips lines": Row(drips(CHUNKED, chunk(b"{}\n")), everywhere(TimedOut), timeout=TINY),
    "a body that drips a byte of its length": Row(
        drips(told(b"content-length: 999999\r\n"), b" "), everywhere(TimedOut), timeout=TINY
    ),
    "a refusal that drips": Row(drips(head(503, content_length=999_999), b"x"), refusals(ServerError)),
    "a refusal that never comes": Row(says(head(503, content_length=999_999)), refusals(ServerError)),
    "a refusal that comes too late": Row(
        drips(head(503, content_length=999_999), b"x"), everywhere(TimedOut), timeout=TINY / 4
    ),
    # bodies of any size
    "a refusal of 50 MB": Row(
        says_for_long(head(502, content_length=50 * MB), b"x" * 65536, 50 * MB), refusals(ServerError), most=4 * MB
    ),
    "a refusal of 50 MB in chunks": Row(
        says_for_long(CHUNKED.replace(b"200", b"502"), chunk(b"x" * 65536), 50 * MB, END),
        refusals(ServerError),
        most=4 * MB,
    ),
    "a line of 20 MB": Row(says(as_json(LONG)), everywhere(GOOD), most=120 * MB),
    "a line of 20 MB beyond the bound": Row(
        says_for_long(CHUNKED, chunk(b" " * 65536), 20 * MB, END),
        everywhere(TooLarge),
        most=8 * MB,
        limits=Limits(line=MB, body=MB),
    ),
    "an answer without an end": Row(
        says_for_long(CHUNKED, chunk(b"x" * 65536), 20 * MB),
        everywhere(TooLarge),
        most=8 * MB,
        limits=Limits(line=MB, body=MB),
    ),
    "5 MB of line ends": Row(
        says_for_long(CHUNKED, chunk(b"\r\n" * 32768), 5 * MB, chunk(LINE) + END), everywhere(GOOD), most=80 * MB
    ),
    # JSON
    "200,000 levels": Row(says(as_json(DEEP)), by_pace(ProtocolViolated, StreamBroken)),
    "200,000 levels in a field that nobody knows": Row(
        says(as_json(LINE.rstrip(b"}\r\n") + b'}, "x": ' + DEEP + b"]" * 200_000 + b"}\n")),
        by_pace(ProtocolViolated, StreamBroken, **SKIPPED),
    ),
    "an integer of 100 digits": Row(
        says(as_json(LINE.rstrip(b"}\r\n") + b'}, "x": ' + b"7" * 100 + b"}\n")), everywhere(GOOD)
    ),
    "an integer of 10,000 digits": Row(
        says(as_json(LINE.rstrip(b"}\r\n") + b'}, "x": ' + b"7" * 10_000 + b"}\n")),
        by_pace(ProtocolViolated, GOOD, stream=StreamBroken),
    ),
    "an integer of 10,000 digits for a size": Row(
        says(as_json(LINE.rstrip(b"}\r\n") + b'}, "progressDetail": {"current": ' + b"7" * 10_000 + b"}}\n")),
        by_pace(ProtocolViolated, StreamBroken),
    ),
    "a float beyond all": Row(
        says(as_json(LINE.rstrip(b"}\r\n") + b'}, "progressDetail": {"current": 1e999}}\n')),
        by_pace(ProtocolViolated, StreamBroken),
    ),
    "invalid UTF-8": Row(says(as_json(b'{"status": "\xff\xfe"}\n')), by_pace(ProtocolViolated, StreamBroken)),
    "half a surrogate": Row(says(as_json(b'{"status": "\\ud800"}\n')), by_pace(ProtocolViolated, StreamBroken)),
    "half a line": Row(says(as_json(LINE[:-9])), by_pace(ProtocolViolated, StreamBroken)),
    # lengths and chunks
    "a length that is too long": Row(says(as_json(LINE, content_length=999), then=ends), everywhere(StreamBroken)),
    "a length that is too short": Row(says(as_json(LINE, content_length=len(LINE) - 9)), everywhere(ProtocolViolated)),
    "a length that is too short, in turns": Row(
        says_in_turns(told(b"content-length: %d\r\n" % (len(LINE) - 9)), LINE), by_pace(ProtocolViolated, StreamBroken)
    ),
    "a negative length": Row(says(as_json(LINE, content_length=-1)), everywhere(ProtocolViolated)),
    "a length of 10,000 digits": Row(says(as_json(LINE, content_length="9" * 10_000)), everywhere(ProtocolViolated)),
    "a length that is no number": Row(says(as_json(LINE, content_length="0x10")), everywhere(ProtocolViolated)),
    "two lengths": Row(
        says(told(b"content-length: %d\r\ncontent-length: %d\r\n" % (len(LINE), len(LINE) - 9)) + LINE),
        everywhere(ProtocolViolated),
    ),
    "a length and chunks": Row(
        says(told(b"content-length: 3\r\ntransfer-encoding: chunked\r\n") + chunk(LINE) + END),
        everywhere(ProtocolViolated),
    ),
    "no length, and an end": Row(says(told(b"") + LINE, then=ends), everywhere(GOOD)),
    # a unix socket, that of uploads, knows no reset
    "no length, and a reset": Row(
        says(told(b"") + LINE, then=Peer.reset), everywhere(StreamBroken, upload=GOOD, build=GOOD)
    ),
    "chunks without a last one": Row(says(CHUNKED + chunk(LINE), then=ends), everywhere(StreamBroken)),
    "a chunk that breaks off": Row(says(CHUNKED + chunk(LINE)[:-9], then=ends), everywhere(StreamBroken)),
    "a chunk's size that is none": Row(says(CHUNKED + b"zz\r\n" + LINE), everywhere(ProtocolViolated)),
    "a chunk's size that is none, in turns": Row(says_in_turns(CHUNKED, b"zz\r\n" + LINE), everywhere(StreamBroken)),
    "a negative size of a chunk": Row(says(CHUNKED + b"-1\r\n" + LINE), everywhere(ProtocolViolated)),
    "a negative size of a chunk, in turns": Row(says_in_turns(CHUNKED, b"-1\r\n" + LINE), everywhere(StreamBroken)),
    "a chunk's size beyond all": Row(says(CHUNKED + b"f" * 17 + b"\r\n" + LINE), everywhere(ProtocolViolated)),
    "a chunk's size beyond all, in turns": Row(
        says_in_turns(CHUNKED, b"f" * 17 + b"\r\n" + LINE), everywhere(StreamBroken)
    ),
    "a chunk longer than it says": Row(says(CHUNKED + b"5\r\n" + LINE + END), everywhere(ProtocolViolated)),
    "a chunk longer than it says, in turns": Row(
        says_in_turns(CHUNKED, b"5\r\n" + LINE + END), everywhere(StreamBroken)
    ),
    "a chunk's size without an end": Row(
        says_for_long(CHUNKED + b"1", b";" + b"x" * 16383, 5 * MB, then=ends), everywhere(StreamBroken), most=4 * MB
    ),
    "trailers without an end": Row(
        says_for_long(CHUNKED + chunk(LINE) + b"0\r\n", b"x: y\r\n" * 2000, 5 * MB),
        everywhere((ProtocolViolated, StreamBroken)),
        most=48 * MB,
    ),
    "an encoding that nobody asked for": Row(says(as_json(LINE, content_encoding="gzip")), everywhere(GOOD)),
    "bytes after the answer": Row(says(as_json(LINE) + b"hello\r\n"), everywhere(ProtocolViolated)),
    "bytes after the answer, in turns": Row(says_in_turns(as_json(LINE), b"hello\r\n"), everywhere(GOOD)),
    "two answers for one": Row(says(as_json(LINE) + as_json(b'{"status": "two"}')), everywhere(GOOD)),
    "two answers for one, in turns": Row(says_in_turns(as_json(LINE), as_json(b'{"status": "two"}')), everywhere(GOOD)),
    "a hundred answers for one": Row(says(as_json(LINE) + as_json(b'{"status": "two"}') * 99), everywhere(GOOD)),
    "204": Row(says(b"HTTP/1.1 204 No Content\r\n\r\n"), empty()),
    "204 with a body": Row(says(as_json(LINE, status=204)), everywhere(ProtocolViolated)),
    "204 with a body, in turns": Row(says_in_turns(head(204, content_length=len(LINE)), LINE), empty()),
    "304": Row(says(b"HTTP/1.1 304 Not Modified\r\n\r\n"), empty()),
    "304 with a body": Row(says(as_json(LINE, status=304)), everywhere(ProtocolViolated)),
    "304 with a body, in turns": Row(says_in_turns(head(304, content_length=len(LINE)), LINE), empty()),
    "an end after each answer": Row(says(as_json(LINE), then=ends), everywhere(GOOD)),
    "an end after each answer, as it said": Row(says(as_json(LINE, connection="close"), then=ends), everywhere(GOOD)),
    # redirects
    "a redirect": Row(moved("/v1/moved"), everywhere(Redirected, search=GOOD)),
    "a redirect that keeps the method": Row(moved("/v1/moved", 307), everywhere(Redirected, search=GOOD)),
    "a loop of redirects": Row(moved("search?q=x"), everywhere(Redirected)),
    "a redirect to nowhere": Row(moved(None), everywhere(Redirected)),
    "a redirect to no place": Row(moved("http://[::1"), everywhere(Redirected)),
    "a redirect to a file": Row(moved("file:///etc/passwd"), everywhere(Redirected)),
    "a redirect of 60 KB": Row(moved("/v1/moved?" + "x" * 60_000), everywhere(Redirected, search=GOOD)),
    "a redirect where nobody is": Row(moved("http://127.0.0.1:1/"), everywhere(Redirected, search=ConnectionFailed)),
    "a redirect with a body without an end": Row(
        drips(head(302, location="/v1/moved", content_length=999_999), b"x"), everywhere(Redirected, search=GOOD)
    ),
    # before it was sent
    "an answer before it was sent": Row(says(as_json(LINE)), everywhere(GOOD), patient=False),
    "an answer before it was sent, and an end": Row(
        says(as_json(LINE, connection="close"), then=lambda peer: peer.transport.write_eof()),
        everywhere(GOOD),
        patient=False,
    ),
    "a stream before it was sent": Row(says(CHUNKED + chunk(LINE) + END), everywhere(GOOD), patient=False),
    "a stream while it is sent": Row(tells_while_it_reads, everywhere(GOOD), patient=False, timeout=5),
    "a stream before it was sent, that breaks off": Row(
        says(CHUNKED + chunk(LINE), then=lambda peer: peer.transport.write_eof()),
        everywhere(StreamBroken),
        patient=False,
    ),
    "400 before it was sent": Row(says(answered({"message": "no"}, 400)), refusals(BadRequest), patient=False),
    "400 before it was sent, and an end": Row(answers_like_go, refusals(BadRequest), patient=False),
    "503 before it was sent": Row(says(answered({"message": "no"}, 503)), refusals(ServerError), patient=False),
    "no HTTP before it was sent": Row(says(b"hello\r\n\r\n"), everywhere(ProtocolViolated), patient=False),
    "a redirect before it was sent": Row(moved("/v1/moved"), everywhere(Redirected, search=GOOD), patient=False),
    "nobody reads it": Row(says(), everywhere(TimedOut), patient=False, timeout=TINY),
    "nobody reads it, and an end": Row(closes, unreachable(), patient=False),
    "nobody reads it, and a reset": Row(resets, unreachable(), patient=False),
}


def test_no_cell_is_empty():
    assert {
        name: sorted(set(KINDS) - set(row.cells)) for name, row in TABLE.items() if set(row.cells) != set(KINDS)
    } == {}


@pytest.fixture(autouse=True)
def impatient(monkeypatch, tmp_path):
    """No waits between tries, few for what never comes; nobody's credentials."""
    monkeypatch.setattr(
        "aiodockerhub.wire.persistence.CONNECTION", Backoff(attempts=3, first=0.001, most=0.001, jitter=0)
    )
    monkeypatch.setattr("aiodockerhub.wire.refusals._PATIENCE_WITH_A_REFUSAL", TINY)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def playing(row: Row, kind: str, over: asyncio.Event) -> Callable[[Peer], Awaitable[None]]:
    """A server that does what the row says where the call asks it, and is good to everybody else."""
    well = {
        "/images/busybox:latest/json": answered({"Id": GOOD}),
        "/v1/moved": answered(FIELDS),
        "/well": answered({"well": True}),
        "/v1/repositories/well/images": answered([]),
    }

    async def script(peer: Peer) -> None:
        while True:
            asked = await _asked(peer)
            if asked.unversioned not in ASKED:
                await peer.send(well[asked.unversioned])
                continue
            peer.streaming = KINDS[kind] in STREAMS
            if row.patient:
                await _taken(peer, asked)
            await row.play(peer, asked)
            if not row.patient and KINDS[kind] in UPLOADS:
                await over.wait()
                await peer.gone()
            await _taken(peer, asked)

    return script


async def _asked(peer: Peer) -> Asked:
    first, *lines = (await peer.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    method, target, _ = first.split(" ")
    return Asked(method, target, CIMultiDict(tuple(one.split(": ", 1)) for one in lines if one), b"")


async def _taken(peer: Peer, asked: Asked) -> None:
    """Reads what is left of a request's body and keeps nothing of it."""
    if asked.headers.pop("transfer-encoding", "") != "chunked":
        left = int(asked.headers.pop("content-length", 0))
        while left:
            left -= len(await peer.reader.read(min(left, 65536)))
        return
    size = -1
    while size:
        size = int(await peer.reader.readline(), 16)
        await peer.reader.readexactly(size + 2)


async def _measured(call: Awaitable[Any], measured: bool) -> tuple[Any, int]:
    """What came of a call, be it one of our errors, and the memory that it took."""
    if measured:
        tracemalloc.start()
    try:
        return await call, tracemalloc.get_traced_memory()[1]
    except DockerError as error:
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def assert_is(ended: Any, expected: Any) -> None:
    if not isinstance(ended, DockerError):
        assert ended == expected
        return
    kinds = expected if isinstance(expected, tuple) else (expected,)
    # of this class, not of one below it; `PullFailed` may be an APIError too
    fitting = (
        isinstance(kind, type) and isinstance(ended, kind) and type(ended).__name__ == kind.__name__ for kind in kinds
    )
    assert any(fitting), repr(ended)
    assert_only_ours(ended)


def assert_only_ours(error: BaseException) -> None:
    """What is not ours stands behind an error as its cause, and nowhere else."""
    seen: BaseException | None = error
    while isinstance(seen, DockerError):
        if seen.__cause__ is None and not seen.__suppress_context__:
            assert seen.__context__ is None or isinstance(seen.__context__, DockerError), repr(seen.__context__)
        seen = seen.__cause__ or seen.__context__


@pytest.mark.parametrize(("situation", "kind"), list(itertools.product(TABLE, KINDS)))
async def test_every_peer_is_met_with_calm(situation, kind, tmp_path, caplog):
    row, call, over = TABLE[situation], KINDS[kind], asyncio.Event()
    place = {"socket": str(tmp_path / "engine.sock")} if call in UPLOADS and row.play is not resets else {}
    async with ScriptedServer(playing(row, kind, over), **place) as server:
        url = server.url if not place else "http://127.0.0.1:1"
        async with (
            Docker(server.url, version="1.45", limits=row.limits) as docker,
            Index(f"{url}/v1/", limits=row.limits) as index,
            asyncio.timeout(PATIENCE),
        ):
            ended, peak = await _measured(call(docker, index, row.timeout), row.most is not None)
            assert_is(ended, row.cells[kind])
            assert peak <= (row.most or 0)
            # nothing is left open, and the client works on
            client = index if call is search else docker
            assert (client.stats().open_calls, client.stats().open_streams, client.stats().waiting) == (0, 0, 0)
            over.set()
            for _ in range(20):  # what a peer says in turns has been said
                await asyncio.sleep(0)
            if call is search:
                assert await index.list_images("well") == []
            else:
                assert await docker.request("GET", "/well") == {"well": True}
            async with asyncio.timeout(PATIENCE):
                await server.until(lambda: not server.streams)
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio" and one.exc_info] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("turns", [0, 5])
@pytest.mark.parametrize("unasked", [as_json(b'{"status": "two"}'), b"hello", b"HTTP/1.1 408 Late\r\n\r\n"])
async def test_what_came_unasked_is_nobodys_answer(method, turns, unasked):
    """Whether the loop has read it already or not."""
    peers = []

    async def script(peer: Peer) -> None:
        peers.append(peer)
        while True:
            await _taken(peer, await _asked(peer))
            await peer.send(as_json(LINE))

    async with ScriptedServer(script) as server, Docker(server.url, version="1.45") as docker:
        assert await docker.request(method, "/x") == FIELDS
        await peers[0].send(unasked)
        for _ in range(turns):
            await asyncio.sleep(0)
        assert await docker.request(method, "/x") == FIELDS
        assert docker.stats().retries == 0
