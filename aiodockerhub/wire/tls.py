"""TLS: which certificates to trust and to show, and the `ssl` context made of them when it is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from aiodockerhub.errors import BadParameter, TLSFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

__all__ = ["TLS", "pem_files", "ssl_context", "tls_from_environment"]

# a bundle of every public CA is a fifth of it
_LARGEST_FILE = 1024 * 1024


class TLS(msgspec.Struct, frozen=True):
    """The files that TLS needs, as paths of PEM files; they are read at the first connection.

    `ca` holds the certificates to trust, and then only these; None trusts the system's. `cert` is shown to
    the server, `key` belongs to it (None: the key stands in `cert`'s file too). Keys with a password are
    not read. `verify=False` takes any certificate of any name: the connection is secret, but nobody knows
    from whom.

    Raises BadParameter for a key without a certificate, and for what is no path.
    """

    ca: str | os.PathLike[str] | None = None
    cert: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None
    verify: bool = True

    def __post_init__(self) -> None:
        for name in ("ca", "cert", "key"):
            msgspec.structs.force_setattr(self, name, _path(name, getattr(self, name)))
        if self.key is not None and self.cert is None:
            raise BadParameter("TLS: a key without its certificate; give cert= too")
        if not isinstance(self.verify, bool):
            raise BadParameter("TLS: verify is True or False; the CA's file goes into ca=")


def ssl_context(tls: Literal[True] | ssl.SSLContext | TLS) -> ssl.SSLContext:
    """The context that `tls` stands for: True is the system's CAs and no certificate of ours.

    Reads files and may take some 10 ms: once for each client, at its first connection. Raises TLSFailed,
    which names the file and what is wrong with it.
    """
    import ssl

    if isinstance(tls, ssl.SSLContext):
        return tls
    if tls is True:
        return _default_context()
    if not isinstance(tls, TLS):
        raise BadParameter(f"tls= takes True, an ssl.SSLContext or a TLS, not {type(tls).__name__}")
    context = _trusting(tls.ca)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert is not None:
        _show(context, tls.cert, tls.key)
    return context


def tls_from_environment(environ: Mapping[str, str], config_directory: str | os.PathLike[str]) -> TLS | None:
    """What DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH ask for, read as the docker CLI does.

    None without the first two. Any value but "" counts. `DOCKER_TLS` alone asks for TLS that checks
    nothing; `DOCKER_CERT_PATH` alone for none. The files are `ca.pem`, and `cert.pem` and `key.pem` where
    they exist, in `DOCKER_CERT_PATH`, else in `config_directory`.
    """
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not environ.get("DOCKER_TLS"):
        return None
    directory = Path(environ.get("DOCKER_CERT_PATH") or config_directory)
    files = pem_files(directory)
    # where one of the two exists the other is needed: its absence is told at the first connection
    shown = "cert" in files or "key" in files
    return TLS(
        ca=directory / "ca.pem" if verify else None,
        cert=directory / "cert.pem" if shown else None,
        key=directory / "key.pem" if shown else None,
        verify=verify,
    )


def pem_files(directory: Path) -> dict[str, Path]:
    """Those of the CLI's `ca.pem`, `cert.pem` and `key.pem` that exist in `directory`, by `TLS`'s names for them."""
    files = {name: directory / f"{name}.pem" for name in ("ca", "cert", "key")}
    return {name: file for name, file in files.items() if _exists(file)}


def _exists(file: Path) -> bool:
    """Also where one may not look: reading the file says so later, leaving it out would say nothing."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        pass
    return True


def _path(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)):
        raise BadParameter(f"TLS: {name} is the path of a PEM file, not {type(value).__name__}")
    path: object = os.fspath(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if not isinstance(path, str) or not path:
        raise BadParameter(f"TLS: {name} is the path of a PEM file, not {path!r}")
    if "\0" in path:
        raise BadParameter(f"TLS: {name} is no path: {path!r}")
    return path


def _trusting(ca: str | os.PathLike[str] | None) -> ssl.SSLContext:
    import ssl

    if ca is None:
        return _default_context()
    _check(ca, "CA")
    try:
        context = _default_context(ca)
    except (OSError, ValueError) as error:
        raise TLSFailed(f"the CA {ca} holds no certificate that can be read: {_reason(error)}") from error
    # Python 3.13 and later refuse certificates without an authority key id; docker's own recipe makes such
    # ones
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _default_context(ca: str | os.PathLike[str] | None = None) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context(cafile=ca)
    # set by Python 3.11.2: a connection that is cut would pass for one that has ended
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


def _show(context: ssl.SSLContext, cert: str | os.PathLike[str], key: str | os.PathLike[str] | None) -> None:
    import ssl

    _check(cert, "certificate")
    if key is not None:
        _check(key, "key")
    holder = f"the key {key}" if key is not None else f"the certificate's file {cert}"

    def no_password() -> str:
        # without it OpenSSL would ask on the terminal
        raise TLSFailed(f"{holder}: the key is encrypted, which is not supported; give an ssl.SSLContext instead")

    try:
        context.load_cert_chain(cert, key, no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TLSFailed(f"{holder} does not belong to the certificate {cert}") from error
        raise TLSFailed(f"the certificate {cert} and {holder} can't be used: {_reason(error)}") from error
    except (OSError, ValueError) as error:
        raise TLSFailed(f"the certificate {cert} and {holder} can't be used: {_reason(error)}") from error


def _check(path: str | os.PathLike[str], what: str) -> None:
    """Says what is wrong with a file before OpenSSL does, which names none."""
    file = Path(path)
    try:
        regular = file.stat() and file.is_file()
        content = b""
        if regular:
            with file.open("rb") as opened:
                content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise TLSFailed(f"the {what} {path} can't be read: {error.strerror or error}") from error
    if not regular:
        raise TLSFailed(f"the {what} {path} is no regular file")
    if len(content) > _LARGEST_FILE:
        raise TLSFailed(f"the {what} {path} has more than {_LARGEST_FILE} bytes")
    if b"-----BEGIN " not in content:
        raise TLSFailed(f"the {what} {path} is no PEM file")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
