"""JSON from files, programs and peers, decoded: whatever is wrong with it is a ValueError."""

from __future__ import annotations

from typing import TypeVar

import msgspec

__all__ = ["decoded"]

_T = TypeVar("_T")


def decoded(text: bytes | str | msgspec.Raw, kind: type[_T]) -> _T:
    """What `text` holds, as `kind`. Raises ValueError, whose words name a position and repeat nothing of the text.

    What is nested too deep is one too; but a field that no type names is passed over by Python 3.14, however deep.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
