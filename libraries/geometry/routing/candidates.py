"""Nearest other ends of strokes: the candidates for new connections."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.nearest import nearest
from libraries.geometry.routing.route import distances


class Candidates(NamedTuple):
    """For each of n points the nearest others, nearest first; both arrays have shape (n, k).

    Missing ones have an infinite distance.
    """

    found: Integers
    distances: Floats


def nearest_others(
    points: Floats, owners: Integers, count: int, *, block: int = 16_384
) -> Candidates:
    """Return up to `count` nearest `points` of other `owners` for each point.

    Equal points are searched as one, so that many of them neither cost more time nor hide all
    others.
    """
    clusters = _clusters(points)
    near = _nearest_sites(clusters.sites, count + 1)
    size = clusters.sizes
    most = int(size.max(initial=1))
    columns = near.shape[1] if most == 1 else min(most, count + 2) - 1 + 2 * near.shape[1]
    shape = len(points), min(count, columns)
    found, apart = np.zeros(shape, dtype=np.int64), np.full(shape, np.inf)
    # Most points have no equal ones near.
    is_plain = (size[near] == 1).all(axis=1)[clusters.of_points]
    for rows, largest in ((np.flatnonzero(is_plain), 1), (np.flatnonzero(~is_plain), most)):
        # In blocks, which limits the memory.
        for some in np.split(rows, np.arange(block, len(rows), block)):
            others = clusters.members_near(some, near[clusters.of_points[some]], largest, count + 2)
            lengths = distances(points[others] - points[some][:, None])
            lengths[owners[others] == owners[some][:, None]] = np.inf
            one, two = _nearest_first(others, lengths, count)
            found[some, : one.shape[1]], apart[some, : one.shape[1]] = one, two
    return Candidates(found, apart)


class _Clusters(NamedTuple):
    """Different points, the one of each point, and the points of each with their offsets."""

    sites: Floats
    of_points: Integers
    first: Integers
    listed: Integers

    @property
    def sizes(self) -> Integers:
        return np.diff(np.append(self.first, len(self.listed)))

    def members_near(self, own: Integers, near: Integers, most: int, limit: int) -> Integers:
        """Return points at the sites `near` of each of the points `own`: shape (n, k).

        Of each site up to two points are returned, and of the site of the point itself up to
        `limit`. `most` is the greatest number of points at a site.
        """
        if most == 1:
            return self.listed[self.first[near]]
        size, cluster = self.sizes, self.of_points[own]
        rank = np.empty(len(self.listed), dtype=np.int64)
        rank[self.listed] = np.arange(len(self.listed)) - np.repeat(self.first, size)

        def member(of: Integers, shift: int) -> Integers:
            """Return the member of clusters that follows this point's rank, or the point."""
            steps = rank[own][:, None] + shift
            chosen = self.listed[self.first[of] + steps % size[of]]
            return np.where(shift < size[of], chosen, own[:, None])

        columns = [member(cluster[:, None], shift) for shift in range(1, min(most, limit))]
        is_other = near != cluster[:, None]
        columns += [np.where(is_other, member(near, shift), own[:, None]) for shift in range(2)]
        return np.concatenate(columns, axis=1)


def _clusters(points: Floats) -> _Clusters:
    listed = np.lexsort((points[:, 1], points[:, 0]))
    ordered = points[listed]
    is_new = np.ones(len(points), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    cluster = np.empty(len(points), dtype=np.int64)
    cluster[listed] = np.cumsum(is_new) - 1
    first = np.flatnonzero(is_new)
    return _Clusters(ordered[first], cluster, first, listed)


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
    return nearest(sites, sites, min(count, len(sites)))
