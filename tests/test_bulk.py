"""Many operations at once: how many, in which order, what is told, what is tried again, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import tracemalloc
from collections import Counter

import pytest

from aiodockerhub.bulk.progress import Bytes, News
from aiodockerhub.bulk.runner import Reported, Run
from aiodockerhub.bulk.transient import transient
from aiodockerhub.errors import (
    BadParameter,
    BulkFailed,
    Closed,
    Forbidden,
    ImageNotFound,
    Misused,
    NotFound,
    PullFailed,
    RateLimited,
    StreamBroken,
    failed,
)
from aiodockerhub.progress import Amount, PullProgress
from aiodockerhub.reference import Reference
from aiodockerhub.retries import Backoff
from aiodockerhub.wire.stream import BulkStream, Flow, Stream

AT_ONCE = Backoff(attempts=3, first=0.0, most=0.0, jitter=0.0)


def names(count):
    return [f"image:{number}" for number in range(count)]


def layer(identity, status, current=None, total=None):
    return PullProgress(id=identity, status=status, amount=Amount(current, total))


async def at_once(reference, tell):
    return reference.upper()


async def forever(reference, tell):
    await asyncio.Event().wait()


def never(error):
    return False


def always(error):
    return True


def run_of(references, operation=at_once, **settings):
    settings = {"concurrency": 4, "worth": never, "backoff": AT_ONCE, **settings}
    return Run(references, operation, **settings)


async def events_of(run):
    events = []
    while chunk := await run.read():
        events += chunk
    return events


async def report_of(run):
    await events_of(run)
    return run.report


def others():
    return asyncio.all_tasks() - {asyncio.current_task()}


class Busy:
    """An operation that counts how many of it run at once, and waits for a few turns of the loop."""

    def __init__(self, turns=7):
        self.turns = turns
        self.now = self.most = 0
        self.begun = []

    async def __call__(self, reference, tell):
        self.begun.append(reference)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(sum(reference.encode()) % self.turns):
                await asyncio.sleep(0)
        finally:
            self.now -= 1
        return reference.upper()


class Failing:
    """An operation that raises, for each reference, its errors one after the other, and then ends well."""

    def __init__(self, **errors):
        self.errors = {reference: list(those) for reference, those in errors.items()}
        self.tries = Counter()

    async def __call__(self, reference, tell):
        self.tries[reference] += 1
        if left := self.errors.get(reference):
            raise left.pop(0)
        return reference.upper()


# How many, in which order.


async def test_results_stand_in_the_order_asked_whatever_ends_first():
    report = await report_of(run_of(names(200), Busy(), concurrency=16))
    assert [result.reference for result in report] == names(200)
    assert [result.outcome for result in report] == [name.upper() for name in names(200)]
    assert all(result.ok and result.attempts == 1 for result in report)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_never_more_than_concurrency_at_once_and_as_many_as_that(concurrency):
    busy = Busy(turns=20)
    await report_of(run_of(names(300), busy, concurrency=concurrency))
    assert busy.most == concurrency
    assert busy.now == 0


async def test_fifty_thousand_references_each_once():
    began = Counter()

    async def operation(reference, tell):
        began[reference] += 1
        tell(layer("a", "Downloading", 10, 10))

    run = run_of(names(50_000), operation, concurrency=64)
    while await run.read():
        assert len(others()) <= 65
    assert began == Counter(names(50_000))
    assert len(run.report.ok) == 50_000
    assert run.report.bytes == 500_000
    assert len(repr(run.report)) < 200


async def test_fifty_thousand_failures_keep_no_frames():
    async def operation(reference, tell):
        payload = bytearray(100_000)
        try:
            raise OSError(len(payload))
        except OSError as error:
            raise PullFailed(f"no {reference}") from error

    tracemalloc.start()
    try:
        report = await report_of(run_of(names(2_000), operation))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 20_000_000
    finally:
        tracemalloc.stop()
    assert len(report.failed) == 2_000
    assert isinstance(report.failed[0].error.__cause__, OSError)


async def test_references_are_taken_only_as_they_are_needed():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield f"image:{number}"

    run = run_of(endless(), forever, concurrency=5)
    await run.read()
    for _ in range(10):
        await asyncio.sleep(0)
    assert taken == [0, 1, 2, 3, 4]
    await run.aclose()
    assert taken == [0, 1, 2, 3, 4]


async def test_an_async_iterable_is_taken_by_one_worker_at_a_time():
    async def slowly():
        for name in names(40):
            await asyncio.sleep(0)
            yield name

    busy = Busy(turns=30)
    run = run_of(slowly(), busy, concurrency=6)
    events = await events_of(run)
    assert [result.reference for result in run.report] == names(40)
    assert 1 < busy.most <= 6
    assert {event.total for event in events} == {None}
    assert run.report.total == 40


async def test_no_references_make_an_empty_report():
    run = run_of([])
    assert await events_of(run) == []
    assert len(run.report) == 0
    assert run.report
    assert others() == set()


async def test_references_may_be_parsed_already():
    report = await report_of(run_of([Reference.parse("127.0.0.1:5000/me/app:1"), None]))
    assert [result.reference for result in report] == ["127.0.0.1:5000/me/app:1", "None"]
    assert report.summary()


async def test_a_reference_that_comes_twice_is_done_twice():
    report = await report_of(run_of(["a", "b", "a"]))
    assert [result.reference for result in report] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("references", "concurrency"), [(["a"], 0), (["a"], -1), ("busybox", 1), (b"busybox", 1), (7, 1)]
)
def test_what_cannot_run_is_refused_before_a_loop_is_there(references, concurrency):
    with pytest.raises(BadParameter):
        Run(references, at_once, concurrency=concurrency, worth=never)


@pytest.mark.parametrize("failures", [0, -1])
def test_stopping_after_no_failure_is_refused(failures):
    with pytest.raises(BadParameter, match="stop_after_failures"):
        run_of(["a"], stop_after_failures=failures)


# Failures.


async def test_one_failure_stops_nothing():
    error = NotFound("no such image")
    report = await report_of(run_of(["a", "b", "c"], Failing(b=[error])))
    assert [result.outcome for result in report] == ["A", None, "C"]
    assert [result.error for result in report] == [None, error, None]
    assert [result.reference for result in report.ok] == ["a", "c"]
    assert report.not_begun == 0


async def test_a_programming_error_is_reported_with_its_traceback():
    report = await report_of(run_of(["a", "b"], Failing(a=[KeyError("oops")])))
    assert isinstance(report.failed[0].error, KeyError)
    assert report.failed[0].error.__traceback__ is not None
    assert report.ok[0].reference == "b"


async def test_tracebacks_of_the_same_mistake_are_not_kept_without_bound():
    async def operation(reference, tell):
        raise KeyError(reference)

    report = await report_of(run_of(names(500), operation))
    assert len(report.failed) == 500
    assert sum(result.error.__traceback__ is not None for result in report) == 100


async def test_an_operation_cancelled_from_inside_fails_alone():
    async def operation(reference, tell):
        if reference == "b":
            gone = asyncio.get_running_loop().create_future()
            gone.cancel()
            await gone
        return reference

    report = await report_of(run_of(["a", "b", "c", "d"], operation, concurrency=1))
    assert [result.ok for result in report] == [True, False, True, True]
    assert isinstance(report.failed[0].error, Closed)


async def test_stopping_after_the_first_failure_cancels_the_others_and_says_what_was_not_begun():
    ended = []

    async def operation(reference, tell):
        if reference == "image:3":
            raise NotFound("no such image")
        try:
            await forever(reference, tell)
        finally:
            ended.append(reference)

    run = run_of(names(20), operation, concurrency=4, stop_after_failures=1)
    events = await events_of(run)
    report = run.report
    assert [result.reference for result in report] == names(4)
    assert [type(result.error) for result in report] == [Closed, Closed, Closed, NotFound]
    assert sorted(ended) == names(3)
    assert report.not_begun == 16
    assert events[-1].failed == 4
    assert others() == set()
    with pytest.raises(BulkFailed) as raised:
        report.raise_for_failures()
    assert isinstance(raised.value.__cause__, NotFound)


async def test_stopping_after_the_first_failure_leaves_the_rest_of_an_iterator_to_its_owner():
    references = iter(["a", "b", "c", "d"])
    report = await report_of(run_of(references, Failing(b=[NotFound("no")]), concurrency=1, stop_after_failures=1))
    assert [result.ok for result in report] == [True, False]
    assert report.not_begun is None
    assert list(references) == ["c", "d"]


@pytest.mark.parametrize("concurrency", [1, 3, 20])
@pytest.mark.parametrize("failures", [1, 2, 3, 7])
async def test_as_many_failures_as_asked_end_the_run_and_no_fewer(concurrency, failures):
    """Every third fails; those that are done by then stay done."""
    over, begun_after = asyncio.Event(), []
    failed_so_far = 0

    async def operation(reference, tell):
        nonlocal failed_so_far
        if over.is_set():
            begun_after.append(reference)
        number = int(reference.partition(":")[2])
        for _ in range(number % 4):
            await asyncio.sleep(0)
        if number % 3 == 2:
            failed_so_far += 1
            if failed_so_far == failures:
                over.set()
            raise NotFound("no such image")
        return number

    run = run_of(names(60), operation, concurrency=concurrency, stop_after_failures=failures)
    events = await events_of(run)
    report = run.report
    assert begun_after == []
    real = [result for result in report.failed if isinstance(result.error, NotFound)]
    cut = [result for result in report.failed if isinstance(result.error, Closed)]
    assert failures <= len(real) < failures + concurrency  # those under way may fail in the same moment
    assert len(real) + len(cut) == len(report.failed)
    assert len(cut) < concurrency
    assert len(report) + report.not_begun == 60
    assert report.not_begun > 0
    assert [result.outcome for result in report.ok] == [int(one.reference[6:]) for one in report.ok]
    assert (events[-1].done, events[-1].failed) == (len(report.ok), len(report.failed))
    assert others() == set()


async def test_fewer_failures_than_asked_stop_nothing():
    errors = {name: [NotFound("no")] for name in ("a", "c")}
    report = await report_of(run_of(["a", "b", "c", "d"], Failing(**errors), stop_after_failures=3))
    assert [result.ok for result in report] == [False, True, False, True]
    assert report.not_begun == 0


async def test_a_failure_that_passes_is_none_of_those_that_count():
    failing = Failing(a=[StreamBroken("cut")], b=[StreamBroken("cut")], c=[NotFound("no")])
    run = run_of(["a", "b", "c", "d"], failing, worth=transient, concurrency=1, stop_after_failures=1)
    report = await report_of(run)
    assert [(result.reference, result.attempts) for result in report] == [("a", 2), ("b", 2), ("c", 1)]
    assert report.not_begun == 1


async def test_nothing_begins_with_a_reference_that_comes_in_the_moment_of_the_last_failure():
    arrived, begun = asyncio.Event(), []

    async def slowly():
        yield "a"
        await arrived.wait()
        yield "b"

    async def operation(reference, tell):
        begun.append(reference)
        arrived.set()
        raise NotFound("no")

    report = await report_of(run_of(slowly(), operation, concurrency=2, stop_after_failures=1))
    assert begun == ["a"]
    assert {result.reference: result.attempts for result in report} in ({"a": 1}, {"a": 1, "b": 0})


async def test_nothing_is_tried_again_after_the_last_failure():
    tried = Counter()

    async def operation(reference, tell):
        tried[reference] += 1
        if reference == "a":
            raise StreamBroken("cut")
        for _ in range(3):
            await asyncio.sleep(0)
        raise NotFound("no")

    backoff = Backoff(attempts=1000, first=0.0, most=0.0, jitter=0.0)
    run = run_of(["a", "b"], operation, worth=transient, concurrency=2, backoff=backoff, stop_after_failures=1)
    report = await report_of(run)
    assert [type(result.error) for result in report] == [Closed, NotFound]
    assert report.results[0].attempts == tried["a"] < 10


async def test_what_the_references_raise_ends_the_run():
    ended = []

    def broken():
        yield "a"
        yield "b"
        raise LookupError("the list is gone")

    async def operation(reference, tell):
        try:
            await forever(reference, tell)
        finally:
            ended.append(reference)

    run = run_of(broken(), operation)
    with pytest.raises(LookupError, match="the list is gone"):
        await events_of(run)
    assert sorted(ended) == ["a", "b"]
    assert [type(result.error) for result in run.report] == [Closed, Closed]
    assert run.report.not_begun is None
    assert others() == set()


async def test_references_that_raise_are_not_asked_again():
    class Broken:
        asked = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            self.asked += 1
            await asyncio.sleep(0)
            raise LookupError("gone")

    broken = Broken()
    with pytest.raises(LookupError):
        await events_of(run_of(broken, concurrency=8))
    assert broken.asked == 1


async def test_references_cancelled_from_inside_are_no_silent_end():
    async def broken():
        yield "a"
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    run = run_of(broken())
    with pytest.raises(Closed, match="from inside"):
        await events_of(run)
    assert [result.reference for result in run.report] == ["a"]


async def test_workers_cancelled_by_others_are_no_silent_end():
    run = run_of(names(10), forever, concurrency=2)
    await run.read()
    for task in others():
        if "bulk" not in task.get_name():
            task.cancel()
    with pytest.raises(Closed, match="from outside"):
        await events_of(run)
    assert len(run.report) == 2


class Ended(BaseException):
    pass


async def test_what_is_no_exception_ends_the_run_and_is_raised():
    async def operation(reference, tell):
        if reference == "b":
            raise Ended
        await forever(reference, tell)

    run = run_of(["a", "b", "c"], operation)
    with pytest.raises(Ended):
        await events_of(run)
    assert [(result.reference, type(result.error)) for result in run.report] == [("a", Closed), ("b", Closed)]
    assert others() == set()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_leave_the_loop_and_nothing_behind(kind):
    ended = []

    async def operation(reference, tell):
        if reference == "b":
            raise kind
        try:
            await forever(reference, tell)
        finally:
            ended.append(reference)

    with pytest.raises(kind):
        asyncio.run(events_of(run_of(["a", "b", "c"], operation)), debug=True)
    gc.collect()
    assert ended == ["a"]


# Tries.


async def test_a_passing_failure_is_tried_again_and_counted():
    failing = Failing(a=[StreamBroken("cut"), StreamBroken("cut")])
    run = run_of(["a", "b"], failing, worth=always)
    events = await events_of(run)
    assert [(result.outcome, result.attempts) for result in run.report] == [("A", 3), ("B", 1)]
    states = [(event.state, event.attempt) for event in events if event.reference == "a"]
    assert states == [("started", 1), ("retrying", 1), ("retrying", 2), ("done", 3)]
    assert isinstance(next(event for event in events if event.state == "retrying").error, StreamBroken)


async def test_the_last_of_too_many_failures_is_the_result():
    errors = [StreamBroken("first"), StreamBroken("second"), StreamBroken("third"), StreamBroken("fourth")]
    run = run_of(["a"], Failing(a=errors), worth=always)
    events = await events_of(run)
    assert str(run.report.results[0].error) == "third"
    assert run.report.results[0].attempts == 3
    assert [event.state for event in events] == ["started", "retrying", "retrying", "failed"]


async def test_denied_and_not_found_are_tried_once():
    failing = Failing(a=[failed(PullFailed, "pull access denied for a")], b=[ImageNotFound("no such image: b")])
    report = await report_of(run_of(["a", "b"], failing, worth=transient))
    assert failing.tries == {"a": 1, "b": 1}
    assert isinstance(report.results[0].error, Forbidden)


async def test_a_lasting_failure_after_a_passing_one_is_the_result():
    failing = Failing(a=[StreamBroken("cut"), NotFound("gone")])
    report = await report_of(run_of(["a"], failing, worth=transient))
    assert isinstance(report.failed[0].error, NotFound)
    assert report.failed[0].attempts == 2


async def test_the_wait_that_a_server_named_is_kept_and_spread(monkeypatch):
    slept = []
    sleep = asyncio.sleep

    async def noted(seconds, *rest):
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    backoff = Backoff(attempts=2, first=0.0, most=0.0, jitter=4.0)
    errors = {name: [RateLimited("slow down", retry_after=20.0)] for name in ("a", "b", "c", "d")}
    report = await report_of(run_of(list(errors), Failing(**errors), worth=transient, backoff=backoff))
    waits = [seconds for seconds in slept if seconds]
    assert len(report.ok) == len(waits) == len(set(waits)) == 4
    assert all(20.0 <= seconds <= 24.0 for seconds in waits)


async def test_what_fails_because_it_is_cancelled_is_not_tried_again():
    tries = []

    async def operation(reference, tell):
        tries.append(reference)
        try:
            await forever(reference, tell)
        except asyncio.CancelledError:
            raise StreamBroken("the connection was closed") from None

    run = run_of(names(3), operation, worth=always, backoff=Backoff(attempts=5, first=600.0, most=600.0, jitter=0.0))
    await run.read()
    await run.aclose()
    assert sorted(tries) == names(3)
    assert [type(result.error) for result in run.report] == [StreamBroken] * 3


async def test_a_mistake_in_the_verdict_is_that_references_failure():
    def worth(error):
        raise ZeroDivisionError

    report = await report_of(run_of(["a", "b"], Failing(a=[NotFound("no")]), worth=worth))
    assert isinstance(report.failed[0].error, ZeroDivisionError)
    assert report.ok[0].reference == "b"


# What is told.


async def test_events_tell_what_happened_and_how_far_all_are():
    async def operation(reference, tell):
        tell(layer("one", "Downloading", 50, 100))
        await asyncio.sleep(0)
        tell(layer("one", "Downloading", 100, 100))
        if reference == "b":
            raise NotFound("no")

    run = run_of(["a", "b"], operation, concurrency=1)
    events = await events_of(run)
    assert [(event.reference, event.index, event.state) for event in events if event.state != "progress"] == [
        ("a", 0, "started"),
        ("a", 0, "done"),
        ("b", 1, "started"),
        ("b", 1, "failed"),
    ]
    last = events[-1]
    assert (last.done, last.failed, last.total, last.bytes, last.bytes_overall) == (1, 1, 2, 100, 200)
    assert isinstance(last.error, NotFound)
    for before, after in itertools.pairwise(events):
        assert before.done + before.failed <= after.done + after.failed
        assert before.bytes_overall <= after.bytes_overall


async def test_a_step_that_is_read_in_time_is_told_as_it_came():
    step, go = layer("one", "Extracting", 1, 2), asyncio.Event()

    async def operation(reference, tell):
        tell(step)
        await go.wait()

    run = run_of(["a"], operation)
    events = await run.read()
    assert [event.state for event in events] == ["started", "progress"]
    assert events[1].item is step
    go.set()
    assert [event.state for event in await events_of(run)] == ["done"]


async def test_a_reader_who_is_away_fills_no_memory_and_misses_no_end():
    halfway, go = asyncio.Event(), asyncio.Event()

    async def operation(reference, tell):
        for count in range(10_000):
            tell(layer(f"layer {count % 3}", "Downloading", count, 10_000))
        halfway.set()
        await go.wait()

    run = run_of(["a"], operation)
    await run.begin()
    first = asyncio.ensure_future(run.read())
    await halfway.wait()
    events = await first
    assert [(event.state, event.item.current if event.item else None) for event in events] == [
        ("started", None),
        ("progress", 9_997),
        ("progress", 9_998),
        ("progress", 9_999),
    ]
    go.set()
    await events_of(run)


async def test_fifty_thousand_unread_steps_of_what_has_ended_are_dropped():
    gate = asyncio.Event()

    async def operation(reference, tell):
        if reference == "image:999":
            gate.set()
        for count in range(50):
            tell(layer(f"layer {count}", "Downloading", count, 50))

    run = run_of(names(1_000), operation, concurrency=1)
    events = await run.read()
    await gate.wait()
    while not run._over:
        await asyncio.sleep(0)
    events += await events_of(run)
    assert Counter(event.state for event in events) == {"started": 1_000, "done": 1_000}


async def test_steps_told_after_the_end_are_not_heard():
    kept = []

    async def operation(reference, tell):
        kept.append(tell)

    run = run_of(["a"], operation)
    report = await report_of(run)
    kept[0](layer("one", "Downloading", 100, 100))
    assert await run.read() == []
    assert report.bytes == 0


def test_bytes_count_each_part_once_and_what_is_transferred_only():
    counted = Bytes()
    for item in (
        layer("one", "Downloading", 10, 100),
        layer("one", "Downloading", 100, 100),
        layer("one", "Extracting", 100, 100),
        layer("two", "Pushing", 7, 7),
        layer("one", "Downloading", 30, 100),
        layer("three", "Downloading"),
        layer("three", "Downloading", -5, 1),
        layer("three", "Downloading", float("inf"), 1),
        layer("three", "Downloading", float("nan"), 1),
        PullProgress(status="Downloading"),
        PullProgress(),
    ):
        counted.observe(item)
    assert counted.total == 107


def test_an_engine_that_names_parts_without_end_is_not_followed():
    counted, news = Bytes(), News()

    async def operation(reference, tell):
        for number in range(15_000):
            tell(layer(str(number), "Downloading", 1, 1))
            counted.observe(layer(str(number), "Downloading", 1, 1))

    async def main():
        run = run_of(["a"], operation)
        run._ledger.news = news
        await events_of(run)
        return run.report

    report = asyncio.run(main())
    assert counted.total == report.bytes == 10_000


async def test_bytes_of_a_layer_that_is_sent_again_count_once():
    tries = itertools.count()

    async def operation(reference, tell):
        tell(layer("one", "Downloading", 60, 100))
        if not next(tries):
            raise StreamBroken("cut")
        tell(layer("one", "Downloading", 100, 100))

    report = await report_of(run_of(["a"], operation, worth=always))
    assert report.results[0].bytes == report.bytes == 100


# Ends.


async def test_nothing_begins_before_the_first_read():
    busy = Busy()
    run = run_of(names(3), busy)
    await run.begin()
    for _ in range(5):
        await asyncio.sleep(0)
    assert busy.begun == []
    assert run.loop is asyncio.get_running_loop()
    run.close()
    with pytest.raises(Closed):
        await run.read()
    assert len(run.report) == 0


async def test_no_loop_before_its_time():
    run = run_of(names(3), forever)
    with pytest.raises(Misused):
        _ = run.loop
    await run.aclose()


async def test_a_report_is_there_at_any_time():
    async def operation(reference, tell):
        if reference == "image:1":
            tell(layer("a", "Downloading", 7, 10))
            await forever(reference, tell)
        return reference

    run = run_of(names(4), operation, concurrency=2)
    assert (len(run.report), run.report.total, run.report.not_begun) == (0, 4, 4)
    while (await run.read())[-1].done < 3:
        pass
    picture = run.report
    assert [result.ok for result in picture] == [True, False, True, True]
    assert picture.not_begun == 0
    unended = picture.results[1]
    assert type(unended.error) is Closed
    assert str(unended.error) == "image:1: not ended yet"
    assert (unended.attempts, unended.bytes) == (1, 7)
    assert unended.seconds <= picture.seconds
    run.close()
    assert str(run.report.results[1].error) == "image:1: cancelled before its end"
    await run.aclose()
    assert run.report is run.report
    assert [result.ok for result in run.report] == [True, False, True, True]
    assert [result.ok for result in picture] == [True, False, True, True]


async def test_after_aclose_every_task_has_ended_and_the_report_says_what_was_done():
    cleaned = []

    async def operation(reference, tell):
        if reference in ("image:0", "image:2"):
            return reference
        try:
            await forever(reference, tell)
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            cleaned.append(reference)

    run = run_of(names(50), operation, concurrency=4)
    while (await run.read())[-1].done < 2:
        pass
    for _ in range(20):
        await asyncio.sleep(0)
    run.close()
    await run.aclose()
    await run.aclose()
    assert others() == set()
    assert len(cleaned) == 4
    assert [result.ok for result in run.report] == [True, False, True, False, False, False]
    assert run.report.not_begun == 44
    await asyncio.sleep(0)
    while True:
        try:
            await run.read()
        except Closed:
            break


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_reader_cancelled_at_any_moment_leaves_nothing(asynchronous, concurrency):
    async def asked():
        for name in names(6):
            await asyncio.sleep(0)
            yield name

    async def operation(reference, tell):
        tell(layer("one", "Downloading", 1, 1))
        await asyncio.sleep(0)
        if reference == "image:1" and not failing.tries[reference]:
            failing.tries[reference] += 1
            raise StreamBroken("cut")
        await asyncio.sleep(0)
        return reference

    for steps in range(60):
        failing = Failing()
        run = run_of(asked() if asynchronous else names(6), operation, concurrency=concurrency, worth=always)
        flow = Flow("pull_many", run.begin, Reported(run), Reported(run))
        reader = asyncio.create_task(Stream(flow))
        for _ in range(steps):
            await asyncio.sleep(0)
        if reader.done():
            assert len((await reader).ok) == 6
            break
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        for _ in range(3):  # an async generator without an owner is closed by the loop
            await asyncio.sleep(0)
        assert others() == set(), steps
        if steps:
            assert run.report.total == (None if asynchronous else 6) or len(run.report) == 6
            assert all(result.ok or isinstance(result.error, (Closed, StreamBroken)) for result in run.report)
    else:
        pytest.fail("the run never came to its end")


async def test_a_second_cancel_does_not_disturb_what_cleans_up():
    cleaned = asyncio.Event()

    class Asked:
        async def __aiter__(self):
            try:
                for name in names(10):
                    yield name
            finally:
                for _ in range(5):
                    await asyncio.sleep(0)
                cleaned.set()

    run = run_of(Asked(), forever, concurrency=2)
    await run.read()
    closing = asyncio.gather(run.aclose(), run.aclose())
    await asyncio.sleep(0)
    run.close()
    await closing
    assert cleaned.is_set()


async def test_an_operation_that_ends_well_although_it_was_cancelled_is_no_failure():
    async def operation(reference, tell):
        try:
            await forever(reference, tell)
        except asyncio.CancelledError:
            return "finished all the same"

    run = run_of(names(9), operation, concurrency=2)
    await run.read()
    await run.aclose()
    assert [result.outcome for result in run.report] == ["finished all the same"] * 2
    assert others() == set()


async def test_abandoned_from_another_thread_it_ends():
    run = run_of(names(9), forever)
    await run.read()
    thread = threading.Thread(target=run.abandon)
    thread.start()
    thread.join()
    with pytest.raises(Closed):
        await events_of(run)
    assert others() == set()


def test_abandoned_after_the_loops_end_it_is_quiet():
    run = run_of(names(9))

    asyncio.run(events_of(run))
    run.abandon()
    never_begun = run_of(names(9))
    never_begun.abandon()
    with pytest.raises(Closed):
        asyncio.run(never_begun.read())
    assert len(never_begun.report) == 0


# As a stream.


def stream_of(run):
    reported = Reported(run)
    return BulkStream(Flow("pull_many", run.begin, reported, reported), lambda: run.report)


async def test_a_stream_over_a_run_is_awaited_for_its_report():
    report = await stream_of(run_of(names(100), Busy(), concurrency=8))
    assert [result.outcome for result in report] == [name.upper() for name in names(100)]


async def test_a_stream_over_a_run_is_iterated_for_its_progress():
    stream = stream_of(run_of(names(30), Failing(**{"image:7": [NotFound("no")]}), concurrency=8))
    ends = Counter([event.state async for event in stream])
    assert ends == {"started": 30, "done": 29, "failed": 1}
    assert len(stream.outcome.failed) == 1


async def test_leaving_the_loop_over_a_stream_ends_the_run():
    busy = Busy()
    stream = stream_of(run_of(itertools.repeat("a"), busy, concurrency=8))
    async for event in stream:
        if event.state == "done":
            break
    for _ in range(20):
        await asyncio.sleep(0)
    assert busy.now == 0
    assert others() == set()


async def test_a_stream_left_by_its_block_waits_for_every_task():
    busy = Busy()
    async with stream_of(run_of(itertools.repeat("a"), busy, concurrency=8)) as stream:
        async for event in stream:
            if event.done > 10:
                break
    assert busy.now == 0
    assert others() == set()


# What was done is told, however a stream is left.


class Noting:
    """An operation that ends after some turns of the loop, and knows for which references it did."""

    def __init__(self):
        self.well = []

    async def __call__(self, reference, tell):
        for _ in range(1 + sum(reference.encode()) % 5):
            await asyncio.sleep(0)
        self.well.append(reference)
        return reference.upper()

    def check(self, report, total):
        """The report holds what was done and nothing else, and each that was begun and not done as cut off."""
        assert report.total == total
        assert len(report) + report.not_begun == total
        assert [result.reference for result in report] == names(len(report))
        assert {result.reference for result in report.ok} == set(self.well)
        assert {type(result.error) for result in report.failed} <= {Closed}


async def test_a_loop_left_midway_tells_what_was_done():
    operation = Noting()
    stream = stream_of(run_of(names(100), operation, concurrency=8))
    async for event in stream:
        if event.done == 20:
            break
    operation.check(stream.report, 100)
    for _ in range(20):
        await asyncio.sleep(0)
    assert others() == set()
    operation.check(stream.report, 100)
    assert len(stream.report.ok) >= 20
    assert stream.report.not_begun > 0
    with pytest.raises(Closed):
        _ = stream.outcome


async def test_an_error_in_the_midst_of_a_block_leaves_the_final_report():
    operation = Noting()
    stream = stream_of(run_of(names(100), operation, concurrency=8))

    async def follow():
        async with stream:
            async for event in stream:
                if event.done == 20:
                    raise LookupError("of the caller's own")

    with pytest.raises(LookupError):
        await follow()
    report = stream.report
    operation.check(report, 100)
    assert 20 <= len(report.ok) < 100
    assert stream.report is report


async def test_a_task_cancelled_at_any_moment_tells_what_was_done():
    for steps in itertools.count(1):
        operation = Noting()
        stream = stream_of(run_of(names(12), operation, concurrency=3))
        task = asyncio.create_task(stream)
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            operation.check(await task, 12)
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert others() == set()
        operation.check(stream.report, 12)
    assert steps > 12


async def test_references_that_raise_leave_what_was_done_before():
    operation = Noting()

    def asked():
        yield from names(10)
        raise LookupError("no more")

    stream = stream_of(run_of(asked(), operation, concurrency=4))
    with pytest.raises(LookupError):
        await stream
    assert {result.reference for result in stream.report.ok} == set(operation.well)
    assert [result.reference for result in stream.report] == names(10)
    assert stream.report.total is None


async def test_a_stream_at_its_end_has_one_report():
    stream = stream_of(run_of(names(10)))
    assert stream.report.not_begun == 10
    report = await stream
    assert report is stream.report is stream.outcome
    assert report.not_begun == 0
