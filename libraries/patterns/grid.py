"""The grid of horizontal and vertical lines, in two strokes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow import Schema, fields
from numpy.typing import NDArray

from libraries.drawing.area import Area
from libraries.drawing.fields import millimetres
from libraries.patterns.catalogue import Polyline, pattern

Levels = NDArray[np.float64]


# Farthest that a turn may lie from the true curve, in mm.
TOLERANCE = 0.02


class GridSchema(Schema):
    """What a grid may be told."""

    spacing_x = millimetres("Distance between vertical lines", least=0.3, most=500, load_default=5.0)
    spacing_y = millimetres("Distance between horizontal lines", least=0.3, most=500, load_default=5.0)
    serpentine = fields.Boolean(
        load_default=True,
        metadata={
            "description": "Join the lines of each direction into one stroke by round turns. "
            "Without it each line ends at the edge and is a stroke of its own: square corners, many more pen lifts."
        },
    )


def cost(area: Area, *, spacing_x: float, spacing_y: float, serpentine: bool) -> float:
    """Return how many points the grid has: two to a line, and those of the turns."""
    columns, rows, turn_x, turn_y = _plan(area, spacing_x, spacing_y, serpentine=serpentine)
    return sum(len(levels) * (2 + len(_half_turn(levels, depth))) for levels, depth in ((rows, turn_x), (columns, turn_y)))


@pattern(GridSchema, cost)
def draw(area: Area, _rng: np.random.Generator, *, spacing_x: float, spacing_y: float, serpentine: bool) -> Iterator[Polyline]:
    """Horizontal and vertical lines that fill the room to its edges.

    The spacing is adjusted by as little as makes whole gaps. Lines run to and fro, first the horizontal ones, then the
    vertical ones. As one stroke they turn in half circles outside the outermost lines, so that no line is drawn twice.

    Yields:
        Arrays of shape (n, 2), in mm: two of them, or one for each line.
    """
    columns, rows, turn_x, turn_y = _plan(area, spacing_x, spacing_y, serpentine=serpentine)
    across = _to_and_fro(rows, (columns[0], columns[-1]), turn_x)
    down = _to_and_fro(columns, (rows[0], rows[-1]), turn_y)[:, ::-1]
    for stroke in (across, down):
        yield from [stroke] if serpentine else stroke.reshape(-1, 2, 2)


def _plan(area: Area, spacing_x: float, spacing_y: float, *, serpentine: bool) -> tuple[Levels, Levels, float, float]:
    """Return the x of the vertical lines, the y of the horizontal ones, and how far the turns reach beyond them in x and in y."""
    turn_x = min(spacing_y / 2, area.inner_width / 4) if serpentine else 0.0
    turn_y = min(spacing_x / 2, area.inner_height / 4) if serpentine else 0.0
    columns = _levels(area.left + turn_x, area.right - turn_x, spacing_x)
    rows = _levels(area.top + turn_y, area.bottom - turn_y, spacing_y)
    return columns, rows, turn_x, turn_y


def _levels(first: float, last: float, spacing: float) -> Levels:
    return np.linspace(first, last, max(1, round((last - first) / spacing)) + 1)


def _half_turn(levels: Levels, depth: float) -> Polyline:
    """Return the inner points of the turn from one of `levels` to the next, seen from the middle between them; none for no depth.

    A chord over the angle `a` leaves a circle of radius `r` by r * a**2 / 8.
    """
    half_gap = (levels[1] - levels[0]) / 2
    steps = math.ceil(math.pi / math.sqrt(8 * TOLERANCE / max(depth, half_gap))) if depth else 1
    angle = np.linspace(-math.pi / 2, math.pi / 2, max(steps, 2) + 1)[1:-1] if depth else np.empty(0)
    return np.column_stack((depth * np.cos(angle), half_gap * np.sin(angle)))


def _to_and_fro(levels: Levels, ends: tuple[float, float], depth: float) -> Polyline:
    """Return the points of lines between `ends` at each of `levels`, to and fro, with turns that reach `depth` beyond."""
    turn = _half_turn(levels, depth)
    size = 2 + len(turn)
    # One block for each line: its two ends, then the turn to the next line.
    blocks = np.empty((len(levels), size, 2))
    blocks[:, :2, 0] = ends
    blocks[:, :2, 1] = levels[:, None]
    blocks[:, 2:] = np.add(turn, (ends[1], (levels[1] - levels[0]) / 2))
    blocks[:, 2:, 1] += levels[:, None]
    blocks[1::2, :, 0] = ends[0] + ends[1] - blocks[1::2, :, 0]
    points: Polyline = blocks.reshape(-1, 2)
    return points[: len(points) - len(turn)]
