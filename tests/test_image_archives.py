"""Images saved to archives and loaded from them: whole or not at all, one or many."""

from __future__ import annotations

import asyncio
import io
import stat
import tarfile
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import CHUNKED, Asked, Peer, ScriptedEngine, chunk, follow, line, telling
from yarl import URL

from aiodockerhub import (
    BadFile,
    BadParameter,
    Closed,
    Docker,
    ImageNotFound,
    LoadFailed,
    Misused,
    SaveFailed,
    StreamBroken,
    TimedOut,
    VersionTooLow,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rig import Engine

WHOLE = b"the archive" + bytes(1024)
GET = "/images/ns/name:1/get"
REFUSED = line(errorDetail={"message": "no space left"}, error="no space left")


def answering_save(*pieces: bytes, **how: Any) -> Any:
    return telling(*(chunk(piece) for piece in pieces), begin=CHUNKED, **how)


@pytest.fixture
async def client(scripted: ScriptedEngine) -> AsyncIterator[Docker]:
    async with Docker(scripted.url) as docker:
        yield docker


def sent(scripted: ScriptedEngine) -> Asked:
    return next(asked for asked in scripted.asked if asked.unversioned != "/_ping")


@pytest.mark.parametrize(
    ("images", "asked"),
    [
        (["ns/name:1"], "/images/ns/name:1/get"),
        ([{"Id": "sha256:1d"}], "/images/sha256:1d/get"),
        (["ns/name:1", {"Id": "sha256:1d"}], "/images/get?names=ns/name:1&names=sha256:1d"),
    ],
)
async def test_one_image_and_several_are_asked_for_as_the_engine_spells_it(
    scripted: ScriptedEngine, client: Docker, images: list[Any], asked: str
) -> None:
    scripted.says["/images/get"] = scripted.says["/images/ns/name:1/get"] = answering_save(WHOLE)
    scripted.says["/images/sha256:1d/get"] = answering_save(WHOLE)
    assert await client.images.save(*images) == len(WHOLE)
    assert sent(scripted).method == "GET"
    assert sent(scripted).target.removeprefix("/v1.45").replace("%3A", ":") == asked


async def test_the_bytes_come_as_they_are(scripted: ScriptedEngine, client: Docker) -> None:
    scripted.says[GET] = answering_save(WHOLE[:5], WHOLE[5:])
    stream = client.images.save("ns/name:1")
    assert b"".join([piece async for piece in stream]) == WHOLE
    assert stream.outcome == len(WHOLE)
    assert b"".join([piece async for piece in client.images.save("ns/name:1").raw]) == WHOLE


async def test_a_file_is_written_when_all_has_come(scripted: ScriptedEngine, client: Docker, tmp_path: Path) -> None:
    scripted.says[GET] = answering_save(WHOLE[:5], WHOLE[5:])
    target = tmp_path / "image.tar"
    target.write_bytes(b"what was there before")
    told: list[int] = []
    assert await client.images.save("ns/name:1").write_to(str(target), progress=told.append) == len(WHOLE)
    assert target.read_bytes() == WHOLE
    assert told == [len(WHOLE)]
    assert [one.name for one in tmp_path.iterdir() if not one.name.endswith(".sock")] == ["image.tar"]
    (plain := tmp_path / "plain").touch()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


async def test_a_large_file_is_written_bit_by_bit(scripted: ScriptedEngine, client: Docker, tmp_path: Path) -> None:
    piece = b"x" * 300_000
    scripted.says[GET] = answering_save(*[piece] * 20, WHOLE)
    told: list[int] = []
    size = await client.images.save("ns/name:1").write_to(tmp_path / "image.tar", progress=told.append)
    assert (tmp_path / "image.tar").read_bytes() == piece * 20 + WHOLE
    assert size == told[-1] == 20 * len(piece) + len(WHOLE)
    assert told == sorted(told)
    assert len(told) > 2


async def test_a_file_of_any_size_takes_little_memory(scripted: ScriptedEngine, client: Docker, tmp_path: Path) -> None:
    scripted.says[GET] = answering_save(*[b"x" * 1_000_000] * 100, WHOLE)
    tracemalloc.start()
    try:
        await client.images.save("ns/name:1").write_to(tmp_path / "image.tar")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "image.tar").stat().st_size > 100_000_000
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (answering_save(b"half"), StreamBroken, "cut after 4 bytes"),
        (answering_save(), StreamBroken, "cut after 0 bytes"),
        (answering_save(b"half" + bytes(1023)), StreamBroken, "cut"),
        (answering_save(b"half", then=Peer.close), StreamBroken, "before its end|closed|cut"),
        (answering_save(b"half", bytes(700), REFUSED), SaveFailed, "no space left"),
        (answering_save(b"half", REFUSED[:30], REFUSED[30:]), SaveFailed, "no space left"),
        (answering_save(b"half", REFUSED[:-9]), StreamBroken, "cut"),
        (answering_save(b"half", b'{"errorDetail":5}'), StreamBroken, "cut"),
        (answering_save(b"half", b'{"errorDetail"' * 10_000), StreamBroken, "cut"),
        (answering_save(b"half", b'{"errorDetail":' + b"[" * 50_000), StreamBroken, "cut"),
    ],
)
async def test_an_archive_that_is_not_whole_is_an_error_and_leaves_no_file(
    scripted: ScriptedEngine, client: Docker, tmp_path: Path, answer: Any, error: type[Exception], words: str
) -> None:
    scripted.says[GET] = answer
    before, new = tmp_path / "before.tar", tmp_path / "new.tar"
    before.write_bytes(b"what was there before")
    for target in (before, new):
        with pytest.raises(error, match=words):
            await client.images.save("ns/name:1").write_to(target)
    with pytest.raises(error, match=words):
        await client.images.save("ns/name:1")
    assert before.read_bytes() == b"what was there before"
    assert [one.name for one in tmp_path.iterdir() if not one.name.endswith(".sock")] == ["before.tar"]


async def test_a_save_that_is_cancelled_leaves_nothing(
    scripted: ScriptedEngine, client: Docker, tmp_path: Path
) -> None:
    scripted.says[GET] = answering_save(b"x" * 3_000_000, then=follow)
    reached = asyncio.Event()
    saving = asyncio.create_task(
        client.images.save("ns/name:1").write_to(tmp_path / "image.tar", progress=lambda size: reached.set())
    )
    async with asyncio.timeout(20):
        await reached.wait()
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert [one.name for one in tmp_path.iterdir() if not one.name.endswith(".sock")] == []
    assert client.stats().open_streams == 0


async def test_a_save_that_is_late_leaves_nothing(scripted: ScriptedEngine, client: Docker, tmp_path: Path) -> None:
    scripted.says[GET] = answering_save(b"half", then=follow)
    with pytest.raises(TimedOut):
        await client.images.save("ns/name:1", timeout=0.05).write_to(tmp_path / "image.tar")
    assert not (tmp_path / "image.tar").exists()


async def test_a_place_that_cannot_be_written_is_told(scripted: ScriptedEngine, client: Docker, tmp_path: Path) -> None:
    scripted.says[GET] = answering_save(WHOLE)
    (tmp_path / "directory").mkdir()
    for target in (tmp_path / "missing" / "image.tar", tmp_path / "directory", Path("/dev/full")):
        with pytest.raises(BadFile, match="can't write") as failed:
            await client.images.save("ns/name:1").write_to(target)
        assert failed.value.file == str(target)
    assert Path("/dev/full").is_char_device()


async def test_a_link_stays_one_and_its_file_is_replaced(
    scripted: ScriptedEngine, client: Docker, tmp_path: Path
) -> None:
    scripted.says[GET] = answering_save(WHOLE)
    (tmp_path / "link.tar").symlink_to("image.tar")
    await client.images.save("ns/name:1").write_to(tmp_path / "link.tar")
    assert (tmp_path / "link.tar").is_symlink()
    assert (tmp_path / "image.tar").read_bytes() == WHOLE


async def test_a_file_that_would_lack_what_was_read_is_refused(
    scripted: ScriptedEngine, client: Docker, tmp_path: Path
) -> None:
    scripted.says[GET] = answering_save(WHOLE)
    async with client.images.save("ns/name:1") as stream:
        async for _ in stream:
            break
        with pytest.raises(Misused, match="read already"):
            await stream.write_to(tmp_path / "image.tar")
    assert not (tmp_path / "image.tar").exists()


async def test_a_load_sends_length_and_type(scripted: ScriptedEngine, client: Docker) -> None:
    scripted.says["/images/load"] = telling(
        chunk(line(status="Loading layer", id="1", progressDetail={"current": 1, "total": 2})),
        chunk(line(stream="Loaded image: a:1\n") + line(stream="Loaded image ID: sha256:1d\n")),
        chunk(line(stream="Loaded image: b:1\nLoaded image: c:1")),
        chunk(line(stream="Loaded image(s): d:1,e:1")),
    )
    steps = client.images.load(WHOLE)
    (first, *_) = [step async for step in steps]
    assert (first.status, first.id, first.current, first.total) == ("Loading layer", "1", 1, 2)
    assert steps.outcome.images == ("a:1", "sha256:1d", "b:1", "c:1", "d:1", "e:1")
    asked = sent(scripted)
    assert (asked.method, asked.target.removeprefix("/v1.45")) == ("POST", "/images/load?quiet=0")
    assert asked.headers["Content-Length"] == str(len(WHOLE))
    assert asked.headers["Content-Type"] == "application/x-tar"
    assert asked.body == WHOLE


async def test_a_load_of_unknown_length_is_sent_as_it_comes(scripted: ScriptedEngine, client: Docker) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield WHOLE[:5]
        yield WHOLE[5:]

    scripted.says["/images/load"] = telling(chunk(line(stream="Loaded image: a:1")))
    await client.images.load(pieces(), quiet=True)
    assert sent(scripted).target.endswith("?quiet=1")
    assert "Content-Length" not in sent(scripted).headers
    assert sent(scripted).body == WHOLE


async def test_platforms_are_written_as_the_engine_wants_them(tmp_path: Path) -> None:
    arm, amd = '{"os":"linux","architecture":"arm","variant":"v7"}', '{"os":"linux","architecture":"amd64"}'
    async with (
        ScriptedEngine(socket=str(tmp_path / "new.sock")) as scripted,
        Docker(scripted.url, version="1.55") as new,
    ):
        scripted.says["/images/x/get"] = scripted.says["/images/get"] = answering_save(WHOLE)
        scripted.says["/images/load"] = telling(chunk(line(stream="Loaded image: a:1")))
        await new.images.save("x", platforms=["linux/arm/v7", "linux/amd64"])
        await new.images.save("x", "y", platforms=["linux/amd64"])
        await new.images.load(WHOLE, platforms=["linux/arm/v7", "linux/amd64"])
        queries = [URL(asked.target).query.getall("platform") for asked in scripted.asked]
    assert queries == [[arm, amd], [amd], [arm, amd]]


async def test_what_makes_no_sense_is_refused_before_anything_is_sent(scripted: ScriptedEngine, client: Docker) -> None:
    images = client.images
    for ask in (
        lambda: images.save(),
        lambda: images.save({"Name": "x"}),  # type: ignore[arg-type]
        lambda: images.save("x", platforms="linux/amd64"),
        lambda: images.save("x", platforms=["amd64"]),
        lambda: images.load(b"", platforms=["amd64"]),
        lambda: images.load_many("image.tar"),
        lambda: images.save_many({}, concurrency=0),
    ):
        with pytest.raises(BadParameter):
            ask()
    with pytest.raises(BadFile):
        await images.load(Path("/nowhere/image.tar"))
    with pytest.raises(BadParameter):
        await images.load("image.tar")  # type: ignore[arg-type]
    assert [asked for asked in scripted.asked if asked.unversioned != "/_ping"] == []


async def test_many_are_saved_and_each_failure_is_told(
    scripted: ScriptedEngine, client: Docker, tmp_path: Path
) -> None:
    scripted.says["/images/good/get"] = answering_save(WHOLE)
    scripted.says["/images/bad/get"] = answering_save(b"half", REFUSED)
    files = {"good": tmp_path / "good.tar", "bad": tmp_path / "bad.tar"}
    report = await client.images.save_many(files)
    assert [(result.reference, result.outcome) for result in report] == [("good", len(WHOLE)), ("bad", None)]
    assert report.results[0].bytes == len(WHOLE)
    assert isinstance(report.results[1].error, SaveFailed)
    assert files["good"].read_bytes() == WHOLE
    assert not files["bad"].exists()


async def test_what_is_under_way_when_the_client_closes_leaves_nothing(
    scripted: ScriptedEngine, tmp_path: Path
) -> None:
    scripted.says[GET] = answering_save(b"x" * 3_000_000, then=follow)
    docker = Docker(scripted.url)
    reached = asyncio.Event()
    saving = asyncio.create_task(
        docker.images.save("ns/name:1").write_to(tmp_path / "image.tar", progress=lambda size: reached.set())
    )
    async with asyncio.timeout(20):
        await reached.wait()
    await docker.close()
    with pytest.raises(Closed):
        await saving
    assert not (tmp_path / "image.tar").exists()


@pytest.fixture
async def docker(engine: Engine) -> AsyncIterator[Docker]:
    async with Docker(engine.base_url) as client:
        yield client


def root_file_system(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
async def pair(docker: Docker, engine: Engine) -> AsyncIterator[list[str]]:
    """Two small images of this test's own."""
    names = [f"archives/{one}-{engine.role}:1" for one in ("first", "second")]
    for name in names:
        repo, _, tag = name.partition(":")
        await docker.images.import_stream(root_file_system(name.encode()), repo=repo, tag=tag)
    yield names
    for name in names:
        with suppress(ImageNotFound):
            await docker.images.remove(name, force=True)


def loaded(images: tuple[str, ...]) -> list[str]:
    return sorted(image.removeprefix("localhost/").removeprefix("docker.io/") for image in images)


async def test_an_image_is_saved_and_loaded_again(docker: Docker, pair: list[str], tmp_path: Path) -> None:
    name, path = pair[0], tmp_path / "image.tar"
    before = await docker.images.inspect(name)
    size = await docker.images.save(name).write_to(path)
    assert path.stat().st_size == size
    with tarfile.open(path) as tar:
        assert "manifest.json" in tar.getnames()
    content = path.read_bytes()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    for source in (path, content, io.BytesIO(content), pieces()):
        await docker.images.remove(name, force=True)
        done = await docker.images.load(source)
        assert loaded(done.images) == [name]
        assert (await docker.images.inspect(name))["Id"] == before["Id"]
    assert loaded((await docker.images.load(path, quiet=True)).images) == [name]


async def test_an_id_is_saved_without_a_name(docker: Docker, pair: list[str], engine: Engine) -> None:
    image = await docker.images.inspect(pair[0])
    content = b"".join([piece async for piece in docker.images.save(image)])
    done = await docker.images.load(content)
    assert [one.removeprefix("sha256:") for one in done.images] == [image["Id"].removeprefix("sha256:")]


async def test_several_are_saved_in_one_archive(docker: Docker, pair: list[str], tmp_path: Path) -> None:
    await docker.images.save(*pair).write_to(tmp_path / "both.tar")
    for name in pair:
        await docker.images.remove(name, force=True)
    assert loaded((await docker.images.load(tmp_path / "both.tar")).images) == sorted(pair)


async def test_what_is_not_there_and_what_is_no_archive_fails(
    docker: Docker, pair: list[str], engine: Engine, tmp_path: Path
) -> None:
    for images in (["archives/none"], [pair[0], "archives/none"]):
        with pytest.raises(ImageNotFound):
            await docker.images.save(*images).write_to(tmp_path / "none.tar")
    assert not (tmp_path / "none.tar").exists()
    if engine.role != "podman":
        await docker.images.build(fileobj="FROM scratch\nLABEL of=archives\n", tag="archives/no-layer")
        with pytest.raises(SaveFailed, match="empty export") as failed:
            await docker.images.save("archives/no-layer")
        assert failed.value.status == 500
        await docker.images.remove("archives/no-layer")
    content = b"".join([piece async for piece in docker.images.save(pair[0])])
    for source, words in (
        (b"no archive" * 1000, "invalid tar header"),
        (content[:700], "unexpected EOF"),
        (b"", "no such file"),
    ):
        with pytest.raises(LoadFailed, match=words):
            await docker.images.load(source)


async def test_platforms_are_for_engines_that_know_them(docker: Docker, pair: list[str], engine: Engine) -> None:
    if engine.role != "newest":
        for asking in (
            docker.images.save(pair[0], platforms=["linux/amd64"]),
            docker.images.load(b"", platforms=["linux/amd64"]),
        ):
            with pytest.raises(VersionTooLow, match=r"1\.48"):
                await asking
        return
    content = b"".join([piece async for piece in docker.images.save(pair[0], platforms=["linux/amd64"])])
    assert loaded((await docker.images.load(content, platforms=["linux/amd64"])).images) == [pair[0]]


async def test_many_are_saved_loaded_and_removed(docker: Docker, pair: list[str], tmp_path: Path) -> None:
    files = {name: tmp_path / f"{number}.tar" for number, name in enumerate(pair)}
    saved = await docker.images.save_many(files | {"archives/none": tmp_path / "none.tar"})
    assert [result.outcome for result in saved] == [*(file.stat().st_size for file in files.values()), None]
    assert isinstance(saved.results[2].error, ImageNotFound)

    removed = await docker.images.remove_many([*pair, "archives/none"])
    assert [result.ok for result in removed] == [True, True, False]
    assert "Untagged" in str(removed.results[0].outcome)

    done = await docker.images.load_many([*files.values(), tmp_path / "none.tar"])
    assert [loaded(result.outcome.images) for result in done if result.outcome is not None] == [[pair[0]], [pair[1]]]
    assert isinstance(done.results[2].error, BadFile)
