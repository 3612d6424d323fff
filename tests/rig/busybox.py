"""A busybox image made of Debian's busybox-static, as a `docker save` archive: the same image on every engine."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from functools import cache

from .roots import root, run

NAME = "busybox:latest"


@cache
def archive() -> bytes:
    """The archive, of about 2 MB; what it holds depends on the package alone."""
    layer = tar_of(_layer())
    config = json.dumps(
        {
            "architecture": _architecture(),
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
            "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "busybox-static"}],
        }
    ).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [NAME], "Layers": ["layer.tar"]}]).encode()
    return tar_of([file(config_name, config), file("layer.tar", layer), file("manifest.json", manifest)])


def _layer() -> list[tuple[tarfile.TarInfo, bytes]]:
    program = (root("bookworm") / "bin" / "busybox").read_bytes()
    folders = [folder(name, 0o1777 if name == "tmp" else 0o755) for name in ("bin", "etc", "root", "tmp", "var")]
    files = [
        file("bin/busybox", program, 0o755),
        file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
        file("etc/group", b"root:x:0:\nnogroup:x:65534:\n"),
    ]
    names = sorted(set(run("bookworm", "busybox", "--list").split()) - {"busybox"})
    return folders + files + [_link(f"bin/{name}", "busybox") for name in names]


def _architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def file(name: str, content: bytes, mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    return info, content


def folder(name: str, mode: int) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return info, b""


def _link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


def tar_of(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
