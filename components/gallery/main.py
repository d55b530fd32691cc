"""Routes of the gallery."""

from __future__ import annotations

from flask import Response, redirect, request

from components.gallery.actions import (
    drawing_body,
    list_response,
    marks_body,
    refresh_index,
    visible_drawing,
)
from components.gallery.pictures import drawing_response, thumbnail_response
from components.gallery.schemas import (
    DrawingSchema,
    GalleryPageSchema,
    GalleryQuerySchema,
    LabelSchema,
    MarksSchema,
)
from components.http.access import Access, prefers_page
from components.http.api import api_blueprint
from components.http.formats import ExportQuery, export_query_schema, exported_reply
from components.http.pages import SVG_TYPE
from components.http.parameters import documented, path_parameter
from components.http.replies import json_response
from libraries import gallery
from libraries.job_manager import current_owner
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "gallery", __name__, "/gallery", "Finished drawings: search, label, keep and remove them."
)

DRAWING_ID_PARAMETER = path_parameter(
    "drawing_id", "The `id` of a drawing in the gallery.", "^[0-9a-f]{24}$"
)


@blueprint.route("", access=Access.KEY)
@blueprint.arguments(GalleryQuerySchema, location="query")
@blueprint.response(200, GalleryPageSchema, headers=documented("Link"))
@blueprint.problems(503)
def get_gallery(query: JsonObject) -> Response:
    """List your drawings, newest first.

    A drawing is listed once its job has finished, until the job expires or is deleted; kept drawings stay. `q` searches the
    title, the lettering, the pattern and the tags; the last word may be a prefix. Browsers are redirected to the page.
    """
    if prefers_page():
        return _redirect_to_page()
    return list_response(query)


@blueprint.route("/marks", access=Access.KEY)
@blueprint.response(200, MarksSchema)
@blueprint.problems(503)
def get_gallery_marks() -> Response:
    """List the patterns, tags and colours of your drawings, most frequent first."""
    return json_response(marks_body())


@blueprint.submits(
    "/reindex",
    access=Access.KEY,
    name="gallery_reindex",
    task="workers.gallery_tasks.reindex",
    timeout="1h",
    example={},
    message="Rebuild of the gallery index queued",
)
def reindex_gallery(_: JsonObject) -> JsonObject:
    """Rebuild the index of the gallery from the stored files.

    This also happens every night. The old index is used until the new one is complete.
    """
    return {}


@blueprint.route("/<drawing_id>", access=Access.KEY, parameters=[DRAWING_ID_PARAMETER])
@blueprint.response(200, DrawingSchema)
@blueprint.problems(404, 503)
def get_drawing(drawing_id: str) -> Response:
    """Show a drawing."""
    return json_response(drawing_body(visible_drawing(drawing_id)))


@blueprint.route(
    "/<drawing_id>", access=Access.KEY, methods=["PATCH"], parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.arguments(
    LabelSchema, example={"title": "Storm over Skye", "tags": ["blue-ink", "wall"]}
)
@blueprint.response(200, DrawingSchema)
@blueprint.problems(404, 503)
def label_drawing(label: JsonObject, drawing_id: str) -> Response:
    """Set the title and tags of a drawing.

    Omitted members do not change. `tags` replaces all tags; an empty `title` restores the default title.
    """
    refresh_index()
    return json_response(drawing_body(gallery.label_drawing(current_owner(), drawing_id, **label)))


@blueprint.route(
    "/<drawing_id>/keep", access=Access.KEY, methods=["POST"], parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.response(200, DrawingSchema)
@blueprint.problems(404)
@blueprint.queues()
def keep_drawing(drawing_id: str) -> Response:
    """Keep a drawing permanently.

    The file is copied and stays, even if the job expires or is deleted, until the drawing is removed.
    """
    refresh_index()
    return json_response(drawing_body(gallery.pin_drawing(current_owner(), drawing_id)))


@blueprint.route(
    "/<drawing_id>", access=Access.KEY, methods=["DELETE"], parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.response(204)
@blueprint.problems(404, 503)
def remove_drawing(drawing_id: str) -> Response:
    """Remove a drawing: its file, its kept copy, its title and its tags.

    The job stays, without its result.
    """
    refresh_index()
    gallery.remove_drawing(current_owner(), drawing_id)
    return Response(status=204)


@blueprint.route(
    "/<drawing_id>/drawing.svg", access=Access.TOKEN, parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.arguments(export_query_schema(), location="query")
@blueprint.response(200)
@blueprint.doc(
    responses={
        "200": exported_reply(
            SVG_TYPE, description="The drawing", headers=documented("Content-Disposition", "ETag")
        )
    }
)
@blueprint.problems(404, 406, 422, 429, 503)
def get_drawing_file(query: ExportQuery, drawing_id: str) -> Response:
    """Download a drawing.

    Returns SVG, unless `format` names another format or `Accept` prefers its media type; `GET /formats` lists them. Exports have
    at most 500,000 vertices.
    """
    return drawing_response(visible_drawing(drawing_id), query)


@blueprint.route(
    "/<drawing_id>/thumbnail.png", access=Access.TOKEN, parameters=[DRAWING_ID_PARAMETER]
)
@blueprint.response(
    200,
    content_type="image/png",
    schema={"type": "string", "format": "binary"},
    headers=documented("ETag"),
)
@blueprint.problems(404, 422, 503)
def get_thumbnail(drawing_id: str) -> Response:
    """Show a drawing as a small PNG, whose longer side has 360 pixels.

    It is drawn once and kept. Files of more than 7.5 MB are rejected with 422.
    """
    return thumbnail_response(visible_drawing(drawing_id))


def _redirect_to_page() -> Response:
    """Redirect to the gallery page with the same query."""
    query = request.query_string.decode("ascii", "ignore")
    page = "/gallery/page"
    response: Response = redirect(f"{page}?{query}" if query else page, 303)  # type: ignore[assignment]
    response.headers["Vary"] = "Accept"
    return response
