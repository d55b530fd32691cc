"""Hatching: a shape filled with lines, in layers that follow the light."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import shapely
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.fields import WholeNumber, millimetres, tolerance_field
from libraries.geometry.area import LONGEST_SIDE, Area
from libraries.geometry.curves import arc_chords
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.patterns.catalogue import Polyline, pattern

ROOM, CIRCLE, POLYGON, STAR, OUTLINE = "room", "circle", "polygon", "star", "outline"
LINES, CROSS, ZIGZAG, CONTOUR, SCRIBBLE = "lines", "cross", "zigzag", "contour", "scribble"
# Pieces shorter than this, in mm, look like stray dots.
STUB = 1.5
MOST_CORNERS = 100
THINNEST = 1e-3
# A loop of a scribble has at least so many points, and is at most so many spacings wide from its middle.
LOOP, WIDEST_LOOP = 12, 1.45
# What cutting a line with the shape costs beside its two points.
CUT = 8
# Rows are joined where their ends are at most so many spacings apart.
FARTHEST_LINK = 2.5
STAR_WAIST = 0.45

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class HatchSchema(Schema):
    """What a hatching may be told."""

    shape = fields.String(
        load_default=CIRCLE,
        validate=OneOf([ROOM, CIRCLE, POLYGON, STAR, OUTLINE]),
        metadata={
            "description": "What is filled: the whole room, the largest circle, polygon or star that fits, or an "
            "outline of your own."
        },
    )
    sides = WholeNumber(
        load_default=6,
        validate=Range(3, 60),
        metadata={"description": "How many sides a polygon has, or how many points a star."},
    )
    outline = fields.List(
        fields.List(
            fields.Float(validate=Range(-LONGEST_SIDE, LONGEST_SIDE)), validate=Length(equal=2)
        ),
        load_default=None,
        validate=Length(3, MOST_CORNERS),
        metadata={
            "description": "Corners of the shape `outline` as pairs of x and y on the page, in mm; what lies outside the room is "
            "cut off. Where it crosses itself, every second region stays empty."
        },
    )
    style = fields.String(
        load_default=CROSS,
        validate=OneOf([LINES, CROSS, ZIGZAG, CONTOUR, SCRIBBLE]),
        metadata={
            "description": "Parallel lines in the first angle, a layer of lines for each angle (cross), slanting ones (zigzag), "
            "lines that follow the edge inwards (contour), or loops as by a quick hand (scribble)."
        },
    )
    spacing = millimetres("Distance between lines", least=0.3, most=200, load_default=1.6)
    angles = fields.List(
        fields.Float(validate=Range(-360, 360)),
        load_default=lambda: [20.0, 65.0, 110.0, 155.0],
        validate=Length(1, 6),
        metadata={
            "description": "Directions of the lines in degrees, clockwise from three o'clock; only cross uses more than one.",
            "x-unit": "degrees",
        },
    )
    shade = fields.Float(
        load_default=0.75,
        validate=Range(0, 1),
        metadata={
            "description": "How much a light thins the lines: each angle of a cross hatching keeps more clear of it. 0 is even. "
            "The seed says from where the light comes."
        },
    )
    inset = millimetres(
        "Free space along the edge, such as half of the pen's width",
        least=0,
        most=100,
        load_default=0.15,
    )
    link = fields.Boolean(
        load_default=True,
        metadata={
            "description": "Join neighbouring lines where the way between their ends is short and inside the shape."
        },
    )
    tolerance = tolerance_field("the true edge or loop")

    @validates_schema
    def check_outline(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse the shape `outline` without its corners."""
        if data.get("shape") == OUTLINE and not data.get("outline"):
            raise ValidationError("Must be given for the shape outline.", "outline")


class NothingToFill(InvalidInput):
    """Raised when an outline encloses nothing of the room."""

    code = "nothing-to-fill"

    def __init__(self) -> None:
        """Name the field."""
        super().__init__(
            "the outline encloses nothing of the room inside the margins", field="params.outline"
        )


def cost(
    area: Area,
    *,
    shape: str,
    sides: int,
    outline: list[list[float]] | None,
    style: str,
    spacing: float,
    angles: list[float],
    tolerance: float,
    **_: Any,
) -> float:
    """Return how many points the hatching has at most; the cutting of lines is counted as some points for each.

    Raises:
        NothingToFill: the outline encloses nothing of the room.
    """
    if shape == OUTLINE:
        _check_reach(area, outline or [])
    spacing = _spacing(area, style, spacing)
    across = math.hypot(area.inner_width, area.inner_height)
    if shape in {CIRCLE, POLYGON, STAR}:
        # These are about as wide as high, and touch the nearer edges of the room.
        across = min(across, 1.7 * min(area.inner_width, area.inner_height))
    lines = across / spacing + 2
    corners = _corner_count(area, shape, sides, outline, tolerance)
    if style == CONTOUR:
        # An outline that crosses itself has its crossings for corners too.
        crossings = corners * corners / 4 if shape == OUTLINE else 0
        return (
            (min(area.inner_width, area.inner_height) / 2 / spacing + 1)
            * (corners + crossings + 1)
            * 1.5
        )
    if style == SCRIBBLE:
        return lines * (lines + 2) * _loop(spacing, tolerance)
    # A line crosses each side of a shape once at most.
    pieces = 1 if shape in {ROOM, CIRCLE, POLYGON} else corners / 2
    return (len(angles) if style == CROSS else 1) * lines * (2 * pieces + CUT)


@pattern(HatchSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    shape: str,
    sides: int,
    outline: list[list[float]] | None,
    style: str,
    spacing: float,
    angles: list[float],
    shade: float,
    inset: float,
    link: bool,
    tolerance: float,
) -> Iterator[Polyline]:
    """A shape filled with lines: hatched, crossed, zigzagged, scribbled, or followed inwards from its edge.

    A cross hatching is built in layers, as in an engraving: the first covers the whole shape, and each further one keeps clear
    of a wider disc of light, so that a circle becomes a sphere. Lines run to and fro, and are linked where that is short, to save
    lifts. The seed says from where the light comes, and how a scribble trembles.

    Yields:
        Arrays of shape (n, 2), in mm.
    """
    whole, spacing = _shape(area, shape, sides, outline, tolerance), _spacing(area, style, spacing)
    if whole.area < THINNEST * THINNEST:
        raise NothingToFill
    filled = whole.buffer(-inset, join_style="mitre") if inset else whole
    if filled.is_empty:
        filled = whole
    if style == CONTOUR:
        yield from _contours(filled, spacing)
        return
    drawn = 0
    layers = _layers(
        whole,
        filled,
        rng,
        style=style,
        spacing=spacing,
        angles=angles,
        shade=shade,
        link=link,
        tolerance=tolerance,
    )
    for stroke in layers:
        drawn += 1
        yield stroke
    if not drawn:
        # A shape too small for a line of this style is shown by its edge.
        yield from islice(_contours(filled, spacing), 1)


def _layers(
    whole: BaseGeometry,
    filled: BaseGeometry,
    rng: np.random.Generator,
    *,
    style: str,
    spacing: float,
    angles: list[float],
    shade: float,
    link: bool,
    tolerance: float,
) -> Iterator[Polyline]:
    """Yield the lines of all layers; `filled` is what of the `whole` shape may be drawn on."""
    light = float(rng.uniform(0, 2 * math.pi))
    for number, angle in enumerate(angles if style == CROSS else angles[:1]):
        region = (
            filled
            if number == 0
            else filled.difference(_glow(whole, light, shade, number / len(angles), tolerance))
        )
        turn = math.radians(angle)
        if region.is_empty:
            continue
        if style == SCRIBBLE:
            yield from _scribble(region, turn, spacing, rng, tolerance)
        elif style == ZIGZAG:
            yield from _zigzag(region, turn, spacing)
        else:
            yield from nearest_neighbour_order(
                list(_hatched(region, turn, spacing, tolerance, link=link))
            )


def _check_reach(area: Area, outline: list[list[float]]) -> None:
    """See that an outline is no line or point and lies not wholly outside of the room.

    Raises:
        NothingToFill: it does.
    """
    corners = np.clip(outline, (area.left, area.top), (area.right, area.bottom))
    if (np.ptp(corners, axis=0) < THINNEST).any():
        raise NothingToFill


def _spacing(area: Area, style: str, spacing: float) -> float:
    """Return the distance between lines; loops are never too large for the room."""
    return (
        min(spacing, min(area.inner_width, area.inner_height) / 8) if style == SCRIBBLE else spacing
    )


def _shape(
    area: Area, shape: str, sides: int, outline: list[list[float]] | None, tolerance: float
) -> BaseGeometry:
    """Return the shape, as large as fits the room."""
    if shape == OUTLINE:
        return _outlined(area, outline or [])
    if shape == ROOM:
        return shapely.box(area.left, area.top, area.right, area.bottom)
    count = _corner_count(area, shape, sides, outline, tolerance)
    turn = 2 * math.pi * np.arange(count) / count - math.pi / 2
    reach = np.where(np.arange(count) % 2, STAR_WAIST, 1.0) if shape == STAR else np.ones(count)
    unit = reach[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))
    low, high = unit.min(axis=0), unit.max(axis=0)
    scale = float((np.array([area.inner_width, area.inner_height]) / (high - low)).min())
    corners = (unit - (low + high) / 2) * scale + area.centre
    # The division is exact to the last digits only, and the edge of the room is a promise.
    return shapely.Polygon(np.clip(corners, (area.left, area.top), (area.right, area.bottom)))


def _corner_count(
    area: Area, shape: str, sides: int, outline: list[list[float]] | None, tolerance: float
) -> int:
    radius = min(area.inner_width, area.inner_height) / 2
    round_one = 4 * max(3, int(arc_chords(radius, math.pi / 2, tolerance)))
    return {
        ROOM: 4,
        CIRCLE: round_one,
        POLYGON: sides,
        STAR: 2 * sides,
        OUTLINE: len(outline or ()),
    }[shape]


def _outlined(area: Area, outline: list[list[float]]) -> BaseGeometry:
    """Return what an outline encloses of the room; it may cross itself, and then every second region is inside."""
    regions = shapely.make_valid(shapely.Polygon(outline), method="linework")
    found = shapely.intersection(regions, shapely.box(area.left, area.top, area.right, area.bottom))
    return shapely.union_all([part for part in _flat(found) if part.geom_type == "Polygon"])


def _flat(found: BaseGeometry) -> list[BaseGeometry]:
    """Return the single parts of collections within collections."""
    parts = shapely.get_parts(found)
    return list(shapely.get_parts(parts))


def _glow(
    whole: BaseGeometry, light: float, shade: float, part: float, tolerance: float
) -> BaseGeometry:
    """Return the disc of light that a layer keeps clear of; `part` is the number of the layer, from 0 to 1."""
    left, top, right, bottom = whole.bounds
    reach = min(right - left, bottom - top) / 2
    x = (left + right) / 2 + 0.42 * shade * reach * math.cos(light)
    y = (top + bottom) / 2 + 0.42 * shade * reach * math.sin(light)
    radius = shade * reach * (0.35 + 1.05 * part)
    turn = np.linspace(
        0,
        2 * math.pi,
        max(12, int(arc_chords(max(radius, 1.0), 2 * math.pi, tolerance))),
        endpoint=False,
    )
    return (
        shapely.Polygon(np.column_stack((x + radius * np.cos(turn), y + radius * np.sin(turn))))
        if radius
        else shapely.Polygon()
    )


def _rows(region: BaseGeometry, turn: float, spacing: float) -> Floats:
    """Return lines across the bounds of a region, a spacing apart, to one side after the other: shape (n, 2, 2)."""
    left, top, right, bottom = region.bounds
    along, across = (
        np.array([math.cos(turn), math.sin(turn)]),
        np.array([-math.sin(turn), math.cos(turn)]),
    )
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    low, high = (corners @ across).min(), (corners @ across).max()
    count = max(1, math.floor((high - low) / spacing))
    levels = (low + high) / 2 + (np.arange(count) - (count - 1) / 2) * spacing
    start, end = (corners @ along).min() - 1, (corners @ along).max() + 1
    return np.stack(
        (start * along + levels[:, None] * across, end * along + levels[:, None] * across), axis=1
    )


def _hatched(
    region: BaseGeometry, turn: float, spacing: float, tolerance: float, *, link: bool
) -> Iterator[Polyline]:
    """Yield the rows inside a region, to and fro; with `link`, neighbours are joined into strokes."""
    parts, row = shapely.get_parts(
        shapely.intersection(shapely.linestrings(_rows(region, turn, spacing)), region),
        return_index=True,
    )
    lines = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    kept = lines & (shapely.length(parts) >= min(STUB, _thickness(region) / 8))
    row, pieces = row[kept], shapely.get_coordinates(parts[kept]).reshape(-1, 4).reshape(-1, 2, 2)
    # Each second row runs back.
    pieces[row % 2 == 1] = pieces[row % 2 == 1, ::-1]
    followers = _links(region, row, pieces, spacing, tolerance) if link else {}
    followed = set(followers.values())
    for first in range(len(pieces)):
        if first not in followed:
            piece, stroke = first, [pieces[first]]
            while piece in followers:
                piece = followers[piece]
                stroke.append(pieces[piece])
            yield np.concatenate(stroke)


def _links(
    region: BaseGeometry, row: Integers, pieces: Polyline, spacing: float, tolerance: float
) -> dict[int, int]:
    """Return for pieces which piece of the next row the pen goes on to: where the way is short and inside the region."""
    starts = np.searchsorted(row, np.arange(row.max(initial=0) + 3))
    one = np.repeat(np.arange(len(row)), starts[row + 2] - starts[row + 1])
    two = np.concatenate(
        [np.arange(starts[each + 1], starts[each + 2]) for each in row.tolist()]
        or [np.empty(0, np.int64)]
    )
    ways = np.stack((pieces[one, 1], pieces[two, 0]), axis=1)
    short = np.hypot(*(ways[:, 1] - ways[:, 0]).T) <= FARTHEST_LINK * spacing
    one, two, ways = one[short], two[short], ways[short]
    # A link may run along the edge, which is known within the tolerance: a chord of a hollow edge lies just outside.
    near = region.buffer(tolerance)
    shapely.prepare(near)
    inside = shapely.covers(near, shapely.linestrings(ways)) if len(ways) else np.empty(0, bool)
    followers: dict[int, int] = {}
    taken: set[int] = set()
    for piece, follower in zip(one[inside].tolist(), two[inside].tolist(), strict=True):
        if piece not in followers and follower not in taken:
            followers[piece] = follower
            taken.add(follower)
    return followers


def _thickness(region: BaseGeometry) -> float:
    left, top, right, bottom = region.bounds
    return float(min(right - left, bottom - top))


def _zigzag(region: BaseGeometry, turn: float, spacing: float) -> Iterator[Polyline]:
    """Yield a line that runs slantingly from one side of each row to the other side of the next."""
    rows = shapely.linestrings(_rows(region, turn, spacing))
    cut = [
        np.array(each.coords)
        for each in shapely.get_parts(shapely.intersection(rows, shapely.convex_hull(region)))
        if each.length > 0
    ]
    ends = [row[-1] if number % 2 else row[0] for number, row in enumerate(cut)]
    yield from _parts(
        shapely.intersection(shapely.LineString(ends if len(ends) > 1 else cut[0]), region)
    )


def _loop(spacing: float, tolerance: float) -> int:
    """Return how many points a loop of a scribble has: the second derivative of its path is that of a circle as large."""
    return max(LOOP, int(arc_chords(WIDEST_LOOP * spacing, 2 * math.pi, tolerance)))


def _scribble(
    region: BaseGeometry, turn: float, spacing: float, rng: np.random.Generator, tolerance: float
) -> Iterator[Polyline]:
    """Yield loops along rows: a rolling circle whose size and place tremble."""
    loop = _loop(spacing, tolerance)
    noise = GradientNoise(rng)
    rows = _rows(region, turn, spacing * 1.6)
    along, across = (
        np.array([math.cos(turn), math.sin(turn)]),
        np.array([-math.sin(turn), math.cos(turn)]),
    )
    for number, (start, end) in enumerate(rows):
        length = math.dist(start, end)
        t = np.arange(0, length, spacing / loop)
        phase = 2 * math.pi * t / spacing
        level = np.full(len(t), number * 0.73 + 0.5)
        size = spacing * (0.95 + 0.5 * noise.at(t / (6 * spacing), level))
        sway = spacing * 0.7 * noise.at(t / (9 * spacing) + 50, level)
        points = (
            start
            + (t - size * np.sin(phase))[:, None] * along
            + (sway + size * np.cos(phase))[:, None] * across
        )
        pieces = [run for run in _runs(points, region) if len(run) > loop // 2]
        yield from pieces if number % 2 == 0 else [piece[::-1] for piece in reversed(pieces)]


def _runs(line: Polyline, region: BaseGeometry) -> Iterator[Polyline]:
    """Yield the runs of points that lie inside a region. A line that crosses itself keeps its course so."""
    inside = np.concatenate(([False], shapely.contains_xy(region, line), [False]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield line[start:stop]


def _contours(region: BaseGeometry, spacing: float) -> Iterator[Polyline]:
    """Yield the edge of a region, and what remains of it a spacing further in, again and again."""
    inset = 0.0
    while True:
        ring = region.buffer(-inset, join_style="mitre") if inset else region
        if ring.is_empty:
            return
        for part in shapely.get_parts(ring):
            for edge in (part.exterior, *part.interiors):
                if edge.length >= STUB or not inset:
                    yield np.array(edge.coords)
        inset += spacing


def _parts(found: BaseGeometry) -> Iterator[Polyline]:
    """Yield the lines of a cut that are long enough, joined where they meet."""
    lines = [
        part
        for part in shapely.get_parts(found)
        if part.geom_type == "LineString" and part.length > 0
    ]
    for line in shapely.get_parts(shapely.line_merge(shapely.MultiLineString(lines))):
        if line.length >= min(STUB, _thickness(found)):
            yield np.array(line.coords)
