"""Image references: parse, normalise, print.

A reference is `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`. What people type is short ("busybox"); what is meant is
long ("docker.io/library/busybox"). The rules are those of the Go package `distribution/reference`, which the
engines use.
"""

from __future__ import annotations

import dataclasses
import re

from aiodockerhub.errors import BadReference

__all__ = ["DEFAULT_TAG", "HUB", "Reference"]

HUB = "docker.io"
"""The registry that is meant when a reference names none."""

DEFAULT_TAG = "latest"
"""The tag that is meant when a reference has neither tag nor digest."""

_LEGACY_HUB = "index.docker.io"
_OFFICIAL = "library/"
_LONGEST_REPOSITORY = 255
_SHOWN = 200
"""Characters of a refused text that an error repeats."""

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX = re.compile(r"[a-f0-9]+")
_IDENTIFIER = re.compile(r"(?:sha256:)?[a-f0-9]{64}")


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """Which image is meant: a registry, a repository there, and a tag, a digest, both or neither.

    Always normalised: `Reference("docker.io", "busybox")` has the repository "library/busybox", and
    "index.docker.io" becomes "docker.io". Two references are equal when they mean the same image.

        ref = Reference.parse("busybox:1.36")
        ref.registry, ref.repository, ref.tag     # "docker.io", "library/busybox", "1.36"
        str(ref), ref.familiar                    # "docker.io/library/busybox:1.36", "busybox:1.36"

    Raises BadReference, which names the part that is wrong.
    """

    registry: str
    """Host, or host:port; IPv6 addresses in brackets."""
    repository: str
    """The path at the registry, at most 255 characters."""
    tag: str | None = None
    """None when there is none: "latest" is never assumed (see `with_default_tag`)."""
    digest: str | None = None
    """`ALGORITHM:HEX`, with sha256, sha384 or sha512."""

    def __post_init__(self) -> None:
        if self.registry == _LEGACY_HUB:
            object.__setattr__(self, "registry", HUB)
        if self.registry == HUB and "/" not in self.repository:
            object.__setattr__(self, "repository", _OFFICIAL + self.repository)
        _check_registry(self.registry)
        _check_repository(self.repository)
        if self.tag is not None:
            _check_tag(self.tag)
        if self.digest is not None:
            _check_digest(self.digest)

    @classmethod
    def parse(cls, text: str | Reference) -> Reference:
        """The reference that `text` means, short or long. A `Reference` is given back as it is.

        The first component is a registry when it has a dot, a colon or upper-case letters, or is "localhost".
        Image ids (64 hexadecimal digits, with or without "sha256:") are no references.
        Raises BadReference.
        """
        if isinstance(text, Reference):
            return text
        _check_whole(text)
        registry, remainder = _split_registry(text)
        name, at, digest = remainder.partition("@")
        repository, colon, tag = name.partition(":")
        try:
            return cls(registry, repository, tag if colon else None, digest if at else None)
        except BadReference as error:
            raise BadReference(f"image reference {_quoted(text)}: {error}") from None

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest: "docker.io/library/busybox"."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The shortest text that means the same: "busybox:1.36" for "docker.io/library/busybox:1.36"."""
        suffix = self._suffix
        if self.registry == HUB:
            for short in (self.repository.removeprefix(_OFFICIAL), self.repository):
                if self._is_meant_by(short + suffix):
                    return short + suffix
        return self.name + suffix

    def with_tag(self, tag: str | None) -> Reference:
        """The same with another tag, or with none; the digest stays. Raises BadReference."""
        return dataclasses.replace(self, tag=tag)

    def with_digest(self, digest: str | None) -> Reference:
        """The same with another digest, or with none; the tag stays. Raises BadReference."""
        return dataclasses.replace(self, digest=digest)

    def with_default_tag(self) -> Reference:
        """The same with the tag "latest" if it has neither tag nor digest."""
        return self.with_tag(DEFAULT_TAG) if self.tag is None and self.digest is None else self

    def __str__(self) -> str:
        return self.name + self._suffix

    @property
    def _suffix(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        return tag if self.digest is None else f"{tag}@{self.digest}"

    def _is_meant_by(self, text: str) -> bool:
        # "docker.io/foo.bar/baz" without its registry would name the registry foo.bar
        try:
            return Reference.parse(text) == self
        except BadReference:
            return False


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    return (first, rest) if slash and _names_registry(first) else (HUB, text)


def _names_registry(component: str) -> bool:
    return component == "localhost" or any(c in ".:" for c in component) or component != component.lower()


def _check_whole(text: object) -> None:
    if not isinstance(text, str):
        raise BadReference(f"an image reference is text, not {type(text).__name__}")
    if not text:
        raise BadReference("an image reference can't be empty")
    scheme, colon, _ = text.partition("://")
    if colon:
        raise BadReference(f"an image reference has no scheme: leave out {_quoted(scheme + colon)}")
    if _IDENTIFIER.fullmatch(text):
        raise BadReference(f"{_quoted(text)} is an image id: a reference names a repository")


def _check_registry(registry: str) -> None:
    # rpartition would cut an IPv6 address without a port in two
    host = _HOST.match(registry)
    if host is None or not re.fullmatch(r"(?::[0-9]+)?", registry[host.end() :]):
        raise BadReference(f"the registry {_quoted(registry)} is no host and no host:port")
    if not _names_registry(registry):
        raise BadReference(f"the registry {_quoted(registry)} needs a dot or a port, or it reads as a namespace")


def _check_repository(repository: str) -> None:
    if len(repository) > _LONGEST_REPOSITORY:
        raise BadReference(f"the repository is longer than {_LONGEST_REPOSITORY} characters")
    if repository != repository.lower():
        raise BadReference(f"the repository {_quoted(repository)} must be lower case")
    for component in repository.split("/"):
        if not component:
            raise BadReference(f"the repository {_quoted(repository)} has an empty component")
        if not _COMPONENT.fullmatch(component):
            raise BadReference(
                f"the repository component {_quoted(component)} must be letters and digits, "
                'with single ".", "_", "__" or dashes between them'
            )


def _check_tag(tag: str) -> None:
    if not _TAG.fullmatch(tag):
        raise BadReference(
            f"the tag {_quoted(tag)} must be 1 to 128 letters, digits, underscores, dots or dashes, "
            "the first of them no dot and no dash"
        )


def _check_digest(digest: str) -> None:
    algorithm, colon, encoded = digest.partition(":")
    if not colon:
        raise BadReference(f"the digest {_quoted(digest)} is not ALGORITHM:HEX")
    digits = _HEX_DIGITS.get(algorithm)
    if digits is None:
        raise BadReference(f"the digest algorithm {_quoted(algorithm)} is none of {', '.join(_HEX_DIGITS)}")
    if len(encoded) != digits or not _HEX.fullmatch(encoded):
        raise BadReference(f"the digest {_quoted(digest)} needs {digits} lower-case hexadecimal digits")


def _quoted(text: str) -> str:
    before, at, after = text.rpartition("@")
    if at and after.partition(":")[0] not in _HEX_DIGITS:
        text = f"...@{after}" if before else text  # what stands there may be user:password
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
