"""Contour lines on a square lattice by marching squares.

Heights are interpolated linearly (Lorensen and Cline, "Marching cubes", 1987). At saddles, the mean
of the corners decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, Polyline, ranges

# The sides by which a line enters and leaves a square, by the bits of its high corners: 1 upper
# left, 2 upper right, 4 lower right, 8 lower left. Sides are 0 top, 1 right, 2 bottom, 3 left. High
# ground is always on the same side of the line.
ENTERS = np.array([0, 0, 1, 1, 2, 0, 2, 2, 3, 0, 0, 1, 3, 0, 3, 0])
LEAVES = np.array([0, 3, 0, 3, 1, 0, 0, 3, 2, 2, 0, 2, 1, 1, 0, 0])


def contour_lines(
    heights: Floats, x: Floats, y: Floats, levels: int
) -> Iterator[tuple[int, Polyline]]:
    """Yield contour lines of `heights`, of shape (rows, columns), with the numbers of their levels.

    `x` and `y` are the coordinates of the columns and rows in mm. Heights are from 0 to 1, and
    level k is at the height (k + 1/2) / `levels`.
    """
    rows, columns = heights.shape
    # Integer levels, so that all squares around a point agree.
    above = np.maximum(np.floor(heights * levels + 0.5), 0).astype(np.int64)
    starts, ends = _segments(above, heights * levels - 0.5, rows, columns, levels)
    nodes, inverse = np.unique(np.concatenate((starts, ends)), return_inverse=True)
    points = _points(nodes, heights * levels - 0.5, x, y, levels)
    following = np.full(len(nodes), -1)
    following[inverse[: len(starts)]] = inverse[len(starts) :]
    first = np.ones(len(nodes), dtype=bool)
    first[inverse[len(starts) :]] = False
    for path in _paths(following.tolist(), np.flatnonzero(first).tolist()):
        line = points[path]
        moved = np.concatenate(([True], (np.diff(line, axis=0) != 0).any(axis=1)))
        if moved.sum() > 1:
            yield int(nodes[path[0]]) % levels, line[moved]


def _segments(
    above: Integers, heights: Floats, rows: int, columns: int, levels: int
) -> tuple[Integers, Integers]:
    """Return begins and ends of segments: the number of a side times `levels` plus the level."""
    corners = above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1]
    lowest, highest = np.minimum.reduce(corners).ravel(), np.maximum.reduce(corners).ravel()
    count = highest - lowest
    square = np.repeat(np.arange(len(count)), count)
    level = ranges(count) + lowest[square]
    case = sum(
        (corner.ravel()[square] > level) * np.int64(2**bit) for bit, corner in enumerate(corners)
    )
    total = heights[:-1, :-1] + heights[:-1, 1:] + heights[1:, 1:] + heights[1:, :-1]
    middle = total.ravel()[square] / 4 > level
    row, column = np.divmod(square, columns - 1)
    across, down = row * (columns - 1) + column, rows * (columns - 1) + row * columns + column
    sides = np.stack((across, down + 1, across + columns - 1, down))
    number = np.arange(len(square))
    first, second = _saddles(case, middle)
    twice = np.flatnonzero(second[0] >= 0)
    enters = np.concatenate((sides[first[0], number], sides[second[0][twice], twice]))
    leaves = np.concatenate((sides[first[1], number], sides[second[1][twice], twice]))
    named = np.concatenate((level, level[twice]))
    return enters * levels + named, leaves * levels + named


def _saddles(
    case: Integers, middle: NDArray[np.bool_]
) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    """Return the sides by which the first and second line (-1 for none) enter and leave squares."""
    enters, leaves = ENTERS[case], LEAVES[case]
    more = np.full((2, len(case)), -1)
    # With two opposite high corners, two segments cut off the high corners, or the low corners if
    # the middle is high.
    saddles = {
        (5, False): ((0, 3), (2, 1)),
        (5, True): ((0, 1), (2, 3)),
        (10, False): ((1, 0), (3, 2)),
        (10, True): ((3, 0), (1, 2)),
    }
    for (which, high), sides in saddles.items():
        squares = (case == which) & (middle == high)
        (enters[squares], leaves[squares]), (more[0, squares], more[1, squares]) = sides
    return (enters, leaves), (more[0], more[1])


def _points(nodes: Integers, heights: Floats, x: Floats, y: Floats, levels: int) -> Polyline:
    side, level = np.divmod(nodes, levels)
    rows, columns = heights.shape
    is_horizontal = side < rows * (columns - 1)
    down = side - rows * (columns - 1)
    row = np.where(is_horizontal, side // (columns - 1), down // columns)
    column = np.where(is_horizontal, side % (columns - 1), down % columns)
    next_row, next_column = row + ~is_horizontal, column + is_horizontal
    start, end = heights[row, column], heights[next_row, next_column]
    part = np.clip((level - start) / (end - start), 0, 1)
    return np.column_stack(
        (x[column] + part * (x[next_column] - x[column]), y[row] + part * (y[next_row] - y[row]))
    )


def _paths(following: list[int], open_ends: list[int]) -> Iterator[list[int]]:
    for start in (*open_ends, *range(len(following))):
        path, node = [start], following[start]
        while node >= 0:
            following[path[-1]] = -1
            path.append(node)
            node = following[node]
        if len(path) > 1:
            yield path
