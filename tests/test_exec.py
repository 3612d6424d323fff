"""Commands in running containers, and what their main processes say and are told, on real engines."""

from __future__ import annotations

import asyncio
import re

import pytest
from throwaway import container

from aiodockerhub import (
    TLS,
    APIError,
    BadFile,
    BadParameter,
    Completed,
    Conflict,
    ContainerNotFound,
    Docker,
    LogChunk,
    Misused,
    NotFound,
    TimedOut,
    TLSFailed,
    VersionTooLow,
)

SLEEP = ["sleep", "1000"]
MIB = 1 << 20


@pytest.fixture
async def docker(engine):
    async with Docker(engine.base_url) as docker:
        yield docker


@pytest.fixture
async def running(docker, busybox):
    async with container(docker, busybox, SLEEP) as made:
        await docker.containers.start(made)
        yield made


async def test_a_command_gives_its_exit_code_and_what_it_wrote(docker, running):
    result = await docker.exec.run(running, ["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert result == Completed(3, b"out\n", b"err\n")
    assert await docker.exec.run(running, "cat", stdin=b"hello") == Completed(0, b"hello", b"")
    told = await docker.exec.run(running, "sh -c 'echo $A; pwd; id -u'", env={"A": "1 2"}, working_dir="/bin", user="7")
    assert told == Completed(0, b"1 2\n/bin\n7\n", b"")
    capabilities = await docker.exec.run(running, ["grep", "CapEff", "/proc/self/status"], privileged=True)
    assert capabilities.stdout > (await docker.exec.run(running, ["grep", "CapEff", "/proc/self/status"])).stdout


async def test_a_terminal_makes_one_stream_of_its_output(docker, running):
    result = await docker.exec.run(running, ["sh", "-c", "tty; echo err >&2"], tty=True)
    assert result == Completed(0, b"/dev/pts/0\r\nerr\r\n", b"")


async def test_much_input_and_output_at_once_is_no_deadlock(docker, running):
    data = bytes(range(256)) * (64 * MIB // 256)

    async def pieces():
        for start in range(0, len(data), 100_000):
            yield data[start : start + 100_000]

    async with asyncio.timeout(120):
        assert await docker.exec.run(running, "cat", stdin=pieces()) == Completed(0, data, b"")


async def test_input_may_be_a_file(docker, running, tmp_path):
    (tmp_path / "input").write_bytes(b"from a file")
    assert await docker.exec.run(running, "cat", stdin=tmp_path / "input") == Completed(0, b"from a file", b"")
    with (tmp_path / "input").open("rb") as file:
        file.seek(5)
        assert await docker.exec.run(running, "cat", stdin=file) == Completed(0, b"a file", b"")
        assert not file.closed
    with pytest.raises(BadFile, match="No such file"):
        await docker.exec.run(running, "cat", stdin=tmp_path / "nothing")
    with pytest.raises(BadParameter, match="an async iterable of bytes is needed, not str"):
        await docker.exec.run(running, "cat", stdin="text")


async def test_input_that_is_not_read_is_dropped(engine, docker, running):
    result = await docker.exec.run(running, ["head", "-c", "3"], stdin=b"x" * MIB)
    assert result.exit_code == 0
    if engine.role == "podman":  # it takes the reset of its own pipe for what the command wrote
        assert result.stdout in (b"xxx", b"")
    else:
        assert result == Completed(0, b"xxx", b"")


async def test_an_error_of_the_inputs_source_ends_it(docker, running):
    async def broken():
        yield b"some"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await docker.exec.run(running, "cat", stdin=broken())
    assert docker.stats().open_streams == 0


async def test_a_command_that_is_not_there_says_so(engine, docker, running):
    result = await docker.exec.run(running, "nosuch")
    assert result.exit_code in (126, 127)
    assert re.search(b"not found", result.stdout + result.stderr)


async def test_a_command_needs_a_running_container(docker, busybox):
    with pytest.raises(ContainerNotFound):
        await docker.exec.run("nosuch", "true")
    async with container(docker, busybox, SLEEP) as made:
        with pytest.raises(Conflict):
            await docker.exec.run(made, "true")
    with pytest.raises(BadParameter, match="command"):
        await docker.exec.run("x", "sh -c '")


async def test_a_command_is_talked_to_and_resized(engine, docker, running):
    made = await docker.exec.create(running, "sh", stdin=True, tty=True)
    async with asyncio.timeout(30), docker.exec.start(made) as shell:
        # not before it runs: engines answer a little earlier
        await shell.write(b"echo re''ady\n")
        seen = ""
        async for chunk in shell:
            seen += chunk.text
            if "ready" in seen:
                break
        await docker.exec.resize(made, height=43, width=123)
        await shell.write(b"trap '' WINCH; ttysize || stty size; echo do''ne\n")
        async for chunk in shell:
            seen += chunk.text
            if "done" in seen:
                break
        assert re.search(r"\b(123 43|43 123)\b", seen)
        assert (await docker.exec.inspect(made))["Running"]
        await shell.write(b"exit 5\n")
        await shell
    async with asyncio.timeout(10):
        while (told := await docker.exec.inspect(made))["Running"]:
            await asyncio.sleep(0.01)
    assert told["ExitCode"] == 5


async def test_a_command_left_to_itself_runs_on(docker, running):
    made = await docker.exec.create(running, ["sh", "-c", "echo there > /tmp/mark"], stdout=False, stderr=False)
    await docker.exec.start_detached(made)
    async with asyncio.timeout(10):
        while (await docker.exec.run(running, ["cat", "/tmp/mark"])).stdout != b"there\n":
            await asyncio.sleep(0.01)
    with pytest.raises((Conflict, APIError)):
        await docker.exec.start_detached(made)
    with pytest.raises(NotFound):
        await docker.exec.inspect("nosuch")


async def test_a_command_can_be_given_a_time(docker, running):
    with pytest.raises(TimedOut):
        await docker.exec.run(running, "sleep 100", timeout=0.3)
    assert docker.stats().open_streams == 0


async def test_a_command_that_outlives_its_output_can_be_given_a_time_too(docker, running):
    with pytest.raises(TimedOut, match=rf"the command has not ended within 0\.5 s \(exec in {running['Id']}\)"):
        await docker.exec.run(running, ["sh", "-c", "exec >&- 2>&-; sleep 100"], timeout=0.5)
    assert docker.stats().open_streams == 0


@pytest.mark.parametrize("engine", ["oldest", "newest"], indirect=True)
async def test_a_size_from_the_start_needs_a_newer_engine(engine, docker, running):
    if engine.role == "oldest":
        with pytest.raises(VersionTooLow, match=r"1\.42"):
            await docker.exec.create(running, "true", tty=True, console_size=(43, 123))
        return
    made = await docker.exec.create(running, ["sh", "-c", "ttysize || stty size"], tty=True, console_size=(43, 123))
    [chunk] = [chunk async for chunk in docker.exec.start(made, console_size=(43, 123))]
    assert re.search(r"\b(123 43|43 123)\b", chunk.text)


# attach


async def test_the_main_process_is_told_and_heard(docker, busybox):
    async with container(docker, busybox, ["sh", "-c", "cat; echo bye >&2"], open_stdin=True, stdin_once=True) as made:
        async with asyncio.timeout(30), docker.containers.attach(made, stdin=True) as process:
            await docker.containers.start(made)
            await process.write(b"hello\n")
            assert await anext(aiter(process)) == LogChunk("stdout", b"hello\n", "hello\n")
            await process.write_eof()
            rest = b"".join([chunk.data async for chunk in process if chunk.stream == "stderr"])
        assert rest == b"bye\n"
        assert (await docker.containers.wait(made))["StatusCode"] == 0


async def test_what_was_written_before_is_given_first_if_asked_for(docker, busybox):
    async with container(docker, busybox, ["sh", "-c", "echo before; exec sleep 1000"]) as made:
        await docker.containers.start(made)
        async with asyncio.timeout(10):
            while not [line async for line in docker.containers.logs(made).lines()]:
                await asyncio.sleep(0.01)
            async for line in docker.containers.attach(made, logs=True).lines():
                assert line.text == "before"
                break


async def test_a_terminal_is_attached_without_frames(docker, busybox):
    async with (
        asyncio.timeout(30),
        container(docker, busybox, "cat", tty=True, open_stdin=True, stdin_once=True) as made,
        docker.containers.attach(made, stdin=True) as process,
    ):
        await docker.containers.start(made)
        await process.write(b"hello\n")
        seen = b""
        async for piece in process.raw:
            seen += piece
            if seen.count(b"\n") == 2:
                break
        assert seen == b"hello\r\nhello\r\n"


async def test_to_attach_needs_a_container(docker):
    with pytest.raises(ContainerNotFound):
        await docker.containers.attach("nosuch")


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_over_tls_each_way_ends_for_itself_too(engine, busybox):
    files = engine.tls
    data = bytes(range(256)) * (8 * MIB // 256)
    async with (
        asyncio.timeout(60),
        Docker(files.url, tls=TLS(files.ca, files.certificate, files.key)) as docker,
        container(docker, busybox, SLEEP) as made,
    ):
        await docker.containers.start(made)
        result = await docker.exec.run(made, ["sh", "-c", "cat; echo done >&2"], stdin=data)
        assert result == Completed(0, data, b"done\n")
    async with Docker(files.url, tls=TLS(files.ca), version="1.45") as docker:
        with pytest.raises(TLSFailed, match="no TLS connection"):
            await docker.containers.attach("x")


async def test_over_a_websocket_the_main_process_is_told_and_heard_too(engine, docker, busybox):
    async with container(docker, busybox, ["sh", "-c", "read a; echo $a; echo err >&2"], open_stdin=True) as made:
        await docker.containers.start(made)
        if engine.role == "podman":
            with pytest.raises(NotFound):
                await docker.containers.attach_ws(made)
            return
        async with asyncio.timeout(30), docker.containers.attach_ws(made) as process:
            await process.write(b"hello\n")
            with pytest.raises(Misused, match="alone"):
                await process.write_eof()
            said = b"".join([piece async for piece in process.raw])
        assert sorted(said.splitlines()) == [b"err", b"hello"]
        with pytest.raises(ContainerNotFound):
            await docker.containers.attach_ws("nosuch")
        async with docker.containers.attach_ws(made, logs=True) as process:
            pass
        if engine.role == "oldest":
            with pytest.raises(VersionTooLow):
                await docker.containers.attach_ws(made, stdin=True)
    assert docker.stats().open_streams == 0


async def test_buildkit_takes_a_session(engine, docker):
    headers = {"X-Docker-Expose-Session-Uuid": "x", "X-Docker-Expose-Session-Name": "test"}
    if engine.role == "podman":
        with pytest.raises(NotFound):
            await docker.hijack_session(headers=headers)
        return
    async with asyncio.timeout(30), docker.hijack_session(headers=headers) as session:
        preface = await anext(aiter(session.raw))
        assert preface.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
