"""Mending: ends of lines that face each other across a short gap are joined by a slight bend.

Evenly spaced lines are grown one after another. Where lines that began in different places come
towards each other, their lanes are out of step and both sides stop short: a seam of small gaps runs
across the drawing. Once mended it is a row of bends that the eye passes over, and each gap that is
closed saves a lift of the pen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from libraries.geometry.arrays import Floats, Polyline
from libraries.geometry.grid import Grid
from libraries.geometry.merge import merge_strokes

Pair = tuple[int, int]

# Two ends face each other if their directions are opposite up to this cosine, and if, counted in
# lanes, one lies at most so far ahead of the other, so far aside, and so far behind: they may have
# passed each other.
MAX_COSINE, MAX_AHEAD_LANES, MAX_OFFSET_LANES, MIN_AHEAD_LANES = -0.6, 2.6, 0.8, -1.5
# It keeps this part of a lane from other lines.
CLEAR = 0.3
# A line of so many points may come back to its own beginning, but hardly pass it: it would lose too
# much of its length.
RING, MIN_RING_AHEAD_LANES = 16, -0.3
# So many points of a line tell where its end leads.
LOOK_BACK = 3
TINY = 1e-12


def join_gaps(
    lines: Sequence[Polyline],
    lane: Callable[[Polyline], Floats],
    *,
    longest: float,
    allowed: Callable[[Polyline], bool],
) -> list[Polyline]:
    """Return `lines` with the gaps between them closed, shortest first.

    Args:
        lines: arrays of shape (n, 2) in mm, their points at most half a lane apart.
        lane: gives the distance in mm that lines keep from each other, at each of some places.
        longest: lines are not joined to more than this length, in mm.
        allowed: whether a bend may go through some places.
    """
    if not lines:
        return []
    joiner = _GapJoiner(
        lines, lane(np.array([place for line in lines for place in (line[0], line[-1])]))
    )
    for pair in joiner.facing():
        if joiner.length(pair) <= longest:
            joiner.join(pair, allowed)
    return list(merge_strokes(joiner.lines))


class _GapJoiner:
    """Lines under repair. End `2 * i` is the first point of line `i`, end `2 * i + 1` its last."""

    def __init__(self, lines: Sequence[Polyline], lanes: Floats) -> None:
        self.lines = list(lines)
        self._lanes = lanes
        self._places = np.array([place for line in lines for place in (line[0], line[-1])])
        behind = np.array([self._from(end)[: LOOK_BACK + 1][-1] for end in range(2 * len(lines))])
        self._ways = _unit(self._places - behind)
        self._joined: set[int] = set()
        # Of lines that are joined one stands for all, and knows their length.
        self._head = list(range(len(lines)))
        self._lengths = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines]
        self._first = np.cumsum([0, *map(len, lines)])
        self._size = CLEAR * float(lanes.max())
        self._points = Grid(np.concatenate(lines), self._size)
        self._bends = Grid(np.zeros((0, 2)), self._size)

    def facing(self) -> list[Pair]:
        """Return the pairs of ends that face each other, the easiest to join first."""
        reach = float(self._lanes.max()) * (MAX_AHEAD_LANES + MAX_OFFSET_LANES)
        ends = Grid(self._places, reach)
        pairs = [
            (end, other)
            for end, place in enumerate(self._places.tolist())
            for other in ends.within(place, reach)
            if other > end
        ]
        one, two = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        between, way = (
            self._places[two] - self._places[one],
            _unit(self._ways[one] - self._ways[two]),
        )
        lane = np.minimum(self._lanes[one], self._lanes[two])
        ahead = (between * way).sum(axis=1) / lane
        aside = np.abs(between[:, 0] * way[:, 1] - between[:, 1] * way[:, 0]) / lane
        opposite = (self._ways[one] * self._ways[two]).sum(axis=1) < MAX_COSINE
        ring = one >> 1 == two >> 1
        opposite &= ~ring | (np.diff(self._first)[one >> 1] >= RING)
        near = (
            (ahead > np.where(ring, MIN_RING_AHEAD_LANES, MIN_AHEAD_LANES))
            & (ahead < MAX_AHEAD_LANES)
            & (aside < MAX_OFFSET_LANES)
        )
        good = np.flatnonzero(opposite & near)
        # Rounded, so that the last digits do not decide between equals.
        good = good[np.argsort(np.round(np.abs(ahead) + 2 * aside, 6)[good], kind="stable")]
        return list(zip(one[good].tolist(), two[good].tolist(), strict=True))

    def length(self, pair: Pair) -> float:
        """Return how long the line would be that has two ends joined, in mm."""
        one, two = (self._standing(end >> 1) for end in pair)
        gap = math.dist(*self._places[list(pair)].tolist())
        return self._lengths[one] + gap + (self._lengths[two] if one != two else 0.0)

    def join(self, pair: Pair, allowed: Callable[[Polyline], bool]) -> None:
        """Join two ends, if both are free and the bend meets nothing."""
        if self._joined.intersection(pair):
            return
        lane = float(min(self._lanes[list(pair)]))
        middle = self._places[list(pair)].mean(axis=0)
        way = _unit(self._ways[pair[0]] - self._ways[pair[1]])
        bent: dict[int, Polyline] = {}
        moved = []
        for end, sign in zip(pair, (1, -1), strict=True):
            turn = -1 if end & 1 else 1
            led = _bent(bent.get(end >> 1, self.lines[end >> 1])[::turn], middle, way * sign, lane)
            if led is None:
                return
            line, count = led
            bent[end >> 1] = line[::turn]
            moved.append(line[:count])
        bend = np.concatenate(moved)
        if not allowed(bend) or not self._is_clear(bend, pair, lane):
            return
        total = self.length(pair)
        for number, line in bent.items():
            self.lines[number] = line
        self._joined.update(pair)
        one, two = (self._standing(end >> 1) for end in pair)
        self._head[two], self._lengths[one] = one, total
        for place in bend.tolist():
            self._bends.add(place)

    def _from(self, end: int) -> Polyline:
        """Return the line of an end, with that end first."""
        return self.lines[end >> 1][:: -1 if end & 1 else 1]

    def _standing(self, line: int) -> int:
        """Return the line that stands for all that are joined to `line`."""
        while self._head[line] != line:
            line = self._head[line]
        return line

    def _is_clear(self, bend: Polyline, pair: Pair, lane: float) -> bool:
        """Return whether a bend is clear of other bends and lines, except at its own two."""
        met = {
            point for place in bend.tolist() for point in self._points.within(place, CLEAR * lane)
        }
        for end in pair:
            line = end >> 1
            first, last = int(self._first[line]), int(self._first[line + 1])
            # Of the two lines themselves, this many points further on do not count.
            steps = min(last - first, len(bend) + 30)
            met.difference_update(
                range(last - steps, last) if end & 1 else range(first, first + steps)
            )
        return not met and not any(
            self._bends.within(place, CLEAR * lane) for place in bend.tolist()
        )


def _bent(line: Polyline, middle: Floats, way: Floats, lane: float) -> tuple[Polyline, int] | None:
    """Return a line from a new first point `middle` on, and how many points moved, or None.

    It led to its first point along `way`. What lies beyond the middle is left out, and the rest
    bends aside more and more.
    """
    behind = np.flatnonzero((middle - line) @ way > lane / 4)
    kept = line[behind[0] if len(behind) else len(line) - 1 :]
    ahead = float((middle - kept[0]) @ way)
    if ahead <= TINY:
        # A curl that turns back on itself may lie beyond as a whole: nothing would be left to bend.
        return None
    aside: Floats = (middle - kept[0]) - ahead * way
    along = ahead + np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(kept, axis=0).T))))
    # A bend is so many times as long as it leads aside, on each side of the gap.
    reach = min(max(12.0 * float(np.hypot(*aside)), 2 * lane, 2 * ahead), (ahead + along[-1]) / 2)
    part = np.clip(1 - along / reach, 0, 1)
    # All of the way aside is gone at the middle, where the other line comes to meet it as steeply,
    # and none at the far end.
    return np.concatenate((middle[None], kept + (part * part)[:, None] * aside)), 1 + int(
        (part > 0).sum()
    )


def _unit(ways: Floats) -> Floats:
    length: Floats = np.sqrt((ways**2).sum(axis=-1, keepdims=True))
    return ways / np.maximum(length, TINY)
