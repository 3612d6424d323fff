"""Time limits, by class of call, on clients and on calls; tiny ones here, against servers that never get done."""

from __future__ import annotations

import asyncio
import pickle

import pytest
from msgspec import structs
from scripted_server import CHUNKED, ScriptedServer, answered, answering, chunk, line, pulled, silent, telling

from aiodockerhub import Docker, Limits, Timeout
from aiodockerhub.errors import BadParameter, ServerError, TimedOut
from aiodockerhub.wire.timeouts import UNSET, span

TINY = 0.05


async def drip(peer, data):
    """Byte by byte, each in a turn of its own."""
    for position in range(len(data)):
        await peer.send(data[position : position + 1])
        await asyncio.sleep(0.001)


async def silent_after_the_head(peer):
    await peer.request()
    await peer.send(CHUNKED)
    await peer.gone()


async def silent_after_a_line(peer):
    await peer.request()
    await peer.send(CHUNKED + chunk(b'{"Type":"image"}\n'))
    await peer.gone()


async def dripping_head(peer):
    await peer.request()
    await drip(peer, CHUNKED.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * 60_000))


async def dripping_body(peer):
    await peer.request()
    await peer.send(CHUNKED)
    await drip(peer, chunk(b" ") * 60_000)


async def dripping_refusal(peer):
    await peer.request()
    await peer.send(b"HTTP/1.1 503 No\r\ncontent-length: 60000\r\n\r\nstarting up")
    await drip(peer, b"." * 59_000)


ENDLESS = [silent, silent_after_the_head, dripping_head, dripping_body, dripping_refusal]


async def times_out(call, words):
    """Within the test's patience, which is far longer than the limit."""
    async with asyncio.timeout(20):
        with pytest.raises(TimedOut, match=words) as raised:
            await call
    assert isinstance(raised.value, TimeoutError)
    return raised.value


# The whole call


@pytest.mark.parametrize("script", ENDLESS)
@pytest.mark.parametrize("said_on", ["client as number", "client as Timeout", "call as number", "call as Timeout"])
async def test_a_short_call_is_bounded_as_a_whole(script, said_on):
    limit = TINY if said_on.endswith("number") else Timeout(total=TINY)
    client, call = (limit, UNSET) if said_on.startswith("client") else (None, limit)
    async with ScriptedServer(script) as server, Docker(server.url, version="1.45", timeout=client) as docker:
        error = await times_out(docker.info(timeout=call), r"http://.* took longer than 0\.05 s \(GET /v1\.45/info\)")
        assert str(error).startswith(server.url)
        assert docker.stats().open_calls == 0


@pytest.mark.parametrize("script", ENDLESS)
async def test_a_number_bounds_a_slow_call_and_a_wait_of_hours_too_where_it_is_asked_for(script):
    async with ScriptedServer(script) as server, Docker(server.url, version="1.45", timeout=None) as docker:
        await times_out(docker.containers.stop("x", timeout=TINY), "took longer")
        await times_out(docker.containers.wait("x", timeout=TINY), "took longer")
        await times_out(docker._engine.call("", "POST", "/x", pace="slow", timeout=Timeout(total=TINY)), "took longer")
        assert (docker.stats().open_calls, docker.stats().open_streams) == (0, 0)


@pytest.mark.parametrize("script", [silent, silent_after_the_head, dripping_head, dripping_body, silent_after_a_line])
@pytest.mark.parametrize("limit", [TINY, Timeout(total=TINY)])
async def test_a_number_bounds_a_whole_stream_where_it_is_asked_for(script, limit):
    async with ScriptedServer(script) as server, Docker(server.url, version="1.45", timeout=None) as docker:
        await times_out(docker.events(timeout=limit), "longer than")
        assert docker.stats().open_streams == 0


@pytest.mark.parametrize(
    ("kind", "limit"), [("pull", 1), ("pull of all tags", Timeout(total=1)), ("build", Timeout(total=1))]
)
async def test_it_bounds_the_question_what_a_stream_came_to_as_well(kind, limit, scripted):
    """A second, in which a stream of one line ends before."""
    scripted.says["/images/create"] = telling(chunk(line(status="Pulling from x", id="latest")))
    scripted.says["/build"] = pulled("built")
    scripted.says["/images/x:latest/json"] = scripted.says["/images/x/json"] = silent
    async with Docker(scripted.url, version="1.45", timeout=None) as docker:
        stream = {
            "pull": lambda: docker.images.pull("x", timeout=limit),
            "pull of all tags": lambda: docker.images.pull("x", all_tags=True, timeout=limit),
            "build": lambda: docker.images.build(fileobj="FROM x", tag="x", timeout=limit),
        }[kind]()
        error = await times_out(stream, f"{kind[:4]}.* took longer than its time limit")
        assert scripted.calls()[-1].startswith("GET /images/x")
        with pytest.raises(TimedOut) as again:
            await stream
        assert again.value is error
        assert (docker.stats().open_calls, docker.stats().open_streams) == (0, 0)


@pytest.mark.parametrize("client", [TINY, Timeout(total=TINY)])
async def test_a_clients_total_is_no_limit_of_slow_calls_and_streams(client):
    """They outlast a short call that began after them, and that its limit ended."""
    answer = asyncio.Event()

    async def script(peer):
        asked = await peer.request()
        if asked.path.endswith("/info"):
            await peer.gone()
        await answer.wait()
        await peer.send(answered({"StatusCode": 3}))
        await peer.gone()

    async with ScriptedServer(script) as server, Docker(server.url, version="1.45", timeout=client) as docker:
        slow = asyncio.create_task(docker.containers.stop("x"))
        wait = asyncio.create_task(docker.containers.wait("x"))
        stream = asyncio.create_task(docker.stream("POST", "/x"))
        await server.until(lambda: len(server.asked) == 3)
        await times_out(docker.info(), "took longer")
        assert not any(task.done() for task in (slow, wait, stream))
        answer.set()
        await asyncio.gather(slow, wait, stream)


async def test_many_calls_end_each_at_its_own_time():
    async with ScriptedServer(silent) as server, Docker(server.url, version="1.45", timeout=None) as docker:
        ended = []

        async def call(limit):
            with pytest.raises(TimedOut, match=rf"longer than {limit:g} s"):
                await docker.info(timeout=limit)
            ended.append(limit)

        patient = asyncio.create_task(docker.info())
        limits = [0.3, 0.05, 0.2, 0.1]
        async with asyncio.timeout(20):
            await asyncio.gather(*map(call, limits))
        assert ended == sorted(limits)
        assert not patient.done()
        patient.cancel()
        await asyncio.wait([patient])


async def test_one_who_is_cancelled_at_the_limit_is_cancelled():
    async with ScriptedServer(silent) as server, Docker(server.url, version="1.45") as docker:
        call = asyncio.create_task(docker.info(timeout=TINY))
        await server.until(lambda: bool(server.asked))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(TimeoutError) as raised:
            async with asyncio.timeout(TINY):
                await docker.info()
        assert not isinstance(raised.value, TimedOut)  # the caller's own limit


async def test_a_connection_of_a_call_that_was_late_is_not_used_again():
    async def script(peer):
        await peer.request()
        if peer.number == 1:
            await peer.gone()
        await peer.send(answered({"number": peer.number}))
        await peer.gone()

    async with ScriptedServer(script) as server, Docker(server.url, version="1.45") as docker:
        await times_out(docker.info(timeout=TINY), "took longer")
        assert await docker.info() == {"number": 2}


@pytest.mark.parametrize("limit", [TINY, Timeout(total=TINY)])
async def test_the_wait_for_a_common_version_is_a_part_of_every_call(limit):
    async with ScriptedServer(silent) as server, Docker(server.url, timeout=None) as docker:
        for call in (
            docker.info(timeout=limit),
            docker.containers.stop("x", timeout=limit),
            docker.containers.wait("x", timeout=limit),
            docker.events(timeout=limit),
            docker.containers.logs("x", timeout=limit),
            docker.images.pull("x", timeout=limit),
        ):
            await times_out(call, "took longer than")


# The parts of a call


@pytest.mark.parametrize("script", [silent, dripping_head])
async def test_the_head_is_bounded_where_it_is_asked_for(script):
    async with ScriptedServer(script) as server:
        async with Docker(server.url, version="1.45", timeout=Timeout(head=TINY, total=None)) as docker:
            words = rf"{server.url} sent no answer within 0\.05 s \(GET /v1\.45/events\)"
            await times_out(docker.info(), r"sent no answer within 0\.05 s \(GET /v1\.45/info\)")
            await times_out(docker.events(), words)
        async with Docker(server.url, version="1.45", timeout=None) as docker:
            await times_out(docker.containers.stop("x", timeout=Timeout(head=TINY)), "sent no answer")
            await times_out(docker.events(timeout=Timeout(head=TINY)), words)


async def test_the_silence_in_a_stream_is_bounded_where_it_is_asked_for():
    async with ScriptedServer(silent_after_a_line) as server, Docker(server.url, version="1.45") as docker:
        seen = []

        async def follow():
            async for event in docker.events(timeout=Timeout(idle=TINY)):
                seen.append(event.type)  # noqa: PERF401  (an error ends the loop, what came before it stays)

        await times_out(follow(), r"nothing came for 0\.05 s \(GET /v1\.45/events\)")
        assert seen == ["image"]


@pytest.mark.parametrize(("pace", "open_of"), [("short", "open_calls"), ("slow", "open_calls")])
async def test_the_wait_for_a_free_connection_is_bounded_where_it_is_asked_for(pace, open_of):
    async with ScriptedServer(silent) as server, Docker(server.url, version="1.45", timeout=None) as docker:
        calls = [asyncio.create_task(docker._engine.call("", "GET", "/x", pace=pace)) for _ in range(64)]
        await server.until(lambda: len(server.asked) == 64)
        assert getattr(docker.stats(), open_of) == 64
        late = docker._engine.call("", "GET", "/x", pace=pace, timeout=Timeout(pool=TINY, total=None))
        await times_out(late, r"no connection was free within 0\.05 s")
        await times_out(docker._engine.call("", "GET", "/x", pace=pace, timeout=TINY), "took longer than")
        assert len(server.asked) == 64
        other = asyncio.create_task(docker._engine.call("", "GET", "/y", pace="slow" if pace == "short" else "short"))
        await server.until(lambda: len(server.asked) == 65)
        for call in (*calls, other):
            call.cancel()
        await asyncio.wait([*calls, other])
        assert (docker.stats().open_calls, docker.stats().waiting) == (0, 0)


async def test_the_wait_for_a_stream_is_bounded_where_it_is_asked_for():
    async with ScriptedServer(silent_after_the_head) as server:
        docker = Docker(server.url, version="1.45", limits=Limits(streams=1))
        async with docker, docker.events():
            await times_out(docker.events(timeout=Timeout(pool=TINY)), r"no connection was free within 0\.05 s")


async def test_a_refusal_that_never_ends_is_told_by_its_status(monkeypatch):
    """Also where nothing else is bounded."""
    monkeypatch.setattr("aiodockerhub.wire.refusals._PATIENCE_WITH_A_REFUSAL", TINY)
    async with ScriptedServer(dripping_refusal) as server, Docker(server.url, version="1.45", timeout=None) as docker:
        for call in (docker.info(), docker.events(), docker.containers.stop("x")):
            async with asyncio.timeout(20):
                with pytest.raises(ServerError, match=r"starting up\.* \("):
                    await call
        assert (docker.stats().open_calls, docker.stats().open_streams) == (0, 0)


# What they may be


@pytest.mark.parametrize("bad", [0, -1, -0.0, float("nan"), float("inf"), 10**400, True, False, "5", [], 1e10])
async def test_what_is_no_time_limit_is_refused_before_anything_is_sent(bad):
    with pytest.raises(BadParameter, match="no number of seconds"):
        Docker("unix:///x", timeout=bad)
    for name in ("connect", "pool", "head", "idle", "total"):
        with pytest.raises(BadParameter, match=f"^{name}: "):
            Timeout(**{name: bad})
    async with ScriptedServer(answering(lambda asked: answered({}))) as server, Docker(server.url) as docker:
        for call in (docker.info(timeout=bad), docker.events(timeout=bad), docker.containers.stop("x", timeout=bad)):
            with pytest.raises(BadParameter, match="no number of seconds"):
                await call
        assert server.asked == []


def test_what_holds_for_a_call():
    """Connecting always; the total by class, unless the very call says otherwise."""
    of_a_client = Timeout(head=1, idle=2, pool=3)
    assert span(of_a_client, UNSET, "short") == ("short", 10, 3, 1, 2, 60)
    assert span(of_a_client, UNSET, "slow") == ("slow", 10, 3, None, 2, None)
    assert span(of_a_client, UNSET, "stream") == ("stream", 10, 3, 1, 2, None)
    for pace in ("short", "slow", "stream"):
        assert span(of_a_client, 5, pace) == (pace, 10, 3, None, None, 5)
        assert span(of_a_client, None, pace) == (pace, 10, 3, None, None, None)
        assert span(of_a_client, Timeout(total=5), pace) == (pace, 10, None, None, None, 5)
        assert span(of_a_client, Timeout(total=60), pace).total == 60
        assert span(of_a_client, Timeout(idle=5), pace).total == (60 if pace == "short" else None)


def test_a_timeout_stays_what_it_is_when_copied():
    for made in (structs.replace(Timeout(), idle=5), pickle.loads(pickle.dumps(Timeout(idle=5)))):
        assert span(Timeout(), made, "stream").total is None
        assert span(Timeout(), made, "short").total == 60
