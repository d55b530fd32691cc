"""Contours: lines of equal height of a land, ripples around stones, and the growth of corals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.fields import Params, choice, flag, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.contours import contour_lines
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.reaction_diffusion import CELLS, REGIMES, refined, seed_state, simulate
from libraries.lettering import lay_out
from libraries.patterns.catalogue import Polyline, pattern, report_progress

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


INDEX = 5
# Stripes of a reaction to the side of a square sheet.
FEATURES = 22
# Numbers in lines: the height of their digits, the room around them, and the shortest line that has
# one.
CAP_MM, CLEAR_MM, MIN_NUMBERED_MM = 1.8, 0.6, 50.0

Kind = Literal["terrain", "distance", "reaction_diffusion"]


@pattern
class Contours(Params):
    """A map of a land that does not exist, or a garden of raked gravel.

    A landscape is smooth noise that is bent by other noise, so that it has ridges and valleys. Its
    contours are evenly apart in height, and every fifth one is bold. The other kind has lines in
    equal distances around stones, which meet in sharp seams. The third lets one substance feed on
    another until corals, a maze, spots or holes have grown, and draws lines around them. The page
    cuts the lines; its edge is not drawn. A small room gets fewer lines.

    The seed makes the land, sets the stones, or sows what grows.
    """

    kind: Kind = choice(
        "Lines of equal height of a landscape (terrain), of equal distance from stones "
        "(distance), or around what two substances make that feed on each other and spread "
        "(reaction_diffusion).",
        Kind,
        default="terrain",
    )
    levels: int = whole(
        "How many heights there are between the lowest place and the highest; reaction_diffusion "
        "has no more than its stripes have room for.",
        2,
        400,
        default=40,
    )
    scale: float = mm("Distance from hill to hill, about", 5, 1000, default=110.0)
    octaves: int = whole(
        "How fine the details of the land are: each octave adds some of half the size.",
        1,
        5,
        default=3,
    )
    warp: float = number(
        "How much the land is bent out of shape: 0 gives round hills, more gives ridges and "
        "valleys.",
        0,
        2,
        default=0.55,
    )
    stones: int = whole("How many stones there are; only for distance.", 1, 60, default=5)
    preset: str = choice(
        "What grows; only for reaction_diffusion.", sorted(REGIMES), default="coral"
    )
    feature: float | None = mm(
        "From one stripe or spot to the next, about; without it a part of the sheet, 10 mm on A4; "
        "only for reaction_diffusion",
        2,
        500,
        default=None,
    )
    iterations: int = whole(
        "How many steps it grows: few leave it rough, many let it settle; only for "
        "reaction_diffusion.",
        500,
        10000,
        default=3000,
    )
    bold: float = mm(
        "How much wider every fifth line is, drawn forth and back beside itself; 0 for as thin as "
        "the others",
        0,
        3,
        default=0.3,
    )
    labels: bool = flag(
        "Whether every fifth line has its number, counted from the lowest, in a gap; only where "
        "the line is long and straight, and the lines beside it leave room.",
        default=False,
    )
    tolerance: float = tolerance("the true one, about", default=0.05)

    def cost(self, area: Area) -> float:
        """Return a bound of the points, or what it takes to find the heights if that is more.

        The contours' length is the sum of all steepness, by the coarea formula, divided by the step
        from height to height. The steepness of noise follows from its scale, that of a distance is
        1. So for each kind the length is a factor times the number of contours, times the size of
        the area, divided by the scale.
        """
        columns, rows = self._lattice(area)
        step = min(area.inner_width / columns, area.inner_height / rows)
        room = area.inner_width * area.inner_height
        drawn = self._levels(area)
        # To find the height of a point of the lattice takes as long as to draw 0.4 points.
        work = columns * rows * 0.4
        if self.kind == "terrain":
            length = (
                2.0
                * (1 + 1.5 * self.warp)
                * drawn
                * room
                / self._scale(area)
                * (1 + 0.2 * (self.octaves - 1))
            )
            work *= self.octaves + 2.0
        elif self.kind == "distance":
            length = 0.6 * drawn * room / (0.25 * math.sqrt(room / self.stones))
            work *= 2 + self.stones / 4
        else:
            length = 2.1 * drawn * room / self._feature(area)
            # A step of one cell, counted in points drawn.
            work += math.prod(self._cells(area)) * self.iterations * 0.0035
        if self.kind != "terrain":
            length += drawn * 4 * (area.inner_width + area.inner_height)
        # A line enters a new square after three quarters of its side on average.
        points = (1.4 * length / step + 2 * drawn) * (1 + (self.bold > 0) / INDEX * 1.5)
        # A number has about 90 points at most.
        return max(points + self.labels * 90 * length / MIN_NUMBERED_MM, work)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield closed lines and lines from edge to edge, each near the end of the one before."""
        columns, rows = self._lattice(area)
        x, y = (
            np.linspace(area.left, area.right, columns + 1),
            np.linspace(area.top, area.bottom, rows + 1),
        )
        heights = self._heights(area, rng, x, y)
        shorter = min(area.inner_width, area.inner_height)
        # Shorter closed lines are blots, and so are lines that cut off less of a corner.
        least, stub = min(7.0, 0.1 * shorter), min(2.0, 0.02 * shorter)
        if self.kind == "reaction_diffusion":
            least = (2.0 if REGIMES[self.preset].striped else 0.6) * self._feature(area)
        drawn = self._levels(area)
        land = _Land(heights * drawn - 0.5, x, y)
        strokes = []
        for level, line in contour_lines(heights, x, y, drawn):
            closed = np.array_equal(line[0], line[-1])
            if float(np.hypot(*np.diff(line, axis=0).T).sum()) < (least if closed else stub):
                continue
            index = level % INDEX == INDEX // 2
            pieces, number = _numbered(line, level, land) if self.labels and index else ([line], [])
            strokes += [
                _bold(piece, self.bold) if self.bold and index else piece for piece in pieces
            ] + number
        low, high = (area.left, area.top), (area.right, area.bottom)
        yield from (np.clip(line, low, high) for line in nearest_neighbour_order(strokes))

    def _heights(self, area: Area, rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
        """Return heights up to 1 at the places `x` and `y` in mm, of shape (rows, columns)."""
        if self.kind == "terrain":
            return _terrain(rng, x, y, self._scale(area), octaves=self.octaves, warp=self.warp)
        if self.kind == "distance":
            return self._distances(area, rng, x, y)
        return self._reaction(area, rng, (len(y), len(x)))

    def _scale(self, area: Area) -> float:
        """Return the distance from hill to hill in mm, so small that the area has some."""
        return min(self.scale, 0.8 * max(area.inner_width, area.inner_height))

    def _feature(self, area: Area) -> float:
        """Return the distance from stripe to stripe in mm; less than 6 has no room for lines."""
        if self.feature is not None:
            return self.feature
        return max(6.0, math.sqrt(area.inner_width * area.inner_height) / FEATURES)

    def _cells(self, area: Area) -> tuple[int, int]:
        """Return how many rows and columns of cells something grows in; in fewer it would not."""
        side = self._feature(area) / CELLS
        return max(2 * CELLS, math.ceil(area.inner_height / side)), max(
            2 * CELLS, math.ceil(area.inner_width / side)
        )

    def _lattice(self, area: Area) -> tuple[int, int]:
        """Return how many columns and rows of squares the lattice has.

        A chord c leaves a circle of radius r by c**2 / (8 r). The narrowest bend has a tenth of the
        scale for its radius, and each octave halves it.
        """
        if self.kind == "reaction_diffusion":
            bend = 0.1 * self._feature(area)
        else:
            halved = 2 ** (self.octaves - 1) if self.kind == "terrain" else 2
            bend = 0.1 * self._scale(area) / halved
        step = math.sqrt(8 * self.tolerance * bend)
        return max(4, math.ceil(area.inner_width / step)), max(
            4, math.ceil(area.inner_height / step)
        )

    def _levels(self, area: Area) -> int:
        """Return how many contours there are, at most as many as the area has room for."""
        if self.kind == "reaction_diffusion":
            # From line to line of a stripe, if all lie evenly.
            return min(self.levels, max(2, math.floor(self._feature(area) / (2 * 0.65))))
        # Lines are closer together than 0.6 mm only where the land is steeper than on average.
        diagonal = math.hypot(area.inner_width, area.inner_height)
        return min(self.levels, max(2, math.ceil(diagonal / (2 * 0.6))))

    def _distances(self, area: Area, rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
        """Return distances to the nearest stone as shares of the largest; below 0 inside stones."""
        noise = GradientNoise(rng)
        room = math.sqrt(area.inner_width * area.inner_height / self.stones)
        # The lines swing a little, as those of a rake in the hand do.
        scale = self._scale(area)
        u, v = x[None, :] / scale, y[:, None] / scale
        swing = 0.35 * self.warp * room
        bent_x = x[None, :] + swing * noise.at(u + 0.37, v + 0.37)
        bent_y = y[:, None] + swing * noise.at(u + 40.37, v + 20.37)
        distance = np.full(bent_x.shape, np.inf)
        for at_x, at_y in _apart(area, rng, self.stones):
            radius = room * rng.uniform(0.03, 0.25)
            np.minimum(
                distance,
                np.sqrt((bent_x - at_x) ** 2 + (bent_y - at_y) ** 2) - radius,
                out=distance,
            )
        return np.asarray(distance / max(float(distance.max()), 1e-12))

    def _reaction(self, area: Area, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Return how much has grown, between 0 and 1, as an array of `shape`."""
        regime = REGIMES[self.preset]
        seeds = seed_state(rng, *self._cells(area))
        # The steps are about 0.9 of all the work.
        amount = refined(
            simulate(seeds, regime, self.iterations, lambda part: report_progress(0.9 * part)),
            *shape,
        )
        share = (amount - amount.min()) / max(float(np.ptp(amount)), 1e-12)
        # Slopes are steep and tops flat: heights that take up about as much of the sheet each are
        # more evenly apart. Stripes are moved farther towards that than dots.
        ranks = np.linspace(0, 1, 257)
        even = np.interp(share, np.quantile(share, ranks), ranks)
        part = 0.75 if regime.striped else 0.1
        return np.asarray(part * even + (1 - part) * share)


def _terrain(
    rng: np.random.Generator, x: Floats, y: Floats, scale: float, *, octaves: int, warp: float
) -> Floats:
    """Return heights between 0 and 1, as an array of shape (rows, columns)."""
    land, aside, along = (GradientNoise(rng) for _ in range(3))
    # The first place of the noise is a whole number, where it is 0 whatever the seed.
    u, v = x[None, :] / scale + rng.uniform(0, 64), y[:, None] / scale + rng.uniform(0, 64)
    bent_u = u + warp * aside.at(u * 0.7, v * 0.7)
    bent_v = v + warp * along.at(u * 0.7 + 31.7, v * 0.7 + 11.3)
    heights = land.fractal(bent_u, bent_v, octaves)
    return np.asarray((heights - heights.min()) / max(float(np.ptp(heights)), 1e-12))


def _apart(area: Area, rng: np.random.Generator, number: int) -> list[tuple[float, float]]:
    """Return places in the area, each the farthest from the others of five that were tried."""
    sides = np.array((area.inner_width, area.inner_height))
    tried = rng.uniform(0.08, 0.92, (number, 5, 2)) * sides + (area.left, area.top)
    places = [tried[0, 0]]
    for candidates in tried[1:]:
        away = ((candidates[:, None] - np.array(places)) ** 2).sum(axis=2).min(axis=1)
        places.append(candidates[int(np.argmax(away))])
    return [(float(x), float(y)) for x, y in places]


def _bold(line: Polyline, width: float) -> Polyline:
    """Return `line` drawn forth and back, or twice round if it is closed, `width` mm apart."""
    closed = np.array_equal(line[0], line[-1])
    run = (
        np.concatenate((line[-2:-1], line, line[1:2]))
        if closed
        else np.concatenate((line[:1], line, line[-1:]))
    )
    along = run[2:] - run[:-2]
    aside = np.column_stack((-along[:, 1], along[:, 0])) * (
        width / 2 / np.maximum(np.hypot(*along.T), 1e-12)[:, None]
    )
    one, two = line + aside, line - aside
    return np.concatenate((one, two if closed else two[::-1]))


@dataclass(frozen=True)
class _Land:
    """Heights at the places `x` and `y` in mm, in steps: the contour of level k is at k."""

    heights: Floats
    x: Floats
    y: Floats

    def holds(self, places: Polyline) -> bool:
        """Return whether all places, an array of shape (..., 2) in mm, are on the sheet."""
        return bool(
            (places >= (self.x[0], self.y[0])).all() and (places <= (self.x[-1], self.y[-1])).all()
        )

    def at(self, places: Polyline) -> Floats:
        """Return the heights of the nearest known places."""
        column, row = (
            np.rint((places[..., axis] - along[0]) / (along[1] - along[0])).astype(np.int64)
            for axis, along in enumerate((self.x, self.y))
        )
        return np.asarray(self.heights[row, column])


def _numbered(line: Polyline, level: int, land: _Land) -> tuple[list[Polyline], list[Polyline]]:
    """Return what is left of a line with a gap for its number, and the strokes of the number.

    A line without room for a number stays whole.
    """
    run = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
    digits = lay_out(str(level + 1), cap_height=CAP_MM, align="center", vertical="middle")
    gap = digits.width + 2 * CLEAR_MM
    if run[-1] < max(MIN_NUMBERED_MM, 4 * gap):
        return [line], []
    starts = np.arange(gap, run[-1] - 2 * gap, 1.5)
    first, last = (
        np.column_stack([np.interp(starts + shift, run, each) for each in line.T])
        for shift in (0, gap)
    )
    spans = np.hypot(*(last - first).T) / gap
    # The straightest 40 places are tried.
    for place in np.argsort(-spans, kind="stable")[:40].tolist():
        if spans[place] < 0.985:  # noqa: PLR2004 - how much of its length a straight piece spans
            break
        along = (last[place] - first[place]) / (spans[place] * gap)
        # Numbers are read from left to right, and upright ones from below.
        if along[0] < 0 or (along[0] == 0 and along[1] > 0):
            along = -along
        turn = np.array([along, (-along[1], along[0])])
        middle = (first[place] + last[place]) / 2
        if _has_room(middle, turn, gap, level, land):
            pieces = _without(
                line, run, (starts[place], first[place]), (starts[place] + gap, last[place])
            )
            return pieces, [stroke @ turn + middle for stroke in digits.strokes]
    return [line], []


def _has_room(middle: Polyline, turn: Floats, gap: float, level: int, land: _Land) -> bool:
    """Return whether the room of a number is on the sheet and crossed by no line but its own."""
    across, down = np.meshgrid(
        np.linspace(-gap / 2, gap / 2, 9), np.linspace(-1, 1, 5) * (CAP_MM / 2 + CLEAR_MM / 2)
    )
    places = np.stack((across, down), axis=2) @ turn + middle
    if not land.holds(places):
        return False
    above = land.at(places) - level
    sides = np.sign(above[[0, -1]])
    # The neighbouring lines are a step of height away.
    return bool(
        (np.abs(above) < 0.9).all()  # noqa: PLR2004
        and (sides == sides[:, :1]).all()
        and sides[0, 0] * sides[1, 0] < 0
    )


def _without(
    line: Polyline, run: Floats, first: tuple[float, Polyline], last: tuple[float, Polyline]
) -> list[Polyline]:
    """Return the line without the part between two places; a closed line opens.

    Places are given by their distance along the line in mm, and as points.
    """
    before = np.concatenate((line[run < first[0]], first[1][None]))
    after = np.concatenate((last[1][None], line[run > last[0]]))
    return (
        [np.concatenate((after, before[1:]))]
        if np.array_equal(line[0], line[-1])
        else [before, after]
    )
