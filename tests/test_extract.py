"""Archives unpacked on this machine: whole, and never outside of their directory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiodockerhub.errors import BadFile, StreamBroken, TooLarge, UnsafeArchive
from aiodockerhub.tar.extract import extract
from aiodockerhub.tar.pack import TreeTar, content_tar, path_tar


def entry(name, data=b"", *, kind=tarfile.REGTYPE, link="", mode=0o644, mtime=1_000_000_000.5):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode, info.mtime = len(data), kind, link, mode, mtime
    return info, data


def told(data=b"x", **words):
    """A file, and before it a header that tells more about it."""
    records = [f" {key}={value}\n".encode() for key, value in words.items()]
    sizes = [next(size for size in range(10**7) if size == len(record) + len(str(size))) for record in records]
    header = b"".join(b"%d%b" % (size, record) for size, record in zip(sizes, records, strict=True))
    return entry("words", header, kind=tarfile.XHDTYPE, mtime=0), entry("a", data, mtime=0)


def folder(name):
    return entry(name, kind=tarfile.DIRTYPE, mode=0o700)


def link(name, target):
    return entry(name, kind=tarfile.SYMTYPE, link=target)


def second_name(name, target):
    return entry(name, kind=tarfile.LNKTYPE, link=target)


def packed(*entries, form=tarfile.PAX_FORMAT):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def open_files():
    return {one.name for one in Path("/proc/self/fd").iterdir()}


async def pieces(data, size=1000):
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def unpack(directory, *entries, size=1000, name=None, form=tarfile.PAX_FORMAT):
    await extract(pieces(packed(*entries, form=form), size), str(directory), name=name)


@pytest.fixture
def place(tmp_path):
    """A directory beside one that nothing may reach."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("kept")
    (tmp_path / "place").mkdir()
    yield tmp_path / "place"
    assert [one.name for one in tmp_path.iterdir() if one.name not in {"outside", "place"}] == []
    assert [one.name for one in (tmp_path / "outside").iterdir()] == ["kept"]
    assert (tmp_path / "outside" / "kept").read_text() == "kept"


LONG = "/".join(["a long name of a directory, ä"] * 12)
TREE = (
    folder("top"),
    entry("top/file", b"content" * 500, mode=0o754),
    entry("top/empty"),
    link("top/link", "file"),
    link("top/deep/up", "../file"),
    second_name("top/second", "top/file"),
    entry(f"{LONG}/file", b"found"),
    link("top/long", "/".join(["x" * 60] * 3)),
)


@pytest.mark.parametrize("size", [1, 511, 512, 513, 10**6])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
async def test_a_tree_comes_out_as_it_went_in_however_it_is_cut(place, size, form):
    await unpack(place, *TREE, size=size, form=form)
    assert (place / "top/file").read_bytes() == b"content" * 500
    assert (place / "top/empty").read_bytes() == b""
    assert (place / "top/link").readlink() == Path("file")
    assert (place / "top/deep/up").read_bytes() == b"content" * 500
    assert (place / "top/second").stat().st_ino == (place / "top/file").stat().st_ino
    assert (place / LONG / "file").read_bytes() == b"found"
    assert len(str((place / "top/long").readlink())) == 182


MODES = {
    0o644: 0o644,
    0o755: 0o755,
    0o4777: 0o755,
    0o111: 0o711,
    0o011: 0o600,
    0o000: 0o600,
    0o666: 0o644,
    0o2700: 0o700,
}


async def test_modes_and_times_are_those_of_the_data_filter(place):
    await unpack(place, *(entry(f"{mode:o}", b"x", mode=mode) for mode in MODES), folder("dir"), entry("dir/inside"))
    for mode, expected in MODES.items():
        file = (place / f"{mode:o}").stat()
        assert stat.S_IMODE(file.st_mode) == expected
        assert file.st_mtime == 1_000_000_000.5
        if hasattr(tarfile, "data_filter"):  # Debian 12's Python has none
            assert tarfile.data_filter(entry("file", mode=mode)[0], str(place)).mode == expected
    assert (place / "dir").stat().st_mtime == 1_000_000_000.5


async def test_what_is_there_is_replaced_and_a_link_never_written_through(place):
    (place / "file").write_text("old")
    (place / "link").symlink_to("../outside/kept")
    (place / "name").hardlink_to(place / "file")
    await unpack(place, entry("file", b"new"), entry("link", b"mine"))
    assert (place / "file").read_text() == "new"
    assert (place / "name").read_text() == "old"
    assert not (place / "link").is_symlink()
    assert (place / "link").read_text() == "mine"


async def test_one_thing_gets_another_name(place):
    await unpack(place, entry("file", b"data"), name="renamed")
    await unpack(place, folder("a"), entry("a/b/c", b"deep"), second_name("a/d", "a/b/c"), name="z")
    assert (place / "renamed").read_bytes() == b"data"
    assert (place / "z/b/c").read_bytes() == b"deep"
    assert (place / "z/d").read_bytes() == b"deep"
    assert sorted(one.name for one in place.iterdir()) == ["renamed", "z"]


async def test_a_leading_slash_is_taken_away(place):
    await unpack(place, entry("/file", b"inside"), entry("//deep/./file", b"too"))
    assert (place / "file").read_bytes() == b"inside"
    assert (place / "deep/file").read_bytes() == b"too"


ESCAPES = {
    "a name that climbs": [entry("../outside/new")],
    "a name that climbs later": [folder("a"), entry("a/../../outside/new")],
    "a name of dots": [entry("..")],
    "a file in place of the directory": [entry(".")],
    "a link in place of the directory": [link("./", "../outside")],
    "an absolute link": [link("a", "/etc")],
    "a link that climbs": [link("a", "../outside")],
    "a file through a link that climbs": [link("a", "../outside"), entry("a/new")],
    "a link that climbs from below": [folder("b"), link("b/a", "../../outside")],
    "a file through a link inside": [folder("b"), link("a", "b"), entry("a/new")],
    "a directory through a link inside": [folder("b"), link("a", "b"), folder("a/new")],
    "links that climb together": [folder("x/y/z"), link("a", "x/y/z"), link("b", "a/../../../../outside")],
    "a short way down and a long one up": [link("x/y/s", "../.."), link("t", "x/y/s/../outside")],
    "a link that is emptied": [link("a", "")],
    "a second name of a file outside": [second_name("a", "../outside/kept")],
    "a second name of a link": [folder("x/y"), link("x/y/l", "../.."), second_name("l", "x/y/l")],
    "a second name through a link": [folder("b"), entry("b/f"), link("a", "b"), second_name("c", "a/f")],
    "a pipe": [entry("a", kind=tarfile.FIFOTYPE)],
    "a character device": [entry("a", kind=tarfile.CHRTYPE)],
    "a block device": [entry("a", kind=tarfile.BLKTYPE)],
    "a sparse file": [*told(**{"GNU.sparse.major": "1"})],
    "an unknown kind": [entry("a", kind=b"Q")],
    "a name with a zero": [*told(path="a\0b")],
}


@pytest.mark.parametrize("entries", ESCAPES.values(), ids=ESCAPES.keys())
async def test_nothing_leaves_the_directory(place, entries):
    with pytest.raises(UnsafeArchive) as raised:
        await unpack(place, *entries)
    assert repr(raised.value.entry) in str(raised.value)
    for made in place.rglob("*"):
        assert not made.is_symlink() or os.path.realpath(made).startswith(str(place))


async def test_a_second_name_of_what_is_not_in_the_directory_is_none(place):
    with pytest.raises(BadFile, match="No such file"):
        await unpack(place, second_name("a", "/etc/passwd"))


async def test_a_link_that_lies_there_is_not_followed(place):
    (place / "way").symlink_to("../outside")
    with pytest.raises(UnsafeArchive, match="through a link"):
        await unpack(place, entry("way/new", b"x"))
    with pytest.raises(UnsafeArchive, match="through a link"):
        await unpack(place, folder("way"))


async def test_a_directory_is_not_replaced_by_a_file_nor_a_file_by_a_directory(place):
    (place / "folder").mkdir()
    (place / "file").write_text("kept")
    for entries in ([entry("folder", b"x")], [link("folder", "file")], [folder("file")], [entry("file/below")]):
        with pytest.raises(BadFile, match="can't write"):
            await unpack(place, *entries)
    assert (place / "file").read_text() == "kept"
    assert sorted(one.name for one in place.iterdir()) == ["file", "folder"]


async def test_an_archive_cut_short_is_an_error_and_leaves_no_half_file(place):
    whole = packed(entry("first", b"1" * 3000), entry("second", b"2" * 3000))
    for cut in (3000, 4600, 5000, 8000):
        with pytest.raises(StreamBroken, match="ended before its end"):
            await extract(pieces(whole[:cut]), str(place))
        assert {one.name for one in place.iterdir()} <= {"first", "second"}
        assert {one.stat().st_size for one in place.iterdir()} <= {3000}


async def test_what_ends_the_archive_early_leaves_no_half_file(place):
    whole = packed(entry("first", b"1" * 3_000_000))

    async def breaking():
        yield whole[:2_000_000]
        raise StreamBroken("gone")

    with pytest.raises(StreamBroken, match="gone"):
        await extract(breaking(), str(place))
    assert list(place.iterdir()) == []


async def test_an_archive_given_up_leaves_no_half_file_and_nothing_open(place):
    before = open_files()
    reached = asyncio.Event()
    whole = packed(entry("first", b"1" * 3_000_000))

    async def endless():
        yield whole[:2_000_000]
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(extract(endless(), str(place)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(place.iterdir()) == []
    assert open_files() <= before


async def test_a_thread_that_still_writes_cleans_up_itself(place, monkeypatch):
    before = open_files()
    writing, go_on = threading.Event(), threading.Event()
    write = os.write

    def slow_write(descriptor, data):
        writing.set()
        go_on.wait(20)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", slow_write)
    task = asyncio.create_task(extract(pieces(packed(entry("first", b"1" * 3000))), str(place)))
    await asyncio.to_thread(writing.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    async with asyncio.timeout(20):
        while list(place.iterdir()) or not open_files() <= before:
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"no tar at all" * 100, StreamBroken),
        (packed(*told(path="b")).replace(b"9 path=b\n", b"99path=b\n"), StreamBroken),
        (packed(*told(path="b")).replace(b"9 path=b\n", b"9 path/b\n"), StreamBroken),
        (packed(*told(path="b")).replace(b"9 path=b\n", b"0 path=b\n"), StreamBroken),
        (packed(*told(size="-5")), StreamBroken),
        (packed(*told(mtime="noon")), StreamBroken),
        (packed(*told(path="b" * 2_000_000)), TooLarge),
        (b"", StreamBroken),
    ],
)
async def test_what_is_no_archive_is_refused(place, data, error):
    with pytest.raises(error):
        await extract(pieces(data), str(place))


async def test_times_that_no_clock_has_are_passed_over(place):
    for mtime in ("inf", "nan", "1e300", "-1e300"):
        await unpack(place, *told(mtime.encode(), mtime=mtime))
        assert (place / "a").read_text() == mtime


async def test_what_follows_the_end_is_passed_over(place):
    await extract(pieces(packed(entry("a", b"x")) + b"anything" * 1000), str(place))
    assert [one.name for one in place.iterdir()] == ["a"]


NAMES = st.lists(st.sampled_from(["a", "b", "c", "..", ".", ""]), min_size=1, max_size=4).map("/".join)
ENTRIES = st.one_of(
    st.builds(lambda name: entry(name, b"data"), NAMES),
    st.builds(folder, NAMES),
    st.builds(link, NAMES, NAMES),
    st.builds(link, NAMES, NAMES.map(lambda name: "../" + name)),
    st.builds(second_name, NAMES, NAMES),
)


def leads_somewhere(link):
    """Whether it does not lead back to itself: where realpath says that such a one leads, the system does not go."""
    try:
        link.stat()
    except OSError as error:
        return error.errno != errno.ELOOP
    return True


@given(entries=st.lists(ENTRIES, max_size=8), name=st.sampled_from([None, "a"]))
def test_no_archive_whatsoever_reaches_outside(tmp_path_factory, entries, name):
    root = tmp_path_factory.mktemp("root")
    (root / "outside").mkdir()
    (root / "place").mkdir()
    with contextlib.suppress(UnsafeArchive, BadFile):
        asyncio.run(unpack(root / "place", *entries, name=name))
    assert sorted(one.name for one in root.iterdir()) == ["outside", "place"]
    assert list((root / "outside").iterdir()) == []
    inside = os.path.realpath(root / "place")
    for found in (root / "place").rglob("*"):
        if found.is_symlink() and leads_somewhere(found):
            real = os.path.realpath(found)
            assert real == inside or real.startswith(inside + "/"), (found, found.readlink())


# What is packed here


async def test_a_directory_is_packed_as_it_is(tmp_path, place):
    source = tmp_path / "place" / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub/file").write_bytes(b"x" * 700_000)
    (source / "link").symlink_to("sub/file")
    os.mkfifo(source / "pipe")
    for name, first in (("named", "named"), (None, "link")):
        data = b"".join([chunk async for chunk in TreeTar(str(source), name)])
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = {member.name: member for member in archive}
        prefix = f"{name}/" if name else ""
        assert next(iter(members)) == first
        assert {f"{prefix}{one}" for one in ("sub", "sub/file", "link", "pipe")} <= set(members)
        assert members[f"{prefix}link"].linkname == "sub/file"
        assert members[f"{prefix}sub/file"].size == 700_000
        assert {member.uid for member in members.values()} == {0}


async def test_the_length_of_a_files_archive_is_known_before(tmp_path, place):
    file = place / "file"
    for size, name in ((0, "a"), (511, "ä" * 90), (700_000, "b/" * 80 + "c")):
        file.write_bytes(b"x" * size)
        content = io.BytesIO(b"y" * size)
        for tar in (
            await path_tar(str(file), file.lstat(), name),
            await content_tar(name, content, mode=0o600, mtime=5),
        ):
            data = tar if isinstance(tar, bytes) else b"".join([chunk async for chunk in tar])
            assert isinstance(tar, bytes) or tar.length == len(data)
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                assert [(member.name, member.size) for member in archive] == [(name, size)]
