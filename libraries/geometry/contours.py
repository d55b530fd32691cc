"""Lines of equal height on a square lattice: marching squares.

The heights are straight between the points of the lattice, after Lorensen and Cline, "Marching
cubes" (1987); where the diagonals of a square disagree, the mean of its corners decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, Polyline

# Which sides of a square of the lattice a line enters and leaves, for the corners that are higher:
# 1 for upper left, 2 for upper right, 4 for lower right, 8 for lower left. Sides are 0 above, 1
# right, 2 below, 3 left. The higher land is on the same hand.
ENTERS = np.array([0, 0, 1, 1, 2, 0, 2, 2, 3, 0, 0, 1, 3, 0, 3, 0])
LEAVES = np.array([0, 3, 0, 3, 1, 0, 0, 3, 2, 2, 0, 2, 1, 1, 0, 0])


def contour_lines(
    heights: Floats, x: Floats, y: Floats, levels: int
) -> Iterator[tuple[int, Polyline]]:
    """Yield the lines of equal height with the numbers of their levels.

    Args:
        heights: from 0 to 1, an array of shape (rows, columns).
        x: places of the columns in mm.
        y: places of the rows in mm.
        levels: the number of levels; level k is at the height (k + 1/2) / `levels`.
    """
    rows, columns = heights.shape
    # How many levels a point lies above: whole numbers, so that all squares around it agree.
    above = np.maximum(np.floor(heights * levels + 0.5), 0).astype(np.int64)
    starts, ends = _segments(above, heights * levels - 0.5, rows, columns, levels)
    nodes, place = np.unique(np.concatenate((starts, ends)), return_inverse=True)
    points = _points(nodes, heights * levels - 0.5, x, y, levels)
    following = np.full(len(nodes), -1)
    following[place[: len(starts)]] = place[len(starts) :]
    first = np.ones(len(nodes), dtype=bool)
    first[place[len(starts) :]] = False
    for path in _paths(following.tolist(), np.flatnonzero(first).tolist()):
        line = points[path]
        moved = np.concatenate(([True], (np.diff(line, axis=0) != 0).any(axis=1)))
        if moved.sum() > 1:
            yield int(nodes[path[0]]) % levels, line[moved]


def _segments(
    above: Integers, heights: Floats, rows: int, columns: int, levels: int
) -> tuple[Integers, Integers]:
    """Return where the pieces of line in the squares begin and end.

    Both are numbers of a side of the lattice, times `levels`, plus the level. Sides that lie across
    come first, row by row.
    """
    corners = above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1]
    lowest, highest = np.minimum.reduce(corners).ravel(), np.maximum.reduce(corners).ravel()
    count = highest - lowest
    square = np.repeat(np.arange(len(count)), count)
    level = np.arange(len(square)) - np.repeat(np.cumsum(count) - count - lowest, count)
    case = sum(
        (corner.ravel()[square] > level) * np.int64(2**bit) for bit, corner in enumerate(corners)
    )
    middle = (heights[:-1, :-1] + heights[:-1, 1:] + heights[1:, 1:] + heights[1:, :-1]).ravel()[
        square
    ] / 4 > level
    row, column = np.divmod(square, columns - 1)
    across, down = row * (columns - 1) + column, rows * (columns - 1) + row * columns + column
    sides = np.stack((across, down + 1, across + columns - 1, down))
    number = np.arange(len(square))
    # Two opposite corners are high: two pieces, which cut off the high corners or, if the middle is
    # high, the low ones.
    first, second = _saddles(case, middle)
    twice = np.flatnonzero(second[0] >= 0)
    enters = np.concatenate((sides[first[0], number], sides[second[0][twice], twice]))
    leaves = np.concatenate((sides[first[1], number], sides[second[1][twice], twice]))
    named = np.concatenate((level, level[twice]))
    return enters * levels + named, leaves * levels + named


def _saddles(
    case: Integers, middle: NDArray[np.bool_]
) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    """Return the sides by which the one or two pieces of each square enter and leave.

    Without a second piece its sides are -1.
    """
    enters, leaves = ENTERS[case], LEAVES[case]
    more = np.full((2, len(case)), -1)
    # The same for two opposite high corners, which two pieces of line cut off; or the low corners, if
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
    """Return where the levels cross the sides of the lattice, in mm."""
    side, level = np.divmod(nodes, levels)
    rows, columns = heights.shape
    lies_across = side < rows * (columns - 1)
    down = side - rows * (columns - 1)
    row = np.where(lies_across, side // (columns - 1), down // columns)
    column = np.where(lies_across, side % (columns - 1), down % columns)
    next_row, next_column = row + ~lies_across, column + lies_across
    start, end = heights[row, column], heights[next_row, next_column]
    part = np.clip((level - start) / (end - start), 0, 1)
    return np.column_stack(
        (x[column] + part * (x[next_column] - x[column]), y[row] + part * (y[next_row] - y[row]))
    )


def _paths(following: list[int], open_ends: list[int]) -> Iterator[list[int]]:
    """Yield the runs through `following`: first those with open ends, then the closed ones."""
    for start in (*open_ends, *range(len(following))):
        path, node = [start], following[start]
        while node >= 0:
            following[path[-1]] = -1
            path.append(node)
            node = following[node]
        if len(path) > 1:
            yield path
