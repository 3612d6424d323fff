"""The keywords of a build, for one of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO, TextIO

    from aiodockerhub.credentials import BuildCredentials
    from aiodockerhub.tar import Source

__all__ = ["BuildSettings"]


class BuildSettings(TypedDict, total=False):
    """What `build` takes, which tells what each means; but for `tag` and `timeout`, which `build_many` has itself."""

    directory: str | os.PathLike[str] | None
    fileobj: BinaryIO | TextIO | str | bytes | None
    tar: Source | None
    remote: str | None
    dockerfile: str | os.PathLike[str] | None
    ignore: Sequence[str] | None
    build_args: Mapping[str, str | None] | None
    labels: Mapping[str, str] | None
    target: str | None
    platform: str | None
    no_cache: bool | None
    cache_from: Sequence[str] | None
    pull: bool | None
    rm: bool | None
    force_rm: bool | None
    quiet: bool | None
    network_mode: str | None
    extra_hosts: Mapping[str, str] | Sequence[str] | None
    memory: int | None
    memory_swap: int | None
    cpu_shares: int | None
    cpu_set: str | None
    cpu_period: int | None
    cpu_quota: int | None
    shm_size: int | None
    squash: bool | None
    outputs: str | None
    version: str | None
    auth: BuildCredentials
