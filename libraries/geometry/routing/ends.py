"""The nodes of strokes: two ends of an open stroke, or one closed stroke."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing.route import Flags, distances
from libraries.geometry.strokes import Point


class Nodes:
    """The nodes in the order of the strokes, with their points.

    `points` has the point of each end and all vertices of closed strokes, and `owners` the node of
    each point; `joined` are the pairs of nodes of open strokes.
    """

    def __init__(
        self,
        coordinates: Floats,
        offsets: Integers,
        closed: Flags,
        start: Point | None,
        end: Point | None,
    ) -> None:
        counts = np.where(closed, 1, 2)
        self._first = np.cumsum(counts) - counts
        self._count = int(counts.sum())
        self._rests = start, end
        is_point = np.repeat(closed, np.diff(offsets))
        is_last = np.zeros(len(coordinates), dtype=bool)
        is_last[offsets[1:] - 1] = True
        is_point[offsets[:-1]] = True
        # The last vertex of a closed stroke is the first again.
        is_point[offsets[1:] - 1] = ~closed | (np.diff(offsets) == 1)
        stroke = np.repeat(np.arange(len(closed)), np.diff(offsets))
        owners = self._first[stroke] + (is_last & ~closed[stroke])
        self.points: Floats = coordinates[is_point]
        self.owners: Integers = owners[is_point]
        # An open stroke of one vertex has two ends in one point.
        dots = np.flatnonzero(~closed & (np.diff(offsets) == 1))
        if len(dots):
            self.points = np.concatenate((self.points, coordinates[offsets[dots]]))
            self.owners = np.append(self.owners, self._first[dots])
        self.joined: Integers = self._first[~closed]

    def __len__(self) -> int:
        return self._count

    @cached_property
    def joins(self) -> Integers:
        """For each node the number of nodes that it is joined to: 1 for an end, else 0."""
        joins = np.zeros(len(self), dtype=np.int64)
        joins[self.joined] = joins[self.joined + 1] = 1
        return joins

    def joined_cost(self, penalties: Floats) -> float:
        return float(penalties[self.joined].sum() + penalties[self.joined + 1].sum())

    @cached_property
    def _to_rests(self) -> list[Floats]:
        """The least distance in mm of each node from the first and the last position of the pen."""
        result = []
        for rest in self._rests:
            least = np.full(len(self), np.inf)
            apart = np.zeros(len(self.points)) if rest is None else distances(self.points - rest)
            np.minimum.at(least, self.owners, apart)
            result.append(least)
        return result

    def rest_links(self, penalties: Floats) -> tuple[float, list[int]]:
        """Return the least cost of leaving and reaching the rest positions, and the nodes."""
        costs = [to_rest + penalties for to_rest in self._to_rests]
        if len(self) == 1:
            return float(costs[0][0] + costs[1][0]), [0, 0]
        two = [_two_least(cost) for cost in costs]
        return min(
            (float(costs[0][one] + costs[1][other]), [one, other])
            for one in two[0]
            for other in two[1]
            if one != other
        )


def _two_least(costs: Floats) -> list[int]:
    """Return the numbers of the two least costs; the first ones of equal costs."""
    first = int(costs.argmin())
    others = costs.copy()
    others[first] = np.inf
    return [first, int(others.argmin())]
