"""Flow fields: evenly spaced lines that follow an invisible current."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.fields import Params, choice, declare, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.curves import decimated
from libraries.geometry.gaps import join_gaps
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.streamlines import Field, Streamlines
from libraries.imaging.controls import PictureParams
from libraries.imaging.field import image_field
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, report_progress

# Steps and samples are no finer on small pages and with pictures. Half a step may not lead out of
# the sample outside of the area.
MIN_STEP_MM = 0.15

Floats = NDArray[np.float64]
# A current at many places: its parts along x and y.
Current = tuple[Floats, Floats]
Circle = tuple[float, float, float]
Source = Literal["noise", "curl", "vortices", "image"]


@pattern
class FlowField(Params):
    """Long lines that follow a current, evenly apart, and part around circles that stay empty.

    Each line is grown both ways until it would come too near another, so that the tone is even and
    nothing is drawn twice. Two that come towards each other are joined. Where the current is slow
    the lines open up. The seed decides which way the current runs, where it swirls and where the
    circles lie.

    With `field: image` the lines run around what is dark and what is light in a picture, and so
    trace its forms; where it is of one tone they swirl a little. A small `separation` and a `taper`
    of 1 show most of it.
    """

    field: Source = choice(
        "The current: directions that drift (noise), one that swirls around hills and valleys "
        "(curl), a stream with a few whirls (vortices), or one that follows the forms of a "
        "picture (image).",
        Source,
        default="curl",
    )
    image: str = declare(image_field(only="field: image"), default="portrait")
    scale: float = mm("Size of the swirls", 5, 2000, default=110.0)
    swirl: float = number(
        "How much the current turns: 0 is a straight stream, 1 is lively, 5 is wild.",
        0,
        5,
        default=1.0,
    )
    separation: float = mm("Distance between lines where they are closest", 0.5, 50, default=1.5)
    taper: float = number(
        "How many times wider apart the lines are where they are farthest; 1 is even everywhere.",
        1,
        6,
        default=2.2,
    )
    shortest: float = mm(
        "Lines shorter than this are left out; never under three separations", 1, 200, default=5.0
    )
    longest: float = mm("Lines are ended at this length", 10, 20000, default=2000.0)
    obstacles: int | None = whole(
        "How many empty circles the lines part around; if not given, 1, and none with an image.",
        0,
        9,
        default=None,
    )
    obstacle_radius: float = mm(
        "Radius of the largest circle, at most a quarter of the shorter side; the others are "
        "smaller",
        1,
        500,
        default=30.0,
    )
    tolerance: float = tolerance("the one that follows the current", default=0.02)

    def check(self, given: frozenset[str]) -> None:
        """Refuse a `shortest` beyond the `longest`."""
        self.check_order(given, "shortest", "longest")

    def cost(self, area: Area) -> float:
        """Return how many points the lines have at most; to grow a line counts as some points."""
        separation, cell, step = self._sizes(area)
        room = (area.inner_width + separation) * (area.inner_height + separation)
        samples = (area.inner_width / cell + 4) * (area.inner_height / cell + 4)
        return 2 * room / (separation * step) + samples / 10

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the lines, each near the end of the one before.

        The spacing follows Jobard and Lefer (1997). The swirling current is the curl of a sum of
        two octaves of gradient noise, which has no sources and no sinks (Bridson, "Curl-Noise for
        Procedural Fluid Flow", 2007). Near a circle the part of the current that points at it fades
        out.
        """
        short = min(area.inner_width, area.inner_height)
        separation, cell, step = self._sizes(area)
        circles = self._circles(area, rng, separation)
        lines = Streamlines(
            self._field(area, rng, circles, cell),
            (area.left, area.top, area.right, area.bottom),
            separation=separation,
            step=step,
            shortest=min(self.shortest, short / 2),
            longest=self.longest,
        )
        for circle in circles:
            lines.block(*circle)
        seeds = _seeds(area, rng, separation)
        grown = list(_reported(lines, seeds, area.inner_width * area.inner_height / step))
        kept = [line for line in grown if not _is_wound(line, separation)]
        if self.field != "image":
            # Forms of a picture turn so sharply that the bends which mend gaps would cross other
            # lines.
            kept = join_gaps(
                kept, lines.lanes, longest=self.longest, allowed=partial(_is_free, area, circles)
            )
        yield from nearest_neighbour_order(decimated(kept, self.tolerance))

    def _sizes(self, area: Area) -> tuple[float, float, float]:
        """Return the separation, the distance between samples of the field, and the step, in mm."""
        separation = min(self.separation, min(area.inner_width, area.inner_height) / 5)
        # The scale on which the field turns has this many samples and steps.
        cell, bend = self.scale / 20, self.scale * (1 / 30)
        if self.field == "image":
            # Forms of a picture are followed down to this size.
            form = 1 / 90 * math.sqrt(area.inner_width * area.inner_height)
            cell, bend = max(min(cell, form / 3), MIN_STEP_MM), min(bend, form / 2)
        return separation, cell, min(separation * 0.5, max(bend, MIN_STEP_MM))

    def _circles(self, area: Area, rng: np.random.Generator, separation: float) -> list[Circle]:
        """Return the x, y and radius of obstacles, as far as there is room for them.

        They keep a distance from each other.
        """
        largest = min(self.obstacle_radius, min(area.inner_width, area.inner_height) / 4)
        by_default = 0 if self.field == "image" else 1
        circles: list[Circle] = []
        for index in range(by_default if self.obstacles is None else self.obstacles):
            radius = largest / (1 + 0.45 * index)
            chances = rng.uniform(0, 1, (30, 2))
            if index == 0:
                # The first one is about a third from an edge, where a picture likes its subject.
                sides = np.sign(chances - 0.5)
                chances = 0.5 + 0.36 * sides * (0.35 + np.abs(chances - 0.5))
            for u, v in chances.tolist():
                x = area.left + radius + u * (area.inner_width - 2 * radius)
                y = area.top + radius + v * (area.inner_height - 2 * radius)
                if all(
                    math.hypot(x - other[0], y - other[1]) > radius + other[2] + 6 * separation
                    for other in circles
                ):
                    circles.append((x, y, radius))
                    break
        return circles

    def _field(
        self, area: Area, rng: np.random.Generator, circles: list[Circle], cell: float
    ) -> Field:
        """Return the current sampled over the area and a cell around it."""
        columns, rows = (
            math.ceil(length / cell) + 4 for length in (area.inner_width, area.inner_height)
        )
        row, column = np.mgrid[:rows, :columns].astype(np.float64)
        x: Floats = area.left + cell * (column - 1)
        y: Floats = area.top + cell * (row - 1)
        current = self._current(area, rng, (x, y), cell)
        speed = np.sqrt(current[0] ** 2 + current[1] ** 2)
        wide = 2.2 * self.scale
        calm = GradientNoise(rng).at(x / wide + 3.7, y / wide + 8.1) * 0.5 + 0.5
        slow = 1 / (1 + (speed / max(float(np.median(speed)), 1e-9)) ** 2)
        sparse = 1 + (self.taper - 1) * np.clip(1.3 * (0.55 * calm + 0.75 * slow) - 0.45, 0, 1)
        for circle in circles:
            current = _parted(current, (x, y), circle)
        # Rounded, so that the last digits of a sine do not decide where a line goes.
        along_x, along_y = (np.round(each, 9) for each in current)
        return Field(area.left - cell, area.top - cell, cell, along_x, along_y, np.round(sparse, 4))

    def _current(
        self, area: Area, rng: np.random.Generator, at: tuple[Floats, Floats], cell: float
    ) -> Current:
        match self.field:
            case "noise":
                return self._drifting(rng, at)
            case "curl":
                return self._swirling(rng, at)
            case "vortices":
                return self._whirling(area, rng, at)
            case "image":
                return self._tracing(area, rng, at, cell)

    def _drifting(self, rng: np.random.Generator, at: tuple[Floats, Floats]) -> Current:
        drift = rng.uniform(0, 2 * math.pi)
        shift = rng.uniform(0, 64, 2)
        angle = drift + 2.4 * self.swirl * GradientNoise(rng).fractal(
            at[0] / self.scale + shift[0], at[1] / self.scale + shift[1], 2
        )
        return np.cos(angle), np.sin(angle)

    def _swirling(self, rng: np.random.Generator, at: tuple[Floats, Floats]) -> Current:
        drift = rng.uniform(0, 2 * math.pi)
        noise, shift = GradientNoise(rng), rng.uniform(0, 64, 2)
        along_x, along_y = (
            np.full(at[0].shape, 0.55 * math.cos(drift)),
            np.full(at[0].shape, 0.55 * math.sin(drift)),
        )
        for octave, weight in ((1, 1.0), (2, 0.22)):
            down_x, down_y = noise.slope(
                at[0] * octave / self.scale + shift[0], at[1] * octave / self.scale + shift[1]
            )
            along_x = along_x + self.swirl * weight * down_y
            along_y = along_y - self.swirl * weight * down_x
        return along_x, along_y

    def _whirling(self, area: Area, rng: np.random.Generator, at: tuple[Floats, Floats]) -> Current:
        scale, drift = self.scale, rng.uniform(0, 2 * math.pi)
        along_x = np.full(at[0].shape, math.cos(drift))
        along_y = np.full(at[0].shape, math.sin(drift))
        for index in range(int(rng.integers(3, 7))):
            x = area.left + rng.uniform(0.1, 0.9) * area.inner_width
            y = area.top + rng.uniform(0.1, 0.9) * area.inner_height
            away_x, away_y = at[0] - x, at[1] - y
            strength = self.swirl * scale * rng.uniform(0.3, 0.8) * (1 if index % 2 else -1)
            # A whirl with a calm core, so that its middle is no knot.
            whirl = strength / (away_x**2 + away_y**2 + (0.12 * scale) ** 2) ** 0.5
            reach = np.exp(-(away_x**2 + away_y**2) / (1.2 * scale) ** 2)
            distance = np.sqrt(away_x**2 + away_y**2 + 1)
            along_x = along_x - 3 * whirl * reach * away_y / distance
            along_y = along_y + 3 * whirl * reach * away_x / distance
        return along_x, along_y

    def _tracing(
        self, area: Area, rng: np.random.Generator, at: tuple[Floats, Floats], cell: float
    ) -> Current:
        """Return the current around what is dark and what is light in a picture.

        It runs across the slope of the tones. A weak swirling one is added, which is all that there
        is where the tones are even. Tones are not equalised: that would make slopes of the steps
        between greys that look the same.
        """
        box = Box(area.left, area.top, area.inner_width, area.inner_height)
        picture = PictureParams(image=self.image, gamma=1.0, equalise=0.0)
        dark = _smoothed(picture.tones(box, rng).averaged(cell).at(*at), 12)
        down, right = np.gradient(dark)
        slope = np.sqrt(down**2 + right**2)
        steep = float(np.quantile(slope[slope > 0], 0.8)) if slope.any() else 1.0
        along_x, along_y = self._swirling(rng, at)
        return 0.1 * along_x + down / steep, 0.1 * along_y - right / steep


def _reported(lines: Streamlines, seeds: Polyline, room: float) -> Iterator[Polyline]:
    """Yield the lines that grow from `seeds`; `room` is the area in steps along lanes."""
    filled = 0.0
    for line in lines.grow(seeds):
        filled += float(lines.lanes(line).sum())
        # To grow the lines is about 0.9 of all the work.
        report_progress(0.9 * filled / room)
        yield line


def _is_wound(line: Polyline, separation: float) -> bool:
    """Return whether a line runs round and round in an eddy without room for two rounds: a blot."""
    wide, high = np.ptp(line, axis=0).tolist()
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    # Once around is 2.
    return bool(max(wide, high) < 3.0 * separation and length > 2.1 * (wide + high))


def _is_free(area: Area, circles: list[Circle], places: Polyline) -> bool:
    """Return whether all places are in the area and outside of the circles."""
    inside = (places >= (area.left, area.top)).all() and (places <= (area.right, area.bottom)).all()
    x, y = places.T
    return bool(inside) and all(
        ((x - circle[0]) ** 2 + (y - circle[1]) ** 2 > circle[2] ** 2).all() for circle in circles
    )


def _seeds(area: Area, rng: np.random.Generator, separation: float) -> Polyline:
    """Return one place in each cell of a grid, in random order, so that no corner stays empty."""
    columns, rows = (
        max(1, math.floor(length / separation / 2))
        for length in (area.inner_width, area.inner_height)
    )
    order = rng.permutation(columns * rows)
    row, column = np.divmod(order, columns)
    jitter = rng.uniform(0.1, 0.9, (2, len(order)))
    x = area.left + (column + jitter[0]) * (area.inner_width / columns)
    return np.column_stack((x, area.top + (row + jitter[1]) * (area.inner_height / rows)))


def _parted(current: Current, at: tuple[Floats, Floats], circle: Circle) -> Current:
    """Return the current with its part towards or away from a circle faded out near it."""
    (along_x, along_y), (x, y) = current, at
    away_x, away_y = x - circle[0], y - circle[1]
    distance = np.maximum(np.sqrt(away_x**2 + away_y**2), 1e-6)
    away_x, away_y = away_x / distance, away_y / distance
    # The flow around a cylinder fades with the square of the distance.
    fading = np.minimum((circle[2] / distance) ** 2, 1)
    inward = (along_x * away_x + along_y * away_y) * fading
    around = (along_y * away_x - along_x * away_y) * fading
    return along_x - inward * away_x - around * away_y, along_y - inward * away_y + around * away_x


def _smoothed(values: Floats, rounds: int) -> Floats:
    """Return samples blended with their neighbours, a quarter of each, so many times.

    They spread by the root of half of `rounds`.
    """
    for _ in range(rounds):
        wide = np.pad(values, 1, mode="edge")
        rows = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
        values = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return values
