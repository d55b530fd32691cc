"""Flattening of Bezier curves and elliptic arcs to a tolerance."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers, ranges

Point = tuple[float, float]

# Maximum distance of flattened lines from their curve in mm.
FLATNESS = 0.02
MAX_VERTICES = 2_000_000
# Arcs with more vertices are not cached.
MAX_CACHED_STEPS = 256


def too_many_vertices() -> InvalidInput:
    return InvalidInput(
        f"the drawing has more than {MAX_VERTICES:,} vertices",
        code="too-many-vertices",
        hint="split or simplify it",
    )


def cubic_lines(curves: Floats, tolerance: float = FLATNESS) -> Floats:
    """Return the vertices of connected cubic curves, of shape (k, 4, 2), without the first start.

    A cubic curve needs sqrt(3 * 2 / 8 * m / tolerance) equal steps, where m is the largest second
    difference of its control points (Wang, 1984).
    """
    return curve_vertices(curves, np.full(len(curves), tolerance))[0]


def curve_vertices(curves: Floats, tolerances: Floats) -> tuple[Floats, Integers]:
    """Return the vertices of cubic curves without their starts, and the number for each.

    `curves` has the shape (k, 4, 2); `tolerances` are in the unit of the curves.

    Raises:
        InvalidInput: there are too many vertices.
    """
    bends = curves[:, 2:] - 2 * curves[:, 1:-1] + curves[:, :-2]
    largest = np.hypot(bends[..., 0], bends[..., 1]).max(axis=1, initial=0.0)
    steps = np.maximum(np.ceil(np.sqrt(0.75 * largest / tolerances)), 1.0)
    if not steps.sum() <= MAX_VERTICES:
        raise too_many_vertices()
    counts = steps.astype(np.int64)
    curve = np.repeat(np.arange(len(curves)), counts)
    t = ((ranges(counts) + 1) / counts[curve])[:, None]
    start, first, second, end = (curves[:, number][curve] for number in range(4))
    points: Floats = (
        (1 - t) ** 3 * start
        + 3 * (1 - t) ** 2 * t * first
        + 3 * (1 - t) * t**2 * second
        + t**3 * end
    )
    # Ends are exact.
    points[np.cumsum(counts) - 1] = curves[:, 3]
    return points, counts


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
    """Return the vertices of an elliptic arc, both ends included.

    Angles are degrees clockwise from the first radius; an `end` less than `start` gives a
    counterclockwise arc. The ellipse is rotated by `tilt` degrees.
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
    return _cached_round(start, end, steps)


def _made_round(start: float, end: float, steps: int) -> Floats:
    angles = np.radians(np.linspace(start, end, steps + 1))
    return np.column_stack([np.cos(angles), np.sin(angles)])


_cached_round = lru_cache(maxsize=256)(_made_round)


def endpoint_arc_lines(
    start: Point,
    end: Point,
    arc: tuple[float, float, float, bool, bool],
    tolerance: float = FLATNESS,
) -> Floats:
    """Return the vertices of an arc in path data, without its start.

    `arc` has both radii, the rotation of the ellipse in degrees, and the flags for the longer and
    the clockwise arc. Short radii are enlarged (SVG 1.1, appendices F.6.5 and F.6.6).
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
    radii = across, down
    lines = arc_lines(centre, radii, first, first + turn, tilt=tilt, tolerance=tolerance)
    lines[-1] = end
    return lines[1:]
