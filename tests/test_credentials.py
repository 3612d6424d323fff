"""Credentials: the value, its headers, and where it is found."""

from __future__ import annotations

import asyncio
import base64
import copy
import dataclasses
import json
import os
import pickle
import pprint
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiodockerhub.credentials import Credentials, CredentialStore, build_header, server_key
from aiodockerhub.errors import BadCredentials, BadParameter

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
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if "aiodockerhub" in frame.filename])
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
    assert repr(Credentials.token(SECRET, server_address="a.b")) == "Credentials.token('***', server_address='a.b')"
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
    assert base64.b64encode(base64.urlsafe_b64decode(header)).decode() != header, "no + or / came up: a blunt test"
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


@pytest.fixture
def home(tmp_path):
    """A directory for config.json and one for programs, the only one in PATH beside the system's."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "docker").mkdir()
    return tmp_path


@pytest.fixture
def write_config(home):
    def write(**config):
        (home / "docker" / "config.json").write_text(json.dumps(config, indent="\t"))

    return write


@pytest.fixture
def install_helper(home):
    """Installs `docker-credential-NAME`, a shell script; what it is asked is appended to a log."""

    def install(name, body):
        program = home / "bin" / f"docker-credential-{name}"
        program.write_text(f'#!/bin/sh\nread -r key\necho "$1 $key" >>"{home}/asked"\n{body}\n')
        program.chmod(0o755)

    return install


@pytest.fixture
def asked(home):
    def read():
        log = home / "asked"
        return log.read_text().splitlines() if log.exists() else []

    return read


@pytest.fixture
def environ(home):
    return {"PATH": f"{home}/bin:/usr/bin:/bin", "DOCKER_CONFIG": f"{home}/docker"}


@pytest.fixture
def store(environ):
    return CredentialStore(environ=environ)


def auth(pair):
    return {"auth": base64.b64encode(pair.encode()).decode()}


def answers(username, secret):
    return f"""printf '%s' '{json.dumps({"ServerURL": "x", "Username": username, "Secret": secret})}'"""


NOT_FOUND = "echo 'credentials not found in native keychain'; exit 1"
HUB = {"server_address": HUB_KEY}
GHCR = {"server_address": "ghcr.io"}


async def test_without_anything_there_is_nobody(store, tmp_path):
    assert await store.resolve("docker.io") is None
    assert await store.resolve("docker.io", required=True) is None
    assert await CredentialStore(environ={}, config_dir=tmp_path / "none").resolve("ghcr.io") is None
    assert await store.all() == {}


def test_making_a_store_reads_nothing_and_needs_no_loop():
    class Untouchable(dict):
        def get(self, *args):
            raise AssertionError("read")

        __getitem__ = __iter__ = get

    CredentialStore(environ=Untouchable(), config_dir="/nonexistent")


@pytest.mark.parametrize("registry", ["docker.io", "index.docker.io", "registry-1.docker.io", HUB_KEY])
@pytest.mark.parametrize(
    "name",
    [
        HUB_KEY,
        "docker.io",
        "index.docker.io",
        "https://registry-1.docker.io/v2/",
        "http://index.docker.io",
        "docker.io/",
    ],
)
async def test_the_hubs_entry_is_found_under_each_of_its_names(store, write_config, registry, name):
    write_config(auths={"ghcr.io": auth("wrong:one"), name: auth("alice:pw")})
    assert await store.resolve(registry) == Credentials("alice", "pw", **HUB)


async def test_what_docker_desktop_keeps_for_itself_is_no_entry_of_the_hub(store, write_config):
    write_config(auths={f"{HUB_KEY}access-token": auth("alice:x"), f"{HUB_KEY}refresh-token": auth("alice:y")})
    assert await store.resolve("docker.io") is None
    assert await store.all() == {}


@pytest.mark.parametrize(
    ("names", "registry", "found"),
    [
        (["ghcr.io"], "ghcr.io", 0),
        (["https://ghcr.io/v2/"], "ghcr.io", 0),
        (["https://ghcr.io/v1/", "ghcr.io"], "ghcr.io", 1),
        (["ghcr.io", "https://ghcr.io"], "https://ghcr.io/v2/", 0),
        (["localhost", "localhost:5000"], "localhost:5000", 1),
        (["ghcr.io:443", "evil.ghcr.io", "ghcr.io.evil.com", "https://me:pw@ghcr.io"], "ghcr.io", None),
    ],
)
async def test_an_entry_answers_for_its_own_host_alone(store, write_config, names, registry, found):
    write_config(auths={name: auth(f"user{number}:pw") for number, name in enumerate(names)})
    credentials = await store.resolve(registry)
    assert (credentials and credentials.username) == (None if found is None else f"user{found}")


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (auth("alice:pw"), Credentials("alice", "pw", **GHCR)),
        (auth("alice:p:w:"), Credentials("alice", "p:w:", **GHCR)),
        (auth("alice:pw\0\0"), Credentials("alice", "pw", **GHCR)),
        (auth("żółw:пароль"), Credentials("żółw", "пароль", **GHCR)),
        ({"username": "alice", "password": "pw"}, Credentials("alice", "pw", **GHCR)),
        ({"username": "bob", "password": "x", **auth("alice:pw")}, Credentials("alice", "pw", **GHCR)),
        ({"identitytoken": "t"}, Credentials.token("t", **GHCR)),
        ({"identitytoken": "t", **auth("alice:")}, Credentials.token("t", **GHCR)),
        ({"registrytoken": "t"}, Credentials.registry_token("t", **GHCR)),
        ({**auth("alice:pw"), "unknown": [1]}, Credentials("alice", "pw", **GHCR)),
        ({}, None),
        (None, None),
    ],
)
async def test_every_form_of_an_entry_is_read(store, write_config, entry, found):
    write_config(auths={"ghcr.io": entry}, HttpHeaders={"X": "y"}, psFormat="x")
    assert await store.resolve("ghcr.io", required=True) == found


@pytest.mark.parametrize(
    "entry", [{"auth": "!" + SECRET}, auth(SECRET), auth(":" + SECRET), {"auth": 3}, {"auth": "/////w=="}, SECRET]
)
async def test_a_bad_entry_is_an_error_for_its_own_registry_only(store, write_config, entry, caplog, home):
    write_config(auths={"ghcr.io": entry, "quay.io": auth("bob:pw")})
    assert await store.resolve("quay.io", required=True) == Credentials("bob", "pw", server_address="quay.io")
    assert list(await store.all()) == ["quay.io"]
    caplog.clear()
    assert await store.resolve("ghcr.io") is None
    with pytest.raises(BadCredentials, match=r"ghcr\.io") as caught:
        await store.resolve("ghcr.io", required=True)
    assert caught.value.file == f"{home}/docker/config.json"
    assert SECRET not in shown(caught.value) + caplog.text


@pytest.mark.parametrize(
    "text", ['{"auths": {"ghcr.io": "' + SECRET, '{"auths": "' + SECRET + '"}', "[]", "\0", "{} {}"]
)
async def test_an_unreadable_file_is_a_warning_for_a_pull_and_an_error_where_needed(store, home, caplog, text):
    (home / "docker" / "config.json").write_text(text)
    assert await store.resolve("ghcr.io") is None
    assert await store.resolve("ghcr.io") is None
    assert await store.all() == {}
    assert [(r.name, r.levelname) for r in caplog.records] == [("aiodockerhub.credentials", "WARNING")]
    assert "config.json" in caplog.text
    with pytest.raises(BadCredentials) as caught:
        await store.resolve("ghcr.io", required=True)
    assert caught.value.file == f"{home}/docker/config.json"
    assert SECRET not in shown(caught.value) + caplog.text


DEEP = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize("text", [DEEP, f'{{"x": {DEEP}}}', f'{{"auths": {{"ghcr.io": {{"x": {DEEP}}}}}}}'])
async def test_what_is_nested_too_deep_is_unreadable_like_all_else(home, environ, install_helper, text, caplog):
    (home / "docker" / "config.json").write_text(text)
    assert await CredentialStore(environ=environ).resolve("ghcr.io") is None
    assert await CredentialStore(environ={"DOCKER_AUTH_CONFIG": text, "HOME": str(home)}).resolve("ghcr.io") is None
    (home / "docker" / "config.json").write_text('{"credsStore": "mine"}')
    (home / "answer").write_text(text)
    install_helper("mine", f"cat {home}/answer")
    assert await CredentialStore(environ=environ).resolve("ghcr.io") is None
    assert {record.levelname for record in caplog.records} <= {"WARNING"}


async def test_a_file_that_is_a_directory_or_empty_breaks_nothing(store, home, caplog):
    (home / "docker" / "config.json").write_text("")
    assert await store.resolve("ghcr.io", required=True) is None
    (home / "docker" / "config.json").unlink()
    (home / "docker" / "config.json").mkdir()
    assert await store.resolve("ghcr.io") is None
    assert "can't be read: Is a directory" in caplog.text


async def test_the_file_is_read_again_when_it_changes(store, write_config, home):
    assert await store.resolve("ghcr.io") is None
    write_config(auths={"ghcr.io": auth("alice:pw")})
    assert (await store.resolve("ghcr.io")).username == "alice"
    write_config(auths={"ghcr.io": auth("robert:pw")})
    assert (await store.resolve("ghcr.io")).username == "robert"
    (home / "docker" / "config.json").unlink()
    assert await store.resolve("ghcr.io") is None


async def test_all_who_ask_at_once_get_what_a_file_holds_that_has_just_changed_also_if_the_first_are_cancelled(
    store, write_config
):
    write_config(auths={"ghcr.io": auth("alice:pw")})
    assert (await store.resolve("ghcr.io")).username == "alice"
    asking = [asyncio.create_task(store.resolve("ghcr.io")) for _ in range(64)]
    await asyncio.sleep(0)  # all of them wait, the first for the file
    write_config(auths={"ghcr.io": auth("robert:pw")})
    later = [asyncio.create_task(store.resolve("ghcr.io")) for _ in range(8)]
    await asyncio.sleep(0)
    for task in (asking[1], later[0]):
        task.cancel()
    found = await asyncio.gather(*later[1:])
    assert {credentials.username for credentials in found} == {"robert"}
    await asyncio.wait(asking)


async def test_without_docker_config_the_file_lies_in_the_home_directory(home, write_config):
    write_config(auths={"ghcr.io": auth("alice:pw")})
    (home / "docker").rename(home / ".docker")
    assert (await CredentialStore(environ={"HOME": str(home)}).resolve("ghcr.io")).username == "alice"


async def test_a_user_without_a_home_has_no_file(monkeypatch):
    def no_entry():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_entry)
    assert await CredentialStore(environ={}).resolve("ghcr.io", required=True) is None


async def test_the_first_place_that_answers_counts(environ, write_config, install_helper):
    write_config(
        auths={registry: auth("file:pw") for registry in ("a.io", "b.io", "c.io", "d.io")},
        credHelpers=dict.fromkeys(("a.io", "b.io", "c.io"), "mine"),
    )
    install_helper("mine", answers("helper", "pw"))
    environ["DOCKER_AUTH_CONFIG"] = json.dumps(
        {"auths": {"a.io": auth("environment:pw"), "b.io": auth("environment:pw")}}
    )
    store = CredentialStore(Credentials("client", "pw", server_address="a.io"), environ=environ)
    assert (await store.resolve("a.io", Credentials("call", "pw"))).username == "call"
    found = [(await store.resolve(registry)).username for registry in ("a.io", "b.io", "c.io", "d.io")]
    assert found == ["client", "environment", "helper", "file"]


async def test_explicit_nobody_hides_everything_that_is_kept(store, write_config):
    write_config(auths={"ghcr.io": auth("alice:pw")})
    assert (await store.resolve("ghcr.io", Credentials.anonymous())).is_anonymous


async def test_credentials_with_an_address_are_shown_to_no_other_registry(environ):
    store = CredentialStore(Credentials("alice", "pw", server_address="docker.io"), environ=environ)
    assert (await store.resolve("registry-1.docker.io")).username == "alice"
    assert await store.resolve("evil.example") is None
    with pytest.raises(BadParameter, match=r"for ghcr\.io, not for evil\.example"):
        await store.resolve("evil.example", Credentials("alice", "pw", **GHCR))
    assert await store.all() == {HUB_KEY: Credentials("alice", "pw", server_address="docker.io")}


async def test_credentials_without_an_address_answer_for_what_the_call_names(environ):
    store = CredentialStore(Credentials("alice", "pw"), environ=environ)
    assert (await store.resolve("anything.example")).username == "alice"
    assert await store.all() == {}


@pytest.mark.parametrize(
    ("registry", "named"),
    [("index.docker.io", "docker.io"), (HUB_KEY, "docker.io"), ("https://ghcr.io/v2/", "ghcr.io")],
)
async def test_a_coroutine_function_is_asked_for_the_registry_at_every_use(store, registry, named):
    seen = []

    async def give(registry):
        seen.append(registry)
        return Credentials.registry_token(f"token {len(seen)}")

    assert await store.resolve(registry, give) == Credentials.registry_token("token 1")
    assert await store.resolve(registry, give) == Credentials.registry_token("token 2")
    assert seen == [named, named]


async def test_what_a_coroutine_function_raises_passes_through(store):
    async def give(registry):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        await store.resolve("ghcr.io", give)


@pytest.mark.parametrize("value", [None, ("alice", SECRET), {"username": "alice", "password": SECRET}])
async def test_what_gives_no_credentials_is_told_so_without_the_secret(store, value):
    async def give(registry):
        return value

    with pytest.raises(BadCredentials, match=type(value).__name__) as caught:
        await store.resolve("ghcr.io", give)
    assert SECRET not in str(caught.value)


async def test_a_plain_function_is_no_coroutine_function(store):
    with pytest.raises(BadCredentials, match="coroutine function"):
        await store.resolve("ghcr.io", lambda registry: Credentials("alice", "pw"))


async def test_a_dict_is_no_credentials(store):
    with pytest.raises(BadParameter, match="not dict") as caught:
        await store.resolve("ghcr.io", {"username": "alice", "password": SECRET})
    assert SECRET not in str(caught.value)
    with pytest.raises(BadParameter, match="not str"):
        CredentialStore("alice:pw")


async def test_the_environment_may_hold_a_whole_config_file(environ, caplog):
    environ["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"ghcr.io": auth("alice:pw")}, "credsStore": "nothing"})
    store = CredentialStore(environ=environ)
    assert await store.resolve("ghcr.io") == Credentials("alice", "pw", **GHCR)
    assert await store.resolve("quay.io", required=True) is None
    assert [record.getMessage() for record in caplog.records] == [
        "DOCKER_AUTH_CONFIG: only auths counts there, not credsStore"
    ]


BROKEN_ENVIRONMENTS = ['{"auths":' + SECRET, "{}{}", '{"auths": {"ghcr.io": {"auth": "' + SECRET + '"}}}']


@pytest.mark.parametrize("text", BROKEN_ENVIRONMENTS)
async def test_a_broken_environment_is_passed_over_with_a_warning(environ, write_config, caplog, text):
    write_config(auths={"ghcr.io": auth("alice:pw")})
    environ["DOCKER_AUTH_CONFIG"] = text
    store = CredentialStore(environ=environ)
    assert (await store.resolve("ghcr.io", required=True)).username == "alice"
    assert (await store.all())["ghcr.io"].username == "alice"
    assert "DOCKER_AUTH_CONFIG" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("text", BROKEN_ENVIRONMENTS)
async def test_a_broken_environment_is_an_error_where_credentials_are_needed(environ, text):
    environ["DOCKER_AUTH_CONFIG"] = text
    with pytest.raises(BadCredentials, match="DOCKER_AUTH_CONFIG") as caught:
        await CredentialStore(environ=environ).resolve("ghcr.io", required=True)
    assert SECRET not in shown(caught.value)


async def test_a_helper_is_asked_with_exactly_the_key_and_once(store, write_config, install_helper, asked):
    write_config(auths={HUB_KEY: {}}, credsStore="mine")
    install_helper("mine", answers("alice", "pw"))
    for registry in ("docker.io", "index.docker.io"):
        assert await store.resolve(registry) == Credentials("alice", "pw", **HUB)
    assert (await store.resolve("ghcr.io")).username == "alice"
    assert asked() == [f"get {HUB_KEY}", "get ghcr.io"]


async def test_a_registrys_own_helper_beats_the_store(store, write_config, install_helper):
    write_config(credsStore="all", credHelpers={"ghcr.io": "own"})
    install_helper("all", answers("all", "pw"))
    install_helper("own", answers("own", "pw"))
    assert (await store.resolve("ghcr.io")).username == "own"
    assert (await store.resolve("quay.io")).username == "all"


async def test_a_helper_gives_tokens_under_a_name_of_their_own(store, write_config, install_helper):
    write_config(credsStore="mine")
    install_helper("mine", answers("<token>", SECRET))
    assert await store.resolve("ghcr.io") == Credentials.token(SECRET, **GHCR)


@pytest.mark.parametrize("body", [NOT_FOUND, answers("", ""), "echo '{}'"])
async def test_what_a_helper_does_not_find_is_looked_for_in_the_file(store, write_config, install_helper, body, caplog):
    write_config(auths={"ghcr.io": auth("alice:pw")}, credsStore="mine")
    install_helper("mine", body)
    assert (await store.resolve("ghcr.io", required=True)).username == "alice"
    assert await store.resolve("quay.io", required=True) is None
    assert caplog.records == []


FAILING = {
    "unknown text": "echo 'No stored credential for it'; exit 1",
    "silence": "exit 3",
    "garbage": f"echo '{SECRET}'",
    "json with an error": f"""echo '{{"Username":"alice","Secret":"{SECRET}"}}'; exit 1""",
    "no user name": answers("", SECRET),
    "wrong types": f"""echo '{{"Username":["{SECRET}"]}}'""",
    "endless": "exec yes",
    "hangs": "exec sleep 1000",
    "no program": None,
}


@pytest.mark.parametrize("body", FAILING.values(), ids=FAILING)
async def test_a_failing_helper_is_a_warning_for_a_pull_and_an_error_where_needed(
    environ, write_config, install_helper, body, caplog
):
    write_config(credsStore="mine")
    if body is not None:
        install_helper("mine", body)
    store = CredentialStore(environ=environ, helper_timeout=0.5)
    assert await store.resolve("ghcr.io") is None
    assert [(r.name, r.levelname) for r in caplog.records] == [("aiodockerhub.credentials", "WARNING")]
    assert "docker-credential-mine" in caplog.text
    with pytest.raises(BadCredentials, match="docker-credential-mine") as caught:
        await store.resolve("ghcr.io", required=True)
    assert caught.value.helper == "mine"
    assert SECRET not in shown(caught.value) + caplog.text


async def test_a_failing_helper_hides_no_entry_of_the_file(store, write_config, install_helper):
    write_config(auths={"ghcr.io": auth("alice:pw")}, credsStore="missing")
    assert (await store.resolve("ghcr.io", required=True)).username == "alice"


async def test_a_helper_that_failed_is_not_asked_by_every_pull(store, write_config, install_helper, asked, caplog):
    write_config(credsStore="mine")
    install_helper("mine", FAILING["unknown text"])
    await asyncio.gather(*(store.resolve("ghcr.io") for _ in range(50)))
    assert len(asked()) == 1
    assert len(caplog.records) == 1


async def test_a_refused_secret_is_asked_for_anew(store, write_config, install_helper, asked):
    write_config(credsStore="mine")
    install_helper("mine", answers("alice", "old"))
    await store.resolve("ghcr.io")
    await store.resolve("quay.io")
    install_helper("mine", answers("alice", "new"))
    store.forget("https://ghcr.io")
    assert await store.resolve("ghcr.io") == Credentials("alice", "new", **GHCR)
    assert await store.resolve("quay.io") == Credentials("alice", "old", server_address="quay.io")
    assert asked() == ["get ghcr.io", "get quay.io", "get ghcr.io"]


async def test_a_changed_file_forgets_what_helpers_said(store, write_config, install_helper, asked):
    write_config(credsStore="mine")
    install_helper("mine", NOT_FOUND)
    assert await store.resolve("ghcr.io") is None
    install_helper("mine", answers("alice", "pw"))
    write_config(credsStore="mine", auths={"ghcr.io": {}})
    assert (await store.resolve("ghcr.io")).username == "alice"


async def test_many_at_once_run_the_helper_once_for_each_registry(store, write_config, install_helper, asked):
    write_config(credsStore="mine")
    install_helper("mine", answers("alice", "pw"))
    registries = [f"r{number % 6}.io" for number in range(60)]
    found = await asyncio.gather(*map(store.resolve, registries))
    assert {credentials.username for credentials in found} == {"alice"}
    assert sorted(asked()) == sorted(f"get {registry}" for registry in set(registries))


@pytest.fixture
def install_waiting_helper(home, install_helper):
    """A helper that starts a child, tells both process ids through a pipe, and waits for ever."""
    os.mkfifo(home / "pids")
    install_helper("waiting", f'sleep 1000 & echo "$$ $!" >"{home}/pids"; wait')

    async def pids():
        return [int(pid) for pid in (await asyncio.to_thread((home / "pids").read_text)).split()]

    return pids


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_cancelled_resolve_leaves_no_helper_running(store, write_config, install_waiting_helper):
    write_config(credsStore="waiting")
    task = asyncio.create_task(store.resolve("ghcr.io"))
    pids = await install_waiting_helper()
    assert all(map(is_running, pids))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(pids[0])
    async with asyncio.timeout(30):
        while is_running(pids[1]):  # killed by the same signal; its end is not ours to await
            await asyncio.sleep(0)


async def test_one_who_waits_for_the_same_helper_survives_the_others_cancellation(
    store, write_config, install_helper, install_waiting_helper
):
    write_config(credsStore="waiting")
    first = asyncio.create_task(store.resolve("ghcr.io"))
    await install_waiting_helper()
    second = asyncio.create_task(store.resolve("ghcr.io"))  # no sooner: it might be the one who runs the helper
    for _ in range(100):
        await asyncio.sleep(0)
    install_helper("waiting", answers("alice", "pw"))
    first.cancel()
    assert (await second).username == "alice"
    assert first.cancelled()


async def test_the_loop_goes_on_while_a_helper_thinks(store, write_config, home, install_helper):
    write_config(credsStore="mine")
    os.mkfifo(home / "go")
    install_helper("mine", f'read -r go <"{home}/go"; {answers("alice", "pw")}')
    task = asyncio.create_task(store.resolve("ghcr.io"))
    await asyncio.to_thread((home / "go").write_text, "go\n")  # opens when the helper has: a blocked loop hangs here
    assert (await task).username == "alice"


async def test_a_helper_that_reads_no_question_still_answers(store, write_config, home):
    write_config(credsStore="deaf")
    program = home / "bin" / "docker-credential-deaf"
    program.write_text(f"#!/bin/sh\nexec 0<&-\n{answers('alice', 'pw')}\n")
    program.chmod(0o755)
    assert (await store.resolve("ghcr.io")).username == "alice"


async def test_what_cannot_be_run_is_named(store, write_config, home, caplog):
    write_config(credsStore="mine", credHelpers={"quay.io": "../../evil"})
    (home / "bin" / "docker-credential-mine").write_text("")
    assert await store.resolve("ghcr.io") is None
    assert await store.resolve("quay.io") is None
    assert "docker-credential-mine can't be run: Permission denied" in caplog.text
    assert "'../../evil'" in caplog.text


def lister(users):
    """A helper's body that lists `users` and gives each its own name."""
    listed = json.dumps(dict.fromkeys(users, "someone"))
    cases = " ".join(f"'{url}') {answers(user, 'pw')};;" for url, user in users.items())
    return f"""if [ "$1" = list ]; then echo '{listed}'; exit; fi\ncase "$key" in {cases} *) {NOT_FOUND};; esac"""


async def test_a_build_finds_everything_that_is_kept(environ, write_config, install_helper):
    write_config(
        auths={"a.io": auth("file:pw"), "b.io": auth("file:pw"), "c.io": auth("file:pw"), HUB_KEY: {}},
        credsStore="all",
        credHelpers={"b.io": "own", "c.io": "own", "d.io": "own", "e.io": "missing"},
    )
    install_helper("all", lister({HUB_KEY: "store", "https://s.io": "store", f"{HUB_KEY}access-token": "desktop"}))
    install_helper("own", lister({"b.io": "own", "c.io": "own"}))
    environ["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"c.io": auth("environment:pw")}})
    found = await CredentialStore(environ=environ).all()
    assert {key: credentials.username for key, credentials in found.items()} == {
        HUB_KEY: "store",
        "s.io": "store",
        "a.io": "file",
        "b.io": "own",
        "c.io": "environment",
    }
    assert decoded(build_header(found)).keys() == found.keys()


def by_name(found):
    return {key: credentials.username for key, credentials in found.items()}


async def given_for(registry):
    return Credentials(f"{registry}'s", "pw")


async def test_a_build_gets_for_its_bases_what_a_pull_gets(environ, write_config, install_helper):
    write_config(auths={"a.io": auth("file:pw"), "b.io": auth("file:pw")}, credHelpers={"c.io": "own"})
    install_helper("own", answers("helper", "pw"))
    bases = ["docker.io", "a.io"]
    kept = {"a.io": "file", "b.io": "file", "c.io": "helper"}
    expected = {
        None: kept,
        Credentials("me", "pw"): {**kept, HUB_KEY: "me", "a.io": "me"},
        Credentials("me", "pw", server_address="a.io"): {**kept, "a.io": "me"},
        Credentials.anonymous(): {},
        given_for: {**kept, HUB_KEY: "docker.io's", "a.io": "a.io's"},
    }
    for source, names in expected.items():
        assert by_name(await CredentialStore(source, environ=environ).for_build(bases)) == names
        # of the call, it is the same
        assert by_name(await CredentialStore(environ=environ).for_build(bases, source)) == names


async def test_a_build_finds_in_a_store_that_can_not_list_what_its_bases_need(environ, write_config, install_helper):
    write_config(credsStore="mine")
    install_helper("mine", f'[ "$1" = get ] || {{ echo no; exit 1; }}\n{answers("alice", "pw")}')
    assert by_name(await CredentialStore(environ=environ).for_build(["a.io"])) == {"a.io": "alice"}


async def test_what_a_call_says_of_a_registry_beats_all_else(environ, write_config):
    write_config(auths={"a.io": auth("file:pw"), "b.io": auth("file:pw"), HUB_KEY: auth("file:pw")})
    store = CredentialStore(given_for, environ=environ)
    call = {
        "docker.io": Credentials.anonymous(),
        "https://a.io/v2/": Credentials("call", "pw"),
        "b.io": None,
        "c.io": given_for,
    }
    found = await store.for_build(["docker.io", "a.io"], call)
    assert by_name(found) == {"a.io": "call", "b.io": "b.io's", "c.io": "c.io's"}
    with pytest.raises(BadParameter, match=r"for ghcr\.io, not for a\.io"):
        await store.for_build([], {"a.io": Credentials("alice", "pw", **GHCR)})
    for nonsense in ("alice:pw", {"a.io": "alice:pw"}):
        with pytest.raises(BadParameter, match="not str"):
            await store.for_build([], nonsense)


async def test_what_is_for_another_registry_leaves_a_base_to_the_others(environ):
    store = CredentialStore(Credentials("client", "pw"), environ=environ)
    found = await store.for_build(["a.io"], Credentials("call", "pw", **GHCR))
    assert by_name(found) == {"a.io": "client", "ghcr.io": "call"}


async def test_no_registry_is_asked_for_that_a_call_has_answered(environ):
    asked = []

    async def give(registry):
        asked.append(registry)
        return Credentials.anonymous()

    store = CredentialStore(give, environ=environ)
    assert await store.for_build(["docker.io", "a.io"], {"docker.io": Credentials("call", "pw")})
    assert asked == ["a.io"]


@pytest.mark.parametrize("body", FAILING.values(), ids=FAILING)
async def test_a_store_that_cannot_list_spoils_no_build(environ, write_config, install_helper, body, caplog):
    write_config(auths={"a.io": auth("file:pw")}, credsStore="mine")
    if body is not None:
        install_helper("mine", body)
    found = await CredentialStore(environ=environ, helper_timeout=0.5).all()
    assert {key: credentials.username for key, credentials in found.items()} == {"a.io": "file"}
    assert "docker-credential-mine" in caplog.text
    assert SECRET not in caplog.text


def test_helpers_run_and_are_ended_on_uvloop_too(environ, write_config, install_helper):
    import uvloop

    write_config(credHelpers={"a.io": "good", "b.io": "hangs"})
    install_helper("good", answers("alice", "pw"))
    install_helper("hangs", FAILING["hangs"])
    impatient = CredentialStore(environ=environ, helper_timeout=0.1)

    async def both():
        return await CredentialStore(environ=environ).resolve("a.io"), await impatient.resolve("b.io")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(both()) == (Credentials("alice", "pw", server_address="a.io"), None)
