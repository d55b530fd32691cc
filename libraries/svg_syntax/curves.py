"""Flattening of Bezier curves and elliptic arcs to a tolerance."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    flat = _round(float(start), float(end), _arc_steps(radii, end - start, tolerance)) * radii
    if tilt == 0:
        placed: Floats = flat + np.asarray(centre)
        return placed
    sine, cosine = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))
    turned: Floats = flat @ np.array([[cosine, sine], [-sine, cosine]]) + np.asarray(centre)
    return turned


def corner_lines(radii: Point, tolerance: float) -> Floats:
    """Return the vertices of four quarters of an ellipse around (0, 0), clockwise from the top; each has both ends."""
    steps = _arc_steps(radii, 90.0, tolerance)
    quarters = [_round(start, start + 90.0, steps) for start in (-90.0, 0.0, 90.0, 180.0)]
    return np.concatenate(quarters) * radii


def _arc_steps(radii: Point, degrees: float, tolerance: float) -> int:
    """Return the number of lines for an elliptic arc."""
    widest = max(abs(radii[0]), abs(radii[1]))
    widest_step = 2 * math.acos(max(1 - tolerance / widest, 0.0)) if widest > 0 else math.pi
    steps = abs(math.radians(degrees)) / widest_step if widest_step > 0 else math.inf
    if not steps < MAX_VERTICES:
        raise too_many_vertices()
    return max(math.ceil(steps), 1)


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


class Arcs(NamedTuple):
    """Elliptic arcs: centres and radii of shape (n, 2), tilt, first angle and turn in degrees, and ends of shape (n, 2)."""

    centres: Floats
    radii: Floats
    tilts: Floats
    firsts: Floats
    turns: Floats
    ends: Floats


def arcs_between(
    starts: Floats, ends: Floats, parameters: Floats
) -> tuple[Arcs, NDArray[np.bool_]]:
    """Return arcs in path data, and which of them are lines instead and left out.

    `parameters` has the numbers of `endpoint_arc_lines` in each row, the flags as 0 and 1.
    """
    across, down = np.abs(parameters[:, 0]), np.abs(parameters[:, 1])
    sine, cosine = np.sin(np.radians(parameters[:, 2])), np.cos(np.radians(parameters[:, 2]))
    half_x, half_y = ((starts - ends) / 2).T
    x, y = cosine * half_x + sine * half_y, cosine * half_y - sine * half_x
    with np.errstate(all="ignore"):
        reach = np.maximum(np.hypot(x / across, y / down), 1.0)
        across, down = across * reach, down * reach
        squared = (x / across) ** 2 + (y / down) ** 2
        curved = (np.minimum(across, down) > 0) & (squared > 0) & (squared < np.inf)
    keep = np.flatnonzero(curved)
    across, down, x, y, squared, sine, cosine = (
        one[keep] for one in (across, down, x, y, squared, sine, cosine)
    )
    clockwise = parameters[keep, 4] == 1
    off = np.sqrt(np.maximum(1 / squared - 1, 0.0))
    off[(parameters[keep, 3] == 1) == clockwise] *= -1
    middle_x, middle_y = off * across * y / down, -off * down * x / across
    middles = (starts[keep] + ends[keep]) / 2
    centres = np.column_stack(
        [
            cosine * middle_x - sine * middle_y + middles[:, 0],
            sine * middle_x + cosine * middle_y + middles[:, 1],
        ]
    )
    first = np.degrees(np.arctan2((y - middle_y) / down, (x - middle_x) / across))
    last = np.degrees(np.arctan2((-y - middle_y) / down, (-x - middle_x) / across))
    turns = np.where(clockwise, (last - first) % 360, -((first - last) % 360))
    radii = np.column_stack([across, down])
    return Arcs(centres, radii, parameters[keep, 2], first, turns, ends[keep]), ~curved


def arc_vertices(arcs: Arcs, tolerances: Floats) -> tuple[Floats, Integers]:
    """Return the vertices of arcs without their starts, and the number for each; see `arc_lines`."""
    with np.errstate(all="ignore"):
        bows = 2 * np.arccos(np.maximum(1 - tolerances / arcs.radii.max(axis=1, initial=0.0), 0.0))
        lasts = arcs.firsts + arcs.turns
        steps = np.maximum(np.ceil(np.abs(np.radians(lasts - arcs.firsts)) / bows), 1.0)
    # NaN fails this comparison.
    if not steps.sum() < MAX_VERTICES:
        raise too_many_vertices()
    counts = steps.astype(np.int64)
    arc = np.repeat(np.arange(len(counts)), counts)
    angles = np.radians(
        (ranges(counts) + 1) * ((lasts - arcs.firsts) / steps)[arc] + arcs.firsts[arc]
    )
    flat = np.column_stack([np.cos(angles), np.sin(angles)]) * arcs.radii[arc]
    sine, cosine = np.sin(np.radians(arcs.tilts))[arc], np.cos(np.radians(arcs.tilts))[arc]
    points = arcs.centres[arc] + np.column_stack(
        [flat[:, 0] * cosine - flat[:, 1] * sine, flat[:, 0] * sine + flat[:, 1] * cosine]
    )
    points[np.cumsum(counts) - 1] = arcs.ends
    return points, counts
