"""The shortest tree that joins points, and the walk around it: where tours begin."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.nearest import triangulated

# For each point those that it is joined to.
Links = list[list[int]]


def walk_around(points: Floats, near: Integers) -> list[int]:
    """Return all points in the order in which a walk around their shortest tree first meets them.

    The walk goes along each edge of the tree twice and jumps over what it has met, so that no step
    is much longer than the longest edge that any way of joining the points needs: where the points
    leave a gap, the walk does not cross it.

    Args:
        points: shape (n, 2).
        near: the nearest other points of each, shape (n, k): they join what a triangulation leaves
            out.
    """
    links = _shortest_tree(points, near)
    x, y = points[:, 0].tolist(), points[:, 1].tolist()
    order: list[int] = []
    waiting = [(0, 0)]  # the first point comes from nowhere, and is no neighbour of itself
    while waiting:
        here, before = waiting.pop()
        order.append(here)
        back = math.atan2(y[before] - y[here], x[before] - x[here])
        turns = [
            ((math.atan2(y[other] - y[here], x[other] - x[here]) - back) % math.tau, other)
            for other in links[here]
        ]
        # What is pushed last is met first; the way back is not gone again.
        waiting.extend((other, here) for _, other in sorted(turns, reverse=True) if other != before)
    return order


def _shortest_tree(points: Floats, near: Integers) -> Links:
    """Return the shortest tree by Kruskal's rule: the shortest edges first, without rings.

    All its edges are edges of the Delaunay triangulation. Points that are in one place, or all on
    one line, have none; they are joined to their neighbours, and what is still apart then in the
    order of its numbers.
    """
    count = len(points)
    sides = triangulated(points)
    one = np.concatenate((np.repeat(np.arange(count), near.shape[1]), sides[:, 0]))
    two = np.concatenate((near.ravel(), sides[:, 1]))
    pairs = np.unique(np.minimum(one, two) * count + np.maximum(one, two))
    low, high = pairs // count, pairs % count
    order = np.argsort(((points[low] - points[high]) ** 2).sum(axis=1), kind="stable")
    links: Links = [[] for _ in range(count)]
    groups = list(range(count))
    edges = zip(low[order].tolist(), high[order].tolist(), strict=True)
    for a, b in _without_rings(edges, groups):
        links[a].append(b)
        links[b].append(a)
    for a, b in _without_rings(zip(range(count - 1), range(1, count), strict=True), groups):
        links[a].append(b)
        links[b].append(a)
    return links


def _without_rings(
    edges: Iterator[tuple[int, int]], groups: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield the edges whose ends are not joined yet, and join the groups of their ends."""
    for a, b in edges:
        root_a, root_b = _root(groups, a), _root(groups, b)
        if root_a != root_b:
            groups[root_a] = root_b
            yield a, b


def _root(groups: list[int], number: int) -> int:
    while groups[number] != number:
        groups[number] = groups[groups[number]]
        number = groups[number]
    return number
