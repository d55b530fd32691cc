"""Nearest points and triangles between points: the one place that knows SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def nearest(
    points: NDArray[np.float64], places: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """Return for each of `places` the numbers of the `count` nearest of `points`, nearest first.

    Args:
        points: shape (n, 2).
        places: shape (m, 2); the search is quickest if neighbours follow each other.
        count: from 1 to n.

    Returns:
        Shape (m, count), or (m,) for a count of 1.
    """
    # Loading it takes a third of a second, which a process that draws no pictures need not spend.
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # noqa: PLC0415

    tree: Any = cKDTree(points)
    return np.asarray(tree.query(places, k=count)[1], dtype=np.int64)


def triangulated(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the edges of the Delaunay triangulation of `points` as pairs; some occur twice.

    There are none if all points lie on a line; points in the place of another have none of their
    own.
    """
    from scipy.spatial import Delaunay, QhullError  # noqa: PLC0415

    try:
        corners = np.asarray(Delaunay(points).simplices, dtype=np.int64)
    except (QhullError, ValueError):
        return np.zeros((0, 2), dtype=np.int64)
    return np.concatenate((corners[:, :2], corners[:, 1:], corners[:, ::2]))
