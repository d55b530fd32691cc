"""GET /patterns and GET /patterns/<name>."""

from __future__ import annotations

from typing import Any

from components.http import api_blueprint
from components.patterns.catalogue import describe_pattern, find_pattern
from components.patterns.schemas import PatternListSchema, PatternSchema
from libraries.patterns import PATTERNS

blueprint = api_blueprint("patterns", __name__, "/patterns", "What can be drawn, and what each drawing can be told.")


@blueprint.route("")
@blueprint.response(200, PatternListSchema)
def list_patterns() -> dict[str, Any]:
    """List the patterns.

    Each comes with the JSON Schema of its `params` and with a body for `POST /artboard/create`.
    """
    return {"patterns": [describe_pattern(name, pattern) for name, pattern in PATTERNS.items()]}


@blueprint.route("/<name>")
@blueprint.response(200, PatternSchema)
@blueprint.problems(404)
def get_pattern(name: str) -> dict[str, Any]:
    """Show one pattern."""
    return describe_pattern(name, find_pattern(name))
