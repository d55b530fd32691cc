"""Guilloche: the turned rosettes of banknotes and watches, and the curves of wheels that roll on rings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import OneOf, Range

from libraries.fields import WholeNumber, degrees, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import (
    Complexes,
    Curve,
    Floats,
    estimate_length,
    estimate_points,
    polyline,
    sample_curve,
)
from libraries.patterns.catalogue import Polyline, pattern

ROSETTE, HYPO, EPI = "rosette", "hypotrochoid", "epitrochoid"
# Lobes and rounds of bands that look well beside each other: many lobes, few rounds, nothing in common.
CHOICES = {
    ROSETTE: ((12, 5), (18, 7), (24, 7), (30, 7), (16, 5), (36, 11), (20, 9), (40, 9)),
    HYPO: ((105, 45), (96, 36), (144, 52), (105, 63), (96, 56), (105, 80)),
    EPI: ((96, 64), (105, 75), (96, 60), (144, 54), (105, 56)),
}
# The middle of a figure stays open, by this share of its radius.
OPENING = 0.16
# No band is wider than this share of the outer radius.
MOST_SHARE = 1 - OPENING
# A band of fewer copies is no net.
LEAST_COPIES, MOST_COPIES = 4, 120
WAVES = (5, 6, 8, 9, 10, 12, 16)
# The eye takes a place slightly above the middle for the middle.
OPTICAL_CENTRE = 0.46


class GuillocheSchema(Schema):
    """What a guilloche may be told."""

    kind = fields.String(
        load_default=ROSETTE,
        validate=OneOf([ROSETTE, HYPO, EPI]),
        metadata={
            "description": "A line that swings between two circles (rosette), or the way of a pen on a wheel that rolls "
            "inside a ring (hypotrochoid) or around it (epitrochoid)."
        },
    )
    ring = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(3, 480),
        metadata={
            "description": "Teeth of the ring; for a rosette, swings of the line. Chosen by the seed if not given."
        },
    )
    wheel = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(1, 360),
        metadata={
            "description": "Teeth of the wheel; for a rosette, rounds of the line. Chosen by the seed if not given."
        },
    )
    pen = fields.Float(
        load_default=None,
        allow_none=True,
        validate=Range(0.05, 3),
        metadata={
            "description": "Distance of the pen from the middle of the wheel, as a share of the wheel's radius; "
            "if not given, the figure fills its band, as a rosette always does."
        },
    )
    bands = WholeNumber(
        load_default=4,
        validate=Range(1, 12),
        metadata={"description": "How many figures lie inside each other."},
    )
    copies = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(1, 120),
        metadata={
            "description": "How often each figure is drawn, shifted evenly; if not given, as often as spacing asks."
        },
    )
    spacing = millimetres(
        "Width of paper for each line, on average over a band", least=0.4, most=50, load_default=0.9
    )
    taper = fields.Float(
        load_default=0.0,
        validate=Range(0, 0.95),
        metadata={
            "description": "By which share the swing of the last copy is smaller than that of the first."
        },
    )
    twist = degrees("How far the last copy is turned against the first", load_default=0.0)
    waves = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(0, 48),
        metadata={
            "description": "Waves of the envelopes between which the line runs; 0 for circles. Chosen by the seed if not given."
        },
    )
    wave_depth = fields.Float(
        load_default=0.5,
        validate=Range(0, 1),
        metadata={
            "description": "Depth of the waves, as a share of the width of a band; bands swell and narrow against each other."
        },
    )
    tolerance = tolerance_field()

    @validates_schema
    def check_wheel(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a wheel that fills its ring and cannot roll."""
        if data["kind"] == HYPO and data["ring"] is not None and data["ring"] == data["wheel"]:
            raise ValidationError(
                "Must differ from ring; a wheel as large as its ring cannot roll inside it.",
                "wheel",
            )


def _to_and_fro(angle: Floats) -> Complexes:
    return np.cos(angle) + 0j


def _backwards(angle: Floats) -> Complexes:
    return np.asarray(np.exp(-1j * angle))


def _forwards(angle: Floats) -> Complexes:
    return np.asarray(np.exp(1j * angle))


SWINGS: dict[str, Curve] = {ROSETTE: _to_and_fro, HYPO: _backwards, EPI: _forwards}


class Figure(NamedTuple):
    """One closed line around (0, 0), between the radii `outer` and `inner` in mm.

    `rounds` and `lobes` have no common divisor. `swing` is the share of the line's own swing in its reach. The outer and the
    inner envelope have `waves` of the heights `rise` and `dip` in mm, which may be negative.
    """

    kind: str
    lobes: int
    rounds: int
    swing: float
    outer: float
    inner: float
    waves: int
    rise: float
    dip: float

    def curve(self, shift: float, turn: float, start: float) -> Curve:
        """Return the line, with its swing shifted and itself turned; `start` is where the waves begin. All in radians."""

        def at(u: Floats) -> Complexes:
            swing = SWINGS[self.kind](self.lobes * u + shift)
            points = np.exp(1j * (self.rounds * u + turn)) * (1 - self.swing + self.swing * swing)
            if not self.waves:
                return np.asarray(points * self.outer)
            return self._between_envelopes(points, start)

        return at

    def _between_envelopes(self, points: Complexes, start: float) -> Complexes:
        """Return `points`, whose reach is 1, moved outwards or inwards as the envelopes swell and narrow."""
        radius = np.abs(points)
        wave = np.cos(self.waves * (np.angle(points) - start))
        least = abs(1 - 2 * self.swing)
        part = (radius - least) / (1 - least)
        moved = (
            self.inner
            + self.dip * wave
            + part * (self.outer - self.inner + (self.rise - self.dip) * wave)
        )
        return np.asarray(points / np.maximum(radius, 1e-12) * moved)


def cost(
    area: Area,
    *,
    kind: str,
    ring: int | None,
    wheel: int | None,
    pen: float | None,
    bands: int,
    copies: int | None,
    spacing: float,
    waves: int | None,
    wave_depth: float,
    tolerance: float,
    **_: object,
) -> float:
    """Return the points of the figures as if all were as large as the outermost one, with the teeth that cost most."""
    outer = _outer(area)
    radii, heights = (
        np.array([outer, outer * (1 - MOST_SHARE)]),
        np.array([1, -1]) * outer * wave_depth * MOST_SHARE / 2,
    )
    most = 0.0
    for teeth in CHOICES[kind] if ring is None or wheel is None else CHOICES[kind][:1]:
        chosen = ring or teeth[0], wheel or teeth[1]
        figure = _figure(
            kind,
            chosen,
            pen,
            radii=radii,
            heights=heights,
            waves=max(WAVES) if waves is None else waves,
        )
        points = (
            1.1 * estimate_points(figure.curve(0, 0, 0), 2 * math.pi, _swings(figure), tolerance)
            + 2
        )
        # Bands divide the paper, so they share the copies that the spacing asks for; each has a few at least.
        most = max(
            most,
            points
            * (copies * bands if copies else 1.5 * _copies(figure, spacing) + LEAST_COPIES * bands),
        )
    return most


@pattern(GuillocheSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    kind: str,
    ring: int | None,
    wheel: int | None,
    pen: float | None,
    bands: int,
    copies: int | None,
    spacing: float,
    taper: float,
    twist: float,
    waves: int | None,
    wave_depth: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """Woven rosettes as on banknotes, and spirograph curves.

    Each figure is one closed line. A rosette swings between an inner and an outer envelope; a hypotrochoid or epitrochoid is
    what a pen draws that sits on a toothed wheel, rolling inside a ring or around it. Copies are shifted against each other by
    equal parts of a swing, so that they weave an even net; with `taper` their swing shrinks, with `twist` they turn. The teeth
    say when a figure closes: after as many rounds as the wheel has teeth, divided by what ring and wheel have in common.

    The seed chooses how the bands divide the radius, where they begin, and their teeth where none are given.

    Yields:
        Arrays of shape (n, 2), in mm: a closed line for each copy of each band, from the outside inwards.

    The curves, with g = gcd(ring, wheel), n = ring / g lobes, w = wheel / g rounds, and u from 0 to 2 pi, are
    exp(i w u) (a + b e(n u)), where e(v) is exp(-i v) for a hypotrochoid, exp(i v) for an epitrochoid, and cos v, the mean of
    the two, for a rosette. For the wheel, a is the distance of its middle from that of the ring, and b that of the pen from it.
    """
    outer = _outer(area)
    centre = complex(
        area.centre[0], area.top + outer + (area.inner_height - 2 * outer) * OPTICAL_CENTRE
    )
    order = rng.permutation(len(CHOICES[kind]))
    drawn_waves = int(rng.choice(WAVES)) if waves is None else waves
    radii, heights = _edges(rng, outer, bands, drawn_waves, wave_depth)
    start = rng.uniform(0, 2 * math.pi)
    for band in range(bands):
        teeth = CHOICES[kind][order[band % len(order)]]
        figure = _figure(
            kind,
            (ring or teeth[0], wheel or teeth[1]),
            pen,
            radii=radii[band : band + 2],
            heights=heights[band : band + 2],
            waves=drawn_waves,
        )
        count = copies or _copies(figure, spacing)
        for copy in range(count):
            part = copy / max(1, count - 1)
            shrunk = figure._replace(swing=figure.swing * (1 - taper * part))
            # A shift by a whole part of `rounds` gives the same line again, begun elsewhere.
            shift = 2 * math.pi * copy / (count * figure.rounds)
            curve = shrunk.curve(shift, math.radians(twist) * part, start)
            line = polyline(sample_curve(curve, 2 * math.pi, _swings(figure), tolerance) + centre)
            line[-1] = line[0]
            # The sums are exact to the last digits only, and the edge of the room is a promise.
            yield np.clip(line, (area.left, area.top), (area.right, area.bottom))


def _outer(area: Area) -> float:
    return min(area.inner_width, area.inner_height) / 2


def _edges(
    rng: np.random.Generator, outer: float, bands: int, waves: int, wave_depth: float
) -> tuple[Floats, Floats]:
    """Return the radii of the edges of `bands` bands in mm, and the heights of the waves on them; these change sign by turns."""
    widths = rng.uniform(0.5, 1.5, bands)
    widths *= outer * (1 - OPENING) / widths.sum()
    radii = outer - np.concatenate(([0.0], np.cumsum(widths)))
    heights = (
        np.minimum(np.append(widths, widths[-1]), np.append(widths[0], widths)) * wave_depth / 2
    )
    # Steeper waves would pinch the lines together.
    heights = np.minimum(heights, radii / max(waves, 1)) * (waves > 0)
    radii[0] -= heights[0]
    return radii, heights * (-1) ** np.arange(bands + 1)


def _figure(
    kind: str,
    teeth: tuple[int, int],
    pen: float | None,
    *,
    radii: Floats,
    heights: Floats,
    waves: int,
) -> Figure:
    """Return the figure between the two `radii`, or with the swing that `pen` asks."""
    ring, wheel = teeth
    shared = math.gcd(ring, wheel)
    swing = (radii[0] - radii[1]) / (2 * radii[0])
    if pen is not None and kind != ROSETTE:
        arm = ring + wheel if kind == EPI else abs(ring - wheel)
        swing = pen * wheel / (arm + pen * wheel)
    (outer, inner), (rise, dip) = radii.tolist(), heights.tolist()
    return Figure(
        kind, ring // shared, wheel // shared, float(swing), outer, inner, waves, rise, dip
    )


def _copies(figure: Figure, spacing: float) -> int:
    """Return how many copies cover the band with a line for every `spacing` mm of width, crossings counted."""
    length = estimate_length(figure.curve(0, 0, 0), 2 * math.pi, _swings(figure))
    return min(
        MOST_COPIES,
        max(
            LEAST_COPIES, round(math.pi * (figure.outer**2 - figure.inner**2) / (length * spacing))
        ),
    )


def _swings(figure: Figure) -> int:
    """Return how often the fastest part of `figure` swings: its own motion, and the waves that it runs through."""
    return figure.lobes + figure.rounds + figure.waves * figure.rounds
