"""What is sent again, and what never is. The servers here count."""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import socket

import pytest
from scripted_server import Peer, ScriptedServer, answered, answering

from aiodockerhub import Docker, Timeout
from aiodockerhub.errors import ConnectionFailed, DockerError, EngineUnreachable, StreamBroken, TimedOut, TooLarge
from aiodockerhub.retries import CONNECTION, MOMENT, TRANSFER, Backoff, again

WRITING = ["POST", "PUT", "DELETE", "PATCH"]
READING = ["GET", "HEAD"]


def client(server, **options):
    return Docker(server.url, version="1.45", **options)


def ends_after(requests, end):
    """A server whose first connection ends at request number `requests`, unanswered; the others live."""

    async def script(peer):
        count = 0
        while True:
            asked = await peer.request()
            count += 1
            if peer.number == 1 and count == requests:
                end(peer)
                return
            await peer.send(answered(b"" if asked.method == "HEAD" else {"count": count}))

    return script


# What only reads


@pytest.mark.parametrize("method", READING)
@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
@pytest.mark.parametrize("requests", [1, 2])
async def test_what_only_reads_is_sent_again_when_its_connection_dies(method, end, requests):
    async with ScriptedServer(ends_after(requests, end)) as server, client(server) as docker:
        for _ in range(requests):
            await docker.request(method, "/x")
        assert len(server.asked) == requests + 1
        assert docker.stats().requests == requests + 1
        assert docker.stats().retries == 1


@pytest.mark.parametrize("method", READING)
async def test_but_not_for_ever(method):
    async def script(peer):
        await peer.request()
        peer.close()

    async with ScriptedServer(script) as server, client(server) as docker:
        words = rf"{server.url} closed the connection after the request was sent; it may have run \({method} /v1.45/x\)"
        with pytest.raises(EngineUnreachable, match=words) as raised:
            await docker.request(method, "/x")
        assert raised.value.__cause__ is not None
        assert raised.value.address == server.url
        assert len(server.asked) == CONNECTION.attempts == 3
        assert docker.stats().retries == 2


async def test_an_answer_cut_short_is_asked_for_again():
    async def script(peer):
        await peer.request()
        whole = answered({"number": peer.number})
        await peer.send(whole if peer.number == 3 else whole[:-3])
        peer.close()

    async with ScriptedServer(script) as server, client(server) as docker:
        assert await docker.info() == {"number": 3}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_answer_cut_short_every_time_is_told(method):
    async def script(peer):
        await peer.request()
        await peer.send(answered({"number": peer.number})[:-3])
        peer.close()

    async with ScriptedServer(script) as server, client(server) as docker:
        with pytest.raises(StreamBroken, match=rf"the answer was cut short \({method} /v1.45/x\)") as raised:
            await docker.request(method, "/x")
        assert raised.value.__cause__ is not None
        assert len(server.asked) == (3 if method == "GET" else 1)


async def test_a_stream_that_only_reads_begins_again_if_it_had_no_answer_yet():
    async with ScriptedServer(ends_after(1, Peer.close)) as server, client(server) as docker:
        assert [line async for line in docker.stream("GET", "/x")] == [{"count": 1}]
        assert len(server.asked) == 2


async def test_an_answer_that_says_no_is_an_answer():
    async with ScriptedServer(answering(lambda asked: answered({}, 500))) as server, client(server) as docker:
        with pytest.raises(DockerError):
            await docker.info()
        assert len(server.asked) == 1


# What may have run


@pytest.mark.parametrize("method", WRITING)
@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
async def test_what_may_have_run_is_never_sent_again_on_a_new_connection(method, end):
    async with ScriptedServer(ends_after(1, end)) as server, client(server) as docker:
        with pytest.raises(EngineUnreachable, match=r"it may have run"):
            await docker.request(method, "/x", json={"a": 1})
        assert len(server.asked) == 1
        assert docker.stats().retries == 0
        assert await docker.info() == {"count": 1}


@pytest.mark.parametrize("method", WRITING)
async def test_nor_on_a_used_one_that_ended_in_good_order(method):
    async with ScriptedServer(ends_after(2, Peer.close)) as server, client(server) as docker:
        await docker.info()
        with pytest.raises(EngineUnreachable, match=r"it may have run"):
            await docker.request(method, "/x")
        assert [one.method for one in server.asked] == ["GET", method]


@pytest.mark.parametrize("method", WRITING)
async def test_a_used_connection_that_was_reset_had_read_nothing(method):
    """What a peer does that closed the connection just when the request came."""

    async def script(peer):
        await peer.request()
        await peer.send(answered({}))
        if peer.number == 1:
            await peer.reader.read(1)  # the rest stays unread
            peer.reset()
            return
        await peer.request()
        await peer.send(answered({"number": peer.number}))
        await peer.gone()

    async with ScriptedServer(script) as server, client(server) as docker:
        await docker.info()
        await docker.request(method, "/x", json={"a": 1})
        assert [(one.method, one.body) for one in server.asked] == [("GET", b""), (method, b'{"a":1}')]
        assert docker.stats().retries == 1


async def test_a_body_that_is_made_while_it_is_sent_is_sent_once():
    class Body:
        length = None
        begun = 0

        async def __aiter__(self):
            self.begun += 1
            for _ in range(100):
                yield bytes(65536)

    async def script(peer):
        await peer.reader.read(65536)
        peer.reset()

    body = Body()
    async with ScriptedServer(script) as server, client(server) as docker:
        with pytest.raises(EngineUnreachable, match="may have run"):
            await docker.stream("POST", "/build", body=body)
        assert body.begun == server.connections == 1


@pytest.mark.parametrize("kind", [LookupError, OSError, TimeoutError, ConnectionResetError, PermissionError])
async def test_what_a_body_of_the_callers_raises_comes_out_as_it_is(kind):
    class Body:
        length = None

        async def __aiter__(self):
            yield b"x"
            raise kind("mine") from KeyError("why")

    async def script(peer):
        await peer.gone()

    async with ScriptedServer(script) as server, client(server) as docker:
        with pytest.raises(kind, match="mine") as raised:
            await docker.stream("POST", "/build", body=Body())
        assert not isinstance(raised.value, DockerError)
        assert isinstance(raised.value.__cause__, KeyError)
        assert server.connections == 1
        assert docker.stats().open_streams == 0


# Connections that ended while nobody used them


@pytest.mark.parametrize("where", ["tcp", "unix"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_idle_connection_that_the_server_closed_is_replaced_unnoticed(method, where, tmp_path):
    closed = []

    async def script(peer):
        await peer.request()
        await peer.send(answered({"number": peer.number}))
        peer.close()
        closed.append(peer)

    place = {"socket": str(tmp_path / "s")} if where == "unix" else {}
    async with ScriptedServer(script, **place) as server, client(server) as docker:
        for number in range(1, 201):
            assert await docker.request(method, "/x", json=None) == {"number": number}
        assert len(server.asked) == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_one_that_was_reset_too(method):
    async def script(peer):
        await peer.request()
        await peer.send(answered({"number": peer.number}))
        await asyncio.sleep(0)
        peer.reset()

    async with ScriptedServer(script) as server, client(server) as docker:
        for number in range(1, 51):
            try:
                assert await docker.request(method, "/x") == {"number": number}
            except (StreamBroken, EngineUnreachable):
                # the reset may overtake the answer
                continue
        assert len(server.asked) <= 60


async def test_a_whole_pool_that_died_at_once_is_replaced_unnoticed(tmp_path):
    path = str(tmp_path / "s")
    async with ScriptedServer(answering(lambda asked: answered({"life": 1})), socket=path) as server:
        docker = client(server)
        await asyncio.gather(*(docker.info() for _ in range(64)))
    async with ScriptedServer(answering(lambda asked: answered({"life": 2})), socket=path) as server, docker:
        posts = (docker.request("POST", "/x") for _ in range(32))
        reads = (docker.info() for _ in range(32))
        assert await asyncio.gather(*posts, *reads) == [{"life": 2}] * 64
        assert len(server.asked) == 64


# Before anything was sent


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_full_backlog_is_waited_out(method, tmp_path):
    many = 300
    answer = answering(lambda asked: answered({}))
    path = str(tmp_path / "s")
    patient = Timeout(connect=300, total=300)  # so that a busy machine decides nothing
    async with ScriptedServer(answer, socket=path, backlog=1) as server, client(server, timeout=patient) as docker:
        calls = [docker.request(method, "/x") for _ in range(many // 2)]
        streams = [docker.stream(method, "/y") for _ in range(many // 2)]
        await asyncio.gather(*calls, *streams)
        assert len(server.asked) == many


@pytest.fixture
async def no_connection(monkeypatch):
    """no_connection(numbers): the next connections to a unix socket fail, each with an error of that number."""
    loop = asyncio.get_running_loop()
    connect = loop.create_unix_connection

    def fail_at_first(numbers):
        failures = iter(numbers)

        async def connect_after_all(*arguments, **options):
            if (number := next(failures, None)) is not None:
                raise OSError(number, "not now")
            return await connect(*arguments, **options)

        monkeypatch.setattr(loop, "create_unix_connection", connect_after_all)

    return fail_at_first


PASSING = [errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOBUFS]


@pytest.mark.parametrize("number", PASSING)
async def test_what_passes_by_itself_is_waited_out_also_for_what_writes(number, no_connection, scripted):
    no_connection([number] * 3)
    scripted.says["/x"] = answered({})
    async with client(scripted) as docker:
        assert await docker.request("POST", "/x") == {}
        assert len(scripted.asked) == 1
        assert docker.stats().retries == 3


async def ask(docker):
    await docker.info()


async def stream(docker):
    await docker.stream("GET", "/x")


async def hijack(docker):
    await docker.containers.attach("x")


@pytest.mark.parametrize("number", PASSING)
@pytest.mark.parametrize("kind", [ask, stream, hijack])
async def test_while_it_lasts_it_is_counted_as_waiting_and_logged(number, kind, no_connection, scripted, caplog):
    caplog.set_level(logging.DEBUG, "aiodockerhub")
    no_connection(itertools.repeat(number))
    async with client(scripted) as docker:
        call = asyncio.create_task(kind(docker))
        await scripted.until(lambda: docker.stats().waiting == 1)
        call.cancel()
        await asyncio.wait([call])
        assert (docker.stats().waiting, docker.stats().open_calls, docker.stats().open_streams) == (0, 0, 0)
    assert "s before the next try: 1 wait" in caplog.text
    assert scripted.connections == 0


@pytest.mark.parametrize(
    ("number", "limit", "words"),
    [
        (errno.EMFILE, Timeout(pool=0.05, connect=None), r"no descriptor was free within 0\.05 s"),
        (errno.EAGAIN, Timeout(connect=0.05), r"had no room for a connection within 0\.05 s"),
    ],
)
async def test_it_is_bounded_by_the_limit_that_it_belongs_to(number, limit, words, no_connection, scripted):
    no_connection(itertools.repeat(number))
    async with client(scripted, timeout=limit) as docker, asyncio.timeout(20):
        with pytest.raises(TimedOut, match=words):
            await docker.info()
        with pytest.raises(TimedOut, match=words):
            await docker.stream("GET", "/x")
        with pytest.raises(TimedOut, match=words):
            await docker.containers.attach("x")


async def test_a_moment_without_descriptors_is_waited_out_after_a_broken_connection_too(no_connection, tmp_path):
    async def script(peer):
        await peer.request()
        if peer.number == 1:
            no_connection([errno.EMFILE] * 4)
        else:
            await peer.send(answered({}))
        peer.close()

    async with ScriptedServer(script, socket=str(tmp_path / "s")) as server, client(server) as docker:
        assert await docker.info() == {}
        assert docker.stats().retries == 5


async def test_such_a_moment_makes_a_broken_connection_no_more_worth(no_connection, tmp_path):
    async def script(peer):
        await peer.request()
        no_connection([errno.EMFILE])
        peer.close()

    no_connection([errno.EMFILE])
    async with ScriptedServer(script, socket=str(tmp_path / "s")) as server, client(server) as docker:
        with pytest.raises(EngineUnreachable):
            await docker.info()
        assert len(server.asked) == CONNECTION.attempts


async def test_a_refused_connection_is_not_tried_again():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with Docker(f"tcp://127.0.0.1:{bound.getsockname()[1]}", version="1.45") as docker:
            with pytest.raises(ConnectionFailed):
                await docker.info()
            assert (docker.stats().requests, docker.stats().retries) == (1, 0)


# Seen from outside


async def test_a_retry_is_counted_and_logged_with_its_reason(caplog):
    caplog.set_level(logging.DEBUG, "aiodockerhub")
    async with ScriptedServer(ends_after(2, Peer.reset)) as server, client(server) as docker:
        await docker.request("GET", "/x", params={"token": "secret"})
        await docker.request("GET", "/x", params={"token": "secret"})
        assert docker.stats().retries == 1
    said = [record.message for record in caplog.records if "again" in record.message]
    assert said == ["GET /v1.45/x again, since: ClientOSError ECONNRESET"]
    assert "secret" not in caplog.text


# The policy itself


def test_waits_double_up_to_a_bound():
    plain = Backoff(attempts=None, first=0.5, most=3.0, jitter=0.0)
    assert [plain.wait(tried) for tried in (1, 2, 3, 4, 5, 10**6)] == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]
    for backoff in (CONNECTION, MOMENT, TRANSFER):
        waits = [backoff.wait(1) for _ in range(100)]
        assert len(set(waits)) > 1
        assert backoff.first <= min(waits) <= max(waits) <= backoff.first + backoff.jitter


async def test_attempts_are_counted_with_the_first():
    tried = []

    async def fail():
        tried.append(1)
        raise LookupError(len(tried))

    with pytest.raises(LookupError, match="2"):
        await again(fail, LookupError(0), Backoff(3, 0.0, 0.0, 0.0), worth=lambda error: True)
    assert len(tried) == 2


async def test_what_is_not_worth_it_is_raised_and_a_wait_that_was_named_is_kept(monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    answers = iter([KeyError("first"), TooLarge("second")])

    async def fail():
        raise next(answers)

    verdicts = {LookupError: 7.5, KeyError: 0.25, TooLarge: False}
    with pytest.raises(TooLarge):
        await again(fail, LookupError(), TRANSFER, worth=lambda error: verdicts[type(error)])
    assert waited == [7.5, 0.25]


async def test_errors_that_name_each_other_as_their_cause_are_overcome_too():
    async def succeed():
        return "done"

    failure, other = StreamBroken("one"), StreamBroken("other")
    failure.__cause__, other.__cause__ = other, failure
    assert await again(succeed, failure, Backoff(2, 0, 0, 0), worth=lambda _: True) == "done"


async def test_a_retry_stays_within_the_calls_time():
    async def script(peer):
        await peer.request()
        if peer.number == 1:
            peer.close()
        await peer.gone()

    async with ScriptedServer(script) as server, client(server) as docker:
        async with asyncio.timeout(20):
            with pytest.raises(TimeoutError, match=r"took longer than 0\.3 s"):
                await docker.info(timeout=Timeout(total=0.3))
        assert len(server.asked) == 2
