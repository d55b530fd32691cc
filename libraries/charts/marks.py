"""Strokes for lines, points and bars, reduced to the resolution of a pen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.svg_builder import Hatching, hatch_lines

# A pen shows only the minimum and maximum of a line in each column of this width.
PIXEL_MM = 0.5
MAX_POINTS = 20_000
# Directions of the hatching of series, in degrees.
ANGLES = (-45.0, 45.0, 0.0, 90.0, -20.0, 20.0, -70.0, 70.0)


def line_strokes(points: Floats) -> list[Floats]:
    """Return a line through `points`, of shape (n, 2) in mm and sorted by x, broken where y is NaN.

    Where it has many vertices, only the minimum and the maximum in every 0.5 mm are kept.
    """
    pieces = np.split(points, np.flatnonzero(np.isnan(points[:, 1])))
    finite = (piece[~np.isnan(piece[:, 1])] for piece in pieces)
    return [_thinned(piece) for piece in finite if len(piece)]


def _thinned(points: Floats) -> Floats:
    column = np.floor(points[:, 0] / PIXEL_MM)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(column)) + 1))
    if len(points) <= 4 * len(starts):
        return points
    low, high = np.minimum.reduceat(points[:, 1], starts), np.maximum.reduceat(points[:, 1], starts)
    middle = (column[starts] + 0.5) * PIXEL_MM
    up = np.arange(len(starts)) % 2 == 0
    first, second = np.where(up, low, high), np.where(up, high, low)
    zigzag = np.column_stack((middle, first, middle, second)).reshape(-1, 2)
    zigzag[:, 0] = np.clip(zigzag[:, 0], points[0, 0], points[-1, 0])
    found = np.concatenate((points[:1], zigzag, points[-1:]))
    kept = np.ones(len(found), dtype=bool)
    kept[1:] = (np.abs(np.diff(found, axis=0)) > 1e-9).any(axis=1)  # noqa: PLR2004 - mm
    return found[kept]


def spread_points(points: Floats) -> Floats:
    """Return one of `points`, of shape (n, 2) in mm, for each square of 0.7 mm."""
    found = points[~np.isnan(points).any(axis=1)]
    # Points that are closer become one blot.
    _, first = np.unique(np.floor(found / 0.7), axis=0, return_index=True)
    chosen = found[np.sort(first)]
    return chosen if len(chosen) <= MAX_POINTS else chosen[:: -(-len(chosen) // MAX_POINTS)]


def _circle(size: float) -> list[Floats]:
    angle = np.linspace(0, 2 * np.pi, 13)
    return [size / 2 * np.column_stack((np.cos(angle), np.sin(angle)))]


def _polygon(corners: int, turn: float, scale: float) -> Callable[[float], list[Floats]]:
    angle = 2 * np.pi * (np.arange(corners + 1) / corners + turn)
    return lambda size: [size * scale / 2 * np.column_stack((np.cos(angle), np.sin(angle)))]


def _cross(turn: float) -> Callable[[float], list[Floats]]:
    def draw(size: float) -> list[Floats]:
        angles = 2 * np.pi * (turn + np.array([0.0, 0.25]))
        return [
            size / 2 * np.array([[-np.cos(angle), -np.sin(angle)], [np.cos(angle), np.sin(angle)]])
            for angle in angles
        ]

    return draw


# The sign of each series, distinct without colour.
SIGNS: tuple[Callable[[float], list[Floats]], ...] = (
    _circle,
    _cross(0.125),
    _polygon(4, 0.125, 1.2),
    _polygon(3, 0.75, 1.25),
    _cross(0.0),
    _polygon(4, 0.0, 1.2),
    _polygon(3, 0.25, 1.25),
    _polygon(6, 0.0, 1.0),
)


def point_strokes(points: Floats, sign: int, size: float) -> list[Floats]:
    """Return a sign of `size` mm at each of `points`."""
    shape = SIGNS[sign % len(SIGNS)](size)
    return [point + stroke for point in points for stroke in shape]


def bar_strokes(
    left: float, right: float, base: float, top: float, *, hatch: int, pitch: float
) -> list[Floats]:
    """Return the outline of a bar, in mm, and its hatching in the direction of the series `hatch`.

    `top` may be above or below `base`; `pitch` is the distance between the lines of the hatching.
    """
    outline = np.array([[left, base], [left, top], [right, top], [right, base]])
    if min(abs(top - base), right - left) < pitch / 2:
        return [outline]
    return [outline, *hatch_lines([outline], Hatching(pitch, ANGLES[hatch % len(ANGLES)]))]
