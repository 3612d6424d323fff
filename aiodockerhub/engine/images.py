"""Images in the engine: listed, tagged, pulled, pushed, imported, removed. Building stands in `build.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from aiodockerhub.bulk.runner import Reported, Run
from aiodockerhub.bulk.transient import transient
from aiodockerhub.credentials import server_key
from aiodockerhub.engine.build import Builds
from aiodockerhub.engine.system import Filters, written
from aiodockerhub.engine.transfers import Importing, Pulling, Pushing, refused
from aiodockerhub.errors import BadParameter, BadReference, ImportFailed, PullFailed, PushFailed
from aiodockerhub.progress import Imported, Pulled, PullProgress, Pushed, PushProgress
from aiodockerhub.reference import Reference
from aiodockerhub.wire.paths import path
from aiodockerhub.wire.stream import BulkStream, Flow
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import AsyncIterable, Callable, Iterable, Sequence

    from aiodockerhub.bulk.progress import BulkProgress
    from aiodockerhub.bulk.report import Report
    from aiodockerhub.bulk.runner import Operation
    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine import types
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import Stream

__all__ = ["Images"]

_Step = TypeVar("_Step", PullProgress, PushProgress)
_Outcome = TypeVar("_Outcome")

_ANONYMOUS = "e30="
"""`{}`: a push without any X-Registry-Auth fails on old engines."""


class Images(Builds):
    """`docker.images`. Names are references (`busybox:1.36`, `host:5000/ns/name@sha256:...`) or ids."""

    async def list(
        self,
        *,
        all: bool | None = None,
        filters: Filters | None = None,
        shared_size: bool | None = None,
        digests: bool | None = None,
        manifests: bool | None = None,
        identity: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> builtins.list[types.ImageSummary]:
        """The images, intermediate ones too with `all`.

        Raises BadRequest for a filter that the engine does not know. API: `ImageList`.
        """
        parameters = {
            "all": all,
            "filters": written(filters),
            "shared-size": shared_size,
            "digests": digests,
            "manifests": manifests,
            "identity": identity,
        }
        answer = await self._engine.json("ImageList", "GET", "/images/json", query=parameters, timeout=timeout)
        return cast("builtins.list[types.ImageSummary]", answer or [])  # podman answers null where there are none

    async def inspect(
        self,
        image: str,
        *,
        manifests: bool | None = None,
        platform: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.ImageInspect:
        """Everything that the engine knows of one image, of one `platform` (`linux/arm64`) of it if need be.

        Raises ImageNotFound, BadParameter for a `platform` that is none. API: `ImageInspect`.
        """
        answer = await self._engine.json(
            "ImageInspect",
            "GET",
            "/images/{*}/json",
            image,
            query={"manifests": manifests, "platform": _platform(platform)},
            timeout=timeout,
        )
        return cast("types.ImageInspect", answer)

    async def history(
        self, image: str, *, platform: str | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.ImageHistoryResponseItem]:
        """How the image was made, the newest step first.

        Raises ImageNotFound, BadParameter for a `platform` that is none. API: `ImageHistory`.
        """
        answer = await self._engine.json(
            "ImageHistory",
            "GET",
            "/images/{*}/history",
            image,
            query={"platform": _platform(platform)},
            timeout=timeout,
        )
        return cast("builtins.list[types.ImageHistoryResponseItem]", answer)

    async def tag(self, image: str, reference: str, *, timeout: CallTimeout = UNSET) -> None:
        """Give an image one more name; without a tag it is `latest`. Another image loses the name if it had it.

        Raises ImageNotFound, BadReference for a name that is none, or has a digest. API: `ImageTag`.
        """
        name = Reference.parse(reference)
        if name.digest is not None:
            raise BadReference(f"a tag is a name, not a digest: {reference!r}")
        repository = name.with_tag(None).familiar
        parameters = {"repo": repository, "tag": name.tag or "latest"}
        await self._engine.call("ImageTag", "POST", "/images/{*}/tag", image, query=parameters, timeout=timeout)

    async def remove(
        self,
        image: str,
        *,
        force: bool | None = None,
        no_prune: bool | None = None,
        platforms: Sequence[str] | None = None,
        timeout: CallTimeout = UNSET,
    ) -> builtins.list[types.ImageDeleteResponseItem]:
        """Take away a name, and the image with its last one; tells what was untagged and deleted.

        `no_prune` keeps untagged parents; `platforms` limits it to some of a multi-platform image.
        Raises ImageNotFound, Conflict while a container uses it, BadParameter for a platform that is none.
        API: `ImageDelete`.
        """
        answer = await self._engine.json(
            "ImageDelete",
            "DELETE",
            "/images/{*}",
            image,
            query={
                "force": force,
                "noprune": no_prune,
                "platforms": [_platform(one) for one in platforms] if platforms is not None else None,
            },
            pace="slow",
            timeout=timeout,
        )
        return cast("builtins.list[types.ImageDeleteResponseItem]", answer)

    async def prune(self, *, filters: Filters | None = None, timeout: CallTimeout = UNSET) -> types.ImagePruneResponse:
        """Delete images that nothing uses: untagged ones, all unused ones with `filters={"dangling": False}`.

        Raises BadRequest for a filter that the engine does not know. API: `ImagePrune`.
        """
        answer = await self._engine.json(
            "ImagePrune", "POST", "/images/prune", query={"filters": written(filters)}, pace="slow", timeout=timeout
        )
        return cast("types.ImagePruneResponse", answer)

    def pull(
        self,
        reference: str,
        *,
        platform: str | None = None,
        all_tags: bool = False,
        auth: CredentialsSource = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, Pulled]:
        """Pull an image: by tag (`latest` if none is named), by digest, or every tag of a repository.

        `auth` beats the client's credentials; without either, the configured ones for that registry.

        Raises BadReference, and BadParameter for `all_tags` of a name with a tag or digest, before anything is sent.
        The stream raises BadCredentials where what is configured can't be read, and PullFailed, which is an
        ImageNotFound, Forbidden or Unauthorized too where the engine says so. podman has no `all_tags`: it pulls
        `latest`, and the stream ends in ProtocolViolated. API: `ImageCreate` (fromImage).
        """
        name = _pullable(reference, all_tags=all_tags)
        parameters = {
            "fromImage": name.name,
            "tag": name.digest or name.tag,
            "platform": platform,
        }

        async def begin() -> Body:
            credentials = await self._engine.credentials.resolve(name.registry, auth)
            headers: dict[str, str] = {}
            if credentials is not None and not credentials.is_anonymous:
                headers["X-Registry-Auth"] = credentials.registry_header(server_key(name.registry))
            with refused(PullFailed):
                return await self._engine.open(
                    "ImageCreate", "POST", "/images/create", query=parameters, headers=headers, timeout=timeout
                )

        return self._stream(
            f"pull {name.familiar}", begin, PullProgress, Pulling(name, self.inspect, all_tags=all_tags)
        )

    def push(
        self,
        reference: str,
        *,
        platform: str | None = None,
        all_tags: bool = False,
        auth: CredentialsSource = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PushProgress, Pushed]:
        """Push a tag (`latest` if none is named), or every tag of a repository, to the registry that its name says.

        Credentials as for `pull`. Raises BadReference, also for a name with a digest, and BadParameter for `all_tags`
        of one with a tag, before anything is sent. The stream raises BadCredentials as for `pull`, and PushFailed,
        which is a Forbidden or Unauthorized too where the engine says so; ImageNotFound where there is no such image.
        podman has no `all_tags`: it pushes `latest`. API: `ImagePush`.
        """
        name = _pullable(reference, all_tags=all_tags)
        if name.digest is not None:
            raise BadReference(f"a push needs a tag, not a digest: {reference!r}")
        repository = name.with_tag(None).familiar

        async def begin() -> Body:
            credentials = await self._engine.credentials.resolve(name.registry, auth)
            header = credentials.registry_header(server_key(name.registry)) if credentials is not None else _ANONYMOUS
            with refused(PushFailed):
                return await self._engine.open(
                    "ImagePush",
                    "POST",
                    "/images/{*}/push",
                    repository,
                    query={"tag": name.tag, "platform": _platform(platform)},
                    headers={"X-Registry-Auth": header},
                    timeout=timeout,
                )

        asked = path("/images/{*}/push", repository)
        return self._stream(f"push {name.familiar}", begin, PushProgress, Pushing(name, asked))

    def pull_many(
        self,
        references: Iterable[str] | AsyncIterable[str],
        *,
        concurrency: int = 8,
        platform: str | None = None,
        auth: CredentialsSource = None,
        stop_after_failures: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> BulkStream[BulkProgress[PullProgress], Report[Pulled]]:
        """Pull many images, `concurrency` at a time, and report on each, in the order asked.

        Failures stop nothing, unless `stop_after_failures` says how many are enough: with the last of them nothing more
        begins, what is under way ends with Closed, and the report counts the rest as not begun. What may pass is tried
        again first, with growing waits: a lost connection, a time limit, a registry that is busy; not "denied" and
        "not found". `references` may be endless or slow: they are taken as they are needed. `timeout` bounds each
        single try. However the stream is left, its `report` tells what was done.

        Raises BadParameter for numbers below 1, and for one string in place of several; what goes wrong with a
        reference, a bad one too, stands in its row of the report. API: `ImageCreate` (fromImage), for each.
        """

        async def one(reference: str, tell: Callable[[PullProgress], None]) -> Pulled:
            async with self.pull(reference, platform=platform, auth=auth, timeout=timeout) as stream:
                async for step in stream:
                    tell(step)
            return stream.outcome

        return self._many("pull many", references, one, concurrency, stop_after_failures=stop_after_failures)

    def push_many(
        self,
        references: Iterable[str] | AsyncIterable[str],
        *,
        concurrency: int = 8,
        platform: str | None = None,
        auth: CredentialsSource = None,
        stop_after_failures: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> BulkStream[BulkProgress[PushProgress], Report[Pushed]]:
        """Push many tags, `concurrency` at a time, and report on each, in the order asked; otherwise as `pull_many`.

        API: `ImagePush`, for each.
        """

        async def one(reference: str, tell: Callable[[PushProgress], None]) -> Pushed:
            async with self.push(reference, platform=platform, auth=auth, timeout=timeout) as stream:
                async for step in stream:
                    tell(step)
            return stream.outcome

        return self._many("push many", references, one, concurrency, stop_after_failures=stop_after_failures)

    def _many(
        self,
        name: str,
        references: Iterable[str] | AsyncIterable[str],
        one: Operation[_Step, _Outcome],
        concurrency: int,
        *,
        stop_after_failures: int | None,
    ) -> BulkStream[BulkProgress[_Step], Report[_Outcome]]:
        run = Run(references, one, concurrency=concurrency, worth=transient, stop_after_failures=stop_after_failures)
        told = Reported(run)
        return BulkStream(Flow(name, run.begin, told, told), lambda: run.report)

    def import_url(
        self,
        url: str,
        *,
        repo: str | None = None,
        tag: str | None = None,
        message: str | None = None,
        changes: Sequence[str] | None = None,
        platform: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, Imported]:
        """Make an image of a root file system's tar that the engine fetches from `url`.

        `repo` and `tag` name it, `message` is its comment, `changes` are Dockerfile instructions applied to it.
        Raises BadParameter for a `tag` without a `repo`. The stream raises ImportFailed. API: `ImageCreate` (fromSrc).
        """
        return self._import(url, None, repo, tag, message, changes, platform, timeout)

    def import_stream(
        self,
        source: Source,
        *,
        repo: str | None = None,
        tag: str | None = None,
        message: str | None = None,
        changes: Sequence[str] | None = None,
        platform: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Stream[PullProgress, Imported]:
        """`import_url` for a tar that is here: bytes, a path, a binary file object, or an async iterable of bytes.

        The stream raises ImportFailed; BadFile for a path that can't be read, BadParameter for a source that is none of
        these. API: `ImageCreate` (fromSrc, `-`).
        """
        return self._import("-", source, repo, tag, message, changes, platform, timeout)

    def _import(
        self,
        url: str,
        source: Source | None,
        repo: str | None,
        tag: str | None,
        message: str | None,
        changes: Sequence[str] | None,
        platform: str | None,
        timeout: CallTimeout,
    ) -> Stream[PullProgress, Imported]:
        if tag is not None and repo is None:
            raise BadParameter("a tag= needs a repo= to stand behind")
        if isinstance(changes, str):
            raise BadParameter("changes= is a list of instructions, not one string")
        parameters = {
            "fromSrc": url,
            "repo": repo,
            "tag": tag,
            "message": message,
            "changes": changes,
            "platform": platform,
        }

        async def begin() -> Body:
            from aiodockerhub.tar import file_chunks

            body = await file_chunks(source) if source is not None else None
            headers = {"Content-Type": "application/x-tar"} if body is not None else None
            with refused(ImportFailed):
                return await self._engine.open(
                    "ImageCreate",
                    "POST",
                    "/images/create",
                    query=parameters,
                    headers=headers,
                    body=body,
                    timeout=timeout,
                )

        name = f"{repo}:{tag}" if tag is not None else repo
        shown = "stream" if source is not None else "URL"
        return self._stream(f"import from a {shown}", begin, PullProgress, Importing(name))


def _pullable(reference: str, *, all_tags: bool) -> Reference:
    name = Reference.parse(reference)
    if not all_tags:
        return name.with_default_tag()
    if name.tag is not None or name.digest is not None:
        raise BadParameter(f"all_tags= takes a repository without tag and digest, not {reference!r}")
    return name


def _platform(text: str | None) -> str | None:
    """`linux/arm64/v8` as the JSON that newer operations want."""
    if text is None or text.startswith("{"):
        return text
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise BadParameter(f"not a platform: {text!r}; it looks like 'linux/arm64' or 'linux/arm/v7'")
    return msgspec.json.encode(dict(zip(("os", "architecture", "variant"), parts, strict=False))).decode()
