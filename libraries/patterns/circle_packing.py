"""Circle packing: circles of many sizes that do not touch, filled according to size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, choice, mm, number, tolerance
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.curves import arc_chords
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

Container = Literal["disc", "page"]
Fill = Literal["empty", "concentric", "spiral", "hatch", "mixed"]


@pattern
class CirclePacking(Params):
    """Circles packed side by side, few large and many small.

    The largest circles are placed first; a circle that does not fit shrinks until it does. Large
    circles gather along the ridges of slow noise. Small circles stay empty; larger ones are filled
    with concentric circles, a spiral or a zigzag.

    The seed chooses the positions, where the large circles gather, and the fills.
    """

    smallest: float = mm("Radius of the smallest circles", 0.5, 200, default=1.3)
    largest: float = mm("Radius of the largest circles", 0.5, 500, default=32.0)
    tail: float = number(
        "Exponent of the power law by which larger circles are rarer.", 0.5, 4, default=1.6
    )
    gap: float = mm("Least distance between circles", 0, 50, default=0.8)
    cover: float = number(
        "Share of the paper to cover with circles; less if they do not fit.",
        0.02,
        0.8,
        default=0.74,
    )
    container: Container = choice(
        "Shape to fill: the largest disc, or the whole area.", Container, default="page"
    )
    fill: Fill = choice(
        "Fill of the circles; mixed depends on their size, with small ones empty.",
        Fill,
        default="mixed",
    )
    fill_spacing: float = mm("Distance between the lines of a fill", 0.3, 50, default=1.4)
    tolerance: float = tolerance("the true circle", default=0.02)

    presets = (
        Preset(
            "bubbles",
            "Empty bubbles",
            {"fill": "empty", "smallest": 1.0, "largest": 24.0, "gap": 0.5},
        ),
        Preset(
            "coins",
            "Coiled disc",
            {"container": "disc", "fill": "spiral", "smallest": 2.0, "largest": 18.0},
        ),
        Preset(
            "targets",
            "Large targets",
            {"fill": "concentric", "smallest": 4.0, "largest": 40.0, "fill_spacing": 2.0},
        ),
    )

    def check(self, given: frozenset[str]) -> None:
        self.check_order(given, "smallest", "largest")

    def cost(self, area: Area) -> float:
        """Return a bound of the points, or the time to place the circles if that is more."""
        sizes = self._sizes(area)
        radius = sizes.sampled()
        each = _chords(radius, self.tolerance) + 1.0
        if self.fill != "empty":
            each *= 1 + radius / self.fill_spacing
        # Placing a circle takes as long as drawing 200 points.
        return max(float(each.mean()), 200) * sizes.number

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield closed circles, spirals and hatches."""
        sizes = self._sizes(area)
        share = (np.arange(sizes.number) + rng.uniform(0, 1, sizes.number)) / sizes.number
        gap = min(self.gap, sizes.largest)
        radii = sizes.radius(share)
        circles = _packed(
            area, rng, radii, smallest=sizes.smallest, gap=gap, container=self.container
        )
        lean = rng.uniform(0, math.pi)
        chances = rng.uniform(0, 1, len(circles)).tolist()
        lines = []
        for (x, y, radius), chance in zip(circles.tolist(), chances, strict=True):
            style, angle = (
                _style(self.fill, radius / sizes.largest, chance),
                lean + math.pi * radius,
            )
            drawn = _circle(radius, style, self.fill_spacing, angle, self.tolerance)
            lines += [line + np.array((x, y)) for line in drawn]
        yield from map(area.clip, lines)

    def _sizes(self, area: Area) -> Sizes:
        shorter = area.shorter_side
        largest = min(max(self.largest, self.smallest), shorter * 0.45)
        sizes = Sizes(min(self.smallest, largest / 2), largest, self.tail, 0)
        radius = sizes.sampled()
        disc, page = math.pi * shorter**2 / 4, area.inner_width * area.inner_height
        room = disc if self.container == "disc" else page
        # Gaps take more paper from small circles. The densest packing covers about 0.8 of it.
        taken = max(
            float((radius**2).mean()) * math.pi / self.cover,
            float(((radius + self.gap / 2) ** 2).mean()) * math.pi / 0.8,
        )
        return sizes._replace(number=max(1, math.ceil(room / taken)))


class Sizes(NamedTuple):
    """Pareto distribution of the radii of `number` circles, in mm, with the exponent `tail`."""

    smallest: float
    largest: float
    tail: float
    number: int

    def radius(self, share: Floats) -> Floats:
        """Return the radius that the given share of the circles exceeds."""
        low, high = self.smallest**-self.tail, self.largest**-self.tail
        return np.asarray((high + share * (low - high)) ** (-1 / self.tail))

    def sampled(self, count: int = 256) -> Floats:
        return self.radius((np.arange(count) + 0.5) / count)


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

    `radii` are in descending order; a circle that does not fit shrinks.

    A lattice of about 60,000 points stores the distances to the nearest circle and the edge. A
    circle of radius r fits where that is at least r; placing it changes only points near it.
    """
    step = math.sqrt(area.inner_width * area.inner_height / 60_000)
    x = np.linspace(area.left, area.right, max(3, math.ceil(area.inner_width / step) + 1))
    y = np.linspace(area.top, area.bottom, max(3, math.ceil(area.inner_height / step) + 1))
    free = _to_edge(area, x, y, container)
    wide = 0.45 * max(area.inner_width, area.inner_height)
    preference = GradientNoise(rng).at(x[None, :] / wide, y[:, None] / wide)
    circles = []
    for radius in radii.tolist():
        cell = _free_cell(free, preference, radius, rng)
        fits = min(radius, float(free[cell]))
        if fits < smallest:
            break
        at = float(x[cell[1]]), float(y[cell[0]])
        circles.append((*at, fits))
        _set(free, x, y, (*at, fits + gap), radius)
    return np.array(circles).reshape(-1, 3)


def _to_edge(area: Area, x: Floats, y: Floats, container: Container) -> Floats:
    """Return the distance of each lattice point from the edge in mm, negative outside."""
    if container == "disc":
        centre = area.centre
        away = np.sqrt((x[None, :] - centre[0]) ** 2 + (y[:, None] - centre[1]) ** 2)
        return np.asarray(area.shorter_side / 2 - away)
    across = np.minimum(x - area.left, area.right - x)
    down = np.minimum(y - area.top, area.bottom - y)
    return np.minimum(across[None, :], down[:, None])


def _free_cell(
    free: Floats, preference: Floats, radius: float, rng: np.random.Generator
) -> tuple[int, int]:
    """Return the lattice index for a circle: the most preferred of 24 that fit."""
    compared = 24
    tried = rng.integers(0, free.size, 400)
    room = tried[free.flat[tried] >= radius][:compared]
    if not len(room):
        room = np.flatnonzero(free >= radius)
        if len(room) > compared:
            room = room[rng.integers(0, len(room), compared)]
    best = int(room[np.argmax(preference.flat[room])]) if len(room) else int(np.argmax(free))
    return best // free.shape[1], best % free.shape[1]


def _set(
    free: Floats, x: Floats, y: Floats, circle: tuple[float, float, float], next_radius: float
) -> None:
    """Update the lattice for a `circle` (x, y, radius in mm) if later ones are no larger."""
    *at, radius = circle
    reach = radius + next_radius
    left, right = np.searchsorted(x, (at[0] - reach, at[0] + reach))
    top, bottom = np.searchsorted(y, (at[1] - reach, at[1] + reach))
    away = np.sqrt((x[None, left:right] - at[0]) ** 2 + (y[top:bottom, None] - at[1]) ** 2) - radius
    near = free[top:bottom, left:right]
    np.minimum(near, away, out=near)


def _style(fill: Fill, share: float, chance: float) -> Fill:
    if fill != "mixed":
        return fill
    if share < 0.16:  # noqa: PLR2004 - small circles stay empty
        return "empty"
    styles: tuple[Fill, Fill, Fill] = ("concentric", "spiral", "hatch")
    if share < 0.4:  # noqa: PLR2004 - medium circles
        styles = ("empty", "hatch", "spiral")
    return styles[0 if chance < 0.45 else 1 if chance < 0.75 else 2]  # noqa: PLR2004 - their shares


def _circle(
    radius: float, style: Fill, spacing: float, angle: float, tolerance: float
) -> Iterator[Polyline]:
    if style == "spiral" and radius > 2 * spacing:
        yield _spiral(radius, spacing, angle, tolerance)
        return
    yield _ring(radius, angle, tolerance)
    if style == "concentric":
        for inner in np.arange(radius - spacing, spacing / 2, -spacing).tolist():
            yield _ring(inner, angle, tolerance)
    elif style == "hatch" and radius > spacing:
        yield _hatch(radius - spacing / 2, spacing, angle)


def _ring(radius: float, angle: float, tolerance: float) -> Polyline:
    turn = np.linspace(0, 2 * math.pi, int(_chords(radius, tolerance)) + 1) + angle
    points = radius * np.column_stack((np.cos(turn), np.sin(turn)))
    points[-1] = points[0]
    return points


def _spiral(radius: float, spacing: float, angle: float, tolerance: float) -> Polyline:
    """Return a circle that continues inwards as a spiral with a pitch of `spacing`."""
    turns = math.floor(radius / spacing)
    turn = np.linspace(0, 2 * math.pi * turns, turns * int(_chords(radius, tolerance)) + 1)
    away = np.minimum(radius, radius - spacing * (turn / (2 * math.pi) - 1))
    return np.column_stack((away * np.cos(turn + angle), away * np.sin(turn + angle)))


def _hatch(radius: float, spacing: float, angle: float) -> Polyline:
    """Return a zigzag line that fills a circle, with lines about `spacing` apart."""
    lines = max(1, round(2 * radius / spacing))
    level = radius * ((np.arange(lines) + 0.5) * 2 / lines - 1)
    half = np.sqrt(radius**2 - level**2) * np.where(np.arange(lines) % 2, -1, 1)
    points = np.column_stack((-half, level, half, level)).reshape(-1, 2)
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array(((cosine, sine), (-sine, cosine))))


def _chords(radius: Floats | float, tolerance: float) -> Floats:
    return np.maximum(arc_chords(radius, 2 * math.pi, tolerance), 12.0)
