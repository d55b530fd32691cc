"""Space-filling curves: one line that visits every cell of the area."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.declarations import Preset
from libraries.fields import Params, choice, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Integers
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

# A curve through squares: for each state, the cells in visiting order, as column, row and state.
# The states of Hilbert's curve are the four ways from one corner to an adjacent one: 0 along the
# top to the right, 1 down the left side, 2 along the bottom to the left, 3 up the right side.
_HILBERT = [
    [(0, 0, 1), (0, 1, 0), (1, 1, 0), (1, 0, 3)],
    [(0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 1, 2)],
    [(1, 1, 3), (1, 0, 2), (0, 0, 2), (0, 1, 1)],
    [(1, 1, 2), (0, 1, 3), (0, 0, 3), (1, 0, 0)],
]
_Z = [[(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]]
# Peano's curve goes from a corner to the opposite one, up and down three columns; the bits of the
# state mirror it horizontally and vertically.
_PEANO = [
    [
        (
            2 - column if state & 1 else column,
            2 - row if state & 2 else row,
            state ^ (column * 2 % 4) ^ (step_row % 2),
        )
        for column in range(3)
        for step_row in range(3)
        for row in [2 - step_row if column % 2 else step_row]
    ]
    for state in range(4)
]
TABLES = {"hilbert": _HILBERT, "moore": _HILBERT, "peano": _PEANO, "z": _Z}


@dataclass(frozen=True)
class Turtle:
    """A turtle curve: F and G are steps forward, + and - are turns of `angle` degrees.

    Each refinement replaces symbols by `rules`. The n-th curve is about `width * factor**n` steps
    wide and high, and has `steps * growth**n` steps.
    """

    axiom: str
    rules: dict[str, str]
    angle: int
    width: float
    factor: float
    growth: int
    steps: int


TURTLES = {
    # The flowsnake (Martin Gardner, Scientific American, December 1976).
    "gosper": Turtle(
        "F", {"F": "F-G--G+F++FF+G-", "G": "+F-GG--G-F++F+G"}, 60, 1.15, math.sqrt(7), 7, 1
    ),
    # Waclaw Sierpinski (1912).
    "sierpinski": Turtle("+F--XF--F--XF", {"X": "XF+G+XF--F--XF+G+X"}, 45, 2.42, 2.0, 4, 4),
}


Kind = Literal["hilbert", "moore", "peano", "gosper", "sierpinski", "z"]


@pattern
class SpaceFilling(Params):
    """One unbroken line that passes through every cell, finer where the area is darker.

    The curves of Hilbert (1891), Moore (1900) and Peano (1890) and the order of Morton (1966) are
    made of squares. Each square may be refined further, which makes light and dark clouds, chosen
    by the seed, in one line. An oblong area is filled with several squares in a row or a ring. The
    curves of Gosper and Sierpinski are even and have their own outline.
    """

    kind: Kind = choice(
        "Curve of Hilbert, Moore (closed), Peano, Gosper, Sierpinski (closed) or Morton (z).",
        Kind,
        default="moore",
    )
    cell: float = mm(
        "Size of the smallest cells; approximate, since cells are halved (for peano, thirded)",
        0.5,
        200,
        default=1.5,
    )
    shading: int = whole(
        "Number of doublings from the smallest to the largest cells; 0 is even. Not used by gosper "
        "and sierpinski.",
        0,
        6,
        default=3,
    )
    scale: float = mm("Size of the light and dark regions", 10, 2000, default=120.0)
    rounding: float = number(
        "Rounding of the corners, from sharp (0) to as round as possible (1).", 0, 1, default=1.0
    )
    tolerance: float = tolerance("the true round corner", default=0.02)

    presets = (
        Preset("hilbert", "Even Hilbert curve", {"kind": "hilbert", "cell": 4.0, "shading": 0}),
        Preset("snowflake", "Gosper flake", {"kind": "gosper", "cell": 2.5}),
        Preset("lace", "Sierpinski lace", {"kind": "sierpinski", "cell": 3.0}),
    )

    def cost(self, area: Area) -> float:
        """Return the number of points if the curve is as fine as possible everywhere.

        A larger cell or a longer side takes more points for its corner, but saves more than that.
        """
        if self.kind in TURTLES:
            turtle = TURTLES[self.kind]
            order = _turtle_order(area, turtle, self.cell)
            # 1.3 allows for the approximate width of turtle curves.
            side = 1.3 * (area.shorter_side / (turtle.width * turtle.factor**order))
            steps = math.pow(turtle.growth, order) * turtle.steps
        else:
            roots, base = _roots(area, self.kind), len(TABLES[self.kind][0])
            depth = _depth(roots, self.kind, self.cell)
            side = roots.side / math.isqrt(base) ** depth
            steps = roots.columns * roots.rows * math.pow(base, depth)
        if not self.rounding:
            return steps + 2
        bend = _bend_steps(side * self.rounding / 2, self.tolerance)
        if self.kind in {"hilbert", "moore"} and steps == roots.columns * roots.rows:
            # A ring of undivided squares has only four corners.
            return (bend + 1) * 6.0
        if self.rounding == 1 and self.kind in {"hilbert", "moore", "peano"}:
            # The corners of equal cells touch.
            return bend * steps + 2 * (bend + 1)
        return (bend + 1) * (steps + 2)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        if self.kind in TURTLES:
            turtle = TURTLES[self.kind]
            line = _turtle(turtle, _turtle_order(area, turtle, self.cell))
            low, high = line.min(axis=0), line.max(axis=0)
            fit = np.array([area.inner_width, area.inner_height]) / np.maximum(high - low, 1e-9)
            line = (line - (low + high) / 2) * float(fit.min())
        else:
            line = self._through_cells(area, rng)
        if self.kind == "moore":
            line = np.concatenate((line, line[:1]))
        if self.rounding:
            line = _rounded(_corners(line), self.rounding, self.tolerance)
        yield area.clip(line + np.array(area.centre))

    def _through_cells(self, area: Area, rng: np.random.Generator) -> Polyline:
        roots, table = _roots(area, self.kind), np.array(TABLES[self.kind])
        base, depth = math.isqrt(table.shape[1]), _depth(roots, self.kind, self.cell)
        noise, shift = GradientNoise(rng), rng.uniform(0, 64, 2)
        column, row, state = roots.visits().T
        unit = roots.side / base**depth
        side = np.full(len(state), base**depth)
        column, row = column * side, row * side
        for _ in range(depth):
            x = (column + side / 2) * (unit / self.scale) + shift[0]
            y = (row + side / 2) * (unit / self.scale) + shift[1]
            light = np.clip(0.5 + 1.15 * noise.fractal(x, y, 2), 0, 1) * self.shading
            largest = np.minimum(2**light, base ** (depth - 1)) * 1.0001 if depth > 1 else 1
            split = side > np.maximum(1, largest)
            if not split.any():
                break
            column, row, state, side = _divide((column, row, state, side), split, table)
        middles = (np.column_stack((column, row)) + side[:, None] / 2) * unit
        line: Polyline = middles - np.array([roots.columns, roots.rows]) * (roots.side / 2)
        return line


@dataclass(frozen=True)
class Roots:
    """The largest squares: their number, and their side in mm.

    `visits` returns column, row and state of each, of shape (n, 3), in visiting order.
    """

    columns: int
    rows: int
    side: float
    visits: Callable[[], Integers]


def _roots(area: Area, kind: Kind) -> Roots:
    """Return the squares that fill the area best, in two columns or rows if it is oblong."""
    wide, high = area.inner_width, area.inner_height
    if kind == "peano":
        columns, rows = _peano_layout(wide / high)
        visits = partial(_to_and_fro, columns, rows)
    elif kind == "z" or (kind == "hilbert" and max(wide, high) < 1.25 * min(wide, high)):
        columns, rows, visits = 1, 1, partial(np.zeros, (1, 3), np.int64)
    else:
        long = max(2, round(2 * max(wide, high) / min(wide, high)))
        columns, rows = (2, long) if high >= wide else (long, 2)
        visits = partial(_ring, long, upright=high >= wide)
    return Roots(columns, rows, min(wide / columns, high / rows), visits)


def _ring(long: int, *, upright: bool) -> Integers:
    """Return squares in two columns, up the left one and down the right one, or in two rows."""
    up = [(0, row, 3) if upright else (row, 0, 2) for row in reversed(range(long))]
    down = [(1, row, 1) if upright else (row, 1, 0) for row in range(long)]
    return np.array(up + down)


def _peano_layout(ratio: float) -> tuple[int, int]:
    """Return columns and rows whose ratio is near `ratio`; rows are odd, so that columns join."""
    tall = [(columns, 2 * max(0, round((columns / ratio - 1) / 2)) + 1) for columns in range(1, 8)]
    wide = [(max(1, round(rows * ratio)), rows) for rows in range(1, 8, 2)]
    return min(
        tall + wide,
        key=lambda size: (round(abs(math.log(size[0] / size[1] / ratio)), 1), size[0] * size[1]),
    )


def _to_and_fro(columns: int, rows: int) -> Integers:
    return np.array(
        [
            (column, rows - 1 - step if column % 2 else step, (column % 2) * 2 + step % 2)
            for column in range(columns)
            for step in range(rows)
        ]
    )


def _depth(roots: Roots, kind: Kind, cell: float) -> int:
    """Return how often the largest squares are divided to approximate `cell`."""
    # A line needs more than one point.
    least = 1 if roots.columns * roots.rows == 1 else 0
    base = math.isqrt(len(TABLES[kind][0]))
    return max(least, round(math.log(roots.side / cell) / math.log(base)))


def _divide(
    cells: tuple[Integers, Integers, Integers, Integers], split: NDArray[np.bool_], table: Integers
) -> tuple[Integers, Integers, Integers, Integers]:
    column, row, state, side = cells
    parts = table.shape[1]
    counts = np.where(split, parts, 1)
    parent = np.repeat(np.arange(len(split)), counts)
    nth = np.arange(len(parent)) - np.repeat(np.cumsum(counts) - counts, counts)
    divided = split[parent]
    step = table[state[parent], np.where(divided, nth, 0)]
    small = np.where(divided, side[parent] // math.isqrt(parts), side[parent])
    return (
        column[parent] + np.where(divided, step[:, 0] * small, 0),
        row[parent] + np.where(divided, step[:, 1] * small, 0),
        np.where(divided, step[:, 2], state[parent]),
        small,
    )


def _turtle_order(area: Area, turtle: Turtle, cell: float) -> int:
    side = area.shorter_side
    return max(1, round(math.log(max(side / cell / turtle.width, 1)) / math.log(turtle.factor)))


def _turtle(turtle: Turtle, order: int) -> Polyline:
    text, rules = turtle.axiom, str.maketrans(turtle.rules)
    for _ in range(order):
        text = text.translate(rules)
    symbols = np.frombuffer(text.encode(), dtype=np.uint8)
    turns = np.cumsum((symbols == ord("+")).astype(np.int64) - (symbols == ord("-")))
    headings = turns[(symbols == ord("F")) | (symbols == ord("G"))] % (360 // turtle.angle)
    angle = np.radians(turtle.angle * np.arange(360 // turtle.angle))
    # Rounded, so that collinear steps stay exactly collinear.
    steps = np.round(np.column_stack((np.cos(angle), np.sin(angle))), 12)[headings]
    return np.concatenate((np.zeros((1, 2)), np.cumsum(steps, axis=0)))


def _corners(line: Polyline) -> Polyline:
    step = np.diff(line, axis=0)
    bend = np.abs(step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0])
    length = np.abs(step).sum(axis=1)
    is_corner = bend > 1e-9 * length[:-1] * length[1:]
    return line[np.concatenate(([True], is_corner, [True]))]


def _bend_steps(reach: float, tolerance: float) -> int:
    """Return the maximum number of chords of a parabola that ends `reach` mm from its corner."""
    return max(1, math.ceil(math.sqrt(2 * reach / (4 * tolerance))))


def _parabolas(start: Polyline, corner: Polyline, end: Polyline, tolerance: float) -> Polyline:
    """Return the points of parabolas from `start` to `end` with the control points `corner`.

    The second derivative of a parabola from a by b to c is 2 * (a - 2 * b + c), so n equal steps
    deviate from it by at most |a - 2 * b + c| / (4 * n**2).
    """
    bend = np.hypot(*(start - 2 * corner + end).T)
    # Rounded, so that the number of steps does not depend on the last digits.
    counts = np.maximum(np.ceil(np.round(np.sqrt(bend / (4 * tolerance)), 6)), 1).astype(np.int64)
    at = np.repeat(np.arange(len(counts)), counts + 1)
    nth = np.arange(len(at)) - np.repeat(np.cumsum(counts + 1) - (counts + 1), counts + 1)
    t = (nth / counts[at])[:, None]
    return np.asarray((1 - t) ** 2 * start[at] + 2 * t * (1 - t) * corner[at] + t**2 * end[at])


def _rounded(line: Polyline, rounding: float, tolerance: float) -> Polyline:
    """Return the line with each corner replaced by a parabola tangent to both sides."""
    closed = bool((line[0] == line[-1]).all())
    if len(line) < 3:  # noqa: PLR2004 - a straight line has no corner
        return line
    if closed:
        line = np.concatenate((line, line[1:2]))
    before, corner, after = line[:-2], line[1:-1], line[2:]
    back, forth = (np.hypot(*(other - corner).T)[:, None] for other in (before, after))
    reach = rounding / 2 * np.minimum(back, forth)
    start = corner + (before - corner) / back * reach
    end = corner + (after - corner) / forth * reach
    bends = _parabolas(start, corner, end, tolerance)
    parts = (bends, bends[:1]) if closed else (line[:1], bends, line[-1:])
    joined = np.concatenate(parts)
    # Where two bends touch, their common point occurs once.
    moved = np.abs(np.diff(joined, axis=0)).max(axis=1) > 1e-9  # noqa: PLR2004
    return joined[np.concatenate(([True], moved))]
