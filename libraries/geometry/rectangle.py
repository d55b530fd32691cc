"""Axis-parallel rectangles, bounding boxes and out-of-bounds lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.strokes import MAX_COORDINATE_MM, Strokes

# Vertices on the edge may have been rounded outwards; a micrometre is less than a plotter's step.
TOUCHING_MM = 0.001


@dataclass(frozen=True)
class Rectangle:
    """An axis-parallel rectangle in mm; y points down.

    Raises:
        InvalidInput: left > right, top > bottom, or a side is more than a kilometre away.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        # NaN fails these comparisons.
        if (
            not -MAX_COORDINATE_MM <= self.left <= self.right <= MAX_COORDINATE_MM
            or not -MAX_COORDINATE_MM <= self.top <= self.bottom <= MAX_COORDINATE_MM
        ):
            raise InvalidInput(
                "a rectangle must have left <= right and top <= bottom, all within a kilometre",
                code="bad-rectangle",
            )

    @classmethod
    def around(cls, points: Floats) -> Rectangle:
        """Return the bounding box of `points`, of shape (n, 2) with n of at least 1."""
        return cls(*points.min(axis=0).tolist(), *points.max(axis=0).tolist())

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def bounding_box(strokes: Strokes) -> Rectangle | None:
    """Return the smallest rectangle around all vertices, or None without any."""
    return Rectangle.around(strokes.coordinates) if len(strokes) else None


def out_of_bounds(strokes: Strokes, page: Rectangle) -> tuple[float, int]:
    """Return the length in mm outside `page` and the number of strokes that leave it."""
    low = np.array([page.left, page.top]) - TOUCHING_MM
    high = np.array([page.right, page.bottom]) + TOUCHING_MM
    points = strokes.coordinates
    outside: NDArray[np.bool_] = np.any((points < low) | (points > high), axis=1)
    if not outside.any():
        return 0.0, 0
    # A page is convex: segments that leave it have an end outside.
    crossing = np.flatnonzero((outside[1:] | outside[:-1]) & (strokes.steps[1:] > 0))
    inside = _part_inside(points[crossing], points[crossing + 1], low, high)
    strayed = np.add.reduceat(outside, strokes.offsets[:-1], dtype=np.int64)
    return float((strokes.steps[crossing + 1] * (1 - inside)).sum()), int(np.count_nonzero(strayed))


def _part_inside(starts: Floats, ends: Floats, low: Floats, high: Floats) -> Floats:
    """Return the share of each segment between `low` and `high` on both axes."""
    moved = ends - starts
    # Dividing by smaller steps could overflow.
    level = np.abs(moved) < TOUCHING_MM**2
    divisor = np.where(level, 1.0, moved)
    at_low, at_high = (low - starts) / divisor, (high - starts) / divisor
    within = (starts >= low) & (starts <= high)
    enters = np.where(level, 0.0, np.minimum(at_low, at_high))
    leaves = np.where(level, np.where(within, 1.0, 0.0), np.maximum(at_low, at_high))
    part: Floats = np.minimum(leaves.min(axis=1), 1.0) - np.maximum(enters.max(axis=1), 0.0)
    return np.maximum(part, 0.0)
