"""Spirals: of Archimedes, logarithmic, of Fermat, and square, with one arm or several."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import WholeNumber, degrees, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.patterns.catalogue import Polyline, pattern

CLOCKWISE, COUNTER_CLOCKWISE = "clockwise", "counter-clockwise"
ARCHIMEDEAN, LOG, FERMAT, SQUARE = "archimedean", "log", "fermat", "square"
# A logarithmic spiral narrows towards its centre; closer turns than this, in mm, tear the paper.
CLOSEST = 0.4
SIDES = 4
# How finely the curves without a closed form for the count of their points are measured.
MEASURES = 2049

Floats = NDArray[np.float64]


class SpiralSchema(Schema):
    """What a spiral may be told."""

    kind = fields.String(
        load_default=ARCHIMEDEAN,
        validate=OneOf([ARCHIMEDEAN, LOG, FERMAT, SQUARE]),
        metadata={
            "description": "How the turns grow: evenly apart (archimedean), wider outwards (log), narrower outwards (fermat), "
            "or evenly apart with corners (square)."
        },
    )
    arms = WholeNumber(
        load_default=1,
        validate=Range(1, 24),
        metadata={"description": "How many lines leave the centre, each a stroke of its own."},
    )
    pitch = millimetres(
        "Distance between neighbouring turns; for log and fermat, between the outermost ones; at least one turn is drawn",
        least=0.3,
        most=200,
        load_default=1.8,
    )
    inner_radius = millimetres(
        "Radius of the empty centre, which keeps the pen from tearing the paper; at most half of the outer radius",
        least=0.1,
        most=500,
        load_default=2.5,
    )
    direction = fields.String(
        load_default=CLOCKWISE,
        validate=OneOf([CLOCKWISE, COUNTER_CLOCKWISE]),
        metadata={"description": "Which way the line turns on its way outwards."},
    )
    start_angle = degrees("Where the line begins, clockwise from three o'clock", load_default=-90.0)
    tolerance = tolerance_field()


def cost(
    area: Area,
    *,
    kind: str,
    arms: int,
    pitch: float,
    inner_radius: float,
    tolerance: float,
    **_: object,
) -> float:
    """Return how many points the spiral has. See `draw` for the formulas."""
    if kind == SQUARE:
        inner, outer, pitch = _radii(area, pitch, inner_radius)
        return arms * SIDES + SIDES * (outer - inner) / pitch
    return arms * (
        3 + _steps(area, kind, arms, pitch, inner_radius=inner_radius, tolerance=tolerance)[1]
    )


@pattern(SpiralSchema, cost)
def draw(
    area: Area,
    _rng: np.random.Generator,
    *,
    kind: str,
    arms: int,
    pitch: float,
    inner_radius: float,
    direction: str,
    start_angle: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """One line, or several arms, from the centre to the largest circle that fits.

    The turns of an archimedean spiral lie evenly apart. Those of a logarithmic one widen by the same factor each time, like the
    shell of a snail; it stops where they would come closer than 0.4 mm. Those of Fermat's spiral enclose equal areas, so they
    narrow outwards. The square spiral has straight sides and fills the largest square. Arms are drawn outwards and inwards in
    turn, so that the pen has little way between them.

    The line is followed as closely as `tolerance` asks, with points where the curve needs them: a wide turn gets more than a
    narrow one, and no turn shows corners.

    Yields:
        Arrays of shape (n, 2), in mm: one for each arm.

    A chord over the angle `a` leaves a circle of radius `r` by r * a**2 / 8 at most. There the spiral leaves its chords
    by no more than a circle of radius r + pitch / pi does, so a step of sqrt(8 * tolerance / (r + pitch / pi)) is short enough.
    The count of such steps has a closed form in (r + pitch / pi) ** 1.5: even steps in that are the right ones and need no loop.

    A chord of length `c` leaves a curve of curvature `k` by k * c**2 / 8. The other curves are measured by that: the count of
    steps between two radii is the integral of sqrt(k / (8 * tolerance)) along the curve. The logarithmic spiral is
    r = inner * exp(b * angle), Fermat's is r**2 = inner**2 + c**2 * angle.
    """
    sign = 1 if direction == CLOCKWISE else -1
    if kind == SQUARE:
        shapes: Iterator[Polyline] = _square_arms(
            area, arms, pitch, inner_radius, math.radians(start_angle)
        )
        turned = [line * (1, sign) for line in shapes]
    else:
        radius, turn = _curve(
            area, kind, arms, pitch, inner_radius=inner_radius, tolerance=tolerance
        )
        starts = sign * math.radians(start_angle) + 2 * math.pi * np.arange(arms) / arms
        turned = [
            np.column_stack((radius * np.cos(start + turn), sign * radius * np.sin(start + turn)))
            for start in starts
        ]
    centre = np.array(area.centre)
    for number, line in enumerate(turned):
        yield (line if number % 2 == 0 else line[::-1]) + centre


def _radii(area: Area, pitch: float, inner_radius: float) -> tuple[float, float, float]:
    """Return the inner radius, the outer radius and the pitch that fit the room."""
    outer = min(area.inner_width, area.inner_height) / 2
    inner = min(inner_radius, outer / 2)
    return inner, outer, min(pitch, outer - inner)


def _curve(
    area: Area, kind: str, arms: int, pitch: float, *, inner_radius: float, tolerance: float
) -> tuple[Floats, Floats]:
    """Return the radii of an arm's points in mm, and how far it has turned at each, in radians."""
    inner, outer, pitch = _radii(area, pitch, inner_radius)
    known, steps = _steps(area, kind, arms, pitch, inner_radius=inner_radius, tolerance=tolerance)
    count = math.ceil(steps + 2)
    if kind == ARCHIMEDEAN:
        drift = arms * pitch / math.pi
        radius = (
            np.linspace((inner + drift) ** 1.5, (outer + drift) ** 1.5, count) ** (2 / 3) - drift
        )
    else:
        inner = float(known[0, 0])
        radius = np.interp(np.linspace(0, known[1, -1], count), known[1], known[0])
    # The powers are exact to the last digits only, and the edge of the room is a promise.
    radius = np.clip(radius, inner, outer)
    return radius, _turn(kind, radius, inner, outer, pitch * arms)


def _turn(kind: str, radius: Floats, inner: float, outer: float, advance: float) -> Floats:
    """Return how far the arm has turned at `radius`, in radians; `advance` is the pitch of one arm."""
    if kind == ARCHIMEDEAN:
        return (radius - inner) * (2 * math.pi / advance)
    if kind == LOG:
        return np.log(radius / inner) / _growth(outer, advance)
    return (radius**2 - inner**2) * (math.pi / (outer * advance))


def _growth(outer: float, advance: float) -> float:
    """Return `b` of the logarithmic spiral whose last turn is `advance` wide; no turn grows by more than a factor of 20."""
    return -math.log1p(-min(advance / outer, 0.95)) / (2 * math.pi)


def _steps(
    area: Area, kind: str, arms: int, pitch: float, *, inner_radius: float, tolerance: float
) -> tuple[Floats, float]:
    """Return radii with the count of steps up to each, as an array of shape (2, n), and how many steps an arm has."""
    inner, outer, pitch = _radii(area, pitch, inner_radius)
    advance = arms * pitch
    if kind == ARCHIMEDEAN:
        drift = advance / math.pi
        span = math.pow(outer + drift, 1.5) - math.pow(inner + drift, 1.5)
        return np.empty((2, 0)), 4 * math.pi * span / (3 * advance * math.sqrt(8 * tolerance))
    if kind == LOG:
        inner = min(max(inner, outer * CLOSEST / pitch), outer / 2)
        slant = math.sqrt(1 + _growth(outer, advance) ** 2)
        radius = np.linspace(inner, outer, MEASURES)
        each = np.sqrt(slant / (8 * tolerance * radius)) / _growth(outer, advance)
    else:
        radius = np.linspace(inner, outer, MEASURES)
        # The angle whose root is the radius, as for a spiral that begins in the centre; its slope is 2 r / c**2.
        square = outer * advance / math.pi
        angle = radius**2 / square
        curve = (
            math.sqrt(square) ** 0.5
            * np.sqrt(angle + 3 / (4 * angle))
            * (angle + 1 / (4 * angle)) ** -0.25
        )
        each = curve / math.sqrt(8 * tolerance) * 2 * radius / square
    steps = np.concatenate(([0.0], np.cumsum((each[1:] + each[:-1]) / 2 * np.diff(radius))))
    return np.stack((radius, steps)), float(steps[-1])


def _square_arms(
    area: Area, arms: int, pitch: float, inner_radius: float, angle: float
) -> Iterator[Polyline]:
    """Yield the arms of a square spiral around (0, 0), each side a pitch from the one inside it."""
    inner, outer, pitch = _radii(area, pitch, inner_radius)
    # A square that is turned reaches farther by the cosine and the sine of the turn.
    fits = 1 / (abs(math.cos(angle)) + abs(math.sin(angle)))
    sides = max(SIDES, math.floor(SIDES * (outer - inner) / (pitch * arms)) - SIDES)
    for arm in range(arms):
        away = inner + pitch * arm + pitch * arms * np.arange(sides + 1) / SIDES
        away *= outer * fits / max(outer, inner + pitch * (arms - 1) + pitch * arms * sides / SIDES)
        corner = np.arange(sides) % SIDES
        # A corner lies where one side meets the next; the sides are up, right, down, left.
        along = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])
        points = away[:-1, None] * along[corner] + away[1:, None] * along[(corner + 1) % SIDES]
        quarter = angle + math.pi / 2
        turn = np.array(
            [[math.cos(quarter), math.sin(quarter)], [-math.sin(quarter), math.cos(quarter)]]
        )
        yield points @ turn
