"""Reduce an engine API description to its facts: `reduce_engine_api.py v1.55.yaml engine-api/1.55.json`.

Kept are names, places, types, enums, defaults, what is required, nullable or left out when empty, and
status codes; prose and examples are not. One line of JSON a definition and an operation, sorted, so that
a diff of two versions reads like a list of what changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml  # PyYAML, which only this tool needs

_SCHEMA_FACTS = ("$ref", "enum", "format", "required", "title", "type", "x-nullable", "x-omitempty")
_PARAMETER_FACTS = ("collectionFormat", "default", "enum", "format", "in", "name", "required", "type")
_METHODS = ("get", "head", "post", "put", "delete", "patch")

Json = dict[str, Any]


def schema_facts(schema: Json) -> Json:
    """The schema without its prose, however deep."""
    facts = {key: schema[key] for key in _SCHEMA_FACTS if key in schema}
    if properties := schema.get("properties"):
        facts["properties"] = {name: schema_facts(inner) for name, inner in properties.items()}
    if parts := schema.get("allOf"):
        facts["allOf"] = [schema_facts(part) for part in parts]
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            facts[key] = schema_facts(inner)
    return facts


def parameter_facts(parameter: Json) -> Json:
    """A query, header or path parameter; the body's parameter carries a schema."""
    facts = {key: parameter[key] for key in _PARAMETER_FACTS if key in parameter}
    for key in ("items", "schema"):
        if key in parameter:
            facts[key] = schema_facts(parameter[key])
    return facts


def operation_facts(method: str, path: str, operation: Json) -> Json:
    """Method, path, parameters in the description's order, and the schema of each answer (null: no body)."""
    facts: Json = {
        "method": method.upper(),
        "path": path,
        "parameters": [parameter_facts(parameter) for parameter in operation.get("parameters", [])],
        "responses": {
            str(status): schema_facts(answer["schema"]) if "schema" in answer else None
            for status, answer in operation["responses"].items()
        },
    }
    if operation.get("deprecated"):
        facts["deprecated"] = True
    return facts


def reduced(description: Json) -> Json:
    """The whole description: its version, definitions by name, operations by operationId."""
    return {
        "version": str(description["info"]["version"]),
        "definitions": {name: schema_facts(schema) for name, schema in description["definitions"].items()},
        "operations": {
            operation["operationId"]: operation_facts(method, path, operation)
            for path, methods in description["paths"].items()
            for method, operation in methods.items()
            if method in _METHODS
        },
    }


def rendered(facts: Json) -> str:
    """JSON, one line for each definition and operation."""

    def table(entries: Json) -> str:
        lines = (
            f"{json.dumps(name)}:{json.dumps(entry, sort_keys=True, separators=(',', ':'), default=str)}"
            for name, entry in sorted(entries.items())
        )
        return "{\n" + ",\n".join(lines) + "\n}"

    return (
        f'{{"version":{json.dumps(facts["version"])},\n'
        f'"definitions":{table(facts["definitions"])},\n'
        f'"operations":{table(facts["operations"])}}}\n'
    )


def main() -> None:
    """Read the description named first, write its facts to the file named second."""
    source, target = map(Path, sys.argv[1:])
    description = yaml.load(source.read_text(encoding="utf-8"), yaml.CSafeLoader)
    target.write_text(rendered(reduced(description)), encoding="utf-8")


if __name__ == "__main__":
    main()
