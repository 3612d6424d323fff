"""Images on real engines: built, tagged, pushed, pulled, imported, removed, one by one and many at once."""

from __future__ import annotations

import asyncio
import io
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from throwaway import container

from aiodockerhub import (
    BadParameter,
    BadReference,
    BadRequest,
    BuildFailed,
    ContainerNotFound,
    Credentials,
    Docker,
    DockerError,
    Forbidden,
    ImageNotFound,
    ImportFailed,
    Index,
    LocalHub,
    NotFound,
    PullFailed,
    PushFailed,
    ServerError,
    Unauthorized,
    VersionTooLow,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rig import Engine, Registry

newest = pytest.mark.parametrize("engine", ["newest"], indirect=True)


@pytest.fixture
async def docker(engine: Engine) -> AsyncIterator[Docker]:
    async with Docker(engine.base_url) as client:
        yield client


@pytest.fixture
async def scratch(docker: Docker) -> AsyncIterator[str]:
    """A small image of this test's own."""
    name = "operations/scratch:1"
    await docker.images.build(fileobj="FROM scratch\nLABEL of=operations\nENV A=1\n", tag=name)
    yield name
    with suppress(ImageNotFound):
        await docker.images.remove(name, force=True)


def tar_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


async def test_list_inspect_history_tag_and_remove(docker: Docker, scratch: str) -> None:
    (listed,) = await docker.images.list(filters={"label": ["of=operations"]})
    inspected = await docker.images.inspect(scratch)
    assert listed["Id"] == inspected["Id"]
    assert "A=1" in inspected["Config"]["Env"]
    assert await docker.images.history(scratch)

    await docker.images.tag(scratch, "operations/other")
    assert (await docker.images.inspect("operations/other:latest"))["Id"] == inspected["Id"]
    removed = await docker.images.remove("operations/other")
    assert any("operations/other:latest" in step.get("Untagged", "") for step in removed)
    with pytest.raises(ImageNotFound):
        await docker.images.inspect("operations/other")
    with pytest.raises(ImageNotFound):
        await docker.images.tag("operations/none", "operations/more")
    with pytest.raises(ImageNotFound):
        await docker.images.remove("operations/none")


async def test_a_container_is_committed(docker: Docker, busybox: str, engine: Engine) -> None:
    name = f"operations/committed-{engine.role}:1"
    async with container(docker, busybox, ["sh", "-c", "echo kept > /kept"]) as made:
        await docker.containers.start(made)
        await docker.containers.wait(made)
        repo, _, tag = name.partition(":")
        committed = await docker.images.commit(
            made,
            repo=repo,
            tag=tag,
            comment="made here",
            author="me",
            pause=False,
            changes=["ENV A=1", "CMD cat /kept"],
        )
        with pytest.raises(DockerError, match=r"(?i)run"):
            await docker.images.commit(made, changes=["RUN true"])
        configured = await docker.images.commit(made, config={"Env": ["B=2"]})
    image = await docker.images.inspect(name)
    assert image["Id"].removeprefix("sha256:") == committed["Id"].removeprefix("sha256:")
    assert (image["Author"], image["Comment"]) == ("me", "made here")
    assert "A=1" in image["Config"]["Env"]
    config = (await docker.images.inspect(configured))["Config"]
    assert "B=2" in config["Env"]
    assert config["Cmd"] == ["sh", "-c", "echo kept > /kept"]
    async with container(docker, name) as again:
        await docker.containers.start(again)
        await docker.containers.wait(again)
        assert [line.text async for line in docker.containers.logs(again).lines()] == ["kept"]
    for one in (name, configured):
        await docker.images.remove(one, force=True)
    with pytest.raises(ContainerNotFound):
        await docker.images.commit("operations-none")


async def test_a_registry_is_asked_what_it_has(
    docker: Docker, registry: Registry, alice: Credentials, scratch: str, engine: Engine
) -> None:
    name = f"{registry.address}/operations/inspected-{engine.role}:1"
    await docker.images.tag(scratch, name)
    pushed = await docker.images.push(name, auth=alice)
    await docker.images.remove(name)
    if engine.role == "podman":
        with pytest.raises(NotFound, match="Not Found"):
            await docker.images.inspect_remote(name, auth=alice)
        return
    told = await docker.images.inspect_remote(name, auth=alice)
    assert told["Descriptor"]["digest"] == pushed.digest
    assert [platform["os"] for platform in told["Platforms"]] == ["linux"]
    with pytest.raises(Unauthorized) as refused:
        await docker.images.inspect_remote(name, auth=Credentials("alice", "wrong"))
    assert "wrong" not in repr(refused.value)
    with pytest.raises(NotFound, match="manifest unknown"):
        await docker.images.inspect_remote(f"{registry.address}/operations/missing:1", auth=alice)


async def test_an_engine_searches_where_the_term_says(docker: Docker, engine: Engine) -> None:
    async with LocalHub(users={"alice": "wonderland"}) as hub:
        async with Index(hub.url, credentials=Credentials("alice", "wonderland")) as index:
            await index.create_repository("alice/operations", [])
        if engine.role == "podman":
            with pytest.raises(ServerError, match="couldn't search registry"):
                await docker.images.search(f"{hub.registry}/operations")
            return
        found = await docker.images.search(f"{hub.registry}/operations", limit=5)
        assert [one["name"] for one in found] == ["alice/operations"]
    with pytest.raises(DockerError, match=r"(?i)invalid filter"):
        await docker.images.search("127.0.0.1:9/operations", filters={"none": "x"})


async def test_the_build_cache_is_pruned(docker: Docker, engine: Engine) -> None:
    if engine.role == "podman":
        with pytest.raises(NotFound, match="Not Found"):
            await docker.images.prune_build_cache()
        return
    context = tar_of("Dockerfile", b"FROM scratch\nCOPY Dockerfile /\n")
    built = await docker.images.build(tar=context, version="2", no_cache=True)
    pruned = await docker.images.prune_build_cache(all=True)
    assert pruned["CachesDeleted"]
    assert pruned["SpaceReclaimed"] > 0
    await docker.images.remove(built.id, force=True)
    with pytest.raises(BadRequest, match=r"(?i)invalid filter"):
        await docker.images.prune_build_cache(filters={"none": "x"})


async def test_attestations_are_newer_than_any_engine_here(docker: Docker) -> None:
    with pytest.raises(VersionTooLow, match=r"1\.55"):
        await docker.images.attestations("busybox")


async def test_prune_deletes_what_has_no_name(docker: Docker) -> None:
    label = "pruned=by-this-test"
    built = await docker.images.build(fileobj=f"FROM scratch\nLABEL {label}\n", force_rm=True)
    pruned = await docker.images.prune(filters={"dangling": True, "label": [label]})
    assert built.id.removeprefix("sha256:") in str(pruned["ImagesDeleted"])
    with pytest.raises(ImageNotFound):
        await docker.images.inspect(built.id)


async def test_a_directory_is_built_without_what_its_ignore_file_names(
    docker: Docker, busybox: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile.other").write_text(
        f"FROM {busybox}\nARG WORD\nCOPY . /context\nRUN test -e /context/kept && test ! -e /context/secret && "
        "echo word is $WORD\n"
    )
    (tmp_path / ".dockerignore").write_text("secret\n")
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "secret").write_text("secret")
    stream = docker.images.build(
        tmp_path,
        dockerfile="Dockerfile.other",
        tag=["operations/directory:1", "operations/directory:2"],
        build_args={"WORD": "mellon"},
        labels={"built": "yes"},
        no_cache=True,
        network_mode="none",
    )
    printed = [step.stream or "" async for step in stream]
    assert "word is mellon" in "".join(printed)
    image = await docker.images.inspect("operations/directory:2")
    assert image["Id"] == stream.outcome.id
    assert image["Config"]["Labels"]["built"] == "yes"
    for tag in stream.outcome.tags:
        await docker.images.remove(tag)


async def test_a_tar_is_built_up_to_a_target(docker: Docker) -> None:
    text = b"FROM scratch AS first\nLABEL stage=first\nFROM first\nLABEL stage=second\n"
    context = io.BytesIO(tar_of("Dockerfile", text))
    built = await docker.images.build(tar=context, target="first", tag="operations/target")
    assert (await docker.images.inspect(built.id))["Config"]["Labels"]["stage"] == "first"
    await docker.images.remove("operations/target")


async def test_a_failing_step_raises_its_message_after_what_came_before(docker: Docker, busybox: str) -> None:
    stream = docker.images.build(fileobj=f"FROM {busybox}\nRUN echo said first && exit 7\nRUN true\n", no_cache=True)
    printed = []

    async def follow() -> None:
        async for step in stream:
            printed.append(step.stream or "")  # noqa: PERF401  (what came before the error counts)

    with pytest.raises(BuildFailed, match="7") as failed:
        await follow()
    assert "said first" in "".join(printed)
    assert "exit 7" in (failed.value.step or "")
    assert failed.value.method == "POST"


async def test_a_dockerfile_that_makes_no_sense_is_refused(docker: Docker) -> None:
    with pytest.raises(BuildFailed):
        await docker.images.build(fileobj="FRO scratch\n")


@pytest.mark.parametrize("kind", ["bytes", "path", "file", "iterable"])
async def test_a_root_file_system_is_imported(docker: Docker, tmp_path: Path, kind: str) -> None:
    content = tar_of("greeting", b"hello")
    path = tmp_path / "root.tar"
    path.write_bytes(content)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    with path.open("rb") as file:
        source = {"bytes": content, "path": path, "file": file, "iterable": pieces()}[kind]
        imported = await docker.images.import_stream(
            source, repo="operations/imported", tag=kind, message="made here", changes=["ENV B=2"]
        )
    image = await docker.images.inspect(f"operations/imported:{kind}")
    assert imported.id.removeprefix("sha256:") == image["Id"].removeprefix("sha256:")
    assert "B=2" in image["Config"]["Env"]
    await docker.images.remove(f"operations/imported:{kind}")


async def test_an_import_from_nowhere_fails(docker: Docker) -> None:
    with pytest.raises(ImportFailed):
        await docker.images.import_url("http://127.0.0.1:9/root.tar", repo="operations/imported")


async def test_a_wrong_password_and_no_password_are_unauthorized(
    docker: Docker, registry: Registry, alice: Credentials, scratch: str
) -> None:
    name = f"{registry.address}/operations/private:1"
    await docker.images.tag(scratch, name)
    await docker.images.push(name, auth=alice)
    for auth in (Credentials("alice", "wrong"), Credentials.anonymous()):
        with pytest.raises(PushFailed) as pushing:
            await docker.images.push(name, auth=auth)
        with pytest.raises(PullFailed) as pulling:
            await docker.images.pull(name, auth=auth)
        assert isinstance(pushing.value, (Unauthorized, Forbidden))
        assert isinstance(pulling.value, (Unauthorized, Forbidden))
        assert "wrong" not in f"{pushing.value!r} {pulling.value!r}"
    await docker.images.remove(name)


async def test_what_is_not_there_is_not_found(docker: Docker, registry: Registry, alice: Credentials) -> None:
    with pytest.raises(PullFailed) as pulling:
        await docker.images.pull(f"{registry.address}/operations/missing:1", auth=alice)
    assert isinstance(pulling.value, ImageNotFound)
    with pytest.raises(PushFailed) as pushing:
        await docker.images.push(f"{registry.address}/operations/missing:1", auth=alice)
    assert isinstance(pushing.value, ImageNotFound)


async def test_credentials_come_from_a_coroutine_function(
    engine: Engine, registry: Registry, alice: Credentials, busybox: str
) -> None:
    asked = []

    async def who(registry: str) -> Credentials:
        asked.append(registry)
        return alice

    name = f"{registry.address}/operations/by-function:{engine.role}"
    async with Docker(engine.base_url, credentials=who) as docker:
        await docker.images.tag(busybox, name)
        await docker.images.push(name)
        await docker.images.remove(name)
        await docker.images.pull(name)
        await docker.images.remove(name)
    assert asked == [registry.address, registry.address]


@pytest.mark.parametrize("engine", ["oldest", "newest"], indirect=True)
async def test_all_tags_are_pushed_and_pulled(
    docker: Docker, registry: Registry, alice: Credentials, scratch: str, engine: Engine
) -> None:
    repository = f"{registry.address}/operations/all-{engine.role}"
    names = [f"{repository}:{number}" for number in range(3)]
    for name in names:
        await docker.images.tag(scratch, name)
    pushed = await docker.images.push(repository, all_tags=True, auth=alice)
    assert sorted(one.reference for one in pushed.tags) == names
    for name in names:
        await docker.images.remove(name)
    pulled = await docker.images.pull(repository, all_tags=True, auth=alice)
    assert sorted(one.reference for one in pulled.tags) == names
    assert {one.digest for one in pulled.tags} == {one.digest for one in pushed.tags}
    for name in names:
        await docker.images.remove(name)


async def test_many_are_pushed_and_pulled_and_each_failure_is_told(
    docker: Docker, registry: Registry, alice: Credentials, scratch: str, engine: Engine
) -> None:
    names = [f"{registry.address}/operations/many-{engine.role}:{number}" for number in range(8)]
    for name in names:
        await docker.images.tag(scratch, name)
    missing = f"{registry.address}/operations/missing:1"
    pushed = await docker.images.push_many([*names[:4], missing, *names[4:]], concurrency=3, auth=alice)
    assert [result.reference for result in pushed] == [*names[:4], missing, *names[4:]]
    (failed,) = pushed.failed
    assert failed.reference == missing
    assert isinstance(failed.error, ImageNotFound)
    assert failed.attempts == 1
    for name in names:
        await docker.images.remove(name)

    async def asked() -> AsyncIterator[str]:
        for name in (*names, "not//a reference"):
            yield name

    states = [event.state async for event in docker.images.pull_many(asked(), auth=alice)]
    assert states.count("done") == 8
    assert states.count("failed") == 1
    for name in names:
        await docker.images.remove(name)


async def test_many_are_built_and_each_failure_is_told(docker: Docker, busybox: str, engine: Engine) -> None:
    first, second = f"operations/built-{engine.role}:1", f"operations/built-{engine.role}:2"
    report = await docker.images.build_many(
        {
            first: {"fileobj": "FROM scratch\nLABEL of=first\n"},
            "operations/failing": {"fileobj": f"FROM {busybox}\nRUN exit 7\n", "network_mode": "none"},
            second: {"tar": tar_of("Other", b"FROM scratch\nLABEL of=second\n"), "dockerfile": "Other"},
            "operations/nothing": {},
        }
    )
    assert [result.reference for result in report.ok] == [first, second]
    failing, nothing = report.failed
    assert isinstance(failing.error, BuildFailed)
    assert "exit 7" in (failing.error.step or "")
    assert failing.attempts == 1
    assert isinstance(nothing.error, BadParameter)
    for result, stage in zip(report.ok, ("first", "second"), strict=True):
        assert result.outcome is not None
        image = await docker.images.inspect(result.reference)
        assert (image["Id"], image["Config"]["Labels"]["of"]) == (result.outcome.id, stage)
    assert all(result.ok for result in await docker.images.remove_many([first, second]))


@newest
async def test_many_are_cancelled_without_a_trace(
    docker: Docker, registry: Registry, alice: Credentials, scratch: str
) -> None:
    names = [f"{registry.address}/operations/cancelled:{number}" for number in range(20)]
    for name in names:
        await docker.images.tag(scratch, name)
    pushing = asyncio.create_task(docker.images.push_many(names, concurrency=4, auth=alice))
    while not docker.stats().open_streams:
        await asyncio.sleep(0)
    pushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pushing
    assert docker.stats().open_streams == 0
    for name in names:
        await docker.images.remove(name)


@pytest.mark.parametrize("engine", ["oldest"], indirect=True)
async def test_what_an_old_engine_lacks_is_refused_before_anything_is_sent(docker: Docker) -> None:
    await docker.ping()
    await docker.info()
    sent = docker.stats().requests
    for asking in (
        docker.images.list(manifests=True),
        docker.images.inspect("busybox", platform="linux/arm64"),
        docker.images.push("127.0.0.1:9/x", platform="linux/arm64"),
    ):
        with pytest.raises(VersionTooLow, match=r"this engine speaks 1\.41"):
            await asking
    assert docker.stats().requests == sent


@newest
async def test_what_makes_no_sense_is_refused_before_anything_is_sent(docker: Docker) -> None:
    images = docker.images
    wrong = [
        lambda: images.build(),
        lambda: images.build(".", fileobj="FROM scratch\n"),
        lambda: images.build(fileobj="FROM scratch\n", dockerfile="Dockerfile"),
        lambda: images.build(fileobj="FROM scratch\n", ignore=["x"]),
        lambda: images.build(remote="https://example.invalid/x.git", cache_from="x"),
        lambda: images.build(fileobj="FROM scratch\n", extra_hosts="a:1"),
        lambda: images.import_stream(b"", tag="1"),
        lambda: images.import_url("http://127.0.0.1:9/", changes="CMD x"),
        lambda: images.pull("busybox:1", all_tags=True),
        lambda: images.push("busybox@sha256:" + "0" * 64),
        lambda: images.pull_many("busybox"),
        lambda: images.pull_many([], concurrency=0),
    ]
    for ask in wrong:
        with pytest.raises(BadParameter):
            ask()
    with pytest.raises(BadReference):
        await images.tag("busybox", "busybox@sha256:" + "0" * 64)
    with pytest.raises(DockerError):
        await images.inspect("busybox", platform="arm64")
    assert docker.stats().requests == 0
