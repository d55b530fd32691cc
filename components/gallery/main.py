"""The routes of the gallery."""

from __future__ import annotations

from flask import Response, redirect, request

from components.gallery.actions import (
    drawing_body,
    keep,
    label,
    list_response,
    marks_body,
    remove,
    shown_drawing,
)
from components.gallery.pictures import drawing_response
from components.gallery.schemas import (
    DrawingSchema,
    GalleryPageSchema,
    GalleryQuerySchema,
    LabelSchema,
    MarksSchema,
)
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.exports import exported_reply
from components.http.pages import SVG_TYPE
from components.http.replies import json_response, prefers
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "gallery", __name__, "/gallery", "Finished drawings: search, label, keep and remove them."
)

TEXT = {"schema": {"type": "string"}}
DRAWING_ID_PARAMETER = {
    "in": "path",
    "name": "drawing_id",
    "description": "The `id` of a drawing in the gallery.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
}


@blueprint.route("", access=Access.KEY)
@blueprint.arguments(GalleryQuerySchema, location="query")
@blueprint.response(200, GalleryPageSchema, headers={"Link": TEXT})
@blueprint.problems(503)
def get_gallery(query: JsonObject) -> Response:
    """List your drawings, the newest first.

    A drawing is here as soon as its job has finished, until its job expires, is deleted, or for good if it was kept. `q` finds
    words of the title, the lettering, the pattern and the tags; the last one may be the beginning of a word. A browser is sent to
    the page.
    """
    if prefers("text/html", rather_than="application/json"):
        return _to_page()
    return list_response(query)


@blueprint.route("/marks", access=Access.KEY)
@blueprint.response(200, MarksSchema)
@blueprint.problems(503)
def get_gallery_marks() -> Response:
    """List the patterns, tags and colours of your drawings, the most frequent first."""
    return json_response(marks_body())


@blueprint.submits(
    "/reindex",
    access=Access.KEY,
    name="gallery_reindex",
    task="workers.gallery_tasks.reindex",
    timeout="1h",
    example={},
    message="The index of the gallery will be built anew",
)
def reindex_gallery(_: JsonObject) -> JsonObject:
    """Build the index of the gallery anew, from the stored files.

    That is done each night by itself. The old index answers until the new one is whole.
    """
    return {}


@blueprint.route("/<drawing_id>", access=Access.KEY, parameters=[DRAWING_ID_PARAMETER])
@blueprint.response(200, DrawingSchema)
@blueprint.problems(404, 503)
def get_drawing(drawing_id: str) -> Response:
    """Show what is known of a drawing."""
    return json_response(drawing_body(shown_drawing(drawing_id)))


@blueprint.route(
    "/<drawing_id>", access=Access.KEY, methods=["PATCH"], parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.arguments(
    LabelSchema, example={"title": "Storm over Skye", "tags": ["blue-ink", "wall"]}
)
@blueprint.response(200, DrawingSchema)
@blueprint.problems(404, 503)
def label_drawing(asked: JsonObject, drawing_id: str) -> Response:
    """Give a drawing a title and tags.

    What is not sent stays as it is; `tags` replaces all tags, and an empty title gives the drawing its own back.
    """
    return json_response(drawing_body(label(drawing_id, asked)))


@blueprint.route(
    "/<drawing_id>/keep", access=Access.KEY, methods=["POST"], parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.response(200, DrawingSchema)
@blueprint.problems(404)
@blueprint.queues()
def keep_drawing(drawing_id: str) -> Response:
    """Keep a drawing for good.

    Its file is copied; it stays when its job expires or is deleted, until the drawing itself is removed.
    """
    return json_response(drawing_body(keep(drawing_id)))


@blueprint.route(
    "/<drawing_id>", access=Access.KEY, methods=["DELETE"], parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.response(204)
@blueprint.problems(404, 503)
def remove_drawing(drawing_id: str) -> Response:
    """Remove a drawing: its file, its kept copy, its title and its tags.

    Its job stays; its result is gone then.
    """
    remove(drawing_id)
    return Response(status=204)


@blueprint.route(
    "/<drawing_id>/drawing.svg", access=Access.TOKEN, parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.response(200)
@blueprint.doc(
    responses={"200": exported_reply(SVG_TYPE, description="The drawing", headers={"ETag": TEXT})}
)
@blueprint.problems(404, 406, 422, 429, 503)
def get_drawing_file(drawing_id: str) -> Response:
    """Fetch a drawing.

    It is SVG, unless `Accept` prefers one of the other media types.
    """
    return drawing_response(shown_drawing(drawing_id))


def _to_page() -> Response:
    """Send a browser to the page, with what it searches for."""
    query = request.query_string.decode("ascii", "ignore")
    page = "/gallery/page"
    response: Response = redirect(f"{page}?{query}" if query else page, 303)  # type: ignore[assignment]
    response.headers["Vary"] = "Accept"
    return response
