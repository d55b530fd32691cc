"""Spirals: Archimedean, logarithmic, Fermat's and square, with one or several arms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, angle, choice, mm, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.patterns.catalogue import Polyline, pattern

# Closer turns of a logarithmic spiral would tear the paper near the centre.
MIN_TURN_MM = 0.4
SIDES = 4

Kind = Literal["archimedean", "log", "fermat", "square"]
Direction = Literal["clockwise", "counter-clockwise"]


@pattern
class Spiral(Params):
    """One line, or several arms, from the centre to the largest circle that fits.

    The turns of an archimedean spiral are evenly spaced. Those of a logarithmic one widen by a
    constant factor, like a snail shell; it ends where they would be closer than 0.4 mm. Those of
    Fermat's spiral enclose equal areas, so they narrow outwards. The square spiral has straight
    sides and fills the largest square. Arms are drawn outwards and inwards in turn, to shorten the
    pen-up moves.

    Points are spaced according to curvature and `tolerance`, so that no turn shows corners.
    """

    kind: Kind = choice(
        "Spacing of the turns: even (archimedean), wider outwards (log), narrower outwards "
        "(fermat), or even with corners (square).",
        Kind,
        default="archimedean",
    )
    arms: int = whole("Number of arms, each a separate stroke.", 1, 24, default=1)
    pitch: float = mm(
        "Distance between neighbouring turns; for log and fermat, between the outermost ones; at "
        "least one turn is drawn",
        0.3,
        200,
        default=1.8,
    )
    inner_radius: float = mm(
        "Radius of the empty centre, which protects the paper; at most half of the outer radius",
        0.1,
        500,
        default=2.5,
    )
    direction: Direction = choice(
        "Direction in which the line turns outwards.", Direction, default="clockwise"
    )
    start_angle: float = angle("Initial angle, clockwise from three o'clock", default=-90.0)
    tolerance: float = tolerance(default=0.02)

    presets = (
        Preset("shell", "Snail shell", {"kind": "log", "pitch": 24.0}),
        Preset("galaxy", "Eight arms", {"kind": "log", "arms": 8, "pitch": 8.0}),
        Preset("maze", "Square maze", {"kind": "square", "pitch": 3.0}),
    )

    def cost(self, area: Area) -> float:
        inner, outer, pitch = self._radii(area)
        if self.kind == "square":
            return self.arms * SIDES + SIDES * (outer - inner) / pitch
        return self.arms * (3 + self._steps(area)[1])

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        sign = 1 if self.direction == "clockwise" else -1
        if self.kind == "square":
            turned = [line * (1, sign) for line in self._square_arms(area)]
        else:
            radius, turn = self._curve(area)
            first = sign * math.radians(self.start_angle)
            angles = turn + (first + 2 * math.pi * np.arange(self.arms) / self.arms)[:, None]
            turned = [
                np.column_stack((radius * np.cos(angle), sign * radius * np.sin(angle)))
                for angle in angles
            ]
        centre = np.array(area.centre)
        for number, line in enumerate(turned):
            yield (line if number % 2 == 0 else line[::-1]) + centre

    def _radii(self, area: Area) -> tuple[float, float, float]:
        outer = area.shorter_side / 2
        inner = min(self.inner_radius, outer / 2)
        return inner, outer, min(self.pitch, outer - inner)

    def _curve(self, area: Area) -> tuple[Floats, Floats]:
        """Return the radii of the points of an arm in mm, and the angles in radians.

        A chord over the angle `a` deviates from a circle of radius `r` by at most r * a**2 / 8, and
        from an archimedean spiral by no more than from a circle of radius r + pitch / pi. The
        number of the resulting steps has a closed form in (r + pitch / pi) ** 1.5.
        """
        inner, outer, pitch = self._radii(area)
        known, steps = self._steps(area)
        count = math.ceil(steps + 2)
        if self.kind == "archimedean":
            drift = self.arms * pitch / math.pi
            powers = np.linspace((inner + drift) ** 1.5, (outer + drift) ** 1.5, count)
            radius = powers ** (2 / 3) - drift
        else:
            inner = float(known[0, 0])
            radius = np.interp(np.linspace(0, known[1, -1], count), known[1], known[0])
        # Rounding errors must not leave the area.
        radius = np.clip(radius, inner, outer)
        return radius, self._turn(radius, inner, outer, pitch * self.arms)

    def _turn(self, radius: Floats, inner: float, outer: float, advance: float) -> Floats:
        """Return the angle of an arm at `radius`, in radians; its pitch is `advance`."""
        if self.kind == "archimedean":
            return (radius - inner) * (2 * math.pi / advance)
        if self.kind == "log":
            return np.log(radius / inner) / _growth(outer, advance)
        return (radius**2 - inner**2) * (math.pi / (outer * advance))

    def _steps(self, area: Area) -> tuple[Floats, float]:
        """Return radii with the steps up to each, of shape (2, n), and the steps of an arm.

        A chord of length `c` deviates from a curve of curvature `k` by k * c**2 / 8, so the number
        of steps between two radii is the integral of sqrt(k / (8 * tolerance)) along the curve. It
        has a closed form for the archimedean spiral and is sampled for the logarithmic one, r =
        inner * exp(b * angle), and Fermat's, r**2 = inner**2 + c**2 * angle.
        """
        inner, outer, pitch = self._radii(area)
        advance, scale = self.arms * pitch, 8 * self.tolerance
        if self.kind == "archimedean":
            drift = advance / math.pi
            span = math.pow(outer + drift, 1.5) - math.pow(inner + drift, 1.5)
            return np.empty((2, 0)), 4 * math.pi * span / (3 * advance * math.sqrt(scale))
        if self.kind == "log":
            inner = min(max(inner, outer * MIN_TURN_MM / pitch), outer / 2)
        radius = np.linspace(inner, outer, 2049)
        if self.kind == "log":
            growth = _growth(outer, advance)
            each = np.sqrt(math.sqrt(1 + growth**2) / (scale * radius)) / growth
        else:
            # As for a spiral that begins at the centre; d angle / dr is 2 r / c**2.
            square = outer * advance / math.pi
            turn = radius**2 / square
            bend = math.sqrt(square) ** 0.5 * np.sqrt(turn + 3 / (4 * turn))
            bend *= (turn + 1 / (4 * turn)) ** -0.25
            each = bend / math.sqrt(scale) * 2 * radius / square
        steps = np.concatenate(([0.0], np.cumsum((each[1:] + each[:-1]) / 2 * np.diff(radius))))
        return np.stack((radius, steps)), float(steps[-1])

    def _square_arms(self, area: Area) -> Iterator[Polyline]:
        """Yield the arms of a square spiral around (0, 0), with sides a pitch apart."""
        inner, outer, pitch = self._radii(area)
        start = math.radians(self.start_angle)
        # The bounds of a rotated square are larger by the sum of cosine and sine.
        fits = 1 / (abs(math.cos(start)) + abs(math.sin(start)))
        advance = pitch * self.arms
        sides = max(SIDES, math.floor(SIDES * (outer - inner) / advance) - SIDES)
        farthest = max(outer, inner + pitch * (self.arms - 1) + advance * sides / SIDES)
        # The directions of the sides: up, right, down, left. A corner is the sum of two.
        along = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])
        corner = np.arange(sides) % SIDES
        this, following = along[corner], along[(corner + 1) % SIDES]
        cosine, sine = math.cos(start + math.pi / 2), math.sin(start + math.pi / 2)
        turn = np.array([[cosine, sine], [-sine, cosine]])
        for arm in range(self.arms):
            reach = inner + pitch * arm + advance * np.arange(sides + 1) / SIDES
            reach *= outer * fits / farthest
            yield (reach[:-1, None] * this + reach[1:, None] * following) @ turn


def _growth(outer: float, advance: float) -> float:
    """Return `b` of the logarithmic spiral whose last turn is `advance` wide."""
    return -math.log1p(-min(advance / outer, 0.95)) / (2 * math.pi)
