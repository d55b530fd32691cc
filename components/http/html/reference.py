"""The OpenAPI document prepared for the API reference page, with curl commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Node = dict[str, Any]

FORM = "multipart/form-data"
METHODS = ("get", "post", "put", "patch", "delete")
BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("maxProperties", "at most {} members"),
    ("pattern", "matches {}"),
)
PLURAL_OF_ONE = re.compile(r"(?<= 1 )(character|item|member)s\b")
IN_BRACES = re.compile(r"\{([^}]*)\}")
# Values of path parameters in curl commands; others stay placeholders.
EXAMPLE_NAMES = {"name": "spiral", "slug": "validation-error"}


@dataclass(frozen=True)
class FieldRow:
    """A row in a table of fields; `name` is dotted for nested fields, `default` is JSON or ""."""

    name: str
    kind: str
    limits: str
    default: str
    required: bool
    description: str


@dataclass(frozen=True)
class Reply:
    """A documented response of a route."""

    status: str
    description: str
    media_type: str
    fields: list[FieldRow]
    is_problem: bool


@dataclass(frozen=True)
class Operation:
    """A route with one method."""

    id: str
    method: str
    path: str
    summary: str
    description: list[str]
    parameters: list[FieldRow]
    body: list[FieldRow]
    replies: list[Reply]
    request: Node
    """The example request: `method`, `path`, `key`, and `body` as JSON or the names of `files`."""
    curl: str


@dataclass(frozen=True)
class Section:
    """The routes of one resource."""

    name: str
    description: str
    operations: list[Operation] = field(default_factory=list)


class Reference:
    """Reads an OpenAPI document; `base` is the address in the curl commands."""

    def __init__(self, document: Node, base: str) -> None:
        self.document = document
        self.base = base

    def sections(self) -> list[Section]:
        """Return the resources that have routes, in the order of the tags."""
        found = {
            tag["name"]: Section(tag["name"], tag.get("description", ""))
            for tag in self.document["tags"]
        }
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    section = found[item[method]["tags"][0]]
                    section.operations.append(self._operation(path, method, item))
        return [section for section in found.values() if section.operations]

    def _operation(self, path: str, method: str, item: Node) -> Operation:
        node = item[method]
        parameters = [*item.get("parameters", []), *node.get("parameters", [])]
        bodies: Node = node.get("requestBody", {}).get("content", {})
        content = bodies.get("application/json", {})
        example = content.get("example") or self._example(content.get("schema", {}))
        paragraphs = node.get("description", "").split("\n\n")
        return Operation(
            id=node["operationId"],
            method=method.upper(),
            path=path,
            summary=node.get("summary", ""),
            description=[" ".join(part.split()) for part in paragraphs if part.strip()],
            parameters=[self._parameter(one) for one in parameters],
            body=[row for body in bodies.values() for row in self._rows(body.get("schema", {}))],
            replies=[self._reply(status, one) for status, one in sorted(node["responses"].items())],
            **self._requested(path, method, node, example),
        )

    def _parameter(self, node: Node) -> FieldRow:
        schema = self._resolved(node.get("schema", {}))
        row = self._row(node["name"], schema, required=node.get("required", False))
        return replace(row, description=node.get("description", ""))

    def _reply(self, status: str, node: Node) -> Reply:
        node = self._resolved(node)
        offered: Node = node.get("content", {})
        media_type = next(iter(offered), "")
        content: Node = offered.get(media_type, {})
        problem = media_type == "application/problem+json"
        rows = [] if problem else list(self._rows(content.get("schema", {})))
        return Reply(status, node.get("description", ""), media_type, rows, problem)

    def rows(self, schema: Node) -> list[FieldRow]:
        """Return the rows of a schema, with those of nested fields."""
        return list(self._rows(schema))

    def _rows(self, schema: Node, prefix: str = "") -> Iterator[FieldRow]:
        schema = self._with_choices(self._resolved(schema))
        for name, node in schema.get("properties", {}).items():
            inner = self._resolved(node)
            yield self._row(prefix + name, inner, required=name in schema.get("required", []))
            items = self._resolved(inner.get("items", {}))
            yield from self._rows(items or inner, f"{prefix}{name}{'[]' if items else ''}.")

    def _with_choices(self, schema: Node) -> Node:
        """Add the properties of all choices; each description names the choices that have it."""
        choices: dict[str, str] = schema.get("discriminator", {}).get("mapping", {})
        owners: dict[str, list[str]] = {}
        found: dict[str, Node] = {}
        for choice, reference in choices.items():
            for name, node in self._resolved({"$ref": reference})["properties"].items():
                owners.setdefault(name, []).append(choice)
                found.setdefault(name, node)
        for name, of in owners.items():
            if len(of) < len(choices):
                text = f"{found[name].get('description', '')} For: {', '.join(of)}.".strip()
                found[name] = {**found[name], "description": text}
        return {**schema, "properties": found} if choices else schema

    def _row(self, name: str, schema: Node, *, required: bool) -> FieldRow:
        # A default of null only means that the field is optional.
        default = schema.get("default")
        shown = "" if default is None else json.dumps(default, ensure_ascii=False)
        return FieldRow(
            name, kind_of(schema), limits_of(schema), shown, required, schema.get("description", "")
        )

    def _resolved(self, node: Node) -> Node:
        """Resolve a `$ref` and merge the sibling keywords into it."""
        for choice in ("allOf", "anyOf", "oneOf"):
            parts = [part for part in node.get(choice, []) if part.get("type") != "null"]
            if len(parts) == 1:
                node = {**parts[0], **{key: value for key, value in node.items() if key != choice}}
        if "$ref" not in node:
            return node
        target: Node = self.document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        return {**self._resolved(target), **siblings}

    def _example(self, schema: Node) -> Node:
        """Return an object of the examples of the fields."""
        properties = self._resolved(schema).get("properties", {})
        nodes = {name: self._resolved(node) for name, node in properties.items()}
        return {name: node["example"] for name, node in nodes.items() if "example" in node}

    def _requested(self, path: str, method: str, node: Node, example: Node) -> Node:
        """Return the example request, and the curl command that sends it."""
        address = IN_BRACES.sub(lambda found: EXAMPLE_NAMES.get(found[1], found[1].upper()), path)
        key = bool(node.get("security", self.document.get("security")))
        one: Node = {"method": method.upper(), "path": address, "key": key}
        if "requestBody" in node:
            one |= {"file": True} if FORM in node["requestBody"]["content"] else {"body": example}
        return {"request": one, "curl": curl(self.base, one)}


def curl(base: str, request: Node) -> str:
    """Return the curl command of an example request to the service at the address `base`."""
    has_body = "body" in request or "file" in request
    option = "" if has_body or request["method"] == "GET" else f"-X {request['method']} "
    parts = [f"curl {option}{base}{request['path']}"]
    if request["key"]:
        parts.append("-H 'X-API-Key: KEY'")
    if "file" in request:
        parts.append("-F file=@FILE")
    elif has_body:
        body = json.dumps(request["body"], ensure_ascii=False).replace("'", "'\\''")
        parts += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    return " \\\n  ".join(parts)


def kind_of(schema: Node) -> str:
    """Return the type of a field in words, such as `number` or `list of string`."""
    kinds = schema.get("type", "any")
    if kinds == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if isinstance(kinds, str):
        return kinds
    return " or ".join(kind for kind in kinds if kind != "null")


def limits_of(schema: Node) -> str:
    """Return the limits of a field in words, such as `at least 1, at most 2000`.

    Long patterns are left out; they are for programs.
    """
    limits = [
        PLURAL_OF_ONE.sub(r"\1", words.format(_number(schema[key])))
        for key, words in BOUNDS
        if key in schema and (key != "pattern" or len(schema[key]) <= 40)  # noqa: PLR2004
    ]
    if "enum" in schema:
        choices = ", ".join(str(choice) for choice in schema["enum"] if choice is not None)
        limits.append(f"one of {choices}")
    return ", ".join(limits)


def _number(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
