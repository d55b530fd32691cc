"""Drawing of artboards: at once, or by a job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, json

from components.artboard.schemas import HIGH, CreateArtboard
from components.http.idempotency import request_random
from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.replies import accepted, prefers, prefers_async
from components.http.submissions import OPERATIONS, Operation
from components.http.webhook_fields import validate_webhook
from libraries.job_manager import JobOptions, submit
from libraries.sheets.artboard import Artboard
from libraries.sheets.page import MAX_SEED
from libraries.svg_builder import SVGBuilder

# The rectangle of a simple artboard in mm: its corner, its side, and the shortest page that holds it.
CORNER, SIDE, ROOM = 10, 50, 60
COMPOSE = "workers.svg_tasks.draw_composition"


def draw_simple(artboard: CreateArtboard) -> Response:
    """Return the simple artboard: JSON, or SVG for a client that prefers it. It needs no queue."""
    drawing = simple_drawing(artboard.width, artboard.height, artboard.pen_width)
    if prefers(SVG_TYPE, rather_than="application/json"):
        response = Response(drawing, content_type=SVG_TYPE, headers=FILE_HEADERS)
    else:
        response = Response(json.dumps({"svg": drawing}), content_type="application/json")
    response.headers["Vary"] = "Accept"
    return response


def simple_drawing(width: float, height: float, pen_width: float) -> str:
    """Return a page of `width` x `height` mm with a rectangle of 50 x 50 mm, its corner at (10, 10).

    A page shorter or narrower than 60 mm has no room for that and gets the rectangle and its distance in proportion.
    """
    scale = min(1.0, width / ROOM, height / ROOM)
    svg = SVGBuilder(width, height, pen_width=pen_width)
    return svg.rect(CORNER * scale, CORNER * scale, SIDE * scale, SIDE * scale).to_string()


def queue_artboard(artboard: CreateArtboard) -> Response:
    """Queue the drawing of an artboard, and return the reply that says so.

    Raises:
        InvalidInput: see `drawing_calls`.
        BadFields: the webhook may not be called.
        QueueFull: as many jobs wait as the queue may hold.
        QueueUnavailable: the broker cannot be reached.
    """
    (call,) = drawing_calls(artboard)
    options = JobOptions(
        at_front=artboard.priority == HIGH, webhook=validate_webhook(artboard.webhook)
    )
    job = submit(DRAW.task_for(call), kwargs=call, options=options)
    asked = prefers_async()
    message = (
        "Composition queued for generation"
        if "composition" in call
        else "Complex pattern queued for generation"
    )
    seed = call["composition"]["seed"] if "composition" in call else call["seed"]
    response = accepted(
        job, message, status_code=202 if asked else 200, status="generating", seed=seed
    )
    if asked:
        response.headers.add("Preference-Applied", "respond-async")
    return response


def drawing_calls(artboard: CreateArtboard) -> list[dict[str, Any]]:
    """Return the arguments of the one job that draws an artboard.

    Raises:
        InvalidFields: elements of a composition have no room, or cannot be read.
        TooComplex: the drawing would have too many points.
    """
    drawing = artboard.drawing()
    drawing.check_cost()
    chance = request_random()
    if drawing.seed is None:
        drawing = replace(drawing, seed=chance.randint(0, MAX_SEED))
    token = f"{chance.getrandbits(128):032x}"
    name = file_name(artboard.id or f"{chance.getrandbits(64):016x}", token)
    names = {"pattern": "pattern_type"} if isinstance(drawing, Artboard) else {}
    return [{**drawing.arguments(**names), "output_filename": name}]


def file_name(artboard_id: str, token: str) -> str:
    """Return the name of an artboard's file; the `token` keeps requests with the same id apart."""
    return f"artboards/{token[:2]}/{token[2:]}/artboard_{artboard_id}.svg"


def task_of(call: dict[str, Any]) -> str:
    """Return the task that draws what `drawing_calls` gave."""
    return COMPOSE if "composition" in call else DRAW.task


DRAW = OPERATIONS.add(
    "artboard",
    Operation(
        task="workers.svg_tasks.generate_complex_svg",
        schema=CreateArtboard.schema(),
        calls=drawing_calls,
        choose=task_of,
    ),
)
