"""What is uploaded: build contexts, made once a run in a folder of their own, and the same as ready tars."""

from __future__ import annotations

import random
import tarfile
from pathlib import Path

_FILES_A_FOLDER = 50
_LARGE_FILES = 3
_MIB = 1024 * 1024


def context(folder: str, kind: str, count: int) -> Path:
    """Where a context is: `small` of that many files, or `large` of that many MiB."""
    return Path(folder, f"{kind}-{count}")


def ready_tar(context: Path) -> Path:
    return context.with_name(f"{context.name}.tar")


def size(context: Path) -> int:
    """Bytes of all its files' contents: an upload of it can't be smaller."""
    return sum(file.stat().st_size for file in context.rglob("*") if file.is_file())


def make(folder: str, kind: str, count: int) -> None:
    place = context(folder, kind, count)
    if place.exists():
        return
    place.mkdir()
    (place / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    if kind == "small":
        _small_files(place, count)
    else:
        _large_files(place, count)
    with tarfile.open(ready_tar(place), "w") as tar:
        tar.add(place, ".")


def _small_files(place: Path, count: int) -> None:
    """Sources as they are found: 0.5 to 8 KiB each, in folders of 50."""
    chance = random.Random(count)
    for number in range(count):
        folder = place / f"package_{number // _FILES_A_FOLDER:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"module_{number:05}.py").write_bytes(chance.randbytes(chance.randint(512, 8192)))


def _large_files(place: Path, mib: int) -> None:
    block = random.Random(mib).randbytes(_MIB)
    for number in range(_LARGE_FILES):
        with (place / f"layer_{number}.bin").open("wb") as file:
            for _ in range(number, mib, _LARGE_FILES):
                file.write(block)
