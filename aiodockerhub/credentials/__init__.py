"""Who one is to a registry: the value, its headers, and where it is found when the caller names none."""

from aiodockerhub.credentials.credentials import (
    BuildCredentials,
    Credentials,
    CredentialsSource,
    build_header,
    server_key,
)
from aiodockerhub.credentials.store import CredentialStore

__all__ = ["BuildCredentials", "CredentialStore", "Credentials", "CredentialsSource", "build_header", "server_key"]
