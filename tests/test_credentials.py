"""Credentials: the value, its headers, and where it is found."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import pickle
import pprint
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiodockerhub.credentials import Credentials, build_header, server_key
from aiodockerhub.errors import BadParameter

HUB_KEY = "https://index.docker.io/v1/"
SECRET = "hunter2-very-secret"

every_kind = pytest.mark.parametrize(
    "credentials",
    [
        Credentials("alice", SECRET, email="alice@example.org", server_address="ghcr.io"),
        Credentials.token(SECRET, server_address="ghcr.io"),
        Credentials.registry_token(SECRET),
    ],
    ids=["password", "token", "registry_token"],
)


def decoded(header):
    return json.loads(base64.urlsafe_b64decode(header))


def shown(error):
    """Everything that a traceback can show of an error, the local names of our own frames included."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    told.stack = traceback.StackSummary.from_list(
        [frame for frame in told.stack if "aiodockerhub" in frame.filename]
    )
    return "".join(told.format())


@every_kind
def test_nothing_that_prints_credentials_shows_a_secret(credentials):
    printed = [
        repr(credentials),
        str(credentials),
        f"{credentials}",
        pprint.pformat([credentials]),
        f"{credentials!a}",
    ]
    printed += [
        repr(dataclasses.asdict(credentials)),
        repr([getattr(credentials, name) for name in credentials.__slots__]),
    ]
    assert SECRET not in "".join(printed)
    assert not hasattr(credentials, "__dict__")


def test_the_repr_tells_who_and_where():
    assert repr(Credentials("alice", SECRET)) == "Credentials('alice', '***')"
    assert (
        repr(Credentials.token(SECRET, server_address="a.b"))
        == "Credentials.token('***', server_address='a.b')"
    )
    assert repr(Credentials.registry_token(SECRET)) == "Credentials.registry_token('***')"
    assert repr(Credentials.anonymous()) == "Credentials.anonymous()"


@every_kind
def test_credentials_are_values_that_can_be_pickled_and_never_changed(credentials):
    for copied in (pickle.loads(pickle.dumps(credentials)), copy.deepcopy(credentials)):
        assert copied == credentials
        assert hash(copied) == hash(credentials)
        assert copied.fields("ghcr.io") == credentials.fields("ghcr.io")
    with pytest.raises(AttributeError):
        credentials.username = "mallory"


def test_credentials_differ_by_secret_kind_and_address():
    different = [
        Credentials("alice", "1"),
        Credentials("alice", "2"),
        Credentials("bob", "1"),
        Credentials("alice", "1", server_address="ghcr.io"),
        Credentials.token("1"),
        Credentials.registry_token("1"),
        Credentials.anonymous(),
    ]
    assert len(set(different)) == len(different)


def test_each_kind_sends_the_fields_of_the_api_in_lower_case():
    assert decoded(Credentials("alice", "pw", email="a@b").registry_header("ghcr.io")) == {
        "username": "alice",
        "password": "pw",
        "email": "a@b",
        "serveraddress": "ghcr.io",
    }
    assert decoded(Credentials.token("t").registry_header("docker.io")) == {
        "identitytoken": "t",
        "serveraddress": HUB_KEY,
    }
    assert decoded(Credentials.registry_token("t").registry_header("localhost:5000")) == {
        "registrytoken": "t",
        "serveraddress": "localhost:5000",
    }


def test_nobody_is_an_empty_object():
    assert Credentials.anonymous().registry_header("ghcr.io") == "e30="


def test_the_header_is_base64url_with_padding():
    header = Credentials("a", ">>>???ÿÿ~").registry_header("x.y")
    assert base64.b64encode(base64.urlsafe_b64decode(header)).decode() != header, (
        "no + or / came up: a blunt test"
    )
    assert not set(header) & set("+/")
    assert len(header) % 4 == 0


@given(st.text(min_size=1), st.text(), st.none() | st.text())
def test_any_text_arrives_as_it_was(username, password, email):
    header = Credentials(username, password, email=email).registry_header("ghcr.io")
    header.encode("ascii")
    fields = decoded(header)
    assert (fields["username"], fields["password"], fields.get("email")) == (username, password, email)


printable = st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs")))


@given(printable.filter(lambda text: text and ":" not in text), printable)
def test_a_basic_header_carries_any_script(username, password):
    scheme, _, value = Credentials(username, password).basic_header().partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(value, validate=True).decode() == f"{username}:{password}"


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Credentials("a:b", SECRET).basic_header(),
        lambda: Credentials("a\r\nX-Evil: 1", SECRET).basic_header(),
        lambda: Credentials("alice", SECRET + "\n").basic_header(),
        lambda: Credentials("alice", SECRET + "\x85").basic_header(),
        lambda: Credentials.token(SECRET).basic_header(),
        lambda: Credentials.anonymous().basic_header(),
        lambda: Credentials("", SECRET),
        lambda: Credentials("alice", SECRET + "\ud800"),
        lambda: Credentials("alice\ud800", SECRET),
        lambda: Credentials("alice", None),
        lambda: Credentials(None, SECRET),
        lambda: Credentials.token(""),
        lambda: Credentials.token(SECRET + "\ud800"),
        lambda: Credentials("alice", SECRET, email="\ud800"),
        lambda: Credentials("alice", SECRET, server_address=""),
        lambda: Credentials("alice", SECRET, server_address="ghcr.io").registry_header("quay.io"),
        lambda: build_header({"quay.io": Credentials("alice", SECRET, server_address="ghcr.io")}),
    ],
)
def test_what_cannot_be_sent_is_refused_and_the_secret_not_told(refused):
    with pytest.raises(BadParameter) as caught:
        refused()
    assert SECRET not in shown(caught.value)


def test_a_password_in_front_of_an_address_is_not_repeated_in_the_error():
    with pytest.raises(BadParameter) as caught:
        Credentials("alice", "pw", server_address=f"https://alice:{SECRET}@ghcr.io/")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("registry", "key"),
    [
        ("docker.io", HUB_KEY),
        ("index.docker.io", HUB_KEY),
        ("registry-1.docker.io", HUB_KEY),
        ("https://index.docker.io/v1/", HUB_KEY),
        ("https://registry-1.docker.io", HUB_KEY),
        ("ghcr.io", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        ("http://127.0.0.1:5001/v1/", "127.0.0.1:5001"),
        ("https://quay.io/v2/", "quay.io"),
        ("[::1]:5000", "[::1]:5000"),
    ],
)
def test_each_registry_has_the_key_that_the_engines_keep_it_under(registry, key):
    assert server_key(registry) == key
    assert server_key(key) == key


@pytest.mark.parametrize("registry", ["", "https://", "alice:pw@ghcr.io", "a b", "a\n"])
def test_what_names_no_registry_has_no_key(registry):
    with pytest.raises(BadParameter):
        server_key(registry)


def test_credentials_with_an_address_are_for_that_registry_alone():
    for_hub = Credentials("alice", "pw", server_address="https://index.docker.io/v1/")
    assert for_hub.answers_for("docker.io")
    assert not for_hub.answers_for("ghcr.io")
    assert Credentials("alice", "pw").answers_for("ghcr.io")


def test_a_build_is_told_all_registries_under_their_keys():
    header = build_header(
        {
            "docker.io": Credentials("alice", "???>>>"),
            "ghcr.io": Credentials.token("t"),
            "quay.io": Credentials.anonymous(),
        }
    )
    assert decoded(header) == {
        HUB_KEY: {"username": "alice", "password": "???>>>", "serveraddress": HUB_KEY},
        "ghcr.io": {"identitytoken": "t", "serveraddress": "ghcr.io"},
    }
    assert not set(header) & set("+/")
