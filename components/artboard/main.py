"""POST /artboard/create."""

from __future__ import annotations

from flask import Response

from components.artboard.drawings import COMPOSE, DRAW, draw_simple, drawing_plan
from components.artboard.framed import RenderedSchema, sheet_response
from components.artboard.schemas import CreateArtboard, CreatedArtboardSchema, QueuedArtboardSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.formats import exported_reply
from components.http.pages import SVG_TYPE
from components.http.submissions import JobPlan
from libraries.sheets.framed import FramedSheet

artboard_bp = api_blueprint(
    "artboard", __name__, "/artboard", "Pages with one pattern or with several elements."
)


@artboard_bp.submits(
    "/create",
    access=Access.KEY,
    name="artboard",
    body=CreateArtboard.schema(),
    reply={
        200: (CreatedArtboardSchema, "Queued; drawn if `complexity` is `simple`"),
        202: (QueuedArtboardSchema, "Queued; the request had `Prefer: respond-async`"),
    },
    status=200,
    direct=draw_simple,
    draws=True,
    task=DRAW,
    other_tasks=(COMPOSE,),
    example={
        "width": 210,
        "height": 297,
        "pattern": "spiral",
        "id": "first",
        "params": {"pitch": 2},
        "seed": 7,
    },
)
def create_artboard(artboard: CreateArtboard) -> JobPlan:
    """Draw a pattern on a page.

    Queues a job and returns its URL in `Location`. If `complexity` is `simple`, the reply is the drawing itself: a rectangle of
    50 x 50 mm at (10, 10), scaled down on smaller pages. Send `Accept: image/svg+xml` to get it as SVG instead of JSON.

    To compose a page, send `elements` instead of `pattern`: patterns, texts, shapes and SVGs in boxes, on `layers` with their
    pens. Later elements are drawn on top; an `opaque` element hides everything below it.

    `GET /patterns` lists the patterns and their `params`. The request is validated before it is queued. Unknown members are ignored
    and listed under `ignored`, with a hint; a reply that is an SVG names them in the header `X-Ignored-Fields`.
    """
    return drawing_plan(artboard)


@artboard_bp.route("/render", access=Access.KEY, methods=["POST"])
@artboard_bp.arguments(
    FramedSheet.schema(),
    example={
        "render_style": "blueprint",
        "title": "Main terminal",
        "subtitle": "Ground floor",
        "size": "a3",
        "legend": [{"label": "Scale", "content": "1 : 500"}],
    },
)
@artboard_bp.response(200, RenderedSchema)
@artboard_bp.doc(responses={200: exported_reply(SVG_TYPE)})
@artboard_bp.problems(406, 503)
def render_artboard(sheet: FramedSheet) -> Response:
    """Draw an SVG in a frame with a title and a legend.

    Compatible with the route of this name in the Drawscape service. The sheet is drawn during the request; the SVG at
    `schematic_url` must arrive within 5 seconds. `POST /artboard/create` with `elements` composes other sheets.
    """
    return sheet_response(sheet)
