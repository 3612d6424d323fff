"""A session owns what its clients have open, bounds it, and ends it."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import contextlib
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import aiohttp
import pytest
from cancelling import cancelled_after
from certificates import serving_tls, trusting
from scripted_server import CHUNKED, END, ScriptedServer, answered, answering, silent

from aiodockerhub import Credentials, Docker, Index, Limits, Session, Timeout
from aiodockerhub.errors import BadAddress, Closed, Misused, TimedOut

MANY = 50


FAKE = answered({"ID": "fake"})


class Engine(ScriptedServer):
    """Answers at once to `info`, never to `slow`, and is silent on `events` and, before the head, on `headless`."""

    def __init__(self, **where):
        super().__init__(answering(self._answer), **where)
        self.release = asyncio.Event()

    def _answer(self, asked):
        answers = {"slow": self._late, "headless": self._late, "events": self._silent}
        return answers.get(asked.path.rpartition("/")[2], FAKE)

    async def _late(self, peer):
        await self.release.wait()
        await peer.send(FAKE)

    async def _silent(self, peer):
        await peer.send(CHUNKED)
        await self.release.wait()
        await peer.send(END)

    async def arrived(self, name, count):
        await self.until(lambda: sum(one.path.endswith(f"/{name}") for one in self.asked) >= count)


@pytest.fixture
async def engine():
    async with Engine() as running:
        yield running


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until_descriptors_are(count):
    """The other ends of the connections are this process's too, and close when they hear of it."""
    async with asyncio.timeout(5):
        while descriptors() > count:
            await asyncio.sleep(0.001)


# Closing


async def follow(docker, ready):
    async with docker.events() as stream:
        ready.release()
        async for _ in stream:
            pass


async def follow_raw(docker, ready):
    stream = docker.events()
    async with stream:
        ready.release()
        async for _ in stream.raw:
            pass


async def run_to_the_end(docker, ready):
    stream = docker.events()
    async with stream:
        ready.release()
        await stream


FOLLOWERS = [follow, follow_raw, run_to_the_end]


@pytest.mark.parametrize("where", ["tcp", "unix", "tls"])
async def test_closing_ends_every_stream_and_call_with_closed(where, tmp_path, ca):
    places = {"tcp": {}, "unix": {"socket": str(tmp_path / "s")}, "tls": {"tls": serving_tls(ca, "127.0.0.1")}}
    async with Engine(**places[where]) as engine:
        tasks_before, open_before = asyncio.all_tasks(), descriptors()
        session = Session(limits=Limits(calls=MANY // 2))
        docker = session.docker(engine.url, tls=trusting(ca) if where == "tls" else None)
        await docker.info()
        ready = asyncio.Semaphore(0)
        followers = [asyncio.create_task(FOLLOWERS[n % 3](docker, ready)) for n in range(MANY)]
        headless = [asyncio.create_task(docker.stream("GET", "/headless")) for _ in range(10)]
        calls = [asyncio.create_task(docker.request("GET", "/slow")) for _ in range(MANY)]
        for _ in range(MANY):
            await ready.acquire()
        await engine.arrived("slow", MANY // 2)
        await engine.arrived("headless", 10)
        now = session.stats()
        assert (now.open_streams, now.open_calls, now.waiting) == (MANY + 10, MANY // 2, MANY // 2)

        async with asyncio.timeout(5):
            await session.close()
            done = await asyncio.gather(*followers, *headless, *calls, return_exceptions=True)
        assert {type(one) for one in done} == {Closed}
        now = session.stats()
        assert (now.open_streams, now.open_calls, now.waiting) == (0, 0, 0)
        await until_descriptors_are(open_before)
        for _ in range(10):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == tasks_before


async def test_streams_opened_and_not_read_end_too(engine):
    session = Session()
    docker = session.docker(engine.url)
    opened, never_begun = docker.events(), docker.events()
    async with opened:
        await session.close()
        with pytest.raises(Closed):
            await opened
        with pytest.raises(Closed):
            await opened
        with pytest.raises(Closed):
            await never_begun


async def test_what_waits_for_the_first_answer_of_an_engine_ends_too(engine):
    async with ScriptedServer(silent) as server:
        session = Session()
        docker = session.docker(server.url)
        calls = [asyncio.create_task(docker.info()) for _ in range(MANY)]
        await server.until(lambda: server.asked)
        await session.close()
        async with asyncio.timeout(5):
            done = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(one) for one in done} == {Closed}
        assert len(server.asked) == 1


class Endless:
    length = None
    pieces = 0

    async def __aiter__(self):
        while True:
            self.pieces += 1
            yield bytes(65536)


async def test_an_upload_that_is_cancelled_lets_go_of_its_connection_though_nobody_reads():
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    body, before_last = Endless(), -1
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        async with Docker(f"tcp://127.0.0.1:{listening.getsockname()[1]}", version="1.45") as docker:
            before = descriptors()
            upload = asyncio.create_task(docker.stream("POST", "/build", body=body))
            accepted, _ = await asyncio.get_running_loop().sock_accept(listening)
            with accepted:
                while body.pieces != before_last:
                    before_last = body.pieces
                    for _ in range(100):
                        await asyncio.sleep(0)
                upload.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await upload
                async with asyncio.timeout(5):
                    while descriptors() > before + 1:  # `accepted` is still open
                        await asyncio.sleep(0)


async def test_an_upload_that_nobody_reads_ends_too():
    async def never_reads(peer):
        reached.set()
        await asyncio.Event().wait()

    reached = asyncio.Event()
    async with ScriptedServer(never_reads) as server:
        session = Session()
        docker = session.docker(server.url, version="1.45")
        upload = asyncio.create_task(docker.stream("POST", "/build", body=Endless()))
        await reached.wait()
        async with asyncio.timeout(5):
            await session.close()
            with pytest.raises(Closed):
                await upload


async def test_after_closing_everything_says_closed(engine):
    session = Session()
    docker, unused, index = session.docker(engine.url), session.docker(engine.url), session.index(engine.url)
    assert (await docker.info())["ID"] == "fake"
    await session.close()
    await session.close()
    for call in (docker.info(), docker.ping(), unused.info(), docker.events(), index.search("x")):
        with pytest.raises(Closed):
            await call
    for make in (session.docker, session.index):
        with pytest.raises(Closed, match="session is closed"):
            make(engine.url)
    for entered in (session, docker, index):
        with pytest.raises(Closed):
            await entered.__aenter__()
    assert repr(docker).endswith(" closed>")
    assert repr(index).endswith(" closed>")
    await docker.close()
    await index.close()


async def test_the_same_session_under_async_with_and_closed_by_hand(engine):
    async with Session() as session:
        await session.docker(engine.url).info()
        await session.close()
    async with Session() as session, session.docker(engine.url) as docker, session.index(engine.url) as index:
        await docker.info()
        assert isinstance(index, Index)


async def test_a_block_left_by_an_exception_or_by_cancellation_closes(engine):
    open_before = descriptors()

    async def work():
        async with Session() as session:
            docker = session.docker(engine.url)
            await docker.info()
            async with docker.events():
                raise LookupError

    with pytest.raises(LookupError):
        await work()
    await until_descriptors_are(open_before)

    async def follow_for_ever():
        async with Session() as session:
            await session.docker(engine.url).events()

    task = asyncio.create_task(follow_for_ever())
    await engine.arrived("events", 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_descriptors_are(open_before)


@pytest.mark.parametrize("turns", range(6))
async def test_a_close_that_was_cancelled_can_be_done_again(engine, turns):
    open_before = descriptors()
    session = Session()
    docker = session.docker(engine.url)
    await docker.info()
    async with docker.events():
        await cancelled_after(turns, session.close())
        await session.close()
        assert session.stats().open_streams == 0
    await until_descriptors_are(open_before)


async def test_two_who_close_at_once_both_find_it_closed(engine):
    open_before = descriptors()
    session = Session()
    docker = session.docker(engine.url)
    await docker.info()
    async with docker.events():
        await asyncio.gather(session.close(), session.close())
    await until_descriptors_are(open_before)


def test_a_session_that_was_never_used_closes_in_any_loop():
    session = Session()
    session.docker("unix:///nowhere")
    asyncio.run(session.close())
    asyncio.run(session.close())
    assert repr(session) == "<Session closed>"

    async def block():
        async with Session():
            pass

    asyncio.run(block())
    asyncio.run(block())


def test_a_session_belongs_to_its_first_loop():
    session = Session()
    docker = session.docker("http://127.0.0.1:9")

    async def use():
        with pytest.raises(ConnectionError):
            await docker.info()

    async def misuse():
        for call in (docker.info(), docker.events(), session.close(), session.__aenter__()):
            with pytest.raises(Misused, match="loop"):
                await call

    with asyncio.Runner() as its_own:
        its_own.run(use())
        with concurrent.futures.ThreadPoolExecutor() as thread:
            thread.submit(asyncio.run, misuse()).result()
        its_own.run(session.close())


def test_a_program_that_closes_in_the_midst_of_things_ends_in_silence(tmp_path):
    program = textwrap.dedent("""
        import asyncio, logging, os
        from aiohttp import web
        from aiodockerhub import Closed, Session

        async def answer(request):
            if request.path == "/_ping":
                return web.Response(headers={"Api-Version": "1.45"})
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.Event().wait()

        async def follow(docker, ready):
            async with docker.events() as stream:
                ready.release()
                async for _ in stream:
                    pass

        async def main():
            logging.getLogger("aiohttp.server").disabled = True  # it tells of clients that leave
            asyncio.get_running_loop().slow_callback_duration = 60  # nor is this about a busy machine
            runner = web.ServerRunner(web.Server(answer, handler_cancellation=True))
            await runner.setup()
            await web.UnixSite(runner, os.environ["SOCKET"]).start()
            async with Session() as session:
                docker = session.docker("unix://" + os.environ["SOCKET"])
                ready = asyncio.Semaphore(0)
                tasks = [asyncio.create_task(follow(docker, ready)) for _ in range(20)]
                for _ in tasks:
                    await ready.acquire()
                tasks += [asyncio.create_task(docker.info()) for _ in range(20)]
                await asyncio.sleep(0)
            done = await asyncio.gather(*tasks, return_exceptions=True)
            await runner.cleanup()
            print({type(one).__name__ for one in done})

        asyncio.run(main())
    """)
    environment = {**os.environ, "SOCKET": str(tmp_path / "s")}
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", program]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("{'Closed'}\n", "", 0)


async def test_a_session_that_is_forgotten_warns(engine):
    session = Session()
    await session.docker(engine.url).info()
    # aiohttp warns of its own on top, when it is dropped unclosed; here only ours is looked at
    connections = session._connections
    with pytest.warns(ResourceWarning, match="a session, was never closed"):
        connections.__del__()
    await session.close()


# Limits


async def test_a_hundred_followers_never_delay_a_call(engine):
    async with Session(limits=Limits(calls=1)) as session, contextlib.AsyncExitStack() as streams:
        docker = session.docker(engine.url)
        for _ in range(100):
            await streams.enter_async_context(docker.events())
        assert session.stats().open_streams == 100
        async with asyncio.timeout(5):
            assert (await docker.info())["ID"] == "fake"
        assert session.stats().waiting == 0


async def test_the_fifth_of_four_calls_waits_its_turn(engine):
    async with Session(limits=Limits(calls=4)) as session:
        docker = session.docker(engine.url)
        await docker.info()
        asked_before = len(engine.asked)
        calls = [asyncio.create_task(docker.request("GET", "/slow")) for _ in range(5)]
        await engine.arrived("slow", 4)
        while session.stats().waiting != 1:
            await asyncio.sleep(0)
        assert session.stats().open_calls == 4
        assert len(engine.asked) - asked_before == 4
        with pytest.raises(TimedOut, match=r"no connection was free within 0\.05 s"):
            await docker.info(timeout=Timeout(pool=0.05))
        assert session.stats().waiting == 1
        engine.release.set()
        assert await asyncio.gather(*calls) == [{"ID": "fake"}] * 5
        now = session.stats()
        assert (now.open_calls, now.open_streams, now.waiting) == (0, 0, 0)


async def test_a_client_says_how_long_its_calls_wait_for_a_connection(engine):
    async with Session(limits=Limits(calls=1, streams=1)) as session:
        docker = session.docker(engine.url)
        hurried = session.docker(engine.url, timeout=Timeout(pool=0.05))
        call = asyncio.create_task(docker.request("GET", "/slow"))
        await engine.arrived("slow", 1)
        async with docker.events():
            with pytest.raises(TimedOut, match="no connection was free"):
                await hurried.ping()
            with pytest.raises(TimedOut, match="no connection was free"):
                await hurried.events()
        engine.release.set()
        await call
        assert (await hurried.ping()).api_version == "1.45"


async def test_streams_of_all_clients_share_one_bound():
    async with Engine() as one, Engine() as other, Session(limits=Limits(streams=2)) as session:
        first, second = session.docker(one.url), session.docker(other.url)
        async with first.events(), second.events():
            waits = asyncio.create_task(second.events().__aenter__())
            while session.stats().waiting != 1:
                await asyncio.sleep(0)
        stream = await waits
        assert session.stats().open_streams == 1
        await stream.aclose()


async def test_one_who_is_cancelled_while_waiting_gives_the_turn_on(engine):
    async with Session(limits=Limits(calls=1)) as session:
        docker = session.docker(engine.url)
        first = asyncio.create_task(docker.request("GET", "/slow"))
        await engine.arrived("slow", 1)
        second, third = asyncio.create_task(docker.info()), asyncio.create_task(docker.info())
        while session.stats().waiting != 2:
            await asyncio.sleep(0)
        second.cancel()
        engine.release.set()
        await first
        assert (await third)["ID"] == "fake"
        assert second.cancelled()
        assert session.stats().open_calls == session.stats().waiting == 0


# What clients share


async def test_clients_of_one_address_share_its_connections(engine):
    async with Session() as session:
        for _ in range(10):
            await session.docker(engine.url).ping()
        assert engine.connections == 1
        assert session.stats().requests == session.docker(engine.url).stats().requests == 10


async def test_the_sessions_credentials_are_used_but_a_clients_own_win(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)

    fine = answering(lambda asked: answered())
    async with ScriptedServer(fine) as server, Session(credentials=Credentials("session", "s")) as session:
        await session.index(server.url).login()
        await session.index(server.url, credentials=Credentials("own", "o")).login()
    sent = [base64.b64decode(one.headers["Authorization"].removeprefix("Basic ")) for one in server.asked]
    assert sent == [b"session:s", b"own:o"]


async def test_a_client_may_be_closed_before_its_session(engine):
    async with Session() as session:
        docker, other = session.docker(engine.url), session.docker(engine.url)
        async with docker:
            await docker.info()
        with pytest.raises(Closed):
            await docker.info()
        assert (await other.info())["ID"] == "fake"


async def test_user_agent_and_traces_hold_for_every_client(engine):
    traced = []

    async def started(session, context, params):
        traced.append(params.url.path)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    async with Session(user_agent="mine/1", trace_configs=[trace]) as session:
        await session.docker(engine.url).ping()
        await session.index(engine.url, proxy=None).register("a", "b", "c")
    assert [one.headers["User-Agent"] for one in engine.asked] == ["mine/1", "mine/1"]
    assert traced == ["/_ping", "/users/"]


async def test_clients_keep_their_own_settings(engine, monkeypatch):
    async with Session() as session:
        docker = session.docker(f"{engine.url}/prefix", version="1.44", timeout=Timeout(total=0.05))
        with pytest.raises(TimedOut):
            await docker.request("GET", "/slow")
        assert engine.asked[0].target == "/prefix/v1.44/slow"
        with pytest.raises(BadAddress):
            session.docker("nonsense://x")
        with pytest.raises(BadAddress):
            session.index("tcp://x:1")
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        assert (await session.docker().ping()).api_version == "1.45"


async def test_a_session_shows_what_it_has_open(engine):
    async with Session() as session:
        docker = session.docker(engine.url)
        assert isinstance(docker, Docker)
        async with docker.events():
            assert repr(session) == "<Session 0 calls, 1 streams, 0 waiting>"
        assert repr(session) == "<Session 0 calls, 0 streams, 0 waiting>"
    assert repr(session) == "<Session closed>"


def test_nothing_is_opened_by_making_clients():
    before = descriptors()
    session = Session()
    clients = [session.docker("tcp://127.0.0.1:1"), session.index(), session.docker("unix:///nowhere")]
    assert descriptors() == before
    assert [type(one) for one in clients] == [Docker, Index, Docker]
