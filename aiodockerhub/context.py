"""Which engine the user means: an address, a context of the docker CLI, or the usual socket; never silently another."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
import stat
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import msgspec

from aiodockerhub.decoding import decoded
from aiodockerhub.docker_directory import docker_directory, home_directory
from aiodockerhub.errors import BadAddress, BadCredentials, BadParameter
from aiodockerhub.wire.address import Address, parse_address
from aiodockerhub.wire.tls import TLS, pem_files, tls_from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ssl import SSLContext

__all__ = ["EngineTarget", "find_engine"]

_log = logging.getLogger(__name__)

_TLSChoice: TypeAlias = "Literal[True] | SSLContext | TLS"

_SYSTEM_SOCKET = "/var/run/docker.sock"
_LARGEST_FILE = 1024 * 1024
_CONTEXT_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")
_NOT_SENT: Final = frozenset(
    {"connection", "content-length", "host", "trailer", "transfer-encoding", "upgrade", "user-agent"}
)
"""Headers that are not the configuration's to say: the CLI, as all that is written in Go, leaves them out too."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class EngineTarget(msgspec.Struct, frozen=True):
    """The engine that is meant.

    `address` is settled: `unix`, `http` or `https`, with a port. `tls` is what `ssl_context` takes, None where none is
    spoken. `name` says who named it (`base_url`, `DOCKER_HOST`, `context "remote"`, `default socket`), for errors.
    `http_headers` are those that config.json wants on every request to an engine; they may be secret.
    """

    address: Address
    tls: Literal[True] | SSLContext | TLS | None
    name: str
    http_headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        return f"<EngineTarget {self.address} ({self.name})>"

    def __hash__(self) -> int:
        return hash((self.address, self.name))


def find_engine(
    base_url: str | None = None,
    *,
    tls: Literal[True] | SSLContext | TLS | None = None,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
    home: str | os.PathLike[str] | None = None,
) -> EngineTarget:
    """The engine that the user means.

    That is the first of `base_url`, `context`, DOCKER_HOST, DOCKER_CONTEXT, config.json's currentContext, and the
    usual sockets (the system's, rootless, Docker Desktop's: the first that exists).

    `tls` beats what the environment or the context says; without it an address of tcp:// is spoken to with TLS where
    DOCKER_TLS_VERIFY, DOCKER_TLS or the context's files ask for it. `environ` and `home` are the process's by default.
    Reads a few small files and connects to nothing.

    Raises BadParameter for `base_url` and `context` together, and for `tls` where none can be spoken (http://, a unix
    socket); BadAddress for an address or context that is malformed, missing or can't be used yet; BadCredentials,
    with its `file`, for a config.json that can't be read while its currentContext is needed.
    """
    _check_tls(tls)
    if base_url is not None and context is not None:
        raise BadParameter("base_url= and context= both name an engine; give one")
    environ = os.environ if environ is None else environ
    config = _Configuration(environ, Path(home) if home is not None else home_directory(environ))
    found = _found(base_url, context, config)
    address, tls = _settled(found, tls)
    return EngineTarget(address, tls, found.name, config.headers())


class _Found(msgspec.Struct, frozen=True):
    """An address, who named it, and the TLS that came along."""

    address: Address
    name: str
    tls: TLS | None = None


class _Configuration:
    """The environment, and the directory of the docker CLI's files."""

    def __init__(self, environ: Mapping[str, str], home: Path) -> None:
        self.environ = environ
        self.home = home
        self.directory = docker_directory(environ, home)
        self.file = self.directory / "config.json"

    def current_context(self) -> str | None:
        """Raises BadCredentials where the file can't be read: the context in it may be another engine."""
        name = _field(self._content, "currentContext") or None
        if name is not None and not isinstance(name, str):
            raise BadCredentials(f"{self.file}: currentContext is no string", file=str(self.file))
        return name

    def headers(self) -> Mapping[str, str]:
        """The file's HttpHeaders, without User-Agent as in the CLI; none, and a warning, where it can't be read."""
        try:
            headers = _field(self._content, "HttpHeaders")
            return MappingProxyType(_checked_headers(headers or {}))
        except (BadCredentials, BadParameter) as error:
            _log.warning("the HTTP headers that %s may want are not sent: %s", self.file, error)
            return MappingProxyType({})

    def tls(self) -> TLS | None:
        return tls_from_environment(self.environ, self.directory)

    @functools.cached_property
    def _content(self) -> Mapping[str, object]:
        try:
            content = _read(self.file)
            # the CLI, too, takes an empty file for an empty configuration
            return {} if content is None or not content.strip() else _object(content)
        except _UnreadableError as error:
            raise BadCredentials(f"{self.file}: {error}", file=str(self.file)) from error


class _UnreadableError(Exception):
    """What is wrong with a file."""


def _found(base_url: str | None, context: str | None, config: _Configuration) -> _Found:
    if base_url is not None:
        address = parse_address(base_url)
        # who writes http:// here has said more than the environment could
        return _Found(address, "base_url", None if address.scheme == "http" else config.tls())
    if context is not None and context != "default":
        return _of_context(context, "", config)
    host = config.environ.get("DOCKER_HOST")
    if host:
        return _Found(_parsed(host, "DOCKER_HOST"), "DOCKER_HOST", config.tls())
    if context is None:
        current = config.environ.get("DOCKER_CONTEXT")
        origin = "DOCKER_CONTEXT"
        if not current:
            current, origin = config.current_context(), f"currentContext in {config.file}"
        if current and current != "default":
            return _of_context(current, f" ({origin})", config)
    return _usual_socket(config)


def _settled(found: _Found, tls: _TLSChoice | None) -> tuple[Address, _TLSChoice | None]:
    """Decides between TLS and none."""
    address = found.address
    if address.scheme == "unix":
        if tls is not None:
            raise BadParameter(f"{found.name}: {address} is a unix socket, which speaks no TLS; leave out tls=")
        return address, None
    chosen = tls if tls is not None else found.tls
    if chosen is None and address.scheme == "https":
        chosen = True
    try:
        return address.with_tls(chosen is not None), chosen
    except BadAddress as error:
        raise BadAddress(f"{found.name}: {error}, but TLS is asked for") from None


def _check_tls(tls: object) -> None:
    if tls is None or tls is True or isinstance(tls, TLS):
        return
    ssl = sys.modules.get("ssl")  # who has an SSLContext has imported it; nobody else pays for it
    if ssl is None or not isinstance(tls, ssl.SSLContext):
        raise BadParameter(f"tls= takes True, a TLS or an ssl.SSLContext, not {tls!r}; leave it out for none")


def _usual_socket(config: _Configuration) -> _Found:
    sockets = [_SYSTEM_SOCKET]
    runtime = config.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        sockets.append(f"{runtime}/docker.sock")
    sockets += [str(config.home / ".docker" / below / "docker.sock") for below in ("run", "desktop")]
    for socket in sockets:
        if _is_socket(socket):
            return _Found(Address("unix", socket=socket), "default socket")
    return _Found(Address("unix", socket=sockets[0]), f"default socket (none exists: {', '.join(sockets)})")


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116  (Path.is_socket raises where one may not look)
    except (OSError, ValueError):
        return False


def _of_context(context: str, origin: str, config: _Configuration) -> _Found:
    if not isinstance(context, str) or not _CONTEXT_NAME.fullmatch(context):
        raise BadAddress(f"context {context!r}{origin}: that is no name of a context")
    name = f'context "{context}"{origin}'
    contexts = config.directory / "contexts"
    try:
        place, metadata = _metadata(contexts / "meta", context)
        host, skip = _endpoint(metadata, context)
        tls = _tls_of_context(contexts / "tls" / place / "docker", skip=skip)
    except (_UnreadableError, BadParameter) as error:
        raise BadAddress(f"{name}: {error}") from error
    return _Found(_parsed(host, name), name, tls)


def _metadata(meta: Path, context: str) -> tuple[Path, Mapping[str, object]]:
    """The context's directory, relative to `meta`, and what its meta.json holds."""
    identifier = hashlib.sha256(context.encode()).hexdigest()
    for place in _places(meta, identifier):
        content = _read(meta / place / "meta.json")
        if content is not None:
            return place, _object(content)
    raise _UnreadableError(f"there is no such context in {meta}")


def _places(meta: Path, identifier: str) -> Iterator[Path]:
    """Where a context's files may stand: in a directory named after it, at the top or one level deeper."""
    yield Path(identifier)
    try:
        names = sorted(os.listdir(meta))  # noqa: PTH208  (only the names are wanted)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _UnreadableError(f"{meta} can't be read: {error.strerror}") from error
    yield from (Path(name, identifier) for name in names)


def _endpoint(metadata: Mapping[str, object], context: str) -> tuple[str, bool]:
    """The address in a context's metadata, and whether certificates go unchecked."""
    if _field(metadata, "Name") != context:
        raise _UnreadableError("its meta.json is another context's")
    endpoint = _mapping(_mapping(_field(metadata, "Endpoints")).get("docker"))
    host, skip = _field(endpoint, "Host"), _field(endpoint, "SkipTLSVerify") or False
    if not isinstance(host, str) or not host:
        raise _UnreadableError("its meta.json names no address of an engine")
    if not isinstance(skip, bool):
        raise _UnreadableError("SkipTLSVerify in its meta.json is neither true nor false")
    return host, skip


def _tls_of_context(files: Path, *, skip: bool) -> TLS | None:
    given = pem_files(files)
    if not given and not skip:
        return None
    return TLS(ca=given.get("ca"), cert=given.get("cert"), key=given.get("key"), verify=not skip)


def _parsed(text: str, name: str) -> Address:
    try:
        return parse_address(text)
    except BadAddress as error:
        raise BadAddress(f"{name}: {error}") from None


def _read(file: Path) -> bytes | None:
    """The file's bytes, None where there is none."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _UnreadableError(f"{file.name} can't be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > _LARGEST_FILE:
        raise _UnreadableError(f"{file.name} has more than {_LARGEST_FILE} bytes")
    return content


def _object(content: bytes) -> Mapping[str, object]:
    try:
        return decoded(content, dict[str, object])
    except ValueError as error:
        raise _UnreadableError(f"it is no JSON object: {error}") from error


def _field(mapping: Mapping[str, object], name: str) -> object:
    """A field by its name in whatever case, as Go's JSON reads it; the exact name before others."""
    if name in mapping:
        return mapping[name]
    return next((value for key, value in mapping.items() if key.lower() == name.lower()), None)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _checked_headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, dict):
        raise BadParameter("HttpHeaders is no object")
    checked: dict[str, str] = {}
    for name, value in cast("dict[str, object]", headers).items():
        if not _HEADER_NAME.fullmatch(name):
            raise BadParameter(f"HttpHeaders: {name!r} is no name of a header")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise BadParameter(f"HttpHeaders: the value of {name} can't be sent")
        if name.lower() not in _NOT_SENT:
            checked[name] = value
    return checked
