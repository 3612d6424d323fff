"""Builds by BuildKit: its trace taken apart into steps, and what engines do without a session."""

from __future__ import annotations

import base64
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import MILLION, guard
from scripted_server import CHUNKED, ScriptedEngine, answered, chunk, line, telling

from aiodockerhub import BuildFailed, BuildStep, BuildVertex, Credentials, Docker, ImageNotFound, StreamBroken
from aiodockerhub.engine.buildkit import BuildLines, Trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rig import Engine, Registry

TRACE = "moby.buildkit.trace"
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def message(*fields: tuple[int, Any]) -> bytes:
    """A message of protobuf: numbers as varints, texts and bytes with their lengths."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(varint(number << 3) + varint(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            parts.append(varint(number << 3 | 2) + varint(len(data)) + data)
    return b"".join(parts)


def moment(seconds: int, nanoseconds: int = 0) -> bytes:
    return message((1, seconds), (2, nanoseconds))


def vertex(digest: str, name: str, *more: tuple[int, Any], started: int | None = 1, ended: int | None = None) -> bytes:
    times = [(field, moment(at)) for field, at in ((5, started), (6, ended)) if at is not None]
    return message((1, digest), (3, name), *times, *more)


def log(digest: str, data: bytes, descriptor: int = 1) -> bytes:
    return message((1, digest), (2, moment(1)), (3, descriptor), (4, data))


def traced(*fields: tuple[int, Any]) -> BuildStep:
    return BuildStep(id=TRACE, aux=base64.b64encode(message(*fields)).decode())


def told(steps: list[BuildStep] | None) -> list[tuple[str | None, str | None]]:
    assert steps is not None
    return [(step.status, step.stream) for step in steps]


def test_a_vertex_begins_prints_and_ends() -> None:
    trace = Trace()
    begun = trace.steps(traced((1, vertex(ONE, "[1/2] FROM busybox")), (1, vertex(TWO, "waits", started=None))))
    assert told(begun) == [("started", "[1/2] FROM busybox\n")]
    assert begun is not None
    assert begun[0].instruction == "[1/2] FROM busybox"
    assert begun[0].id == ONE
    ended = trace.steps(
        traced(
            (1, vertex(ONE, "[1/2] FROM busybox", (2, TWO), ended=3)), (3, log(ONE, b"out\n")), (3, log(ONE, b"err", 2))
        )
    )
    assert told(ended) == [(None, "out\n"), (None, "err"), ("done", None)]
    assert ended is not None
    assert ended[0].vertex == BuildVertex(digest=ONE, name="[1/2] FROM busybox", started=1.0)
    assert ended[2].vertex == BuildVertex(
        digest=ONE, name="[1/2] FROM busybox", inputs=(TWO,), started=1.0, completed=3.0
    )
    assert all(step.instruction is None for step in ended)


def test_what_is_told_again_is_no_step_again() -> None:
    trace = Trace()
    record = traced((1, vertex(ONE, "a", ended=2)))
    assert told(trace.steps(record)) == [("started", "a\n"), ("done", None)]
    # BuildKit does begin some work twice, and it is the same work
    assert told(trace.steps(record)) == [("started", None), ("done", None)]
    assert told(trace.steps(traced((1, vertex(TWO, "b"))))) == [("started", "b\n")]
    assert told(trace.steps(traced((1, vertex(TWO, "b"))))) == []


def test_cached_and_failed_vertices_say_so() -> None:
    trace = Trace()
    steps = trace.steps(
        traced((1, vertex(ONE, "a", (4, 1), ended=2)), (1, vertex(TWO, "b", (7, "exit code: 7"), ended=2)))
    )
    assert told(steps) == [("started", "a\n"), ("started", "b\n"), ("cached", None), ("failed", None)]
    assert steps is not None
    assert steps[3].vertex is not None
    assert steps[3].vertex.error == "exit code: 7"


def test_the_vertex_at_fault_is_the_one_whose_error_is_the_builds() -> None:
    trace = Trace()
    trace.steps(
        traced(
            (1, vertex(ONE, "cut off", (7, "context canceled"), ended=2)),
            (1, vertex(TWO, "at fault", (7, "exit code: 7"), ended=2)),
        )
    )
    assert trace.at_fault("failed to solve: exit code: 7") == "at fault"
    assert trace.at_fault("in other words") == "cut off"
    assert Trace().at_fault("exit code: 7") is None


def test_parts_of_the_work_tell_how_far_they_are() -> None:
    trace = Trace()
    trace.steps(traced((1, vertex(ONE, "a"))))
    (copying, exporting) = trace.steps(
        traced(
            (2, message((1, "layer"), (2, ONE), (3, "extracting"), (4, 5), (5, 10), (6, moment(1)))),
            (2, message((1, "exporting layers"), (2, ONE))),
        )
    ) or [None, None]
    assert copying is not None
    assert exporting is not None
    assert (copying.id, copying.status, copying.current, copying.total) == ("layer", "extracting", 5, 10)
    assert copying.vertex == BuildVertex(digest=ONE, name="a", started=1.0)
    assert (exporting.id, exporting.status, exporting.amount) == ("exporting layers", "exporting layers", None)


def test_a_warning_is_printed() -> None:
    steps = Trace().steps(traced((4, message((1, ONE), (2, 1), (3, b"casing"), (4, b"more")))))
    assert told(steps) == [("warning", "WARNING: casing\n")]


def test_a_character_cut_between_records_stands_whole_in_the_later_one() -> None:
    trace = Trace()
    trace.steps(traced((1, vertex(ONE, "a"))))
    assert told(trace.steps(traced((3, log(ONE, b"h\xc3"))))) == [(None, "h")]
    assert told(trace.steps(traced((3, log(ONE, b"\xe4", 2))))) == []
    assert told(trace.steps(traced((3, log(ONE, b"\xa4llo"))))) == [(None, "ällo")]
    ended = trace.steps(traced((1, vertex(ONE, "a", ended=2))))
    assert told(ended) == [(None, "\N{REPLACEMENT CHARACTER}"), ("done", None)]


@pytest.mark.parametrize(
    "record",
    [
        b"\x0a",
        b"\x0a\x05abc",
        b"\x08",
        b"\x08" + b"\xff" * 11,
        b"\x00\x00",
        b"\x0b",
        b"\x0d\x00",
        message((1, 5)),
        message((1, message((5, 5)))),
        message((3, message((3, b"text")))),
        message((1, message((1, 7)))),
    ],
)
def test_what_is_no_record_breaks_the_stream(record: bytes) -> None:
    with pytest.raises(StreamBroken, match="BuildKit"):
        Trace().steps(BuildStep(id=TRACE, aux=base64.b64encode(record).decode()))


@pytest.mark.parametrize("aux", ["?", "YQ", "YQ==YQ==", "ä", 5, ["YQ=="], {"ID": "x"}, True])
def test_what_is_not_even_base64_breaks_the_stream(aux: object) -> None:
    with pytest.raises(StreamBroken, match="BuildKit"):
        Trace().steps(BuildStep(id=TRACE, aux=aux))


def test_fields_that_nobody_here_knows_are_passed_over() -> None:
    unknown = (
        varint(99 << 3) + b"\x05" + varint(98 << 3 | 1) + struct.pack("<d", 1.0) + varint(97 << 3 | 5) + b"\x00" * 4
    )
    record = unknown + message((1, vertex(ONE, "a") + unknown), (96, "more"))
    steps = Trace().steps(BuildStep(id=TRACE, aux=base64.b64encode(record).decode()))
    assert told(steps) == [("started", "a\n")]


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_give_steps_or_our_error(records: list[bytes]) -> None:
    trace = Trace()
    for record in records:
        with suppress(StreamBroken):
            trace.steps(BuildStep(id=TRACE, aux=base64.b64encode(record).decode()))


values = st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), st.text(max_size=8), st.binary(max_size=8))
fields = st.lists(st.tuples(st.integers(1, 9), values), max_size=9)
nested = fields.map(lambda given: message(*given))
records = st.lists(st.tuples(st.integers(1, 5), st.one_of(nested, values)), max_size=9)


@given(st.lists(records))
def test_any_fields_give_steps_or_our_error(given: list[list[tuple[int, Any]]]) -> None:
    trace = Trace()
    for record in given:
        with suppress(StreamBroken):
            trace.steps(traced(*record))


@given(st.text(), st.text(), st.integers(-(10**15), 10**15), st.integers(0, 999_999_999))
def test_what_is_written_is_what_is_read(name: str, text: str, seconds: int, nanoseconds: int) -> None:
    record = message((1, ONE), (3, name), (5, moment(seconds, nanoseconds)))
    steps = Trace().steps(traced((1, record), (3, log(ONE, text.encode())))) or []
    assert steps[0].vertex is not None
    assert (steps[0].vertex.name, steps[0].vertex.started) == (name, seconds + nanoseconds / 1e9)
    assert "".join(step.stream or "" for step in steps[1:]) == text


def test_a_large_record_takes_time_in_proportion() -> None:
    with guard():
        Trace().steps(traced(*[(9, 1)] * MILLION))
        Trace().steps(traced((3, log(ONE, b"x" * 50 * MILLION))))
        with pytest.raises(StreamBroken):
            Trace().steps(BuildStep(id=TRACE, aux=base64.b64encode(b"\x80" * MILLION).decode()))


def test_a_build_has_no_vertices_without_an_end() -> None:
    trace = Trace()

    def go_on() -> None:
        for number in range(0, 200_000, 1000):
            trace.steps(traced(*((1, vertex(f"{number + one}", "x")) for one in range(1000))))

    with pytest.raises(StreamBroken, match="more than 100,000 vertices"):
        go_on()


def test_lines_before_a_record_that_makes_no_sense_are_given_out() -> None:
    lines = BuildLines(Trace(), line=1 << 20)
    steps = lines.feed(line(stream="before") + line(id=TRACE, aux="?") + line(stream="after"))
    assert [step.stream for step in steps] == ["before"]
    assert isinstance(lines.failure, StreamBroken)


@pytest.fixture
def failing(scripted: ScriptedEngine) -> ScriptedEngine:
    """An engine whose build fails by BuildKit."""
    record = message(
        (1, vertex(ONE, "[2/2] RUN exit 7", (7, "exit code: 7"), ended=2)), (3, log(ONE, b"1" * 64 + b"\n"))
    )
    scripted.says["/build"] = telling(
        chunk(line(id=TRACE, aux=base64.b64encode(record).decode())),
        chunk(line(errorDetail={"message": "failed to solve: exit code: 7"}, error="failed to solve")),
        begin=CHUNKED,
    )
    return scripted


@pytest.mark.parametrize("raw", [False, True])
async def test_the_step_that_failed_is_named_however_the_stream_is_read(failing: ScriptedEngine, *, raw: bool) -> None:
    async with Docker(failing.url) as docker:
        stream = docker.images.build(fileobj="FROM x\n", version="2")
        seen: list[Any] = []

        async def follow() -> None:
            async for step in stream.raw if raw else stream:
                seen.append(step)  # noqa: PERF401  (what came before the error counts)

        with pytest.raises(BuildFailed, match="exit code: 7") as failed:
            await follow()
    assert failed.value.step == "[2/2] RUN exit 7"
    assert (
        [step["id"] for step in seen] == [TRACE]
        if raw
        else [step.status for step in seen] == ["started", None, "failed"]
    )


async def test_what_a_step_prints_is_not_taken_for_the_images_id(scripted: ScriptedEngine) -> None:
    record = message((1, vertex(ONE, "a")), (3, log(ONE, b"1" * 64 + b"\n")))
    scripted.says["/build"] = telling(chunk(line(id=TRACE, aux=base64.b64encode(record).decode())), begin=CHUNKED)
    scripted.says["/images/made/json"] = answered({"Id": "sha256:1d"})
    async with Docker(scripted.url) as docker:
        assert (await docker.images.build(fileobj="FROM x\n", version="2", tag="made")).id == "sha256:1d"


@pytest.fixture
async def docker(engine: Engine) -> AsyncIterator[Docker]:
    async with Docker(engine.base_url) as client:
        yield client


DOCKERFILE = """\
FROM {} AS first
RUN echo said first; echo {} > /kept
FROM scratch
LABEL of=buildkit
COPY --from=first /kept /kept
"""


async def test_engines_build_by_buildkit_without_a_session(docker: Docker, busybox: str, engine: Engine) -> None:
    stream = docker.images.build(
        fileobj=DOCKERFILE.format(busybox, "one"), tag="buildkit/made:1", version="2", network_mode="none"
    )
    steps = [step async for step in stream]
    image = await docker.images.inspect("buildkit/made:1")
    assert image["Id"] == stream.outcome.id
    assert image["Config"]["Labels"] == {"of": "buildkit"} | (
        {"io.buildah.version": image["Config"]["Labels"]["io.buildah.version"]} if engine.role == "podman" else {}
    )
    assert "said first" in "".join(step.stream or "" for step in steps)
    begun = [step.instruction or "" for step in steps if step.instruction]
    assert any("RUN echo said first" in one for one in begun)
    if engine.role == "podman":  # it builds by itself whatever version is asked for
        assert {step.vertex for step in steps} == {None}
    else:
        (running,) = (
            step.vertex for step in steps if step.stream and "said first\n" in step.stream and not step.status
        )
        assert running is not None
        assert "RUN echo said first" in running.name
        ended = {step.vertex.name: step for step in steps if step.vertex is not None and step.vertex.completed}
        assert ended[running.name].status == "done"
        again = docker.images.build(fileobj=DOCKERFILE.format(busybox, "one"), version="2", network_mode="none")
        assert "cached" in [step.status async for step in again]
        assert again.outcome.id
    await docker.images.remove("buildkit/made:1")


async def test_a_failing_step_is_named(docker: Docker, busybox: str) -> None:
    dockerfile = f"FROM {busybox}\nRUN echo said first && exit 7\nRUN true\n"
    stream = docker.images.build(fileobj=dockerfile, version="2", network_mode="none", no_cache=True)
    printed = []

    async def follow() -> None:
        async for step in stream:
            printed.append(step.stream or "")  # noqa: PERF401  (what came before the error counts)

    with pytest.raises(BuildFailed, match="7") as failed:
        await follow()
    assert "exit 7" in (failed.value.step or "")
    assert "said first\n" in printed
    with pytest.raises(BuildFailed):
        await docker.images.build(fileobj="FRO scratch\n", version="2")


async def test_a_quiet_build_tells_the_id_alone(docker: Docker) -> None:
    built = await docker.images.build(fileobj="FROM scratch\nLABEL of=quiet\n", version="2", quiet=True)
    assert (await docker.images.inspect(built.id))["Id"] == built.id
    await docker.images.remove(built.id, force=True)


async def test_a_private_base_must_be_here_before(docker: Docker, registry: Registry, engine: Engine) -> None:
    assert registry.username is not None
    assert registry.password is not None
    alice = Credentials(registry.username, registry.password)
    base = f"{registry.address}/buildkit/base-{engine.role}:1"
    await docker.images.build(fileobj="FROM scratch\nLABEL of=base\n", tag=base)
    await docker.images.push(base, auth=alice)
    await docker.images.remove(base)

    async def build() -> None:
        await docker.images.build(fileobj=f"FROM {base}\nLABEL b=1\n", tag="buildkit/own", version="2", auth=alice)

    if engine.role != "podman":
        with pytest.raises(BuildFailed, match="no active sessions") as failed:
            await build()
        assert base in (failed.value.step or "")
        await docker.images.pull(base, auth=alice)
    await build()
    await docker.images.remove("buildkit/own")
    with suppress(ImageNotFound):
        await docker.images.remove(base)
