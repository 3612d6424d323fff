"""Both sides of a TLS connection with a certificate of an authority of the tests' own."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import trustme


def serving_tls(ca: trustme.CA, *names: str, **certificate: Any) -> ssl.SSLContext:
    """A server's: it has a certificate for these names, and wants none from its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **certificate).configure_cert(context)
    return context


def trusting(ca: trustme.CA) -> ssl.SSLContext:
    """A client's: it trusts the authority."""
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context
