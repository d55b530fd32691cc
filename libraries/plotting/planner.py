"""Plotting time, with constant acceleration and limited speed at corners.

Over a distance s the square of the speed changes by at most 2 a s, where a is the acceleration. The
fastest squared speeds are therefore the lower envelope of slopes of 2 a from the limit at each
vertex: a running minimum forwards and one backwards, for all strokes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.strokes import HOME, Pen, Point, Strokes, stroke_ranges
from libraries.plotting.plotters import DEFAULT_PROFILE, PROFILES
from libraries.plotting.profiles import PlotterProfile

# Shorter steps have no direction.
MIN_STEP_MM = 1e-9
# Vertices per block; blocks fit into the processor's cache.
VERTICES_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class PlotTime:
    """The seconds of a plot with a plotter's profile."""

    profile: str
    drawing: float
    travelling: float
    lifting: float
    changing_pens: float

    @property
    def seconds(self) -> float:
        return self.drawing + self.travelling + self.lifting + self.changing_pens

    def as_record(self) -> dict[str, Any]:
        """Return the times for JSON, rounded to 0.001 s."""
        return {
            "profile": self.profile,
            "seconds": round(self.seconds, 3),
            "drawing_seconds": round(self.drawing, 3),
            "travelling_seconds": round(self.travelling, 3),
            "lifting_seconds": round(self.lifting, 3),
            "pen_change_seconds": round(self.changing_pens, 3),
        }


class StrokeSeconds(NamedTuple):
    """The seconds of each stroke with the pen down, and of each of `Strokes.travels`."""

    drawing: Floats
    travelling: Floats


def plan(
    strokes: Strokes,
    pens: Sequence[Pen],
    profile: PlotterProfile = PROFILES[DEFAULT_PROFILE],
    *,
    origin: Point | None = HOME,
) -> PlotTime:
    """Return the plotting time; for the arguments see `measures.statistics`.

    The pen rests at both ends of each stroke. Its own speed is limited to that of the plotter.
    """
    changes = strokes.pen_changes(pens)
    blocks = _segments(strokes, pens, profile)
    return PlotTime(
        profile=profile.name,
        drawing=sum((float(seconds.sum()) for _, seconds in blocks), 0.0),
        travelling=float(_travel_seconds(strokes.travels(origin), profile).sum()),
        lifting=len(strokes) * (profile.drop_time + profile.lift_time),
        changing_pens=changes * profile.pen_change_time,
    )


def stroke_seconds(
    strokes: Strokes,
    pens: Sequence[Pen],
    profile: PlotterProfile = PROFILES[DEFAULT_PROFILE],
    *,
    origin: Point | None = HOME,
) -> StrokeSeconds:
    """Return the seconds that `plan` adds up; the arguments are the same."""
    strokes.check_pens(pens)
    drawing = np.zeros(len(strokes))
    for owners, seconds in _segments(strokes, pens, profile):
        drawing += np.bincount(owners, weights=seconds, minlength=len(strokes))
    return StrokeSeconds(drawing, _travel_seconds(strokes.travels(origin), profile))


def _segments(
    strokes: Strokes, pens: Sequence[Pen], profile: PlotterProfile
) -> Iterator[tuple[Integers, Floats]]:
    """Yield the strokes of segments, by index, and the seconds of each segment, block by block."""
    speeds = _speeds(strokes, pens, profile)
    for block in stroke_ranges(strokes.offsets, VERTICES_AT_ONCE):
        yield _segments_of_block(strokes, speeds, profile, *block)


def _speeds(strokes: Strokes, pens: Sequence[Pen], profile: PlotterProfile) -> Floats:
    fastest = max(profile.drawing_speed, profile.travel_speed)
    of_layer = np.array(
        [min(pen.speed or profile.drawing_speed, fastest) for pen in pens], dtype=np.float64
    )
    return of_layer[strokes.layers]


def _travel_seconds(distances: Floats, profile: PlotterProfile) -> Floats:
    """Return the seconds of straight moves from rest to rest.

    Long moves reach the maximum speed v and take s / v + v / a; short ones take 2 sqrt(s / a).
    """
    speed, acceleration = profile.travel_speed, profile.travel_acceleration
    is_long = distances >= speed * speed / acceleration
    long, short = distances / speed + speed / acceleration, 2 * np.sqrt(distances / acceleration)
    return np.where(is_long, long, short)


def _segments_of_block(
    strokes: Strokes, speeds: Floats, profile: PlotterProfile, first: int, upto: int
) -> tuple[Integers, Floats]:
    """Return the segments of the strokes from `first` to before `upto`; see `_segments`."""
    begin, end = strokes.offsets[first], strokes.offsets[upto]
    steps = strokes.steps[begin:end]
    arrivals = np.flatnonzero(steps > MIN_STEP_MM)
    owners = np.repeat(np.arange(first, upto), np.diff(strokes.offsets[first : upto + 1]))[arrivals]
    points = strokes.coordinates[begin:end]
    if not len(arrivals):
        return owners, np.zeros(0)
    lengths, highest = steps[arrivals], speeds[owners] ** 2
    directions = (points[arrivals] - points[arrivals - 1]) / lengths[:, np.newaxis]
    limits = np.zeros(len(lengths) + 1)
    turning = np.minimum(_corner_limits(directions, profile), highest[1:])
    # The pen rests between strokes.
    np.copyto(limits[1:-1], turning, where=owners[1:] == owners[:-1])
    squares = _fastest(limits, lengths, profile.drawing_acceleration)
    return owners, _segment_seconds(squares, lengths, highest, profile.drawing_acceleration)


def _corner_limits(directions: Floats, profile: PlotterProfile) -> Floats:
    """Return the maximum squared speed, in mm²/s², at the corners between unit vectors.

    A corner is treated as an arc that deviates from the vertex by the distance d, with the
    centripetal acceleration a. For an angle t between the segments the squared speed is a d
    sin(t/2) / (1 - sin(t/2)): see Sungeun K. Jeon, "Improving Grbl's cornering algorithm", 2011.
    """
    cosine = np.einsum("ij,ij->i", directions[:-1], directions[1:])
    # sin(t/2) is the cosine of half the turn.
    sine = np.sqrt(np.clip((1 + cosine) / 2, 0.0, 1.0))
    limits = np.full(len(sine), np.inf)
    # Straight lines have no limit.
    np.divide(
        profile.drawing_acceleration * profile.corner * sine,
        1 - sine,
        out=limits,
        where=sine < 1 - 1e-12,
    )
    return limits


def _fastest(limits: Floats, lengths: Floats, acceleration: float) -> Floats:
    rise = np.zeros(len(limits))
    np.cumsum(2 * acceleration * lengths, out=rise[1:])
    forwards = np.minimum.accumulate(limits - rise) + rise
    backwards = np.minimum.accumulate((forwards + rise)[::-1])[::-1] - rise
    # The sums of long drawings are inexact; the limits are exact.
    return np.clip(backwards, 0.0, limits)


def _segment_seconds(
    squares: Floats, lengths: Floats, highest: Floats, acceleration: float
) -> Floats:
    """Return the seconds of each segment from the squared speeds at its ends."""
    entry, leave = squares[:-1], squares[1:]
    # Without the limit, the squared peak is the mean of both plus a times the length.
    peak = np.minimum((entry + leave) / 2 + acceleration * lengths, highest)
    peak = np.maximum(peak, np.maximum(entry, leave))
    changing = (2 * np.sqrt(peak) - np.sqrt(entry) - np.sqrt(leave)) / acceleration
    cruising = lengths - (2 * peak - entry - leave) / (2 * acceleration)
    return changing + np.maximum(cruising, 0.0) / np.sqrt(peak)
