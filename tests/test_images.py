"""Images on real engines and registries, where engines differ and users stumble."""

from __future__ import annotations

import asyncio
import io
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from aiodockerhub import (
    BuildFailed,
    Closed,
    Conflict,
    Credentials,
    Docker,
    ImageNotFound,
    ImportFailed,
    NotFound,
    PullFailed,
    PushFailed,
    Unauthorized,
)

if TYPE_CHECKING:
    from rig import Engine

DOCKERS = pytest.mark.parametrize("engine", ["oldest", "stable", "newest"], indirect=True)


@pytest.fixture
async def docker(engine: Engine, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("config")))
    async with Docker(engine.base_url) as client:
        yield client


@pytest.fixture
async def named(docker: Docker):
    """Takes the names that a test gives, and removes them from the engine after it."""
    names: list[str] = []

    def name(text: str) -> str:
        names.append(text)
        return text

    yield name
    for text in names:
        with suppress(NotFound):
            await docker.images.remove(text, force=True)


@pytest.fixture
async def pushed(docker, busybox, registry, alice, engine, named):
    """An image of the registry, not in the engine, and its digest: (reference, digest)."""
    reference = named(f"{registry.address}/images/pushed-{engine.role}:1")
    await docker.images.tag(busybox, reference)
    outcome = await docker.images.push(reference, auth=alice)
    await docker.images.remove(reference)
    return reference, outcome.digest


def tar(**files: bytes) -> bytes:
    """An archive of these files; "__" in a name stands for a slash."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def bare(image_id: str) -> str:
    """podman leaves the algorithm out here and there."""
    return image_id.removeprefix("sha256:")


async def printed(stream) -> str:
    """All that a build prints."""
    return "".join([step.stream or "" async for step in stream])


# names


async def test_no_images_are_an_empty_list(docker, busybox):
    assert await docker.images.list(filters={"reference": "nobody/has-this"}) == []


async def test_a_tag_is_one_more_name_and_the_last_one_takes_the_image_along(docker, named):
    first, second = named("images/tagged:1"), named("images/tagged:latest")
    await docker.images.import_stream(tar(f=b"tagged"), repo="images/tagged", tag="1")
    image = await docker.images.inspect(first)
    await docker.images.tag(image["Id"], "images/tagged")
    assert (await docker.images.inspect(second))["Id"] == image["Id"]
    assert [list(item) for item in await docker.images.remove(first)] == [["Untagged"]]
    removed = await docker.images.remove(second)
    assert bare(image["Id"]) in {bare(item.get("Deleted", "")) for item in removed}
    with pytest.raises(ImageNotFound):
        await docker.images.inspect(image["Id"])


async def test_an_image_in_use_is_a_conflict(docker, busybox, named):
    image = named("images/in-use:1")
    await docker.images.build(fileobj=b"FROM busybox\nLABEL in=use\n", tag=image)
    container = await docker.containers.create(image, "true")
    try:
        with pytest.raises(Conflict):
            await docker.images.remove(image)
    finally:
        await docker.containers.remove(container["Id"], force=True)


# imports


async def test_an_import_applies_its_changes_in_order(docker, named):
    imported = await docker.images.import_stream(
        tar(etc__greeting=b"hi"),
        repo="images/imported",
        tag="1",
        message="from far away",
        changes=["ENV A=1", "ENV A=2", 'CMD ["/x", "y"]'],
    )
    image = await docker.images.inspect(named("images/imported:1"))
    assert (imported.reference, imported.id) == ("images/imported:1", image["Id"])
    assert image["Comment"] == "from far away"
    assert image["Config"]["Cmd"] == ["/x", "y"]
    assert "A=2" in image["Config"]["Env"]


async def test_what_is_no_tar_is_no_image(docker):
    with pytest.raises(ImportFailed):
        await docker.images.import_stream(b"surely not a tar")


# builds


@pytest.fixture
def context(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a.txt", "b.log", "deep/c.log", "deep/keep.log"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("**/*.log\n!deep/keep.log\nDockerfile\n.dockerignore\n")
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox AS one\nARG GIVEN=default\nARG OWN=own\nCOPY . /context\n"
        'RUN find /context -type f | sort; echo "given=$GIVEN own=$OWN"\n'
        "FROM one AS two\nRUN echo the second stage\n"
    )
    return tmp_path


async def test_a_directory_is_built_as_its_files_say(docker, busybox, named, context):
    one, two = named("images/built:1"), named("images/built:2")
    stream = docker.images.build(
        context,
        tag=[one, two],
        build_args={"GIVEN": "given", "OWN": None},
        labels={"who": "ü = me"},
        target="one",
        no_cache=True,
        rm=True,
        force_rm=True,
        network_mode="none",
    )
    told = await printed(stream)
    files = [line for line in told.splitlines() if line.startswith("/context/")]
    assert files == ["/context/a.txt", "/context/deep/keep.log"]
    assert "given=given own=own" in told
    assert "the second stage" not in told
    assert stream.outcome.tags == (one, two)
    image = await docker.images.inspect(two)
    assert image["Id"] == stream.outcome.id == (await docker.images.inspect(one))["Id"]
    assert image["Config"]["Labels"]["who"] == "ü = me"


async def test_a_dockerfile_may_lie_elsewhere(docker, busybox, named, context, tmp_path_factory):
    (context / "deep" / "Other").write_text("FROM busybox\nCOPY a.txt /\nRUN echo inside\n")
    assert "inside" in await printed(
        docker.images.build(context, dockerfile="deep/Other", tag=named("images/elsewhere:1"), no_cache=True)
    )
    outside = tmp_path_factory.mktemp("outside") / "Dockerfile"
    outside.write_text("FROM busybox\nCOPY a.txt /\nRUN echo outside\n")
    assert "outside" in await printed(
        docker.images.build(context, dockerfile=outside, tag=named("images/elsewhere:2"), no_cache=True)
    )


async def test_a_tar_is_built_with_the_dockerfile_in_it(docker, busybox, named):
    made = tar(deep__Other=b"FROM busybox\nCOPY f /f\nRUN cat /f\n", f=b"what f holds\n")
    stream = docker.images.build(tar=made, dockerfile="deep/Other", tag=named("images/from-tar:1"), no_cache=True)
    assert "what f holds" in await printed(stream)


@pytest.mark.parametrize("quiet", [False, True])
async def test_a_build_without_a_name_tells_its_id(docker, busybox, quiet):
    built = await docker.images.build(fileobj="FROM busybox\nLABEL nameless=1\n", quiet=quiet)
    assert (await docker.images.inspect(built.id))["Id"] == built.id
    await docker.images.remove(built.id, force=True)


@DOCKERS
async def test_a_host_that_a_build_adds_is_known_in_it(docker, busybox, named):
    dockerfile = "FROM busybox\nRUN cat /etc/hosts\n"
    hosts = {"database": "10.0.0.1"}
    stream = docker.images.build(fileobj=dockerfile, extra_hosts=hosts, no_cache=True, tag=named("images/hosts:1"))
    assert "10.0.0.1\tdatabase" in await printed(stream)


@DOCKERS
async def test_a_step_that_fails_is_named_with_its_code(docker, busybox):
    with pytest.raises(BuildFailed) as caught:
        await docker.images.build(fileobj="FROM busybox\nRUN exit 3\n", no_cache=True, force_rm=True)
    assert (caught.value.step, caught.value.code) == ("Step 2/2 : RUN exit 3", 3)


async def test_a_step_of_several_stages_is_named_whatever_it_prints(engine, docker, busybox):
    failing = "RUN echo Step aside; echo STEP: by step; exit 3"
    dockerfile = f"FROM busybox AS first\nRUN true\nFROM busybox\nCOPY --from=first /bin/sh /x\n{failing}\n"
    with pytest.raises(BuildFailed) as caught:
        await docker.images.build(fileobj=dockerfile, no_cache=True, force_rm=True)
    said = {"podman": f"[2/2] STEP 3/3: {failing}"}
    assert caught.value.step == said.get(engine.role, f"Step 5/5 : {failing}")
    assert caught.value.message == caught.value.message.strip()


async def test_a_base_image_is_pulled_with_the_credentials_of_its_registry(docker, registry, alice, pushed, named):
    reference, _ = pushed
    dockerfile = f"FROM {reference}\nLABEL private=1\n"
    with pytest.raises(BuildFailed) as caught:
        await docker.images.build(fileobj=dockerfile)
    assert isinstance(caught.value, Unauthorized)
    own = named("images/private:1")
    await docker.images.build(fileobj=dockerfile, auth={registry.address: alice}, tag=own)
    assert (await docker.images.inspect(own))["Config"]["Labels"]["private"] == "1"


@pytest.mark.parametrize("kind", ["credentials", "function"])
async def test_a_base_image_is_pulled_with_the_clients_credentials(
    engine, docker, registry, alice, pushed, named, kind
):
    async def give(asked: str) -> Credentials:
        return alice if asked == registry.address else Credentials.anonymous()

    reference, _ = pushed
    dockerfile = f"ARG REGISTRY={registry.address}\nFROM {reference.replace(registry.address, '${REGISTRY}')}\n"
    async with Docker(engine.base_url, credentials=alice if kind == "credentials" else give) as own:
        with pytest.raises(Unauthorized):
            await own.images.build(fileobj=dockerfile, auth={registry.address: Credentials.anonymous()})
        built = await own.images.build(fileobj=f"{dockerfile}LABEL of=client\n", tag=named("images/private:2"))
    assert (await docker.images.inspect(built.id))["Config"]["Labels"]["of"] == "client"


# pulls and pushes


async def test_an_image_is_pulled_by_tag_and_by_digest(engine, docker, registry, alice, pushed, named):
    reference, digest = pushed
    by_tag = await docker.images.pull(reference, auth=alice)
    assert by_tag.reference == reference
    # podman knows the image by several digests, and tells not which one it pulled
    assert by_tag.digest == (digest if engine.role != "podman" else None)
    await docker.images.remove(reference)
    exact = named(f"{reference.removesuffix(':1')}@{digest}")
    by_digest = await docker.images.pull(exact, auth=alice)
    assert (by_digest.reference, by_digest.digest, by_digest.id) == (exact, digest, by_tag.id)


@DOCKERS
async def test_what_is_there_already_is_up_to_date(docker, alice, pushed):
    reference, _ = pushed
    assert not (await docker.images.pull(reference, auth=alice)).up_to_date
    assert (await docker.images.pull(reference, auth=alice)).up_to_date


@pytest.mark.parametrize("wrong", [None, Credentials("alice", ">>>???ÿÿ~"), Credentials("ælice+/", "wonderland")])
async def test_who_is_not_let_in_is_unauthorized(docker, pushed, alice, wrong):
    reference, _ = pushed
    with pytest.raises(PullFailed) as caught:
        await docker.images.pull(reference, auth=wrong)
    assert isinstance(caught.value, Unauthorized)
    await docker.images.pull(reference, auth=alice)
    with pytest.raises(PushFailed) as caught:
        await docker.images.push(reference, auth=wrong)
    assert isinstance(caught.value, Unauthorized)
    assert ">>>" not in str(caught.value)


# many at once


@pytest.fixture
async def repository(docker, busybox, registry, engine, named):
    """A repository of the registry with six tags in the engine: its name, without a tag."""
    repository = f"{registry.address}/images/many-{engine.role}"
    for number in range(6):
        await docker.images.tag(busybox, named(f"{repository}:{number}"))
    return repository


def told_what_was_done(report, total):
    assert len(report.failed) <= 4
    assert {type(result.error) for result in report.failed} <= {Closed}
    assert all(result.outcome.digest for result in report.ok)
    assert 0 < report.not_begun == total - len(report)


async def test_many_that_are_cancelled_end_and_leave_nothing_open(docker, repository, alice):
    references = [f"{repository}:{number}" for number in range(6)]
    begun = asyncio.Event()

    stream = docker.images.push_many(references * 20, auth=alice, concurrency=4)

    async def push() -> None:
        async for event in stream:
            if event.state == "progress":
                begun.set()

    task = asyncio.create_task(push())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert docker.stats().open_streams == 0
    told_what_was_done(stream.report, 120)
    await docker.ping()


async def test_many_left_in_their_midst_end_and_leave_nothing_open(docker, repository, alice):
    references = [f"{repository}:{number}" for number in range(6)]
    async with docker.images.push_many(references * 20, auth=alice, concurrency=2) as stream:
        async for event in stream:
            if event.state == "done":
                break
    assert docker.stats().open_streams == 0
    assert len(stream.report.ok) >= 1
    told_what_was_done(stream.report, 120)
    await docker.ping()
