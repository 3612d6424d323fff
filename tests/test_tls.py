"""TLS speaks with whom it should, and names the file that stands in its way."""

from __future__ import annotations

import datetime
import os
import pickle
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import trustme
from certificates import serving_tls
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ordinary_user import as_an_ordinary_user

from aiodockerhub.errors import BadParameter, TLSFailed
from aiodockerhub.wire.tls import TLS, pem_files, ssl_context, tls_from_environment


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> ssl.SSLContext:
    """A server that wants a client's certificate from the same authority."""
    context = serving_tls(authority, "localhost")
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture(scope="module")
def open_server(authority: trustme.CA) -> ssl.SSLContext:
    """A server that asks for nothing."""
    return serving_tls(authority, "localhost")


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> Path:
    """A directory with ca.pem, cert.pem and key.pem."""
    client = authority.issue_cert("client")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    client.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    client.private_key_pem.write_to_path(tmp_path / "key.pem")
    return tmp_path


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "localhost") -> None:
    """A whole handshake between two contexts, in memory; raises what either side finds wrong."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                pass


def test_ca_certificate_and_key_make_a_connection_that_both_sides_trust(files, server):
    handshake(ssl_context(TLS(files / "ca.pem", files / "cert.pem", files / "key.pem")), server)


def test_a_server_that_wants_a_certificate_gets_none_from_a_client_without(files, server):
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        handshake(ssl_context(TLS(files / "ca.pem")), server)


def test_a_key_may_stand_in_the_certificates_file(files, server):
    both = files / "both.pem"
    both.write_bytes((files / "key.pem").read_bytes() + (files / "cert.pem").read_bytes())
    handshake(ssl_context(TLS(files / "ca.pem", both)), server)


def test_only_the_given_ca_is_trusted(files, open_server):
    trustme.CA().cert_pem.write_to_path(files / "other.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(ssl_context(TLS(files / "other.pem")), open_server)
    assert len(ssl_context(TLS(files / "ca.pem")).get_ca_certs()) == 1


def test_the_system_does_not_know_a_private_ca(open_server):
    for tls in (True, TLS()):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(ssl_context(tls), open_server)


def test_another_hosts_certificate_is_not_accepted(files, open_server):
    with pytest.raises(ssl.SSLCertVerificationError, match="ostname"):
        handshake(ssl_context(TLS(files / "ca.pem")), open_server, "elsewhere")


def test_without_verify_any_certificate_will_do(files, open_server, server):
    handshake(ssl_context(TLS(verify=False)), open_server, "elsewhere")
    handshake(ssl_context(TLS(cert=files / "cert.pem", key=files / "key.pem", verify=False)), server, "elsewhere")


def test_certificates_made_by_docker_s_own_recipe_are_accepted(tmp_path):
    """They name no authority key, which Python from 3.13 on refuses unless told otherwise."""
    server = _context_of_docker_s_recipe(tmp_path)
    client = ssl_context(TLS(tmp_path / "ca.pem"))
    assert not client.verify_flags & ssl.VERIFY_X509_STRICT
    handshake(client, server)


def test_a_context_of_the_users_own_is_taken_as_it_is():
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert ssl_context(own) is own


@pytest.mark.parametrize("value", [False, None, "ca.pem", 1])
def test_what_is_no_tls_is_refused(value):
    with pytest.raises(BadParameter, match="tls="):
        ssl_context(value)


@pytest.mark.parametrize("part", ["ca", "cert", "key"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "No such file"),
        (lambda file: file.write_bytes(b""), "no PEM file"),
        (lambda file: file.write_bytes(b"\x30\x82\x01\x0a"), "no PEM file"),
        (
            lambda file: file.write_bytes(b"-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n"),
            "can't be|can be read",
        ),
        (lambda file: file.write_bytes(b"-----BEGIN CERTIFICATE-----\n%%%\n"), "can't be|can be read"),
        (lambda file: file.write_bytes(b"-----BEGIN \xff" + b"x" * 2**20), "more than 1048576 bytes"),
        (lambda file: (file.unlink(), file.mkdir()), "no regular file"),
        (lambda file: (file.unlink(), os.mkfifo(file)), "no regular file"),
        (lambda file: (file.unlink(), file.symlink_to(file)), "can't be read"),
    ],
)
def test_a_file_that_can_not_be_used_is_named(files, part, spoil, words):
    tls = TLS(files / "ca.pem", files / "cert.pem", files / "key.pem")
    spoil(files / f"{part}.pem")
    with pytest.raises(TLSFailed, match=words) as caught:
        ssl_context(tls)
    assert str(files / f"{part}.pem") in str(caught.value)


def test_a_file_that_this_user_may_not_read_is_named(authority):
    with tempfile.TemporaryDirectory() as directory:
        authority.cert_pem.write_to_path(Path(directory) / "ca.pem")
        Path(directory).chmod(0o755)
        (Path(directory) / "ca.pem").chmod(0)
        with as_an_ordinary_user(), pytest.raises(TLSFailed) as caught:
            ssl_context(TLS(f"{directory}/ca.pem"))
        assert str(caught.value) == f"the CA {directory}/ca.pem can't be read: Permission denied"


def test_files_that_this_user_may_not_even_look_for_are_not_passed_over():
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0)
        with as_an_ordinary_user():
            assert set(pem_files(Path(directory))) == {"ca", "cert", "key"}


def test_a_key_of_another_certificate_is_told(files, authority):
    authority.issue_cert("other").private_key_pem.write_to_path(files / "key.pem")
    with pytest.raises(TLSFailed, match=r"key\.pem does not belong to the certificate .*cert\.pem"):
        ssl_context(TLS(files / "ca.pem", files / "cert.pem", files / "key.pem"))


def test_a_certificate_without_any_key_is_told(files):
    with pytest.raises(TLSFailed, match=r"cert\.pem"):
        ssl_context(TLS(files / "ca.pem", files / "cert.pem"))


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(files, form):
    (files / "key.pem").write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"sesame")
        )
    )
    with pytest.raises(TLSFailed, match=r"key\.pem: the key is encrypted"):
        ssl_context(TLS(files / "ca.pem", files / "cert.pem", files / "key.pem"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"key": "key.pem"},
        {"ca": "key.pem", "key": "key.pem"},
        {"ca": ""},
        {"ca": b"ca.pem"},
        {"ca": True},
        {"cert": ("cert.pem", "key.pem")},
        {"cert": "a\0b"},
        {"verify": "ca.pem"},
        {"verify": None},
    ],
)
def test_settings_that_can_not_be_meant_are_refused(arguments):
    with pytest.raises(BadParameter, match="TLS"):
        TLS(**arguments)


def test_making_one_reads_no_file():
    tls = TLS("/nowhere/ca.pem", Path("/nowhere/cert.pem"), "/nowhere/key.pem")
    assert repr(tls) == "TLS(ca='/nowhere/ca.pem', cert='/nowhere/cert.pem', key='/nowhere/key.pem', verify=True)"


def test_equal_settings_are_equal_whatever_kind_of_path_they_came_as():
    assert TLS(Path("/ca.pem")) == TLS("/ca.pem")
    assert hash(TLS(Path("/ca.pem"))) == hash(TLS("/ca.pem"))
    assert pickle.loads(pickle.dumps(TLS("/ca.pem"))) == TLS("/ca.pem")


def test_importing_the_module_does_not_import_ssl():
    script = "import sys, aiodockerhub.wire.tls, aiodockerhub.wire.address; sys.exit('ssl' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("environ", [{}, {"DOCKER_TLS_VERIFY": ""}, {"DOCKER_TLS": ""}, {"DOCKER_CERT_PATH": "/certs"}])
def test_an_environment_that_asks_for_no_tls(environ, files):
    assert tls_from_environment(environ, files) is None


@pytest.mark.parametrize("value", ["1", "0", "false", "yes"])
def test_any_value_of_docker_tls_verify_asks_for_tls_that_checks(value, files):
    found = tls_from_environment({"DOCKER_TLS_VERIFY": value, "DOCKER_CERT_PATH": str(files)}, "/nowhere")
    assert found == TLS(files / "ca.pem", files / "cert.pem", files / "key.pem")
    assert tls_from_environment({"DOCKER_TLS_VERIFY": value, "DOCKER_CERT_PATH": ""}, files) == found


def test_docker_tls_alone_asks_for_tls_that_checks_nothing(files):
    found = tls_from_environment({"DOCKER_TLS": "1"}, files)
    assert found == TLS(cert=files / "cert.pem", key=files / "key.pem", verify=False)
    both = tls_from_environment({"DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": "1"}, files)
    assert both is not None
    assert both.verify


def test_a_client_without_a_certificate_needs_none(files):
    (files / "cert.pem").unlink()
    (files / "key.pem").unlink()
    assert tls_from_environment({"DOCKER_TLS_VERIFY": "1"}, files) == TLS(files / "ca.pem")


@pytest.mark.parametrize("missing", ["ca", "cert", "key"])
def test_one_missing_file_is_told_at_the_first_connection_and_never_passed_over(files, missing):
    (files / f"{missing}.pem").unlink()
    found = tls_from_environment({"DOCKER_TLS_VERIFY": "1"}, files)
    assert found is not None
    with pytest.raises(TLSFailed, match=rf"{missing}\.pem can't be read: No such file"):
        ssl_context(found)


def test_the_files_of_a_directory(files):
    (files / "key.pem").unlink()
    assert pem_files(files) == {"ca": files / "ca.pem", "cert": files / "cert.pem"}
    assert pem_files(files / "nowhere") == {}
    assert pem_files(files / "ca.pem") == {}


def _context_of_docker_s_recipe(directory: Path) -> ssl.SSLContext:
    """A server with a certificate as `openssl x509 -req -CA` of OpenSSL 3.0 makes it; ca.pem is left in `directory`."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    authority = (
        _unsigned(issuer, issuer, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    certificate = (
        _unsigned(issuer, subject, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "ca.pem").write_bytes(authority.public_bytes(pem))
    (directory / "server.pem").write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    return context


def _unsigned(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1)
    )
