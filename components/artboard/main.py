"""POST /artboard/create."""

from __future__ import annotations

from components.artboard.drawings import COMPOSE, DRAW, draw_simple, drawing_plan
from components.artboard.schemas import (
    CreateArtboard,
    CreatedArtboardSchema,
    QueuedArtboardSchema,
)
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.submissions import JobPlan

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


@artboard_bp.submits(
    "/create",
    access=Access.KEY,
    name="artboard",
    body=CreateArtboard.schema(),
    reply={
        200: (CreatedArtboardSchema, "Queued, or drawn if `complexity` was `simple`"),
        202: (QueuedArtboardSchema, "Queued, to a request with `Prefer: respond-async`"),
    },
    status=200,
    direct=draw_simple,
    task=DRAW,
    other_tasks=(COMPOSE,),
    example=EXAMPLE,
)
def create_artboard(artboard: CreateArtboard) -> JobPlan:
    """Draw a pattern on a page.

    The drawing is queued; `Location` names the job to follow. With `complexity` set to `simple` the reply is a drawing at once, a
    rectangle of 50 x 50 mm with its corner at (10, 10), smaller on a page that has no room for it; ask for it as `image/svg+xml`
    to get it raw.

    `elements` in place of `pattern` compose the page: patterns, texts, shapes and other SVGs in boxes, on `layers` with their
    pens. Later elements are in front; an `opaque` one hides what is drawn below it.

    `GET /patterns` lists the patterns and what their `params` may be. Everything is checked before it is queued.
    """
    return drawing_plan(artboard)
