"""Drawing of artboards: at once, or by a job."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, json

from components.artboard.schemas import SIMPLE, CreateArtboard
from components.http.idempotency import request_random
from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.replies import prefers
from components.http.submissions import JobPlan
from libraries.sheets.artboard import Artboard
from libraries.sheets.page import MAX_SEED
from libraries.svg_builder import SVGBuilder

# The rectangle of a simple artboard in mm: its corner, its side, and the shortest page that holds it.
CORNER, SIDE, ROOM = 10, 50, 60
DRAW, COMPOSE = "workers.svg_tasks.generate_complex_svg", "workers.svg_tasks.draw_composition"


def draw_simple(artboard: CreateArtboard) -> Response | None:
    """Return the simple artboard: JSON, or SVG if the client prefers it; None for others."""
    if artboard.complexity != SIMPLE:
        return None
    drawing = simple_drawing(artboard.width, artboard.height, artboard.pen_width)
    if prefers(SVG_TYPE, rather_than="application/json"):
        response = Response(drawing, content_type=SVG_TYPE, headers=FILE_HEADERS)
    else:
        response = Response(json.dumps({"svg": drawing}), content_type="application/json")
    response.headers["Vary"] = "Accept"
    return response


def simple_drawing(width: float, height: float, pen_width: float) -> str:
    """Return a page in mm with a rectangle of 50 x 50 mm, its corner at (10, 10).

    A page shorter or narrower than 60 mm has no room for that and gets the rectangle and its distance in proportion.
    """
    scale = min(1.0, width / ROOM, height / ROOM)
    svg = SVGBuilder(width, height, pen_width=pen_width)
    return svg.rect(CORNER * scale, CORNER * scale, SIDE * scale, SIDE * scale).to_string()


def drawing_plan(artboard: CreateArtboard) -> JobPlan:
    """Return the job that draws an artboard.

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
    name = {"output_filename": file_name(artboard.id or f"{chance.getrandbits(64):016x}", token)}
    members = {"status": "generating", "seed": drawing.seed}
    if isinstance(drawing, Artboard):
        return JobPlan(
            kwargs={**drawing.arguments(pattern="pattern_type"), **name},
            message="Complex pattern queued for generation",
            members=members,
        )
    return JobPlan(
        task=COMPOSE,
        kwargs={**drawing.arguments(), **name},
        message="Composition queued for generation",
        members=members,
    )


def file_name(artboard_id: str, token: str) -> str:
    """Return the name of an artboard's file; `token` keeps requests with the same id apart."""
    return f"artboards/{token[:2]}/{token[2:]}/artboard_{artboard_id}.svg"
