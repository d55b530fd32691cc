"""The schemas of the AsyncAPI document: JSON Schema draft 7, made of marshmallow schemas and those of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from components.http.api import count_members, describe_union

Node = dict[str, Any]

HERE = "#/components/schemas/"
NULL = {"type": "null"}


class Schemas:
    """The schemas of a document by name. What a named one refers to comes along by itself."""

    def __init__(self, described: Mapping[str, Node]) -> None:
        """Begin with none; `described` are the named schemas of the OpenAPI document, which can be referred to."""
        self._described = described
        self._named: dict[str, Node] = {}
        plugin = MarshmallowPlugin()
        self._spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
        converter: Any = plugin.converter
        converter.add_attribute_function(count_members)
        converter.add_attribute_function(empty_default)
        converter.add_attribute_function(describe_union)
        self._converter = converter

    def of(self, schema: Schema) -> Node:
        """Return what a marshmallow schema takes."""
        return self._plain(self._converter.schema2jsonschema(schema))

    def add(self, name: str, node: Node) -> Node:
        """Keep a schema under a name of its own, and return a reference to it."""
        if self._named.setdefault(name, node) is not node:
            raise ValueError(f"two schemas are called {name}")
        return {"$ref": HERE + name}

    def all(self) -> dict[str, Node]:
        """Return every schema that was named, and those that they refer to, each with its name as its title."""
        found: dict[str, Node] = {}
        pending = list(self._named)
        while pending:
            name = pending.pop()
            if name not in found:
                found[name] = {
                    "title": name,
                    **(self._named.get(name) or self._plain(self._foreign(name))),
                }
                pending += references(found[name])
        return dict(sorted(found.items()))

    def _foreign(self, name: str) -> Node:
        node: Node = self._spec.components.schemas.get(name) or self._described[name]
        return node

    def _plain(self, node: Node) -> Node:
        """Return a schema of OpenAPI 3.1 in the words of draft 7."""
        if node.get("$ref"):
            # Whatever stands beside a reference is not read.
            return {"$ref": node["$ref"]}
        plain = dict(node)
        if NULL in node.get("anyOf", []):
            # As one object that may be null: generators of clients lose the null of a choice.
            del plain["anyOf"]
            plain |= self._or_null(next(choice for choice in node["anyOf"] if choice != NULL))
        if "discriminator" in plain:
            plain["discriminator"] = plain["discriminator"]["propertyName"]
        if "example" in plain:
            plain["examples"] = [plain.pop("example")]
        if "pattern" in plain:
            plain["pattern"] = plain["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
        if "properties" in plain:
            plain["properties"] = {
                name: self._plain(inner) for name, inner in plain["properties"].items()
            }
        if isinstance(plain.get("items"), dict):
            plain["items"] = self._plain(plain["items"])
        return plain

    def _or_null(self, choice: Node) -> Node:
        inner = self._foreign(choice["$ref"].removeprefix(HERE)) if "$ref" in choice else choice
        return {**inner, "type": [inner["type"], "null"]}


def empty_default(_converter: object, field: fields.Field[Any], ret: Node, **_: Any) -> Node:
    """Document that what may be left out is an empty list or object then."""
    return {"default": field.load_default()} if field.load_default in (list, dict) else {}


def references(node: object) -> Iterator[str]:
    """Yield the names of the schemas that a schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(HERE)
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def record(
    fields: Mapping[str, Node], optional: Collection[str] = (), description: str = ""
) -> Node:
    """Return the schema of an object with these fields."""
    said = {"description": description} if description else {}
    required = [name for name in fields if name not in optional]
    return {
        "type": "object",
        **said,
        "properties": dict(fields),
        **({"required": required} if required else {}),
    }


def constant(value: str) -> Node:
    """Return the schema of a text that is always the same."""
    return {"type": "string", "const": value}


def pascal(name: str) -> str:
    """Return a name in words joined by `_` as the name of a class: `group_message` becomes `GroupMessage`."""
    return "".join(word.capitalize() for word in name.split("_"))
