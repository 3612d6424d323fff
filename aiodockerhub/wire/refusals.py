"""An answer that says no, as an error: the server's own words, whatever form they come in."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec

from aiodockerhub.errors import APIError, NotFound, api_error_class

__all__ = ["MOST_OF_A_REFUSAL", "Missing", "refusal", "said"]

MOST_OF_A_REFUSAL: Final = 256 * 1024
"""Bytes of an error's body that are read."""
_MOST_OF_A_MESSAGE: Final = 4096
"""Characters of it that are shown: proxies answer with whole pages."""

Missing: TypeAlias = Callable[[str, str], type[NotFound]]
"""Which NotFound a 404 is, from the path asked for and the server's message."""


def refusal(
    status: int,
    reason: str | None,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    path: str,
    missing: Missing | None = None,
) -> APIError:
    """The error for an answer of 400 and above."""
    message = said(body) or reason or "no reason given"
    kind = missing(path, message) if status == 404 and missing is not None else api_error_class(status)
    return kind(message, status=status, method=method, path=path, retry_after=_retry_after(headers.get("Retry-After")))


def said(body: bytes) -> str:
    """The message in an error's body: `{"message"}`, `{"error"}`, `{"errors": [{"message"}]}`, or text. "" if empty."""
    text = body.decode("utf-8", "replace").strip()
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    if isinstance(document, dict):
        text = _in_document(cast("dict[str, Any]", document)) or text
    elif isinstance(document, str):
        text = document
    return text if len(text) <= _MOST_OF_A_MESSAGE else text[:_MOST_OF_A_MESSAGE] + " ..."


def _in_document(document: dict[str, Any]) -> str:
    for key in ("message", "error", "cause", "detail"):
        if isinstance(value := document.get(key), str) and value.strip():
            return value.strip()
    if isinstance(document.get("errors"), list):
        listed = cast("list[Any]", document["errors"])
        found = [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
        return "; ".join(filter(None, (_in_document(one) or str(one.get("code", "")) for one in found)))
    return ""


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either form of the header (RFC 9110 section 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
