"""Closed tours through the ends of strokes, as arrays that are changed in place."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from math import inf, sqrt
from typing import TypeAlias

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing.starts import Starts

# Ends in the order of a tour.
Run: TypeAlias = "array[int]"
# The connections that a change removes: their ends and lengths.
Removed = Sequence[tuple[int, int, float]]


class Tour:
    """A closed tour through all ends.

    Stroke i has the ends 2i and 2i + 1; the last one represents the rest position of the pen.
    `ends` lists them in tour order, so that places 2j and 2j + 1 are connected by a move with the
    pen up, whose length in mm is in `gaps` at both ends; `places` has the place of each end.
    """

    # Longer runs are not moved in a loop.
    MAX_LOOP = 150

    def __init__(self, points: Floats, ends: list[int], starts: Starts | None) -> None:
        self.x: list[float] = points[:, 0].tolist()
        self.y: list[float] = points[:, 1].tolist()
        self.starts = starts
        self.ends: Run = array("q", ends)
        self.places: Run = array("q", bytes(8 * len(ends)))
        # NumPy moves long runs in a small part of the time of a loop.
        self._ends: Integers = np.frombuffer(self.ends, dtype=np.int64)
        self._places: Integers = np.frombuffer(self.places, dtype=np.int64)
        self.gaps = [0.0] * len(ends)
        self.write(0, self.ends[:])
        for one, two in zip(ends[::2], ends[1::2], strict=True):
            self._connect(one, two)
        # Ends whose exchanges have to be tried, in this order.
        self.waiting: deque[int] = deque()
        self.is_waiting = bytearray(len(ends))
        self.allows: Callable[[Run], bool] | None = None
        self._log: list[tuple[int, Run, Removed]] = []

    def length_mm(self) -> float:
        return sum(self.gaps) / 2

    def wait(self, ends: Sequence[int]) -> None:
        for end in ends:
            if not self.is_waiting[end]:
                self.is_waiting[end] = 1
                self.waiting.append(end)

    def distance(self, one: int, two: int) -> float:
        """Return the distance of two ends in mm; an unknown rest position is near to all."""
        x, y = self.x[one] - self.x[two], self.y[one] - self.y[two]
        distance = sqrt(x * x + y * y)
        return 0.0 if distance == inf else distance

    def read(self, place: int, count: int) -> Run:
        """Return `count` ends from `place`, cyclically."""
        run = self.ends[place : place + count]
        return run if len(run) == count else run + self.ends[: count - len(run)]

    def write(self, place: int, run: Run) -> None:
        """Put `run` at the places from `place`, cyclically."""
        ends, places = self.ends, self.places
        rest = len(ends) - place
        if len(run) > rest:
            self.write(0, run[rest:])
            run = run[:rest]
        if len(run) > self.MAX_LOOP:
            moved = np.frombuffer(run, dtype=np.int64)
            self._ends[place : place + len(run)] = moved
            self._places[moved] = np.arange(place, place + len(run))
            return
        ends[place : place + len(run)] = run
        for end in run:
            places[end] = place
            place += 1

    def replace(self, place: int, old: Run, new: Run, links: Sequence[int]) -> bool:
        """Write `new` for `old` at `place`, unless the constraints forbid it.

        `links` has pairs of ends that are connected now, each followed by one end of a connection
        that is removed and its other end: (one, two) for removed, then the new ones.
        """
        if self.allows is not None and not self.allows(new):
            return False
        gaps, half = self.gaps, len(links) // 2
        removed = [(links[i], links[i + 1], gaps[links[i]]) for i in range(0, half, 2)]
        self._log.append((place, old, removed))
        self.write(place, new)
        for i in range(half, 2 * half, 2):
            self._connect(links[i], links[i + 1])
        return True

    def _connect(self, one: int, two: int) -> None:
        self.gaps[one] = self.gaps[two] = self.distance(one, two)

    def move_start(self, stroke: int) -> float:
        """Move the start of a closed stroke to its best vertex; return what this saves in mm."""
        one, two = 2 * stroke, 2 * stroke + 1
        before, after = (self.ends[self.places[end] ^ 1] for end in (one, two))
        x, y, gaps = self.x, self.y, self.gaps
        starts = self.starts
        if starts is None:
            return 0.0
        old = starts.vertices[stroke]
        starts.move(stroke, x[before], y[before], x[after], y[after])
        if starts.vertices[stroke] == old:
            return 0.0
        removed = (before, one, gaps[one]), (two, after, gaps[two])
        self._put(stroke, starts.vertices[stroke])
        self._log.append((-1 - stroke, array("q", [old]), removed))
        self._connect(before, one)
        self._connect(two, after)
        self.wait((before, one, two, after))
        return removed[0][2] + removed[1][2] - gaps[one] - gaps[two]

    def _put(self, stroke: int, vertex: int) -> None:
        if self.starts is not None:
            self.starts.vertices[stroke] = vertex
            for end in (2 * stroke, 2 * stroke + 1):
                self.x[end], self.y[end] = self.starts.point(stroke, vertex)

    def keep(self) -> None:
        """Make `undo` end here."""
        self._log.clear()

    def undo(self) -> None:
        """Take back all changes since `keep`."""
        gaps = self.gaps
        while self._log:
            place, run, removed = self._log.pop()
            if place < 0:
                self._put(-1 - place, run[0])
            else:
                self.write(place, run)
            for one, two, gap in removed:
                gaps[one] = gaps[two] = gap
