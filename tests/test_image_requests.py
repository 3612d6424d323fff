"""What image operations send, to the letter."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses

from aiodockerhub import Credentials, Docker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import yarl


class Response(ClientResponse):
    """aiohttp's, with what aioresponses does not know of yet: the stream that the request was written to."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*arguments, **settings)


@pytest.fixture
def mocked() -> Iterator[aioresponses]:
    with aioresponses() as mock:
        yield mock


@pytest.fixture
async def docker() -> AsyncIterator[Docker]:
    async with Docker("tcp://127.0.0.1:9", version="1.55") as client:
        yield client


async def sent(mocked: aioresponses, docker: Docker, ask: Any, *, method: str, body: str) -> tuple[yarl.URL, dict]:
    """The URL and the settings of the one request that `ask` makes, which is answered with `body`."""
    seen = []

    def answer(url: yarl.URL, **settings: Any) -> None:
        seen.append((url, settings))

    mocked.add(re.compile(".*"), method=method, body=body, callback=answer, response_class=Response)
    await ask(docker)
    ((url, settings),) = seen
    return url, settings


LISTED = {"all": "1", "shared-size": "1", "digests": "0", "manifests": "1", "identity": "1"}


async def test_every_parameter_of_list_is_sent(mocked: aioresponses, docker: Docker) -> None:
    url, _ = await sent(
        mocked,
        docker,
        lambda docker: docker.images.list(
            all=True,
            filters={"dangling": True, "label": ["a=b", "c"]},
            shared_size=True,
            digests=False,
            manifests=True,
            identity=True,
        ),
        method="GET",
        body="[]",
    )
    asked = dict(url.query)
    assert json.loads(asked.pop("filters")) == {"dangling": ["true"], "label": ["a=b", "c"]}
    assert url.path == "/v1.55/images/json"
    assert asked == LISTED


async def test_every_parameter_of_build_is_sent(mocked: aioresponses, docker: Docker) -> None:
    url, settings = await sent(
        mocked,
        docker,
        lambda docker: docker.images.build(
            fileobj="FROM scratch\n",
            tag=["a", "b"],
            build_args={"A": "1", "B": None},
            labels={"l": "v"},
            target="t",
            platform="linux/arm64",
            no_cache=True,
            cache_from=["c"],
            pull=True,
            rm=True,
            force_rm=True,
            quiet=False,
            network_mode="host",
            extra_hosts={"h": "127.0.0.1"},
            memory=1,
            memory_swap=2,
            cpu_shares=3,
            cpu_set="0-1",
            cpu_period=4,
            cpu_quota=5,
            shm_size=6,
            squash=True,
            outputs="[]",
            version="1",
            auth={"127.0.0.1:5000": Credentials("alice", "s3cret>>>???")},
        ),
        method="POST",
        body='{"aux":{"ID":"sha256:1"}}\n',
    )
    asked = {name: url.query.getall(name) for name in url.query}
    assert asked.pop("t") == ["a", "b"]
    assert json.loads(asked.pop("buildargs")[0]) == {"A": "1", "B": None}
    assert json.loads(asked.pop("labels")[0]) == {"l": "v"}
    assert json.loads(asked.pop("cachefrom")[0]) == ["c"]
    assert {name: one for name, (one,) in asked.items()} == {
        "target": "t",
        "platform": "linux/arm64",
        "nocache": "1",
        "pull": "1",
        "rm": "1",
        "forcerm": "1",
        "q": "0",
        "networkmode": "host",
        "extrahosts": "h:127.0.0.1",
        "memory": "1",
        "memswap": "2",
        "cpushares": "3",
        "cpusetcpus": "0-1",
        "cpuperiod": "4",
        "cpuquota": "5",
        "shmsize": "6",
        "squash": "1",
        "outputs": "[]",
        "version": "1",
    }
    config = json.loads(base64.urlsafe_b64decode(settings["headers"]["X-Registry-Config"]))
    assert config["127.0.0.1:5000"]["password"] == "s3cret>>>???"


@pytest.mark.parametrize("password", ["wonderland", ">>>???", "пароль 密码", 'quo"te\\'])
async def test_credentials_are_sent_in_the_alphabet_of_urls(
    mocked: aioresponses, docker: Docker, password: str
) -> None:
    _, settings = await sent(
        mocked,
        docker,
        lambda docker: docker.images.push(
            "127.0.0.1:5000/a:1", auth=Credentials("ålice", password, email="a@example.com")
        ),
        method="POST",
        body='{"aux":{"Tag":"1","Digest":"sha256:1","Size":1}}',
    )
    header = settings["headers"]["X-Registry-Auth"]
    assert "+" not in header
    assert "/" not in header
    assert json.loads(base64.urlsafe_b64decode(header)) == {
        "username": "ålice",
        "password": password,
        "email": "a@example.com",
        "serveraddress": "127.0.0.1:5000",
    }


async def test_a_push_by_nobody_says_so(
    mocked: aioresponses, docker: Docker, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    url, settings = await sent(
        mocked, docker, lambda docker: docker.images.push("127.0.0.1:5000/a"), method="POST", body=""
    )
    assert settings["headers"]["X-Registry-Auth"] == "e30="
    assert url.path == "/v1.55/images/127.0.0.1:5000/a/push"
    assert dict(url.query) == {"tag": "latest"}


async def test_every_parameter_of_import_is_sent(mocked: aioresponses, docker: Docker) -> None:
    url, _ = await sent(
        mocked,
        docker,
        lambda docker: docker.images.import_url(
            "http://127.0.0.1/root.tar?x=1&y=2", repo="r", tag="t", message="m", changes=["A 1", "B 2"], platform="p"
        ),
        method="POST",
        body='{"status":"sha256:1"}',
    )
    assert {name: url.query.getall(name) for name in url.query} == {
        "fromSrc": ["http://127.0.0.1/root.tar?x=1&y=2"],
        "repo": ["r"],
        "tag": ["t"],
        "message": ["m"],
        "changes": ["A 1", "B 2"],
        "platform": ["p"],
    }


async def test_every_parameter_of_remove_is_sent(mocked: aioresponses, docker: Docker) -> None:
    url, _ = await sent(
        mocked,
        docker,
        lambda docker: docker.images.remove("a/b:c", force=True, no_prune=True, platforms=["linux/arm/v7"]),
        method="DELETE",
        body="[]",
    )
    assert url.path == "/v1.55/images/a/b:c"
    assert json.loads(url.query["platforms"]) == {"os": "linux", "architecture": "arm", "variant": "v7"}
    assert (url.query["force"], url.query["noprune"]) == ("1", "1")
