"""Every operation of the engine API has its method, every parameter its keyword; documentation has the same table."""

from __future__ import annotations

import inspect
import re

import operations
import pytest

DESCRIBED = operations.described()["operations"]
METHODS = operations.methods()

SPELLED = {
    ("ContainerDelete", "v"): "volumes",
    ("ContainerResize", "h"): "height",
    ("ContainerResize", "w"): "width",
    ("ContainerRestart", "t"): "grace",
    ("ContainerStop", "t"): "grace",
    ("ExecResize", "h"): "height",
    ("ExecResize", "w"): "width",
    ("ImageAttestations", "type"): "predicate_types",
    ("ImageBuild", "X-Registry-Config"): "auth",
    ("ImageBuild", "buildargs"): "build_args",
    ("ImageBuild", "cachefrom"): "cache_from",
    ("ImageBuild", "cpuperiod"): "cpu_period",
    ("ImageBuild", "cpuquota"): "cpu_quota",
    ("ImageBuild", "cpusetcpus"): "cpu_set",
    ("ImageBuild", "cpushares"): "cpu_shares",
    ("ImageBuild", "extrahosts"): "extra_hosts",
    ("ImageBuild", "forcerm"): "force_rm",
    ("ImageBuild", "memswap"): "memory_swap",
    ("ImageBuild", "networkmode"): "network_mode",
    ("ImageBuild", "nocache"): "no_cache",
    ("ImageBuild", "q"): "quiet",
    ("ImageBuild", "shmsize"): "shm_size",
    ("ImageBuild", "t"): "tag",
    ("ImageCreate", "fromImage"): "reference",
    ("ImageCreate", "fromSrc"): "url",
    ("ImageDelete", "noprune"): "no_prune",
    ("ImageGet", "platform"): "platforms",
    ("ImageGetAll", "names"): "images",
    ("ImageGetAll", "platform"): "platforms",
    ("ImageLoad", "platform"): "platforms",
    ("ImagePush", "tag"): "reference",
    ("ImageTag", "repo"): "reference",
    ("ImageTag", "tag"): "reference",
    ("PutContainerArchive", "copyUIDGID"): "copy_uid_gid",
}
"""Keywords that are not the parameter's own name in snake_case."""

BODIES = {
    "ConfigCreate": "data",
    "ConfigUpdate": "spec",
    "ContainerCreate": "config",
    "ContainerExec": "command",
    "ContainerUpdate": "config",
    "ExecStart": "console_size",
    "ImageBuild": "tar",
    "ImageCommit": "config",
    "ImageCreate": "source",
    "ImageLoad": "source",
    "NetworkConnect": "container",
    "NetworkCreate": "config",
    "NetworkDisconnect": "container",
    "NodeUpdate": "spec",
    "PluginCreate": "source",
    "PluginPull": "grant",
    "PluginSet": "settings",
    "PluginUpgrade": "grant",
    "PutContainerArchive": "source",
    "SecretCreate": "data",
    "SecretUpdate": "spec",
    "ServiceCreate": "spec",
    "ServiceUpdate": "spec",
    "SwarmInit": "spec",
    "SwarmJoin": "join_token",
    "SwarmUnlock": "unlock_key",
    "SwarmUpdate": "spec",
    "SystemAuth": "auth",
    "VolumeCreate": "config",
    "VolumeUpdate": "spec",
}
"""The argument that holds the body, or most of it."""

NONE = {
    ("ContainerStats", "stream"): "stats() streams, stats_once() does not",
    ("ContainerStats", "one-shot"): "stats_once() asks for it where no second sample is wanted",
    ("ImageBuild", "Content-type"): "it is a tar, or there is none",
    ("ServiceUpdate", "rollback"): "rollback() sends it",
    **dict.fromkeys(
        [(f"{one}Update", "version") for one in ("Config", "Node", "Secret", "Service", "Swarm", "Volume")],
        "it is that of the object as inspect gave it",
    ),
}
"""Parameters that are deliberately no keyword, and why."""


def parameters():
    return [
        pytest.param(operation, one, id=f"{operation}-{one['name']}")
        for operation, facts in sorted(DESCRIBED.items())
        for one in facts["parameters"]
        if one["in"] != "path" and (operation, one["name"]) not in NONE
    ]


def keywords(operation):
    return {name for _, method in METHODS[operation] for name in inspect.signature(method).parameters}


def test_every_operation_has_its_method():
    assert set(METHODS) == set(DESCRIBED)
    assert len(DESCRIBED) == 108


@pytest.mark.parametrize(("operation", "parameter"), parameters())
def test_every_parameter_has_its_keyword(operation, parameter):
    name = parameter["name"]
    if parameter["in"] == "body":
        keyword = BODIES[operation]
    elif name == "X-Registry-Auth":
        keyword = "auth"
    else:
        keyword = (
            SPELLED.get((operation, name)) or re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()
        )
    assert keyword in keywords(operation), (keyword, sorted(keywords(operation)))


def test_the_documentation_has_the_same_table():
    assert operations.TABLE.read_text(encoding="utf-8") == operations.table()
