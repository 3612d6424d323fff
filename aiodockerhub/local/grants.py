"""Grants: what the index hands out, and a registry shows it once to learn whether it is good."""

from __future__ import annotations

import secrets
from typing import Literal

Access = Literal["read", "write", "delete"]

# never redeemed by most clients: the oldest go, so that a hub that runs for weeks stays small
_OUTSTANDING = 10_000


class Grants:
    """The grants that were given and not used yet."""

    def __init__(self) -> None:
        self._good: dict[str, tuple[str, Access]] = {}

    def issue(self, repository: str, access: Access) -> str:
        """A new grant, good for one use, as it stands in headers."""
        grant = f'signature={secrets.token_hex(16)},repository="{repository}",access={access}'
        self._good[grant] = (repository, access)
        if len(self._good) > _OUTSTANDING:
            del self._good[next(iter(self._good))]
        return grant

    def redeem(self, grant: str, repository: str) -> Access | None:
        """What the grant allows on this repository, or None. Once told, the grant is used up."""
        granted = self._good.get(grant)
        if granted is None or granted[0] != repository:
            return None
        del self._good[grant]
        return granted[1]
