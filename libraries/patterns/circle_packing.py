"""Circle packing: circles of many sizes that touch nothing, filled by size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.fields import Params, choice, mm, number, tolerance
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.patterns.catalogue import Polyline, pattern

Floats = NDArray[np.float64]
# What it takes to find the place of a circle, counted in points drawn.
WORK = 200
# Radii for which sums over all sizes are taken.
SAMPLES = 256

Container = Literal["disc", "page"]
Fill = Literal["empty", "concentric", "spiral", "hatch", "mixed"]


@pattern
class CirclePacking(Params):
    """Circles packed side by side, few large and many small.

    The largest circles are placed first, each next one where there still is room for it, and where
    there is not, it shrinks until there is. Large circles gather along the ridges of slow noise.
    Small circles stay empty; larger ones are filled with circles inside each other, with a spiral,
    or with lines to and fro.

    The seed chooses the places, where the large circles gather, and the fills.
    """

    smallest: float = mm("Radius of the smallest circles", 0.5, 200, default=1.3)
    largest: float = mm("Radius of the largest circles", 0.5, 500, default=32.0)
    tail: float = number(
        "How rare large circles are: the number of those beyond a radius falls with this power of "
        "it.",
        0.5,
        4,
        default=1.6,
    )
    gap: float = mm("Least distance between circles", 0, 50, default=0.8)
    cover: float = number(
        "Share of the paper that the circles should cover; there may be room for less.",
        0.02,
        0.8,
        default=0.74,
    )
    container: Container = choice(
        "What is filled: the largest disc, or the whole room.", Container, default="page"
    )
    fill: Fill = choice(
        "What is in the circles; mixed goes by their size: small ones are empty.",
        Fill,
        default="mixed",
    )
    fill_spacing: float = mm("Distance between the lines of a fill", 0.3, 50, default=1.4)
    tolerance: float = tolerance("the true circle", default=0.02)

    def check(self, given: frozenset[str]) -> None:
        """Refuse a `smallest` beyond the `largest`."""
        self.check_order(given, "smallest", "largest")

    def cost(self, area: Area) -> float:
        """Return a bound of the points, or what it takes to place the circles if that is more."""
        sizes = self._sizes(area)
        radius = sizes.radius((np.arange(SAMPLES) + 0.5) / SAMPLES)
        each = _turn(radius, self.tolerance) + 1.0
        if self.fill != "empty":
            each *= 1 + radius / self.fill_spacing
        return max(float(each.mean()), WORK) * sizes.number

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield closed circles, spirals and hatches, each near the end of the one before."""
        sizes = self._sizes(area)
        share = (np.arange(sizes.number) + rng.uniform(0, 1, sizes.number)) / sizes.number
        circles = _packed(
            area,
            rng,
            sizes.radius(share),
            smallest=sizes.smallest,
            gap=min(self.gap, sizes.largest),
            container=self.container,
        )
        lean = rng.uniform(0, math.pi)
        chosen = rng.uniform(0, 1, len(circles))
        lines = []
        for index, (x, y, radius) in enumerate(circles.tolist()):
            style = _style(self.fill, radius / sizes.largest, float(chosen[index]))
            lines += [
                line + np.array((x, y))
                for line in _circle(
                    radius, style, self.fill_spacing, lean + math.pi * radius, self.tolerance
                )
            ]
        low, high = (area.left, area.top), (area.right, area.bottom)
        yield from (np.clip(line, low, high) for line in nearest_neighbour_order(lines))

    def _sizes(self, area: Area) -> Sizes:
        """Return the sizes that cover the share `cover`; circles too large for the area shrink."""
        shorter = min(area.inner_width, area.inner_height)
        largest = min(max(self.largest, self.smallest), shorter * 0.45)
        sizes = Sizes(min(self.smallest, largest / 2), largest, self.tail, 0)
        radius = sizes.radius((np.arange(SAMPLES) + 0.5) / SAMPLES)
        room = (
            math.pi * shorter**2 / 4
            if self.container == "disc"
            else area.inner_width * area.inner_height
        )
        # Circles need the gaps around them too, which leaves less paper to small ones. The densest
        # packing covers about 0.8 of the paper.
        taken = max(
            float((radius**2).mean()) * math.pi / self.cover,
            float(((radius + self.gap / 2) ** 2).mean()) * math.pi / 0.8,
        )
        return sizes._replace(number=max(1, math.ceil(room / taken)))


class Sizes(NamedTuple):
    """The radii in mm of `number` circles.

    They are between `smallest` and `largest`; the share beyond one falls with the power `tail`.
    """

    smallest: float
    largest: float
    tail: float
    number: int

    def radius(self, share: Floats) -> Floats:
        """Return the radius that the given share of the circles exceeds.

        This is the tail of Pareto's distribution, cut at both ends.
        """
        low, high = self.smallest**-self.tail, self.largest**-self.tail
        return np.asarray((high + share * (low - high)) ** (-1 / self.tail))


def _packed(
    area: Area,
    rng: np.random.Generator,
    radii: Floats,
    *,
    smallest: float,
    gap: float,
    container: Container,
) -> Floats:
    """Return circles that do not touch, as an array of x, y and radius in mm.

    They have the falling `radii`, or less where there is no room.

    A lattice of about 60,000 points has the distances to the nearest circle and the edge. A circle
    of the radius r fits where that is r or more; when it is placed, only points near it change.
    """
    step = math.sqrt(area.inner_width * area.inner_height / 60_000)
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


def _to_edge(area: Area, x: Floats, y: Floats, container: Container) -> Floats:
    """Return the distance of each point of the lattice from the edge in mm; negative outside."""
    if container == "disc":
        centre = area.centre
        away = np.sqrt((x[None, :] - centre[0]) ** 2 + (y[:, None] - centre[1]) ** 2)
        return np.asarray(min(area.inner_width, area.inner_height) / 2 - away)
    across = np.minimum(x - area.left, area.right - x)
    down = np.minimum(y - area.top, area.bottom - y)
    return np.minimum(across[None, :], down[:, None])


def _place(free: Floats, liked: Floats, radius: float, rng: np.random.Generator) -> tuple[int, int]:
    """Return where a circle of `radius` mm goes.

    That is the most liked of 24 places that have room, or the one with the most room.
    """
    compared = 24
    tried = rng.integers(0, free.size, 400)
    room = tried[free.flat[tried] >= radius][:compared]
    if not len(room):
        room = np.flatnonzero(free >= radius)
        if len(room) > compared:
            room = room[rng.integers(0, len(room), compared)]
    best = int(room[np.argmax(liked.flat[room])]) if len(room) else int(np.argmax(free))
    return best // free.shape[1], best % free.shape[1]


def _set(
    free: Floats, x: Floats, y: Floats, circle: tuple[float, float, float], next_radius: float
) -> None:
    """Update the lattice for a `circle`: x, y and radius in mm.

    Later circles are not larger than `next_radius`.
    """
    *at, radius = circle
    reach = radius + next_radius
    left, right = np.searchsorted(x, (at[0] - reach, at[0] + reach))
    top, bottom = np.searchsorted(y, (at[1] - reach, at[1] + reach))
    away = np.sqrt((x[None, left:right] - at[0]) ** 2 + (y[top:bottom, None] - at[1]) ** 2) - radius
    near = free[top:bottom, left:right]
    np.minimum(near, away, out=near)


def _style(fill: Fill, share: float, chance: float) -> Fill:
    """Return the fill of a circle whose radius is a `share` of the largest; `chance` decides."""
    if fill != "mixed":
        return fill
    if share < 0.16:  # noqa: PLR2004 - small circles stay empty
        return "empty"
    styles: tuple[Fill, Fill, Fill] = (
        ("empty", "hatch", "spiral")
        if share < 0.4  # noqa: PLR2004 - the middle ones
        else ("concentric", "spiral", "hatch")
    )
    return styles[0 if chance < 0.45 else 1 if chance < 0.75 else 2]  # noqa: PLR2004 - their shares


def _circle(
    radius: float, style: Fill, spacing: float, angle: float, tolerance: float
) -> Iterator[Polyline]:
    """Yield a circle around (0, 0) and what is in it."""
    if style == "spiral" and radius > 2 * spacing:
        yield _spiral(radius, spacing, angle, tolerance)
        return
    yield _ring(radius, angle, tolerance)
    if style == "concentric":
        yield from (
            _ring(each, angle, tolerance)
            for each in np.arange(radius - spacing, spacing / 2, -spacing).tolist()
        )
    elif style == "hatch" and radius > spacing:
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
