"""Bearer tokens: who somebody is and what the token lets do, signed, for a few minutes.

They are checked by their signature alone, so that any number of them takes no memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time

import msgspec

SECONDS = 300
"""How long a token is good for."""


class Token(msgspec.Struct, frozen=True):
    """`user` is None for anybody; `access` holds actions by `TYPE:NAME`; `until` is a Unix time."""

    user: str | None
    access: dict[str, list[str]]
    until: float


class Tokens:
    """Issues tokens and knows its own; each object has another key."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, user: str | None, access: dict[str, list[str]]) -> str:
        """A new token, as it stands in headers."""
        body = base64.urlsafe_b64encode(msgspec.json.encode(Token(user, access, time.time() + SECONDS))).decode()
        return f"{body}.{self._signature(body)}"

    def read(self, text: str) -> Token | None:
        """What a token of this object's says; None where it is another's, or too old."""
        body, _, signature = text.partition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode(errors="replace")):
            return None
        token = msgspec.json.decode(base64.urlsafe_b64decode(body), type=Token)
        return token if token.until > time.time() else None

    def _signature(self, body: str) -> str:
        return hmac.new(self._key, body.encode(errors="replace"), hashlib.sha256).hexdigest()
