"""The server's side of TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aiodockerhub.errors import BadParameter, TLSFailed

if TYPE_CHECKING:
    from aiodockerhub.wire.tls import TLS


def serving(tls: TLS) -> ssl.SSLContext:
    """A server's context that shows `tls.cert`; with `tls.ca`, clients have to show a certificate of it.

    Raises BadParameter where there is no certificate to show, TLSFailed for files that can't be used.
    """
    if tls.cert is None:
        raise BadParameter("a server needs a certificate: TLS(cert=..., key=...)")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    def no_password() -> str:
        # without it OpenSSL would ask on the terminal
        raise TLSFailed(f"the key of {tls.cert} is encrypted, which is not supported; give an ssl.SSLContext instead")

    try:
        context.load_cert_chain(tls.cert, tls.key, no_password)
        if tls.ca is not None:
            context.load_verify_locations(tls.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise TLSFailed(f"the certificate {tls.cert} can't be served: {reason}") from error
    return context
