"""What the elements of a composition look like: their strokes and their outlines on the page, in mm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.geometry.area import Area
from libraries.geometry.clipping import (
    TooManyCrossings,
    clip_to_rectangle,
    clip_to_region,
    count_crossings,
    region_of,
)
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import (
    Matrix,
    applied,
    fitting,
    identity,
    magnification,
    rotation,
)
from libraries.patterns import cost_of_pattern, draw_pattern
from libraries.sheets.elements import BOX, CIRCLE, CUTTING, ELEMENTS, ELLIPSE, HULL, INK
from libraries.sheets.inscriptions import check_inscription, inscribed
from libraries.svg_builder import Hatching, hatch_lines
from libraries.svg_reader import read_svg
from libraries.svg_reader.foreign_xml import parse_svg
from libraries.svg_syntax.curves import FLATNESS
from libraries.svg_syntax.outlines import closed, ellipse_outline, rectangle_outline

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Watch = Callable[[float], None]
Element = Mapping[str, Any]

# A picture is drawn finer where it is enlarged, up to this factor.
LARGEST_FACTOR = 100.0
# Beyond it, the outline `ink` would take longer than the drawing.
MOST_INK = 50_000
MOST_CROSSINGS = 500
# Pictures up to this length are read whole before they are queued; longer ones are only parsed: reading may take seconds.
LONGEST_READ_AT_ONCE = 32_000
# What a picture has of vertices, at most, to a character of its text, if it has no arcs and repeats nothing.
VERTICES_PER_CHARACTER = 0.25


class EmptyPicture(InvalidInput):
    """Raised when a picture has no strokes, so that its element would draw nothing."""

    code = "empty-picture"


class TooTangled(InvalidInput):
    """Raised when the edges of a polygon cross each other too often for a clear inside and outside."""

    code = "too-tangled"


@dataclass(frozen=True)
class Figure:
    """An element as it is drawn.

    Attributes:
        coordinates: its vertices on the page, of shape (n, 2) in mm.
        offsets: where each stroke begins, and the end: shape (k + 1,).
        region: what it hides of the elements before it, None for nothing.
        missing_glyphs: characters that its font does not have, drawn as boxes.
        dropped: what was left out of a picture, such as `image`, and how often.
    """

    coordinates: Floats
    offsets: Integers
    region: BaseGeometry | None = None
    missing_glyphs: list[str] = field(default_factory=list)
    dropped: Mapping[str, int] = field(default_factory=dict)


def draw_figure(element: Element, room: Rectangle, seed: int, watch: Watch | None = None) -> Figure:
    """Return an element drawn on the page.

    Args:
        element: loaded by its schema in `libraries.sheets.elements`.
        room: the box of an element that has none of its own.
        seed: for a pattern without a seed of its own.
        watch: called now and then with the part of a pattern that is drawn by now, from 0 to 1.

    Raises:
        InvalidInput: a text does not fit, a picture cannot be read, or a polygon is too tangled.
        TooComplex: it would have too many points.
    """
    figure = _DRAW[element["type"]](element, _box_of(element, room), seed, watch)
    outline = _outline_of(element, _box_of(element, room), figure)
    if element.get("clip") and element["outline"] in CUTTING and outline is not None:
        figure = _cut(figure, outline)
    turn = _turn_of(element, room)
    region = _hidden(element, outline, figure) if element["opaque"] else None
    if element["rotate"] and region is not None:
        region = shapely.transform(region, lambda places: applied(turn, places))
    coordinates = applied(turn, figure.coordinates) if element["rotate"] else figure.coordinates
    return replace(figure, coordinates=coordinates, region=region)


def extent_of(element: Element, room: Rectangle) -> Rectangle:
    """Return the smallest upright rectangle around an element's box, or its corners, as it is turned."""
    if "points" in element:
        corners = np.array(element["points"], dtype=np.float64)
    else:
        box = _box_of(element, room)
        corners = np.array(
            [
                (box.left, box.top),
                (box.right, box.top),
                (box.right, box.bottom),
                (box.left, box.bottom),
            ]
        )
        if element["type"] in {CIRCLE, "star"} or element.get("outline") == CIRCLE:
            corners = _round(CIRCLE, box)
        elif ELLIPSE in {element["type"], element.get("outline")}:
            corners = _round(ELLIPSE, box)
    turned = applied(_turn_of(element, room), corners)
    (left, top), (right, bottom) = turned.min(axis=0).tolist(), turned.max(axis=0).tolist()
    return Rectangle(left, top, right, bottom)


def cost_of_figure(element: Element, room: Rectangle, *, thorough: bool = True) -> float:
    """Return how many points an element will have, about. What cannot be drawn is refused as by `draw_figure`.

    Args:
        element: loaded by its schema in `libraries.sheets.elements`.
        room: the box of an element that has none of its own.
        thorough: whether a picture is read whole; else it is only parsed.

    Raises:
        InvalidInput, TooComplex: see `draw_figure`.
    """
    cost = _COST[element["type"]](element, _box_of(element, room), thorough)
    if element["opaque"] and element.get("outline") == INK and cost > MOST_INK:
        raise InvalidInput(
            f"ink of more than {MOST_INK:,} points cannot hide anything",
            field="outline",
            hint="use the hull",
        )
    return cost


def is_read_at_once(pictures: Sequence[str]) -> bool:
    """Tell whether pictures are so small and plain that reading all of them takes a moment."""
    return sum(map(len, pictures)) <= LONGEST_READ_AT_ONCE and not any(
        "use" in picture for picture in pictures
    )


def _box_of(element: Element, room: Rectangle) -> Rectangle:
    box = element.get("box")
    if box is None:
        return room
    return Rectangle(box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])


def _turn_of(element: Element, room: Rectangle) -> Matrix:
    if not element["rotate"]:
        return identity()
    if "points" in element:
        corners = np.array(element["points"], dtype=np.float64)
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return rotation(element["rotate"], ((left + right) / 2, (top + bottom) / 2))
    return rotation(element["rotate"], _middle(_box_of(element, room)))


def _middle(box: Rectangle) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


# -- strokes


def _flat(lines: list[Floats]) -> Figure:
    return Figure(np.concatenate([np.zeros((0, 2)), *lines]), np.cumsum([0, *map(len, lines)]))


def _pattern(element: Element, box: Rectangle, seed: int, watch: Watch | None) -> Figure:
    own = seed if element["seed"] is None else element["seed"]
    lines = draw_pattern(
        element["pattern"], Area(box.width, box.height), element["params"], own, watch=watch
    )
    figure = _flat(lines)
    return Figure(np.add(figure.coordinates, (box.left, box.top)), figure.offsets)


def _text(element: Element, box: Rectangle, _: int, __: Watch | None) -> Figure:
    block = inscribed(element, box)
    figure = _flat(block.strokes)
    return Figure(figure.coordinates, figure.offsets, missing_glyphs=block.missing_glyphs)


def _svg(element: Element, box: Rectangle, _: int, __: Watch | None) -> Figure:
    reading = read_svg(
        element["svg"], tolerance=lambda page: _fineness(_way_into(element, page, box))
    )
    store = reading.document.store
    if not len(store):
        left = ", ".join(f"{name} ({times})" for name, times in sorted(reading.dropped.items()))
        hint = (
            f"a pen cannot draw what was left out: {left}" if left else "it needs a path or a shape"
        )
        raise EmptyPicture("this picture has no strokes to draw", field="svg", hint=hint)
    way = _way_into(element, reading.document.page, box)
    return Figure(applied(way, store.coordinates), store.offsets, dropped=reading.dropped)


def _way_into(element: Element, page: Rectangle, box: Rectangle) -> Matrix:
    return fitting(page, box, element["fit"], align=element["align"], vertical=element["vertical"])


def _fineness(way: Matrix) -> float:
    """Return how far lines may stay from curves of a picture that goes this way, in its own mm."""
    return FLATNESS / min(max(magnification(way), 1.0), LARGEST_FACTOR)


def _shape(element: Element, box: Rectangle, _: int, __: Watch | None) -> Figure:
    ring = _ring(element, box)
    lines = [ring] if element.get("edge", True) else []
    return _flat(
        [*lines, *(hatch_lines([ring], _hatching(element)) if element.get("hatch") else [])]
    )


def _check_tangle(ring: Floats) -> None:
    try:
        count_crossings([ring[:-1]], MOST_CROSSINGS)
    except TooManyCrossings:
        text = f"the edges of a polygon that is filled may cross each other {MOST_CROSSINGS} times"
        raise TooTangled(text, field="points", hint="make it simpler") from None


def _hatching(element: Element) -> Hatching:
    return Hatching(**element["hatch"])


def _ring(element: Element, box: Rectangle) -> Floats:
    """Return the edge of a shape: closed, but for lines."""
    kind = element["type"]
    if kind == "rect":
        radius = element["radius"]
        return rectangle_outline(
            (box.left, box.top), (box.width, box.height), (radius, radius), FLATNESS
        )
    if kind in {CIRCLE, ELLIPSE}:
        return _round(kind, box)
    if kind == "star":
        return _star(element, box)
    corners = np.array(element["points"], dtype=np.float64)
    return closed(corners) if kind == "polygon" else corners


def _round(kind: str, box: Rectangle) -> Floats:
    across, down = box.width / 2, box.height / 2
    radii = (across, down) if kind == ELLIPSE else (min(across, down), min(across, down))
    return ellipse_outline(_middle(box), radii, FLATNESS)


def _star(element: Element, box: Rectangle) -> Floats:
    """Return a star from its upper tip on, clockwise: its corners lie on two circles by turns."""
    x, y = _middle(box)
    outer, tips = min(box.width, box.height) / 2, element["tips"]
    angle = np.arange(2 * tips) * (math.pi / tips)
    far = np.where(np.arange(2 * tips) % 2 == 0, outer, outer * element["inner"])
    return closed(np.column_stack((x + far * np.sin(angle), y - far * np.cos(angle))))


# -- outlines


def _cut(figure: Figure, outline: BaseGeometry) -> Figure:
    left, top, right, bottom = outline.bounds
    # A box is cut without asking shapely.
    whole = outline.equals(shapely.box(left, top, right, bottom))
    clip = clip_to_rectangle if whole else clip_to_region
    cut = clip(
        figure.coordinates,
        figure.offsets,
        Rectangle(left, top, right, bottom) if whole else outline,  # type: ignore[arg-type]
    )
    return replace(figure, coordinates=cut.coordinates, offsets=cut.offsets)


def _outline_of(element: Element, box: Rectangle, figure: Figure) -> BaseGeometry | None:
    """Return the area inside an element's outline, before it is turned; None for lines, which have none."""
    kind = element.get("outline", element["type"])
    if kind == BOX:
        return shapely.box(box.left, box.top, box.right, box.bottom)
    if kind in {"line", "polyline", INK}:
        return None
    if kind == HULL:
        hull: BaseGeometry = shapely.convex_hull(shapely.MultiPoint(figure.coordinates))
        return hull
    return (
        shapely.Polygon(_round(kind, box))
        if "outline" in element
        else region_of([_ring(element, box)])
    )


def _hidden(element: Element, outline: BaseGeometry | None, figure: Figure) -> BaseGeometry:
    """Return what an opaque element hides: its outline, or its strokes, made wider by its halo."""
    halo = element["halo"]
    if outline is not None:
        return shapely.buffer(outline, halo) if halo else outline
    if not halo or not len(figure.coordinates):
        return shapely.Polygon()
    strokes = np.repeat(np.arange(len(figure.offsets) - 1), np.diff(figure.offsets))
    lines = shapely.linestrings(figure.coordinates, indices=strokes)
    return shapely.simplify(shapely.union_all(shapely.buffer(lines, halo, quad_segs=8)), FLATNESS)


# -- costs


def _pattern_cost(element: Element, box: Rectangle, _: bool) -> float:
    return cost_of_pattern(element["pattern"], Area(box.width, box.height), element["params"])


def _text_cost(element: Element, box: Rectangle, _: bool) -> float:
    return check_inscription(element, box)


def _svg_cost(element: Element, box: Rectangle, thorough: bool) -> float:
    if not thorough:
        parse_svg(element["svg"])
        return len(element["svg"]) * VERTICES_PER_CHARACTER
    return len(_svg(element, box, 0, None).coordinates)


def _shape_cost(element: Element, box: Rectangle, _: bool) -> float:
    """Return the corners of a shape and the ends of its hatching: lines of an edge's height over their distance cross it."""
    ring = _ring(element, box)
    filled = element["opaque"] or element.get("hatch")
    if element["type"] == "polygon" and filled:
        _check_tangle(ring)
    if not element.get("hatch"):
        return len(ring)
    hatching = _hatching(element)
    angles = (hatching.angle, hatching.angle + 90) if hatching.cross else (hatching.angle,)
    heights = [np.abs(np.diff(applied(rotation(-angle), ring)[:, 1])).sum() for angle in angles]
    return len(ring) + float(sum(heights)) / hatching.spacing


_Draw = Callable[[Element, Rectangle, int, Watch | None], Figure]
_Cost = Callable[[Element, Rectangle, bool], float]
_DRAW: Mapping[str, _Draw] = {
    **dict.fromkeys(ELEMENTS, _shape),
    "pattern": _pattern,
    "text": _text,
    "svg": _svg,
}
_COST: Mapping[str, _Cost] = {
    **dict.fromkeys(ELEMENTS, _shape_cost),
    "pattern": _pattern_cost,
    "text": _text_cost,
    "svg": _svg_cost,
}
