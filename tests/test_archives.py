"""Files in and out of containers: on real engines, and what is sent for it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import socket
import stat
import tarfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, urlsplit

import pytest
from on_roles import on_dockers
from scripted_server import CHUNKED, ScriptedServer, answered, answering, chunk, telling
from throwaway import container

from aiodockerhub import Docker, Limits
from aiodockerhub.engine.copying import Place, Thing, destination
from aiodockerhub.errors import (
    APIError,
    BadFile,
    BadParameter,
    BadRequest,
    ContainerNotFound,
    NotFound,
    ProtocolViolated,
    ServerError,
    StreamBroken,
    TooLarge,
    UnsafeArchive,
)

MAKE = """
mkdir -p /w/dir/sub /w/empty; echo file > /w/dir/file; echo run > /w/dir/sub/run; chmod 750 /w/dir/sub/run
ln /w/dir/file /w/dir/hard; ln -s file /w/dir/soft; ln -s /w/dir /w/to-dir; ln -s dir/file /w/to-file
mkdir /w/odd; mkfifo /w/odd/pipe; ln -s /etc/passwd /w/absolute; echo ready; exec sleep 1000
"""


@contextlib.asynccontextmanager
async def filled(engine, busybox, **settings):
    """A client, and a container with files in /w that runs."""
    async with (
        Docker(engine.base_url) as docker,
        container(docker, busybox, ["sh", "-c", MAKE], **settings) as made,
    ):
        await docker.containers.start(made)
        async for _ in docker.containers.logs(made, follow=True).lines():
            break
        yield docker, made


async def shell(docker, made, script):
    result = await docker.exec.run(made, ["sh", "-c", script])
    assert result.exit_code == 0, result.stderr
    return result.stdout.decode()


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


def packed(name, data):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        info.uid, info.gid, info.mode = 1234, 55, 0o640
        archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def tree(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


# On real engines


async def test_archives_as_they_are(engine, busybox, tmp_path):
    async with filled(engine, busybox) as (docker, made):
        containers = docker.containers
        size = await containers.export(made).write_to(tmp_path / "all.tar")
        assert (tmp_path / "all.tar").stat().st_size == size
        assert {"bin/busybox", "w/dir/file"} <= set(members((tmp_path / "all.tar").read_bytes()))

        pieces = [piece async for piece in containers.get_archive(made, "/w/dir")]
        assert {"dir", "dir/file", "dir/sub/run"} <= set(members(b"".join(pieces)))
        inside = members(b"".join([piece async for piece in containers.get_archive(made, "/w/dir/.")]))
        assert {name.removeprefix("./") for name in inside} - {"."} == {"file", "hard", "soft", "sub", "sub/run"}

        await containers.put_archive(made, "/w/empty", packed("new", b"data"))
        (tmp_path / "more.tar").write_bytes(packed("more", b"data" * 500_000))
        await containers.put_archive(made, "/w/empty", tmp_path / "more.tar")
        assert await shell(docker, made, "cat /w/empty/new; wc -c < /w/empty/more") == "data2000000\n"
        assert await shell(docker, made, "stat -c '%a %u %g' /w/empty/new") == "640 1234 55\n"

        # from one container to another without a file between
        await containers.put_archive(made, "/w/empty", containers.get_archive(made, "/w/dir"))
        assert await shell(docker, made, "cat /w/empty/dir/sub/run") == "run\n"
        assert docker.stats().open_streams == 0


async def test_what_is_at_a_path(engine, busybox):
    async with filled(engine, busybox) as (docker, made):
        file = await docker.containers.archive_info(made, "/w/dir/sub/run")
        assert (file.name, file.size, file.is_directory, file.is_link, file.link_target) == (
            "run",
            4,
            False,
            False,
            None,
        )
        assert file.mode == stat.S_IFREG | 0o750
        assert abs((datetime.now(UTC) - file.mtime).total_seconds()) < 3600
        folder = await docker.containers.archive_info(made, "/w/dir")
        assert (folder.name, folder.is_directory, stat.S_IMODE(folder.mode)) == ("dir", True, 0o755)
        link = await docker.containers.archive_info(made, "/w/to-dir")
        assert (link.is_link, link.is_directory, link.link_target) == (True, False, "/w/dir")
        assert stat.S_ISFIFO((await docker.containers.archive_info(made, "/w/odd/pipe")).mode)
        assert stat.S_IMODE((await docker.containers.archive_info(made, "/tmp")).mode) == 0o1777


async def test_what_is_not_there_is_not_found(engine, busybox, tmp_path):
    async with filled(engine, busybox) as (docker, made):
        containers = docker.containers
        for call in (
            containers.archive_info(made, "/none"),
            containers.get_archive(made, "/none"),
            containers.read_file(made, "/none"),
            containers.copy_from(made, "/none", tmp_path / "new"),
        ):
            with pytest.raises(NotFound) as raised:
                await call
            assert not isinstance(raised.value, ContainerNotFound)  # the container is there
        assert not (tmp_path / "new").exists()
        for call in (
            containers.export("no-such-container"),
            containers.get_archive("no-such-container", "/"),
            containers.put_archive("no-such-container", "/", packed("a", b"")),
            containers.copy_to("no-such-container", b"", "/a"),
        ):
            with pytest.raises(ContainerNotFound, match="no-such-container"):
                await call
        with pytest.raises(NotFound):
            await containers.archive_info("no-such-container", "/")
        with pytest.raises(APIError, match="directory"):
            await containers.put_archive(made, "/w/dir/file", packed("a", b""))


async def test_copied_from_a_container_as_docker_cp_does(engine, busybox, tmp_path):
    async with filled(engine, busybox) as (docker, made):
        copy = docker.containers.copy_from
        folder = ["file", "hard", "soft", "sub", "sub/run"]
        await copy(made, "/w/dir", tmp_path / "new")  # a name that is free
        assert tree(tmp_path / "new") == folder
        assert (tmp_path / "new/sub/run").stat().st_mode == stat.S_IFREG | 0o750
        assert (tmp_path / "new/file").stat().st_ino == (tmp_path / "new/hard").stat().st_ino
        assert (tmp_path / "new/soft").readlink() == Path("file")
        (tmp_path / "into").mkdir()
        await copy(made, "/w/dir", tmp_path / "into")
        assert tree(tmp_path / "into") == sorted(["dir", *(f"dir/{name}" for name in folder)])
        (tmp_path / "over").mkdir()
        (tmp_path / "over/file").write_text("old")
        await copy(made, "/w/dir/.", str(tmp_path / "over"))
        assert tree(tmp_path / "over") == folder
        assert (tmp_path / "over/file").read_text() == "file\n"
        await copy(made, "/w/dir/.", f"{tmp_path}/fresh/")
        assert tree(tmp_path / "fresh") == folder
        await copy(made, "/w/to-dir/", tmp_path / "behind")
        assert tree(tmp_path / "behind") == folder

        await copy(made, "w/dir/file", tmp_path / "single")
        await copy(made, "/w/dir/../dir/file", tmp_path / "into")
        await copy(made, "/w/to-file", tmp_path / "followed", follow_link=True)
        for name in ("single", "into/file", "followed"):
            assert (tmp_path / name).read_text() == "file\n"
            assert not (tmp_path / name).is_symlink()
        await copy(made, "/w/dir/sub/run", tmp_path / "single")
        assert (tmp_path / "single").read_text() == "run\n"


async def test_what_a_link_leads_to_is_copied_under_the_name_of_the_link(engine, busybox, tmp_path):
    async with filled(engine, busybox) as (docker, made):
        copy = docker.containers.copy_from
        await copy(made, "/w/to-dir", tmp_path, follow_link=True)
        assert tree(tmp_path / "to-dir") == ["file", "hard", "soft", "sub", "sub/run"]
        await copy(made, "/w/to-file", tmp_path, follow_link=True)
        assert (tmp_path / "to-file").read_text() == "file\n"
        assert not (tmp_path / "to-file").is_symlink()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["to-dir", "to-file"]


async def test_a_slash_behind_a_link_means_what_it_leads_to(engine, busybox, tmp_path):
    async with filled(engine, busybox) as (docker, made):
        for number, path in enumerate(("/w/to-dir/", "/w/to-dir/.")):
            await docker.containers.copy_from(made, path, tmp_path / f"{number}")
            assert tree(tmp_path / f"{number}") == ["file", "hard", "soft", "sub", "sub/run"]


async def test_a_link_at_the_target_is_followed_whether_it_leads_to_something_or_not(engine, busybox, tmp_path):
    for name, behind in (("to-old", "old"), ("to-new", "new"), ("to-folder", "folder")):
        (tmp_path / name).symlink_to(behind)
    (tmp_path / "old").write_text("old")
    async with filled(engine, busybox) as (docker, made):
        copy = docker.containers.copy_from
        await copy(made, "/w/dir/file", tmp_path / "to-old")
        await copy(made, "/w/dir/file", tmp_path / "to-new")
        await copy(made, "/w/dir/sub", tmp_path / "to-folder")
        (tmp_path / "loop").symlink_to("loop//loop")
        with pytest.raises(BadFile, match="Too many levels of symbolic links"):
            await copy(made, "/w/dir/file", tmp_path / "loop")
    assert (tmp_path / "old").read_text() == (tmp_path / "new").read_text() == "file\n"
    assert tree(tmp_path / "folder") == ["run"]
    assert all(path.is_symlink() for path in tmp_path.glob("to-*"))


async def test_a_link_is_copied_as_a_link_where_the_engine_sends_one(engine, busybox, tmp_path):
    async with filled(engine, busybox) as (docker, made):
        await docker.containers.copy_from(made, "/w/to-file", tmp_path / "copy")
        if engine.role == "podman":
            assert (tmp_path / "copy").read_text() == "file\n"
        else:
            assert (tmp_path / "copy").readlink() == Path("dir/file")
            with pytest.raises(UnsafeArchive, match="/etc/passwd"):
                await docker.containers.copy_from(made, "/w/absolute", tmp_path / "absolute")


async def test_what_can_not_be_copied_here_is_refused(engine, busybox, tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder/file").mkdir(parents=True)
    async with filled(engine, busybox) as (docker, made):
        copy = docker.containers.copy_from
        with pytest.raises(BadParameter, match="a directory can't be copied there"):
            await copy(made, "/w/dir", tmp_path / "file")
        with pytest.raises(BadParameter, match="a file can't be copied into it"):
            await copy(made, "/w/dir/file", f"{tmp_path}/none/")
        with pytest.raises(BadFile, match="No such file or directory"):
            await copy(made, "/w/dir/file", tmp_path / "none/file")
        with pytest.raises(BadFile, match="No such file or directory"):
            await copy(made, "/w/dir", tmp_path / "none/dir")
        with pytest.raises(BadFile, match="directory"):
            await copy(made, "/w/dir/file", tmp_path / "folder")
        with pytest.raises(UnsafeArchive, match="a pipe"):
            await copy(made, "/w/odd", tmp_path / "odd")
        assert (tmp_path / "file").read_text() == "kept"
        assert docker.stats().open_streams == 0


async def test_copied_to_a_container_as_docker_cp_does(engine, busybox, tmp_path):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub/run").write_text("here\n")
    (source / "sub/run").chmod(0o750)
    os.utime(source / "sub/run", (10**9, 10**9))
    (source / "link").symlink_to("sub/run")
    (tmp_path / "link").symlink_to("source")
    async with filled(engine, busybox) as (docker, made):
        copy = docker.containers.copy_to

        async def found(path):
            listed = await shell(docker, made, f"cd {path} && find . | sort")
            return [line.removeprefix("./") for line in listed.splitlines()[1:]]

        folder = ["link", "sub", "sub/run"]
        await copy(made, source, "/w/new")
        assert await found("/w/new") == folder
        assert await shell(docker, made, "stat -c '%a %u %g %Y' /w/new/sub/run") == f"750 0 0 {10**9}\n"
        assert await shell(docker, made, "readlink /w/new/link") == "sub/run\n"
        await copy(made, str(source), "/w/empty")
        assert await found("/w/empty") == ["source", *(f"source/{name}" for name in folder)]
        await copy(made, f"{source}/.", "/w/empty/source/")
        assert await found("/w/empty/source") == folder
        await copy(made, tmp_path / "link", "/w/linked", follow_link=True)
        assert await found("/w/linked") == folder
        await copy(made, tmp_path / "link", "/w/link-itself")
        assert await shell(docker, made, "readlink /w/link-itself") == "source\n"
        await copy(made, f"{tmp_path}/link/", "/w/behind/")
        assert await found("/w/behind") == folder

        await copy(made, source / "sub/run", "/w/single")
        await copy(made, source / "sub/run", "/w/dir")
        await copy(made, source / "sub/run", "/w/to-file")  # what it leads to is replaced, the link stays
        await copy(made, source / "sub/run", "/w/to-dir/again")
        assert await shell(docker, made, "cat /w/single /w/dir/run /w/dir/file /w/dir/again") == "here\n" * 4
        assert await shell(docker, made, "readlink /w/to-file") == "dir/file\n"


@on_dockers  # podman tells nothing of a link to nothing
async def test_behind_a_link_to_nothing_there_is_something_then(engine, busybox, tmp_path):
    (tmp_path / "file").write_text("here\n")
    async with filled(engine, busybox) as (docker, made):
        await shell(docker, made, "ln -s new /w/to-new; ln -s /w/fresh /w/to-fresh")
        await docker.containers.copy_to(made, tmp_path / "file", "/w/to-new")
        await docker.containers.copy_to(made, tmp_path, "/w/to-fresh")
        assert await shell(docker, made, "cat /w/new /w/fresh/file") == "here\n" * 2
        assert await shell(docker, made, "readlink /w/to-new; readlink /w/to-fresh") == "new\n/w/fresh\n"


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
async def test_what_is_no_path_here_is_refused(engine, busybox, path):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        with pytest.raises(BadParameter, match="is no path"):
            await docker.containers.copy_to(made, path, "/")
        with pytest.raises(BadParameter, match="is no path"):
            await docker.containers.copy_from(made, "/etc/passwd", path)


@pytest.mark.parametrize("path", [None, b"/tmp", 5])
async def test_a_target_that_is_no_path_is_refused(engine, busybox, path):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        with pytest.raises(BadParameter, match="is text, or a Path, not"):
            await docker.containers.copy_from(made, "/etc/passwd", path)


@pytest.mark.parametrize("path", [None, b"/etc", PurePosixPath("/etc")])
async def test_a_path_in_a_container_is_text(engine, busybox, tmp_path, path):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        for call in (
            docker.containers.copy_from(made, path, tmp_path),
            docker.containers.copy_to(made, b"x", path),
            docker.containers.read_file(made, path),
        ):
            with pytest.raises((BadParameter, BadRequest)):  # None is not sent: engines miss it
                await call


async def test_a_mode_is_a_number(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        with pytest.raises(BadParameter, match=r"mode: a number like 0o644 is needed, not '644'"):
            await docker.containers.copy_to(made, b"x", "/x", mode="644")


async def test_a_pipe_is_copied_as_a_pipe_and_a_socket_not_at_all(engine, busybox, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    async with filled(engine, busybox) as (docker, made):
        await docker.containers.copy_to(made, tmp_path / "pipe", "/w/pipe")
        assert stat.S_ISFIFO((await docker.containers.archive_info(made, "/w/pipe")).mode)
        with pytest.raises(BadFile, match="is a socket"):
            await docker.containers.copy_to(made, tmp_path / "socket", "/w/socket")


async def test_content_becomes_a_file_and_is_read_again(engine, busybox, tmp_path):
    large = os.urandom(3_000_000)
    async with filled(engine, busybox) as (docker, made):
        containers = docker.containers
        await containers.copy_to(made, b"some bytes", "/w/new", mode=0o600)
        await containers.copy_to(made, io.BytesIO(large), "w/large")
        await containers.copy_to(made, b"", "/w/none")
        assert await containers.read_file(made, "/w/new") == b"some bytes"
        assert await containers.read_file(made, "w/large") == large
        assert await containers.read_file(made, "/w/none") == b""
        assert await containers.read_file(made, "/w/to-file") == b"file\n"
        assert await shell(docker, made, "stat -c '%a %u' /w/new") == "600 0\n"
        assert abs((datetime.now(UTC) - (await containers.archive_info(made, "/w/new")).mtime).total_seconds()) < 3600
        with pytest.raises(BadFile, match="no file"):
            await containers.read_file(made, "/w/dir")
        with pytest.raises(BadParameter, match="a directory"):
            await containers.copy_to(made, b"x", "/w/dir")
    async with Docker(engine.base_url, limits=Limits(body=100)) as docker, container(docker, busybox) as made:
        with pytest.raises(TooLarge):
            await docker.containers.read_file(made, "/bin/busybox")


async def test_what_can_not_be_copied_there_is_refused(engine, busybox, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "dir").write_text("a file")
    async with filled(engine, busybox) as (docker, made):
        copy = docker.containers.copy_to
        with pytest.raises(BadParameter, match="a directory can't be copied there"):
            await copy(made, tmp_path / "folder", "/w/dir/file")
        with pytest.raises(BadParameter, match="a file can't be copied into it"):
            await copy(made, tmp_path / "dir", "/w/none/")
        with pytest.raises(BadFile, match="No such file"):
            await copy(made, tmp_path / "none", "/w")
        with pytest.raises(APIError, match=r'/w/dir|"dir"'):  # a file in place of a directory
            await copy(made, tmp_path / "dir", "/w")
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"), pytest.raises(BadParameter, match="size"):
            await copy(made, pipe, "/w/pipe")
        if engine.role == "podman":  # makes what is missing
            await copy(made, tmp_path / "dir", "/none/file")
            assert await docker.containers.read_file(made, "/none/file") == b"a file"
        else:
            with pytest.raises(NotFound, match="/none"):
                await copy(made, tmp_path / "dir", "/none/file")


async def test_copies_need_no_running_container(engine, busybox, tmp_path):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        await docker.containers.copy_to(made, b"before the start", "/new")
        assert await docker.containers.read_file(made, "/new") == b"before the start"


async def test_an_archive_given_up_gives_its_connection_back(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox) as made:
        async for _ in docker.containers.export(made):
            break
        async with docker.containers.get_archive(made, "/bin"):
            pass
        await asyncio.sleep(0)
        assert docker.stats().open_streams == 0
        assert (await docker.containers.inspect(made))["State"]["Status"] == "created"


async def test_what_is_copied_belongs_to_the_containers_user_where_the_engine_knows_that(engine, busybox):
    async with Docker(engine.base_url) as docker, container(docker, busybox, "sleep 1000", user="7:8") as made:
        await docker.containers.copy_to(made, b"x", "/tmp/roots")
        if engine.role in {"oldest", "stable"}:  # ask the host for users, not the container
            with pytest.raises(ServerError, match="getent"):
                await docker.containers.copy_to(made, b"x", "/tmp/users", copy_uid_gid=True)
            return
        await docker.containers.copy_to(made, b"x", "/tmp/users", copy_uid_gid=True)
        await docker.containers.start(made)
        assert await shell(docker, made, "stat -c %u:%g /tmp/roots /tmp/users") == "0:0\n7:8\n"


# On a server that says what a test wants


def told(name="a", size=3, mode=0o644, target="", **more):
    document = {
        "name": name,
        "size": size,
        "mode": mode,
        "mtime": "2026-01-02T03:04:05.678+02:00",
        "linkTarget": target,
    }
    return base64.b64encode(json.dumps(document | more).encode()).decode()


@contextlib.asynccontextmanager
async def serving(answer, info=None):
    """`answer` to GET and PUT of an archive, `info` in the head of an answer to HEAD; None: nothing is there."""

    def answers(asked):
        if asked.unversioned == "/_ping":
            return answered(b"OK", version="1.51")
        if asked.method == "HEAD":
            if info is None:
                return answered(b"", 404, version="1.51")
            return answered(b"", version="1.51", x_docker_container_path_stat=info)
        return answer

    async with ScriptedServer(answering(answers)) as server, Docker(server.url) as docker:
        docker.server = server
        yield docker


def last(docker):
    asked = docker.server.asked[-1]
    return asked.method, asked.unversioned, dict(parse_qsl(urlsplit(asked.target).query))


async def test_every_parameter_is_sent_as_the_engine_spells_it(tmp_path):
    whole = packed("a", b"x")
    async with serving(answered(whole, version="1.51"), told()) as docker:
        containers = docker.containers
        assert await containers.export("job") == len(whole)
        assert last(docker) == ("GET", "/containers/job/export", {})
        assert await containers.get_archive({"Id": "abc"}, "/a b/ü&x=1") == len(whole)
        assert last(docker) == ("GET", "/containers/abc/archive", {"path": "/a b/ü&x=1"})
        await containers.archive_info("job", "/x")
        assert last(docker) == ("HEAD", "/containers/job/archive", {"path": "/x"})
        await containers.put_archive("job", "/x", whole, no_overwrite_dir_non_dir=True, copy_uid_gid=False)
        assert last(docker) == (
            "PUT",
            "/containers/job/archive",
            {"path": "/x", "noOverwriteDirNonDir": "1", "copyUIDGID": "0"},
        )
        asked = docker.server.asked[-1]
        assert asked.body == whole
        assert asked.headers["Content-Type"] == "application/x-tar"
        await containers.put_archive("job", "/x", whole)
        assert last(docker) == ("PUT", "/containers/job/archive", {"path": "/x"})
        await containers.copy_to("job", b"content", "/x/a", copy_uid_gid=True)
        assert last(docker) == (
            "PUT",
            "/containers/job/archive",
            {"path": "/x", "noOverwriteDirNonDir": "1", "copyUIDGID": "1"},
        )


async def test_the_length_is_sent_where_it_is_known(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 100_000)

    async def pieces():
        yield packed("a", b"x")

    async with serving(answered(b"", version="1.51")) as docker:
        containers = docker.containers

        async def length(call):
            await call
            asked = docker.server.asked[-1]
            known = asked.headers.get("Content-Length")
            assert known is None or int(known) == len(asked.body)
            return known is not None

        assert await length(containers.put_archive("job", "/", packed("a", b"x")))
        assert await length(containers.copy_to("job", tmp_path / "file", "/file"))
        assert await length(containers.copy_to("job", io.BytesIO(b"x" * 700_000), "/file"))
        assert await length(containers.copy_to("job", b"x", "/file"))
        assert not await length(containers.put_archive("job", "/", pieces()))
        assert not await length(containers.copy_to("job", tmp_path, "/folder"))


async def test_the_kinds_of_files_are_told_as_python_has_them():
    kinds = {
        1 << 31 | 0o755: stat.S_IFDIR | 0o755,
        1 << 27 | 0o777: stat.S_IFLNK | 0o777,
        1 << 25 | 0o600: stat.S_IFIFO | 0o600,
        1 << 24 | 0o600: stat.S_IFSOCK | 0o600,
        1 << 26 | 1 << 21 | 0o666: stat.S_IFCHR | 0o666,
        1 << 26 | 0o660: stat.S_IFBLK | 0o660,
        1 << 31 | 1 << 20 | 0o777: stat.S_IFDIR | 0o1777,
        1 << 23 | 1 << 22 | 0o755: stat.S_IFREG | 0o6755,
    }
    for theirs, ours in kinds.items():
        async with serving(b"", told(mode=theirs, target="/x", isDir=True)) as docker:
            found = await docker.containers.archive_info("job", "/a")
            assert found.mode == ours
            assert found.link_target == ("/x" if stat.S_ISLNK(ours) else None)


@pytest.mark.parametrize(
    "header", ["", "no base64!", base64.b64encode(b"[]").decode(), base64.b64encode(b"\xff").decode()]
)
async def test_an_engine_that_does_not_tell_what_is_at_a_path_breaks_the_rules(header):
    async with serving(b"", header) as docker:
        with pytest.raises(ProtocolViolated):
            await docker.containers.archive_info("job", "/a")


async def test_a_copy_that_breaks_off_leaves_no_half_file(tmp_path):
    whole = packed("a", b"x" * 3_000_000)
    for then, pieces in ((None, [whole[:2_000_000]]), (lambda peer: peer.close(), [whole[:2_000_000]])):
        script = telling(*(chunk(piece) for piece in pieces), then=then)
        async with serving(script, told(size=3_000_000)) as docker:
            with pytest.raises(StreamBroken):
                await docker.containers.copy_from("job", "/a", tmp_path / "copy")
            with pytest.raises(StreamBroken):
                await docker.containers.read_file("job", "/a")
        assert list(tmp_path.iterdir()) == []


async def test_a_copy_given_up_leaves_no_half_file_and_no_connection(tmp_path):
    whole = packed("a", b"x" * 3_000_000)
    sent = asyncio.Event()

    async def stuck(peer):
        await peer.send(CHUNKED + chunk(whole[:2_000_000]))
        sent.set()
        await peer.gone()

    async with serving(stuck, told(size=3_000_000)) as docker:
        copying = asyncio.create_task(docker.containers.copy_from("job", "/a", tmp_path / "copy"))
        await sent.wait()
        copying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await copying
        assert docker.stats().open_streams == 0
    async with asyncio.timeout(10):
        while list(tmp_path.iterdir()):
            await asyncio.sleep(0)


@contextlib.contextmanager
def little_memory():
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


async def test_a_file_of_any_size_is_copied_from_a_container_in_little_memory(tmp_path):
    size = 100_000_000
    info = tarfile.TarInfo("a")
    info.size = size
    pieces = [chunk(info.tobuf()), *[chunk(b"x" * 1_000_000)] * 100, chunk(bytes(-size % 512 + 1024))]
    async with serving(telling(*pieces), told(size=size)) as docker:
        with little_memory():
            await docker.containers.copy_from("job", "/a", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == size


async def test_a_file_of_any_size_is_copied_to_a_container_in_little_memory(tmp_path):
    size = 100_000_000
    with (tmp_path / "file").open("wb") as file:
        file.truncate(size)
    taken = 0

    async def taking(peer):
        nonlocal taken
        while True:
            head = await peer.reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HEAD"):
                await peer.send(answered(b"", 404, version="1.51", content_length=0))
                continue
            if head.startswith(b"PUT"):
                length = int(head.lower().partition(b"content-length: ")[2].split()[0])
                while taken < length:
                    taken += len(await peer.reader.read(65536))
            await peer.send(answered(b"OK", version="1.51"))

    async with ScriptedServer(taking) as server, Docker(server.url) as docker:
        await docker.ping()
        with little_memory():
            await docker.containers.copy_to("job", tmp_path / "file", "/file")
    assert taken == 512 + size + -size % 512 + 1024


async def test_a_hostile_engine_can_not_write_outside_of_the_target(tmp_path):
    (tmp_path / "target").mkdir()
    for name in ("../escaped", "a/../../escaped"):
        async with serving(answered(packed(name, b"x"), version="1.51"), told(mode=1 << 31)) as docker:
            with pytest.raises(UnsafeArchive):
                await docker.containers.copy_from("job", "/a", tmp_path / "target")
    assert tree(tmp_path) == ["target", "target/a"]


@pytest.mark.parametrize(
    ("path", "there", "name", "directory", "goes"),
    [
        ("/d", "directory", "f", False, ("/d", "f")),
        ("/d/", "directory", "f", False, ("/d/", "f")),
        ("/d/f", "file", "g", False, ("/d", "f")),
        ("/d/f", None, "g", False, ("/d", "f")),
        ("f", None, "g", False, ("", "f")),
        ("/d", "directory", "x", True, ("/d", "x")),
        ("/d", "directory", "", True, ("/d", None)),
        ("/d/new", None, "x", True, ("/d", "new")),
        ("/d/new/", None, "x", True, ("/d", "new")),
        ("/d/f/", None, "g", False, None),
        ("/d/f", "file", "x", True, None),
    ],
)
def test_where_a_copy_goes(path, there, name, directory, goes):
    place = Place(path, exists=there is not None, is_directory=there == "directory")
    thing = Thing.at(f"/s/{name}" if name else "/", name, is_directory=directory)
    if goes is None:
        with pytest.raises(BadParameter):
            destination(place, thing)
    else:
        assert destination(place, thing) == goes
