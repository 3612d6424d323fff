"""JSON streams: every chunking gives the same items, and what breaks one is told after what came before it."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import itertools
import json
import struct
import sys
import termios

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import MILLION, guard
from scripted_server import CHUNKED, END, Peer, ScriptedEngine, answered, chunk, follow, line, pulled, telling

from aiodockerhub.engine.docker import Docker
from aiodockerhub.errors import (
    BuildFailed,
    DockerError,
    Forbidden,
    ImageNotFound,
    OperationFailed,
    ProtocolViolated,
    PullFailed,
    PushFailed,
    StreamBroken,
    TooLarge,
    Unauthorized,
)
from aiodockerhub.progress import BuildStep, Event, PullProgress
from aiodockerhub.wire.jsonstream import JSONLines
from aiodockerhub.wire.limits import Limits

PULL = "/images/create"
LINE = 64 * 1024 * 1024


@pytest.fixture
async def scripted():
    async with ScriptedEngine() as engine:
        yield engine


@pytest.fixture
async def docker(scripted):
    async with Docker(scripted.url, version="1.45") as docker:
        yield docker


def decoded(pieces, kind, *, raw=False, line=LINE):
    """The items, and what stopped it."""
    decoder = JSONLines(kind, line=line)
    decoder.raw = raw
    items = []
    for piece in pieces:
        items += decoder.feed(piece)
        if decoder.failure is not None:
            return items, decoder.failure
    items += decoder.end()
    return items, decoder.failure


async def read(stream, *, raw=False):
    """The items, and what stopped it."""
    items = []
    try:
        async for item in stream.raw if raw else stream:
            items.append(item)  # noqa: PERF401  (those before an error are wanted too)
    except DockerError as error:
        return items, error
    return items, None


def cut(data, places):
    """`data` in pieces; an empty one is none."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


# any chunking of any valid stream

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
number = st.integers(0, 1 << 60)
amount = st.one_of(st.just({}), st.fixed_dictionaries({"current": number}, optional={"total": number, "units": text}))
anything = st.recursive(
    st.none() | st.booleans() | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
step = st.fixed_dictionaries(
    {},
    optional={
        "status": text,
        "id": text,
        "progress": text,
        "progressDetail": amount,
        "aux": anything,
        "unheard": anything,
        "error": st.none(),
    },
)
event = st.fixed_dictionaries(
    {"Type": text, "Action": text, "time": number, "timeNano": number},
    optional={
        "Actor": st.fixed_dictionaries({"ID": text, "Attributes": st.dictionaries(text, text, max_size=3)}),
        "scope": text,
        "from": text,
    },
)
separator = st.sampled_from([b"\n", b"\r\n", b"", b"\n\n", b"\r\n\r\n", b" \n", b"\n \t\n"])
stream = st.one_of(
    st.tuples(st.just(PullProgress), st.lists(st.tuples(step, separator), max_size=8)),
    st.tuples(st.just(BuildStep), st.lists(st.tuples(step, separator), max_size=8)),
    st.tuples(st.just(Event), st.lists(st.tuples(event, separator), max_size=8)),
)
places = st.one_of(st.just(range(100_000)), st.lists(st.integers(0, 100_000), max_size=20))


def written(objects, ascii_only):
    return b"".join(json.dumps(one, ensure_ascii=ascii_only).encode() + end for one, end in objects)


@given(stream, places, st.booleans(), st.booleans())
def test_however_it_is_cut_a_valid_stream_gives_the_same_items(stream, places, raw, ascii_only):
    kind, objects = stream
    told = [one for one, _ in objects]
    wanted = told if raw else [msgspec.convert(one, kind) for one in told]
    data = written(objects, ascii_only)
    assert decoded(cut(data, places), kind, raw=raw) == (wanted, None)
    assert decoded([data[i : i + 1] for i in range(len(data))], kind, raw=raw) == (wanted, None)


@given(st.lists(event, max_size=8))
def test_what_is_typed_from_the_engines_dict_is_what_is_decoded(events):
    decoder = JSONLines(Event, line=LINE)
    assert [decoder.convert(one) for one in events] == decoded(
        [written(((one, b"\n") for one in events), False)], Event
    )[0]


@pytest.mark.parametrize("size", [1, 7, 1000, 65_536, 262_144])
def test_objects_without_any_line_end_may_be_many_more_than_a_line_may_hold(size):
    one = b'{"status":"' + b"x" * 90 + b'"}'
    count = 30_000 if size > 100 else 300
    limit = 500_000 if size > 100 else 1000
    data = one * count
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    items, failure = decoded(pieces, PullProgress, line=limit)
    assert (len(items), failure) == (count, None)


async def test_an_object_without_a_line_end_is_given_when_it_is_whole(scripted, docker):
    scripted.says[PULL] = telling(chunk(b'{"status":"a"}'), then=follow)
    async with docker.images.pull("busybox") as stream:
        assert (await anext(aiter(stream))).status == "a"


STATUSES = ["", "a", "ü€𐍈", '"}{"', "\\", "}\n{", "日本" * 500]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"", b"\r\n\r\n"])
@pytest.mark.parametrize("size", [1, 5, 100_000])
async def test_cut_anywhere_on_the_wire(scripted, docker, raw, end, size):
    data = b"".join(json.dumps({"status": status}, ensure_ascii=False).encode() + end for status in STATUSES)
    pieces = [chunk(data[start : start + size]) for start in range(0, len(data), size)]
    scripted.says[PULL] = telling(*pieces)
    items, failure = await read(docker.images.pull("busybox"), raw=raw)
    assert failure is None
    assert [item["status"] if raw else item.status for item in items] == STATUSES


@pytest.mark.parametrize("aux", [None, {"ID": "sha256:1d"}, "in words", [1]])
async def test_aux_may_be_anything(scripted, docker, aux):
    scripted.says["/build"] = telling(chunk(line(aux=aux) + line(stream="sha256:" + "1d" * 32 + "\n")))
    items, failure = await read(docker.images.build(fileobj=b"FROM scratch"))
    assert failure is None
    assert items[0].aux == aux


# length


@given(st.lists(st.integers(13, 70), min_size=1, max_size=6), places, st.booleans(), separator.filter(bool))
def test_a_line_may_have_as_many_bytes_as_the_limit_and_no_more(lengths, places, raw, end):
    bound = 50
    data = b"".join(b'{"status":"' + b"x" * (length - 13) + b'"}' + b"\n" for length in lengths)
    good = list(itertools.takewhile(lambda length: length <= bound, lengths))
    items, failure = decoded(cut(data, places), PullProgress, raw=raw, line=bound)
    assert len(items) == len(good)
    assert type(failure) is (TooLarge if len(good) < len(lengths) else type(None))


@pytest.mark.parametrize("raw", [False, True])
async def test_a_line_of_many_megabytes_is_one_item(scripted, docker, raw):
    body = chunk(line(status="before")) + chunk(line(status="x" * 20_000_000)) + chunk(line(status="after"))
    scripted.says[PULL] = telling(body)
    items, failure = await read(docker.images.pull("busybox"), raw=raw)
    assert failure is None
    assert [len(item["status"] if raw else item.status) for item in items] == [6, 20_000_000, 5]


@pytest.mark.parametrize("tail", [b"\r\n", b"", b"}"])
async def test_a_longer_line_than_the_limit_is_refused_after_what_came_before(scripted, tail):
    scripted.says[PULL] = telling(
        chunk(line(status="a")), chunk(line(status="x" * 100_000).strip() + tail), then=follow
    )
    async with Docker(scripted.url, version="1.45", limits=Limits(line=50_000)) as docker:
        items, failure = await read(docker.images.pull("busybox"))
        assert isinstance(failure, TooLarge)
        assert [item.status for item in items] == ["a"]
        await scripted.until(lambda: scripted.streams == 0)


@pytest.mark.parametrize("filling", [b"x", b"}{", b"{}", b'\\"}{\\"'])
@pytest.mark.parametrize("size", [100, 4096, 65_536])
def test_the_work_for_a_long_line_is_in_proportion_to_it(filling, size):
    class Counting:
        looked_at = 0

        def decode_lines(self, lines):
            self.looked_at += len(lines)
            return msgspec.json.Decoder(PullProgress).decode_lines(lines)

    data = b'{"status":"' + filling * (1_000_000 // len(filling)) + b'"}\n'
    decoder = JSONLines(PullProgress, line=LINE)
    decoder._decoder = counting = Counting()
    items = [item for start in range(0, len(data), size) for item in decoder.feed(data[start : start + size])]
    assert (len(items), decoder.failure) == (1, None)
    eager = 65_536 * 65_536 // size // 2  # up to here every closing brace is looked at
    assert counting.looked_at < 4 * len(data) + eager


# what does not make sense

DEEP = b"[" * 200_000 + b"]" * 200_000
SENSELESS = {
    "no JSON": b"nonsense",
    "HTML": b"<html><body>502 Bad Gateway</body></html>",
    "null": b"null",
    "a list": b'["status"]',
    "a number": b"1",
    "an integer of 10,000 digits": b'{"progressDetail":{"current":' + b"9" * 10_000 + b"}}",
    "UTF-8 that is none": b'{"status":"\xff\xfe"}',
    "a character cut short": '{"status":"ü'.encode()[:-1] + b'"}',
    "half a surrogate pair": b'{"status":"\\ud800"}',
    "200,000 levels": b'{"aux":' + DEEP + b"}",
    "another shape": b'{"status":5}',
    "another shape further down": b'{"progressDetail":{"current":"much"}}',
    "an object cut short": b'{"status":"b',
    "an object without its end": b'{"status":"b"',
    "commas between objects": b'{"status":"a"},{"status":"b"}',
    "a control character": b'{"status":"\x00"}',
}
if sys.version_info < (3, 14):  # from then on the stack itself is the limit, and what nobody looks at is passed over
    SENSELESS["200,000 levels where nobody looks"] = b'{"unheard":' + DEEP + b"}"
PLAIN_ENOUGH = {"another shape further down", "another shape"}
"""Objects that make no typed step, though they are JSON."""


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("before", ["lines", "the same line", "nothing"])
@pytest.mark.parametrize("bad", SENSELESS)
async def test_what_makes_no_sense_breaks_the_stream_after_what_came_before(scripted, docker, bad, before, raw):
    good = {"lines": line(status="a") + line(status="ü"), "the same line": b'{"status":"a"}', "nothing": b""}[before]
    scripted.says[PULL] = telling(chunk(good + SENSELESS[bad] + b"\n" + line(status="never")))
    stream = docker.images.pull("busybox")
    items, failure = await read(stream, raw=raw)
    wanted = {"lines": ["a", "ü"], "the same line": ["a"], "nothing": []}[before]
    if bad == "commas between objects":
        wanted = [*wanted, "a"]
    assert type(failure) is StreamBroken
    assert [item["status"] if raw else item.status for item in items] == wanted
    with pytest.raises(StreamBroken) as again:
        await stream
    assert again.value is failure
    assert len(str(failure)) < 600
    await scripted.until(lambda: scripted.streams == 0)


@given(st.lists(step, max_size=4), st.sampled_from(list(SENSELESS.values())), places, st.booleans())
def test_however_it_is_cut_the_good_ones_come_first(steps, bad, places, raw):
    lines = written(((one, b"\r\n") for one in steps), False) + bad + b"\n" + line(status="never")
    items, failure = decoded(cut(lines, places), PullProgress, raw=raw)
    if raw:  # the shape is looked at where the outcome needs it
        items = items[: len(steps)]
    wanted = steps if raw else [msgspec.convert(one, PullProgress) for one in steps]
    assert items[: len(wanted)] == wanted
    assert raw or type(failure) is StreamBroken


pieces_of_json = st.sampled_from(
    [
        *(
            b"{",
            b"}",
            b"}{",
            b"[",
            b"]",
            b'"',
            b"\\",
            b"\\u",
            b"\n",
            b"\r",
            b" ",
            b",",
            b":",
            b"1",
            b"-",
            b"e9",
            b"null",
            b"\xff",
        ),
        *(
            b'"status"',
            b'"status":',
            b'{"status":"a"}',
            b'{"id":"b"}\n',
            b'{"current":1}',
            b'"progressDetail":',
            b"\xc3\xa9",
        ),
    ]
)
nearly_json = st.one_of(st.binary(max_size=60), st.lists(pieces_of_json, max_size=25).map(b"".join))


@given(nearly_json, places, st.booleans())
def test_whatever_comes_gives_the_same_items_however_it_is_cut_and_ends_in_our_errors(data, places, raw):
    items, failure = decoded(cut(data, places), PullProgress, raw=raw)
    whole, whole_failure = decoded([data] if data else [], PullProgress, raw=raw)
    assert items == whole
    assert type(failure) is type(whole_failure)
    assert failure is None or type(failure) is StreamBroken


@given(nearly_json, places, st.booleans(), st.integers(1, 20))
def test_whatever_comes_within_a_bound_ends_in_our_errors(data, places, raw, line):
    _, failure = decoded(cut(data, places), PullProgress, raw=raw, line=line)
    assert failure is None or isinstance(failure, (StreamBroken, TooLarge))


@given(anything)
def test_a_dict_of_any_shape_is_typed_or_refused(told):
    decoder = JSONLines(PullProgress, line=LINE)
    try:
        step = decoder.convert({"status": told, "id": told, "progressDetail": told, "aux": told, "error": told})
    except StreamBroken:
        return
    assert isinstance(step, PullProgress)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("size", [97, 65_536, 10 * MILLION])
@pytest.mark.parametrize(
    "unit", [b"{", b"}", b"}{", b'{"a":', b'{"status":"a"}', b"{}", b"[", b"\\", b'"', b" ", b"\n", b"1", b"}\n{"]
)
def test_whatever_is_repeated_a_million_times_takes_no_longer_than_its_bytes(unit, size, raw):
    data = b'{"status":"a"}' + unit * (MILLION // len(unit))
    with guard():
        _, failure = decoded([data[start : start + size] for start in range(0, len(data), size)], PullProgress, raw=raw)
    assert failure is None or type(failure) is StreamBroken


async def test_an_object_that_the_end_cuts_short_breaks_the_stream(scripted, docker):
    scripted.says[PULL] = telling(chunk(line(status="a")), chunk(b'{"status":"b'))
    items, failure = await read(docker.images.pull("busybox"))
    assert [item.status for item in items] == ["a"]
    assert type(failure) is StreamBroken


async def test_what_is_wrong_is_shown_and_its_cause_kept(scripted, docker):
    scripted.says[PULL] = telling(chunk(b'{"status": 5}\n'))
    _, failure = await read(docker.images.pull("busybox"))
    assert '{"status": 5}' in str(failure)
    assert isinstance(failure.__cause__, msgspec.ValidationError)


# a body that breaks off


TWO = line(status="a") + line(status="b")
WITHOUT_LENGTH = b"HTTP/1.1 200 OK\r\n\r\n" + TWO
WITH_LENGTH = answered(TWO, content_type="application/json", content_length=1000)
IN_CHUNKS = CHUNKED + chunk(TWO)


async def _delivered(peer):
    """Wait until the other machine has everything, since a reset throws away what it has not."""
    connection = peer.transport.get_extra_info("socket")
    while peer.transport.get_write_buffer_size() or _unsent(connection):
        await asyncio.sleep(0)


def _unsent(connection):
    return struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))[0]


BROKEN = {
    "chunks, closed": (IN_CHUNKS, b"", Peer.close),
    "chunks, reset": (IN_CHUNKS, b"", Peer.reset),
    "inside a chunk, closed": (IN_CHUNKS, b'100\r\n{"status":', Peer.close),
    "inside a chunk, reset": (IN_CHUNKS, b'100\r\n{"status":', Peer.reset),
    "inside a chunk's size, closed": (IN_CHUNKS, b"1", Peer.close),
    "before the last line end, closed": (IN_CHUNKS, b"0\r\n", Peer.close),
    "length, closed": (WITH_LENGTH, b"", Peer.close),
    "length, reset": (WITH_LENGTH, b"", Peer.reset),
    "no length, reset": (WITHOUT_LENGTH, b"", Peer.reset),
    "a size that is none": (IN_CHUNKS, b"zz\r\n", follow),
    "a size below nothing": (IN_CHUNKS, b"-1\r\n", follow),
    "a size beyond everything": (IN_CHUNKS, b"f" * 40 + b"\r\n", follow),
    "more in a chunk than it said": (IN_CHUNKS, b'2\r\n{"status":"c"}\r\n', follow),
    "another answer in the middle": (IN_CHUNKS, b"HTTP/1.1 200 OK\r\n\r\n", follow),
}


@pytest.mark.parametrize("pace", ["at once", "slowly"])
@pytest.mark.parametrize("how", BROKEN)
async def test_a_body_that_breaks_off_is_told_after_all_that_came_before(scripted, docker, how, pace, caplog):
    async def broken(peer):
        good, bad, then = BROKEN[how]
        await peer.send(good)
        await begun.wait()
        await peer.send(bad)
        await _delivered(peer)
        then(peer)
        over.set()

    begun, over = asyncio.Event(), asyncio.Event()
    scripted.says[PULL] = broken
    seen = []

    async def follow_it():
        async for item in stream:
            seen.append(item.status)
            begun.set()
            if pace == "slowly":
                await over.wait()
                await docker.info()

    stream = docker.images.pull("busybox")
    async with asyncio.timeout(5):
        with pytest.raises(StreamBroken) as caught:
            await follow_it()
    assert seen == ["a", "b"]
    assert caught.value.__cause__ is not None
    with pytest.raises(StreamBroken) as again:
        await stream
    assert again.value is caught.value
    await scripted.until(lambda: scripted.streams == 0)
    assert docker.stats().open_streams == 0
    await docker.close()
    stream = caught = again = None
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_one_who_reads_at_the_moment_when_the_connection_is_lost_learns_of_it(scripted, docker):
    async def senseless(peer):
        await peer.send(IN_CHUNKS)
        await begun.wait()
        await peer.send(b"zz\r\n")

    async def follow_it():
        async for _ in stream:
            begun.set()
            protocol = stream._flow.source._response.connection.protocol
            while protocol.connected:
                await asyncio.sleep(0)

    begun = asyncio.Event()
    scripted.says[PULL] = senseless
    stream = docker.images.pull("busybox")
    async with asyncio.timeout(5):
        with pytest.raises(StreamBroken):
            await follow_it()


@pytest.mark.parametrize("count", [10, 1000, 8000])
@pytest.mark.parametrize("how", [Peer.close, Peer.reset])
async def test_a_slow_reader_misses_nothing_of_what_came_before_a_cut(scripted, docker, how, count):
    async def cut_off(peer):
        await peer.send(CHUNKED)
        for number in range(count):
            peer.transport.write(chunk(line(status=str(number), id="x" * 100)))
        await _delivered(peer)
        how(peer)
        over.set()

    over = asyncio.Event()
    scripted.says[PULL] = cut_off
    seen = []

    async def follow_it():
        async for item in docker.images.pull("busybox"):
            if not seen and count < 8000:  # more than the two ends hold unread
                await over.wait()
                await docker.info()
            seen.append(int(item.status))
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        with pytest.raises(StreamBroken):
            await follow_it()
    assert seen == list(range(count))


@pytest.mark.parametrize("bad", [b"zz\r\n", b"-1\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_an_answer_that_is_no_stream_does_not_hang_either(scripted, docker, bad):
    async def in_two_parts(peer):
        await peer.send(CHUNKED + chunk(b'{"ID": '))
        await _delivered(peer)
        await asyncio.sleep(0.01)
        await peer.send(bad)

    scripted.says["/info"] = in_two_parts
    async with asyncio.timeout(5):
        with pytest.raises(DockerError):
            await docker.info(timeout=None)


async def test_a_body_without_a_length_ends_well_when_it_is_closed(scripted, docker):
    async def closed(peer):
        await peer.send(WITHOUT_LENGTH)
        peer.close()

    scripted.says["/events"] = closed
    items, failure = await read(docker.stream("GET", "/events"))
    assert (items, failure) == ([{"status": "a"}, {"status": "b"}], None)


# errors that the engine reports

FAILING = {
    "pull": (PULL, lambda docker: docker.images.pull("busybox"), PullFailed),
    "push": ("/images/busybox/push", lambda docker: docker.images.push("busybox"), PushFailed),
    "build": ("/build", lambda docker: docker.images.build(fileobj=b"FROM scratch"), BuildFailed),
    "stream": ("/x", lambda docker: docker.stream("POST", "/x"), OperationFailed),
}
REPORTS = {
    "both": ({"error": "it broke", "errorDetail": {"code": 137, "message": "it broke"}}, "it broke", 137, None),
    "a message alone": ({"error": "it broke"}, "it broke", None, None),
    "a detail alone": ({"errorDetail": {"code": 2, "message": "it broke"}}, "it broke", 2, None),
    "a detail without code": ({"error": "x", "errorDetail": {"message": "it broke"}}, "it broke", None, None),
    "an empty detail": ({"error": "it broke", "errorDetail": {}}, "it broke", None, None),
    "no detail": ({"error": "it broke", "errorDetail": None}, "it broke", None, None),
    "denied": ({"errorDetail": {"message": "requested access to the resource is denied"}}, "denied", None, Forbidden),
    "no login": ({"error": "unauthorized: authentication required"}, "unauthorized", None, Unauthorized),
    "no image": ({"error": "manifest for busybox:x not found"}, "not found", None, ImageNotFound),
}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("end", [b"\r\n", b""])
@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("operation", FAILING)
async def test_an_error_in_the_stream_is_raised_after_what_came_before(scripted, docker, operation, report, end, raw):
    path, begin, kind = FAILING[operation]
    told, words, code, also = REPORTS[report]
    after = line(error="never", status="never") + b"nonsense\n" if end else b""
    scripted.says[path] = telling(chunk(line(status="a") + line(status="b") + json.dumps(told).encode() + end + after))
    stream = begin(docker)
    items, failure = await read(stream, raw=raw)
    assert [item["status"] if raw or operation == "stream" else item.status for item in items] == ["a", "b"]
    assert isinstance(failure, kind)
    assert also is None or isinstance(failure, also)
    assert words in failure.message
    assert failure.code == code
    assert path in str(failure)
    with pytest.raises(kind) as again:
        await stream
    assert again.value is failure
    await scripted.until(lambda: scripted.streams == 0)


async def test_an_error_is_raised_while_the_engine_holds_the_connection(scripted, docker):
    scripted.says[PULL] = telling(chunk(line(status="a")), chunk(b'{"error":"it broke"}'), then=follow)
    with pytest.raises(PullFailed, match="it broke"):
        await docker.images.pull("busybox")
    await scripted.until(lambda: scripted.streams == 0)


async def test_an_error_before_a_cut_is_what_is_raised(scripted, docker):
    scripted.says[PULL] = telling(chunk(line(error="it broke")), then=Peer.reset)
    with pytest.raises(PullFailed, match="it broke"):
        await docker.images.pull("busybox")


async def test_an_empty_body_is_a_stream_without_items(scripted, docker):
    scripted.says["/events"] = pulled()
    assert await read(docker.events()) == ([], None)
    scripted.says["/events"] = telling(chunk(b"\r\n\r\n \n"))
    assert await read(docker.events()) == ([], None)
    assert END == b"0\r\n\r\n"


@pytest.mark.parametrize("path", [PULL, "/images/busybox/push"])
async def test_a_transfer_of_which_the_engine_says_nothing_is_not_taken_for_done(scripted, docker, path):
    scripted.says[path] = pulled()
    transfer = docker.images.pull("busybox") if path == PULL else docker.images.push("busybox")
    items, failure = await read(transfer)
    assert items == []
    assert type(failure) is ProtocolViolated
    assert f"POST {path}" in str(failure)
