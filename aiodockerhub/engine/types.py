"""The engine's own JSON, as typed dicts: names and types of API 1.41 to 1.55.

Made by tools/generate_engine_types.py from tools/engine-api; do not edit.

One class a schema, a union over the described versions 1.41, 1.44, 1.45, 1.48, 1.51 and 1.55.

What is received has all its keys, but for those in `NotRequired`: some described version lacks them (the
comment tells which have them), or the description says that they may be left out. Engines leave out more
than they say, and may send null for an empty list or dict: read with `.get()` what you can do without.
Words are plain `str`, since an engine may have new ones. Unknown keys stay in the dict: nothing is
validated, nothing is lost.

What is sent needs no key as far as types go, and knows the engine's words as `Literal`. Where a schema is
both sent and received, the class that is sent ends with `Request`.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Address(TypedDict):
    """`Address`: API 1.41 to 1.51."""

    Addr: str
    PrefixLen: int


class AttestationStatement(TypedDict):
    """`AttestationStatement`: API 1.55."""

    Descriptor: OCIDescriptor
    PredicateType: str
    Statement: NotRequired[dict[str, Any] | None]


class AuthConfig(TypedDict, total=False):
    """`AuthConfig`: API 1.41 to 1.55."""

    email: str  # to 1.51
    password: str
    serveraddress: str
    username: str


class AuthResponse(TypedDict):
    """`AuthResponse`: API 1.41 to 1.55."""

    IdentityToken: NotRequired[str]
    Status: str


class BuildCache(TypedDict):
    """`BuildCache`: API 1.41 to 1.55."""

    CreatedAt: str
    Description: str
    ID: str
    InUse: bool
    LastUsedAt: str | None
    Parent: NotRequired[str]  # to 1.41
    Parents: NotRequired[list[str] | None]  # from 1.44
    Shared: bool
    Size: int
    Type: str
    UsageCount: int


class BuildCacheDiskUsage(TypedDict):
    """`BuildCacheDiskUsage`: API 1.55."""

    ActiveCount: int
    Items: NotRequired[list[BuildCache]]
    Reclaimable: int
    TotalCount: int
    TotalSize: int


class BuildIdentity(TypedDict):
    """`BuildIdentity`: API 1.55."""

    CreatedAt: str
    Ref: str


class BuildInfo(TypedDict):
    """`BuildInfo`: API 1.41 to 1.55."""

    aux: ImageID
    error: NotRequired[str | None]  # to 1.51
    errorDetail: ErrorDetail
    id: str
    progress: NotRequired[str | None]  # to 1.51
    progressDetail: ProgressDetail
    status: str
    stream: str


class BuildPruneResponse(TypedDict):
    """`BuildPruneResponse`: API 1.41 to 1.55."""

    CachesDeleted: list[str] | None
    SpaceReclaimed: int


class ClusterInfo(TypedDict):
    """`ClusterInfo`: API 1.41 to 1.55."""

    CreatedAt: str
    DataPathPort: int
    DefaultAddrPool: list[str]
    ID: str
    RootRotationInProgress: bool
    Spec: SwarmSpec
    SubnetSize: int
    TLSInfo: TLSInfo
    UpdatedAt: str
    Version: ObjectVersion


class ClusterVolume(TypedDict):
    """`ClusterVolume`: API 1.44 to 1.55."""

    CreatedAt: str
    ID: str
    Info: ClusterVolumeInfo
    PublishStatus: list[ClusterVolumePublishStatusItem]
    Spec: ClusterVolumeSpec
    UpdatedAt: str
    Version: ObjectVersion


class ClusterVolumeInfo(TypedDict):
    """`ClusterVolumeInfo`: API 1.44 to 1.55."""

    AccessibleTopology: list[Topology]
    CapacityBytes: int
    VolumeContext: dict[str, str]
    VolumeID: str


class ClusterVolumePublishStatusItem(TypedDict):
    """`ClusterVolumePublishStatusItem`: API 1.44 to 1.55."""

    NodeID: str
    PublishContext: dict[str, str]
    State: str


class ClusterVolumeSpec(TypedDict):
    """`ClusterVolumeSpec`: API 1.44 to 1.55."""

    AccessMode: ClusterVolumeSpecAccessMode
    AccessibilityRequirements: ClusterVolumeSpecAccessibilityRequirements
    Availability: str
    CapacityRange: ClusterVolumeSpecCapacityRange
    Group: str
    Secrets: list[ClusterVolumeSpecSecretsItem]


class ClusterVolumeSpecAccessMode(TypedDict):
    """`ClusterVolumeSpecAccessMode`: API 1.44 to 1.55."""

    MountVolume: dict[str, Any]
    Scope: str
    Sharing: str


class ClusterVolumeSpecAccessModeRequest(TypedDict, total=False):
    """`ClusterVolumeSpecAccessMode`, as it is sent: API 1.44 to 1.55."""

    MountVolume: dict[str, Any]
    Scope: Literal["single", "multi"]
    Sharing: Literal["none", "readonly", "onewriter", "all"]


class ClusterVolumeSpecAccessibilityRequirements(TypedDict):
    """`ClusterVolumeSpecAccessibilityRequirements`: API 1.44 to 1.55."""

    Preferred: list[Topology]
    Requisite: list[Topology]


class ClusterVolumeSpecAccessibilityRequirementsRequest(TypedDict, total=False):
    """`ClusterVolumeSpecAccessibilityRequirements`, as it is sent: API 1.44 to 1.55."""

    Preferred: list[TopologyRequest]
    Requisite: list[TopologyRequest]


class ClusterVolumeSpecCapacityRange(TypedDict):
    """`ClusterVolumeSpecCapacityRange`: API 1.44 to 1.55."""

    LimitBytes: int
    RequiredBytes: int


class ClusterVolumeSpecCapacityRangeRequest(TypedDict, total=False):
    """`ClusterVolumeSpecCapacityRange`, as it is sent: API 1.44 to 1.55."""

    LimitBytes: int
    RequiredBytes: int


class ClusterVolumeSpecRequest(TypedDict, total=False):
    """`ClusterVolumeSpec`, as it is sent: API 1.44 to 1.55."""

    AccessMode: ClusterVolumeSpecAccessModeRequest
    AccessibilityRequirements: ClusterVolumeSpecAccessibilityRequirementsRequest
    Availability: Literal["active", "pause", "drain"]
    CapacityRange: ClusterVolumeSpecCapacityRangeRequest
    Group: str
    Secrets: list[ClusterVolumeSpecSecretsItemRequest]


class ClusterVolumeSpecSecretsItem(TypedDict):
    """`ClusterVolumeSpecSecretsItem`: API 1.44 to 1.55."""

    Key: str
    Secret: str


class ClusterVolumeSpecSecretsItemRequest(TypedDict, total=False):
    """`ClusterVolumeSpecSecretsItem`, as it is sent: API 1.44 to 1.55."""

    Key: str
    Secret: str


class Commit(TypedDict):
    """`Commit`: API 1.41 to 1.55."""

    Expected: NotRequired[str]  # to 1.48
    ID: str


class Config(TypedDict):
    """`Config`: API 1.41 to 1.55."""

    CreatedAt: str
    ID: str
    Spec: ConfigSpec
    UpdatedAt: str
    Version: ObjectVersion


class ConfigCreateResponse(TypedDict):
    """`ConfigCreateResponse`: API 1.41 to 1.55."""

    ID: str


class ConfigReference(TypedDict):
    """`ConfigReference`: API 1.41 to 1.55."""

    Network: str


class ConfigReferenceRequest(TypedDict, total=False):
    """`ConfigReference`, as it is sent: API 1.41 to 1.55."""

    Network: str


class ConfigSpec(TypedDict):
    """`ConfigSpec`: API 1.41 to 1.55."""

    Data: str
    Labels: dict[str, str]
    Name: str
    Templating: Driver


class ConfigSpecRequest(TypedDict, total=False):
    """`ConfigSpec`, as it is sent: API 1.41 to 1.55."""

    Data: str
    Labels: dict[str, str]
    Name: str
    Templating: DriverRequest


class ContainerBlkioStatEntry(TypedDict):
    """`ContainerBlkioStatEntry`: API 1.48 to 1.55."""

    major: int
    minor: int
    op: str
    value: int


class ContainerBlkioStats(TypedDict):
    """`ContainerBlkioStats`: API 1.48 to 1.55."""

    io_merged_recursive: list[ContainerBlkioStatEntry] | None
    io_queue_recursive: list[ContainerBlkioStatEntry] | None
    io_service_bytes_recursive: list[ContainerBlkioStatEntry]
    io_service_time_recursive: list[ContainerBlkioStatEntry] | None
    io_serviced_recursive: list[ContainerBlkioStatEntry] | None
    io_time_recursive: list[ContainerBlkioStatEntry] | None
    io_wait_time_recursive: list[ContainerBlkioStatEntry] | None
    sectors_recursive: list[ContainerBlkioStatEntry] | None


class ContainerCPUStats(TypedDict):
    """`ContainerCPUStats`: API 1.48 to 1.55."""

    cpu_usage: ContainerCPUUsage
    online_cpus: int | None
    system_cpu_usage: int | None
    throttling_data: ContainerThrottlingData


class ContainerCPUUsage(TypedDict):
    """`ContainerCPUUsage`: API 1.48 to 1.55."""

    percpu_usage: list[int] | None
    total_usage: int
    usage_in_kernelmode: int
    usage_in_usermode: int


class ContainerConfig(TypedDict):
    """`ContainerConfig`: API 1.41 to 1.55."""

    ArgsEscaped: bool | None
    AttachStderr: bool
    AttachStdin: bool
    AttachStdout: bool
    Cmd: list[str]
    Domainname: str
    Entrypoint: list[str]
    Env: list[str]
    ExposedPorts: dict[str, dict[str, Any]] | None
    Healthcheck: HealthConfig
    Hostname: str
    Image: str
    Labels: dict[str, str]
    MacAddress: NotRequired[str | None]  # to 1.51
    NetworkDisabled: bool | None
    OnBuild: list[str] | None
    OpenStdin: bool
    Shell: list[str] | None
    StdinOnce: bool
    StopSignal: str | None
    StopTimeout: int | None
    Tty: bool
    User: str
    Volumes: dict[str, dict[str, Any]]
    WorkingDir: str


class ContainerConfigRequest(TypedDict, total=False):
    """`ContainerConfig`, as it is sent: API 1.41 to 1.55."""

    ArgsEscaped: bool | None
    AttachStderr: bool
    AttachStdin: bool
    AttachStdout: bool
    Cmd: list[str]
    Domainname: str
    Entrypoint: list[str]
    Env: list[str]
    ExposedPorts: dict[str, dict[str, Any]] | None
    Healthcheck: HealthConfigRequest
    Hostname: str
    Image: str
    Labels: dict[str, str]
    MacAddress: str | None  # to 1.51
    NetworkDisabled: bool | None
    OnBuild: list[str] | None
    OpenStdin: bool
    Shell: list[str] | None
    StdinOnce: bool
    StopSignal: str | None
    StopTimeout: int | None
    Tty: bool
    User: str
    Volumes: dict[str, dict[str, Any]]
    WorkingDir: str


class ContainerCreateRequest(TypedDict, total=False):
    """`ContainerCreateRequest`: API 1.41 to 1.55."""

    ArgsEscaped: bool | None
    AttachStderr: bool
    AttachStdin: bool
    AttachStdout: bool
    Cmd: list[str]
    Domainname: str
    Entrypoint: list[str]
    Env: list[str]
    ExposedPorts: dict[str, dict[str, Any]] | None
    Healthcheck: HealthConfigRequest
    HostConfig: HostConfigRequest
    Hostname: str
    Image: str
    Labels: dict[str, str]
    MacAddress: str | None  # to 1.51
    NetworkDisabled: bool | None
    NetworkingConfig: NetworkingConfig
    OnBuild: list[str] | None
    OpenStdin: bool
    Shell: list[str] | None
    StdinOnce: bool
    StopSignal: str | None
    StopTimeout: int | None
    Tty: bool
    User: str
    Volumes: dict[str, dict[str, Any]]
    WorkingDir: str


class ContainerCreateResponse(TypedDict):
    """`ContainerCreateResponse`: API 1.41 to 1.55."""

    Id: str
    Warnings: list[str]


class ContainerInspectResponse(TypedDict):
    """`ContainerInspectResponse`: API 1.41 to 1.55."""

    AppArmorProfile: str
    Args: list[str]
    Config: ContainerConfig
    Created: str | None
    Driver: str
    ExecIDs: list[str] | None
    GraphDriver: DriverData | None
    HostConfig: HostConfig
    HostnamePath: str
    HostsPath: str
    Id: str
    Image: str
    ImageManifestDescriptor: NotRequired[OCIDescriptor]  # from 1.48
    LogPath: str | None
    MountLabel: str
    Mounts: list[MountPoint]
    Name: str
    NetworkSettings: NetworkSettings
    Path: str
    Platform: str
    ProcessLabel: str
    ResolvConfPath: str
    RestartCount: int
    SizeRootFs: int | None
    SizeRw: int | None
    State: ContainerState
    Storage: NotRequired[Storage | None]  # from 1.55


class ContainerMemoryStats(TypedDict):
    """`ContainerMemoryStats`: API 1.48 to 1.55."""

    commitbytes: int | None
    commitpeakbytes: int | None
    failcnt: int | None
    limit: int | None
    max_usage: int | None
    privateworkingset: int | None
    stats: dict[str, int | None]
    usage: int | None


class ContainerNetworkStats(TypedDict):
    """`ContainerNetworkStats`: API 1.48 to 1.55."""

    endpoint_id: str | None
    instance_id: str | None
    rx_bytes: int
    rx_dropped: int
    rx_errors: int
    rx_packets: int
    tx_bytes: int
    tx_dropped: int
    tx_errors: int
    tx_packets: int


class ContainerPidsStats(TypedDict):
    """`ContainerPidsStats`: API 1.48 to 1.55."""

    current: int | None
    limit: int | None


class ContainerPruneResponse(TypedDict):
    """`ContainerPruneResponse`: API 1.41 to 1.55."""

    ContainersDeleted: list[str] | None
    SpaceReclaimed: int


class ContainerState(TypedDict):
    """`ContainerState`: API 1.41 to 1.55."""

    Dead: bool
    Error: str
    ExitCode: int
    FinishedAt: str
    Health: Health
    OOMKilled: bool
    Paused: bool
    Pid: int
    Restarting: bool
    Running: bool
    StartedAt: str
    Status: str


class ContainerStatsResponse(TypedDict):
    """`ContainerStatsResponse`: API 1.48 to 1.55."""

    blkio_stats: ContainerBlkioStats
    cpu_stats: ContainerCPUStats
    id: str | None
    memory_stats: ContainerMemoryStats
    name: str | None
    networks: dict[str, ContainerNetworkStats] | None
    num_procs: int
    os_type: NotRequired[str | None]  # from 1.55
    pids_stats: ContainerPidsStats
    precpu_stats: ContainerCPUStats
    preread: str
    read: str
    storage_stats: ContainerStorageStats


class ContainerStatus(TypedDict):
    """`ContainerStatus`: API 1.41 to 1.55."""

    ContainerID: str
    ExitCode: int
    PID: int


class ContainerStorageStats(TypedDict):
    """`ContainerStorageStats`: API 1.48 to 1.55."""

    read_count_normalized: int | None
    read_size_bytes: int | None
    write_count_normalized: int | None
    write_size_bytes: int | None


class ContainerSummary(TypedDict):
    """`ContainerSummary`: API 1.41 to 1.55."""

    Command: str
    Created: int
    Health: NotRequired[ContainerSummaryHealth]  # from 1.55
    HostConfig: ContainerSummaryHostConfig
    Id: str
    Image: str
    ImageID: str
    ImageManifestDescriptor: NotRequired[OCIDescriptor | None]  # from 1.48
    Labels: dict[str, str]
    Mounts: list[MountPoint]
    Names: list[str]
    NetworkSettings: ContainerSummaryNetworkSettings
    Ports: list[PortSummary]
    SizeRootFs: int | None
    SizeRw: int | None
    State: str
    Status: str


class ContainerSummaryHealth(TypedDict):
    """`ContainerSummaryHealth`: API 1.55."""

    FailingStreak: int
    Status: str


class ContainerSummaryHostConfig(TypedDict):
    """`ContainerSummaryHostConfig`: API 1.41 to 1.55."""

    Annotations: NotRequired[dict[str, str] | None]  # from 1.48
    NetworkMode: str


class ContainerSummaryNetworkSettings(TypedDict):
    """`ContainerSummaryNetworkSettings`: API 1.41 to 1.55."""

    Networks: dict[str, EndpointSettings]


class ContainerThrottlingData(TypedDict):
    """`ContainerThrottlingData`: API 1.48 to 1.55."""

    periods: int
    throttled_periods: int
    throttled_time: int


class ContainerTopResponse(TypedDict):
    """`ContainerTopResponse`: API 1.41 to 1.55."""

    Processes: list[list[str]]
    Titles: list[str]


class ContainerUpdateRequest(TypedDict, total=False):
    """`ContainerUpdateRequest`: API 1.41 to 1.55."""

    BlkioDeviceReadBps: list[ThrottleDeviceRequest]
    BlkioDeviceReadIOps: list[ThrottleDeviceRequest]
    BlkioDeviceWriteBps: list[ThrottleDeviceRequest]
    BlkioDeviceWriteIOps: list[ThrottleDeviceRequest]
    BlkioWeight: int
    BlkioWeightDevice: list[ResourcesBlkioWeightDeviceItemRequest]
    CgroupParent: str
    CpuCount: int
    CpuPercent: int
    CpuPeriod: int
    CpuQuota: int
    CpuRealtimePeriod: int
    CpuRealtimeRuntime: int
    CpuShares: int
    CpusetCpus: str
    CpusetMems: str
    DeviceCgroupRules: list[str]
    DeviceRequests: list[DeviceRequestRequest]
    Devices: list[DeviceMappingRequest]
    IOMaximumBandwidth: int
    IOMaximumIOps: int
    Init: bool | None
    KernelMemory: int  # to 1.41
    KernelMemoryTCP: int  # to 1.51
    Memory: int
    MemoryReservation: int
    MemorySwap: int
    MemorySwappiness: int
    NanoCpus: int
    OomKillDisable: bool
    PidsLimit: int | None
    RestartPolicy: RestartPolicyRequest
    Ulimits: list[ResourcesUlimitsItemRequest]


class ContainerUpdateResponse(TypedDict):
    """`ContainerUpdateResponse`: API 1.41 to 1.55."""

    Warnings: list[str]


class ContainerWaitExitError(TypedDict):
    """`ContainerWaitExitError`: API 1.41 to 1.55."""

    Message: str


class ContainerWaitResponse(TypedDict):
    """`ContainerWaitResponse`: API 1.41 to 1.55."""

    Error: NotRequired[ContainerWaitExitError]
    StatusCode: int


class ContainerdInfo(TypedDict):
    """`ContainerdInfo`: API 1.48 to 1.55."""

    Address: str
    Namespaces: ContainerdInfoNamespaces


class ContainerdInfoNamespaces(TypedDict):
    """`ContainerdInfoNamespaces`: API 1.48 to 1.55."""

    Containers: str
    Plugins: str


class ContainersDiskUsage(TypedDict):
    """`ContainersDiskUsage`: API 1.55."""

    ActiveCount: int
    Items: NotRequired[list[ContainerSummary]]
    Reclaimable: int
    TotalCount: int
    TotalSize: int


class CreateImageInfo(TypedDict):
    """`CreateImageInfo`: API 1.41 to 1.55."""

    error: NotRequired[str | None]  # to 1.51
    errorDetail: ErrorDetail
    id: str
    progress: NotRequired[str | None]  # to 1.51
    progressDetail: ProgressDetail
    status: str


class DeviceInfo(TypedDict):
    """`DeviceInfo`: API 1.51 to 1.55."""

    ID: str
    Source: str


class DeviceMapping(TypedDict):
    """`DeviceMapping`: API 1.41 to 1.55."""

    CgroupPermissions: str
    PathInContainer: str
    PathOnHost: str


class DeviceMappingRequest(TypedDict, total=False):
    """`DeviceMapping`, as it is sent: API 1.41 to 1.55."""

    CgroupPermissions: str
    PathInContainer: str
    PathOnHost: str


class DeviceRequest(TypedDict):
    """`DeviceRequest`: API 1.41 to 1.55."""

    Capabilities: list[list[str]]
    Count: int
    DeviceIDs: list[str]
    Driver: str
    Options: dict[str, str]


class DeviceRequestRequest(TypedDict, total=False):
    """`DeviceRequest`, as it is sent: API 1.41 to 1.55."""

    Capabilities: list[list[str]]
    Count: int
    DeviceIDs: list[str]
    Driver: str
    Options: dict[str, str]


class DistributionInspect(TypedDict):
    """`DistributionInspect`: API 1.41 to 1.55."""

    Descriptor: OCIDescriptor
    Platforms: list[OCIPlatform]


class Driver(TypedDict):
    """`Driver`: API 1.41 to 1.55."""

    Name: str
    Options: NotRequired[dict[str, str]]


class DriverData(TypedDict):
    """`DriverData`: API 1.41 to 1.55."""

    Data: dict[str, str]
    Name: str


class DriverRequest(TypedDict, total=False):
    """`Driver`, as it is sent: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class EndpointIPAMConfig(TypedDict):
    """`EndpointIPAMConfig`: API 1.41 to 1.55."""

    IPv4Address: str
    IPv6Address: str
    LinkLocalIPs: list[str]


class EndpointIPAMConfigRequest(TypedDict, total=False):
    """`EndpointIPAMConfig`, as it is sent: API 1.41 to 1.55."""

    IPv4Address: str
    IPv6Address: str
    LinkLocalIPs: list[str]


class EndpointPortConfig(TypedDict):
    """`EndpointPortConfig`: API 1.41 to 1.55."""

    Name: str
    Protocol: str
    PublishMode: str
    PublishedPort: int
    TargetPort: int


class EndpointPortConfigRequest(TypedDict, total=False):
    """`EndpointPortConfig`, as it is sent: API 1.41 to 1.55."""

    Name: str
    Protocol: Literal["tcp", "udp", "sctp"]
    PublishMode: Literal["ingress", "host"]
    PublishedPort: int
    TargetPort: int


class EndpointResource(TypedDict):
    """`EndpointResource`: API 1.41 to 1.55."""

    EndpointID: str
    IPv4Address: str
    IPv6Address: str
    MacAddress: str
    Name: str


class EndpointSettings(TypedDict):
    """`EndpointSettings`: API 1.41 to 1.55."""

    Aliases: list[str]
    DNSNames: NotRequired[list[str]]  # from 1.44
    DriverOpts: dict[str, str] | None
    EndpointID: str
    Gateway: str
    GlobalIPv6Address: str
    GlobalIPv6PrefixLen: int
    GwPriority: NotRequired[int]  # from 1.48
    IPAMConfig: EndpointIPAMConfig
    IPAddress: str
    IPPrefixLen: int
    IPv6Gateway: str
    Links: list[str]
    MacAddress: str
    NetworkID: str


class EndpointSettingsRequest(TypedDict, total=False):
    """`EndpointSettings`, as it is sent: API 1.41 to 1.55."""

    Aliases: list[str]
    DNSNames: list[str]  # from 1.44
    DriverOpts: dict[str, str] | None
    EndpointID: str
    Gateway: str
    GlobalIPv6Address: str
    GlobalIPv6PrefixLen: int
    GwPriority: int  # from 1.48
    IPAMConfig: EndpointIPAMConfigRequest
    IPAddress: str
    IPPrefixLen: int
    IPv6Gateway: str
    Links: list[str]
    MacAddress: str
    NetworkID: str


class EndpointSpec(TypedDict):
    """`EndpointSpec`: API 1.41 to 1.55."""

    Mode: str
    Ports: list[EndpointPortConfig]


class EndpointSpecRequest(TypedDict, total=False):
    """`EndpointSpec`, as it is sent: API 1.41 to 1.55."""

    Mode: Literal["vip", "dnsrr"]
    Ports: list[EndpointPortConfigRequest]


class EngineDescription(TypedDict):
    """`EngineDescription`: API 1.41 to 1.55."""

    EngineVersion: str
    Labels: dict[str, str]
    Plugins: list[EngineDescriptionPluginsItem]


class EngineDescriptionPluginsItem(TypedDict):
    """`EngineDescriptionPluginsItem`: API 1.41 to 1.55."""

    Name: str
    Type: str


class ErrorDetail(TypedDict):
    """`ErrorDetail`: API 1.41 to 1.55."""

    code: int
    message: str


class EventActor(TypedDict):
    """`EventActor`: API 1.41 to 1.55."""

    Attributes: dict[str, str]
    ID: str


class EventMessage(TypedDict):
    """`EventMessage`: API 1.41 to 1.55."""

    Action: str
    Actor: EventActor
    Type: str
    scope: str
    time: int
    timeNano: int


class ExecConfig(TypedDict, total=False):
    """`ExecConfig`: API 1.41 to 1.55."""

    AttachStderr: bool
    AttachStdin: bool
    AttachStdout: bool
    Cmd: list[str]
    ConsoleSize: list[int] | None  # from 1.44
    DetachKeys: str
    Env: list[str]
    Privileged: bool
    Tty: bool
    User: str
    WorkingDir: str


class ExecInspectResponse(TypedDict):
    """`ExecInspectResponse`: API 1.41 to 1.55."""

    CanRemove: bool
    ContainerID: str
    DetachKeys: str
    ExitCode: int | None
    ID: str
    OpenStderr: bool
    OpenStdin: bool
    OpenStdout: bool
    Pid: int
    ProcessConfig: ProcessConfig
    Running: bool


class ExecStartConfig(TypedDict, total=False):
    """`ExecStartConfig`: API 1.41 to 1.55."""

    ConsoleSize: list[int] | None  # from 1.44
    Detach: bool
    Tty: bool


class FilesystemChange(TypedDict):
    """`FilesystemChange`: API 1.41 to 1.55."""

    Kind: int
    Path: str


class FirewallInfo(TypedDict):
    """`FirewallInfo`: API 1.51 to 1.55."""

    Driver: str
    Info: list[list[str]]


class GenericResourcesItem(TypedDict):
    """`GenericResourcesItem`: API 1.41 to 1.55."""

    DiscreteResourceSpec: GenericResourcesItemDiscreteResourceSpec
    NamedResourceSpec: GenericResourcesItemNamedResourceSpec


class GenericResourcesItemDiscreteResourceSpec(TypedDict):
    """`GenericResourcesItemDiscreteResourceSpec`: API 1.41 to 1.55."""

    Kind: str
    Value: int


class GenericResourcesItemDiscreteResourceSpecRequest(TypedDict, total=False):
    """`GenericResourcesItemDiscreteResourceSpec`, as it is sent: API 1.41 to 1.55."""

    Kind: str
    Value: int


class GenericResourcesItemNamedResourceSpec(TypedDict):
    """`GenericResourcesItemNamedResourceSpec`: API 1.41 to 1.55."""

    Kind: str
    Value: str


class GenericResourcesItemNamedResourceSpecRequest(TypedDict, total=False):
    """`GenericResourcesItemNamedResourceSpec`, as it is sent: API 1.41 to 1.55."""

    Kind: str
    Value: str


class GenericResourcesItemRequest(TypedDict, total=False):
    """`GenericResourcesItem`, as it is sent: API 1.41 to 1.55."""

    DiscreteResourceSpec: GenericResourcesItemDiscreteResourceSpecRequest
    NamedResourceSpec: GenericResourcesItemNamedResourceSpecRequest


class Health(TypedDict):
    """`Health`: API 1.41 to 1.55."""

    FailingStreak: int
    Log: list[HealthcheckResult]
    Status: str


class HealthConfig(TypedDict):
    """`HealthConfig`: API 1.41 to 1.55."""

    Interval: int
    Retries: int
    StartInterval: NotRequired[int]  # from 1.44
    StartPeriod: int
    Test: list[str]
    Timeout: int


class HealthConfigRequest(TypedDict, total=False):
    """`HealthConfig`, as it is sent: API 1.41 to 1.55."""

    Interval: int
    Retries: int
    StartInterval: int  # from 1.44
    StartPeriod: int
    Test: list[str]
    Timeout: int


class HealthcheckResult(TypedDict):
    """`HealthcheckResult`: API 1.41 to 1.55."""

    End: str
    ExitCode: int
    Output: str
    Start: str


class HostConfig(TypedDict):
    """`HostConfig`: API 1.41 to 1.55."""

    Annotations: NotRequired[dict[str, str]]  # from 1.44
    AutoRemove: bool
    Binds: list[str]
    BlkioDeviceReadBps: list[ThrottleDevice]
    BlkioDeviceReadIOps: list[ThrottleDevice]
    BlkioDeviceWriteBps: list[ThrottleDevice]
    BlkioDeviceWriteIOps: list[ThrottleDevice]
    BlkioWeight: int
    BlkioWeightDevice: list[ResourcesBlkioWeightDeviceItem]
    CapAdd: list[str]
    CapDrop: list[str]
    Cgroup: str
    CgroupParent: str
    CgroupnsMode: str
    ConsoleSize: list[int] | None
    ContainerIDFile: str
    CpuCount: int
    CpuPercent: int
    CpuPeriod: int
    CpuQuota: int
    CpuRealtimePeriod: int
    CpuRealtimeRuntime: int
    CpuShares: int
    CpusetCpus: str
    CpusetMems: str
    DeviceCgroupRules: list[str]
    DeviceRequests: list[DeviceRequest]
    Devices: list[DeviceMapping]
    Dns: list[str]
    DnsOptions: list[str]
    DnsSearch: list[str]
    ExtraHosts: list[str]
    GroupAdd: list[str]
    IOMaximumBandwidth: int
    IOMaximumIOps: int
    Init: bool | None
    IpcMode: str
    Isolation: str
    KernelMemory: NotRequired[int]  # to 1.41
    KernelMemoryTCP: NotRequired[int]  # to 1.51
    Links: list[str]
    LogConfig: HostConfigLogConfig
    MaskedPaths: list[str]
    Memory: int
    MemoryReservation: int
    MemorySwap: int
    MemorySwappiness: int
    Mounts: list[Mount]
    NanoCpus: int
    NetworkMode: str
    OomKillDisable: bool
    OomScoreAdj: int
    PidMode: str
    PidsLimit: int | None
    PortBindings: dict[str, list[PortBinding] | None]
    Privileged: bool
    PublishAllPorts: bool
    ReadonlyPaths: list[str]
    ReadonlyRootfs: bool
    RestartPolicy: RestartPolicy
    Runtime: str | None
    SecurityOpt: list[str]
    ShmSize: int
    StorageOpt: dict[str, str]
    Sysctls: dict[str, str] | None
    Tmpfs: dict[str, str]
    UTSMode: str
    Ulimits: list[ResourcesUlimitsItem]
    UsernsMode: str
    VolumeDriver: str
    VolumesFrom: list[str]


class HostConfigLogConfig(TypedDict):
    """`HostConfigLogConfig`: API 1.41 to 1.55."""

    Config: dict[str, str]
    Type: str


class HostConfigLogConfigRequest(TypedDict, total=False):
    """`HostConfigLogConfig`, as it is sent: API 1.41 to 1.55."""

    Config: dict[str, str]
    Type: Literal["local", "json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "etwlogs", "none"]


class HostConfigRequest(TypedDict, total=False):
    """`HostConfig`, as it is sent: API 1.41 to 1.55."""

    Annotations: dict[str, str]  # from 1.44
    AutoRemove: bool
    Binds: list[str]
    BlkioDeviceReadBps: list[ThrottleDeviceRequest]
    BlkioDeviceReadIOps: list[ThrottleDeviceRequest]
    BlkioDeviceWriteBps: list[ThrottleDeviceRequest]
    BlkioDeviceWriteIOps: list[ThrottleDeviceRequest]
    BlkioWeight: int
    BlkioWeightDevice: list[ResourcesBlkioWeightDeviceItemRequest]
    CapAdd: list[str]
    CapDrop: list[str]
    Cgroup: str
    CgroupParent: str
    CgroupnsMode: Literal["private", "host"]
    ConsoleSize: list[int] | None
    ContainerIDFile: str
    CpuCount: int
    CpuPercent: int
    CpuPeriod: int
    CpuQuota: int
    CpuRealtimePeriod: int
    CpuRealtimeRuntime: int
    CpuShares: int
    CpusetCpus: str
    CpusetMems: str
    DeviceCgroupRules: list[str]
    DeviceRequests: list[DeviceRequestRequest]
    Devices: list[DeviceMappingRequest]
    Dns: list[str]
    DnsOptions: list[str]
    DnsSearch: list[str]
    ExtraHosts: list[str]
    GroupAdd: list[str]
    IOMaximumBandwidth: int
    IOMaximumIOps: int
    Init: bool | None
    IpcMode: str
    Isolation: Literal["default", "process", "hyperv", ""]
    KernelMemory: int  # to 1.41
    KernelMemoryTCP: int  # to 1.51
    Links: list[str]
    LogConfig: HostConfigLogConfigRequest
    MaskedPaths: list[str]
    Memory: int
    MemoryReservation: int
    MemorySwap: int
    MemorySwappiness: int
    Mounts: list[MountRequest]
    NanoCpus: int
    NetworkMode: str
    OomKillDisable: bool
    OomScoreAdj: int
    PidMode: str
    PidsLimit: int | None
    PortBindings: dict[str, list[PortBindingRequest] | None]
    Privileged: bool
    PublishAllPorts: bool
    ReadonlyPaths: list[str]
    ReadonlyRootfs: bool
    RestartPolicy: RestartPolicyRequest
    Runtime: str | None
    SecurityOpt: list[str]
    ShmSize: int
    StorageOpt: dict[str, str]
    Sysctls: dict[str, str] | None
    Tmpfs: dict[str, str]
    UTSMode: str
    Ulimits: list[ResourcesUlimitsItemRequest]
    UsernsMode: str
    VolumeDriver: str
    VolumesFrom: list[str]


class IDResponse(TypedDict):
    """`IDResponse`: API 1.41 to 1.55."""

    Id: str


class IPAM(TypedDict):
    """`IPAM`: API 1.41 to 1.55."""

    Config: list[IPAMConfig] | None
    Driver: str
    Options: dict[str, str] | None


class IPAMConfig(TypedDict):
    """`IPAMConfig`: API 1.41 to 1.55."""

    AuxiliaryAddresses: dict[str, str]
    Gateway: str
    IPRange: str
    Subnet: str


class IPAMConfigRequest(TypedDict, total=False):
    """`IPAMConfig`, as it is sent: API 1.41 to 1.55."""

    AuxiliaryAddresses: dict[str, str]
    Gateway: str
    IPRange: str
    Subnet: str


class IPAMRequest(TypedDict, total=False):
    """`IPAM`, as it is sent: API 1.41 to 1.55."""

    Config: list[IPAMConfigRequest]
    Driver: str
    Options: dict[str, str]


class IPAMStatus(TypedDict):
    """`IPAMStatus`: API 1.55."""

    Subnets: dict[str, SubnetStatus]


class Identity(TypedDict):
    """`Identity`: API 1.55."""

    Build: list[BuildIdentity]
    Pull: list[PullIdentity]
    Signature: list[SignatureIdentity]


class ImageConfig(TypedDict):
    """`ImageConfig`: API 1.41 to 1.55."""

    ArgsEscaped: bool | None
    AttachStderr: NotRequired[bool]  # to 1.48
    AttachStdin: NotRequired[bool]  # to 1.48
    AttachStdout: NotRequired[bool]  # to 1.48
    Cmd: list[str]
    Domainname: NotRequired[str]  # to 1.48
    Entrypoint: list[str]
    Env: list[str]
    ExposedPorts: dict[str, dict[str, Any]] | None
    Healthcheck: HealthConfig
    Hostname: NotRequired[str]  # to 1.48
    Image: NotRequired[str]  # to 1.48
    Labels: dict[str, str]
    MacAddress: NotRequired[str | None]  # to 1.48
    NetworkDisabled: NotRequired[bool | None]  # to 1.48
    OnBuild: list[str] | None
    OpenStdin: NotRequired[bool]  # to 1.48
    Shell: list[str] | None
    StdinOnce: NotRequired[bool]  # to 1.48
    StopSignal: str | None
    StopTimeout: NotRequired[int | None]  # to 1.48
    Tty: NotRequired[bool]  # to 1.48
    User: str
    Volumes: dict[str, dict[str, Any]]
    WorkingDir: str


class ImageDeleteResponseItem(TypedDict):
    """`ImageDeleteResponseItem`: API 1.41 to 1.55."""

    Deleted: str
    Untagged: str


class ImageHistoryResponseItem(TypedDict):
    """`ImageHistoryResponseItem`: API 1.41 to 1.55."""

    Comment: str
    Created: int
    CreatedBy: str
    Id: str
    Size: int
    Tags: list[str]


class ImageID(TypedDict):
    """`ImageID`: API 1.41 to 1.55."""

    ID: str


class ImageInspect(TypedDict):
    """`ImageInspect`: API 1.41 to 1.55."""

    Architecture: str
    Author: str | None
    Comment: str | None
    Config: ImageConfig
    Container: NotRequired[str]  # to 1.44
    ContainerConfig: NotRequired[ContainerConfig]  # to 1.44
    Created: str | None
    Descriptor: NotRequired[OCIDescriptor | None]  # from 1.48
    DockerVersion: NotRequired[str]  # to 1.51
    GraphDriver: DriverData | None
    Id: str
    Identity: NotRequired[Identity | None]  # from 1.55
    Manifests: NotRequired[list[ImageManifestSummary] | None]  # from 1.48
    Metadata: ImageInspectMetadata
    Os: str
    OsVersion: str | None
    Parent: NotRequired[str]  # to 1.51
    RepoDigests: list[str]
    RepoTags: list[str]
    RootFS: ImageInspectRootFS
    Size: int
    Variant: str | None
    VirtualSize: NotRequired[int]  # to 1.41


class ImageInspectMetadata(TypedDict):
    """`ImageInspectMetadata`: API 1.41 to 1.55."""

    LastTagTime: str | None


class ImageInspectRootFS(TypedDict):
    """`ImageInspectRootFS`: API 1.41 to 1.55."""

    Layers: NotRequired[list[str]]
    Type: str


class ImageManifestSummary(TypedDict):
    """`ImageManifestSummary`: API 1.48 to 1.55."""

    AttestationData: NotRequired[ImageManifestSummaryAttestationData | None]
    Available: bool
    Descriptor: OCIDescriptor
    ID: str
    ImageData: NotRequired[ImageManifestSummaryImageData | None]
    Kind: str
    Size: ImageManifestSummarySize


class ImageManifestSummaryAttestationData(TypedDict):
    """`ImageManifestSummaryAttestationData`: API 1.48 to 1.55."""

    For: str


class ImageManifestSummaryImageData(TypedDict):
    """`ImageManifestSummaryImageData`: API 1.48 to 1.55."""

    Containers: list[str]
    Identity: NotRequired[Identity | None]  # from 1.55
    Platform: OCIPlatform
    Size: ImageManifestSummaryImageDataSize


class ImageManifestSummaryImageDataSize(TypedDict):
    """`ImageManifestSummaryImageDataSize`: API 1.48 to 1.55."""

    Unpacked: int


class ImageManifestSummarySize(TypedDict):
    """`ImageManifestSummarySize`: API 1.48 to 1.55."""

    Content: int
    Total: int


class ImagePruneResponse(TypedDict):
    """`ImagePruneResponse`: API 1.41 to 1.55."""

    ImagesDeleted: list[ImageDeleteResponseItem] | None
    SpaceReclaimed: int


class ImageSearchResponseItem(TypedDict):
    """`ImageSearchResponseItem`: API 1.41 to 1.55."""

    description: str
    is_automated: bool
    is_official: bool
    name: str
    star_count: int


class ImageSummary(TypedDict):
    """`ImageSummary`: API 1.41 to 1.55."""

    Containers: int
    Created: int
    Descriptor: NotRequired[OCIDescriptor | None]  # from 1.48
    Id: str
    Labels: dict[str, str]
    Manifests: NotRequired[list[ImageManifestSummary]]  # from 1.48
    ParentId: str
    RepoDigests: list[str]
    RepoTags: list[str]
    SharedSize: int
    Size: int
    VirtualSize: NotRequired[int]  # to 1.41


class ImagesDiskUsage(TypedDict):
    """`ImagesDiskUsage`: API 1.55."""

    ActiveCount: int
    Items: NotRequired[list[ImageSummary]]
    Reclaimable: int
    TotalCount: int
    TotalSize: int


class IndexInfo(TypedDict):
    """`IndexInfo`: API 1.41 to 1.55."""

    Mirrors: list[str]
    Name: str
    Official: bool
    Secure: bool


class JoinTokens(TypedDict):
    """`JoinTokens`: API 1.41 to 1.55."""

    Manager: str
    Worker: str


class Limit(TypedDict):
    """`Limit`: API 1.41 to 1.55."""

    MemoryBytes: int
    NanoCPUs: int
    Pids: int


class LimitRequest(TypedDict, total=False):
    """`Limit`, as it is sent: API 1.41 to 1.55."""

    MemoryBytes: int
    NanoCPUs: int
    Pids: int


class ManagerStatus(TypedDict):
    """`ManagerStatus`: API 1.41 to 1.55."""

    Addr: str
    Leader: bool
    Reachability: str


class Mount(TypedDict):
    """`Mount`: API 1.41 to 1.55."""

    BindOptions: MountBindOptions
    Consistency: str
    ImageOptions: NotRequired[MountImageOptions]  # from 1.48
    ReadOnly: bool
    Source: str
    Target: str
    TmpfsOptions: MountTmpfsOptions
    Type: str
    VolumeOptions: MountVolumeOptions


class MountBindOptions(TypedDict):
    """`MountBindOptions`: API 1.41 to 1.55."""

    CreateMountpoint: NotRequired[bool]  # from 1.44
    NonRecursive: bool
    Propagation: str
    ReadOnlyForceRecursive: NotRequired[bool]  # from 1.44
    ReadOnlyNonRecursive: NotRequired[bool]  # from 1.44


class MountBindOptionsRequest(TypedDict, total=False):
    """`MountBindOptions`, as it is sent: API 1.41 to 1.55."""

    CreateMountpoint: bool  # from 1.44
    NonRecursive: bool
    Propagation: Literal["private", "rprivate", "shared", "rshared", "slave", "rslave"]
    ReadOnlyForceRecursive: bool  # from 1.44
    ReadOnlyNonRecursive: bool  # from 1.44


class MountImageOptions(TypedDict):
    """`MountImageOptions`: API 1.48 to 1.55."""

    Subpath: str


class MountImageOptionsRequest(TypedDict, total=False):
    """`MountImageOptions`, as it is sent: API 1.48 to 1.55."""

    Subpath: str


class MountPoint(TypedDict):
    """`MountPoint`: API 1.41 to 1.55."""

    Destination: str
    Driver: str
    Mode: str
    Name: str
    Propagation: str
    RW: bool
    Source: str
    Type: str


class MountRequest(TypedDict, total=False):
    """`Mount`, as it is sent: API 1.41 to 1.55."""

    BindOptions: MountBindOptionsRequest
    Consistency: str
    ImageOptions: MountImageOptionsRequest  # from 1.48
    ReadOnly: bool
    Source: str
    Target: str
    TmpfsOptions: MountTmpfsOptionsRequest
    Type: Literal["bind", "cluster", "image", "npipe", "tmpfs", "volume"]
    VolumeOptions: MountVolumeOptionsRequest


class MountTmpfsOptions(TypedDict):
    """`MountTmpfsOptions`: API 1.41 to 1.55."""

    Mode: int
    Options: NotRequired[list[list[str]]]  # from 1.48
    SizeBytes: int


class MountTmpfsOptionsRequest(TypedDict, total=False):
    """`MountTmpfsOptions`, as it is sent: API 1.41 to 1.55."""

    Mode: int
    Options: list[list[str]]  # from 1.48
    SizeBytes: int


class MountVolumeOptions(TypedDict):
    """`MountVolumeOptions`: API 1.41 to 1.55."""

    DriverConfig: MountVolumeOptionsDriverConfig
    Labels: dict[str, str]
    NoCopy: bool
    Subpath: NotRequired[str]  # from 1.45


class MountVolumeOptionsDriverConfig(TypedDict):
    """`MountVolumeOptionsDriverConfig`: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class MountVolumeOptionsDriverConfigRequest(TypedDict, total=False):
    """`MountVolumeOptionsDriverConfig`, as it is sent: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class MountVolumeOptionsRequest(TypedDict, total=False):
    """`MountVolumeOptions`, as it is sent: API 1.41 to 1.55."""

    DriverConfig: MountVolumeOptionsDriverConfigRequest
    Labels: dict[str, str]
    NoCopy: bool
    Subpath: str  # from 1.45


class NRIInfo(TypedDict):
    """`NRIInfo`: API 1.55."""

    Info: list[list[str]]


class Network(TypedDict):
    """`Network`: API 1.41 to 1.55."""

    Attachable: bool
    ConfigFrom: ConfigReference
    ConfigOnly: bool
    Containers: NotRequired[dict[str, NetworkContainer]]  # to 1.51
    Created: str
    Driver: str
    EnableIPv4: NotRequired[bool]  # from 1.48
    EnableIPv6: bool
    IPAM: IPAM
    Id: str
    Ingress: bool
    Internal: bool
    Labels: dict[str, str]
    Name: str
    Options: dict[str, str]
    Peers: NotRequired[list[PeerInfo] | None]
    Scope: str


class NetworkAttachment(TypedDict):
    """`NetworkAttachment`: API 1.41 to 1.55."""

    Addresses: list[str]
    Network: Network


class NetworkAttachmentConfig(TypedDict):
    """`NetworkAttachmentConfig`: API 1.41 to 1.55."""

    Aliases: list[str]
    DriverOpts: dict[str, str]
    Target: str


class NetworkAttachmentConfigRequest(TypedDict, total=False):
    """`NetworkAttachmentConfig`, as it is sent: API 1.41 to 1.55."""

    Aliases: list[str]
    DriverOpts: dict[str, str]
    Target: str


class NetworkConnectRequest(TypedDict, total=False):
    """`NetworkConnectRequest`: API 1.41 to 1.55."""

    Container: str
    EndpointConfig: EndpointSettingsRequest | None


class NetworkContainer(TypedDict):
    """`NetworkContainer`: API 1.41 to 1.51."""

    EndpointID: str
    IPv4Address: str
    IPv6Address: str
    MacAddress: str
    Name: str


class NetworkCreateRequest(TypedDict, total=False):
    """`NetworkCreateRequest`: API 1.41 to 1.55."""

    Attachable: bool
    CheckDuplicate: bool  # to 1.45
    ConfigFrom: ConfigReferenceRequest
    ConfigOnly: bool
    Driver: str
    EnableIPv4: bool  # from 1.48
    EnableIPv6: bool
    IPAM: IPAMRequest
    Ingress: bool
    Internal: bool
    Labels: dict[str, str]
    Name: str
    Options: dict[str, str]
    Scope: str


class NetworkCreateResponse(TypedDict):
    """`NetworkCreateResponse`: API 1.41 to 1.55."""

    Id: str
    Warning: str


class NetworkDisconnectRequest(TypedDict, total=False):
    """`NetworkDisconnectRequest`: API 1.41 to 1.55."""

    Container: str
    Force: bool


class NetworkInspect(TypedDict):
    """`NetworkInspect`: API 1.41 to 1.55."""

    Attachable: bool
    ConfigFrom: ConfigReference
    ConfigOnly: bool
    Containers: dict[str, EndpointResource] | None
    Created: str
    Driver: str
    EnableIPv4: NotRequired[bool]  # from 1.48
    EnableIPv6: bool
    IPAM: IPAM
    Id: str
    Ingress: bool
    Internal: bool
    Labels: dict[str, str] | None
    Name: str
    Options: dict[str, str]
    Peers: NotRequired[list[PeerInfo] | None]
    Scope: str
    Services: NotRequired[dict[str, ServiceInfo]]  # from 1.55
    Status: NotRequired[NetworkStatus]  # from 1.55


class NetworkPruneResponse(TypedDict):
    """`NetworkPruneResponse`: API 1.41 to 1.55."""

    NetworksDeleted: list[str] | None


class NetworkSettings(TypedDict):
    """`NetworkSettings`: API 1.41 to 1.55."""

    Bridge: NotRequired[str]  # to 1.51
    EndpointID: NotRequired[str]  # to 1.51
    Gateway: NotRequired[str]  # to 1.51
    GlobalIPv6Address: NotRequired[str]  # to 1.51
    GlobalIPv6PrefixLen: NotRequired[int]  # to 1.51
    HairpinMode: NotRequired[bool]  # to 1.51
    IPAddress: NotRequired[str]  # to 1.51
    IPPrefixLen: NotRequired[int]  # to 1.51
    IPv6Gateway: NotRequired[str]  # to 1.51
    LinkLocalIPv6Address: NotRequired[str]  # to 1.51
    LinkLocalIPv6PrefixLen: NotRequired[int]  # to 1.51
    MacAddress: NotRequired[str]  # to 1.51
    Networks: dict[str, EndpointSettings]
    Ports: dict[str, list[PortBinding] | None]
    SandboxID: str
    SandboxKey: str
    SecondaryIPAddresses: NotRequired[list[Address] | None]  # to 1.51
    SecondaryIPv6Addresses: NotRequired[list[Address] | None]  # to 1.51


class NetworkStatus(TypedDict):
    """`NetworkStatus`: API 1.55."""

    IPAM: IPAMStatus


class NetworkSummary(TypedDict):
    """`NetworkSummary`: API 1.41 to 1.55."""

    Attachable: bool
    ConfigFrom: ConfigReference
    ConfigOnly: bool
    Containers: NotRequired[dict[str, NetworkContainer]]  # to 1.51
    Created: str
    Driver: str
    EnableIPv4: NotRequired[bool]  # from 1.48
    EnableIPv6: bool
    IPAM: IPAM
    Id: str
    Ingress: bool
    Internal: bool
    Labels: dict[str, str] | None
    Name: str
    Options: dict[str, str]
    Peers: NotRequired[list[PeerInfo] | None]
    Scope: str


class NetworkTaskInfo(TypedDict):
    """`NetworkTaskInfo`: API 1.55."""

    EndpointID: str
    EndpointIP: str
    Info: dict[str, str]
    Name: str


class NetworkingConfig(TypedDict, total=False):
    """`NetworkingConfig`: API 1.41 to 1.55."""

    EndpointsConfig: dict[str, EndpointSettingsRequest]


class Node(TypedDict):
    """`Node`: API 1.41 to 1.55."""

    CreatedAt: str
    Description: NodeDescription
    ID: str
    ManagerStatus: ManagerStatus
    Spec: NodeSpec
    Status: NodeStatus
    UpdatedAt: str
    Version: ObjectVersion


class NodeDescription(TypedDict):
    """`NodeDescription`: API 1.41 to 1.55."""

    Engine: EngineDescription
    Hostname: str
    Platform: Platform
    Resources: ResourceObject
    TLSInfo: TLSInfo


class NodeSpec(TypedDict):
    """`NodeSpec`: API 1.41 to 1.55."""

    Availability: str
    Labels: dict[str, str]
    Name: str
    Role: str


class NodeSpecRequest(TypedDict, total=False):
    """`NodeSpec`, as it is sent: API 1.41 to 1.55."""

    Availability: Literal["active", "pause", "drain"]
    Labels: dict[str, str]
    Name: str
    Role: Literal["worker", "manager"]


class NodeStatus(TypedDict):
    """`NodeStatus`: API 1.41 to 1.55."""

    Addr: str
    Message: str
    State: str


class OCIDescriptor(TypedDict):
    """`OCIDescriptor`: API 1.41 to 1.55."""

    annotations: NotRequired[dict[str, str] | None]  # from 1.48
    artifactType: NotRequired[str | None]  # from 1.48
    data: NotRequired[str | None]  # from 1.48
    digest: str
    mediaType: str
    platform: NotRequired[OCIPlatform]  # from 1.48
    size: int
    urls: NotRequired[list[str] | None]  # from 1.48


OCIPlatform = TypedDict(
    "OCIPlatform",
    {
        "architecture": "str",
        "os": "str",
        "os.features": "list[str]",
        "os.version": "str",
        "variant": "str",
    },
)
"""`OCIPlatform`: API 1.41 to 1.55."""


class ObjectVersion(TypedDict):
    """`ObjectVersion`: API 1.41 to 1.55."""

    Index: int


class PeerInfo(TypedDict):
    """`PeerInfo`: API 1.41 to 1.55."""

    IP: str
    Name: str


class PeerNode(TypedDict):
    """`PeerNode`: API 1.41 to 1.55."""

    Addr: str
    NodeID: str


class Platform(TypedDict):
    """`Platform`: API 1.41 to 1.55."""

    Architecture: str
    OS: str


class PlatformRequest(TypedDict, total=False):
    """`Platform`, as it is sent: API 1.41 to 1.55."""

    Architecture: str
    OS: str


class Plugin(TypedDict):
    """`Plugin`: API 1.41 to 1.55."""

    Config: PluginConfig
    Enabled: bool
    Id: NotRequired[str]
    Name: str
    PluginReference: NotRequired[str]
    Settings: PluginSettings


class PluginConfig(TypedDict):
    """`PluginConfig`: API 1.41 to 1.55."""

    Args: PluginConfigArgs
    Description: str
    DockerVersion: NotRequired[str]  # to 1.51
    Documentation: str
    Entrypoint: list[str]
    Env: list[PluginEnv]
    Interface: PluginConfigInterface
    IpcHost: bool
    Linux: PluginConfigLinux
    Mounts: list[PluginMount]
    Network: PluginConfigNetwork
    PidHost: bool
    PropagatedMount: str
    User: NotRequired[PluginConfigUser]
    WorkDir: str
    rootfs: NotRequired[PluginConfigRootfs]


class PluginConfigArgs(TypedDict):
    """`PluginConfigArgs`: API 1.41 to 1.55."""

    Description: str
    Name: str
    Settable: list[str] | None
    Value: list[str]


class PluginConfigInterface(TypedDict):
    """`PluginConfigInterface`: API 1.41 to 1.55."""

    ProtocolScheme: NotRequired[str]
    Socket: str
    Types: list[str]


class PluginConfigLinux(TypedDict):
    """`PluginConfigLinux`: API 1.41 to 1.55."""

    AllowAllDevices: bool
    Capabilities: list[str]
    Devices: list[PluginDevice] | None


class PluginConfigNetwork(TypedDict):
    """`PluginConfigNetwork`: API 1.41 to 1.55."""

    Type: str


class PluginConfigRootfs(TypedDict):
    """`PluginConfigRootfs`: API 1.41 to 1.55."""

    diff_ids: list[str]
    type: str


class PluginConfigUser(TypedDict):
    """`PluginConfigUser`: API 1.41 to 1.55."""

    GID: int
    UID: int


class PluginDevice(TypedDict):
    """`PluginDevice`: API 1.41 to 1.55."""

    Description: str
    Name: str
    Path: str
    Settable: list[str]


class PluginEnv(TypedDict):
    """`PluginEnv`: API 1.41 to 1.55."""

    Description: str
    Name: str
    Settable: list[str]
    Value: str


class PluginMount(TypedDict):
    """`PluginMount`: API 1.41 to 1.55."""

    Description: str
    Destination: str
    Name: str
    Options: list[str]
    Settable: list[str]
    Source: str
    Type: str


class PluginPrivilege(TypedDict):
    """`PluginPrivilege`: API 1.41 to 1.55."""

    Description: str
    Name: str
    Value: list[str]


class PluginPrivilegeRequest(TypedDict, total=False):
    """`PluginPrivilege`, as it is sent: API 1.41 to 1.55."""

    Description: str
    Name: str
    Value: list[str]


class PluginSettings(TypedDict):
    """`PluginSettings`: API 1.41 to 1.55."""

    Args: list[str]
    Devices: list[PluginDevice]
    Env: list[str]
    Mounts: list[PluginMount]


class PluginsInfo(TypedDict):
    """`PluginsInfo`: API 1.41 to 1.55."""

    Authorization: list[str]
    Log: list[str]
    Network: list[str]
    Volume: list[str]


class PortBinding(TypedDict):
    """`PortBinding`: API 1.41 to 1.55."""

    HostIp: str
    HostPort: str


class PortBindingRequest(TypedDict, total=False):
    """`PortBinding`, as it is sent: API 1.41 to 1.55."""

    HostIp: str
    HostPort: str


class PortStatus(TypedDict):
    """`PortStatus`: API 1.44 to 1.55."""

    Ports: list[EndpointPortConfig]


class PortSummary(TypedDict):
    """`PortSummary`: API 1.41 to 1.55."""

    IP: NotRequired[str]
    PrivatePort: int
    PublicPort: NotRequired[int]
    Type: str


class ProcessConfig(TypedDict):
    """`ProcessConfig`: API 1.41 to 1.55."""

    arguments: list[str]
    entrypoint: str
    privileged: bool
    tty: bool
    user: str


class ProgressDetail(TypedDict):
    """`ProgressDetail`: API 1.41 to 1.55."""

    current: int
    total: int


class PullIdentity(TypedDict):
    """`PullIdentity`: API 1.55."""

    Repository: str


class PushImageInfo(TypedDict):
    """`PushImageInfo`: API 1.41 to 1.55."""

    error: NotRequired[str | None]  # to 1.51
    errorDetail: NotRequired[ErrorDetail]  # from 1.48
    progress: NotRequired[str | None]  # to 1.51
    progressDetail: ProgressDetail
    status: str


class RegistryServiceConfig(TypedDict):
    """`RegistryServiceConfig`: API 1.41 to 1.55."""

    AllowNondistributableArtifactsCIDRs: NotRequired[list[str]]  # to 1.48
    AllowNondistributableArtifactsHostnames: NotRequired[list[str]]  # to 1.48
    IndexConfigs: dict[str, IndexInfo]
    InsecureRegistryCIDRs: list[str]
    Mirrors: list[str]


class ResourceObject(TypedDict):
    """`ResourceObject`: API 1.41 to 1.55."""

    GenericResources: list[GenericResourcesItem]
    MemoryBytes: int
    NanoCPUs: int


class ResourceObjectRequest(TypedDict, total=False):
    """`ResourceObject`, as it is sent: API 1.41 to 1.55."""

    GenericResources: list[GenericResourcesItemRequest]
    MemoryBytes: int
    NanoCPUs: int


class ResourcesBlkioWeightDeviceItem(TypedDict):
    """`ResourcesBlkioWeightDeviceItem`: API 1.41 to 1.55."""

    Path: str
    Weight: int


class ResourcesBlkioWeightDeviceItemRequest(TypedDict, total=False):
    """`ResourcesBlkioWeightDeviceItem`, as it is sent: API 1.41 to 1.55."""

    Path: str
    Weight: int


class ResourcesUlimitsItem(TypedDict):
    """`ResourcesUlimitsItem`: API 1.41 to 1.55."""

    Hard: int
    Name: str
    Soft: int


class ResourcesUlimitsItemRequest(TypedDict, total=False):
    """`ResourcesUlimitsItem`, as it is sent: API 1.41 to 1.55."""

    Hard: int
    Name: str
    Soft: int


class RestartPolicy(TypedDict):
    """`RestartPolicy`: API 1.41 to 1.55."""

    MaximumRetryCount: int
    Name: str


class RestartPolicyRequest(TypedDict, total=False):
    """`RestartPolicy`, as it is sent: API 1.41 to 1.55."""

    MaximumRetryCount: int
    Name: Literal["", "no", "always", "unless-stopped", "on-failure"]


class RootFSStorage(TypedDict):
    """`RootFSStorage`: API 1.55."""

    Snapshot: RootFSStorageSnapshot | None


class RootFSStorageSnapshot(TypedDict):
    """`RootFSStorageSnapshot`: API 1.55."""

    Name: str


class Runtime(TypedDict):
    """`Runtime`: API 1.41 to 1.55."""

    path: str
    runtimeArgs: list[str] | None
    status: NotRequired[dict[str, str] | None]  # from 1.44


class Secret(TypedDict):
    """`Secret`: API 1.41 to 1.55."""

    CreatedAt: str
    ID: str
    Spec: SecretSpec
    UpdatedAt: str
    Version: ObjectVersion


class SecretCreateResponse(TypedDict):
    """`SecretCreateResponse`: API 1.41 to 1.55."""

    ID: str


class SecretSpec(TypedDict):
    """`SecretSpec`: API 1.41 to 1.55."""

    Data: str
    Driver: Driver
    Labels: dict[str, str]
    Name: str
    Templating: Driver


class SecretSpecRequest(TypedDict, total=False):
    """`SecretSpec`, as it is sent: API 1.41 to 1.55."""

    Data: str
    Driver: DriverRequest
    Labels: dict[str, str]
    Name: str
    Templating: DriverRequest


class Service(TypedDict):
    """`Service`: API 1.41 to 1.55."""

    CreatedAt: str
    Endpoint: ServiceEndpoint
    ID: str
    JobStatus: ServiceJobStatus
    ServiceStatus: ServiceServiceStatus
    Spec: ServiceSpec
    UpdateStatus: ServiceUpdateStatus
    UpdatedAt: str
    Version: ObjectVersion


class ServiceCreateResponse(TypedDict):
    """`ServiceCreateResponse`: API 1.41 to 1.55."""

    ID: str
    Warning: NotRequired[str]  # to 1.41
    Warnings: NotRequired[list[str] | None]  # from 1.44


class ServiceEndpoint(TypedDict):
    """`ServiceEndpoint`: API 1.41 to 1.55."""

    Ports: list[EndpointPortConfig]
    Spec: EndpointSpec
    VirtualIPs: list[ServiceEndpointVirtualIPsItem]


class ServiceEndpointVirtualIPsItem(TypedDict):
    """`ServiceEndpointVirtualIPsItem`: API 1.41 to 1.55."""

    Addr: str
    NetworkID: str


class ServiceInfo(TypedDict):
    """`ServiceInfo`: API 1.55."""

    LocalLBIndex: int
    Ports: list[str]
    Tasks: list[NetworkTaskInfo]
    VIP: str


class ServiceJobStatus(TypedDict):
    """`ServiceJobStatus`: API 1.41 to 1.55."""

    JobIteration: ObjectVersion
    LastExecution: str


class ServiceServiceStatus(TypedDict):
    """`ServiceServiceStatus`: API 1.41 to 1.55."""

    CompletedTasks: int
    DesiredTasks: int
    RunningTasks: int


class ServiceSpec(TypedDict):
    """`ServiceSpec`: API 1.41 to 1.55."""

    EndpointSpec: EndpointSpec
    Labels: dict[str, str]
    Mode: ServiceSpecMode
    Name: str
    Networks: list[NetworkAttachmentConfig]
    RollbackConfig: ServiceSpecRollbackConfig
    TaskTemplate: TaskSpec
    UpdateConfig: ServiceSpecUpdateConfig


class ServiceSpecMode(TypedDict):
    """`ServiceSpecMode`: API 1.41 to 1.55."""

    Global: dict[str, Any]
    GlobalJob: dict[str, Any]
    Replicated: ServiceSpecModeReplicated
    ReplicatedJob: ServiceSpecModeReplicatedJob


class ServiceSpecModeReplicated(TypedDict):
    """`ServiceSpecModeReplicated`: API 1.41 to 1.55."""

    Replicas: int


class ServiceSpecModeReplicatedJob(TypedDict):
    """`ServiceSpecModeReplicatedJob`: API 1.41 to 1.55."""

    MaxConcurrent: int
    TotalCompletions: int


class ServiceSpecModeReplicatedJobRequest(TypedDict, total=False):
    """`ServiceSpecModeReplicatedJob`, as it is sent: API 1.41 to 1.55."""

    MaxConcurrent: int
    TotalCompletions: int


class ServiceSpecModeReplicatedRequest(TypedDict, total=False):
    """`ServiceSpecModeReplicated`, as it is sent: API 1.41 to 1.55."""

    Replicas: int


class ServiceSpecModeRequest(TypedDict, total=False):
    """`ServiceSpecMode`, as it is sent: API 1.41 to 1.55."""

    Global: dict[str, Any]
    GlobalJob: dict[str, Any]
    Replicated: ServiceSpecModeReplicatedRequest
    ReplicatedJob: ServiceSpecModeReplicatedJobRequest


class ServiceSpecRequest(TypedDict, total=False):
    """`ServiceSpec`, as it is sent: API 1.41 to 1.55."""

    EndpointSpec: EndpointSpecRequest
    Labels: dict[str, str]
    Mode: ServiceSpecModeRequest
    Name: str
    Networks: list[NetworkAttachmentConfigRequest]
    RollbackConfig: ServiceSpecRollbackConfigRequest
    TaskTemplate: TaskSpecRequest
    UpdateConfig: ServiceSpecUpdateConfigRequest


class ServiceSpecRollbackConfig(TypedDict):
    """`ServiceSpecRollbackConfig`: API 1.41 to 1.55."""

    Delay: int
    FailureAction: str
    MaxFailureRatio: float
    Monitor: int
    Order: str
    Parallelism: int


class ServiceSpecRollbackConfigRequest(TypedDict, total=False):
    """`ServiceSpecRollbackConfig`, as it is sent: API 1.41 to 1.55."""

    Delay: int
    FailureAction: Literal["continue", "pause"]
    MaxFailureRatio: float
    Monitor: int
    Order: Literal["stop-first", "start-first"]
    Parallelism: int


class ServiceSpecUpdateConfig(TypedDict):
    """`ServiceSpecUpdateConfig`: API 1.41 to 1.55."""

    Delay: int
    FailureAction: str
    MaxFailureRatio: float
    Monitor: int
    Order: str
    Parallelism: int


class ServiceSpecUpdateConfigRequest(TypedDict, total=False):
    """`ServiceSpecUpdateConfig`, as it is sent: API 1.41 to 1.55."""

    Delay: int
    FailureAction: Literal["continue", "pause", "rollback"]
    MaxFailureRatio: float
    Monitor: int
    Order: Literal["stop-first", "start-first"]
    Parallelism: int


class ServiceUpdateResponse(TypedDict):
    """`ServiceUpdateResponse`: API 1.41 to 1.55."""

    Warnings: list[str]


class ServiceUpdateStatus(TypedDict):
    """`ServiceUpdateStatus`: API 1.41 to 1.55."""

    CompletedAt: str
    Message: str
    StartedAt: str
    State: str


class SignatureIdentity(TypedDict):
    """`SignatureIdentity`: API 1.55."""

    DockerReference: str
    Error: str
    KnownSigner: str
    Name: str
    SignatureType: str
    Signer: SignerIdentity
    Timestamps: list[SignatureTimestamp]
    Warnings: list[str]


class SignatureTimestamp(TypedDict):
    """`SignatureTimestamp`: API 1.55."""

    Timestamp: str
    Type: str
    URI: str


class SignerIdentity(TypedDict):
    """`SignerIdentity`: API 1.55."""

    BuildConfigDigest: str
    BuildConfigURI: str
    BuildSignerDigest: str
    BuildSignerURI: str
    BuildTrigger: str
    CertificateIssuer: str
    Issuer: str
    RunInvocationURI: str
    RunnerEnvironment: str
    SourceRepositoryDigest: str
    SourceRepositoryIdentifier: str
    SourceRepositoryOwnerIdentifier: str
    SourceRepositoryOwnerURI: str
    SourceRepositoryRef: str
    SourceRepositoryURI: str
    SourceRepositoryVisibilityAtSigning: str
    SubjectAlternativeName: str


class Storage(TypedDict):
    """`Storage`: API 1.55."""

    RootFS: RootFSStorage | None


class SubnetStatus(TypedDict):
    """`SubnetStatus`: API 1.55."""

    DynamicIPsAvailable: int
    IPsInUse: int


class Swarm(TypedDict):
    """`Swarm`: API 1.41 to 1.55."""

    CreatedAt: str
    DataPathPort: int
    DefaultAddrPool: list[str]
    ID: str
    JoinTokens: JoinTokens
    RootRotationInProgress: bool
    Spec: SwarmSpec
    SubnetSize: int
    TLSInfo: TLSInfo
    UpdatedAt: str
    Version: ObjectVersion


class SwarmInfo(TypedDict):
    """`SwarmInfo`: API 1.41 to 1.55."""

    Cluster: ClusterInfo
    ControlAvailable: bool
    Error: str
    LocalNodeState: str
    Managers: int | None
    NodeAddr: str
    NodeID: str
    Nodes: int | None
    RemoteManagers: list[PeerNode] | None


class SwarmInitRequest(TypedDict, total=False):
    """`SwarmInitRequest`: API 1.41 to 1.55."""

    AdvertiseAddr: str
    DataPathAddr: str
    DataPathPort: int
    DefaultAddrPool: list[str]
    ForceNewCluster: bool
    ListenAddr: str
    Spec: SwarmSpecRequest
    SubnetSize: int


class SwarmJoinRequest(TypedDict, total=False):
    """`SwarmJoinRequest`: API 1.41 to 1.55."""

    AdvertiseAddr: str
    DataPathAddr: str
    JoinToken: str
    ListenAddr: str
    RemoteAddrs: list[str]


class SwarmSpec(TypedDict):
    """`SwarmSpec`: API 1.41 to 1.55."""

    CAConfig: SwarmSpecCAConfig | None
    Dispatcher: SwarmSpecDispatcher | None
    EncryptionConfig: SwarmSpecEncryptionConfig
    Labels: dict[str, str]
    Name: str
    Orchestration: SwarmSpecOrchestration | None
    Raft: SwarmSpecRaft
    TaskDefaults: SwarmSpecTaskDefaults


class SwarmSpecCAConfig(TypedDict):
    """`SwarmSpecCAConfig`: API 1.41 to 1.55."""

    ExternalCAs: list[SwarmSpecCAConfigExternalCAsItem]
    ForceRotate: int
    NodeCertExpiry: int
    SigningCACert: str
    SigningCAKey: str


class SwarmSpecCAConfigExternalCAsItem(TypedDict):
    """`SwarmSpecCAConfigExternalCAsItem`: API 1.41 to 1.55."""

    CACert: str
    Options: dict[str, str]
    Protocol: str
    URL: str


class SwarmSpecCAConfigExternalCAsItemRequest(TypedDict, total=False):
    """`SwarmSpecCAConfigExternalCAsItem`, as it is sent: API 1.41 to 1.55."""

    CACert: str
    Options: dict[str, str]
    Protocol: Literal["cfssl"]
    URL: str


class SwarmSpecCAConfigRequest(TypedDict, total=False):
    """`SwarmSpecCAConfig`, as it is sent: API 1.41 to 1.55."""

    ExternalCAs: list[SwarmSpecCAConfigExternalCAsItemRequest]
    ForceRotate: int
    NodeCertExpiry: int
    SigningCACert: str
    SigningCAKey: str


class SwarmSpecDispatcher(TypedDict):
    """`SwarmSpecDispatcher`: API 1.41 to 1.55."""

    HeartbeatPeriod: int


class SwarmSpecDispatcherRequest(TypedDict, total=False):
    """`SwarmSpecDispatcher`, as it is sent: API 1.41 to 1.55."""

    HeartbeatPeriod: int


class SwarmSpecEncryptionConfig(TypedDict):
    """`SwarmSpecEncryptionConfig`: API 1.41 to 1.55."""

    AutoLockManagers: bool


class SwarmSpecEncryptionConfigRequest(TypedDict, total=False):
    """`SwarmSpecEncryptionConfig`, as it is sent: API 1.41 to 1.55."""

    AutoLockManagers: bool


class SwarmSpecOrchestration(TypedDict):
    """`SwarmSpecOrchestration`: API 1.41 to 1.55."""

    TaskHistoryRetentionLimit: int


class SwarmSpecOrchestrationRequest(TypedDict, total=False):
    """`SwarmSpecOrchestration`, as it is sent: API 1.41 to 1.55."""

    TaskHistoryRetentionLimit: int


class SwarmSpecRaft(TypedDict):
    """`SwarmSpecRaft`: API 1.41 to 1.55."""

    ElectionTick: int
    HeartbeatTick: int
    KeepOldSnapshots: int
    LogEntriesForSlowFollowers: int
    SnapshotInterval: int


class SwarmSpecRaftRequest(TypedDict, total=False):
    """`SwarmSpecRaft`, as it is sent: API 1.41 to 1.55."""

    ElectionTick: int
    HeartbeatTick: int
    KeepOldSnapshots: int
    LogEntriesForSlowFollowers: int
    SnapshotInterval: int


class SwarmSpecRequest(TypedDict, total=False):
    """`SwarmSpec`, as it is sent: API 1.41 to 1.55."""

    CAConfig: SwarmSpecCAConfigRequest | None
    Dispatcher: SwarmSpecDispatcherRequest | None
    EncryptionConfig: SwarmSpecEncryptionConfigRequest
    Labels: dict[str, str]
    Name: str
    Orchestration: SwarmSpecOrchestrationRequest | None
    Raft: SwarmSpecRaftRequest
    TaskDefaults: SwarmSpecTaskDefaultsRequest


class SwarmSpecTaskDefaults(TypedDict):
    """`SwarmSpecTaskDefaults`: API 1.41 to 1.55."""

    LogDriver: SwarmSpecTaskDefaultsLogDriver


class SwarmSpecTaskDefaultsLogDriver(TypedDict):
    """`SwarmSpecTaskDefaultsLogDriver`: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class SwarmSpecTaskDefaultsLogDriverRequest(TypedDict, total=False):
    """`SwarmSpecTaskDefaultsLogDriver`, as it is sent: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class SwarmSpecTaskDefaultsRequest(TypedDict, total=False):
    """`SwarmSpecTaskDefaults`, as it is sent: API 1.41 to 1.55."""

    LogDriver: SwarmSpecTaskDefaultsLogDriverRequest


class SwarmUnlockRequest(TypedDict, total=False):
    """`SwarmUnlockRequest`: API 1.41 to 1.55."""

    UnlockKey: str


class SystemDataUsageResponse(TypedDict):
    """`SystemDataUsageResponse`: API 1.41 to 1.55."""

    BuildCache: NotRequired[list[BuildCache] | None]  # to 1.51
    BuildCacheUsage: NotRequired[BuildCacheDiskUsage]  # from 1.55
    ContainerUsage: NotRequired[ContainersDiskUsage]  # from 1.55
    Containers: NotRequired[list[ContainerSummary] | None]  # to 1.51
    ImageUsage: NotRequired[ImagesDiskUsage]  # from 1.55
    Images: NotRequired[list[ImageSummary] | None]  # to 1.51
    LayersSize: NotRequired[int]  # to 1.51
    VolumeUsage: NotRequired[VolumesDiskUsage]  # from 1.55
    Volumes: NotRequired[list[Volume] | None]  # to 1.51


class SystemInfo(TypedDict):
    """`SystemInfo`: API 1.41 to 1.55."""

    Architecture: str
    BridgeNfIp6tables: NotRequired[bool]  # to 1.48
    BridgeNfIptables: NotRequired[bool]  # to 1.48
    CDISpecDirs: NotRequired[list[str]]  # from 1.44
    CPUSet: bool
    CPUShares: bool
    CgroupDriver: str
    CgroupVersion: str
    ClusterAdvertise: NotRequired[str]  # to 1.41
    ClusterStore: NotRequired[str]  # to 1.41
    Containerd: NotRequired[ContainerdInfo]  # from 1.48
    ContainerdCommit: Commit
    Containers: int
    ContainersPaused: int
    ContainersRunning: int
    ContainersStopped: int
    CpuCfsPeriod: bool
    CpuCfsQuota: bool
    Debug: bool
    DefaultAddressPools: list[SystemInfoDefaultAddressPoolsItem]
    DefaultRuntime: str
    DiscoveredDevices: NotRequired[list[DeviceInfo]]  # from 1.51
    DockerRootDir: str
    Driver: str
    DriverStatus: list[list[str]]
    ExperimentalBuild: bool
    FirewallBackend: NotRequired[FirewallInfo]  # from 1.51
    GenericResources: list[GenericResourcesItem]
    HttpProxy: str
    HttpsProxy: str
    ID: str
    IPv4Forwarding: bool
    Images: int
    IndexServerAddress: str
    InitBinary: str
    InitCommit: Commit
    Isolation: str
    KernelMemory: NotRequired[bool]  # to 1.41
    KernelMemoryTCP: NotRequired[bool]  # to 1.51
    KernelVersion: str
    Labels: list[str]
    LiveRestoreEnabled: bool
    LoggingDriver: str
    MemTotal: int
    MemoryLimit: bool
    NCPU: int
    NEventsListener: int
    NFd: int
    NGoroutines: int
    NRI: NotRequired[NRIInfo]  # from 1.55
    Name: str
    NoProxy: str
    OSType: str
    OSVersion: str
    OomKillDisable: bool
    OperatingSystem: str
    PidsLimit: bool
    Plugins: PluginsInfo
    ProductLicense: str
    RegistryConfig: RegistryServiceConfig
    RuncCommit: Commit
    Runtimes: dict[str, Runtime]
    SecurityOptions: list[str]
    ServerVersion: str
    SwapLimit: bool
    Swarm: SwarmInfo
    SystemTime: str
    Warnings: list[str]


class SystemInfoDefaultAddressPoolsItem(TypedDict):
    """`SystemInfoDefaultAddressPoolsItem`: API 1.41 to 1.55."""

    Base: str
    Size: int


class SystemVersion(TypedDict):
    """`SystemVersion`: API 1.41 to 1.55."""

    ApiVersion: str
    Arch: str
    BuildTime: str
    Components: list[SystemVersionComponentsItem]
    Experimental: bool
    GitCommit: str
    GoVersion: str
    KernelVersion: str
    MinAPIVersion: str
    Os: str
    Platform: SystemVersionPlatform
    Version: str


class SystemVersionComponentsItem(TypedDict):
    """`SystemVersionComponentsItem`: API 1.41 to 1.55."""

    Details: NotRequired[dict[str, Any] | None]
    Name: str
    Version: str


class SystemVersionPlatform(TypedDict):
    """`SystemVersionPlatform`: API 1.41 to 1.55."""

    Name: str


class TLSInfo(TypedDict):
    """`TLSInfo`: API 1.41 to 1.55."""

    CertIssuerPublicKey: str
    CertIssuerSubject: str
    TrustRoot: str


class Task(TypedDict):
    """`Task`: API 1.41 to 1.55."""

    AssignedGenericResources: list[GenericResourcesItem]
    CreatedAt: str
    DesiredState: str
    ID: str
    JobIteration: ObjectVersion
    Labels: dict[str, str]
    Name: str
    NetworksAttachments: list[NetworkAttachment]
    NodeID: str
    ServiceID: str
    Slot: int
    Spec: TaskSpec
    Status: TaskStatus
    UpdatedAt: str
    Version: ObjectVersion


class TaskSpec(TypedDict):
    """`TaskSpec`: API 1.41 to 1.55."""

    ContainerSpec: TaskSpecContainerSpec
    ForceUpdate: int
    LogDriver: TaskSpecLogDriver
    NetworkAttachmentSpec: TaskSpecNetworkAttachmentSpec
    Networks: list[NetworkAttachmentConfig]
    Placement: TaskSpecPlacement
    PluginSpec: TaskSpecPluginSpec
    Resources: TaskSpecResources
    RestartPolicy: TaskSpecRestartPolicy
    Runtime: str


class TaskSpecContainerSpec(TypedDict):
    """`TaskSpecContainerSpec`: API 1.41 to 1.55."""

    Args: list[str]
    CapabilityAdd: list[str]
    CapabilityDrop: list[str]
    Command: list[str]
    Configs: list[TaskSpecContainerSpecConfigsItem]
    DNSConfig: TaskSpecContainerSpecDNSConfig
    Dir: str
    Env: list[str]
    Groups: list[str]
    HealthCheck: HealthConfig
    Hostname: str
    Hosts: list[str]
    Image: str
    Init: bool | None
    Isolation: str
    Labels: dict[str, str]
    Mounts: list[Mount]
    OomScoreAdj: NotRequired[int]  # from 1.48
    OpenStdin: bool
    Privileges: TaskSpecContainerSpecPrivileges
    ReadOnly: bool
    Secrets: list[TaskSpecContainerSpecSecretsItem]
    StopGracePeriod: int
    StopSignal: str
    Sysctls: dict[str, str]
    TTY: bool
    Ulimits: list[TaskSpecContainerSpecUlimitsItem]
    User: str


class TaskSpecContainerSpecConfigsItem(TypedDict):
    """`TaskSpecContainerSpecConfigsItem`: API 1.41 to 1.55."""

    ConfigID: str
    ConfigName: str
    File: TaskSpecContainerSpecConfigsItemFile
    Runtime: dict[str, Any]


class TaskSpecContainerSpecConfigsItemFile(TypedDict):
    """`TaskSpecContainerSpecConfigsItemFile`: API 1.41 to 1.55."""

    GID: str
    Mode: int
    Name: str
    UID: str


class TaskSpecContainerSpecConfigsItemFileRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecConfigsItemFile`, as it is sent: API 1.41 to 1.55."""

    GID: str
    Mode: int
    Name: str
    UID: str


class TaskSpecContainerSpecConfigsItemRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecConfigsItem`, as it is sent: API 1.41 to 1.55."""

    ConfigID: str
    ConfigName: str
    File: TaskSpecContainerSpecConfigsItemFileRequest
    Runtime: dict[str, Any]


class TaskSpecContainerSpecDNSConfig(TypedDict):
    """`TaskSpecContainerSpecDNSConfig`: API 1.41 to 1.55."""

    Nameservers: list[str]
    Options: list[str]
    Search: list[str]


class TaskSpecContainerSpecDNSConfigRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecDNSConfig`, as it is sent: API 1.41 to 1.55."""

    Nameservers: list[str]
    Options: list[str]
    Search: list[str]


class TaskSpecContainerSpecPrivileges(TypedDict):
    """`TaskSpecContainerSpecPrivileges`: API 1.41 to 1.55."""

    AppArmor: NotRequired[TaskSpecContainerSpecPrivilegesAppArmor]  # from 1.44
    CredentialSpec: TaskSpecContainerSpecPrivilegesCredentialSpec
    NoNewPrivileges: NotRequired[bool]  # from 1.44
    SELinuxContext: TaskSpecContainerSpecPrivilegesSELinuxContext
    Seccomp: NotRequired[TaskSpecContainerSpecPrivilegesSeccomp]  # from 1.44


class TaskSpecContainerSpecPrivilegesAppArmor(TypedDict):
    """`TaskSpecContainerSpecPrivilegesAppArmor`: API 1.44 to 1.55."""

    Mode: str


class TaskSpecContainerSpecPrivilegesAppArmorRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecPrivilegesAppArmor`, as it is sent: API 1.44 to 1.55."""

    Mode: Literal["default", "disabled"]


class TaskSpecContainerSpecPrivilegesCredentialSpec(TypedDict):
    """`TaskSpecContainerSpecPrivilegesCredentialSpec`: API 1.41 to 1.55."""

    Config: str
    File: str
    Registry: str


class TaskSpecContainerSpecPrivilegesCredentialSpecRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecPrivilegesCredentialSpec`, as it is sent: API 1.41 to 1.55."""

    Config: str
    File: str
    Registry: str


class TaskSpecContainerSpecPrivilegesRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecPrivileges`, as it is sent: API 1.41 to 1.55."""

    AppArmor: TaskSpecContainerSpecPrivilegesAppArmorRequest  # from 1.44
    CredentialSpec: TaskSpecContainerSpecPrivilegesCredentialSpecRequest
    NoNewPrivileges: bool  # from 1.44
    SELinuxContext: TaskSpecContainerSpecPrivilegesSELinuxContextRequest
    Seccomp: TaskSpecContainerSpecPrivilegesSeccompRequest  # from 1.44


class TaskSpecContainerSpecPrivilegesSELinuxContext(TypedDict):
    """`TaskSpecContainerSpecPrivilegesSELinuxContext`: API 1.41 to 1.55."""

    Disable: bool
    Level: str
    Role: str
    Type: str
    User: str


class TaskSpecContainerSpecPrivilegesSELinuxContextRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecPrivilegesSELinuxContext`, as it is sent: API 1.41 to 1.55."""

    Disable: bool
    Level: str
    Role: str
    Type: str
    User: str


class TaskSpecContainerSpecPrivilegesSeccomp(TypedDict):
    """`TaskSpecContainerSpecPrivilegesSeccomp`: API 1.44 to 1.55."""

    Mode: str
    Profile: str


class TaskSpecContainerSpecPrivilegesSeccompRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecPrivilegesSeccomp`, as it is sent: API 1.44 to 1.55."""

    Mode: Literal["default", "unconfined", "custom"]
    Profile: str


class TaskSpecContainerSpecRequest(TypedDict, total=False):
    """`TaskSpecContainerSpec`, as it is sent: API 1.41 to 1.55."""

    Args: list[str]
    CapabilityAdd: list[str]
    CapabilityDrop: list[str]
    Command: list[str]
    Configs: list[TaskSpecContainerSpecConfigsItemRequest]
    DNSConfig: TaskSpecContainerSpecDNSConfigRequest
    Dir: str
    Env: list[str]
    Groups: list[str]
    HealthCheck: HealthConfigRequest
    Hostname: str
    Hosts: list[str]
    Image: str
    Init: bool | None
    Isolation: Literal["default", "process", "hyperv", ""]
    Labels: dict[str, str]
    Mounts: list[MountRequest]
    OomScoreAdj: int  # from 1.48
    OpenStdin: bool
    Privileges: TaskSpecContainerSpecPrivilegesRequest
    ReadOnly: bool
    Secrets: list[TaskSpecContainerSpecSecretsItemRequest]
    StopGracePeriod: int
    StopSignal: str
    Sysctls: dict[str, str]
    TTY: bool
    Ulimits: list[TaskSpecContainerSpecUlimitsItemRequest]
    User: str


class TaskSpecContainerSpecSecretsItem(TypedDict):
    """`TaskSpecContainerSpecSecretsItem`: API 1.41 to 1.55."""

    File: TaskSpecContainerSpecSecretsItemFile
    SecretID: str
    SecretName: str


class TaskSpecContainerSpecSecretsItemFile(TypedDict):
    """`TaskSpecContainerSpecSecretsItemFile`: API 1.41 to 1.55."""

    GID: str
    Mode: int
    Name: str
    UID: str


class TaskSpecContainerSpecSecretsItemFileRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecSecretsItemFile`, as it is sent: API 1.41 to 1.55."""

    GID: str
    Mode: int
    Name: str
    UID: str


class TaskSpecContainerSpecSecretsItemRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecSecretsItem`, as it is sent: API 1.41 to 1.55."""

    File: TaskSpecContainerSpecSecretsItemFileRequest
    SecretID: str
    SecretName: str


class TaskSpecContainerSpecUlimitsItem(TypedDict):
    """`TaskSpecContainerSpecUlimitsItem`: API 1.41 to 1.55."""

    Hard: int
    Name: str
    Soft: int


class TaskSpecContainerSpecUlimitsItemRequest(TypedDict, total=False):
    """`TaskSpecContainerSpecUlimitsItem`, as it is sent: API 1.41 to 1.55."""

    Hard: int
    Name: str
    Soft: int


class TaskSpecLogDriver(TypedDict):
    """`TaskSpecLogDriver`: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class TaskSpecLogDriverRequest(TypedDict, total=False):
    """`TaskSpecLogDriver`, as it is sent: API 1.41 to 1.55."""

    Name: str
    Options: dict[str, str]


class TaskSpecNetworkAttachmentSpec(TypedDict):
    """`TaskSpecNetworkAttachmentSpec`: API 1.41 to 1.55."""

    ContainerID: str


class TaskSpecNetworkAttachmentSpecRequest(TypedDict, total=False):
    """`TaskSpecNetworkAttachmentSpec`, as it is sent: API 1.41 to 1.55."""

    ContainerID: str


class TaskSpecPlacement(TypedDict):
    """`TaskSpecPlacement`: API 1.41 to 1.55."""

    Constraints: list[str]
    MaxReplicas: int
    Platforms: list[Platform]
    Preferences: list[TaskSpecPlacementPreferencesItem]


class TaskSpecPlacementPreferencesItem(TypedDict):
    """`TaskSpecPlacementPreferencesItem`: API 1.41 to 1.55."""

    Spread: TaskSpecPlacementPreferencesItemSpread


class TaskSpecPlacementPreferencesItemRequest(TypedDict, total=False):
    """`TaskSpecPlacementPreferencesItem`, as it is sent: API 1.41 to 1.55."""

    Spread: TaskSpecPlacementPreferencesItemSpreadRequest


class TaskSpecPlacementPreferencesItemSpread(TypedDict):
    """`TaskSpecPlacementPreferencesItemSpread`: API 1.41 to 1.55."""

    SpreadDescriptor: str


class TaskSpecPlacementPreferencesItemSpreadRequest(TypedDict, total=False):
    """`TaskSpecPlacementPreferencesItemSpread`, as it is sent: API 1.41 to 1.55."""

    SpreadDescriptor: str


class TaskSpecPlacementRequest(TypedDict, total=False):
    """`TaskSpecPlacement`, as it is sent: API 1.41 to 1.55."""

    Constraints: list[str]
    MaxReplicas: int
    Platforms: list[PlatformRequest]
    Preferences: list[TaskSpecPlacementPreferencesItemRequest]


class TaskSpecPluginSpec(TypedDict):
    """`TaskSpecPluginSpec`: API 1.41 to 1.55."""

    Disabled: bool
    Name: str
    PluginPrivilege: list[PluginPrivilege]
    Remote: str


class TaskSpecPluginSpecRequest(TypedDict, total=False):
    """`TaskSpecPluginSpec`, as it is sent: API 1.41 to 1.55."""

    Disabled: bool
    Name: str
    PluginPrivilege: list[PluginPrivilegeRequest]
    Remote: str


class TaskSpecRequest(TypedDict, total=False):
    """`TaskSpec`, as it is sent: API 1.41 to 1.55."""

    ContainerSpec: TaskSpecContainerSpecRequest
    ForceUpdate: int
    LogDriver: TaskSpecLogDriverRequest
    NetworkAttachmentSpec: TaskSpecNetworkAttachmentSpecRequest
    Networks: list[NetworkAttachmentConfigRequest]
    Placement: TaskSpecPlacementRequest
    PluginSpec: TaskSpecPluginSpecRequest
    Resources: TaskSpecResourcesRequest
    RestartPolicy: TaskSpecRestartPolicyRequest
    Runtime: str


class TaskSpecResources(TypedDict):
    """`TaskSpecResources`: API 1.41 to 1.55."""

    Limits: Limit
    MemorySwappiness: NotRequired[int | None]  # from 1.55
    Reservations: ResourceObject
    SwapBytes: NotRequired[int | None]  # from 1.55


class TaskSpecResourcesRequest(TypedDict, total=False):
    """`TaskSpecResources`, as it is sent: API 1.41 to 1.55."""

    Limits: LimitRequest
    MemorySwappiness: int | None  # from 1.55
    Reservations: ResourceObjectRequest
    SwapBytes: int | None  # from 1.55


class TaskSpecRestartPolicy(TypedDict):
    """`TaskSpecRestartPolicy`: API 1.41 to 1.55."""

    Condition: str
    Delay: int
    MaxAttempts: int
    Window: int


class TaskSpecRestartPolicyRequest(TypedDict, total=False):
    """`TaskSpecRestartPolicy`, as it is sent: API 1.41 to 1.55."""

    Condition: Literal["none", "on-failure", "any"]
    Delay: int
    MaxAttempts: int
    Window: int


class TaskStatus(TypedDict):
    """`TaskStatus`: API 1.41 to 1.55."""

    ContainerStatus: ContainerStatus
    Err: str
    Message: str
    PortStatus: NotRequired[PortStatus]  # from 1.44
    State: str
    Timestamp: str


class ThrottleDevice(TypedDict):
    """`ThrottleDevice`: API 1.41 to 1.55."""

    Path: str
    Rate: int


class ThrottleDeviceRequest(TypedDict, total=False):
    """`ThrottleDevice`, as it is sent: API 1.41 to 1.55."""

    Path: str
    Rate: int


class Topology(TypedDict):
    """`Topology`: API 1.44 to 1.55."""

    Segments: dict[str, str]


class TopologyRequest(TypedDict, total=False):
    """`Topology`, as it is sent: API 1.44 to 1.55."""

    Segments: dict[str, str]


class UnlockKeyResponse(TypedDict):
    """`UnlockKeyResponse`: API 1.41 to 1.55."""

    UnlockKey: str


class Volume(TypedDict):
    """`Volume`: API 1.41 to 1.55."""

    ClusterVolume: NotRequired[ClusterVolume]  # from 1.44
    CreatedAt: NotRequired[str]
    Driver: str
    Labels: dict[str, str] | None
    Mountpoint: str
    Name: str
    Options: dict[str, str] | None
    Scope: str
    Status: NotRequired[dict[str, dict[str, Any]]]
    UsageData: NotRequired[VolumeUsageData | None]


class VolumeCreateRequest(TypedDict, total=False):
    """`VolumeCreateRequest`: API 1.41 to 1.55."""

    ClusterVolumeSpec: ClusterVolumeSpecRequest  # from 1.44
    Driver: str
    DriverOpts: dict[str, str]
    Labels: dict[str, str]
    Name: str


class VolumeListResponse(TypedDict):
    """`VolumeListResponse`: API 1.41 to 1.55."""

    Volumes: list[Volume]
    Warnings: list[str] | None


class VolumePruneResponse(TypedDict):
    """`VolumePruneResponse`: API 1.41 to 1.55."""

    SpaceReclaimed: int
    VolumesDeleted: list[str]


class VolumeUpdateRequest(TypedDict, total=False):
    """`VolumeUpdateRequest`: API 1.44 to 1.55."""

    Spec: ClusterVolumeSpecRequest


class VolumeUsageData(TypedDict):
    """`VolumeUsageData`: API 1.41 to 1.55."""

    RefCount: int
    Size: int


class VolumesDiskUsage(TypedDict):
    """`VolumesDiskUsage`: API 1.55."""

    ActiveCount: int
    Items: NotRequired[list[Volume]]
    Reclaimable: int
    TotalCount: int
    TotalSize: int
