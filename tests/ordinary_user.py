"""Tests as root, who may read everything, of what others may not read."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """This process has nobody's rights within; without root's there is nothing to give up."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
