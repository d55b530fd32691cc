"""Dashed lines: the parts of strokes that a pattern of dashes and gaps leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from libraries.geometry.arrays import Floats


def dashed(
    points: Floats, pattern: Sequence[float], offset: float, *, dots: bool, most: int
) -> list[Floats]:
    """Return the dashes of a stroke of shape (n, 2); the stroke itself if there are over `most`.

    `pattern` has the lengths of dashes and gaps in turn, an even number, and begins at `offset`.
    With `dots`, dashes of length 0 are strokes of one point; otherwise they are left out.
    """
    steps = np.hypot(*np.diff(points, axis=0).T)
    stations = np.concatenate([[0.0], np.cumsum(steps)])
    total, period = float(stations[-1]), float(sum(pattern))
    if total <= 0 or total / period * len(pattern) / 2 > most:
        return [points]
    begin = -(offset % period)
    turns = int(np.ceil((total - begin) / period))
    bounds = begin + np.arange(turns)[:, None] * period
    ends = np.concatenate([[0.0], np.cumsum(pattern)])
    starts = (bounds + ends[:-1:2]).ravel()
    stops = (bounds + ends[1::2]).ravel()
    shown = (stops >= 0) & (starts < total) & (stops >= starts)
    starts, stops = np.maximum(starts[shown], 0.0), np.minimum(stops[shown], total)
    # Without gaps between them, dashes are one line.
    return [
        _part(points, stations, start, stop)
        for start, stop in _merged(starts.tolist(), stops.tolist())
        if stop > start or dots
    ]


def _merged(starts: list[float], stops: list[float]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, stop in zip(starts, stops, strict=True):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _part(points: Floats, stations: Floats, start: float, stop: float) -> Floats:
    """Return the part of a stroke between two distances along it."""
    first = int(np.searchsorted(stations, start, side="right"))
    last = int(np.searchsorted(stations, stop, side="left"))
    ends = [_at(points, stations, at) for at in dict.fromkeys((start, stop))]
    if len(ends) == 1:
        return ends[0][None]
    return np.concatenate([ends[0][None], points[first:last], ends[1][None]])


def _at(points: Floats, stations: Floats, distance: float) -> Floats:
    """Return the point at a distance along a stroke."""
    last = len(points) - 1
    after = min(max(int(np.searchsorted(stations, distance, side="right")), 1), last)
    step = stations[after] - stations[after - 1]
    share = (distance - stations[after - 1]) / step if step > 0 else 0.0
    found: Floats = points[after - 1] + (points[after] - points[after - 1]) * share
    return found
