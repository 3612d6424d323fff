"""Container engines, image registries and Docker Hub from asyncio.

Every public name is here, each loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aiodockerhub.bulk.progress import BulkProgress as BulkProgress
    from aiodockerhub.bulk.report import Report as Report
    from aiodockerhub.bulk.report import Result as Result
    from aiodockerhub.credentials import BuildCredentials as BuildCredentials
    from aiodockerhub.credentials import Credentials as Credentials
    from aiodockerhub.credentials import CredentialsSource as CredentialsSource
    from aiodockerhub.engine.archive_stream import ArchiveStream as ArchiveStream
    from aiodockerhub.engine.build_settings import BuildSettings as BuildSettings
    from aiodockerhub.engine.container_config import ContainerSettings as ContainerSettings
    from aiodockerhub.engine.containers import PullPolicy as PullPolicy
    from aiodockerhub.engine.copying import PathStat as PathStat
    from aiodockerhub.engine.docker import Docker as Docker
    from aiodockerhub.engine.duplex import Duplex as Duplex
    from aiodockerhub.engine.filters import Filters as Filters
    from aiodockerhub.engine.logs import LogStream as LogStream
    from aiodockerhub.engine.moments import Moment as Moment
    from aiodockerhub.engine.plugins import PluginGrant as PluginGrant
    from aiodockerhub.engine.service_config import ServiceSettings as ServiceSettings
    from aiodockerhub.engine.stats import ContainerStats as ContainerStats
    from aiodockerhub.engine.system import Ping as Ping
    from aiodockerhub.engine.system import Pruned as Pruned
    from aiodockerhub.errors import APIError as APIError
    from aiodockerhub.errors import BadAddress as BadAddress
    from aiodockerhub.errors import BadCredentials as BadCredentials
    from aiodockerhub.errors import BadFile as BadFile
    from aiodockerhub.errors import BadParameter as BadParameter
    from aiodockerhub.errors import BadReference as BadReference
    from aiodockerhub.errors import BadRequest as BadRequest
    from aiodockerhub.errors import BuildFailed as BuildFailed
    from aiodockerhub.errors import BulkFailed as BulkFailed
    from aiodockerhub.errors import Closed as Closed
    from aiodockerhub.errors import Conflict as Conflict
    from aiodockerhub.errors import ConnectionFailed as ConnectionFailed
    from aiodockerhub.errors import ContainerFailed as ContainerFailed
    from aiodockerhub.errors import ContainerNotFound as ContainerNotFound
    from aiodockerhub.errors import DockerError as DockerError
    from aiodockerhub.errors import EngineUnreachable as EngineUnreachable
    from aiodockerhub.errors import Forbidden as Forbidden
    from aiodockerhub.errors import ImageNotFound as ImageNotFound
    from aiodockerhub.errors import ImportFailed as ImportFailed
    from aiodockerhub.errors import LoadFailed as LoadFailed
    from aiodockerhub.errors import Misused as Misused
    from aiodockerhub.errors import NotFound as NotFound
    from aiodockerhub.errors import NotImplementedByEngine as NotImplementedByEngine
    from aiodockerhub.errors import OperationFailed as OperationFailed
    from aiodockerhub.errors import PermissionRefused as PermissionRefused
    from aiodockerhub.errors import PrivilegesNotGranted as PrivilegesNotGranted
    from aiodockerhub.errors import ProtocolViolated as ProtocolViolated
    from aiodockerhub.errors import PullFailed as PullFailed
    from aiodockerhub.errors import PushFailed as PushFailed
    from aiodockerhub.errors import RateLimited as RateLimited
    from aiodockerhub.errors import Redirected as Redirected
    from aiodockerhub.errors import SaveFailed as SaveFailed
    from aiodockerhub.errors import ServerError as ServerError
    from aiodockerhub.errors import StreamBroken as StreamBroken
    from aiodockerhub.errors import TimedOut as TimedOut
    from aiodockerhub.errors import TLSFailed as TLSFailed
    from aiodockerhub.errors import TooLarge as TooLarge
    from aiodockerhub.errors import Unauthorized as Unauthorized
    from aiodockerhub.errors import UnsafeArchive as UnsafeArchive
    from aiodockerhub.errors import UpdateFailed as UpdateFailed
    from aiodockerhub.errors import VersionTooLow as VersionTooLow
    from aiodockerhub.index.client import Grant as Grant
    from aiodockerhub.index.client import GrantedImages as GrantedImages
    from aiodockerhub.index.client import Index as Index
    from aiodockerhub.index.types import FoundRepository as FoundRepository
    from aiodockerhub.index.types import ListedImage as ListedImage
    from aiodockerhub.index.types import SearchPage as SearchPage
    from aiodockerhub.local.accounts import User as User
    from aiodockerhub.local.hub import HubRequest as HubRequest
    from aiodockerhub.local.hub import LocalHub as LocalHub
    from aiodockerhub.local.repositories import HubImage as HubImage
    from aiodockerhub.progress import Away as Away
    from aiodockerhub.progress import BuildStep as BuildStep
    from aiodockerhub.progress import BuildVertex as BuildVertex
    from aiodockerhub.progress import Built as Built
    from aiodockerhub.progress import Completed as Completed
    from aiodockerhub.progress import Event as Event
    from aiodockerhub.progress import Imported as Imported
    from aiodockerhub.progress import Loaded as Loaded
    from aiodockerhub.progress import LoadProgress as LoadProgress
    from aiodockerhub.progress import LogChunk as LogChunk
    from aiodockerhub.progress import LogLine as LogLine
    from aiodockerhub.progress import Pulled as Pulled
    from aiodockerhub.progress import PullProgress as PullProgress
    from aiodockerhub.progress import Pushed as Pushed
    from aiodockerhub.progress import PushProgress as PushProgress
    from aiodockerhub.progress import SaveProgress as SaveProgress
    from aiodockerhub.reference import Reference as Reference
    from aiodockerhub.session import Session as Session
    from aiodockerhub.tar.chunks import Source as Source
    from aiodockerhub.wire.limits import Limits as Limits
    from aiodockerhub.wire.stats import Stats as Stats
    from aiodockerhub.wire.stream import BulkStream as BulkStream
    from aiodockerhub.wire.stream import Stream as Stream
    from aiodockerhub.wire.timeouts import UNSET as UNSET
    from aiodockerhub.wire.timeouts import CallTimeout as CallTimeout
    from aiodockerhub.wire.timeouts import Timeout as Timeout
    from aiodockerhub.wire.tls import TLS as TLS

_ROOMS = {
    "bulk.progress": ("BulkProgress",),
    "bulk.report": ("Report", "Result"),
    "credentials": ("BuildCredentials", "Credentials", "CredentialsSource"),
    "engine.archive_stream": ("ArchiveStream",),
    "engine.build_settings": ("BuildSettings",),
    "engine.container_config": ("ContainerSettings",),
    "engine.containers": ("PullPolicy",),
    "engine.copying": ("PathStat",),
    "engine.docker": ("Docker",),
    "engine.duplex": ("Duplex",),
    "engine.filters": ("Filters",),
    "engine.logs": ("LogStream",),
    "engine.moments": ("Moment",),
    "engine.plugins": ("PluginGrant",),
    "engine.service_config": ("ServiceSettings",),
    "engine.stats": ("ContainerStats",),
    "engine.system": ("Ping", "Pruned"),
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
        "ContainerFailed",
        "ContainerNotFound",
        "DockerError",
        "EngineUnreachable",
        "Forbidden",
        "ImageNotFound",
        "ImportFailed",
        "LoadFailed",
        "Misused",
        "NotFound",
        "NotImplementedByEngine",
        "OperationFailed",
        "PermissionRefused",
        "PrivilegesNotGranted",
        "ProtocolViolated",
        "PullFailed",
        "PushFailed",
        "RateLimited",
        "Redirected",
        "SaveFailed",
        "ServerError",
        "StreamBroken",
        "TLSFailed",
        "TimedOut",
        "TooLarge",
        "Unauthorized",
        "UnsafeArchive",
        "UpdateFailed",
        "VersionTooLow",
    ),
    "index.client": ("Grant", "GrantedImages", "Index"),
    "index.types": ("FoundRepository", "ListedImage", "SearchPage"),
    "local.accounts": ("User",),
    "local.hub": ("HubRequest", "LocalHub"),
    "local.repositories": ("HubImage",),
    "progress": (
        "Away",
        "BuildStep",
        "BuildVertex",
        "Built",
        "Completed",
        "Event",
        "Imported",
        "LoadProgress",
        "Loaded",
        "LogChunk",
        "LogLine",
        "PullProgress",
        "Pulled",
        "PushProgress",
        "Pushed",
        "SaveProgress",
    ),
    "reference": ("Reference",),
    "session": ("Session",),
    "tar.chunks": ("Source",),
    "wire.limits": ("Limits",),
    "wire.stats": ("Stats",),
    "wire.stream": ("BulkStream", "Stream"),
    "wire.timeouts": ("CallTimeout", "Timeout", "UNSET"),
    "wire.tls": ("TLS",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
