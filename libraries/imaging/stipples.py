"""Stipples: evenly spaced points with the density of an image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.geometry.nearest import nearest
from libraries.geometry.tours import hilbert_order
from libraries.imaging.tones import Tones

# Lighter tones have no dots.
MIN_TONE = 0.03


def stipple_work(count: int, iterations: int) -> float:
    """Return the work of `count` stipples and a tour through them; see `work_of_pattern`."""
    return count * (5 + 1.5 * iterations)


def stipple(
    tones: Tones,
    count: int,
    iterations: int,
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Return `count` points in mm whose density follows the tones: shape (count, 2).

    Implements weighted Voronoi stippling (Adrian Secord, 2002) by Lloyd's algorithm: each point
    moves to the centroid of the ink nearest to it. Ink is represented by samples of equal weight
    along the Hilbert curve. A blank image has no points.
    """
    dark = np.where(tones.dark < MIN_TONE, 0.0, tones.dark)
    if not dark.any():
        return np.zeros((0, 2))
    portions, box = _Portions(Tones(dark, tones.box)), tones.box
    low, high = (box.left, box.top), (box.left + box.width, box.top + box.height)
    ink, points = portions.draw(min(count * 14, 200_000), rng), portions.draw(count, rng)
    for number in range(iterations):
        owner = nearest(points, ink, 1)
        size = np.bincount(owner, minlength=count)
        middle = np.column_stack([np.bincount(owner, axis, minlength=count) for axis in ink.T])
        held = size > 0
        # Overrelaxation converges in eight iterations nearly as far as sixty plain ones.
        far = 1.9 if number < iterations - 2 else 1.0
        points[held] += far * (middle[held] / size[held, None] - points[held])
        points = np.clip(points, low, high)
        if progress is not None:
            progress((number + 1) / iterations)
    return points


class _Portions:
    """The cumulative ink of an image along the Hilbert curve."""

    def __init__(self, tones: Tones) -> None:
        rows, columns = tones.dark.shape
        row, column = np.divmod(np.arange(rows * columns), columns)
        bits = max(1, int(max(rows, columns) - 1).bit_length())
        along = np.argsort(hilbert_order(column, row, bits), kind="stable")
        self._row, self._column, self._tones = row[along], column[along], tones
        # Tones are multiples of 1/1024, so the sums are exact.
        self._ink = np.cumsum(tones.dark.ravel()[along])

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Return `count` points in mm, one in each of as many equal portions of the ink."""
        portion = (np.arange(count) + rng.random(count)) / count * self._ink[-1]
        pixel = np.minimum(np.searchsorted(self._ink, portion, side="right"), len(self._ink) - 1)
        box, (wide, high) = self._tones.box, self._tones.pixel
        x = box.left + (self._column[pixel] + rng.random(count)) * wide
        y = box.top + (self._row[pixel] + rng.random(count)) * high
        return np.column_stack((x, y))
