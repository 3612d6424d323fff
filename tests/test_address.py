"""An engine's address is understood as its user means it, or refused with what is wrong with it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from linear import MILLION, guard

from aiodockerhub.errors import BadAddress
from aiodockerhub.wire.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "socket"),
    [
        ("unix:///var/run/docker.sock", "/var/run/docker.sock"),
        ("unix://var/run/docker.sock", "/var/run/docker.sock"),
        ("UNIX:///run/x.sock", "/run/x.sock"),
        ("unix:////run/x.sock", "/run/x.sock"),
        ("unix:///run/a/../x.sock", "/run/a/../x.sock"),
        ("unix:///Users/Some One/.docker/run/docker.sock", "/Users/Some One/.docker/run/docker.sock"),
        ("unix:///run/a%20b?c#d@e", "/run/a%20b?c#d@e"),
        ("unix:///" + "x" * 102, "/" + "x" * 102),
    ],
)
def test_a_unix_socket_is_a_path(text, socket):
    address = parse_address(text)
    assert address == Address("unix", socket=socket)
    assert str(address) == f"unix://{socket}"
    assert address.base_url == "http://docker"
    assert address.with_tls(True) is address
    assert address.with_tls(False) is address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://box:2375", Address("tcp", host="box", port=2375)),
        ("tcp://box", Address("tcp", host="box")),
        ("TCP://Box.Example:1", Address("tcp", host="box.example", port=1)),
        ("127.0.0.1:2375", Address("tcp", host="127.0.0.1", port=2375)),
        ("localhost:2375/a", Address("tcp", host="localhost", port=2375, prefix="/a")),
        ("[::1]:2375", Address("tcp", host="::1", port=2375)),
        ("tcp://[::1]:2375", Address("tcp", host="::1", port=2375)),
        ("tcp://[0:0:0:0:0:0:0:1]", Address("tcp", host="::1")),
        ("tcp://[fe80::1%25eth0]:2375", Address("tcp", host="fe80::1%eth0", port=2375)),
        ("tcp://[fe80::1%eth0]", Address("tcp", host="fe80::1%eth0")),
        ("tcp://[fe80::1%2525]", Address("tcp", host="fe80::1%25")),
        ("http://box/", Address("http", host="box")),
        ("https://box:443/docker/engine/", Address("https", host="box", port=443, prefix="/docker/engine")),
        ("tcp://box:65535/a%20b", Address("tcp", host="box", port=65535, prefix="/a%20b")),
        ("tcp://my_engine.:2375", Address("tcp", host="my_engine.", port=2375)),
        ("tcp://bücher.example:1", Address("tcp", host="xn--bcher-kva.example", port=1)),
    ],
)
def test_a_host_a_port_and_a_prefix_are_taken_apart(text, expected):
    assert parse_address(text) == expected
    assert parse_address(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "tls", "expected"),
    [
        ("tcp://box", False, "http://box:2375"),
        ("tcp://box", True, "https://box:2376"),
        ("tcp://box:7/p", True, "https://box:7/p"),
        ("http://box", False, "http://box:80"),
        ("https://box", True, "https://box:443"),
        ("tcp://[::1]", False, "http://[::1]:2375"),
        ("tcp://[fe80::1%25eth0]", False, "http://[fe80::1%25eth0]:2375"),
    ],
)
def test_with_or_without_tls_settles_scheme_and_port(text, tls, expected):
    settled = parse_address(text).with_tls(tls)
    assert settled.base_url == expected
    assert settled.with_tls(tls) == settled


@pytest.mark.parametrize(("text", "tls"), [("http://box", True), ("https://box", False)])
def test_a_scheme_is_not_contradicted(text, tls):
    with pytest.raises(BadAddress, match="box"):
        parse_address(text).with_tls(tls)


def test_tcp_has_no_url_before_it_is_settled():
    with pytest.raises(BadAddress, match="tcp://box"):
        _ = parse_address("tcp://box").base_url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" tcp://box:1", "white space"),
        ("tcp://box:1\n", "control character"),
        ("tcp://bo\x00x:1", "control character"),
        ("tcp://bo x:1", "white space"),
        ("tcp://bo\u2003x:1", "white space"),
        ("/var/run/docker.sock", "write unix:///"),
        ("./docker.sock", "write unix:///"),
        ("~/docker.sock", "write unix:///"),
        ("docker.sock", "neither scheme nor port"),
        ("unix:/run/x.sock", "two slashes are missing after unix:"),
        ("tcp:box", "two slashes are missing after tcp:"),
        ("unix://", "path is missing"),
        ("unix:///", "path is missing"),
        ("unix://./x.sock", "must be absolute"),
        ("unix://../x.sock", "must be absolute"),
        ("unix://~/x.sock", "must be absolute"),
        ("unix://@abstract", "abstract"),
        ("unix:///run/", "directory"),
        ("unix:///run/x\tsock", "control character"),
        ("unix://tcp://x", "two schemes"),
        ("unix:///" + "ü" * 60, "has 121 bytes, the system takes"),
        ("unix:///a\ud800", "can't be encoded"),
        ("tcp://", "host is missing"),
        ("tcp://:2375", "host is missing"),
        (":2375", "host is missing"),
        ("tcp:///prefix", "host is missing"),
        ("tcp://box:", "port must be"),
        ("tcp://box:0", "port must be"),
        ("tcp://box:65536", "port must be"),
        ("tcp://box:-1", "port must be"),
        ("tcp://box:+1", "port must be"),
        ("tcp://box:1_0", "port must be"),
        ("tcp://box:٣", "port must be"),
        ("tcp://box:http", "port must be"),
        ("tcp://" + "box:" + "9" * 5000, "port must be"),
        ("tcp://::1:2375", "brackets"),
        ("tcp://[::1", "brackets"),
        ("tcp://[::1]2375", "brackets"),
        ("tcp://[box]:1", "no IPv6 address"),
        ("tcp://[::1%]:1", "no zone"),
        ("tcp://[::1%25a/b]:1", "brackets"),
        ("tcp://999.1.1.1:1", "no IPv4 address"),
        ("tcp://1.2.3:1", "no IPv4 address"),
        ("tcp://a..b:1", "no host name"),
        ("tcp://-a:1", "no host name"),
        ("tcp://a%20b:1", "no host name"),
        ("tcp://" + "a" * 64 + ":1", "no host name"),
        ("tcp://" + "ä" * 64 + ":1", "no host name"),
        ("tcp://box:1?x=y", "query"),
        ("tcp://box:1?", "query"),
        ("tcp://box:1#x", "fragment"),
        ("tcp://box:1/a/../b", "prefix"),
        ("tcp://box:1/%2e%2E/b", "prefix"),
        ("tcp://box:1//b", "prefix"),
        ("tcp://box:1/ä", "prefix"),
        ("tcp://box:1/%zz", "prefix"),
        ("ftp://box", "unknown scheme"),
        ("://box", "unknown scheme"),
    ],
)
def test_a_bad_address_says_what_is_wrong(text, words):
    with pytest.raises(BadAddress, match=words):
        parse_address(text)


@pytest.mark.parametrize("value", [None, 7, b"tcp://box:1", Address("tcp", host="box")])
def test_an_address_is_a_string(value):
    with pytest.raises(BadAddress, match="is a string"):
        parse_address(value)


@pytest.mark.parametrize(
    ("text", "scheme"), [("ssh://me@box", "ssh"), ("npipe:////./pipe/docker_engine", "npipe"), ("fd://", "fd")]
)
def test_an_address_that_can_not_be_used_yet_says_so_with_its_name(text, scheme):
    with pytest.raises(BadAddress, match=f"{scheme}:// can't be used yet"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}://alice:sesame@box:1",
        "{}://alice:ses/sesame@box:1",
        "{}://alice:se?sesame@box",
        "{}://alice:se#sesame@box",
        "{}://alice:se@sesame@box/p",
        "{}://alice:se sesame@box",
        "{}://alice:sesame\x01@box",
        "{}://alice:[sesame@box",
        "{}://box/?token=sesame",
        "{}://box/#sesame",
        " {}://alice:sesame@box",
    ],
)
@pytest.mark.parametrize("scheme", ["tcp", "http", "https", "ssh", "ftp", "f-t!p", ""])
def test_no_password_is_repeated(text, scheme):
    with pytest.raises(BadAddress) as caught:
        parse_address(text.format(scheme))
    assert "sesame" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_password_without_a_scheme_is_not_repeated():
    with pytest.raises(BadAddress) as caught:
        parse_address("alice:sesame@box:2375")
    assert "sesame" not in str(caught.value)


def test_an_address_can_not_be_changed():
    with pytest.raises(AttributeError):
        parse_address("tcp://box:1").port = 2


_hosts = (
    st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9](\.[a-z][a-z0-9]{0,10}){0,3}", fullmatch=True)
    | st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(str)
    | st.ip_addresses(v=6).map(lambda ip: f"{ip}%eth0")
)
_segments = st.from_regex(r"([A-Za-z0-9_~:@!+-]|%[0-9A-Ca-c][0-9A-Da-d])+", fullmatch=True).filter(
    lambda segment: "%2F" not in segment.upper() and "@" not in segment
)


@given(
    scheme=st.sampled_from(["tcp", "http", "https"]),
    host=_hosts,
    port=st.none() | st.integers(1, 65535),
    segments=st.lists(_segments, max_size=3),
)
def test_an_address_written_and_read_again_is_the_same(scheme, host, port, segments):
    assume("%2E" not in "".join(segments).upper())
    address = Address(scheme, host=host, port=port, prefix="".join("/" + segment for segment in segments))
    assert parse_address(str(address)) == address


@given(st.text() | st.text(alphabet="tcpunix:/@[]%.?#12ä ").map("tcp://".__add__))
def test_any_text_is_an_address_or_a_refusal(text):
    try:
        address = parse_address(text)
    except BadAddress:
        return
    assert parse_address(str(address)) == address
    assert "@" not in str(address) or address.scheme == "unix"


_addresses = st.sampled_from(
    [
        "tcp://box:2375/a/b",
        "unix:///run/docker.sock",
        "https://[fe80::1%25eth0]:1/x",
        "http://10.0.0.1",
        "tcp://bücher.example:1",
    ]
)


@given(
    _addresses, st.lists(st.tuples(st.integers(0, 40), st.sampled_from([*"a:/@[]%.?#1 \n\0é\udc80。", ""])), max_size=4)
)
def test_an_address_with_some_characters_changed_is_read_or_refused(text, changes):
    for place, character in changes:
        text = text[: place % (len(text) + 1)] + character + text[place % (len(text) + 1) + 1 :]
    try:
        address = parse_address(text)
    except BadAddress:
        return
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        *(
            "tcp://" + "é" * MILLION,
            "tcp://a" + "\u0327\u0301" * MILLION,
            "tcp://" + "a." * MILLION,
            "tcp://" + "é." * MILLION,
        ),
        *(
            "tcp://[" + ":" * MILLION + "]",
            "tcp://a/" + "%41/" * MILLION,
            "tcp://" + "1." * MILLION,
            "tcp://a:" + "1" * MILLION,
        ),
        *(
            "unix:///" + "../" * MILLION,
            "@" * MILLION,
            "://" * MILLION,
            "a" * MILLION + ":1",
            "tcp://[::1%" + "a" * MILLION + "]",
        ),
    ],
    ids=lambda text: text[:12],
)
def test_a_text_of_any_length_is_refused_in_time_and_in_few_words(text):
    with guard(), pytest.raises(BadAddress) as caught:
        parse_address(text)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "text", ["tcp://a" + "\u0327\u0301" * 4000, "tcp://" + "é." * 4000, "tcp://box/" + "a/" * 4000]
)
def test_the_longest_text_is_read_or_refused_in_time(text):
    with guard():
        for _ in range(10):
            with contextlib.suppress(BadAddress):
                parse_address(text)
