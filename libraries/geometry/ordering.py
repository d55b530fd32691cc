"""The order of strokes: each begins near where the last one ended."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Polyline = NDArray[np.float64]

# Cells get about this many ends each.
CROWD = 2
# A search that has looked at so many rings of cells around it takes the next stroke in the given order.
FARTHEST_RING = 12
# So many ends of one cell are looked at; where thousands meet in one place, any of them will do.
MOST_LOOKED_AT = 50
SHORTEST_STEP = 1e-6


def nearest_first(lines: Sequence[Polyline]) -> Iterator[Polyline]:
    """Yield `lines`, each as near as a quick search finds to the end of the one before, turned round where that is nearer.

    Lines are arrays of shape (n, 2) in mm. The time is near linear in their number: ends are kept in a grid of cells, and a
    neighbourhood that is used up is left for the next line in the given order.
    """
    if not lines:
        return
    ends = np.array([(line[0], line[-1]) for line in lines])
    cells = _Cells(ends)
    number, flipped = 0, False
    while True:
        yield lines[number][::-1] if flipped else lines[number]
        cells.remove(number)
        found = cells.nearest(*ends[number, 0 if flipped else 1])
        if found is None:
            return
        number, flipped = found


class _Cells:
    """The ends of lines that are not drawn yet, by the cell of a grid in which they lie."""

    def __init__(self, ends: NDArray[np.float64]) -> None:
        low = ends.min(axis=(0, 1))
        wide, high = (ends.max(axis=(0, 1)) - low).tolist()
        cells = 2 * len(ends) / CROWD
        self._size = max(math.sqrt(wide * high / cells), max(wide, high) / cells, SHORTEST_STEP)
        self._low_x, self._low_y = low.tolist()
        self._homes = [[self._home(*place) for place in pair] for pair in ends.tolist()]
        self._ends = ends.tolist()
        self._cells: dict[tuple[int, int], dict[tuple[int, int], None]] = {}
        for number, homes in enumerate(self._homes):
            for side, home in enumerate(homes):
                self._cells.setdefault(home, {})[number, side] = None
        self._waiting = dict.fromkeys(range(len(ends)))

    def _home(self, x: float, y: float) -> tuple[int, int]:
        return int((x - self._low_x) / self._size), int((y - self._low_y) / self._size)

    def remove(self, number: int) -> None:
        """Take out both ends of a line."""
        del self._waiting[number]
        for side, home in enumerate(self._homes[number]):
            del self._cells[home][number, side]

    def nearest(self, x: float, y: float) -> tuple[int, bool] | None:
        """Return a line with an end near, and whether that is its last point; None when no line is left."""
        column, row = self._home(x, y)
        best, found = math.inf, None
        for ring in range(FARTHEST_RING):
            # What lies in this ring is at least `ring - 1` cells away.
            if best <= (ring - 1) * self._size:
                break
            for number, side in self._ring(column, row, ring):
                there = self._ends[number][side]
                away = math.hypot(there[0] - x, there[1] - y)
                if away < best:
                    best, found = away, (number, side == 1)
        if found is None and self._waiting:
            return next(iter(self._waiting)), False
        return found

    def _ring(self, column: int, row: int, ring: int) -> Iterator[tuple[int, int]]:
        for x in range(column - ring, column + ring + 1):
            step = 1 if abs(x - column) == ring else 2 * ring
            for y in range(row - ring, row + ring + 1, step):
                yield from islice(self._cells.get((x, y), ()), MOST_LOOKED_AT)
