"""Contours of a landscape, of distances from stones, and of a reaction-diffusion process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, choice, flag, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.contours import contour_lines
from libraries.geometry.noise import GradientNoise
from libraries.geometry.reaction_diffusion import CELLS, REGIMES, refined, seed_state, simulate
from libraries.lettering import lay_out
from libraries.patterns.catalogue import Polyline, pattern, report_progress

# Every fifth line may be bold and have a label.
INDEX = 5
# Labels: height of the digits, clearance around them, length of the shortest line with one.
CAP_MM, CLEAR_MM, MIN_LABELED_MM = 1.8, 0.6, 50.0

Kind = Literal["terrain", "distance", "reaction_diffusion"]


@pattern
class Contours(Params):
    """A map of an imaginary landscape, or a garden of raked gravel.

    A landscape is smooth noise warped by other noise, so that it has ridges and valleys. Its
    contours are evenly spaced in height, and every fifth one is bold. The second kind has lines at
    equal distances around stones, which meet in sharp seams. The third simulates two reacting
    substances that form corals, a maze, spots or holes, and draws lines around them. The lines end
    at the margins, which are not drawn. A small area gets fewer lines.

    The seed chooses the landscape, the positions of the stones, or the initial state of the
    simulation.
    """

    kind: Kind = choice(
        "Lines of equal height of a landscape (terrain), of equal distance from stones "
        "(distance), or of equal concentration in a simulated reaction (reaction_diffusion).",
        Kind,
        default="terrain",
    )
    levels: int = whole(
        "Number of contour levels; for reaction_diffusion, at most as many as fit its stripes.",
        2,
        400,
        default=40,
    )
    scale: float = mm("Approximate distance between hills", 5, 1000, default=110.0)
    octaves: int = whole("Octaves of noise; each adds details of half the size.", 1, 5, default=3)
    warp: float = number(
        "Distortion of the landscape: 0 gives round hills, more gives ridges and valleys.",
        0,
        2,
        default=0.55,
    )
    stones: int = whole("Number of stones; only for distance.", 1, 60, default=5)
    preset: str = choice(
        "Shape of the growth; only for reaction_diffusion.", sorted(REGIMES), default="coral"
    )
    feature: float | None = mm(
        "Approximate distance between stripes or spots; only for reaction_diffusion. Proportional "
        "to the page if not given: 10 mm on A4",
        2,
        500,
        default=None,
    )
    iterations: int = whole(
        "Steps of the simulation: more give smoother shapes; only for reaction_diffusion.",
        500,
        10000,
        default=3000,
    )
    bold: float = mm(
        "Extra width of every fifth line, which is drawn twice; 0 for none", 0, 3, default=0.3
    )
    labels: bool = flag(
        "Label every fifth line with its number, counted from the lowest, where the line is long "
        "and straight and its neighbours leave enough space.",
        default=False,
    )
    tolerance: float = tolerance("the true contour, approximately", default=0.05)

    presets = (
        Preset(
            "garden", "Raked gravel", {"kind": "distance", "levels": 60, "stones": 4, "bold": 0.0}
        ),
        Preset("survey", "Labelled map", {"levels": 24, "octaves": 4, "warp": 0.8, "labels": True}),
        Preset(
            "maze",
            "Grown maze",
            {
                "kind": "reaction_diffusion",
                "preset": "maze",
                "feature": 14.0,
                "iterations": 1500,
                "levels": 4,
                "bold": 0.0,
            },
        ),
    )

    def cost(self, area: Area) -> float:
        """Return a bound of the points, or the time to find the heights if that is more.

        By the coarea formula, the length of the contours is the integral of the slope divided by
        the step between heights. The slope of noise follows from its scale, that of a distance
        is 1. So the length is a factor times contours times area, divided by the scale.
        """
        columns, rows = self._lattice(area)
        step = min(area.inner_width / columns, area.inner_height / rows)
        room = area.inner_width * area.inner_height
        drawn = self._levels(area)
        # The height of a lattice point takes as long as drawing 0.4 points.
        work = columns * rows * 0.4
        if self.kind == "terrain":
            length = 2.0 * (1 + 1.5 * self.warp) * drawn * room / self._scale(area)
            length *= 1 + 0.2 * (self.octaves - 1)
            work *= self.octaves + 2.0
        elif self.kind == "distance":
            length = 0.6 * drawn * room / (0.25 * math.sqrt(room / self.stones))
            work *= 2 + self.stones / 4
        else:
            length = 2.1 * drawn * room / self._feature(area)
            # The time for one step of one cell, in points drawn.
            work += math.prod(self._cells(area)) * self.iterations * 0.0035
        if self.kind != "terrain":
            length += drawn * 4 * (area.inner_width + area.inner_height)
        # On average, a line enters a new square after three quarters of its side.
        points = (1.4 * length / step + 2 * drawn) * (1 + (self.bold > 0) / INDEX * 1.5)
        max_label_points = 90
        return max(points + self.labels * max_label_points * length / MIN_LABELED_MM, work)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield closed lines and lines from edge to edge."""
        columns, rows = self._lattice(area)
        x = np.linspace(area.left, area.right, columns + 1)
        y = np.linspace(area.top, area.bottom, rows + 1)
        heights = self._heights(area, rng, x, y)
        levels = self._levels(area)
        terrain = _Terrain(heights * levels - 0.5, x, y)
        min_closed, min_open = self._min_lengths(area)
        strokes = []
        for level, line in contour_lines(heights, x, y, levels):
            closed = np.array_equal(line[0], line[-1])
            length = float(np.hypot(*np.diff(line, axis=0).T).sum())
            if length < (min_closed if closed else min_open):
                continue
            is_index = level % INDEX == INDEX // 2
            pieces, label = [line], list[Polyline]()
            if self.labels and is_index:
                pieces, label = _labeled(line, level, terrain)
            if self.bold and is_index:
                pieces = [_bold(piece, self.bold) for piece in pieces]
            strokes += pieces + label
        yield from map(area.clip, strokes)

    def _min_lengths(self, area: Area) -> tuple[float, float]:
        """Return the shortest closed and open line in mm; shorter ones would be blots."""
        min_open = min(2.0, 0.02 * area.shorter_side)
        if self.kind == "reaction_diffusion":
            striped = REGIMES[self.preset].striped
            return (2.0 if striped else 0.6) * self._feature(area), min_open
        return min(7.0, 0.1 * area.shorter_side), min_open

    def _heights(self, area: Area, rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
        """Return heights up to 1 at `x` and `y` in mm, of shape (rows, columns)."""
        if self.kind == "terrain":
            return _terrain(rng, x, y, self._scale(area), octaves=self.octaves, warp=self.warp)
        if self.kind == "distance":
            return self._distances(area, rng, x, y)
        return self._reaction(area, rng, (len(y), len(x)))

    def _scale(self, area: Area) -> float:
        return min(self.scale, 0.8 * max(area.inner_width, area.inner_height))

    def _feature(self, area: Area) -> float:
        if self.feature is not None:
            return self.feature
        return max(6.0, math.sqrt(area.inner_width * area.inner_height) / 22)

    def _cells(self, area: Area) -> tuple[int, int]:
        """Return the rows and columns of the simulation; with fewer, nothing would grow."""
        side = self._feature(area) / CELLS
        rows, columns = math.ceil(area.inner_height / side), math.ceil(area.inner_width / side)
        return max(2 * CELLS, rows), max(2 * CELLS, columns)

    def _lattice(self, area: Area) -> tuple[int, int]:
        """Return the number of columns and rows of squares.

        A chord c deviates from a circle of radius r by c**2 / (8 r). The smallest radius is a tenth
        of the scale, and each octave halves it.
        """
        if self.kind == "reaction_diffusion":
            bend = 0.1 * self._feature(area)
        else:
            halved = 2 ** (self.octaves - 1) if self.kind == "terrain" else 2
            bend = 0.1 * self._scale(area) / halved
        step = math.sqrt(8 * self.tolerance * bend)
        columns, rows = math.ceil(area.inner_width / step), math.ceil(area.inner_height / step)
        return max(4, columns), max(4, rows)

    def _levels(self, area: Area) -> int:
        if self.kind == "reaction_diffusion":
            # Evenly spaced lines in a stripe are at least 0.65 mm apart.
            return min(self.levels, max(2, math.floor(self._feature(area) / (2 * 0.65))))
        # Lines are closer than 0.6 mm only where the slope is steeper than average.
        diagonal = math.hypot(area.inner_width, area.inner_height)
        return min(self.levels, max(2, math.ceil(diagonal / (2 * 0.6))))

    def _distances(self, area: Area, rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
        """Return distances to the nearest stone, at most 1, negative inside stones."""
        noise = GradientNoise(rng)
        room = math.sqrt(area.inner_width * area.inner_height / self.stones)
        # The lines waver a little, like those of a rake.
        scale = self._scale(area)
        u, v = x[None, :] / scale, y[:, None] / scale
        swing = 0.35 * self.warp * room
        bent_x = x[None, :] + swing * noise.at(u + 0.37, v + 0.37)
        bent_y = y[:, None] + swing * noise.at(u + 40.37, v + 20.37)
        distance = np.full(bent_x.shape, np.inf)
        for at_x, at_y in _apart(area, rng, self.stones):
            radius = room * rng.uniform(0.03, 0.25)
            away = np.sqrt((bent_x - at_x) ** 2 + (bent_y - at_y) ** 2) - radius
            np.minimum(distance, away, out=distance)
        return np.asarray(distance / max(float(distance.max()), 1e-12))

    def _reaction(self, area: Area, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Return the concentration, from 0 to 1, as an array of `shape`."""
        regime = REGIMES[self.preset]
        seeds = seed_state(rng, *self._cells(area))
        # The simulation is about 0.9 of the work.
        state = simulate(seeds, regime, self.iterations, lambda part: report_progress(0.9 * part))
        share = _normalized(refined(state, *shape))
        # Slopes are steep and tops flat, so the heights are partly equalized to space the lines
        # evenly; more so for stripes than for dots.
        ranks = np.linspace(0, 1, 257)
        even = np.interp(share, np.quantile(share, ranks), ranks)
        part = 0.75 if regime.striped else 0.1
        return np.asarray(part * even + (1 - part) * share)


def _terrain(
    rng: np.random.Generator, x: Floats, y: Floats, scale: float, *, octaves: int, warp: float
) -> Floats:
    land, aside, along = (GradientNoise(rng) for _ in range(3))
    # Shifted, since noise is 0 at whole numbers for every seed.
    u, v = x[None, :] / scale + rng.uniform(0, 64), y[:, None] / scale + rng.uniform(0, 64)
    bent_u = u + warp * aside.at(u * 0.7, v * 0.7)
    bent_v = v + warp * along.at(u * 0.7 + 31.7, v * 0.7 + 11.3)
    return _normalized(land.fractal(bent_u, bent_v, octaves))


def _normalized(values: Floats) -> Floats:
    return np.asarray((values - values.min()) / max(float(np.ptp(values)), 1e-12))


def _apart(area: Area, rng: np.random.Generator, number: int) -> list[tuple[float, float]]:
    """Return points in the area, each the farthest from the others of five candidates."""
    sides = np.array((area.inner_width, area.inner_height))
    tried = rng.uniform(0.08, 0.92, (number, 5, 2)) * sides + (area.left, area.top)
    points = [tried[0, 0]]
    for candidates in tried[1:]:
        away = ((candidates[:, None] - np.array(points)) ** 2).sum(axis=2).min(axis=1)
        points.append(candidates[int(np.argmax(away))])
    return [(float(x), float(y)) for x, y in points]


def _bold(line: Polyline, width: float) -> Polyline:
    """Return `line` drawn twice, `width` mm apart: back and forth, or two rounds if closed."""
    closed = np.array_equal(line[0], line[-1])
    before, after = (line[-2:-1], line[1:2]) if closed else (line[:1], line[-1:])
    run = np.concatenate((before, line, after))
    along = run[2:] - run[:-2]
    aside = np.column_stack((-along[:, 1], along[:, 0])) * (
        width / 2 / np.maximum(np.hypot(*along.T), 1e-12)[:, None]
    )
    one, two = line + aside, line - aside
    return np.concatenate((one, two if closed else two[::-1]))


@dataclass(frozen=True)
class _Terrain:
    """Heights at `x` and `y` in mm, in units of the contour interval: level k is at height k."""

    heights: Floats
    x: Floats
    y: Floats

    def contains(self, points: Polyline) -> bool:
        """Return whether all points, an array of shape (..., 2) in mm, are inside."""
        low, high = (self.x[0], self.y[0]), (self.x[-1], self.y[-1])
        return bool((points >= low).all() and (points <= high).all())

    def at(self, points: Polyline) -> Floats:
        column, row = (
            np.rint((points[..., axis] - along[0]) / (along[1] - along[0])).astype(np.int64)
            for axis, along in enumerate((self.x, self.y))
        )
        return np.asarray(self.heights[row, column])


def _labeled(
    line: Polyline, level: int, terrain: _Terrain
) -> tuple[list[Polyline], list[Polyline]]:
    """Return the line with a gap for its label, and the strokes of the label, if it fits."""
    run = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
    digits = lay_out(str(level + 1), cap_height=CAP_MM, align="center", vertical="middle")
    gap = digits.width + 2 * CLEAR_MM
    if run[-1] < max(MIN_LABELED_MM, 4 * gap):
        return [line], []
    starts = np.arange(gap, run[-1] - 2 * gap, 1.5)
    first, last = (
        np.column_stack([np.interp(starts + shift, run, each) for each in line.T])
        for shift in (0, gap)
    )
    straightness = np.hypot(*(last - first).T) / gap
    for index in np.argsort(-straightness, kind="stable")[:40].tolist():
        if straightness[index] < 0.985:  # noqa: PLR2004 - too curved for a label
            break
        along = (last[index] - first[index]) / (straightness[index] * gap)
        # Labels read from left to right, or upwards.
        if along[0] < 0 or (along[0] == 0 and along[1] > 0):
            along = -along
        turn = np.array([along, (-along[1], along[0])])
        middle = (first[index] + last[index]) / 2
        if _has_room(middle, turn, gap, level, terrain):
            start, end = (starts[index], first[index]), (starts[index] + gap, last[index])
            return _without(line, run, start, end), [
                stroke @ turn + middle for stroke in digits.strokes
            ]
    return [line], []


def _has_room(middle: Polyline, turn: Floats, gap: float, level: int, terrain: _Terrain) -> bool:
    """Return whether the box of a label is inside the area and crossed only by its own line."""
    across, down = np.meshgrid(
        np.linspace(-gap / 2, gap / 2, 9), np.linspace(-1, 1, 5) * (CAP_MM / 2 + CLEAR_MM / 2)
    )
    points = np.stack((across, down), axis=2) @ turn + middle
    if not terrain.contains(points):
        return False
    above = terrain.at(points) - level
    sides = np.sign(above[[0, -1]])
    # The neighbouring lines are at a height difference of 1.
    is_crossed = (np.abs(above) >= 0.9).any()  # noqa: PLR2004
    return bool(not is_crossed and (sides == sides[:, :1]).all() and sides[0, 0] * sides[1, 0] < 0)


def _without(
    line: Polyline, run: Floats, first: tuple[float, Polyline], last: tuple[float, Polyline]
) -> list[Polyline]:
    """Return the line without the part between two positions: distances in mm, and points."""
    before = np.concatenate((line[run < first[0]], first[1][None]))
    after = np.concatenate((last[1][None], line[run > last[0]]))
    if np.array_equal(line[0], line[-1]):
        return [np.concatenate((after, before[1:]))]
    return [before, after]
