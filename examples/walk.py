"""The main job: an index, then an engine and a registry, as far as they are there.

    python examples/walk.py [--images N] [--registry HOST:PORT]

The index is an embedded hub. The engine is the one that the docker command line would use. The registry is the one
named, by default 127.0.0.1:5000, where Debian's docker-registry listens; `REGISTRY_USER` and `REGISTRY_PASSWORD` are
its credentials, if it wants any. What is missing is named, with the line that installs it, and the rest is done.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from aiodockerhub import (
    ConnectionFailed,
    Credentials,
    Docker,
    DockerError,
    ImageNotFound,
    Index,
    LocalHub,
    Unauthorized,
)

NO_ENGINE = "apt-get install -y docker.io   (then: dockerd &   where no service manager has started it)"
NO_REGISTRY = (
    "apt-get install -y docker-registry   "
    "(then: docker-registry serve /etc/docker/registry/config.yml &   where no service manager has started it)"
)


async def use_an_index() -> None:
    """Log in, and create a repository: the right password, and a wrong one."""
    alice = Credentials("alice", "wonderland")
    async with LocalHub(users={"alice": "wonderland"}) as hub:
        async with Index(hub.url, credentials=alice) as index:
            await index.login()
            grant = await index.create_repository("alice/hello", [secrets.token_hex(32)])
            print(f"index      logged in at {hub.url}, created {grant.repository} with {grant.access} access")
        async with Index(hub.url, credentials=Credentials("alice", "wrong")) as index:
            try:
                await index.login()
            except Unauthorized:
                print("index      a wrong password is refused")


async def build(docker: Docker, name: str) -> None:
    """An image of one file, from a directory."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "Dockerfile").write_text("FROM scratch\nCOPY greeting /greeting\n")
        Path(directory, "greeting").write_text("hello\n")
        built = await docker.images.build(directory, tag=name)
    print(f"engine     built {name} as {built.id[:19]}")


async def push_and_pull(docker: Docker, name: str, registry: str, images: int, auth: Credentials | None) -> int:
    """Many pushes at once, then many pulls; how many failed."""
    references = [f"{registry}/hello/{name}:{number}" for number in range(images)]
    for reference in references:
        await docker.images.tag(name, reference)
    pushed = await docker.images.push_many(references, auth=auth)
    print(f"registry   pushed  {pushed.summary()}")
    for reference in references:
        await docker.images.remove(reference)
    pulled = await docker.images.pull_many([result.reference for result in pushed.ok], auth=auth)
    print(f"registry   pulled  {pulled.summary()}")
    for result in pulled.ok:
        await docker.images.remove(result.reference)
    return len(pushed.failed) + len(pulled.failed)


async def answers(registry: str) -> bool:
    """Whether anything listens there."""
    host, _, port = registry.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def main() -> int:
    arguments = argparse.ArgumentParser(description="An index, an engine and a registry, as far as they are there.")
    arguments.add_argument("--images", type=int, default=20, help="how many to push and pull")
    arguments.add_argument("--registry", default="127.0.0.1:5000", help="host:port")
    chosen = arguments.parse_args()
    user, password = os.environ.get("REGISTRY_USER"), os.environ.get("REGISTRY_PASSWORD")
    auth = Credentials(user, password) if user and password else None

    await use_an_index()
    async with Docker() as docker:
        try:
            info = await docker.info()
        except ConnectionFailed as error:
            print(f"engine     missing: {error}\n           {NO_ENGINE}")
            return 0
        print(f"engine     {info['Name']}, version {info['ServerVersion']}, {info['Images']} images")
        name = f"walk-{secrets.token_hex(4)}"
        try:
            await build(docker, name)
            if await answers(chosen.registry):
                return min(1, await push_and_pull(docker, name, chosen.registry, chosen.images, auth))
            print(f"registry   missing: nothing listens at {chosen.registry}\n           {NO_REGISTRY}")
        except DockerError as error:
            print(f"failed     {error}")
            return 1
        finally:
            with suppress(ImageNotFound):  # the build failed
                await docker.images.remove(name, force=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
