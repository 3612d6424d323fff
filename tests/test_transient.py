"""Which failures of a pull or push are worth another try."""

from __future__ import annotations

import pytest

from aiodockerhub.bulk.transient import LONGEST_WAIT, transient
from aiodockerhub.errors import (
    BadReference,
    BadRequest,
    BuildFailed,
    Closed,
    Conflict,
    EngineUnreachable,
    Forbidden,
    LoadFailed,
    NotFound,
    NotImplementedByEngine,
    OperationFailed,
    PermissionRefused,
    ProtocolViolated,
    PullFailed,
    PushFailed,
    RateLimited,
    SaveFailed,
    ServerError,
    StreamBroken,
    TimedOut,
    TLSFailed,
    Unauthorized,
    failed,
)

RESET = "read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer"
PASSING = [
    EngineUnreachable("/run/docker.sock: there is no such socket"),
    StreamBroken("cut short"),
    TimedOut("60 s"),
    ServerError('Get "https://registry/v2/": dial tcp 10.0.0.1:443: i/o timeout', status=500),
    ServerError("bad gateway", status=502),
    RateLimited("slow down", status=429),
    PullFailed(RESET),
    PullFailed("net/http: TLS handshake timeout"),
    PullFailed("unexpected EOF"),
    PullFailed('Head "https://registry/v2/not-found/manifests/1": EOF'),
    PullFailed("received unexpected HTTP status: 503 Service Unavailable"),
    PullFailed("received unexpected HTTP status: 504"),
    PullFailed("error parsing HTTP 502 response body: invalid character '<': \"<html>\""),
    PullFailed("error parsing HTTP 429 response body: slow"),
    PullFailed("unexpected status from HEAD request to https://h:5000/v2/denied/manifests/1: 502 Bad Gateway"),
    PullFailed("context deadline exceeded"),
    PullFailed("dial tcp 10.0.0.1:5000: connect: connection refused"),
    PullFailed("lookup registry on 10.0.0.1:53: server misbehaving"),
    PullFailed("lookup registry: Temporary failure in name resolution"),
    BuildFailed('failed to do request: Head "https://registry/v2/x/manifests/1": dial tcp 10.0.0.1:443: i/o timeout'),
    SaveFailed("context canceled"),
    PushFailed("write tcp 10.0.0.1:1->10.0.0.2:443: write: broken pipe"),
    failed(PullFailed, "toomanyrequests: retry-after: 1s, allowed: 44000/minute"),
]
CROWDED = [
    # dockerd 20.10 to 28, and podman, when 5 to 20 pushes bring one new layer to docker-registry 2.8
    "errors:\ndigest invalid\nmanifest blob unknown: blob unknown to registry",
    "writing manifest: uploading manifest t2 to 10.0.0.1:5000/a/b: digest invalid",
    "manifest blob unknown: blob unknown to registry",
    # as others report it
    "unknown blob",
    "blob upload unknown",
    "blob upload unknown: Layers with digests '[sha256:36]' required for pushing image into repository do not exist",
    "blob upload invalid",
    "Cannot overwrite digest sha256:c8f",
]
CROWDED_AND_KNOWN = [
    "received unexpected HTTP status: 500 Internal Server Error",
    "writing blob: checking whether a blob exists in 10.0.0.1:5000/a/b: received unexpected HTTP status: 500 Internal",
]
LASTING = [
    PermissionRefused("no permission"),
    TLSFailed("the certificate is not accepted"),
    NotFound("no such image"),
    Unauthorized("wrong password"),
    Forbidden("denied"),
    BadRequest("invalid"),
    Conflict("in use"),
    BadReference("no reference"),
    ProtocolViolated("no HTTP"),
    Closed("closed"),
    NotImplementedByEngine("no such operation", status=501),
    ServerError("pull access denied for x, repository does not exist or may require 'docker login'", status=500),
    ServerError('Get "https://registry/v2/": x509: certificate signed by unknown authority', status=500),
    ServerError("write /var/lib/docker/tmp/x: no space left on device", status=500),
    ServerError("toomanyrequests: You have reached your unauthenticated pull rate limit.", status=500),
    failed(PullFailed, "toomanyrequests: You have reached your pull rate limit. https://docs.docker.com/"),
    failed(PullFailed, "manifest for busybox:nope not found: manifest unknown: manifest unknown"),
    failed(PullFailed, "unauthorized: authentication required"),
    failed(PushFailed, "denied: requested access to the resource is denied"),
    failed(PushFailed, "errors:\ndenied: requested access to the resource is denied\nunknown blob"),
    PullFailed("failed to register layer: write /bin/sh: no space left on device"),
    PullFailed("lookup no-such-host.example: no such host"),
    PullFailed("http: server gave HTTP response to HTTPS client"),
    PullFailed("no matching manifest for linux/arm/v5 in the manifest list entries"),
    PullFailed('Get "https://registry/v2/timeout/manifests/1": something nobody knows'),
    PullFailed("filesystem layer verification failed for digest sha256:503504"),
    BuildFailed("The command '/bin/sh -c timeout 5 x' returned a non-zero code: 143"),
    BuildFailed('process "/bin/sh -c timeout 5 x" did not complete successfully: exit code: 143'),
    BuildFailed('building at STEP "RUN timeout 5 x": while running runtime: exit status 143'),
    LoadFailed("Error processing tar file(exit status 1): unexpected EOF"),
    OperationFailed("an error of another kind"),
    TimeoutError("not ours"),
    KeyError("a mistake"),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_passing_failures_are_worth_another_try(error):
    assert transient(error) is True


@pytest.mark.parametrize("words", CROWDED + CROWDED_AND_KNOWN)
@pytest.mark.parametrize("status", [None, 500], ids=["in the stream", "before it"])
def test_pushes_that_got_into_each_others_way_are_worth_another_try(words, status):
    assert transient(failed(PushFailed, words, status=status)) is True


@pytest.mark.parametrize("words", CROWDED)
def test_a_registry_that_lacks_what_it_promised_is_not(words):
    assert transient(failed(PullFailed, words)) is False


@pytest.mark.parametrize("error", LASTING, ids=str)
def test_lasting_failures_are_not(error):
    assert transient(error) is False


def test_a_wait_named_by_the_server_is_given_unless_it_is_a_matter_of_hours():
    assert transient(RateLimited("slow down", retry_after=7.5)) == 7.5
    assert transient(ServerError("maintenance", status=503, retry_after=LONGEST_WAIT)) == LONGEST_WAIT
    assert transient(RateLimited("come back tomorrow", retry_after=21_600.0)) is False
