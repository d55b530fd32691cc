"""Conversion of marshmallow and OpenAPI schemas to JSON Schema draft 7."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from components.http.api import count_members, describe_union

Node = dict[str, Any]
PREFIX = "#/components/schemas/"


def schema_converter(**options: Any) -> tuple[APISpec, Any]:
    """Return a converter with these `MarshmallowPlugin` options, and its collected schemas."""
    plugin = MarshmallowPlugin(**options)
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    converter: Any = plugin.converter
    converter.add_attribute_function(count_members)
    converter.add_attribute_function(describe_union)
    return spec, converter


class Schemas:
    """The named schemas of the AsyncAPI document."""

    def __init__(self, openapi_schemas: Mapping[str, Node]) -> None:
        self._openapi_schemas = openapi_schemas
        self._named: dict[str, Node] = {}
        self._spec, self._converter = schema_converter()
        self._converter.add_attribute_function(_empty_default)

    def of(self, schema: Schema) -> Node:
        return self._draft7(self._converter.schema2jsonschema(schema))

    def add(self, name: str, node: Node) -> Node:
        if self._named.setdefault(name, node) is not node:
            raise ValueError(f"duplicate schema name: {name}")
        return {"$ref": PREFIX + name}

    def all(self) -> dict[str, Node]:
        """Return the named schemas and all that they reference, sorted by name."""
        found: dict[str, Node] = {}
        pending = list(self._named)
        while pending:
            name = pending.pop()
            if name not in found:
                node = self._named.get(name) or self._draft7(self._referenced(name))
                found[name] = {"title": name, **node}
                pending += _references(node)
        return dict(sorted(found.items()))

    def _referenced(self, name: str) -> Node:
        node: Node = self._spec.components.schemas.get(name) or self._openapi_schemas[name]
        return node

    def _draft7(self, node: Node) -> Node:
        if "$ref" in node:
            # Draft 7 ignores the siblings of a reference.
            return {"$ref": node["$ref"]}
        plain = dict(node)
        if {"type": "null"} in plain.get("anyOf", ()):
            # Use a list of types, because client generators ignore null in `anyOf`.
            choice = next(one for one in plain.pop("anyOf") if one != {"type": "null"})
            if "$ref" in choice:
                choice = self._referenced(choice["$ref"].removeprefix(PREFIX))
            plain |= {**choice, "type": [choice["type"], "null"]}
        _rename(plain)
        if "properties" in plain:
            members = plain["properties"].items()
            plain["properties"] = {name: self._draft7(inner) for name, inner in members}
        if isinstance(plain.get("items"), dict):
            plain["items"] = self._draft7(plain["items"])
        return plain


def _rename(node: Node) -> None:
    if "discriminator" in node:
        # In AsyncAPI a discriminator is only a property name.
        node["discriminator"] = node["discriminator"]["propertyName"]
    if "example" in node:
        node["examples"] = [node.pop("example")]
    if "pattern" in node:
        node["pattern"] = node["pattern"].replace(r"\A", "^").replace(r"\Z", "$")


def record(
    members: Mapping[str, Node], optional: Collection[str] = (), description: str = ""
) -> Node:
    required = [name for name in members if name not in optional]
    described = {"description": description} if description else {}
    node = {"type": "object", **described, "properties": dict(members)}
    return {**node, "required": required} if required else node


def constant(value: str) -> Node:
    return {"type": "string", "const": value}


def pascal(name: str) -> str:
    """Convert snake case to the name of a class: `group_message` -> `GroupMessage`."""
    return "".join(word.capitalize() for word in name.split("_"))


def _empty_default(_: object, field: fields.Field[Any], ret: Node, **__: Any) -> Node:
    return {"default": field.load_default()} if field.load_default in (list, dict) else {}


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"].removeprefix(PREFIX)
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _references(inner)
