"""One family of errors: chosen by class, in the server's words, with nothing foreign and nothing secret in them."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import json
import pickle
import traceback
from datetime import date

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import MILLION, guard
from scripted_server import ScriptedServer, answered, answering, once

import aiodockerhub
from aiodockerhub import Docker, Limits, errors
from aiodockerhub.errors import (
    APIError,
    BadParameter,
    BadRequest,
    BuildFailed,
    Conflict,
    ContainerNotFound,
    DockerError,
    Forbidden,
    ImageNotFound,
    NotFound,
    NotImplementedByEngine,
    OperationFailed,
    ProtocolViolated,
    PullFailed,
    RateLimited,
    Redirected,
    ServerError,
    StreamBroken,
    TooLarge,
    Unauthorized,
    VersionTooLow,
    failed,
)
from aiodockerhub.wire.refusals import MOST_OF_A_REFUSAL, refusal, said

SECRET = "hunter2"


async def asked_of(answer, call=None, **options):
    """What a client makes of `answer` to every request."""
    async with (
        ScriptedServer(answering(lambda asked: answer)) as server,
        Docker(server.url, version="1.45", **options) as docker,
        asyncio.timeout(20),
    ):
        return await (docker.request("GET", "/x") if call is None else call(docker))


async def refused(answer, call=None, **options):
    with pytest.raises(DockerError) as raised:
        await asked_of(answer, call, **options)
    return raised.value


# Classes


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, BadRequest), (401, Unauthorized), (403, Forbidden), (404, NotFound), (409, Conflict)),
        *((429, RateLimited), (500, ServerError), (501, NotImplementedByEngine), (502, ServerError)),
        *((503, ServerError), (599, ServerError), (402, APIError), (405, APIError), (418, APIError), (499, APIError)),
    ],
)
async def test_the_status_chooses_the_class(status, kind):
    for call, method, path in (
        (lambda docker: docker.request("DELETE", "/x"), "DELETE", "/v1.45/x"),
        (lambda docker: docker.events(), "GET", "/v1.45/events"),
    ):
        error = await refused(answered({"message": "because"}, status), call)
        assert type(error) is kind
        assert (error.status, error.message, error.method, error.path) == (status, "because", method, path)
        assert str(error) == f"because ({method} {path} -> {status})"


@pytest.mark.parametrize(
    ("call", "message", "kind"),
    [
        (lambda docker: docker.images.inspect("x"), "no such image: x: Not Found", ImageNotFound),
        (lambda docker: docker.images.inspect("x"), "", ImageNotFound),
        (lambda docker: docker.images.inspect("x"), "x: image not known", ImageNotFound),
        (lambda docker: docker.containers.inspect("x"), "No such container: x", ContainerNotFound),
        (lambda docker: docker.containers.start("x"), "", ContainerNotFound),
        (lambda docker: docker.containers.create("x"), "No such image: x:latest", ImageNotFound),
        (lambda docker: docker.containers.create("x"), "network y not found", NotFound),
        (lambda docker: docker.info(), "page not found", NotFound),
    ],
)
async def test_what_is_missing_chooses_the_kind_of_not_found(call, message, kind):
    error = await refused(answered({"message": message}, 404), call)
    assert type(error) is kind
    assert isinstance(error, NotFound)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("that name is already in use", Conflict),
        ("container state improper", Conflict),
        ("network is being used", Forbidden),
        ("no such container", ContainerNotFound),
        ("image not known", ImageNotFound),
        ("network not found", NotFound),
        ("this container is not logging output", NotImplementedByEngine),
        ("invalid argument", ServerError),
        (["container state improper"], ServerError),
        (None, ServerError),
    ],
)
async def test_what_podman_answers_with_500_is_what_its_cause_says(cause, kind):
    told = {"cause": cause, "message": f"it is so: {cause}", "response": 500}
    error = await refused(answered(told, 500))
    assert type(error) is kind
    assert (error.status, error.message) == (500, f"it is so: {cause}")


@pytest.mark.parametrize(
    ("told", "status", "kind"),
    [
        ({"cause": "container state improper", "message": "m", "response": 502}, 502, ServerError),
        ({"cause": "container state improper", "message": "m", "response": 400}, 400, BadRequest),
        ({"message": "container state improper"}, 500, ServerError),
        ({"cause": "container state improper"}, 500, ServerError),
    ],
)
async def test_no_other_answer_is_read_for_a_cause(told, status, kind):
    assert type(await refused(answered(told, status))) is kind


async def test_the_wait_that_a_server_asks_for_is_told():
    assert (await refused(answered(b"", 429, retry_after="7"))).retry_after == 7
    assert (await refused(answered(b"", 429, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"))).retry_after == 0
    for nonsense in ("soon", "-1", "9" * 400, "Thu, 99 Jan"):
        error = await refused(answered(b"", 503, retry_after=nonsense))
        assert error.retry_after is None or error.retry_after >= 0


# Words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"no such thing"}', "no such thing"),
        (b'{"message": " spaced \\n"}', "spaced"),
        (b'{"cause":"x","message":"y","response":404}', "y"),
        (b'{"error":"from a registry"}', "from a registry"),
        (b'{"errors":[{"code":"DENIED","message":"one"},{"code":"TWO"},3]}', "one; TWO"),
        (b'"just text"', "just text"),
        (b"plain text\n", "plain text"),
        (b"<html><body>Bad Gateway</body></html>", "<html><body>Bad Gateway</body></html>"),
        (b"", "Whatever"),
        (b" \n", "Whatever"),
        (b'{"message":""}', '{"message":""}'),
        (b'{"message":null}', '{"message":null}'),
        (b"{}", "{}"),
        (b"null", "null"),
        (b'{"message":', '{"message":'),
        (b'{"message":"\xff"}', '{"message":"\N{REPLACEMENT CHARACTER}"}'),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        (b"[" * 100_000, "[" * 4096 + " ..."),
        (b"x" * 1_000_000, "x" * 4096 + " ..."),
    ],
)
async def test_whatever_form_the_refusal_has_its_words_are_found(body, words):
    error = await refused(answered(body, 500))
    assert error.message == words
    assert str(error) == f"{words} (GET /v1.45/x -> 500)"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 No\r\n\r\nthe beginning",
        b"HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\nthe beginning",
        b"HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\nd\r\nthe beginning\r\n",
    ],
)
async def test_a_refusal_that_breaks_off_is_told_as_far_as_it_came(answer):
    async with ScriptedServer(once(answer)) as server, Docker(server.url, version="1.45") as docker:
        for call in (docker.request("POST", "/x"), docker.events(), docker.info()):
            with pytest.raises(ServerError, match=r"the beginning \((GET|POST) /v1.45/\w+ -> 500\)"):
                await call


async def test_a_refusal_of_50_mb_is_not_read_and_its_connection_is_not_used_again():
    size = 50 * 1024 * 1024
    taken = []

    async def script(peer):
        asked = await peer.request()
        if peer.number > 1:
            await peer.send(answered({}))
            await peer.gone()
        assert asked.path == "/v1.45/x"
        await peer.send(b"HTTP/1.1 502 No\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            await peer.send(b"x" * 65536)
            taken.append(65536)

    async with ScriptedServer(script) as server, Docker(server.url, version="1.45") as docker:
        with pytest.raises(ServerError) as raised:
            await docker.request("POST", "/x")
        assert len(str(raised.value)) < 5000
        assert await docker.info() == {}
        assert sum(taken) < size // 2


# Redirects, and other odd answers


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
async def test_a_redirect_is_an_error_that_names_the_place_without_its_secrets(status):
    location = f"http://user:{SECRET}@elsewhere.example/info?token={SECRET}#x"
    for call in (None, lambda docker: docker.events(), lambda docker: docker.request("POST", "/x")):
        error = await refused(answered(b"", status, location=location), call)
        assert type(error) is Redirected
        assert "redirects" in str(error)
        assert "http://elsewhere.example/info" in str(error)
        assert f"({status})" in str(error)
        assert SECRET not in str(error) + repr(error) + error.location


async def test_a_redirect_to_nowhere():
    assert "to nowhere (302)" in str(await refused(answered(b"", 302)))


async def test_not_modified_is_no_redirect():
    assert await asked_of(b"HTTP/1.1 304 Not Modified\r\n\r\n", lambda docker: docker.containers.start("x")) is None


@pytest.mark.parametrize("early", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"])
async def test_what_comes_before_an_answer_is_passed_over(early):
    assert await asked_of(early * 3 + answered({"a": 1})) == {"a": 1}


@pytest.mark.parametrize(
    ("content_type", "body", "given"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("Application/JSON ; charset=utf-8", b"[1]", [1]),
        ("application/json", b"null", None),
        ("application/json", b"", None),
        ("application/json", b"\r\n", None),
        (None, b"", None),
        (None, b'{"a": 1}', b'{"a": 1}'),
        (None, b"<html>", b"<html>"),
        ("", b"<html>", b"<html>"),
        ("text/plain; charset=utf-8", b"OK", b"OK"),
        ("text/plain", b"1", b"1"),
        ("text/plain", b"\n", b"\n"),
        ("application/json-seq", b'\x1e{"a": 1}\n', b'\x1e{"a": 1}\n'),
        ("application/x-tar", b"\0" * 1024, b"\0" * 1024),
    ],
)
async def test_an_answer_is_decoded_where_it_says_that_it_is_json(content_type, body, given):
    named = b"" if content_type is None else b"content-type: %b\r\n" % content_type.encode()
    assert await asked_of(b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (named, len(body), body)) == given


@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1}\r\n{"b": 2}\r\n', b'{"a":'])
async def test_an_answer_that_says_json_and_is_none_is_told(body):
    error = await refused(answered(body, content_type="application/json"))
    assert type(error) is ProtocolViolated
    assert str(error) == "the answer is no JSON (GET /v1.45/x)"


async def test_a_connection_that_becomes_something_else_is_refused():
    switching = b"HTTP/1.1 101 UPGRADED\r\nconnection: Upgrade\r\nupgrade: tcp\r\n\r\n"
    for call in (None, lambda docker: docker.events()):
        error = await refused(switching, call)
        assert type(error) is ProtocolViolated
        assert "101" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"\0\0\0",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_told_with_its_cause_and_the_client_works_on(answer):
    async def script(peer):
        await peer.request()
        await peer.send(answer if peer.number == 1 else answered({}))
        await peer.gone()

    async with ScriptedServer(script) as server, Docker(server.url, version="1.45") as docker:
        with pytest.raises(
            ProtocolViolated, match=rf"{server.url} does not answer in HTTP: .* \(GET /v1.45/info\)"
        ) as told:
            await docker.info()
        assert isinstance(told.value.__cause__, aiohttp.ClientError)
        assert "\n" not in str(told.value)
        assert await docker.info() == {}


@pytest.mark.parametrize("body", [b"<html>", b"{", b'{"a":"\xff"}', b"[" * 200_000, b"{} {}"])
async def test_an_answer_that_is_no_json_is_told(body):
    error = await refused(answered(body, content_type="application/json"), lambda docker: docker.info())
    assert type(error) is ProtocolViolated
    assert str(error) == "the answer is no JSON (GET /v1.45/info)"
    assert error.__cause__ is not None


async def test_an_answer_beyond_the_bound_is_refused():
    for size, fits in ((1000, True), (1001, False)):
        answer = answered(b'"' + b"x" * (size - 2) + b'"', content_type="application/json")
        call = asked_of(answer, lambda docker: docker.info(), limits=Limits(body=1000))
        if fits:
            assert len(await call) == 998
        else:
            with pytest.raises(TooLarge, match=r"more than 1000 bytes \(GET /v1.45/info\)"):
                await call


async def test_answers_and_heads_of_any_size_within_bounds():
    large = {"x": "y" * 3_000_000}
    assert await asked_of(answered(large)) == large
    assert await asked_of(answered({}, registry_token="x" * 30_000)) == {}
    with pytest.raises(ProtocolViolated):
        await asked_of(answered({}, registry_token="x" * 300_000))


# Nothing foreign, nothing that hangs


keys = st.sampled_from(["message", "error", "errors", "cause", "detail", "code", "response", "other"])
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=8)
    | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
waits = st.one_of(
    st.none(),
    st.integers().map(str),
    st.text(max_size=20),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.lists(st.sampled_from(["Mon", ",", "31", "Feb", "0001", "9999", "99:99:99", "-0000", "+9959", " ", "é"])).map(
        " ".join
    ),
)


@given(
    st.integers(400, 999),
    st.binary(max_size=40) | documents.map(json.dumps).map(str.encode),
    waits,
    st.none() | st.text(),
)
def test_whatever_stands_in_a_refusal_it_is_one_of_ours_in_few_words(status, body, wait, reason):
    headers = {} if wait is None else {"Retry-After": wait}
    error = refusal(status, reason, headers, body, method="GET", path="/x")
    assert isinstance(error, APIError)
    assert error.status == status
    assert error.retry_after is None or error.retry_after >= 0
    assert isinstance(error.message, str)
    assert copy.copy(error).message == error.message
    assert isinstance(failed(PullFailed, error.message, status=status), PullFailed)


@pytest.mark.parametrize("depth", [1, 10, 100, 300, 400, 480, 490, 900, 5000, 20_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [(b'{"errors":[', b"]}"), (b'{"message":', b"}"), (b'{"errors":[{"code":', b"}]}"), (b"[", b"]")],
)
def test_a_refusal_of_any_depth_is_told(opening, closing, depth):
    body = opening * depth + b'"too deep"' + closing * depth
    error = refusal(500, "Oops", {}, body, method="GET", path="/x")
    assert type(error) is ServerError
    assert 0 < len(error.message) <= 4100


@pytest.mark.parametrize(
    "unit", [b"{", b"[", b'{"errors":[', b'{"code":"x"},', b" ", b"\xff", b'"', b"not found ", b"denie", b"0"]
)
def test_the_longest_refusal_takes_no_longer_than_its_bytes(unit):
    body = b'{"errors":[' + unit * (MOST_OF_A_REFUSAL // len(unit))
    with guard():
        for text in (body, unit * (MILLION // len(unit)), body.rstrip(b",") + b"]}"):
            assert len(said(text)) <= 4100
            failed(PullFailed, text.decode("utf-8", "replace"))


HEADS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 404 \r\n",
    b"HTTP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nlocation: %s\r\n",
    b"content-length: 5\r\n",
    b"content-length: -1\r\n",
    b"content-length: 5\r\ncontent-length: 6\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip, chunked\r\n",
    b"content-encoding: gzip\r\n",
    b"content-type: application/json\r\n",
    b"set-cookie: \xff=;\r\n",
    b"connection: upgrade\r\nupgrade: tcp\r\n",
    b"api-version: 9.9.9\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"ffffffffffffffffff\r\n",
    b"0\r\n\r\n",
    b'{"status": 1}\n',
    b'{"error": "x"}',
]


@given(
    st.lists(st.one_of(st.sampled_from(HEADS), st.binary(max_size=40)), max_size=8).map(b"".join),
    st.sampled_from(["json", "request", "stream", "ping", "pull"]),
)
def test_whatever_a_server_says_only_our_errors_come_out(answer, kind):
    async def script(peer):
        await peer.request()
        await peer.send(answer if peer.number < 4 else answered({}))
        peer.close()

    calls = {
        "json": lambda docker: docker.info(),
        "request": lambda docker: docker.request("DELETE", "/x"),
        "stream": lambda docker: docker.stream("POST", "/x"),
        "ping": lambda docker: docker.ping(head=True),
        "pull": lambda docker: docker.images.pull("x"),
    }

    async def ask():
        async with ScriptedServer(script) as server, Docker(server.url, version="1.45") as docker, asyncio.timeout(20):
            with contextlib.suppress(DockerError):
                await calls[kind](docker)
            assert (docker.stats().open_calls, docker.stats().open_streams) == (0, 0)
            while server.connections < 4:  # the client works on
                with contextlib.suppress(DockerError):
                    await docker.info()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("GE T", "/x"), {}),
        (("", "/x"), {}),
        (("GET\r\n", "/x"), {}),
        ((None, "/x"), {}),
        (("GET", "/x"), {"headers": {"X": "a\r\nHost: b"}}),
        (("GET", "/x"), {"headers": {"X\n": "a"}}),
        (("GET", "/x"), {"headers": {"X": 1}}),
        (("GET", "/x"), {"headers": {"X": "\udc80"}}),
        (("GET", "/x"), {"headers": {1: "x"}}),
        (("GET", "/x"), {"params": {"x": object()}}),
        (("GET", "/x"), {"params": {"x": float("nan")}}),
        (("POST", "/x"), {"json": {"x": object()}}),
        (("POST", "/x"), {"json": {"x": "\udc80"}}),
        (("GET", "x"), {}),
        (("GET", "/x?y"), {}),
        (("GET", "/../info"), {}),
        (("GET", "/a/%2e%2e/b"), {}),
    ],
)
async def test_what_can_not_be_sent_is_refused_by_us_and_not_sent(arguments, options):
    async with ScriptedServer(answering(lambda asked: answered({}))) as server:
        async with Docker(server.url, version="1.45") as docker:
            with pytest.raises(BadParameter):
                await docker.request(*arguments, **options)
            if "json" not in options:
                with pytest.raises(BadParameter):
                    await docker.stream(*arguments, **options)
        assert server.asked == []


@pytest.mark.parametrize(
    "filters",
    [
        {"label": 0.5},
        {"label": None},
        {"label": [None]},
        {"label": b"x"},
        {"label": {"x": object()}},
        {"container": {"Id": "made", "Warnings": []}},
        ["label"],
        "label=x",
    ],
)
async def test_filters_that_can_not_be_sent_are_refused(filters):
    async with Docker("unix:///x", version="1.45") as docker:
        with pytest.raises(BadParameter):
            await docker.events(filters=filters)
        with pytest.raises(BadParameter):
            await docker.prune_all(filters=filters, volumes=True)


@pytest.mark.parametrize("moment", [[1], date(2026, 1, 2), True])
async def test_what_is_no_point_in_time_is_refused(moment):
    async with Docker("unix:///x", version="1.45") as docker:
        with pytest.raises(BadParameter):
            await docker.events(since=moment)
        with pytest.raises(BadParameter):
            await docker.containers.logs("job", until=moment)


# Secrets


async def test_no_secret_is_shown_by_an_error_its_cause_or_a_repr():
    """A query, a header and a body may hold one: build arguments, credentials, environments."""

    async def script(peer):
        asked = await peer.request()
        if asked.path.endswith("/nonsense"):
            await peer.send(b"nonsense\r\n\r\n")
        elif asked.path.endswith("/refused"):
            await peer.send(answered({"message": "no"}, 500))
        elif asked.path.endswith("/elsewhere"):
            await peer.send(answered(b"", 302, location=f"/x?{SECRET}"))
        elif asked.path.endswith("/short"):
            await peer.send(answered({"a": 1})[:-2])
        if not asked.path.endswith("/silent"):
            peer.close()
        await peer.gone()

    secrets = {"params": {"buildargs": {"TOKEN": SECRET}}, "headers": {"X-Registry-Auth": SECRET}}
    async with ScriptedServer(script) as server, Docker(server.url, version="1.45") as docker:
        for path in ("/nonsense", "/refused", "/elsewhere", "/closed", "/short", "/silent"):
            for call in (
                docker.request("POST", path, json={"password": SECRET}, timeout=0.2, **secrets),
                docker.request("GET", path, timeout=0.2, **secrets),
                docker.stream("POST", path, body=SECRET.encode(), timeout=0.2, **secrets),
            ):
                assert SECRET not in repr(call)
                with pytest.raises(DockerError) as raised:
                    await call
                shown = traceback.format_exception(raised.value)
                assert path in shown[-1]
                assert SECRET not in "".join(shown)
                assert SECRET not in "".join(map(repr, chain_of(raised.value)))
        assert SECRET not in repr(docker)


async def test_a_connection_that_never_came_shows_no_query(tmp_path):
    async with Docker(f"unix://{tmp_path}/none", version="1.45") as docker:
        with pytest.raises(DockerError) as raised:
            await docker.request("GET", "/x", params={"token": SECRET})
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def chain_of(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# The family itself

MADE = [
    errors.DockerError("x"),
    errors.BadParameter("x"),
    errors.BadAddress("x"),
    errors.BadReference("x"),
    errors.BadCredentials("x", file="f"),
    errors.BadFile("x", file="f"),
    errors.UnsafeArchive("x", entry="e"),
    errors.Closed("x"),
    errors.Misused("x"),
    errors.ConnectionFailed("x", address="a"),
    errors.EngineUnreachable("x", address="a"),
    errors.TLSFailed("x", address="a"),
    errors.PermissionRefused("x", address="a"),
    errors.TimedOut("x"),
    errors.StreamBroken("x"),
    errors.ProtocolViolated("x"),
    errors.TooLarge("x"),
    errors.Redirected("x", location="l"),
    errors.VersionTooLow("o", needs="1.48", has="1.41"),
    errors.BulkFailed("x", report=[1]),
    errors.PrivilegesNotGranted("x", privileges=[{"Name": "network"}]),
    *(
        kind("x", status=7, method="GET", path="/p", retry_after=1.5)
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, APIError)
    ),
    *(
        kind("x", code=3, status=7, method="GET", path="/p")
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, OperationFailed)
    ),
    failed(PullFailed, "manifest unknown", code=404),
    failed(BuildFailed, "access denied", method="POST", path="/build"),
]


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_being_copied_and_pickled(error, copied):
    twin = copied(error)
    assert twin is not error
    assert type(twin) is type(error)
    assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
    assert vars(twin) == vars(error)


def test_every_class_is_made_above_and_stands_in_all():
    public = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, DockerError)}
    assert public == set(errors.__all__)
    assert {type(error).__name__ for error in MADE} == public
    for name in public:
        assert getattr(aiodockerhub, name) is getattr(errors, name)


def test_the_family_meets_pythons_own_where_they_mean_the_same():
    for ours, theirs in (
        (errors.BadParameter, ValueError),
        (errors.Misused, RuntimeError),
        (errors.ConnectionFailed, ConnectionError),
        (errors.PermissionRefused, PermissionError),
        (errors.TimedOut, TimeoutError),
    ):
        assert issubclass(ours, theirs)


@pytest.mark.parametrize(
    ("message", "also"),
    [
        ("manifest for busybox:nope not found: manifest unknown: manifest unknown", ImageNotFound),
        ("pull access denied for x, repository does not exist or may require 'docker login': denied", Forbidden),
        ("Get https://x/v2/: unauthorized: incorrect username or password", Unauthorized),
        ("toomanyrequests: You have reached your pull rate limit", RateLimited),
        ("no space left on device", None),
    ],
)
def test_an_error_in_a_stream_is_also_what_it_says(message, also):
    error = failed(PullFailed, message, method="POST", path="/images/create")
    assert isinstance(error, PullFailed)
    assert also is None or isinstance(error, also)
    assert isinstance(error, APIError) is (also is not None)
    assert error.status is None
    assert str(error) == f"{message} (POST /images/create)"


def test_a_version_too_low_names_both():
    error = VersionTooLow("ImageHistory(platform)", needs="1.48", has="1.41")
    assert str(error) == "ImageHistory(platform) needs engine API 1.48 or newer, this engine speaks 1.41"


async def test_the_words_of_an_error_say_what_was_asked_and_what_came():
    error = await refused(
        answered({"message": "No such image: busybox:1.37"}, 404), lambda d: d.images.inspect("busybox:1.37")
    )
    assert str(error) == "No such image: busybox:1.37 (GET /v1.45/images/busybox:1.37/json -> 404)"
    assert repr(error) == f"ImageNotFound({str(error)!r})"


async def test_an_error_within_a_stream_that_began_well_is_raised_after_what_came_before():
    lines = b'{"status":"one"}\n{"errorDetail":{"code":9,"message":"no space left on device"},"error":"no space"}\n'
    seen = []

    async def follow(docker):
        async for line in docker.stream("POST", "/x"):
            seen.append(line)  # noqa: PERF401  (an error ends the loop, what came before it stays)

    error = await refused(answered(lines), follow)
    assert isinstance(error, OperationFailed)
    assert error.code == 9
    assert str(error) == "no space left on device (POST /x)"
    assert seen == [{"status": "one"}]


async def test_a_stream_cut_short_is_broken():
    cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{}\n\r\n"
    async with ScriptedServer(once(cut)) as server, Docker(server.url, version="1.45") as docker:
        with pytest.raises(StreamBroken, match=r"cut short \(GET /v1.45/events\)"):
            await docker.events()
