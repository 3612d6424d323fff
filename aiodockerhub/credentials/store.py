"""Where credentials are found when the caller names none: the environment, helpers, `config.json`. Only read."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import inspect
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from aiodockerhub.credentials.credentials import BuildCredentials, Credentials, CredentialsSource, kept_for, server_key
from aiodockerhub.credentials.helper_program import run_helper
from aiodockerhub.decoding import decoded
from aiodockerhub.docker_directory import docker_directory
from aiodockerhub.errors import BadCredentials, BadParameter
from aiodockerhub.reference import HUB

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["CredentialStore"]

_log = logging.getLogger("aiodockerhub.credentials")

_ENVIRONMENT = "DOCKER_AUTH_CONFIG"
_HELPER_LIMIT = 60.0
"""Seconds: long enough for somebody to unlock a key ring."""
_FAILURE_HOLDS = 60.0
"""Seconds until a helper that failed is asked again: a thousand pulls must not wait for it one by one."""
_HELPERS_AT_ONCE = 4
_LARGEST_FILE = 16 << 20
_TOKEN_USER = "<token>"  # noqa: S105  (the name that marks a token)
_NULL = msgspec.Raw(b"null")


class _Entry(msgspec.Struct):
    """One registry's entry in a credentials file. `{}` means that the secret is in a helper's keeping."""

    auth: str | None = None
    username: str | None = None
    password: str | None = None
    email: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None

    def __repr__(self) -> str:
        return "_Entry(***)"

    def credentials(self, key: str) -> Credentials | None:
        if self.identitytoken:
            return Credentials.token(self.identitytoken, server_address=key)
        if self.registrytoken:
            return Credentials.registry_token(self.registrytoken, server_address=key)
        if self.auth:
            self._unpack()
        if self.username:
            return Credentials(self.username, self.password or "", email=self.email, server_address=key)
        return None

    def _unpack(self) -> None:
        """Takes user name and password from `auth`."""
        try:
            pair = base64.b64decode(self.auth or "", validate=True).decode()
        except ValueError:
            pair = ""
        username, colon, password = pair.partition(":")
        if not (username and colon):
            del pair, password
            raise BadParameter("auth is not the base64 form of USER:PASSWORD")
        self.username, self.password = username, password.rstrip("\0")


class _File(msgspec.Struct, rename="camel"):
    """What concerns us in config.json. Entries are decoded when asked for: a bad one spoils no other."""

    auths: dict[str, msgspec.Raw] | None = None
    creds_store: str | None = None
    cred_helpers: dict[str, str] | None = None

    def helper(self, key: str) -> str | None:
        return (self.cred_helpers or {}).get(key) or self.creds_store or None

    def names(self, key: str) -> list[str]:
        """The entries that answer for `key`: its own name first, then those that mean the same."""
        return sorted((name for name in self.auths or {} if kept_for(name) == key), key=lambda name: name != key)

    def entry(self, name: str, key: str) -> Credentials | None:
        """Raises ValueError, whose text repeats nothing of the entry."""
        entry = (self.auths or {})[name]
        return None if entry == _NULL else decoded(entry, _Entry).credentials(key)


_Stamp: TypeAlias = tuple[str, int, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class _Loaded:
    """A file as it was at `stamp`: its path, inode, time of change and size."""

    stamp: _Stamp | None
    file: _File
    failure: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What a helper said: credentials, nothing, or how it failed and until when that holds."""

    credentials: Credentials | None = None
    failure: str | None = None
    until: float = math.inf


class CredentialStore:
    """Finds the credentials for a registry. One store serves one event loop; making it reads nothing.

    The first that answers counts:

    1. `auth`, given with the call. With another registry's `server_address` it is refused.
    2. `credentials`, given here. With another registry's `server_address` they are passed over.
    3. the environment's `DOCKER_AUTH_CONFIG`
    4. the helper that config.json names for the registry (`credHelpers`, else `credsStore`), found in PATH
    5. the entry of config.json, in `DOCKER_CONFIG` or `~/.docker`
    6. nobody: None

    Files are read again when they change. A helper runs once for each registry, never twice at a time; what it
    said holds until config.json changes or `forget` is called, that it failed for a minute. When one of 3 to 5
    fails (a helper missing, or silent for `helper_timeout` seconds; a file that can't be parsed), that is logged
    as a warning, and the next is tried. `environ` stands in for the process's environment, `config_dir` for the
    directory of config.json.
    """

    def __init__(
        self,
        credentials: CredentialsSource = None,
        *,
        environ: Mapping[str, str] | None = None,
        config_dir: str | os.PathLike[str] | None = None,
        helper_timeout: float = _HELPER_LIMIT,
    ) -> None:
        _check_source(credentials)
        self._credentials = credentials
        self._environ: Mapping[str, str] = os.environ if environ is None else environ
        self._config_dir = config_dir
        self._helper_timeout = helper_timeout
        self._loaded = _Loaded(None, _File())
        self._looking = asyncio.Lock()
        self._looks = 0
        self._looked = 0
        """The number of the last look that came to its end."""
        self._answers: dict[tuple[str, str], _Known] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._helpers = asyncio.Semaphore(_HELPERS_AT_ONCE)
        self._warned: set[str] = set()

    async def resolve(
        self, registry: str, auth: CredentialsSource = None, *, required: bool = False
    ) -> Credentials | None:
        """The credentials for `registry` (a host, host:port or URL), or None.

        What a coroutine function raises passes through; what it gives other than credentials raises
        BadCredentials. With `required`, a helper or file that failed raises BadCredentials too, if nothing else
        answers. Raises BadParameter when `auth` is for another registry.
        """
        key = server_key(registry)
        _check_source(auth)
        if auth is not None:
            given = await _given(auth, key)
            given.check_answers_for(registry)
            return given
        return await _offered(self._credentials, key) or await self._stored(key, required=required)

    async def all(self) -> dict[str, Credentials]:
        """Everything that is kept, by server key; what fails is logged and left out.

        Credentials given to the store are among them if they have a `server_address`; explicit nobody hides them all.
        """
        given = self._credentials
        found: dict[str, Credentials] = {}
        if isinstance(given, Credentials) and given.is_anonymous:
            return found
        for part in (self._all_in_store, self._all_in_file, self._all_in_helpers, self._all_in_environment):
            try:
                found.update(await part())
            except BadCredentials as error:
                self._warn(error)
        if isinstance(given, Credentials) and given.server_address is not None:
            found[server_key(given.server_address)] = given
        return found

    async def for_build(self, bases: Iterable[str] = (), auth: BuildCredentials = None) -> dict[str, Credentials]:
        """What a build may need, by server key, for `build_header`: all that is kept, and more for certain registries.

        `bases` are the registries of its base images, as far as they are known: they get what `resolve` finds for
        them. `auth` beats that: by registry (None: what `resolve` finds), or one source for all of `bases`; explicit
        nobody takes one registry out, or all.
        """
        source, named = _apart(auth)
        if isinstance(source, Credentials) and source.is_anonymous:
            return {}
        found: dict[str, Credentials | None] = {**await self.all()}
        for key in {server_key(registry) for registry in bases} - named.keys():
            found[key] = await _offered(source, key) or await self.resolve(key)
        if isinstance(source, Credentials) and source.server_address is not None:
            found[server_key(source.server_address)] = source
        for key, one in named.items():
            found[key] = await self.resolve(key, one)
        return {key: one for key, one in found.items() if one is not None and not one.is_anonymous}

    def forget(self, registry: str) -> None:
        """Ask the helper anew at the next use, for secrets that a registry has just refused."""
        key = server_key(registry)
        for slot in [slot for slot in self._answers if kept_for(slot[1]) == key]:
            del self._answers[slot]

    async def _stored(self, key: str, *, required: bool) -> Credentials | None:
        failures: list[BadCredentials] = []
        for place in (self._in_environment, self._in_helper, self._in_file):
            try:
                found = await place(key)
            except BadCredentials as error:
                self._warn(error)
                failures.append(error)
            else:
                if found is not None:
                    return found
        if required and failures:
            raise failures[0]
        return None

    async def _in_environment(self, key: str) -> Credentials | None:
        return self._entry(self._environment(), key, _ENVIRONMENT)

    async def _in_helper(self, key: str) -> Credentials | None:
        helper = (await self._config()).helper(key)
        return None if helper is None else await self._ask(helper, key)

    async def _in_file(self, key: str) -> Credentials | None:
        return self._entry(await self._config(), key, self._path)

    async def _all_in_environment(self) -> dict[str, Credentials]:
        return self._entries(self._environment(), _ENVIRONMENT)

    async def _all_in_file(self) -> dict[str, Credentials]:
        return self._entries(await self._config(), self._path)

    async def _all_in_store(self) -> dict[str, Credentials]:
        store = (await self._config()).creds_store
        if not store:
            return {}
        listed = (await run_helper(store, "list", "", self._environ, self._helper_timeout)).listed()
        return await self._ask_all({name: store for name in listed if kept_for(name)})

    async def _all_in_helpers(self) -> dict[str, Credentials]:
        return await self._ask_all((await self._config()).cred_helpers or {})

    async def _ask_all(self, helpers: Mapping[str, str]) -> dict[str, Credentials]:
        async def ask(name: str, helper: str) -> Credentials | None:
            try:
                return await self._ask(helper, name)
            except BadCredentials as error:
                self._warn(error)
                return None

        async with asyncio.TaskGroup() as group:
            asked = {name: group.create_task(ask(name, helper)) for name, helper in helpers.items()}
        said = {kept_for(name) or name: task.result() for name, task in asked.items()}
        return {key: credentials for key, credentials in said.items() if credentials is not None}

    async def _ask(self, helper: str, name: str) -> Credentials | None:
        """What `helper` keeps under `name`, asked once. Raises BadCredentials."""
        slot, answers, now = (helper, name), self._answers, asyncio.get_running_loop().time
        async with self._locks.setdefault(slot, asyncio.Lock()):
            known = answers.get(slot)
            if known is None or known.until <= now():
                async with self._helpers:
                    known = await self._run(helper, name)
                answers[slot] = known
        if known.failure is not None:
            raise BadCredentials(known.failure, helper=helper)
        return known.credentials

    async def _run(self, helper: str, name: str) -> _Known:
        try:
            login = (await run_helper(helper, "get", name, self._environ, self._helper_timeout)).login()
            return _Known() if login is None else _Known(_of_login(*login, key=kept_for(name) or name))
        except (BadCredentials, BadParameter) as error:
            return _Known(failure=str(error), until=asyncio.get_running_loop().time() + _FAILURE_HOLDS)

    @property
    def _path(self) -> str:
        return str(Path(self._config_dir or docker_directory(self._environ), "config.json"))

    async def _config(self) -> _File:
        """The file as it is, looked at after this was asked; of many who ask at once the second looks for the rest."""
        begun = self._looks
        async with self._looking:
            if self._looked <= begun:
                await self._look()
        if self._loaded.failure is not None:
            raise BadCredentials(self._loaded.failure, file=self._path)
        return self._loaded.file

    async def _look(self) -> None:
        self._looks = look = self._looks + 1
        loaded = await asyncio.to_thread(_load, self._path, self._loaded)
        if loaded.stamp != self._loaded.stamp:
            self._loaded, self._answers = loaded, {}
            self._warned.clear()
        self._looked = look

    def _environment(self) -> _File:
        file, failure, others = _parsed_environment(self._environ)
        if failure is not None:
            raise BadCredentials(f"{_ENVIRONMENT} can't be parsed: {failure}")
        if others:
            self._warn(f"{_ENVIRONMENT}: only auths counts there, not {', '.join(others)}")
        return file

    def _entry(self, file: _File, key: str, source: str) -> Credentials | None:
        for name in file.names(key):
            try:
                found = file.entry(name, key)
            except ValueError as error:  # BadParameter is one too; neither repeats the entry
                where = None if source == _ENVIRONMENT else source
                raise BadCredentials(f"{source}: the entry for {name}: {error}", file=where) from None
            if found is not None:
                return found
        return None

    def _entries(self, file: _File, source: str) -> dict[str, Credentials]:
        found: dict[str, Credentials] = {}
        for key in filter(None, map(kept_for, file.auths or {})):
            try:
                entry = self._entry(file, key, source)
            except BadCredentials as error:
                self._warn(error)
            else:
                found.update({} if entry is None else {key: entry})
        return found

    def _warn(self, what: object) -> None:
        # once, not at each of a thousand pulls
        if str(what) not in self._warned:
            self._warned.add(str(what))
            _log.warning("%s", what)


def _check_source(source: object) -> None:
    if source is not None and not isinstance(source, Credentials) and not callable(source):
        raise BadParameter(f"credentials are Credentials(...) or a coroutine function, not {type(source).__name__}")


def _check_sources(sources: object) -> None:
    if not isinstance(sources, Mapping):
        _check_source(sources)


def _apart(auth: BuildCredentials) -> tuple[CredentialsSource, Mapping[str, CredentialsSource]]:
    """One source for all, or those of certain registries by server key. Raises BadParameter."""
    _check_sources(auth)
    if auth is None or isinstance(auth, Credentials) or callable(auth):
        return auth, {}
    return None, {server_key(registry): one for registry, one in auth.items()}


async def _offered(source: CredentialsSource, key: str) -> Credentials | None:
    """What the source gives for a registry; None without a source, or where it gives another registry's."""
    if source is None:
        return None
    given = await _given(source, key)
    return given if given.answers_for(key) else None


async def _given(source: Credentials | Callable[[str], Awaitable[Credentials]], key: str) -> Credentials:
    if isinstance(source, Credentials):
        return source
    registry = HUB if key == server_key(HUB) else key
    answer: object = source(registry)
    awaitable = inspect.isawaitable(answer)
    given: object = await answer if inspect.isawaitable(answer) else answer
    if not (awaitable and isinstance(given, Credentials)):
        raise BadCredentials(
            "what gives credentials must be a coroutine function that returns Credentials (for nobody "
            f"Credentials.anonymous()); for {registry} it returned {type(given).__name__}"
        )
    return given


def _of_login(username: str, secret: str, *, key: str) -> Credentials:
    if username == _TOKEN_USER:
        return Credentials.token(secret, server_address=key)
    return Credentials(username, secret, server_address=key)


def _load(path: str, known: _Loaded) -> _Loaded:
    """The file as it is now; `known` itself when it has not changed since. No file is an empty one."""
    try:
        status = Path(path).stat()
        stamp = (path, status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp == known.stamp:
            return known
        with Path(path).open("rb") as file:
            return _Loaded(stamp, *_parsed(file.read(_LARGEST_FILE + 1), path))
    except (FileNotFoundError, NotADirectoryError):
        return _Loaded((path, 0, 0, 0), _File())
    except OSError as error:
        return _Loaded((path, 0, 0, 1), _File(), f"{path} can't be read: {error.strerror}")


def _parsed(data: bytes, path: str) -> tuple[_File, str | None]:
    if not data.strip():
        return _File(), None  # the CLI takes an empty file so
    if len(data) > _LARGEST_FILE:
        return _File(), f"{path} is larger than {_LARGEST_FILE} bytes"
    try:
        return decoded(data, _File), None
    except ValueError as error:
        return _File(), f"{path} can't be parsed: {error}"


def _parsed_environment(environ: Mapping[str, str]) -> tuple[_File, str | None, list[str]]:
    """What the variable holds, why it can't be parsed, and which of its fields do not count."""
    text = environ.get(_ENVIRONMENT)
    if not text:
        return _File(), None, []
    try:
        # GitLab CI puts a whole config.json there; the CLI takes nothing but auths
        fields = decoded(text, dict[str, msgspec.Raw])
        file = decoded(text, _File)
    except ValueError as error:
        return _File(), str(error), []
    return _File(auths=file.auths), None, sorted(fields.keys() - {"auths"})
