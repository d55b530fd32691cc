"""Contours: lines of equal height of a landscape, ripples around stones, and the growth of corals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import WholeNumber, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.reaction_diffusion import CELLS, REGIMES, refined, seed_state, simulate
from libraries.lettering import lay_out
from libraries.patterns.catalogue import Polyline, pattern, tell

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TERRAIN, DISTANCE, REACTION = "terrain", "distance", "reaction_diffusion"
# The narrowest bend of a landscape, as a share of its scale; each octave halves it.
NARROWEST = 0.1
# Lines are closer together than this, in mm, only where the land is steeper than on average.
CLOSEST = 0.6
INDEX = 5
# Lines that close after less than this, in mm, are blots.
SHORTEST = 7.0
# So are lines that cut off less of a corner, in mm.
STUB = 2.0
# What it takes to find the height of one point of the lattice, counted in points drawn.
WORK = 0.4
# The length of all contours is this times their number, times the size of the room, divided by the scale; at most.
TERRAIN_LENGTH, DISTANCE_LENGTH, REACTION_LENGTH = 2.0, 0.6, 2.1
# Which sides of a square of the lattice a line enters and leaves, for the corners that are higher: 1 for upper left, 2 for upper
# right, 4 for lower right, 8 for lower left. Sides are 0 above, 1 right, 2 below, 3 left. The higher land is on the same hand.
ENTERS = np.array([0, 0, 1, 1, 2, 0, 2, 2, 3, 0, 0, 1, 3, 0, 3, 0])
LEAVES = np.array([0, 3, 0, 3, 1, 0, 0, 3, 2, 2, 0, 2, 1, 1, 0, 0])
# The same for two opposite high corners, which two pieces of line cut off; or the low corners, if the middle is high.
SADDLES = {
    (5, False): ((0, 3), (2, 1)),
    (5, True): ((0, 1), (2, 3)),
    (10, False): ((1, 0), (3, 2)),
    (10, True): ((3, 0), (1, 2)),
}
# How coarse the noise is that bends the land, and how far the lines around stones swing.
WARP_FINENESS, SWING = 0.7, 0.35
# Places that are tried for each stone.
CANDIDATES = 5
# Stripes and spots to the side of a square sheet, and the least distance between them in mm: less has no room for lines.
FEATURES, FINEST = 22, 6.0
# From line to line of a stripe, in mm, if all lie evenly; how far lines are moved to lie evenly, between dots and of stripes; and
# the shortest closed lines, in features.
NESTED, EVEN, ROUND = 0.65, (0.1, 0.75), (0.6, 2.0)
# What a step of one cell takes, counted in points drawn; and how much of all the work the steps are.
CELL_STEP, GROWN = 0.0035, 0.9
# Numbers in lines: the height of their digits, the room around them, and the shortest line that has one, in mm.
CAP, CLEAR, NUMBERED = 1.8, 0.6, 50.0
# From one place for a number to the next in mm, how many are looked at, how much of its length a straight piece spans, and how
# near to the neighbouring lines its room may come, in steps of height.
STRIDE, LOOKED_AT, STRAIGHT, NEAREST = 1.5, 40, 0.985, 0.9
# About as many points as a number has at most.
DIGITS = 90


class ContoursSchema(Schema):
    """What a drawing of contours may be told."""

    kind = fields.String(
        load_default=TERRAIN,
        validate=OneOf([TERRAIN, DISTANCE, REACTION]),
        metadata={
            "description": "Lines of equal height of a landscape (terrain), of equal distance from stones (distance), or around "
            "what two substances make that feed on each other and spread (reaction_diffusion)."
        },
    )
    levels = WholeNumber(
        load_default=40,
        validate=Range(2, 400),
        metadata={
            "description": "How many heights there are between the lowest place and the highest; reaction_diffusion has no more "
            "than its stripes have room for."
        },
    )
    scale = millimetres("Distance from hill to hill, about", least=5, most=1000, load_default=110.0)
    octaves = WholeNumber(
        load_default=3,
        validate=Range(1, 5),
        metadata={
            "description": "How fine the details of the land are: each octave adds some of half the size."
        },
    )
    warp = fields.Float(
        load_default=0.55,
        validate=Range(0, 2),
        metadata={
            "description": "How much the land is bent out of shape: 0 gives round hills, more gives ridges and valleys."
        },
    )
    stones = WholeNumber(
        load_default=5,
        validate=Range(1, 60),
        metadata={"description": "How many stones there are; only for distance."},
    )
    preset = fields.String(
        load_default="coral",
        validate=OneOf(sorted(REGIMES)),
        metadata={"description": "What grows; only for reaction_diffusion."},
    )
    feature = millimetres(
        "From one stripe or spot to the next, about; without it a part of the sheet, 10 mm on A4; only for reaction_diffusion",
        least=2,
        most=500,
        load_default=None,
    )
    iterations = WholeNumber(
        load_default=3000,
        validate=Range(500, 10_000),
        metadata={
            "description": "How many steps it grows: few leave it rough, many let it settle; only for reaction_diffusion."
        },
    )
    bold = millimetres(
        "How much wider every fifth line is, drawn forth and back beside itself; 0 for as thin as the others",
        least=0,
        most=3,
        load_default=0.3,
    )
    labels = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Whether every fifth line has its number, counted from the lowest, in a gap; only where the line is "
            "long and straight, and the lines beside it leave room."
        },
    )
    tolerance = tolerance_field("the true one, about", load_default=0.05)


def cost(
    area: Area,
    *,
    kind: str,
    levels: int,
    scale: float,
    octaves: int,
    warp: float,
    stones: int,
    preset: str,
    feature: float | None,
    iterations: int,
    bold: float,
    labels: bool,
    tolerance: float,
) -> float:
    """Return a bound of the points, or what it takes to find the heights if that is more.

    The contours' length is the sum of all steepness, by the coarea formula, divided by the step from height to height. The
    steepness of noise follows from its scale, that of a distance is 1.
    """
    del preset
    columns, rows = _lattice(
        area, _step(area, kind, tolerance, scale=scale, octaves=octaves, feature=feature)
    )
    step = min(area.inner_width / columns, area.inner_height / rows)
    room = area.inner_width * area.inner_height
    drawn = _levels(area, kind, levels, feature)
    work = columns * rows * WORK
    if kind == TERRAIN:
        length = (
            TERRAIN_LENGTH
            * (1 + 1.5 * warp)
            * drawn
            * room
            / _scale(area, scale)
            * (1 + 0.2 * (octaves - 1))
        )
        work *= octaves + 2.0
    elif kind == DISTANCE:
        length = DISTANCE_LENGTH * drawn * room / (0.25 * math.sqrt(room / stones))
        work *= 2 + stones / 4
    else:
        length = REACTION_LENGTH * drawn * room / _feature(area, feature)
        work += math.prod(_cells(area, feature)) * iterations * CELL_STEP
    if kind != TERRAIN:
        length += drawn * 4 * (area.inner_width + area.inner_height)
    # A line enters a new square after three quarters of its side on average.
    points = (1.4 * length / step + 2 * drawn) * (
        1 + (bold > 0) / INDEX * 1.5
    ) + labels * DIGITS * length / NUMBERED
    return max(points, work)


@pattern(ContoursSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    kind: str,
    levels: int,
    scale: float,
    octaves: int,
    warp: float,
    stones: int,
    preset: str,
    feature: float | None,
    iterations: int,
    bold: float,
    labels: bool,
    tolerance: float,
) -> Iterator[Polyline]:
    """A map of a land that does not exist, or a garden of raked gravel.

    A landscape is smooth noise that is bent by other noise, so that it has ridges and valleys. Its contours are evenly apart in
    height, and every fifth one is bold. The other kind has lines in equal distances around stones, which meet in sharp
    seams. The third lets one substance feed on another until corals, a maze, spots or holes have grown, and draws lines around
    them. The page cuts the lines; its edge is not drawn. A small room gets fewer lines.

    The seed makes the land, sets the stones, or sows what grows.

    Yields:
        Arrays of shape (n, 2), in mm: closed lines and lines from edge to edge, each near the end of the one before.

    The heights are known on a square lattice and straight in between: marching squares, after Lorensen and Cline,
    "Marching cubes" (1987); where the diagonals disagree, the mean of the four corners decides. What grows is the reaction of
    Gray and Scott (1984), fed as in Pearson's map (1993).
    """
    columns, rows = _lattice(
        area, _step(area, kind, tolerance, scale=scale, octaves=octaves, feature=feature)
    )
    x, y = (
        np.linspace(area.left, area.right, columns + 1),
        np.linspace(area.top, area.bottom, rows + 1),
    )
    size = _scale(area, scale)
    if kind == TERRAIN:
        heights = _terrain(rng, x, y, size, octaves=octaves, warp=warp)
    elif kind == DISTANCE:
        heights = _distance(area, rng, x, y, scale=size, warp=warp, stones=stones)
    else:
        heights = _grown(
            area,
            rng,
            (rows + 1, columns + 1),
            preset=preset,
            feature=feature,
            iterations=iterations,
        )
    shorter = min(area.inner_width, area.inner_height)
    least, stub = min(SHORTEST, 0.1 * shorter), min(STUB, 0.02 * shorter)
    if kind == REACTION:
        least = ROUND[REGIMES[preset].striped] * _feature(area, feature)
    drawn = _levels(area, kind, levels, feature)
    land = _Land(heights * drawn - 0.5, x, y)
    strokes = []
    for level, line in _contours(heights, x, y, drawn):
        closed = np.array_equal(line[0], line[-1])
        if float(np.hypot(*np.diff(line, axis=0).T).sum()) < (least if closed else stub):
            continue
        index = level % INDEX == INDEX // 2
        pieces, number = _numbered(line, level, land) if labels and index else ([line], [])
        strokes += [_bold(piece, bold) if bold and index else piece for piece in pieces] + number
    low, high = (area.left, area.top), (area.right, area.bottom)
    yield from (np.clip(line, low, high) for line in nearest_neighbour_order(strokes))


def _scale(area: Area, scale: float) -> float:
    """Return the distance from hill to hill in mm, so small that the room has some."""
    return min(scale, 0.8 * max(area.inner_width, area.inner_height))


def _feature(area: Area, feature: float | None) -> float:
    """Return the distance from stripe to stripe in mm."""
    return (
        max(FINEST, math.sqrt(area.inner_width * area.inner_height) / FEATURES)
        if feature is None
        else feature
    )


def _cells(area: Area, feature: float | None) -> tuple[int, int]:
    """Return how many rows and columns of cells something grows in; in fewer it would not."""
    side = _feature(area, feature) / CELLS
    return max(2 * CELLS, math.ceil(area.inner_height / side)), max(
        2 * CELLS, math.ceil(area.inner_width / side)
    )


def _step(
    area: Area, kind: str, tolerance: float, *, scale: float, octaves: int, feature: float | None
) -> float:
    """Return how far apart the lattice's points are in mm: a chord c leaves a circle of radius r by c**2 / (8 r)."""
    if kind == REACTION:
        return math.sqrt(8 * tolerance * NARROWEST * _feature(area, feature))
    narrowest = NARROWEST * _scale(area, scale) / (2 ** (octaves - 1) if kind == TERRAIN else 2)
    return math.sqrt(8 * tolerance * narrowest)


def _lattice(area: Area, step: float) -> tuple[int, int]:
    """Return how many squares of `step` mm or less the room has in a row, and how many rows."""
    return max(4, math.ceil(area.inner_width / step)), max(4, math.ceil(area.inner_height / step))


def _levels(area: Area, kind: str, levels: int, feature: float | None) -> int:
    if kind == REACTION:
        return min(levels, max(2, math.floor(_feature(area, feature) / (2 * NESTED))))
    return min(
        levels, max(2, math.ceil(math.hypot(area.inner_width, area.inner_height) / (2 * CLOSEST)))
    )


def _terrain(
    rng: np.random.Generator, x: Floats, y: Floats, scale: float, *, octaves: int, warp: float
) -> Floats:
    """Return heights between 0 and 1, as an array of shape (rows, columns)."""
    land, aside, along = (GradientNoise(rng) for _ in range(3))
    # The first place of the noise is a whole number, where it is 0 whatever the seed.
    u, v = x[None, :] / scale + rng.uniform(0, 64), y[:, None] / scale + rng.uniform(0, 64)
    bent_u = u + warp * aside.at(u * WARP_FINENESS, v * WARP_FINENESS)
    bent_v = v + warp * along.at(u * WARP_FINENESS + 31.7, v * WARP_FINENESS + 11.3)
    heights = land.fractal(bent_u, bent_v, octaves)
    return np.asarray((heights - heights.min()) / max(float(np.ptp(heights)), 1e-12))


def _distance(
    area: Area,
    rng: np.random.Generator,
    x: Floats,
    y: Floats,
    *,
    scale: float,
    warp: float,
    stones: int,
) -> Floats:
    """Return the distance to the nearest stone, as a share of the largest; inside of stones it is negative."""
    noise = GradientNoise(rng)
    room = math.sqrt(area.inner_width * area.inner_height / stones)
    # The lines swing a little, as those of a rake in the hand do.
    u, v = x[None, :] / scale, y[:, None] / scale
    swing = SWING * warp * room
    bent_x = x[None, :] + swing * noise.at(u + 0.37, v + 0.37)
    bent_y = y[:, None] + swing * noise.at(u + 40.37, v + 20.37)
    away = np.full(bent_x.shape, np.inf)
    for at_x, at_y in _apart(area, rng, stones):
        radius = room * rng.uniform(0.03, 0.25)
        np.minimum(away, np.sqrt((bent_x - at_x) ** 2 + (bent_y - at_y) ** 2) - radius, out=away)
    return np.asarray(away / max(float(away.max()), 1e-12))


def _apart(area: Area, rng: np.random.Generator, number: int) -> list[tuple[float, float]]:
    """Return places in the room, each the farthest from the others of a few that were tried."""
    sides = np.array((area.inner_width, area.inner_height))
    tried = rng.uniform(0.08, 0.92, (number, CANDIDATES, 2)) * sides + (area.left, area.top)
    places = [tried[0, 0]]
    for candidates in tried[1:]:
        away = ((candidates[:, None] - np.array(places)) ** 2).sum(axis=2).min(axis=1)
        places.append(candidates[int(np.argmax(away))])
    return [(float(x), float(y)) for x, y in places]


def _grown(
    area: Area,
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    preset: str,
    feature: float | None,
    iterations: int,
) -> Floats:
    """Return how much has grown, between 0 and 1, as an array of `shape`."""
    rows, columns = _cells(area, feature)
    regime = REGIMES[preset]
    amount = refined(
        simulate(
            seed_state(rng, rows, columns), regime, iterations, lambda part: tell(GROWN * part)
        ),
        *shape,
    )
    share = (amount - amount.min()) / max(float(np.ptp(amount)), 1e-12)
    # Slopes are steep and tops flat: heights that take up about as much of the sheet each are more evenly apart.
    ranks = np.linspace(0, 1, 257)
    even = np.interp(share, np.quantile(share, ranks), ranks)
    part = EVEN[regime.striped]
    return np.asarray(part * even + (1 - part) * share)


def _contours(heights: Floats, x: Floats, y: Floats, levels: int) -> Iterator[tuple[int, Polyline]]:
    """Yield the lines on which `heights`, an array of shape (rows, columns), pass each of the levels (k + 1/2) / `levels`."""
    rows, columns = heights.shape
    # How many levels a point lies above: whole numbers, so that all squares around it agree.
    above = np.maximum(np.floor(heights * levels + 0.5), 0).astype(np.int64)
    starts, ends = _segments(above, heights * levels - 0.5, rows, columns, levels)
    nodes, place = np.unique(np.concatenate((starts, ends)), return_inverse=True)
    points = _points(nodes, heights * levels - 0.5, x, y, levels)
    following = np.full(len(nodes), -1)
    following[place[: len(starts)]] = place[len(starts) :]
    first = np.ones(len(nodes), dtype=bool)
    first[place[len(starts) :]] = False
    for path in _paths(following.tolist(), np.flatnonzero(first).tolist()):
        line = points[path]
        moved = np.concatenate(([True], (np.diff(line, axis=0) != 0).any(axis=1)))
        if moved.sum() > 1:
            yield int(nodes[path[0]]) % levels, line[moved]


def _segments(
    above: Integers, heights: Floats, rows: int, columns: int, levels: int
) -> tuple[Integers, Integers]:
    """Return where the pieces of line in the squares begin and end.

    Both are numbers of a side of the lattice, times `levels`, plus the level. Sides that lie across come first, row by row.
    """
    corners = above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1]
    lowest, highest = np.minimum.reduce(corners).ravel(), np.maximum.reduce(corners).ravel()
    count = highest - lowest
    square = np.repeat(np.arange(len(count)), count)
    level = np.arange(len(square)) - np.repeat(np.cumsum(count) - count - lowest, count)
    case = sum(
        (corner.ravel()[square] > level) * np.int64(2**bit) for bit, corner in enumerate(corners)
    )
    middle = (heights[:-1, :-1] + heights[:-1, 1:] + heights[1:, 1:] + heights[1:, :-1]).ravel()[
        square
    ] / 4 > level
    row, column = np.divmod(square, columns - 1)
    across, down = row * (columns - 1) + column, rows * (columns - 1) + row * columns + column
    sides = np.stack((across, down + 1, across + columns - 1, down))
    number = np.arange(len(square))
    # Two opposite corners are high: two pieces, which cut off the high corners or, if the middle is high, the low ones.
    first, second = _saddles(case, middle)
    twice = np.flatnonzero(second[0] >= 0)
    enters = np.concatenate((sides[first[0], number], sides[second[0][twice], twice]))
    leaves = np.concatenate((sides[first[1], number], sides[second[1][twice], twice]))
    named = np.concatenate((level, level[twice]))
    return enters * levels + named, leaves * levels + named


def _saddles(
    case: Integers, middle: NDArray[np.bool_]
) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    """Return the sides by which the first and the second piece of each square enter and leave; -1 for no second piece."""
    enters, leaves = ENTERS[case], LEAVES[case]
    more = np.full((2, len(case)), -1)
    for (which, high), sides in SADDLES.items():
        squares = (case == which) & (middle == high)
        (enters[squares], leaves[squares]), (more[0, squares], more[1, squares]) = sides
    return (enters, leaves), (more[0], more[1])


def _points(nodes: Integers, heights: Floats, x: Floats, y: Floats, levels: int) -> Polyline:
    """Return where the levels cross the sides of the lattice, in mm."""
    side, level = np.divmod(nodes, levels)
    rows, columns = heights.shape
    lies_across = side < rows * (columns - 1)
    down = side - rows * (columns - 1)
    row = np.where(lies_across, side // (columns - 1), down // columns)
    column = np.where(lies_across, side % (columns - 1), down % columns)
    next_row, next_column = row + ~lies_across, column + lies_across
    start, end = heights[row, column], heights[next_row, next_column]
    part = np.clip((level - start) / (end - start), 0, 1)
    return np.column_stack(
        (x[column] + part * (x[next_column] - x[column]), y[row] + part * (y[next_row] - y[row]))
    )


def _paths(following: list[int], open_ends: list[int]) -> Iterator[list[int]]:
    """Yield the runs through `following`: from each open end to the other, then those that return to where they began."""
    for start in (*open_ends, *range(len(following))):
        path, node = [start], following[start]
        while node >= 0:
            following[path[-1]] = -1
            path.append(node)
            node = following[node]
        if len(path) > 1:
            yield path


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
    """Heights in steps of the contours, in which the contour of level k is at k; known at the places `x` and `y` in mm."""

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
    """Return what is left of a line beside the gap for its number, and the number's strokes; all of it, where none has room."""
    run = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
    digits = lay_out(str(level + 1), cap_height=CAP, align="center", vertical="middle")
    gap = digits.width + 2 * CLEAR
    if run[-1] < max(NUMBERED, 4 * gap):
        return [line], []
    starts = np.arange(gap, run[-1] - 2 * gap, STRIDE)
    first, last = (
        np.column_stack([np.interp(starts + shift, run, each) for each in line.T])
        for shift in (0, gap)
    )
    spans = np.hypot(*(last - first).T) / gap
    for place in np.argsort(-spans, kind="stable")[:LOOKED_AT].tolist():
        if spans[place] < STRAIGHT:
            break
        along = (last[place] - first[place]) / (spans[place] * gap)
        # Numbers are read from left to right, and those that stand upright from below.
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
        np.linspace(-gap / 2, gap / 2, 9), np.linspace(-1, 1, 5) * (CAP / 2 + CLEAR / 2)
    )
    places = np.stack((across, down), axis=2) @ turn + middle
    if not land.holds(places):
        return False
    above = land.at(places) - level
    sides = np.sign(above[[0, -1]])
    return bool(
        (np.abs(above) < NEAREST).all()
        and (sides == sides[:, :1]).all()
        and sides[0, 0] * sides[1, 0] < 0
    )


def _without(
    line: Polyline, run: Floats, first: tuple[float, Polyline], last: tuple[float, Polyline]
) -> list[Polyline]:
    """Return the line without the part between two places, given by their way along the line and in mm; a closed line opens."""
    before = np.concatenate((line[run < first[0]], first[1][None]))
    after = np.concatenate((last[1][None], line[run > last[0]]))
    return (
        [np.concatenate((after, before[1:]))]
        if np.array_equal(line[0], line[-1])
        else [before, after]
    )
