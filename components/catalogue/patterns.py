"""GET /patterns, GET /patterns/<name> and previews."""

from __future__ import annotations

from flask import Response

from components.catalogue.descriptions import describe_pattern, find_pattern
from components.catalogue.pages import pattern_page, patterns_page
from components.catalogue.pattern_schemas import (
    PatternListSchema,
    PatternSchema,
    PreviewQuerySchema,
)
from components.catalogue.previews import PNG_TYPE, preview_response
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.pages import SVG_TYPE
from components.http.parameters import PAGE_REPLY, documented
from libraries.json_types import JsonObject
from libraries.patterns import PATTERNS

blueprint = api_blueprint("patterns", __name__, "/patterns", "Patterns and their parameters.")


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, PatternListSchema, headers=documented("ETag"))
@blueprint.doc(responses=PAGE_REPLY)
def list_patterns() -> Response:
    """List the patterns.

    Each has the JSON Schema of its `params` and an example body for `POST /artboard/create`.
    """
    return document_response(
        {"patterns": [describe_pattern(name, pattern) for name, pattern in PATTERNS.items()]}
    )


@blueprint.route("/<name>", access=Access.KEY)
@blueprint.response(200, PatternSchema)
@blueprint.doc(responses=PAGE_REPLY)
@blueprint.problems(404)
def get_pattern(name: str) -> JsonObject:
    """Show a pattern."""
    return describe_pattern(name, find_pattern(name))


@blueprint.route("/<name>/preview.svg", access=Access.KEY)
@blueprint.arguments(PreviewQuerySchema, location="query")
@blueprint.response(
    200,
    content_type=SVG_TYPE,
    schema={"type": "string"},
    description="A drawing of 105 x 148 mm",
    headers=documented("ETag"),
)
@blueprint.problems(404, 503)
def preview_svg(query: JsonObject, name: str) -> Response:
    """Preview a pattern as SVG."""
    find_pattern(name)
    return preview_response(name, query, SVG_TYPE)


@blueprint.route("/<name>/preview.png", access=Access.KEY)
@blueprint.arguments(PreviewQuerySchema, location="query")
@blueprint.response(
    200,
    content_type=PNG_TYPE,
    schema={"type": "string", "format": "binary"},
    description="PNG image",
    headers=documented("ETag"),
)
@blueprint.problems(404, 503)
def preview_png(query: JsonObject, name: str) -> Response:
    """Preview a pattern as PNG."""
    find_pattern(name)
    return preview_response(name, query, PNG_TYPE)


blueprint.browser_pages["patterns.list_patterns"] = patterns_page
blueprint.browser_pages["patterns.get_pattern"] = pattern_page
