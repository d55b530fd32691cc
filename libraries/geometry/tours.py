"""Short closed tours through points without crossings."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.nearest import nearest
from libraries.geometry.segments import cross, pairs_with_touching_boxes
from libraries.geometry.trees import walk_around

# Smaller gains are rounding errors.
MIN_GAIN_MM = 1e-9
# There is only one tour of three points.
MIN_POINTS = 4


def hilbert_order(x: Integers, y: Integers, bits: int) -> Integers:
    """Return the positions of cells on the Hilbert curve; `x` and `y` are below 2**bits."""
    x, y = x.astype(np.int64), y.astype(np.int64)
    order = np.zeros_like(x)
    for bit in reversed(range(bits)):
        side = 1 << bit
        right, lower = (x & side) > 0, (y & side) > 0
        order += side * side * ((3 * right) ^ lower)
        flip = right & ~lower
        x, y = (np.where(flip, side - 1 - (z & (side - 1)), z & (side - 1)) for z in (x, y))
        x, y = np.where(lower, x, y), np.where(lower, y, x)
    return order


def closed_tour(points: Floats) -> Integers:
    """Return an order in which a short closed line visits `points` without crossing itself.

    A walk around the minimum spanning tree is improved by 2-opt and or-opt moves among near
    neighbours (Bentley, "Fast Algorithms for Geometric Traveling Salesman Problems", 1992), and
    remaining crossings are removed. The work is bounded by a count: the same points give the same
    tour.
    """
    if len(points) < MIN_POINTS:
        return np.arange(len(points))
    near = _neighbours(points, 8)
    tour = _Tour(points, walk_around(points, near))
    _improve(tour, near)
    _uncross(tour)
    return np.array(tour.order)


def _neighbours(points: Floats, count: int) -> Integers:
    """Return the nearest other points of each point, nearest first: shape (n, k)."""
    count = min(count, len(points) - 1)
    found = nearest(points, points, count + 1)
    # Coincident points have any order: remove the point itself, or the farthest if it is not found.
    others = found != np.arange(len(points))[:, None]
    others[others.all(axis=1), -1] = False
    return np.asarray(found[others].reshape(len(points), count), dtype=np.int64)


class _Run(NamedTuple):
    """Part of a tour in the direction `step`: its ends and the points before and after it."""

    before: int
    first: int
    last: int
    after: int
    step: int


class _Tour:
    """A tour with the position of each point."""

    def __init__(self, points: Floats, order: list[int]) -> None:
        self.x, self.y = points[:, 0].tolist(), points[:, 1].tolist()
        self.order, self.position = order, [0] * len(order)
        for number, point in enumerate(order):
            self.position[point] = number

    def away(self, a: int, b: int) -> float:
        dx, dy = self.x[a] - self.x[b], self.y[a] - self.y[b]
        return math.sqrt(dx * dx + dy * dy)

    def neighbour(self, point: int, step: int = 1) -> int:
        return self.order[(self.position[point] + step) % len(self.order)]

    def reverse(self, first: int, last: int) -> None:
        """Reverse the run from `first` to `last`, or the rest of the tour if that is shorter."""
        count = len(self.order)
        start, stop = self.position[first], self.position[last]
        size = (stop - start) % count + 1
        if size * 2 > count:
            start, stop, size = (stop + 1) % count, (start - 1) % count, count - size
        if start <= stop:
            run = self.order[start : stop + 1][::-1]
            self.order[start : stop + 1] = run
            for number, point in enumerate(run, start):
                self.position[point] = number
            return
        for _ in range(size // 2):
            a, b = self.order[start], self.order[stop]
            self.order[start], self.order[stop] = b, a
            self.position[b], self.position[a] = start, stop
            start, stop = (start + 1) % count, (stop - 1) % count


def _improve(tour: _Tour, near: Integers) -> None:
    rows = near.tolist()
    waiting = deque(tour.order)
    listed = bytearray(b"\1") * len(rows)
    # On average, each point is visited at most 40 times.
    visits = 40 * len(rows)
    while waiting and visits:
        visits -= 1
        point = waiting.popleft()
        listed[point] = 0
        touched = _two_opt(tour, point, rows[point]) or _or_opt(tour, point, rows[point])
        for other in touched:
            if not listed[other]:
                listed[other] = 1
                waiting.append(other)


def _two_opt(tour: _Tour, a: int, near: Sequence[int]) -> tuple[int, ...]:
    """Replace an edge of `a` and one at a near point if that is shorter; return the points."""
    away, neighbour = tour.away, tour.neighbour
    for step in (1, -1):
        b = neighbour(a, step)
        old = away(a, b)
        for c in near:
            gain = old - away(a, c)
            if gain <= MIN_GAIN_MM:
                break
            d = neighbour(c, step)
            if gain + away(c, d) - away(b, d) > MIN_GAIN_MM:
                if step == 1:
                    tour.reverse(b, c)
                else:
                    tour.reverse(a, d)
                return a, b, c, d
    return ()


def _or_opt(tour: _Tour, a: int, near: Sequence[int]) -> tuple[int, ...]:
    """Move a run of up to three points from `a` to a near edge if that is shorter."""
    away, neighbour = tour.away, tour.neighbour
    for step in (1, -1):
        before, last = neighbour(a, -step), a
        for _ in range(3):
            after = neighbour(last, step)
            if after == before:
                break
            removed = away(before, a) + away(last, after) - away(before, after)
            for c in near:
                closest = away(a, c)
                if removed - closest <= MIN_GAIN_MM:
                    break
                for side in (1, -1):
                    found = _insertion(
                        tour, _Run(before, a, last, after, step), c, side * step, removed - closest
                    )
                    if found:
                        return found
            last = after
    return ()


def _insertion(tour: _Tour, run: _Run, c: int, side: int, gain: float) -> tuple[int, ...]:
    """Move the run between `c` and its neighbour on `side` if that is shorter."""
    before, a, last, after, _ = run
    d = tour.neighbour(c, side)
    if _within(tour, run, c) or _within(tour, run, d):
        return ()
    if gain + tour.away(c, d) - tour.away(last, d) <= MIN_GAIN_MM:
        return ()
    _move(tour, run, (c, d))
    return before, a, last, after, c, d


def _within(tour: _Tour, run: _Run, point: int) -> bool:
    count, first = len(tour.order), tour.position[run.first]
    size = (tour.position[run.last] - first) * run.step % count
    return (tour.position[point] - first) * run.step % count <= size


def _move(tour: _Tour, run: _Run, edge: tuple[int, int]) -> None:
    """Move the run `before, a..last, after` to `edge`, with `a` next to its first end."""
    before, a, last, after, step = run
    if step == -1:
        # In forward order the run is last..a, between after and before.
        before, a, last, after = after, last, a, before
        edge = edge[::-1]
    left, right = edge
    # Now a..last is in forward order; `left` becomes the neighbour of a, `right` that of last.
    keeps = tour.neighbour(left) == right
    low, high = (left, right) if keeps else (right, left)
    # low -> high is the edge in forward order.
    if _ahead(tour, last, low) <= _ahead(tour, high, a):
        # a..last after..low high  ->  after..low (run) high
        tour.reverse(a, low)
        _turn(tour, low, after)
    else:
        # low high..before a..last  ->  low (run) high..before
        tour.reverse(high, last)
        _turn(tour, before, high)
    if keeps:
        _turn(tour, last, a)


def _turn(tour: _Tour, one: int, two: int) -> None:
    """Reverse the run between two points in either order."""
    count = len(tour.order)
    if (tour.position[two] - tour.position[one]) % count <= (
        tour.position[one] - tour.position[two]
    ) % count:
        tour.reverse(one, two)
    else:
        tour.reverse(two, one)


def _ahead(tour: _Tour, start: int, stop: int) -> int:
    return (tour.position[stop] - tour.position[start]) % len(tour.order)


def _uncross(tour: _Tour) -> None:
    """Exchange crossing edges until there are none; each exchange shortens the tour."""
    points = np.column_stack((tour.x, tour.y))
    while True:
        order = np.array(tour.order)
        crossings = _crossings(points[order], points[np.roll(order, -1)])
        changed = False
        for one, two in crossings.tolist():
            changed |= _uncross_pair(tour, int(order[one]), int(order[two]))
        if not changed:
            return


def _uncross_pair(tour: _Tour, a: int, c: int) -> bool:
    b, d = tour.neighbour(a), tour.neighbour(c)
    if len({a, b, c, d}) < MIN_POINTS:
        return False
    if tour.away(a, b) + tour.away(c, d) - tour.away(a, c) - tour.away(b, d) <= 0:
        return False
    tour.reverse(b, c)
    return True


def _crossings(starts: Floats, ends: Floats) -> Integers:
    """Return the pairs of crossing segments, as sorted rows of two indices."""
    segments = np.stack([starts, ends], axis=1)
    (pairs,) = pairs_with_touching_boxes(segments, block=len(segments))
    one, two = pairs[:, pairs[0] < pairs[1]]
    order = np.lexsort((two, one))
    one, two = one[order], two[order]
    a, b, c, d = starts[one], ends[one], starts[two], ends[two]
    apart = (cross(b - a, c - a) * cross(b - a, d - a) < 0) & (
        cross(d - c, a - c) * cross(d - c, b - c) < 0
    )
    return np.column_stack((one[apart], two[apart]))
