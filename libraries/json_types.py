"""Types of parsed JSON, and JSON Schema keywords of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

JsonObject = dict[str, Any]
"""A JSON object whose members are not validated yet, or belong to another service."""

Check = TypeVar("Check", bound=Callable[..., Any])


def described(**keywords: Any) -> Callable[[Check], Check]:
    """Attach JSON Schema keywords to a check or to a schema; it accepts nothing else.

    The OpenAPI and the AsyncAPI document repeat them for each field that has the check. Patterns are
    anchored, and have the syntax that Python and JavaScript share.
    """

    def decorate(check: Check) -> Check:
        check.json_schema = keywords  # type: ignore[attr-defined]
        return check

    return decorate


def any_text_of(*names: str) -> JsonObject:
    """Return JSON Schema keywords that require a text in one of the members `names`."""
    return {
        "anyOf": [{"required": [one], "properties": {one: {"type": "string"}}} for one in names]
    }


def keywords_of(check: object) -> JsonObject:
    """Return the keywords that `described` has attached to a check, if any."""
    found: JsonObject = getattr(check, "json_schema", {})
    return found
