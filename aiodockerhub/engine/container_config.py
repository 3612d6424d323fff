"""What a container is made of: the usual settings as keywords, written as the engine's own dict."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict, cast

from aiodockerhub.engine.settings import (
    Fields,
    UnfitError,
    as_it_is,
    byte_count,
    entrypoint,
    env,
    filled,
    listed,
    mapping,
    nano_cpus,
    own_dict,
    pairs,
    put,
    strings,
    words,
)

if TYPE_CHECKING:
    from aiodockerhub.engine import types
    from aiodockerhub.engine.identity import Identified

__all__ = ["ContainerSettings", "HostPort", "Published", "container_config", "fields_of"]

HostPort: TypeAlias = "int | str | tuple[str, int | str | None] | types.PortBindingRequest"
"""Where a port is published: a port, a range (`"8000-8010"`), a pair of the host's address and either of them (None:
any free one), or the engine's own dict."""

Published: TypeAlias = "HostPort | Sequence[HostPort] | None"
"""Where a port of a container is published: in one place, in several (a list), at any free port (None)."""


class ContainerSettings(TypedDict, total=False):
    """The keywords of `create` that make up a container. None is as good as none: the image or the engine decides.

    Each is named after the engine's field that it fills; the docstring names it where it is another one.
    """

    entrypoint: str | Sequence[str] | None
    """What runs the command; a string is split as a shell does. `""` leaves the image's own away."""
    user: str | None
    """`name`, `uid`, or either with `:group`."""
    working_dir: str | None
    """Where the command runs."""
    hostname: str | None
    """The container's own name for itself."""
    env: Mapping[str, str | int | None] | Sequence[str] | None
    """Variables; None takes away one that the image sets. As a list: `["A=1", "B"]`."""
    labels: Mapping[str, str] | None
    """Labels by name."""
    tty: bool | None
    """A terminal: output is one stream then, with carriage returns."""
    open_stdin: bool | None
    """Standard input stays open, also while nobody is attached."""
    stdin_once: bool | None
    """Standard input ends with the first `attach`, so that `write_eof` there reaches the process."""
    stop_signal: str | None
    """The signal that `stop` sends: `"SIGINT"`."""
    stop_timeout: int | None
    """Seconds that `stop` waits before it kills, unless told otherwise."""
    healthcheck: types.HealthConfigRequest | None
    """How the engine sees that it is well; times are in nanoseconds."""
    ports: Mapping[str, Published] | Mapping[int, Published] | Mapping[int | str, Published] | None
    """The container's ports (`80`, `"80/tcp"`, `"53/udp"`) and where each is published; with an empty list it is
    exposed only. Fills ExposedPorts and HostConfig.PortBindings."""
    mounts: Sequence[str | types.MountRequest] | None
    """Strings as `docker run -v` has them: `"name:/path"`, `"/host/path:/path:ro"`, `"/path"` for a volume without a
    name. Dicts are the engine's own. Fills HostConfig.Binds, Volumes and HostConfig.Mounts."""
    tmpfs: Mapping[str, str] | Sequence[str] | None
    """Directories in memory; as a mapping, with mount options: `{"/run": "size=64m"}`."""
    devices: Sequence[str | types.DeviceMappingRequest] | None
    """The host's devices: `"/dev/fuse"`, `"/dev/sda:/dev/xvda:r"`, or the engine's own dicts."""
    gpus: int | Literal["all"] | Sequence[str | types.DeviceRequestRequest] | None
    """How many GPUs it gets, or `"all"`, or which: their ids (`["0", "GPU-3faa8e21"]`), or the engine's own dicts. The
    engine starts it where a driver for them is there; podman's Docker API takes no notice. Fills
    HostConfig.DeviceRequests."""
    network_mode: str | None
    """`"bridge"`, `"host"`, `"none"`, `"container:name"`, or a network's name."""
    networks: Sequence[str | Identified] | Mapping[str, types.EndpointSettingsRequest | None] | None
    """The networks that it is in: names, or what `docker.networks` gave. The first is its network_mode. As a mapping,
    with what it is in each, in the engine's own dict: `{"back": {"Aliases": ["db"]}}`. dockerd takes several since API
    1.44, podman always; before, `docker.networks.connect` adds them.
    Fills NetworkingConfig.EndpointsConfig and HostConfig.NetworkMode."""
    extra_hosts: Mapping[str, str] | Sequence[str] | None
    """More lines for /etc/hosts: `{"db": "10.0.0.5"}`, or `["db:10.0.0.5"]`."""
    dns: Sequence[str] | None
    """Addresses of name servers."""
    auto_remove: bool | None
    """The engine removes it when it has ended."""
    restart_policy: str | types.RestartPolicyRequest | None
    """`"no"`, `"always"`, `"unless-stopped"`, `"on-failure"`, `"on-failure:3"`, or the engine's own dict."""
    init: bool | None
    """A small init reaps zombies and forwards signals."""
    privileged: bool | None
    """All capabilities and devices of the host."""
    readonly_rootfs: bool | None
    """Nothing can be written outside mounts."""
    cap_add: Sequence[str] | None
    """Kernel capabilities that it gets: `"NET_ADMIN"`."""
    cap_drop: Sequence[str] | None
    """Kernel capabilities that it loses: `"ALL"`."""
    security_opt: Sequence[str] | None
    """`"no-new-privileges"`, `"seccomp=..."`: the profile itself, not its file."""
    memory: int | str | None
    """Bytes that it may use, or `"512m"`, `"2g"`: powers of 1024."""
    shm_size: int | str | None
    """Bytes of /dev/shm, written as for `memory`."""
    cpus: float | None
    """Processors that it may use: 1.5 is one and a half. Fills HostConfig.NanoCpus."""
    pids_limit: int | None
    """Processes and threads that it may have; -1 for any number."""


def container_config(
    image: str,
    command: str | Sequence[str] | None,
    config: types.ContainerCreateRequest | None,
    settings: ContainerSettings,
) -> types.ContainerCreateRequest:
    """The body of `ContainerCreate`. Raises BadParameter, also where a keyword and `config` set a field differently."""
    body = own_dict("config", config)
    put(body, "Image", image, "image")
    for keyword, value in (("command", command), *settings.items()):
        if keyword not in _FIELDS:
            raise TypeError(f"create() got an unexpected keyword argument {keyword!r}")
        for place, made in fields_of(keyword, value).items():
            put(body, place, made, keyword)
    return cast("types.ContainerCreateRequest", body)


def fields_of(keyword: str, value: object) -> dict[str, object]:
    """The fields of the body that a keyword fills, by place; none for None. Raises BadParameter."""
    return filled(_FIELDS, keyword, value)


def _tmpfs(value: object) -> dict[str, str]:
    return mapping(cast("object", value)) if isinstance(value, Mapping) else dict.fromkeys(strings(value), "")


_PORT: Final = re.compile(r"([0-9]{1,5})(?:/(tcp|udp|sctp))?")
_HOST_PORT: Final = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?")


def _ports(value: object) -> dict[str, list[object]]:
    if not isinstance(value, Mapping):
        raise UnfitError(f'a mapping like {{"80/tcp": 8080}} is needed, not {type(value).__name__}')
    published: dict[str, list[object]] = {}
    for port, places in cast("Mapping[object, object]", value).items():
        found = _PORT.fullmatch(str(port))
        if found is None:
            raise UnfitError(f'{port!r} is no port of a container; it looks like 80, "80/tcp" or "53/udp"')
        # without a protocol dockerd would take it for another port than "80/tcp", and not expose it
        known = published.setdefault(f"{found[1]}/{found[2] or 'tcp'}", [])
        known += map(_binding, cast("list[object]", places) if isinstance(places, list) else [places])
    return published


def _binding(place: object) -> object:
    if isinstance(place, Mapping):
        return dict(cast("Mapping[str, object]", place))
    if not isinstance(place, tuple):
        return {"HostPort": _host_port(place)}
    match cast("tuple[object, ...]", place):
        case (str() as address, port):
            return {"HostIp": address, "HostPort": _host_port(port)}
        case _:
            raise UnfitError(f'{place!r} is no pair like ("127.0.0.1", 8080); several places are a list')


def _host_port(port: object) -> str:
    if port is None or (port == 0 and not isinstance(port, bool)):
        return ""  # any free one
    if not isinstance(port, (str, int)) or not _HOST_PORT.fullmatch(str(port)) or int(str(port).split("-")[0]) > 65535:
        raise UnfitError(f'{port!r} is no port of the host; it looks like 8080 or "8000-8010"')
    return str(port)


def _exposed(value: object) -> dict[str, dict[str, object]]:
    return {port: {} for port in _ports(value)}


def _bindings(value: object) -> dict[str, list[object]]:
    return {port: places for port, places in _ports(value).items() if places}


def _volumes(value: object) -> list[str]:
    """The mounts that are strings."""
    found: list[str] = []
    for mount in listed(value):
        if isinstance(mount, str):
            if not mount or mount.startswith((".", "~")):
                raise UnfitError(
                    f'{mount!r}: the engine needs an absolute path, or the name of a volume, before ":/path"'
                )
            found.append(mount)
        elif not isinstance(mount, Mapping):
            raise UnfitError(f"a mount is a string or a dict, not {type(mount).__name__}")
    return found


def _binds(value: object) -> list[str]:
    return [mount for mount in _volumes(value) if ":" in mount]


def _nameless(value: object) -> dict[str, dict[str, object]]:
    return {mount: {} for mount in _volumes(value) if ":" not in mount}


def _mounts(value: object) -> list[object]:
    return [mount for mount in listed(value) if isinstance(mount, Mapping)]


_ACCESS: Final = re.compile(r"[rwm]{1,3}")


def _devices(value: object) -> list[object]:
    return [_device(device) if isinstance(device, str) else device for device in listed(value)]


def _device(text: str) -> dict[str, str]:
    host, *rest = text.split(":")
    access = rest.pop() if rest and _ACCESS.fullmatch(rest[-1]) else "rwm"
    if not host or len(rest) > 1:
        raise UnfitError(f'{text!r} is no device; it looks like "/dev/sda:/dev/xvda:rwm"')
    return {"PathOnHost": host, "PathInContainer": rest[0] if rest else host, "CgroupPermissions": access}


def _device_requests(value: object) -> list[object]:
    if value == "all":
        return [_gpus(Count=-1)]
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise UnfitError(f'{value} is no number of GPUs; it looks like 1 or "all"')
        return [_gpus(Count=value)]
    wanted = listed(value)
    if any(isinstance(request, Mapping) for request in wanted):
        return wanted
    return [_gpus(DeviceIDs=strings(wanted))] if wanted else []


def _gpus(**which: object) -> dict[str, object]:
    return {"Capabilities": [["gpu"]], **which}


def _endpoints(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {_network(network): {} for network in listed(value)}
    found = cast("Mapping[str, object]", value)
    if odd := [settings for settings in found.values() if settings is not None and not isinstance(settings, Mapping)]:
        raise UnfitError(f'a network\'s settings are the engine\'s own dict like {{"Aliases": ["db"]}}, not {odd[0]!r}')
    return {network: settings or {} for network, settings in found.items()}


def _network(network: object) -> str:
    match network:
        case str() as name:
            return name
        case {"Id": str() as known}:
            return known
        case _:
            raise UnfitError(f"a network is a name or what docker.networks gave, not {network!r}")


def _first_network(value: object) -> object:
    names = list(_endpoints(value))
    return names[0] if names else {}  # which is no field


_RESTART: Final = re.compile(r"(no|always|unless-stopped|on-failure)(?:(?<=on-failure):([0-9]+))?")


def _restart_policy(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _RESTART.fullmatch(value)
    if found is None:
        raise UnfitError(f'{value!r} is none of "no", "always", "unless-stopped", "on-failure", "on-failure:3"')
    return {"Name": found[1], "MaximumRetryCount": int(found[2])} if found[2] else {"Name": found[1]}


_FIELDS: Final[Fields] = {
    "command": (("Cmd", words),),
    "entrypoint": (("Entrypoint", entrypoint),),
    "user": (("User", as_it_is),),
    "working_dir": (("WorkingDir", as_it_is),),
    "hostname": (("Hostname", as_it_is),),
    "env": (("Env", env),),
    "labels": (("Labels", mapping),),
    "tty": (("Tty", as_it_is),),
    "open_stdin": (("OpenStdin", as_it_is),),
    "stdin_once": (("StdinOnce", as_it_is),),
    "stop_signal": (("StopSignal", as_it_is),),
    "stop_timeout": (("StopTimeout", as_it_is),),
    "healthcheck": (("Healthcheck", as_it_is),),
    "ports": (("ExposedPorts", _exposed), ("HostConfig.PortBindings", _bindings)),
    "mounts": (("HostConfig.Binds", _binds), ("Volumes", _nameless), ("HostConfig.Mounts", _mounts)),
    "tmpfs": (("HostConfig.Tmpfs", _tmpfs),),
    "devices": (("HostConfig.Devices", _devices),),
    "gpus": (("HostConfig.DeviceRequests", _device_requests),),
    "network_mode": (("HostConfig.NetworkMode", as_it_is),),
    "networks": (("NetworkingConfig.EndpointsConfig", _endpoints), ("HostConfig.NetworkMode", _first_network)),
    "extra_hosts": (("HostConfig.ExtraHosts", pairs),),
    "dns": (("HostConfig.Dns", strings),),
    "auto_remove": (("HostConfig.AutoRemove", as_it_is),),
    "restart_policy": (("HostConfig.RestartPolicy", _restart_policy),),
    "init": (("HostConfig.Init", as_it_is),),
    "privileged": (("HostConfig.Privileged", as_it_is),),
    "readonly_rootfs": (("HostConfig.ReadonlyRootfs", as_it_is),),
    "cap_add": (("HostConfig.CapAdd", strings),),
    "cap_drop": (("HostConfig.CapDrop", strings),),
    "security_opt": (("HostConfig.SecurityOpt", strings),),
    "memory": (("HostConfig.Memory", byte_count),),
    "shm_size": (("HostConfig.ShmSize", byte_count),),
    "cpus": (("HostConfig.NanoCpus", nano_cpus),),
    "pids_limit": (("HostConfig.PidsLimit", as_it_is),),
}
