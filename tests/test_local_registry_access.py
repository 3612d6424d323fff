"""Who may do what at LocalHub's registry, over which connection, and from where."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest
from certificates import serving_tls, trusting
from registry_peer import Peer, image, sha256

from aiodockerhub import TLS
from aiodockerhub.errors import BadAddress, BadParameter, TLSFailed
from aiodockerhub.local import LocalHub, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USERS = {"alice": "secret", "bob": "pass", "idle": User("idle", active=False)}
LAYER = b"layer" * 1000


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


ALICE, BOB, IDLE = basic("alice", "secret"), basic("bob", "pass"), basic("idle", "idle")


@pytest.fixture
async def hub() -> AsyncIterator[LocalHub]:
    async with LocalHub(users=USERS) as running:
        yield running


@pytest.fixture
async def peer(hub: LocalHub) -> AsyncIterator[Peer]:
    async with Peer(hub) as connected:
        yield connected


async def token(peer: Peer, *scopes: str, auth: dict[str, str] | None = None) -> dict[str, str]:
    answer = await peer.ask("GET", "/token", params=[("scope", scope) for scope in scopes], headers=auth or {})
    assert answer.status == 200
    assert answer.json["token"] == answer.json["access_token"]
    return bearer(answer.json["token"])


# Tokens


async def test_whoever_shows_nothing_is_told_where_tokens_are(hub, peer):
    answer = await peer.ask("GET", "/v2/")
    assert (answer.status, answer.codes) == (401, ["UNAUTHORIZED"])
    realm = f'Bearer realm="http://{hub.registry}/token",service="{hub.registry}"'
    assert answer.headers["WWW-Authenticate"] == realm
    answer = await peer.ask("POST", "alice/app/blobs/uploads/")
    assert (answer.status, answer.codes) == (401, ["UNAUTHORIZED"])
    assert answer.headers["WWW-Authenticate"] == f'{realm},scope="repository:alice/app:pull,push"'


async def test_the_challenge_repeats_the_host_that_was_asked_for_only_if_it_is_one(hub, peer):
    for host, shown in (("localhost:5", "localhost:5"), ('x",realm="http://evil', hub.registry)):
        challenge = (await peer.ask("GET", "/v2/", headers={"Host": host})).headers["WWW-Authenticate"]
        assert challenge == f'Bearer realm="http://{shown}/token",service="{shown}"'


async def test_a_token_lets_do_what_it_was_asked_for(peer):
    both = await token(peer, "repository:alice/app:pull,push", auth=ALICE)
    digest = await peer.push_image("alice/app", "latest", LAYER, headers=both)
    only = await token(peer, "repository:alice/app:pull", auth=ALICE)
    assert (await peer.ask("GET", f"alice/app/manifests/{digest}", headers=only)).status == 200
    for method, path in (("POST", "alice/app/blobs/uploads/"), ("GET", "alice/other/tags/list")):
        answer = await peer.ask(method, path, headers=only)
        assert (answer.status, answer.codes) == (401, ["UNAUTHORIZED"])
        assert answer.headers["WWW-Authenticate"].endswith(',error="insufficient_scope"')
    answer = await peer.ask("DELETE", f"alice/app/manifests/{digest}", headers=both)
    assert answer.status == 401
    every = await token(peer, "repository:alice/app:*", auth=ALICE)
    assert (await peer.ask("DELETE", f"alice/app/manifests/{digest}", headers=every)).status == 202


async def test_one_token_may_be_for_several_repositories_and_mounts_between_them(peer):
    await peer.push_image("alice/a", "latest", LAYER, headers=ALICE)
    both = await token(peer, "repository:alice/b:pull,push", "repository:alice/a:pull", auth=ALICE)
    query = {"mount": sha256(LAYER), "from": "alice/a"}
    assert (await peer.ask("POST", "alice/b/blobs/uploads/", params=query, headers=both)).status == 201
    alone = await token(peer, "repository:alice/c:pull,push", auth=ALICE)
    assert (await peer.ask("POST", "alice/c/blobs/uploads/", params=query, headers=alone)).status == 202


async def test_a_form_gives_a_token_too(peer):
    form = {
        "grant_type": "password",
        "username": "alice",
        "password": "secret",
        "service": "x",
        "client_id": "y",
        "scope": "repository:alice/a:pull,push repository:alice/b:pull",
    }
    answer = await peer.ask("POST", "/token", data=form)
    assert (answer.status, answer.json["expires_in"]) == (200, 300)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer.json["issued_at"])
    await peer.push_image("alice/a", "latest", headers=bearer(answer.json["access_token"]))
    for wrong, status in (({"password": "x"}, 401), ({"grant_type": "refresh_token"}, 400), ({"username": ""}, 401)):
        assert (await peer.ask("POST", "/token", data=form | wrong)).status == status
    assert (await peer.ask("POST", "/token", data=b"\xff" * 70_000)).status == 413


@pytest.mark.parametrize("given", [basic("alice", "wrong"), basic("nobody", "x"), {"Authorization": "Basic !"}])
async def test_a_wrong_password_gets_no_token(peer, given):
    answer = await peer.ask("GET", "/token", headers=given)
    assert (answer.status, answer.codes) == (401, ["UNAUTHORIZED"])
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_an_account_that_is_not_active_gets_nothing(peer):
    for path in ("/token", "/v2/", "alice/app/tags/list"):
        answer = await peer.ask("GET", path, headers=IDLE)
        assert (answer.status, answer.codes) == (403, ["DENIED"])


@pytest.mark.parametrize("forged", ["", "x", "x.y", "eyJ9.00", "\xe4.\xe4"])
async def test_a_token_of_somebody_else_is_refused(peer, forged):
    answer = await peer.ask("GET", "/v2/", headers=bearer(forged))
    assert (answer.status, answer.codes) == (401, ["UNAUTHORIZED"])


async def test_a_token_that_was_changed_or_is_too_old_is_refused(peer, monkeypatch):
    given = await token(peer, "repository:alice/app:pull", auth=ALICE)
    assert (await peer.ask("GET", "/v2/", headers=given)).status == 200
    body, _, signature = given["Authorization"].removeprefix("Bearer ").partition(".")
    more = base64.urlsafe_b64encode(base64.urlsafe_b64decode(body).replace(b'["pull"]', b'["push"]')).decode()
    async with LocalHub(users=USERS) as other, Peer(other) as stranger:
        foreign = await token(stranger, "repository:alice/app:pull", auth=ALICE)
    monkeypatch.setattr("aiodockerhub.local.tokens.SECONDS", -1)
    for wrong in (bearer(f"{more}.{signature}"), foreign, await token(peer, auth=ALICE)):
        answer = await peer.ask("GET", "/v2/", headers=wrong)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].endswith(',error="invalid_token"')


async def test_scopes_that_make_no_sense_give_a_token_for_nothing(peer):
    for scope in ("", "x", "repository", "repository:", "repository:a:fly", "registry:catalog:pull", "a" * 4000):
        answer = await peer.ask("GET", "/v2/alice/a/tags/list", headers=await token(peer, scope, auth=ALICE))
        assert answer.status == 401


# Who may what


@pytest.mark.parametrize("how", ["token", "basic"])
async def test_users_write_to_their_own_namespace_and_to_the_librarys_only(peer, how):
    async def shown(auth, name):
        return auth if how == "basic" else await token(peer, f"repository:{name}:pull,push,delete", auth=auth)

    for name in ("alice/app", "alice/deep/app", "library/app", "app"):
        await peer.push_image(name, "latest", headers=await shown(ALICE, name))
    for name in ("bob/app", "alice2/app", "alic/e"):
        headers = await shown(ALICE, name)
        for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/x"), ("DELETE", "manifests/latest")):
            answer = await peer.ask(method, f"{name}/{path}", headers=headers)
            assert (answer.status, answer.codes) == (403, ["DENIED"])
    assert (await peer.ask("GET", "alice/app/tags/list", headers=await shown(BOB, "alice/app"))).status == 200


async def test_whoever_registers_at_the_index_may_push(hub, peer):
    new = {"email": "carol@example.com", "username": "carol", "password": "sécret"}
    async with aiohttp.ClientSession(hub.url) as session, session.post("users/", json=new) as response:
        assert response.status == 201
    await peer.push_image("carol/app", "latest", headers=basic("carol", "sécret"))


async def test_anybody_may_read_with_a_token_or_without(peer):
    await peer.push_image("alice/app", "latest", LAYER, headers=ALICE)
    anybody = await token(peer, "repository:alice/app:pull,push", "registry:catalog:*")
    for headers in ({}, anybody):
        assert (await peer.ask("GET", "alice/app/manifests/latest", headers=headers)).status == 200
        assert (await peer.ask("GET", f"alice/app/blobs/{sha256(LAYER)}", headers=headers)).body == LAYER
        assert (await peer.ask("GET", "_catalog", headers=headers)).json == {"repositories": ["alice/app"]}
        for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/x"), ("DELETE", "manifests/latest")):
            assert (await peer.ask(method, f"alice/app/{path}", headers=headers)).status == 401


async def test_nobody_without_an_account_reads_where_that_is_said():
    async with LocalHub(users=USERS, anonymous_pull=False) as hub, Peer(hub) as peer:
        digest = await peer.push_image("alice/app", "latest", LAYER, headers=ALICE)
        asked = ("tags/list", "manifests/latest", f"manifests/{digest}", f"blobs/{sha256(LAYER)}")
        nobody = await token(peer, "repository:alice/app:pull", "registry:catalog:*")
        for path in (*(f"alice/app/{path}" for path in asked), "_catalog", "alice/none/tags/list"):
            for headers in ({}, nobody):
                assert (await peer.ask("GET", path, headers=headers)).status == 401
            assert (await peer.ask("GET", path, headers=BOB)).status in {200, 404}
        scopes = ("repository:alice/app:pull", "registry:catalog:*")
        bob = await token(peer, *scopes, auth=BOB)
        assert (await peer.ask("GET", "_catalog", headers=bob)).json == {"repositories": ["alice/app"]}


async def test_basic_is_asked_for_where_that_is_said():
    async with LocalHub(users=USERS, auth="basic") as hub, Peer(hub) as peer:
        answer = await peer.ask("GET", "/v2/")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="LocalHub"')
        assert (await peer.ask("GET", "/v2/", headers=ALICE)).status == 200
        assert (await peer.ask("GET", "/v2/", headers=basic("alice", "wrong"))).status == 401
        await peer.push_image("alice/app", "latest", headers=ALICE)


def test_another_way_to_ask_is_refused_at_once():
    with pytest.raises(BadParameter, match="auth="):
        LocalHub(auth="digest")
    with pytest.raises(BadParameter, match="capacity="):
        LocalHub(capacity=-1)


async def test_no_password_and_no_token_reaches_the_log_or_the_record(hub, peer, caplog):
    caplog.set_level(logging.DEBUG)
    given = await token(peer, "repository:alice/app:pull,push", auth=ALICE)
    form = {"grant_type": "password", "username": "alice", "password": "secret"}
    await peer.ask("POST", "/token", data=form)
    await peer.push_image("alice/app", "latest", headers=given)
    await peer.push_image("bob/app", "latest", headers=BOB)
    for secret in ("secret", given["Authorization"][-20:], ALICE["Authorization"][-10:]):
        assert secret not in caplog.text + repr(hub) + repr(hub.requests)
    assert "PUT /v2/alice/app/manifests/latest -> 201" in caplog.text


# TLS


async def test_the_registry_is_served_over_tls_by_a_context_or_by_files(ca, tmp_path):
    issued = ca.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    client = trusting(ca)
    for tls in (serving_tls(ca, "127.0.0.1"), TLS(cert=cert, key=key)):
        async with (
            LocalHub(users=USERS, tls=tls) as hub,
            Peer(hub, connector=aiohttp.TCPConnector(ssl=client)) as peer,
        ):
            assert (
                f'realm="https://{hub.registry}/token"' in (await peer.ask("GET", "/v2/")).headers["WWW-Authenticate"]
            )
            await peer.push_image("alice/app", "latest", LAYER, headers=ALICE)
            assert (await peer.ask("GET", f"alice/app/blobs/{sha256(LAYER)}")).body == LAYER


async def test_with_an_authority_clients_have_to_show_a_certificate(ca, tmp_path):
    issued = ca.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = TLS(ca=tmp_path / "ca.pem", cert=tmp_path / "both.pem")
    known, unknown = trusting(ca), trusting(ca)
    ca.issue_cert("somebody").configure_cert(known)
    async with LocalHub(auth="none", tls=tls) as hub:
        async with Peer(hub, connector=aiohttp.TCPConnector(ssl=known)) as peer:
            assert (await peer.ask("GET", "/v2/")).status == 200
        async with Peer(hub, connector=aiohttp.TCPConnector(ssl=unknown)) as peer:
            with pytest.raises(aiohttp.ClientError):
                await peer.ask("GET", "/v2/")


async def test_files_that_can_not_be_served_are_named_at_the_start(ca, tmp_path):
    ca.cert_pem.write_to_path(tmp_path / "cert.pem")
    (tmp_path / "bad.pem").write_text("no certificate")
    wrong = [
        TLS(cert=tmp_path / "none.pem"),
        TLS(cert=tmp_path / "bad.pem"),
        TLS(cert=tmp_path / "cert.pem", key=tmp_path / "bad.pem"),
    ]
    for tls in wrong:
        hub = LocalHub(tls=tls)
        with pytest.raises(TLSFailed, match=str(tls.cert)):
            await hub.start()
        assert repr(hub).startswith("LocalHub(not running")
    with pytest.raises(BadParameter, match="certificate"):
        await LocalHub(tls=TLS(ca=tmp_path / "cert.pem")).start()


# From where


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "localhost", "", "127.0.0.1:80", "x"])
def test_others_are_let_in_only_where_that_is_said(host):
    with pytest.raises(BadAddress, match=r"host=|exposed=True"):
        LocalHub(host=host)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")]
)
async def test_it_listens_where_that_is_said(host, shown):
    async with LocalHub(auth="none", host=host, exposed=host in {"0.0.0.0", "::"}) as hub, Peer(hub) as peer:
        assert re.fullmatch(rf"{re.escape(shown)}:\d+", hub.registry)
        assert hub.url == f"http://{hub.registry}/v1/"
        assert (await peer.ask("GET", "/v2/")).status == 200


# Memory


def test_neither_sending_nor_fetching_a_large_blob_takes_its_size_in_memory(tmp_path):
    code = """
import asyncio, hashlib, resource, sys
sys.path.insert(0, sys.argv[2])
from registry_peer import Peer
from aiodockerhub.local import LocalHub
PIECE, PIECES = bytes(1024 * 1024), 256
async def pieces():
    for _ in range(PIECES):
        yield PIECE
async def main():
    digest = hashlib.sha256()
    for _ in range(PIECES):
        digest.update(PIECE)
    digest = f"sha256:{digest.hexdigest()}"
    async with LocalHub(auth="none", root=sys.argv[1]) as hub, Peer(hub) as peer:
        await peer.push_image("warm", "up")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        location = await peer.begin("a")
        answer = await peer.ask("PUT", location, params={"digest": digest}, data=pieces())
        assert answer.status == 201, answer
        async with peer._session.get(f"a/blobs/{digest}") as response:
            size = 0
            async for chunk in response.content.iter_any():
                size += len(chunk)
        assert size == PIECES * len(PIECE)
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "root"), str(__file__).rpartition("/")[0]]
    done = subprocess.run(command, capture_output=True, timeout=120, text=True)
    assert done.stderr == ""
    assert int(done.stdout) < 32, f"{done.stdout} MiB for a blob of 256"


async def test_many_pushes_at_once_end_well(hub):
    async with Peer(hub, connector=aiohttp.TCPConnector(limit=0)) as peer:
        names = [f"alice/{number}" for number in range(100)]
        digests = await asyncio.gather(
            *(peer.push_image(name, "latest", name.encode(), LAYER, headers=ALICE) for name in names)
        )
        assert digests == [sha256(image(b"{}", name.encode(), LAYER)) for name in names]
        catalog = await peer.ask("GET", "_catalog", params={"n": 1000})
        assert catalog.json == {"repositories": sorted(names)}
