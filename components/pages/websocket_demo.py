"""GET /live, and the style sheet and the scripts of the page."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from components.http.submissions import OPERATIONS
from libraries.sheets.page import MAX_SEED

blueprint = api_blueprint(
    "live",
    __name__,
    "/live",
    "A page to ask for jobs and watch them.",
    access=Access.OPEN,
    assets="live",
)


@blueprint.route("")
@blueprint.response(200, description="A page", content_type="text/html", schema={"type": "string"})
def show_live() -> Response:
    """Show a page that asks for jobs on a WebSocket and draws what they make."""
    return script_page("live.html", types=text_types(), largest_seed=MAX_SEED)


def text_types() -> list[str]:
    """Return the names of the job types that take a text and nothing else, in alphabetical order."""
    return [
        name
        for name, operation in OPERATIONS.items()
        if set(operation.body().fields) == {"content"}
    ]
