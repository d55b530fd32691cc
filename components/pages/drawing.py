"""The page of a drawing or of a job, and its assets."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from components.http.parameters import path_parameter

files = api_blueprint(
    "drawing", __name__, "/drawing", tag="gallery", access=Access.OPEN, assets="drawing"
)
pages = api_blueprint("drawing_page", __name__, "/gallery", tag="gallery", access=Access.OPEN)
blueprints = (files, pages)


@pages.route(
    "/<drawing_id>/page",
    parameters=[path_parameter("drawing_id", "The `id` of a drawing.", "^[0-9a-f]{24}$")],
)
@pages.html_response()
def show_drawing(drawing_id: str) -> Response:
    """Show the page of a drawing: its plot, its recipe and its files.

    The page is the same for each id; its script fetches the drawing, with a key or with the token of a link.
    """
    return drawing_page()


def drawing_page() -> Response:
    response = script_page("drawing.html")
    response.vary.add("Accept")
    return response


pages.browser_pages["jobs.get_job"] = drawing_page
