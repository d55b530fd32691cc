"""Phyllotaxis: marks set as a sunflower sets its seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import WholeNumber, degrees, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.patterns.catalogue import Polyline, pattern

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CIRCLE, PETAL, TRIANGLE, SQUARE, HEXAGON, SPIRAL, DASH = (
    "circle",
    "petal",
    "triangle",
    "square",
    "hexagon",
    "spiral",
    "dash",
)
CORNERS = {TRIANGLE: 3, SQUARE: 4, HEXAGON: 6}
DISC, PAGE = "disc", "page"
GOLDEN_ANGLE = 137.50776405003785
# Detunings in degrees that a seed chooses from: none keeps the even field, the others draw the marks into curved arms.
DETUNINGS = (0.0, 0.02, -0.02, 0.045, -0.045, 0.09, -0.09, 0.16)
# How far the centre may be from the middle of a page, as a share of its sides; and the farthest corner, of the diagonal.
ASIDE = 0.22
FARTHEST = 0.5 + ASIDE
MOST_ARMS = 1000
MEASURES = 200
# Marks that are drawn at a time.
BLOCK = 1000
# On a long strip most marks lie outside; no more than these are looked at, from the centre outwards.
MOST_TRIED = 400_000
# A room has place for so many marks across at least.
LEAST_ACROSS = 4
# Smaller marks are blots; leaving them out keeps the centre open. In mm.
LEAST_MARK = 0.8
SPIRAL_TURNS = 3
PETAL_WIDTH, PETAL_BELLY, VEIN = 0.5, 1.35, 0.25
# The eye takes a place slightly above the middle for the middle.
OPTICAL_CENTRE = 0.46


class PhyllotaxisSchema(Schema):
    """What a phyllotaxis may be told."""

    count = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(1, 30_000),
        metadata={"description": "How many marks there are; as many as fit if not given."},
    )
    spacing = millimetres(
        "Distance between neighbouring marks near the rim, about",
        least=0.8,
        most=200,
        load_default=10.0,
    )
    growth = fields.Float(
        load_default=0.8,
        validate=Range(0.5, 1.5),
        metadata={
            "description": "How the distances grow outwards: 0.5 keeps them alike, 1 lets them grow with the root of the radius."
        },
    )
    angle = fields.Float(
        load_default=137.508,
        validate=Range(1, 359),
        metadata={
            "description": "Angle from each mark to the next, in degrees; the golden angle sets them most evenly.",
            "x-unit": "degrees",
        },
    )
    detune = fields.Float(
        load_default=None,
        allow_none=True,
        validate=Range(-5, 5),
        metadata={
            "description": "Added to the angle, in degrees: a few hundredths make arms appear. Chosen by the seed if not given.",
            "x-unit": "degrees",
        },
    )
    marker = fields.String(
        load_default=PETAL,
        validate=OneOf([CIRCLE, PETAL, TRIANGLE, SQUARE, HEXAGON, SPIRAL, DASH]),
        metadata={"description": "Shape of the marks."},
    )
    size = fields.Float(
        load_default=1.4,
        validate=Range(0.1, 2),
        metadata={
            "description": "Diameter of the marks, as a share of the distance to the nearest one; over 1 they may overlap."
        },
    )
    ramp = fields.Float(
        load_default=0.6,
        validate=Range(0.05, 1),
        metadata={
            "description": "How much smaller the innermost marks are than this, as a share; the outermost have the full size."
        },
    )
    turn = degrees("How far the marks turn from the centre to the rim", load_default=90.0)
    container = fields.String(
        load_default=PAGE,
        validate=OneOf([DISC, PAGE]),
        metadata={
            "description": "What the marks fill: the largest disc, or the whole room up to its edges."
        },
    )
    tolerance = tolerance_field()


class Field(NamedTuple):
    """How marks lie: mark `n` is `reach` * (n / `within`) ** `growth` mm from the centre.

    `within` of them lie within the radius `reach` in mm, where neighbours are `spacing` mm apart; `tried` are looked at.
    """

    reach: float
    within: float
    growth: float
    spacing: float
    tried: int

    def radius(self, number: Floats | Integers | float) -> Floats:
        """Return the distance of marks from the centre in mm."""
        return np.asarray(self.reach * (number / self.within) ** self.growth)

    def number(self, radius: Floats | float) -> Floats:
        """Return how many marks lie within a `radius` in mm."""
        return np.asarray(self.within * (radius / self.reach) ** (1 / self.growth))


def cost(
    area: Area,
    *,
    count: int | None,
    spacing: float,
    growth: float,
    marker: str,
    size: float,
    container: str,
    tolerance: float,
    **_: object,
) -> float:
    """Return the points of all marks that may fit, as if all were as large as the largest.

    Marks lie the less densely the farther out they are. So a room has at most as many as the disc of its size around the centre.
    """
    field = _field(area, spacing, growth, container, count)
    disc = (
        _disc(area)
        if container == DISC
        else math.sqrt(area.inner_width * area.inner_height / math.pi)
    )
    marks = float(field.number(disc))
    if container == PAGE:
        marks = min(marks, _most_on_strip(area, field))
    # Along the edge a few more may fit than the room has space for.
    edge = 4 * (2 * math.pi * disc) / field.spacing
    return min(field.tried, marks + edge + 10) * len(
        _shape(marker, size * _widest(field), tolerance)
    )


def _most_on_strip(area: Area, field: Field) -> float:
    """Return a bound of the marks on a long room: those of the disc that touches its long sides, and those to its left and right.

    There the density is no higher than straight to the left or right of the centre, and marks end where no more are tried.
    """
    half = _disc(area)
    far = min(max(area.inner_width, area.inner_height) / 2, float(field.radius(field.tried)))
    away = np.geomspace(half, max(far, half), 65)
    density = field.number(away) / (2 * math.pi * field.growth * away**2)
    beside = float((density[:-1] * np.diff(away)).sum()) + float(density[0]) * half
    return float(field.number(half)) + 4 * half * beside


@pattern(PhyllotaxisSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    count: int | None,
    spacing: float,
    growth: float,
    angle: float,
    detune: float | None,
    marker: str,
    size: float,
    ramp: float,
    turn: float,
    container: str,
    tolerance: float,
) -> Iterator[Polyline]:
    """Marks set around a centre as a sunflower sets its seeds.

    Each mark is turned from the one before by the golden angle and lies a little farther out, so that all have the same room.
    The marks grow and turn on their way to the rim. A detuning of a few hundredths of a degree draws them into arms. A mark never
    takes more than its share of the distance to its nearest neighbour. A spacing that is too wide for the room is narrowed.

    The seed chooses the detuning if none is given, where the first mark lies, and on a filled page, the centre.

    Yields:
        Arrays of shape (n, 2), in mm: one for each mark, arm by arm, outwards and inwards in turn.

    Mark n lies at the angle n times `angle` and at a radius in proportion to n ** growth. With a growth of 0.5 that is Vogel's
    "A better way to construct the sunflower head", Mathematical Biosciences 44 (1979). The room of a mark at the radius r is
    2 pi growth r**2 / n, which in a net of triangles is the square of their side times sqrt(3) / 2.
    """
    field = _field(area, spacing, growth, container, count)
    chosen = float(rng.choice(DETUNINGS)) if detune is None else detune
    step = math.radians(angle + chosen)
    centre = _centre(area, rng, container)
    start = rng.uniform(0, 2 * math.pi)
    number = np.arange(1, field.tried + 1)
    radius = field.radius(number)
    around = start + step * number
    part = np.minimum(radius / field.reach, 1)
    sizes = (
        size
        * (ramp + (1 - ramp) * part)
        * np.minimum(_widest(field), _nearest(field, step, number))
    )
    places = np.column_stack((radius * np.cos(around), radius * np.sin(around))) + centre
    fits = _fitting(area, places, sizes / 2, centre, container) & (
        sizes >= min(LEAST_MARK, float(sizes.max()) / 4)
    )
    shape = _shape(marker, size * _widest(field), tolerance)
    facing = around + math.radians(turn) * part
    order = np.array(_along_arms(number[fits] - 1, field, step), dtype=np.int64)
    for block in np.array_split(order, len(order) // BLOCK + 1):
        half = (sizes[block] / 2)[:, None]
        along = np.stack(
            (half * np.cos(facing[block])[:, None], half * np.sin(facing[block])[:, None]), axis=2
        )
        aside = along[..., ::-1] * (-1, 1)
        yield from shape[:, :1] * along + shape[:, 1:] * aside + places[block][:, None]


def _disc(area: Area) -> float:
    return min(area.inner_width, area.inner_height) / 2


def _field(area: Area, spacing: float, growth: float, container: str, count: int | None) -> Field:
    """Return how the marks lie if they are about `spacing` mm apart near the rim, or closer if the room is small."""
    narrowed = min(spacing, 2 * _disc(area) / LEAST_ACROSS)
    reach = (
        _disc(area) if container == DISC else math.sqrt(area.inner_width * area.inner_height / 2)
    )
    within = 4 * math.pi * growth * reach**2 / (math.sqrt(3) * narrowed**2)
    corner = (
        reach if container == DISC else FARTHEST * math.hypot(area.inner_width, area.inner_height)
    )
    needed = within * (corner / reach) ** (1 / growth)
    return Field(
        reach, within, growth, narrowed, min(count or MOST_TRIED, MOST_TRIED, math.ceil(needed))
    )


def _widest(field: Field) -> float:
    """Return the diameter in mm that no mark of size 1 exceeds: the distances still grow where the page goes beyond the reach."""
    return field.spacing * math.pow(2, 1 - 1 / (2 * field.growth))


def _centre(area: Area, rng: np.random.Generator, container: str) -> Floats:
    """Return the centre of the field: of a disc, slightly above the middle; else where the seed says, not far from the middle."""
    if container == DISC:
        return np.array(
            (
                area.centre[0],
                area.top + _disc(area) + (area.inner_height - 2 * _disc(area)) * OPTICAL_CENTRE,
            )
        )
    return np.array(area.centre) + rng.uniform(-ASIDE, ASIDE, 2) * (
        area.inner_width,
        area.inner_height,
    )


def _distances(field: Field, step: float, number: Integers) -> Floats:
    """Return how far each mark is from the one that comes 1, 2, 3... numbers later, as an array of shape (marks, MOST_ARMS)."""
    later = np.arange(1, MOST_ARMS + 1)
    near, far = field.radius(number)[:, None], field.radius(number[:, None] + later)
    return np.asarray(
        np.sqrt(np.maximum(near**2 + far**2 - 2 * near * far * np.cos(step * later), 0))
    )


def _nearest(field: Field, step: float, number: Integers) -> Floats:
    """Return how far the nearest neighbour of each mark is, in mm. It changes slowly from mark to mark, so some are measured."""
    some = np.unique(
        np.round(np.linspace(1, math.sqrt(len(number)), MEASURES) ** 2).astype(np.int64)
    )
    return np.asarray(np.interp(number, some, _distances(field, step, some).min(axis=1)))


def _fitting(
    area: Area, places: Floats, reach: Floats, centre: Floats, container: str
) -> NDArray[np.bool_]:
    """Return which of the marks, with `reach` mm to all sides of their `places`, lie inside."""
    if container == DISC:
        away = places - centre
        return np.asarray(np.hypot(away[:, 0], away[:, 1]) + reach <= _disc(area))
    low, high = places - reach[:, None], places + reach[:, None]
    return np.asarray(
        ((low >= (area.left, area.top)) & (high <= (area.right, area.bottom))).all(axis=1)
    )


def _along_arms(marks: Integers, field: Field, step: float) -> list[int]:
    """Return the indices `marks`, which rise, in an order with short ways: arm by arm, outwards and inwards in turn.

    An arm is made of every f-th mark, with the f for which neighbours on it lie closest together.
    """
    if len(marks) == 0:
        return []
    middle = np.array([max(1, int(marks[len(marks) // 2]))])
    arms = int(np.argmin(_distances(field, step, middle)[0])) + 1
    # Neighbouring arms begin one after another around the centre.
    order = np.argsort(np.mod(step * np.arange(arms), 2 * math.pi), kind="stable")
    rows = [marks[marks % arms == arm] for arm in order.tolist()]
    return [
        index
        for number, row in enumerate(rows)
        for index in row[:: -1 if number % 2 else 1].tolist()
    ]


def _shape(marker: str, diameter: float, tolerance: float) -> Polyline:
    """Return the mark of radius 1 that points along x, fine enough for the `diameter` in mm."""
    turn = max(8, int(arc_chords(diameter / 2, 2 * math.pi, tolerance)))
    if marker == DASH:
        return np.array([(-1.0, 0.0), (1.0, 0.0)])
    if marker == PETAL:
        return _petal(max(4, turn // 2))
    if marker in CORNERS:
        turn = CORNERS[marker]
    turns = SPIRAL_TURNS if marker == SPIRAL else 1
    angle = np.linspace(0, 2 * math.pi * turns, turns * turn + 1)
    # A spiral goes once round its rim and then evenly inwards.
    radius = (
        np.minimum(1, (turns - angle / (2 * math.pi)) / (turns - 1))
        if turns > 1
        else np.ones(len(angle))
    )
    points = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
    if turns == 1:
        points[-1] = points[0]
    return points


def _petal(steps: int) -> Polyline:
    """Return a leaf from (-1, 0) to (1, 0) and back, in two arcs, and its vein."""
    part = np.linspace(0, 1, steps + 1)
    # The slow start makes the stem narrow and the tip round.
    upper = np.column_stack((2 * part - 1, PETAL_WIDTH * np.sin(math.pi * part**PETAL_BELLY)))
    lower = upper[::-1] * (1, -1)
    return np.concatenate((upper, lower[1:], [(VEIN, 0.0)]))
