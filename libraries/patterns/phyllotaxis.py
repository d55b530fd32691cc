"""Phyllotaxis: marks set as a sunflower sets its seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.fields import Params, choice, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.curves import arc_chords
from libraries.patterns.catalogue import Polyline, pattern

# How far the centre may be from the middle of a page, as a share of its sides.
MAX_OFFSET = 0.22
# On a long strip most marks are outside; no more than these are tried, from the centre outwards.
MAX_TRIED = 400_000

Marker = Literal["circle", "petal", "triangle", "square", "hexagon", "spiral", "dash"]
Container = Literal["disc", "page"]


@pattern
class Phyllotaxis(Params):
    """Marks set around a centre as a sunflower sets its seeds.

    Each mark is turned from the one before by the golden angle and lies a little farther out, so
    that all have the same room. The marks grow and turn on their way to the rim. A detuning of a
    few hundredths of a degree draws them into arms. A mark never takes more than its share of the
    distance to its nearest neighbour. A spacing that is too wide for the room is narrowed.

    The seed chooses the detuning if none is given, where the first mark lies, and on a filled page,
    the centre.
    """

    count: int | None = whole(
        "How many marks there are; as many as fit if not given.", 1, 30000, default=None
    )
    spacing: float = mm(
        "Distance between neighbouring marks near the rim, about", 0.8, 200, default=10.0
    )
    growth: float = number(
        "How the distances grow outwards: 0.5 keeps them alike, 1 lets them grow with the root of "
        "the radius.",
        0.5,
        1.5,
        default=0.8,
    )
    angle: float = number(
        "Angle from each mark to the next, in degrees; the golden angle sets them most evenly.",
        1,
        359,
        default=137.508,
        unit="degrees",
    )
    detune: float | None = number(
        "Added to the angle, in degrees: a few hundredths make arms appear. Chosen by the seed if "
        "not given.",
        -5,
        5,
        default=None,
        unit="degrees",
    )
    marker: Marker = choice("Shape of the marks.", Marker, default="petal")
    size: float = number(
        "Diameter of the marks, as a share of the distance to the nearest one; over 1 they may "
        "overlap.",
        0.1,
        2,
        default=1.4,
    )
    ramp: float = number(
        "How much smaller the innermost marks are than this, as a share; the outermost have the "
        "full size.",
        0.05,
        1,
        default=0.6,
    )
    turn: float = number(
        "How far the marks turn from the centre to the rim, in degrees.",
        -360,
        360,
        default=90.0,
        unit="degrees",
    )
    container: Container = choice(
        "What the marks fill: the largest disc, or the whole room up to its edges.",
        Container,
        default="page",
    )
    tolerance: float = tolerance(default=0.02)

    def cost(self, area: Area) -> float:
        """Return the points of all marks that may fit, as if all were as large as the largest.

        Marks lie the less densely the farther out they are. So a room has at most as many as the
        disc of its size around the centre.
        """
        field = self._field(area)
        disc = (
            _disc(area)
            if self.container == "disc"
            else math.sqrt(area.inner_width * area.inner_height / math.pi)
        )
        marks = float(field.number(disc))
        if self.container == "page":
            marks = min(marks, _most_on_strip(area, field))
        # Along the edge a few more may fit than the room has space for.
        edge = 4 * (2 * math.pi * disc) / field.spacing
        return min(field.tried, marks + edge + 10) * len(
            _shape(self.marker, self.size * _widest(field), self.tolerance)
        )

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the marks arm by arm, outwards and inwards in turn.

        Mark n lies at the angle n times `angle` and at a radius in proportion to n ** growth. With
        a growth of 0.5 that is Vogel's "A better way to construct the sunflower head", Mathematical
        Biosciences 44 (1979). The room of a mark at the radius r is 2 pi growth r**2 / n, which in
        a net of triangles is the square of their side times sqrt(3) / 2.
        """
        field = self._field(area)
        # No detuning keeps the even field, the others draw the marks into curved arms.
        detunings = (0.0, 0.02, -0.02, 0.045, -0.045, 0.09, -0.09, 0.16)
        chosen = float(rng.choice(detunings)) if self.detune is None else self.detune
        step = math.radians(self.angle + chosen)
        centre = _centre(area, rng, self.container)
        start = rng.uniform(0, 2 * math.pi)
        number = np.arange(1, field.tried + 1)
        radius = field.radius(number)
        around = start + step * number
        part = np.minimum(radius / field.reach, 1)
        sizes = (
            self.size
            * (self.ramp + (1 - self.ramp) * part)
            * np.minimum(_widest(field), _nearest(field, step, number))
        )
        places = np.column_stack((radius * np.cos(around), radius * np.sin(around))) + centre
        fits = _fitting(area, places, sizes / 2, centre, self.container) & (
            # Smaller marks are blots; without them the centre stays open.
            sizes >= min(0.8, float(sizes.max()) / 4)
        )
        shape = _shape(self.marker, self.size * _widest(field), self.tolerance)
        facing = around + math.radians(self.turn) * part
        order = np.array(_along_arms(number[fits] - 1, field, step), dtype=np.int64)
        # About a thousand marks at a time.
        for block in np.array_split(order, len(order) // 1000 + 1):
            half = (sizes[block] / 2)[:, None]
            along = np.stack(
                (half * np.cos(facing[block])[:, None], half * np.sin(facing[block])[:, None]),
                axis=2,
            )
            aside = along[..., ::-1] * (-1, 1)
            yield from shape[:, :1] * along + shape[:, 1:] * aside + places[block][:, None]

    def _field(self, area: Area) -> Field:
        """Return how the marks are placed; in a small area they are closer than `spacing`."""
        # At least four marks fit across.
        spacing = min(self.spacing, 2 * _disc(area) / 4)
        reach = corner = _disc(area)
        if self.container == "page":
            reach = math.sqrt(area.inner_width * area.inner_height / 2)
            corner = (0.5 + MAX_OFFSET) * math.hypot(area.inner_width, area.inner_height)
        within = 4 * math.pi * self.growth * reach**2 / (math.sqrt(3) * spacing**2)
        needed = within * (corner / reach) ** (1 / self.growth)
        tried = min(self.count or MAX_TRIED, MAX_TRIED, math.ceil(needed))
        return Field(reach, within, self.growth, spacing, tried)


class Field(NamedTuple):
    """How marks lie: mark `n` is `reach` * (n / `within`) ** `growth` mm from the centre.

    `within` of them lie within the radius `reach` in mm, where neighbours are `spacing` mm apart;
    `tried` are looked at.
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


def _most_on_strip(area: Area, field: Field) -> float:
    """Return a bound of the marks on a long area.

    It has those of the disc that touches its long sides, and those to the left and right of it.
    There the density is no higher than straight to the left or right of the centre, and marks end
    where no more are tried.
    """
    half = _disc(area)
    far = min(max(area.inner_width, area.inner_height) / 2, float(field.radius(field.tried)))
    away = np.geomspace(half, max(far, half), 65)
    density = field.number(away) / (2 * math.pi * field.growth * away**2)
    beside = float((density[:-1] * np.diff(away)).sum()) + float(density[0]) * half
    return float(field.number(half)) + 4 * half * beside


def _disc(area: Area) -> float:
    return area.shorter_side / 2


def _widest(field: Field) -> float:
    """Return the diameter in mm that no mark of size 1 exceeds.

    The distances still grow where the page goes beyond the reach.
    """
    return field.spacing * math.pow(2, 1 - 1 / (2 * field.growth))


def _centre(area: Area, rng: np.random.Generator, container: Container) -> Floats:
    """Return the centre of the field.

    That of a disc is slightly above the middle, which the eye takes for the middle; another is
    where the seed puts it, not far from the middle.
    """
    if container == "disc":
        return np.array(
            (
                area.centre[0],
                area.top + _disc(area) + (area.inner_height - 2 * _disc(area)) * 0.46,
            )
        )
    return np.array(area.centre) + rng.uniform(-MAX_OFFSET, MAX_OFFSET, 2) * (
        area.inner_width,
        area.inner_height,
    )


def _distances(field: Field, step: float, number: Integers) -> Floats:
    """Return how far each mark is from the ones that come 1, 2, ... 1000 numbers later."""
    later = np.arange(1, 1001)
    near, far = field.radius(number)[:, None], field.radius(number[:, None] + later)
    return np.asarray(
        np.sqrt(np.maximum(near**2 + far**2 - 2 * near * far * np.cos(step * later), 0))
    )


def _nearest(field: Field, step: float, number: Integers) -> Floats:
    """Return how far the nearest neighbour of each mark is, in mm.

    It changes slowly from mark to mark, so 200 are measured.
    """
    some = np.unique(np.round(np.linspace(1, math.sqrt(len(number)), 200) ** 2).astype(np.int64))
    return np.asarray(np.interp(number, some, _distances(field, step, some).min(axis=1)))


def _fitting(
    area: Area, places: Floats, reach: Floats, centre: Floats, container: Container
) -> NDArray[np.bool_]:
    """Return which of the marks, with `reach` mm to all sides of their `places`, lie inside."""
    if container == "disc":
        away = places - centre
        return np.asarray(np.hypot(away[:, 0], away[:, 1]) + reach <= _disc(area))
    low, high = places - reach[:, None], places + reach[:, None]
    return np.asarray(
        ((low >= (area.left, area.top)) & (high <= (area.right, area.bottom))).all(axis=1)
    )


def _along_arms(marks: Integers, field: Field, step: float) -> list[int]:
    """Return the rising indices `marks` in an order with short ways: along the arms.

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


def _shape(marker: Marker, diameter: float, tolerance: float) -> Polyline:
    """Return the mark of radius 1 that points along x, fine enough for the `diameter` in mm."""
    turn = max(8, int(arc_chords(diameter / 2, 2 * math.pi, tolerance)))
    if marker == "dash":
        return np.array([(-1.0, 0.0), (1.0, 0.0)])
    if marker == "petal":
        return _petal(max(4, turn // 2))
    turn = {"triangle": 3, "square": 4, "hexagon": 6}.get(marker, turn)
    turns = 3 if marker == "spiral" else 1
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
    upper = np.column_stack((2 * part - 1, 0.5 * np.sin(math.pi * part**1.35)))
    lower = upper[::-1] * (1, -1)
    return np.concatenate((upper, lower[1:], [(0.25, 0.0)]))
