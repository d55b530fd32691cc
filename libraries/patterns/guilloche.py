"""Guilloche: rosettes as on banknotes and watches, and roulettes (spirograph curves)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from libraries.declarations import Preset
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

# Combinations of (lobes, rounds), or of (ring, wheel) teeth, that the seed chooses from.
CHOICES = {
    "rosette": ((12, 5), (18, 7), (24, 7), (30, 7), (16, 5), (36, 11), (20, 9), (40, 9)),
    "hypotrochoid": ((105, 45), (96, 36), (144, 52), (105, 63), (96, 56), (105, 80)),
    "epitrochoid": ((96, 64), (105, 75), (96, 60), (144, 54), (105, 56)),
}
# Radius of the open centre, as a share of the outer radius.
OPENING = 0.16
MIN_COPIES, MAX_COPIES = 4, 120
WAVES = (5, 6, 8, 9, 10, 12, 16)

Kind = Literal["rosette", "hypotrochoid", "epitrochoid"]


@pattern
class Guilloche(Params):
    """Woven rosettes as on banknotes, and spirograph curves.

    Each figure is one closed line. A rosette swings between an inner and an outer envelope; a
    hypotrochoid or epitrochoid is drawn by a pen on a toothed wheel that rolls inside a ring or
    around it. A figure closes after as many rounds as the wheel has teeth, divided by the greatest
    common divisor of the teeth of ring and wheel. Copies are shifted by equal parts of a swing, so
    that they weave an even net; with `taper` their swing shrinks, with `twist` they turn.

    The seed chooses the widths of the bands, where they begin, and the teeth if not given.
    """

    kind: Kind = choice(
        "A line that swings between two circles (rosette), or the path of a pen on a wheel that "
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
        "Distance of the pen from the middle of the wheel, as a share of its radius; not for "
        "rosette. If not given, the figure fills its band.",
        0.05,
        3,
        default=None,
    )
    bands: int = whole("Number of concentric figures.", 1, 12, default=4)
    copies: int | None = whole(
        "Evenly shifted copies of each figure. If not given, set by spacing.", 1, 120, default=None
    )
    spacing: float = mm("Average distance between the lines of a band", 0.4, 50, default=0.9)
    taper: float = number(
        "Share by which the swing shrinks from the first copy to the last.", 0, 0.95, default=0.0
    )
    twist: float = angle("Rotation of the last copy against the first", default=0.0)
    waves: int | None = whole(
        "Waves of the envelopes; 0 for circles. Chosen by the seed if not given.",
        0,
        48,
        default=None,
    )
    wave_depth: float = number(
        "Depth of the waves, as a share of the width of a band.", 0, 1, default=0.5
    )
    tolerance: float = tolerance(default=0.02)

    presets = (
        Preset(
            "spirograph",
            "Spirograph",
            {
                "kind": "hypotrochoid",
                "ring": 96,
                "wheel": 35,
                "pen": 0.8,
                "bands": 1,
                "copies": 1,
                "waves": 0,
            },
        ),
        Preset(
            "medallion",
            "Single medallion",
            {"ring": 73, "wheel": 9, "bands": 1, "waves": 12, "copies": 1},
        ),
        Preset(
            "petals",
            "Ring of petals",
            {"kind": "epitrochoid", "ring": 60, "wheel": 19, "bands": 2, "copies": 1, "waves": 0},
        ),
    )

    def check(self, given: frozenset[str]) -> None:
        if self.kind == "hypotrochoid" and self.ring is not None and self.ring == self.wheel:
            text = "Must differ from ring; a wheel as large as its ring cannot roll inside it."
            raise InvalidFields({"wheel": [text]})

    def cost(self, area: Area) -> float:
        """Return a bound of the points, as if all figures were as large as the outermost one."""
        outer = area.shorter_side / 2
        # Maximum width of a band, as a share of the outer radius.
        widest = 1 - OPENING
        radii = np.array([outer, outer * (1 - widest)])
        heights = np.array([1, -1]) * outer * self.wave_depth * widest / 2
        waves = max(WAVES) if self.waves is None else self.waves
        most = 0.0
        teeth_are_given = self.ring is not None and self.wheel is not None
        for teeth in CHOICES[self.kind][: 1 if teeth_are_given else None]:
            figure = self._figure(teeth, radii, heights, waves)
            curve = figure.curve(0, 0, 0)
            points = 1.1 * estimate_points(curve, 2 * math.pi, figure.periods, self.tolerance) + 2
            # Bands share the copies that cover the disc, with a minimum for each.
            by_default = 1.5 * _copies(figure, self.spacing) + MIN_COPIES * self.bands
            copies = self.copies * self.bands if self.copies else by_default
            most = max(most, points * copies)
        return most

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield a closed line for each copy of each band, from the outside inwards.

        The curves, with g = gcd(ring, wheel), n = ring / g lobes, w = wheel / g rounds, and u from
        0 to 2 pi, are exp(i w u) (a + b e(n u)), where e(v) is exp(-i v) for a hypotrochoid, exp(i
        v) for an epitrochoid, and cos v for a rosette; a is the distance between the middles of
        wheel and ring, and b that of the pen from the middle of the wheel.
        """
        outer = area.shorter_side / 2
        # The optical centre is slightly above the middle.
        centre = complex(area.centre[0], area.top + outer + (area.inner_height - 2 * outer) * 0.46)
        order = rng.permutation(len(CHOICES[self.kind]))
        drawn_waves = int(rng.choice(WAVES)) if self.waves is None else self.waves
        radii, heights = _edges(rng, outer, self.bands, drawn_waves, self.wave_depth)
        start = rng.uniform(0, 2 * math.pi)
        for band in range(self.bands):
            teeth, edges = CHOICES[self.kind][order[band % len(order)]], slice(band, band + 2)
            figure = self._figure(teeth, radii[edges], heights[edges], drawn_waves)
            count = self.copies or _copies(figure, self.spacing)
            for copy in range(count):
                part = copy / max(1, count - 1)
                shrunk = figure._replace(swing=figure.swing * (1 - self.taper * part))
                # A shift by 2 pi / rounds would give the same line with another starting point.
                shift = 2 * math.pi * copy / (count * figure.rounds)
                curve = shrunk.curve(shift, math.radians(self.twist) * part, start)
                points = sample_curve(curve, 2 * math.pi, figure.periods, self.tolerance)
                line = polyline(points + centre)
                line[-1] = line[0]
                yield area.clip(line)

    def _figure(
        self, by_default: tuple[int, int], radii: Floats, heights: Floats, waves: int
    ) -> Figure:
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

    `rounds` and `lobes` are coprime. `swing` is the amplitude of the swing as a share of the
    maximum radius. The outer and the inner envelope have `waves` with the signed heights `rise` and
    `dip` in mm.
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
    def periods(self) -> int:
        """Return the number of periods of the fastest component; see `sample_curve`."""
        return self.lobes + self.rounds + self.waves * self.rounds

    def curve(self, shift: float, turn: float, start: float) -> Curve:
        """Return the line with its swing shifted by `shift` and rotated by `turn` radians.

        `start` is the phase of the waves in radians.
        """

        def at(u: Floats) -> Complexes:
            angle = self.lobes * u + shift
            if self.kind == "rosette":
                swing = np.cos(angle) + 0j
            else:
                swing = np.exp((1j if self.kind == "epitrochoid" else -1j) * angle)
            points = np.exp(1j * (self.rounds * u + turn)) * (1 - self.swing + self.swing * swing)
            if not self.waves:
                return np.asarray(points * self.outer)
            return self._between_envelopes(points, start)

        return at

    def _between_envelopes(self, points: Complexes, start: float) -> Complexes:
        radius = np.abs(points)
        wave = np.cos(self.waves * (np.angle(points) - start))
        least = abs(1 - 2 * self.swing)
        part = (radius - least) / (1 - least)
        width = self.outer - self.inner + (self.rise - self.dip) * wave
        return np.asarray(
            points / np.maximum(radius, 1e-12) * (self.inner + self.dip * wave + part * width)
        )


def _edges(
    rng: np.random.Generator, outer: float, bands: int, waves: int, wave_depth: float
) -> tuple[Floats, Floats]:
    """Return the radii of the edges of the bands in mm, and the signed heights of their waves."""
    widths = rng.uniform(0.5, 1.5, bands)
    widths *= outer * (1 - OPENING) / widths.sum()
    radii = outer - np.concatenate(([0.0], np.cumsum(widths)))
    narrower = np.minimum(np.append(widths, widths[-1]), np.append(widths[0], widths))
    heights = narrower * wave_depth / 2
    # Steeper waves would pinch the lines together.
    heights = np.minimum(heights, radii / max(waves, 1)) * (waves > 0)
    radii[0] -= heights[0]
    return radii, heights * (-1) ** np.arange(bands + 1)


def _copies(figure: Figure, spacing: float) -> int:
    """Return how many copies cover the band with lines `spacing` mm apart on average."""
    length = estimate_length(figure.curve(0, 0, 0), 2 * math.pi, figure.periods)
    count = round(math.pi * (figure.outer**2 - figure.inner**2) / (length * spacing))
    return min(MAX_COPIES, max(MIN_COPIES, count))
