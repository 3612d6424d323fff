"""Room for thousands of connections in one process."""

from __future__ import annotations

import resource


def allow_descriptors() -> None:
    """Raises the soft limit of open files to the hard one, since 1,024 is usual and 2,000 streams want more."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
