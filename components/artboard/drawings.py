"""Simple artboards, drawn during the request, and the jobs of all others."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, json

from components.artboard.schemas import SIMPLE, CreateArtboard
from components.http.exports import JSON_TYPE, encoded
from components.http.formats import accepted_type, drawing_types
from components.http.idempotency import request_random
from components.http.pages import FILE_HEADERS
from components.http.submissions import JobPlan, find_source
from libraries.sheets.artboard import Artboard
from libraries.sheets.composition import Composition
from libraries.sheets.elements import Element
from libraries.sheets.elements.pictures import SvgElement
from libraries.sheets.page import MAX_SEED
from libraries.svg_builder import SVGBuilder

DRAW, COMPOSE = "workers.svg_tasks.generate_complex_svg", "workers.svg_tasks.draw_composition"


def draw_simple(artboard: CreateArtboard) -> Response | None:
    """Return a simple artboard as JSON, or as the drawing that the client prefers; None if not simple."""
    if artboard.complexity != SIMPLE:
        return None
    drawing = simple_drawing(artboard.width, artboard.height, artboard.pen_width)
    media_type = accepted_type([JSON_TYPE, *drawing_types()])
    if media_type == JSON_TYPE:
        return Response(json.dumps({"svg": drawing.to_string()}), content_type=JSON_TYPE)
    data = encoded(drawing, media_type)
    return Response(data, content_type=media_type, headers=FILE_HEADERS)


def simple_drawing(width: float, height: float, pen_width: float) -> SVGBuilder:
    """Return a page with a rectangle of 50 x 50 mm at (10, 10); all sizes are in mm.

    On a page narrower or shorter than 60 mm, the rectangle and its position are scaled down.
    """
    scale = min(1.0, width / 60, height / 60)
    svg = SVGBuilder(width, height, pen_width=pen_width)
    return svg.rect(10 * scale, 10 * scale, 50 * scale, 50 * scale)


def drawing_plan(artboard: CreateArtboard) -> JobPlan:
    """Return the job that draws an artboard; raise InvalidFields or TooComplex if it cannot be drawn."""
    drawing = artboard.drawing()
    after: tuple[str, ...] = ()
    if isinstance(drawing, Composition):
        drawing, after = _with_sources(drawing)
    drawing.check_cost()
    random = request_random()
    if drawing.seed is None:
        drawing = replace(drawing, seed=random.randint(0, MAX_SEED))
    if isinstance(drawing, Artboard):
        task, arguments, what = DRAW, drawing.arguments(pattern="pattern_type"), "Complex pattern"
    else:
        task, arguments, what = COMPOSE, drawing.arguments(), "Composition"
    name = f"artboards/artboard_{artboard.id or _summary(drawing)}.svg"
    return JobPlan(
        task=task,
        kwargs={**arguments, "output_filename": name},
        after=after,
        message=f"{what} queued for generation",
        members={"status": "generating", "seed": drawing.seed},
    )


def _with_sources(page: Composition) -> tuple[Composition, tuple[str, ...]]:
    """Return a page with stored SVGs by their paths, and the jobs that must finish before it is drawn."""
    elements: list[Element] = []
    after: list[str] = []
    for number, element in enumerate(page.elements or ()):
        if isinstance(element, SvgElement) and element.source is not None:
            found = find_source(element.source, "elements", str(number), "source")
            after += found.after
            element = replace(element, source=found.name)  # noqa: PLW2901
        elements.append(element)
    return replace(page, elements=elements), tuple(dict.fromkeys(after))


def _summary(drawing: Artboard | Composition) -> str:
    """Return the id of an artboard without one, such as `spiral_210x297mm_seed42`."""
    what = drawing.pattern if isinstance(drawing, Artboard) else "composition"
    return f"{what}_{drawing.width:g}x{drawing.height:g}mm_seed{drawing.seed}"
