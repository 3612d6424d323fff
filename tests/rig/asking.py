"""One HTTP request, with nothing but the standard library: what prepares the tests owes nothing to what they test."""

from __future__ import annotations

import http.client
import socket
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(
    base_url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    timeout: float = 60,
) -> tuple[int, bytes]:
    """Status and body of the answer.

    `base_url` is unix:///socket, http://host:port or https://host:port; `timeout` is in seconds.
    """
    url = urlsplit(base_url)
    connection: http.client.HTTPConnection
    if url.scheme == "unix":
        connection = _UnixConnection(url.path, timeout)
    elif url.scheme == "https":
        connection = http.client.HTTPSConnection(url.netloc, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(url.netloc, timeout=timeout)
    sent = dict(headers or {})
    if login is not None:
        sent["Authorization"] = "Basic " + b64encode(":".join(login).encode()).decode()
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
