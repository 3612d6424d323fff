"""LocalHub as its peers see it: every status of the index, on a real socket, and how it starts and ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import logging
import re
import socket
import subprocess
import sys
import zlib
from urllib.parse import quote

import aiohttp
import pytest
from broken_json import NO_OBJECT
from certificates import serving_tls, trusting

from aiodockerhub.errors import BadAddress, BadParameter, Misused
from aiodockerhub.local import HubImage, HubRequest, LocalHub, User

A, B, C = "a" * 64, "b" * 64, "0123456789abcdef" * 4
IDS = [{"id": A}, {"id": B}]
LISTED = [{"id": A, "checksum": "tarsum:1", "Tag": "latest"}, {"id": B, "checksum": "tarsum:2"}]


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


ALICE, BOB, IDLE = basic("alice", "secret"), basic("bob", "pass"), basic("idle", "idle")
TOKEN = {"X-Docker-Token": "true"}


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    """No test passes because the server gave up waiting for something when it closed."""
    monkeypatch.setattr("aiodockerhub.local.hub._SHUTDOWN_SECONDS", 3600)


@pytest.fixture
async def hub():
    users = {"alice": "secret", "bob": User("pass", "bob@example.com"), "idle": User("idle", active=False)}
    async with LocalHub(users=users) as running:
        yield running


@pytest.fixture
async def ask(hub):
    """ask(method, path, ...) -> (status, decoded body or None, headers)."""
    async with aiohttp.ClientSession(hub.url) as session:

        async def call(method, path, *, auth=None, headers=None, **request):
            given = {**(auth or {}), **(headers or {})}
            async with session.request(method, path, headers=given, allow_redirects=False, **request) as response:
                body = await response.read()
                return response.status, json.loads(body) if body else None, response.headers

        yield call


# Accounts


async def test_the_right_password_logs_in(ask):
    status, body, _ = await ask("GET", "users/", auth=ALICE)
    assert (status, body) == (200, "OK")


@pytest.mark.parametrize(
    "given",
    [
        {},
        basic("alice", "wrong"),
        basic("alice", ""),
        basic("nobody", "secret"),
        basic("nobody", ""),
        basic("Alice", "secret"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic YWxpY2U="},  # no colon
        {"Authorization": "Basic /////w=="},  # no UTF-8
        {"Authorization": "Bearer secret"},
        {"Authorization": "Token signature=1"},
    ],
)
async def test_whoever_is_not_known_is_asked_for_basic_credentials(ask, given):
    status, body, headers = await ask("GET", "users/", auth=given)
    assert status == 401
    assert headers["WWW-Authenticate"].startswith('Basic realm="')
    assert set(body) == {"error"}


async def test_an_inactive_account_is_forbidden_only_to_who_knows_its_password(ask):
    assert (await ask("GET", "users/", auth=IDLE))[0] == 403
    assert (await ask("GET", "users/", auth=basic("idle", "guess")))[0] == 401
    assert (await ask("PUT", "repositories/idle/app/", auth=IDLE, json=[]))[0] == 403
    assert (await ask("PUT", "users/idle/", auth=IDLE, json={}))[0] == 403


@pytest.mark.parametrize("password", ["pässwörd", "密码🔑", "a:b:c", " ", "+/=%20", "x" * 3000])
@pytest.mark.parametrize("name", ["o'neill", "jürgen müller", "a%2Fb", "{x}", "日本"])
async def test_names_and_passwords_may_hold_any_character(name, password):
    async with LocalHub(users={name: password}) as hub, aiohttp.ClientSession(hub.url) as session:
        auth = basic(name, password)
        async with session.get("users/", headers=auth) as response:
            assert response.status == 200
        changed = {"password": password + "2"}
        async with session.put(f"users/{quote(name)}/", headers=auth, json=changed) as response:
            assert response.status == 204
        async with session.get("users/", headers=basic(name, password + "2")) as response:
            assert response.status == 200


async def test_who_registers_can_log_in_and_create(ask):
    new = {"email": "carol@example.com", "username": "carol", "password": "sécret"}
    status, body, _ = await ask("POST", "users/", json=new)
    assert (status, body) == (201, "User Created")
    carol = basic("carol", "sécret")
    assert (await ask("GET", "users/", auth=carol))[0] == 200
    assert (await ask("PUT", "repositories/carol/app/", auth=carol, json=[]))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        *NO_OBJECT,
        b'"\\ud800"',
        b'{"email": "e@x", "username": "\xff", "password": "long enough"}',
        json.dumps({"username": "x", "password": "long enough"}).encode(),
        json.dumps({"email": "", "username": "x", "password": "long enough"}).encode(),
        json.dumps({"email": "e@x", "username": "x", "password": ""}).encode(),
        json.dumps({"email": "e@x", "username": "x", "password": 12345}).encode(),
        json.dumps({"email": "e@x", "username": "", "password": "long enough"}).encode(),
        json.dumps({"email": "e@x", "username": "a:b", "password": "long enough"}).encode(),
        json.dumps({"email": "e@x", "username": "a/b", "password": "long enough"}).encode(),
        json.dumps({"email": "e@x", "username": "library", "password": "long enough"}).encode(),
        json.dumps({"email": "e@x", "username": "alice", "password": "long enough"}).encode(),
    ],
)
async def test_what_can_not_register_is_a_bad_request_and_changes_nothing(ask, body):
    status, answer, _ = await ask("POST", "users/", data=body)
    assert status == 400
    assert set(answer) == {"error"}
    assert "long enough" not in answer["error"]
    assert (await ask("GET", "users/", auth=ALICE))[0] == 200


async def test_a_user_changes_the_password_and_the_old_one_is_out(ask):
    status, body, _ = await ask("PUT", "users/alice/", auth=ALICE, json={"password": "new", "email": "a@x"})
    assert (status, body) == (204, None)
    assert (await ask("GET", "users/", auth=ALICE))[0] == 401
    assert (await ask("GET", "users/", auth=basic("alice", "new")))[0] == 200


async def test_a_change_of_the_email_leaves_the_password(ask):
    assert (await ask("PUT", "users/alice/", auth=ALICE, json={"email": "a@example.com"}))[0] == 204
    assert (await ask("GET", "users/", auth=ALICE))[0] == 200


@pytest.mark.parametrize(
    ("path", "auth", "body", "status"),
    [
        ("users/alice/", ALICE, b"{", 400),
        ("users/alice/", ALICE, b'{"password": ""}', 400),
        ("users/alice/", ALICE, b'{"email": 7}', 400),
        ("users/alice/", basic("alice", "wrong"), b"{}", 401),
        ("users/alice/", {}, b"{}", 401),
        ("users/bob/", ALICE, b'{"password": "mine"}', 403),
        ("users/nobody/", ALICE, b"{}", 404),
    ],
)
async def test_an_update_that_may_not_be_is_refused_by_its_own_status(ask, path, auth, body, status):
    assert (await ask("PUT", path, auth=auth, data=body))[0] == status
    assert (await ask("GET", "users/", auth=BOB))[0] == 200


# Repositories


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("alice/app", "alice/app"),
        ("app", "library/app"),
        ("library/app", "library/app"),
        ("alice/my-app_1.0", "alice/my-app_1.0"),
        ("alice/images", "alice/images"),
        ("alice/auth", "alice/auth"),
    ],
)
async def test_creating_gives_a_grant_to_write_and_where_to_go_with_it(hub, ask, path, name):
    status, body, headers = await ask("PUT", f"repositories/{path}/", auth=ALICE, headers=TOKEN, json=IDS)
    assert (status, body) == (200, None)
    grant = headers["X-Docker-Token"]
    assert re.fullmatch(rf'signature=[0-9a-f]{{32}},repository="{re.escape(name)}",access=write', grant)
    assert headers["WWW-Authenticate"] == f"Token {grant}"
    assert headers["X-Docker-Endpoints"] == hub.host
    assert hub.repositories[name] == (HubImage(A, ""), HubImage(B, ""))


async def test_creating_again_adds_the_images_that_are_new(hub, ask):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    await ask("PUT", "repositories/alice/app/images", auth=ALICE, json=LISTED)
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=[{"id": C}, {"id": A}])
    assert [image.id for image in hub.repositories["alice/app"]] == [A, B, C]
    assert hub.repositories["alice/app"][0] == HubImage(A, "tarsum:1", "latest")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"{}",
        b'["%s"]' % A.encode(),
        b"[{}]",
        json.dumps([{"id": A[1:]}]).encode(),
        json.dumps([{"id": A + "a"}]).encode(),
        json.dumps([{"id": A + "\n"}]).encode(),
        json.dumps([{"id": A.upper()}]).encode(),
        json.dumps([{"id": "g" * 64}]).encode(),
        json.dumps([{"id": A}, {"id": None}]).encode(),
    ],
)
async def test_bad_json_or_ids_create_nothing(hub, ask, body):
    assert (await ask("PUT", "repositories/alice/app/", auth=ALICE, data=body))[0] == 400
    assert not hub.repositories


@pytest.mark.parametrize("name", ["App", "-app", "app-", "a..b", "a b", "%2e%2e", "a%2Fb", "ü", "a%00", "x" * 300])
async def test_names_that_no_reference_can_hold_are_refused(hub, name):
    reader, writer = await asyncio.open_connection(*hub.host.split(":"))
    async with closing(writer):
        head = f"PUT /v1/repositories/alice/{quote(name, safe='%')}/ HTTP/1.1\r\nHost: x\r\n"
        writer.write(f"{head}Authorization: {ALICE['Authorization']}\r\nContent-Length: 2\r\n\r\n[]".encode())
        assert (await reader.readline()).split()[1] == b"400"
    assert not hub.repositories


@pytest.mark.parametrize(
    ("method", "suffix", "body"), [("PUT", "/", IDS), ("DELETE", "/", ""), ("PUT", "/images", LISTED)]
)
async def test_nobody_writes_to_another_namespace(hub, ask, method, suffix, body):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    before = dict(hub.repositories)
    path = f"repositories/alice/app{suffix}"
    assert (await ask(method, path, auth=BOB, json=body))[0] == 403
    assert (await ask(method, path, auth=IDLE, json=body))[0] == 403
    assert (await ask(method, path, json=body))[0] == 401
    assert (await ask(method, path, auth=basic("alice", "wrong"), json=body))[0] == 401
    assert hub.repositories == before


@pytest.mark.parametrize("path", ["alice/app", "app"])
async def test_images_that_were_set_are_listed_as_they_were_given(ask, path):
    await ask("PUT", f"repositories/{path}/", auth=ALICE, json=[{"id": C}])
    status, body, _ = await ask("PUT", f"repositories/{path}/images", auth=ALICE, json=LISTED)
    assert (status, body) == (204, None)
    status, body, headers = await ask("GET", f"repositories/{path}/images")
    assert (status, body) == (200, LISTED)
    assert "X-Docker-Token" not in headers


@pytest.mark.parametrize("body", [b"[", b"{}", b'[{"id": "%s"}]' % A.encode(), b'[{"id": 1, "checksum": ""}]'])
async def test_bad_lists_change_nothing(hub, ask, body):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    before = dict(hub.repositories)
    assert (await ask("PUT", "repositories/alice/app/images", auth=ALICE, data=body))[0] == 400
    assert hub.repositories == before


async def test_a_repository_that_was_deleted_is_gone(hub, ask):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    status, body, headers = await ask("DELETE", "repositories/alice/app/", auth=ALICE, headers=TOKEN, json="")
    assert (status, body) == (200, None)
    assert headers["X-Docker-Token"].endswith('repository="alice/app",access=delete')
    assert not hub.repositories
    assert (await ask("DELETE", "repositories/alice/app/", auth=ALICE))[0] == 404
    assert (await ask("GET", "repositories/alice/app/images"))[0] == 404
    assert (await ask("PUT", "repositories/alice/app/images", auth=ALICE, json=[]))[0] == 404


async def test_listing_gives_a_grant_to_read_when_asked_to_whoever_asks(hub, ask):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    for auth in ({}, ALICE, BOB):
        status, body, headers = await ask("GET", "repositories/alice/app/images", auth=auth, headers=TOKEN)
        assert (status, body) == (200, [{"id": A, "checksum": ""}, {"id": B, "checksum": ""}])
        assert headers["X-Docker-Token"].endswith('repository="alice/app",access=read')
        assert headers["X-Docker-Endpoints"] == hub.host
    wrong = await ask("GET", "repositories/alice/app/images", auth=basic("alice", "wrong"), headers=TOKEN)
    assert wrong[0] == 401


async def test_the_view_of_repositories_follows_and_can_not_be_written(hub, ask):
    view = hub.repositories
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    assert list(view) == ["alice/app"]
    with pytest.raises(TypeError):
        view["alice/other"] = ()
    with pytest.raises(AttributeError):
        view["alice/app"][0].checksum = "forged"


# Grants


async def test_a_grant_is_good_once_for_its_repository_only(ask):
    grants = []
    for name in ("alice/app", "alice/other"):
        _, _, headers = await ask("PUT", f"repositories/{name}/", auth=ALICE, headers=TOKEN, json=IDS)
        grants.append({"Authorization": headers["WWW-Authenticate"]})
    assert (await ask("PUT", "repositories/alice/app/auth", auth=grants[1]))[0] == 403
    assert (await ask("PUT", "repositories/alice/app/auth", auth=grants[0]))[:2] == (200, "OK")
    assert (await ask("PUT", "repositories/alice/app/auth", auth=grants[0]))[0] == 403
    assert (await ask("PUT", "repositories/alice/other/auth", auth=grants[1]))[0] == 200


async def test_grants_of_each_access_are_accepted_also_of_a_deleted_repository(ask):
    _, _, created = await ask("PUT", "repositories/app/", auth=ALICE, json=IDS)
    _, _, listed = await ask("GET", "repositories/app/images", headers=TOKEN)
    _, _, deleted = await ask("DELETE", "repositories/app/", auth=ALICE)
    for path, headers in (("app", created), ("library/app", listed), ("app", deleted)):
        grant = {"Authorization": headers["WWW-Authenticate"]}
        assert (await ask("PUT", f"repositories/{path}/auth", auth=grant))[0] == 200


@pytest.mark.parametrize("forged", ["access", "signature", "scheme", "none"])
async def test_a_forged_grant_is_forbidden_and_the_true_one_stays_good(ask, forged):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    _, _, headers = await ask("GET", "repositories/alice/app/images", headers=TOKEN)
    true = headers["WWW-Authenticate"]
    false = {
        "access": true.replace("access=read", "access=write"),
        "signature": re.sub("signature=[0-9a-f]+", "signature=" + "0" * 32, true),
        "scheme": true.replace("Token", "Basic"),
        "none": "",
    }[forged]
    assert (await ask("PUT", "repositories/alice/app/auth", auth={"Authorization": false}))[0] == 403
    assert (await ask("PUT", "repositories/alice/app/auth", auth={"Authorization": true}))[0] == 200


async def test_authorizing_for_a_repository_that_is_not_there_is_not_found(ask):
    grant = {"Authorization": 'Token signature=1,repository="alice/app",access=read'}
    assert (await ask("PUT", "repositories/alice/app/auth", auth=grant))[0] == 404


async def test_of_many_that_show_one_grant_at_once_one_is_let_in(ask):
    _, _, headers = await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    grant = {"Authorization": headers["WWW-Authenticate"]}
    answers = await asyncio.gather(*(ask("PUT", "repositories/alice/app/auth", auth=grant) for _ in range(50)))
    assert sorted(status for status, _, _ in answers) == [200] + [403] * 49


async def test_grants_that_nobody_uses_do_not_pile_up(ask, monkeypatch):
    monkeypatch.setattr("aiodockerhub.local.grants._OUTSTANDING", 2)
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    headers = [(await ask("GET", "repositories/alice/app/images", headers=TOKEN))[2] for _ in range(3)]
    grants = [{"Authorization": given["WWW-Authenticate"]} for given in headers]
    answers = [(await ask("PUT", "repositories/alice/app/auth", auth=grant))[0] for grant in grants]
    assert answers == [403, 200, 200]


# Search


async def test_search_finds_by_a_part_of_the_name_and_tells_official_ones(ask):
    for name in ("alice/redis-tools", "redis", "alice/app"):
        await ask("PUT", f"repositories/{name}/", auth=ALICE, json=IDS)
    status, body, _ = await ask("GET", "search", params={"q": "ReDis"})
    assert status == 200
    assert (body["query"], body["num_results"], body["num_pages"]) == ("ReDis", 2, 1)
    found = {result["name"]: result["is_official"] for result in body["results"]}
    assert found == {"alice/redis-tools": False, "redis": True}
    assert set(body["results"][0]) >= {"description", "star_count", "is_automated", "is_trusted"}


async def test_search_is_cut_into_pages(ask):
    for number in range(30):
        await ask("PUT", f"repositories/alice/app{number:02}/", auth=ALICE, json=[])

    async def names(**query):
        _, body, _ = await ask("GET", "search", params={"q": "app", **query})
        assert body["num_results"] == 30
        return [result["name"] for result in body["results"]]

    everything = [f"alice/app{number:02}" for number in range(30)]
    assert await names() == everything[:25]
    assert await names(page=2) == everything[25:]
    assert await names(n=7, page=5) == everything[28:]
    assert await names(n=7, page=6) == []
    assert await names(n=999_999_999) == everything
    assert (await ask("GET", "search", params={"q": "app", "n": 7}))[1]["num_pages"] == 5


async def test_search_finds_nothing_without_an_error(ask):
    _, body, _ = await ask("GET", "search", params={"q": "ünknown &=?"}, auth=ALICE)
    assert (body["query"], body["num_results"], body["results"]) == ("ünknown &=?", 0, [])


@pytest.mark.parametrize("query", ["n=0", "n=-1", "n=x", "page=0", "page=1.5", "page=²", "n=" + "9" * 5000])
async def test_search_refuses_what_is_no_positive_number(ask, query):
    assert (await ask("GET", f"search?q=app&{query}"))[0] == 400


async def test_search_with_wrong_credentials_is_unauthorized(ask):
    assert (await ask("GET", "search?q=app", auth=basic("alice", "wrong")))[0] == 401


# Paths, redirects, bodies


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "users"),
        ("POST", "users"),
        ("PUT", "users/alice"),
        ("PUT", "repositories/alice/app"),
        ("DELETE", "repositories/alice/app"),
        ("PUT", "repositories/app"),
        ("PUT", "repositories/a%20b/%C3%BC"),
    ],
)
async def test_a_missing_last_slash_redirects_to_the_canonical_path(ask, method, path):
    status, _, headers = await ask(method, f"{path}?a=b%26c", data=b"[]")
    assert (status, headers["Location"]) == (301, f"/v1/{path}/?a=b%26c")


async def test_the_walk_of_a_client_that_follows_with_its_method_and_body(hub, ask):
    path = "repositories/alice/foo2"
    _, _, headers = await ask("PUT", path, auth=ALICE, headers=TOKEN, json=IDS)
    there = headers["Location"].removeprefix("/v1/")
    assert (await ask("PUT", there, auth=ALICE, headers=TOKEN, json=IDS))[0] == 200
    assert hub.requests == (
        HubRequest("PUT", "/v1/repositories/alice/foo2", 301),
        HubRequest("PUT", "/v1/repositories/alice/foo2/", 200),
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 404),
        ("GET", "nothing/here", 404),
        ("GET", "repositories/a/b/c/images", 404),
        ("GET", "repositories/alice/none/images", 404),
        ("GET", "repositories/none/images", 404),
        ("PATCH", "users/", 405),
        ("GET", "repositories/alice/app/", 405),
    ],
)
async def test_what_is_not_there_answers_json_too(ask, method, path, status):
    got, body, headers = await ask(method, path)
    assert got == status
    assert isinstance(body["error"], str)
    assert headers["Content-Type"].startswith("application/json")
    assert ("Allow" in headers) == (status == 405)


async def test_a_body_beyond_the_bound_is_refused_packed_or_not(ask):
    many = b"[" + b" " * 3_000_000 + b"]"
    for data, headers in ((many, {}), (zlib.compress(many), {"Content-Encoding": "deflate"})):
        sent = io.BytesIO(data)
        status, body, _ = await ask("PUT", "repositories/alice/app/", auth=ALICE, data=sent, headers=headers)
        assert (status, set(body)) == (413, {"error"})


async def test_ten_thousand_images_fit_into_a_list(hub, ask):
    images = [{"id": f"{number:064x}", "checksum": "sha256:" + A, "Tag": "v"} for number in range(10_000)]
    ids = [{"id": image["id"]} for image in images]
    assert (await ask("PUT", "repositories/alice/app/", auth=ALICE, data=as_file(ids)))[0] == 200
    assert (await ask("PUT", "repositories/alice/app/images", auth=ALICE, data=as_file(images)))[0] == 204
    assert (await ask("GET", "repositories/alice/app/images"))[1] == images


async def test_an_undecodable_body_is_a_bad_request(hub):
    status = await _raw(
        hub,
        f"PUT /v1/repositories/alice/app/ HTTP/1.1\r\nHost: x\r\nAuthorization: {ALICE['Authorization']}\r\n"
        "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    )
    assert status == 400


async def test_a_fault_inside_is_json_and_logged_without_headers(hub, ask, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("the shelf fell")

    monkeypatch.setattr(hub._repositories, "search", broken)
    status, body, _ = await ask("GET", "search?q=x", auth=ALICE)
    assert (status, body) == (500, {"error": "internal error"})
    assert "the shelf fell" in caplog.text
    assert ALICE["Authorization"] not in caplog.text
    assert hub.requests[-1] == HubRequest("GET", "/v1/search?q=x", 500)


async def test_hundreds_at_once_are_all_answered(hub):
    async with aiohttp.ClientSession(hub.url, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def create(number):
            path = f"repositories/alice/app{number}/"
            async with session.put(path, headers=ALICE, json=[{"id": f"{number:064x}"}]) as response:
                return response.status, response.headers["X-Docker-Token"]

        answers = await asyncio.gather(*(create(number) for number in range(300)))
    assert {status for status, _ in answers} == {200}
    assert len({grant for _, grant in answers}) == 300
    assert len(hub.repositories) == 300


async def test_requests_keeps_the_last_thousand(hub, ask):
    for number in range(1001):
        await ask("GET", f"search?q={number}")
    assert len(hub.requests) == 1000
    assert hub.requests[0].path == "/v1/search?q=1"


# Life


async def test_url_and_host_name_the_socket(hub):
    assert hub.url == f"http://{hub.host}/v1/"
    address, port = hub.host.split(":")
    assert address == "127.0.0.1"
    assert int(port) > 0


def test_constructing_needs_no_loop_and_the_hub_tells_that_it_is_not_running():
    hub = LocalHub(users={"alice": "secret"})
    with pytest.raises(Misused, match="not running"):
        _ = hub.url
    with pytest.raises(Misused, match="not running"):
        _ = hub.host
    assert repr(hub) == "LocalHub(not running, users: alice)"


async def test_repr_names_url_and_users_and_no_password(hub):
    assert repr(hub) == f"LocalHub({hub.url}, users: alice, bob, idle)"
    many = LocalHub(users={f"u{number}": "hidden" for number in range(7)})
    assert repr(many) == "LocalHub(not running, users: u0, u1, u2, u3, u4 and 2 more)"
    assert repr(LocalHub()) == "LocalHub(not running, users: none)"
    assert "hidden" not in repr(User("hidden")) + repr(many)


async def test_no_secret_reaches_the_log(hub, ask, caplog):
    caplog.set_level(logging.DEBUG)
    await ask("POST", "users/", json={"email": "e@x", "username": "carol", "password": "hidden-1"})
    await ask("PUT", "users/carol/", auth=basic("carol", "hidden-1"), json={"password": "hidden-2"})
    _, _, headers = await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    await ask("PUT", "repositories/alice/app/auth", auth={"Authorization": headers["WWW-Authenticate"]})
    assert "PUT /v1/users/carol/ -> 204" in caplog.text
    signature = headers["X-Docker-Token"].split(",")[0].removeprefix("signature=")
    for secret in ("hidden", signature, ALICE["Authorization"].split()[1]):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "users",
    [
        {"": "x"},
        {"a:b": "x"},
        {"a/b": "x"},
        {"a\nb": "x"},
        {"library": "x"},
        {"..": "x"},
        {"\ud800": "x"},
        {"a": ""},
        {"a": "\ud800"},
        {"a": User("")},
    ],
)
def test_users_that_can_not_be_are_refused_at_once(users):
    with pytest.raises(BadParameter):
        LocalHub(users=users)


async def test_a_taken_or_impossible_port_is_a_bad_address(hub):
    for port in (int(hub.host.split(":")[1]), 65536, -1):
        other = LocalHub(port=port)
        with pytest.raises(BadAddress, match=str(port)):
            await other.start()
        await other.close()


async def test_a_start_that_fails_gives_the_port_back(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    hub = LocalHub(port=port)
    with monkeypatch.context() as broken:
        broken.setattr("aiohttp.web.AppRunner.setup", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await hub.start()
    assert repr(hub) == "LocalHub(not running, users: none)"
    async with hub:
        assert hub.host == f"127.0.0.1:{port}"


async def test_starting_twice_is_refused_and_closing_twice_is_not(hub):
    with pytest.raises(Misused, match="running already"):
        await hub.start()
    await asyncio.gather(hub.close(), hub.close())
    await hub.close()


async def test_a_hub_that_was_closed_starts_again_with_what_it_knew(hub, ask):
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=IDS)
    await hub.close()
    await hub.start()
    async with aiohttp.ClientSession(hub.url) as session, session.get("search?q=app") as response:
        assert (await response.json())["num_results"] == 1


async def test_a_fixed_port_is_free_again_after_closing():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for _ in range(3):
        async with LocalHub(port=port) as hub, aiohttp.ClientSession(hub.url) as session:
            assert hub.host == f"127.0.0.1:{port}"
            async with session.get("search") as response:
                assert response.status == 200


async def test_closing_does_not_wait_for_idle_connections_and_leaves_no_task():
    before = asyncio.all_tasks()
    hub = LocalHub()
    await hub.start()
    async with aiohttp.ClientSession(hub.url) as session:
        async with session.get("search") as response:
            assert response.status == 200
        _, silent = await asyncio.open_connection(*hub.host.split(":"))
        async with closing(silent), asyncio.timeout(5):
            await hub.close()
            assert asyncio.all_tasks() == before


async def test_closing_cuts_a_request_whose_body_is_still_coming(hub):
    reader, writer = await asyncio.open_connection(*hub.host.split(":"))
    async with closing(writer):
        writer.write(
            f"PUT /v1/repositories/alice/app/ HTTP/1.1\r\nHost: x\r\nAuthorization: {ALICE['Authorization']}\r\n"
            "Expect: 100-continue\r\nContent-Length: 200\r\n\r\n".encode()
        )
        assert b"100" in await reader.readline()  # it waits for the body now
        async with asyncio.timeout(5):
            await hub.close()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b"\r\n"
    assert not hub.repositories
    assert hub.requests == ()


async def test_closing_cuts_an_answer_that_nobody_reads(hub, ask):
    images = [{"id": f"{number:064x}", "checksum": "c" * 100} for number in range(9_000)]
    await ask("PUT", "repositories/alice/app/", auth=ALICE, json=[])
    await ask("PUT", "repositories/alice/app/images", auth=ALICE, data=as_file(images))
    asked = b"GET /v1/repositories/alice/app/images HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(hub.host.split(":")) as peer:
        peer.sendall(asked * 20)  # more than the buffers between the two hold
        while len(hub.requests) < 3:
            await asyncio.sleep(0)
        for _ in range(200):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await hub.close()
        assert len(hub.requests) < 22
        assert _ended(peer)


@pytest.mark.parametrize("turns", range(6))
async def test_closing_ends_connections_that_came_in_the_last_moment(turns):
    before = asyncio.all_tasks()
    hub = LocalHub()
    await hub.start()
    with contextlib.ExitStack() as peers:
        late = [peers.enter_context(socket.create_connection(hub.host.split(":"))) for _ in range(20)]
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await hub.close()
        assert asyncio.all_tasks() == before
        for peer in late:
            assert _ended(peer)


async def test_a_cancelled_close_has_stopped_the_listening():
    hub = LocalHub()
    await hub.start()
    address = tuple(hub.host.split(":"))
    closing_task = asyncio.create_task(hub.close())
    await asyncio.sleep(0)
    closing_task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await closing_task
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_process_out_of_descriptors_accepts_when_there_are_some_again():
    code = """
import asyncio, logging, os, resource, socket
from aiodockerhub.local import LocalHub
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
async def main():
    loop, refused, warnings = asyncio.get_running_loop(), asyncio.Event(), []
    logging.getLogger("aiodockerhub.local").addFilter(lambda record: refused.set() or warnings.append(record))
    async with LocalHub() as hub:
        with socket.socket() as peer:
            peer.setblocking(False)
            spare = []
            try:
                while True:
                    spare.append(os.dup(0))
            except OSError:
                pass
            await loop.sock_connect(peer, ("127.0.0.1", int(hub.host.split(":")[1])))
            await refused.wait()
            for _ in range(1000):
                await asyncio.sleep(0)
            assert len(warnings) < 500, "tried again in every turn of the loop"
            for descriptor in spare:
                os.close(descriptor)
            await loop.sock_sendall(peer, b"GET /v1/search HTTP/1.0\\r\\n\\r\\n")
            print(await loop.sock_recv(peer, 15))
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, timeout=60, text=True)
    assert (done.stdout, done.stderr) == ("b'HTTP/1.0 200 OK'\n", "")


# TLS


@pytest.fixture
def contexts(ca):
    return serving_tls(ca, "127.0.0.1"), trusting(ca)


async def test_tls_serves_https_and_shrugs_off_peers_that_speak_no_tls(contexts):
    server, client = contexts
    async with LocalHub(users={"alice": "secret"}, tls=server) as hub, aiohttp.ClientSession() as session:
        assert hub.url == f"https://{hub.host}/v1/"
        with socket.create_connection(hub.host.split(":")) as peer:
            peer.sendall(b"GET /v1/search HTTP/1.0\r\n\r\n")
            async with session.get(hub.url + "users/", headers=ALICE, ssl=client) as response:
                assert response.status == 200
        assert hub.requests == (HubRequest("GET", "/v1/users/", 200),)


async def test_closing_ends_tls_connections_idle_or_in_the_midst_of_the_handshake(contexts):
    server, client = contexts
    before = asyncio.all_tasks()
    hub = LocalHub(tls=server)
    await hub.start()
    async with aiohttp.ClientSession() as session:
        with socket.create_connection(hub.host.split(":")) as peer:
            async with session.get(hub.url + "search", ssl=client) as response:
                assert response.status == 200
            async with asyncio.timeout(5):
                await hub.close()
            assert asyncio.all_tasks() == before
            assert _ended(peer)


# The package


def test_importing_the_hub_does_not_load_aiohttps_server():
    code = "import sys, aiodockerhub.local; sys.exit('aiohttp.web' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_hub_run_by_asyncio_run_leaves_no_warning():
    code = """
import asyncio
from aiodockerhub.local import LocalHub
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # a slow machine is no finding
    async with LocalHub() as hub:
        reader, writer = await asyncio.open_connection(*hub.host.split(":"))
        writer.write(b"GET /v1/search HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        print(await reader.readline())
    writer.close()
asyncio.run(main(), debug=True)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.startswith("b'HTTP/1.1 200 OK")
    assert done.stderr == ""


@contextlib.asynccontextmanager
async def closing(writer):
    try:
        yield writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def as_file(value):
    return io.BytesIO(json.dumps(value).encode())


async def _raw(hub, request):
    reader, writer = await asyncio.open_connection(*hub.host.split(":"))
    async with closing(writer):
        writer.write(request.encode())
        return int((await reader.readline()).split()[1])


def _ended(peer):
    """Whether the connection ends, whatever comes before."""
    peer.settimeout(5)
    with contextlib.suppress(ConnectionResetError):
        while peer.recv(1 << 20):
            pass
    return True
