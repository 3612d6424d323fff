"""What is asked of an engine for each call on images: method, path, parameters and headers as the API spells them.

aioresponses sorts the parameters; where their order counts, tests on engines show it.
"""

from __future__ import annotations

import base64
import inspect
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses
from scripted_server import answered

from aiodockerhub import (
    BadParameter,
    BadReference,
    BuildSettings,
    BuildStep,
    Credentials,
    Docker,
    ImageNotFound,
    ProtocolViolated,
    PushFailed,
    Unauthorized,
    VersionTooLow,
)
from aiodockerhub.engine.build import Builds

ENGINE = "http://engine.test"
NEWEST = "1.55"
HUB_KEY = "https://index.docker.io/v1/"
DIGEST = "sha256:" + "d1" * 32
SECRET = ">>>???ÿÿ~"  # its base64 has both + and /


class _Response(ClientResponse):
    """aiohttp asks who wrote the request since 3.14; aioresponses does not say."""

    def __init__(self, *args, **kwargs):
        if "stream_writer" in inspect.signature(ClientResponse).parameters:
            kwargs["stream_writer"] = SimpleNamespace(output_size=0)
        super().__init__(*args, **kwargs)


class FakeEngine:
    """`answer` puts the next answer ready; `asked` is the one request that was made after the version was agreed on."""

    def __init__(self, mocked):
        self._mocked = mocked
        mocked.get(re.compile(r".*/_ping"), body="OK", headers={"Api-Version": NEWEST}, response_class=_Response)

    def answer(self, method, *lines, status=200):
        body = "\r\n".join(json.dumps(line) for line in lines)
        self._mocked.add(re.compile(re.escape(ENGINE)), method, status=status, body=body, response_class=_Response)

    @property
    def asked(self):
        [(method, url), [call]] = next(one for one in self._mocked.requests.items() if one[0][1].path != "/_ping")
        query = {}
        for name, value in url.query.items():
            query.setdefault(name, []).append(value)
        return SimpleNamespace(
            line=f"{method} {url.path.removeprefix(f'/v{NEWEST}')}",
            query={name: values[0] if len(values) == 1 else values for name, values in query.items()},
            headers=call.kwargs["headers"],
        )


@pytest.fixture
def fake(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)
    with aioresponses() as mocked:
        yield FakeEngine(mocked)


@pytest.fixture
async def images(fake):
    async with Docker(ENGINE) as docker:
        yield docker.images


def told(header):
    """What a header of credentials holds; it must be written in the URL's alphabet."""
    assert not set(header) & set("+/")
    return json.loads(base64.urlsafe_b64decode(header))


async def from_a_function(registry):
    assert registry == "host:5000"
    return Credentials("älice", SECRET)


PLATFORM = '{"os":"linux","architecture":"arm","variant":"v7"}'


@pytest.mark.parametrize(
    ("call", "method", "answer", "line", "query"),
    [
        (
            lambda images: images.list(
                all=True,
                filters={"label": ["a=b", "c"], "dangling": False, "reference": "x"},
                shared_size=True,
                digests=False,
                manifests=True,
                identity=True,
            ),
            "GET",
            [],
            "GET /images/json",
            {
                "all": "1",
                "filters": '{"label":["a=b","c"],"dangling":["false"],"reference":["x"]}',
                "shared-size": "1",
                "digests": "0",
                "manifests": "1",
                "identity": "1",
            },
        ),
        (lambda images: images.list(), "GET", [], "GET /images/json", {}),
        (
            lambda images: images.inspect("ns/name:1", manifests=True),
            "GET",
            {},
            "GET /images/ns/name:1/json",
            {"manifests": "1"},
        ),
        (
            lambda images: images.inspect(f"host:5000/name@{DIGEST}", platform="linux/arm/v7"),
            "GET",
            {},
            f"GET /images/host:5000/name@{DIGEST}/json",
            {"platform": PLATFORM},
        ),
        (
            lambda images: images.history("busybox", platform="linux/arm/v7"),
            "GET",
            [],
            "GET /images/busybox/history",
            {"platform": PLATFORM},
        ),
        (lambda images: images.inspect({"Id": "sha256:1d"}), "GET", {}, "GET /images/sha256:1d/json", {}),
        (lambda images: images.history({"Id": "sha256:1d"}), "GET", [], "GET /images/sha256:1d/history", {}),
        (lambda images: images.remove({"Id": "sha256:1d"}), "DELETE", [], "DELETE /images/sha256:1d", {}),
        (
            lambda images: images.tag({"Id": "sha256:1d"}, "host:5000/ns/name:1.0"),
            "POST",
            None,
            "POST /images/sha256:1d/tag",
            {"repo": "host:5000/ns/name", "tag": "1.0"},
        ),
        (
            lambda images: images.tag("busybox", "mine"),
            "POST",
            None,
            "POST /images/busybox/tag",
            {"repo": "mine", "tag": "latest"},
        ),
        (
            lambda images: images.remove(
                "busybox", force=True, no_prune=True, platforms=["linux/arm/v7", "linux/arm/v7"]
            ),
            "DELETE",
            [],
            "DELETE /images/busybox",
            {"force": "1", "noprune": "1", "platforms": [PLATFORM, PLATFORM]},
        ),
        (
            lambda images: images.prune(filters={"dangling": False, "until": "24h"}),
            "POST",
            {},
            "POST /images/prune",
            {"filters": '{"dangling":["false"],"until":["24h"]}'},
        ),
        (
            lambda images: images.import_url(
                "https://x.test/root.tar",
                repo="ns/name",
                tag="1",
                message="made & kept",
                changes=['CMD ["x"]', "ENV A=b"],
                platform="linux/arm64",
            ),
            "POST",
            {"status": DIGEST},
            "POST /images/create",
            {
                "fromSrc": "https://x.test/root.tar",
                "repo": "ns/name",
                "tag": "1",
                "message": "made & kept",
                "changes": ['CMD ["x"]', "ENV A=b"],
                "platform": "linux/arm64",
            },
        ),
        (
            lambda images: images.import_stream(b"tar"),
            "POST",
            {"status": DIGEST},
            "POST /images/create",
            {"fromSrc": "-"},
        ),
        (
            lambda images: images.commit(
                {"Id": "c0"},
                repo="ns/name",
                tag="1",
                comment="made & kept",
                author="A <a@x.test>",
                pause=False,
                changes=['CMD ["x"]', "ENV A=b"],
            ),
            "POST",
            {"Id": "sha256:1d"},
            "POST /commit",
            {
                "container": "c0",
                "repo": "ns/name",
                "tag": "1",
                "comment": "made & kept",
                "author": "A <a@x.test>",
                "pause": "0",
                "changes": ['CMD ["x"]', "ENV A=b"],
            },
        ),
        (
            lambda images: images.search("ns/na me", limit=5, filters={"is-official": True, "stars": "3"}),
            "GET",
            [],
            "GET /images/search",
            {"term": "ns/na me", "limit": "5", "filters": '{"is-official":["true"],"stars":["3"]}'},
        ),
        (
            lambda images: images.inspect_remote("host:5000/ns/name"),
            "GET",
            {},
            "GET /distribution/host:5000/ns/name:latest/json",
            {},
        ),
        (
            lambda images: images.inspect_remote(f"name@{DIGEST}"),
            "GET",
            {},
            f"GET /distribution/name@{DIGEST}/json",
            {},
        ),
        (
            lambda images: images.attestations(
                "ns/name:1", platform="linux/arm/v7", predicate_types=["https://a", "https://b"], statement=True
            ),
            "GET",
            [],
            "GET /images/ns/name:1/attestations",
            {"platform": PLATFORM, "type": ["https://a", "https://b"], "statement": "1"},
        ),
        (
            lambda images: images.prune_build_cache(
                all=True, filters={"until": "24h"}, reserved_space=1, max_used_space=2, min_free_space=3
            ),
            "POST",
            {},
            "POST /build/prune",
            {
                "all": "1",
                "filters": '{"until":["24h"]}',
                "reserved-space": "1",
                "max-used-space": "2",
                "min-free-space": "3",
            },
        ),
        (
            lambda images: images.push("host:5000/ns/name:1", platform="linux/arm/v7"),
            "POST",
            {"status": "done"},
            "POST /images/host:5000/ns/name/push",
            {"tag": "1", "platform": PLATFORM},
        ),
        (
            lambda images: images.push("ns/name", all_tags=True),
            "POST",
            {"status": "done"},
            "POST /images/ns/name/push",
            {},
        ),
    ],
)
async def test_a_call_is_sent_as_the_engine_spells_it(fake, images, call, method, answer, line, query):
    fake.answer(method, *([] if answer is None else [answer]))
    await call(images)
    assert (fake.asked.line, fake.asked.query) == (line, query)


@pytest.mark.parametrize(
    ("call", "query"),
    [
        (lambda images: images.pull("busybox"), {"fromImage": "docker.io/library/busybox", "tag": "latest"}),
        (
            lambda images: images.pull("host:5000/ns/name:1", platform="linux/arm64"),
            {"fromImage": "host:5000/ns/name", "tag": "1", "platform": "linux/arm64"},
        ),
        (lambda images: images.pull(f"ns/name@{DIGEST}"), {"fromImage": "docker.io/ns/name", "tag": DIGEST}),
        (lambda images: images.pull(f"ns/name:1@{DIGEST}"), {"fromImage": "docker.io/ns/name", "tag": DIGEST}),
        (lambda images: images.pull("ns/name", all_tags=True), {"fromImage": "docker.io/ns/name"}),
    ],
)
async def test_a_pull_names_repository_and_tag_or_digest(fake, images, call, query):
    fake.answer("POST", {"status": "Pulling from ns/name", "id": "1"})
    fake.answer("GET", {"Id": "sha256:1d"})
    assert (await call(images)).id == "sha256:1d"
    assert (fake.asked.line, fake.asked.query) == ("POST /images/create", query)


async def test_a_commit_sends_a_body_in_any_case(scripted):
    scripted.says["/commit"] = answered({"Id": "sha256:1d"})
    async with Docker(scripted.url) as docker:
        await docker.images.commit("c0")
        await docker.images.commit("c0", config={"Env": ["A=b"]})
    bodies = [asked for asked in scripted.asked if asked.unversioned == "/commit"]
    assert [json.loads(asked.body) for asked in bodies] == [{}, {"Env": ["A=b"]}]
    assert {asked.headers["Content-Type"] for asked in bodies} == {"application/json"}


def test_one_of_many_builds_takes_what_a_build_takes():
    build = inspect.signature(Builds.build).parameters
    taken = {name: parameter.annotation for name, parameter in build.items() if name not in ("self", "tag", "timeout")}
    assert {name: kind.__forward_arg__ for name, kind in BuildSettings.__annotations__.items()} == taken


async def test_what_storage_to_keep_was_called_before_is_sent_to_engines_that_knew_it(scripted):
    scripted.says["/build/prune"] = answered({"CachesDeleted": None, "SpaceReclaimed": 0})
    async with Docker(scripted.url, version="1.45") as docker:
        await docker.images.prune_build_cache(keep_storage=5)
        with pytest.raises(VersionTooLow, match=r"1\.48"):
            await docker.images.prune_build_cache(reserved_space=5)
    assert [asked.target for asked in scripted.asked] == ["/v1.45/build/prune?keep-storage=5"]


@pytest.mark.parametrize("auth", [Credentials("alice", SECRET), from_a_function])
async def test_a_registry_that_is_inspected_is_shown_the_credentials(fake, images, auth):
    fake.answer("GET", {})
    await images.inspect_remote("host:5000/name:1", auth=auth)
    assert told(fake.asked.headers["X-Registry-Auth"])["password"] == SECRET


async def test_a_build_sends_every_parameter(fake, images):
    fake.answer("POST", {"aux": {"ID": "sha256:1d"}})
    built = await images.build(
        fileobj="FROM scratch",
        tag=["a:1", "b"],
        build_args={"A": "1", "B": None},
        labels={"l 1": "v=ü"},
        target="one",
        platform="linux/arm64",
        no_cache=True,
        cache_from=["a:0"],
        pull=True,
        rm=False,
        force_rm=True,
        quiet=False,
        network_mode="none",
        extra_hosts={"db": "10.0.0.1", "v6": "::1"},
        memory=1 << 28,
        memory_swap=-1,
        cpu_shares=512,
        cpu_set="0,1",
        cpu_period=100_000,
        cpu_quota=50_000,
        shm_size=1 << 26,
        squash=False,
        outputs='[{"Type":"local"}]',
        version="1",
    )
    assert (built.id, built.tags) == ("sha256:1d", ("a:1", "b"))
    assert fake.asked.line == "POST /build"
    assert fake.asked.headers["Content-Type"] == "application/x-tar"
    assert fake.asked.query == {
        "t": ["a:1", "b"],
        "buildargs": '{"A":"1"}',
        "labels": '{"l 1":"v=ü"}',
        "target": "one",
        "platform": "linux/arm64",
        "nocache": "1",
        "cachefrom": '["a:0"]',
        "pull": "1",
        "rm": "0",
        "forcerm": "1",
        "q": "0",
        "networkmode": "none",
        "extrahosts": ["db:10.0.0.1", "v6:::1"],
        "memory": str(1 << 28),
        "memswap": "-1",
        "cpushares": "512",
        "cpusetcpus": "0,1",
        "cpuperiod": "100000",
        "cpuquota": "50000",
        "shmsize": str(1 << 26),
        "squash": "0",
        "outputs": '[{"Type":"local"}]',
        "version": "1",
    }


@pytest.mark.parametrize(
    ("call", "query"),
    [
        (lambda images: images.build(remote="https://x.test/a.git#main", dockerfile="d/Df"), {"dockerfile": "d/Df"}),
        (lambda images: images.build(remote="https://x.test/a.git#main"), {}),
    ],
)
async def test_a_build_from_a_remote_place_sends_no_body(fake, images, call, query):
    fake.answer("POST", {"aux": {"ID": "sha256:1d"}})
    await call(images)
    assert fake.asked.query == {"remote": "https://x.test/a.git#main", **query}
    assert "Content-Type" not in fake.asked.headers


async def test_a_push_without_credentials_says_nobody(fake, images):
    fake.answer("POST", {"status": "done"})
    await images.push("host:5000/name")
    assert fake.asked.headers["X-Registry-Auth"] == "e30="


async def test_a_pull_without_credentials_says_nothing(fake, images):
    fake.answer("POST", {"status": "done"})
    fake.answer("GET", {"Id": "sha256:1d"})
    await images.pull("host:5000/name")
    assert "X-Registry-Auth" not in fake.asked.headers


@pytest.mark.parametrize(
    ("auth", "fields"),
    [
        (
            Credentials("älice", SECRET, email="a@x.test"),
            {"username": "älice", "password": SECRET, "email": "a@x.test", "serveraddress": "host:5000"},
        ),
        (from_a_function, {"username": "älice", "password": SECRET, "serveraddress": "host:5000"}),
        (Credentials.token("t"), {"identitytoken": "t", "serveraddress": "host:5000"}),
        (Credentials.registry_token("t"), {"registrytoken": "t", "serveraddress": "host:5000"}),
        (Credentials.anonymous(), {}),
    ],
)
async def test_a_push_shows_the_credentials_that_it_was_given(fake, images, auth, fields):
    fake.answer("POST", {"status": "done"})
    await images.push("host:5000/name", auth=auth)
    assert told(fake.asked.headers["X-Registry-Auth"]) == fields


async def test_a_calls_credentials_beat_the_clients(fake):
    fake.answer("POST", {"status": "done"})
    async with Docker(ENGINE, credentials=Credentials("client", "x")) as docker:
        await docker.images.push("host:5000/name", auth=Credentials("call", "y"))
    assert told(fake.asked.headers["X-Registry-Auth"])["username"] == "call"


async def test_another_registrys_credentials_are_not_sent(fake, images):
    with pytest.raises(BadParameter, match="not for host:5000"):
        await images.push("host:5000/name", auth=Credentials("a", SECRET, server_address="ghcr.io"))


async def test_a_build_shows_the_credentials_of_all_registries(fake, images, tmp_path):
    pair = base64.b64encode(b"bob:kept").decode()
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {"quay.io": {"auth": pair}, "host:5000": {"auth": pair}}})
    )
    fake.answer("POST", {"aux": {"ID": "sha256:1d"}})
    auth = {"docker.io": Credentials("alice", SECRET), "host:5000": Credentials.token("t")}
    await images.build(fileobj=io.BytesIO(b"FROM scratch"), auth=auth)
    assert told(fake.asked.headers["X-Registry-Config"]) == {
        HUB_KEY: {"username": "alice", "password": SECRET, "serveraddress": HUB_KEY},
        "host:5000": {"identitytoken": "t", "serveraddress": "host:5000"},
        "quay.io": {"username": "bob", "password": "kept", "serveraddress": "quay.io"},
    }


async def give(registry):
    return Credentials(f"for {registry}", "pw")


@pytest.mark.parametrize(
    ("own", "auth", "names"),
    [
        (Credentials("own", "pw"), None, {HUB_KEY: "own", "ghcr.io": "own"}),
        (give, None, {HUB_KEY: "for docker.io", "ghcr.io": "for ghcr.io"}),
        (None, give, {HUB_KEY: "for docker.io", "ghcr.io": "for ghcr.io"}),
        (None, Credentials("call", "pw"), {HUB_KEY: "call", "ghcr.io": "call"}),
        (give, Credentials("call", "pw", server_address="ghcr.io"), {HUB_KEY: "for docker.io", "ghcr.io": "call"}),
        (give, {"ghcr.io": Credentials.anonymous()}, {HUB_KEY: "for docker.io"}),
        (give, Credentials.anonymous(), None),
        (None, {"quay.io": give}, {"quay.io": "for quay.io"}),
        (give, {"quay.io": None}, {HUB_KEY: "for docker.io", "ghcr.io": "for ghcr.io", "quay.io": "for quay.io"}),
    ],
)
@pytest.mark.parametrize("place", ["fileobj", "directory"])
async def test_a_build_shows_the_credentials_of_its_base_images_registries(fake, tmp_path, place, own, auth, names):
    dockerfile = "ARG REGISTRY\nFROM $REGISTRY/ns/name AS first\nFROM busybox\nCOPY --from=first / /\n"
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(dockerfile)
    fake.answer("POST", {"aux": {"ID": "sha256:1d"}})
    async with Docker(ENGINE, credentials=own) as docker:
        where = {"fileobj": {"fileobj": dockerfile}, "directory": {"directory": tmp_path / "context"}}[place]
        await docker.images.build(**where, build_args={"REGISTRY": "ghcr.io"}, auth=auth)
    if names is None:
        assert "X-Registry-Config" not in fake.asked.headers
    else:
        shown = told(fake.asked.headers["X-Registry-Config"])
        assert {key: fields["username"] for key, fields in shown.items()} == names


@pytest.mark.parametrize("place", [{"tar": b"no tar, not looked into"}, {"remote": "https://x.test/a.tar"}])
async def test_where_no_base_image_is_known_the_registries_must_be_named(fake, place):
    async with Docker(ENGINE, credentials=give) as docker:
        for auth in (give, Credentials("a", SECRET)):
            with pytest.raises(BadParameter, match="auth= names registries"):
                docker.images.build(**place, auth=auth)
        fake.answer("POST", {"aux": {"ID": "sha256:1d"}})
        await docker.images.build(**place, auth={"ghcr.io": None})
    shown = told(fake.asked.headers["X-Registry-Config"])
    assert {key: fields["username"] for key, fields in shown.items()} == {"ghcr.io": "for ghcr.io"}


async def test_no_images_are_an_empty_list_although_podman_says_null(fake, images):
    fake.answer("GET", None)
    assert await images.list() == []


@pytest.mark.parametrize(
    "lines",
    [
        [{"status": "Importing", "progressDetail": {"current": 1, "total": 2}}, {"status": DIGEST}],
        [{"status": DIGEST, "progress": "", "progressDetail": {}, "id": DIGEST}],
    ],
    ids=["docker", "podman"],
)
async def test_the_id_of_an_import_is_heard_however_it_is_told(fake, images, lines):
    fake.answer("POST", *lines)
    imported = await images.import_stream(b"tar", repo="ns/name", tag="1")
    assert (imported.reference, imported.id) == ("ns/name:1", DIGEST)


@pytest.mark.parametrize("printed", [DIGEST, DIGEST.removeprefix("sha256:")], ids=["docker", "podman"])
async def test_the_id_of_a_quiet_build_is_heard_however_it_is_printed(fake, images, printed):
    fake.answer("POST", {"stream": f"{printed}\n"})
    assert (await images.build(fileobj="FROM scratch", quiet=True)).id == DIGEST


async def test_what_a_step_prints_is_not_taken_for_the_images_id(fake, images):
    fake.answer("POST", {"stream": "sha256:is what I like\n"}, {"stream": "Successfully built\n"})
    fake.answer("GET", {"Id": "sha256:1d"})
    assert (await images.build(fileobj="FROM scratch", tag="a")).id == "sha256:1d"


@pytest.mark.parametrize(
    ("printed", "instruction"),
    [
        ("Step 1/2 : FROM scratch", "Step 1/2 : FROM scratch"),
        ("STEP 1/12: FROM scratch\n", "STEP 1/12: FROM scratch"),
        ("[1/2] STEP 10/12: RUN true\n", "[1/2] STEP 10/12: RUN true"),
        ("Step aside\n", None),
        ("STEP by step\n", None),
        ("[1/2] done\n", None),
        (" ---> Step 1/2 : FROM scratch\n", None),
        ("\n", None),
        (None, None),
    ],
)
def test_an_instruction_is_told_from_what_it_prints(printed, instruction):
    assert BuildStep(stream=printed).instruction == instruction


async def test_a_refusal_is_the_same_before_the_stream_and_in_it(fake, images):
    fake.answer("POST", {"message": "unauthorized: who are you"}, status=500)
    with pytest.raises(PushFailed, match="who are you") as before:
        await images.push("host:5000/name", auth=Credentials("a", SECRET))
    fake.answer("POST", {"errorDetail": {"message": "unauthorized: who are you"}, "error": "unauthorized"})
    with pytest.raises(PushFailed, match="who are you") as inside:
        await images.push("host:5000/name", auth=Credentials("a", SECRET))
    for caught in (before, inside):
        assert isinstance(caught.value, Unauthorized)
        assert SECRET not in repr(caught.value)
    assert (before.value.status, inside.value.status) == (500, None)


async def test_an_unknown_image_is_told_as_such(fake, images):
    fake.answer("GET", {"message": "No such image: nope:latest"}, status=404)
    with pytest.raises(ImageNotFound, match="No such image: nope:latest") as caught:
        await images.inspect("nope")
    assert (caught.value.status, caught.value.method) == (404, "GET")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda images: images.push(f"name@{DIGEST}"), BadReference),
        (lambda images: images.pull("name:1", all_tags=True), BadParameter),
        (lambda images: images.pull("Name"), BadReference),
        (lambda images: images.import_url("https://x.test/", tag="1"), BadParameter),
        (lambda images: images.import_stream(b"", changes="CMD x"), BadParameter),
        (lambda images: images.build(), BadParameter),
        (lambda images: images.build(".", fileobj="FROM scratch"), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", dockerfile="Df"), BadParameter),
        (lambda images: images.build(tar=b"", ignore=["x"]), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", cache_from="a"), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", extra_hosts="a:1"), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", build_args=["A=1"]), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", build_args={"A": 1}), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", labels=["a"]), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", labels={"a": 1}), BadParameter),
        (lambda images: images.build(fileobj="FROM scratch", tag="Name"), BadReference),
        (lambda images: images.build(fileobj="FROM scratch", tag=["name", None]), BadReference),
        (lambda images: images.build(fileobj="FROM scratch", tag=f"name@{DIGEST}"), BadReference),
    ],
)
async def test_what_makes_no_sense_is_refused_when_it_is_asked_for(fake, images, call, error):
    with pytest.raises(error):
        call(images)


@pytest.mark.parametrize(
    "call",
    [
        lambda images: images.commit("c0", tag="1"),
        lambda images: images.commit("c0", changes="CMD x"),
        lambda images: images.commit({"Name": "c0"}),
        lambda images: images.inspect_remote("Name"),
        lambda images: images.attestations("name", predicate_types="https://a"),
        lambda images: images.attestations("name", platform="arm64"),
        lambda images: images.remove("name", platforms="linux/arm64"),
    ],
)
async def test_what_makes_no_sense_is_refused_when_it_is_awaited(fake, images, call):
    with pytest.raises(BadParameter):
        await call(images)


@pytest.mark.parametrize("dockerfile", [Path("Dockerfile"), 5])
async def test_what_holds_no_dockerfile_is_refused(fake, images, dockerfile):
    with pytest.raises(BadParameter, match=r"not (PosixPath|int); its path is dockerfile="):
        await images.build(fileobj=dockerfile)


async def test_a_tag_that_is_a_digest_is_refused(fake, images):
    with pytest.raises(BadReference):
        await images.tag("busybox", f"name@{DIGEST}")


async def test_what_is_no_platform_is_refused(fake, images):
    with pytest.raises(BadParameter, match="linux/arm64"):
        await images.inspect("busybox", platform="arm64")


@pytest.mark.parametrize(
    ("digests", "told"),
    [([], None), ([f"ns/name@{DIGEST}"], DIGEST), ([f"ns/name@{DIGEST}", f"ns/name@{DIGEST[:-1]}0"], None)],
    ids=["none", "one", "several"],
)
async def test_a_pull_names_no_digest_that_it_would_have_to_guess(fake, images, digests, told):
    fake.answer("POST", {"status": "Download complete", "id": "1"})
    fake.answer("GET", {"Id": "sha256:1d", "RepoDigests": [*digests, f"other/name@{DIGEST[:-1]}f"]})
    assert (await images.pull("ns/name:1")).digest == told


@pytest.mark.parametrize(
    "told", [{"status": "Pulling from ns/name", "id": "no tag"}, {"status": "Digest: x", "id": "1"}]
)
async def test_a_pull_of_all_tags_of_which_one_is_no_tag_is_the_engines_fault(fake, images, told):
    fake.answer("POST", told)
    with pytest.raises(ProtocolViolated, match="pulled ns/name, and named a tag that is none"):
        await images.pull("ns/name", all_tags=True)


@pytest.mark.parametrize(
    "told", [{"aux": {"Tag": "no tag", "Digest": DIGEST, "Size": 1}}, {"status": f"-: digest: {DIGEST} size: 1"}]
)
async def test_a_push_of_all_tags_of_which_one_is_no_tag_is_the_engines_fault(fake, images, told):
    fake.answer("POST", told)
    with pytest.raises(ProtocolViolated, match="pushed ns/name, and named a tag that is none"):
        await images.push("ns/name", all_tags=True)


async def test_a_load_of_which_nothing_was_said_is_no_success(fake, images):
    fake.answer("POST")
    with pytest.raises(ProtocolViolated, match="loaded without a word"):
        await images.load(b"")
