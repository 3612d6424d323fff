"""What a service is made of: the usual settings as keywords, written as the engine's own dict."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict, cast

from aiodockerhub.engine.settings import (
    Fields,
    UnfitError,
    as_it_is,
    byte_count,
    entrypoint,
    env,
    filled,
    joined,
    listed,
    mapping,
    nano_cpus,
    own_dict,
    replace,
    strings,
    words,
)
from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from aiodockerhub.engine import types
    from aiodockerhub.engine.identity import Identified

__all__ = ["ConfigFile", "Mode", "Reached", "SecretFile", "ServiceSettings", "changed_spec", "service_spec"]

Mode: TypeAlias = Literal["replicated", "global", "replicated-job", "global-job"]
"""A number of tasks, or one on each node; jobs are tasks that end."""

Reached: TypeAlias = "int | types.EndpointPortConfigRequest | None"
"""Where a port of a service is reached: a port of all nodes, the engine's own dict
(`{"PublishMode": "host", "PublishedPort": 8080}`), or None for any free port."""

SecretFile: TypeAlias = "str | types.Secret | types.TaskSpecContainerSpecSecretsItemRequest"
"""A secret's name or id, what `docker.secrets` gave, or the engine's own dict with owner and mode."""

ConfigFile: TypeAlias = "str | types.Config | types.TaskSpecContainerSpecConfigsItemRequest"
"""The same of a config."""


class ServiceSettings(TypedDict, total=False):
    """The keywords of `create` and `update` that make up a service, in the words of `docker service create`.

    None is as good as none. Those that a container has too mean the same here.
    """

    entrypoint: str | Sequence[str] | None
    """What runs the command; a string is split as a shell does. `""` leaves the image's own away."""
    user: str | None
    """`name`, `uid`, or either with `:group`."""
    groups: Sequence[str] | None
    """More groups of that user."""
    working_dir: str | None
    """Where the command runs."""
    hostname: str | None
    """The container's own name for itself; may be a template: `"{{.Node.Hostname}}"`."""
    env: Mapping[str, str | int | None] | Sequence[str] | None
    """Variables; None takes away one that the image sets. As a list: `["A=1", "B"]`."""
    labels: Mapping[str, str] | None
    """Labels of the service."""
    container_labels: Mapping[str, str] | None
    """Labels of its containers."""
    tty: bool | None
    """A terminal: output is one stream then, with carriage returns."""
    read_only: bool | None
    """Nothing can be written outside mounts."""
    init: bool | None
    """A small init reaps zombies and forwards signals."""
    stop_signal: str | None
    """The signal that ends a task: `"SIGINT"`."""
    stop_grace_period: float | None
    """Seconds that a task has to end before it is killed."""
    healthcheck: types.HealthConfigRequest | None
    """How the engine sees that a task is well; times are in nanoseconds."""
    cap_add: Sequence[str] | None
    """Kernel capabilities that it gets: `"NET_ADMIN"`."""
    cap_drop: Sequence[str] | None
    """Kernel capabilities that it loses: `"ALL"`."""
    sysctls: Mapping[str, str] | None
    """Kernel parameters of its network and IPC namespaces."""
    dns: Sequence[str] | None
    """Addresses of name servers."""
    hosts: Mapping[str, str] | Sequence[str] | None
    """More lines for /etc/hosts: `{"db": "10.0.0.5"}`, or as they stand there: `["10.0.0.5 db"]`."""
    mounts: Sequence[str | types.MountRequest] | None
    """`"volume:/path"`, `"/host/path:/path:ro"`, `"/path"` for a volume of each task's own; dicts are the engine's."""
    secrets: Sequence[SecretFile] | Mapping[str, SecretFile] | None
    """Found at `/run/secrets/NAME`; as a mapping, by the name of the file there."""
    configs: Sequence[ConfigFile] | Mapping[str, ConfigFile] | None
    """Found at `/NAME`; as a mapping, by the path of the file."""
    networks: Sequence[str | Identified | types.NetworkAttachmentConfigRequest] | None
    """Names or ids of networks, what `docker.networks` gave, or the engine's own dicts, with aliases."""
    ports: Mapping[str, Reached] | Mapping[int, Reached] | Mapping[int | str, Reached] | None
    """The containers' ports (`80`, `"80/tcp"`, `"53/udp"`) and where each is reached."""
    endpoint_mode: Literal["vip", "dnsrr"] | None
    """One address for the whole service, or the addresses of its tasks."""
    mode: Mode | None
    """`"replicated"` unless set."""
    replicas: int | None
    """How many tasks there are, or how many of a replicated job have to end well. 1 unless set."""
    max_concurrent: int | None
    """How many tasks of a replicated job may run at once."""
    limit_cpu: float | None
    """Processors that each task may use: 1.5 is one and a half."""
    limit_memory: int | str | None
    """Bytes that each task may use, or `"512m"`, `"2g"`: powers of 1024."""
    limit_pids: int | None
    """Processes and threads that each task may have."""
    reserve_cpu: float | None
    """Processors that a node must have left for each task."""
    reserve_memory: int | str | None
    """Bytes that a node must have left for each task, written as for `limit_memory`."""
    constraints: Sequence[str] | None
    """Which nodes: `"node.role==worker"`, `"node.labels.disk!=slow"`."""
    placement_prefs: Sequence[str] | None
    """What tasks are spread over evenly: `"node.labels.rack"`."""
    replicas_max_per_node: int | None
    """How many tasks one node takes."""
    restart_condition: Literal["none", "on-failure", "any"] | None
    """When a task that has ended is replaced; `"any"` unless set."""
    restart_delay: float | None
    """Seconds before it is replaced; 5 unless set."""
    restart_max_attempts: int | None
    """How often, at most."""
    restart_window: float | None
    """Seconds within which these attempts are counted."""
    update_parallelism: int | None
    """How many tasks an update replaces at once: 1 unless set, 0 for all."""
    update_delay: float | None
    """Seconds between two of them."""
    update_order: Literal["stop-first", "start-first"] | None
    """Whether the old task ends first, or the new one begins first."""
    update_failure_action: Literal["pause", "continue", "rollback"] | None
    """What is done when an update fails."""
    update_monitor: float | None
    """Seconds after which a task that was replaced counts as well; 5 unless set."""
    update_max_failure_ratio: float | None
    """Which part of the tasks may fail: 0 unless set."""
    rollback_parallelism: int | None
    """The same of a rollback."""
    rollback_delay: float | None
    """The same of a rollback."""
    rollback_order: Literal["stop-first", "start-first"] | None
    """The same of a rollback."""
    rollback_failure_action: Literal["pause", "continue"] | None
    """The same of a rollback."""
    rollback_monitor: float | None
    """The same of a rollback."""
    rollback_max_failure_ratio: float | None
    """The same of a rollback."""
    log_driver: str | None
    """What keeps the output: `"json-file"`, `"local"`, `"none"`."""
    log_options: Mapping[str, str] | None
    """Options of that."""


def service_spec(
    image: str,
    command: str | Sequence[str] | None,
    name: str | None,
    spec: types.ServiceSpecRequest | None,
    settings: ServiceSettings,
) -> types.ServiceSpecRequest:
    """The body of `ServiceCreate`. Raises BadParameter, also where a keyword and `spec` set a field differently."""
    body = joined(
        "spec", spec, _FIELDS, _plain({"image": image, "command": command, "name": name, **settings}, "create")
    )
    if body.get("Mode") is None:
        body["Mode"] = _mode(settings, {})
    else:
        _refuse_modes(settings)
    return cast("types.ServiceSpecRequest", body)


def changed_spec(
    spec: Mapping[str, Any],
    image: str | None,
    command: str | Sequence[str] | None,
    settings: ServiceSettings,
) -> dict[str, Any]:
    """`spec` with what the keywords say in place of what it says. Raises BadParameter."""
    body = own_dict("spec", spec)
    for keyword, value in _plain({"image": image, "command": command, **settings}, "update").items():
        for place, made in filled(_FIELDS, keyword, value, empty=True).items():
            replace(body, place, made, given="spec")
    if any(settings.get(keyword) is not None for keyword in _MODES):
        body["Mode"] = _mode(settings, body.get("Mode") or {})
    return body


def _plain(keywords: Mapping[str, object], method: str) -> dict[str, object]:
    """Those that fill a field each; the others make up the mode."""
    plain = {keyword: value for keyword, value in keywords.items() if keyword not in _MODES}
    for keyword in plain:
        if keyword not in _FIELDS:
            raise TypeError(f"{method}() got an unexpected keyword argument {keyword!r}")
    return plain


_MODES: Final = ("mode", "replicas", "max_concurrent")
_NAMES: Final = {
    "replicated": "Replicated",
    "global": "Global",
    "replicated-job": "ReplicatedJob",
    "global-job": "GlobalJob",
}


def _refuse_modes(settings: ServiceSettings) -> None:
    for keyword in _MODES:
        if settings.get(keyword) is not None:
            raise BadParameter(f"{keyword}= and spec's Mode are both set: set it once")


def _mode(settings: ServiceSettings, now: Mapping[str, Any]) -> dict[str, Any]:
    """How many tasks, in the mode that is asked for, else the one that there is."""
    asked = settings.get("mode")
    if asked is not None and asked not in _NAMES:
        raise BadParameter(f"mode: {asked!r} is none of {', '.join(map(repr, _NAMES))}")
    name = _NAMES[asked] if asked is not None else next(iter(now), "Replicated")
    counts = {"replicas": settings.get("replicas"), "max_concurrent": settings.get("max_concurrent")}
    fields = _COUNTS.get(name, {})
    inside: dict[str, Any] = dict(now.get(name) or {})
    for keyword, count in counts.items():
        if count is None:
            continue
        if keyword not in fields:
            raise BadParameter(f"{keyword}= has no meaning for a service of mode {name}")
        inside[fields[keyword]] = count
    return {name: inside}


_COUNTS: Final = {
    "Replicated": {"replicas": "Replicas"},
    "ReplicatedJob": {"replicas": "TotalCompletions", "max_concurrent": "MaxConcurrent"},
}


def _nanoseconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise UnfitError(f"{value!r} is no number of seconds")
    return round(value * 1_000_000_000)


def _image(value: object) -> str:
    if not isinstance(value, str) or not value:
        shown = "nothing" if value == "" else type(value).__name__
        raise UnfitError(f"the name of an image is needed, for the nodes to pull, not {shown}")
    return value


def _hosts(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{address} {host}" for host, address in mapping(cast("object", value)).items()]
    return strings(value)


def _mounts(value: object) -> list[object]:
    return [_mount(mount) if isinstance(mount, str) else mount for mount in listed(value)]


def _mount(text: str) -> dict[str, object]:
    source, *rest = text.split(":")
    target, options = (rest[0], rest[1:]) if rest else (source, [])
    if not source or not target.startswith("/") or source.startswith((".", "~")) or options not in ([], ["ro"], ["rw"]):
        raise UnfitError(f'{text!r} is no mount; it looks like "volume:/path", "/host/path:/path:ro" or "/path"')
    mount: dict[str, object] = {"Type": "bind" if rest and source.startswith("/") else "volume", "Target": target}
    if rest:
        mount["Source"] = source
    if options == ["ro"]:
        mount["ReadOnly"] = True
    return mount


def _networks(value: object) -> list[object]:
    return [_network(network) for network in listed(value)]


def _network(network: object) -> object:
    if isinstance(network, str):
        return {"Target": network}
    if not isinstance(network, Mapping):
        raise UnfitError(f"a network is a name, what docker.networks gave, or a dict, not {type(network).__name__}")
    known = cast("Mapping[str, object]", network)
    # what `create`, `inspect` and `list` give of a network
    return {"Target": known["Id"]} if "Id" in known else known


_PORT: Final = re.compile(r"([0-9]{1,5})(?:/(tcp|udp|sctp))?")


def _ports(value: object) -> list[dict[str, object]]:
    if not isinstance(value, Mapping):
        raise UnfitError(f'a mapping like {{"80/tcp": 8080}} is needed, not {type(value).__name__}')
    return [_reached(port, place) for port, place in cast("Mapping[object, object]", value).items()]


def _reached(port: object, place: object) -> dict[str, object]:
    found = _PORT.fullmatch(str(port))
    if found is None:
        raise UnfitError(f'{port!r} is no port of a container; it looks like 80, "80/tcp" or "53/udp"')
    made: dict[str, object] = {"TargetPort": int(found[1]), "Protocol": found[2] or "tcp"}
    if isinstance(place, Mapping):
        return made | dict(cast("Mapping[str, object]", place))
    if place is None:
        return made
    if isinstance(place, bool) or not isinstance(place, int) or not 0 < place < 65536:
        raise UnfitError(f"{place!r} is no port of the nodes")
    return made | {"PublishedPort": place}


def _spread(value: object) -> list[object]:
    return [{"Spread": {"SpreadDescriptor": label}} for label in strings(value)]


_CONTAINER: Final = "TaskTemplate.ContainerSpec."
_POLICY: Final[Fields] = {
    "parallelism": (("Parallelism", as_it_is),),
    "delay": (("Delay", _nanoseconds),),
    "order": (("Order", as_it_is),),
    "failure_action": (("FailureAction", as_it_is),),
    "monitor": (("Monitor", _nanoseconds),),
    "max_failure_ratio": (("MaxFailureRatio", as_it_is),),
}
_FIELDS: Final[Fields] = {
    "name": (("Name", as_it_is),),
    "labels": (("Labels", mapping),),
    "image": ((_CONTAINER + "Image", _image),),
    "command": ((_CONTAINER + "Args", words),),
    "entrypoint": ((_CONTAINER + "Command", entrypoint),),
    "user": ((_CONTAINER + "User", as_it_is),),
    "groups": ((_CONTAINER + "Groups", strings),),
    "working_dir": ((_CONTAINER + "Dir", as_it_is),),
    "hostname": ((_CONTAINER + "Hostname", as_it_is),),
    "env": ((_CONTAINER + "Env", env),),
    "container_labels": ((_CONTAINER + "Labels", mapping),),
    "tty": ((_CONTAINER + "TTY", as_it_is),),
    "read_only": ((_CONTAINER + "ReadOnly", as_it_is),),
    "init": ((_CONTAINER + "Init", as_it_is),),
    "stop_signal": ((_CONTAINER + "StopSignal", as_it_is),),
    "stop_grace_period": ((_CONTAINER + "StopGracePeriod", _nanoseconds),),
    "healthcheck": ((_CONTAINER + "HealthCheck", as_it_is),),
    "cap_add": ((_CONTAINER + "CapabilityAdd", strings),),
    "cap_drop": ((_CONTAINER + "CapabilityDrop", strings),),
    "sysctls": ((_CONTAINER + "Sysctls", mapping),),
    "dns": ((_CONTAINER + "DNSConfig.Nameservers", strings),),
    "hosts": ((_CONTAINER + "Hosts", _hosts),),
    "mounts": ((_CONTAINER + "Mounts", _mounts),),
    "secrets": ((_CONTAINER + "Secrets", listed),),
    "configs": ((_CONTAINER + "Configs", listed),),
    "networks": (("TaskTemplate.Networks", _networks),),
    "ports": (("EndpointSpec.Ports", _ports),),
    "endpoint_mode": (("EndpointSpec.Mode", as_it_is),),
    "limit_cpu": (("TaskTemplate.Resources.Limits.NanoCPUs", nano_cpus),),
    "limit_memory": (("TaskTemplate.Resources.Limits.MemoryBytes", byte_count),),
    "limit_pids": (("TaskTemplate.Resources.Limits.Pids", as_it_is),),
    "reserve_cpu": (("TaskTemplate.Resources.Reservations.NanoCPUs", nano_cpus),),
    "reserve_memory": (("TaskTemplate.Resources.Reservations.MemoryBytes", byte_count),),
    "constraints": (("TaskTemplate.Placement.Constraints", strings),),
    "placement_prefs": (("TaskTemplate.Placement.Preferences", _spread),),
    "replicas_max_per_node": (("TaskTemplate.Placement.MaxReplicas", as_it_is),),
    "restart_condition": (("TaskTemplate.RestartPolicy.Condition", as_it_is),),
    "restart_delay": (("TaskTemplate.RestartPolicy.Delay", _nanoseconds),),
    "restart_max_attempts": (("TaskTemplate.RestartPolicy.MaxAttempts", as_it_is),),
    "restart_window": (("TaskTemplate.RestartPolicy.Window", _nanoseconds),),
    "log_driver": (("TaskTemplate.LogDriver.Name", as_it_is),),
    "log_options": (("TaskTemplate.LogDriver.Options", mapping),),
    **{
        f"{kind}_{keyword}": ((f"{kind.title()}Config.{place}", written),)
        for kind in ("update", "rollback")
        for keyword, ((place, written),) in _POLICY.items()
    },
}
