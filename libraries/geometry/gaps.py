"""Gap joining: nearby line ends that face each other are joined by a slight bend.

Evenly spaced lines that start at different seeds leave gaps where they meet. Joining them removes
visible seams and saves pen lifts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from libraries.geometry.arrays import Floats, Integers, Polyline, end_points, line_length
from libraries.geometry.grid import Grid
from libraries.geometry.merge import merge_strokes

Pair = tuple[int, int]

# Two ends face each other if the cosine of the angle between their directions and their distances
# along and across the direction, in lanes, are within these limits. Ends may overlap slightly.
MAX_COSINE, MAX_AHEAD_LANES, MAX_OFFSET_LANES, MIN_AHEAD_LANES = -0.6, 2.6, 0.8, -1.5
# A line of at least this many points may close to a ring; it must hardly overlap itself.
MIN_RING_POINTS, MIN_RING_AHEAD_LANES = 16, -0.3
TINY = 1e-12


def join_gaps(
    lines: Sequence[Polyline],
    lane: Callable[[Polyline], Floats],
    *,
    longest: float,
    allowed: Callable[[Polyline], bool],
) -> list[Polyline]:
    """Return `lines` with the gaps between them closed, shortest first.

    The points of lines are at most half a lane apart. `lane` returns the line spacing in mm at
    given points, `longest` is the maximum length of a joined line in mm, and `allowed` returns
    whether a bend may pass through given points.
    """
    if not lines:
        return []
    joiner = _GapJoiner(lines, lane(end_points(lines)))
    for pair in joiner.facing():
        if joiner.length(pair) <= longest:
            joiner.join(pair, allowed)
    return list(merge_strokes(joiner.lines))


class _GapJoiner:
    """Joins lines; end `2 * i` is the first point of line `i`, end `2 * i + 1` its last."""

    # Minimum distance of a bend from other lines.
    CLEARANCE_LANES = 0.3

    def __init__(self, lines: Sequence[Polyline], lanes: Floats) -> None:
        self.lines = list(lines)
        self._lanes = lanes
        self._ends = end_points(lines)
        # The direction of an end is that of its last four points.
        inner = np.array([self._from(end)[:4][-1] for end in range(2 * len(lines))])
        self._ways = _unit(self._ends - inner)
        self._joined: set[int] = set()
        # One of the joined lines represents all of them and stores their length.
        self._head = list(range(len(lines)))
        self._lengths = [line_length(line) for line in lines]
        self._first = np.cumsum([0, *map(len, lines)])
        cell = self.CLEARANCE_LANES * float(lanes.max())
        self._points = Grid(np.concatenate(lines), cell)
        self._bends = Grid(np.zeros((0, 2)), cell)

    def facing(self) -> list[Pair]:
        """Return the pairs of ends that face each other, the easiest to join first."""
        reach = float(self._lanes.max()) * (MAX_AHEAD_LANES + MAX_OFFSET_LANES)
        one, two = self._pairs_within(reach)
        between = self._ends[two] - self._ends[one]
        way = _unit(self._ways[one] - self._ways[two])
        lane = np.minimum(self._lanes[one], self._lanes[two])
        ahead = (between * way).sum(axis=1) / lane
        aside = np.abs(between[:, 0] * way[:, 1] - between[:, 1] * way[:, 0]) / lane
        opposite = (self._ways[one] * self._ways[two]).sum(axis=1) < MAX_COSINE
        ring = one >> 1 == two >> 1
        opposite &= ~ring | (np.diff(self._first)[one >> 1] >= MIN_RING_POINTS)
        near = (ahead < MAX_AHEAD_LANES) & (aside < MAX_OFFSET_LANES)
        near &= ahead > np.where(ring, MIN_RING_AHEAD_LANES, MIN_AHEAD_LANES)
        good = np.flatnonzero(opposite & near)
        # Rounded so that the last digits do not break ties.
        good = good[np.argsort(np.round(np.abs(ahead) + 2 * aside, 6)[good], kind="stable")]
        return list(zip(one[good].tolist(), two[good].tolist(), strict=True))

    def _pairs_within(self, reach: float) -> Integers:
        """Return the pairs of ends within `reach` mm: shape (2, n)."""
        ends = Grid(self._ends, reach)
        pairs = [
            (end, other)
            for end, point in enumerate(self._ends.tolist())
            for other in ends.within(point, reach)
            if other > end
        ]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def length(self, pair: Pair) -> float:
        """Return the length in mm of the line that joining two ends would make."""
        one, two = (self._representative(end >> 1) for end in pair)
        gap = math.dist(*self._ends[list(pair)].tolist())
        return self._lengths[one] + gap + (self._lengths[two] if one != two else 0.0)

    def join(self, pair: Pair, allowed: Callable[[Polyline], bool]) -> None:
        """Join two ends if both are free and the bend is clear of other lines."""
        if self._joined.intersection(pair):
            return
        lane = float(min(self._lanes[list(pair)]))
        bent, bend = self._bend(pair, lane)
        if not len(bend) or not allowed(bend) or not self._is_clear(bend, pair, lane):
            return
        total = self.length(pair)
        for number, line in bent.items():
            self.lines[number] = line
        self._joined.update(pair)
        one, two = (self._representative(end >> 1) for end in pair)
        self._head[two], self._lengths[one] = one, total
        for point in bend.tolist():
            self._bends.add(point)

    def _bend(self, pair: Pair, lane: float) -> tuple[dict[int, Polyline], Polyline]:
        """Return the bent lines by number and their moved points, of which there may be none."""
        middle = self._ends[list(pair)].mean(axis=0)
        way = _unit(self._ways[pair[0]] - self._ways[pair[1]])
        bent: dict[int, Polyline] = {}
        moved = []
        for end, sign in zip(pair, (1, -1), strict=True):
            turn = -1 if end & 1 else 1
            led = _bent(bent.get(end >> 1, self.lines[end >> 1])[::turn], middle, way * sign, lane)
            if led is None:
                return {}, np.zeros((0, 2))
            line, count = led
            bent[end >> 1] = line[::turn]
            moved.append(line[:count])
        return bent, np.concatenate(moved)

    def _from(self, end: int) -> Polyline:
        return self.lines[end >> 1][:: -1 if end & 1 else 1]

    def _representative(self, line: int) -> int:
        """Return the line that represents all lines joined to `line`."""
        while self._head[line] != line:
            line = self._head[line]
        return line

    def _is_clear(self, bend: Polyline, pair: Pair, lane: float) -> bool:
        points, clearance = bend.tolist(), self.CLEARANCE_LANES * lane
        met = {index for point in points for index in self._points.within(point, clearance)}
        for end in pair:
            line = end >> 1
            first, last = int(self._first[line]), int(self._first[line + 1])
            # Points of the two joined lines near the bend do not count.
            steps = min(last - first, len(bend) + 30)
            met.difference_update(
                range(last - steps, last) if end & 1 else range(first, first + steps)
            )
        return not met and not any(self._bends.within(point, clearance) for point in points)


def _bent(line: Polyline, middle: Floats, way: Floats, lane: float) -> tuple[Polyline, int] | None:
    """Return the line bent to start at `middle`, and the number of moved points, or None.

    The line reaches its first point along `way`. Points past the middle are removed.
    """
    before = np.flatnonzero((middle - line) @ way > lane / 4)
    kept = line[before[0] if len(before) else len(line) - 1 :]
    ahead = float((middle - kept[0]) @ way)
    if ahead <= TINY:
        # All of a curl may be past the middle, which leaves nothing to bend.
        return None
    aside: Floats = (middle - kept[0]) - ahead * way
    along = ahead + np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(kept, axis=0).T))))
    # The length of the bend is a multiple of its sideways offset.
    reach = min(max(12.0 * float(np.hypot(*aside)), 2 * lane, 2 * ahead), (ahead + along[-1]) / 2)
    part = np.clip(1 - along / reach, 0, 1)
    # The offset is closed at the middle, where both lines meet at the same angle.
    bent = np.concatenate((middle[None], kept + (part * part)[:, None] * aside))
    return bent, 1 + int((part > 0).sum())


def _unit(ways: Floats) -> Floats:
    length: Floats = np.sqrt((ways**2).sum(axis=-1, keepdims=True))
    return ways / np.maximum(length, TINY)
