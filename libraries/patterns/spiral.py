"""Spirals: of Archimedes, logarithmic, of Fermat, and square, with one arm or several."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from libraries.fields import Params, angle, choice, mm, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.patterns.catalogue import Polyline, pattern

# A logarithmic spiral narrows towards its centre; turns that are closer tear the paper.
MIN_TURN_MM = 0.4
SIDES = 4

Kind = Literal["archimedean", "log", "fermat", "square"]
Direction = Literal["clockwise", "counter-clockwise"]


@pattern
class Spiral(Params):
    """One line, or several arms, from the centre to the largest circle that fits.

    The turns of an archimedean spiral lie evenly apart. Those of a logarithmic one widen by the
    same factor each time, like the shell of a snail; it stops where they would come closer than 0.4
    mm. Those of Fermat's spiral enclose equal areas, so they narrow outwards. The square spiral has
    straight sides and fills the largest square. Arms are drawn outwards and inwards in turn, so
    that the pen has little way between them.

    The line is followed as closely as `tolerance` asks, with points where the curve needs them: a
    wide turn gets more than a narrow one, and no turn shows corners.
    """

    kind: Kind = choice(
        "How the turns grow: evenly apart (archimedean), wider outwards (log), narrower outwards "
        "(fermat), "
        "or evenly apart with corners (square).",
        Kind,
        default="archimedean",
    )
    arms: int = whole(
        "How many lines leave the centre, each a stroke of its own.", 1, 24, default=1
    )
    pitch: float = mm(
        "Distance between neighbouring turns; for log and fermat, between the outermost ones; at "
        "least one turn is drawn",
        0.3,
        200,
        default=1.8,
    )
    inner_radius: float = mm(
        "Radius of the empty centre, which keeps the pen from tearing the paper; at most half of "
        "the outer radius",
        0.1,
        500,
        default=2.5,
    )
    direction: Direction = choice(
        "Which way the line turns on its way outwards.", Direction, default="clockwise"
    )
    start_angle: float = angle("Where the line begins, clockwise from three o'clock", default=-90.0)
    tolerance: float = tolerance(default=0.02)

    def cost(self, area: Area) -> float:
        """Return the number of points: by a formula or by an integral, see `_steps`."""
        inner, outer, pitch = self._radii(area)
        if self.kind == "square":
            return self.arms * SIDES + SIDES * (outer - inner) / pitch
        return self.arms * (3 + self._steps(area)[1])

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one line for each arm."""
        sign = 1 if self.direction == "clockwise" else -1
        if self.kind == "square":
            turned = [line * (1, sign) for line in self._square_arms(area)]
        else:
            radius, turn = self._curve(area)
            starts = (
                sign * math.radians(self.start_angle)
                + 2 * math.pi * np.arange(self.arms) / self.arms
            )
            turned = [
                np.column_stack(
                    (radius * np.cos(start + turn), sign * radius * np.sin(start + turn))
                )
                for start in starts
            ]
        centre = np.array(area.centre)
        for number, line in enumerate(turned):
            yield (line if number % 2 == 0 else line[::-1]) + centre

    def _radii(self, area: Area) -> tuple[float, float, float]:
        """Return the inner radius, the outer radius and the pitch that fit the area."""
        outer = area.shorter_side / 2
        inner = min(self.inner_radius, outer / 2)
        return inner, outer, min(self.pitch, outer - inner)

    def _curve(self, area: Area) -> tuple[Floats, Floats]:
        """Return the radii of an arm's points in mm, and how far it has turned at each, in radians.

        A chord over the angle `a` leaves a circle of radius `r` by r * a**2 / 8 at most. There the
        spiral leaves its chords by no more than a circle of radius r + pitch / pi does, so a step
        of sqrt(8 * tolerance / (r + pitch / pi)) is short enough. The count of such steps has a
        closed form in (r + pitch / pi) ** 1.5: even steps in that need no loop.
        """
        inner, outer, pitch = self._radii(area)
        known, steps = self._steps(area)
        count = math.ceil(steps + 2)
        if self.kind == "archimedean":
            drift = self.arms * pitch / math.pi
            radius = (
                np.linspace((inner + drift) ** 1.5, (outer + drift) ** 1.5, count) ** (2 / 3)
                - drift
            )
        else:
            inner = float(known[0, 0])
            radius = np.interp(np.linspace(0, known[1, -1], count), known[1], known[0])
        # The powers are exact to the last digits only, and nothing may leave the area.
        radius = np.clip(radius, inner, outer)
        return radius, self._turn(radius, inner, outer, pitch * self.arms)

    def _turn(self, radius: Floats, inner: float, outer: float, advance: float) -> Floats:
        """Return how far an arm has turned at `radius`, in radians; its pitch is `advance`."""
        if self.kind == "archimedean":
            return (radius - inner) * (2 * math.pi / advance)
        if self.kind == "log":
            return np.log(radius / inner) / _growth(outer, advance)
        return (radius**2 - inner**2) * (math.pi / (outer * advance))

    def _steps(self, area: Area) -> tuple[Floats, float]:
        """Return radii with the steps up to each, of shape (2, n), and the steps of an arm.

        A chord of length `c` leaves a curve of curvature `k` by k * c**2 / 8. Curves without a
        closed form are measured by that: the count of steps between two radii is the integral of
        sqrt(k / (8 * tolerance)) along the curve. The logarithmic spiral is r = inner * exp(b *
        angle), Fermat's is r**2 = inner**2 + c**2 * angle.
        """
        inner, outer, pitch = self._radii(area)
        advance = self.arms * pitch
        if self.kind == "archimedean":
            drift = advance / math.pi
            span = math.pow(outer + drift, 1.5) - math.pow(inner + drift, 1.5)
            return (
                np.empty((2, 0)),
                4 * math.pi * span / (3 * advance * math.sqrt(8 * self.tolerance)),
            )
        samples = 2049
        if self.kind == "log":
            inner = min(max(inner, outer * MIN_TURN_MM / pitch), outer / 2)
            slant = math.sqrt(1 + _growth(outer, advance) ** 2)
            radius = np.linspace(inner, outer, samples)
            each = np.sqrt(slant / (8 * self.tolerance * radius)) / _growth(outer, advance)
        else:
            radius = np.linspace(inner, outer, samples)
            # The angle whose root is the radius, as for a spiral that begins in the centre; its
            # slope is 2 r / c**2.
            square = outer * advance / math.pi
            turn = radius**2 / square
            curve = (
                math.sqrt(square) ** 0.5
                * np.sqrt(turn + 3 / (4 * turn))
                * (turn + 1 / (4 * turn)) ** -0.25
            )
            each = curve / math.sqrt(8 * self.tolerance) * 2 * radius / square
        steps = np.concatenate(([0.0], np.cumsum((each[1:] + each[:-1]) / 2 * np.diff(radius))))
        return np.stack((radius, steps)), float(steps[-1])

    def _square_arms(self, area: Area) -> Iterator[Polyline]:
        """Yield the arms of a square spiral around (0, 0), with sides a pitch apart."""
        inner, outer, pitch = self._radii(area)
        start = math.radians(self.start_angle)
        # A square that is turned reaches farther by the cosine and the sine of the turn.
        fits = 1 / (abs(math.cos(start)) + abs(math.sin(start)))
        advance = pitch * self.arms
        sides = max(SIDES, math.floor(SIDES * (outer - inner) / advance) - SIDES)
        for arm in range(self.arms):
            reach = inner + pitch * arm + pitch * self.arms * np.arange(sides + 1) / SIDES
            reach *= (
                outer
                * fits
                / max(outer, inner + pitch * (self.arms - 1) + pitch * self.arms * sides / SIDES)
            )
            corner = np.arange(sides) % SIDES
            # A corner lies where one side meets the next; the sides are up, right, down, left.
            along = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])
            points = (
                reach[:-1, None] * along[corner] + reach[1:, None] * along[(corner + 1) % SIDES]
            )
            quarter = start + math.pi / 2
            turn = np.array(
                [[math.cos(quarter), math.sin(quarter)], [-math.sin(quarter), math.cos(quarter)]]
            )
            yield points @ turn


def _growth(outer: float, advance: float) -> float:
    """Return `b` of the logarithmic spiral whose last turn is `advance` wide.

    No turn grows by more than a factor of 20.
    """
    return -math.log1p(-min(advance / outer, 0.95)) / (2 * math.pi)
