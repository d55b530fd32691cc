"""Hatching: a shape filled with lines, in layers that shade it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import numpy as np
import shapely
from marshmallow import fields
from marshmallow.validate import Length, Range
from shapely.geometry.base import BaseGeometry

from libraries.declarations import Preset
from libraries.errors import InvalidInput
from libraries.fields import (
    BoundedList,
    InvalidFields,
    Params,
    choice,
    declare,
    flag,
    mm,
    number,
    tolerance,
    whole,
)
from libraries.geometry.area import MAX_SIDE_MM, Area
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.curves import arc_chords
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

# Shorter pieces look like stray dots.
MIN_PIECE_MM = 1.5
MIN_WIDTH_MM = 1e-3

Shape = Literal["room", "circle", "polygon", "star", "outline"]
Style = Literal["lines", "cross", "zigzag", "contour", "scribble"]


@pattern
class Hatch(Params):
    """A shape filled with lines: hatches, cross hatches, a zigzag, a scribble or contours.

    Cross hatching is built in layers, as in an engraving: the first covers the whole shape, and
    each further one leaves out a larger disc of light, so that a circle looks like a sphere. Lines
    alternate in direction, and close ends are linked to save pen lifts. The seed chooses the
    direction of the light and the irregularities of a scribble.
    """

    shape: Shape = choice(
        "Shape to fill: the whole area (room), the largest circle, polygon or star that fits, or "
        "the given outline.",
        Shape,
        default="circle",
    )
    sides: int = whole("Number of sides of a polygon, or of points of a star.", 3, 60, default=6)
    outline: list[list[float]] | None = declare(
        BoundedList(
            BoundedList(
                fields.Float(validate=Range(-MAX_SIDE_MM, MAX_SIDE_MM)), validate=Length(equal=2)
            ),
            validate=Length(3, 100),
            metadata={
                "description": "Corners of the shape `outline` as pairs of x and y on the page, in "
                "mm; clipped at the margins. Where it crosses itself, every second region stays "
                "empty."
            },
        ),
        default=None,
    )
    style: Style = choice(
        "Parallel lines at the first angle (lines), a layer of lines for each angle (cross), one "
        "slanting line (zigzag), lines parallel to the edge (contour), or loops (scribble).",
        Style,
        default="cross",
    )
    spacing: float = mm("Distance between lines", 0.3, 200, default=1.6)
    angles: list[float] = declare(
        BoundedList(
            fields.Float(validate=Range(-360, 360)),
            validate=Length(1, 6),
            metadata={
                "description": "Directions of the lines in degrees, clockwise from three o'clock; "
                "only cross uses more than one.",
                "x-unit": "degrees",
            },
        ),
        factory=lambda: [20.0, 65.0, 110.0, 155.0],
    )
    shade: float = number(
        "Size of the disc of light that the layers of a cross hatching leave out; 0 for none.",
        0,
        1,
        default=0.75,
    )
    inset: float = mm(
        "Free space along the edge, such as half of the pen's width", 0, 100, default=0.15
    )
    link: bool = flag(
        "Join neighbouring lines whose ends are close, if the link is inside the shape.",
        default=True,
    )
    tolerance: float = tolerance("the true edge or loop", default=0.02)

    presets = (
        Preset(
            "star",
            "Star of rings",
            {"shape": "star", "sides": 5, "style": "contour", "spacing": 2.0},
        ),
        Preset("zigzag", "Zigzag disc", {"style": "zigzag", "spacing": 3.0}),
        Preset(
            "gem",
            "Shaded hexagon",
            {"shape": "polygon", "angles": [0.0, 60.0, 120.0], "shade": 0.6},
        ),
    )

    def check(self, given: frozenset[str]) -> None:
        if self.shape == "outline" and not self.outline:
            raise InvalidFields({"outline": ["Must be given for the shape outline."]})

    def cost(self, area: Area) -> float:
        """Return a bound of the points; cutting a line counts as some points."""
        if self.shape == "outline":
            self._check_reach(area)
        spacing = self._spacing(area)
        across = math.hypot(area.inner_width, area.inner_height)
        if self.shape in {"circle", "polygon", "star"}:
            # These are about as wide as high.
            across = min(across, 1.7 * area.shorter_side)
        lines = across / spacing + 2
        corners = self._corner_count(area)
        if self.style == "contour":
            # The crossings of an outline with itself are corners, too.
            crossings = corners * corners / 4 if self.shape == "outline" else 0
            rings = area.shorter_side / 2 / spacing + 1
            return rings * (corners + crossings + 1) * 1.5
        if self.style == "scribble":
            return lines * (lines + 2) * _loop(spacing, self.tolerance)
        # A line crosses each side at most once; cutting it takes as long as 8 points.
        pieces = 1 if self.shape in {"room", "circle", "polygon"} else corners / 2
        return (len(self.angles) if self.style == "cross" else 1) * lines * (2 * pieces + 8)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        whole, spacing = self._shape(area), self._spacing(area)
        if whole.area < MIN_WIDTH_MM * MIN_WIDTH_MM:
            raise _nothing_to_fill()
        filled = whole.buffer(-self.inset, join_style="mitre") if self.inset else whole
        if filled.is_empty:
            filled = whole
        if self.style == "contour":
            yield from _contours(filled, spacing)
            return
        drawn = 0
        for stroke in self._layers(whole, filled, rng, spacing):
            drawn += 1
            yield stroke
        if not drawn:
            # Draw the edge of a shape that is too small for a line of this style.
            yield from islice(_contours(filled, spacing), 1)

    def _layers(
        self, whole: BaseGeometry, filled: BaseGeometry, rng: np.random.Generator, spacing: float
    ) -> Iterator[Polyline]:
        light = float(rng.uniform(0, 2 * math.pi))
        for layer, angle in enumerate(self.angles if self.style == "cross" else self.angles[:1]):
            region = filled
            if layer > 0:
                part = layer / len(self.angles)
                region = filled.difference(_glow(whole, light, self.shade, part, self.tolerance))
            turn = math.radians(angle)
            if region.is_empty:
                continue
            if self.style == "scribble":
                yield from _scribble(region, turn, spacing, rng, self.tolerance)
            elif self.style == "zigzag":
                yield from _zigzag(region, turn, spacing)
            else:
                yield from _hatched(region, turn, spacing, self.tolerance, link=self.link)

    def _check_reach(self, area: Area) -> None:
        corners = area.clip(np.array(self.outline or []))
        if (np.ptp(corners, axis=0) < MIN_WIDTH_MM).any():
            raise _nothing_to_fill()

    def _spacing(self, area: Area) -> float:
        if self.style != "scribble":
            return self.spacing
        return min(self.spacing, area.shorter_side / 8)

    def _shape(self, area: Area) -> BaseGeometry:
        if self.shape == "outline":
            return _outlined(area, self.outline or [])
        if self.shape == "room":
            return shapely.box(area.left, area.top, area.right, area.bottom)
        count = self._corner_count(area)
        turn = 2 * math.pi * np.arange(count) / count - math.pi / 2
        reach = np.ones(count)
        if self.shape == "star":
            reach[1::2] = 0.45
        unit = reach[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))
        low, high = unit.min(axis=0), unit.max(axis=0)
        scale = float((np.array([area.inner_width, area.inner_height]) / (high - low)).min())
        corners = (unit - (low + high) / 2) * scale + area.centre
        return shapely.Polygon(area.clip(corners))

    def _corner_count(self, area: Area) -> int:
        match self.shape:
            case "room":
                return 4
            case "circle":
                radius = area.shorter_side / 2
                return 4 * max(3, int(arc_chords(radius, math.pi / 2, self.tolerance)))
            case "polygon":
                return self.sides
            case "star":
                return 2 * self.sides
            case "outline":
                return len(self.outline or ())


def _nothing_to_fill() -> InvalidInput:
    return InvalidInput(
        "the outline encloses nothing inside the margins",
        code="nothing-to-fill",
        field="params.outline",
    )


def _outlined(area: Area, outline: list[list[float]]) -> BaseGeometry:
    """Return the intersection of an outline, filled by the even-odd rule, with the area."""
    regions = shapely.make_valid(shapely.Polygon(outline), method="linework")
    found = shapely.intersection(regions, shapely.box(area.left, area.top, area.right, area.bottom))
    # Collections may contain multipolygons.
    parts = shapely.get_parts(shapely.get_parts(found))
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])


def _glow(
    whole: BaseGeometry, light: float, shade: float, part: float, tolerance: float
) -> BaseGeometry:
    """Return the disc of light that a layer leaves out; `part` of the layers precede it."""
    left, top, right, bottom = whole.bounds
    reach = min(right - left, bottom - top) / 2
    x = (left + right) / 2 + 0.42 * shade * reach * math.cos(light)
    y = (top + bottom) / 2 + 0.42 * shade * reach * math.sin(light)
    radius = shade * reach * (0.35 + 1.05 * part)
    if not radius:
        return shapely.Polygon()
    chords = max(12, int(arc_chords(max(radius, 1.0), 2 * math.pi, tolerance)))
    turn = np.linspace(0, 2 * math.pi, chords, endpoint=False)
    return shapely.Polygon(np.column_stack((x + radius * np.cos(turn), y + radius * np.sin(turn))))


def _axes(turn: float) -> tuple[Floats, Floats]:
    """Return unit vectors along and across the direction `turn` in radians."""
    cosine, sine = math.cos(turn), math.sin(turn)
    return np.array([cosine, sine]), np.array([-sine, cosine])


def _rows(region: BaseGeometry, turn: float, spacing: float) -> Floats:
    """Return lines across the bounds of a region, a spacing apart, of shape (n, 2, 2)."""
    left, top, right, bottom = region.bounds
    along, across = _axes(turn)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    low, high = (corners @ across).min(), (corners @ across).max()
    count = max(1, math.floor((high - low) / spacing))
    levels = (low + high) / 2 + (np.arange(count) - (count - 1) / 2) * spacing
    start, end = (corners @ along).min() - 1, (corners @ along).max() + 1
    through = levels[:, None] * across
    return np.stack((start * along + through, end * along + through), axis=1)


def _hatched(
    region: BaseGeometry, turn: float, spacing: float, tolerance: float, *, link: bool
) -> Iterator[Polyline]:
    parts, row = shapely.get_parts(
        shapely.intersection(shapely.linestrings(_rows(region, turn, spacing)), region),
        return_index=True,
    )
    lines = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    kept = lines & (shapely.length(parts) >= min(MIN_PIECE_MM, _thickness(region) / 8))
    row, pieces = row[kept], shapely.get_coordinates(parts[kept]).reshape(-1, 2, 2)
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
    """Map pieces to the piece of the next row that a short link inside the region leads to."""
    starts = np.searchsorted(row, np.arange(row.max(initial=0) + 3))
    one = np.repeat(np.arange(len(row)), starts[row + 2] - starts[row + 1])
    next_rows = [np.arange(starts[each + 1], starts[each + 2]) for each in row.tolist()]
    two = np.concatenate(next_rows or [np.empty(0, np.int64)])
    ways = np.stack((pieces[one, 1], pieces[two, 0]), axis=1)
    short = np.hypot(*(ways[:, 1] - ways[:, 0]).T) <= 2.5 * spacing
    one, two, ways = one[short], two[short], ways[short]
    # A link may follow the edge, where a chord of a concave curve is slightly outside.
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
    rows = shapely.linestrings(_rows(region, turn, spacing))
    parts = shapely.get_parts(shapely.intersection(rows, shapely.convex_hull(region)))
    cut = [np.array(each.coords) for each in parts if each.length > 0]
    ends = [row[-1] if number % 2 else row[0] for number, row in enumerate(cut)]
    yield from _parts(
        shapely.intersection(shapely.LineString(ends if len(ends) > 1 else cut[0]), region)
    )


def _loop(spacing: float, tolerance: float) -> int:
    """Return the number of points in a loop of a scribble, which is up to 1.45 spacings wide."""
    return max(12, int(arc_chords(1.45 * spacing, 2 * math.pi, tolerance)))


def _scribble(
    region: BaseGeometry, turn: float, spacing: float, rng: np.random.Generator, tolerance: float
) -> Iterator[Polyline]:
    loop = _loop(spacing, tolerance)
    noise = GradientNoise(rng)
    rows = _rows(region, turn, spacing * 1.6)
    along, across = _axes(turn)
    for index, (start, end) in enumerate(rows):
        t = np.arange(0, math.dist(start, end), spacing / loop)
        phase = 2 * math.pi * t / spacing
        level = np.full(len(t), index * 0.73 + 0.5)
        size = spacing * (0.95 + 0.5 * noise.at(t / (6 * spacing), level))
        sway = spacing * 0.7 * noise.at(t / (9 * spacing) + 50, level)
        points = (
            start
            + (t - size * np.sin(phase))[:, None] * along
            + (sway + size * np.cos(phase))[:, None] * across
        )
        pieces = [run for run in _runs(points, region) if len(run) > loop // 2]
        yield from pieces if index % 2 == 0 else [piece[::-1] for piece in reversed(pieces)]


def _runs(line: Polyline, region: BaseGeometry) -> Iterator[Polyline]:
    """Yield the runs of points inside a region; unlike an intersection, crossings stay whole."""
    inside = np.concatenate(([False], shapely.contains_xy(region, line), [False]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield line[start:stop]


def _contours(region: BaseGeometry, spacing: float) -> Iterator[Polyline]:
    """Yield the edge of a region and its inner offset curves, a spacing apart."""
    inset = 0.0
    while True:
        ring = region.buffer(-inset, join_style="mitre") if inset else region
        if ring.is_empty:
            return
        for part in shapely.get_parts(ring):
            for edge in (part.exterior, *part.interiors):
                if edge.length >= MIN_PIECE_MM or not inset:
                    yield np.array(edge.coords)
        inset += spacing


def _parts(found: BaseGeometry) -> Iterator[Polyline]:
    parts = shapely.get_parts(found)
    lines = [part for part in parts if part.geom_type == "LineString" and part.length > 0]
    for line in shapely.get_parts(shapely.line_merge(shapely.MultiLineString(lines))):
        if line.length >= min(MIN_PIECE_MM, _thickness(found)):
            yield np.array(line.coords)
