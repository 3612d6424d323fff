"""A service: prints what happens to containers, and follows the output of each one that starts.

    python examples/watch.py [--label KEY=VALUE] [--seconds N]

Runs until it is stopped (SIGINT, SIGTERM), or for N seconds. When the engine goes away it waits for it to come back,
and goes on from the last event that it saw.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from contextlib import suppress

from aiodockerhub import ConnectionFailed, ContainerNotFound, Docker, DockerError, Event, StreamBroken


async def follow(docker: Docker, container: str, name: str) -> None:
    """Every line that a container has printed and prints until it ends. What fails ends this log, and no other."""
    try:
        with suppress(ContainerNotFound):  # it ended and was removed meanwhile
            async for line in docker.containers.logs(container, follow=True).lines():
                print(f"{name:20} {line.stream:6} {line.text}", flush=True)
    except DockerError as error:
        print(f"{name:20} log lost: {error}", flush=True)


def after(event: Event) -> float | str:
    """The moment after an event, to the nanosecond, which a float could not hold."""
    if event.time_nano is None:
        return time.time()
    seconds, nanoseconds = divmod(event.time_nano + 1, 10**9)
    return f"{seconds}.{nanoseconds:09}"


async def watch(docker: Docker, label: str | None) -> None:
    filters: dict[str, str | list[str]] = {"type": "container"}
    if label is not None:
        filters["label"] = label
    since: float | str = time.time()
    async with asyncio.TaskGroup() as followers:
        while True:
            try:
                async for event in docker.events(since=since, filters=filters):
                    since = after(event)
                    identifier = event.actor.id or ""
                    name = (event.actor.attributes or {}).get("name", identifier[:12])
                    print(f"{name:20} {event.action}", flush=True)
                    if event.action == "start":
                        followers.create_task(follow(docker, identifier, name))
            except (ConnectionFailed, StreamBroken) as error:
                print(f"engine lost: {error}", flush=True)
            await asyncio.sleep(1)


async def main() -> None:
    arguments = argparse.ArgumentParser(description="Follow events and logs.")
    arguments.add_argument("--label", help="only containers with this label")
    arguments.add_argument("--seconds", type=float, help="end after this time")
    chosen = arguments.parse_args()
    service = asyncio.current_task()
    assert service is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, service.cancel)
    async with Docker() as docker:
        print(f"watching {docker!r}", flush=True)
        with suppress(asyncio.CancelledError, TimeoutError):
            async with asyncio.timeout(chosen.seconds):
                await watch(docker, chosen.label)
    print("stopped", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
