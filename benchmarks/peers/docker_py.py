"""docker-py's low-level client. It blocks: calls at once run in as many threads, on a pool as large."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker

from benchmarks.peers import AT_ONCE
from benchmarks.swallow import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Client:
    def __init__(self, api: docker.APIClient, threads: ThreadPoolExecutor) -> None:
        self._api = api
        self._threads = threads

    def info(self) -> Any:
        return self._api.info()

    def lines(self, count: int, chunking: str) -> int:
        steps = self._api.pull("bench", tag=f"{count}-{chunking}", stream=True, decode=True)
        return sum(1 for _ in steps)

    def frames(self, count: int, chunking: str) -> int:
        return sum(1 for _ in self._api.logs(f"{count}-{chunking}", stream=True, follow=True))

    def build(self, directory: str) -> int:
        return told("".join(step.get("stream", "") for step in self._api.build(path=directory, decode=True)))

    def import_tar(self, path: str) -> int:
        return told(self._api.import_image(src=path, repository="bench"))

    def load_tar(self, path: str) -> int:
        with Path(path).open("rb") as tar:
            return told("".join(step.get("status", "") for step in self._api.load_image(tar)))

    def export(self, mib: int) -> int:
        return sum(map(len, self._api.export(f"{mib}-mib")))

    def push_all(self, references: list[str]) -> None:
        list(self._threads.map(self._push, references))

    def pull_all(self, references: list[str]) -> None:
        list(self._threads.map(self._pull, references))

    def _push(self, reference: str) -> None:
        _check(self._api.push(reference, stream=True, decode=True))

    def _pull(self, reference: str) -> None:
        _check(self._api.pull(reference, stream=True, decode=True))


def _check(steps: Iterable[dict[str, Any]]) -> None:
    for step in steps:
        if "error" in step:
            raise RuntimeError(step["error"])


@contextmanager
def connect(address: str) -> Iterator[Client]:
    with (
        docker.APIClient(base_url=address, version="auto", num_pools=AT_ONCE, max_pool_size=AT_ONCE) as api,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        yield Client(api, threads)
