"""The engine that the user means is found, and never silently another."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import socket
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ordinary_user import as_an_ordinary_user

from aiodockerhub.context import EngineTarget, find_engine
from aiodockerhub.errors import BadAddress, BadCredentials, BadParameter
from aiodockerhub.wire.tls import TLS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Home:
    """A user's home directory, with the docker CLI's files in it as far as a test writes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.docker = path / ".docker"
        self.docker.mkdir()
        self.environ: dict[str, str] = {"XDG_RUNTIME_DIR": str(path / "run")}

    def find(self, *args: Any, **kwargs: Any) -> EngineTarget:
        return find_engine(*args, environ=self.environ, home=self.path, **kwargs)

    def config(self, content: object) -> None:
        text = content if isinstance(content, (str, bytes)) else json.dumps(content)
        (self.docker / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())

    def context(self, name: str, endpoint: object, *, below: str = "", meta: object = None, tls: tuple = ()) -> None:
        place = Path(below, hashlib.sha256(name.encode()).hexdigest())
        directory = self.docker / "contexts" / "meta" / place
        directory.mkdir(parents=True)
        content = {"Name": name, "Metadata": {"Any": [1]}, "Endpoints": {"docker": endpoint}} if meta is None else meta
        (directory / "meta.json").write_text(content if isinstance(content, str) else json.dumps(content))
        files = self.docker / "contexts" / "tls" / place / "docker"
        files.mkdir(parents=True)
        for part in tls:
            (files / f"{part}.pem").touch()

    def tls_of(self, name: str, below: str = "") -> Path:
        return self.docker / "contexts" / "tls" / below / hashlib.sha256(name.encode()).hexdigest() / "docker"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_order_in_which_an_engine_is_looked_for(home):
    for name in ("explicit", "environment", "current"):
        home.context(name, {"Host": f"tcp://{name}:1"})
    home.config({"currentContext": "current"})
    home.environ |= {"DOCKER_HOST": "tcp://host:1", "DOCKER_CONTEXT": "environment"}

    def found(*args: Any, **kwargs: Any) -> tuple[str, str]:
        target = home.find(*args, **kwargs)
        return str(target.address), target.name

    assert found("tcp://url:1") == ("http://url:1", "base_url")
    assert found(context="explicit") == ("http://explicit:1", 'context "explicit"')
    assert found() == ("http://host:1", "DOCKER_HOST")
    home.environ["DOCKER_HOST"] = ""
    assert found() == ("http://environment:1", 'context "environment" (DOCKER_CONTEXT)')
    home.environ["DOCKER_CONTEXT"] = ""
    config = home.docker / "config.json"
    assert found() == ("http://current:1", f'context "current" (currentContext in {config})')
    config.unlink()
    address, name = found()
    assert address.startswith("unix://")
    assert name.startswith("default socket")


def test_an_address_and_a_context_together_are_refused(home):
    with pytest.raises(BadParameter, match="give one"):
        home.find("tcp://url:1", context="remote")


def test_the_context_called_default_is_what_the_environment_says(home):
    home.context("current", {"Host": "tcp://current:1"})
    home.config({"currentContext": "current"})
    home.environ |= {"DOCKER_HOST": "tcp://host:1", "DOCKER_CONTEXT": "current"}
    assert home.find(context="default").name == "DOCKER_HOST"
    del home.environ["DOCKER_HOST"]
    assert home.find(context="default").name.startswith("default socket")
    home.environ["DOCKER_CONTEXT"] = "default"
    assert home.find().name.startswith("default socket")
    del home.environ["DOCKER_CONTEXT"]
    home.config({"currentContext": "default"})
    assert home.find().name.startswith("default socket")


def test_docker_config_names_another_directory(home, tmp_path):
    (tmp_path / "other").mkdir()
    home.docker.rename(tmp_path / "other" / "docker")
    home.docker = tmp_path / "other" / "docker"
    home.context("remote", {"Host": "tcp://remote:1"})
    home.config({"currentContext": "remote", "HttpHeaders": {"X-A": "1"}})
    assert home.find().name.startswith("default socket")
    home.environ["DOCKER_CONFIG"] = str(home.docker)
    assert str(home.find().address) == "http://remote:1"
    assert home.find().http_headers == {"X-A": "1"}


def test_the_process_environment_and_home_are_the_default(home, monkeypatch):
    home.context("remote", {"Host": "tcp://remote:1"})
    monkeypatch.setattr(os, "environ", {"HOME": str(home.path), "DOCKER_CONTEXT": "remote"})
    assert str(find_engine().address) == "http://remote:1"
    assert str(find_engine(environ={"HOME": str(home.path)}, context="remote").address) == "http://remote:1"


def test_a_user_without_a_home_has_no_files(monkeypatch):
    def no_entry() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_entry)
    assert str(find_engine(environ={"DOCKER_HOST": "tcp://host:1"}).address) == "http://host:1"


@pytest.fixture
def short_home() -> Iterator[Home]:
    """The path of a socket must be short."""
    with tempfile.TemporaryDirectory() as directory:
        yield Home(Path(directory))


def test_the_first_socket_that_exists_is_taken(short_home, monkeypatch):
    monkeypatch.setattr("aiodockerhub.context._SYSTEM_SOCKET", f"{short_home.path}/system/docker.sock")
    with contextlib.ExitStack() as stack:
        for place in (".docker/desktop", ".docker/run", "run", "system"):
            path = short_home.path / place / "docker.sock"
            path.parent.mkdir()
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(str(path))
            target = short_home.find()
            assert target == EngineTarget(target.address, None, "default socket")
            assert str(target.address) == f"unix://{path}"


def test_a_user_without_a_runtime_directory_has_no_rootless_socket(home, monkeypatch):
    monkeypatch.setattr("aiodockerhub.context._SYSTEM_SOCKET", "/nowhere/docker.sock")
    del home.environ["XDG_RUNTIME_DIR"]
    assert str(home.find().address) == "unix:///nowhere/docker.sock"


def test_without_any_socket_the_systems_is_named_and_all_that_were_tried(home, monkeypatch):
    monkeypatch.setattr("aiodockerhub.context._SYSTEM_SOCKET", "/nowhere/docker.sock")
    # what docker makes of a bind mount of a socket that was not there
    (home.path / "run" / "docker.sock").mkdir(parents=True)
    target = home.find()
    assert str(target.address) == "unix:///nowhere/docker.sock"
    for tried in ("/nowhere/docker.sock", "run/docker.sock", ".docker/run/docker.sock", ".docker/desktop/docker.sock"):
        assert tried in target.name
    assert target.tls is None


OWN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
FILES = TLS("/certs/ca.pem")


@pytest.mark.parametrize("tls", [True, OWN, FILES])
@pytest.mark.parametrize(
    ("url", "expected"),
    [("tcp://box", "https://box:2376"), ("tcp://box:7/p", "https://box:7/p"), ("https://box", "https://box:443")],
)
def test_tls_that_was_given_is_spoken(home, url, expected, tls):
    for target in (home.find(url, tls=tls), _from_environment(home, url, tls=tls)):
        assert str(target.address) == expected
        assert target.tls is tls


def _from_environment(home: Home, url: str, **kwargs: Any) -> EngineTarget:
    return find_engine(environ=home.environ | {"DOCKER_HOST": url}, home=home.path, **kwargs)


def test_without_tls_none_is_spoken_but_to_https(home):
    assert str(home.find("tcp://box").address) == "http://box:2375"
    assert home.find("tcp://box").tls is None
    assert home.find("http://box").tls is None
    assert home.find("https://box").tls is True


def test_the_environment_asks_for_tls(home):
    home.environ |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"}
    for target in (home.find("tcp://box"), _from_environment(home, "tcp://box")):
        assert str(target.address) == "https://box:2376"
        assert target.tls == FILES
    assert home.find("https://box").tls == FILES
    assert home.find("tcp://box", tls=True).tls is True
    assert home.find("unix:///x.sock").tls is None
    assert _from_environment(home, "unix:///x.sock").tls is None
    del home.environ["DOCKER_CERT_PATH"]
    assert home.find("tcp://box").tls == TLS(home.docker / "ca.pem")


def test_an_address_that_says_http_is_believed_over_the_environment_but_not_beside_it(home):
    home.environ["DOCKER_TLS_VERIFY"] = "1"
    assert home.find("http://box").tls is None
    with pytest.raises(BadParameter, match="DOCKER_HOST: http://box speaks no TLS"):
        _from_environment(home, "http://box")


@pytest.mark.parametrize("url", ["http://box", "unix:///x.sock"])
def test_tls_where_none_can_be_spoken_is_refused(home, url):
    with pytest.raises(BadParameter, match="base_url"):
        home.find(url, tls=True)
    with pytest.raises(BadParameter, match="DOCKER_HOST"):
        _from_environment(home, url, tls=FILES)


def test_tls_alone_does_not_say_where(home):
    with pytest.raises(BadParameter, match="default socket"):
        home.find(tls=True)


@pytest.mark.parametrize("tls", [False, 1, "ca.pem", {"ca": "ca.pem"}])
def test_what_is_no_tls_is_refused(home, tls):
    with pytest.raises(BadParameter, match="tls="):
        home.find("tcp://box", tls=tls)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"Host": "tcp://box"}, "http://box:2375"),
        ({"host": "unix:///x.sock", "SOMETHING": 1}, "unix:///x.sock"),
        ({"HOST": "https://box", "skiptlsverify": False}, "https://box:443"),
        ({"Host": "tcp://right:1", "host": "tcp://wrong:1"}, "http://right:1"),
        ({"Host": "tcp://box:1", "SkipTLSVerify": None}, "http://box:1"),
    ],
)
def test_a_context_names_its_engine(home, endpoint, expected):
    home.context("remote", endpoint)
    assert str(home.find(context="remote").address) == expected


def test_field_names_are_read_in_any_case(home):
    home.context("remote", None, meta={"name": "remote", "ENDPOINTS": {"docker": {"host": "tcp://box:1"}}})
    home.config({"CURRENTCONTEXT": "remote", "httpheaders": {"X-A": "1"}})
    assert str(home.find().address) == "http://box:1"
    assert home.find().http_headers == {"X-A": "1"}


def test_a_context_may_stand_one_level_deeper(home):
    home.context("other", {"Host": "tcp://other:1"})
    home.context("remote", {"Host": "tcp://box:1"}, below="team", tls=("ca",))
    target = home.find(context="remote")
    assert str(target.address) == "https://box:1"
    assert target.tls == TLS(home.tls_of("remote", "team") / "ca.pem")


@pytest.mark.parametrize("parts", [("ca",), ("cert", "key"), ("ca", "cert", "key")])
def test_the_files_of_a_context_are_its_tls(home, parts):
    home.context("remote", {"Host": "tcp://box"}, tls=parts)
    target = home.find(context="remote")
    assert str(target.address) == "https://box:2376"
    assert target.tls == TLS(**{part: home.tls_of("remote") / f"{part}.pem" for part in parts})
    assert home.find(context="remote", tls=FILES).tls is FILES


def test_a_context_may_leave_certificates_unchecked(home):
    home.context("remote", {"Host": "tcp://box", "SkipTLSVerify": True})
    assert home.find(context="remote").tls == TLS(verify=False)


def test_a_context_on_a_unix_socket_needs_no_tls_files(home):
    home.context("remote", {"Host": "unix:///x.sock"}, tls=("ca",))
    assert home.find(context="remote").tls is None
    with pytest.raises(BadParameter, match=r'context "remote": unix:///x\.sock is a unix socket'):
        home.find(context="remote", tls=True)


def test_a_context_speaks_no_tls_because_the_environment_does(home):
    home.context("remote", {"Host": "tcp://box"})
    home.environ |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CONTEXT": "remote"}
    assert str(home.find().address) == "http://box:2375"


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ("", "no JSON object"),
        ("{", "no JSON object"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        ("[" * 200_000, "no JSON object"),
        ('{"a":' * 200_000, "no JSON object"),
        (" " * (1024 * 1024 + 1), "more than 1048576 bytes"),
        ({"Name": "other", "Endpoints": {"docker": {"Host": "tcp://x:1"}}}, "another context's"),
        ({"Endpoints": {"docker": {"Host": "tcp://x:1"}}}, "another context's"),
        ({"Name": "remote"}, "no address"),
        ({"Name": "remote", "Endpoints": []}, "no address"),
        ({"Name": "remote", "Endpoints": {"kubernetes": {"Host": "tcp://x:1"}}}, "no address"),
        ({"Name": "remote", "Endpoints": {"docker": "tcp://x:1"}}, "no address"),
        ({"Name": "remote", "Endpoints": {"docker": {}}}, "no address"),
        ({"Name": "remote", "Endpoints": {"docker": {"Host": ""}}}, "no address"),
        ({"Name": "remote", "Endpoints": {"docker": {"Host": 7}}}, "no address"),
        ({"Name": "remote", "Endpoints": {"docker": {"Host": "tcp://x:1", "SkipTLSVerify": "no"}}}, "SkipTLSVerify"),
        ({"Name": "remote", "Endpoints": {"docker": {"Host": "tcp://x:0"}}}, "port"),
        ({"Name": "remote", "Endpoints": {"docker": {"Host": "ssh://me@box"}}}, "ssh:// can't be used yet"),
        ({"Name": "remote", "Endpoints": {"docker": {"Host": "npipe:////./pipe/x"}}}, "npipe:// can't be used yet"),
    ],
)
@pytest.mark.parametrize("chosen_by", ["argument", "environment", "file"])
def test_a_context_that_can_not_be_used_is_refused_by_name(home, meta, words, chosen_by):
    home.context("remote", None, meta=meta)
    _choose(home, "remote", chosen_by)
    with pytest.raises(BadAddress, match=f'^context "remote".*{words}'):
        home.find(context="remote" if chosen_by == "argument" else None)


def _choose(home: Home, context: str, chosen_by: str) -> None:
    if chosen_by == "environment":
        home.environ["DOCKER_CONTEXT"] = context
    if chosen_by == "file":
        home.config({"currentContext": context})


@pytest.mark.parametrize("chosen_by", ["argument", "environment", "file"])
def test_a_missing_context_is_refused_by_name_though_another_engine_is_there(home, chosen_by):
    home.context("other", {"Host": "tcp://other:1"})
    _choose(home, "remote", chosen_by)
    with pytest.raises(BadAddress, match=r'context "remote".*no such context'):
        home.find(context="remote" if chosen_by == "argument" else None)


def test_a_missing_context_is_refused_where_there_are_none_at_all(home):
    with pytest.raises(BadAddress, match=r'context "remote".*no such context'):
        home.find(context="remote")


@pytest.mark.parametrize("name", ["", "a", "../x", "a/b", ".a", "-a", "a b", "ä-b", "a\n", 7])
def test_what_is_no_name_of_a_context_is_refused(home, name):
    with pytest.raises(BadAddress, match="no name of a context"):
        home.find(context=name)


def test_a_context_with_tls_and_an_address_that_says_http_contradicts_itself(home):
    home.context("remote", {"Host": "http://box:1"}, tls=("ca",))
    with pytest.raises(BadAddress, match=r'context "remote".*speaks no TLS'):
        home.find(context="remote")


def test_a_context_with_a_key_but_no_certificate_is_refused(home):
    home.context("remote", {"Host": "tcp://box:1"}, tls=("ca", "key"))
    with pytest.raises(BadAddress, match=r'context "remote".*a key without its certificate'):
        home.find(context="remote")


def test_contexts_that_this_user_may_not_read_are_told(short_home):
    short_home.context("remote", {"Host": "tcp://box:1"})
    short_home.context("deeper", {"Host": "tcp://box:1"}, below="team")
    short_home.path.chmod(0o755)
    meta = short_home.docker / "contexts" / "meta"
    meta.chmod(0o711)
    with as_an_ordinary_user(), pytest.raises(BadAddress, match=r'context "deeper".*meta can\'t be read: Permission'):
        short_home.find(context="deeper")
    for place in (meta, meta.parent):
        place.chmod(0)
        with as_an_ordinary_user(), pytest.raises(BadAddress, match=r'context "remote".*Permission denied'):
            short_home.find(context="remote")


def test_a_bad_docker_host_is_refused_by_name_and_without_its_password(home):
    with pytest.raises(BadAddress, match=r"^DOCKER_HOST: bad address") as caught:
        _from_environment(home, "tcp://me:sesame@box")
    assert "sesame" not in str(caught.value)
    with pytest.raises(BadAddress, match=r"^DOCKER_HOST:.*ssh:// can't be used yet"):
        _from_environment(home, "ssh://box")


@pytest.mark.parametrize("url", ["", "box", "tcp://box:0", "ssh://box"])
def test_a_bad_address_is_refused(home, url):
    with pytest.raises(BadAddress):
        home.find(url)


UNREADABLE = [
    "{",
    "[]",
    "null",
    '{"currentContext": 7}',
    b"\xff\xfe",
    '{"a": "\ud800"}'.encode("utf-8", "surrogatepass"),
]


@pytest.mark.parametrize("content", [*UNREADABLE, " " * (1024 * 1024 + 1), "[" * 200_000])
def test_a_config_that_can_not_be_read_is_told_with_its_file_where_it_may_name_the_engine(home, content):
    home.config(content)
    with pytest.raises(BadCredentials) as caught:
        home.find()
    assert caught.value.file == str(home.docker / "config.json")
    assert caught.value.file in str(caught.value)


@pytest.mark.parametrize("content", UNREADABLE)
def test_an_engine_that_is_named_otherwise_is_found_whatever_is_in_config_json(home, content):
    home.config(content)
    assert str(home.find("tcp://box:1").address) == "http://box:1"
    assert str(_from_environment(home, "tcp://box:1").address) == "http://box:1"


def test_no_word_of_a_broken_config_is_repeated(home, caplog):
    home.config('{"HttpHeaders": {"X-Token": "sesame" "currentContext": "x"}')
    with pytest.raises(BadCredentials) as caught:
        home.find()
    assert "sesame" not in str(caught.value)
    home.find("tcp://box:1")
    assert "config.json" in caplog.text
    assert "sesame" not in caplog.text


@pytest.mark.parametrize(
    "content", ["", " \n", "{}", '{"currentContext": ""}', '{"currentContext": null}', '{"auths": 7}']
)
def test_a_config_that_says_nothing_is_no_error(home, content, caplog):
    home.config(content)
    assert home.find().name.startswith("default socket")
    assert not caplog.text


def test_a_config_that_this_user_may_not_read_is_told(short_home):
    short_home.config({})
    short_home.path.chmod(0o755)
    (short_home.docker / "config.json").chmod(0)
    with as_an_ordinary_user(), pytest.raises(BadCredentials, match="Permission denied"):
        short_home.find()


def test_headers_of_the_config_go_to_the_engine_but_not_what_is_not_its_own_to_say(home):
    framing = {"Host": "elsewhere", "content-length": "5", "Transfer-Encoding": "chunked", "Connection": "x"}
    named = {"User-Agent": "x", "user-agent": "y", **framing}
    home.config({"HttpHeaders": {"X-Token": "sesame", "X-B": "a\tb ü", **named}})
    target = home.find("tcp://box:1")
    assert target.http_headers == {"X-Token": "sesame", "X-B": "a\tb ü"}
    assert "sesame" not in repr(target)
    with pytest.raises(TypeError):
        target.http_headers["X-C"] = "1"
    assert hash(target) == hash(home.find("tcp://box:1"))


@pytest.mark.parametrize(
    "headers",
    [
        *(7, ["X-A"], {"X-A": 7}, {"X-A": None}, {"X-A": "sesame\r\nX-B: 1"}, {"X-A": "sesame\0"}),
        *({"X A": "sesame"}, {"": "sesame"}, {"X-A:": "sesame"}, {"X-A\r\n": "sesame"}),
    ],
)
def test_headers_that_can_not_be_sent_are_left_out_with_a_warning(home, headers, caplog):
    home.config({"HttpHeaders": headers})
    with caplog.at_level(logging.WARNING, "aiodockerhub"):
        assert home.find("tcp://box:1").http_headers == {}
    assert "HttpHeaders" in caplog.text
    assert "sesame" not in caplog.text
