"""What a name can reach, and what has no method of its own, on real engines."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from typing import TYPE_CHECKING

import pytest
from scripted_server import ScriptedServer, answered, answering

from aiodockerhub import Docker
from aiodockerhub.errors import (
    APIError,
    BadParameter,
    BadRequest,
    Conflict,
    ContainerNotFound,
    DockerError,
    ImageNotFound,
    NotFound,
    Redirected,
)
from aiodockerhub.wire.messages import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rig import Engine

LEADING_ELSEWHERE = ["../../info", "..", ".", "", "a/../../info", "x\n", "x\r\nHost: y", "x\0", "/", "a//b", "./x"]
PATIENCE = 30


@pytest.fixture
async def docker(engine: Engine) -> AsyncIterator[Docker]:
    async with Docker(engine.base_url) as made:
        yield made


@contextlib.asynccontextmanager
async def tagged(docker, image, name):
    repository, _, tag = name.rpartition(":")
    await docker.request("POST", f"/images/{image}/tag", params={"repo": repository, "tag": tag})
    try:
        yield
    finally:
        await docker.request("DELETE", f"/images/{name}")


# Names


@pytest.mark.parametrize("name", LEADING_ELSEWHERE)
async def test_a_name_that_leads_elsewhere_is_not_sent(name):
    async with ScriptedServer(answering(lambda asked: answered({}))) as server, Docker(server.url) as docker:
        for call in (
            docker.containers.inspect(name),
            docker.containers.start(name),
            docker.containers.remove(name),
            docker.images.inspect(name),
            docker.images.remove(name),
            docker.images.history(name),
        ):
            with pytest.raises(BadParameter):
                await call
        with pytest.raises(BadParameter):
            await docker.containers.logs(name)
        assert server.asked == []


@pytest.mark.parametrize("name", [*LEADING_ELSEWHERE, "..%2F..%2Finfo", "%2e%2e/%2e%2e/info"])
async def test_a_name_reaches_no_other_endpoint_of_an_engine(docker: Docker, name):
    """Quoted once more, what looks quoted is only an odd name that nothing has."""
    for ask in (docker.containers.inspect, docker.images.inspect, docker.containers.start, docker.images.history):
        with pytest.raises((BadParameter, APIError)) as refused:
            await ask(name)
        assert isinstance(refused.value, BadParameter) or "%25" in refused.value.path


async def test_an_engine_that_shows_the_way_out_of_a_path_is_not_followed(docker: Docker, engine: Engine):
    """What happens without our own quoting: dockerd cleans the path, and redirects to what is left of it."""
    major, minor = await docker._engine.version()
    with pytest.raises(NotFound if engine.role == "podman" else Redirected) as raised:
        await docker._http.call(Request("GET", f"/v{major}.{minor}/containers/..%2F..%2Finfo/json"))
    assert engine.role == "podman" or "/info/json" in str(raised.value)


@pytest.mark.parametrize("path", ["/../info", "/containers/../info", "/containers/%2e%2e/info", "/a//b", "info", ""])
async def test_a_path_that_leads_elsewhere_is_not_sent(path):
    async with ScriptedServer(answering(lambda asked: answered({}))) as server, Docker(server.url) as docker:
        with pytest.raises(BadParameter):
            await docker.request("GET", path)
        assert server.asked == []


async def test_odd_but_legal_names_work(docker: Docker, busybox: str):
    for name in (f"rig/deep/er/na__me.x-{time.time_ns()}:v1.0_x-", f"localhost:5000/a{time.time_ns()}:latest"):
        async with tagged(docker, busybox, name):
            found = await docker.images.inspect(name)
            assert found["Id"] == (await docker.images.inspect(busybox))["Id"]
            assert (await docker.images.inspect(found["Id"]))["Id"] == found["Id"]
            assert await docker.images.history(name)
    name = f"odd.name_with-all{time.time_ns()}"
    created = await docker.request("POST", "/containers/create", params={"name": name}, json={"Image": busybox})
    try:
        assert (await docker.containers.inspect(name))["Id"] == created["Id"]
    finally:
        await docker.request("DELETE", f"/containers/{name}")


async def test_odd_names_of_things_that_are_not_there_are_not_found(docker: Docker):
    for name in ("größe", "a b", "a?b=c", "a#b", "100%", "x:y@z+w"):
        with pytest.raises((NotFound, BadRequest)):
            await docker.containers.inspect(name)


# What engines say


async def test_an_engine_tells_what_it_is(docker: Docker):
    info, version = await docker.info(), await docker.version()
    assert info["ServerVersion"] == version["Version"]
    for ping in (await docker.ping(), await docker.ping(head=True)):
        assert ping.api_version == version["ApiVersion"]
        assert ping.os_type in ("linux", None)
        assert ping.experimental in (True, False)


async def test_what_an_engine_does_not_have_is_not_found(docker: Docker, engine: Engine):
    with pytest.raises(ImageNotFound, match=r"\(GET /v1\.\d+/images/no/such:thing/json -> 404\)$") as image:
        await docker.images.inspect("no/such:thing")
    assert image.value.status == 404
    assert "no/such" in image.value.message or "no such" in image.value.message.lower()
    with pytest.raises(ContainerNotFound):
        await docker.containers.inspect("nothing-of-that-name")
    with pytest.raises(NotFound):
        await docker.request("GET", "/nothing/of/that/kind")
    with pytest.raises((BadRequest, NotFound, DockerError)) as refused:
        await docker.request("POST", "/containers/create", json={"Image": ""})
    assert refused.value.status >= 400


async def test_what_has_no_method_is_one_call_away(docker: Docker, busybox: str):
    assert (await docker.request("GET", "/info"))["ServerVersion"]
    assert await docker.request("GET", "/_ping") == b"OK"
    name = f"asked-{time.time_ns()}"
    made = await docker.request(
        "POST", "/containers/create", params={"name": name}, json={"Image": busybox, "Labels": {"a": "1"}}
    )
    filters = {"label": ["a=1"], "name": [name]}
    listed = await docker.request("GET", "/containers/json", params={"all": True, "filters": filters})
    assert [one["Id"] for one in listed] == [made["Id"]]
    with pytest.raises(Conflict, match=name):
        await docker.request("POST", "/containers/create", params={"name": name}, json={"Image": busybox})
    assert await docker.request("DELETE", f"/containers/{name}", params={"force": True}) is None
    with pytest.raises(ContainerNotFound):
        await docker.request("DELETE", f"/containers/{name}")


async def test_what_has_no_stream_is_one_call_away(docker: Docker):
    until = int(time.time())
    async for line in docker.stream("GET", "/events", params={"since": until - 1, "until": until}):
        assert isinstance(line, dict)
    with pytest.raises(NotFound):
        await docker.stream("GET", "/nothing/of/that/kind")


# Events


def names(event):
    """Podman completes a name, as in docker.io/library/..."""
    return event.actor.attributes.get("name", "")


async def test_a_live_event_is_seen(docker: Docker, busybox: str):
    name = f"live-{time.time_ns()}:one"

    async def first_tag(stream):
        async for event in stream:
            if name in names(event):
                return event
        return None

    async with docker.events(filters={"type": "image", "event": "tag"}) as stream, tagged(docker, busybox, name):
        event = await asyncio.wait_for(first_tag(stream), PATIENCE)
    assert (event.type, event.action) == ("image", "tag")
    assert abs(event.time - time.time()) < 3600
    assert event.time_nano // 10**9 == event.time


async def test_events_between_two_moments_end_by_themselves(docker: Docker, busybox: str):
    name = f"past-{time.time_ns()}:one"
    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    async with tagged(docker, busybox, name):
        pass
    until = int(time.time()) + 2  # podman shows what was before, too, only while it waits for what comes
    typed = docker.events(since=since, until=until, filters={"type": "image"})
    plain = docker.events(since=int(since.timestamp()), until=str(until))
    nothing = docker.events(since=since, until=until, filters={"label": ["no=such", "label"], "type": ["container"]})

    async def all_of(stream):
        return [event async for event in stream]

    async with asyncio.timeout(PATIENCE):
        events, dicts, none = await asyncio.gather(all_of(typed), all_of(plain.raw), all_of(nothing))
    assert "tag" in {event.action for event in events if name in names(event)}
    assert {event.type for event in events} == {"image"}
    assert any(name in one["Actor"]["Attributes"].get("name", "") for one in dicts if one["Action"] == "tag")
    assert none == []
    assert typed.outcome is plain.outcome is nothing.outcome is None
