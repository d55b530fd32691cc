"""Flow fields: evenly spaced streamlines of a vector field."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, choice, declare, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.curves import decimated
from libraries.geometry.gaps import join_gaps
from libraries.geometry.noise import GradientNoise
from libraries.geometry.streamlines import Field, Streamlines
from libraries.imaging.controls import PictureParams
from libraries.imaging.field import image_field
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, report_progress

# Half a step must not leave the margin of one sample around the area.
MIN_STEP_MM = 0.15

# The x and y components of the field at many points.
Current = tuple[Floats, Floats]
Circle = tuple[float, float, float]
Source = Literal["noise", "curl", "vortices", "image"]


@pattern
class FlowField(Params):
    """Long, evenly spaced lines that follow a current and part around empty circles.

    Each line grows in both directions until it would come too close to another, so that the tone is
    even and nothing is drawn twice. Lines that meet head-on are joined. Where the current is slow
    the lines are farther apart. The seed chooses the direction of the current, its swirls and the
    positions of the circles.

    With `field: image` the lines follow the outlines of the dark and light parts of a picture;
    where its tone is even they swirl a little. A small `separation` and a `taper` of 1 show the
    most detail.
    """

    field: Source = choice(
        "The current: drifting directions (noise), swirls around hills and valleys (curl), a "
        "stream with a few vortices (vortices), or the outlines of a picture (image).",
        Source,
        default="curl",
    )
    image: str = declare(image_field(only="field: image"), default="portrait")
    scale: float = mm("Size of the swirls", 5, 2000, default=110.0)
    swirl: float = number(
        "Strength of the swirls: 0 is a straight stream, 1 is lively, 5 is wild.", 0, 5, default=1.0
    )
    separation: float = mm("Smallest distance between lines", 0.5, 50, default=1.5)
    taper: float = number(
        "Ratio of the largest to the smallest distance between lines.", 1, 6, default=2.2
    )
    shortest: float = mm(
        "Shorter lines are left out, and those under three separations", 1, 200, default=5.0
    )
    longest: float = mm("Lines end at this length", 10, 20000, default=2000.0)
    obstacles: int | None = whole(
        "Number of empty circles. If not given, 1, or 0 with an image.", 0, 9, default=None
    )
    obstacle_radius: float = mm(
        "Radius of the largest circle, at most a quarter of the shorter side; others are smaller",
        1,
        500,
        default=30.0,
    )
    tolerance: float = tolerance("the true streamline", default=0.02)

    presets = (
        Preset(
            "stream",
            "Calm stream",
            {"field": "noise", "swirl": 0.5, "separation": 2.2, "obstacles": 0},
        ),
        Preset(
            "pebbles",
            "Pebbles in vortices",
            {"field": "vortices", "obstacles": 5, "obstacle_radius": 18.0},
        ),
        Preset(
            "portrait",
            "Face in lines",
            {"field": "image", "separation": 0.9, "taper": 2.0, "shortest": 3.0},
        ),
    )

    def check(self, given: frozenset[str]) -> None:
        self.check_order(given, "shortest", "longest")

    def cost(self, area: Area) -> float:
        """Return a bound of the points; growing a line counts as some points."""
        separation, cell, step = self._sizes(area)
        room = (area.inner_width + separation) * (area.inner_height + separation)
        samples = (area.inner_width / cell + 4) * (area.inner_height / cell + 4)
        return 2 * room / (separation * step) + samples / 10

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the lines.

        The spacing follows Jobard and Lefer (1997). The swirling current is the curl of two octaves
        of gradient noise, which has no sources and no sinks (Bridson, "Curl-Noise for Procedural
        Fluid Flow", 2007). Near a circle the component of the current towards it fades out.
        """
        separation, cell, step = self._sizes(area)
        circles = self._circles(area, rng, separation)
        lines = Streamlines(
            self._field(area, rng, circles, cell),
            (area.left, area.top, area.right, area.bottom),
            separation=separation,
            step=step,
            shortest=min(self.shortest, area.shorter_side / 2),
            longest=self.longest,
        )
        for circle in circles:
            lines.block(*circle)
        seeds = _seeds(area, rng, separation)
        grown = list(_reported(lines, seeds, area.inner_width * area.inner_height / step))
        kept = [line for line in grown if not _is_wound(line, separation)]
        if self.field != "image":
            # The outlines of a picture turn so sharply that joins would cross other lines.
            kept = join_gaps(
                kept, lines.lanes, longest=self.longest, allowed=partial(_is_free, area, circles)
            )
        yield from decimated(kept, self.tolerance)

    def _sizes(self, area: Area) -> tuple[float, float, float]:
        """Return the separation, the distance between samples of the field, and the step, in mm."""
        separation = min(self.separation, area.shorter_side / 5)
        cell, bend = self.scale / 20, self.scale * (1 / 30)
        if self.field == "image":
            # Smaller details of a picture are ignored.
            form = 1 / 90 * math.sqrt(area.inner_width * area.inner_height)
            cell, bend = max(min(cell, form / 3), MIN_STEP_MM), min(bend, form / 2)
        return separation, cell, min(separation * 0.5, max(bend, MIN_STEP_MM))

    def _circles(self, area: Area, rng: np.random.Generator, separation: float) -> list[Circle]:
        """Return the x, y and radius of the obstacles that fit with a distance between them."""
        largest = min(self.obstacle_radius, area.shorter_side / 4)
        by_default = 0 if self.field == "image" else 1
        circles: list[Circle] = []
        for index in range(by_default if self.obstacles is None else self.obstacles):
            radius = largest / (1 + 0.45 * index)
            chances = rng.uniform(0, 1, (30, 2))
            if index == 0:
                # The first one is about a third from an edge (rule of thirds).
                sides = np.sign(chances - 0.5)
                chances = 0.5 + 0.36 * sides * (0.35 + np.abs(chances - 0.5))
            for u, v in chances.tolist():
                x = area.left + radius + u * (area.inner_width - 2 * radius)
                y = area.top + radius + v * (area.inner_height - 2 * radius)
                if all(
                    math.hypot(x - at_x, y - at_y) > radius + other + 6 * separation
                    for at_x, at_y, other in circles
                ):
                    circles.append((x, y, radius))
                    break
        return circles

    def _field(
        self, area: Area, rng: np.random.Generator, circles: list[Circle], cell: float
    ) -> Field:
        columns = math.ceil(area.inner_width / cell) + 4
        rows = math.ceil(area.inner_height / cell) + 4
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
        # Rounded, so that lines do not depend on the last digits of a sine.
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
        along_x = np.full(at[0].shape, 0.55 * math.cos(drift))
        along_y = np.full(at[0].shape, 0.55 * math.sin(drift))
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
            # A calm core keeps the lines from knotting in the middle.
            whirl = strength / (away_x**2 + away_y**2 + (0.12 * scale) ** 2) ** 0.5
            reach = np.exp(-(away_x**2 + away_y**2) / (1.2 * scale) ** 2)
            distance = np.sqrt(away_x**2 + away_y**2 + 1)
            along_x = along_x - 3 * whirl * reach * away_y / distance
            along_y = along_y + 3 * whirl * reach * away_x / distance
        return along_x, along_y

    def _tracing(
        self, area: Area, rng: np.random.Generator, at: tuple[Floats, Floats], cell: float
    ) -> Current:
        """Return the current perpendicular to the gradient of tones, plus weak swirls."""
        # Equalised tones would turn steps between nearly equal greys into slopes.
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
        # Growing the lines is about 0.9 of the work.
        report_progress(0.9 * filled / room)
        yield line


def _is_wound(line: Polyline, separation: float) -> bool:
    """Return whether a line is a blot: more than one round in an eddy too small for two."""
    wide, high = np.ptp(line, axis=0).tolist()
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    # One round is about 2 * (wide + high).
    return bool(max(wide, high) < 3.0 * separation and length > 2.1 * (wide + high))


def _is_free(area: Area, circles: list[Circle], points: Polyline) -> bool:
    inside = np.array_equal(area.clip(points), points)
    x, y = points.T
    return inside and all(
        bool(((x - at_x) ** 2 + (y - at_y) ** 2 > radius**2).all())
        for at_x, at_y, radius in circles
    )


def _seeds(area: Area, rng: np.random.Generator, separation: float) -> Polyline:
    columns = max(1, math.floor(area.inner_width / separation / 2))
    rows = max(1, math.floor(area.inner_height / separation / 2))
    order = rng.permutation(columns * rows)
    row, column = np.divmod(order, columns)
    jitter = rng.uniform(0.1, 0.9, (2, len(order)))
    x = area.left + (column + jitter[0]) * (area.inner_width / columns)
    return np.column_stack((x, area.top + (row + jitter[1]) * (area.inner_height / rows)))


def _parted(current: Current, at: tuple[Floats, Floats], circle: Circle) -> Current:
    """Return the current with its radial component faded out near a circle."""
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
    """Return samples blurred by the kernel (1, 2, 1) / 4 along both axes, `rounds` times."""
    for _ in range(rounds):
        wide = np.pad(values, 1, mode="edge")
        rows = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
        values = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return values
