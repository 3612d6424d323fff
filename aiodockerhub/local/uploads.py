"""Uploads that are under way, each a part that grows over several requests."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from aiodockerhub.local.contents import Contents
    from aiodockerhub.local.shelf import Part

# clients that went away leave theirs behind
_IDLE_SECONDS = 3600.0
_MOST = 10_000


class Busy(Exception):
    """Another request writes to the upload."""


@dataclass(slots=True, eq=False)
class Upload:
    """An upload to a repository; `part.size` says how far it is."""

    repository: str
    part: Part
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    touched: float = field(default_factory=time.monotonic)
    busy: bool = False

    @contextlib.contextmanager
    def writing(self) -> Generator[Part]:
        """The part, for one request alone. Raises Busy."""
        if self.busy:
            raise Busy
        self.busy = True
        try:
            yield self.part
        finally:
            self.busy = False
            self.touched = time.monotonic()
            self.part.rest()


class Uploads:
    """The uploads to a registry's repositories, by id: 10,000 at most, none that nobody touched for an hour."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._uploads: dict[str, Upload] = {}

    def begin(self, repository: str, algorithm: str) -> Upload:
        """A new one; the oldest make room for it."""
        self._sweep()
        upload = Upload(repository, self._contents.begin(algorithm))
        self._uploads[upload.id] = upload
        return upload

    def find(self, repository: str, upload_id: str) -> Upload | None:
        """The upload of this id, if it goes to this repository."""
        upload = self._uploads.get(upload_id)
        return upload if upload and upload.repository == repository else None

    def take(self, upload: Upload) -> Part:
        """The part, which is the caller's from now on; the upload is gone."""
        del self._uploads[upload.id]
        return upload.part

    def drop(self, upload: Upload) -> None:
        """End it, and free its bytes."""
        if self._uploads.pop(upload.id, None):
            upload.part.drop()

    def clear(self) -> None:
        """End all."""
        for upload in list(self._uploads.values()):
            self.drop(upload)

    def _sweep(self) -> None:
        latest = time.monotonic() - _IDLE_SECONDS
        idle = [upload for upload in self._uploads.values() if not upload.busy]
        for upload in sorted(idle, key=lambda upload: upload.touched):
            if upload.touched > latest and len(self._uploads) < _MOST:
                break
            self.drop(upload)
