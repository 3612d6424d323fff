"""A directory as a tar in a temporary file, for the clients that leave this to their caller."""

from __future__ import annotations

import tarfile
import tempfile
from typing import IO


def packed(directory: str) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.add(directory, ".")
    file.seek(0)
    return file
