"""Harmonographs: what pendulums draw while they come to rest, and the curves of Lissajous."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np

from libraries.fields import Params, angle, choice, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.curves import Complexes, Curve, polyline, sample_curve
from libraries.patterns.catalogue import Polyline, pattern

# Pairs of frequencies that a seed chooses from: small whole numbers are consonances for the eye, as
# for the ear.
CHOICES = {
    "lateral": ((2, 3), (3, 4), (3, 5), (4, 5), (5, 6), (1, 2)),
    "rotary": ((1, 2), (2, 3), (1, 3), (3, 4), (2, 5), (3, 5)),
    "lissajous": ((2, 3), (3, 4), (3, 5), (1, 2), (4, 5), (1, 3)),
}
# How far a seed detunes a frequency: enough that no turn lies on the one before.
MIN_DETUNING, MAX_DETUNING = 0.0015, 0.004

Kind = Literal["lateral", "rotary", "lissajous"]


@pattern
class Harmonograph(Params):
    """What two pendulums draw while they come to rest, in one stroke.

    Where the frequencies are near small whole numbers, the line nearly closes and then moves on, a
    little smaller and a little turned: bands that fold into each other. The swing never fades to
    nothing, so the centre stays open and the paper whole. Lissajous figures are the same without
    fading: closed curves, a family of them with phases evenly shifted. A line that would run over
    itself is ended where it closes.

    The seed chooses frequencies, phases and the strength of each pendulum, where they are not
    given.
    """

    kind: Kind = choice(
        "One pendulum across and one along the page (lateral), two pendulums that go round "
        "(rotary), or even swings that never fade, repeated with shifted phases (lissajous).",
        Kind,
        default="rotary",
    )
    frequency_x: float | None = number(
        "Frequency of the first pendulum, relative to the other one. Chosen by the seed if not "
        "given.",
        0.1,
        12,
        default=None,
    )
    frequency_y: float | None = number(
        "Frequency of the second pendulum, relative to the other one. Chosen by the seed if not "
        "given.",
        0.1,
        12,
        default=None,
    )
    phase_x: float | None = angle(
        "Phase of the first pendulum; chosen by the seed if not given", default=None
    )
    phase_y: float | None = angle(
        "Phase of the second pendulum; chosen by the seed if not given", default=None
    )
    detune: float | None = number(
        "Share by which the second frequency is off, so that the figure turns slowly. Chosen by "
        "the seed if not given; not for lissajous.",
        -0.1,
        0.1,
        default=None,
    )
    swings: float = number(
        "Duration, in swings of the slower pendulum; not for lissajous, which ends where it "
        "closes.",
        1,
        1000,
        default=64.0,
    )
    decay: float = number(
        "Share of the swing that is lost by the end; less than all, so that the centre stays "
        "open. For lissajous, by the last copy.",
        0,
        0.98,
        default=0.72,
    )
    copies: int = whole(
        "How many curves of lissajous are drawn, their phases shifted evenly.", 1, 120, default=24
    )
    stretch: float = number(
        "How much longer than wide the figure may be, to fill the page; 1 keeps it as wide as it "
        "is high.",
        1,
        4,
        default=1.3,
    )
    tolerance: float = tolerance(default=0.02)

    def cost(self, area: Area) -> float:
        """Return a bound of the points, for the frequencies that cost most: see `_most_points`."""
        size = float(np.hypot(*_half_sides(area, self.stretch)))
        return max(self._bound(pair, size) for pair in CHOICES[self.kind])

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one line, or one for each curve of lissajous.

        Each axis is a sum of a cos(2 pi f t + phase), times exp(-fading t).
        """
        moving = self._moving(rng)
        half_sides = _half_sides(area, self.stretch)
        for each in moving:
            fastest = float(each.frequencies.max()) * each.duration
            line = (
                polyline(
                    sample_curve(each.curve(half_sides), each.duration, fastest, self.tolerance)
                )
                + area.centre
            )
            if self.kind == "lissajous":
                line[-1] = line[0]
            yield area.clip(line)

    def _bound(self, pair: tuple[int, int], size: float) -> float:
        """Return a bound of the points if the seed chooses a `pair` of frequencies."""
        first, second = self.frequency_x or pair[0], self.frequency_y or pair[1]
        if self.kind == "lissajous":
            fastest = max(_whole(first, second))
            return self.copies * _most_points(size, fastest, 1.0, 0.0, self.tolerance)
        second *= 1 + (MAX_DETUNING if self.detune is None else self.detune)
        duration, fading = _duration(first, second, self.swings, self.decay)
        return _most_points(size, max(first, second), duration, fading, self.tolerance)

    def _moving(self, rng: np.random.Generator) -> list[Swinging]:
        """Return the motion of each line."""
        pair = CHOICES[self.kind][int(rng.integers(len(CHOICES[self.kind])))]
        off = (
            rng.uniform(MIN_DETUNING, MAX_DETUNING) * rng.choice((-1, 1))
            if self.detune is None
            else self.detune
        )
        drawn = rng.uniform(0, 2 * math.pi, 2)
        phases = [
            chance if given is None else math.radians(given)
            for given, chance in zip((self.phase_x, self.phase_y), drawn, strict=True)
        ]
        first, second = self.frequency_x or pair[0], self.frequency_y or pair[1]
        mix = float(rng.uniform(0.58, 0.75))
        # The family spans half of all different phases.
        family, lean = 0.5 * float(rng.choice((-1, 1))), float(rng.uniform(-0.2, 0.2))
        if self.kind != "lissajous":
            duration, fading = _duration(first, second * (1 + off), self.swings, self.decay)
            swinging = _rotary if self.kind == "rotary" else _lateral
            frequencies = np.array((first, second * (1 + off)))
            return [swinging(frequencies, phases, mix, duration, fading)]
        curves = [
            _lissajous(
                *_whole(first, second), phases, family * ((copy + 0.5) / self.copies - 0.5) + lean
            )
            for copy in range(self.copies)
        ]
        return [
            curve._replace(reach=curve.reach * (1 - self.decay * copy / self.copies))
            for copy, curve in enumerate(curves)
        ]


class Swinging(NamedTuple):
    """The motion of the pen.

    `reach` and `phases` (in radians) have for each pendulum, in an array of shape (2, n), the parts
    along x and along y.
    """

    frequencies: Floats
    reach: Floats
    phases: Floats
    duration: float
    fading: float

    def curve(self, half_sides: Floats) -> Curve:
        """Return the curve over time, in mm around (0, 0), within `half_sides`."""

        def at(time: Floats) -> Complexes:
            angle = 2 * math.pi * self.frequencies[:, None] * time
            x, y = (
                half_sides[:, None, None]
                * self.reach[..., None]
                * np.cos(angle + self.phases[..., None])
            ).sum(axis=1)
            return np.asarray((x + 1j * y) * np.exp(-self.fading * time))

        return at


def _half_sides(area: Area, stretch: float) -> Floats:
    """Return half the width and height in mm of the figure that fills the area."""
    shorter = area.shorter_side
    return np.minimum((area.inner_width, area.inner_height), shorter * stretch) / 2


def _rotary(
    frequencies: Floats, phases: list[float], mix: float, duration: float, fading: float
) -> Swinging:
    """Return two pendulums that go round against each other."""
    reach = np.array((mix, 1 - mix))
    quarter = math.pi / 2 * np.array((1, -1))
    return Swinging(
        frequencies,
        np.array((reach, reach)),
        np.array((phases, phases - quarter)),
        duration,
        fading,
    )


def _lateral(
    frequencies: Floats, phases: list[float], mix: float, duration: float, fading: float
) -> Swinging:
    """Return a pendulum across and one along the page, each of which stirs the other a little."""
    strong = (1 + mix) / 2
    reach = np.array(((strong, 1 - strong), (1 - strong, strong)))
    return Swinging(frequencies, reach, np.array((phases, phases[::-1])), duration, fading)


def _lissajous(first: int, second: int, phases: list[float], part: float) -> Swinging:
    """Return the curve that is off the most open one by `part` of all that differ.

    `part` is between -0.5 and 0.5.

    A curve runs back on itself where first * phase_y - second * phase_x is a multiple of pi.
    Between two of these all curves differ, and the one in the middle is the most open.
    """
    phase = (first * phases[1] + math.pi * (0.5 + part)) / second
    return Swinging(
        np.array((first, second), dtype=float),
        np.eye(2),
        np.array(((phase, 0), (0, phases[1]))),
        1.0,
        0.0,
    )


def _whole(first: float, second: float) -> tuple[int, int]:
    """Return two whole frequencies without a common divisor: the curve closes after one round."""
    numbers = max(1, round(first)), max(1, round(second))
    shared = math.gcd(*numbers)
    return numbers[0] // shared, numbers[1] // shared


def _duration(first: float, second: float, swings: float, decay: float) -> tuple[float, float]:
    """Return how long the pendulums swing and how fast they fade.

    Without fading they end where the line closes.
    """
    duration = swings / min(first, second)
    if decay == 0:
        one, two = (Fraction(each).limit_denominator(10_000) for each in (first, second))
        closes = Fraction(
            math.lcm(one.denominator, two.denominator), math.gcd(one.numerator, two.numerator)
        )
        duration = min(duration, float(closes))
    return duration, -math.log(1 - decay) / duration


def _most_points(
    size: float, frequency: float, duration: float, fading: float, tolerance: float
) -> float:
    """Return a bound of the points of one curve that reaches `size` mm.

    This is the integral of its steps, which fade with its swing.
    """
    lasts = 2 / fading * -math.expm1(-fading * duration / 2) if fading else duration
    return 3 + 1.05 * 2 * math.pi * frequency * math.sqrt(size / (8 * tolerance)) * lasts
