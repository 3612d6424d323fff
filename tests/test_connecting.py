"""Where a client connects, when, and what it says when nobody is there, or somebody else."""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime
import os
import socket
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from certificates import serving_tls
from scripted_server import ScriptedServer, answered, answering, once, silent

from aiodockerhub import TLS, Docker, Session, Timeout
from aiodockerhub.errors import (
    BadAddress,
    BadParameter,
    Closed,
    EngineUnreachable,
    Misused,
    PermissionRefused,
    TimedOut,
    TLSFailed,
)

if TYPE_CHECKING:
    from rig import Engine

INFO = {"ID": "here"}


def engine_of_sorts(asked):
    return answered(b"OK") if asked.path.endswith("/_ping") else answered(INFO)


def trusting(ca, tmp_path):
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return TLS(ca=file)


# The constructor


def test_a_client_is_made_without_a_loop_and_without_a_connection(monkeypatch):
    def no_socket(*arguments, **options):
        raise AssertionError("the constructor opened a socket")

    monkeypatch.setattr(socket, "socket", no_socket)
    for url in ("unix:///nowhere", "tcp://127.0.0.1:1", "https://nowhere.invalid:2376", "tcp://[::1]:2375/prefix"):
        assert repr(Docker(url)) == f"<Docker {url.replace('tcp', 'http')}>"


def test_one_object_works_in_one_loop_after_being_made_in_none(tmp_path):
    docker = Docker(f"unix://{tmp_path}/s")

    async def use():
        async with ScriptedServer(answering(engine_of_sorts), socket=str(tmp_path / "s")), docker:
            assert await docker.info() == INFO

    asyncio.run(use())


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://x", "tcp://", "tcp://x:99999", "unix://", "tcp://u:secret@x:1"])
def test_a_malformed_address_fails_in_the_constructor_without_its_password(url):
    with pytest.raises(BadAddress, match="bad address") as raised:
        Docker(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["ssh://host", "npipe:////./pipe/docker_engine"])
def test_what_can_not_be_used_yet_is_named(url):
    with pytest.raises(BadAddress, match=f"{url[:3]}.*can't be used yet"):
        Docker(url)


def test_a_missing_context_is_named_and_no_other_engine_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "faraway")
    with pytest.raises(BadAddress, match=r'context "faraway".*DOCKER_CONTEXT.*no such context'):
        Docker()


@pytest.mark.parametrize("version", ["nonsense", "", "1", 1.41])
def test_a_malformed_version_fails_in_the_constructor(version):
    with pytest.raises(BadParameter, match="not an engine API version"):
        Docker("unix:///x", version=version)


def test_a_malformed_version_in_the_environment_is_told_with_its_variable(monkeypatch):
    monkeypatch.setenv("DOCKER_API_VERSION", "newest")
    with pytest.raises(BadParameter, match=r"DOCKER_API_VERSION.*'newest'"):
        Docker("unix:///x")


# Reaching


@pytest.mark.parametrize("spelling", ["unix:///{}", "unix://{}"])
async def test_a_unix_socket_in_either_spelling(spelling, tmp_path):
    path = str(tmp_path / "engine.sock")
    async with ScriptedServer(answering(engine_of_sorts), socket=path) as server:
        async with Docker(spelling.format(path.lstrip("/"))) as docker:
            assert await docker.info() == INFO
        assert [one.path for one in server.asked] == ["/_ping", "/v1.45/info"]


async def test_ipv6_and_a_path_prefix():
    async with ScriptedServer(answering(engine_of_sorts), host="::1") as server:
        async with Docker(server.url + "/behind/a/proxy") as docker:
            assert await docker.info() == INFO
        assert [one.path for one in server.asked] == ["/behind/a/proxy/_ping", "/behind/a/proxy/v1.45/info"]
        assert server.asked[0].headers["host"] == server.url.removeprefix("http://")


async def test_tls_with_a_private_ca(ca, tmp_path):
    async with ScriptedServer(answering(engine_of_sorts), tls=serving_tls(ca, "127.0.0.1")) as server:
        for url in (server.url, server.url.replace("https", "tcp")):
            async with Docker(url, tls=trusting(ca, tmp_path)) as docker:
                assert await docker.info() == INFO
                assert docker._http.address == server.url


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_an_engine_that_wants_a_client_certificate(engine: Engine, monkeypatch, tmp_path):
    tls = TLS(ca=engine.tls.ca, cert=engine.tls.certificate, key=engine.tls.key)
    async with Docker(engine.tls.url, tls=tls) as docker:
        assert (await docker.version())["ApiVersion"] == "1.51"
        over_tls = (await docker.info())["ID"]
    for name, file in (("ca", engine.tls.ca), ("cert", engine.tls.certificate), ("key", engine.tls.key)):
        (tmp_path / f"{name}.pem").symlink_to(file)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", engine.tls.url)
    async with Docker() as docker:
        assert (await docker.info())["ID"] == over_tls
    async with Docker(engine.base_url) as docker:
        assert (await docker.info())["ID"] == over_tls


@pytest.mark.parametrize("engine", ["newest"], indirect=True)
async def test_an_engine_refuses_who_shows_no_certificate_and_who_speaks_no_tls(engine: Engine):
    async with Docker(engine.tls.url, tls=TLS(ca=engine.tls.ca)) as docker:
        with pytest.raises(TLSFailed, match=r"no TLS connection to https://127\.0\.0\.1:\d+: .*CERTIFICATE"):
            await docker.info()
    async with Docker(engine.tls.url) as docker:
        with pytest.raises(TLSFailed, match=r"http://127\.0\.0\.1:\d+ speaks TLS, and was asked without"):
            await docker.info()


# Failing, each in its own words, with the address


async def fails(docker, kind, words):
    async with docker:
        with pytest.raises(kind, match=words) as raised:
            await docker.info()
    assert type(raised.value) is kind
    assert "(GET /_ping)" in str(raised.value)
    assert raised.value.__cause__ is not None
    return raised.value


async def test_a_missing_socket():
    error = await fails(Docker("unix:///no/such.sock"), EngineUnreachable, "unix:///no/such.sock: there is no such")
    assert error.address == "unix:///no/such.sock"
    assert isinstance(error, ConnectionError)


async def test_who_named_a_missing_socket_is_told(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    await fails(Docker(), EngineUnreachable, r"unix:///no/such\.sock \(DOCKER_HOST\): there is no such socket")


async def test_a_socket_where_nobody_listens(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path)
        await fails(Docker(f"unix://{path}"), EngineUnreachable, f"unix://{path}: the connection was refused")


@pytest.mark.parametrize("kind", ["file", "directory"])
async def test_what_is_no_socket(kind, tmp_path):
    path = tmp_path / "s"
    path.mkdir() if kind == "directory" else path.touch()
    await fails(Docker(f"unix://{path}"), EngineUnreachable, f"unix://{path}: that is no socket")


async def test_a_port_where_nobody_listens():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        await fails(Docker(url), EngineUnreachable, f"{url}: the connection was refused")


async def test_a_name_that_nobody_knows():
    await fails(Docker("tcp://nowhere.invalid:2375"), EngineUnreachable, "nowhere.invalid:2375: the host's name can't")


async def test_a_socket_that_is_not_ours(tmp_path):
    """In a process of its own, which gives up its rights before it connects."""
    program = textwrap.dedent("""
        import asyncio, os, sys
        from aiodockerhub import Docker, PermissionRefused

        async def main():
            async with Docker(sys.argv[1]) as docker:
                try:
                    await docker.info()
                except PermissionRefused as error:
                    print(type(error).__name__, isinstance(error, PermissionError), error)

        os.setuid(65534)
        asyncio.run(main())
    """)
    directory = Path(os.path.realpath("/tmp")) / f"refused-{os.getpid()}"
    directory.mkdir(mode=0o755)
    path = str(directory / "s")
    try:
        async with ScriptedServer(answering(engine_of_sorts), socket=path) as server:
            Path(path).chmod(0)
            command = [sys.executable, "-W", "error", "-c", program, server.url]
            environment = {**os.environ, "HOME": "/nonexistent"}
            ended = await asyncio.to_thread(
                subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60
            )
    finally:
        Path(path).unlink(missing_ok=True)
        directory.rmdir()
    assert ended.stderr == ""
    assert ended.stdout == (
        f"PermissionRefused True unix://{path}: no permission for this user to connect (GET /_ping)\n"
    )
    assert issubclass(PermissionRefused, EngineUnreachable.__base__)


async def test_a_certificate_of_an_unknown_ca(ca, tmp_path):
    async with ScriptedServer(answering(engine_of_sorts), tls=serving_tls(trustme.CA(), "127.0.0.1")) as server:
        words = f"the certificate of {server.url} is not accepted: .*certificate"
        await fails(Docker(server.url, tls=trusting(ca, tmp_path)), TLSFailed, words)


async def test_a_certificate_of_another_host(ca, tmp_path):
    async with ScriptedServer(answering(engine_of_sorts), tls=serving_tls(ca, "elsewhere.example")) as server:
        words = f"the certificate of {server.url} is not accepted: .*127.0.0.1"
        await fails(Docker(server.url, tls=trusting(ca, tmp_path)), TLSFailed, words)


async def test_a_certificate_that_has_expired(ca, tmp_path):
    past = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    context = serving_tls(ca, "127.0.0.1", not_after=past, not_before=past - datetime.timedelta(days=1))
    async with ScriptedServer(answering(engine_of_sorts), tls=context) as server:
        words = f"the certificate of {server.url} is not accepted: certificate has expired"
        await fails(Docker(server.url, tls=trusting(ca, tmp_path)), TLSFailed, words)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_of_ours_that_is_missing(newest, ca, tmp_path):
    """OpenSSL's own server, since asyncio's ends the connection without a word."""
    context = serving_tls(ca, "127.0.0.1")
    context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, newest
    ca.configure_trust(context)

    def refuse(listening):
        connection, _ = listening.accept()
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as wrapped:
            with pytest.raises(ssl.SSLError):
                wrapped.do_handshake()
            while socket.socket.recv(wrapped, 65536):  # a close with something unread would reset the alert away
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        refused = asyncio.create_task(asyncio.to_thread(refuse, listening))
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        await fails(Docker(url, tls=trusting(ca, tmp_path)), TLSFailed, f"no TLS connection to {url}: .*ALERT")
        await refused


async def test_a_server_that_ends_the_handshake_without_a_word(ca, tmp_path):
    async def script(peer):
        await peer.reader.read(1)

    async with ScriptedServer(script) as server:
        url = server.url.replace("http", "https")
        docker = Docker(url, tls=trusting(ca, tmp_path))
        await fails(docker, EngineUnreachable, f"{url}: the connection was closed before it was ready")
        assert server.connections == 3  # nothing was sent, so that it may be tried again


async def test_tls_on_a_port_without():
    async def refuse(peer):
        await peer.reader.read(1)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with ScriptedServer(refuse) as server:
        url = server.url.replace("http", "https")
        await fails(Docker(url), TLSFailed, f"no TLS connection to {url}: ")


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
    ],
)
async def test_a_port_that_wants_tls(says):
    async with ScriptedServer(once(says)) as server, Docker(server.url) as docker:
        with pytest.raises(TLSFailed, match=f"{server.url} speaks TLS, and was asked without it"):
            await docker.info()


async def test_a_tls_port_of_asyncios_own(ca):
    async with ScriptedServer(answering(engine_of_sorts), tls=serving_tls(ca, "127.0.0.1")) as server:
        url = server.url.replace("https", "http")
        await fails(Docker(url), EngineUnreachable, f"{url} closed the connection")


async def test_a_missing_certificate_file_is_named(tmp_path):
    async with Docker("https://127.0.0.1:1", tls=TLS(ca=tmp_path / "none.pem")) as docker:
        with pytest.raises(TLSFailed, match=f"the CA {tmp_path}/none.pem can't be read"):
            await docker.info()


async def test_a_host_that_never_answers_is_given_up():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # what the accept queue holds; the next gets no answer
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        try:
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            docker = Docker(url, timeout=Timeout(connect=0.2))
            await fails(docker, TimedOut, rf"connecting to {url} took longer than 0\.2 s")
        finally:
            for one in waiting:
                one.close()


async def test_a_unix_socket_with_a_full_backlog_is_given_up(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as full:
        full.bind(path)
        full.listen(0)
        waiting = []
        for _ in range(2):
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            one.connect_ex(path)
            waiting.append(one)
        try:
            docker = Docker(f"unix://{path}", timeout=Timeout(connect=0.2))
            await fails(docker, TimedOut, f"unix://{path} had no room for a connection within 0.2 s")
            assert docker.stats().retries > 0
        finally:
            for one in waiting:
                one.close()


def test_connecting_is_bounded_without_being_asked():
    for timeout in (Timeout(), None, 5):
        docker = Docker("unix:///x", timeout=timeout)
        assert {docker._http.limits(docker._http.timeout, pace).connect for pace in ("short", "slow", "stream")} == {10}


# Belonging


async def test_use_after_close_says_closed():
    async with ScriptedServer(answering(engine_of_sorts)) as server:
        async with Docker(server.url) as docker:
            await docker.info()
        for call in (docker.info(), docker.ping(), docker.request("GET", "/x"), docker.events(), docker.__aenter__()):
            with pytest.raises(Closed):
                await call
        assert repr(docker) == f"<Docker {server.url} closed>"
        await docker.close()


async def test_close_ends_what_is_under_way():
    async with ScriptedServer(silent) as server:
        docker = Docker(server.url, timeout=None)
        calls = [asyncio.create_task(docker.info()) for _ in range(3)]
        await server.until(lambda: bool(server.asked))
        await docker.close()
        assert {type(one) for one in await asyncio.gather(*calls, return_exceptions=True)} == {Closed}


async def test_another_loop_or_thread_is_refused_and_harms_nothing():
    async with ScriptedServer(answering(engine_of_sorts)) as server, Docker(server.url) as docker:
        await docker.info()

        async def misuse():
            for call in (docker.info(), docker.events(), docker.close()):
                with pytest.raises(Misused, match="event loop"):
                    await call

        with concurrent.futures.ThreadPoolExecutor() as thread:
            await asyncio.get_running_loop().run_in_executor(thread, asyncio.run, misuse())
        assert await docker.info() == INFO


async def test_a_client_of_a_session_closes_alone():
    async with ScriptedServer(answering(engine_of_sorts)) as server, Session() as session:
        async with session.docker(server.url) as docker:
            await docker.info()
        assert await session.docker(server.url).info() == INFO
        with pytest.raises(Closed):
            await docker.info()
