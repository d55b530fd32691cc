"""Harmonographs: what pendulums draw while they come to rest, and the curves of Lissajous."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range

from libraries.fields import WholeNumber, degrees, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import Complexes, Curve, Floats, polyline, sample_curve
from libraries.patterns.catalogue import Polyline, pattern

LATERAL, ROTARY, LISSAJOUS = "lateral", "rotary", "lissajous"
# Pairs of frequencies that a seed chooses from: small whole numbers are consonances for the eye, as for the ear.
CHOICES = {
    LATERAL: ((2, 3), (3, 4), (3, 5), (4, 5), (5, 6), (1, 2)),
    ROTARY: ((1, 2), (2, 3), (1, 3), (3, 4), (2, 5), (3, 5)),
    LISSAJOUS: ((2, 3), (3, 4), (3, 5), (1, 2), (4, 5), (1, 3)),
}
# How far a seed detunes a frequency, least and most: enough that no turn lies on the one before.
LEAST_DETUNING, MOST_DETUNING = 0.0015, 0.004
# The share of all different phases that a family of lissajous curves spans.
FAMILY = 0.5
# Frequencies are told apart by this part of one, when it is asked whether a line closes.
FINEST = 10_000


def _frequency(axis: str) -> fields.Float:
    return fields.Float(
        load_default=None,
        allow_none=True,
        validate=Range(0.1, 12),
        metadata={
            "description": f"Frequency of the {axis}, relative to the other one. Chosen by the seed if not given."
        },
    )


def _phase(axis: str) -> fields.Float:
    return degrees(
        f"Phase of the {axis}; chosen by the seed if not given", load_default=None, allow_none=True
    )


class HarmonographSchema(Schema):
    """What a harmonograph may be told."""

    kind = fields.String(
        load_default=ROTARY,
        validate=OneOf([LATERAL, ROTARY, LISSAJOUS]),
        metadata={
            "description": "One pendulum across and one along the page (lateral), two pendulums that go round (rotary), or even "
            "swings that never fade, repeated with shifted phases (lissajous)."
        },
    )
    frequency_x = _frequency("first pendulum")
    frequency_y = _frequency("second pendulum")
    phase_x = _phase("first pendulum")
    phase_y = _phase("second pendulum")
    detune = fields.Float(
        load_default=None,
        allow_none=True,
        validate=Range(-0.1, 0.1),
        metadata={
            "description": "Share by which the second frequency is off, so that the figure turns slowly. Chosen by the seed if "
            "not given; not for lissajous."
        },
    )
    swings = fields.Float(
        load_default=64.0,
        validate=Range(1, 1000),
        metadata={
            "description": "Duration, in swings of the slower pendulum; not for lissajous, which ends where it closes."
        },
    )
    decay = fields.Float(
        load_default=0.72,
        validate=Range(0, 0.98),
        metadata={
            "description": "Share of the swing that is lost by the end; less than all, so that the centre stays open. "
            "For lissajous, by the last copy."
        },
    )
    copies = WholeNumber(
        load_default=24,
        validate=Range(1, 120),
        metadata={
            "description": "How many curves of lissajous are drawn, their phases shifted evenly."
        },
    )
    stretch = fields.Float(
        load_default=1.3,
        validate=Range(1, 4),
        metadata={
            "description": "How much longer than wide the figure may be, to fill the page; 1 keeps it as wide as it is high."
        },
    )
    tolerance = tolerance_field()


class Swinging(NamedTuple):
    """What the pen does: for each pendulum, in an array of shape (2, n), its reach, phase (radians) along x and along y."""

    frequencies: Floats
    reach: Floats
    phases: Floats
    duration: float
    fading: float

    def curve(self, half_sides: Floats) -> Curve:
        """Return the curve over time, in mm around (0, 0), as wide and high as `half_sides` at most."""

        def at(time: Floats) -> Complexes:
            angle = 2 * math.pi * self.frequencies[:, None] * time
            x, y = (
                half_sides[:, None, None]
                * self.reach[..., None]
                * np.cos(angle + self.phases[..., None])
            ).sum(axis=1)
            return np.asarray((x + 1j * y) * np.exp(-self.fading * time))

        return at


def cost(
    area: Area,
    *,
    kind: str,
    frequency_x: float | None,
    frequency_y: float | None,
    detune: float | None,
    swings: float,
    decay: float,
    copies: int,
    stretch: float,
    tolerance: float,
    **_: object,
) -> float:
    """Return a bound of the points, for the frequencies that cost most: see `_most_points`."""
    size = float(np.hypot(*_half_sides(area, stretch)))
    most = 0.0
    for pair in CHOICES[kind]:
        first, second = frequency_x or pair[0], frequency_y or pair[1]
        if kind == LISSAJOUS:
            first, second = _whole(first, second)
            most = max(most, copies * _most_points(size, max(first, second), 1.0, 0.0, tolerance))
            continue
        second *= 1 + (MOST_DETUNING if detune is None else detune)
        duration, fading = _duration(first, second, swings, decay)
        most = max(most, _most_points(size, max(first, second), duration, fading, tolerance))
    return most


@pattern(HarmonographSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    kind: str,
    frequency_x: float | None,
    frequency_y: float | None,
    phase_x: float | None,
    phase_y: float | None,
    detune: float | None,
    swings: float,
    decay: float,
    copies: int,
    stretch: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """What two pendulums draw while they come to rest, in one stroke.

    Where the frequencies are near small whole numbers, the line nearly closes and then moves on, a little smaller and a little
    turned: bands that fold into each other. The swing never fades to nothing, so the centre stays open and the paper whole.
    Lissajous figures are the same without fading: closed curves, a family of them with phases evenly shifted. A line that
    would run over itself is ended where it closes.

    The seed chooses frequencies, phases and the strength of each pendulum, where they are not given.

    Yields:
        Arrays of shape (n, 2), in mm: one, or one for each curve of lissajous.

    Each axis is a sum of a cos(2 pi f t + phase), times exp(-fading t).
    """
    pair = CHOICES[kind][int(rng.integers(len(CHOICES[kind])))]
    off = (
        rng.uniform(LEAST_DETUNING, MOST_DETUNING) * rng.choice((-1, 1))
        if detune is None
        else detune
    )
    drawn = rng.uniform(0, 2 * math.pi, 2)
    phases = [
        chance if given is None else math.radians(given)
        for given, chance in zip((phase_x, phase_y), drawn, strict=True)
    ]
    first, second = frequency_x or pair[0], frequency_y or pair[1]
    mix = float(rng.uniform(0.58, 0.75))
    family, lean = FAMILY * float(rng.choice((-1, 1))), float(rng.uniform(-0.2, 0.2))
    if kind == LISSAJOUS:
        moving = [
            _lissajous(
                *_whole(first, second), phases, family * ((copy + 0.5) / copies - 0.5) + lean
            )
            for copy in range(copies)
        ]
        moving = [
            each._replace(reach=each.reach * (1 - decay * copy / copies))
            for copy, each in enumerate(moving)
        ]
    else:
        duration, fading = _duration(first, second * (1 + off), swings, decay)
        swinging = _rotary if kind == ROTARY else _lateral
        moving = [swinging(np.array((first, second * (1 + off))), phases, mix, duration, fading)]
    half_sides = _half_sides(area, stretch)
    for each in moving:
        fastest = float(each.frequencies.max()) * each.duration
        line = (
            polyline(sample_curve(each.curve(half_sides), each.duration, fastest, tolerance))
            + area.centre
        )
        if kind == LISSAJOUS:
            line[-1] = line[0]
        yield np.clip(line, (area.left, area.top), (area.right, area.bottom))


def _half_sides(area: Area, stretch: float) -> Floats:
    """Return half the width and height in mm of the figure that fills the room without being stretched too far."""
    shorter = min(area.inner_width, area.inner_height)
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
    """Return the curve that lies off the most open one by `part`, between -0.5 and 0.5, of all that differ.

    A curve runs back on itself where first * phase_y - second * phase_x is a multiple of pi. Between two of these all curves
    differ, and the one in the middle is the most open.
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
    """Return two whole frequencies without a common divisor: the curve closes after one round of both."""
    numbers = max(1, round(first)), max(1, round(second))
    shared = math.gcd(*numbers)
    return numbers[0] // shared, numbers[1] // shared


def _duration(first: float, second: float, swings: float, decay: float) -> tuple[float, float]:
    """Return how long the pendulums swing and how fast they fade; without fading they end where the line closes."""
    duration = swings / min(first, second)
    if decay == 0:
        one, two = (Fraction(each).limit_denominator(FINEST) for each in (first, second))
        closes = Fraction(
            math.lcm(one.denominator, two.denominator), math.gcd(one.numerator, two.numerator)
        )
        duration = min(duration, float(closes))
    return duration, -math.log(1 - decay) / duration


def _most_points(
    size: float, frequency: float, duration: float, fading: float, tolerance: float
) -> float:
    """Return a bound of the points of one curve that reaches `size` mm: the integral of its steps, which fade with its swing."""
    lasts = 2 / fading * -math.expm1(-fading * duration / 2) if fading else duration
    return 3 + 1.05 * 2 * math.pi * frequency * math.sqrt(size / (8 * tolerance)) * lasts
