"""What a manifest says about itself and names below it.

Source: OCI image specification, manifest.md and image-index.md.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from aiodockerhub.decoding import decoded
from aiodockerhub.errors import BadParameter

_OCI = "application/vnd.oci.image."
_DOCKER = "application/vnd.docker.distribution."
IMAGES = frozenset({_OCI + "manifest.v1+json", _DOCKER + "manifest.v2+json"})
INDEXES = frozenset({_OCI + "index.v1+json", _DOCKER + "manifest.list.v2+json"})
# their bytes are elsewhere, by licence
_ABSENT = ("foreign", "nondistributable")


class Descriptor(msgspec.Struct, rename="camel"):
    """What a manifest names: a digest and how many bytes it stands for."""

    digest: str
    size: int
    media_type: str = ""


class _Document(msgspec.Struct, rename="camel"):
    schema_version: int | None = None
    media_type: str | None = None
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    manifests: list[Descriptor] | None = None


class Manifest(NamedTuple):
    """A manifest's type, and the blobs and manifests that have to be there before it."""

    media_type: str
    blobs: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]


def read(body: bytes, content_type: str) -> Manifest:
    """Read an image manifest or an index, of OCI's or of Docker's type.

    `content_type` may be empty, and so may the `mediaType` inside, but they may not differ. Raises BadParameter.
    """
    document = _document(body)
    said = {kind for kind in (document.media_type, content_type) if kind}
    if len(said) > 1:
        raise BadParameter(f"the manifest calls itself {document.media_type}, and was sent as {content_type}")
    kind = said.pop() if said else _guessed(document)
    if document.schema_version != 2:
        raise BadParameter("only manifests of schema version 2 are kept here")
    if kind in IMAGES:
        return Manifest(kind, _image(document), ())
    if kind in INDEXES:
        return Manifest(kind, (), _index(document))
    raise BadParameter(f"{kind} is no type of manifest that is kept here")


def _document(body: bytes) -> _Document:
    try:
        return decoded(body, _Document)
    except ValueError as error:
        raise BadParameter(f"not the JSON of a manifest: {error}") from error


def _guessed(document: _Document) -> str:
    return _OCI + ("manifest.v1+json" if document.manifests is None else "index.v1+json")


def _image(document: _Document) -> tuple[Descriptor, ...]:
    # one document that is both would be read in two ways by two readers
    if document.config is None or document.layers is None or document.manifests is not None:
        raise BadParameter("an image's manifest has a config and layers, and no manifests")
    layers = (layer for layer in document.layers if not any(word in layer.media_type for word in _ABSENT))
    return document.config, *layers


def _index(document: _Document) -> tuple[Descriptor, ...]:
    if document.manifests is None or document.layers is not None or document.config is not None:
        raise BadParameter("an index has manifests, and neither config nor layers")
    return tuple(document.manifests)
