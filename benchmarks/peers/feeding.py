"""What a command is fed with, by every client in the same pieces."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
_PIECE = bytes(256 * 1024)


def pieces(mib: int) -> Iterator[bytes]:
    return itertools.repeat(_PIECE, mib * MIB // len(_PIECE))
