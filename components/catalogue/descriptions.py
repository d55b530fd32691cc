"""JSON representation of patterns."""

from __future__ import annotations

from components.http.json_schemas import json_schema
from libraries.errors import NotFound, UnknownName
from libraries.json_types import JsonObject
from libraries.patterns import PATTERNS, Pattern


def find_pattern(name: str) -> Pattern:
    """Return a pattern by name; raise NotFound with a suggestion if it is unknown."""
    try:
        return PATTERNS[name]
    except UnknownName as error:
        text = f"{error}; {error.hint}" if error.hint else str(error)
        raise NotFound(text, code="pattern-not-found") from None


def describe_pattern(name: str, pattern: Pattern) -> JsonObject:
    """Return a pattern as a `PatternSchema`."""
    params = json_schema(pattern.schema)
    found = {name: field.get("default") for name, field in params["properties"].items()}
    defaults = {name: default for name, default in found.items() if default is not None}
    paragraphs = [" ".join(part.split()) for part in pattern.description.split("\n\n")]
    here = f"/patterns/{name}"
    return {
        "name": name,
        "summary": pattern.summary,
        "description": "\n\n".join(paragraphs),
        "params": params,
        "example": {"width": 210, "height": 297, "pattern": name, "params": defaults},
        "presets": [preset._asdict() for preset in pattern.presets],
        "links": {
            "self": here,
            "preview_svg": f"{here}/preview.svg",
            "preview_png": f"{here}/preview.png",
        },
    }
