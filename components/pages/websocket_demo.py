"""GET /live and the assets of the page."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from components.http.submissions import OPERATIONS
from libraries.sheets.page import MAX_SEED

blueprint = api_blueprint(
    "live", __name__, "/live", "WebSocket demo page.", access=Access.OPEN, assets="live"
)


@blueprint.route("")
@blueprint.html_response()
def show_live() -> Response:
    """Show the page that submits and follows jobs on a WebSocket."""
    types = [name for name, one in OPERATIONS.items() if set(one.body().fields) == {"content"}]
    return script_page("live.html", types=types, largest_seed=MAX_SEED)
