"""Followers of logs and events that go on after each cut, and what they look at."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from aiodockerhub import DockerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

    from aiodockerhub import Docker


@dataclass
class Tally:
    """What happened. `faults` is what must not."""

    ended: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    events: int = 0
    resumed: int = 0
    restarts: int = 0
    unseen: int = 0
    """Containers whose creation no connection had told when the engine was restarted, and forgot it perhaps."""
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        if len(self.faults) < 20:
            self.faults.append(what)


class Presence:
    """Whether the engine is there. It ends its streams in good order when it goes, and only then may it."""

    def __init__(self) -> None:
        self._away = False
        self._absences = 0

    @contextlib.contextmanager
    def absence(self) -> Iterator[None]:
        """From before it goes until it answers and its containers run again."""
        self._away = True
        self._absences += 1
        try:
            yield
        finally:
            self._away = False

    def watch(self) -> Callable[[], bool]:
        """Tells later whether the engine was away at any time since now."""
        begun = None if self._away else self._absences
        return lambda: begun != self._absences


class Follower:
    """Follows a log through every cut, as a user would, and keeps each line with its time in a file."""

    def __init__(
        self,
        docker: Docker,
        container: str,
        tally: Tally,
        presence: Presence,
        kept: TextIO,
        until: asyncio.Future[float],
    ) -> None:
        self._docker = docker
        self._container = container
        self._tally = tally
        self._presence = presence
        self._kept = kept
        self._until = until
        self._last = ""
        self._of_last = 0
        """How many lines of the last one's moment were kept."""

    async def run(self) -> None:
        """Until a line comes that was written after the moment that `until` says."""
        while True:
            was_away = self._presence.watch()
            try:
                if await self._follow():
                    return
                if not was_away():
                    self._tally.fault(f"the log of {self._container} ended, but the container runs")
                self._tally.ended["log: ended with the engine"] += 1
            except DockerError as error:
                self._tally.ended[f"log: {type(error).__name__}"] += 1
            self._tally.resumed += 1
            await asyncio.sleep(0.05)

    async def _follow(self) -> bool:
        # in whole seconds: not every engine keeps nine digits apart, and what is known already is passed over here
        since = self._last.partition(".")[0]
        resumed, known, before = self._last, self._of_last, ""
        logs = self._docker.containers.logs(
            self._container, follow=True, timestamps=True, since=f"{since}.{0:09}" if since else None
        )
        async for line in logs.lines():
            moment = moment_of(line.text)
            if moment < before:
                self._tally.fault(f"{line.text} comes after {before} in one log")
            before = moment
            if moment < resumed:
                continue
            if moment == resumed and known:
                known -= 1
                continue
            self._keep(moment, line.text)
            if self._until.done() and float(moment) > self._until.result():
                return True
        return False

    def _keep(self, moment: str, text: str) -> None:
        self._of_last = self._of_last + 1 if moment == self._last else 1
        self._last = moment
        self._kept.write(text + "\n")
        self._tally.lines += 1


def moment_of(line: str) -> str:
    """When a line was written, as `since` takes it: in seconds, with all nine digits behind the point."""
    moment, _, fraction = line.partition(" ")[0].rstrip("Z").partition(".")
    return f"{datetime.fromisoformat(moment + '+00:00').timestamp():.0f}.{fraction:0<9}"


async def compare(docker: Docker, container: str, kept: Path, tally: Tally, *, whole: bool) -> None:
    """Whether a follower's lines are those of the log, read anew over a connection that nobody cuts.

    A `whole` log is read from its first line on; another one, which has no first line and no end, from the follower's.
    """
    with kept.open() as lines:
        wanted = lines.readline()
        if not wanted:
            return tally.fault("a follower kept no line")
        first = "" if whole else moment_of(wanted)
        logs = docker.containers.logs(container, follow=not whole, timestamps=True, since=first or None)
        async for line in logs.lines():
            if moment_of(line.text) < first:
                continue
            if line.text + "\n" != wanted:
                return tally.fault(f"a follower has {wanted!r} where the log has {line.text!r}")
            wanted = lines.readline()
            if not wanted:
                return None
        return tally.fault(f"a follower has {wanted!r}, which the log has not")


class Watcher:
    """Follows the events of containers through every cut, and tells which were created.

    Engines keep events in memory, and forget them when they are restarted: what no connection had told until then may
    never come (`forget`). No event may come twice in one answer, and none that was told while the engine went on may
    be missing.
    """

    def __init__(self, docker: Docker, tally: Tally, presence: Presence) -> None:
        self.created: Counter[str | None] = Counter()
        self.expected: list[str] = []
        """Containers whose creation has to be told."""
        self._docker = docker
        self._tally = tally
        self._presence = presence
        self._seen: set[tuple[object, ...]] = set()
        self._since = f"{time.time():.9f}"

    async def run(self) -> None:
        while True:
            was_away = self._presence.watch()
            try:
                await self._follow()
                if not was_away():
                    self._tally.fault("events ended")
                self._tally.ended["events: ended with the engine"] += 1
            except DockerError as error:
                self._tally.ended[f"events: {type(error).__name__}"] += 1
            await asyncio.sleep(0.05)

    def forget(self) -> None:
        """Expect no longer what was not told yet: the engine was restarted."""
        told = [made for made in self.expected if self.created[made]]
        self._tally.unseen += len(self.expected) - len(told)
        self.expected = told

    async def caught_up(self) -> None:
        """Until everything expected was told."""
        while not all(self.created[made] for made in self.expected):
            await asyncio.sleep(0.05)
        if doubled := [made for made in self.expected if self.created[made] > 1]:
            self._tally.fault(f"created more than once, say the events: {doubled[:3]}")

    async def _follow(self) -> None:
        here: set[tuple[object, ...]] = set()
        async for event in self._docker.events(since=self._since, filters={"type": ["container"]}):
            key = event.time_nano, event.action, event.actor.id
            if key in here:
                self._tally.fault(f"an event came twice: {key}")
            here.add(key)
            if key in self._seen:
                continue
            self._seen.add(key)
            self._tally.events += 1
            if event.action == "create":
                self.created[event.actor.id] += 1
            if event.time_nano is not None:
                self._since = f"{event.time_nano // 10**9}.{event.time_nano % 10**9:09}"
