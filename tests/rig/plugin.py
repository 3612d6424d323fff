"""A plugin as `docker plugin create` takes it: Debian's perl, listening where the engine looks, and silent."""

from __future__ import annotations

import json
from functools import cache

from .busybox import file, folder, tar_of
from .roots import root, run

_PERL = "/usr/bin/perl"
_LISTEN = """
$SIG{TERM} = sub { exit };
unlink $ARGV[0];
socket(LISTENING, 1, 1, 0) && bind(LISTENING, pack("S Z*", 1, $ARGV[0])) && listen(LISTENING, 5) or die $!;
sleep 60 while 1;
"""
PRIVILEGES = {"network": ["host"], "capabilities": ["CAP_SYS_ADMIN"]}
"""What it asks for."""
CAPABILITY = "example"
"""What it is, by the engine's filter."""


@cache
def archive(capabilities: tuple[str, ...] = tuple(PRIVILEGES["capabilities"])) -> bytes:
    """The archive, of about 7 MB; of a plugin that asks for other capabilities, or for none."""
    config = {
        "description": "listens",
        "documentation": "none",
        "entrypoint": [_PERL, "-e", _LISTEN, "/run/docker/plugins/listens.sock"],
        "interface": {"types": [f"docker.{CAPABILITY}/1.0"], "socket": "listens.sock"},
        "network": {"type": PRIVILEGES["network"][0]},
        "linux": {"capabilities": capabilities},
        "env": [{"name": "DEBUG", "value": "0", "settable": ["value"]}, {"name": "FIXED", "value": "1"}],
    }
    # perl and the libraries that it is linked with, where it looks for them
    needed = [_PERL, *(word for word in run("bookworm", "ldd", _PERL).split() if word.startswith("/"))]
    programs = [file(f"rootfs{name}", (root("bookworm") / name[1:]).read_bytes(), 0o755) for name in needed]
    folders = [folder(f"rootfs/{name}", 0o755) for name in ("dev", "etc", "proc", "run", "sys", "tmp")]
    return tar_of([file("config.json", json.dumps(config).encode()), *folders, *programs])
