"""Geometry of pen strokes: tuples of arrays of shape (n, 2), y down, in the units of a font."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Stroke = NDArray[np.float64]
Strokes = tuple[Stroke, ...]


class Box(NamedTuple):
    """An upright rectangle, y down: in mm around written text, in font units around a glyph."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def read_only(points: ArrayLike) -> Stroke:
    """Return a read-only copy of `points`."""
    array = np.array(points, dtype=np.float64)
    array.setflags(write=False)
    return array


def drawn(*lines: Sequence[tuple[float, float]]) -> Strokes:
    """Return strokes from lists of (x, y)."""
    return tuple(read_only(line) for line in lines)


def box_around(strokes: Iterable[Stroke]) -> Box:
    """Return the bounds of one or more strokes."""
    points = np.concatenate(list(strokes))
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def moved(strokes: Strokes, x: float = 0.0, y: float = 0.0) -> Strokes:
    """Return the strokes shifted by (`x`, `y`)."""
    return tuple(read_only(np.add(stroke, (x, y))) for stroke in strokes)


def scaled(strokes: Strokes, across: float, down: float, *, level: float = 0.0) -> Strokes:
    """Return the strokes scaled about x = 0 and y = `level`."""
    return tuple(
        read_only((stroke - (0.0, level)) * (across, down) + (0.0, level)) for stroke in strokes
    )


def upside_down(strokes: Strokes) -> Strokes:
    """Return the strokes rotated by half a turn about the middle of their box."""
    box = box_around(strokes)
    corner = (box.left + box.right, box.top + box.bottom)
    return tuple(read_only(corner - stroke) for stroke in strokes)


def leaned(strokes: Strokes, slant: float, level: float) -> Strokes:
    """Return the strokes sheared to the right by `slant` units per unit above `level`."""
    return tuple(
        read_only(np.column_stack((one[:, 0] + slant * (level - one[:, 1]), one[:, 1])))
        for one in strokes
    )


def circle(x: float, y: float, radius: float, corners: int = 16) -> Stroke:
    """Return a circle as a closed polygon that begins at the top."""
    turn = np.linspace(0.0, 2 * np.pi, corners + 1)
    ring = np.column_stack((x + radius * np.sin(turn), y - radius * np.cos(turn)))
    ring[-1] = ring[0]
    return read_only(ring)


def broadened(strokes: Strokes, breadth: float) -> Strokes:
    """Return closed outlines of the strokes, `breadth` wide, or the strokes if it is 0.

    Corners are mitred along the mean of their normals.
    """
    return tuple(_outline(stroke, breadth / 2) for stroke in strokes) if breadth else strokes


def _outline(stroke: Stroke, aside: float) -> Stroke:
    steps = np.diff(stroke, axis=0)
    lengths = np.hypot(*steps.T)[:, None]
    steps = steps[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
    points = stroke[np.append(True, lengths[:, 0] > 0)]
    if np.array_equal(points[0], points[-1]):
        before, after = np.vstack((steps[-1:], steps)), np.vstack((steps, steps[:1]))
    else:
        before, after = np.vstack((steps[:1], steps)), np.vstack((steps, steps[-1:]))
    along = before + after
    along /= np.maximum(np.hypot(*along.T), 0.5)[:, None]
    normal = np.column_stack((-along[:, 1], along[:, 0])) * aside
    # Limit the mitres of sharp corners to 1.5.
    normal *= np.minimum(1 / np.maximum(np.sum(along * after, axis=1), 0.1), 1.5)[:, None]
    return read_only(np.vstack((points + normal, (points - normal)[::-1], points[:1] + normal[:1])))


def left_part(strokes: Strokes, limit: float) -> Strokes:
    """Return the strokes clipped to x <= `limit`."""
    return tuple(piece for stroke in strokes for piece in _cut(stroke, limit))


def right_part(strokes: Strokes, limit: float) -> Strokes:
    """Return the strokes clipped to x >= `limit`."""
    mirror = (-1.0, 1.0)
    return tuple(
        read_only(piece * mirror) for stroke in strokes for piece in _cut(stroke * mirror, -limit)
    )


def _cut(stroke: Stroke, limit: float) -> list[Stroke]:
    pieces: list[list[Stroke]] = [[]]
    for start, end in pairwise(stroke):
        inside = start[0] <= limit, end[0] <= limit
        if inside[0] and not pieces[-1]:
            pieces[-1].append(start)
        if inside[0] != inside[1]:
            pieces[-1].append(start + (end - start) * ((limit - start[0]) / (end[0] - start[0])))
        if inside[1]:
            pieces[-1].append(end)
        elif pieces[-1]:
            pieces.append([])
    return [read_only(piece) for piece in pieces if len(piece) > 1]


def sampled(strokes: Iterable[Stroke]) -> Stroke:
    """Return points on the strokes at most 0.25 units apart, of shape (n, 2)."""
    found = []
    for stroke in strokes:
        steps = np.hypot(*np.diff(stroke, axis=0).T)
        along = np.concatenate(([0.0], np.cumsum(steps)))
        at = np.linspace(0.0, along[-1], max(2, int(np.ceil(along[-1] / 0.25)) + 1))
        found.append(np.column_stack([np.interp(at, along, axis) for axis in stroke.T]))
    return np.concatenate(found)


def ink_between(strokes: Iterable[Stroke], top: float, bottom: float) -> tuple[float, float]:
    """Return the minimum and maximum x of the ink from `top` to `bottom`, or else of all ink."""
    points = sampled(strokes)
    near = points[(points[:, 1] >= top) & (points[:, 1] <= bottom)]
    across = near[:, 0] if len(near) else points[:, 0]
    return float(across.min()), float(across.max())
