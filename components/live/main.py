"""GET /live, and the style sheet and the scripts of the page."""

from __future__ import annotations

from flask import Response

from components.http import api_blueprint
from components.live.page import live_page

blueprint = api_blueprint("live", __name__, "/live", "A page to ask for jobs and watch them.")
blueprint.template_folder = "templates"
blueprint.static_folder = "assets"
blueprint.static_url_path = "/assets"


@blueprint.route("")
@blueprint.response(200, description="A page", content_type="text/html", schema={"type": "string"})
def show_live() -> Response:
    """Show a page that asks for jobs on a WebSocket and draws what they make."""
    return live_page()
