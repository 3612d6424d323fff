"""Paths and queries arrive as they were meant: what gives back the original, and what is refused before it is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rig.asking import ask

from aiodockerhub.errors import BadParameter
from aiodockerhub.wire.paths import path, query, written_path

if TYPE_CHECKING:
    from rig import Engine


@pytest.mark.parametrize(
    ("template", "parts", "expected"),
    [
        ("/info", (), "/info"),
        ("/volumes/{}", ("data",), "/volumes/data"),
        ("/volumes/{}", ("...",), "/volumes/..."),
        ("/volumes/{}", (".hidden",), "/volumes/.hidden"),
        ("/volumes/{}", ("a b",), "/volumes/a%20b"),
        ("/volumes/{}", ("share/sub",), "/volumes/share%2Fsub"),
        ("/volumes/{}", ("a%2e%2e",), "/volumes/a%252e%252e"),
        ("/volumes/{}", ("a?b=c#d",), "/volumes/a%3Fb%3Dc%23d"),
        ("/volumes/{}", ("{}",), "/volumes/%7B%7D"),
        ("/volumes/{}", ("größe",), "/volumes/gr%C3%B6%C3%9Fe"),
        ("/containers/{}/json", ("sha256:0a1b",), "/containers/sha256:0a1b/json"),
        ("/images/{*}/json", ("busybox:1.36",), "/images/busybox:1.36/json"),
        ("/images/{*}/json", ("127.0.0.1:5000/a/b@sha256:0a",), "/images/127.0.0.1:5000/a/b@sha256:0a/json"),
        ("/images/{*}/json", ("a/b c",), "/images/a/b%20c/json"),
        ("/{*}/blobs/{}", ("library/x", "sha256:0a"), "/library/x/blobs/sha256:0a"),
    ],
)
def test_each_part_stands_in_its_place_quoted(template, parts, expected):
    assert path(template, *parts) == expected


@pytest.mark.parametrize("template", ["/containers/{}/json", "/images/{*}/json"])
@pytest.mark.parametrize(
    "part",
    [
        *("", ".", "..", "/", "//", "/a", "a/", "a//b", "./a", "a/.", "a/../b", "../../info", "..//.."),
        *("a\nb", "a\r\nHost: x", "a\0", "\x7f", "a\x85b", "\udc80", None, 1, b"a", ["a"]),
    ],
)
def test_a_part_that_would_lead_elsewhere_is_refused(template, part):
    with pytest.raises(BadParameter):
        path(template, part)


def test_a_refusal_says_what_is_wrong():
    with pytest.raises(BadParameter, match=r"'\.\.' can't be a part of a path: '\.\./\.\./info'"):
        path("/containers/{}/json", "../../info")


@pytest.mark.parametrize("parts", [(), ("a", "b")])
def test_a_template_gets_as_many_parts_as_it_has_places(parts):
    with pytest.raises(BadParameter, match="takes 1 names"):
        path("/volumes/{}", *parts)


@given(st.text(), st.sampled_from(["{}", "{*}"]))
@example("..", "{}")
@example("a/..", "{*}")
@example("%2e%2e", "{}")
def test_any_name_is_refused_or_arrives_as_it_is(name, marker):
    try:
        built = path("/a/" + marker + "/json", name)
    except BadParameter:
        return
    assert built.isascii()
    assert built.startswith("/a/")
    assert built.endswith("/json")
    middle = built[len("/a/") : -len("/json")]
    assert unquote(middle, errors="strict") == name
    assert not {"", ".", ".."} & set(unquote(built)[1:].split("/"))
    assert not {"?", "#", " ", "\\"} & set(built)
    if marker == "{}":
        assert "/" not in middle


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]*", fullmatch=True))
def test_a_name_that_docker_gives_is_never_changed(name):
    assert path("/containers/{}/json", name) == f"/containers/{name}/json"


@pytest.mark.parametrize("text", ["/", "/info", "/containers/a%20b/json", "/v2/", "/x;y/(z)"])
def test_a_path_written_by_its_user_is_sent_as_it_is(text):
    assert written_path(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "info", "http://x/info", "//x", "/a//b", "/a//", "/a/%2F", "/.", "/..", "/a/../info", "/a/%2e%2e/info"),
        *("/a/..%2Finfo", "/a/%2E/b", "/a?b=c", "/a#b", "/a b", "/a\n", "/a%", "/a%zz", "/ä", None, 7),
    ],
)
def test_a_written_path_that_can_not_be_sent_as_it_is_is_refused(text):
    with pytest.raises(BadParameter):
        written_path(text)


@given(st.text(alphabet="/.%2eEfFa?#", max_size=12))
def test_no_written_path_ever_has_a_dot_segment(text):
    try:
        written_path(text)
    except BadParameter:
        return
    assert not {".", ".."} & set(unquote(text).split("/"))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ""),
        ({"a": None}, ""),
        ({"a": []}, ""),
        ({"all": True, "size": False}, "?all=1&size=0"),
        ({"b": 1, "a": 2}, "?b=1&a=2"),
        ({"t": "a:1", "limit": -1}, "?t=a:1&limit=-1"),
        ({"since": 1700000000.25}, "?since=1700000000.25"),
        ({"since": 1e-7}, "?since=0.000000100"),
        ({"since": 1e22}, "?since=10000000000000000000000.000000000"),
        ({"names": ["a", "b c"]}, "?names=a&names=b%20c"),
        ({"names": ("a",), "x": ""}, "?names=a&x="),
        ({"a b": "c&d=e+f"}, "?a%20b=c%26d%3De%2Bf"),
        ({"filters": {"label": ["a=b", "ü"]}}, "?filters=%7B%22label%22:%5B%22a%3Db%22,%22%C3%BC%22%5D%7D"),
        ({"filters": {}}, "?filters=%7B%7D"),
        ({"message": "two\nlines"}, "?message=two%0Alines"),
    ],
)
def test_parameters_are_written_in_the_order_given(params, expected):
    assert query(params) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(b"x", object(), float("nan"), float("inf"), "\ud800", [None], [["a"]], {"a": object()}, {"a": "\ud800"}),
        *({"a": {1j: 2}}, 3j),
    ],
)
def test_a_value_that_has_no_form_in_a_query_is_refused_by_name(value):
    with pytest.raises(BadParameter, match="since"):
        query({"since": value})


def test_a_parameter_nested_without_end_is_refused():
    loop: dict[str, object] = {}
    loop["a"] = loop
    with pytest.raises(BadParameter, match="filters"):
        query({"filters": loop})


_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(_text, _text | st.integers() | st.booleans() | st.none() | st.lists(_text)))
def test_a_query_read_back_gives_what_was_meant(params):
    expected = []
    for name, value in params.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        expected += [(name, str(int(one)) if isinstance(one, bool) else str(one)) for one in values]
    text = query(params)
    assert text.isascii()
    assert parse_qsl(text[1:], keep_blank_values=True, strict_parsing=bool(text), encoding="utf-8") == expected


@given(st.dictionaries(_text, st.lists(_text) | st.dictionaries(_text, st.booleans() | st.none())))
def test_a_mapping_read_back_gives_what_was_meant(filters):
    ((name, value),) = parse_qsl(query({"filters": filters})[1:])
    assert name == "filters"
    assert json.loads(value) == filters


def test_each_engine_reads_a_name_as_it_was_meant(engine: Engine):
    for name in ("a:b@c+d", "a b~c", "größe", "a/b", "a%2e%2eb", "a?b=c#d&e", "{a}[b]|c", "a'b(c)!*;=,$"):
        status, answer = ask(engine.base_url, "GET", path("/containers/{}/json", name))
        assert status == 404
        assert name in json.loads(answer)["message"]


def test_each_engine_reads_filters_and_switches_as_they_were_meant(engine: Engine):
    label = "paths.test=a&b=c+d%20e f;ü"
    key, _, value = label.partition("=")
    created = json.dumps({"Name": "paths-test", "Labels": {key: value}}).encode()
    headers = {"Content-Type": "application/json"}
    assert ask(engine.base_url, "POST", path("/volumes/create"), created, headers=headers)[0] == 201
    try:
        status, answer = ask(engine.base_url, "GET", path("/volumes") + query({"filters": {"label": [label]}}))
        assert status == 200
        assert [volume["Name"] for volume in json.loads(answer)["Volumes"]] == ["paths-test"]
    finally:
        removed = ask(engine.base_url, "DELETE", path("/volumes/{}", "paths-test") + query({"force": False}))
    assert removed[0] == 204
    missing = path("/volumes/{}", "paths-test")
    assert ask(engine.base_url, "DELETE", missing + query({"force": True}))[0] == 204
    assert ask(engine.base_url, "DELETE", missing + query({"force": False}))[0] == 404
