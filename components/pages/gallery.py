"""GET /gallery/page and the assets of the page."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from libraries.sheets.papers import PAPERS

blueprint = api_blueprint(
    "gallery_page", __name__, "/gallery", tag="gallery", access=Access.OPEN, assets="gallery"
)


@blueprint.route("/page")
@blueprint.html_response()
def show_gallery() -> Response:
    """Show the gallery page."""
    papers = [(name, paper.title) for name, paper in PAPERS.items()]
    return script_page("gallery.html", papers=papers)
