"""Container engines, image registries and Docker Hub from asyncio.

Every public name is here, each loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aiodockerhub.bulk.progress import BulkProgress
    from aiodockerhub.bulk.report import Report, Result
    from aiodockerhub.credentials import Credentials
    from aiodockerhub.engine.docker import Docker
    from aiodockerhub.engine.system import Ping
    from aiodockerhub.errors import (
        APIError,
        BadAddress,
        BadCredentials,
        BadFile,
        BadParameter,
        BadReference,
        BadRequest,
        BuildFailed,
        BulkFailed,
        Closed,
        Conflict,
        ConnectionFailed,
        ContainerNotFound,
        DockerError,
        EngineUnreachable,
        Forbidden,
        ImageNotFound,
        ImportFailed,
        Misused,
        NotFound,
        NotImplementedByEngine,
        OperationFailed,
        PermissionRefused,
        ProtocolViolated,
        PullFailed,
        PushFailed,
        RateLimited,
        Redirected,
        ServerError,
        StreamBroken,
        TimedOut,
        TLSFailed,
        TooLarge,
        Unauthorized,
        VersionTooLow,
    )
    from aiodockerhub.index.client import Grant, Index
    from aiodockerhub.local.accounts import User
    from aiodockerhub.local.hub import LocalHub
    from aiodockerhub.progress import (
        BuildStep,
        Built,
        Event,
        Imported,
        LogChunk,
        LogLine,
        PullProgress,
        Pulled,
        PushProgress,
        Pushed,
    )
    from aiodockerhub.reference import Reference
    from aiodockerhub.session import Session
    from aiodockerhub.wire.limits import Limits
    from aiodockerhub.wire.pool import Stats
    from aiodockerhub.wire.stream import Stream
    from aiodockerhub.wire.timeouts import Timeout
    from aiodockerhub.wire.tls import TLS

_ROOMS = {
    "bulk.progress": ("BulkProgress",),
    "bulk.report": ("Report", "Result"),
    "credentials": ("Credentials",),
    "engine.docker": ("Docker",),
    "engine.system": ("Ping",),
    "errors": (
        "APIError",
        "BadAddress",
        "BadCredentials",
        "BadFile",
        "BadParameter",
        "BadReference",
        "BadRequest",
        "BuildFailed",
        "BulkFailed",
        "Closed",
        "Conflict",
        "ConnectionFailed",
        "ContainerNotFound",
        "DockerError",
        "EngineUnreachable",
        "Forbidden",
        "ImageNotFound",
        "ImportFailed",
        "Misused",
        "NotFound",
        "NotImplementedByEngine",
        "OperationFailed",
        "PermissionRefused",
        "ProtocolViolated",
        "PullFailed",
        "PushFailed",
        "RateLimited",
        "Redirected",
        "ServerError",
        "StreamBroken",
        "TLSFailed",
        "TimedOut",
        "TooLarge",
        "Unauthorized",
        "VersionTooLow",
    ),
    "index.client": ("Grant", "Index"),
    "local.accounts": ("User",),
    "local.hub": ("LocalHub",),
    "progress": (
        "BuildStep",
        "Built",
        "Event",
        "Imported",
        "LogChunk",
        "LogLine",
        "PullProgress",
        "Pulled",
        "PushProgress",
        "Pushed",
    ),
    "reference": ("Reference",),
    "session": ("Session",),
    "wire.limits": ("Limits",),
    "wire.pool": ("Stats",),
    "wire.stream": ("Stream",),
    "wire.timeouts": ("Timeout",),
    "wire.tls": ("TLS",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *_ROOM_OF]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
