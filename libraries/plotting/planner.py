"""How long a plotter needs, by a planner of constant acceleration that slows down for corners.

Along a stroke the square of the speed changes by at most 2 a s over a distance s, where a is the
acceleration (Torricelli). So the fastest permitted squares of speed are the lower envelope of
slopes of 2 a that rise, to both sides, from the limit at each vertex: one running minimum forwards,
and one backwards. This is the result of the look-ahead passes of motion controllers, found for all
strokes at once: a stroke starts and ends at rest, so no slope reaches beyond its own stroke.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.strokes import HOME, Pen, Point, Strokes
from libraries.plotting.profiles import DEFAULT_PROFILE, PROFILES, PlotterProfile

# Shorter steps than a billionth of a mm have no direction.
MIN_STEP_MM = 1e-9
# Enough vertices at once for NumPy, and few enough for the cache of the processor.
VERTICES_AT_ONCE = 1 << 16
# Records hold milliseconds and no less.
DECIMALS = 3


@dataclass(frozen=True)
class PlotTime:
    """The seconds that a plot takes, by what they are spent on.

    Attributes:
        profile: the name of the plotter's profile.
        drawing: seconds with the pen down.
        travelling: seconds with the pen up.
        lifting: seconds of dropping and lifting the pen.
        changing_pens: seconds of putting in other pens.
    """

    profile: str
    drawing: float
    travelling: float
    lifting: float
    changing_pens: float

    @property
    def seconds(self) -> float:
        """Return the seconds of the whole plot."""
        return self.drawing + self.travelling + self.lifting + self.changing_pens

    def as_record(self) -> dict[str, Any]:
        """Return the figures as JSON-able values, seconds rounded to 0.001 s."""
        return {
            "profile": self.profile,
            "seconds": round(self.seconds, DECIMALS),
            "drawing_seconds": round(self.drawing, DECIMALS),
            "travelling_seconds": round(self.travelling, DECIMALS),
            "lifting_seconds": round(self.lifting, DECIMALS),
            "pen_change_seconds": round(self.changing_pens, DECIMALS),
        }


def plan(
    strokes: Strokes,
    pens: Sequence[Pen],
    profile: PlotterProfile = PROFILES[DEFAULT_PROFILE],
    *,
    origin: Point | None = HOME,
) -> PlotTime:
    """Return how long the plot takes.

    The pen rests at both ends of every stroke and every move. A closed stroke does not run on into
    itself. A pen with a speed of its own draws at that speed, though not faster than the plotter
    moves at all.

    Args:
        strokes: the drawing, in mm.
        pens: the pen of each layer, by the layer's index.
        profile: the constants of the plotter.
        origin: where the pen starts and ends in mm; None when it starts at the first stroke and
            stays at the last.

    Raises:
        InvalidInput: a layer has no pen, or the origin is not a place.
    """
    changes = strokes.pen_changes(pens)
    speeds = _speeds(strokes, pens, profile)
    blocks = _blocks(strokes.offsets)
    return PlotTime(
        profile=profile.name,
        drawing=sum((_drawing_seconds(strokes, speeds, profile, *block) for block in blocks), 0.0),
        travelling=_travel_seconds(strokes.travels(origin), profile),
        lifting=len(strokes) * (profile.drop_time + profile.lift_time),
        changing_pens=changes * profile.pen_change_time,
    )


def _speeds(strokes: Strokes, pens: Sequence[Pen], profile: PlotterProfile) -> Floats:
    """Return the highest speed of each stroke in mm/s."""
    fastest = max(profile.drawing_speed, profile.travel_speed)
    of_layer = np.array(
        [min(pen.speed or profile.drawing_speed, fastest) for pen in pens], dtype=np.float64
    )
    return of_layer[strokes.layers]


def _travel_seconds(distances: Floats, profile: PlotterProfile) -> float:
    """Return the seconds of straight moves of these lengths in mm, each from rest to rest.

    A move that is long enough reaches the highest speed v after v / a seconds and brakes as long: s
    / v + v / a. A shorter one only speeds up and brakes: 2 sqrt(s / a).
    """
    speed, acceleration = profile.travel_speed, profile.travel_acceleration
    long = distances >= speed * speed / acceleration
    seconds = np.where(
        long, distances / speed + speed / acceleration, 2 * np.sqrt(distances / acceleration)
    )
    return float(seconds.sum())


def _blocks(offsets: Integers) -> Iterator[tuple[int, int]]:
    """Yield runs of whole strokes, each of about `VERTICES_AT_ONCE` vertices."""
    first, last = 0, len(offsets) - 1
    while first < last:
        upto = int(np.searchsorted(offsets, offsets[first] + VERTICES_AT_ONCE, side="right")) - 1
        upto = max(upto, first + 1)
        yield first, upto
        first = upto


def _drawing_seconds(
    strokes: Strokes, speeds: Floats, profile: PlotterProfile, first: int, upto: int
) -> float:
    """Return the seconds with the pen down for the strokes from `first` to before `upto`."""
    begin, end = strokes.offsets[first], strokes.offsets[upto]
    steps = strokes.steps[begin:end]
    arrivals = np.flatnonzero(steps > MIN_STEP_MM)
    if not len(arrivals):
        return 0.0
    owners = np.repeat(np.arange(first, upto), np.diff(strokes.offsets[first : upto + 1]))[arrivals]
    places = strokes.coordinates[begin:end]
    lengths, highest = steps[arrivals], speeds[owners] ** 2
    directions = (places[arrivals] - places[arrivals - 1]) / lengths[:, np.newaxis]
    limits = np.zeros(len(lengths) + 1)
    turning = np.minimum(_corner_limits(directions, profile), highest[1:])
    # Between the last segment of a stroke and the first of the next, the pen rests.
    np.copyto(limits[1:-1], turning, where=owners[1:] == owners[:-1])
    squares = _fastest(limits, lengths, profile.drawing_acceleration)
    return float(_segment_seconds(squares, lengths, highest, profile.drawing_acceleration).sum())


def _corner_limits(directions: Floats, profile: PlotterProfile) -> Floats:
    """Return the largest squared speed, in mm²/s², at the corners between unit vectors.

    The corner is thought of as an arc that leaves the vertex by the distance d and is driven at the
    acceleration a sideways. With the angle t between the segments its radius is d sin(t/2) / (1 -
    sin(t/2)), and the square of the speed a times that: see Sungeun K. Jeon, "Improving Grbl's
    cornering algorithm", 2011. A line that goes straight on has no limit, and one that turns back
    stops.
    """
    cosine = np.einsum("ij,ij->i", directions[:-1], directions[1:])
    # The segments' angle is 180 degrees less the turn, so the sine of its half is the cosine of
    # half the turn.
    sine = np.sqrt(np.clip((1 + cosine) / 2, 0.0, 1.0))
    limits = np.full(len(sine), np.inf)
    # Where the sine of half the angle is this near to 1, the line goes straight on and limits nothing.
    np.divide(
        profile.drawing_acceleration * profile.corner * sine,
        1 - sine,
        out=limits,
        where=sine < 1 - 1e-12,
    )
    return limits


def _fastest(limits: Floats, lengths: Floats, acceleration: float) -> Floats:
    """Return the largest squared speeds within the `limits` and the `acceleration`."""
    rise = np.zeros(len(limits))
    np.cumsum(2 * acceleration * lengths, out=rise[1:])
    forwards = np.minimum.accumulate(limits - rise) + rise
    backwards = np.minimum.accumulate((forwards + rise)[::-1])[::-1] - rise
    # Far along a very long drawing the sums lose their last digits; the limits are exact.
    return np.clip(backwards, 0.0, limits)


def _segment_seconds(
    squares: Floats, lengths: Floats, highest: Floats, acceleration: float
) -> Floats:
    """Return the seconds of each segment from the squared speeds at its ends.

    The pen speeds up, keeps the highest speed if there is room to reach it, and brakes. Without
    that limit the square of the peak would be the mean of both squares plus a times the length.
    """
    entry, leave = squares[:-1], squares[1:]
    peak = np.minimum((entry + leave) / 2 + acceleration * lengths, highest)
    peak = np.maximum(peak, np.maximum(entry, leave))
    changing = (2 * np.sqrt(peak) - np.sqrt(entry) - np.sqrt(leave)) / acceleration
    cruising = lengths - (2 * peak - entry - leave) / (2 * acceleration)
    return changing + np.maximum(cruising, 0.0) / np.sqrt(peak)
