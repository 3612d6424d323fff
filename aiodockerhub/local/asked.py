"""What a request names and carries, checked: numbers, and what the registry is asked: names, tags, digests, bodies."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from aiodockerhub.errors import BadReference
from aiodockerhub.local.answers import refused
from aiodockerhub.reference import Reference

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SHOWN = 200
# any registry will do where only a part of a reference is checked
_ANY = "localhost"


def repository(name: str) -> str:
    """The name, if it can be a repository's (distribution specification, Pulling manifests)."""
    try:
        return Reference(_ANY, name).repository
    except BadReference as error:
        raise refused(400, "NAME_INVALID", str(error), name=name[:_SHOWN]) from error


def digest(text: str) -> str:
    """The digest, if it is one of sha256, sha384 or sha512 (image specification, descriptor.md)."""
    try:
        Reference(_ANY, "any", digest=text)
    except BadReference as error:
        raise refused(400, "DIGEST_INVALID", str(error), digest=text[:_SHOWN]) from error
    return text


def tag(text: str) -> str:
    """The tag, if it can be one."""
    try:
        Reference(_ANY, "any", tag=text)
    except BadReference as error:
        raise refused(400, "TAG_INVALID", str(error), tag=text[:_SHOWN]) from error
    return text


def number(text: str) -> int | None:
    """A number of nine digits at most, or None: no page is beyond them, and longer ones cost time."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def count(text: str, most: int) -> int:
    """How many entries a page shall have."""
    given = number(text)
    if given is None or given > most:
        raise refused(400, "PAGINATION_NUMBER_INVALID", f"n is a number from 0 to {most}", n=text[:_SHOWN])
    return given


async def whole_body(request: web.Request, largest: int) -> bytes:
    """The body, if it has no more than `largest` bytes."""
    body = bytearray()
    async with contextlib.aclosing(body_of(request)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > largest:
                raise refused(413, "SIZE_INVALID", f"the body has more than {largest} bytes")
    return bytes(body)


async def body_of(request: web.Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes, in pieces of some 64 KiB."""
    try:
        async for chunk in request.content.iter_any():
            yield chunk
    except web.RequestPayloadError as error:
        raise refused(400, "SIZE_INVALID", "the body can't be decoded") from error
