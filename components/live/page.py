"""The page itself: forms, progress, the finished drawing, and the log of what was said on the WebSocket."""

from __future__ import annotations

from flask import Response, render_template

from components.http import VERSION, conditional
from components.operations import OPERATIONS
from libraries.drawing.artboard import LARGEST_SEED
from libraries.settings import get_settings

# Scripts and connections of this server alone; a drawing that needed a key to be fetched is shown from memory (`blob:`).
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def live_page() -> Response:
    """Return the page; it is open to all, and what it does needs a key where keys are set."""
    page = render_template(
        "live.html", version=VERSION, keys=bool(get_settings().api_keys), types=text_types(), largest_seed=LARGEST_SEED
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return conditional(response)


def text_types() -> list[str]:
    """Return the names of the job types that take a text and nothing else, in alphabetical order."""
    return [name for name, operation in OPERATIONS.items() if set(operation.schema().fields) == {"content"}]
