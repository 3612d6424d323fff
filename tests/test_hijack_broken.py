"""Connections given up by engines that lie, vanish, or leave early; the first of them on uvloop too."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import ssl
import struct
import traceback
from pathlib import Path

import pytest
import uvloop
from certificates import serving_tls, trusting
from hijacking import MIB, PLAIN, UPGRADED, attached, frame, saying, until_the_end

from aiodockerhub import TLS, BadParameter, Closed, Docker, EngineUnreachable, ProtocolViolated, StreamBroken, TimedOut
from aiodockerhub.errors import TLSFailed
from aiodockerhub.wire.connectors import Attempt
from aiodockerhub.wire.pool import Pool

pytestmark = pytest.mark.filterwarnings("ignore:.*iscoroutinefunction:DeprecationWarning")  # of uvloop, on Python 3.14


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine in a loop of its own, in which nothing may go wrong unseen."""

    def run(main):
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.get_loop().set_exception_handler(lambda loop, context: unseen.append(context))
            runner.run(main)

    unseen = []
    yield run
    assert unseen == []


async def tell(writer, *pieces):
    for piece in pieces:
        writer.write(piece)
    await writer.drain()


async def write_for_ever(process):
    while True:
        await process.write(bytes(65536))


def reset(writer):
    linger = struct.pack("ii", 1, 0)
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


class Telling:
    """Says something whole, and does what it is told when that was read."""

    def __init__(self, then):
        self.read = asyncio.Event()
        self._then = then

    async def __call__(self, reader, writer):
        await tell(writer, UPGRADED, frame(1, b"whole"))
        await self.read.wait()
        self._then(writer)


# On either loop


@pytest.mark.parametrize("place", ["unix", "tcp", "tls"])
def test_much_goes_both_ways_and_comes_to_its_end(tmp_path, run, ca, place):
    data = bytes(range(256)) * (4 * MIB // 256)

    async def echo(reader, writer):
        await tell(writer, PLAIN)
        for _ in range(len(data) // 65536):
            await tell(writer, await reader.readexactly(65536))
        await tell(writer, b"end")
        writer.close()
        await writer.wait_closed()

    async def talk():
        folder = tmp_path if place == "unix" else None
        tls = {"context": serving_tls(ca, "127.0.0.1"), "tls": trusting(ca)} if place == "tls" else {}
        async with attached(folder, echo, **tls) as docker, docker.containers.attach("x", stdin=True) as process:

            async def feed():
                for start in range(0, len(data), MIB):
                    await process.write(data[start : start + MIB])

            feeding = asyncio.create_task(feed())
            assert b"".join([piece async for piece in process.raw]) == data + b"end"
            await feeding

    run(talk())


def test_what_was_said_before_the_other_side_left_input_unread_is_read(tmp_path, run):
    async def script(reader, writer):
        await tell(writer, UPGRADED, frame(1, b"x" * 100_000))

    async def talk():
        async with attached(tmp_path, script) as docker, docker.containers.attach("x", stdin=True) as process:
            with pytest.raises(StreamBroken):
                await write_for_ever(process)
            assert sum([len(chunk.data) async for chunk in process]) == 100_000

    run(talk())


def test_a_reset_is_no_end_where_nothing_was_sent_that_could_lie_unread(run):
    async def talk():
        script = Telling(reset)
        async with attached(None, script) as docker, docker.containers.attach("x") as process:
            chunks = aiter(process)
            assert (await anext(chunks)).data == b"whole"
            script.read.set()
            with pytest.raises(StreamBroken, match="reset by peer"):
                await anext(chunks)

    run(talk())


def test_over_tls_an_end_that_is_not_told_is_none(run, ca, tmp_path):
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def talk():
        script = Telling(lambda writer: writer.transport.abort())
        tls = {"context": serving_tls(ca, "127.0.0.1"), "tls": TLS(ca=tmp_path / "ca.pem")}
        async with attached(None, script, **tls) as docker, docker.containers.attach("x", stdin=True) as process:
            await process.write(b"input")
            chunks = aiter(process)
            assert (await anext(chunks)).data == b"whole"
            script.read.set()
            with pytest.raises(StreamBroken, match=r"^the answer was cut short \(POST"):
                await anext(chunks)

    run(talk())


def test_a_machine_that_vanishes_is_noticed(run):
    async def talk():
        async with attached(None, saying(UPGRADED, then=until_the_end)) as docker, docker.containers.attach("x"):
            engine = ("127.0.0.1", int(docker.engine.url.rpartition(":")[2]))
            [settings] = [settings for peer, *settings in connected() if peer == engine]
            assert settings[0] == 1
            assert 0 < settings[1] <= 60

    run(talk())


def connected():
    """Of each connected socket of this process its peer, whether it keeps alive, and after how many seconds."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if descriptor.readlink().name.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(descriptor.name))) as one:
                    keeps_alive = one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                    yield one.getpeername(), keeps_alive, one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)


# Writing


async def test_who_writes_while_the_connection_is_closed_learns_that_it_was_closed_here(tmp_path):
    async def deaf(reader, writer):
        await tell(writer, UPGRADED)
        await left.wait()

    left = asyncio.Event()
    async with attached(tmp_path, deaf) as docker:
        async with docker.containers.attach("x", stdin=True) as process:
            writing = asyncio.create_task(write_for_ever(process))
            await asyncio.sleep(0.05)  # the other side takes no more by then
        with pytest.raises(Closed):
            await writing
        left.set()


async def test_who_goes_on_writing_to_one_who_left_is_told_each_time_and_the_log_is_not_filled(tmp_path, caplog):
    async with attached(tmp_path, saying(UPGRADED)) as docker, docker.containers.attach("x", stdin=True) as process:
        await docker.engine.until_left()
        with contextlib.suppress(StreamBroken):
            await process.write(b"input")
        for _ in range(20):
            with pytest.raises(StreamBroken):
                await process.write(b"input")
    assert caplog.records == []


class TLSEngine:
    """Speaks TLS as Go does, where each way ends for itself. It plays `script(self)` after the request."""

    def __init__(self, context):
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def script(self, script):
        async def play(reader, writer):
            self._reader, self._writer = reader, writer
            await self._step(self._tls.do_handshake)
            while not (await self.read()).endswith(b"\r\n\r\n"):
                pass
            await script(self)

        return play

    async def read(self):
        return await self._step(lambda: self._tls.read(65536))

    async def write(self, data):
        self._tls.write(data)
        await tell(self._writer, self._outgoing.read())

    async def write_eof(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        await tell(self._writer, self._outgoing.read())

    async def _step(self, step):
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await tell(self._writer, self._outgoing.read())
                self._incoming.write(await self._reader.read(65536))
            except ssl.SSLZeroReturnError:
                return b""
            else:
                await tell(self._writer, self._outgoing.read())
                return done


@contextlib.asynccontextmanager
async def attached_over_tls(ca, script):
    """A client of an engine that speaks TLS as Go does."""
    engine = TLSEngine(serving_tls(ca, "127.0.0.1"))

    async def serve(reader, writer):
        async with asyncio.timeout(10):
            await engine.script(script)(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with Docker(url, version="1.45", tls=trusting(ca)) as docker, docker.containers.attach("x", stdin=True) as it:
        yield it
    server.close()
    await server.wait_closed()


async def test_over_tls_input_is_taken_after_the_end_of_the_output_was_told(ca):
    async def script(engine):
        await engine.write(UPGRADED + frame(1, b"ready"))
        await engine.write_eof()
        while piece := await engine.read():
            taken.append(piece)
        done.set()

    taken, done = [], asyncio.Event()
    async with attached_over_tls(ca, script) as process:
        assert [chunk.data async for chunk in process] == [b"ready"]
        await process.write(b"still taken")
        await process.write_eof()
        await done.wait()
    assert b"".join(taken) == b"still taken"


async def test_what_several_write_at_once_is_not_mixed(ca):
    async def script(engine):
        await engine.write(PLAIN)
        taken = b""
        while piece := await engine.read():
            taken += piece
        changes = sum(one != other for one, other in itertools.pairwise(taken))
        await engine.write(f"{len(taken)} bytes, {changes} changes".encode())
        await engine.write_eof()

    async with attached_over_tls(ca, script) as process:
        await asyncio.gather(*(process.write(bytes([one]) * MIB) for one in range(4)), process.write_eof())
        assert b"".join([piece async for piece in process.raw]) == f"{4 * MIB} bytes, 3 changes".encode()


# Handshakes


async def test_answers_before_the_one_that_counts_have_an_end(tmp_path):
    async def script(reader, writer):
        while True:
            await tell(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    async with attached(tmp_path, script) as docker:
        with pytest.raises(ProtocolViolated, match="more than 64 answers before the one that counts"):
            await docker.containers.attach("x")


async def test_a_giant_answer_that_is_no_http_is_told_in_brief(tmp_path):
    async with attached(tmp_path, saying(b"X" * 60_000 + b"\r\n\r\n", then=until_the_end)) as docker:
        with pytest.raises(ProtocolViolated, match="does not answer in HTTP: illegal status line") as caught:
            await docker.containers.attach("x")
    assert len("".join(traceback.format_exception(caught.value))) < 10_000


async def test_an_engine_that_wants_tls_is_told(tmp_path):
    async with attached(tmp_path, saying(b"\x15\x03\x01\x00\x02\x02\x46")) as docker:
        with pytest.raises(TLSFailed, match="speaks TLS, and was asked without it"):
            await docker.containers.attach("x")


@pytest.mark.parametrize("value", ["secret\n", "secret\udcff"])
async def test_a_header_that_can_not_be_sent_is_not_shown(tmp_path, value):
    async with attached(tmp_path, saying()) as docker:
        with pytest.raises(BadParameter, match="the value of the header X-Secret can't be sent") as caught:
            await docker.hijack_session(headers={"X-Secret": f"a{value}b"})
    assert "secret" not in "".join(traceback.format_exception(caught.value, chain=True)).replace("X-Secret", "")


async def test_a_connection_that_times_out_by_itself_in_the_handshake_is_an_engine_that_went(tmp_path, monkeypatch):
    async def dial(pool, base):
        return Vanishing()

    monkeypatch.setattr(Pool, "dial", dial)
    async with Docker(f"unix://{tmp_path}/engine.sock", version="1.45") as docker:
        with pytest.raises(EngineUnreachable, match="closed the connection after the request was sent"):
            await docker.containers.attach("x")


class Vanishing:
    """A line to a machine that does not answer the system's questions any more."""

    async def write(self, data):
        pass

    async def read(self):
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    def abort(self):
        pass


async def test_an_output_that_never_lets_up_ends_in_time(tmp_path):
    async def script(reader, writer):
        await tell(writer, UPGRADED)
        while True:
            await tell(writer, frame(1, bytes(65536)))

    async with attached(tmp_path, script) as docker:
        with pytest.raises(TimedOut, match="longer than its time limit"):
            await docker.containers.attach("x", timeout=0.2)


async def test_what_was_closed_and_has_ended_is_not_cut_once_more():
    async def swallow(reader, writer):
        await until_the_end(reader, writer)
        writer.close()
        await writer.wait_closed()
        read.set()

    unseen, read = [], asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unseen.append(context))
    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        attempt = Attempt(reads=True, brief=True, octets=False)
        attempt.transport = writer.transport
        writer.write(bytes(8 * MIB))
        writer.close()
        await writer.wait_closed()
        attempt.cut()
        await read.wait()
    assert unseen == []
