"""Grids: square, triangular, isometric, hexagonal and polar, in few strokes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, angle, choice, flag, mm, tolerance
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.curves import arc_chords
from libraries.patterns.catalogue import Polyline, pattern

# Directions of the lines in degrees, clockwise from three o'clock.
FAMILIES = {"square": (0, 90), "triangular": (0, 60, 120), "isometric": (90, 30, 150)}
ROOT3 = math.sqrt(3)

Kind = Literal["square", "hex", "triangular", "isometric", "polar"]


@pattern
class Grid(Params):
    """Lines that fill the area: squares, triangles, hexagons, or circles with spokes.

    The spacing of a square grid is adjusted to fill the area exactly; the other kinds keep the
    spacing and are centred. The lines of each direction alternate between forwards and backwards.
    As one stroke they are joined by half circles outside the outermost lines, so that no line is
    drawn twice. Hexagons need a pen lift for each cell, since three lines meet at each corner. A
    polar grid fills the largest circle; it has fewer spokes towards the centre, to keep the paper
    intact.
    """

    kind: Kind = choice(
        "Squares or rectangles, hexagons, triangles on a side, triangles on a corner (isometric), "
        "or circles with spokes (polar).",
        Kind,
        default="square",
    )
    spacing_x: float = mm(
        "Distance between vertical lines; for hex, triangular and isometric, between parallel "
        "lines; for polar, between circles",
        0.3,
        500,
        default=5.0,
    )
    spacing_y: float = mm(
        "Distance between horizontal lines; for polar, between spokes at the outermost circle; "
        "not used by the other kinds",
        0.3,
        500,
        default=5.0,
    )
    angle: float = angle("Clockwise rotation of the grid", default=0.0)
    serpentine: bool = flag(
        "Join the lines of each direction into one stroke by round turns. Otherwise each line is a "
        "separate stroke that ends at the edge: square corners, but many more pen lifts.",
        default=True,
    )
    tolerance: float = tolerance("the true circle or turn", default=0.02)

    presets = (
        Preset("honeycomb", "Honeycomb", {"kind": "hex", "spacing_x": 6.0}),
        Preset("web", "Polar web", {"kind": "polar", "spacing_x": 4.0, "spacing_y": 8.0}),
        Preset(
            "weave",
            "Slanted triangles",
            {"kind": "triangular", "spacing_x": 8.0, "angle": 15.0, "serpentine": False},
        ),
    )

    def cost(self, area: Area) -> float:
        angle = math.radians(self.angle)
        if self.kind == "square" and self.angle == 0:
            columns, rows, turn_x, turn_y = self._plan(area)
            in_rows = len(rows) * (2 + len(_half_turn(rows, turn_x, self.tolerance)))
            in_columns = len(columns) * (2 + len(_half_turn(columns, turn_y, self.tolerance)))
            return float(in_rows + in_columns)
        if self.kind == "polar":
            radii, counts = _polar_plan(area, self.spacing_x, self.spacing_y)
            in_circles = (_arc_steps(radii, 2 * math.pi, self.tolerance) + 1).sum()
            return float(in_circles + 2 * counts[-1])
        if self.kind == "hex":
            gap = _hex_gap(area, self.spacing_x)
            wide, high = _box(area, angle)
            room = (area.inner_width + 2 * gap) * (area.inner_height + 2 * gap)
            cells = room / (gap**2 * ROOT3 / 2)
            # All rows are as long as the rotated grid needs, and are cut at the edges of the area.
            return 6 * cells + (wide / gap + 4) * (high / gap + 4) / 8
        total = 0.0
        for gap, direction in self._families():
            count = _box(area, math.radians(direction + self.angle))[1] / gap
            total += 2 * (count + 1) + count * float(_arc_steps(gap * 2, math.pi, self.tolerance))
        return total

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one stroke for each direction, or for each line of the grid."""
        angle = math.radians(self.angle)
        if self.kind == "square" and self.angle == 0:
            columns, rows, turn_x, turn_y = self._plan(area)
            across = _serpentine(rows, (columns[0], columns[-1]), turn_x, self.tolerance)
            down = _serpentine(columns, (rows[0], rows[-1]), turn_y, self.tolerance)[:, ::-1]
            for stroke in (across, down):
                yield from [stroke] if self.serpentine else stroke.reshape(-1, 2, 2)
        elif self.kind == "polar":
            yield from _polar(area, self.spacing_x, self.spacing_y, angle, self.tolerance)
        elif self.kind == "hex":
            yield from _honeycomb(area, self.spacing_x, angle)
        else:
            for gap, degrees in self._families():
                direction = math.radians(degrees + self.angle)
                yield from _family(area, gap, direction, self.tolerance, serpentine=self.serpentine)

    def _families(self) -> list[tuple[float, int]]:
        """Return the gap and the direction in degrees of each family of parallel lines."""
        gaps = (self.spacing_y, self.spacing_x) if self.kind == "square" else (self.spacing_x,) * 3
        return list(zip(gaps, FAMILIES[self.kind], strict=True))

    def _plan(self, area: Area) -> tuple[Floats, Floats, float, float]:
        """Return the x of columns, the y of rows, and the depth of the turns in x and y."""
        turn_x = min(self.spacing_y / 2, area.inner_width / 4) if self.serpentine else 0.0
        turn_y = min(self.spacing_x / 2, area.inner_height / 4) if self.serpentine else 0.0
        columns = _levels(area.left + turn_x, area.right - turn_x, self.spacing_x)
        rows = _levels(area.top + turn_y, area.bottom - turn_y, self.spacing_y)
        return columns, rows, turn_x, turn_y


def _levels(first: float, last: float, spacing: float) -> Floats:
    return np.linspace(first, last, max(1, round((last - first) / spacing)) + 1)


def _half_turn(levels: Floats, depth: float, tolerance: float) -> Polyline:
    if not depth:
        return np.empty((0, 2))
    half_gap = (levels[1] - levels[0]) / 2
    steps = int(arc_chords(max(depth, half_gap), math.pi, tolerance))
    angle = np.linspace(-math.pi / 2, math.pi / 2, max(steps, 2) + 1)[1:-1]
    return np.column_stack((depth * np.cos(angle), half_gap * np.sin(angle)))


def _serpentine(
    levels: Floats, ends: tuple[float, float], depth: float, tolerance: float
) -> Polyline:
    turn = _half_turn(levels, depth, tolerance)
    size = 2 + len(turn)
    # A block is the two ends of a line, then the turn to the next line.
    blocks = np.empty((len(levels), size, 2))
    blocks[:, :2, 0] = ends
    blocks[:, :2, 1] = levels[:, None]
    blocks[:, 2:] = np.add(turn, (ends[1], (levels[1] - levels[0]) / 2))
    blocks[:, 2:, 1] += levels[:, None]
    blocks[1::2, :, 0] = ends[0] + ends[1] - blocks[1::2, :, 0]
    points: Polyline = blocks.reshape(-1, 2)
    return points[: len(points) - len(turn)]


def _arc_steps(radius: Floats | float, angle: float, tolerance: float) -> Floats:
    return np.maximum(arc_chords(radius, angle, tolerance), 4.0)


def _family(
    area: Area, gap: float, angle: float, tolerance: float, *, serpentine: bool
) -> Iterator[Polyline]:
    """Yield parallel lines a `gap` apart, one of them through the centre."""
    along = np.array([math.cos(angle), math.sin(angle)])
    depth = min(gap / 2, area.shorter_side / 4) if serpentine else 0.0
    half = np.array([area.inner_width, area.inner_height]) / 2 - depth * np.abs(along)
    count = math.floor(math.hypot(*half) / gap)
    across = np.arange(-count, count + 1)[:, None] * gap * np.array([-along[1], along[0]])
    lines = _clip(across, along, half)
    lines[1::2] = lines[1::2, ::-1]
    centre = np.array(area.centre)
    if not serpentine:
        yield from lines + centre
        return
    for run in _joined(lines, along, gap, depth, tolerance):
        yield run + centre


def _joined(
    lines: Floats, along: Floats, gap: float, depth: float, tolerance: float
) -> Iterator[Polyline]:
    """Yield runs of lines joined by half ellipses, slanted where the edge of the area is."""
    out, back = lines[:-1, 1], lines[1:, 0]
    steps = int(_arc_steps(gap * 2, math.pi, tolerance))
    turn = np.linspace(0, math.pi, steps + 1)[1:-1, None]
    middle, reach = (out + back)[:, None] / 2, (out - back)[:, None] / 2
    heading = np.where(np.arange(len(out)) % 2, -1, 1)[:, None, None] * along
    turns = middle + reach * np.cos(turn) + depth * heading * np.sin(turn)
    # At a corner, or along an edge nearly parallel to the lines, the next line is too far for a
    # turn.
    far = np.flatnonzero(np.hypot(*(out - back).T) > 3.0 * gap) + 1
    for first, last in zip([0, *far.tolist()], [*far.tolist(), len(lines)], strict=True):
        blocks = np.concatenate((lines[first : last - 1], turns[first : last - 1]), axis=1)
        yield np.concatenate((blocks.reshape(-1, 2), lines[last - 1]))


def _clip(through: Polyline, along: Polyline, half: Polyline) -> Floats:
    """Return the parts of lines within `half` sides around (0, 0), of shape (n, 2, 2).

    The lines pass through the points `through`. Short parts are left out, but never all of them.
    """
    # A line parallel to an edge never meets it.
    slope = np.where(np.abs(along) < 1e-12, 1e-12, along)  # noqa: PLR2004
    one, two = (-half - through) / slope, (half - through) / slope
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    length = leave - enter
    # Lines shorter than 1.5 mm look like mistakes.
    kept = length >= min(1.5, length.max())
    ends = through[kept, None] + np.stack((enter[kept], leave[kept]), axis=1)[:, :, None] * along
    # Rounding errors must not leave the area.
    return np.clip(ends, -half, half)


def _hex_gap(area: Area, spacing: float) -> float:
    """Return the distance between opposite sides of a hexagon, so that at least one fits."""
    return min(spacing, area.shorter_side * 0.8)


def _box(area: Area, angle: float) -> tuple[float, float]:
    """Return the width and height of the area's bounds in a frame rotated by `angle` radians."""
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    return (
        area.inner_width * cos + area.inner_height * sin,
        area.inner_width * sin + area.inner_height * cos,
    )


def _honeycomb(area: Area, spacing: float, angle: float) -> Iterator[Polyline]:
    """Yield hexagons whose opposite sides are `spacing` apart: zigzags, and the sides between."""
    gap = _hex_gap(area, spacing)
    side = gap / ROOT3
    half = np.array([area.inner_width, area.inner_height]) / 2
    wide, high = _box(area, angle)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    steps = np.arange(-math.ceil(wide / gap) - 1, math.ceil(wide / gap) + 2)
    last = math.ceil(high / side / 3) + 1
    for row in range(-last, last):
        forward = row % 2 == 0
        up = (steps + row + 1) % 2
        zigzag = np.column_stack((steps * gap / 2, (1.5 * row + 0.5 + 0.5 * up) * side)) @ turn
        for line in _runs(zigzag, half):
            yield (line if forward else line[::-1]) + area.centre
        stems = np.stack((zigzag[up == 1], zigzag[up == 1] + (0, side) @ turn), axis=1)
        stems = stems[:: -1 if forward else 1]
        stems = stems[(np.abs(stems) <= half).all(axis=(1, 2))]
        stems[1::2] = stems[1::2, ::-1]
        yield from stems + area.centre


def _runs(line: Polyline, half: Polyline) -> Iterator[Polyline]:
    inside = np.concatenate(([False], (np.abs(line) <= half).all(axis=1), [False]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start > 1:
            yield line[start:stop]


def _polar_plan(area: Area, spacing_x: float, spacing_y: float) -> tuple[Floats, Integers]:
    """Return the radii of the circles, and how many spokes cross the ring inside each."""
    outer = area.shorter_side / 2
    radii = np.linspace(0, outer, max(1, round(outer / spacing_x)) + 1)[1:]
    most = max(1.0, 2 * math.pi * outer / (6 * spacing_y))
    doublings = round(math.log2(most))
    inner = radii - radii[0]
    # The counts double outwards; spokes are never closer than half of their final distance.
    allowed = np.log2(np.maximum(inner * 2 / outer, 2.0**-60)) + doublings
    counts = 6 * 2 ** np.clip(np.floor(allowed), 0, doublings).astype(np.int64)
    return radii, np.where(inner > 0, counts, 6)


def _polar(
    area: Area, spacing_x: float, spacing_y: float, angle: float, tolerance: float
) -> Iterator[Polyline]:
    radii, counts = _polar_plan(area, spacing_x, spacing_y)
    centre = np.array(area.centre)
    steps = _arc_steps(radii, 2 * math.pi, tolerance).astype(np.int64)
    for radius, count in zip(radii, steps, strict=True):
        turn = angle + np.linspace(0, 2 * math.pi, count + 1)
        circle = radius * np.column_stack((np.cos(turn), np.sin(turn)))
        circle[-1] = circle[0]
        yield circle + centre
    most = int(counts[-1])
    # Each spoke begins at the first circle that all its neighbours cross too.
    for number in range(most):
        first = int(np.argmax(number % (most // counts) == 0))
        begins = float(radii[first - 1] if first else min(radii[0], radii[-1] / 2))
        heading = angle + 2 * math.pi * number / most
        spoke = np.array([[begins], [radii[-1]]]) * (math.cos(heading), math.sin(heading))
        yield (spoke[::-1] if number % 2 == 0 else spoke) + centre
