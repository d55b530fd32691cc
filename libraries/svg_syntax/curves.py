"""Curves as straight lines: how many it takes for a tolerance in mm, and where they bend."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers

Point = tuple[float, float]

# How far a line may stay from the curve that it stands for, in mm: a fifteenth of a fine pen's
# width.
FLATNESS = 0.02
MAX_VERTICES = 2_000_000
# Circles of this many vertices at most are remembered: they come again and again.
MAX_CACHED_STEPS = 256


def too_many_vertices() -> InvalidInput:
    """Return the error for a drawing with more than `MAX_VERTICES`."""
    return InvalidInput(
        f"the drawing has more than {MAX_VERTICES:,} vertices",
        code="too-many-vertices",
        hint="split it, or simplify it first",
    )


def cubic_lines(curves: Floats, tolerance: float = FLATNESS) -> Floats:
    """Return the vertices of connected cubic curves, without the start of the first.

    A curve of degree 3 in n equal steps stays within sqrt(3 * 2 / 8 * m / tolerance) = n, where m
    is the largest second difference of its control points (Wang, 1984).

    Args:
        curves: array of shape (k, 4, 2): start, two control points and end of each.
        tolerance: how far a line may stay from its curve, in the unit of the curves.

    Raises:
        InvalidInput: it would take too many.
    """
    return curve_vertices(curves, np.full(len(curves), tolerance))[0]


def curve_vertices(curves: Floats, tolerances: Floats) -> tuple[Floats, Integers]:
    """Return the vertices of cubic curves without their starts, and the count of each.

    Args:
        curves: array of shape (k, 4, 2): start, two control points and end of each.
        tolerances: how far a line may stay from each curve, in the unit of the curves: shape (k,).

    Raises:
        InvalidInput: it would take too many.
    """
    bends = curves[:, 2:] - 2 * curves[:, 1:-1] + curves[:, :-2]
    largest = np.hypot(bends[..., 0], bends[..., 1]).max(axis=1, initial=0.0)
    steps = np.maximum(np.ceil(np.sqrt(0.75 * largest / tolerances)), 1.0)
    if not steps.sum() <= MAX_VERTICES:
        raise too_many_vertices()
    counts = steps.astype(np.int64)
    curve = np.repeat(np.arange(len(curves)), counts)
    number = np.arange(len(curve)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    t = (number / counts[curve])[:, None]
    start, first, second, end = (curves[:, place][curve] for place in range(4))
    places: Floats = (
        (1 - t) ** 3 * start
        + 3 * (1 - t) ** 2 * t * first
        + 3 * (1 - t) * t**2 * second
        + t**3 * end
    )
    # The ends are vertices of the drawing: they are met exactly.
    places[np.cumsum(counts) - 1] = curves[:, 3]
    return places, counts


def elevated(curves: Floats) -> Floats:
    """Return quadratic curves, of shape (k, 3, 2), as cubic ones of shape (k, 4, 2)."""
    start, control, end = curves[:, 0], curves[:, 1], curves[:, 2]
    return np.stack(
        [start, start + (control - start) * 2 / 3, end + (control - end) * 2 / 3, end], axis=1
    )


def arc_lines(
    centre: Point,
    radii: Point,
    start: float,
    end: float,
    *,
    tilt: float = 0.0,
    tolerance: float = FLATNESS,
) -> Floats:
    """Return the vertices of an arc of an ellipse, both ends included.

    A chord over the angle a stays within r * (1 - cos(a / 2)) of a circle of radius r, and an
    ellipse is a circle of its longer half width that was pressed together.

    Args:
        centre: its middle.
        radii: its half widths.
        start: where it begins, in degrees clockwise (y points down) from the direction of the first
            half width.
        end: where it ends, in degrees; less than `start` for an arc against the clock.
        tilt: by how much the ellipse is turned, in degrees.
        tolerance: how far a line may stay from the arc, in the unit of the radii.

    Raises:
        InvalidInput: it would take too many.
    """
    widest = max(abs(radius) for radius in radii)
    widest_step = 2 * math.acos(max(1 - tolerance / widest, 0.0)) if widest > 0 else math.pi
    steps = abs(math.radians(end - start)) / widest_step if widest_step > 0 else math.inf
    if not steps < MAX_VERTICES:
        raise too_many_vertices()
    flat = _round(float(start), float(end), max(math.ceil(steps), 1)) * radii
    sine, cosine = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))
    turned: Floats = flat @ np.array([[cosine, sine], [-sine, cosine]]) + np.asarray(centre)
    return turned


def _round(start: float, end: float, steps: int) -> Floats:
    """Return the vertices of an arc of the unit circle; short common ones are cached."""
    if steps > MAX_CACHED_STEPS or not (start.is_integer() and end.is_integer()):
        return _made_round(start, end, steps)
    return _remembered_round(start, end, steps)


def _made_round(start: float, end: float, steps: int) -> Floats:
    angles = np.radians(np.linspace(start, end, steps + 1))
    return np.column_stack([np.cos(angles), np.sin(angles)])


_remembered_round = lru_cache(maxsize=256)(_made_round)


def endpoint_arc_lines(
    start: Point,
    end: Point,
    arc: tuple[float, float, float, bool, bool],
    tolerance: float = FLATNESS,
) -> Floats:
    """Return the vertices of an arc as path data gives it, without its start.

    The centre is found as the implementation notes of SVG 1.1 say (appendix F.6.5 and F.6.6): radii
    that are too short grow until they reach, and an arc without a radius is a straight line.

    Args:
        start: where it begins.
        end: where it ends.
        arc: both half widths, the turn of the ellipse in degrees, whether the longer way is taken,
            and whether it runs clockwise.
        tolerance: how far a line may stay from the arc.

    Raises:
        InvalidInput: it would take too many.
    """
    across, down, tilt, longer, clockwise = abs(arc[0]), abs(arc[1]), arc[2], arc[3], arc[4]
    sine, cosine = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))
    half_x, half_y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = cosine * half_x + sine * half_y, cosine * half_y - sine * half_x
    if min(across, down) <= 0 or (x == 0 and y == 0):
        return np.array([end], dtype=np.float64)
    reach = math.hypot(x / across, y / down)
    if reach > 1:
        across, down = across * reach, down * reach
    squared = (x / across) ** 2 + (y / down) ** 2
    if not 0 < squared < math.inf:
        return np.array([end], dtype=np.float64)
    off = math.sqrt(max(1 / squared - 1, 0.0)) * (-1 if longer == clockwise else 1)
    middle_x, middle_y = off * across * y / down, -off * down * x / across
    centre = (
        cosine * middle_x - sine * middle_y + (start[0] + end[0]) / 2,
        sine * middle_x + cosine * middle_y + (start[1] + end[1]) / 2,
    )
    first = math.degrees(math.atan2((y - middle_y) / down, (x - middle_x) / across))
    last = math.degrees(math.atan2((-y - middle_y) / down, (-x - middle_x) / across))
    turn = (last - first) % 360 if clockwise else -((first - last) % 360)
    lines = arc_lines(centre, (across, down), first, first + turn, tilt=tilt, tolerance=tolerance)[
        1:
    ]
    lines[-1] = end
    return lines
