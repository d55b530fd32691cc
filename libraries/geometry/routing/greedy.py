"""First tours by the greedy edge method: the shortest connections first."""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing.candidates import Candidates, nearest_others


def greedy_ends(points: Floats, near: Candidates) -> list[int]:
    """Return the ends of all strokes in drawing order, between both of the rest position.

    Stroke i has the ends 2i and 2i + 1 at `points`; the rest position is the last stroke, and its
    points may be infinite. The shortest connections are taken first (Bentley, "Fast Algorithms for
    Geometric Traveling Salesman Problems", 1992).
    """
    known = np.flatnonzero(np.isfinite(points[:, 0]))
    # A rest position without any place is put in later.
    strokes = len(np.unique(known >> 1))
    chains = _Chains(len(points), strokes - 1)
    chains.connect(np.arange(len(points)), near)
    while chains.missing:
        free = known[np.array(chains.links)[known] == chains.FREE]
        owners = np.minimum(free, np.array(chains.far)[free])
        chains.connect(free, nearest_others(points[free], owners, 5))
    rest = len(points) - 2
    ends = chains.ends()
    return [rest, *ends, rest + 1] if strokes == rest // 2 else _around(ends, rest)


def _around(ends: list[int], rest: int) -> list[int]:
    """Return the closed tour `ends` from `rest` to `rest + 1`."""
    place = ends.index(rest)
    if place % 2 == 0:
        ends, place = ends[::-1], len(ends) - 1 - place
    return ends[place:] + ends[:place]


class _Chains:
    """Strokes that are connected to chains; `missing` connections make them one chain."""

    FREE = -1

    def __init__(self, ends: int, missing: int) -> None:
        # The end that each is connected to, and the other end of the chain that begins at it.
        self.links = [self.FREE] * ends
        self.far: list[int] = (np.arange(ends) ^ 1).tolist()
        self.missing = missing

    def connect(self, ends: Integers, near: Candidates) -> None:
        """Connect `ends` to their candidates, which are numbers within `ends`."""
        rows, nearest = np.arange(len(ends)), near.found[:, 0]
        is_mutual = (nearest[nearest] == rows) & (nearest > rows)
        is_mutual &= np.isfinite(near.distances[:, 0])
        # Most connections are between ends that are nearest to each other.
        self._connect(ends[rows[is_mutual]], ends[nearest[is_mutual]], near.distances[is_mutual, 0])
        is_free = np.array(self.links)[ends] == self.FREE
        row, column = np.nonzero(
            is_free[:, None] & is_free[near.found] & np.isfinite(near.distances)
        )
        found, apart = near.found[row, column], near.distances[row, column]
        # Others are listed at both ends, if each is near enough.
        is_first = (row < found) | (apart >= near.distances[found, -1])
        row, found, apart = row[is_first], found[is_first], apart[is_first]
        self._connect(ends[np.minimum(row, found)], ends[np.maximum(row, found)], apart)

    def _connect(self, low: Integers, high: Integers, apart: Floats) -> None:
        links, far, missing = self.links, self.far, self.missing
        free, order = self.FREE, np.lexsort((high, low, apart))
        for a, b in zip(low[order].tolist(), high[order].tolist(), strict=True):
            if links[a] != free or links[b] != free or far[a] == b or not missing:
                continue
            links[a], links[b] = b, a
            one, two = far[a], far[b]
            far[one], far[two] = two, one
            missing -= 1
        self.missing = missing

    def ends(self) -> list[int]:
        """Return the ends of the one chain in order, two for each stroke."""
        end = self.links.index(self.FREE)
        ends: list[int] = []
        while end != self.FREE:
            ends += (end, end ^ 1)
            end = self.links[end ^ 1]
        return ends
