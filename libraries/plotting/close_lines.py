"""Lines that are drawn closer to each other than the pen is wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.strokes import Strokes

Flags = NDArray[np.bool_]


class Samples(NamedTuple):
    """Points on strokes, one per pen width: position, unit direction, stroke, and mm along it."""

    points: Floats
    directions: Floats
    strokes: Integers
    along: Floats


class CloseLines:
    """The parts of the strokes of one pen that have parallel lines within 0.9 pen widths on both sides.

    A line that is doubled to look bold has one on one side only. Lines are parallel within 20
    degrees. A stroke counts as its own neighbour from four pen widths on. `share` is the part of
    the length with such neighbours, None if there are too many strokes to search.
    """

    MAX_SAMPLES: ClassVar = 1_000_000
    # Samples that are compared with all others, and neighbours that each is compared with in a cell.
    MAX_COMPARED: ClassVar = 60_000
    MAX_NEIGHBOURS: ClassVar = 6

    def __init__(self, strokes: Strokes, width: float) -> None:
        self.width = width
        self.share: float | None = None
        self.points: Floats = np.zeros((0, 2))
        if strokes.steps.sum() / width <= self.MAX_SAMPLES:
            samples = sampled(strokes, width)
            looked, close = self._search(samples)
            self.share = float(close.mean()) if len(close) else 0.0
            self.points = samples.points[looked[close]]

    def _search(self, samples: Samples) -> tuple[Integers, Flags]:
        """Return the samples that were looked at, and whether each has close lines on both sides."""
        count = len(samples.points)
        looked = np.arange(0, count, max(1, -(-count // self.MAX_COMPARED)))
        left, right = (np.zeros(len(looked), dtype=np.bool_) for _ in range(2))
        for mine, others in self._neighbours(samples.points, looked):
            aside = self._aside(samples, looked[mine], others)
            left[mine[aside < 0]] = right[mine[aside > 0]] = True
        return looked, left & right

    def _neighbours(self, points: Floats, looked: Integers) -> Iterator[tuple[Integers, Integers]]:
        """Yield pairs of a number in `looked` and a sample in the same or a neighbouring cell."""
        if not len(points):
            return
        cells = np.floor(points / self.width).astype(np.int64)
        cells -= cells.min(axis=0) - 1
        columns = int(cells[:, 0].max()) + 2
        keys = cells[:, 1] * columns + cells[:, 0]
        order = np.argsort(keys, kind="stable")
        in_order = keys[order]
        for row in (-1, 0, 1):
            for column in (-1, 0, 1):
                wanted = keys[looked] + row * columns + column
                first = np.searchsorted(in_order, wanted, "left")
                last = np.searchsorted(in_order, wanted, "right")
                for step in range(self.MAX_NEIGHBOURS):
                    mine = np.flatnonzero(first + step < last)
                    if not len(mine):
                        break
                    yield mine, order[first[mine] + step]

    def _aside(self, samples: Samples, one: Integers, two: Integers) -> Floats:
        """Return how far `two` is to the side of `one`, in mm with a sign; 0 if it is no close line."""
        apart = samples.points[two] - samples.points[one]
        way, other_way = samples.directions[one], samples.directions[two]
        aside: Floats = apart[:, 0] * way[:, 1] - apart[:, 1] * way[:, 0]
        is_other = (samples.strokes[one] != samples.strokes[two]) | (
            np.abs(samples.along[one] - samples.along[two]) > 4 * self.width
        )
        is_parallel = np.abs((way * other_way).sum(axis=1)) > np.cos(np.radians(20))
        # A line that is drawn again in its place is no second line.
        is_near = (np.abs(aside) < 0.9 * self.width) & (np.abs(aside) > 0.02 * self.width)
        aside[~(is_other & is_parallel & is_near)] = 0.0
        return aside


def sampled(strokes: Strokes, step: float) -> Samples:
    """Return points on all strokes that are `step` mm apart along each stroke."""
    lengths = np.cumsum(strokes.steps)
    ends = np.flatnonzero(strokes.steps > 0)
    if not len(ends):
        nothing = np.zeros(0, dtype=np.int64)
        return Samples(np.zeros((0, 2)), np.zeros((0, 2)), nothing, np.zeros(0))
    # Half a step in, so that a short segment between two samples is skipped.
    at = np.arange(step / 2, lengths[-1], step)
    segment = ends[np.minimum(np.searchsorted(lengths[ends], at, "left"), len(ends) - 1)]
    starts, moved = strokes.coordinates[segment - 1], np.zeros((len(at), 2))
    moved = strokes.coordinates[segment] - starts
    part = (at - lengths[segment - 1]) / strokes.steps[segment]
    owners = np.searchsorted(strokes.offsets, segment, side="right") - 1
    return Samples(
        starts + moved * part[:, np.newaxis],
        moved / strokes.steps[segment][:, np.newaxis],
        owners,
        at,
    )
