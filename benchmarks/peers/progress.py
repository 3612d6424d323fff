"""What the two bare clients decode a line of progress into: the least that any typed client has to know."""

from __future__ import annotations

from typing import Any

import msgspec


class Detail(msgspec.Struct, gc=False):
    current: int | None = None
    total: int | None = None


class Step(msgspec.Struct, gc=False):
    status: str | None = None
    id: str | None = None
    progress: str | None = None
    detail: Detail | None = msgspec.field(name="progressDetail", default=None)
    stream: str | None = None
    error: str | None = None
    aux: Any = None


decoder = msgspec.json.Decoder(Step)
