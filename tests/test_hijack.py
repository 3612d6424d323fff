"""Connections that an engine gives up: bytes both ways, an end for each, nothing lost, nothing left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket

import pytest
from hijacking import (
    CHUNKED,
    MIB,
    PLAIN,
    UNTIL_CLOSED,
    UPGRADED,
    HijackedEngine,
    attached,
    frame,
    saying,
    until_the_end,
)

from aiodockerhub import (
    Closed,
    Conflict,
    ContainerNotFound,
    Docker,
    EngineUnreachable,
    LogChunk,
    Misused,
    ProtocolViolated,
    Redirected,
    StreamBroken,
    TimedOut,
    Timeout,
)
from aiodockerhub.wire.descriptors import BUDGET


async def gather(stream, seen):
    async for chunk in stream:
        seen.append(chunk.data)


async def write_for_ever(process, written):
    while True:
        await process.write(bytes(65536))
        written.append(65536)


# The handshake


async def test_the_request_asks_for_the_connection(tmp_path):
    async with attached(tmp_path, saying(UPGRADED)) as docker:
        async with docker.containers.attach("a b", stdin=True, logs=True, stream=False, detach_keys="ctrl-x"):
            pass
        [(head, body)] = docker.engine.heads
        first, *fields = head.decode().splitlines()
        assert first.startswith("POST /v1.45/containers/a%20b/attach?")
        query = first.split()[1].partition("?")[2].split("&")
        assert set(query) == {"stdin=1", "stdout=1", "stderr=1", "stream=0", "logs=1", "detachKeys=ctrl-x"}
        assert {"Connection: Upgrade", "Upgrade: tcp", "Host: docker", "Content-Length: 0"} <= set(fields)
        assert sum(field.startswith("User-Agent: aiodockerhub/") for field in fields) == 1
        assert body == b""


async def test_headers_of_the_configuration_are_sent_too(tmp_path, monkeypatch):
    content = {"HttpHeaders": {"X-A": " ü ", "host": "elsewhere", "content-length": "5", "UPGRADE": "h2c"}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    async with HijackedEngine(tmp_path, saying(UPGRADED)) as engine:
        async with Docker(engine.url, version="1.45") as docker:
            await docker.containers.attach("x")
        [(head, _)] = engine.heads
        fields = [
            line.lower() for line in head.splitlines() if line.split(b":")[0].lower() in (b"x-a", b"host", b"upgrade")
        ]
        assert sorted(fields) == [b"host: docker", b"upgrade: tcp", b"x-a: \xc3\xbc"]


EVERYTHING = UPGRADED + frame(1, b"early") + frame(2, b"") + frame(2, b"late")


@pytest.mark.parametrize("cut", range(1, len(EVERYTHING), 7))
async def test_what_comes_with_the_head_is_output_wherever_it_is_cut(tmp_path, cut):
    async with attached(tmp_path, saying(EVERYTHING[:cut], EVERYTHING[cut:])) as docker:
        chunks = [chunk async for chunk in docker.containers.attach("x")]
        assert chunks == [LogChunk("stdout", b"early", "early"), LogChunk("stderr", b"late", "late")]


async def test_a_terminals_output_has_no_frames(tmp_path):
    async with attached(tmp_path, saying(PLAIN + b"\x01\x00$ ")) as docker:
        assert [chunk.data async for chunk in docker.containers.attach("x")] == [b"\x01\x00$ "]


@pytest.mark.parametrize(
    "answer",
    [
        UNTIL_CLOSED + frame(1, b"hello"),
        CHUNKED + b"3\r\n" + frame(1, b"hello")[:3] + b"\r\na\r\n" + frame(1, b"hello")[3:] + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + UPGRADED + frame(1, b"hello"),
    ],
    ids=["200", "200 in chunks", "100 before it"],
)
async def test_an_engine_that_answers_otherwise_is_understood(tmp_path, answer):
    async def script(reader, writer):
        writer.write(answer[:-1])
        assert await reader.readexactly(5) == b"input"
        writer.write(answer[-1:])

    async with (
        attached(tmp_path, script) as docker,
        docker.containers.attach("x", stdin=True) as process,
    ):
        await process.write(b"input")
        assert [chunk.data async for chunk in process] == [b"hello"]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b'HTTP/1.1 404 x\r\nContent-Length: 20\r\n\r\n{"message":"No such"}', ContainerNotFound, "No such"),
        (b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npaused\r\n0\r\n\r\n", Conflict, "paused"),
        (b"HTTP/1.1 409 Conflict\r\nContent-Length: 1000\r\n\r\npaused", Conflict, "paused"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", Redirected, "302"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ProtocolViolated, "204"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", ProtocolViolated, "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20000, ProtocolViolated, "does not answer in HTTP"),
        (b"", EngineUnreachable, "closed the connection after the request was sent"),
        (b"HTTP/1.1 101 UP", EngineUnreachable, "closed the connection after the request was sent"),
    ],
)  # fmt: skip
async def test_an_engine_that_gives_no_connection_is_told_in_its_words(tmp_path, answer, error, words):
    async with attached(tmp_path, saying(answer)) as docker:
        with pytest.raises(error, match=words) as caught:
            await docker.containers.attach("x")
        assert "/containers/x/attach" in str(caught.value)


async def test_no_engine_is_told_with_its_address(tmp_path):
    async with Docker(f"unix://{tmp_path}/none.sock", version="1.45") as docker:
        with pytest.raises(EngineUnreachable, match=r"none\.sock: there is no such socket"):
            await docker.containers.attach("x")
    async with Docker("tcp://127.0.0.1:1", version="1.45") as docker:
        with pytest.raises(EngineUnreachable, match=r"127\.0\.0\.1:1: the connection was refused"):
            await docker.containers.attach("x")


async def test_a_head_that_never_comes_is_waited_for_as_long_as_was_asked(tmp_path):
    async with attached(tmp_path, saying(UPGRADED[:20], then=until_the_end)) as docker:
        with pytest.raises(TimedOut, match="no answer within"):
            await docker.containers.attach("x", timeout=Timeout(head=0.05))
        with pytest.raises(TimedOut, match="took longer than"):
            await docker.containers.attach("x", timeout=0.05)


async def test_a_full_backlog_is_tried_again(tmp_path):
    path = str(tmp_path / "engine.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(0)
        async with Docker(f"unix://{path}", version="1.45") as docker:
            attaching = [asyncio.create_task(docker.containers.attach("x")) for _ in range(5)]
            async with asyncio.timeout(10):
                while not docker.stats().retries:
                    await asyncio.sleep(0.001)

            async def serve(reader, writer):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(UPGRADED)
                writer.close()

            server = await asyncio.start_unix_server(serve, sock=listening.dup())
            async with asyncio.timeout(10):
                await asyncio.gather(*attaching)
            server.close()


# Both ways


async def test_each_way_ends_for_itself(tmp_path):
    async def script(reader, writer):
        writer.write(UPGRADED)
        asked = await reader.read()  # to the end of the input
        writer.write(frame(1, asked.upper()))
        writer.write_eof()
        assert await reader.read() == b""

    async with attached(tmp_path, script) as docker, docker.containers.attach("x", stdin=True) as process:
        await process.write(b"half ")
        await process.write(b"close")
        await process.write_eof()
        await process.write_eof()
        assert [chunk.data async for chunk in process] == [b"HALF CLOSE"]
        with pytest.raises(Misused, match="write_eof"):
            await process.write(b"more")


async def test_input_is_taken_after_the_end_of_the_output(tmp_path):
    taken = []

    async def script(reader, writer):
        writer.write(UPGRADED + frame(1, b"ready"))
        writer.write_eof()
        taken.append(await reader.read())

    async with attached(tmp_path, script) as docker, docker.containers.attach("x", stdin=True) as process:
        assert [chunk.data async for chunk in process] == [b"ready"]
        await process.write(b"still ")
        await process.write(b"taken")
        await process.write_eof()
        await docker.engine.until_left()
    assert taken == [b"still taken"]


@pytest.mark.parametrize("round", range(10))
async def test_what_was_said_before_the_other_side_left_is_read_though_it_left_input_unread(tmp_path, round):
    async def script(reader, writer):
        writer.write(UPGRADED + frame(1, b"x" * 100_000))
        await writer.drain()

    async with attached(tmp_path, script) as docker, docker.containers.attach("x", stdin=True) as process:
        with pytest.raises(StreamBroken):
            await write_for_ever(process, [])
        assert sum([len(chunk.data) async for chunk in process]) == 100_000


async def test_who_does_not_read_is_not_written_to_without_bound(tmp_path):
    async def deaf(reader, writer):
        writer.write(UPGRADED)
        while not left.is_set():
            await asyncio.sleep(0.01)

    left, written = asyncio.Event(), []
    async with attached(tmp_path, deaf) as docker, docker.containers.attach("x", stdin=True) as process:
        writing = asyncio.create_task(write_for_ever(process, written))
        before = -1
        while before != len(written):
            before = len(written)
            await asyncio.sleep(0.05)
        left.set()
        with pytest.raises(StreamBroken):
            await writing
    assert 0 < sum(written) < 4 * MIB


async def test_what_nobody_reads_waits_at_the_other_side(tmp_path):
    sent = 0

    async def script(reader, writer):
        nonlocal sent
        writer.write(UPGRADED)
        while True:
            writer.write(frame(1, bytes(65536)))
            await writer.drain()
            sent += 65536

    async with attached(tmp_path, script) as docker, docker.containers.attach("x") as process:
        seen = -1
        while seen != sent:
            seen = sent
            await asyncio.sleep(0.05)
        assert 0 < sent < 4 * MIB
        read = 0
        async for chunk in process:
            read += len(chunk.data)
            if read > 8 * MIB:
                break
        assert sent >= read - MIB


async def test_much_goes_both_ways_at_once(tmp_path):
    async def echo(reader, writer):
        writer.write(PLAIN)
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()

    data = bytes(range(256)) * (16 * MIB // 256)
    async with attached(tmp_path, echo) as docker, docker.containers.attach("x", stdin=True) as process:

        async def feed():
            for start in range(0, len(data), MIB):
                await process.write(data[start : start + MIB])
            await process.write_eof()

        feeding = asyncio.create_task(feed())
        assert b"".join([piece async for piece in process.raw]) == data
        await feeding


# Left, and broken


async def test_a_frame_cut_short_is_a_broken_stream(tmp_path):
    async with attached(tmp_path, saying(UPGRADED + frame(1, b"whole") + frame(1, b"half")[:9])) as docker:
        seen = []
        with pytest.raises(StreamBroken, match="middle of a frame"):
            await gather(docker.containers.attach("x"), seen)
        assert seen == [b"whole"]


@pytest.mark.parametrize("way", ["break", "exception", "block", "cancelled", "dropped", "closed client"])
async def test_left_its_connection_is_closed_and_its_place_given_back(tmp_path, way):
    async with attached(tmp_path, saying(UPGRADED, frame(1, b"hello"), then=until_the_end)) as docker:
        match way:
            case "break":
                async for _ in docker.containers.attach("x"):
                    break
            case "exception":
                with contextlib.suppress(ZeroDivisionError):
                    async for chunk in docker.containers.attach("x"):
                        len(chunk.data) / 0
            case "block":
                async with docker.containers.attach("x"):
                    pass
            case "cancelled":
                task = asyncio.create_task(docker.containers.attach("x"))
                while not docker.stats().open_streams:
                    await asyncio.sleep(0)
                await asyncio.sleep(0.01)
                task.cancel()
                await asyncio.wait([task])
            case "dropped":
                process = docker.containers.attach("x")
                await anext(aiter(process))
                del process
                gc.collect()
            case _:
                async with docker.containers.attach("x") as process:
                    assert (await anext(aiter(process))).data == b"hello"
                    reading = asyncio.create_task(process)
                    await asyncio.sleep(0.01)
                    await docker.close()
                    with pytest.raises(Closed):
                        await reading
                    with pytest.raises(Closed):
                        await process.write(b"x")
        await docker.engine.until_left()


async def test_cancelled_at_any_await_it_leaves_nothing(tmp_path):
    async def talk(docker):
        async with docker.containers.attach("x", stdin=True) as process:
            await process.write(b"a")
            async for _ in process:
                await process.write(b"b")
            await process.write_eof()

    async def script(reader, writer):
        writer.write(UPGRADED)
        writer.write(frame(1, await reader.read(1)))
        await reader.read(1)
        writer.write_eof()
        await until_the_end(reader, writer)

    async with attached(tmp_path, script) as docker:
        for turns in range(500):
            task = asyncio.create_task(talk(docker))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert docker.stats().open_streams == BUDGET.held == 0, turns
            await docker.engine.until_left()
            if not task.cancelled():
                await task
                return
        pytest.fail("it never came to its end")


async def test_silence_and_length_are_bounded_as_asked(tmp_path):
    async with attached(tmp_path, saying(UPGRADED, frame(1, b"hello"), then=until_the_end)) as docker:
        for timeout, words in ((Timeout(idle=0.05), r"nothing came for 0\.05 s"), (0.05, "longer than its time limit")):
            seen = []
            with pytest.raises(TimedOut, match=words):
                await gather(docker.containers.attach("x", timeout=timeout), seen)
            assert seen == [b"hello"]


async def test_writing_needs_the_block(tmp_path):
    async with attached(tmp_path, saying(UPGRADED)) as docker:
        process = docker.containers.attach("x", stdin=True)
        with pytest.raises(Misused, match="async with"):
            await process.write(b"x")
        async with process:
            pass
        with pytest.raises(Closed):
            await process.write(b"x")
