"""An answer that says no, as an error: the server's own words, whatever form they come in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec

from aiodockerhub.errors import APIError, NotFound, api_error_class
from aiodockerhub.wire.dates import seconds_of
from aiodockerhub.wire.failures import FOREIGN, wants_tls

if TYPE_CHECKING:
    from aiodockerhub.errors import TLSFailed
    from aiodockerhub.wire.messages import Request

__all__ = ["MOST_OF_A_REFUSAL", "Missing", "refusal", "refused", "said"]

MOST_OF_A_REFUSAL: Final = 256 * 1024
"""Bytes of an error's body that are read."""
_PATIENCE_WITH_A_REFUSAL: Final = 5.0
"""Seconds for that body: its status says enough."""
_MOST_OF_A_MESSAGE: Final = 4096
"""Characters of it that are shown: proxies answer with whole pages."""

_CAUSES: Final = {
    **dict.fromkeys(
        (
            "that name is already in use",
            "UNIQUE constraint failed: ContainerConfig.Name",
            "container already exists",
            "volume already exists",
            "network already exists",
            "image is in use by a container",
            "image is being used",
            "volume is being used",
            "container state improper",
            "container is stopped",
            "exec session state improper",
            "top can only be used on running containers",
        ),
        409,
    ),
    "network is being used": 403,
    **dict.fromkeys(
        ("no such container", "no such exec session", "no such volume", "network not found", "image not known"), 404
    ),
    "this container is not logging output": 501,
}
"""What podman answers with 500 and such a cause (libpod/define/errors.go), dockerd answers with this status."""

Missing: TypeAlias = Callable[[str, str], type[NotFound]]
"""Which NotFound a 404 is, from the path asked for and the server's message."""


async def refused(
    request: Request,
    status: int,
    reason: str | None,
    headers: Mapping[str, str],
    read: Callable[[], Awaitable[bytes]],
    *,
    address: str,
    missing: Missing | None,
) -> APIError | TLSFailed:
    """The error for an answer of 400 and above, whose body `read` gives piece by piece."""
    body = await _beginning(read)
    if status == 400 and (unencrypted := wants_tls(address, request.asked, body)) is not None:
        return unencrypted
    return refusal(status, reason, headers, body, method=request.method, path=request.path, missing=missing)


async def _beginning(read: Callable[[], Awaitable[bytes]]) -> bytes:
    """What comes of a body, if no more than its beginning: it may be cut short, have no end, or never come."""
    body = bytearray()
    with contextlib.suppress(*FOREIGN):  # TimeoutError too
        async with asyncio.timeout(_PATIENCE_WITH_A_REFUSAL):
            while len(body) < MOST_OF_A_REFUSAL and (piece := await read()):
                body += piece
    return bytes(body[:MOST_OF_A_REFUSAL])


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
    """The error for an answer of 400 and above. `status` stays what it is where the words choose another class."""
    document = _document(body)
    message = _said(body, document) or reason or "no reason given"
    meant = _meant(status, document)
    kind = missing(path, message) if meant == 404 and missing is not None else api_error_class(meant)
    return kind(message, status=status, method=method, path=path, retry_after=_retry_after(headers.get("Retry-After")))


def said(body: bytes) -> str:
    """The message in an error's body: `{"message"}`, `{"error"}`, `{"errors": [{"message"}]}`, or text. "" if empty."""
    return _said(body, _document(body))


def _document(body: bytes) -> Any:  # noqa: ANN401  (anybody's JSON)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _said(body: bytes, document: object) -> str:
    text = body.decode("utf-8", "replace").strip()
    if isinstance(document, dict):
        text = _in_document(cast("dict[str, Any]", document)) or text
    elif isinstance(document, str):
        text = document
    return text if len(text) <= _MOST_OF_A_MESSAGE else text[:_MOST_OF_A_MESSAGE] + " ..."


def _meant(status: int, document: object) -> int:
    """The status that a cause in podman's own form of a 500 stands for, else `status`."""
    if status != 500 or not isinstance(document, dict):
        return status
    told = cast("dict[str, Any]", document)
    cause = told.get("cause")
    return _CAUSES.get(cause, status) if isinstance(cause, str) and told.get("response") == 500 else status


def _in_document(document: dict[str, Any]) -> str:
    if words := _words(document, "message", "error", "cause", "detail"):
        return words
    if isinstance(document.get("errors"), list):
        listed = cast("list[Any]", document["errors"])
        found = [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
        return "; ".join(filter(None, (_words(one, "message", "error", "cause", "detail", "code") for one in found)))
    return ""


def _words(document: dict[str, Any], *keys: str) -> str:
    """What stands under the first of `keys` that has words."""
    return next((value.strip() for key in keys if isinstance(value := document.get(key), str) and value.strip()), "")


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either form of the header (RFC 9110 section 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    then = seconds_of(value)
    return None if then is None else max(0.0, then - time.time())
