"""Output cut into chunks and lines, whatever the pieces in which it comes."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import MILLION, guard

from aiodockerhub.errors import DockerError, NotFound, OperationFailed, ProtocolViolated, StreamBroken, TooLarge
from aiodockerhub.progress import LogChunk, LogLine
from aiodockerhub.wire.frames import Frames, Lines, Terminal

NAMES = ("stdin", "stdout", "stderr")
LARGEST = 1 << 20

frames_of_all_kinds = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)))
)
cuts = st.lists(st.integers(0, 400))


def frame(kind, data):
    return struct.pack(">BxxxI", kind, len(data)) + data


def pieces(data, cuts):
    marks = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks) if start < end]


def fed(decoder, data):
    chunks = [chunk for piece in data for chunk in decoder.feed(piece)]
    return chunks + decoder.end()


@given(frames_of_all_kinds, cuts)
def test_frames_are_the_same_whatever_the_pieces(frames, cuts):
    data = b"".join(frame(*one) for one in frames)
    decoder = Frames()
    chunks = fed(decoder, pieces(data, cuts))
    assert [(chunk.stream, chunk.data) for chunk in chunks if chunk.data] == [
        (NAMES[kind], content) for kind, content in frames if content
    ]
    assert decoder.failure is None
    assert chunks == fed(Frames(), pieces(data, range(len(data))))


@given(frames_of_all_kinds, cuts)
def test_the_text_of_each_stream_is_its_bytes_decoded_at_once(frames, cuts):
    data = b"".join(frame(*one) for one in frames)
    chunks = fed(Frames(), pieces(data, cuts))
    for kind, name in enumerate(NAMES):
        whole = b"".join(content for number, content in frames if number == kind)
        assert "".join(chunk.text for chunk in chunks if chunk.stream == name) == whole.decode("utf-8", "replace")


@given(frames_of_all_kinds, cuts)
def test_raw_frames_are_their_payloads(frames, cuts):
    decoder = Frames()
    decoder.raw = True
    chunks = fed(decoder, pieces(b"".join(frame(*one) for one in frames), cuts))
    assert chunks == [content for _, content in frames if content]


@given(st.binary(max_size=60), cuts)
def test_a_terminals_output_is_what_came(data, cuts):
    decoder = Terminal()
    chunks = fed(decoder, pieces(data, cuts))
    assert b"".join(chunk.data for chunk in chunks) == data
    assert "".join(chunk.text for chunk in chunks) == data.decode("utf-8", "replace")
    assert {chunk.stream for chunk in chunks} <= {"stdout"}

    raw = Terminal()
    raw.raw = True
    assert fed(raw, pieces(data, cuts)) == pieces(data, cuts)


def test_a_character_cut_between_chunks_stands_whole_in_the_later_one():
    first, second = "h\u00e9".encode()[:2], "h\u00e9".encode()[2:]
    chunks = fed(Frames(), [frame(1, first), frame(2, b"between"), frame(1, second)])
    assert [(chunk.stream, chunk.text) for chunk in chunks] == [
        ("stdout", "h"),
        ("stderr", "between"),
        ("stdout", "\u00e9"),
    ]


def test_a_character_that_never_ends_is_told_at_the_end():
    assert fed(Frames(), [frame(2, b"a\xe2\x82")]) == [
        LogChunk("stderr", b"a\xe2\x82", "a"),
        LogChunk("stderr", b"", "\ufffd"),
    ]


@pytest.mark.parametrize("left", range(1, 12))
def test_a_frame_cut_short_is_a_broken_stream_after_what_came_before(left):
    decoder = Frames()
    chunks = fed(decoder, [frame(1, b"whole") + frame(2, b"half")[:left]])
    assert [chunk.data for chunk in chunks] == [b"whole"]
    assert isinstance(decoder.failure, StreamBroken)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("piece", [1000, 65536, 1 << 20, 200 << 20])
def test_a_frame_of_a_hundred_mebibytes_is_given_out_as_it_comes(raw, piece):
    content = "ä".encode() * (50 << 20)
    data = frame(1, b"") + frame(2, content) + frame(1, b"after")
    decoder = Frames()
    decoder.raw = raw
    seen, texts = 0, 0
    for start in range(0, len(data), piece):
        for chunk in decoder.feed(data[start : start + piece]):
            last = chunk
            seen += len(chunk if raw else chunk.data)
            texts += 0 if raw else len(chunk.text)
            assert raw or chunk.stream == "stderr" or chunk.data == b"after"
    assert seen == len(content) + 5
    assert raw or texts == (50 << 20) + 5
    assert last == (b"after" if raw else LogChunk("stdout", b"after", "after"))
    assert decoder.end() == []
    assert decoder.failure is None


def test_a_large_frame_cut_short_is_a_broken_stream_after_what_came_of_it():
    decoder = Frames()
    chunks = fed(decoder, [struct.pack(">BxxxI", 1, 2**32 - 1), b"x" * 100, b"y" * 100])
    assert b"".join(chunk.data for chunk in chunks) == b"x" * 100 + b"y" * 100
    assert isinstance(decoder.failure, StreamBroken)


def test_what_is_not_made_of_frames_is_refused():
    decoder = Frames()
    chunks = decoder.feed(frame(1, b"good") + b"plain text")
    assert [chunk.data for chunk in chunks] == [b"good"]
    assert isinstance(decoder.failure, ProtocolViolated)
    assert "plain" in str(decoder.failure)


def test_a_complaint_without_an_end_is_cut():
    decoder = Frames()
    with guard():
        decoder.feed(struct.pack(">BxxxI", 3, 2**32 - 1))
        while decoder.failure is None:
            decoder.feed(b"x" * 1000)
    assert isinstance(decoder.failure, OperationFailed)
    assert len(decoder.failure.message) == 1 << 20


def test_a_frame_in_which_the_engine_complains_raises_its_words():
    decoder = Frames()
    words = b"Error grabbing logs: not found\n"
    chunks = decoder.feed(frame(1, b"good") + frame(3, words)[:20])
    assert decoder.failure is None
    chunks += decoder.feed(frame(3, words)[20:] + frame(1, b"never given"))
    assert [chunk.data for chunk in chunks] == [b"good"]
    assert isinstance(decoder.failure, OperationFailed)
    assert isinstance(decoder.failure, NotFound)
    assert decoder.failure.message == "Error grabbing logs: not found"


anything = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.tuples(st.integers(0, 4), st.binary(max_size=20)).map(lambda one: frame(*one)),
        st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1)).map(lambda head: struct.pack(">BxxxI", *head)),
    )
).map(b"".join)


def until_failure(decoder, data):
    chunks = []
    for piece in data:
        chunks += decoder.feed(piece)
        if decoder.failure is not None:
            return chunks
    return chunks + decoder.end()


def joined(chunks):
    """What came from each stream, however it was cut: a large frame comes in as many chunks as it arrives in."""
    if chunks and isinstance(chunks[0], bytes):
        return b"".join(chunks)
    return [
        [b"".join(chunk.data for chunk in chunks if chunk.stream == name) for name in NAMES],
        ["".join(chunk.text for chunk in chunks if chunk.stream == name) for name in NAMES],
    ]


@given(anything, cuts, st.booleans())
def test_whatever_comes_ends_the_same_however_it_is_cut_and_in_our_errors(data, cuts, raw):
    decoder, whole = Frames(), Frames()
    decoder.raw = whole.raw = raw
    assert joined(until_failure(decoder, pieces(data, cuts))) == joined(until_failure(whole, pieces(data, ())))
    assert type(decoder.failure) is type(whole.failure)
    assert str(decoder.failure) == str(whole.failure)
    assert decoder.failure is None or isinstance(decoder.failure, DockerError)


@pytest.mark.parametrize("size", [1, 100, 5 * MILLION])
@pytest.mark.parametrize("one", [frame(1, b""), frame(1, b"x"), frame(2, b"\xc3")])
def test_a_million_small_frames_in_pieces_of_any_size_take_no_longer_than_their_bytes(one, size):
    data = one * (MILLION // len(one) // 2)
    with guard():
        decoder = Frames()
        given_out = sum(len(decoder.feed(data[start : start + size])) for start in range(0, len(data), size))
    assert given_out == (len(data) // len(one) if len(one) > 8 else 0)


@pytest.mark.parametrize("chunks", [[b"x"] * MILLION, [b"\n" * MILLION], [b"x\n" * MILLION], [b"\r"] * MILLION])
def test_lines_take_no_longer_than_their_bytes(chunks):
    lines = Lines(longest=MILLION)
    with guard():
        for chunk in chunks:
            lines.feed(LogChunk("stdout", chunk, ""))
        lines.end()
    assert lines.failure is None
    assert len(lines.ready) == max(1, sum(chunk.count(b"\n") for chunk in chunks))


def test_a_frame_in_many_pieces_is_put_together():
    size = 1 << 20
    decoder = Frames()
    data = frame(1, bytes(size))
    chunks = fed(decoder, [data[start : start + 1000] for start in range(0, len(data), 1000)])
    assert [len(chunk.data) for chunk in chunks] == [size]


chunks_of_all_streams = st.lists(
    st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from([b"\n", b"a", b"\r", b"bc", b"\xc3", b"\xa9"])))
)


@given(chunks_of_all_streams)
def test_lines_are_those_of_each_stream_alone(chunks):
    lines = Lines(longest=1000)
    for name, parts in chunks:
        lines.feed(LogChunk(name, b"".join(parts), ""))
    lines.end()
    for name in NAMES:
        whole = b"".join(b"".join(parts) for stream, parts in chunks if stream == name)
        expected = whole.removesuffix(b"\n").split(b"\n") if whole else []
        assert [line.text for line in lines.ready if line.stream == name] == [
            line.removesuffix(b"\r").decode("utf-8", "replace") for line in expected
        ]
    assert lines.failure is None


def test_a_line_is_given_when_its_end_has_come():
    lines = Lines(longest=100)
    lines.feed(LogChunk("stdout", b"one\nhal", ""))
    lines.feed(LogChunk("stderr", b"other\n", ""))
    assert list(lines.ready) == [LogLine("stdout", "one"), LogLine("stderr", "other")]
    lines.ready.clear()
    lines.feed(LogChunk("stdout", b"f\r\n\nrest", ""))
    assert list(lines.ready) == [LogLine("stdout", "half"), LogLine("stdout", "")]
    lines.ready.clear()
    lines.end()
    assert list(lines.ready) == [LogLine("stdout", "rest")]


@pytest.mark.parametrize(
    "data", [[b"ok\n" + b"x" * 11], [b"ok\n", b"x" * 6, b"x" * 5], [b"ok\n" + b"x" * 11 + b"\nlater\n"]]
)
def test_a_line_beyond_the_limit_is_refused_after_those_before(data):
    lines = Lines(longest=10)
    for piece in data:
        lines.feed(LogChunk("stdout", piece, ""))
    assert [line.text for line in lines.ready] == ["ok"]
    assert isinstance(lines.failure, TooLarge)
