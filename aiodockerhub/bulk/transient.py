"""Which failures of a whole pull, push, build, save or load another try may mend."""

from __future__ import annotations

import re
from typing import Final

from aiodockerhub.errors import (
    APIError,
    BuildFailed,
    ConnectionFailed,
    LoadFailed,
    NotImplementedByEngine,
    OperationFailed,
    PermissionRefused,
    PushFailed,
    RateLimited,
    ServerError,
    StreamBroken,
    TimedOut,
    TLSFailed,
)

__all__ = ["LONGEST_WAIT", "transient"]

LONGEST_WAIT: Final = 300.0
"""Seconds. A server that asks for a longer wait (a quota of hours) is not waited for: that is the caller's choice."""

# Engines put a registry's words into a 500, or into the stream, whatever they mean. What lasts is looked for first:
# "received unexpected HTTP status: 503" passes, "error parsing HTTP 503 response body: no space left" does not.
_LASTING: Final = re.compile(
    r"\bdenied\b|unauthorized|authentication required|no basic auth credentials|forbidden"
    r"|not found|manifest unknown|name unknown|does not exist|no such (?:image|container|host)"
    r"|no space left|disk quota exceeded|read-only file system"
    r"|x509:|\bbad certificate|unknown certificate|verify certificate|server gave HTTP response to HTTPS client"
    r"|no matching manifest|invalid reference|unsupported"
    # Docker Hub's quota is counted over hours
    r"|pull rate limit",
    re.IGNORECASE,
)
_PASSING: Final = re.compile(
    r"connection (?:reset|refused|timed out|closed)|broken pipe|use of closed network connection"
    r"|server closed idle connection|network is unreachable|no route to host"
    r"|time-?out|timed out|deadline exceeded|TLS handshake"
    r"|\bEOF\b|GOAWAY|stream error|server misbehaving|temporar(?:y|ily)|try again"
    r"|too ?many ?requests|bad gateway|service unavailable|internal server error"
    r"|\b(?:HTTP|status(?:[ _]?code)?)[ :]+(?:status[ :]+)?(?:429|50[0234])\b"
    # what they say of their clients' pulls when they are being stopped
    r"|context canceled",
    re.IGNORECASE,
)
# Pushes that upload one new layer at once get into each other's way. docker-registry 2.8 reads a link to a blob while
# another push writes it: empty, it is a 500 or "digest invalid". "blob upload unknown": distribution #2225, "blob
# upload invalid": nexus-public #967, "unknown blob": moby #36823, "Cannot overwrite digest": docker/for-linux #727.
# The layer is there soon after. Of a pull the same words say that the registry lacks what it promised, or has it
# damaged.
_PASSING_OF_PUSHES: Final = re.compile(
    r"digest invalid|blob unknown|unknown blob|blob upload (?:unknown|invalid)|cannot overwrite digest", re.IGNORECASE
)

# What an instruction ran has failed, which may be called anything: dockerd's classic builder, BuildKit, podman.
_LASTING_OF_BUILDS: Final = re.compile(r"non-zero code: \d|exit (?:code: |status )\d", re.IGNORECASE)

_PLACE: Final = re.compile(r"""["']?https?://[^\s"']+["']?""")
"""An image may be called "timeout"."""


def transient(error: Exception) -> bool | float:
    """Whether to try again what ended in `error`, a pull or the like: True, False, or after how many seconds.

    True for connections that failed or broke, time limits, 429 and 5xx, and what engines report inside a stream in the
    words of such failures, or of pushes that got into each other's way; seconds where the server named them. False for
    what lasts ("denied", "not found", no space left, a certificate, no permission), for a wait of more than
    `LONGEST_WAIT` and Docker Hub's pull limit, for words that nobody knows, and for what is no error of this library.
    """
    if isinstance(error, (PermissionRefused, TLSFailed)):
        return False
    if isinstance(error, (ConnectionFailed, StreamBroken, TimedOut)):
        return True
    if isinstance(error, (APIError, OperationFailed)):
        return _answered(error)
    return False


def _answered(error: APIError | OperationFailed) -> bool | float:
    words = _PLACE.sub("", error.message)
    if _LASTING.search(words) or isinstance(error, NotImplementedByEngine):
        return False
    if isinstance(error, (RateLimited, ServerError)):
        return _wait(error.retry_after)
    # an error inside a stream that is a NotFound, Forbidden or Unauthorized too said so in words that last
    return not isinstance(error, APIError) and _pass(error, words)


def _pass(error: OperationFailed, words: str) -> bool:
    if isinstance(error, PushFailed) and _PASSING_OF_PUSHES.search(words):
        return True
    # a load asks nobody else: what it says of a broken pipe or an early end is said of the archive
    if isinstance(error, LoadFailed) or (isinstance(error, BuildFailed) and _LASTING_OF_BUILDS.search(words)):
        return False
    return _PASSING.search(words) is not None


def _wait(named: float | None) -> bool | float:
    if named is None:
        return True
    return named if named <= LONGEST_WAIT else False
