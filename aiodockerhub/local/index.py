"""Index API v1: accounts, repositories, their lists of images, grants, search."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from aiohttp import web

from aiodockerhub.decoding import decoded
from aiodockerhub.errors import BadParameter
from aiodockerhub.local.accounts import LIBRARY, User, basic_credentials
from aiodockerhub.local.answers import Refused, as_json
from aiodockerhub.local.asked import number
from aiodockerhub.local.repositories import HubImage, ImageId

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from aiodockerhub.local.accounts import Accounts
    from aiodockerhub.local.answers import Answering
    from aiodockerhub.local.grants import Access, Grants
    from aiodockerhub.local.repositories import Repositories

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="LocalHub"'}
# aiohttp's own pattern for a part of a path stops at braces
_REPOSITORIES = (
    "/v1/repositories/{repository:[^/]+}",
    "/v1/repositories/{namespace:[^/]+}/{repository:[^/]+}",
)
_PAGE_SIZE = 25
_LARGEST_PAGE = 100

_T = TypeVar("_T")


_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _NewUser(msgspec.Struct):
    email: _Text
    username: _Text
    password: _Text


class _UserChanges(msgspec.Struct):
    email: _Text | None = None
    password: _Text | None = None


class _Joining(msgspec.Struct):
    id: ImageId


class IndexV1:
    """The routes of the index. `endpoint` is the registry that its answers name."""

    def __init__(self, accounts: Accounts, repositories: Repositories, grants: Grants, endpoint: str) -> None:
        self._accounts = accounts
        self._repositories = repositories
        self._grants = grants
        self._endpoint = endpoint

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of the index; a repository without a namespace is one of `library`."""
        yield web.get("/v1/search", self._search, allow_head=False)
        yield from _with_slash("/v1/users/", {"GET": self._login, "POST": self._register})
        yield from _with_slash("/v1/users/{user:[^/]+}/", {"PUT": self._update_user})
        # "x/images" without a slash at its end is the list of library/x, with one it is the repository x/images
        for repository in _REPOSITORIES:
            yield web.get(f"{repository}/images", self._list_images, allow_head=False)
            yield web.put(f"{repository}/images", self._set_images)
            yield web.put(f"{repository}/auth", self._authorize)
        for repository in _REPOSITORIES:
            yield from _with_slash(f"{repository}/", {"PUT": self._create, "DELETE": self._delete})

    async def _login(self, request: web.Request) -> web.Response:
        self._user(request)
        return as_json("OK")

    async def _register(self, request: web.Request) -> web.Response:
        new = await _body(request, _NewUser)
        with _refusing():
            self._accounts.add(new.username, User(new.password, new.email))
        return as_json("User Created", status=201)

    async def _update_user(self, request: web.Request) -> web.Response:
        user = self._user(request)
        name = request.match_info["user"]
        if name not in self._accounts:
            raise Refused(404, f"no user {name!r}")
        if name != user:
            raise Refused(403, f"the account {name!r} is another user's")
        changes = await _body(request, _UserChanges)
        with _refusing():
            self._accounts.update(name, email=changes.email, password=changes.password)
        return web.Response(status=204)

    async def _create(self, request: web.Request) -> web.Response:
        namespace = self._writable_namespace(request)
        images = await _body(request, list[_Joining])
        with _refusing():
            self._repositories.join(namespace, request.match_info["repository"], (image.id for image in images))
        return self._granting(_name(request), "write", web.Response())

    async def _delete(self, request: web.Request) -> web.Response:
        self._writable_namespace(request)
        name = self._existing(request)
        self._repositories.remove(name)
        return self._granting(name, "delete", web.Response())

    async def _set_images(self, request: web.Request) -> web.Response:
        self._writable_namespace(request)
        images = await _body(request, list[HubImage])
        # after the body: the repository may go while it comes
        self._repositories.set(self._existing(request), images)
        return web.Response(status=204)

    async def _list_images(self, request: web.Request) -> web.Response:
        self._optional_user(request)
        name = self._existing(request)
        answer = as_json(self._repositories.view[name])
        asked = request.headers.get("X-Docker-Token", "").lower() == "true"
        return self._granting(name, "read", answer) if asked else answer

    async def _authorize(self, request: web.Request) -> web.Response:
        name = _name(request)
        kind, _, grant = request.headers.get("Authorization", "").partition(" ")
        access = self._grants.redeem(grant.strip(), name) if kind.lower() == "token" else None
        if access is not None:
            return as_json("OK")
        if name not in self._repositories:
            raise Refused(404, f"no repository {name!r}")
        raise Refused(403, "the grant is unknown, used up or for another repository")

    async def _search(self, request: web.Request) -> web.Response:
        self._optional_user(request)
        term = request.query.get("q", "")
        size = min(_positive(request, "n", _PAGE_SIZE), _LARGEST_PAGE)
        page = _positive(request, "page", 1)
        names = self._repositories.search(term)
        return as_json(
            {
                "query": term,
                "num_results": len(names),
                "num_pages": -(-len(names) // size),
                "page": page,
                "page_size": size,
                "results": [_found(name) for name in names[(page - 1) * size : page * size]],
            }
        )

    def _user(self, request: web.Request) -> str:
        given = basic_credentials(request.headers.get("Authorization", ""))
        if given is None:
            raise Refused(401, "no username and password that can be read", _CHALLENGE)
        name, password = given
        user = self._accounts.check(name, password)
        if user is None:
            raise Refused(401, "wrong username or password", _CHALLENGE)
        if not user.active:
            raise Refused(403, f"the account {name!r} is not active")
        return name

    def _optional_user(self, request: web.Request) -> str | None:
        return self._user(request) if "Authorization" in request.headers else None

    def _writable_namespace(self, request: web.Request) -> str:
        user = self._user(request)
        namespace = request.match_info.get("namespace", LIBRARY)
        if namespace not in {user, LIBRARY}:
            raise Refused(403, f"the namespace {namespace!r} is not {user!r}'s")
        return namespace

    def _existing(self, request: web.Request) -> str:
        name = _name(request)
        if name not in self._repositories:
            raise Refused(404, f"no repository {name!r}")
        return name

    def _granting(self, repository: str, access: Access, answer: web.Response) -> web.Response:
        grant = self._grants.issue(repository, access)
        answer.headers["WWW-Authenticate"] = f"Token {grant}"
        answer.headers["X-Docker-Token"] = grant
        answer.headers["X-Docker-Endpoints"] = self._endpoint
        return answer


def _with_slash(path: str, methods: Mapping[str, Answering]) -> Iterator[web.RouteDef]:
    """A path that ends with a slash, and the redirect to it from where the slash is missing."""
    for method, answer in methods.items():
        yield web.route(method, path, answer)
    yield web.route("*", path.removesuffix("/"), _add_slash)


async def _add_slash(request: web.Request) -> web.Response:
    url = request.rel_url
    query = f"?{url.raw_query_string}" if url.raw_query_string else ""
    return web.Response(status=301, headers={"Location": f"{url.raw_path}/{query}"})


def _name(request: web.Request) -> str:
    return f"{request.match_info.get('namespace', LIBRARY)}/{request.match_info['repository']}"


async def _body(request: web.Request, kind: type[_T]) -> _T:
    try:
        return decoded(await request.read(), kind)
    except web.RequestPayloadError as error:
        raise Refused(400, "the body can't be decoded") from error
    except ValueError as error:
        raise Refused(400, f"not the JSON that is expected here: {error}") from error


@contextlib.contextmanager
def _refusing() -> Generator[None]:
    try:
        yield
    except BadParameter as error:
        raise Refused(400, str(error)) from error


def _positive(request: web.Request, parameter: str, default: int) -> int:
    given = number(request.query.get(parameter, str(default)))
    if not given:
        raise Refused(400, f"{parameter} is no positive number")
    return given


def _found(name: str) -> dict[str, object]:
    return {
        "name": name,
        "description": "",
        "star_count": 0,
        "is_official": "/" not in name,
        "is_automated": False,
        "is_trusted": False,
    }
