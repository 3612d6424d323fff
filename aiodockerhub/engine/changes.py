"""What the engine API gained and lost from 1.41 to 1.55; what stayed is not here.

Made by tools/generate_engine_types.py from tools/engine-api and tools/engine_api_corrections.py, where each
correction has its source; do not edit.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CHANGES", "NEWEST", "OLDEST", "Change"]

OLDEST = "1.41"
"""The oldest described version."""
NEWEST = "1.55"
"""The newest described version."""


class Change(NamedTuple):
    """An operation or a parameter that not every version has."""

    lacking: tuple[int, int] | None
    """The newest version that surely lacks it; None: the oldest has it."""
    needs: str
    """The version to ask for: the true first one where the history tells it, else the first described one."""
    gone: tuple[int, int] | None
    """The oldest version that surely dropped it; None: the newest has it."""


CHANGES: dict[str, dict[str, Change]] = {
    "BuildPrune": {
        "keep-storage": Change(None, "1.41", (1, 55)),
        "max-used-space": Change((1, 47), "1.48", None),
        "min-free-space": Change((1, 47), "1.48", None),
        "reserved-space": Change((1, 47), "1.48", None),
    },
    "ContainerAttachWebsocket": {
        "stderr": Change((1, 41), "1.42", None),
        "stdin": Change((1, 41), "1.42", None),
        "stdout": Change((1, 41), "1.42", None),
    },
    "ContainerCreate": {
        "Healthcheck.StartInterval": Change((1, 43), "1.44", None),
        "HostConfig.Annotations": Change((1, 42), "1.43", None),
        "HostConfig.KernelMemory": Change(None, "1.41", (1, 42)),
        "HostConfig.KernelMemoryTCP": Change(None, "1.41", (1, 52)),
        "MacAddress": Change(None, "1.41", (1, 52)),
    },
    "ContainerExec": {
        "ConsoleSize": Change((1, 41), "1.42", None),
    },
    "ContainerRestart": {
        "signal": Change((1, 41), "1.42", None),
    },
    "ContainerStop": {
        "signal": Change((1, 41), "1.42", None),
    },
    "ContainerUpdate": {
        "KernelMemory": Change(None, "1.41", (1, 42)),
        "KernelMemoryTCP": Change(None, "1.41", (1, 52)),
    },
    "ExecStart": {
        "ConsoleSize": Change((1, 41), "1.44", None),
    },
    "ImageAttestations": {
        "": Change((1, 54), "1.55", None),
    },
    "ImageCommit": {
        "Healthcheck.StartInterval": Change((1, 41), "1.44", None),
        "MacAddress": Change(None, "1.41", (1, 55)),
    },
    "ImageDelete": {
        "platforms": Change((1, 49), "1.50", None),
    },
    "ImageGet": {
        "platform": Change((1, 47), "1.48", None),
    },
    "ImageGetAll": {
        "platform": Change((1, 45), "1.48", None),
    },
    "ImageHistory": {
        "platform": Change((1, 47), "1.48", None),
    },
    "ImageInspect": {
        "manifests": Change((1, 47), "1.48", None),
        "platform": Change((1, 48), "1.49", None),
    },
    "ImageList": {
        "identity": Change((1, 53), "1.54", None),
        "manifests": Change((1, 46), "1.47", None),
        "shared-size": Change((1, 41), "1.42", None),
    },
    "ImageLoad": {
        "platform": Change((1, 47), "1.48", None),
    },
    "ImagePush": {
        "platform": Change((1, 45), "1.46", None),
    },
    "NetworkConnect": {
        "EndpointConfig.DNSNames": Change((1, 41), "1.44", None),
        "EndpointConfig.GwPriority": Change((1, 47), "1.48", None),
    },
    "NetworkCreate": {
        "EnableIPv4": Change((1, 47), "1.48", None),
    },
    "SystemDataUsage": {
        "type": Change((1, 41), "1.42", None),
        "verbose": Change((1, 51), "1.52", None),
    },
    "VolumeCreate": {
        "ClusterVolumeSpec": Change((1, 41), "1.42", None),
    },
    "VolumeUpdate": {
        "": Change((1, 41), "1.42", None),
    },
}
"""By operation, then by parameter ("" is the operation itself; "A.B" is key B of the body's key A)."""
