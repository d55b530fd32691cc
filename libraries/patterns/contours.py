"""Contours: lines of equal height of a landscape, and ripples around stones."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.drawing.area import Area
from libraries.drawing.fields import WholeNumber, millimetres
from libraries.drawing.noise import GradientNoise
from libraries.drawing.ordering import nearest_first
from libraries.patterns.catalogue import Polyline, pattern

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TERRAIN, DISTANCE = "terrain", "distance"
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
TERRAIN_LENGTH, DISTANCE_LENGTH = 2.0, 0.6
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


class ContoursSchema(Schema):
    """What a drawing of contours may be told."""

    kind = fields.String(
        load_default=TERRAIN,
        validate=OneOf([TERRAIN, DISTANCE]),
        metadata={"description": "Lines of equal height of a landscape (terrain), or of equal distance from stones (distance)."},
    )
    levels = WholeNumber(
        load_default=40,
        validate=Range(2, 400),
        metadata={"description": "How many heights there are between the lowest place and the highest."},
    )
    scale = millimetres("Distance from hill to hill, about", least=5, most=1000, load_default=110.0)
    octaves = WholeNumber(
        load_default=3,
        validate=Range(1, 5),
        metadata={"description": "How fine the details of the land are: each octave adds some of half the size."},
    )
    warp = fields.Float(
        load_default=0.55,
        validate=Range(0, 2),
        metadata={"description": "How much the land is bent out of shape: 0 gives round hills, more gives ridges and valleys."},
    )
    stones = WholeNumber(
        load_default=5, validate=Range(1, 60), metadata={"description": "How many stones there are; not for terrain."}
    )
    bold = millimetres(
        "How much wider every fifth line is, drawn forth and back beside itself; 0 for as thin as the others",
        least=0,
        most=3,
        load_default=0.3,
    )
    tolerance = millimetres("Farthest that the line may lie from the true one, about", least=0.005, most=1, load_default=0.05)


def cost(
    area: Area,
    *,
    kind: str,
    levels: int,
    scale: float,
    octaves: int,
    warp: float,
    stones: int,
    bold: float,
    tolerance: float,
) -> float:
    """Return a bound of the points, or what it takes to find the heights if that is more.

    The contours' length is the sum of all steepness, by the coarea formula, divided by the step from height to height. The
    steepness of noise follows from its scale, that of a distance is 1.
    """
    size = _scale(area, scale)
    columns, rows = _lattice(area, _step(area, kind, scale, octaves, tolerance))
    step = min(area.inner_width / columns, area.inner_height / rows)
    room = area.inner_width * area.inner_height
    drawn = _levels(area, levels)
    if kind == TERRAIN:
        length = TERRAIN_LENGTH * (1 + 1.5 * warp) * drawn * room / size * (1 + 0.2 * (octaves - 1))
        samples = octaves + 2.0
    else:
        length = DISTANCE_LENGTH * drawn * room / (0.25 * math.sqrt(room / stones)) + drawn * 4 * (
            area.inner_width + area.inner_height
        )
        samples = 2 + stones / 4
    # A line enters a new square after three quarters of its side on average.
    points = (1.4 * length / step + 2 * drawn) * (1 + (bold > 0) / INDEX * 1.5)
    return max(points, columns * rows * samples * WORK)


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
    bold: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """A map of a land that does not exist, or a garden of raked gravel.

    A landscape is smooth noise that is bent by other noise, so that it has ridges and valleys. Its contours are evenly apart in
    height, and every fifth one is bold. The other kind has lines in equal distances around stones, which meet in sharp
    seams. The page cuts the lines; its edge is not drawn. A small room gets fewer lines.

    The seed makes the land, or sets the stones.

    Yields:
        Arrays of shape (n, 2), in mm: closed lines and lines from edge to edge, each near the end of the one before.

    The heights are known on a square lattice and straight in between: marching squares, after Lorensen and Cline,
    "Marching cubes" (1987); where the diagonals disagree, the mean of the four corners decides.
    """
    columns, rows = _lattice(area, _step(area, kind, scale, octaves, tolerance))
    x, y = np.linspace(area.left, area.right, columns + 1), np.linspace(area.top, area.bottom, rows + 1)
    size = _scale(area, scale)
    heights = (
        _terrain(rng, x, y, size, octaves=octaves, warp=warp)
        if kind == TERRAIN
        else _distance(area, rng, x, y, scale=size, warp=warp, stones=stones)
    )
    shorter = min(area.inner_width, area.inner_height)
    least, stub = min(SHORTEST, 0.1 * shorter), min(STUB, 0.02 * shorter)
    strokes = []
    for level, line in _contours(heights, x, y, _levels(area, levels)):
        closed = np.array_equal(line[0], line[-1])
        if float(np.hypot(*np.diff(line, axis=0).T).sum()) < (least if closed else stub):
            continue
        strokes.append(_bold(line, bold) if bold and level % INDEX == INDEX // 2 else line)
    low, high = (area.left, area.top), (area.right, area.bottom)
    yield from (np.clip(line, low, high) for line in nearest_first(strokes))


def _scale(area: Area, scale: float) -> float:
    """Return the distance from hill to hill in mm, so small that the room has some."""
    return min(scale, 0.8 * max(area.inner_width, area.inner_height))


def _step(area: Area, kind: str, scale: float, octaves: int, tolerance: float) -> float:
    """Return how far apart the lattice's points are in mm: a chord c leaves a circle of radius r by c**2 / (8 r)."""
    narrowest = NARROWEST * _scale(area, scale) / (2 ** (octaves - 1) if kind == TERRAIN else 2)
    return math.sqrt(8 * tolerance * narrowest)


def _lattice(area: Area, step: float) -> tuple[int, int]:
    """Return how many squares of `step` mm or less the room has in a row, and how many rows."""
    return max(4, math.ceil(area.inner_width / step)), max(4, math.ceil(area.inner_height / step))


def _levels(area: Area, levels: int) -> int:
    return min(levels, max(2, math.ceil(math.hypot(area.inner_width, area.inner_height) / (2 * CLOSEST))))


def _terrain(rng: np.random.Generator, x: Floats, y: Floats, scale: float, *, octaves: int, warp: float) -> Floats:
    """Return heights between 0 and 1, as an array of shape (rows, columns)."""
    land, aside, along = (GradientNoise(rng) for _ in range(3))
    # The first place of the noise is a whole number, where it is 0 whatever the seed.
    u, v = x[None, :] / scale + rng.uniform(0, 64), y[:, None] / scale + rng.uniform(0, 64)
    bent_u = u + warp * aside.at(u * WARP_FINENESS, v * WARP_FINENESS)
    bent_v = v + warp * along.at(u * WARP_FINENESS + 31.7, v * WARP_FINENESS + 11.3)
    heights = land.fractal(bent_u, bent_v, octaves)
    return np.asarray((heights - heights.min()) / max(float(np.ptp(heights)), 1e-12))


def _distance(area: Area, rng: np.random.Generator, x: Floats, y: Floats, *, scale: float, warp: float, stones: int) -> Floats:
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


def _segments(above: Integers, heights: Floats, rows: int, columns: int, levels: int) -> tuple[Integers, Integers]:
    """Return where the pieces of line in the squares begin and end.

    Both are numbers of a side of the lattice, times `levels`, plus the level. Sides that lie across come first, row by row.
    """
    corners = above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1]
    lowest, highest = np.minimum.reduce(corners).ravel(), np.maximum.reduce(corners).ravel()
    count = highest - lowest
    square = np.repeat(np.arange(len(count)), count)
    level = np.arange(len(square)) - np.repeat(np.cumsum(count) - count - lowest, count)
    case = sum((corner.ravel()[square] > level) * np.int64(2**bit) for bit, corner in enumerate(corners))
    middle = (heights[:-1, :-1] + heights[:-1, 1:] + heights[1:, 1:] + heights[1:, :-1]).ravel()[square] / 4 > level
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


def _saddles(case: Integers, middle: NDArray[np.bool_]) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
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
    return np.column_stack((x[column] + part * (x[next_column] - x[column]), y[row] + part * (y[next_row] - y[row])))


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
    run = np.concatenate((line[-2:-1], line, line[1:2])) if closed else np.concatenate((line[:1], line, line[-1:]))
    along = run[2:] - run[:-2]
    aside = np.column_stack((-along[:, 1], along[:, 0])) * (width / 2 / np.maximum(np.hypot(*along.T), 1e-12)[:, None])
    one, two = line + aside, line - aside
    return np.concatenate((one, two if closed else two[::-1]))
