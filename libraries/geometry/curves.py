"""Sampling of parametric curves to a tolerance, and simplification of polylines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, Polyline, flattened

Complexes = NDArray[np.complex128]
Curve = Callable[[Floats], Complexes]

SAMPLES_PER_PERIOD = 24


def sample_curve(curve: Curve, end: float, periods: float, tolerance: float) -> Complexes:
    """Return points x + iy in mm on `curve` from the parameter 0 to `end`, denser where it bends.

    `periods` is the number of periods of the fastest component; `tolerance` is the maximum distance
    of the line from the curve in mm.
    """
    at, steps = _measure(curve, end, periods, tolerance)
    return curve(
        np.interp(np.linspace(0, steps[-1], max(2, math.ceil(float(steps[-1]))) + 1), steps, at)
    )


def estimate_points(curve: Curve, end: float, periods: float, tolerance: float) -> float:
    """Estimate the number of points of `sample_curve`, within a few percent, in constant time."""
    at, step = _samples(end, periods)
    bend = np.abs(curve(at + step) - 2 * curve(at) + curve(at - step)) / step**2
    needed = np.sqrt(bend / (8 * tolerance))
    return 3 + end * float(np.maximum(needed, needed.mean() / 4).mean())


def estimate_length(curve: Curve, end: float, periods: float) -> float:
    """Estimate the length of `curve` in mm; for the arguments see `sample_curve`."""
    at, step = _samples(end, periods)
    return end * float((np.abs(curve(at + step) - curve(at - step)) / (2 * step)).mean())


def _samples(end: float, periods: float) -> tuple[Floats, float]:
    """Return evenly distributed parameters that are not periodic, and a short step."""
    parameters = end * np.modf(np.arange(2000) * ((math.sqrt(5) - 1) / 2))[0]
    return parameters, end / (SAMPLES_PER_PERIOD * max(periods, 1))


def _measure(curve: Curve, end: float, periods: float, tolerance: float) -> tuple[Floats, Floats]:
    """Return parameters and the cumulative number of steps that the curve needs up to each."""
    at = np.linspace(0, end, max(SAMPLES_PER_PERIOD, math.ceil(SAMPLES_PER_PERIOD * periods)) + 1)
    known = curve(at)
    step = end / (len(at) - 1)
    # A chord over the parameter step d deviates by at most |z''| d**2 / 8.
    bend = np.abs(known[2:] - 2 * known[1:-1] + known[:-2]) / step**2
    needed = np.sqrt(np.concatenate((bend[:1], bend, bend[-1:])) / (8 * tolerance))
    # The samples are too coarse near turning points; limit steps to four times the average.
    needed = np.maximum(needed, needed.mean() / 4)
    return at, np.concatenate(([0.0], np.cumsum((needed[1:] + needed[:-1]) * (step / 2))))


def arc_chords(radius: Floats | float, angle: float, tolerance: float) -> Floats:
    """Return the number of chords that approximate arcs of `angle` radians, as floats."""
    # A chord over the angle a deviates from a circle of radius r by at most r * a**2 / 8.
    return np.asarray(
        np.maximum(np.ceil(angle / np.sqrt(8 * tolerance / np.maximum(radius, tolerance))), 1.0)
    )


def decimated(lines: Sequence[Polyline], tolerance: float) -> list[Polyline]:
    """Simplify lines to `tolerance` mm; both ends stay (Douglas and Peucker, 1973)."""
    if not lines:
        return []
    coordinates, offsets = decimate(*flattened(lines), tolerance)
    return np.split(coordinates, offsets[1:-1])


def decimate(coordinates: Floats, offsets: Integers, tolerance: float) -> tuple[Floats, Integers]:
    """Simplify strokes of at least two vertices: see `decimated`."""
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    kept, line = shapely.get_coordinates(
        shapely.simplify(
            shapely.linestrings(coordinates, indices=owners), tolerance, preserve_topology=False
        ),
        return_index=True,
    )
    return kept, np.searchsorted(line, np.arange(len(offsets)))


def polyline(points: Complexes) -> Polyline:
    """Return points x + iy as an array of shape (n, 2)."""
    return np.column_stack((points.real, points.imag))
