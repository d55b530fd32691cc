"""POST /artboard/create."""

from __future__ import annotations

from flask import Response

from components.artboard.drawings import draw_simple, queue_artboard
from components.artboard.schemas import (
    SIMPLE,
    CreateArtboard,
    CreatedArtboardSchema,
    QueuedArtboardSchema,
)
from components.http.access import Access
from components.http.api import api_blueprint

artboard_bp = api_blueprint(
    "artboard",
    __name__,
    "/artboard",
    "Pages with a pattern on them, or composed of several elements.",
)

EXAMPLE = {
    "width": 210,
    "height": 297,
    "pattern": "spiral",
    "id": "first",
    "params": {"pitch": 2},
    "seed": 7,
}


@artboard_bp.route("/create", access=Access.KEY, methods=["POST"])
@artboard_bp.arguments(CreateArtboard.schema(), example=EXAMPLE)
@artboard_bp.response(
    200, CreatedArtboardSchema, description="Queued, or drawn if `complexity` was `simple`"
)
@artboard_bp.response(
    202, QueuedArtboardSchema, description="Queued, to a request with `Prefer: respond-async`"
)
@artboard_bp.queues(unless=lambda artboard: artboard.complexity == SIMPLE)
def create_artboard(artboard: CreateArtboard) -> Response:
    """Draw a pattern on a page.

    The drawing is queued; `Location` names the job to follow. With `complexity` set to `simple` the reply is a drawing at once, a
    rectangle of 50 x 50 mm with its corner at (10, 10), smaller on a page that has no room for it; ask for it as `image/svg+xml`
    to get it raw.

    `elements` in place of `pattern` compose the page: patterns, texts, shapes and other SVGs in boxes, on `layers` with pens of
    their own. Later elements lie in front; an `opaque` one hides what is drawn below it.

    `GET /patterns` lists the patterns and what their `params` may be. Everything is checked before it is queued.
    """
    return draw_simple(artboard) if artboard.complexity == SIMPLE else queue_artboard(artboard)
