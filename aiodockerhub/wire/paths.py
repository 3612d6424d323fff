"""Request paths and queries, quoted in this one place.

Engines undo the quoting before they route, clean the path, and answer `..%2F..%2Finfo` with a redirect to
`/info`. So quoting alone keeps no identifier where it belongs: what would change the path's shape is
refused here.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote

import msgspec

from aiodockerhub.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["path", "query", "written_path"]

# RFC 3986's unreserved characters, and those of "name:tag", "name@digest" and zone-like "+" that Go's
# routers leave as they are: podman matches the quoted path, so what needs no quotes gets none.
_RAW_IN_PATH = ":@+"
_SAFE_PART = re.compile(r"(?!\.{1,2}\Z)[\w.~:@+-]+", re.ASCII)
_RAW_IN_QUERY = ":@,/"
_SAFE_VALUE = re.compile(r"[\w.~:@,/-]*", re.ASCII)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKER = re.compile(r"(\{\*?\})")
_WRITTEN = re.compile(r"(?:/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+", re.ASCII)


def path(template: str, /, *parts: str) -> str:
    """The path that `template` makes with `parts`, quoted.

    `{}` takes one part as one segment (a slash in it is quoted); `{*}` takes an image's name, whose slashes
    stay. Raises BadParameter for a part that is no string, is empty, has an empty, `.` or `..` segment, or
    a control character.

        path("/images/{*}/json", "library/busybox:1.36") == "/images/library/busybox:1.36/json"
    """
    literals, markers = _cut(template)
    if not markers and not parts:
        return template
    if len(markers) != len(parts):
        raise BadParameter(f"{template} takes {len(markers)} names, not {len(parts)}")
    built = literals[0]
    for part, marker, literal in zip(parts, markers, literals[1:], strict=True):
        built += _quoted(part, marker) + literal
    return built


def written_path(text: str) -> str:
    """`text` itself, a path that its author has quoted already.

    Raises BadParameter where it can't be sent as it is. It begins with a slash, and has no query, no
    fragment, nothing unquoted, and no empty, `.` or `..` segment, not even a quoted one.
    """
    if not isinstance(text, str) or not text.startswith("/"):
        raise BadParameter(f"a path begins with a slash: {text!r}")
    if not _WRITTEN.fullmatch(text):
        raise BadParameter(f"a path has no query, and only URL characters, others percent-quoted: {text!r}")
    if text != "/":
        _refuse_odd_segments(unquote(text)[1:].removesuffix("/"), text)
    return text


def query(params: Mapping[str, object]) -> str:
    """`params` as a query with its leading `?`, or "" where nothing is left to send.

    The order is the mapping's. None is left out; True and False are `1` and `0`; a list, tuple or set
    repeats its key; a mapping becomes compact JSON (filters, build arguments). Numbers are written without
    an exponent. Raises BadParameter for what is none of these.
    """
    pairs: list[str] = []
    for name, value in params.items():
        if value is None:
            continue
        key = name if _SAFE_VALUE.fullmatch(name) else _quoted_value(name, name)
        if isinstance(value, (list, tuple, set, frozenset)):
            items = cast("Iterable[object]", value)
            pairs += [f"{key}={_encoded(name, item)}" for item in items]
        else:
            pairs.append(f"{key}={_encoded(name, value)}")
    return "?" + "&".join(pairs) if pairs else ""


@functools.lru_cache(maxsize=1024)
def _cut(template: str) -> tuple[list[str], list[str]]:
    """The template's literals, and the markers between them."""
    pieces = _MARKER.split(template)
    return pieces[::2], pieces[1::2]


def _quoted(part: str, marker: str) -> str:
    if not isinstance(part, str):
        raise BadParameter(f"a name is a string, not {type(part).__name__}")
    if _SAFE_PART.fullmatch(part):
        return part
    if not part:
        raise BadParameter("a name is empty")
    if _CONTROL.search(part):
        raise BadParameter(f"a name has a control character: {part!r}")
    _refuse_odd_segments(part, part)
    try:
        return quote(part, safe=_RAW_IN_PATH + "/" if marker == "{*}" else _RAW_IN_PATH)
    except UnicodeEncodeError as error:
        raise BadParameter(f"a name can't be written as UTF-8: {part!r}") from error


def _refuse_odd_segments(unquoted: str, shown: str) -> None:
    for segment in unquoted.split("/"):
        if segment in {".", ".."}:
            raise BadParameter(f"{segment!r} can't be a part of a path: {shown!r}")
        if not segment:
            raise BadParameter(f"an empty part, or a slash too many, in {shown!r}")


def _encoded(name: str, value: object) -> str:
    if isinstance(value, str):
        text = str(value)
    elif isinstance(value, bool):
        return "1" if value else "0"
    elif isinstance(value, int):
        return str(int(value))
    elif isinstance(value, float):
        return _decimal(name, value)
    elif isinstance(value, Mapping):
        text = _json(name, cast("Mapping[object, object]", value))
    else:
        raise BadParameter(f"{name}: a {type(value).__name__} can't be sent in a query")
    return text if _SAFE_VALUE.fullmatch(text) else _quoted_value(name, text)


def _decimal(name: str, value: float) -> str:
    if not math.isfinite(value):
        raise BadParameter(f"{name}: {value} is no finite number")
    text = repr(float(value))
    return f"{value:.9f}" if "e" in text else text  # engines read no exponents; nanoseconds are their finest unit


def _json(name: str, value: Mapping[object, object]) -> str:
    try:
        return msgspec.json.encode(dict(value)).decode()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadParameter(f"{name}: can't be written as JSON: {error}") from error


def _quoted_value(name: str, text: str) -> str:
    try:
        return quote(text, safe=_RAW_IN_QUERY)
    except UnicodeEncodeError as error:
        raise BadParameter(f"{name!r}: the value can't be written as UTF-8") from error
