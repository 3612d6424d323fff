"""Many pulls and pushes through a client: what they cost, and what is told of them when they are left."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest
from scripted_server import ScriptedServer, answered, answering, chunk, follow, line, telling

from aiodockerhub import Closed, Docker, ImageNotFound

KIB = 1024


def pushed(asked):
    """Every push ends well."""
    if asked.path == "/_ping":
        return answered(b"OK")
    told = b"".join(line(id=one, status="Pushing", progressDetail={"current": 9, "total": 9}) for one in "abcd")
    return answered(told + line(aux={"Tag": "1", "Digest": f"sha256:{'d1' * 32}", "Size": 9}))


@pytest.mark.heavy
async def test_five_thousand_need_no_more_memory_than_five_hundred_but_for_their_rows():
    asyncio.get_running_loop().set_debug(False)  # it keeps, and measures, a traceback for whatever happens
    async with ScriptedServer(answering(pushed)) as server, Docker(server.url) as docker:

        async def bytes_of(count):
            """What a run took at most beside what stays, and what stays: the report's rows."""
            tracemalloc.start()
            try:
                stream = docker.images.push_many((f"host:1/image-{number}:1" for number in range(count)), concurrency=4)
                async for event in stream:
                    if event.state == "done":
                        server.asked.clear()
                        if event.done % 50 == 0:
                            gc.collect()  # else more garbage may lie about the more rows there are
                at_most = tracemalloc.get_traced_memory()[1]
                gc.collect()
                kept = tracemalloc.get_traced_memory()[0]
            finally:
                tracemalloc.stop()
            assert len(stream.report.ok) == count
            assert stream.report.bytes == 36 * count
            return at_most - kept, kept

        await bytes_of(50)  # pools, modules, caches
        few, few_rows = await bytes_of(500)
        many, many_rows = await bytes_of(5000)
        assert many < few + 512 * KIB
        assert many_rows - few_rows < 4500 * KIB


def pulling(asked):
    """`done` is pulled, `missing` is not there, and nobody hears of anything else again."""
    if asked.path == "/_ping":
        return answered(b"OK")
    if asked.unversioned.startswith("/images/done"):
        return answered({"Id": "sha256:1d"})
    if "done" in asked.target:
        return telling(chunk(line(status="Status: Downloaded")))
    if "missing" in asked.target:
        return answered({"message": "manifest unknown"}, 404)
    return telling(chunk(line(id="a", status="Downloading", progressDetail={"current": 7, "total": 9})), then=follow)


REFERENCES = ["done", "missing", "slow:1", "slow:2", "never"]
CUT = [("done", type(None), 0), ("missing", ImageNotFound, 0), ("slow:1", Closed, 7), ("slow:2", Closed, 7)]


def rows(report):
    """Reference, kind of error, bytes; a refusal is a class of its own that is both."""
    kinds = (Closed, ImageNotFound, type(None))
    return [(one.reference, next(kind for kind in kinds if isinstance(one.error, kind)), one.bytes) for one in report]


async def until_all_are_under_way(stream):
    slow = set()
    async for event in stream:
        if event.bytes:
            slow.add(event.reference)
        if len(slow) == 2 and event.done == event.failed == 1:
            return


@pytest.mark.parametrize("way", ["break", "block", "task"])
async def test_however_many_are_left_the_report_tells_what_was_done(way):
    async with ScriptedServer(answering(pulling)) as server, Docker(server.url) as docker:
        stream = docker.images.pull_many(REFERENCES, concurrency=2)
        if way == "break":
            await until_all_are_under_way(stream)
        elif way == "block":
            async with stream:
                await until_all_are_under_way(stream)
        else:
            begun = asyncio.Event()

            async def follow_all():
                async for event in stream:
                    if event.bytes_overall == 14:
                        begun.set()

            task = asyncio.create_task(follow_all())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        report = stream.report
        assert rows(report) == CUT
        assert (report.total, report.not_begun) == (5, 1)
        await server.until(lambda: server.streams == 0)
        assert rows(stream.report) == CUT
        with pytest.raises(Closed):
            _ = stream.outcome
