"""Arcs of circles that replace runs of short segments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats
from libraries.geometry.strokes import Point


class Arc(NamedTuple):
    """An arc from the vertex `first` to the vertex `last`.

    It goes around `centre` in the direction from x to y if `turn` is positive.
    """

    first: int
    last: int
    centre: Point
    turn: float


class ArcFitter:
    """Fits arcs greedily: each is the longest found from the first vertex where one fits.

    An arc replaces at least four vertices. They and the middles of their chords are within
    `tolerance` mm of it; it has a radius of 0.1 to 2,000 mm and turns by at most half a circle.
    """

    LEAST_SEGMENTS, LEAST_RADIUS, MOST_RADIUS = 3, 0.1, 2000.0
    # Tests of vertices, about half a second; then the rest is lines.
    MOST_TESTS = 500_000

    def __init__(self, points: Floats, tolerance: float) -> None:
        """Prepare strokes as vertices in mm of shape (n, 2), without equal neighbours."""
        self._tolerance = tolerance
        self._tests = 0
        self._points: list[Point] = list(map(tuple, points.tolist()))
        self._starts = self._possible_starts(points)

    def arcs(self, first: int, last: int) -> Iterator[Arc]:
        """Yield the arcs of the stroke from the vertex `first` to the vertex `last`."""
        for start in (np.flatnonzero(self._starts[first : last + 1]) + first).tolist():
            if start >= first and start + self.LEAST_SEGMENTS <= last:
                arc = self._longest(start, last)
                if arc is not None:
                    yield arc
                    first = arc.last

    def _possible_starts(self, points: Floats) -> NDArray[np.bool_]:
        """Return for each vertex whether the shortest arc from it fits, for all at once."""
        possible = np.zeros(len(points), dtype=np.bool_)
        if len(points) <= self.LEAST_SEGMENTS:
            return possible
        start, second, third, end = (points[index : len(points) - 3 + index] for index in range(4))
        a, b = second - start, end - start
        turn = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
        squares = (a**2).sum(axis=1), (b**2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = (b[:, 1] * squares[0] - a[:, 1] * squares[1]) / (2 * turn)
            y = (a[:, 0] * squares[1] - b[:, 0] * squares[0]) / (2 * turn)
            centre = start + np.column_stack([x, y])
            radius = np.hypot(x, y)
            # The first, second and last vertex are on the circle.
            checked = (third, (start + second) / 2, (second + third) / 2, (third + end) / 2)
            distances = [np.hypot(*(one - centre).T) for one in checked]
            # NaN fails this comparison. The exact test follows.
            near = np.abs(distances - radius).max(axis=0) <= self._tolerance
        possible[: len(near)] = near
        return possible

    def _longest(self, first: int, last: int) -> Arc | None:
        """Double the number of segments until no arc fits, then bisect."""
        segments, found, failed = self.LEAST_SEGMENTS, None, last + 1
        while first + segments < failed:
            arc = self._fit(first, first + segments)
            if arc is None:
                failed = first + segments
            else:
                found, segments = arc, 2 * segments
        if found is None:
            return None
        while failed - found.last > 1:
            middle = (failed + found.last) // 2
            arc = self._fit(first, middle)
            if arc is None:
                failed = middle
            else:
                found = arc
        return found

    def _fit(self, first: int, last: int) -> Arc | None:
        """Return the arc through the first, middle and last vertex if it fits all of them."""
        points = self._points
        circle = _circle(points[first], points[(first + last) // 2], points[last])
        if circle is None or self._tests > self.MOST_TESTS:
            return None
        arc = Arc(first, last, *circle)
        radius = math.dist(points[first], arc.centre)
        is_round = self.LEAST_RADIUS <= radius <= self.MOST_RADIUS
        return arc if is_round and self._is_near(arc, radius) else None

    def _is_near(self, arc: Arc, radius: float) -> bool:
        least, most = radius - self._tolerance, radius + self._tolerance
        self._tests += arc.last - arc.first
        across, down = arc.centre
        x, y = self._points[arc.first]
        start_x, start_y = x, y = x - across, y - down
        for point_x, point_y in self._points[arc.first + 1 : arc.last + 1]:
            next_x, next_y = point_x - across, point_y - down
            if not (
                least <= math.hypot(next_x, next_y) <= most
                and least <= math.hypot(x + next_x, y + next_y) / 2 <= most
                # Each step goes on in the direction of the arc, and none beyond half a circle.
                and (x * next_y - y * next_x) * arc.turn > 0
                and x * next_x + y * next_y > 0
                and (start_x * next_y - start_y * next_x) * arc.turn >= 0
            ):
                return False
            x, y = next_x, next_y
        return True


def _circle(start: Point, middle: Point, end: Point) -> tuple[Point, float] | None:
    """Return the centre of the circle through three points, and a number with the sign of its turn.

    The centre is where the perpendicular bisectors of two chords meet; None if they are parallel.
    """
    ax, ay = middle[0] - start[0], middle[1] - start[1]
    bx, by = end[0] - start[0], end[1] - start[1]
    turn = ax * by - ay * bx
    if not turn:
        return None
    a, b = ax * ax + ay * ay, bx * bx + by * by
    x, y = (by * a - ay * b) / (2 * turn), (ax * b - bx * a) / (2 * turn)
    return (start[0] + x, start[1] + y), turn
