"""A proxy is used where the environment says so, and never told to a log."""

from __future__ import annotations

import base64

import pytest

from aiodockerhub.errors import BadParameter
from aiodockerhub.wire.proxies import proxy_for, proxy_source, without_login

HUB = "https://hub.docker.com/v2/"


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        (HUB, {}, None),
        (HUB, {"https_proxy": "http://p:3128"}, "http://p:3128"),
        (HUB, {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        (HUB, {"HTTPS_PROXY": "http://upper", "https_proxy": "http://lower"}, "http://lower"),
        (HUB, {"HTTPS_PROXY": "http://upper", "https_proxy": ""}, "http://upper"),
        (HUB, {"https_proxy": " "}, None),
        (HUB, {"http_proxy": "http://p"}, None),
        ("http://r.example/", {"http_proxy": "http://p"}, "http://p"),
        ("http://r.example/", {"https_proxy": "http://p"}, None),
        (HUB, {"ALL_PROXY": "http://all"}, "http://all"),
        (HUB, {"all_proxy": "http://all", "https_proxy": "http://p"}, "http://p"),
        (HUB, {"https_proxy": "p:3128"}, "http://p:3128"),
        (HUB, {"https_proxy": "https://p"}, "https://p"),
        (HUB, {"https_proxy": "http://me:pass%40word@p:1"}, "http://me:pass%40word@p:1"),
        ("http://r.example/", {"HTTP_PROXY": "http://p"}, "http://p"),
        ("http://r.example/", {"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}, None),
        ("http://r.example/", {"http_proxy": "http://p", "REQUEST_METHOD": "GET"}, "http://p"),
        (HUB, {"HTTPS_PROXY": "http://p", "REQUEST_METHOD": "GET"}, "http://p"),
    ],
)
def test_the_variable_for_the_scheme_answers(url, environ, expected):
    assert proxy_for(url, environ) == expected


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("https://r.example/", "*", True),
        ("https://r.example/", "a.example, r.example", True),
        ("https://r.example/", "a.example r.example", True),
        ("https://R.Example/", "r.example", True),
        ("https://r.example/", "R.EXAMPLE", True),
        ("https://r.example./", "r.example", True),
        ("https://r.example/", "r.example.", True),
        ("https://sub.r.example/", "r.example", True),
        ("https://sub.r.example/", ".r.example", True),
        ("https://sub.r.example/", "*.r.example", True),
        ("https://r.example/", ".r.example", False),
        ("https://r.example/", "*.r.example", False),
        ("https://notr.example/", "r.example", False),
        ("https://notr.example/", "*r.example", False),
        ("https://r.example/", "example.org", False),
        ("https://r.example/", "", False),
        ("https://r.example/", ",", False),
        ("https://r.example/", ".", False),
        ("https://r.example/", "r.example:443", True),
        ("https://r.example/", "r.example:80", False),
        ("https://r.example:5000/", "r.example:5000", True),
        ("https://r.example:5000/", "r.example", True),
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://10.1.2.3/", "10.1.2.4/8", True),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
        ("https://10.1.2.3/", "10.1.2.3", True),
        ("https://10.1.2.3:5000/", "10.1.2.3:5000", True),
        ("https://10.1.2.3:5000/", "10.1.2.3:443", False),
        ("https://10.1.2.3/", "2.3", False),
        ("https://10.1.2.3/", "10.0.0.0/99", False),
        ("https://r.example/", "10.0.0.0/8", False),
        ("https://[2001:db8::1]/", "2001:db8::/32", True),
        ("https://[2001:db8::1]/", "10.0.0.0/8", False),
        ("https://[2001:db8::1]/", "2001:db8:0::1", True),
        ("https://[2001:db8::1]:5000/", "[2001:db8::1]:5000", True),
        ("https://[2001:db8::1]:5000/", "[2001:db8::1]:443", False),
        ("https://[2001:db8::1]/", "[2001:db8::1]", True),
    ],
)
def test_no_proxy_lists_the_exceptions(url, no_proxy, direct):
    environ = {"https_proxy": "http://p", "no_proxy": no_proxy}
    assert proxy_for(url, environ) == (None if direct else "http://p")


def test_no_proxy_counts_in_upper_case_too():
    assert proxy_for(HUB, {"https_proxy": "http://p", "NO_PROXY": "hub.docker.com"}) is None
    assert proxy_for(HUB, {"https_proxy": "http://p", "NO_PROXY": "*", "no_proxy": "other"}) == "http://p"


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "localhost.", "127.0.0.1", "127.8.8.8:5000", "[::1]:5000"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_this_machine_is_reached_directly(scheme, host):
    assert proxy_for(f"{scheme}://{host}/v2/", {f"{scheme}_proxy": "http://p", "all_proxy": "http://p"}) is None


@pytest.mark.parametrize("proxy", ["socks5://me:sesame@p:1080", "socks5h://p", "socks4://p"])
def test_a_socks_proxy_is_refused_by_name(proxy):
    with pytest.raises(BadParameter, match=r"ALL_PROXY: socks\w+ proxies are not supported") as caught:
        proxy_for(HUB, {"ALL_PROXY": proxy})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://me:sesame@p:http", "http://me:sesame@[p", "http://me:ses/sesame@p", "http://me:sesame@"),
        *("ftp://me:sesame@p", "http://me:sesame@p:0", "http://me:sesame@p\x01q", "sesame:sesame@p:99999"),
        *("http://me:sesame@p\u2100", "sesame://p", "me sesame@p"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_refused_without_its_password(proxy):
    with pytest.raises(BadParameter, match="https_proxy") as caught:
        proxy_for(HUB, {"https_proxy": proxy})
    error: BaseException | None = caught.value
    assert "sesame" not in f"{error} {error!r}"
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize("url", ["", "hub.docker.com", "unix:///run/x.sock", "http://", "http://[x/", "ftp://x/"])
def test_only_urls_of_http_have_a_proxy(url):
    with pytest.raises(BadParameter):
        proxy_for(url, {"all_proxy": "http://p"})


def test_the_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://p:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert proxy_for(HUB) == "http://p:1"
    assert proxy_for(HUB, {}) is None


def test_one_proxy_for_everything_or_one_asked_for_each_url():
    assert proxy_source(None) is None
    assert proxy_source("p:3128")(HUB) == "http://p:3128"
    asked = proxy_source({HUB: "p:1"}.get)
    assert asked(HUB) == "http://p:1"
    assert asked("https://elsewhere/") is None


def test_a_clients_proxy_that_can_not_be_used_is_refused_without_its_password():
    with pytest.raises(BadParameter, match="proxy") as early:
        proxy_source("socks5://me:sesame@p")
    asked = proxy_source(lambda url: "http://me:sesame@p:http")
    with pytest.raises(BadParameter, match="proxy") as late:
        asked(HUB)
    assert "sesame" not in f"{early.value} {late.value}"


@pytest.mark.parametrize(
    ("proxy", "url", "login"),
    [
        ("http://p:3128", "http://p:3128", None),
        ("http://me:sesame@p:3128", "http://p:3128", b"me:sesame"),
        ("https://m%40e:se%3Asame%2F@[::1]:1/", "https://[::1]:1/", b"m@e:se:same/"),
        ("http://me@p", "http://p", b"me:"),
        ("http://me:s%C3%A9same@p", "http://p", "me:s\u00e9same".encode()),
    ],
)
def test_user_name_and_password_leave_the_url_of_a_proxy(proxy, url, login):
    bare, header = without_login(proxy)
    assert bare == url
    assert header == (None if login is None else "Basic " + base64.b64encode(login).decode())
