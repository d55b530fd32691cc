"""Conversion of marshmallow and OpenAPI schemas to JSON Schema draft 7."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from libraries.fields import OneOfField
from libraries.json_types import keywords_of

Node = dict[str, Any]
PREFIX = "#/components/schemas/"


class JsonText(fields.Raw):
    """A form field whose text is the JSON of another field."""

    def __init__(self, inner: fields.Field[Any], **options: Any) -> None:
        text = f"{inner.metadata.get('description', '')} As JSON text."
        super().__init__(metadata={"description": text}, **options)
        self.inner = inner


class SchemaConverter(OpenAPIConverter):
    """Also documents the checks of fields and schemas, the members of objects, and unions."""

    def init_attribute_functions(self) -> None:
        super().init_attribute_functions()  # type: ignore[no-untyped-call]
        self.attribute_functions += [
            self.describe_pattern,
            self.describe_checks,
            self.count_members,
            self.describe_union,
            self.describe_json_text,
        ]

    def schema2jsonschema(self, schema: Schema | type[Schema]) -> Node:
        node: Node = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        for name in getattr(schema, "may_be_empty", ()):
            node["properties"][name] = _or_empty(node["properties"][name])
        return node | keywords_of(schema)

    def describe_pattern(self, field: fields.Field[Any], ret: Node, **_: Any) -> Node:
        """Anchor a pattern as `Regexp` does, in the syntax of JSON Schema."""
        if "pattern" not in ret:
            return {}
        pattern = ret["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
        return {"pattern": pattern if pattern.startswith("^") else f"^(?:{pattern})"}

    def describe_checks(self, field: fields.Field[Any], **_: Any) -> Node:
        """Document what the checks of a field accept."""
        found: Node = {}
        for check in field.validators:
            found |= keywords_of(check)
        return found

    def count_members(self, field: fields.Field[Any], ret: Node, **_: Any) -> Node:
        """Document length limits of an object as `minProperties` and `maxProperties`."""
        if not isinstance(field, fields.Dict):
            return {}
        moved = {"minLength": "minProperties", "maxLength": "maxProperties"}
        return {word: ret.pop(name) for name, word in moved.items() if name in ret}

    def describe_union(self, field: fields.Field[Any], **_: Any) -> Node:
        """Document a `OneOfField` as a component with `oneOf` and a discriminator."""
        if not isinstance(field, OneOfField):
            return {}
        named = self.spec.components.schemas
        if field.union_name not in named:
            references = {
                name: self.resolve_nested_schema(field.choices[name].schema())["$ref"]  # type: ignore[no-untyped-call]
                for name in field.choices
            }
            union = {
                "oneOf": [{"$ref": reference} for reference in references.values()],
                "discriminator": {"propertyName": field.discriminator, "mapping": references},
            }
            self.spec.components.schema(field.union_name, union)
        return {"$ref": f"{PREFIX}{field.union_name}"}

    def describe_json_text(self, field: fields.Field[Any], **_: Any) -> Node:
        if not isinstance(field, JsonText):
            return {}
        content = {"contentMediaType": "application/json"}
        return {"type": "string", **content, "contentSchema": self.field2property(field.inner)}


class SchemaPlugin(MarshmallowPlugin):
    """Describes marshmallow schemas with `SchemaConverter`."""

    Converter = SchemaConverter


def schema_converter(**options: Any) -> SchemaConverter:
    """Return a converter with these `MarshmallowPlugin` options."""
    plugin = SchemaPlugin(**options)
    APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    assert isinstance(plugin.converter, SchemaConverter)  # noqa: S101 - for the type checker
    return plugin.converter


class Schemas:
    """The named schemas of the AsyncAPI document."""

    def __init__(self, openapi_schemas: Mapping[str, Node]) -> None:
        self._openapi_schemas = openapi_schemas
        self._named: dict[str, Node] = {}
        self._converter = schema_converter()
        self._converter.add_attribute_function(_empty_default)  # type: ignore[no-untyped-call]

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
        node: Node = (
            self._converter.spec.components.schemas.get(name) or self._openapi_schemas[name]
        )
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


def _or_empty(node: Node) -> Node:
    """Also accept the empty text instead of a value."""
    facts: Node = {
        name: node.pop(name) for name in ("description", "default", "example") if name in node
    }
    return {**facts, "anyOf": [node, {"type": "string", "maxLength": 0}]}


def _empty_default(_: object, field: fields.Field[Any], ret: Node, **__: Any) -> Node:
    return {"default": field.load_default()} if field.load_default in (list, dict) else {}


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"].removeprefix(PREFIX)
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _references(inner)


@lru_cache(maxsize=256)
def json_schema(schema: type[Schema]) -> Node:
    """Return a marshmallow schema as JSON Schema (draft 2020-12), with nested schemas inlined."""
    converter = schema_converter(schema_name_resolver=_no_name)
    return {"properties": {}, **converter.schema2jsonschema(schema)}


def _no_name(_: object) -> Any:
    """Return None, so that nested schemas are inlined instead of referenced."""
