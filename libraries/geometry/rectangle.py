"""Upright rectangles, and how much of a drawing lies outside one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.strokes import MAX_COORDINATE_MM, Strokes

# A vertex on the edge may have been rounded outwards; a micrometre is far less than a plotter's
# step.
TOUCHING = 0.001


@dataclass(frozen=True)
class Rectangle:
    """An upright rectangle in mm; y points down.

    Raises:
        InvalidInput: left is beyond right, top below bottom, or a side is not finite or more than a
            kilometre away.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        """Check the sides; comparisons are worded so that NaN fails them."""
        if (
            not -MAX_COORDINATE_MM <= self.left <= self.right <= MAX_COORDINATE_MM
            or not -MAX_COORDINATE_MM <= self.top <= self.bottom <= MAX_COORDINATE_MM
        ):
            raise InvalidInput(
                "a rectangle needs left <= right and top <= bottom, all finite and within a kilometre",
                code="bad-rectangle",
            )

    @property
    def width(self) -> float:
        """Return the width in mm."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return the height in mm."""
        return self.bottom - self.top


def bounding_box(strokes: Strokes) -> Rectangle | None:
    """Return the smallest rectangle around all vertices, or None without any."""
    if not len(strokes):
        return None
    (left, top), (right, bottom) = strokes.coordinates.min(axis=0), strokes.coordinates.max(axis=0)
    return Rectangle(float(left), float(top), float(right), float(bottom))


def out_of_bounds(strokes: Strokes, page: Rectangle) -> tuple[float, int]:
    """Return the mm that are drawn outside of `page`, and the number of strokes that leave it.

    What is less than a micrometre outside counts as inside. The part of a segment inside is found
    by clipping it to the page, one axis after the other (Liang and Barsky, 1984).
    """
    low = np.array([page.left, page.top]) - TOUCHING
    high = np.array([page.right, page.bottom]) + TOUCHING
    places = strokes.coordinates
    outside: NDArray[np.bool_] = np.any((places < low) | (places > high), axis=1)
    if not outside.any():
        return 0.0, 0
    # A page is convex: a segment that leaves it has an end outside.
    crossing = np.flatnonzero((outside[1:] | outside[:-1]) & (strokes.steps[1:] > 0))
    inside = _part_inside(places[crossing], places[crossing + 1], low, high)
    strayed = np.add.reduceat(outside, strokes.offsets[:-1], dtype=np.int64)
    return float((strokes.steps[crossing + 1] * (1 - inside)).sum()), int(np.count_nonzero(strayed))


def _part_inside(starts: Floats, ends: Floats, low: Floats, high: Floats) -> Floats:
    """Return the part of each segment, from 0 to 1, between `low` and `high` on both axes."""
    moved = ends - starts
    # A move this small is far below any plotter's step, and dividing by it could pass the largest
    # number.
    level = np.abs(moved) < TOUCHING * TOUCHING
    # A segment that does not move along an axis is between its limits all the time, or never.
    divisor = np.where(level, 1.0, moved)
    at_low, at_high = (low - starts) / divisor, (high - starts) / divisor
    within = (starts >= low) & (starts <= high)
    enters = np.where(level, 0.0, np.minimum(at_low, at_high))
    leaves = np.where(level, np.where(within, 1.0, 0.0), np.maximum(at_low, at_high))
    part: Floats = np.minimum(leaves.min(axis=1), 1.0) - np.maximum(enters.max(axis=1), 0.0)
    return np.maximum(part, 0.0)
