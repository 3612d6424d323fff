"""Images in the engine: listed, tagged, pulled, pushed, committed, removed.

Building stands in `build.py`; saving, loading and importing in `image_archives.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Never, cast

from aiodockerhub.engine.api import NOBODY
from aiodockerhub.engine.build import Builds
from aiodockerhub.engine.filters import Filters, written
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.engine.image_archives import ImageArchives
from aiodockerhub.engine.many import each, many
from aiodockerhub.engine.platforms import platform_json, platforms_json
from aiodockerhub.engine.transfers import Pulling, Pushing, progress_stream, refused
from aiodockerhub.errors import BadParameter, BadReference, PullFailed, PushFailed
from aiodockerhub.progress import Pulled, PullProgress, Pushed, PushProgress
from aiodockerhub.reference import Reference
from aiodockerhub.wire.paths import path
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    import builtins
    from collections.abc import AsyncIterable, Callable, Iterable, Sequence

    from aiodockerhub.bulk.progress import BulkProgress
    from aiodockerhub.bulk.report import Report
    from aiodockerhub.credentials import CredentialsSource
    from aiodockerhub.engine import types
    from aiodockerhub.wire.body import Body
    from aiodockerhub.wire.stream import BulkStream, Stream

__all__ = ["Images"]


class Images(Builds, ImageArchives):
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
        image: Named,
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
            id_of(image),
            query={"manifests": manifests, "platform": platform_json(platform)},
            timeout=timeout,
        )
        return cast("types.ImageInspect", answer)

    async def history(
        self, image: Named, *, platform: str | None = None, timeout: CallTimeout = UNSET
    ) -> builtins.list[types.ImageHistoryResponseItem]:
        """How the image was made, the newest step first.

        Raises ImageNotFound, BadParameter for a `platform` that is none. API: `ImageHistory`.
        """
        answer = await self._engine.json(
            "ImageHistory",
            "GET",
            "/images/{*}/history",
            id_of(image),
            query={"platform": platform_json(platform)},
            timeout=timeout,
        )
        return cast("builtins.list[types.ImageHistoryResponseItem]", answer)

    async def tag(self, image: Named, reference: str, *, timeout: CallTimeout = UNSET) -> None:
        """Give an image one more name; without a tag it is `latest`. Another image loses the name if it had it.

        Raises ImageNotFound, BadReference for a name that is none, or has a digest. API: `ImageTag`.
        """
        name = Reference.parse(reference)
        if name.digest is not None:
            raise BadReference(f"a tag is a name, not a digest: {reference!r}")
        repository = name.with_tag(None).familiar
        parameters = {"repo": repository, "tag": name.tag or "latest"}
        await self._engine.call("ImageTag", "POST", "/images/{*}/tag", id_of(image), query=parameters, timeout=timeout)

    async def remove(
        self,
        image: Named,
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
            id_of(image),
            query={
                "force": force,
                "noprune": no_prune,
                "platforms": platforms_json("platforms", platforms),
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

    async def commit(
        self,
        container: Named,
        *,
        repo: str | None = None,
        tag: str | None = None,
        comment: str | None = None,
        author: str | None = None,
        pause: bool | None = None,
        changes: Sequence[str] | None = None,
        config: types.ContainerConfigRequest | None = None,
        timeout: CallTimeout = UNSET,
    ) -> types.IDResponse:
        """Make an image of what a container's file system is now, without its volumes. Gives its `Id`.

        `repo` and `tag` name it (`latest` if no tag is named). The container is paused meanwhile unless `pause` is
        False. `changes` are Dockerfile instructions (`["ENV A=1", "CMD sleep 9"]`); `config` is the engine's own dict
        of what the image runs; what it leaves out is the container's.

        Raises ContainerNotFound, BadParameter for a `tag` without a `repo`, BadRequest or ServerError for instructions
        that the engine refuses. API: `ImageCommit`.
        """
        if tag is not None and repo is None:
            raise BadParameter("a tag= needs a repo= to stand behind")
        if isinstance(changes, str):
            raise BadParameter("changes= is a list of instructions, not one string")
        answer = await self._engine.json(
            "ImageCommit",
            "POST",
            "/commit",
            query={
                "container": id_of(container),
                "repo": repo,
                "tag": tag,
                "comment": comment,
                "author": author,
                "pause": pause,
                "changes": changes,
            },
            json=config or {},  # dockerd wants a JSON body in any case
            pace="slow",
            timeout=timeout,
        )
        return cast("types.IDResponse", answer)

    async def search(
        self,
        term: str,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        timeout: CallTimeout = UNSET,
    ) -> builtins.list[types.ImageSearchResponseItem]:
        """Repositories of Docker Hub whose name or description has `term`; of another registry for `host/term`.

        The engine asks, not this process; `Index.search` does it without an engine. `limit` is how many at most, 25
        unless the engine thinks otherwise. Filters: `is-official`, `is-automated`, `stars`.

        Raises BadRequest for a filter that the engine does not know, ServerError or BadRequest when the engine can't
        ask. API: `ImageSearch`.
        """
        answer = await self._engine.json(
            "ImageSearch",
            "GET",
            "/images/search",
            query={"term": term, "limit": limit, "filters": written(filters)},
            timeout=timeout,
        )
        return cast("builtins.list[types.ImageSearchResponseItem]", answer or [])

    async def inspect_remote(
        self, reference: str, *, auth: CredentialsSource = None, timeout: CallTimeout = UNSET
    ) -> types.DistributionInspect:
        """What a registry has under a name: the manifest's descriptor, and the platforms that there are. Pulls nothing.

        Credentials as for `pull`. Raises BadReference, BadCredentials as the stream of `pull` does, NotFound,
        Unauthorized or Forbidden as the registry says, ServerError when the engine can't ask it. podman has no such
        operation: NotFound. API: `DistributionInspect`.
        """
        name = Reference.parse(reference).with_default_tag()
        answer = await self._engine.json(
            "DistributionInspect",
            "GET",
            "/distribution/{*}/json",
            name.familiar,
            headers=await self._engine.registry_auth(name, auth),
            timeout=timeout,
        )
        return cast("types.DistributionInspect", answer)

    async def attestations(
        self,
        image: Named,
        *,
        platform: str | None = None,
        predicate_types: Sequence[str] | None = None,
        statement: bool | None = None,
        timeout: CallTimeout = UNSET,
    ) -> builtins.list[types.AttestationStatement]:
        """What is attested of an image, such as where it came from and what is in it: descriptor and predicate type.

        `statement` gives the in-toto statements too. `predicate_types` (the operation's `type`) leaves out others;
        `platform` (`linux/arm64`) takes that one's, the engine's own unless told.

        Raises ImageNotFound, BadParameter for a platform that is none, NotImplementedByEngine for an image store that
        keeps none, VersionTooLow before API 1.55. API: `ImageAttestations`.
        """
        if isinstance(predicate_types, str):
            raise BadParameter("predicate_types= is a list, not one string")
        answer = await self._engine.json(
            "ImageAttestations",
            "GET",
            "/images/{*}/attestations",
            id_of(image),
            query={"platform": platform_json(platform), "type": predicate_types, "statement": statement},
            timeout=timeout,
        )
        return cast("builtins.list[types.AttestationStatement]", answer)

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
            headers = await self._engine.registry_auth(name, auth)
            with refused(PullFailed):
                return await self._engine.open(
                    "ImageCreate", "POST", "/images/create", query=parameters, headers=headers, timeout=timeout
                )

        watched = Pulling(name, self.inspect, all_tags=all_tags)
        return progress_stream(self._engine, f"pull {name.familiar}", begin, PullProgress, watched)

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
            # a push that says nothing fails on old engines
            headers = await self._engine.registry_auth(name, auth, nobody=NOBODY)
            with refused(PushFailed):
                return await self._engine.open(
                    "ImagePush",
                    "POST",
                    "/images/{*}/push",
                    repository,
                    query={"tag": name.tag, "platform": platform_json(platform)},
                    headers=headers,
                    timeout=timeout,
                )

        asked = path("/images/{*}/push", repository)
        return progress_stream(self._engine, f"push {name.familiar}", begin, PushProgress, Pushing(name, asked))

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

        def begin(reference: str) -> Stream[PullProgress, Pulled]:
            return self.pull(reference, platform=platform, auth=auth, timeout=timeout)

        return many(
            "pull many", references, each(begin), concurrency=concurrency, stop_after_failures=stop_after_failures
        )

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

        def begin(reference: str) -> Stream[PushProgress, Pushed]:
            return self.push(reference, platform=platform, auth=auth, timeout=timeout)

        return many(
            "push many", references, each(begin), concurrency=concurrency, stop_after_failures=stop_after_failures
        )

    def remove_many(
        self,
        images: Iterable[str] | AsyncIterable[str],
        *,
        concurrency: int = 8,
        force: bool | None = None,
        no_prune: bool | None = None,
        stop_after_failures: int | None = None,
        timeout: CallTimeout = UNSET,
    ) -> BulkStream[BulkProgress[Never], Report[builtins.list[types.ImageDeleteResponseItem]]]:
        """Remove many images, `concurrency` at a time, and report on each; otherwise as `pull_many`.

        There is no progress within one, and none is tried again. API: `ImageDelete`, for each.
        """

        async def one(
            image: str,
            tell: Callable[[Never], None],  # noqa: ARG001  (nothing is told between begin and end)
        ) -> builtins.list[types.ImageDeleteResponseItem]:
            return await self.remove(image, force=force, no_prune=no_prune, timeout=timeout)

        def worth(error: Exception) -> bool:  # noqa: ARG001  (a removal may have been done, whatever was lost since)
            return False

        return many(
            "remove many",
            images,
            one,
            concurrency=concurrency,
            stop_after_failures=stop_after_failures,
            worth=worth,
        )


def _pullable(reference: str, *, all_tags: bool) -> Reference:
    name = Reference.parse(reference)
    if not all_tags:
        return name.with_default_tag()
    if name.tag is not None or name.digest is not None:
        raise BadParameter(f"all_tags= takes a repository without tag and digest, not {reference!r}")
    return name
