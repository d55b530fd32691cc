"""Optical kerning from the side profiles of glyphs.

The space between two letters is the mean of their minimum distance and of the average distance over
the heights where both have ink, with a limit on deep bays. A pair with more space than two stems
and two bowls is moved closer by the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from libraries.lettering.strokes import Strokes, sampled

# Ink keeps its distance from ink up to this many units above and below.
REACH = 2

Profile = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """Distance from the left and right border of a glyph to its ink, by height; inf without ink.

    `near_left` and `near_right` are the same for ink extended by `REACH` units up and down.
    """

    left: Profile
    right: Profile
    near_left: Profile
    near_right: Profile


@dataclass(frozen=True)
class Measure:
    """Reference spaces of a font: the minimum distance of two stems, and a space to keep."""

    stems: float
    enough: float


def sides_of(strokes: Strokes, advance: float) -> Sides:
    points = sampled(strokes)
    # From above the marks of capitals to below the descenders, in font units.
    top, bottom = -24, 28
    rows = np.clip(np.floor(points[:, 1]).astype(np.int64) - top, 0, bottom - top - 1)
    left, right = np.full(bottom - top, np.inf), np.full(bottom - top, np.inf)
    np.minimum.at(left, rows, points[:, 0])
    np.minimum.at(right, rows, advance - points[:, 0])
    return Sides(left, right, _spread(left), _spread(right))


def measure_of(stem: Sides, bowl: Sides) -> Measure:
    """Return the measure of a font from the sides of H and o, each paired with itself."""
    stems = _nearest(stem, stem)
    return Measure(stems, max(_room(stem, stem, stems), _room(bowl, bowl, stems)))


def kern(first: Sides, second: Sides, measure: Measure, cap_height: float) -> float:
    """Return the kerning of a pair in font units: 0 or negative."""
    excess = _room(first, second, measure.stems) - measure.enough
    # At least 0.6 of the distance of two stems remains.
    closer = min(excess, 0.16 * cap_height, _nearest(first, second) - 0.6 * measure.stems)
    # Smaller corrections are invisible.
    return -closer if closer >= 0.04 * cap_height else 0.0


def _room(first: Sides, second: Sides, stems: float) -> float:
    deepest = stems * 1.6
    return (_nearest(first, second) + _white(first, second, deepest)) / 2


def _nearest(first: Sides, second: Sides) -> float:
    return float(np.min(first.near_right + second.near_left))


def _white(first: Sides, second: Sides, deepest: float) -> float:
    """Return the mean distance over the heights where both letters have ink, at most `deepest`."""
    distance = first.right + second.left
    shared = np.isfinite(distance)
    return float(np.minimum(distance, deepest)[shared].mean()) if shared.any() else deepest


def _spread(profile: Profile) -> Profile:
    """Return the profile with its ink extended by `REACH` units up and down."""
    padded = np.pad(profile, REACH, constant_values=np.inf)
    return np.asarray(sliding_window_view(padded, 2 * REACH + 1).min(axis=1))
