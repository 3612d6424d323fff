"""One API version for all calls: asked once, fixed, capped, refused, and asked anew when the engine was exchanged."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from scripted_server import ScriptedServer, answered, answering

from aiodockerhub import Docker, Timeout
from aiodockerhub.engine.versions import NEWEST
from aiodockerhub.errors import (
    BadRequest,
    EngineUnreachable,
    ProtocolViolated,
    ServerError,
    TimedOut,
    VersionTooLow,
)

if TYPE_CHECKING:
    from rig import Engine

MANY = 100


class Exchangeable:
    """An engine that speaks `version`, and refuses what is newer as engines do."""

    def __init__(self, version="1.45"):
        self.version = version
        self.posted = []

    def __call__(self, asked):
        if asked.path == "/_ping":
            return answered(b"OK", version=self.version)
        spoken = asked.path.split("/")[1].removeprefix("v")
        if numbers(spoken) > numbers(self.version):
            words = f"client version {spoken} is too new. Maximum supported API version is {self.version}"
            return answered({"message": words}, 400, self.version)
        if asked.method == "POST":
            self.posted.append(asked.body)
        return answered({"Spoken": spoken}, version=self.version)


def numbers(version):
    return tuple(map(int, version.split(".")))


def pings(server):
    return sum(one.path == "/_ping" for one in server.asked)


def paths(server):
    """What was asked for, without the negotiations."""
    return [one.path for one in server.asked if one.path != "/_ping"]


# Once


async def test_a_hundred_first_calls_ask_once():
    async with ScriptedServer(answering(Exchangeable())) as server, Docker(server.url) as docker:
        assert await asyncio.gather(*(docker.info() for _ in range(MANY))) == [{"Spoken": "1.45"}] * MANY
        assert pings(server) == 1
        assert server.asked[0].path == "/_ping"
        await docker.info()
        assert pings(server) == 1


async def test_whoever_asks_may_be_cancelled_and_another_asks():
    async def script(peer):
        while True:
            asked = await peer.request()
            if peer.number > 1:
                await peer.send(Exchangeable()(asked))

    async with ScriptedServer(script) as server, Docker(server.url) as docker:
        calls = [asyncio.create_task(docker.info()) for _ in range(MANY)]
        await server.until(lambda: len(server.asked) == 1)
        calls[0].cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(done[0], asyncio.CancelledError)
        assert done[1:] == [{"Spoken": "1.45"}] * (MANY - 1)
        assert pings(server) == 2


async def test_a_follower_may_be_cancelled_and_nobody_notices():
    asked_first = asyncio.Event()

    async def script(peer):
        while True:
            asked = await peer.request()
            if asked.path == "/_ping":
                await asked_first.wait()
            await peer.send(Exchangeable()(asked))

    async with ScriptedServer(script) as server, Docker(server.url) as docker:
        calls = [asyncio.create_task(docker.info()) for _ in range(3)]
        await server.until(lambda: len(server.asked) == 1)
        calls[1].cancel()
        asked_first.set()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(one) for one in done] == [dict, asyncio.CancelledError, dict]
        assert pings(server) == 1


async def test_a_failed_negotiation_fails_all_who_wait_and_poisons_nothing():
    engine = Exchangeable()
    broken = True

    def answer(asked):
        return answered({"message": "starting up"}, 503) if broken else engine(asked)

    async with ScriptedServer(answering(answer)) as server, Docker(server.url) as docker:
        done = await asyncio.gather(*(docker.info() for _ in range(MANY)), return_exceptions=True)
        assert {type(one) for one in done} == {ServerError}
        assert {str(one) for one in done} == {"starting up (GET /_ping -> 503)"}
        assert (
            len({id(one) for one in done}) == MANY
        )  # an error of one's own, since it keeps the frames it went through
        assert pings(server) == 1
        broken = False
        assert await docker.info() == {"Spoken": "1.45"}
        assert pings(server) == 2


async def test_a_missing_engine_may_come_later(tmp_path):
    path = str(tmp_path / "s")
    async with Docker(f"unix://{path}") as docker:
        for _ in range(2):
            with pytest.raises(EngineUnreachable):
                await docker.info()
        async with ScriptedServer(answering(Exchangeable()), socket=path):
            assert await docker.info() == {"Spoken": "1.45"}


@pytest.mark.parametrize("client", [None, 30, Timeout(total=None)])
async def test_the_first_call_waits_no_longer_than_it_may_and_leaves_the_others_waiting(client):
    answer = asyncio.Event()

    async def script(peer):
        while True:
            asked = await peer.request()
            await answer.wait()
            await peer.send(Exchangeable()(asked))

    async with ScriptedServer(script) as server, Docker(server.url, timeout=client) as docker:
        hurried = [asyncio.create_task(docker.info(timeout=0.05)) for _ in range(2)]
        patient = asyncio.create_task(docker.info(timeout=None))
        stream = asyncio.create_task(docker.events(timeout=0.05).__aenter__())
        done = await asyncio.gather(*hurried, stream, return_exceptions=True)
        assert {type(one) for one in done} == {TimedOut}
        assert str(done[0]) == f"{server.url} took longer than 0.05 s (GET /info)"
        answer.set()
        assert await patient == {"Spoken": "1.45"}
        assert (docker.stats().open_calls, docker.stats().waiting) == (0, 0)


# Fixed, capped, refused


async def test_a_version_that_was_given_is_not_asked_for(monkeypatch):
    async with ScriptedServer(answering(Exchangeable())) as server:
        async with Docker(server.url, version="1.42") as docker:
            assert await docker.info() == {"Spoken": "1.42"}
        monkeypatch.setenv("DOCKER_API_VERSION", "v1.43")
        async with Docker(server.url) as docker:
            assert await docker.info() == {"Spoken": "1.43"}
        async with Docker(server.url, version="1.44") as docker:
            assert await docker.info() == {"Spoken": "1.44"}
        async with Docker(server.url, version="auto") as docker:
            assert await docker.info() == {"Spoken": "1.43"}
        assert pings(server) == 0


async def test_a_version_that_was_given_stays_though_the_engine_refuses_it():
    async with ScriptedServer(answering(Exchangeable("1.41"))) as server, Docker(server.url, version="1.51") as docker:
        for _ in range(2):
            with pytest.raises(BadRequest, match=r"client version 1\.51 is too new.* \(GET /v1\.51/info -> 400\)"):
                await docker.info()
        assert paths(server) == ["/v1.51/info"] * 2
        assert pings(server) == 0


@pytest.mark.parametrize(
    ("theirs", "spoken"), [("1.41", "1.41"), ("1.47", "1.47"), (NEWEST, NEWEST), ("1.99", NEWEST), ("2.0", NEWEST)]
)
async def test_the_newest_version_that_both_know_is_spoken(theirs, spoken):
    async with ScriptedServer(answering(Exchangeable(theirs))) as server, Docker(server.url) as docker:
        assert await docker.info() == {"Spoken": spoken}


@pytest.mark.parametrize("theirs", ["1.40", "1.24", "0.9"])
async def test_an_engine_that_is_too_old_is_told(theirs):
    async with ScriptedServer(answering(Exchangeable(theirs))) as server, Docker(server.url) as docker:
        with pytest.raises(VersionTooLow, match=f"needs engine API 1.41 or newer, this engine speaks {theirs}") as told:
            await docker.info()
        assert (told.value.needs, told.value.has) == ("1.41", theirs)
        assert paths(server) == []
        assert (await docker.ping()).api_version == theirs


async def test_an_engine_that_names_its_version_in_the_body_alone():
    def answer(asked):
        return answered({"ApiVersion": "1.44"} if asked.path == "/version" else {"At": asked.path}, version=None)

    async with ScriptedServer(answering(answer)) as server, Docker(server.url) as docker:
        assert await docker.info() == {"At": "/v1.44/info"}


@pytest.mark.parametrize(
    "answer",
    [
        answered(b"<html>hello</html>", version=None),
        answered({"ApiVersion": 1.44}, version=None),
        answered([], version=None),
        answered(b"", version=None),
        answered(b"OK", version="nonsense"),
        answered(b"OK", version="1.44.1"),
    ],
)
async def test_what_is_no_engine_is_told(answer):
    async with ScriptedServer(answering(lambda asked: answer)) as server, Docker(server.url) as docker:
        with pytest.raises(ProtocolViolated):
            await docker.info()


@pytest.mark.usefixtures("busybox")
async def test_every_engine_is_spoken_to_in_its_own_version(engine: Engine):
    async with Docker(engine.base_url) as docker:
        told = (await docker.ping()).api_version
        assert told == (await docker.version())["ApiVersion"]
        assert await docker._engine.version() == min(numbers(told), numbers(NEWEST))
        assert (await docker.info())["ID"]


# Too new for the engine


async def test_what_is_too_new_is_not_sent():
    async with ScriptedServer(answering(Exchangeable("1.41"))) as server, Docker(server.url) as docker:
        with pytest.raises(VersionTooLow, match=r"ImageHistory\(platform\) needs engine API 1\.48 or newer") as told:
            await docker.images.history("busybox", platform="linux/amd64")
        assert (told.value.needs, told.value.has) == ("1.48", "1.41")
        with pytest.raises(VersionTooLow, match=r"this engine speaks 1\.41"):
            await docker._engine.call("ImageAttestations", "GET", "/images/{*}/attestations", "busybox")
        assert paths(server) == []
        assert await docker.images.history("busybox") == {"Spoken": "1.41"}


# Exchanged under a living client


async def test_an_older_engine_behind_a_living_connection_is_asked_anew():
    engine = Exchangeable("1.51")
    async with ScriptedServer(answering(engine)) as server, Docker(server.url) as docker:
        assert await docker.info() == {"Spoken": "1.51"}
        engine.version = "1.41"
        assert await docker.info() == {"Spoken": "1.41"}
        assert [one.path for one in server.asked] == [
            *("/_ping", "/v1.51/info"),
            *("/v1.51/info", "/_ping", "/v1.41/info"),
        ]


async def test_a_post_that_an_older_engine_refused_is_sent_once_more_with_its_body():
    engine = Exchangeable("1.51")
    async with ScriptedServer(answering(engine)) as server, Docker(server.url) as docker:
        await docker.info()
        engine.version = "1.42"
        assert await docker.request("POST", "/x", json={"a": [1]}) == {"Spoken": "1.42"}
        assert engine.posted == [b'{"a":[1]}']
        assert paths(server)[1:] == ["/v1.51/x", "/v1.42/x"]
        assert {one.headers["content-type"] for one in server.asked if one.method == "POST"} == {"application/json"}


async def test_a_stream_that_an_older_engine_refused_begins_once_more():
    engine = Exchangeable("1.51")
    async with ScriptedServer(answering(engine)) as server, Docker(server.url) as docker:
        await docker.info()
        engine.version = "1.42"
        assert [line async for line in docker.stream("GET", "/x")] == [{"Spoken": "1.42"}]


async def test_a_hundred_calls_on_an_exchanged_engine_ask_once():
    engine = Exchangeable("1.51")
    async with ScriptedServer(answering(engine)) as server, Docker(server.url) as docker:
        await docker.info()
        engine.version = "1.41"
        assert await asyncio.gather(*(docker.info() for _ in range(MANY))) == [{"Spoken": "1.41"}] * MANY
        assert pings(server) == 2


async def test_an_engine_that_refuses_its_own_version_is_asked_no_third_time():
    def contrary(asked):
        if asked.path == "/_ping":
            return answered(b"OK", version="1.45")
        return answered({"message": "client version 1.45 is too new. Maximum supported API version is 1.41"}, 400)

    async with ScriptedServer(answering(contrary)) as server, Docker(server.url) as docker:
        with pytest.raises(BadRequest, match="too new"):
            await docker.info()
        assert paths(server) == ["/v1.45/info"] * 2


async def test_a_newer_engine_behind_a_living_connection_is_asked_anew():
    engine = Exchangeable("1.41")
    async with ScriptedServer(answering(engine)) as server, Docker(server.url) as docker:
        assert await docker.info() == {"Spoken": "1.41"}
        engine.version = "1.51"
        assert await docker.info() == {"Spoken": "1.41"}  # its answer names the new version
        assert await docker.info() == {"Spoken": "1.51"}
        assert await docker.info() == {"Spoken": "1.51"}
        assert pings(server) == 2


@pytest.mark.parametrize(("before", "after"), [("1.51", "1.41"), ("1.41", "1.51")])
async def test_an_engine_that_was_away_is_asked_anew(before, after, tmp_path):
    path = str(tmp_path / "s")
    async with Docker(f"unix://{path}") as docker:
        async with ScriptedServer(answering(Exchangeable(before)), socket=path):
            assert await docker.info() == {"Spoken": before}
        with pytest.raises(EngineUnreachable):
            await docker.info()
        async with ScriptedServer(answering(Exchangeable(after)), socket=path) as server:
            assert await docker.info() == {"Spoken": after}
            assert [one.path for one in server.asked] == ["/_ping", f"/v{after}/info"]


@pytest.mark.parametrize(("before", "after"), [("1.51", "1.41"), ("1.41", "1.51")])
async def test_an_engine_exchanged_between_two_calls_is_spoken_to_rightly(before, after, tmp_path):
    path = str(tmp_path / "s")
    async with Docker(f"unix://{path}") as docker:
        async with ScriptedServer(answering(Exchangeable(before)), socket=path):
            assert await docker.info() == {"Spoken": before}
        async with ScriptedServer(answering(Exchangeable(after)), socket=path):
            await docker.info()
            assert await docker.info() == {"Spoken": after}


class Relay:
    """Connects to whatever engine stands at `target`."""

    def __init__(self, path):
        self.url = f"unix://{path}"
        self.target = ""
        self._path = path
        self._open = set()

    async def __aenter__(self):
        self._server = await asyncio.start_unix_server(self._connected, self._path)
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        while self._open:
            await asyncio.sleep(0.001)

    def cut(self):
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader, writer):
        there, to_there = await asyncio.open_unix_connection(self.target.removeprefix("unix://"))
        self._open |= {writer, to_there}
        await asyncio.gather(self._pump(reader, to_there), self._pump(there, writer))
        self._open -= {writer, to_there}

    async def _pump(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


async def test_real_engines_exchanged_under_one_address(rig, tmp_path):
    async with Relay(tmp_path / "engine.sock") as relay, Docker(relay.url) as docker:
        for role in ("newest", "oldest", "stable", "podman", "newest"):
            relay.target = rig.engine(role).base_url
            relay.cut()
            await docker.info()  # the head of the answer tells a newer engine, a refusal an older one
            async with Docker(relay.target) as alone:
                assert (await docker.info())["ServerVersion"] == (await alone.info())["ServerVersion"]
                assert await docker._engine.version() == await alone._engine.version()
