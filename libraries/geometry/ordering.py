"""Order of strokes by a greedy nearest-neighbour search."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from libraries.geometry.arrays import Floats, Polyline, end_points
from libraries.geometry.grid import Grid


def nearest_neighbour_order(lines: Sequence[Polyline]) -> Iterator[Polyline]:
    """Yield `lines`, arrays of shape (n, 2) in mm, each near the end of the one before.

    Lines are reversed where that is shorter. The time is nearly linear in their number.
    """
    if not lines:
        return
    ends = end_points(lines)
    grid = Grid(ends, _cell_mm(ends))
    waiting = dict.fromkeys(range(len(lines)))
    number, is_reversed = 0, False
    while True:
        yield lines[number][::-1] if is_reversed else lines[number]
        del waiting[number]
        grid.remove(2 * number)
        grid.remove(2 * number + 1)
        if not waiting:
            return
        point = ends[2 * number + (not is_reversed)].tolist()
        # In crowded cells any end is near enough.
        end = grid.nearest(point, max_rings=12, max_points_per_cell=50)
        if end is None:
            end = 2 * next(iter(waiting))
        number, is_reversed = end >> 1, end & 1 == 1


def _cell_mm(ends: Floats) -> float:
    lines = len(ends) / 2
    wide, high = map(float, ends.max(axis=0) - ends.min(axis=0))
    return max(math.sqrt(wide * high / lines), max(wide, high) / lines, 1e-6)
