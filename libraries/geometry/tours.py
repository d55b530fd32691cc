"""Tours: one closed line through points, short and without crossings."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.nearest import nearest
from libraries.geometry.segments import pairs_with_touching_boxes
from libraries.geometry.trees import walk_around

# Gains below this, in mm, are rounding.
MIN_GAIN_MM = 1e-9
# A tour of three points is the only one.
MIN_POINTS = 4


def hilbert_order(x: Integers, y: Integers, bits: int) -> Integers:
    """Return the place of each cell on Hilbert's curve; `x` and `y` are from 0 to 2**bits - 1.

    Cells that are near on the curve are near on the plane. The curve is followed from its coarsest
    quarter to its finest, turning and mirroring the rest of the way as each quarter asks.
    """
    x, y = x.astype(np.int64), y.astype(np.int64)
    order = np.zeros_like(x)
    for bit in reversed(range(bits)):
        side = 1 << bit
        right, lower = (x & side) > 0, (y & side) > 0
        order += side * side * ((3 * right) ^ lower)
        flip = right & ~lower
        x, y = (
            np.where(flip, side - 1 - (x & (side - 1)), x & (side - 1)),
            np.where(flip, side - 1 - (y & (side - 1)), y & (side - 1)),
        )
        x, y = np.where(lower, x, y), np.where(lower, y, x)
    return order


def closed_tour(points: Floats) -> Integers:
    """Return the order in which a short closed line visits `points` without crossing itself.

    It begins as the walk around the shortest tree and is improved by exchanging two edges and by
    moving short runs, among near neighbours only (Bentley, "Fast Algorithms for Geometric Traveling
    Salesman Problems", 1992). A start from the shortest edges that fit together ends half a percent
    shorter, but with long strokes across empty paper. What still crosses is uncrossed, which always
    shortens the line, so that it comes to an end. The work is bounded by a count, never by the
    clock: the same points give the same tour.
    """
    if len(points) < MIN_POINTS:
        return np.arange(len(points))
    near = _neighbours(points, 8)
    tour = _Tour(points, walk_around(points, near))
    _improve(tour, near)
    _uncross(tour)
    return np.array(tour.order)


def length(points: Floats, order: Integers) -> float:
    """Return the length of the closed line through `points` in that order."""
    line = points[np.append(order, order[0])]
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _neighbours(points: Floats, count: int) -> Integers:
    """Return the nearest other points of each, nearest first: shape (n, k)."""
    count = min(count, len(points) - 1)
    found = nearest(points, points, count + 1)
    # Of points in one place any may come first, so that the point itself is taken out where it
    # stands, or else the farthest.
    others = found != np.arange(len(points))[:, None]
    others[others.all(axis=1), -1] = False
    return np.asarray(found[others].reshape(len(points), count), dtype=np.int64)


class _Run(NamedTuple):
    """A part of a tour in the direction `step`: its ends, and the points before and after it."""

    before: int
    first: int
    last: int
    behind: int
    step: int


class _Tour:
    """A tour that knows where in it each point stands, and can turn a part of itself round."""

    def __init__(self, points: Floats, order: list[int]) -> None:
        self.x, self.y = points[:, 0].tolist(), points[:, 1].tolist()
        self.order, self.place = order, [0] * len(order)
        for number, point in enumerate(order):
            self.place[point] = number

    def away(self, a: int, b: int) -> float:
        """Return the distance of two points."""
        dx, dy = self.x[a] - self.x[b], self.y[a] - self.y[b]
        return math.sqrt(dx * dx + dy * dy)

    def after(self, point: int, step: int = 1) -> int:
        """Return the point that many steps further on, or back."""
        return self.order[(self.place[point] + step) % len(self.order)]

    def reverse(self, first: int, last: int) -> None:
        """Reverse the run from `first` to `last`, or the rest of the tour if that is shorter."""
        count = len(self.order)
        start, stop = self.place[first], self.place[last]
        size = (stop - start) % count + 1
        if size * 2 > count:
            start, stop, size = (stop + 1) % count, (start - 1) % count, count - size
        if start <= stop:
            run = self.order[start : stop + 1][::-1]
            self.order[start : stop + 1] = run
            for number, point in enumerate(run, start):
                self.place[point] = number
            return
        for _ in range(size // 2):
            a, b = self.order[start], self.order[stop]
            self.order[start], self.order[stop] = b, a
            self.place[b], self.place[a] = start, stop
            start, stop = (start + 1) % count, (stop - 1) % count

    def exchange(self, a: int, b: int, c: int, d: int) -> None:
        """Replace the edges a-b and c-d, where b follows a and d follows c, by a-c and b-d."""
        self.reverse(b, c)


def _improve(tour: _Tour, near: Integers) -> None:
    """Shorten the tour until no exchange does, or each point had its number of looks."""
    rows = near.tolist()
    waiting = deque(tour.order)
    listed = bytearray(b"\1") * len(rows)
    # How often each point is looked at, on average, before the search for a shorter tour ends.
    looks = 40 * len(rows)
    while waiting and looks:
        looks -= 1
        point = waiting.popleft()
        listed[point] = 0
        touched = _two_opt(tour, point, rows[point]) or _or_opt(tour, point, rows[point])
        for other in touched:
            if not listed[other]:
                listed[other] = 1
                waiting.append(other)


def _two_opt(tour: _Tour, a: int, near: Sequence[int]) -> tuple[int, ...]:
    """Exchange an edge of `a` with one at a near point, if that is shorter.

    Return the points touched.
    """
    away, after = tour.away, tour.after
    for step in (1, -1):
        b = after(a, step)
        old = away(a, b)
        for c in near:
            gain = old - away(a, c)
            if gain <= MIN_GAIN_MM:
                break
            d = after(c, step)
            if gain + away(c, d) - away(b, d) > MIN_GAIN_MM:
                if step == 1:
                    tour.exchange(a, b, c, d)
                else:
                    tour.exchange(b, a, d, c)
                return a, b, c, d
    return ()


def _or_opt(tour: _Tour, a: int, near: Sequence[int]) -> tuple[int, ...]:
    """Move a run of up to three points from `a` to a near edge, if that is shorter."""
    away, after = tour.away, tour.after
    for step in (1, -1):
        before, last = after(a, -step), a
        for _ in range(3):
            behind = after(last, step)
            if behind == before:
                break
            removed = away(before, a) + away(last, behind) - away(before, behind)
            for c in near:
                closest = away(a, c)
                if removed - closest <= MIN_GAIN_MM:
                    break
                for side in (1, -1):
                    found = _insertion(
                        tour, _Run(before, a, last, behind, step), c, side * step, removed - closest
                    )
                    if found:
                        return found
            last = behind
    return ()


def _insertion(tour: _Tour, run: _Run, c: int, side: int, gain: float) -> tuple[int, ...]:
    """Put the run between `c` and its neighbour on that `side`, if that is shorter."""
    before, a, last, behind, _ = run
    d = tour.after(c, side)
    if _within(tour, run, c) or _within(tour, run, d):
        return ()
    if gain + tour.away(c, d) - tour.away(last, d) <= MIN_GAIN_MM:
        return ()
    _move(tour, run, (c, d))
    return before, a, last, behind, c, d


def _within(tour: _Tour, run: _Run, point: int) -> bool:
    """Return whether `point` lies in the run."""
    count, first = len(tour.order), tour.place[run.first]
    size = (tour.place[run.last] - first) * run.step % count
    return (tour.place[point] - first) * run.step % count <= size


def _move(tour: _Tour, run: _Run, edge: tuple[int, int]) -> None:
    """Move the run `before, a..last, behind` into `edge` = (c, d): `a` meets c, `last` meets d.

    A move is two or three turns of parts: the run with all that lies between it and the edge, then
    that part back, and the run itself where it keeps its direction.
    """
    before, a, last, behind, step = run
    if step == -1:
        # Read the tour forwards: the run is last..a, between behind and before.
        before, a, last, behind = behind, last, a, before
        edge = edge[::-1]
    left, right = edge
    # Now a..last runs forwards, `left` is to meet a, `right` is to meet last.
    keeps = tour.after(left) == right
    low, high = (left, right) if keeps else (right, left)
    # low -> high is the edge as it is read forwards.
    if _ahead(tour, last, low) <= _ahead(tour, high, a):
        # The edge lies ahead: a..last behind..low high  ->  behind..low (run) high
        tour.reverse(a, low)
        _turn(tour, low, behind)
        if keeps:
            _turn(tour, last, a)
    else:
        # The edge lies back: low high..before a..last  ->  low (run) high..before
        tour.reverse(high, last)
        _turn(tour, before, high)
        if keeps:
            _turn(tour, last, a)


def _turn(tour: _Tour, one: int, two: int) -> None:
    """Reverse the run between two points, whichever of them comes first now."""
    count = len(tour.order)
    if (tour.place[two] - tour.place[one]) % count <= (tour.place[one] - tour.place[two]) % count:
        tour.reverse(one, two)
    else:
        tour.reverse(two, one)


def _ahead(tour: _Tour, start: int, stop: int) -> int:
    return (tour.place[stop] - tour.place[start]) % len(tour.order)


def _uncross(tour: _Tour) -> None:
    """Exchange edges that cross until none do; each exchange shortens the tour."""
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
    """Exchange the edges that follow `a` and `c`, if that still shortens the tour."""
    b, d = tour.after(a), tour.after(c)
    if len({a, b, c, d}) < MIN_POINTS:
        return False
    if tour.away(a, b) + tour.away(c, d) - tour.away(a, c) - tour.away(b, d) <= 0:
        return False
    tour.exchange(a, b, c, d)
    return True


def _crossings(starts: Floats, ends: Floats) -> Integers:
    """Return the pairs of segments that cross, as sorted rows of two numbers."""
    segments = np.stack([starts, ends], axis=1)
    (pairs,) = pairs_with_touching_boxes(segments, block=len(segments))
    one, two = pairs[:, pairs[0] < pairs[1]]
    order = np.lexsort((two, one))
    one, two = one[order], two[order]
    a, b, c, d = starts[one], ends[one], starts[two], ends[two]
    apart = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    return np.column_stack((one[apart], two[apart]))


def _side(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return on which side of the line from `a` to `b` the point `c` is, by the sign."""
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
