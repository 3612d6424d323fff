"""An embedded hub on loopback, for trying and testing without the network."""

from __future__ import annotations

from aiodockerhub.local.accounts import User
from aiodockerhub.local.hub import HubRequest, LocalHub
from aiodockerhub.local.repositories import HubImage

__all__ = ["HubImage", "HubRequest", "LocalHub", "User"]
