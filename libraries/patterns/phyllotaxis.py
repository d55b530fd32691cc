"""Phyllotaxis: marks arranged like the seeds of a sunflower."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.declarations import Preset
from libraries.fields import Params, choice, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.curves import arc_chords
from libraries.patterns.catalogue import Polyline, pattern

# Maximum distance of the centre from the middle of a page, as a share of its sides.
MAX_OFFSET = 0.22
# Candidates, from the centre outwards; on a long strip most are outside.
MAX_CANDIDATES = 400_000

Marker = Literal["circle", "petal", "triangle", "square", "hexagon", "spiral", "dash"]
Container = Literal["disc", "page"]


@pattern
class Phyllotaxis(Params):
    """Marks arranged around a centre like the seeds of a sunflower.

    Each mark is rotated from the one before by the golden angle and is a little farther out, so
    that all have equal space. The marks grow and turn towards the rim. A detuning of a few
    hundredths of a degree aligns them in arms. The size of a mark is limited by the distance to its
    nearest neighbour. A spacing that is too wide for the area is reduced.

    The seed chooses the detuning if not given, the angle of the first mark and, on a filled page,
    the centre.
    """

    count: int | None = whole(
        "Number of marks; as many as fit if not given.", 1, 30000, default=None
    )
    spacing: float = mm(
        "Approximate distance between neighbouring marks near the rim", 0.8, 200, default=10.0
    )
    growth: float = number(
        "Growth of the distances: 0.5 keeps them equal, 1 makes them proportional to the square "
        "root of the radius.",
        0.5,
        1.5,
        default=0.8,
    )
    angle: float = number(
        "Angle between successive marks, in degrees; the golden angle is the most even.",
        1,
        359,
        default=137.508,
        unit="degrees",
    )
    detune: float | None = number(
        "Added to the angle, in degrees: a few hundredths make arms. Chosen by the seed if not "
        "given.",
        -5,
        5,
        default=None,
        unit="degrees",
    )
    marker: Marker = choice("Shape of the marks.", Marker, default="petal")
    size: float = number(
        "Diameter of the outermost marks relative to the distance of the nearest one; above 1 they "
        "may overlap.",
        0.1,
        2,
        default=1.4,
    )
    ramp: float = number(
        "Relative size of the innermost marks, as a share of `size`.", 0.05, 1, default=0.6
    )
    turn: float = number(
        "Rotation of the marks from the centre to the rim, in degrees.",
        -360,
        360,
        default=90.0,
        unit="degrees",
    )
    container: Container = choice(
        "Shape to fill: the largest disc, or the whole area.", Container, default="page"
    )
    tolerance: float = tolerance(default=0.02)

    presets = (
        Preset(
            "seeds",
            "Sunflower seeds",
            {
                "marker": "circle",
                "container": "disc",
                "spacing": 4.0,
                "growth": 0.5,
                "size": 0.8,
                "ramp": 1.0,
                "detune": 0.0,
            },
        ),
        Preset(
            "pinwheel",
            "Turning arms",
            {"marker": "dash", "detune": 0.06, "spacing": 5.0, "size": 1.2, "turn": 180.0},
        ),
        Preset(
            "tiles",
            "Hexagon tiles",
            {"marker": "hexagon", "spacing": 8.0, "size": 0.9, "turn": 60.0, "detune": 0.0},
        ),
    )

    def cost(self, area: Area) -> float:
        """Return a bound of the points: the density of marks decreases outwards."""
        field = self._field(area)
        disc = area.shorter_side / 2
        if self.container == "page":
            disc = math.sqrt(area.inner_width * area.inner_height / math.pi)
        marks = float(field.number(disc))
        if self.container == "page":
            marks = min(marks, _max_on_strip(area, field))
        # A few more may fit along the edge.
        edge = 4 * (2 * math.pi * disc) / field.spacing
        shape = _shape(self.marker, self.size * _max_diameter(field), self.tolerance)
        return min(field.candidates, marks + edge + 10) * len(shape)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the marks arm by arm, alternating outwards and inwards.

        Mark n is at the angle n times `angle` and at a radius proportional to n ** growth. With a
        growth of 0.5 that is Vogel's "A better way to construct the sunflower head", Mathematical
        Biosciences 44 (1979). A mark at the radius r has the space 2 pi growth r**2 / n, which in a
        triangular lattice is the square of the side times sqrt(3) / 2.
        """
        field = self._field(area)
        # 0 keeps the even field, the others align the marks in curved arms.
        detunings = (0.0, 0.02, -0.02, 0.045, -0.045, 0.09, -0.09, 0.16)
        chosen = float(rng.choice(detunings)) if self.detune is None else self.detune
        step = math.radians(self.angle + chosen)
        centre = _centre(area, rng, self.container)
        start = rng.uniform(0, 2 * math.pi)
        number = np.arange(1, field.candidates + 1)
        radius = field.radius(number)
        around = start + step * number
        part = np.minimum(radius / field.reach, 1)
        room = np.minimum(_max_diameter(field), _nearest(field, step, number))
        sizes = self.size * (self.ramp + (1 - self.ramp) * part) * room
        points = np.column_stack((radius * np.cos(around), radius * np.sin(around))) + centre
        # Smaller marks are blots; without them the centre stays open.
        is_visible = sizes >= min(0.8, float(sizes.max()) / 4)
        fits = is_visible & _fitting(area, points, sizes / 2, centre, self.container)
        order = np.array(_along_arms(number[fits] - 1, field, step), dtype=np.int64)
        shape = _shape(self.marker, self.size * _max_diameter(field), self.tolerance)
        facing = around + math.radians(self.turn) * part
        yield from _marks(shape, points[order], sizes[order] / 2, facing[order])

    def _field(self, area: Area) -> Field:
        """Return the placement of the marks; in a small area they are closer than `spacing`."""
        reach = corner = area.shorter_side / 2
        # At least four marks fit across.
        spacing = min(self.spacing, 2 * reach / 4)
        if self.container == "page":
            reach = math.sqrt(area.inner_width * area.inner_height / 2)
            corner = (0.5 + MAX_OFFSET) * math.hypot(area.inner_width, area.inner_height)
        within = 4 * math.pi * self.growth * reach**2 / (math.sqrt(3) * spacing**2)
        needed = within * (corner / reach) ** (1 / self.growth)
        candidates = min(self.count or MAX_CANDIDATES, MAX_CANDIDATES, math.ceil(needed))
        return Field(reach, within, self.growth, spacing, candidates)


class Field(NamedTuple):
    """Placement of marks: mark `n` is `reach` * (n / `within`) ** `growth` mm from the centre.

    `within` of them are inside the radius `reach` in mm, where neighbours are `spacing` mm apart.
    """

    reach: float
    within: float
    growth: float
    spacing: float
    candidates: int

    def radius(self, number: Floats | Integers | float) -> Floats:
        return np.asarray(self.reach * (number / self.within) ** self.growth)

    def number(self, radius: Floats | float) -> Floats:
        return np.asarray(self.within * (radius / self.reach) ** (1 / self.growth))


def _marks(shape: Polyline, points: Floats, radii: Floats, facing: Floats) -> Iterator[Polyline]:
    """Yield the `shape` at each of `points`, scaled by `radii`, rotated by `facing` radians."""
    # About a thousand marks at a time.
    for block in np.array_split(np.arange(len(points)), len(points) // 1000 + 1):
        half, angle = radii[block][:, None], facing[block][:, None]
        along = np.stack((half * np.cos(angle), half * np.sin(angle)), axis=2)
        aside = along[..., ::-1] * (-1, 1)
        yield from shape[:, :1] * along + shape[:, 1:] * aside + points[block][:, None]


def _max_on_strip(area: Area, field: Field) -> float:
    """Return a bound of the marks in a long area.

    It has those of the disc that touches its long sides, and those to the left and right. Their
    density is at most that on the centre line, and the candidates end at a maximum radius.
    """
    half = area.shorter_side / 2
    far = min(max(area.inner_width, area.inner_height) / 2, float(field.radius(field.candidates)))
    away = np.geomspace(half, max(far, half), 65)
    density = field.number(away) / (2 * math.pi * field.growth * away**2)
    outside = float((density[:-1] * np.diff(away)).sum()) + float(density[0]) * half
    return float(field.number(half)) + 4 * half * outside


def _max_diameter(field: Field) -> float:
    """Return the maximum diameter in mm of a mark of size 1."""
    return field.spacing * math.pow(2, 1 - 1 / (2 * field.growth))


def _centre(area: Area, rng: np.random.Generator, container: Container) -> Floats:
    """Return the optical centre of a disc, slightly above the middle, or a random point near it."""
    if container == "disc":
        radius = area.shorter_side / 2
        y = area.top + radius + (area.inner_height - 2 * radius) * 0.46
        return np.array((area.centre[0], y))
    sides = (area.inner_width, area.inner_height)
    return np.array(area.centre) + rng.uniform(-MAX_OFFSET, MAX_OFFSET, 2) * sides


def _distances(field: Field, step: float, number: Integers) -> Floats:
    later = np.arange(1, 1001)
    near, far = field.radius(number)[:, None], field.radius(number[:, None] + later)
    squares = near**2 + far**2 - 2 * near * far * np.cos(step * later)
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


def _nearest(field: Field, step: float, number: Integers) -> Floats:
    """Return the distance of each mark to its nearest neighbour in mm, interpolated from 200."""
    some = np.unique(np.round(np.linspace(1, math.sqrt(len(number)), 200) ** 2).astype(np.int64))
    return np.asarray(np.interp(number, some, _distances(field, step, some).min(axis=1)))


def _fitting(
    area: Area, points: Floats, reach: Floats, centre: Floats, container: Container
) -> NDArray[np.bool_]:
    if container == "disc":
        away = points - centre
        return np.asarray(np.hypot(away[:, 0], away[:, 1]) + reach <= area.shorter_side / 2)
    low, high = points - reach[:, None], points + reach[:, None]
    return np.asarray(
        ((low >= (area.left, area.top)) & (high <= (area.right, area.bottom))).all(axis=1)
    )


def _along_arms(marks: Integers, field: Field, step: float) -> list[int]:
    """Return the ascending indices `marks` in an order with short pen-up moves: along the arms.

    An arm is every f-th mark, with the f for which its neighbours are closest.
    """
    if len(marks) == 0:
        return []
    middle = np.array([max(1, int(marks[len(marks) // 2]))])
    arms = int(np.argmin(_distances(field, step, middle)[0])) + 1
    # Neighbouring arms begin one after another around the centre.
    order = np.argsort(np.mod(step * np.arange(arms), 2 * math.pi), kind="stable")
    rows = [marks[marks % arms == arm] for arm in order.tolist()]
    rows[1::2] = [row[::-1] for row in rows[1::2]]
    return [index for row in rows for index in row.tolist()]


def _shape(marker: Marker, diameter: float, tolerance: float) -> Polyline:
    """Return the mark of radius 1 that points along x, for a `diameter` in mm."""
    turn = max(8, int(arc_chords(diameter / 2, 2 * math.pi, tolerance)))
    if marker == "dash":
        return np.array([(-1.0, 0.0), (1.0, 0.0)])
    if marker == "petal":
        return _petal(max(4, turn // 2))
    turn = {"triangle": 3, "square": 4, "hexagon": 6}.get(marker, turn)
    turns = 3 if marker == "spiral" else 1
    angle = np.linspace(0, 2 * math.pi * turns, turns * turn + 1)
    radius = np.ones(len(angle))
    if turns > 1:
        # A spiral follows its rim once and then runs evenly inwards.
        radius = np.minimum(1, (turns - angle / (2 * math.pi)) / (turns - 1))
    points = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
    if turns == 1:
        points[-1] = points[0]
    return points


def _petal(steps: int) -> Polyline:
    """Return a leaf from (-1, 0) to (1, 0) and back, with its vein."""
    part = np.linspace(0, 1, steps + 1)
    # The exponent makes the stem narrow and the tip round.
    upper = np.column_stack((2 * part - 1, 0.5 * np.sin(math.pi * part**1.35)))
    lower = upper[::-1] * (1, -1)
    return np.concatenate((upper, lower[1:], [(0.25, 0.0)]))
