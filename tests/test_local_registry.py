"""LocalHub's registry as its peers see it: every rule of the distribution specification, in memory and in a folder."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientConnectionResetError
from aiohttp.test_utils import make_mocked_request
from broken_json import NO_OBJECT
from registry_peer import IMAGE, INDEX, Peer, descriptor, image, index, sha256

from aiodockerhub.local import LocalHub
from aiodockerhub.local.answers import answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LAYER, CONFIG = b"layer" * 1000, b'{"architecture": "amd64"}'
NOWHERE = sha256(b"nowhere")


@pytest.fixture(params=["memory", "folder"])
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalHub]:
    root = tmp_path / "root" if request.param == "folder" else None
    async with LocalHub(root=root, auth="none") as running:
        yield running


@pytest.fixture
async def peer(hub: LocalHub) -> AsyncIterator[Peer]:
    async with Peer(hub) as connected:
        yield connected


async def raw(hub: LocalHub, method: str, path: str) -> tuple[int, str]:
    """Status and code for a path that no client would send as it stands."""
    reader, writer = await asyncio.open_connection(*hub.registry.split(":"))
    try:
        writer.write(f"{method} /v2/{path} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    return int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["code"]


def used(hub: LocalHub) -> int:
    return hub._contents._shelf._budget.used


# What it is


async def test_it_says_that_it_is_a_registry_of_version_2(hub, peer):
    for path in ("/v2/", "/v2"):
        answer = await peer.ask("GET", path)
        assert (answer.status, answer.json) == (200, {})
        assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert hub.registry == hub.host


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "nothing", 404), ("GET", "a/b/c", 404), ("POST", "a/manifests/latest", 405), ("PUT", "_catalog", 405)],
)
async def test_what_is_not_there_is_refused_in_the_registrys_own_form(peer, method, path, status):
    answer = await peer.ask(method, path)
    assert (answer.status, answer.codes) == (status, ["UNSUPPORTED"])


@pytest.mark.parametrize(
    "name",
    ["App", "-a", "a-", "a..b", "a___b", "a//b", "%2e%2e", "a/%2e%2e/b", "a/..%2Fb", "a%00", "%C3%BC", "_a", "a" * 256],
)
async def test_names_that_can_not_be_are_refused_before_anything_is_done(hub, name):
    asked = [
        ("POST", "blobs/uploads/"),
        ("GET", f"blobs/{NOWHERE}"),
        ("PUT", "manifests/latest"),
        ("GET", "manifests/latest"),
        ("DELETE", "manifests/latest"),
        ("GET", "tags/list"),
    ]
    for method, rest in asked:
        assert await raw(hub, method, f"{name}/{rest}") == (400, "NAME_INVALID")


@pytest.mark.parametrize(
    "digest",
    ["sha256:abc", "sha256:" + "A" * 64, "md5:" + "a" * 32, "sha256:" + "g" * 64, "sha512:" + "a" * 64, "..:x"],
)
async def test_digests_that_can_not_be_are_refused(peer, digest):
    location = await peer.begin("a")
    asked = [
        ("GET", f"a/blobs/{digest}"),
        ("HEAD", f"a/blobs/{digest}"),
        ("DELETE", f"a/blobs/{digest}"),
        ("GET", f"a/manifests/{digest}"),
        ("PUT", f"a/manifests/{digest}"),
        ("PUT", f"{location}?digest={digest}"),
        ("POST", f"a/blobs/uploads/?digest={digest}"),
        ("POST", f"a/blobs/uploads/?mount={digest}&from=b"),
    ]
    for method, path in asked:
        answer = await peer.ask(method, path)
        assert answer.status == 400, path
        assert method == "HEAD" or answer.codes == ["DIGEST_INVALID"]


@pytest.mark.parametrize("tag", ["-a", ".", "..", "a" * 129, "a%20b", "a%00", "%C3%BC", "a%2Fb"])
async def test_tags_that_can_not_be_are_refused(hub, tag):
    for method in ("GET", "PUT", "DELETE"):
        assert await raw(hub, method, f"a/manifests/{tag}") == (400, "TAG_INVALID")


async def test_several_tags_are_looked_at_before_any_is_set(peer):
    await peer.push_blob("a", b"{}")
    answer = await peer.push_manifest("a", sha256(image(b"{}")), image(b"{}"), params=[("tag", "b"), ("tag", "-a")])
    assert (answer.status, answer.codes) == (400, ["TAG_INVALID"])
    assert (await peer.ask("GET", "a/tags/list")).status == 404


# Blobs and uploads


async def test_a_blob_comes_back_as_it_was_sent_and_head_tells_its_size(peer):
    digest = await peer.push_blob("a/b", LAYER)
    got = await peer.ask("GET", f"a/b/blobs/{digest}")
    assert (got.status, got.body) == (200, LAYER)
    head = await peer.ask("HEAD", f"a/b/blobs/{digest}")
    assert (head.status, head.body) == (200, b"")
    for answer in (got, head):
        assert answer.headers["Docker-Content-Digest"] == digest
        assert answer.headers["Content-Length"] == str(len(LAYER))


async def test_an_empty_blob_is_a_blob(peer):
    digest = await peer.push_blob("a", b"")
    got = await peer.ask("GET", f"a/blobs/{digest}")
    assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.parametrize(
    ("asked", "status", "begin", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=4990-", 206, 4990, 5000),
        ("bytes=4999-9999999", 206, 4999, 5000),
        ("bytes=5-4", 200, 0, 5000),
        ("bytes=-5", 200, 0, 5000),
        ("lines=1-2", 200, 0, 5000),
    ],
)
async def test_a_part_of_a_blob_is_given(peer, asked, status, begin, end):
    digest = await peer.push_blob("a", LAYER)
    got = await peer.ask("GET", f"a/blobs/{digest}", headers={"Range": asked})
    assert (got.status, got.body) == (status, LAYER[begin:end])
    if status == 206:
        assert got.headers["Content-Range"] == f"bytes {begin}-{end - 1}/5000"


async def test_a_part_that_is_beyond_the_end_is_refused(peer):
    digest = await peer.push_blob("a", LAYER)
    got = await peer.ask("GET", f"a/blobs/{digest}", headers={"Range": "bytes=5000-"})
    assert (got.status, got.codes) == (416, ["RANGE_INVALID"])
    assert got.headers["Content-Range"] == "bytes */5000"


async def test_a_blob_is_only_in_the_repository_to_which_it_was_pushed(peer):
    digest = await peer.push_blob("a", LAYER)
    for asked in (f"b/blobs/{digest}", f"a/blobs/{NOWHERE}"):
        assert (await peer.ask("HEAD", asked)).status == 404
        got = await peer.ask("GET", asked)
        assert (got.status, got.codes) == (404, ["BLOB_UNKNOWN"])


async def test_one_request_is_enough_for_a_blob(peer):
    answer = await peer.ask("POST", "a/blobs/uploads/", params={"digest": sha256(LAYER)}, data=LAYER)
    assert (answer.status, answer.headers["Location"]) == (201, f"/v2/a/blobs/{sha256(LAYER)}")
    assert (await peer.ask("GET", answer.headers["Location"])).body == LAYER


async def test_a_blob_in_chunks_tells_how_far_it_is_and_becomes_whole(peer):
    location = await peer.begin("a")
    for start in range(0, 5000, 1250):
        said = {"Content-Range": f"{start}-{start + 1249}"}
        answer = await peer.ask("PATCH", location, data=LAYER[start : start + 1250], headers=said)
        assert (answer.status, answer.headers["Range"]) == (202, f"0-{start + 1249}")
        location = answer.headers["Location"]
        state = await peer.ask("GET", location)
        assert (state.status, state.headers["Range"], state.headers["Location"]) == (
            204,
            f"0-{start + 1249}",
            location,
        )
    answer = await peer.ask("PUT", location, params={"digest": sha256(LAYER)})
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, sha256(LAYER))
    assert (await peer.ask("GET", f"a/blobs/{sha256(LAYER)}")).body == LAYER
    assert (await peer.ask("GET", location)).codes == ["BLOB_UPLOAD_UNKNOWN"]


async def test_the_last_chunk_may_come_with_the_end(peer):
    location = await peer.begin("a")
    await peer.ask("PATCH", location, data=LAYER[:2000])
    said = {"Content-Range": "2000-4999"}
    done = await peer.ask("PUT", location, params={"digest": sha256(LAYER)}, data=LAYER[2000:], headers=said)
    assert done.status == 201
    assert (await peer.ask("GET", f"a/blobs/{sha256(LAYER)}")).body == LAYER


@pytest.mark.parametrize("said", ["0-1999", "1999-2998", "2001-3000", "3000-2000", "bytes 2000-2999", "x", "-1-2"])
async def test_a_chunk_out_of_order_is_refused_and_the_upload_goes_on_where_it_was(peer, said):
    location = await peer.begin("a")
    await peer.ask("PATCH", location, data=LAYER[:2000], headers={"Content-Range": "0-1999"})
    wrong = await peer.ask("PATCH", location, data=LAYER[:1000], headers={"Content-Range": said})
    assert (wrong.status, wrong.codes) == (416, ["RANGE_INVALID"])
    assert (wrong.headers["Range"], wrong.headers["Location"]) == ("0-1999", location)
    await peer.ask("PATCH", location, data=LAYER[2000:], headers={"Content-Range": "2000-4999"})
    assert (await peer.ask("PUT", location, params={"digest": sha256(LAYER)})).status == 201


@pytest.mark.parametrize("size", [999, 1001])
async def test_a_chunk_that_is_not_as_long_as_it_says_is_refused(peer, size):
    async def unsized():
        yield LAYER[:size]

    for data in (LAYER[:size], unsized()):
        location = await peer.begin("a")
        wrong = await peer.ask("PATCH", location, data=data, headers={"Content-Range": "0-999"})
        assert (wrong.status, wrong.codes) == (400, ["SIZE_INVALID"])


async def half_sent(hub: LocalHub, peer: Peer, location: str) -> asyncio.StreamWriter:
    """A request that would send the layer, and has sent 3,000 bytes of it, which the registry has."""
    _, writer = await asyncio.open_connection(*hub.registry.split(":"))
    writer.write(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode() + LAYER[:3000])
    async with asyncio.timeout(10):
        while (await peer.ask("GET", location)).headers["Range"] != "0-2999":
            pass
    return writer


async def test_an_upload_that_was_cut_goes_on_where_it_ended(hub, peer):
    location = await peer.begin("a")
    writer = await half_sent(hub, peer, location)
    writer.transport.abort()
    async with asyncio.timeout(10):
        while (await peer.ask("PATCH", location, data=LAYER[3000:])).status == 409:
            pass  # the registry has not seen yet that the first request is over
    assert (await peer.ask("PUT", location, params={"digest": sha256(LAYER)})).status == 201


async def test_a_peer_that_has_left_is_no_fault(caplog):
    async def answer(request):
        raise ClientConnectionResetError("Cannot write to closing transport")

    noted = []
    with caplog.at_level("INFO"):
        await answering(lambda *words: noted.append(words))(make_mocked_request("GET", "/v2/a/blobs/x"), answer)
    assert noted == caplog.records == []


async def test_two_requests_do_not_write_to_one_upload(hub, peer):
    location = await peer.begin("a")
    writer = await half_sent(hub, peer, location)
    for method, asked in (("PATCH", location), ("PUT", f"{location}?digest={NOWHERE}"), ("DELETE", location)):
        refused = await peer.ask(method, asked, data=b"other")
        assert (refused.status, refused.codes) == (409, ["BLOB_UPLOAD_INVALID"])
    writer.close()
    await writer.wait_closed()


async def test_a_wrong_digest_lets_nothing_appear_and_ends_the_upload(hub, peer):
    before = used(hub)
    location = await peer.begin("a")
    wrong = await peer.ask("PUT", location, params={"digest": NOWHERE}, data=LAYER)
    assert (wrong.status, wrong.codes) == (400, ["DIGEST_INVALID"])
    for digest in (NOWHERE, sha256(LAYER)):
        assert (await peer.ask("HEAD", f"a/blobs/{digest}")).status == 404
    assert (await peer.ask("GET", location)).codes == ["BLOB_UPLOAD_UNKNOWN"]
    single = await peer.ask("POST", "a/blobs/uploads/", params={"digest": NOWHERE}, data=LAYER)
    assert (single.status, single.codes) == (400, ["DIGEST_INVALID"])
    assert used(hub) == before


async def test_a_missing_digest_is_refused_and_the_upload_stays(peer):
    location = await peer.begin("a")
    answer = await peer.ask("PUT", location, data=LAYER)
    assert (answer.status, answer.codes) == (400, ["DIGEST_INVALID"])
    assert (await peer.ask("GET", location)).status == 204


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
@pytest.mark.parametrize("announced", [True, False])
async def test_other_algorithms_are_checked_too(peer, algorithm, announced):
    location = await peer.begin("a", params={"digest-algorithm": algorithm} if announced else {})
    digest = f"{algorithm}:{hashlib.new(algorithm, LAYER).hexdigest()}"
    assert (await peer.ask("PUT", location, params={"digest": digest}, data=LAYER)).status == 201
    assert (await peer.ask("GET", f"a/blobs/{digest}")).body == LAYER
    refused = await peer.ask("POST", "a/blobs/uploads/", params={"digest-algorithm": "md5"})
    assert (refused.status, refused.codes) == (400, ["DIGEST_INVALID"])


async def test_an_upload_that_was_cancelled_is_gone_with_its_bytes(hub, peer):
    before = used(hub)
    location = await peer.begin("a")
    await peer.ask("PATCH", location, data=LAYER)
    assert used(hub) > before
    assert (await peer.ask("DELETE", location)).status == 204
    assert used(hub) == before
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = await peer.ask(method, location)
        assert (answer.status, answer.codes) == (404, ["BLOB_UPLOAD_UNKNOWN"])


async def test_an_upload_belongs_to_its_repository(peer):
    location = await peer.begin("a")
    answer = await peer.ask("GET", location.replace("/v2/a/", "/v2/b/"))
    assert (answer.status, answer.codes) == (404, ["BLOB_UPLOAD_UNKNOWN"])


async def test_uploads_that_nobody_ends_do_not_pile_up(hub, peer, monkeypatch):
    monkeypatch.setattr("aiodockerhub.local.uploads._MOST", 2)
    before = used(hub)
    locations = [await peer.begin("a") for _ in range(2)]
    for location in locations:
        await peer.ask("PATCH", location, data=LAYER)
    locations.append(await peer.begin("a"))
    assert [(await peer.ask("GET", location)).status for location in locations] == [404, 204, 204]
    monkeypatch.setattr("aiodockerhub.local.uploads._IDLE_SECONDS", -1)
    last = await peer.begin("a")
    assert [(await peer.ask("GET", location)).status for location in (*locations, last)] == [404, 404, 404, 204]
    assert used(hub) == before


async def test_a_blob_is_mounted_from_the_repository_that_holds_it(hub, peer):
    digest = await peer.push_blob("a", LAYER)
    before = used(hub)
    answer = await peer.ask("POST", "b/c/blobs/uploads/", params={"mount": digest, "from": "a"})
    assert (answer.status, answer.headers["Location"]) == (201, f"/v2/b/c/blobs/{digest}")
    assert (await peer.ask("GET", f"b/c/blobs/{digest}")).body == LAYER
    assert used(hub) - before < len(LAYER)
    await peer.ask("DELETE", f"a/blobs/{digest}")
    assert (await peer.ask("GET", f"b/c/blobs/{digest}")).body == LAYER


@pytest.mark.parametrize(
    "query", [{"mount": NOWHERE, "from": "a"}, {"mount": NOWHERE, "from": "b"}, {"mount": NOWHERE}]
)
async def test_a_mount_that_can_not_be_begins_an_upload(peer, query):
    await peer.push_blob("a", LAYER)
    await peer.begin("c", params=query)


async def test_a_mount_from_a_name_that_can_not_be_is_refused(peer):
    answer = await peer.ask("POST", "a/blobs/uploads/", params={"mount": NOWHERE, "from": "../x"})
    assert (answer.status, answer.codes) == (400, ["NAME_INVALID"])


async def test_a_deleted_blob_is_gone_and_its_bytes_with_the_last_repository(hub, peer):
    before = used(hub)
    digest = await peer.push_blob("a", LAYER)
    await peer.ask("POST", "b/blobs/uploads/", params={"mount": digest, "from": "a"})
    assert (await peer.ask("DELETE", f"a/blobs/{digest}")).status == 202
    again = await peer.ask("DELETE", f"a/blobs/{digest}")
    assert (again.status, again.codes) == (404, ["BLOB_UNKNOWN"])
    assert used(hub) - before > len(LAYER)
    assert (await peer.ask("DELETE", f"b/blobs/{digest}")).status == 202
    assert used(hub) == before


async def test_the_same_blob_many_times_at_once_is_kept_once(hub, peer):
    await asyncio.gather(*(peer.push_blob(f"a/{number}", LAYER) for number in range(20)))
    assert used(hub) < 2 * len(LAYER) + 20 * 400
    assert (await peer.ask("GET", f"a/7/blobs/{sha256(LAYER)}")).body == LAYER


# Manifests


async def test_a_manifest_comes_back_byte_for_byte_by_tag_and_by_digest(peer):
    await peer.push_blob("a", CONFIG)
    body = image(CONFIG) + b"\n \n"
    answer = await peer.push_manifest("a", "1.0", body)
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, sha256(body))
    assert answer.headers["Location"] == f"/v2/a/manifests/{sha256(body)}"
    for reference in ("1.0", sha256(body)):
        got = await peer.ask("GET", f"a/manifests/{reference}")
        assert (got.status, got.body) == (200, body)
        head = await peer.ask("HEAD", f"a/manifests/{reference}")
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(body)))
        for one in (got, head):
            assert one.headers["Content-Type"] == IMAGE
            assert one.headers["Docker-Content-Digest"] == sha256(body)


async def test_a_manifest_by_digest_may_get_several_tags_at_once(peer):
    await peer.push_blob("a", CONFIG)
    body = image(CONFIG)
    answer = await peer.push_manifest("a", sha256(body), body, params=[("tag", "one"), ("tag", "two")])
    assert answer.status == 201
    assert answer.headers.getall("OCI-Tag") == ["one", "two"]
    assert (await peer.ask("GET", "a/tags/list")).json["tags"] == ["one", "two"]


async def test_a_tag_moves_and_the_old_manifest_stays(peer):
    old = await peer.push_image("a", "latest", b"old")
    new = await peer.push_image("a", "latest", b"new")
    assert (await peer.ask("HEAD", "a/manifests/latest")).headers["Docker-Content-Digest"] == new
    assert (await peer.ask("HEAD", f"a/manifests/{old}")).status == 200


@pytest.mark.parametrize("reference", ["none", NOWHERE])
async def test_a_manifest_that_is_not_there_is_unknown(peer, reference):
    await peer.push_image("a", "latest")
    for name in ("a", "b"):
        for method in ("GET", "DELETE"):
            answer = await peer.ask(method, f"{name}/manifests/{reference}")
            assert (answer.status, answer.codes) == (404, ["MANIFEST_UNKNOWN"])
        assert (await peer.ask("HEAD", f"{name}/manifests/{reference}")).status == 404


async def test_a_manifest_names_only_what_the_repository_has(peer):
    await peer.push_blob("a", CONFIG)
    await peer.push_blob("b", LAYER)
    answer = await peer.push_manifest("a", "latest", image(CONFIG, LAYER, b"other"))
    assert (answer.status, answer.codes) == (400, ["MANIFEST_BLOB_UNKNOWN"] * 2)
    assert [error["detail"]["digest"] for error in answer.json["errors"]] == [sha256(LAYER), sha256(b"other")]
    assert (await peer.ask("GET", "a/manifests/latest")).status == 404
    child = image(CONFIG)
    answer = await peer.push_manifest("a", "all", index(child), INDEX)
    assert (answer.status, answer.codes) == (400, ["MANIFEST_BLOB_UNKNOWN"])
    await peer.push_manifest("a", sha256(child), child)
    assert (await peer.push_manifest("a", "all", index(child), INDEX)).status == 201


async def test_a_manifest_that_is_wrong_about_a_size_is_refused(peer):
    await peer.push_blob("a", CONFIG)
    for size in (7, 10**30):
        answer = await peer.push_manifest("a", "latest", image(CONFIG, config=descriptor(CONFIG, size=size)))
        assert (answer.status, answer.codes) == (400, ["SIZE_INVALID"])


async def test_layers_that_may_not_be_distributed_need_not_be_there(peer):
    await peer.push_blob("a", CONFIG)
    foreign = descriptor(LAYER, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    assert (await peer.push_manifest("a", "latest", image(CONFIG, layers=[foreign]))).status == 201


@pytest.mark.parametrize(
    "body",
    [
        *NO_OBJECT,
        image(b"{}", schemaVersion=1),
        image(b"{}", schemaVersion="2"),
        image(b"{}", mediaType=INDEX),
        image(b"{}", mediaType="text/plain"),
        image(b"{}", layers=None),
        image(b"{}", config=None),
        image(b"{}", manifests=[]),
        image(b"{}", layers=[{"digest": sha256(b"{}")}]),
        image(b"{}", layers=[{"digest": 1, "size": 1}]),
        index(layers=[]),
    ],
)
async def test_what_is_no_manifest_is_refused(peer, body):
    await peer.push_blob("a", b"{}")
    answer = await peer.push_manifest("a", "latest", body)
    assert (answer.status, answer.codes) == (400, ["MANIFEST_INVALID"])
    assert (await peer.ask("GET", "a/tags/list")).status == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (index(layers=[]), INDEX),
        (index(config=descriptor(b"{}")), INDEX),
        (index(manifests=None), INDEX),
        (image(b"{}", mediaType="text/plain"), "text/plain"),
    ],
)
async def test_what_is_no_index_is_refused(peer, body, kind):
    await peer.push_blob("a", b"{}")
    answer = await peer.push_manifest("a", "latest", body, kind)
    assert (answer.status, answer.codes) == (400, ["MANIFEST_INVALID"])


async def test_a_manifest_that_does_not_say_what_it_is_is_known_by_its_form(peer):
    await peer.push_blob("a", b"{}")
    for body, kind in ((image(b"{}", mediaType=None), IMAGE), (index(mediaType=None), INDEX)):
        sent = await peer.ask("PUT", "a/manifests/latest", data=body, skip_auto_headers=["Content-Type"])
        assert sent.status == 201
        assert (await peer.ask("HEAD", "a/manifests/latest")).headers["Content-Type"] == kind


async def test_a_manifest_with_a_bad_digest_inside_is_refused(peer):
    body = image(b"{}", config={"digest": "sha256:../../x", "size": 2})
    answer = await peer.push_manifest("a", "latest", body)
    assert (answer.status, answer.codes) == (400, ["DIGEST_INVALID"])


async def test_a_manifest_under_another_digest_is_refused(peer):
    await peer.push_blob("a", b"{}")
    answer = await peer.push_manifest("a", NOWHERE, image(b"{}"))
    assert (answer.status, answer.codes) == (400, ["DIGEST_INVALID"])


@pytest.mark.parametrize("sized", [True, False])
async def test_a_manifest_has_four_mebibytes_at_most(peer, sized):
    await peer.push_blob("a", b"{}")
    largest = image(b"{}").ljust(4 * 1024 * 1024)

    async def unsized(body):
        yield body

    assert (await peer.push_manifest("a", "latest", largest if sized else unsized(largest))).status == 201
    more = largest + b" "
    answer = await peer.push_manifest("a", "more", more if sized else unsized(more))
    assert (answer.status, answer.codes) == (413, ["SIZE_INVALID"])


async def test_deleting_a_tag_leaves_the_manifest_and_its_other_tags(peer):
    digest = await peer.push_image("a", "one")
    await peer.push_image("a", "two")
    assert (await peer.ask("DELETE", "a/manifests/one")).status == 202
    assert (await peer.ask("GET", "a/tags/list")).json["tags"] == ["two"]
    assert (await peer.ask("HEAD", f"a/manifests/{digest}")).status == 200


async def test_deleting_a_manifest_takes_its_tags_along_and_the_last_one_the_repository(hub, peer):
    before = used(hub)
    digest = await peer.push_image("a", "one", LAYER)
    await peer.push_image("a", "two", LAYER)
    other = await peer.push_image("a", "other", b"other")
    assert (await peer.ask("DELETE", f"a/manifests/{digest}")).status == 202
    assert (await peer.ask("GET", "a/tags/list")).json["tags"] == ["other"]
    assert (await peer.ask("DELETE", f"a/manifests/{other}")).status == 202
    answer = await peer.ask("GET", "a/tags/list")
    assert (answer.status, answer.codes) == (404, ["NAME_UNKNOWN"])
    assert (await peer.ask("GET", "_catalog")).json == {"repositories": []}
    for data in (b"{}", LAYER, b"other"):
        await peer.ask("DELETE", f"a/blobs/{sha256(data)}")
    assert used(hub) == before


async def test_names_may_hold_the_words_of_the_paths(peer):
    for name in ("a/blobs/uploads", "manifests/tags/list", "blobs", "a/manifests/b"):
        digest = await peer.push_image(name, "list", LAYER)
        assert (await peer.ask("GET", f"{name}/manifests/list")).headers["Docker-Content-Digest"] == digest
        assert (await peer.ask("GET", f"{name}/tags/list")).json == {"name": name, "tags": ["list"]}


# Lists


async def walk(peer: Peer, path: str, key: str) -> list[list[str]]:
    pages = []
    while path:
        answer = await peer.ask("GET", path)
        assert answer.status == 200
        pages.append(answer.json[key])
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        path = link.partition(">")[0].removeprefix("<")
    return pages


async def test_tags_are_listed_in_order_and_in_pages(peer):
    for tag in ("b", "a", "B", "_", "c.1"):
        await peer.push_image("a/b", tag)
    assert await walk(peer, "a/b/tags/list", "tags") == [["B", "_", "a", "b", "c.1"]]
    assert await walk(peer, "a/b/tags/list?n=2", "tags") == [["B", "_"], ["a", "b"], ["c.1"]]
    assert await walk(peer, "a/b/tags/list?n=5", "tags") == [["B", "_", "a", "b", "c.1"]]
    assert await walk(peer, "a/b/tags/list?last=_x", "tags") == [["a", "b", "c.1"]]
    assert await walk(peer, "a/b/tags/list?n=0", "tags") == [[]]


async def test_the_catalog_is_listed_in_pages(peer):
    names = [f"a/{number:03}" for number in range(101)]
    for name in names:
        await peer.push_image(name, "latest")
    assert await walk(peer, "_catalog", "repositories") == [names[:100], names[100:]]
    assert await walk(peer, "_catalog?n=60", "repositories") == [names[:60], names[60:]]
    assert await walk(peer, "_catalog?n=1000&last=a/098", "repositories") == [names[99:]]


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "²", "10001", "9" * 5000])
async def test_pages_of_a_size_that_can_not_be_are_refused(peer, number):
    await peer.push_image("a", "latest")
    for path in ("a/tags/list", "_catalog"):
        answer = await peer.ask("GET", path, params={"n": number})
        assert (answer.status, answer.codes) == (400, ["PAGINATION_NUMBER_INVALID"])


# Bounds


@pytest.mark.parametrize("root", [None, "root"])
async def test_what_is_beyond_the_bound_is_refused_for_good_and_leaves_room_for_the_rest(root, tmp_path):
    async with LocalHub(auth="none", capacity=10_000, root=root and tmp_path / root) as hub, Peer(hub) as peer:
        location = await peer.begin("a")
        for asked in (("PATCH", location), ("PUT", f"{await peer.begin('a')}?digest={sha256(LAYER * 3)}")):
            answer = await peer.ask(*asked, data=LAYER * 3)
            assert (answer.status, answer.codes) == (413, ["DENIED"])
            assert "10000 bytes" in answer.json["errors"][0]["message"]
        assert used(hub) == 0
        await peer.push_image("a", "latest", LAYER)
        answer = await peer.push_manifest("a", "large", image(b"{}").ljust(5000))
        assert (answer.status, answer.codes) == (413, ["DENIED"])
        assert (await peer.ask("GET", f"a/blobs/{sha256(LAYER)}")).body == LAYER


async def test_tags_without_end_are_bounded_too():
    async with LocalHub(auth="none", capacity=20_000) as hub, Peer(hub) as peer:
        await peer.push_image("a", "latest")
        statuses = [(await peer.push_manifest("a", f"t{number}", image(b"{}"))).status for number in range(100)]
        assert (statuses[0], statuses[-1]) == (201, 413)
        assert used(hub) <= 20_000


async def test_a_registry_in_memory_that_was_closed_starts_again_with_what_it_held():
    hub = LocalHub(auth="none")
    async with hub, Peer(hub) as peer:
        digest = await peer.push_image("a", "latest", LAYER)
        location = await peer.begin("a")
        await peer.ask("PATCH", location, data=LAYER)
    kept = used(hub)
    async with hub, Peer(hub) as peer:
        assert (await peer.ask("GET", "a/manifests/latest")).headers["Docker-Content-Digest"] == digest
        assert (await peer.ask("GET", location)).status == 404
        assert used(hub) == kept < 2 * len(LAYER)
