"""A grid of points for neighbour searches.

Points can be added to it, unlike to the k-d tree of SciPy, whose import takes a third of a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from libraries.geometry.arrays import Floats


class Grid:
    """Points by the cell that contains them; each has the number of its row."""

    def __init__(self, points: Floats, cell_mm: float) -> None:
        self._size = cell_mm
        self._low = points.min(axis=0).tolist() if len(points) else [0.0, 0.0]
        self._points: list[list[float]] = points.tolist()
        homes = np.floor((points - self._low) / cell_mm).astype(np.int64).tolist()
        self._cells: dict[tuple[int, int], dict[int, None]] = {}
        for number, (column, row) in enumerate(homes):
            self._cells.setdefault((column, row), {})[number] = None

    def add(self, point: Sequence[float]) -> None:
        """Add a point with the next number."""
        number = len(self._points)
        self._points.append([*point])
        self._cells.setdefault(self._cell(point), {})[number] = None

    def within(self, point: Sequence[float], distance_mm: float) -> list[int]:
        """Return the numbers of the points closer than `distance_mm`, in ascending order."""
        x, y = point
        column, row = self._cell(point)
        reach, limit = math.ceil(distance_mm / self._size), distance_mm**2
        found = []
        for near_column in range(column - reach, column + reach + 1):
            for near_row in range(row - reach, row + reach + 1):
                for number in self._cells.get((near_column, near_row), ()):
                    to_x, to_y = self._points[number]
                    across, down = to_x - x, to_y - y
                    if across * across + down * down < limit:
                        found.append(number)
        return sorted(found)

    def _cell(self, point: Sequence[float]) -> tuple[int, int]:
        return (
            math.floor((point[0] - self._low[0]) / self._size),
            math.floor((point[1] - self._low[1]) / self._size),
        )
