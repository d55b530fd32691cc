"""Circle packing: circles of many sizes that touch nothing, filled by size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from marshmallow import Schema, fields, validates_schema
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import check_order, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.patterns.catalogue import Polyline, pattern

Floats = NDArray[np.float64]

DISC, PAGE = "disc", "page"
EMPTY, CONCENTRIC, SPIRAL, HATCH, MIXED = "empty", "concentric", "spiral", "hatch", "mixed"
# The room is looked at on a lattice of about so many points.
LATTICE = 60_000
# Places that are compared for each circle; it goes where the noise is highest.
PLACES = 24
# Points of the lattice that are tried first.
TRIES = 400
# What it takes to find the place of a circle, counted in points drawn.
WORK = 200
# A circle needs this much of the paper for each of its own area, with what lies between circles.
DENSEST = 0.8
# Radii below these shares of the largest have simple fills; the smallest stay empty.
SMALL, MIDDLE = 0.16, 0.4
LIGHT, DARK = 0.45, 0.75
# Radii for which sums over all sizes are taken.
SAMPLES = 256
# No circle is wider than this share of the shorter side.
WIDEST = 0.45


class CirclePackingSchema(Schema):
    """What a circle packing may be told."""

    smallest = millimetres("Radius of the smallest circles", least=0.5, most=200, load_default=1.3)
    largest = millimetres("Radius of the largest circles", least=0.5, most=500, load_default=32.0)
    tail = fields.Float(
        load_default=1.6,
        validate=Range(0.5, 4),
        metadata={
            "description": "How rare large circles are: the number of those beyond a radius falls with this power of it."
        },
    )
    gap = millimetres("Least distance between circles", least=0, most=50, load_default=0.8)
    cover = fields.Float(
        load_default=0.74,
        validate=Range(0.02, 0.8),
        metadata={
            "description": "Share of the paper that the circles should cover; there may be room for less."
        },
    )
    container = fields.String(
        load_default=PAGE,
        validate=OneOf([DISC, PAGE]),
        metadata={"description": "What is filled: the largest disc, or the whole room."},
    )
    fill = fields.String(
        load_default=MIXED,
        validate=OneOf([EMPTY, CONCENTRIC, SPIRAL, HATCH, MIXED]),
        metadata={
            "description": "What is in the circles; mixed goes by their size: small ones are empty."
        },
    )
    fill_spacing = millimetres(
        "Distance between the lines of a fill", least=0.3, most=50, load_default=1.4
    )
    tolerance = tolerance_field("the true circle")

    @validates_schema(pass_original=True)
    def check_sizes(self, data: Mapping[str, Any], original: Mapping[str, Any], **_: Any) -> None:
        """Refuse a `smallest` beyond the `largest`."""
        check_order(data, original, "smallest", "largest")


class Sizes(NamedTuple):
    """Radii in mm between `smallest` and `largest`, the share beyond one falling with the power `tail`; there are `number`."""

    smallest: float
    largest: float
    tail: float
    number: int

    def radius(self, share: Floats) -> Floats:
        """Return the radius that the given share of the circles exceeds: the tail of Pareto's distribution, cut at both ends."""
        low, high = self.smallest**-self.tail, self.largest**-self.tail
        return np.asarray((high + share * (low - high)) ** (-1 / self.tail))


def cost(
    area: Area,
    *,
    smallest: float,
    largest: float,
    tail: float,
    gap: float,
    cover: float,
    container: str,
    fill: str,
    fill_spacing: float,
    tolerance: float,
) -> float:
    """Return a bound of the points, or what it takes to place the circles if that is more."""
    sizes = _sizes(area, smallest, largest, tail=tail, gap=gap, cover=cover, container=container)
    radius = sizes.radius((np.arange(SAMPLES) + 0.5) / SAMPLES)
    each = _turn(radius, tolerance) + 1.0
    if fill != EMPTY:
        each *= 1 + radius / fill_spacing
    return max(float(each.mean()), WORK) * sizes.number


@pattern(CirclePackingSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    smallest: float,
    largest: float,
    tail: float,
    gap: float,
    cover: float,
    container: str,
    fill: str,
    fill_spacing: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """Circles packed side by side, few large and many small.

    The largest circles are placed first, each next one where there still is room for it, and where there is not, it shrinks
    until there is. Large circles gather along the ridges of slow noise. Small circles stay empty; larger ones are filled with
    circles inside each other, with a spiral, or with lines to and fro.

    The seed chooses the places, where the large circles gather, and the fills.

    Yields:
        Arrays of shape (n, 2), in mm: closed circles, spirals and hatches, each near the end of the one before.
    """
    sizes = _sizes(area, smallest, largest, tail=tail, gap=gap, cover=cover, container=container)
    share = (np.arange(sizes.number) + rng.uniform(0, 1, sizes.number)) / sizes.number
    circles = _packed(
        area,
        rng,
        sizes.radius(share),
        smallest=sizes.smallest,
        gap=min(gap, sizes.largest),
        container=container,
    )
    lean = rng.uniform(0, math.pi)
    chosen = rng.uniform(0, 1, len(circles))
    lines = []
    for index, (x, y, radius) in enumerate(circles.tolist()):
        style = _style(fill, radius / sizes.largest, float(chosen[index]))
        lines += [
            line + np.array((x, y))
            for line in _circle(radius, style, fill_spacing, lean + math.pi * radius, tolerance)
        ]
    low, high = (area.left, area.top), (area.right, area.bottom)
    yield from (np.clip(line, low, high) for line in nearest_neighbour_order(lines))


def _sizes(
    area: Area,
    smallest: float,
    largest: float,
    *,
    tail: float,
    gap: float,
    cover: float,
    container: str,
) -> Sizes:
    """Return the sizes that cover the share `cover` of the room; circles that are too large for it are made smaller."""
    shorter = min(area.inner_width, area.inner_height)
    most = min(max(largest, smallest), shorter * WIDEST)
    least = min(smallest, most / 2)
    sizes = Sizes(least, most, tail, 0)
    radius = sizes.radius((np.arange(SAMPLES) + 0.5) / SAMPLES)
    room = math.pi * shorter**2 / 4 if container == DISC else area.inner_width * area.inner_height
    # Circles need the gaps around them too, which leaves less paper to small ones.
    taken = max(
        float((radius**2).mean()) * math.pi / cover,
        float(((radius + gap / 2) ** 2).mean()) * math.pi / DENSEST,
    )
    return sizes._replace(number=max(1, math.ceil(room / taken)))


def _packed(
    area: Area,
    rng: np.random.Generator,
    radii: Floats,
    *,
    smallest: float,
    gap: float,
    container: str,
) -> Floats:
    """Return circles that do not touch, as an array of x, y and radius in mm, with `radii`, which fall, or smaller.

    The lattice knows how far each of its points is from the nearest circle and the edge. A circle of the radius r fits where that
    is r or more; when it is set, only points near it have to learn of it.
    """
    step = math.sqrt(area.inner_width * area.inner_height / LATTICE)
    x = np.linspace(area.left, area.right, max(3, math.ceil(area.inner_width / step) + 1))
    y = np.linspace(area.top, area.bottom, max(3, math.ceil(area.inner_height / step) + 1))
    free = _to_edge(area, x, y, container)
    wide = 0.45 * max(area.inner_width, area.inner_height)
    liked = GradientNoise(rng).at(x[None, :] / wide, y[:, None] / wide)
    circles = []
    for radius in radii.tolist():
        place = _place(free, liked, radius, rng)
        fits = min(radius, float(free[place]))
        if fits < smallest:
            break
        at = float(x[place[1]]), float(y[place[0]])
        circles.append((*at, fits))
        _set(free, x, y, (*at, fits + gap), radius)
    return np.array(circles).reshape(-1, 3)


def _to_edge(area: Area, x: Floats, y: Floats, container: str) -> Floats:
    """Return how far each point of the lattice is from the edge of what is filled, in mm; negative outside."""
    if container == DISC:
        centre = area.centre
        away = np.sqrt((x[None, :] - centre[0]) ** 2 + (y[:, None] - centre[1]) ** 2)
        return np.asarray(min(area.inner_width, area.inner_height) / 2 - away)
    across = np.minimum(x - area.left, area.right - x)
    down = np.minimum(y - area.top, area.bottom - y)
    return np.minimum(across[None, :], down[:, None])


def _place(free: Floats, liked: Floats, radius: float, rng: np.random.Generator) -> tuple[int, int]:
    """Return where a circle of `radius` mm goes: the most liked of some places that have room, or the one with the most room."""
    tried = rng.integers(0, free.size, TRIES)
    room = tried[free.flat[tried] >= radius][:PLACES]
    if not len(room):
        room = np.flatnonzero(free >= radius)
        if len(room) > PLACES:
            room = room[rng.integers(0, len(room), PLACES)]
    best = int(room[np.argmax(liked.flat[room])]) if len(room) else int(np.argmax(free))
    return best // free.shape[1], best % free.shape[1]


def _set(
    free: Floats, x: Floats, y: Floats, circle: tuple[float, float, float], next_radius: float
) -> None:
    """Let the lattice know of a `circle`: x, y and radius in mm. Circles that come next are not larger than `next_radius`."""
    *at, radius = circle
    reach = radius + next_radius
    left, right = np.searchsorted(x, (at[0] - reach, at[0] + reach))
    top, bottom = np.searchsorted(y, (at[1] - reach, at[1] + reach))
    away = np.sqrt((x[None, left:right] - at[0]) ** 2 + (y[top:bottom, None] - at[1]) ** 2) - radius
    near = free[top:bottom, left:right]
    np.minimum(near, away, out=near)


def _style(fill: str, share: float, chance: float) -> str:
    """Return what is in a circle whose radius is a `share` of the largest; `chance` decides between what is possible."""
    if fill != MIXED:
        return fill
    if share < SMALL:
        return EMPTY
    if share < MIDDLE:
        return EMPTY if chance < LIGHT else HATCH if chance < DARK else SPIRAL
    return CONCENTRIC if chance < LIGHT else SPIRAL if chance < DARK else HATCH


def _circle(
    radius: float, style: str, spacing: float, angle: float, tolerance: float
) -> Iterator[Polyline]:
    """Yield a circle around (0, 0) and what is in it."""
    if style == SPIRAL and radius > 2 * spacing:
        yield _spiral(radius, spacing, angle, tolerance)
        return
    yield _ring(radius, angle, tolerance)
    if style == CONCENTRIC:
        yield from (
            _ring(each, angle, tolerance)
            for each in np.arange(radius - spacing, spacing / 2, -spacing).tolist()
        )
    elif style == HATCH and radius > spacing:
        yield _hatch(radius - spacing / 2, spacing, angle)


def _ring(radius: float, angle: float, tolerance: float) -> Polyline:
    turn = np.linspace(0, 2 * math.pi, int(_turn(radius, tolerance)) + 1) + angle
    points = radius * np.column_stack((np.cos(turn), np.sin(turn)))
    points[-1] = points[0]
    return points


def _spiral(radius: float, spacing: float, angle: float, tolerance: float) -> Polyline:
    """Return a circle that runs on inwards, a `spacing` nearer to the centre with each turn."""
    turns = math.floor(radius / spacing)
    turn = np.linspace(0, 2 * math.pi * turns, turns * int(_turn(radius, tolerance)) + 1)
    away = np.minimum(radius, radius - spacing * (turn / (2 * math.pi) - 1))
    return np.column_stack((away * np.cos(turn + angle), away * np.sin(turn + angle)))


def _hatch(radius: float, spacing: float, angle: float) -> Polyline:
    """Return one line that runs to and fro in a circle, in whole gaps of about `spacing`."""
    lines = max(1, round(2 * radius / spacing))
    level = radius * ((np.arange(lines) + 0.5) * 2 / lines - 1)
    half = np.sqrt(radius**2 - level**2) * np.where(np.arange(lines) % 2, -1, 1)
    points = np.stack(
        (np.column_stack((-half, level)), np.column_stack((half, level))), axis=1
    ).reshape(-1, 2)
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array(((cosine, sine), (-sine, cosine))))


def _turn(radius: Floats | float, tolerance: float) -> Floats:
    """Return the steps of circles."""
    return np.maximum(arc_chords(radius, 2 * math.pi, tolerance), 12.0)
