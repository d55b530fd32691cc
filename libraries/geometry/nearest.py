"""Nearest neighbours, pairs of near points, connected parts and spanning trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def nearest(
    points: NDArray[np.float64], queries: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """Return the indices of the `count` nearest `points` for each of `queries`, nearest first.

    The result has shape (m, count), or (m,) for a count of 1. Sorted queries are fastest.
    """
    # The import takes a third of a second; most processes do not need it.
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # noqa: PLC0415

    tree: Any = cKDTree(points)
    return np.asarray(tree.query(queries, k=count)[1], dtype=np.int64)


def shortest_tree(points: NDArray[np.float64], near: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the edges of a minimum spanning tree of `points`: shape (n - 1, 2).

    All its edges are edges of the Delaunay triangulation. Coincident and collinear points have no
    triangles; they are joined to `near`, the nearest points of each, of shape (n, k), or in order.
    """
    from scipy.sparse import coo_array  # type: ignore[import-untyped]  # noqa: PLC0415
    from scipy.sparse.csgraph import (  # type: ignore[import-untyped]  # noqa: PLC0415
        minimum_spanning_tree,
    )

    count = len(points)
    sides = _triangle_sides(points)
    one = np.concatenate((np.repeat(np.arange(count), near.shape[1]), sides[:, 0]))
    two = np.concatenate((near.ravel(), sides[:, 1]))
    pairs = np.unique(np.minimum(one, two) * count + np.maximum(one, two))
    low, high = pairs // count, pairs % count
    order = np.argsort(((points[low] - points[high]) ** 2).sum(axis=1), kind="stable")
    in_order = np.arange(count - 1) * (count + 1) + 1
    pairs = np.concatenate((pairs[order], np.setdiff1d(in_order, pairs)))
    # Ranks as weights make the tree unique, also with equal distances.
    edges = pairs // count, pairs % count
    graph = coo_array((np.arange(1.0, len(pairs) + 1), edges), shape=(count, count))
    return np.column_stack(minimum_spanning_tree(graph.tocsr()).nonzero())


def _triangle_sides(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the edges of the Delaunay triangulation as pairs; some occur twice."""
    from scipy.spatial import Delaunay, QhullError  # noqa: PLC0415

    try:
        corners = np.asarray(Delaunay(points).simplices, dtype=np.int64)
    except (QhullError, ValueError):
        return np.zeros((0, 2), dtype=np.int64)
    return np.concatenate((corners[:, :2], corners[:, 1:], corners[:, ::2]))


def pairs_within(
    points: NDArray[np.float64], distance: float, *, max_neighbours: int
) -> NDArray[np.int64]:
    """Return pairs of points at most `distance` apart, nearest first: shape (n, 2), i < j.

    Only pairs of which one is among the `max_neighbours` nearest of the other are returned, which
    limits the memory.
    """
    count = min(max_neighbours + 1, len(points))
    if count <= 1 or _are_apart(points, distance):
        return np.zeros((0, 2), dtype=np.int64)
    from scipy.spatial import cKDTree  # noqa: PLC0415

    # The bound of SciPy excludes the distance itself.
    limit = np.nextafter(distance, np.inf)
    tree: Any = cKDTree(points)
    _, found = tree.query(points, k=np.arange(1, count + 1), distance_upper_bound=limit)
    one, column = np.nonzero(found < len(points))
    two = found[one, column]
    pairs = np.unique(np.column_stack((np.minimum(one, two), np.maximum(one, two))), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    apart = ((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2).sum(axis=1)
    nearest_first: NDArray[np.int64] = pairs[np.lexsort((pairs[:, 1], pairs[:, 0], apart))]
    return nearest_first


def _are_apart(points: NDArray[np.float64], distance: float, *, looks: int = 16) -> bool:
    """Return True if a quick look shows that no two points are within `distance`.

    It spares most drawings the import of SciPy, which takes longer and 30 MB.
    """
    ordered = points[np.argsort(points[:, 0], kind="stable")]
    for step in range(1, looks + 1):
        apart = ordered[step:] - ordered[:-step]
        is_near = apart[:, 0] <= distance
        if not is_near.any():
            # Points further on in the order of x are not nearer in x.
            return True
        if (is_near & (np.abs(apart[:, 1]) <= distance)).any():
            return False
    return False


def connected_parts(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of the connected part that each of `count` nodes belongs to."""
    least = np.arange(count)
    one, two = pairs[:, 0], pairs[:, 1]
    while (least[one] != least[two]).any():
        ends = least[one], least[two]
        # The least node of each part learns of a lower one next to the part, then all nodes do.
        np.minimum.at(least, np.maximum(*ends), np.minimum(*ends))
        while (least[least] != least).any():
            least = least[least]
    return np.unique(least, return_inverse=True)[1].astype(np.int64)
