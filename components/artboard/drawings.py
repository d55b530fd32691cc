"""The two ways of making an artboard: at once, and by a job."""

from __future__ import annotations

from typing import Any

from flask import Response, json

from components.artboard.schemas import SIMPLE
from components.http.idempotency import request_random
from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.replies import prefers
from components.http.submissions import JobPlan
from libraries.sheets.artboard import LARGEST_SEED, check_artboard
from libraries.sheets.composition import check_composition, composition_of, is_composition
from libraries.svg_builder import SVGBuilder

# The rectangle of a simple artboard in mm: its corner, its side, and the shortest page that holds it.
CORNER, SIDE, ROOM = 10, 50, 60
DRAW, COMPOSE = "workers.svg_tasks.generate_complex_svg", "workers.svg_tasks.draw_composition"


def draw_simple(artboard: dict[str, Any]) -> Response | None:
    """Return the simple artboard: JSON, or the SVG itself for a client that asks for it; None for one that is to be queued."""
    if artboard["complexity"] != SIMPLE:
        return None
    drawing = simple_drawing(artboard["width"], artboard["height"], artboard["pen_width"])
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


def drawing_plan(artboard: dict[str, Any]) -> JobPlan:
    """Return the job that draws an artboard.

    Raises:
        InvalidFields: elements of a composition have no room, or cannot be read.
        TooComplex: the drawing would have too many points.
    """
    composed = is_composition(artboard)
    check_composition(artboard) if composed else check_artboard(artboard)
    chance = request_random()
    seed = chance.randint(0, LARGEST_SEED) if artboard["seed"] is None else artboard["seed"]
    token = f"{chance.getrandbits(128):032x}"
    name = file_name(artboard["id"] or f"{chance.getrandbits(64):016x}", token)
    members = {"status": "generating", "seed": seed}
    if composed:
        return JobPlan(
            task=COMPOSE,
            kwargs={
                "composition": composition_of({**artboard, "seed": seed}),
                "output_filename": name,
            },
            message="Composition queued for generation",
            members=members,
        )
    call = {
        "width": artboard["width"],
        "height": artboard["height"],
        "pattern_type": artboard["pattern"],
        "output_filename": name,
        "params": artboard["params"],
        "seed": seed,
        "margin": artboard["margin"],
        "pen_width": artboard["pen_width"],
        "encoding": artboard["encoding"],
    }
    return JobPlan(kwargs=call, message="Complex pattern queued for generation", members=members)


def file_name(artboard_id: str, token: str) -> str:
    """Return the name of an artboard's file, in a folder of its own: two requests with one id do not overwrite each other."""
    return f"artboards/{token[:2]}/{token[2:]}/artboard_{artboard_id}.svg"
