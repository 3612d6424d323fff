"""A body whose bytes mean nothing here: passed through as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiodockerhub.errors import DockerError

__all__ = ["Octets"]


class Octets:
    """The decoder of a stream of bytes. With `raw` set it gives the same: there is nothing to decode."""

    def __init__(self) -> None:
        self.failure: DockerError | None = None
        self.raw = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The chunk as it came."""
        return [chunk]

    def end(self) -> list[bytes]:
        """Nothing is left."""
        return []
