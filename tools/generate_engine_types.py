"""Make `types.py` and `changes.py` from tools/engine-api: `generate_engine_types.py [DIRECTORY]`.

Every operation's body and answer is followed through the newest description that has it. What older
descriptions say of the same place is merged into the same class, so that a key survives its removal, and
a renamed schema has one name. Composed schemas (allOf) are flattened. A class that is both sent and
received is made twice.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from engine_api_corrections import ANSWERS, CORRECTIONS, MISPLACED, NULLABLE

Json = dict[str, Any]
Direction = Literal["sent", "received"]

TOOLS = Path(__file__).resolve().parent
ENGINE = TOOLS.parent / "aiodockerhub" / "engine"
WIDTH = tomllib.loads((TOOLS.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["line-length"]

# Lines of streams: described, but bound to no operation, since these answer with many of them.
STREAMED = ("BuildInfo", "CreateImageInfo", "PushImageInfo")
# What is inside, where the description names it only as a Go type.
INSIDE = {
    ("BuildCacheDiskUsage", "Items", "items"): "BuildCache",
    ("ContainersDiskUsage", "Items", "items"): "ContainerSummary",
    ("ImagesDiskUsage", "Items", "items"): "ImageSummary",
    ("NetworkInspect", "Services", "additionalProperties"): "ServiceInfo",
    ("VolumesDiskUsage", "Items", "items"): "Volume",
}
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

TYPES_HEAD = '''"""The engine's own JSON, as typed dicts: names and types of API {oldest} to {newest}.

Made by tools/generate_engine_types.py from tools/engine-api; do not edit.

One class a schema, a union over the described versions {versions}.

What is received has all its keys, but for those in `NotRequired`: some described version lacks them (the
comment tells which have them), or the description says that they may be left out. Engines leave out more
than they say, and may send null for an empty list or dict: read with `.get()` what you can do without.
Words are plain `str`, since an engine may have new ones. Unknown keys stay in the dict: nothing is
validated, nothing is lost.

What is sent needs no key as far as types go, and knows the engine's words as `Literal`. Where a schema is
both sent and received, the class that is sent ends with `Request`.
"""
'''

CHANGES_HEAD = '''"""What the engine API gained and lost from {oldest} to {newest}; what stayed is not here.

Made by tools/generate_engine_types.py from tools/engine-api and tools/engine_api_corrections.py, where each
correction has its source; do not edit.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CHANGES", "NEWEST", "OLDEST", "Change"]

OLDEST = "{oldest}"
"""The oldest described version."""
NEWEST = "{newest}"
"""The newest described version."""


class Change(NamedTuple):
    """An operation or a parameter that not every version has."""

    lacking: tuple[int, int] | None
    """The newest version that surely lacks it; None: the oldest has it."""
    needs: str
    """The version to ask for: the true first one where the history tells it, else the first described one."""
    gone: tuple[int, int] | None
    """The oldest version that surely dropped it; None: the newest has it."""


CHANGES: dict[str, dict[str, Change]] = {{
{entries}
}}
"""By operation, then by parameter ("" is the operation itself; "A.B" is key B of the body's key A)."""
'''


class Variant(NamedTuple):
    """A schema as one version describes it."""

    version: str
    schema: Json
    owner: str = ""
    """For a key that came by allOf: the definition that holds it, after which what is inside is named."""
    optional: bool = False
    """The schema lists its required keys, and this key is not among them."""


class Api:
    """The reduced descriptions, newest first."""

    def __init__(self, directory: Path) -> None:
        loaded = [json.loads(path.read_text(encoding="utf-8")) for path in directory.glob("*.json")]
        loaded.sort(key=lambda description: pair(description["version"]), reverse=True)
        self.descriptions: dict[str, Json] = {description["version"]: description for description in loaded}
        self.versions = list(self.descriptions)
        for (name, key, part), inside in INSIDE.items():
            for description in loaded:
                if definition := description["definitions"].get(name):
                    self.properties(definition)[key][part] = {"$ref": f"#/definitions/{inside}"}
        for (name, key), misplaced in MISPLACED.items():
            for description in loaded:
                if definition := description["definitions"].get(name):
                    outer = definition["properties"]
                    outer.update({one: outer[key]["properties"].pop(one) for one in misplaced.keys})
        for (operation, status), answered in ANSWERS.items():
            for description in loaded:
                description["operations"][operation]["responses"][status] = answered.schema

    @staticmethod
    def properties(definition: Json) -> Json:
        parts: list[Json] = [definition, *definition.get("allOf", [])]
        return {key: schema for part in parts for key, schema in part.get("properties", {}).items()}

    def operations(self) -> list[str]:
        names = (description["operations"] for description in self.descriptions.values())
        return sorted(set().union(*names))

    def operation(self, name: str) -> dict[str, Json]:
        """The operation in each version that has it, newest first."""
        return {
            version: description["operations"][name]
            for version, description in self.descriptions.items()
            if name in description["operations"]
        }

    def definition(self, variant: Variant) -> tuple[str, Variant]:
        """The name and schema behind a reference."""
        name = variant.schema["$ref"].rsplit("/", 1)[1]
        return name, Variant(variant.version, self.descriptions[variant.version]["definitions"][name])

    def keys(self, variant: Variant, owner: str = "") -> dict[str, Variant]:
        """The keys of an object, through references and allOf; empty for anything else."""
        version, schema = variant.version, variant.schema
        if "$ref" in schema:
            name, target = self.definition(variant)
            return self.keys(target, name)
        keys: dict[str, Variant] = {}
        for part in schema.get("allOf", []):
            keys |= self.keys(Variant(version, part), owner)
        required = schema.get("required")
        for key, inside in schema.get("properties", {}).items():
            keys[key] = Variant(version, inside, owner, required is not None and key not in required)
        return keys


def pair(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def unwrapped(schema: Json) -> Json:
    """allOf around one reference, which only serves to give it a description, is that reference."""
    parts = [part for part in schema.get("allOf", []) if part.keys() & {"$ref", "properties", "allOf"}]
    if len(parts) == 1 and "$ref" in parts[0] and not schema.get("properties"):
        return {**parts[0], **{key: schema[key] for key in ("x-nullable", "x-omitempty") if key in schema}}
    return schema


@dataclass
class Class:
    """A typed dict to write: its keys' variants, gathered from every place that leads to it."""

    name: str
    direction: Direction
    versions: set[str] = field(default_factory=set)
    keys: dict[str, list[Variant]] = field(default_factory=lambda: defaultdict(list))

    def add(self, version: str, keys: dict[str, Variant]) -> bool:
        """Take what one version says; False when it was here before."""
        self.versions.add(version)
        fresh = [(key, variant) for key, variant in keys.items() if variant not in self.keys[key]]
        for key, variant in fresh:
            self.keys[key].append(variant)
        return bool(fresh)

    def context(self, key: str) -> str:
        """The name of what is inside a key, if it has none of its own."""
        return (self.keys[key][0].owner or self.name) + pascal(key)


class Types:
    """All classes, found by walking from the operations."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.classes: dict[tuple[str, Direction], Class] = {}

    def gather(self) -> None:
        for operation in self.api.operations():
            described = self.api.operation(operation)
            self.walk(bodies(described), f"{operation}Request", "sent", titled=True)
            for status in sorted({status for facts in described.values() for status in facts["responses"]}):
                if status[0] in "123":
                    self.walk(answers(described, status), f"{operation}Response", "received", titled=True)
        for name in STREAMED:
            variants = [Variant(version, {"$ref": f"#/definitions/{name}"}) for version in self.api.versions]
            self.walk(variants, name, "received")

    def walk(self, variants: list[Variant], context: str, direction: Direction, *, titled: bool = False) -> None:
        """Register every class that these variants, one place in the API, lead to."""
        if not variants:
            return
        kind, context, variants = self.place(variants, context, titled=titled)
        if kind == "object":
            self.register(variants, context, direction)
        elif kind == "array":
            self.walk(inner(variants, "items"), f"{context}Item", direction, titled=titled)
        elif kind == "map":
            self.walk(inner(variants, "additionalProperties"), f"{context}Value", direction)

    def place(self, variants: list[Variant], context: str, *, titled: bool = False) -> tuple[str, str, list[Variant]]:
        """What stands here (object, array, map, scalar, free), its name, the variants that agree with it."""
        resolved: list[tuple[str, str, Variant]] = []
        for variant in variants:
            name, target = context, Variant(variant.version, unwrapped(variant.schema))
            if titled and target.schema.get("properties"):
                name = target.schema.get("title", context)
            while "$ref" in target.schema:
                name, target = self.api.definition(target)
            resolved.append((self.kind(target), name, target))
        told = [entry for entry in resolved if entry[0] != "free"] or resolved
        kind, name, _ = told[0]
        return kind, pascal(name), [target for other, _, target in told if other == kind]

    def kind(self, variant: Variant) -> str:
        schema = variant.schema
        if self.api.keys(variant):
            return "object"
        if schema.get("type") == "array":
            return "array"
        if schema.get("additionalProperties"):
            return "map"
        return "scalar" if schema.get("type") in SCALARS else "free"

    def register(self, variants: list[Variant], name: str, direction: Direction) -> None:
        found = self.classes.setdefault((name, direction), Class(name, direction))
        fresh = [found.add(variant.version, self.api.keys(variant)) for variant in variants]
        if any(fresh):
            for key, places in list(found.keys.items()):
                self.walk(places, found.context(key), direction)

    def written_name(self, name: str, direction: Direction) -> str:
        both = direction == "sent" and (name, "received") in self.classes
        return f"{name}Request" if both else name

    def expression(self, variants: list[Variant], context: str, direction: Direction) -> str:
        """The Python type of one place."""
        kind, context, variants = self.place(variants, context)
        if kind == "object":
            return self.written_name(context, direction)
        if kind == "array":
            return f"list[{self.element(inner(variants, 'items'), f'{context}Item', direction)}]"
        if kind == "map":
            places = inner(variants, "additionalProperties")
            return f"dict[str, {self.element(places, f'{context}Value', direction)}]"
        if kind == "scalar":
            return scalar(variants, direction)
        return "dict[str, Any]" if variants[0].schema.get("type") == "object" else "Any"

    def element(self, variants: list[Variant], context: str, direction: Direction) -> str:
        if not variants:
            return "Any"
        expression = self.expression(variants, context, direction)
        return f"{expression} | None" if nullable(variants) and expression != "Any" else expression

    def key_lines(self, found: Class, key: str) -> tuple[str, str]:
        """The type of a key, and the comment that says which described versions have it."""
        variants = found.keys[key]
        expression = self.element(variants, found.context(key), found.direction)
        answered = found.direction == "received"
        if answered and (found.name, key) in NULLABLE and not expression.endswith(" | None"):
            expression += " | None"
        having = {variant.version for variant in variants}
        if answered and (having != found.versions or left_out(variants)):
            expression = f"NotRequired[{expression}]"
        return expression, self.comment(having, found.versions)

    def comment(self, having: set[str], all_of: set[str]) -> str:
        if having == all_of:
            return ""
        ordered = [version for version in self.api.versions if version in having]
        newest, oldest = ordered[0], ordered[-1]
        if newest == max(all_of, key=pair):
            return f"from {oldest}"
        return f"to {newest}" if oldest == min(all_of, key=pair) else f"{oldest} to {newest}"

    def class_text(self, found: Class) -> str:
        name = self.written_name(found.name, found.direction)
        ordered = sorted(found.versions, key=pair)
        span = ordered[0] if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"
        about = f"`{found.name}`{', as it is sent' if name != found.name else ''}: API {span}."
        keys = {key: self.key_lines(found, key) for key in sorted(found.keys)}
        if not all(key.isidentifier() for key in keys):
            return functional(name, found.direction, keys, about)
        total = "" if found.direction == "received" else ", total=False"
        lines = [f"class {name}(TypedDict{total}):", f'    """{about}"""', ""]
        for key, (expression, comment) in keys.items():
            lines += declared(key, expression, comment)
        return "\n".join(lines) + "\n"

    def module(self) -> str:
        texts = {
            self.written_name(name, direction): self.class_text(found)
            for (name, direction), found in self.classes.items()
        }
        if len(texts) != len(self.classes):
            raise SystemExit("two schemas want the same class name")
        body = "\n\n".join(texts[name] for name in sorted(texts))
        imports = [word for word in ("Any", "Literal", "NotRequired", "TypedDict") if word in body]
        versions = self.api.versions[::-1]
        listed = f"{', '.join(versions[:-1])} and {versions[-1]}"
        head = TYPES_HEAD.format(oldest=versions[0], newest=versions[-1], versions=listed)
        head += f"\nfrom __future__ import annotations\n\nfrom typing import {', '.join(imports)}\n"
        return f"{head}\n\n{body}"


def pascal(name: str) -> str:
    """`os.version` -> `OsVersion`, `diff_ids` -> `DiffIds`; capitals stay as they are."""
    words = "".join(letter if letter.isalnum() else " " for letter in name).split()
    return "".join(word[:1].upper() + word[1:] for word in words)


def inner(variants: list[Variant], part: str) -> list[Variant]:
    return [Variant(variant.version, variant.schema[part]) for variant in variants if variant.schema.get(part)]


def schemas(variants: list[Variant]) -> list[Json]:
    return [variant.schema for variant in variants]


def bodies(described: dict[str, Json]) -> list[Variant]:
    return [
        Variant(version, parameter["schema"])
        for version, facts in described.items()
        for parameter in facts["parameters"]
        if parameter["in"] == "body"
    ]


def answers(described: dict[str, Json], status: str) -> list[Variant]:
    return [
        Variant(version, facts["responses"][status])
        for version, facts in described.items()
        if facts["responses"].get(status)
    ]


def nullable(variants: list[Variant]) -> bool:
    return any(schema.get("x-nullable") for schema in schemas(variants))


def left_out(variants: list[Variant]) -> bool:
    """Some version says that it leaves the key out when empty, or the newest does not require it."""
    return variants[0].optional or any(schema.get("x-omitempty") for schema in schemas(variants))


def scalar(variants: list[Variant], direction: Direction) -> str:
    """One type, or the union where versions differ; the words to choose from where something is sent."""
    if direction == "sent" and all(words(schema) for schema in schemas(variants)):
        choice = dict.fromkeys(word for schema in schemas(variants) for word in words(schema))
        return f"Literal[{', '.join(json.dumps(word) for word in choice)}]"
    return " | ".join(dict.fromkeys(scalar_name(schema) for schema in schemas(variants)))


def words(schema: Json) -> list[str | int]:
    return [word for word in schema.get("enum", []) if isinstance(word, str | int)]


def scalar_name(schema: Json) -> str:
    return "bytes" if schema.get("format") == "binary" else SCALARS[schema["type"]]


def declared(key: str, expression: str, comment: str) -> list[str]:
    """The line of a key, as ruff formats it."""
    line = f"    {key}: {expression}"
    if len(line) > WIDTH:
        line = wrapped(line)
    return [line + (f"  # {comment}" if comment else "")]


def wrapped(line: str) -> str:
    """A choice of many words, one a line."""
    before, _, rest = line.partition("Literal[")
    choice, _, after = rest.partition("]")
    inside = f"        {choice}"
    if len(inside) > WIDTH:
        inside = "".join(f"        {word},\n" for word in choice.split(", ")).rstrip("\n")
    return f"{before}Literal[\n{inside}\n    ]{after}"


def functional(name: str, direction: Direction, keys: dict[str, tuple[str, str]], about: str) -> str:
    """A class with keys that are no identifiers; its types are strings, which nothing else would delay."""
    lines = [f"{name} = TypedDict(", f'    "{name}",', "    {"]
    for key, (expression, comment) in keys.items():
        lines.append(f'        "{key}": "{expression}",' + (f"  # {comment}" if comment else ""))
    lines += ["    },", *([] if direction == "received" else ["    total=False,"]), ")", f'"""{about}"""']
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Interval:
    """Which versions have an operation, a parameter or a key; None: no bound within the described ones."""

    lacking: str | None
    needs: str
    gone: str | None

    def text(self) -> str:
        lacking, gone = (str(pair(bound)) if bound else "None" for bound in (self.lacking, self.gone))
        return f'Change({lacking}, "{self.needs}", {gone})'


def interval(having: set[str], among: list[str]) -> Interval | None:
    """Among versions from old to new; None where all have it."""
    first = min(among.index(version) for version in having)
    last = max(among.index(version) for version in having)
    if first == 0 and last == len(among) - 1:
        return None
    return Interval(
        lacking=among[first - 1] if first else None,
        needs=among[first],
        gone=among[last + 1] if last + 1 < len(among) else None,
    )


def parameter_names(api: Api, version: str, facts: Json) -> set[str]:
    """Query and header parameters, keys of the body, and keys of the objects in it."""
    names: set[str] = set()
    for parameter in facts["parameters"]:
        if parameter["in"] in ("query", "header"):
            names.add(parameter["name"])
        elif parameter["in"] == "body":
            for key, variant in api.keys(Variant(version, parameter["schema"])).items():
                names.add(key)
                names |= {f"{key}.{below}" for below in api.keys(variant)}
    return names


def intervals(api: Api) -> dict[str, dict[str, Interval]]:
    """What not every described version has, by operation and name; then the corrections."""
    among = api.versions[::-1]
    found: dict[str, dict[str, Interval]] = defaultdict(dict)
    for operation in api.operations():
        described = api.operation(operation)
        if whole := interval(set(described), among):
            found[operation][""] = whole
        having: dict[str, set[str]] = defaultdict(set)
        for version, facts in described.items():
            for name in parameter_names(api, version, facts):
                having[name].add(version)
        # a parameter as old as its operation is settled by the operation, a key by the object that holds it
        own = [version for version in among if version in described]
        for name, versions in having.items():
            holder = name.partition(".")[0]
            holding = own if holder == name else [version for version in own if version in having[holder]]
            if interval(versions, holding) and (change := interval(versions, among)):
                found[operation][name] = change
    return corrected(found)


def corrected(found: dict[str, dict[str, Interval]]) -> dict[str, dict[str, Interval]]:
    for (operation, name), correction in CORRECTIONS.items():
        change = found[operation].get(name)
        if change is None:
            raise SystemExit(f"nothing to correct: {operation}({name})")
        if correction.since:
            change = replace(change, lacking=previous(correction.since), needs=correction.since)
        if correction.gone or correction.harmless:
            change = replace(change, gone=correction.gone)
        found[operation][name] = change
    return {
        operation: kept
        for operation, names in found.items()
        if (kept := {name: change for name, change in names.items() if change.lacking or change.gone})
    }


def previous(version: str) -> str:
    major, minor = pair(version)
    return f"{major}.{minor - 1}"


def changes_module(api: Api) -> str:
    lines: list[str] = []
    for operation, names in sorted(intervals(api).items()):
        entries = [f'"{name}": {change.text()}' for name, change in sorted(names.items())]
        lines += [f'    "{operation}": {{', *(f"        {entry}," for entry in entries), "    },"]
    return CHANGES_HEAD.format(oldest=api.versions[-1], newest=api.versions[0], entries="\n".join(lines))


def main() -> None:
    """Write both modules into the directory named, or to their place."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ENGINE
    api = Api(TOOLS / "engine-api")
    types = Types(api)
    types.gather()
    (target / "types.py").write_text(types.module(), encoding="utf-8")
    (target / "changes.py").write_text(changes_module(api), encoding="utf-8")


if __name__ == "__main__":
    main()
