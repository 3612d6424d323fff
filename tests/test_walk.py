"""The book's chapter, step by step, on every engine and registry."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from rig import Registry

from aiodockerhub import Credentials, Docker, Index, LocalHub

if TYPE_CHECKING:
    from rig import Engine, Rig

DOCKERFILE = b"""\
# shared volume
FROM busybox:latest
MAINTAINER minimicall

VOLUME /data
CMD ["/bin/sh"]
"""


@pytest.fixture(params=["registry", "crane"])
def any_registry(rig: Rig, request: pytest.FixtureRequest) -> Registry:
    """The one with a password, over TLS; the one without."""
    chosen: Registry = getattr(rig, request.param)
    return chosen


async def test_the_walk(engine: Engine, any_registry: Registry, busybox: str) -> None:
    async with LocalHub(users={"alice": "wonderland"}) as hub:
        await walk(engine, hub, any_registry)


async def test_the_walk_with_the_hubs_own_registry(engine: Engine, rig: Rig, busybox: str) -> None:
    users = {"alice": "wonderland", "minimicall": "secret"}
    async with LocalHub(users=users, port=rig.hub_port) as hub:
        await walk(engine, hub, Registry(hub.registry, "minimicall", "secret"))


async def walk(engine: Engine, hub: LocalHub, any_registry: Registry) -> None:
    repository = f"{any_registry.address}/minimicall/volume-{engine.role}"
    reference = f"{repository}:1.0"
    auth = None
    if any_registry.username is not None and any_registry.password is not None:
        auth = Credentials(any_registry.username, any_registry.password, email="alice@example.com")

    # 1, 2: log in to the index, and create a repository there
    async with Index(hub.url, credentials=Credentials("alice", "wonderland")) as index:
        await index.login()
        grant = await index.create_repository("alice/volume", ["5b" * 32])
        assert grant.repository == "alice/volume"
        assert grant.access == "write"
        assert grant.endpoints == (hub.host,)

    # 6: connect
    async with Docker(engine.base_url) as docker:
        # 9: build from a file object
        steps = [
            step async for step in docker.images.build(fileobj=BytesIO(DOCKERFILE), rm=True, tag="minimicall/volume")
        ]
        assert any((step.stream or "").lower().startswith("step 1") for step in steps)

        # 8: images
        tags = [tag for image in await docker.images.list() for tag in image["RepoTags"] or ()]
        assert any(tag.endswith("minimicall/volume:latest") for tag in tags)

        # 3: tag
        await docker.images.tag("minimicall/volume", reference)
        built = await docker.images.inspect("minimicall/volume")
        assert (await docker.images.inspect(reference))["Id"] == built["Id"]

        # 4: push
        pushed = await docker.images.push(reference, auth=auth)
        assert pushed.digest is not None
        assert pushed.digest.startswith("sha256:")

        # remove both names, so that there is something to pull
        await docker.images.remove("minimicall/volume")
        await docker.images.remove(reference)

        # 5: pull, by digest and by tag
        by_digest = await docker.images.pull(f"{repository}@{pushed.digest}", auth=auth)
        assert by_digest.digest == pushed.digest
        by_tag = await docker.images.pull(reference, auth=auth)
        assert by_tag.id == by_digest.id
        assert "/data" in (await docker.images.inspect(reference))["Config"]["Volumes"]

        # 10: create and start a container
        container = await docker.containers.create(reference, "/bin/sleep 30")
        try:
            await docker.containers.start(container["Id"])
            running = await docker.containers.inspect(container["Id"])
            assert running["State"]["Running"]

            # 7: info
            info = await docker.info()
            assert info["ContainersRunning"] >= 1
        finally:
            await docker.containers.remove(container["Id"], force=True, volumes=True)
            await docker.images.remove(reference, force=True)
