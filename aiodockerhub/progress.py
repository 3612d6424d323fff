"""What long operations tell while they run, and what they end in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from datetime import datetime

    from aiodockerhub.errors import DockerError

__all__ = [
    "Actor",
    "Amount",
    "Away",
    "BuildStep",
    "BuildVertex",
    "Built",
    "Completed",
    "Event",
    "Failure",
    "Imported",
    "LoadProgress",
    "Loaded",
    "LogChunk",
    "LogLine",
    "PullProgress",
    "Pulled",
    "PushProgress",
    "Pushed",
    "SaveProgress",
]


class Amount(msgspec.Struct, gc=False):
    """How far a part of the work is, in bytes unless `units` names another unit. An engine may leave out either."""

    current: int | float | None = None
    total: int | float | None = None
    units: str | None = None


class Failure(msgspec.Struct, gc=False):
    """An error inside a stream, in the engine's own words; `code` where it gave a number."""

    message: str | None = None
    code: int | None = None


class _Line(msgspec.Struct, kw_only=True, gc=False):
    """A line of the engine's JSON stream, as `pull`, `push`, `import` and `build` share it.

    `status` is its words for `id`, `amount` how far that is, `progress` its own drawing of it, `aux` what it adds;
    `error` and `failure` are one error, in words and with a code.
    """

    status: str | None = None
    id: str | None = None
    progress: str | None = None
    amount: Amount | None = msgspec.field(name="progressDetail", default=None)
    aux: Any = None
    error: str | None = None
    failure: Failure | None = msgspec.field(name="errorDetail", default=None)

    @property
    def current(self) -> int | float | None:
        """How much is done, in bytes unless `amount.units` says otherwise."""
        return self.amount.current if self.amount is not None else None

    @property
    def total(self) -> int | float | None:
        """How much there is to do."""
        return self.amount.total if self.amount is not None else None


class PullProgress(_Line, kw_only=True, gc=False):
    """A step of a pull or an import: `status` of the layer (or reference) `id`, and how far it is.

    `progress` is the engine's own drawing of `current` and `total`.
    """


class PushProgress(_Line, kw_only=True, gc=False):
    """A step of a push: `status` of the layer (or repository) `id`, and how far it is."""


class LoadProgress(_Line, kw_only=True, gc=False):
    """A step of a load: `status` of the layer `id` and how far it is, or in `stream` what was loaded."""

    stream: str | None = None


class SaveProgress(_Line, kw_only=True, gc=False):
    """How far a save is: `current` bytes of the image `id`."""


_INSTRUCTION: Final = re.compile(r"Step \d+/\d+ : |(?:\[\d+/\d+\] )?STEP \d+/\d+: ")
"""How dockerd and podman begin one; podman counts the stages of several in front. Programs print "Step aside" too."""


class BuildVertex(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """An instruction as BuildKit knows it, or work of its own, such as to load the context: `name` is how it prints it.

    `digest` tells it from others, `inputs` are the digests of those that it builds on. `started` and `completed` are in
    seconds since 1970; `cached`: nothing had to be done; `error` is why it failed.
    """

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    started: float | None = None
    completed: float | None = None
    cached: bool = False
    error: str | None = None


class BuildStep(_Line, kw_only=True, gc=False):
    """A step of a build: `stream` is what it prints; `status`, `id` and the rest tell of an image that it pulls.

    Of BuildKit, `vertex` is the instruction that a step belongs to; several may run at once. `status` tells that it is
    "started", and then "done", "cached" or "failed", or is a "warning", or tells of a part of the work: `id` and how
    far it is. `aux` holds what the engine adds: the image's id.
    """

    stream: str | None = None
    vertex: BuildVertex | None = msgspec.field(name="(vertex)", default=None)  # no engine has such a key

    @property
    def instruction(self) -> str | None:
        """The instruction that begins here, as the builder prints it (`Step 1/2 : FROM scratch`), else None."""
        stream = self.stream
        if stream is None:
            return None
        if self.vertex is not None:
            return self.vertex.name if self.status == "started" else None
        return stream.strip() if _INSTRUCTION.match(stream) else None


class Actor(msgspec.Struct, gc=False):
    """What an event is about: its id, and attributes such as its name, image and labels."""

    id: str | None = msgspec.field(name="ID", default=None)
    attributes: dict[str, str] | None = msgspec.field(name="Attributes", default=None)


class Event(msgspec.Struct, kw_only=True, gc=False):
    """Something that happened in the engine: `action` happened to `actor`, which is of `type`.

    `scope` is "local", or "swarm" for what every engine of a swarm tells. `time` is in whole seconds since 1970,
    `time_nano` in nanoseconds.
    """

    type: str | None = msgspec.field(name="Type", default=None)
    action: str | None = msgspec.field(name="Action", default=None)
    actor: Actor = msgspec.field(name="Actor", default_factory=Actor)
    scope: str | None = None
    time: int | None = None
    time_nano: int | None = msgspec.field(name="timeNano", default=None)


class Away(msgspec.Struct, frozen=True):
    """The engine told no events for a while: from `since` to `until`, by the clock here; `error` is how it began.

    What happened meanwhile follows, as far as the engine kept it.
    """

    since: datetime
    until: datetime
    error: DockerError


class LogChunk(msgspec.Struct, gc=False):
    """A piece of output: `stream` is where it was written, `data` the bytes.

    `text` is `data` in UTF-8; a character cut between two chunks of a stream stands whole in the later one.
    """

    stream: Literal["stdin", "stdout", "stderr"]
    data: bytes
    text: str


class LogLine(msgspec.Struct, gc=False):
    """A whole line of output: `stream` is where it was written, `text` the line without its end, in UTF-8."""

    stream: Literal["stdin", "stdout", "stderr"]
    text: str


class Pulled(msgspec.Struct, frozen=True):
    """A pulled image: `id` is its id in the engine, `digest` that of its manifest, None where the engine named none.

    `up_to_date`: nothing had to be pulled. `tags` holds one for each tag where all tags were asked for; `reference` is
    the repository then, and the other fields are the first tag's.
    """

    reference: str
    id: str
    digest: str | None
    up_to_date: bool
    tags: tuple[Pulled, ...] = ()


class Pushed(msgspec.Struct, frozen=True):
    """A pushed tag: the manifest's `digest`, and its `size` in bytes; None where the engine named none.

    `tags` holds one for each tag where all tags were asked for; `reference` is the repository then, and the other
    fields are the first tag's.
    """

    reference: str
    digest: str | None
    size: int | None
    tags: tuple[Pushed, ...] = ()


class Imported(msgspec.Struct, frozen=True):
    """An image made of a file system: `id` is its id in the engine, `reference` its name if it got one."""

    reference: str | None
    id: str


class Loaded(msgspec.Struct, frozen=True):
    """What an archive held: `images` are their names, and the ids of those without one, in the engine's order."""

    images: tuple[str, ...]


class Built(msgspec.Struct, frozen=True):
    """A built image: its `id` in the engine, and in `tags` the names it got."""

    id: str
    tags: tuple[str, ...]


class Completed(msgspec.Struct, frozen=True):
    """A command that ran to its end: its `exit_code`, and what it wrote to `stdout` and `stderr`.

    Where it had a terminal, all is `stdout`.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
