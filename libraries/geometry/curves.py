"""Curves given by a formula, followed as closely as a tolerance asks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Polyline

Complexes = NDArray[np.complex128]
Curve = Callable[[Floats], Complexes]

# Places on one swing of the fastest part of a curve where it is measured before it is drawn.
MEASURES = 24


def sample_curve(curve: Curve, end: float, swings: float, tolerance: float) -> Complexes:
    """Return points on `curve` from the parameter 0 to `end`, denser where it bends.

    Args:
        curve: takes an array of parameters, returns the points x + iy in mm.
        end: the last parameter.
        swings: how often the fastest part of the curve swings on the whole way.
        tolerance: farthest that the line may lie from the curve, in mm.
    """
    at, steps = _measure(curve, end, swings, tolerance)
    return curve(
        np.interp(np.linspace(0, steps[-1], max(2, math.ceil(float(steps[-1]))) + 1), steps, at)
    )


def estimate_points(curve: Curve, end: float, swings: float, tolerance: float) -> float:
    """Return how many points `sample_curve` gives for the same arguments, within some percent.

    The time does not grow with them.
    """
    at, step = _samples(end, swings)
    bend = np.abs(curve(at + step) - 2 * curve(at) + curve(at - step)) / step**2
    needed = np.sqrt(bend / (8 * tolerance))
    return 3 + end * float(np.maximum(needed, needed.mean() / 4).mean())


def estimate_length(curve: Curve, end: float, swings: float) -> float:
    """Return the length of `curve` in mm from the parameter 0 to `end`, within some percent.

    For `swings` see `sample_curve`.
    """
    at, step = _samples(end, swings)
    return end * float((np.abs(curve(at + step) - curve(at - step)) / (2 * step)).mean())


def _samples(end: float, swings: float) -> tuple[Floats, float]:
    """Return evenly spread parameters out of step with any swing, and a short step."""
    # Places where a curve is looked at for an estimate.
    return end * np.modf(np.arange(2000) * ((math.sqrt(5) - 1) / 2))[0], end / (
        MEASURES * max(swings, 1)
    )


def _measure(curve: Curve, end: float, swings: float, tolerance: float) -> tuple[Floats, Floats]:
    """Return parameters, and how many steps the curve needs up to each.

    A chord over the step `d` of the parameter leaves the curve by |z''| d**2 / 8 at most, where z''
    is the second derivative. So sqrt(|z''| / (8 * tolerance)) is how many steps a place needs, and
    its integral how many the whole curve does.
    """
    at = np.linspace(0, end, max(MEASURES, math.ceil(MEASURES * swings)) + 1)
    known = curve(at)
    step = end / (len(at) - 1)
    bend = np.abs(known[2:] - 2 * known[1:-1] + known[:-2]) / step**2
    needed = np.sqrt(np.concatenate((bend[:1], bend, bend[-1:])) / (8 * tolerance))
    # Near a turning point the measure is too coarse to trust; nowhere are steps longer than four
    # times the average.
    needed = np.maximum(needed, needed.mean() / 4)
    return at, np.concatenate(([0.0], np.cumsum((needed[1:] + needed[:-1]) * (step / 2))))


def arc_chords(radius: Floats | float, angle: float, tolerance: float) -> Floats:
    """Return how many chords approximate arcs of `angle` radians: whole numbers, as floats.

    A chord over the angle a leaves a circle of radius r by r * (1 - cos(a / 2)), which is r * a**2
    / 8 at most.

    Args:
        radius: of the circles, in mm.
        angle: of the arcs, in radians.
        tolerance: farthest that a chord may lie from its arc, in mm.
    """
    return np.asarray(
        np.maximum(np.ceil(angle / np.sqrt(8 * tolerance / np.maximum(radius, tolerance))), 1.0)
    )


def decimated(lines: Sequence[Polyline], tolerance: float) -> list[Polyline]:
    """Return lines with fewer points; both ends stay (Douglas and Peucker, 1973).

    Args:
        lines: arrays of shape (n, 2), in mm.
        tolerance: farthest that a point which is left out may lie from the line that remains, in
            mm.
    """
    if not lines:
        return []
    sizes = [len(line) for line in lines]
    whole = shapely.linestrings(
        np.concatenate(lines), indices=np.repeat(np.arange(len(lines)), sizes)
    )
    kept, line = shapely.get_coordinates(
        shapely.simplify(whole, tolerance, preserve_topology=False), return_index=True
    )
    return np.split(kept, np.flatnonzero(np.diff(line)) + 1)


def polyline(points: Complexes) -> Polyline:
    """Return points x + iy as an array of shape (n, 2)."""
    return np.column_stack((points.real, points.imag))
