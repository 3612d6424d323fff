"""Who may do what at the registry, and the endpoint that gives out tokens for it.

Sources: the distribution project's token authentication specification (challenge, scopes, GET and POST of tokens).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

from aiodockerhub.local import asked
from aiodockerhub.local.accounts import LIBRARY, basic_credentials
from aiodockerhub.local.answers import VERSION, Problem, RegistryRefused, as_json, refused
from aiodockerhub.local.tokens import SECONDS, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiodockerhub.local.accounts import Accounts

Auth = Literal["token", "basic", "none"]
Action = Literal["pull", "push", "delete"]

TOKEN_PATH = "/token"  # noqa: S105  (a path)
CATALOG = "registry:catalog"
# what a peer says of its Host comes back in a header: nothing but what stands in a host and port
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_MOST_SCOPES = 100
_LARGEST_FORM = 64 * 1024


class _Caller(NamedTuple):
    """`user` is None for anybody, `access` for whom no token limits."""

    user: str | None
    access: dict[str, list[str]] | None = None

    def covers(self, resource: str, action: str) -> bool:
        if self.access is None:
            return True
        granted = self.access.get(resource, ())
        return action in granted or "*" in granted


class Rights:
    """Users write to repositories of their own namespace, and to those of `library` or without a namespace.

    They read all. Anybody else reads all where `anonymous_pull` is True, and nothing otherwise. With `auth="none"`
    everybody may do everything. `auth` says what is asked for; who shows the other kind is let in too.
    """

    def __init__(self, accounts: Accounts, auth: Auth, *, anonymous_pull: bool, host: str, secure: bool) -> None:
        self._accounts = accounts
        self._auth = auth
        self._anonymous_pull = anonymous_pull
        self._host = host
        self._scheme = "https" if secure else "http"
        self._tokens = Tokens()

    def routes(self) -> Iterator[web.RouteDef]:
        """The token endpoint."""
        yield web.get(TOKEN_PATH, self._get_token, allow_head=False)
        yield web.post(TOKEN_PATH, self._post_token)

    def check_login(self, request: web.Request) -> None:
        """Raises the challenge for whoever shows neither a token nor a password."""
        # also where anybody may pull: clients learn here how to log in
        if self._auth == "none":
            return
        if not request.headers.get("Authorization"):
            raise self._challenge(request, "")
        self._caller(request, "")

    def repository(self, request: web.Request, action: Action) -> str:
        """The repository that the path names. Raises for a bad name, and what `check` raises."""
        name = asked.repository(request.match_info["name"])
        self.check(request, action, name)
        return name

    def check(self, request: web.Request, action: Action, name: str) -> None:
        """Raises 401 for who has yet to show something (more), 403 for who may not."""
        self._check(request, f"repository:{name}", action)

    def check_catalog(self, request: web.Request) -> None:
        """The list of repositories is for whoever may pull."""
        self._check(request, CATALOG, "*")

    def permits(self, request: web.Request, action: Action, name: str) -> bool:
        """Whether `check` would raise nothing."""
        try:
            self.check(request, action, name)
        except RegistryRefused:
            return False
        return True

    def _check(self, request: web.Request, resource: str, action: str) -> None:
        if self._auth == "none":
            return
        # what clients push they first look for
        wanted = "pull,push" if action == "push" else action
        scope = f"{resource}:{wanted}"
        caller = self._caller(request, scope)
        may = self._may(caller.user, resource, action)
        if may and caller.covers(resource, action):
            return
        if may:
            raise self._challenge(request, scope, error="insufficient_scope")
        if caller.user is None:
            raise self._challenge(request, scope)
        raise refused(403, "DENIED", f"{caller.user!r} may not do this: {scope}")

    def _may(self, user: str | None, resource: str, action: str) -> bool:
        if action in {"pull", "*"}:
            return user is not None or self._anonymous_pull
        namespace, slash, _ = resource.removeprefix("repository:").partition("/")
        return user is not None and (not slash or namespace in {user, LIBRARY})

    def _caller(self, request: web.Request, scope: str) -> _Caller:
        header = request.headers.get("Authorization", "")
        if not header:
            return _Caller(None)
        kind, _, text = header.partition(" ")
        if kind.lower() != "bearer":
            return _Caller(self._user(request, basic_credentials(header), scope))
        token = self._tokens.read(text.strip())
        if token is None:
            raise self._challenge(request, scope, error="invalid_token")
        return _Caller(token.user, token.access)

    def _user(self, request: web.Request, given: tuple[str, str] | None, scope: str) -> str:
        user = self._accounts.check(*given) if given else None
        if given is None or user is None:
            raise self._challenge(request, scope, message="wrong username or password")
        if not user.active:
            raise refused(403, "DENIED", f"the account {given[0]!r} is not active")
        return given[0]

    def _challenge(
        self, request: web.Request, scope: str, *, error: str = "", message: str = "log in first"
    ) -> RegistryRefused:
        host = request.host if _HOST.fullmatch(request.host) else self._host
        challenge = 'Basic realm="LocalHub"'
        if self._auth == "token" and request.path != TOKEN_PATH:
            challenge = f'Bearer realm="{self._scheme}://{host}{TOKEN_PATH}",service="{host}"'
            challenge += f',scope="{scope}"' if scope else ""
            challenge += f',error="{error}"' if error else ""
        # of the specification's own message without a detail, dockerd makes an error that it tries again for a minute
        problem = Problem("UNAUTHORIZED", message, {"scope": scope} if scope else None)
        return RegistryRefused(401, problem, headers={"WWW-Authenticate": challenge})

    async def _get_token(self, request: web.Request) -> web.Response:
        header = request.headers.get("Authorization", "")
        user = self._user(request, basic_credentials(header), "") if header else None
        return self._token(user, " ".join(request.query.getall("scope", [])))

    async def _post_token(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await asked.whole_body(request, _LARGEST_FORM)).decode(errors="replace")))
        if form.get("grant_type") != "password":
            raise refused(400, "UNSUPPORTED", "only the grant type password is known here")
        given = form.get("username", ""), form.get("password", "")
        return self._token(self._user(request, given, ""), form.get("scope", ""))

    def _token(self, user: str | None, scopes: str) -> web.Response:
        access: dict[str, list[str]] = {}
        for scope in scopes.split()[:_MOST_SCOPES]:
            # a name may hold a colon itself
            resource, _, actions = scope.rpartition(":")
            granted = [action for action in actions.split(",") if self._grants(user, resource, action)]
            if granted:
                access.setdefault(resource, []).extend(granted)
        token = self._tokens.issue(user, access)
        issued = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = {"token": token, "access_token": token, "expires_in": SECONDS, "issued_at": issued}
        return as_json(answer, headers={**VERSION, "Cache-Control": "no-store"})

    def _grants(self, user: str | None, resource: str, action: str) -> bool:
        if resource == CATALOG:
            return action == "*" and self._may(user, resource, action)
        if not resource.startswith("repository:"):
            return False
        # for a repository, "*" is every action
        return action in {"pull", "push", "delete", "*"} and self._may(
            user, resource, "push" if action == "*" else action
        )
