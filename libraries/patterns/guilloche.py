"""Guilloche: the rosettes of banknotes and watches, and the curves of rolling wheels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from libraries.fields import InvalidFields, Params, angle, choice, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.curves import (
    Complexes,
    Curve,
    estimate_length,
    estimate_points,
    polyline,
    sample_curve,
)
from libraries.patterns.catalogue import Polyline, pattern

# Lobes and rounds of bands that look well together: many lobes, few rounds, nothing in
# common.
CHOICES = {
    "rosette": ((12, 5), (18, 7), (24, 7), (30, 7), (16, 5), (36, 11), (20, 9), (40, 9)),
    "hypotrochoid": ((105, 45), (96, 36), (144, 52), (105, 63), (96, 56), (105, 80)),
    "epitrochoid": ((96, 64), (105, 75), (96, 60), (144, 54), (105, 56)),
}
# The middle of a figure stays open, by this share of its radius.
OPENING = 0.16
# A band of fewer copies is no net.
MIN_COPIES, MAX_COPIES = 4, 120
WAVES = (5, 6, 8, 9, 10, 12, 16)

Kind = Literal["rosette", "hypotrochoid", "epitrochoid"]


@pattern
class Guilloche(Params):
    """Woven rosettes as on banknotes, and spirograph curves.

    Each figure is one closed line. A rosette swings between an inner and an outer envelope; a
    hypotrochoid or epitrochoid is what a pen draws that sits on a toothed wheel, rolling inside a
    ring or around it. Copies are shifted against each other by equal parts of a swing, so that they
    weave an even net; with `taper` their swing shrinks, with `twist` they turn. The teeth say when
    a figure closes: after as many rounds as the wheel has teeth, divided by what ring and wheel
    have in common.

    The seed chooses how the bands divide the radius, where they begin, and their teeth where none
    are given.
    """

    kind: Kind = choice(
        "A line that swings between two circles (rosette), or the way of a pen on a wheel that "
        "rolls inside a ring (hypotrochoid) or around it (epitrochoid).",
        Kind,
        default="rosette",
    )
    ring: int | None = whole(
        "Teeth of the ring; for a rosette, swings of the line. Chosen by the seed if not given.",
        3,
        480,
        default=None,
    )
    wheel: int | None = whole(
        "Teeth of the wheel; for a rosette, rounds of the line. Chosen by the seed if not given.",
        1,
        360,
        default=None,
    )
    pen: float | None = number(
        "Distance of the pen from the middle of the wheel, as a share of the wheel's radius; if "
        "not given, the figure fills its band, as a rosette always does.",
        0.05,
        3,
        default=None,
    )
    bands: int = whole("How many figures lie inside each other.", 1, 12, default=4)
    copies: int | None = whole(
        "How often each figure is drawn, shifted evenly; if not given, as often as spacing asks.",
        1,
        120,
        default=None,
    )
    spacing: float = mm(
        "Width of paper for each line, on average over a band", 0.4, 50, default=0.9
    )
    taper: float = number(
        "By which share the swing of the last copy is smaller than that of the first.",
        0,
        0.95,
        default=0.0,
    )
    twist: float = angle("How far the last copy is turned against the first", default=0.0)
    waves: int | None = whole(
        "Waves of the envelopes between which the line runs; 0 for circles. Chosen by the seed if "
        "not given.",
        0,
        48,
        default=None,
    )
    wave_depth: float = number(
        "Depth of the waves, as a share of the width of a band; bands swell and narrow against "
        "each other.",
        0,
        1,
        default=0.5,
    )
    tolerance: float = tolerance(default=0.02)

    def check(self, given: frozenset[str]) -> None:
        """Refuse a wheel that fills its ring and cannot roll."""
        if self.kind == "hypotrochoid" and self.ring is not None and self.ring == self.wheel:
            raise InvalidFields(
                {
                    "wheel": [
                        "Must differ from ring; a wheel as large as its ring cannot roll inside it."
                    ]
                }
            )

    def cost(self, area: Area) -> float:
        """Return a bound of the points, for the teeth that cost most.

        All figures count as if they were as large as the outermost one.
        """
        outer = _outer(area)
        # No band is wider than this share of the outer radius.
        widest = 1 - OPENING
        radii = np.array([outer, outer * (1 - widest)])
        heights = np.array([1, -1]) * outer * self.wave_depth * widest / 2
        waves = max(WAVES) if self.waves is None else self.waves
        most = 0.0
        teeth_are_given = self.ring is not None and self.wheel is not None
        for teeth in CHOICES[self.kind][: 1 if teeth_are_given else None]:
            figure = self._figure(teeth, radii, heights, waves)
            curve = figure.curve(0, 0, 0)
            points = 1.1 * estimate_points(curve, 2 * math.pi, figure.swings, self.tolerance) + 2
            # Bands divide the paper, so they share the copies; each has a
            # few at least.
            copies = (
                self.copies * self.bands
                if self.copies
                else 1.5 * _copies(figure, self.spacing) + MIN_COPIES * self.bands
            )
            most = max(most, points * copies)
        return most

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield a closed line for each copy of each band, from the outside inwards.

        The curves, with g = gcd(ring, wheel), n = ring / g lobes, w = wheel / g rounds, and u from
        0 to 2 pi, are exp(i w u) (a + b e(n u)), where e(v) is exp(-i v) for a hypotrochoid, exp(i
        v) for an epitrochoid, and cos v, the mean of the two, for a rosette. For the wheel, a is
        the distance of its middle from that of the ring, and b that of the pen from it.
        """
        outer = _outer(area)
        # The eye takes a place slightly above the middle for the middle.
        centre = complex(area.centre[0], area.top + outer + (area.inner_height - 2 * outer) * 0.46)
        order = rng.permutation(len(CHOICES[self.kind]))
        drawn_waves = int(rng.choice(WAVES)) if self.waves is None else self.waves
        radii, heights = _edges(rng, outer, self.bands, drawn_waves, self.wave_depth)
        start = rng.uniform(0, 2 * math.pi)
        for band in range(self.bands):
            teeth = CHOICES[self.kind][order[band % len(order)]]
            figure = self._figure(
                teeth, radii[band : band + 2], heights[band : band + 2], drawn_waves
            )
            count = self.copies or _copies(figure, self.spacing)
            for copy in range(count):
                part = copy / max(1, count - 1)
                shrunk = figure._replace(swing=figure.swing * (1 - self.taper * part))
                # A shift by a whole part of `rounds` gives the same line again, begun elsewhere.
                shift = 2 * math.pi * copy / (count * figure.rounds)
                curve = shrunk.curve(shift, math.radians(self.twist) * part, start)
                line = polyline(
                    sample_curve(curve, 2 * math.pi, figure.swings, self.tolerance) + centre
                )
                line[-1] = line[0]
                # The sums are exact to the last digits only, and nothing may leave the area.
                yield area.clip(line)

    def _figure(
        self, by_default: tuple[int, int], radii: Floats, heights: Floats, waves: int
    ) -> Figure:
        """Return the figure between two `radii`, or with the swing that `pen` asks.

        `by_default` has the teeth of ring and wheel where they are not given.
        """
        ring, wheel = self.ring or by_default[0], self.wheel or by_default[1]
        shared = math.gcd(ring, wheel)
        swing = (radii[0] - radii[1]) / (2 * radii[0])
        if self.pen is not None and self.kind != "rosette":
            arm = ring + wheel if self.kind == "epitrochoid" else abs(ring - wheel)
            swing = self.pen * wheel / (arm + self.pen * wheel)
        (outer, inner), (rise, dip) = radii.tolist(), heights.tolist()
        return Figure(
            self.kind, ring // shared, wheel // shared, float(swing), outer, inner, waves, rise, dip
        )


class Figure(NamedTuple):
    """One closed line around (0, 0), between the radii `outer` and `inner` in mm.

    `rounds` and `lobes` have no common divisor. `swing` is the share of the line's own swing in its
    reach. The outer and the inner envelope have `waves` of the heights `rise` and `dip` in mm,
    which may be negative.
    """

    kind: Kind
    lobes: int
    rounds: int
    swing: float
    outer: float
    inner: float
    waves: int
    rise: float
    dip: float

    @property
    def swings(self) -> int:
        """Return how often its fastest part swings: its own motion, and the waves."""
        return self.lobes + self.rounds + self.waves * self.rounds

    def curve(self, shift: float, turn: float, start: float) -> Curve:
        """Return the line, with its swing shifted by `shift` and itself turned by `turn` radians.

        `start` is where the waves begin.
        """

        def at(u: Floats) -> Complexes:
            angle = self.lobes * u + shift
            match self.kind:
                case "rosette":
                    swing = np.cos(angle) + 0j
                case "hypotrochoid":
                    swing = np.exp(-1j * angle)
                case "epitrochoid":
                    swing = np.exp(1j * angle)
            points = np.exp(1j * (self.rounds * u + turn)) * (1 - self.swing + self.swing * swing)
            if not self.waves:
                return np.asarray(points * self.outer)
            return self._between_envelopes(points, start)

        return at

    def _between_envelopes(self, points: Complexes, start: float) -> Complexes:
        """Return `points`, whose reach is 1, moved as the envelopes swell and narrow."""
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


def _outer(area: Area) -> float:
    return area.shorter_side / 2


def _edges(
    rng: np.random.Generator, outer: float, bands: int, waves: int, wave_depth: float
) -> tuple[Floats, Floats]:
    """Return the radii of the edges of the bands in mm, and the heights of the waves on them.

    The heights change their sign from edge to edge.
    """
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


def _copies(figure: Figure, spacing: float) -> int:
    """Return how many copies cover the band with a line for every `spacing` mm of its width."""
    length = estimate_length(figure.curve(0, 0, 0), 2 * math.pi, figure.swings)
    return min(
        MAX_COPIES,
        max(MIN_COPIES, round(math.pi * (figure.outer**2 - figure.inner**2) / (length * spacing))),
    )
