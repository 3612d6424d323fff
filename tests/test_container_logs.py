"""Logs: frames and plain output told apart on every engine, chunks, lines and bytes, broken ones and abandoned ones."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import struct
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from scripted_server import Peer, ScriptedServer, answered, answering, chunk, follow, head, silent, telling
from throwaway import container

from aiodockerhub import Docker, Limits, Timeout
from aiodockerhub.errors import (
    BadParameter,
    BadRequest,
    ContainerNotFound,
    Misused,
    NotImplementedByEngine,
    OperationFailed,
    ServerError,
    StreamBroken,
    TimedOut,
    TooLarge,
)
from aiodockerhub.progress import LogChunk, LogLine

FRAMED = "application/vnd.docker.multiplexed-stream"
PLAIN = "application/vnd.docker.raw-stream"
SCRIPT = ["sh", "-c", "echo one; echo two >&2; printf 'r\u00e9st'"]


@contextlib.asynccontextmanager
async def ended(docker, image, command, **settings):
    async with container(docker, image, command, **settings) as made:
        await docker.containers.start(made)
        await docker.containers.wait(made)
        yield made


async def until_no_stream_is_open(docker):
    async with asyncio.timeout(10):
        while docker.stats().open_streams:
            gc.collect()
            await asyncio.sleep(0)


async def gather_texts(pieces, seen):
    """Their texts into `seen`, as far as they come."""
    async for piece in pieces:
        seen.append(piece.text)


# On real engines


@pytest.mark.parametrize("follow", [False, True])
async def test_stdout_and_stderr_are_told_apart(engine, busybox, follow):
    async with Docker(engine.base_url) as docker, ended(docker, busybox, SCRIPT) as made:
        chunks = [chunk async for chunk in docker.containers.logs(made, follow=follow)]
        assert b"".join(chunk.data for chunk in chunks if chunk.stream == "stdout") == "one\nr\u00e9st".encode()
        assert "".join(chunk.text for chunk in chunks if chunk.stream == "stderr") == "two\n"


@pytest.mark.parametrize("follow", [False, True])
async def test_a_terminals_output_is_all_stdout(engine, busybox, follow):
    async with Docker(engine.base_url) as docker, ended(docker, busybox, SCRIPT, tty=True) as made:
        chunks = [chunk async for chunk in docker.containers.logs(made, follow=follow)]
        assert {chunk.stream for chunk in chunks} == {"stdout"}
        assert "".join(chunk.text for chunk in chunks) == "one\r\ntwo\r\nr\u00e9st"


@pytest.mark.parametrize("tty", [False, True])
async def test_lines_are_whole_and_the_rest_is_the_last(engine, busybox, tty):
    async with Docker(engine.base_url) as docker, ended(docker, busybox, SCRIPT, tty=tty) as made:
        lines = [line async for line in docker.containers.logs(made).lines()]
        assert sorted(line.text for line in lines) == ["one", "r\u00e9st", "two"]
        assert {line.stream for line in lines if line.text == "two"} == {"stdout" if tty else "stderr"}


@pytest.mark.parametrize("tty", [False, True])
async def test_raw_logs_are_bytes(engine, busybox, tty):
    async with Docker(engine.base_url) as docker, ended(docker, busybox, "echo one", tty=tty) as made:
        assert b"".join([data async for data in docker.containers.logs(made).raw]) == (b"one\r\n" if tty else b"one\n")


async def test_one_stream_alone_and_the_last_lines(engine, busybox):
    script = ["sh", "-c", "echo no >&2; sleep 0.1; seq 1 9"]
    async with Docker(engine.base_url) as docker, ended(docker, busybox, script) as made:
        lines = docker.containers.logs(made, tail=2).lines()
        assert [line async for line in lines] == [LogLine("stdout", "8"), LogLine("stdout", "9")]
        assert [line async for line in docker.containers.logs(made, tail=0).lines()] == []
        assert len([line async for line in docker.containers.logs(made, tail="all").lines()]) == 10
        only = docker.containers.logs(made, stdout=False).lines()
        assert [line async for line in only] == [LogLine("stderr", "no")]
        with pytest.raises(BadRequest):
            await docker.containers.logs(made, stdout=False, stderr=False)


async def test_times_are_told_and_bound_the_logs(engine, busybox):
    begun = datetime.now(UTC)
    async with Docker(engine.base_url) as docker, ended(docker, busybox, "echo one") as made:
        (line,) = [line async for line in docker.containers.logs(made, timestamps=True, since=begun).lines()]
        written, text = line.text.split(" ")
        assert text == "one"
        assert written.startswith(f"{begun.year}-")
        assert [chunk async for chunk in docker.containers.logs(made, until=begun)] == []
        assert [chunk async for chunk in docker.containers.logs(made, since=begun.timestamp() + 3600)] == []


async def test_followed_logs_come_while_it_runs_and_end_with_it(engine, busybox):
    script = ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done"]
    async with Docker(engine.base_url) as docker, container(docker, busybox, script) as made:
        await docker.containers.start(made)
        seen = []
        async for line in docker.containers.logs(made, follow=True).lines():
            seen.append(line.text)
            if line.text == "ready":
                await docker.containers.kill(made, signal="TERM")
        assert seen == ["ready", "bye"]


async def test_a_follower_that_leaves_gives_its_connection_back(engine, busybox):
    script = ["sh", "-c", "while :; do echo again; sleep 0.05; done"]
    async with Docker(engine.base_url) as docker, container(docker, busybox, script) as made:
        await docker.containers.start(made)
        async for line in docker.containers.logs(made, follow=True).lines():
            assert line.text == "again"
            break
        await until_no_stream_is_open(docker)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(docker.containers.logs(made, follow=True), 0.2)
        await until_no_stream_is_open(docker)
        with pytest.raises(TimedOut):
            await docker.containers.logs(made, follow=True, timeout=0.2)
        await until_no_stream_is_open(docker)


async def test_a_container_that_was_never_started_has_no_logs(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, "echo one") as made:
        assert [chunk async for chunk in docker.containers.logs(made)] == []


async def test_logs_that_nobody_kept_are_refused(engine, busybox):
    async with Docker(engine.base_url) as docker:
        nowhere = {"HostConfig": {"LogConfig": {"Type": "none"}}}
        async with ended(docker, busybox, "echo one", config=nowhere) as made:
            with pytest.raises(ServerError if engine.role == "podman" else NotImplementedByEngine):
                await docker.containers.logs(made)


async def test_logs_of_nothing_raise_container_not_found(engine):
    async with Docker(engine.base_url) as docker:
        with pytest.raises(ContainerNotFound):
            await docker.containers.logs("no-such-container")
        with pytest.raises(BadParameter):
            await docker.containers.logs("../../info")


# On a server that says what we want


def frame(kind, data):
    return struct.pack(">BxxxI", kind, len(data)) + data


def logs_of(content_type, version="1.51"):
    """The head of an answer; old engines name no type."""
    named = {} if content_type is None else {"content_type": content_type}
    return head(version=version, transfer_encoding="chunked", **named)


@contextlib.asynccontextmanager
async def engine_that_logs(*pieces, version="1.51", content_type=FRAMED, tty=False, then=None):
    """An engine with one container, whose logs are `pieces`, and then end well, or as `then` makes them."""
    says = {
        "/_ping": answered(b"OK", version=version),
        "/containers/job/json": answered({"Config": {"Tty": tty}}, version=version),
        "/containers/job/logs": telling(*map(chunk, pieces), begin=logs_of(content_type, version), then=then),
    }
    async with (
        ScriptedServer(answering(lambda asked: says[asked.unversioned])) as server,
        Docker(server.url, limits=Limits(line=1000)) as docker,
    ):
        docker.server = server
        yield docker


def asked(docker):
    return [one.path.split("/containers/")[-1] for one in docker.server.asked[1:]]


@pytest.mark.parametrize("tty", [False, True])
@pytest.mark.parametrize(
    ("version", "framed", "plain", "second"),
    [
        ("1.51", FRAMED, PLAIN, ["job/logs"]),
        ("1.44", None, None, ["job/json", "job/logs"]),
        ("1.41", PLAIN, PLAIN, ["job/json", "job/logs"]),
        ("1.41", None, None, ["job/json", "job/logs"]),
    ],
)
async def test_frames_are_told_from_plain_output(version, framed, plain, second, tty):
    sent = b"out" if tty else frame(2, b"out")
    chunk = LogChunk("stdout" if tty else "stderr", b"out", "out")
    async with engine_that_logs(sent, version=version, content_type=plain if tty else framed, tty=tty) as docker:
        assert [chunk async for chunk in docker.containers.logs("job")] == [chunk]
        assert [chunk async for chunk in docker.containers.logs("job")] == [chunk]
        assert asked(docker) == ["job/json", "job/logs", *second]


async def test_an_engine_that_no_longer_tells_frames_is_asked():
    """Behind the address is another one now."""
    told = iter([FRAMED, "application/octet-stream"])

    def answer(asked):
        if asked.path.endswith("/logs"):
            return answered(frame(1, b"out"), content_type=next(told))
        return answered({"Config": {"Tty": False}})

    async with ScriptedServer(answering(answer)) as server, Docker(server.url) as docker:
        for _ in range(2):
            assert [chunk.text async for chunk in docker.containers.logs("job")] == ["out"]
        last = [one.path.rpartition("/")[-1] for one in server.asked[1:]]
        assert last == ["json", "logs", "logs", "json"]


async def gathered(docker, count):
    async def one():
        return [chunk.text async for chunk in docker.containers.logs("job", follow=True)]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one()) for _ in range(count)]
    return [task.result() for task in tasks]


@pytest.mark.parametrize(("version", "content_type", "cold", "warm"), [("1.51", FRAMED, 1, 0), ("1.44", None, 50, 50)])
async def test_only_the_first_of_many_followers_asks_about_its_container_where_answers_tell(
    version, content_type, cold, warm
):
    async with engine_that_logs(frame(1, b"out"), version=version, content_type=content_type) as docker:
        assert await gathered(docker, 50) == [["out"]] * 50
        assert Counter(asked(docker)) == {"job/json": cold, "job/logs": 50}
        assert await gathered(docker, 50) == [["out"]] * 50
        assert Counter(asked(docker)) == {"job/json": cold + warm, "job/logs": 100}


def logs_of_an_engine(first, others, version):
    """Answers the first who asks for logs with one script, all others with another; nothing has a terminal."""
    scripts = iter([first])

    def answer(asked):
        if asked.path.endswith("/logs"):
            return next(scripts, others)
        return answered({"Config": {"Tty": False}}, version=version)

    return ScriptedServer(answering(answer))


async def test_when_the_first_follower_is_cancelled_another_asks():
    reached = asyncio.Event()

    async def never(peer):
        reached.set()
        await peer.gone()

    others = telling(chunk(frame(1, b"out")), begin=logs_of(FRAMED))
    async with logs_of_an_engine(never, others, "1.51") as server, Docker(server.url, version="1.51") as docker:
        first = asyncio.create_task(docker.containers.logs("job"))
        await reached.wait()
        following = asyncio.create_task(gathered(docker, 50))
        await asyncio.sleep(0)
        first.cancel()
        assert await following == [["out"]] * 50
        assert first.cancelled()
        assert Counter(one.path.rpartition("/")[2] for one in server.asked) == {"json": 2, "logs": 51}


async def test_nobody_waits_for_ever_for_a_first_follower_whose_container_is_silent():
    others = telling(chunk(frame(1, b"out")), begin=logs_of(None))
    async with logs_of_an_engine(silent, others, "1.44") as server, Docker(server.url, version="1.44") as docker:
        first = asyncio.create_task(docker.containers.logs("job", follow=True))
        await server.until(lambda: server.calls().count("GET /containers/job/logs"))
        async with asyncio.timeout(10):
            assert await gathered(docker, 20) == [["out"]] * 20
        first.cancel()
        await asyncio.wait([first])


async def test_each_asks_for_itself_when_the_first_follower_fails():
    inspected = iter([({"message": "No such container: job"}, 404)])

    def answer(asked):
        if asked.path.endswith("/logs"):
            return telling(chunk(frame(1, b"out")), begin=logs_of(FRAMED))
        return answered(*next(inspected, ({"Config": {"Tty": False}}, 200)), version="1.51")

    async with ScriptedServer(answering(answer)) as server, Docker(server.url, version="1.51") as docker:
        ended = await asyncio.gather(*(docker.containers.logs("job") for _ in range(20)), return_exceptions=True)
        assert Counter(type(one) for one in ended) == {type(None): 19, ContainerNotFound: 1}


async def test_every_parameter_is_sent_as_the_engine_spells_it():
    async with engine_that_logs() as docker:
        await docker.containers.logs(
            {"Id": "job"},
            follow=True,
            stdout=True,
            stderr=False,
            since=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            until="1767323046.123456789",
            timestamps=True,
            tail=5,
        )
        last = urlsplit(docker.server.asked[-1].target)
        assert last.path == "/v1.51/containers/job/logs"
        assert {name: value for name, (value,) in parse_qs(last.query).items()} == {
            "follow": "1",
            "stdout": "1",
            "stderr": "0",
            "since": "1767323045.678901",
            "until": "1767323046.123456789",
            "timestamps": "1",
            "tail": "5",
        }


async def test_logs_cut_inside_a_frame_break_after_what_came_before():
    async with engine_that_logs(frame(1, b"one\ntwo"), frame(1, b"three")[:10]) as docker:
        seen = []
        with pytest.raises(StreamBroken):
            await gather_texts(docker.containers.logs("job"), seen)
        assert seen == ["one\ntwo"]
        seen = []
        with pytest.raises(StreamBroken):
            await gather_texts(docker.containers.logs("job").lines(), seen)
        assert seen == ["one"]


async def test_a_connection_cut_between_frames_is_no_end():
    async with engine_that_logs(frame(1, b"one"), then=Peer.close) as docker:
        with pytest.raises(StreamBroken):
            await docker.containers.logs("job")


async def test_an_engine_that_can_not_go_on_reading_is_told():
    async with engine_that_logs(frame(1, b"one\n"), frame(3, b"Error grabbing logs: bad file")) as docker:
        seen = []
        with pytest.raises(OperationFailed, match="bad file"):
            await gather_texts(docker.containers.logs("job").lines(), seen)
        assert seen == ["one"]


async def test_a_line_without_end_is_refused_and_ends_the_stream():
    pieces = frame(1, b"fine\n"), *(frame(1, b"x" * 100) for _ in range(11))
    async with engine_that_logs(*pieces, then=follow) as docker:
        logs = docker.containers.logs("job", follow=True)
        seen = []
        with pytest.raises(TooLarge):
            await gather_texts(logs.lines(), seen)
        assert seen == ["fine"]
        assert docker.stats().open_streams == 0
        with pytest.raises(TooLarge):
            await logs


async def test_lines_left_in_a_block_go_on_where_they_were():
    pieces = frame(1, b"one\ntwo\nthr"), frame(1, b"ee\nfour")
    async with engine_that_logs(*pieces) as docker, docker.containers.logs("job") as logs:
        async for line in logs.lines():
            assert line.text == "one"
            break
        assert [line.text async for line in logs.lines()] == ["two", "three", "four"]


async def test_raw_logs_in_a_block_are_payloads():
    async with engine_that_logs(frame(1, b"one"), frame(2, b"two")) as docker, docker.containers.logs("job") as logs:
        assert [data async for data in logs.raw] == [b"one", b"two"]
        assert logs.outcome is None


async def test_two_readers_of_one_log_are_refused():
    async with engine_that_logs(frame(1, b"one\ntwo\n")) as docker, docker.containers.logs("job") as logs:
        lines = logs.lines()
        assert (await anext(lines)).text == "one"
        with pytest.raises(Misused):
            aiter(logs)


async def test_silence_is_bounded_where_asked():
    async with engine_that_logs(frame(1, b"one\n"), then=follow) as docker:
        seen = []
        with pytest.raises(TimedOut):
            await gather_texts(docker.containers.logs("job", timeout=Timeout(idle=0.05)).lines(), seen)
        assert seen == ["one"]


async def test_logs_whose_kind_nobody_tells_leave_nothing_open():
    told = iter([FRAMED, "application/octet-stream"])
    kept = iter([({"Config": {"Tty": False}}, 200), ({"message": "No such container: job"}, 404)])

    def answer(asked):
        if asked.path.endswith("/logs"):
            return telling(chunk(frame(1, b"one")), begin=logs_of(next(told)), then=follow)
        if asked.path.endswith("/json"):
            return answered(*next(kept))
        return answered(b"OK")

    async with ScriptedServer(answering(answer)) as server, Docker(server.url) as docker:
        async with docker.containers.logs("job") as logs:
            assert (await anext(aiter(logs))).text == "one"
        with pytest.raises(ContainerNotFound):
            await docker.containers.logs("job", follow=True)
        assert docker.stats().open_streams == 0
