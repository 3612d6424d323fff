"""What the engine API's history and engines themselves say otherwise than the descriptions do, by operation."""

from __future__ import annotations

from typing import Any, NamedTuple

HISTORY = "moby's api/docs/CHANGELOG.md (docs/api/version-history.md before Docker 29), under that version"


class Correction(NamedTuple):
    """The first version that has it, the first that has dropped it, and who says so."""

    source: str
    since: str | None = None
    gone: str | None = None
    harmless: bool = False
    """Newer versions describe it no more, and take it without harm."""


CORRECTIONS: dict[tuple[str, str], Correction] = {
    ("BuildPrune", "max-used-space"): Correction(since="1.48", source=HISTORY),
    ("BuildPrune", "min-free-space"): Correction(since="1.48", source=HISTORY),
    ("BuildPrune", "reserved-space"): Correction(since="1.48", source=HISTORY),
    ("ContainerAttachWebsocket", "stderr"): Correction(since="1.42", source=HISTORY),
    ("ContainerAttachWebsocket", "stdin"): Correction(since="1.42", source=HISTORY),
    ("ContainerAttachWebsocket", "stdout"): Correction(since="1.42", source=HISTORY),
    ("ContainerCreate", "Healthcheck.StartInterval"): Correction(since="1.44", source=HISTORY),
    ("ContainerCreate", "HostConfig.Annotations"): Correction(since="1.43", source=HISTORY),
    ("ContainerCreate", "HostConfig.KernelMemory"): Correction(gone="1.42", source=HISTORY),
    ("ContainerCreate", "HostConfig.KernelMemoryTCP"): Correction(gone="1.52", source=HISTORY),
    ("ContainerCreate", "MacAddress"): Correction(gone="1.52", source=HISTORY),
    ("ContainerExec", "ConsoleSize"): Correction(since="1.42", source=HISTORY),
    ("ContainerRestart", "signal"): Correction(since="1.42", source=HISTORY),
    ("ContainerStop", "signal"): Correction(since="1.42", source=HISTORY),
    ("ContainerUpdate", "KernelMemory"): Correction(gone="1.42", source=HISTORY),
    ("ContainerUpdate", "KernelMemoryTCP"): Correction(gone="1.52", source=HISTORY),
    ("ImageAttestations", ""): Correction(since="1.55", source=HISTORY),
    ("ImageDelete", "platforms"): Correction(since="1.50", source=HISTORY),
    ("ImageGet", "platform"): Correction(since="1.48", source=HISTORY),
    ("ImageHistory", "platform"): Correction(since="1.48", source=HISTORY),
    ("ImageInspect", "manifests"): Correction(since="1.48", source=HISTORY),
    ("ImageInspect", "platform"): Correction(since="1.49", source=HISTORY),
    ("ImageList", "identity"): Correction(since="1.54", source=HISTORY),
    ("ImageList", "manifests"): Correction(since="1.47", source=HISTORY),
    ("ImageList", "shared-size"): Correction(since="1.42", source=HISTORY),
    ("ImageLoad", "platform"): Correction(since="1.48", source=HISTORY),
    ("ImagePush", "platform"): Correction(since="1.46", source=HISTORY),
    ("NetworkConnect", "EndpointConfig.GwPriority"): Correction(since="1.48", source=HISTORY),
    ("NetworkCreate", "CheckDuplicate"): Correction(
        harmless=True, source="1.44 of the history: names are always checked since"
    ),
    ("NetworkCreate", "EnableIPv4"): Correction(since="1.48", source=HISTORY),
    ("SystemAuth", "email"): Correction(harmless=True, source="registries ignore it; indexes of version 1 know it"),
    ("SystemDataUsage", "type"): Correction(since="1.42", source=HISTORY),
    ("SystemDataUsage", "verbose"): Correction(since="1.52", source=HISTORY),
    ("VolumeCreate", "ClusterVolumeSpec"): Correction(since="1.42", source=HISTORY),
    ("VolumeUpdate", ""): Correction(since="1.42", source=HISTORY),
}


class Answered(NamedTuple):
    """The schema of an answer as engines give it, and who does."""

    schema: dict[str, Any]
    source: str


_CREATED: dict[str, Any] = {"type": "object", "required": ["ID"], "properties": {"ID": {"type": "string"}}}
_ENGINES = "dockerd 20.10, 26.1 and 28.5, and podman 5.8 (secrets), answer ID where the descriptions have Id"

ANSWERS: dict[tuple[str, str], Answered] = {
    ("ConfigCreate", "201"): Answered(_CREATED, source=_ENGINES),
    ("SecretCreate", "201"): Answered(_CREATED, source=_ENGINES),
}
"""By operation and status."""


class Misplaced(NamedTuple):
    """Keys that the descriptions put into another key's dict, and engines beside it; and who does."""

    keys: tuple[str, ...]
    source: str


MISPLACED: dict[tuple[str, str], Misplaced] = {
    ("ClusterVolumeSpec", "AccessMode"): Misplaced(
        ("AccessibilityRequirements", "Availability", "CapacityRange", "Secrets"),
        source="dockerd 26.1 and 28.5 take and answer them beside AccessMode",
    ),
}
"""By definition, and the key that they stand in there."""

_NONE = "dockerd 20.10, 26.1 and 28.5 answer null where there are none"
_PRUNED = "dockerd 20.10, 26.1 and 28.5 answer null where nothing was removed; podman 5.8 does of containers"

NULLABLE: dict[tuple[str, str], str] = {
    ("BuildPruneResponse", "CachesDeleted"): _PRUNED,
    ("ContainerPruneResponse", "ContainersDeleted"): _PRUNED,
    ("ExecInspectResponse", "ExitCode"): "dockerd 20.10, 26.1 and 28.5 answer null until the command has ended",
    ("IPAM", "Config"): "dockerd 26.1 and 28.5 answer null for the networks host and none",
    ("IPAM", "Options"): _NONE,
    ("ImagePruneResponse", "ImagesDeleted"): _PRUNED,
    ("NetworkInspect", "Containers"): "dockerd 20.10, 26.1 and 28.5 answer null for a swarm's network",
    ("NetworkInspect", "Labels"): "dockerd 20.10, 26.1 and 28.5 answer null for a swarm's network without any",
    ("NetworkPruneResponse", "NetworksDeleted"): _PRUNED,
    ("NetworkSummary", "Labels"): "dockerd 20.10, 26.1 and 28.5 answer null for a swarm's network without any",
    ("PluginConfigArgs", "Settable"): _NONE,
    ("PluginConfigLinux", "Devices"): _NONE,
    ("SystemDataUsageResponse", "BuildCache"): _NONE,
    ("SystemDataUsageResponse", "Containers"): "dockerd 26.1 and 28.5 answer null for what `type` leaves out",
    ("SystemDataUsageResponse", "Images"): "dockerd 26.1 and 28.5 answer null for what `type` leaves out",
    ("SystemDataUsageResponse", "Volumes"): "dockerd 26.1 and 28.5 answer null for what `type` leaves out",
    ("Volume", "Labels"): "dockerd 20.10 answers null where there are none, 26.1 and 28.5 do of a cluster volume",
    ("Volume", "Options"): "dockerd 20.10, 26.1 and 28.5, and podman 5.8, answer null where there are none",
    ("VolumeListResponse", "Warnings"): _NONE,
}
"""Keys of answers that may be null though the descriptions do not say so, by class; and who answers it."""
