"""Nearest other ends of strokes: the candidates for new connections."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing.route import distances


class Candidates(NamedTuple):
    """For each of n points the nearest others, nearest first; both arrays have shape (n, k).

    Missing ones have an infinite distance.
    """

    found: Integers
    distances: Floats


def nearest_others(points: Floats, owners: Integers, count: int) -> Candidates:
    """Return up to `count` nearest `points` of other `owners` for each point.

    Equal points are searched as one, so that many of them neither cost more time nor hide all
    others.
    """
    sites, cluster, first, listed = _clusters(points)
    near = _nearest_sites(sites, count + 1)
    size = np.diff(np.append(first, len(points)))
    most = int(size.max(initial=1))
    own = np.arange(len(points))
    if most == 1:
        found = listed[near[cluster]]
    else:
        rank = np.empty_like(own)
        rank[listed] = own - np.repeat(first, size)

        def member(of: Integers, shift: int) -> Integers:
            """Return the member of clusters that follows this point's rank, or the point."""
            steps = rank[:, None] + shift
            chosen = listed[first[of] + steps % size[of]]
            return np.where(shift < size[of], chosen, own[:, None])

        columns = [member(cluster[:, None], shift) for shift in range(1, min(most, count + 2))]
        others = near[cluster]
        is_other = others != cluster[:, None]
        columns += [
            np.where(is_other, member(others, shift), own[:, None]) for shift in range(min(most, 2))
        ]
        found = np.concatenate(columns, axis=1)
    apart = distances(points[found] - points[:, None])
    apart[owners[found] == owners[:, None]] = np.inf
    return _nearest_first(found, apart, count)


def _clusters(points: Floats) -> tuple[Floats, Integers, Integers, Integers]:
    """Return different points, the one of each point, and the points of each with their offsets."""
    listed = np.lexsort((points[:, 1], points[:, 0]))
    ordered = points[listed]
    is_new = np.ones(len(points), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    cluster = np.empty(len(points), dtype=np.int64)
    cluster[listed] = np.cumsum(is_new) - 1
    first = np.flatnonzero(is_new)
    return ordered[first], cluster, first, listed


def _nearest_first(found: Integers, apart: Floats, count: int) -> Candidates:
    order = np.argsort(apart, axis=1, kind="stable")[:, :count]
    return Candidates(
        np.take_along_axis(found, order, axis=1), np.take_along_axis(apart, order, axis=1)
    )


def _nearest_sites(sites: Floats, count: int, *, few: int = 32) -> Integers:
    """Return the `count` nearest sites of each, with itself: shape (n, k)."""
    if len(sites) <= few:
        squares = ((sites[:, None] - sites) ** 2).sum(axis=2)
        return np.argsort(squares, axis=1, kind="stable")[:, :count]
    # The import takes a third of a second and 30 MB; most processes do not need it.
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # noqa: PLC0415

    tree: Any = cKDTree(sites)
    found = tree.query(sites, k=range(1, min(count, len(sites)) + 1))[1]
    return np.asarray(found, dtype=np.int64)
