"""The shortest route through a few open strokes, of all orders and directions."""

from __future__ import annotations

from itertools import permutations, product
from typing import ClassVar

import numpy as np

from libraries.geometry.routing.problem import Problem
from libraries.geometry.routing.route import Route


class Few:
    """For how many strokes all routes are compared, 24 orders of 16 directions, and for what gain."""

    MAX_STROKES: ClassVar[int] = 4
    # Less may be a rounding error.
    MIN_GAIN_MM: ClassVar[float] = 1e-7


def shortest_of_few(problem: Problem) -> Route | None:
    """Return the shortest route; None if there are more strokes, closed ones, or constraints."""
    count = len(problem)
    if not 1 < count <= Few.MAX_STROKES or problem.closed.any() or problem.is_constrained:
        return None
    orders = np.array(list(permutations(range(count))))
    turns = np.array(list(product((0, 1), repeat=count)))
    # The ends at which the strokes of each route begin, after those of the start.
    first = (2 * orders[:, None] + turns).reshape(-1, count)
    home = np.full((len(first), 1), 2 * count)
    leave, arrive = np.hstack((home, first ^ 1)), np.hstack((first, home + 1))
    points = problem.ends
    apart = np.hypot(*np.moveaxis(points[leave] - points[arrive], -1, 0))
    best = first[np.argmin(np.where(np.isfinite(apart), apart, 0.0).sum(axis=1))]
    order = best >> 1
    last = np.diff(problem.offsets)[order] - 1
    return problem.route(order, np.where(best & 1, last, 0))
