"""Patterns as clients see them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from marshmallow import Schema

from components.http.json_schemas import schema_converter
from libraries.errors import NotFound, UnknownName
from libraries.json_types import JsonObject
from libraries.patterns import PATTERNS, Pattern

A4_WIDTH, A4_HEIGHT = 210, 297


def find_pattern(name: str) -> Pattern:
    """Return the pattern called `name`.

    Raises:
        NotFound: there is none; the text lists those that are.
    """
    try:
        return PATTERNS[name]
    except UnknownName as error:
        text = f"{error}; {error.hint}" if error.hint else str(error)
        raise NotFound(text, code="pattern-not-found") from None


def describe_pattern(name: str, pattern: Pattern) -> JsonObject:
    """Return a pattern as the JSON object of `PatternSchema`."""
    params = json_schema(pattern.schema)
    defaults = {
        name: field["default"]
        for name, field in params["properties"].items()
        if field.get("default") is not None
    }
    return {
        "name": name,
        "summary": pattern.summary,
        "description": "\n\n".join(
            " ".join(part.split()) for part in pattern.description.split("\n\n")
        ),
        "params": params,
        "example": {"width": A4_WIDTH, "height": A4_HEIGHT, "pattern": name, "params": defaults},
        "links": {
            "self": f"/patterns/{name}",
            "preview_svg": f"/patterns/{name}/preview.svg",
            "preview_png": f"/patterns/{name}/preview.png",
        },
    }


@lru_cache(maxsize=256)
def json_schema(schema: type[Schema]) -> JsonObject:
    """Return the JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of a marshmallow schema, with nested ones written out."""
    _, converter = schema_converter(schema_name_resolver=_no_name)
    return {"properties": {}, **converter.schema2jsonschema(schema)}


def _no_name(_: object) -> Any:
    """Give a nested schema no name to be referred to by, so that it is written out where it is used."""
