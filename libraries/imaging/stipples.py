"""Stipples: points that lie closer where a picture is darker, and evenly among themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.geometry.nearest import nearest
from libraries.geometry.tours import hilbert_order
from libraries.imaging.tones import Tones

# Tones below this are paper: a lone dot on an empty ground reads as a mistake.
MIN_TONE = 0.03


def stipple(
    tones: Tones,
    count: int,
    iterations: int,
    rng: np.random.Generator,
    watch: Callable[[float], None] | None = None,
) -> Floats:
    """Return `count` places in mm whose density follows the tones: shape (count, 2).

    The weighted Voronoi stippling of Adrian Secord (2002), by Lloyd's rounds: each place moves to
    the middle of the ink that is nearer to it than to any other. Ink is stood for by samples of
    equal weight, many for each place, drawn in even portions along Hilbert's curve; so dark parts
    are resolved as finely as light ones, and the first places are already well spread.

    Args:
        tones: the picture; of one without any ink there are no places.
        count: how many places.
        iterations: how many rounds.
        rng: where in its portion each first place and each sample lies.
        watch: called after each round with the part of the rounds that is done, up to 1.
    """
    dark = np.where(tones.dark < MIN_TONE, 0.0, tones.dark)
    if not dark.any():
        return np.zeros((0, 2))
    portions, places = _Portions(Tones(dark, tones.box)), tones.box
    # Samples stand for each point's share of the picture.
    ink, points = portions.draw(min(count * 14, 200_000), rng), portions.draw(count, rng)
    for number in range(iterations):
        owner = nearest(points, ink, 1)
        size = np.bincount(owner, minlength=count)
        middle = np.column_stack(
            [np.bincount(owner, weights=ink[:, axis], minlength=count) for axis in (0, 1)]
        )
        held = size > 0
        # Points move beyond the middle of their cells: eight such rounds come within a hundredth
        # of sixty plain ones. The last rounds are plain.
        far = 1.9 if number < iterations - 2 else 1.0
        points[held] += far * (middle[held] / size[held, None] - points[held])
        points = np.clip(
            points,
            (places.left, places.top),
            (places.left + places.width, places.top + places.height),
        )
        if watch is not None:
            watch((number + 1) / iterations)
    return points


class _Portions:
    """The ink of a picture, laid out along Hilbert's curve."""

    def __init__(self, tones: Tones) -> None:
        """Sum up the ink pixel by pixel along the curve."""
        rows, columns = tones.dark.shape
        row, column = np.divmod(np.arange(rows * columns), columns)
        bits = max(1, int(max(rows, columns) - 1).bit_length())
        along = np.argsort(hilbert_order(column, row, bits), kind="stable")
        self._row, self._column, self._tones = row[along], column[along], tones
        # Tones are whole steps of 1/1024, so these sums are exact.
        self._ink = np.cumsum(tones.dark.ravel()[along])

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Return `count` places in mm, one in each of as many even portions of the ink."""
        portion = (np.arange(count) + rng.random(count)) / count * self._ink[-1]
        pixel = np.minimum(np.searchsorted(self._ink, portion, side="right"), len(self._ink) - 1)
        box, (wide, high) = self._tones.box, self._tones.pixel
        x = box.left + (self._column[pixel] + rng.random(count)) * wide
        y = box.top + (self._row[pixel] + rng.random(count)) * high
        return np.column_stack((x, y))
