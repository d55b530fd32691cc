"""The strokes of a route with the constraints on their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.routing.route import Flags, Route, travel_mm
from libraries.geometry.strokes import Point, bad_strokes


@dataclass(frozen=True, eq=False)
class Problem:
    """Strokes, the rest positions of the pen (None: anywhere), and constraints.

    The first stroke of each pair in `before` is drawn before the second. `one_way` marks strokes
    that are not reversed. `penalties` in mm, one for each node as in `Bound`, guide the search.
    """

    coordinates: Floats
    offsets: Integers
    closed: Flags
    start: Point | None
    end: Point | None
    before: Sequence[tuple[int, int]] = ()
    one_way: Flags | None = None
    penalties: Floats | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def is_constrained(self) -> bool:
        return len(self.before) > 0 or self.one_way is not None

    @cached_property
    def ends(self) -> Floats:
        """The points of the ends 2i and 2i + 1 of each stroke, then `start` and `end`: (2k + 2, 2).

        Both ends of a closed stroke are its first vertex. Unknown points are infinite.
        """
        last = np.where(self.closed, self.offsets[:-1], self.offsets[1:] - 1)
        points = self.coordinates[np.column_stack((self.offsets[:-1], last)).ravel()]
        unknown = (math.inf, math.inf)
        return np.vstack([points, [self.start or unknown, self.end or unknown]])

    @cached_property
    def end_penalties(self) -> Floats:
        """The penalties of `ends`: both ends of a closed stroke have that of their node."""
        if self.penalties is None:
            return np.zeros(2 * len(self) + 2)
        nodes = np.cumsum(np.column_stack((np.ones(len(self), np.int64), ~self.closed)).ravel()) - 1
        return np.append(self.penalties[nodes], (0.0, 0.0))

    def route(self, order: Integers, entry: Integers) -> Route:
        return Route(order, entry, self.travel_mm(order, entry))

    def travel_mm(self, order: Integers, entry: Integers) -> float:
        return travel_mm(
            self.coordinates,
            self.offsets,
            order,
            entry,
            closed=self.closed,
            start=self.start,
            end=self.end,
        )

    @cached_property
    def given(self) -> Route:
        """The route that leaves the strokes as they are."""
        order = np.arange(len(self))
        return self.route(order, np.zeros_like(order))

    def point(self, stroke: int, vertex: int) -> Point:
        x, y = self.coordinates[self.offsets[stroke] + vertex].tolist()
        return x, y

    def exit(self, stroke: int, entry: int) -> Point:
        """Return the point at which a stroke that is entered at the vertex `entry` ends."""
        last = int(self.offsets[stroke + 1] - self.offsets[stroke]) - 1
        return self.point(stroke, entry if self.closed[stroke] else last - entry)

    def reverse(self, route: Route) -> Route:
        last = np.diff(self.offsets)[route.order] - 1
        entry = np.where(self.closed[route.order], route.entry, last - route.entry)
        return Route(route.order[::-1], entry[::-1], route.travel_mm)

    def part(self, strokes: Integers, before: Sequence[tuple[int, int]]) -> Problem:
        """Return the problem of sorted `strokes`, numbered from 0, without rest positions."""
        counts = np.diff(self.offsets)[strokes]
        rows = np.repeat(self.offsets[:-1][strokes], counts) + ranges(counts)
        numbers = np.searchsorted(strokes, np.array(before, dtype=np.int64).reshape(-1, 2)).tolist()
        pairs = [(one, two) for one, two in numbers]
        offsets = np.append(0, np.cumsum(counts))
        return Problem(self.coordinates[rows], offsets, self.closed[strokes], None, None, pairs)

    def is_allowed(self, order: Integers) -> bool:
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return all(place[one] < place[two] for one, two in self.before)


def constrained_order(order: Sequence[int], before: Sequence[tuple[int, int]]) -> list[int]:
    """Return `order` with each stroke moved after those that have to be drawn first.

    Raises:
        InvalidInput: strokes have to be drawn before each other.
    """
    earlier: dict[int, list[int]] = {}
    for one, two in before:
        earlier.setdefault(two, []).append(one)
    placed: dict[int, bool] = {}
    result = []
    for stroke in order:
        stack = [stroke]
        while stack:
            top = stack[-1]
            if top not in placed:
                placed[top] = False
                waiting = [s for s in earlier.get(top, ()) if not placed.get(s)]
                if any(s in placed for s in waiting):
                    raise bad_strokes("strokes have to be drawn before each other", "before")
                stack += waiting
                continue
            stack.pop()
            if not placed[top]:
                placed[top] = True
                result.append(top)
    return result
