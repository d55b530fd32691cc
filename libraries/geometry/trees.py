"""Walks around minimum spanning trees: the initial tours of `tours`."""

from __future__ import annotations

import math

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.nearest import shortest_tree


def walk_around(points: Floats, near: Integers) -> list[int]:
    """Return all points in the order of a walk around their minimum spanning tree.

    The walk does not cross gaps between groups of points. For the arguments see `shortest_tree`.
    """
    links: list[list[int]] = [[] for _ in points]
    for a, b in shortest_tree(points, near).tolist():
        links[a].append(b)
        links[b].append(a)
    x, y = points[:, 0].tolist(), points[:, 1].tolist()

    def angle(a: int, b: int) -> float:
        return math.atan2(y[b] - y[a], x[b] - x[a])

    order: list[int] = []
    waiting = [(0, 0)]  # the first point has no predecessor
    while waiting:
        here, before = waiting.pop()
        order.append(here)
        back = angle(here, before)
        turns = [((angle(here, other) - back) % math.tau, other) for other in links[here]]
        waiting.extend((other, here) for _, other in sorted(turns, reverse=True) if other != before)
    return order
