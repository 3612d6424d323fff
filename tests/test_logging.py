"""Seen from outside: the log, traces, headers and reprs, and never a secret in them."""

from __future__ import annotations

import json
import logging
import re

import aiohttp
import pytest
from scripted_server import ScriptedServer, answered, answering, once

import aiodockerhub
from aiodockerhub import Docker, Limits
from aiodockerhub.errors import DockerError

SECRET = "hunter2"


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
async def server():
    async with ScriptedServer(
        answering(lambda asked: answered({}, 404 if asked.path.endswith("/y") else 200))
    ) as running:
        yield running


def said(log):
    """The library's lines, their durations blotted out."""
    lines = [record for record in log.records if record.name.startswith("aiodockerhub")]
    assert {record.levelno for record in lines} <= {logging.DEBUG}
    return [re.sub(r"\d+\.\d ms", "N ms", record.getMessage()) for record in lines]


async def test_every_request_has_a_line(log, server):
    async with Docker(server.url) as docker:
        await docker.info()
        await docker.request("POST", "/x", params={"token": SECRET}, json={"password": SECRET}, headers={"X": SECRET})
        with pytest.raises(DockerError):
            await docker.request("DELETE", "/y")
        await docker.stream("GET", "/z", params={"token": SECRET})
    assert said(log) == [
        "GET /_ping -> 200 in N ms",
        "GET /v1.45/info -> 200 in N ms",
        "POST /v1.45/x -> 200 in N ms",
        "DELETE /v1.45/y -> 404 in N ms",
        "GET /v1.45/z -> 200 in N ms",
    ]
    assert SECRET not in log.text


async def test_a_request_that_failed_has_a_line_too(log):
    async with Docker("unix:///no/such.sock", version="1.45") as docker:
        with pytest.raises(DockerError):
            await docker.request("GET", "/x", params={"token": SECRET})
    assert said(log) == ["GET /v1.45/x failed: EngineUnreachable, since: UnixClientConnectorError ENOENT"]
    assert SECRET not in log.text


async def test_waiting_for_a_connection_has_a_line(log):
    async with ScriptedServer(once(answered({}))) as server:
        docker = Docker(server.url, version="1.45", limits=Limits(streams=1))
        async with docker, docker.events():
            with pytest.raises(DockerError):
                await docker.events(timeout=0.05)
    assert "waiting for a free connection: 1 wait" in said(log)


async def test_nothing_is_logged_above_debug_and_nothing_without_being_asked(caplog):
    caplog.set_level(logging.INFO)
    async with ScriptedServer(answering(lambda asked: answered({}))) as server, Docker(server.url) as docker:
        await docker.info()
    assert said(caplog) == []


def test_the_library_leaves_the_set_up_of_logging_alone():
    for name in list(logging.Logger.manager.loggerDict):
        if name.startswith("aiodockerhub"):
            logger = logging.getLogger(name)
            assert not logger.handlers
            assert logger.propagate


async def test_aiohttps_traces_are_passed_through(server):
    seen = []
    trace = aiohttp.TraceConfig()

    def note(name):
        async def noted(session, context, parameters):
            seen.append(name)

        return noted

    for signal in (
        "request_start",
        "connection_create_end",
        "connection_reuseconn",
        "request_end",
        "request_exception",
    ):
        getattr(trace, f"on_{signal}").append(note(signal))
    async with Docker(server.url, version="1.45", trace_configs=[trace]) as docker:
        await docker.info()
        await docker.request("POST", "/x")
        await docker.stream("GET", "/x")
    call, again = ["request_start", "connection_create_end", "request_end"], ["request_start", "connection_reuseconn"]
    assert seen == [*call, *again, "request_end", *call]


async def test_a_trace_that_fails_is_the_callers_own_matter_and_poisons_nothing(server):
    broken = [LookupError("in a trace"), OSError("in a trace")]
    trace = aiohttp.TraceConfig()

    async def fail(session, context, parameters):
        if broken:
            raise broken.pop(0)

    trace.on_request_start.append(fail)
    async with Docker(server.url, trace_configs=[trace]) as docker:
        with pytest.raises(LookupError, match="in a trace"):
            await docker.info()
        with pytest.raises((OSError, DockerError)):
            await docker.info()
        assert await docker.info() == {}
        assert docker.stats().open_calls == 0


@pytest.mark.parametrize(("given", "sent"), [(None, None), ("my-tool/1.2", "my-tool/1.2")])
async def test_the_user_agent_is_ours_or_the_callers(given, sent, server):
    async with Docker(server.url, user_agent=given) as docker:
        await docker.info()
        await docker.stream("GET", "/x")
    ours = f"aiodockerhub/{aiodockerhub.__version__} aiohttp/{aiohttp.__version__}"
    assert {one.headers["user-agent"] for one in server.asked} == {sent or ours}


async def test_headers_of_config_json_are_sent_and_not_shown(monkeypatch, tmp_path, log):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    config = {"HttpHeaders": {"X-Meta": SECRET, "User-Agent": "of the CLI"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    async with ScriptedServer(answering(lambda asked: answered({}))) as server, Docker(server.url) as docker:
        await docker.info()
        await docker.stream("GET", "/x", headers={"X-Meta": "of the call"})
        assert SECRET not in repr(docker) + log.text
    assert [one.headers["x-meta"] for one in server.asked] == [SECRET, SECRET, "of the call"]
    assert all(one.headers["user-agent"].startswith("aiodockerhub/") for one in server.asked)


async def test_bytes_are_asked_for_as_they_are():
    async with ScriptedServer(answering(lambda asked: answered({}))) as server, Docker(server.url) as docker:
        await docker.info()
    assert {one.headers["accept-encoding"] for one in server.asked} == {"identity"}


async def test_a_client_and_its_streams_are_readable(tmp_path, monkeypatch):
    docker = Docker("tcp://[::1]:2375/prefix", version="1.45")
    assert repr(docker) == "<Docker http://[::1]:2375/prefix>"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
    assert repr(Docker()) == f"<Docker unix://{tmp_path}/s (DOCKER_HOST)>"
    async with ScriptedServer(answering(lambda asked: answered(b'{"a": 1}\n'))) as server:
        async with Docker(server.url, version="1.45") as docker:
            stream = docker.stream("GET", "/x", params={"token": SECRET})
            assert repr(stream) == "<Stream GET /x: not begun>"
            async with stream:
                assert repr(stream) == "<Stream GET /x: under way>"
                await stream
            assert repr(stream) == "<Stream GET /x: ended>"
        assert repr(docker) == f"<Docker {server.url} closed>"
        assert repr(docker.stats()) == "Stats(open_calls=0, open_streams=0, waiting=0, requests=1, retries=0)"
