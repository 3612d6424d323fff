"""Building images: from a Dockerfile alone, a directory, a ready tar, or a place that the engine fetches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from aiodockerhub.credentials import BuildCredentials, Credentials, build_header
from aiodockerhub.engine.buildkit import BuildLines, Trace
from aiodockerhub.engine.dockerfile import base_registries
from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.many import each, many
from aiodockerhub.engine.settings import fitted, mapping
from aiodockerhub.engine.transfers import refused, reported, told_id
from aiodockerhub.errors import BadParameter, BadReference, BuildFailed, DockerError, ProtocolViolated
from aiodockerhub.progress import BuildStep, Built
from aiodockerhub.reference import Reference
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable
    from typing import BinaryIO, TextIO

    from aiodockerhub.bulk.progress import BulkProgress
    from aiodockerhub.bulk.report import Report
    from aiodockerhub.engine import types
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.engine.build_settings import BuildSettings
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.messages import Outgoing
    from aiodockerhub.wire.stream import BulkStream, Stream

__all__ = ["Builds"]

# all that a quiet build prints; podman leaves the algorithm out
_PRINTED_ID = re.compile(r"(?:sha256:)?(?P<hex>[0-9a-f]{64})\s*")


class Builds:
    """The part of `docker.images` that builds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def build(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        fileobj: BinaryIO | TextIO | str | bytes | None = None,
        tar: Source | None = None,
        remote: str | None = None,
        dockerfile: str | os.PathLike[str] | None = None,
        ignore: Sequence[str] | None = None,
        tag: str | Sequence[str] | None = None,
        build_args: Mapping[str, str | None] | None = None,
        labels: Mapping[str, str] | None = None,
        target: str | None = None,
        platform: str | None = None,
        no_cache: bool | None = None,
        cache_from: Sequence[str] | None = None,
        pull: bool | None = None,
        rm: bool | None = None,
        force_rm: bool | None = None,
        quiet: bool | None = None,
        network_mode: str | None = None,
        extra_hosts: Mapping[str, str] | Sequence[str] | None = None,
        memory: int | None = None,
        memory_swap: int | None = None,
        cpu_shares: int | None = None,
        cpu_set: str | None = None,
        cpu_period: int | None = None,
        cpu_quota: int | None = None,
        shm_size: int | None = None,
        squash: bool | None = None,
        outputs: str | None = None,
        version: str | None = None,
        auth: BuildCredentials = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[BuildStep, Built]:
        """Build an image.

        What it is built from is one of four:

        - `directory`, the context, without what its `.dockerignore` names (or `ignore`, a list of such patterns);
          `dockerfile` is the Dockerfile's path in it, or outside;
        - `fileobj`, a Dockerfile as a file object or its text, with an empty context;
        - `tar`, a context as bytes, path, binary file object or async iterable; `dockerfile` is a name in it;
        - `remote`, the URL of a git repository, a tar or a Dockerfile, fetched by the engine.

        `tag` is one name, or several (`latest` of what names no tag). A value of None in `build_args` is the
        Dockerfile's own. `memory` and the like are in bytes, `cpu_period` and `cpu_quota` in microseconds. `version` is
        `"1"`, the classic builder (the usual default), or `"2"`, BuildKit; podman has one of its own and takes both.
        BuildKit's steps tell their `vertex`. It would ask a session for credentials, secrets and the like, and there is
        none: base images that need credentials must have been pulled before ("no active sessions" otherwise), and no
        `outputs` can come here.

        Base images are pulled with all credentials that are configured, as the docker CLI does it; from registries that
        FROM lines of the Dockerfile name, with those that a pull would use, so with the client's own too. `auth` comes
        before both: by registry, `{"ghcr.io": Credentials(...)}`, or one source for all that FROM lines name; each may
        be a coroutine function, and `Credentials.anonymous()` hides what is configured. What FROM lines do not tell
        (in a `tar`, at a `remote` place, by variables without a known value, in `COPY --from`) must be named in `auth`
        if it is not configured; `{"ghcr.io": None}` names a registry for which the client's own are to be used.

        podman takes no `extra_hosts` in this form: it refuses the build.

        Raises BadParameter for what does not go together or can't be sent, and BadReference for a `tag` that is no
        name. The stream raises BadFile, BadCredentials where what is configured can't be read, and BuildFailed with the
        failing step's message; its `step` is the instruction. API: `ImageBuild`.
        """
        tags = _tags(tag)
        parameters = {
            "t": tags or None,
            "remote": remote,
            "q": quiet,
            "nocache": no_cache,
            "cachefrom": _json_list("cache_from", cache_from),
            "pull": pull,
            "rm": rm,
            "forcerm": force_rm,
            "memory": memory,
            "memswap": memory_swap,
            "cpushares": cpu_shares,
            "cpusetcpus": cpu_set,
            "cpuperiod": cpu_period,
            "cpuquota": cpu_quota,
            "buildargs": _given("build_args", build_args),
            "shmsize": shm_size,
            "squash": squash,
            "labels": _given("labels", labels),
            "networkmode": network_mode,
            "extrahosts": _hosts(extra_hosts),
            "platform": platform,
            "target": target,
            "outputs": outputs,
            "version": version,
        }
        context = _context(directory, fileobj, tar, remote, dockerfile, ignore)
        _check_auth(auth, known=tar is None and remote is None)

        async def begin() -> Body:
            body, name, text = await context()
            bases = base_registries(text, build_args or {})
            credentials = await self._engine.credentials.for_build(bases, auth)
            headers = {"X-Registry-Config": build_header(credentials)} if credentials else {}
            if body is not None:
                headers["Content-Type"] = "application/x-tar"
            asked = {**parameters, "dockerfile": name}
            with refused(BuildFailed):
                return await self._engine.open(
                    "ImageBuild", "POST", "/build", query=asked, headers=headers, body=body, timeout=timeout
                )

        trace = Trace()
        decoder = BuildLines(trace, line=self._engine.http.pool.limits.line)
        watched = _Building(tags, self._id_of, trace)
        name = f"build {' '.join(tags)}".strip()
        return self._engine.stream(name, begin, decoder, watched, convert=decoder.convert)

    def build_many(
        self,
        builds: Mapping[str, BuildSettings],
        *,
        concurrency: int = 4,
        stop_after_failures: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> BulkStream[BulkProgress[BuildStep], Report[Built]]:
        """Build many images, each named by a tag, with the keywords of `build`; otherwise as `pull_many`.

            await docker.images.build_many({
                "shop/web:1": {"directory": "web"},
                "shop/api:1": {"directory": "api", "build_args": {"DEBUG": "1"}},
            })

        A build that fails because of what an instruction runs is not tried again. API: `ImageBuild`, for each.
        """

        def begin(tag: str) -> Stream[BuildStep, Built]:
            return self.build(tag=tag, timeout=timeout, **builds[tag])

        return many("build many", builds, each(begin), concurrency=concurrency, stop_after_failures=stop_after_failures)

    async def prune_build_cache(
        self,
        *,
        all: bool | None = None,
        filters: Filters | None = None,
        reserved_space: int | None = None,
        max_used_space: int | None = None,
        min_free_space: int | None = None,
        keep_storage: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.BuildPruneResponse:
        """Delete what BuildKit keeps of former builds and no build uses now; with `all` what it shares or mounts too.

        Bytes: `reserved_space` is kept in any case, `max_used_space` may be used, `min_free_space` is to be free then.
        `keep_storage` is what `reserved_space` was called before API 1.48. Filters: `until`, `id`, `parent`, `type`,
        `description`, `inuse`, `shared`, `private`.

        Raises BadRequest for a filter that the engine does not know. podman has no such operation: NotFound.
        API: `BuildPrune`.
        """
        answer = await self._engine.json(
            "BuildPrune",
            "POST",
            "/build/prune",
            query={
                "all": all,
                "filters": written(filters),
                "reserved-space": reserved_space,
                "max-used-space": max_used_space,
                "min-free-space": min_free_space,
                "keep-storage": keep_storage,
            },
            pace="slow",
            timeout=timeout,
        )
        return cast("types.BuildPruneResponse", answer)

    async def _id_of(self, image: str) -> str:
        found = await self._engine.json("ImageInspect", "GET", "/images/{*}/json", image)
        return told_id(found, f"built {image}")


class _Building:
    """Notes the instruction that runs, and the image's id where the engine tells it."""

    def __init__(self, tags: tuple[str, ...], id_of: Callable[[str], Awaitable[str]], trace: Trace) -> None:
        self._tags = tags
        self._id_of = id_of
        self._trace = trace
        self._step: str | None = None
        self._id: str | None = None

    def observe(self, item: BuildStep) -> DockerError | None:
        """The error that the step reports, with the instruction that it came from."""
        error = reported(BuildFailed, item, method="POST", path="/build")
        if error is not None:
            error.step = self._trace.at_fault(error.message) or self._step
            return error
        self._trace.steps(item)  # whole only for who reads the engine's own dicts; else it is taken apart before
        if item.vertex is not None:  # the trace knows who failed, and takes no output for an image's id
            return None
        self._step = item.instruction or self._step
        aux: object = item.aux
        if isinstance(aux, dict):
            told = cast("dict[str, Any]", aux).get("ID")
            self._id = told if isinstance(told, str) else self._id
        elif item.stream is not None and (printed := _PRINTED_ID.fullmatch(item.stream)):
            self._id = f"sha256:{printed['hex']}"
        return None

    async def outcome(self) -> Built:
        """The image's id, from the stream or by its name."""
        if self._id is None and self._tags:
            self._id = await self._id_of(self._tags[0])
        if self._id is None:
            raise ProtocolViolated("the engine named no image at the end of the build")
        return Built(self._id, self._tags)


class _Context(NamedTuple):
    """What an engine builds from."""

    body: bytes | Outgoing | None
    dockerfile: str | None
    """Its name in the body."""
    text: bytes = b""
    """What the Dockerfile says, as far as that is known here."""


def _context(
    directory: str | os.PathLike[str] | None,
    fileobj: BinaryIO | TextIO | str | bytes | None,
    tar: Source | None,
    remote: str | None,
    dockerfile: str | os.PathLike[str] | None,
    ignore: Sequence[str] | None,
) -> Callable[[], Awaitable[_Context]]:
    """What makes the context when the request is sent. Raises BadParameter for what does not go together."""
    _check_one({"directory": directory, "fileobj": fileobj, "tar": tar, "remote": remote})
    if ignore is not None and directory is None:
        raise BadParameter("ignore= is for the context of a directory")
    if dockerfile is not None and fileobj is not None:
        raise BadParameter("dockerfile= and fileobj= both name a Dockerfile")
    name = str(dockerfile) if dockerfile is not None else None

    async def made() -> _Context:
        from aiodockerhub.tar import directory_context, dockerfile_context, dockerfile_text, file_chunks

        if fileobj is not None:
            text = await asyncio.to_thread(dockerfile_text, fileobj)
            return _Context(dockerfile_context(text), None, text)
        if tar is not None:
            return _Context(await file_chunks(tar), name)
        if directory is not None:
            context = await directory_context(directory, dockerfile=dockerfile, ignore=ignore)
            return _Context(context, context.dockerfile, await asyncio.to_thread(context.dockerfile_text))
        return _Context(None, name)

    return made


def _check_one(places: Mapping[str, object]) -> None:
    given = [name for name, value in places.items() if value is not None]
    if len(given) != 1:
        told = " and ".join(given) or "none of them"
        raise BadParameter(f"a build takes one of a directory, fileobj=, tar= and remote=, not {told}")


def _check_auth(auth: BuildCredentials, *, known: bool) -> None:
    """Refuse what nobody could be asked with: the base images of a tar or a remote place are not `known` here."""
    if known or auth is None or isinstance(auth, Mapping):
        return
    if not isinstance(auth, Credentials) or (auth.server_address is None and not auth.is_anonymous):
        raise BadParameter("of a tar or a remote place the base images are not known: auth= names registries there")


def _tags(tag: str | Sequence[str] | None) -> tuple[str, ...]:
    tags = (tag,) if isinstance(tag, str) else tuple(tag or ())
    for name in tags:
        if Reference.parse(name).digest is not None:  # dockerd 26 and 28 give an image any name
            raise BadReference(f"a tag is a name, not a digest: {name!r}")
    return tags


def _given(keyword: str, values: Mapping[str, str | None] | None) -> dict[str, str] | None:
    # podman takes null for an empty text, dockerd for nothing said
    said: object = values
    if isinstance(values, Mapping):
        said = {name: value for name, value in values.items() if value is not None}
    return (fitted(keyword, mapping, said) or None) if said is not None else None


def _json_list(name: str, values: Sequence[str] | None) -> str | None:
    import msgspec

    if isinstance(values, str):
        raise BadParameter(f"{name}= is a list, not one string")
    return msgspec.json.encode(list(values)).decode() if values else None


def _hosts(hosts: Mapping[str, str] | Sequence[str] | None) -> list[str] | None:
    if hosts is None:
        return None
    if isinstance(hosts, str):
        raise BadParameter("extra_hosts= is a mapping of name to address, or a list of name:address")
    return [f"{name}:{address}" for name, address in hosts.items()] if isinstance(hosts, Mapping) else list(hosts)
