"""The main job: an index, a registry, and an engine if there is one.

    python examples/walk.py [--images N] [--port PORT] [--registry HOST:PORT]

Index and registry are an embedded hub. The engine is the one that the docker command line would use. Where that is on
another machine, or in a virtual one, it can't reach the hub: name a registry then; `REGISTRY_USER` and
`REGISTRY_PASSWORD` are its credentials, if it wants any. podman takes plain HTTP only from registries that its
configuration calls insecure: give the hub the port that stands there.
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
ALICE = Credentials("alice", "wonderland")


async def use_the_index(hub: LocalHub) -> None:
    """Log in, and create a repository: the right password, and a wrong one."""
    async with Index(hub.url, credentials=ALICE) as index:
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
    references = [f"{registry}/alice/{name}:{number}" for number in range(images)]
    for reference in references:
        await docker.images.tag(name, reference)
    pushed = await docker.images.push_many(references, auth=auth)
    print(f"registry   {registry}\nregistry   pushed  {pushed.summary()}")
    for reference in references:
        await docker.images.remove(reference)
    pulled = await docker.images.pull_many([result.reference for result in pushed.ok], auth=auth)
    print(f"registry   pulled  {pulled.summary()}")
    for result in pulled.ok:
        await docker.images.remove(result.reference)
    return len(pushed.failed) + len(pulled.failed)


async def use_the_engine(registry: str, images: int, auth: Credentials | None) -> int:
    """Build, push and pull; the exit status."""
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
            return min(1, await push_and_pull(docker, name, registry, images, auth))
        except DockerError as error:
            print(f"failed     {error}")
            return 1
        finally:
            with suppress(ImageNotFound):  # the build failed
                await docker.images.remove(name, force=True)


async def main() -> int:
    arguments = argparse.ArgumentParser(description="An index, a registry, and an engine if there is one.")
    arguments.add_argument("--images", type=int, default=20, help="how many to push and pull")
    arguments.add_argument("--port", type=int, default=0, help="the embedded hub's (default: a free one)")
    arguments.add_argument("--registry", help="host:port of another registry than the embedded hub's")
    chosen = arguments.parse_args()
    async with LocalHub(users={"alice": "wonderland"}, port=chosen.port) as hub:
        await use_the_index(hub)
        if chosen.registry is None:
            return await use_the_engine(hub.registry, chosen.images, ALICE)
        user, password = os.environ.get("REGISTRY_USER"), os.environ.get("REGISTRY_PASSWORD")
        auth = Credentials(user, password) if user and password else None
        return await use_the_engine(chosen.registry, chosen.images, auth)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
