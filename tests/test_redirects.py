"""Redirects are followed as they were meant, and what is secret stays where it belongs."""

from __future__ import annotations

import contextlib
import traceback

import pytest
import trustme
from certificates import serving_tls, trusting
from scripted_server import ScriptedServer, answered, answering

from aiodockerhub.errors import ConnectionFailed, Redirected, Unauthorized
from aiodockerhub.wire.http import HTTP
from aiodockerhub.wire.messages import Request
from aiodockerhub.wire.pool import Connections
from aiodockerhub.wire.redirects import next_hop
from aiodockerhub.wire.timeouts import Timeout

SECRETS = {"Authorization": "Basic c2VjcmV0", "Cookie": "session=1", "X-Registry-Auth": "e30="}
PLAIN = {"Accept": "application/json", "X-Docker-Token": "true"}


@contextlib.asynccontextmanager
async def client(url, *, tls=None, follow=True, user_agent=None):
    connections = Connections(user_agent=user_agent)
    pool = connections.pool(place=url, tls=tls)
    try:
        yield HTTP(pool, url, address=url, timeout=Timeout(), follow=follow)
    finally:
        await connections.close()


def to(location, status=301):
    return answering(lambda asked: answered(b"", status, location=location))


HERE = answered(b"here")
fine = answering(lambda asked: HERE)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_method_and_body_are_kept(method, status):
    def answer(asked):
        return HERE if asked.path == "/v1/there/" else answered(b"", status, location=f"{asked.path}/")

    body = b"" if method == "GET" else b"[1]" * 1000
    async with ScriptedServer(answering(answer)) as server, client(f"{server.url}/v1") as http:
        got = await http.call(Request(method, "/there", {**PLAIN, **SECRETS}, body or None))
    assert (got.status, got.body) == (200, b"here")
    assert [(one.method, one.target, one.body) for one in server.asked] == [
        (method, "/v1/there", body),
        (method, "/v1/there/", body),
    ]
    assert {**PLAIN, **SECRETS}.items() <= dict(server.asked[1].headers).items()


async def test_a_body_in_pieces_is_sent_again_from_its_beginning():
    class Pieces:
        length = None

        async def __aiter__(self):
            yield b"one"
            yield b"two"

    async with (
        ScriptedServer(fine) as other,
        ScriptedServer(to(f"{other.url}/x", 307)) as server,
        client(server.url) as http,
    ):
        await http.call(Request("PUT", "/x", {}, Pieces()))
    assert [one.body for one in (*server.asked, *other.asked)] == [b"onetwo", b"onetwo"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_see_other_is_followed_by_what_only_reads(method):
    async with (
        ScriptedServer(fine) as other,
        ScriptedServer(to(f"{other.url}/x", 303)) as server,
        client(server.url) as http,
    ):
        assert (await http.call(Request(method, "/"))).status == 200
    assert other.asked[0].method == method


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_see_other_is_no_answer_to_what_changes_something(method):
    async with (
        ScriptedServer(fine) as other,
        ScriptedServer(to(f"{other.url}/x", 303)) as server,
        client(server.url) as http,
    ):
        with pytest.raises(Redirected, match="another page"):
            await http.call(Request(method, "/", {}, b"x"))
    assert other.asked == []


async def test_a_redirect_is_an_error_for_who_follows_none():
    async with (
        ScriptedServer(fine) as other,
        ScriptedServer(to(f"{other.url}/x")) as server,
        client(server.url, follow=False) as http,
    ):
        with pytest.raises(Redirected) as caught:
            await http.call(Request("GET", "/"))
    assert caught.value.location == f"{other.url}/x"
    assert other.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
async def test_no_secret_goes_to_another_host_or_port(host):
    async with (
        ScriptedServer(fine, host=host) as other,
        ScriptedServer(to(f"{other.url}/x", 307)) as server,
        client(server.url) as http,
    ):
        await http.call(Request("PUT", "/v1/", {**PLAIN, **SECRETS}, b"[]"))
    assert SECRETS.items() <= dict(server.asked[0].headers).items()
    assert not SECRETS.keys() & set(other.asked[0].headers)
    assert PLAIN.items() <= dict(other.asked[0].headers).items()
    assert other.asked[0].body == b"[]"


async def test_what_was_taken_off_stays_off_on_the_way_back():
    back = []

    def there_and_here_again(asked):
        return answered(b"", 301, location=f"{other.url}/x") if asked.path == "/go" else HERE

    def return_it(asked):
        return answered(b"", 301, location=back[0])

    async with (
        ScriptedServer(answering(return_it)) as other,
        ScriptedServer(answering(there_and_here_again)) as server,
        client(server.url) as http,
    ):
        back.append(f"{server.url}/back")
        assert (await http.call(Request("GET", "/go", SECRETS))).body == b"here"
    assert [one.target for one in server.asked] == ["/go", "/back"]
    assert not SECRETS.keys() & set(server.asked[1].headers)


async def test_secrets_go_along_from_http_up_to_https_on_the_same_host(ca):
    async with (
        ScriptedServer(fine, tls=serving_tls(ca, "127.0.0.1")) as secure,
        ScriptedServer(to(f"{secure.url}/v1/", 308)) as server,
        client(server.url, tls=trusting(ca)) as http,
    ):
        await http.call(Request("PUT", "/v1/", SECRETS, b"[]"))
    assert SECRETS.items() <= dict(secure.asked[0].headers).items()


async def test_no_secret_goes_up_to_https_on_another_host(ca):
    async with (
        ScriptedServer(fine, host="127.0.0.2", tls=serving_tls(ca, "127.0.0.2")) as secure,
        ScriptedServer(to(f"{secure.url}/v1/", 308)) as server,
        client(server.url, tls=trusting(ca)) as http,
    ):
        await http.call(Request("PUT", "/v1/", SECRETS, b"[]"))
    assert not SECRETS.keys() & set(secure.asked[0].headers)


async def test_no_secret_goes_down_from_https_to_http(ca):
    async with (
        ScriptedServer(fine) as plain,
        ScriptedServer(to(f"{plain.url}/v1/", 308), tls=serving_tls(ca, "127.0.0.1")) as server,
        client(server.url, tls=trusting(ca)) as http,
    ):
        await http.call(Request("PUT", "/v1/", SECRETS, b"[]"))
    assert not SECRETS.keys() & set(plain.asked[0].headers)
    assert plain.asked[0].body == b"[]"


async def test_the_certificate_is_checked_where_the_redirect_leads(ca):
    async with (
        ScriptedServer(fine, tls=serving_tls(trustme.CA(), "127.0.0.1")) as secure,
        ScriptedServer(to(f"{secure.url}/v1/", 308)) as server,
        client(server.url, tls=trusting(ca)) as http,
    ):
        with pytest.raises(ConnectionFailed, match=f"{secure.url}/v1/ is not accepted"):
            await http.call(Request("PUT", "/v1/", SECRETS, b"[]"))
    assert secure.asked == []


async def test_a_confidential_body_stays_with_its_server():
    async with (
        ScriptedServer(fine) as other,
        ScriptedServer(to(f"{other.url}/users/?token=1", 307)) as server,
        client(server.url) as http,
    ):
        with pytest.raises(Redirected, match=f"{other.url}, where the password in this request doesn't go") as caught:
            await http.call(Request("POST", "/users/", {}, b'{"password": "secret"}', confidential=True))
    assert other.asked == []
    assert caught.value.location == f"{other.url}/users/"


async def test_a_confidential_body_goes_along_on_its_server():
    def answer(asked):
        return HERE if asked.path.endswith("/") else answered(b"", 301, location="/users/")

    async with ScriptedServer(answering(answer)) as server, client(server.url) as http:
        await http.call(Request("POST", "/users", {}, b"secret", confidential=True))
    assert [one.body for one in server.asked] == [b"secret", b"secret"]


async def test_ten_hops_are_followed_and_the_eleventh_is_an_error():
    hops = 10

    def count(asked):
        done = int(asked.path.removeprefix("/"))
        return HERE if done == hops else answered(b"", 301, location=f"/{done + 1}")

    async with ScriptedServer(answering(count)) as server, client(server.url) as http:
        assert (await http.call(Request("GET", "/0"))).body == b"here"
        hops = 11
        server.asked.clear()
        with pytest.raises(Redirected, match="redirected more than 10 times"):
            await http.call(Request("GET", "/0"))
        assert len(server.asked) == 11
        hops = 0
        assert (await http.call(Request("GET", "/0"))).body == b"here"


async def test_a_loop_ends():
    def answer(asked):
        return answered(b"", 301, location="/b" if asked.path == "/a" else "/a")

    async with ScriptedServer(answering(answer)) as server, client(server.url) as http:
        with pytest.raises(Redirected, match="redirected more than 10 times"):
            await http.call(Request("GET", "/a"))
    assert len(server.asked) == 11


async def test_what_fails_after_a_redirect_names_the_place_where_it_failed():
    refuse = answering(lambda asked: answered({"error": "who are you?"}, 401))
    async with (
        ScriptedServer(refuse) as other,
        ScriptedServer(to(f"{other.url}/v1/x")) as server,
        client(server.url) as http,
    ):
        with pytest.raises(Unauthorized, match=f"who are you.*{other.url}/v1/x -> 401"):
            await http.call(Request("GET", "/v1/x"))
    async with ScriptedServer(to(f"{other.url}/v1/x")) as server, client(server.url) as http:
        with pytest.raises(ConnectionFailed, match=f"{other.url}/v1/x: the connection was refused") as caught:
            await http.call(Request("GET", "/v1/x"))
    assert caught.value.address == f"{other.url}/v1/x"


@pytest.mark.parametrize(
    "location",
    [
        "",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://user:hunter2@127.0.0.1/x?hunter2",
        "http://user@127.0.0.1/x",
        "http://:hunter2@127.0.0.1/x",
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1:0/x",
        "http://127.0.0.1:x/",
        "http://ho st/",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1%2Fevil.example/",
        "http://127.0.0.1%00.evil.example/",
        "http://[::1/",
        "http://[v1.a]/",
        "http://256.1.1.1/",
    ],
)
async def test_a_place_that_cannot_be_used_is_an_error_and_shows_no_secret(location):
    async with ScriptedServer(to(location)) as server, client(server.url) as http:
        with pytest.raises(Redirected) as caught:
            await http.call(Request("GET", "/"))
    assert len(server.asked) == 1
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.location
    assert "hunter2" not in shown


def hop(url, location):
    return next_hop(url, {**SECRETS, **PLAIN}, location, method="GET", status=301, asked="GET /", confidential=False)


@pytest.mark.parametrize(
    ("url", "location", "reached"),
    [
        ("https://h/v1/x", "/v1/x/", "https://h/v1/x/"),
        ("https://h/v1/x", "x/?q=a%2Fb%20c", "https://h/v1/x/?q=a%2Fb%20c"),
        ("https://h/v1/x", "/%7Ex/%2f?X-Amz-Signature=a%2Fb%3D", "https://h/%7Ex/%2f?X-Amz-Signature=a%2Fb%3D"),
        ("https://h/v1/x", "/\u00fc x?a b", "https://h/%C3%BC%20x?a+b"),
        ("https://h/v1/x", "../../../y", "https://h/y"),
        ("https://h/v1/x", "?page=2", "https://h/v1/x?page=2"),
        ("https://h/v1/x", "//h/y", "https://h/y"),
        ("https://h/v1/x", "https://H:443/y#part", "https://H/y"),
        ("https://h:443/v1/x", "https://h/y", "https://h/y"),
        ("http://h/v1/x", "https://h/v1/x", "https://h/v1/x"),
        ("http://h:5000/v1/x", "https://h:5443/v1/x", "https://h:5443/v1/x"),
        ("http://[::1]:80/x", "http://[0:0::1]/y", "http://[0:0::1]/y"),
        ("http://xn--bcher-kva.example/", "http://b\u00fccher.example/y", "http://xn--bcher-kva.example/y"),
    ],
)
def test_the_same_place_is_recognised_however_it_is_written(url, location, reached):
    found = hop(url, location)
    assert (found.url, found.trusted) == (reached, True)
    assert found.headers == {**SECRETS, **PLAIN}


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://h/", "http://h/"),
        ("https://h:5000/", "http://h:5000/"),
        ("https://h/", "https://h:8443/"),
        ("http://h/", "http://h:8080/"),
        ("https://h/", "https://www.h/"),
        ("https://h.example/", "https://example/"),
        ("https://h/", "//evil/"),
        ("http://h/", "https://evil/"),
        ("https://h/", "https://h./"),
        ("http://127.0.0.1/", "http://localhost/"),
    ],
)
def test_another_place_gets_no_secret(url, location):
    found = hop(url, location)
    assert not found.trusted
    assert found.headers == PLAIN
