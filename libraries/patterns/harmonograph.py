"""Harmonographs: curves of damped pendulums, and Lissajous figures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, angle, choice, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.curves import Complexes, Curve, polyline, sample_curve
from libraries.patterns.catalogue import Polyline, pattern

# Pairs of frequencies that the seed chooses from.
CHOICES = {
    "lateral": ((2, 3), (3, 4), (3, 5), (4, 5), (5, 6), (1, 2)),
    "rotary": ((1, 2), (2, 3), (1, 3), (3, 4), (2, 5), (3, 5)),
    "lissajous": ((2, 3), (3, 4), (3, 5), (1, 2), (4, 5), (1, 3)),
}
# Range of the detuning by the seed; less would draw turns on top of each other.
MIN_DETUNING, MAX_DETUNING = 0.0015, 0.004

Kind = Literal["lateral", "rotary", "lissajous"]


@pattern
class Harmonograph(Params):
    """The curve of two damped pendulums, in one stroke.

    Where the ratio of the frequencies is near one of small whole numbers, the line nearly closes
    and continues a little smaller and rotated, which forms folded bands. The swing never decays to
    zero, so the centre stays open and the paper intact. Lissajous figures have no damping: they are
    a family of closed curves with evenly shifted phases. A line ends where it would repeat itself.

    The seed chooses frequencies and phases that are not given, and the amplitude of each pendulum.
    """

    kind: Kind = choice(
        "One pendulum across and one along the page (lateral), two pendulums that move in circles "
        "(rotary), or undamped swings, repeated with shifted phases (lissajous).",
        Kind,
        default="rotary",
    )
    frequency_x: float | None = number(
        "Relative frequency of the first pendulum; chosen by the seed if not given.",
        0.1,
        12,
        default=None,
    )
    frequency_y: float | None = number(
        "Relative frequency of the second pendulum; chosen by the seed if not given.",
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
        "Relative detuning of the second frequency, which rotates the figure slowly; not for "
        "lissajous. Chosen by the seed if not given.",
        -0.1,
        0.1,
        default=None,
    )
    swings: float = number(
        "Duration, in swings of the slower pendulum; not for lissajous.", 1, 1000, default=64.0
    )
    decay: float = number(
        "Share of the amplitude that is lost by the end, or by the last copy for lissajous.",
        0,
        0.98,
        default=0.72,
    )
    copies: int = whole(
        "Number of curves with evenly shifted phases; only for lissajous.", 1, 120, default=24
    )
    stretch: float = number(
        "Maximum ratio of the longer to the shorter side of the figure.", 1, 4, default=1.3
    )
    tolerance: float = tolerance(default=0.02)

    presets = (
        Preset(
            "ribbons",
            "Folded ribbons",
            {
                "kind": "lateral",
                "frequency_x": 2.0,
                "frequency_y": 3.0,
                "swings": 18.0,
                "decay": 0.85,
            },
        ),
        Preset(
            "lissajous",
            "Lissajous net",
            {
                "kind": "lissajous",
                "frequency_x": 2.0,
                "frequency_y": 3.0,
                "copies": 14,
                "decay": 0.6,
            },
        ),
        Preset(
            "star",
            "Slow star",
            {"frequency_x": 1.0, "frequency_y": 4.0, "detune": 0.012, "swings": 12.0, "decay": 0.6},
        ),
    )

    def cost(self, area: Area) -> float:
        size = float(np.hypot(*_half_sides(area, self.stretch)))
        return max(self._bound(pair, size) for pair in CHOICES[self.kind])

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one line, or one for each curve of lissajous.

        Each coordinate is a sum of a cos(2 pi f t + phase), times exp(-fading t).
        """
        half_sides = _half_sides(area, self.stretch)
        for motion in self._motions(rng):
            curve, frequency = motion.curve(half_sides), float(motion.frequencies.max())
            points = sample_curve(
                curve, motion.duration, frequency * motion.duration, self.tolerance
            )
            line = polyline(points) + area.centre
            if self.kind == "lissajous":
                line[-1] = line[0]
            yield area.clip(line)

    def _bound(self, pair: tuple[int, int], size: float) -> float:
        first, second = self.frequency_x or pair[0], self.frequency_y or pair[1]
        if self.kind == "lissajous":
            fastest = max(_whole(first, second))
            return self.copies * _most_points(size, fastest, 1.0, 0.0, self.tolerance)
        second *= 1 + (MAX_DETUNING if self.detune is None else self.detune)
        duration, fading = _duration(first, second, self.swings, self.decay)
        return _most_points(size, max(first, second), duration, fading, self.tolerance)

    def _motions(self, rng: np.random.Generator) -> list[Motion]:
        pair = CHOICES[self.kind][int(rng.integers(len(CHOICES[self.kind])))]
        off = self.detune
        if off is None:
            off = rng.uniform(MIN_DETUNING, MAX_DETUNING) * rng.choice((-1, 1))
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
            second *= 1 + off
            duration, fading = _duration(first, second, self.swings, self.decay)
            motion = _rotary if self.kind == "rotary" else _lateral
            return [motion(np.array((first, second)), phases, mix, duration, fading)]
        frequencies = _whole(first, second)
        motions = []
        for copy in range(self.copies):
            part = family * ((copy + 0.5) / self.copies - 0.5) + lean
            curve = _lissajous(*frequencies, phases, part)
            shrunk = curve.reach * (1 - self.decay * copy / self.copies)
            motions.append(curve._replace(reach=shrunk))
        return motions


class Motion(NamedTuple):
    """The motion of n pendulums; `reach` and `phases` (in radians) have shape (2, n)."""

    frequencies: Floats
    reach: Floats
    phases: Floats
    duration: float
    fading: float

    def curve(self, half_sides: Floats) -> Curve:
        """Return the curve over time, in mm around (0, 0), within `half_sides`."""

        def at(time: Floats) -> Complexes:
            angle = 2 * math.pi * self.frequencies[:, None] * time
            swing = np.cos(angle + self.phases[..., None])
            x, y = (half_sides[:, None, None] * self.reach[..., None] * swing).sum(axis=1)
            return np.asarray((x + 1j * y) * np.exp(-self.fading * time))

        return at


def _half_sides(area: Area, stretch: float) -> Floats:
    """Return half the width and height in mm of the figure that fills the area."""
    shorter = area.shorter_side
    return np.minimum((area.inner_width, area.inner_height), shorter * stretch) / 2


def _rotary(
    frequencies: Floats, phases: list[float], mix: float, duration: float, fading: float
) -> Motion:
    """Return two pendulums that move in circles in opposite directions."""
    reach = np.array(((mix, 1 - mix), (mix, 1 - mix)))
    quarter = math.pi / 2 * np.array((1, -1))
    return Motion(frequencies, reach, np.array((phases, phases - quarter)), duration, fading)


def _lateral(
    frequencies: Floats, phases: list[float], mix: float, duration: float, fading: float
) -> Motion:
    """Return one pendulum across and one along the page, slightly coupled."""
    strong = (1 + mix) / 2
    reach = np.array(((strong, 1 - strong), (1 - strong, strong)))
    return Motion(frequencies, reach, np.array((phases, phases[::-1])), duration, fading)


def _lissajous(first: int, second: int, phases: list[float], part: float) -> Motion:
    """Return the curve whose phase is off that of the most open one by `part`, from -0.5 to 0.5.

    A curve retraces itself where first * phase_y - second * phase_x is a multiple of pi. All curves
    between two multiples are different, and the middle one is the most open.
    """
    phase = (first * phases[1] + math.pi * (0.5 + part)) / second
    frequencies = np.array((first, second), dtype=float)
    return Motion(frequencies, np.eye(2), np.array(((phase, 0), (0, phases[1]))), 1.0, 0.0)


def _whole(first: float, second: float) -> tuple[int, int]:
    """Return coprime whole frequencies, so that the curve closes after one period."""
    numbers = max(1, round(first)), max(1, round(second))
    shared = math.gcd(*numbers)
    return numbers[0] // shared, numbers[1] // shared


def _duration(first: float, second: float, swings: float, decay: float) -> tuple[float, float]:
    """Return the duration and the damping coefficient; without damping the line ends once closed."""
    duration = swings / min(first, second)
    if decay == 0:
        one, two = (Fraction(each).limit_denominator(10_000) for each in (first, second))
        shared = math.gcd(one.numerator, two.numerator)
        period = Fraction(math.lcm(one.denominator, two.denominator), shared)
        duration = min(duration, float(period))
    return duration, -math.log(1 - decay) / duration


def _most_points(
    size: float, frequency: float, duration: float, fading: float, tolerance: float
) -> float:
    """Return a bound of the points of one curve: the integral of the number of steps."""
    lasts = 2 / fading * -math.expm1(-fading * duration / 2) if fading else duration
    return 3 + 1.05 * 2 * math.pi * frequency * math.sqrt(size / (8 * tolerance)) * lasts
