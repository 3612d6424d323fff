"""The index: every operation on LocalHub, every odd answer on a server made for it."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import json
import logging
import pickle
import traceback

import pytest
from certificates import serving_tls, trusting
from scripted_server import ScriptedServer, answered, answering, silent

from aiodockerhub import Credentials, Index
from aiodockerhub.errors import (
    BadAddress,
    BadParameter,
    BadRequest,
    Closed,
    ConnectionFailed,
    Forbidden,
    Misused,
    NotFound,
    ProtocolViolated,
    RateLimited,
    Redirected,
    ServerError,
    TimedOut,
    TLSFailed,
    Unauthorized,
)
from aiodockerhub.index.client import Grant
from aiodockerhub.index.grants import granted
from aiodockerhub.local import HubImage, LocalHub, User
from aiodockerhub.wire.tls import TLS

A, B = "a" * 64, "0123456789abcdef" * 4
SECRET = "s\u00e9cret:+/>>>???"
ALICE = Credentials("alice", SECRET)


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No credentials and no proxy but those that a test gives."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("DOCKER_AUTH_CONFIG", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def hub():
    users = {"alice": SECRET, "bob": User("pass", "bob@example.com"), "idle": User("idle", active=False)}
    async with LocalHub(users=users) as running:
        yield running


@pytest.fixture
async def index(hub):
    async with Index(hub.url, credentials=ALICE) as made:
        yield made


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


GRANT = 'signature=123abc,repository="alice/app",access=write'
GRANTING = {"X-Docker-Token": GRANT, "X-Docker-Endpoints": "registry-1.docker.io, registry-2.docker.io"}


def always(status=200, body=b"", headers=GRANTING):
    return answering(lambda asked: answered(body, status, **headers))


# The walk's first two steps


async def test_a_user_logs_in_and_creates_a_repository(index, hub):
    assert await index.login() is None
    grant = await index.create_repository("alice/app", [A, B])
    assert (grant.repository, grant.access, grant.endpoints) == ("alice/app", "write", (hub.host,))
    assert grant.token.startswith("signature=")
    assert hub.repositories["alice/app"] == (HubImage(A, ""), HubImage(B, ""))
    assert [tuple(one) for one in hub.requests] == [
        ("GET", "/v1/users/", 200),
        ("PUT", "/v1/repositories/alice/app/", 200),
    ]


async def test_what_goes_over_the_wire_is_what_the_book_shows():
    async with ScriptedServer(always()) as server, Index(f"{server.url}/v1/", credentials=ALICE) as index:
        await index.login()
        grant = await index.create_repository("alice/app", [A])
        await index.create_repository("helloworld")
    login, create, library = server.asked
    assert (login.method, login.target) == ("GET", "/v1/users/")
    assert login.headers["Authorization"] == basic("alice", SECRET)
    assert (create.method, create.target) == ("PUT", "/v1/repositories/alice/app/")
    assert json.loads(create.body) == [{"id": A}]
    assert create.headers["Authorization"] == basic("alice", SECRET)
    assert create.headers["X-Docker-Token"] == "true"
    assert create.headers["Accept"] == create.headers["Content-Type"] == "application/json"
    assert (library.method, library.target, library.body) == ("PUT", "/v1/repositories/helloworld/", b"[]")
    assert grant == Grant(GRANT, "alice/app", "write", ("registry-1.docker.io", "registry-2.docker.io"))


async def test_wrong_credentials_and_an_inactive_account_are_told_apart(hub):
    async with Index(hub.url, credentials=Credentials("alice", "wrong")) as index:
        with pytest.raises(Unauthorized, match="wrong username or password") as caught:
            await index.login()
    assert (caught.value.status, caught.value.method, caught.value.path) == (401, "GET", "/users/")
    async with Index(hub.url, credentials=Credentials("idle", "idle")) as index:
        with pytest.raises(Forbidden, match="not active") as caught:
            await index.login()
        assert caught.value.status == 403
        with pytest.raises(Forbidden, match="not active"):
            await index.create_repository("idle/app")


async def test_an_index_that_redirects_gets_method_and_body_again(index, hub):
    def without_slash(asked):
        if asked.path.endswith("/"):
            return answered(**GRANTING)
        return answered(b"", 301, location=f"{asked.path}/")

    canonical = answering(lambda asked: answered(b"", 301, location=f"http://{hub.host}{asked.target}"))
    async with (
        ScriptedServer(answering(without_slash)) as server,
        Index(f"{server.url}/v1", credentials=ALICE) as redirected,
    ):
        await redirected.set_images("a/images", [{"id": A, "checksum": ""}])  # the one path that has no slash
    assert [(one.method, one.target, json.loads(one.body)) for one in server.asked] == [
        ("PUT", "/v1/repositories/a/images/images", [{"id": A, "checksum": ""}]),
        ("PUT", "/v1/repositories/a/images/images/", [{"id": A, "checksum": ""}]),
    ]
    assert {one.headers["Authorization"] for one in server.asked} == {basic("alice", SECRET)}
    await index.create_repository("alice/app")
    async with ScriptedServer(canonical) as old, Index(f"{old.url}/v1/", credentials=ALICE) as moved:
        assert await moved.list_images("alice/app") == []
        # credentials stay with the index that they were given for
        with pytest.raises(Unauthorized, match=f"no username and password.*{hub.url}repositories/alice/new/"):
            await moved.create_repository("alice/new")
    assert "alice/new" not in hub.repositories


async def test_an_index_may_send_its_users_from_http_up_to_https(ca):
    async with LocalHub(users={"alice": SECRET}, tls=serving_tls(ca, "127.0.0.1")) as secure:
        up = answering(lambda asked: answered(b"", 301, location=f"https://{secure.host}{asked.target}"))
        async with ScriptedServer(up) as plain, Index(f"{plain.url}/v1/", credentials=ALICE, tls=trusting(ca)) as index:
            await index.login()
            assert (await index.create_repository("alice/app", [A])).repository == "alice/app"
        async with Index(secure.url, credentials=ALICE) as untrusting:
            with pytest.raises(TLSFailed):
                await untrusting.login()


# Accounts


async def test_who_registers_can_log_in(hub):
    async with Index(hub.url) as index:
        await index.register("carol", SECRET, "carol@example.com")
        with pytest.raises(BadRequest, match="taken"):
            await index.register("carol", SECRET, "carol@example.com")
    async with Index(hub.url, credentials=Credentials("carol", SECRET)) as index:
        await index.login()


async def test_who_registers_shows_no_credentials_of_others():
    async with ScriptedServer(always(201)) as server, Index(server.url, credentials=ALICE) as index:
        await index.register("carol", "secret", "c@example.com")
    assert "Authorization" not in server.asked[0].headers
    assert json.loads(server.asked[0].body) == {"email": "c@example.com", "username": "carol", "password": "secret"}


async def test_a_user_changes_the_password(index, hub):
    await index.update_user("alice", email="a@example.com", password="new")
    with pytest.raises(Unauthorized):
        await index.login()
    async with Index(hub.url, credentials=Credentials("alice", "new")) as changed:
        await changed.login()
        with pytest.raises(Forbidden):
            await changed.update_user("bob", email="x")
        with pytest.raises(NotFound):
            await changed.update_user("nobody", email="x")


async def test_only_what_changes_is_sent():
    async with ScriptedServer(always(204)) as server, Index(server.url, credentials=ALICE) as index:
        await index.update_user("o'neill/\u00fc", email="")
        with pytest.raises(BadParameter, match="nothing to change"):
            await index.update_user("alice")
    assert [(one.method, one.target, one.body) for one in server.asked] == [
        ("PUT", "/users/o%27neill%2F%C3%BC/", b'{"email":""}')
    ]


async def test_no_password_in_a_body_goes_to_another_server():
    async with ScriptedServer(always()) as other:
        away = answering(lambda asked: answered(b"", 307, location=f"{other.url}{asked.path}"))
        async with ScriptedServer(away) as server, Index(server.url, credentials=ALICE) as index:
            with pytest.raises(Redirected, match="password"):
                await index.register("carol", "secret", "c@example.com")
            with pytest.raises(Redirected, match="password"):
                await index.update_user("alice", password="secret")
    assert other.asked == []


# Repositories


async def test_a_repository_of_the_library_has_no_namespace(index, hub):
    grant = await index.create_repository("helloworld", [A])
    assert grant.repository == "library/helloworld"
    assert [one["id"] for one in await index.list_images("helloworld")] == [A]
    assert (await index.delete_repository("helloworld")).access == "delete"
    assert hub.repositories == {}


async def test_images_are_set_and_listed(index):
    images = [{"id": A, "checksum": "tarsum:1", "Tag": "latest"}, {"id": B, "checksum": "tarsum:2"}]
    await index.create_repository("alice/app", [A])
    await index.set_images("alice/app", images)
    assert await index.list_images("alice/app") == images
    with pytest.raises(NotFound, match="no repository"):
        await index.list_images("alice/other")
    with pytest.raises(NotFound):
        await index.set_images("alice/other", images)
    with pytest.raises(NotFound):
        await index.delete_repository("alice/other")
    with pytest.raises(Forbidden, match="namespace"):
        await index.create_repository("bob/app")


async def test_a_grant_is_good_for_one_use(index, hub):
    await index.create_repository("alice/app", [A])
    images, grant = await index.list_images_with_grant("alice/app")
    assert [one["id"] for one in images] == [A]
    assert (grant.repository, grant.access, grant.endpoints) == ("alice/app", "read", (hub.host,))
    await index.authorize(grant)
    with pytest.raises(Forbidden, match="used up"):
        await index.authorize(grant)
    library = await index.create_repository("helloworld")
    await index.authorize(library)


async def test_a_grant_is_shown_as_a_token_and_without_credentials():
    async with ScriptedServer(always()) as server, Index(server.url, credentials=ALICE) as index:
        await index.authorize(Grant(GRANT, "alice/app", "write", ("r",)))
    assert (server.asked[0].method, server.asked[0].target) == ("PUT", "/repositories/alice/app/auth")
    assert server.asked[0].headers.getall("Authorization") == [f"Token {GRANT}"]


async def test_reading_and_searching_need_no_account(index, hub):
    for name in ("alice/one", "alice/two", "library/one"):
        await index.create_repository(name)
    async with Index(hub.url) as nobody:
        assert await nobody.list_images("alice/one") == []
        found = await nobody.search("one")
        assert (found["query"], found["num_results"]) == ("one", 2)
        assert [one["name"] for one in found["results"]] == ["alice/one", "one"]
        second = await nobody.search("", n=2, page=2)
        assert (second["num_pages"], [one["name"] for one in second["results"]]) == (2, ["one"])
        with pytest.raises(BadRequest, match="n is no positive number"):
            await nobody.search("one", n=0)


async def test_a_term_may_hold_any_character():
    async with ScriptedServer(always(body=b"{}")) as server, Index(server.url) as index:
        await index.search("a&b=\u00fc #+%2F?")
    assert server.asked[0].target == "/search?q=a%26b%3D%C3%BC%20%23%2B%252F%3F"


# Credentials


NEEDING_A_USER = {
    "login": lambda index: index.login(),
    "create": lambda index: index.create_repository("a/b"),
    "delete": lambda index: index.delete_repository("a/b"),
    "set images": lambda index: index.set_images("a/b", []),
    "update user": lambda index: index.update_user("alice", email="x"),
}


@pytest.mark.parametrize("call", NEEDING_A_USER.values(), ids=NEEDING_A_USER)
@pytest.mark.parametrize(
    "credentials",
    [None, Credentials.anonymous(), Credentials.token("t"), Credentials("x", "y", server_address="ghcr.io")],
)
async def test_without_a_user_nothing_is_sent(call, credentials):
    async with ScriptedServer(always()) as server, Index(server.url, credentials=credentials) as index:
        with pytest.raises(BadParameter, match="wants a user name and a password"):
            await call(index)
    assert server.asked == []


async def test_credentials_are_found_where_the_docker_cli_keeps_them(hub, tmp_path, index):
    await index.create_repository("alice/app")
    auth = base64.b64encode(f"alice:{SECRET}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {hub.host: {"auth": auth}}}))
    async with Index(hub.url) as found:
        await found.login()


async def test_the_default_index_is_asked_as_the_user_of_docker_hub(tmp_path):
    asked = []

    async def who(registry):
        asked.append(registry)
        return Credentials.anonymous()

    for url in ("https://index.docker.io/v1/", "https://index.docker.io:443/v1/", "http://[::1]:5000/v1/"):
        async with Index(url, credentials=who) as index:
            with pytest.raises(BadParameter):
                await index.login()
    assert asked == ["docker.io", "docker.io", "[::1]:5000"]
    assert repr(Index()) == "<Index https://index.docker.io/v1>"


async def test_a_secret_that_ran_out_is_asked_for_once_more():
    passwords = ["old", "new", "newer"]

    async def short_lived(registry):
        return Credentials("alice", passwords.pop(0))

    def answer(asked):
        good = asked.headers.get("Authorization") == basic("alice", "new")
        return answered(b"", 200 if good else 401)

    async with ScriptedServer(answering(answer)) as server, Index(server.url, credentials=short_lived) as index:
        await index.login()
        assert len(server.asked) == 2
        passwords[:] = ["wrong", "wrong"]
        with pytest.raises(Unauthorized):
            await index.login()
        assert len(server.asked) == 3  # the same once more would be refused again


async def test_no_secret_is_shown_by_a_repr_an_error_or_the_log(hub, caplog):
    caplog.set_level(logging.DEBUG, "aiodockerhub")
    shown = []
    async with Index(hub.url, credentials=ALICE) as index:
        grant = await index.create_repository("alice/app", [A])
        await index.authorize(grant)
        with pytest.raises(Forbidden) as caught:
            await index.authorize(grant)
        shown += [repr(index), repr(grant), str(grant), f"{grant}"]
        shown += traceback.format_exception(caught.value)
    async with Index(hub.url, credentials=Credentials("bob", SECRET)) as index:
        with pytest.raises(Unauthorized) as caught:
            await index.login()
        shown += traceback.format_exception(caught.value)
    text = "".join(shown) + caplog.text
    assert "PUT /repositories/alice/app/" in text
    for secret in (SECRET, grant.token, basic("alice", SECRET)[6:], basic("bob", SECRET)[6:]):
        assert secret not in text
    assert repr(grant) == f"Grant(token='***', repository='alice/app', access='write', endpoints=('{hub.host}',))"
    assert pickle.loads(pickle.dumps(grant)) == grant


# What is refused before it is sent


@pytest.mark.parametrize(
    "name", ["", "/", "a/", "/a", "a//b", ".", "..", "a/..", "../users", "a/b/c", "a/b/images", "a\n"]
)
async def test_no_name_leads_to_another_path(name):
    grant = Grant(GRANT, name, "read", ("r",))
    async with ScriptedServer(always(body=b"[]")) as server, Index(server.url, credentials=ALICE) as index:
        for call in (
            index.create_repository(name),
            index.delete_repository(name),
            index.list_images(name),
            index.list_images_with_grant(name),
            index.set_images(name, []),
            index.authorize(grant),
        ):
            with pytest.raises(BadParameter):
                await call
        if "/" not in name:
            for user in {name} - {"a"}:
                with pytest.raises(BadParameter):
                    await index.update_user(user, email="x")
    assert server.asked == []


@pytest.mark.parametrize("name", ["ABC/x", "a/b c", "x" * 300, "a/b?c#d", "%2e%2e/x", "\u00fc/x", "a/..b"])
async def test_what_a_name_may_be_is_left_to_the_index(name):
    async with (
        ScriptedServer(always(400, b'{"error": "no such name"}')) as server,
        Index(server.url, credentials=ALICE) as index,
    ):
        with pytest.raises(BadRequest, match="no such name"):
            await index.create_repository(name)
    assert server.asked[0].target.count("/") == (3 if "/" not in name else 4)


@pytest.mark.parametrize(
    "image", ["", "a" * 63, "a" * 65, "g" * 64, "A" * 64, f"sha256:{A}", f"{A}\n", None, 1, A.encode()]
)
async def test_an_image_id_is_64_hexadecimal_digits(image):
    async with ScriptedServer(always()) as server, Index(server.url, credentials=ALICE) as index:
        with pytest.raises(BadParameter, match="64 hexadecimal digits"):
            await index.create_repository("a/b", [A, image])
        with pytest.raises(BadParameter):
            await index.set_images("a/b", [{"id": image, "checksum": ""}])
    assert server.asked == []


async def test_lists_of_images_are_checked():
    async with ScriptedServer(always()) as server, Index(server.url, credentials=ALICE) as index:
        with pytest.raises(BadParameter, match="not one id"):
            await index.create_repository("a/b", A)
        with pytest.raises(BadParameter, match="as a dict"):
            await index.set_images("a/b", [A])
        with pytest.raises(BadParameter, match="checksum of a listed image is a string"):
            await index.set_images("a/b", [{"id": A, "checksum": 1}])
        with pytest.raises(BadParameter, match="64 hexadecimal"):
            await index.set_images("a/b", [{"checksum": ""}])
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "index.docker.io",
        "127.0.0.1:5000",
        "tcp://127.0.0.1:5000",
        "unix:///var/run/docker.sock",
        "ftp://x/v1/",
        "https:/x",
        "https://",
        "https://user:hunter2@x/v1/",
        "https://x/v1/?a=hunter2",
        "https://x/../v1/",
        "https://x:0/",
        "https://a b/",
        None,
    ],
)
def test_a_malformed_address_fails_in_the_constructor(url):
    with pytest.raises(BadAddress) as caught:
        Index(url)
    assert "hunter2" not in str(caught.value)


# Odd answers


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequest), (401, Unauthorized), (403, Forbidden), (404, NotFound), (429, RateLimited), (500, ServerError)],
)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "no, because"}', "no, because"),
        (b'"no, because"', "no, because"),
        (b"no, because", "no, because"),
        (b"", None),
    ],
)
async def test_refusals_carry_the_servers_words(status, kind, body, said):
    async with ScriptedServer(always(status, body)) as server, Index(server.url, credentials=ALICE) as index:
        with pytest.raises(kind) as caught:
            await index.create_repository("alice/app")
    error = caught.value
    assert (error.status, error.method, error.path) == (status, "PUT", "/repositories/alice/app/")
    assert error.message == (said or error.message) != ""


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"", {}),
        (200, b"", {"X-Docker-Endpoints": "r"}),
        (200, b"", {"X-Docker-Token": GRANT}),
        (200, b"", {**GRANTING, "X-Docker-Endpoints": " , "}),
        (200, b"", {**GRANTING, "X-Docker-Token": ""}),
        (200, b"<html>log in here</html>", {"Content-Type": "text/html"}),
        (304, b"", GRANTING),
    ],
)
async def test_an_answer_without_a_grant_is_no_answer(status, body, headers):
    async with ScriptedServer(always(status, body, headers)) as server, Index(server.url, credentials=ALICE) as index:
        for call in (index.create_repository("a/b"), index.delete_repository("a/b")):
            with pytest.raises(ProtocolViolated, match=r"\((PUT|DELETE) /repositories/a/b/\)|answers 304"):
                await call


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b"null", b"\xff", b"[" * 100_000, b'[{"id": "a"}'])
async def test_what_is_no_list_is_no_answer(body):
    async with ScriptedServer(always(body=body)) as server, Index(server.url) as index:
        with pytest.raises(ProtocolViolated, match="GET /repositories/a/b/images"):
            await index.list_images("a/b")
        with pytest.raises(ProtocolViolated, match="GET /repositories/a/b/images"):
            await index.list_images_with_grant("a/b")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"1", b'{"a":' * 100_000])
async def test_what_is_no_page_is_no_answer(body):
    async with ScriptedServer(always(body=body)) as server, Index(server.url) as index:
        with pytest.raises(ProtocolViolated, match="GET /search"):
            await index.search("x")


async def test_a_created_repository_may_be_accepted_only():
    async with ScriptedServer(always(202)) as server, Index(server.url, credentials=ALICE) as index:
        assert (await index.delete_repository("alice/app")).token == GRANT
        with pytest.raises(ProtocolViolated, match="answers 202 to a login"):
            await index.login()


# Grants


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Docker-Token": 'signature=S,repository="ns/app",access=read'},
        {"x-docker-token": 'Token signature=S,repository="ns/app",access=read'},
        {"X-Docker-Token": 'token   access=read , repository=ns/app, signature="S"'},
        {"X-Docker-Token": ' Signature=S, Repository="ns/app", Access="read", extra="a,b=\\"c\\"" '},
        {"WWW-Authenticate": 'Token signature=S,repository="ns/app",access=read'},
        {"X-Docker-Token": 'signature=S=,repository="ns/app",access=read,', "WWW-Authenticate": "Basic realm=x"},
    ],
)
async def test_a_grant_is_read_however_it_is_written(headers):
    given = {**headers, "X-Docker-Endpoints": "a:5000 ,b,"}
    async with ScriptedServer(always(headers=given)) as server, Index(server.url, credentials=ALICE) as index:
        grant = await index.create_repository("ns/app")
    assert (grant.repository, grant.access, grant.endpoints) == ("ns/app", "read", ("a:5000", "b"))
    assert not grant.token.lower().startswith("token")
    assert "ignature=" in grant.token


@pytest.mark.parametrize(
    "token",
    [
        "S3CRET",
        "Token",
        "signature=S3CRET",
        'signature=S3CRET,repository="ns/app"',
        'signature=,repository="ns/app",access=read',
        'signature=S3CRET,repository="ns/app,access=read',
        'signature=S3CRET,repository="../users",access=read',
        'signature=S3CRET,repository="a/b/images",access=read',
        'signature=S3CRET,repository="ns/app",access=read,extra="\udcff"',
        'signature=S3CRET\u00fc,repository="ns/app",access=read',
        "signature=" + "S3CRET" * 10_000 + ',repository="ns/app",access=read',
        "signature=S3CRET" + " " * 16_000 + "x",
        'signature=S3CRET,repository="' + "\\" * 16_000,
    ],
)
def test_what_is_no_grant_is_refused_and_not_repeated(token):
    with pytest.raises(ProtocolViolated, match=r"grant.*\(PUT /x\)") as caught:
        granted({"X-Docker-Token": token, "X-Docker-Endpoints": "r"}, asked="PUT /x")
    assert "S3CRET" not in "".join(traceback.format_exception(caught.value))


# Proxies


def seen(proxy):
    return [(one.method, one.target, one.headers.get("Proxy-Authorization")) for one in proxy.asked]


async def test_a_proxy_is_used_where_it_is_given():
    async with ScriptedServer(always()) as proxy:
        given = proxy.url.replace("//", "//me:hunter2%40%C3%BC%E2%82%AC@")
        async with Index("http://index.example/v1/", credentials=ALICE, proxy=given) as index:
            await index.login()
        async with Index("http://index.example/v1/", credentials=ALICE, proxy=lambda url: given) as index:
            await index.login()
    assert seen(proxy) == [("GET", "http://index.example/v1/users/", basic("me", "hunter2@\u00fc\u20ac"))] * 2


async def test_the_environments_proxy_is_used_but_never_for_loopback(monkeypatch, hub):
    async with ScriptedServer(always()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        async with Index(hub.url, credentials=ALICE) as index:
            await index.login()
        assert proxy.asked == []
        async with Index("http://index.example/v1/", credentials=ALICE) as index:
            await index.login()
        assert [one.target for one in proxy.asked] == ["http://index.example/v1/users/"]
        async with Index("http://index.invalid/v1/", credentials=ALICE, proxy=None) as index:
            with pytest.raises(ConnectionFailed):
                await index.login()
        assert len(proxy.asked) == 1


async def test_a_proxy_that_refuses_is_an_error_that_shows_no_password():
    async with ScriptedServer(always(407)) as proxy:
        given = proxy.url.replace("//", "//me:hunter2@")
        async with Index("https://index.example/v1/", credentials=ALICE, proxy=given) as index:
            with pytest.raises(ConnectionFailed, match=r"the proxy for https://index\.example/v1") as caught:
                await index.login()
    assert seen(proxy) == [("CONNECT", "index.example:443", basic("me", "hunter2"))]
    assert "me:hunter2" not in "".join(traceback.format_exception(caught.value))
    async with Index("https://index.example/v1/", credentials=ALICE, proxy=given) as index:
        with pytest.raises(ConnectionFailed, match=r"the proxy for https://index\.example/v1") as caught:
            await index.login()
    assert "me:hunter2" not in "".join(traceback.format_exception(caught.value))


async def test_a_proxy_that_is_none_is_an_error_where_it_is_asked_for():
    async with Index("http://index.example/v1/", credentials=ALICE, proxy=lambda url: "socks5://x:1") as index:
        with pytest.raises(BadParameter, match="proxies are not supported"):
            await index.login()


@pytest.mark.parametrize("proxy", ["socks5://x:1", "http://", "http://a b", ""])
def test_what_can_be_no_proxy_fails_in_the_constructor(proxy):
    with pytest.raises(BadParameter, match="proxy"):
        Index(proxy=proxy)


# The client


async def test_a_closed_index_says_so(hub):
    index = Index(hub.url, credentials=ALICE)
    await index.login()
    await index.close()
    await index.close()
    assert repr(index) == f"<Index {hub.url.rstrip('/')} closed>"
    for call in (index.login(), index.search("x"), index.register("a", "b", "c")):
        with pytest.raises(Closed):
            await call
    with pytest.raises(Closed):
        await index.__aenter__()


def test_an_index_is_made_without_a_loop_and_belongs_to_its_first():
    index = Index("http://127.0.0.1:9/v1/", credentials=ALICE)

    async def ask():
        with pytest.raises(ConnectionFailed):
            await index.login()

    async def ask_elsewhere():
        with pytest.raises(Misused):
            await index.login()
        with pytest.raises(Misused):
            await index.close()

    with asyncio.Runner() as its_own:
        its_own.run(ask())
        with concurrent.futures.ThreadPoolExecutor() as thread:
            thread.submit(asyncio.run, ask_elsewhere()).result()
        its_own.run(index.close())
    asyncio.run(Index().close())


async def test_closing_ends_what_waits():
    async with ScriptedServer(silent) as server:
        index = Index(server.url, credentials=ALICE)
        task = asyncio.create_task(index.create_repository("a/b"))
        await server.until(lambda: server.asked)
        assert index.stats().open_calls == 1
        await index.close()
        with pytest.raises(Closed):
            await task
        async with Index(server.url, credentials=ALICE, timeout=0.05) as hurried:
            with pytest.raises(TimedOut):
                await hurried.login()
        async with Index(server.url, credentials=ALICE) as patient:
            with pytest.raises(TimedOut):
                await patient.search("x", timeout=0.05)


async def test_the_same_connection_serves_many_calls():
    async with ScriptedServer(always()) as server, Index(server.url, credentials=ALICE) as index:
        for _ in range(20):
            await index.create_repository("alice/app", [A])
    assert server.connections == 1


async def test_tls_is_a_matter_of_the_files_given(ca, tmp_path):
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with LocalHub(users={"alice": SECRET}, tls=serving_tls(ca, "127.0.0.1")) as hub:
        async with Index(hub.url, credentials=ALICE, tls=TLS(ca=tmp_path / "ca.pem")) as index:
            await index.login()
        async with Index(hub.url, credentials=ALICE) as index:
            with pytest.raises(TLSFailed, match="certificate"):
                await index.login()
