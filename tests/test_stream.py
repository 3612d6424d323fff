"""What everything that streams gives: one object, awaited, iterated, bounded by a block, or handed to a task."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Coroutine

import pytest
import uvloop
from scripted_server import END, ScriptedEngine, answered, chunk, follow, line, pulled, silent

from aiodockerhub.engine.docker import Docker
from aiodockerhub.errors import Closed, ImageNotFound, Misused, PullFailed, TimedOut
from aiodockerhub.progress import Pulled, PullProgress
from aiodockerhub.wire.jsonstream import JSONLines
from aiodockerhub.wire.stream import BulkStream, Flow, Stream
from aiodockerhub.wire.timeouts import Timeout

PULL = "/images/create"
PULLED = Pulled("busybox:latest", "sha256:1d", "sha256:d1", up_to_date=False)
ONE_PULL = ["POST /images/create", "GET /images/busybox:latest/json"]


@pytest.fixture
async def docker(scripted):
    async with Docker(scripted.url, version="1.45") as docker:
        yield docker


async def statuses(stream):
    return [step.status async for step in stream]


# awaited, iterated, as the engine's own dicts


async def test_awaited_it_gives_the_outcome_and_again_the_same(scripted, docker):
    scripted.says[PULL] = pulled("a", "b")
    stream = docker.images.pull("busybox")
    first = await stream
    assert first == PULLED
    assert await stream is first
    assert await asyncio.create_task(stream) is first
    assert stream.outcome is first
    assert scripted.calls() == ONE_PULL


async def test_a_failure_is_raised_again_as_the_same_error(scripted, docker):
    scripted.says[PULL] = answered({"message": "no such image: busybox"}, 404)
    stream = docker.images.pull("busybox")
    caught = []
    for way in (statuses, through_a_task, statuses, through_gather):
        with pytest.raises(PullFailed) as error:
            await way(stream)
        caught.append(error.value)
    with pytest.raises(ImageNotFound) as error:
        _ = stream.outcome
    assert {error.value} == set(caught)
    assert len(scripted.asked) == 1


async def test_iterated_it_gives_typed_steps_and_then_the_outcome(scripted, docker):
    scripted.says[PULL] = pulled("a", "b", "c")
    stream = docker.images.pull("busybox")
    steps = [step async for step in stream]
    assert {type(step) for step in steps} == {PullProgress}
    assert [step.status for step in steps] == ["a", "b", "c"]
    assert stream.outcome == await stream == PULLED
    assert await statuses(stream) == []
    assert scripted.calls() == ONE_PULL


async def test_awaited_after_a_part_was_iterated_it_runs_the_rest(scripted, docker):
    scripted.says[PULL] = pulled("a", "b", "c")
    stream = docker.images.pull("busybox")
    async for step in stream:
        assert step.status == "a"
        break
    assert await stream == PULLED
    assert scripted.calls() == ONE_PULL


async def test_iterated_on_right_away_it_misses_nothing(scripted, docker):
    scripted.says[PULL] = pulled("a", "b", "c")
    stream = docker.images.pull("busybox")
    seen = []
    for _ in range(4):
        async for step in stream:
            seen.append(step.status)
            break
    assert seen == ["a", "b", "c"]
    assert stream.outcome == PULLED


async def test_before_its_end_there_is_no_outcome(scripted, docker):
    scripted.says[PULL] = pulled("a", "b")
    stream = docker.images.pull("busybox")
    with pytest.raises(Misused, match="pull busybox:latest: no outcome before the end"):
        _ = stream.outcome
    async for _ in stream:
        with pytest.raises(Misused, match="no outcome before the end"):
            _ = stream.outcome
    assert stream.outcome == PULLED


async def test_raw_gives_the_engines_own_dicts_and_the_same_outcome(scripted, docker):
    scripted.says[PULL] = pulled("a", "b")
    stream = docker.images.pull("busybox")
    assert [told async for told in stream.raw] == [{"status": "a"}, {"status": "b"}]
    assert stream.outcome == PULLED


@pytest.mark.parametrize("first", ["typed", "raw"])
async def test_begun_in_one_form_it_does_not_go_on_in_the_other(scripted, docker, first):
    async def one_at_a_time(peer):
        await pulled("a", then=follow)(peer)
        await more.wait()
        await peer.send(chunk(line(status="b")) + END)

    more = asyncio.Event()
    scripted.says[PULL] = one_at_a_time
    forms = {"typed": lambda: aiter(stream), "raw": lambda: stream.raw}
    other = "raw" if first == "typed" else "typed"
    async with docker.images.pull("busybox") as stream:
        await anext(forms[first]())  # nothing is left that was decoded in this form
        with pytest.raises(Misused, match="can't go on with"):
            forms[other]()
        more.set()
        await anext(forms[first]())
        assert await stream == PULLED


async def test_a_block_sends_the_request_and_holds_the_stream_until_its_end(scripted, docker):
    scripted.says[PULL] = pulled("a", "b", then=follow)
    async with docker.images.pull("busybox") as stream:
        assert scripted.calls() == ["POST /images/create"]
        async for step in stream:
            assert step.status == "a"
            break
        await docker.info()
        assert docker.stats().open_streams == scripted.streams == 1
        async for step in stream:
            assert step.status == "b"
            break
        await docker.info()
        assert docker.stats().open_streams == scripted.streams == 1
    assert docker.stats().open_streams == 0
    await scripted.until(lambda: scripted.streams == 0)
    with pytest.raises(Closed, match="pull busybox:latest"):
        await stream


async def test_a_loop_left_just_before_a_block_does_not_end_the_block(scripted, docker):
    scripted.says[PULL] = pulled("a", "b", then=follow)
    stream = docker.images.pull("busybox")
    async for _ in stream:
        break
    async with stream:
        await docker.info()
        assert [(await anext(aiter(stream))).status, scripted.streams] == ["b", 1]


async def test_a_request_that_is_refused_fails_the_block_at_its_start(scripted, docker):
    scripted.says[PULL] = answered({"message": "no such image"}, 404)
    with pytest.raises(PullFailed, match="no such image"):
        async with docker.images.pull("busybox"):
            pytest.fail("the block has begun")
    assert docker.stats().open_streams == 0


# handed to tasks


async def through_a_task(stream):
    return await asyncio.create_task(stream, name="pull")


async def through_ensure_future(stream):
    return await asyncio.ensure_future(stream)


async def through_gather(stream):
    return (await asyncio.gather(stream, asyncio.sleep(0), stream))[2]


async def through_wait_for(stream):
    return await asyncio.wait_for(stream, 10)


async def through_shield(stream):
    return await asyncio.shield(stream)


async def through_a_task_group(stream):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(stream)
    return task.result()


async def through_another_thread(stream):
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(stream, loop).result(10))


EVERY_WAY = [
    through_a_task,
    through_ensure_future,
    through_gather,
    through_wait_for,
    through_shield,
    through_a_task_group,
    through_another_thread,
]


@pytest.mark.parametrize("way", EVERY_WAY)
async def test_whatever_takes_a_coroutine_takes_it(scripted, docker, way):
    scripted.says[PULL] = pulled("a", "b")
    stream = docker.images.pull("busybox")
    assert isinstance(stream, Coroutine)
    assert await way(stream) == PULLED
    assert await way(stream) == PULLED  # and again
    assert scripted.calls() == ONE_PULL


async def test_many_at_once(scripted, docker):
    scripted.says[PULL] = pulled("a", "b")
    assert await asyncio.gather(*(docker.images.pull("busybox") for _ in range(100))) == [PULLED] * 100


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.filterwarnings("ignore:.*iscoroutinefunction:DeprecationWarning")  # of uvloop, on Python 3.14
def test_a_loop_can_be_run_for_it_alone_on_either_loop(new_loop, tmp_path):
    async def pull():
        place = str(tmp_path / "s")
        async with ScriptedEngine(socket=place) as scripted, Docker(scripted.url, version="1.45") as docker:
            scripted.says[PULL] = pulled("a", "b")
            for way in EVERY_WAY:
                assert await way(docker.images.pull("busybox")) == PULLED
            assert await statuses(docker.images.pull("busybox")) == ["a", "b"]
            scripted.says[PULL] = pulled("a", then=follow)
            async for _ in docker.images.pull("busybox"):
                break
            await scripted.until(lambda: scripted.streams == 0)
            assert docker.stats().open_streams == 0

    with asyncio.Runner(loop_factory=new_loop, debug=True) as runner:
        runner.run(pull())


async def test_a_task_that_runs_it_shows_what_it_runs(scripted, docker):
    scripted.says[PULL] = pulled(then=follow)
    task = asyncio.create_task(docker.images.pull("busybox"))
    assert "pull busybox:latest" in repr(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_it_is_never_changes(scripted, docker):
    scripted.says[PULL] = pulled("a")
    stream = docker.images.pull("busybox")
    kinds = [type(stream)]
    async with stream as entered:
        assert entered is stream
        kinds.append(type(stream))
        await stream
    for other in (docker.events(), docker.stream("GET", "/x")):
        kinds.append(type(other))
        await other.aclose()
    assert set(kinds) == {Stream}
    assert repr(stream) == "<Stream pull busybox:latest: ended>"
    for stop in (None, 1):
        many = docker.images.pull_many([], stop_after_failures=stop)
        assert type(many) is BulkStream
        await many
        assert type(many) is BulkStream


# not begun


async def test_nothing_is_sent_before_it_is_wanted(scripted, docker):
    scripted.says[PULL] = pulled("a")
    stream = docker.images.pull("busybox")
    for look in (lambda: aiter(stream), lambda: stream.raw):
        assert isinstance(look(), AsyncIterator)
    assert repr(stream) == "<Stream pull busybox:latest: not begun>"
    await docker.info()
    assert scripted.calls() == ["GET /info"]
    assert await stream == PULLED


async def test_a_task_cancelled_before_its_first_step_sends_nothing_and_warns_of_nothing(scripted, docker):
    stream = docker.images.pull("busybox")
    task = asyncio.create_task(stream)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(Closed):
        await stream
    del stream, task
    gc.collect()
    await docker.info()
    assert scripted.calls() == ["GET /info"]


async def test_one_that_was_never_begun_warns_and_names_itself(scripted, docker):
    with pytest.warns(RuntimeWarning, match="stream pull busybox:latest was never awaited or iterated"):
        docker.images.pull("busybox")
    assert scripted.calls() == []


@pytest.mark.parametrize("ended", ["aclose", "close"])
async def test_one_that_was_ended_before_it_began_warns_of_nothing(scripted, docker, ended):
    stream = docker.images.pull("busybox")
    if ended == "aclose":
        await stream.aclose()
    else:
        stream.close()
    for way in (through_a_task, statuses):
        with pytest.raises(Closed):
            await way(stream)
    del stream
    gc.collect()
    assert scripted.calls() == []


# one reader at a time


async def test_two_iterators_at_once_are_refused_from_the_start(scripted, docker):
    scripted.says[PULL] = pulled("a", "b")
    stream = docker.images.pull("busybox")
    first = aiter(stream)
    for other in (lambda: aiter(stream), lambda: stream.raw):
        with pytest.raises(Misused, match="two iterators at once"):
            other()
    assert (await anext(first)).status == "a"
    with pytest.raises(Misused, match="two iterators at once"):
        await statuses(stream)
    assert await statuses(first) == ["b"]
    assert stream.outcome == PULLED


@pytest.mark.parametrize("first", [statuses, through_a_task, lambda stream: stream])
@pytest.mark.parametrize("second", [through_a_task, lambda stream: stream])
async def test_a_second_reader_is_refused_and_the_first_goes_on(scripted, docker, first, second):
    async def in_time(peer):
        await pulled("a", then=follow)(peer)
        await more.wait()
        await peer.send(END)

    async def awaited(what):
        return await what

    more = asyncio.Event()
    scripted.says[PULL] = in_time
    stream = docker.images.pull("busybox")
    reading = asyncio.create_task(awaited(first(stream)))
    await scripted.until(lambda: docker.stats().open_streams)
    for _ in range(3):
        with pytest.raises(Misused, match="at once"):
            await second(stream)
    more.set()
    assert await reading in (PULLED, ["a"])
    assert await stream == PULLED


async def test_a_second_task_that_is_cancelled_at_once_leaves_the_first_alone(scripted, docker):
    scripted.says[PULL] = pulled("a", "b")
    stream = docker.images.pull("busybox")
    first = asyncio.create_task(stream)
    await scripted.until(lambda: scripted.asked)
    second = asyncio.create_task(stream)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await first == PULLED


# ended from elsewhere


@pytest.mark.parametrize("way", [statuses, through_a_task])
@pytest.mark.parametrize("engine", ["says nothing", "sends a part", "answers no question about the image"])
@pytest.mark.parametrize("closed", ["stream", "client"])
async def test_closing_reaches_who_waits_for_it(scripted, docker, way, engine, closed):
    scripted.says[PULL] = {"says nothing": silent, "sends a part": pulled("a", then=follow)}.get(engine, pulled("a"))
    if engine.startswith("answers"):
        scripted.says["/images/busybox:latest/json"] = silent
    stream = docker.images.pull("busybox")
    reading = asyncio.create_task(way(stream))
    wanted = 2 if engine.startswith("answers") else 1
    await scripted.until(lambda: len(scripted.asked) == wanted)
    await docker.info()
    if closed == "client" or engine.startswith("answers"):
        await docker.close()
    else:
        await stream.aclose()
    async with asyncio.timeout(5):
        with pytest.raises(Closed) as first:
            await reading
    with pytest.raises(Closed) as second:
        await stream
    assert first.value is second.value
    assert docker.stats().open_streams == 0
    await scripted.until(lambda: scripted.streams == 0)


async def test_a_stream_closed_twice_while_it_opens_ends_once(scripted, docker):
    scripted.says[PULL] = silent
    stream = docker.images.pull("busybox")
    opening = asyncio.create_task(stream)
    await scripted.until(lambda: scripted.asked)
    await asyncio.gather(stream.aclose(), stream.aclose())
    with pytest.raises(Closed):
        await opening
    await scripted.until(lambda: scripted.streams == 0)


async def test_a_stream_closed_at_the_moment_when_it_has_opened_ends_its_source():
    class Source:
        closed = False

        async def read(self):
            return b""

        def close(self):
            self.closed = True

        async def aclose(self):
            self.close()

    class Collector:
        def observe(self, item):
            return None

        async def outcome(self):
            return "never"

    async def begin():
        flow.close()
        return source

    source = Source()
    flow = Flow("a stream", begin, JSONLines(dict, line=100), Collector())
    with pytest.raises(Closed):
        await Stream(flow)
    assert source.closed


async def test_what_was_given_out_already_is_given_on_when_the_client_closes(scripted, docker):
    scripted.says[PULL] = pulled("a", then=follow)
    seen = []

    async def look():
        async for step in docker.images.pull("busybox"):
            seen.append(step.status)
            await docker.close()

    with pytest.raises(Closed):
        await look()
    assert seen == ["a"]


def test_another_loop_is_told_that_the_stream_is_not_its_own(tmp_path):
    async def begin():
        scripted = await open_things.enter_async_context(ScriptedEngine(socket=str(tmp_path / "s")))
        docker = await open_things.enter_async_context(Docker(scripted.url, version="1.45"))
        scripted.says[PULL] = pulled("a", then=follow)
        stream = docker.images.pull("busybox")
        steps = aiter(stream)
        await anext(steps)
        return docker, stream, steps

    async def go_on():
        await anext(steps)

    open_things = contextlib.AsyncExitStack()
    with asyncio.Runner() as own, asyncio.Runner() as other:
        docker, stream, steps = own.run(begin())
        with pytest.raises(Misused, match="belongs to the event loop that began it"):
            other.run(go_on())
        own.run(open_things.aclose())
        assert docker.stats().open_streams == 0
        del stream


# time


async def test_silence_is_bounded_where_the_caller_asks(scripted, docker):
    scripted.says["/events"] = pulled(then=follow)
    with pytest.raises(TimedOut, match=r"nothing came for 0.05 s \(GET /v1.45/events\)") as first:
        await docker.events(timeout=Timeout(idle=0.05))
    assert isinstance(first.value, TimeoutError)
    assert docker.stats().open_streams == 0
    await scripted.until(lambda: scripted.streams == 0)


@pytest.mark.parametrize("script", [silent, pulled("a", then=follow)])
async def test_a_number_bounds_the_whole_stream(scripted, docker, script):
    scripted.says[PULL] = script
    with pytest.raises(TimedOut):
        await docker.images.pull("busybox", timeout=0.1)
    assert docker.stats().open_streams == 0
    await scripted.until(lambda: scripted.streams == 0)


async def test_a_number_bounds_a_stream_that_never_pauses(scripted, docker):
    async def chatty(peer):
        await pulled("a", then=follow)(peer)
        await more.wait()
        await peer.send(chunk(line(status="b")))
        sent.set()

    async def follow_it():
        async for step in docker.images.pull("busybox", timeout=0.5):
            seen.append(step.status)
            more.set()
            await sent.wait()
            await asyncio.sleep(0.6)  # what is there already is there too late

    more, sent, seen = asyncio.Event(), asyncio.Event(), []
    scripted.says[PULL] = chatty
    with pytest.raises(TimedOut):
        await follow_it()
    assert seen == ["a"]
    await scripted.until(lambda: scripted.streams == 0)


async def test_a_clients_total_bounds_no_stream(scripted):
    async def slow(peer):
        await asyncio.sleep(0.15)
        await pulled("a", then=follow)(peer)
        await asyncio.sleep(0.15)
        await peer.send(END)

    scripted.says[PULL] = slow
    async with Docker(scripted.url, version="1.45", timeout=0.1) as docker:
        assert await docker.images.pull("busybox") == PULLED
