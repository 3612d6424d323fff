"""Pull or push many images at once.

    python examples/bulk.py pull FILE [--concurrency N]
    python examples/bulk.py push FILE [--concurrency N]

FILE holds one reference a line (`-` is standard input); empty lines and lines that begin with # are passed over.
Credentials are those of the docker command line, unless `REGISTRY_USER` and `REGISTRY_PASSWORD` are set.
Progress goes to standard error, a line for each failure to standard output. The exit status is 1 if any failed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aiodockerhub import Credentials, Docker

if TYPE_CHECKING:
    from collections.abc import Iterator


def references(file: str) -> Iterator[str]:
    text = sys.stdin.read() if file == "-" else Path(file).read_text()
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


async def main() -> int:
    arguments = argparse.ArgumentParser(description="Pull or push many images at once.")
    arguments.add_argument("action", choices=["pull", "push"])
    arguments.add_argument("file")
    arguments.add_argument("--concurrency", type=int, default=8)
    chosen = arguments.parse_args()
    user, password = os.environ.get("REGISTRY_USER"), os.environ.get("REGISTRY_PASSWORD")
    auth = Credentials(user, password) if user and password else None

    async with Docker() as docker:
        many = docker.images.pull_many if chosen.action == "pull" else docker.images.push_many
        stream = many(list(references(chosen.file)), concurrency=chosen.concurrency, auth=auth)
        async for progress in stream:
            if progress.state in ("done", "failed"):
                print(f"{progress.done + progress.failed}/{progress.total} {progress.reference}", file=sys.stderr)
        report = stream.outcome
    for result in report.failed:
        print(f"{result.reference}: {result.error}")
    print(report.summary(), file=sys.stderr)
    return 1 if report.failed else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
