"""How much closer two letters may stand than their advances say, from the profiles of their sides.

The room between two letters is judged as the eye judges it: half by the place where they come
nearest, half by the white between them, taken as the mean distance over the heights where both have
ink; deep bays count only so far. A pair with more room than two stems and two bowls have is drawn
together by the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.lettering.strokes import Strokes, sampled

# Ink keeps its distance from ink this far above and below it too.
REACH = 2

Profile = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """The room from the left border of a glyph to its ink, and from its ink to the right border, at each height.

    All are infinite where there is no ink. `near_left` and `near_right` are the same for ink that
    reaches `REACH` units further up and down.
    """

    left: Profile
    right: Profile
    near_left: Profile
    near_right: Profile


@dataclass(frozen=True)
class Measure:
    """What letters of a font have between them: the least distance of two stems, and the room that needs no change."""

    stems: float
    enough: float


def sides_of(strokes: Strokes, advance: float) -> Sides:
    """Return the sides of a glyph."""
    points = sampled(strokes)
    # Heights in font units: from above the marks of capitals to below the descenders.
    top, bottom = -24, 28
    rows = np.clip(np.floor(points[:, 1]).astype(np.int64) - top, 0, bottom - top - 1)
    left, right = np.full(bottom - top, np.inf), np.full(bottom - top, np.inf)
    np.minimum.at(left, rows, points[:, 0])
    np.minimum.at(right, rows, advance - points[:, 0])
    return Sides(left, right, _spread(left), _spread(right))


def measure_of(stem: Sides, bowl: Sides) -> Measure:
    """Return the measure of a font from the sides of two letters, such as H and o, each of which is set beside itself."""
    stems = _nearest(stem, stem)
    return Measure(stems, max(_room(stem, stem, stems), _room(bowl, bowl, stems)))


def kern(first: Sides, second: Sides, measure: Measure, cap_height: float) -> float:
    """Return by how much `second` moves after `first`, in font units: a negative number or 0."""
    excess = _room(first, second, measure.stems) - measure.enough
    # Where letters come nearest, this part of the room of two stems stays.
    closer = min(excess, 0.16 * cap_height, _nearest(first, second) - 0.6 * measure.stems)
    # No pair is drawn together by more than this part of the cap height, and none by less than a part
    # that would not be seen.
    return -closer if closer >= 0.04 * cap_height else 0.0


def _room(first: Sides, second: Sides, stems: float) -> float:
    # A bay is taken for no deeper than this many times the room of two stems.
    deepest = stems * 1.6
    return (_nearest(first, second) + _white(first, second, deepest)) / 2


def _nearest(first: Sides, second: Sides) -> float:
    return float(np.min(first.near_right + second.near_left))


def _white(first: Sides, second: Sides, deepest: float) -> float:
    """Return the mean distance at the heights where both letters have ink, and `deepest` if there are none."""
    distance = first.right + second.left
    side_by_side = np.isfinite(distance)
    return (
        float(np.minimum(distance, deepest)[side_by_side].mean()) if side_by_side.any() else deepest
    )


def _spread(profile: Profile) -> Profile:
    """Return the profile as if the ink reached `REACH` units further up and down."""
    padded = np.pad(profile, REACH, constant_values=np.inf)
    spread: Profile = np.min(
        [padded[shift : shift + len(profile)] for shift in range(2 * REACH + 1)], axis=0
    )
    return spread
