"""GET /studio and the assets of the page."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from libraries.settings import UploadSettings

blueprint = api_blueprint(
    "studio", __name__, "/studio", "Studio page.", access=Access.OPEN, assets="studio"
)


@blueprint.route("")
@blueprint.html_response()
def show_studio() -> Response:
    """Show the studio, where drawings are designed, plotted and exported."""
    return script_page("studio.html", upload_limit=UploadSettings.current().upload_limit)
