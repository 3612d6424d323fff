"""What reaches an engine as tar: contexts of directories, Dockerfiles alone, and bodies from files."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import socket
import tarfile
import tempfile
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiodockerhub.errors import BadFile, BadParameter, Misused
from aiodockerhub.tar import directory_context, dockerfile_context, file_chunks
from aiodockerhub.tar.chunks import GatheredChunks
from aiodockerhub.tar.header import header

KIB = 1024
SIZE = 64 * KIB


@pytest.fixture
def root(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


@pytest.fixture
def unprivileged():
    """A directory, and a process that may not read everything in it even where the tests run as root."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "Dockerfile").write_text("FROM scratch\n")
        yield Path(name), lambda: os.seteuid(65534 if user == 0 else user)
        os.seteuid(user)


async def whole(body):
    return b"".join([chunk async for chunk in body])


def untarred(data):
    return tarfile.open(fileobj=io.BytesIO(data))


async def archive(body):
    return untarred(await whole(body))


def open_files():
    """The files that this process has open, by path."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            targets.append(str(descriptor.readlink()))
    return sorted(target for target in targets if target.startswith("/"))


# directories


async def test_a_directory_arrives_whole_with_modes_and_times_and_belongs_to_root(root):
    (root / "bin").mkdir()
    (root / "bin").chmod(0o1777)
    (root / "bin" / "tool").write_bytes(b"#!" + bytes(70000))
    (root / "empty").touch()
    os.utime(root / "bin" / "tool", (1, 1_600_000_000.9))
    (root / "bin" / "tool").chmod(0o4755)
    members = {member.name: member for member in await archive(await directory_context(root))}
    assert list(members) == ["Dockerfile", "bin", "bin/tool", "empty"]
    assert members["bin"].isdir()
    assert members["bin"].mode == 0o1777
    tool = members["bin/tool"]
    assert (tool.mode, tool.mtime, tool.size) == (0o4755, 1_600_000_000, 70002)
    assert {(m.uid, m.gid, m.uname, m.gname) for m in members.values()} == {(0, 0, "", "")}
    assert (await archive(await directory_context(root))).extractfile("bin/tool").read() == b"#!" + bytes(70000)


async def test_the_same_tree_gives_the_same_bytes_whatever_order_it_was_made_in(tmp_path):
    for copy, order in (("one", "abcd"), ("two", "dbca")):
        for name in order:
            path = tmp_path / copy / name / "file"
            path.parent.mkdir(parents=True)
            path.write_text(name)
        (tmp_path / copy / "Dockerfile").touch()
        for path in (tmp_path / copy).rglob("*"):
            os.utime(path, (0, 1_700_000_000))
    assert await whole(await directory_context(tmp_path / "one")) == await whole(
        await directory_context(tmp_path / "two")
    )


async def test_links_stay_links_and_are_never_followed(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("secret")
    targets = {
        "directory": str(outside),
        "file": str(outside / "secret"),
        "broken": "./no//where/../at all",
        "long": "t" * 200,
    }
    for name, target in targets.items():
        os.symlink(target, root / name)  # noqa: PTH211  (a Path would tidy the target)
    members = await archive(await directory_context(root))
    assert {m.name: m.linkname for m in members if m.issym()} == targets
    assert len(members.getnames()) == 5


async def test_pipes_are_sent_as_such_and_sockets_stay_at_home(root):
    os.mkfifo(root / "pipe", 0o640)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        members = {member.name: member for member in await archive(await directory_context(root))}
    assert list(members) == ["Dockerfile", "pipe"]
    assert members["pipe"].isfifo()
    assert members["pipe"].mode == 0o640


async def test_hard_links_arrive_as_files_with_their_content(root):
    (root / "a").write_text("same")
    (root / "b").hardlink_to(root / "a")
    members = await archive(await directory_context(root))
    assert [members.extractfile(name).read() for name in ("a", "b")] == [b"same", b"same"]


async def test_names_of_any_length_and_bytes_arrive_unchanged(root):
    names = ["n" * 150, "ünï☺", os.fsdecode(b"raw\xff"), "d" * 100 + "/" + "e" * 120, "new\nline"]
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(name, errors="surrogateescape")
    members = await archive(await directory_context(root))
    assert sorted(m.name for m in members if m.isfile()) == sorted(["Dockerfile", *names])
    assert all(members.extractfile(name).read() == os.fsencode(name) for name in names)


file_names = st.binary(min_size=1, max_size=120).filter(
    lambda name: not {*name} & {0, 47} and name not in (b".", b"..")
)
trees = st.dictionaries(st.lists(file_names, min_size=1, max_size=3).map(tuple), st.binary(max_size=600), max_size=6)


@given(trees)
def test_any_tree_arrives_as_it_is_and_nothing_leaves_it(tree):
    with tempfile.TemporaryDirectory() as folder:
        root, unpacked = Path(folder) / "context", Path(folder) / "unpacked"
        root.mkdir()
        wanted = {"Dockerfile": b"FROM scratch"}
        for parts, content in {(b"Dockerfile",): b"FROM scratch", **tree}.items():
            path = root.joinpath(*map(os.fsdecode, parts))
            with suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                wanted[path.relative_to(root).as_posix()] = content
        members = untarred(asyncio.run(_sent(root)))
        assert {member.name: members.extractfile(member).read() for member in members if member.isfile()} == wanted
        # refuses what would leave its place; 3.11.2 has none yet
        refusing = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        members.extractall(unpacked, **refusing)
        assert {p.relative_to(unpacked).as_posix() for p in unpacked.rglob("*")} == set(members.getnames())


async def _sent(root):
    return await whole(await directory_context(root, ignore=[]))


awkward = st.text(alphabet="ab./\\\0\n \udc80\ud800é", max_size=8)


@given(
    st.text(max_size=10) | awkward | st.binary(max_size=10),
    st.dictionaries(awkward, awkward | st.binary(max_size=5), max_size=3),
)
def test_a_context_in_memory_holds_what_was_given_or_is_refused(dockerfile, files):
    try:
        context = dockerfile_context(dockerfile, files)
    except BadParameter:
        return
    members = untarred(context)
    given_out = {member.name: members.extractfile(member).read() for member in members}
    as_bytes = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    assert given_out.pop("Dockerfile") == (dockerfile.encode() if isinstance(dockerfile, str) else dockerfile)
    assert given_out == as_bytes
    assert all(".." not in name.split("/") and not name.startswith("/") for name in given_out)


async def test_times_before_1970_arrive(root):
    os.utime(root / "Dockerfile", (0, -5))
    assert [m.mtime for m in await archive(await directory_context(root))] == [-5]


@given(
    name=st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=120).filter(
        lambda name: name.rstrip("/") == name
    ),
    mode=st.integers(0, 0o177777),
    mtime=st.integers(-(2**40), 2**40),
    size=st.integers(0, 2**40),
    link=st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=120),
)
def test_headers_say_what_tarfile_would_say(name, mode, mtime, size, link):
    written = header(name, tarfile.REGTYPE, mode=mode, mtime=mtime, size=size, link=link)
    read = tarfile.TarFile(fileobj=io.BytesIO(written), ignore_zeros=False).firstmember
    assert (read.name, read.mode, read.mtime, read.size, read.linkname) == (name, mode & 0o7777, mtime, size, link)


async def test_a_context_can_be_sent_again_and_shows_the_directory_as_it_is_then(root):
    context = await directory_context(root)
    assert context.repeatable
    assert context.length is None
    first = await whole(context)
    assert await whole(context) == first
    (root / "new").touch()
    assert (await archive(context)).getnames() == ["Dockerfile", "new"]


# the Dockerfile


async def test_the_dockerfile_is_found_as_the_command_line_finds_it(tmp_path):
    with pytest.raises(BadFile, match="Dockerfile") as caught:
        await directory_context(tmp_path)
    assert caught.value.file == str(tmp_path / "Dockerfile")
    (tmp_path / "dockerfile").touch()
    assert (await directory_context(tmp_path)).dockerfile == "dockerfile"
    (tmp_path / "Dockerfile").touch()
    assert (await directory_context(tmp_path)).dockerfile == "Dockerfile"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "prod").touch()
    (tmp_path / "link").symlink_to("sub/prod")
    assert (await directory_context(tmp_path, dockerfile="sub/prod")).dockerfile == "sub/prod"
    assert (await directory_context(tmp_path, dockerfile=tmp_path / "sub" / "prod")).dockerfile == "sub/prod"
    assert (await directory_context(tmp_path, dockerfile="link")).dockerfile == "sub/prod"


async def test_a_dockerfile_from_outside_is_sent_under_a_name_of_its_own_and_kept_out_of_the_image(
    root, tmp_path_factory
):
    outside = tmp_path_factory.mktemp("outside") / "Containerfile"
    outside.write_text("FROM elsewhere\n")
    context = await directory_context(root, dockerfile=outside)
    assert context.dockerfile.startswith(".dockerfile.")
    members = await archive(context)
    assert members.extractfile(context.dockerfile).read() == b"FROM elsewhere\n"
    assert members.extractfile(".dockerignore").read().decode() == f".dockerignore\n{context.dockerfile}\n"
    assert members.extractfile("Dockerfile").read() == b"FROM scratch\n"

    (root / ".dockerignore").write_text("secret\n")
    members = await archive(context)
    assert members.getnames().count(".dockerignore") == 1
    assert members.extractfile(".dockerignore").read().decode() == f"secret\n\n{context.dockerfile}\n"


@pytest.mark.parametrize("path", ["missing", "Dockerfile", "Dockerfile/below"])
async def test_a_context_that_is_no_directory_is_refused_by_name(root, path):
    with pytest.raises(BadFile, match=path) as caught:
        await directory_context(root / path)
    assert caught.value.file == str(root / path)


async def test_a_dockerfile_that_is_a_directory_is_refused_by_name(root):
    (root / "sub").mkdir()
    with pytest.raises(BadFile, match="sub"):
        await directory_context(root, dockerfile="sub")


async def test_an_ignore_file_without_end_is_refused(root):
    (root / ".dockerignore").symlink_to("/dev/zero")
    with pytest.raises(BadFile, match=r"\.dockerignore"):
        await directory_context(root)


# what changes or fails under the walk


async def large_then(root, *names):
    """The walk over a directory, stopped inside its first, large file."""
    (root / "A").write_bytes(os.urandom(3 * SIZE))
    for name in names:
        (root / name).write_text(name)
    chunks = aiter(await directory_context(root, size=SIZE))
    return chunks, await anext(chunks)


async def test_a_file_that_shrinks_is_an_error_that_names_it(root):
    chunks, _ = await large_then(root)
    os.truncate(root / "A", 2 * SIZE)
    with pytest.raises(BadFile, match=r"/A shrank .* 65536 of 196608 bytes") as caught:
        await whole(chunks)
    assert caught.value.file == str(root / "A")


async def test_a_file_that_grows_is_cut_at_the_size_announced(root):
    chunks, first = await large_then(root)
    before = (root / "A").read_bytes()
    with (root / "A").open("ab") as file:
        file.write(b"more" * SIZE)
    members = untarred(first + await whole(chunks))
    assert members.extractfile("A").read() == before
    assert members.getnames() == ["A", "Dockerfile"]


async def test_a_file_that_vanishes_is_an_error_that_names_it(root):
    chunks, _ = await large_then(root, "gone")
    (root / "gone").unlink()
    with pytest.raises(BadFile, match="/gone vanished") as caught:
        await whole(chunks)
    assert caught.value.file == str(root / "gone")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


async def test_a_directory_that_vanishes_is_an_error_that_names_it(root):
    (root / "gone").mkdir()
    chunks, _ = await large_then(root)
    (root / "gone").rmdir()
    with pytest.raises(BadFile, match="/gone vanished"):
        await whole(chunks)


async def test_a_link_that_takes_a_files_place_is_not_followed(root):
    chunks, _ = await large_then(root, "file")
    (root / "file").unlink()
    (root / "file").symlink_to("/etc/passwd")
    with pytest.raises(BadFile, match="/file"):
        await whole(chunks)


async def test_a_pipe_that_takes_a_files_place_is_not_waited_for(root):
    chunks, _ = await large_then(root, "file")
    (root / "file").unlink()
    os.mkfifo(root / "file")
    with pytest.raises(BadFile, match="/file is no file any more"):
        await whole(chunks)


@pytest.mark.parametrize("kind", ["file", "directory"])
async def test_what_may_not_be_read_is_an_error_that_names_it(unprivileged, kind):
    root, drop = unprivileged
    secret = root / "secret"
    secret.touch() if kind == "file" else secret.mkdir()
    secret.chmod(0)
    drop()
    with pytest.raises(BadFile, match="/secret: Permission denied"):
        await whole(await directory_context(root))


async def test_what_may_not_be_read_and_is_excluded_disturbs_nobody(unprivileged):
    root, drop = unprivileged
    (root / "data").mkdir()
    (root / "data").chmod(0)
    drop()
    context = await directory_context(root, ignore=["data", "!**/keep"])
    assert (await archive(context)).getnames() == ["Dockerfile"]


# streaming


@pytest.fixture
def no_collector():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_memory_does_not_grow_with_the_size_of_a_file(root):
    with (root / "large").open("wb") as file:
        file.truncate(512 * KIB * KIB)
    context = await directory_context(root)
    tracemalloc.start()
    received = 0
    async for chunk in context:
        received += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received > 512 * KIB * KIB
    assert peak < 4 * KIB * KIB


class Threads(ThreadPoolExecutor):
    """Keeps what workers returned, as each worker does until its thread has its next turn. They wait for `go`."""

    def __init__(self):
        super().__init__()
        self.futures = []
        self.go = threading.Event()
        self.go.set()

    def submit(self, function, *args):
        self.futures.append(super().submit(self._when_told, function, *args))
        return self.futures[-1]

    def _when_told(self, function, *args):
        self.go.wait()
        return function(*args)


async def test_a_chunk_is_not_kept_by_the_thread_that_read_it(root):
    (root / "large").write_bytes(bytes(8 * SIZE))
    context = await directory_context(root, size=SIZE)
    threads = Threads()
    asyncio.get_running_loop().set_default_executor(threads)
    assert len(await whole(context)) > 8 * SIZE
    assert len(threads.futures) > 8
    assert not any(future.result() for future in threads.futures)


async def test_many_small_files_share_a_trip_to_a_worker_thread(root):
    for number in range(2000):
        (root / f"{number}.py").write_bytes(bytes(1000))
    threads = Threads()
    asyncio.get_running_loop().set_default_executor(threads)
    chunks = [chunk async for chunk in await directory_context(root)]
    assert sum(map(len, chunks)) > 2000 * 1536
    assert len(threads.futures) == len(chunks) + 2  # one that prepares, one that finds the end
    assert len(chunks) <= 7


async def test_a_walk_left_midway_has_closed_its_file_when_it_is_left(root):
    before = open_files()
    async with aclosing((await large_then(root))[0]):
        assert str(root / "A") in open_files()
    assert open_files() == before


async def test_a_walk_that_is_dropped_closes_its_file(root):
    before = open_files()
    chunks, _ = await large_then(root)
    assert str(root / "A") in open_files()
    del chunks
    gc.collect()
    async with asyncio.timeout(10):  # the thread that read the chunk may hold the walk for a moment longer
        while open_files() != before:
            await asyncio.sleep(0)


async def test_a_closed_walk_gives_nothing_more_and_may_be_closed_twice(root):
    chunks, _ = await large_then(root)
    await chunks.aclose()
    await chunks.aclose()
    assert [chunk async for chunk in chunks] == []


@pytest.mark.parametrize("read", ["has not begun", "has ended"])
def test_a_walk_cancelled_at_any_of_its_waits_leaves_nothing_open(root, read):
    for name in "ABC":
        (root / name).write_bytes(bytes(2 * SIZE))

    async def cancelled_at(step):
        threads = Threads()
        asyncio.get_running_loop().set_default_executor(threads)
        chunks = aiter(await directory_context(root, size=SIZE))
        for _ in range(step):
            await anext(chunks)
        threads.go.clear()
        waiting = asyncio.ensure_future(anext(chunks, None))
        await asyncio.sleep(0)
        if read == "has ended":  # which the loop has had no turn to hear of
            threads.go.set()
            threads.futures[-1].exception()
        waiting.cancel()
        threads.go.set()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        return chunks  # kept, so that nothing is closed for being dropped

    async def then_what_is_open(step):
        chunks = await cancelled_at(step)
        await asyncio.get_running_loop().shutdown_default_executor()
        return open_files(), await anext(chunks, None)

    async def nothing():
        return open_files()

    before = asyncio.run(nothing())
    for step in range(7):
        assert asyncio.run(then_what_is_open(step)) == (before, None)


async def test_cancelling_does_not_wait_for_a_read_that_hangs_and_that_read_closes_behind_itself():
    reading, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def pieces():
        try:
            reading.set()
            go_on.wait()
            yield b"late"
        finally:
            closed.set()

    chunks = GatheredChunks(pieces())
    task = asyncio.create_task(anext(chunks))
    await asyncio.to_thread(reading.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await chunks.aclose()
    assert not closed.is_set()
    go_on.set()
    assert await asyncio.to_thread(closed.wait, 10)


async def test_two_readers_at_once_over_one_walk_are_refused():
    reading, go_on = threading.Event(), threading.Event()

    def pieces():
        reading.set()
        go_on.wait()
        yield b"piece"

    chunks = GatheredChunks(pieces())
    first = asyncio.create_task(anext(chunks))
    await asyncio.to_thread(reading.wait)
    with pytest.raises(Misused):
        await anext(chunks)
    go_on.set()
    await asyncio.gather(first, return_exceptions=True)


# a Dockerfile alone


@pytest.mark.parametrize(
    "dockerfile",
    ["FROM ü\n", "FROM ü\n".encode(), io.BytesIO("FROM ü\n".encode()), io.StringIO("FROM ü\n")],
    ids=lambda value: type(value).__name__,
)
def test_a_dockerfile_alone_becomes_a_context_whether_text_bytes_or_file(dockerfile):
    members = untarred(dockerfile_context(dockerfile))
    assert members.getnames() == ["Dockerfile"]
    assert members.extractfile("Dockerfile").read() == "FROM ü\n".encode()


def test_small_files_go_along_with_a_dockerfile_and_equal_content_gives_equal_bytes():
    data = dockerfile_context("FROM scratch\nCOPY . /", {"b/c": b"\0", "a": "ü"})
    assert data == dockerfile_context(b"FROM scratch\nCOPY . /", {"a": "ü".encode(), "b/c": b"\0"})
    members = untarred(data)
    assert members.getnames() == ["Dockerfile", "a", "b/c"]
    assert [members.extractfile(name).read() for name in ("a", "b/c")] == ["ü".encode(), b"\0"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../b", "a//b", "", "a/", ".", "a\0b", "Dockerfile"])
def test_a_name_that_leaves_the_context_is_refused(name):
    with pytest.raises(BadParameter):
        dockerfile_context("FROM scratch", {name: b""})


def test_an_empty_dockerfile_is_refused_and_the_usual_reason_told():
    with pytest.raises(BadParameter, match="at its end"):
        dockerfile_context(io.BytesIO())


def test_a_dockerfile_without_end_is_refused():
    with Path("/dev/zero").open("rb") as file, pytest.raises(BadParameter, match="tar"):
        dockerfile_context(file)


# bodies from files


async def test_a_body_knows_its_length_and_can_be_sent_again(tmp_path):
    data = os.urandom(150_000)
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        for source in (data, bytearray(data), memoryview(data), path, file, io.BytesIO(data)):
            body = await file_chunks(source, size=SIZE)
            assert (body.length, body.repeatable) == (150_000, True)
            assert [len(chunk) async for chunk in body] == [SIZE, SIZE, 150_000 - 2 * SIZE]
            assert await whole(body) == data
        assert not file.closed


async def test_a_file_object_is_read_from_where_it_stands():
    file = io.BytesIO(b"head and body")
    file.seek(9)
    body = await file_chunks(file)
    assert body.length == 4
    assert [await whole(body), await whole(body)] == [b"body", b"body"]


async def test_a_pipe_has_no_length_and_is_read_once():
    read_end, write_end = os.pipe()
    os.write(write_end, b"through a pipe")
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        body = await file_chunks(file)
        assert (body.length, body.repeatable) == (None, False)
        assert await whole(body) == b"through a pipe"
        with pytest.raises(Misused, match="only once"):
            aiter(body)


async def test_an_async_iterable_passes_through_and_is_closed_when_it_is_left():
    closed = []

    async def source():
        try:
            for chunk in (b"a", b"", bytearray(b"b"), b"c"):
                yield chunk
        finally:
            closed.append(True)

    body = await file_chunks(source())
    assert body.length is None
    assert [chunk async for chunk in body] == [b"a", b"b", b"c"]
    async with aclosing(aiter(await file_chunks(source()))) as chunks:
        assert await anext(chunks) == b"a"
    assert closed == [True, True]


async def test_reads_happen_outside_the_loops_thread():
    threads = []

    class File(io.BytesIO):
        def read(self, size=-1):
            threads.append(threading.get_ident())
            return super().read(size)

    await whole(await file_chunks(File(b"data")))
    assert threads
    assert threading.get_ident() not in threads


async def test_text_files_are_refused_with_the_remedy(tmp_path):
    (tmp_path / "text").write_text("text")
    with (tmp_path / "text").open() as plain, tempfile.NamedTemporaryFile("w+") as wrapped:
        for file in (plain, wrapped, io.StringIO("text")):
            with pytest.raises(BadParameter, match="binary mode"):
                await file_chunks(file)


async def test_text_from_an_object_that_did_not_look_like_it_is_refused_too():
    class File:
        def read(self, size):
            return "text"

    async def texts():
        yield "text"

    for source in (File(), texts()):
        with pytest.raises(BadParameter, match="str came"):
            await whole(await file_chunks(source))


@pytest.mark.parametrize("source", ["a path as text", 5, None, [b"list"]])
async def test_anything_else_is_refused_by_its_type(source):
    with pytest.raises(BadParameter, match=type(source).__name__):
        await file_chunks(source)


async def test_what_a_users_file_object_raises_comes_out_unchanged():
    error = OSError("from the tape drive")

    class File:
        def read(self, size):
            raise error

    with pytest.raises(OSError, match="tape drive") as caught:
        await whole(await file_chunks(File()))
    assert caught.value is error


async def test_a_file_object_that_cannot_tell_its_end_is_read_all_the_same():
    class File(io.BytesIO):
        def seek(self, offset, whence=0):
            if whence == os.SEEK_END:
                raise io.UnsupportedOperation("no end")
            return super().seek(offset, whence)

    body = await file_chunks(File(b"data"))
    assert body.length is None
    assert await whole(body) == b"data"


@pytest.mark.parametrize("as_path", [True, False])
async def test_a_file_keeps_the_length_announced_or_fails(tmp_path, as_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(SIZE))
    with path.open("rb", buffering=0) as file:
        body = await file_chunks(path if as_path else file)
        with path.open("ab") as more:
            more.write(b"more")
        assert len(await whole(body)) == SIZE
        os.truncate(path, 10)
        with pytest.raises(BadFile, match=f"{SIZE - 10}"):
            await whole(body)


async def test_a_path_without_a_file_is_an_error_that_names_it(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(BadFile, match=str(path)):
            await file_chunks(path)
    (tmp_path / "file").touch()
    body = await file_chunks(tmp_path / "file")
    (tmp_path / "file").unlink()
    with pytest.raises(BadFile, match="/file"):
        await whole(body)


async def test_a_body_left_midway_has_closed_the_file_it_opened_and_not_the_users(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(3 * SIZE))
    before = open_files()
    async with aclosing(aiter(await file_chunks(path, size=SIZE))) as chunks:
        await anext(chunks)
        assert len(open_files()) == len(before) + 1
    assert open_files() == before
    with path.open("rb") as file:
        async with aclosing(aiter(await file_chunks(file, size=SIZE))) as chunks:
            await anext(chunks)
        assert file.read(1) == b"\0"
