"""The order of strokes: each begins near the end of the one before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from libraries.geometry.arrays import Floats, Polyline
from libraries.geometry.grid import Grid


def nearest_neighbour_order(lines: Sequence[Polyline]) -> Iterator[Polyline]:
    """Yield `lines`, each as near as a quick search finds to the end of the one before.

    A line is reversed where its other end is nearer. Lines are arrays of shape (n, 2) in mm. The
    time is nearly linear in their number.
    """
    if not lines:
        return
    ends = np.array([(line[0], line[-1]) for line in lines])
    grid = Grid(ends.reshape(-1, 2), _cell_mm(ends))
    waiting = dict.fromkeys(range(len(lines)))
    number, is_reversed = 0, False
    while True:
        yield lines[number][::-1] if is_reversed else lines[number]
        del waiting[number]
        grid.remove(2 * number)
        grid.remove(2 * number + 1)
        if not waiting:
            return
        # Where thousands of ends are in one cell, any of them will do.
        end = grid.nearest(
            ends[number, 0 if is_reversed else 1].tolist(),
            max_rings=12,
            max_points_per_cell=50,
        )
        number, is_reversed = (
            (next(iter(waiting)), False) if end is None else (end >> 1, end & 1 == 1)
        )


def _cell_mm(ends: Floats) -> float:
    size: Floats = ends.max(axis=(0, 1)) - ends.min(axis=(0, 1))
    wide, high = float(size[0]), float(size[1])
    cells = float(len(ends))
    return max(math.sqrt(wide * high / cells), max(wide, high) / cells, 1e-6)
