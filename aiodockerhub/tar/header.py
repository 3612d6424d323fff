"""The 512 bytes before each file of a tar, and what stands around it."""

from __future__ import annotations

import tarfile

__all__ = ["BLOCK", "END", "header", "padding", "small_file"]

BLOCK = 512

END = bytes(2 * BLOCK)
"""What closes an archive. Python's tarfile fills up to 10 KiB, which no reader asks for."""

_OCTAL_11 = 8**11


def header(
    name: str,
    kind: bytes,
    *,
    mode: int,
    mtime: int,
    size: int = 0,
    link: str = "",
    device: tuple[int, int] | None = None,
) -> bytes:
    """The header of one entry that belongs to root. Directories' names end with a slash.

    Names beyond 100 bytes or ASCII, and numbers beyond their fields, go into a PAX header before it; names that are no
    UTF-8 keep their bytes.
    """
    if device is None and _fits(name) and _fits(link) and 0 <= mtime < _OCTAL_11 and size < _OCTAL_11:
        return _plain(name.encode(), kind, mode, mtime, size, link.encode())
    entry = tarfile.TarInfo(name.rstrip("/") if kind == tarfile.DIRTYPE else name)
    entry.type, entry.mode, entry.mtime, entry.size, entry.linkname = kind, mode & 0o7777, mtime, size, link
    entry.devmajor, entry.devminor = device or (0, 0)
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    """What follows the content of a file of `size` bytes, up to the next header."""
    return bytes(-size % BLOCK)


def small_file(name: str, data: bytes) -> bytes:
    """A whole entry from memory, of 1970, which all may read."""
    head = header(name, tarfile.REGTYPE, mode=0o644, mtime=0, size=len(data))
    return b"".join((head, data, padding(len(data))))


def _fits(name: str) -> bool:
    return len(name) <= 100 and name.isascii()


def _plain(name: bytes, kind: bytes, mode: int, mtime: int, size: int, link: bytes) -> bytes:
    # a fifth of the time of TarInfo.tobuf, which counts where a context holds thousands of small files
    front = b"%b%07o\x000000000\x000000000\x00%011o\x00%011o\x00" % (name.ljust(100, b"\0"), mode & 0o7777, size, mtime)
    back = b"%b%bustar\x0000" % (kind, link.ljust(100, b"\0"))
    checksum = sum(front) + sum(back) + 8 * 0x20
    return (b"%b%06o\x00 %b" % (front, checksum, back)).ljust(BLOCK, b"\0")
