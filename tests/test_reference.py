"""Image references, held against the tables of distribution/reference."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import MILLION, guard

from aiodockerhub.errors import BadReference
from aiodockerhub.reference import Reference

SHA256 = "sha256:" + "f" * 64
SHA512 = "sha512:" + "f" * 128
IDENTIFIER = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("test_com", "docker.io", "library/test_com", None, None),
        ("test.com:tag", "docker.io", "library/test.com", "tag", None),
        ("test.com:5000", "docker.io", "library/test.com", "5000", None),
        ("test.com/repo:tag", "test.com", "repo", "tag", None),
        ("test:5000/repo", "test:5000", "repo", None, None),
        ("test:5000/repo:tag", "test:5000", "repo", "tag", None),
        (f"test:5000/repo@{SHA256}", "test:5000", "repo", None, SHA256),
        (f"test:5000/repo:tag@{SHA256}", "test:5000", "repo", "tag", SHA256),
        ("lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase", None),
        ("sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com", "bar/baz/quux", None, None),
        ("sub-dom1.foo.com/bar/baz/quux:long-tag", "sub-dom1.foo.com", "bar/baz/quux", "long-tag", None),
        ("b.gcr.io/test.com/app:example.com", "b.gcr.io", "test.com/app", "example.com", None),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com", "myimage", "xn--n3h.com", None),
        (f"xn--7o8h.com/myimage:xn--7o8h.com@{SHA512}", "xn--7o8h.com", "myimage", "xn--7o8h.com", SHA512),
        ("foo_bar.com:8080", "docker.io", "library/foo_bar.com", "8080", None),
        ("foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080", None),
        ("192.168.1.1", "docker.io", "library/192.168.1.1", None, None),
        ("192.168.1.1:5000", "docker.io", "library/192.168.1.1", "5000", None),
        ("192.168.1.1/repo", "192.168.1.1", "repo", None, None),
        ("192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050", None),
        ("[2001:db8::1]/repo", "[2001:db8::1]", "repo", None, None),
        ("[2001:db8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6]", "repo", "tag", None),
        (f"[2001:db8::1]:5000/repo:tag@{SHA256}", "[2001:db8::1]:5000", "repo", "tag", SHA256),
        ("[::1]:5000/repo", "[::1]:5000", "repo", None, None),
        ("localhost/foo", "localhost", "foo", None, None),
        ("localhost:5000/foo:latest", "localhost:5000", "foo", "latest", None),
        ("localhost", "docker.io", "library/localhost", None, None),
        ("index.docker.io/docker/docker", "docker.io", "docker/docker", None, None),
        ("index.docker.io/debian", "docker.io", "library/debian", None, None),
        ("docker.io/library/foo/bar", "docker.io", "library/foo/bar", None, None),
        ("registry-1.docker.io/library/foo", "registry-1.docker.io", "library/foo", None, None),
        ("Foo/bar", "Foo", "bar", None, None),
        ("a/" * 127 + "a:tag-is-not-counted", "docker.io", "a/" * 127 + "a", "tag-is-not-counted", None),
        (f"docker.io/{IDENTIFIER}", "docker.io", f"library/{IDENTIFIER}", None, None),
        ("thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev", "docker.io",
         "library/thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev", None, None),
        ("docker---rules/docker", "docker.io", "docker---rules/docker", None, None),
        ("dock__er/docker", "docker.io", "dock__er/docker", None, None),
        ("d/docker", "docker.io", "d/docker", None, None),
        ("x:" + "t" * 128, "docker.io", "library/x", "t" * 128, None),
    ],
)  # fmt: skip
def test_what_is_typed_means_what_the_engines_take_it_for(text, registry, repository, tag, digest):
    ref = Reference.parse(text)
    assert (ref.registry, ref.repository, ref.tag, ref.digest) == (registry, repository, tag, digest)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        (":justtag", "component"),
        (f"@{SHA256}", "component"),
        ("repo@sha256:" + "f" * 34, "64 lower-case hexadecimal digits"),
        ("repo@sha256:" + "F" * 64, "64 lower-case hexadecimal digits"),
        (f"repo@sha512:{'f' * 64}", "128 lower-case hexadecimal digits"),
        ("validname@invaliddigest:" + "f" * 64, "algorithm 'invaliddigest'"),
        ("repo@foo", "ALGORITHM:HEX"),
        ("repo@", "ALGORITHM:HEX"),
        ("Uppercase:tag", "'library/Uppercase' must be lower case"),
        ("test:5000/Uppercase/lowercase:tag", "'Uppercase/lowercase' must be lower case"),
        ("docker/Docker", "lower case"),
        ("a/" * 128 + "a:tag", "255"),
        ("aa/asdf$$^/aa", "component 'asdf$$^'"),
        ("[2001:db8::1]", "component"),
        ("[2001:db8::1]:5000", "component"),
        ("[fe80::1%eth0]:5000/repo", "registry '[fe80::1%eth0]:5000'"),
        ("[fe80::1%@invalidzone]:5000/repo", "registry"),
        ("[2001:db8:3:4::192.0.2.33]:5000/debian", "registry"),
        ("fc00::1:5000/debian", "registry 'fc00::1:5000'"),
        ("test:port/repo", "registry 'test:port'"),
        ("-docker.io/docker/docker", "registry '-docker.io'"),
        ("-docker", "component"),
        ("docker-/docker", "component 'docker-'"),
        ("____/____", "component"),
        ("_docker/_docker", "component"),
        ("dock..er/docker", "registry 'dock..er'"),
        ("dock_.er/docker", "registry 'dock_.er'"),
        ("dock-.er/docker", "registry 'dock-.er'"),
        ("dock___er", "component"),
        ("docker///docker", "empty component"),
        ("docker/", "empty component"),
        ("docker.io/", "component"),
        ("/docker", "empty component"),
        ("https://github.com/docker/docker", "leave out 'https://'"),
        (IDENTIFIER, "image id"),
        (f"sha256:{IDENTIFIER}", "image id"),
        ("busybox:", "tag ''"),
        ("busybox:-foo", "tag '-foo'"),
        ("busybox:.foo", "tag '.foo'"),
        ("busybox:a:b", "tag 'a:b'"),
        ("busybox:" + "t" * 129, "tag"),
        ("busybox:täg", "tag 'täg'"),
        ("busybox:١", "tag"),
        ("busybox:1.36\n", r"tag '1.36\n'"),
        ("busybox\n", "component"),
        (" busybox", "component"),
        ("büsybox", "component"),
        ("busybox/../info", "component '..'"),
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused_and_the_part_named(text, part):
    with pytest.raises(BadReference) as caught:
        Reference.parse(text)
    assert part in str(caught.value)


def test_an_error_names_the_whole_reference_as_well():
    with pytest.raises(BadReference, match=r"image reference 'quay\.io/me/app:-1': the tag '-1' must"):
        Reference.parse("quay.io/me/app:-1")


@pytest.mark.parametrize(
    "text", ["alice:hunter2@quay.io/me/app", "https://alice:hunter2@quay.io/me/app", "alice:hunter2@quay"]
)
def test_a_password_in_front_of_a_host_is_not_repeated_in_the_error(text):
    with pytest.raises(BadReference) as caught:
        Reference.parse(text)
    assert "hunter2" not in str(caught.value)


def test_an_error_stays_short_however_long_the_text_was():
    with pytest.raises(BadReference) as caught:
        Reference.parse("x:" + "!" * 100_000)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("value", [None, 3, b"busybox"])
def test_what_is_not_text_is_refused(value):
    with pytest.raises(BadReference, match="is text, not"):
        Reference.parse(value)


@pytest.mark.parametrize(
    ("full", "familiar"),
    [
        ("docker.io/fooo/bar", "fooo/bar"),
        ("docker.io/library/ubuntu", "ubuntu"),
        ("docker.io/nonlibrary/ubuntu", "nonlibrary/ubuntu"),
        ("docker.io/other/library", "other/library"),
        ("docker.io/library/library", "library"),
        ("127.0.0.1:8000/private/moonbase", "127.0.0.1:8000/private/moonbase"),
        ("example.com/privatebase", "example.com/privatebase"),
        ("docker.io/library/ubuntu-12.04-base", "ubuntu-12.04-base"),
        ("docker.io/library/foo/bar", "library/foo/bar"),
        ("docker.io/store/foo/bar", "store/foo/bar"),
        ("Foo/bar", "Foo/bar"),
        ("docker.io/library/busybox:latest@" + SHA256, "busybox:latest@" + SHA256),
        # shorter ones would mean another registry, or an image id
        ("docker.io/foo.bar/baz", "docker.io/foo.bar/baz"),
        ("docker.io/localhost/baz", "docker.io/localhost/baz"),
        ("docker.io/library/foo.bar/baz", "library/foo.bar/baz"),
        (f"docker.io/library/{IDENTIFIER}", f"library/{IDENTIFIER}"),
        (f"docker.io/library/sha256:{IDENTIFIER}", f"library/sha256:{IDENTIFIER}"),
    ],
)
def test_the_familiar_form_is_the_shortest_that_means_the_same(full, familiar):
    ref = Reference.parse(full)
    assert str(ref) == full
    assert ref.familiar == familiar
    assert Reference.parse(familiar) == ref


def test_one_image_has_one_value_however_it_was_written():
    ways = ["foo", "library/foo", "docker.io/foo", "index.docker.io/foo", "index.docker.io/library/foo"]
    assert {Reference.parse(way) for way in ways} == {Reference("docker.io", "library/foo")}
    assert Reference("index.docker.io", "foo") == Reference("docker.io", "library/foo")


def test_latest_is_assumed_only_when_asked_and_only_without_tag_and_digest():
    assert Reference.parse("busybox").tag is None
    assert Reference.parse("busybox").with_default_tag().familiar == "busybox:latest"
    assert Reference.parse("busybox:1").with_default_tag().familiar == "busybox:1"
    assert Reference.parse(f"busybox@{SHA256}").with_default_tag().tag is None


def test_tag_and_digest_can_be_changed_and_removed():
    ref = Reference.parse("test.com:8000/foo")
    assert str(ref.with_tag("TAG5")) == "test.com:8000/foo:TAG5"
    assert str(ref.with_digest(SHA256).with_tag("latest")) == f"test.com:8000/foo:latest@{SHA256}"
    assert ref.with_tag("x").with_digest(SHA256).with_tag(None).with_digest(None) == ref
    assert ref.with_tag("x").name == "test.com:8000/foo"


@pytest.mark.parametrize(
    ("change", "value"), [("with_tag", "-foo"), ("with_tag", ""), ("with_digest", "foo"), ("with_digest", "")]
)
def test_a_change_is_checked_like_what_is_parsed(change, value):
    with pytest.raises(BadReference):
        getattr(Reference.parse("busybox"), change)(value)


def test_a_registry_that_would_read_as_a_namespace_is_refused():
    with pytest.raises(BadReference, match="reads as a namespace"):
        Reference("foo", "bar")


def test_a_reference_is_a_value():
    ref = Reference.parse(f"quay.io/me/app:1@{SHA256}")
    assert Reference.parse(ref) is ref
    assert pickle.loads(pickle.dumps(ref)) == ref
    assert copy.deepcopy(ref) == ref
    assert f"{ref}" == str(ref)
    with pytest.raises(AttributeError):
        ref.tag = "2"


component = st.from_regex(r"\A[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*\Z")
label = st.from_regex(r"\A[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\Z")
port = st.integers(0, 65535).map(lambda number: f":{number}")
registries = st.one_of(
    st.just("docker.io"),
    st.just("localhost"),
    st.lists(label, min_size=2, max_size=4).map(".".join),
    st.tuples(label, port).map("".join),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]").filter(lambda text: "." not in text),
)
repositories = st.lists(component, min_size=1, max_size=4).map("/".join).filter(lambda text: len(text) < 240)
tags = st.none() | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
digests = st.none() | st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
references = st.builds(Reference, registries, repositories, tags, digests)


@given(references)
def test_every_printed_form_parses_back_to_the_same(ref):
    assert Reference.parse(str(ref)) == ref
    assert Reference.parse(ref.familiar) == ref


@given(st.text() | st.text(alphabet="aA0._-/:@[]\n ", max_size=30))
def test_any_text_is_a_reference_that_prints_or_is_refused(text):
    try:
        ref = Reference.parse(text)
    except BadReference:
        return
    assert Reference.parse(str(ref)) == ref


@given(
    references.map(str),
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from([*"aA0._-/:@[]% \n\0é", ""])), max_size=4),
)
def test_a_reference_with_some_characters_changed_is_read_or_refused(text, changes):
    for place, character in changes:
        text = text[: place % (len(text) + 1)] + character + text[place % (len(text) + 1) + 1 :]
    try:
        ref = Reference.parse(text)
    except BadReference as error:
        assert len(str(error)) < 1000  # noqa: PT017
        return
    assert Reference.parse(str(ref)) == ref


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a" * MILLION,
            "a-" * MILLION,
            "-" * MILLION,
            "a" + "-" * MILLION + ".b/c",
            "a__" * MILLION + "!",
            "@" * MILLION,
        ),
        *(":" * MILLION, "/" * MILLION, "a:" * MILLION, "a.b" + ".a" * MILLION + "!/b", "x.y:" + "1" * MILLION + "!/a"),
        *(
            "[" + ":" * MILLION + "/a",
            "a:" + "." * MILLION,
            "a@sha256:" + "0" * MILLION,
            "x/" + "a_" * 120 + "!",
            "é" * MILLION,
        ),
    ],
    ids=lambda text: text[:8],
)
def test_a_text_of_any_length_is_refused_in_time_and_in_few_words(text):
    with guard(), pytest.raises(BadReference) as caught:
        Reference.parse(text)
    assert len(str(caught.value)) < 1000
