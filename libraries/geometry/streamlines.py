"""Evenly spaced streamlines of a direction field.

Implements Jobard and Lefer, "Creating Evenly-Spaced Streamlines of Arbitrary Density" (1997): a
line grows both ways from its seed until it is too close to another line, and new seeds are placed
next to finished lines. Finished lines are rasterized, so distance checks take constant time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Polyline

Point = tuple[float, float]

FREE, NO_SEED, TAKEN = 0, 1, 2
# Varying line spacings are rounded to this number of sizes.
SIZES = 24
EPSILON = 1e-9


@dataclass(frozen=True)
class Field:
    """Direction samples over a rectangle, `cell` mm apart from the corner (`left`, `top`).

    All samples have the shape (rows, columns). Rounded vectors give the same lines on all machines.
    `sparseness` is a factor of the line spacing, 1 or more.
    """

    left: float
    top: float
    cell: float
    along_x: Floats
    along_y: Floats
    sparseness: Floats


class Streamlines:
    """The streamlines of `field` in a `room` (left, top, right, bottom); lengths are in mm.

    `separation` is the line spacing where the sparseness is 1, and `step` the distance between the
    points of a line. Lines shorter than `shortest` or three separations are dropped.
    """

    # The last part of a line that is not checked against itself, in separations.
    TAIL_SEPARATIONS = 3.0

    # Raster cells per separation.
    FINENESS = 6

    def __init__(
        self,
        field: Field,
        room: tuple[float, float, float, float],
        *,
        separation: float,
        step: float,
        shortest: float,
        longest: float,
    ) -> None:
        self._field, self._room, self._separation, self._step = field, room, separation, step
        self._least = max(2, math.ceil(max(shortest, self.TAIL_SEPARATIONS * separation) / step))
        self._most = max(self._least, math.floor(longest / step))
        self._tail = math.ceil(self.TAIL_SEPARATIONS * separation / step)
        self._x, self._y = field.along_x.ravel().tolist(), field.along_y.ravel().tolist()
        self._columns = field.along_x.shape[1]
        self._raster = separation / self.FINENESS
        largest = float(field.sparseness.max())
        self._pad = math.ceil(largest * self.FINENESS) + 2
        wide, high = (
            math.ceil((room[2 + axis] - room[axis]) / self._raster) + 1 for axis in (0, 1)
        )
        self._width = wide + 2 * self._pad
        self._taken = bytearray(self._width * (high + 2 * self._pad))
        self._view = np.frombuffer(self._taken, dtype=np.uint8)
        self._sizes = np.linspace(1, largest, SIZES)
        # Growing lines stop at half of the separation from others.
        self._near_discs = [self._disc(size * self.FINENESS * 0.5) for size in self._sizes]
        self._seed_discs = [self._disc(size * self.FINENESS * 0.98) for size in self._sizes]

    def block(self, x: float, y: float, radius: float) -> None:
        """Keep lines out of a circle; `x`, `y` and `radius` are in mm."""
        # The raster may have millions of cells; only the square around the circle is searched.
        raster = self._view.reshape(-1, self._width)
        first_column, first_row = (
            max(0, math.floor((centre - radius - low) / self._raster) + self._pad)
            for centre, low in zip((x, y), self._room[:2], strict=True)
        )
        reach = math.ceil(2 * radius / self._raster) + 2
        square = raster[first_row : first_row + reach, first_column : first_column + reach]
        rows, columns = np.ogrid[: square.shape[0], : square.shape[1]]
        away_x = (columns + first_column - self._pad) * self._raster + self._room[0] - x
        away_y = (rows + first_row - self._pad) * self._raster + self._room[1] - y
        square[away_x**2 + away_y**2 < radius**2] = TAKEN

    def grow(self, seeds: Polyline) -> Iterator[Polyline]:
        """Yield lines, arrays of shape (n, 2) in mm, from `seeds` and next to other lines."""
        waiting: deque[Point] = deque()
        for seed in seeds.tolist():
            waiting.append(tuple(seed))
            while waiting:
                point = waiting.popleft()
                if self._taken[self._index(*point)] != FREE:
                    continue
                line = self._line(*point)
                if len(line) <= self._least:
                    self._stamp(np.array([point]), NO_SEED, self._near_discs)
                    continue
                self._stamp(line, TAKEN, self._near_discs)
                self._stamp(line, NO_SEED, self._seed_discs)
                waiting.extend(self._seeds_next_to(line))
                yield line

    def lanes(self, points: Polyline) -> Floats:
        """Return the line spacing in mm at points of shape (n, 2)."""
        return self._separation * self._sizes[self._size(points)]

    def _line(self, x: float, y: float) -> Polyline:
        """Return the line through a point, or too few points for a line."""
        ahead, closed = self._trace(x, y, self._step, self._most)
        if closed:
            return np.array([(x, y), *ahead])
        back, _ = self._trace(x, y, -self._step, self._most - len(ahead))
        return np.array([*reversed(back), (x, y), *ahead])

    def _trace(self, x: float, y: float, step: float, most: int) -> tuple[list[Point], bool]:
        """Follow the field; return points, and whether the line is closed."""
        points: list[Point] = []
        start, stamped = (x, y), 0
        left, top, right, bottom = self._room
        while len(points) < most:
            to_x, to_y = self._next(x, y, step)
            if not (left <= to_x <= right and top <= to_y <= bottom):
                edge = _meet((x, y), (to_x, to_y), self._room)
                return ([*points, edge] if edge else points), False
            if self._taken[self._index(to_x, to_y)] & TAKEN or (to_x == x and to_y == y):
                break
            points.append((to_x, to_y))
            x, y = to_x, to_y
            # Points far enough from the tip are rasterized, so that a line stops at itself.
            if len(points) - stamped >= self._tail + 8 and len(points) >= self._least:
                older = len(points) - self._tail
                self._stamp(np.array([start, *points[stamped:older]]), TAKEN, self._near_discs)
                stamped = older
        near = math.hypot(x - start[0], y - start[1]) < self._separation
        return points, near and len(points) > self._least

    def _next(self, x: float, y: float, step: float) -> Point:
        """Return the next point by the midpoint method; the same point without a direction."""
        along_x, along_y = self._direction(x, y)
        along_x, along_y = self._direction(x + step / 2 * along_x, y + step / 2 * along_y)
        return x + step * along_x, y + step * along_y

    def _direction(self, x: float, y: float) -> Point:
        """Return the unit vector of the field, interpolated bilinearly."""
        u, v = (x - self._field.left) / self._field.cell, (y - self._field.top) / self._field.cell
        column, row = int(u), int(v)
        u, v = u - column, v - row
        at = row * self._columns + column
        below = at + self._columns
        a, b, c, d = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
        along_x, along_y = (
            a * part[at] + b * part[at + 1] + c * part[below] + d * part[below + 1]
            for part in (self._x, self._y)
        )
        length = math.sqrt(along_x * along_x + along_y * along_y)
        return (along_x / length, along_y / length) if length > EPSILON else (0.0, 0.0)

    def _index(self, x: float, y: float) -> int:
        column = int((x - self._room[0]) / self._raster + 0.5) + self._pad
        return (int((y - self._room[1]) / self._raster + 0.5) + self._pad) * self._width + column

    def _disc(self, radius: float) -> NDArray[np.int64]:
        reach = math.floor(radius)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        inside = rows**2 + columns**2 <= radius**2
        return np.asarray((rows * self._width + columns)[inside])

    def _size(self, line: Polyline) -> NDArray[np.int64]:
        corner = self._field.left, self._field.top
        cells = ((line - corner) / self._field.cell + 0.5).astype(np.int64)
        sparse = self._field.sparseness[cells[:, 1], cells[:, 0]]
        spread = max(float(self._sizes[-1]) - 1, 1e-3)
        return np.minimum(((sparse - 1) / spread * SIZES).astype(np.int64), SIZES - 1)

    def _stamp(self, line: Polyline, value: int, discs: list[NDArray[np.int64]]) -> None:
        cells = ((line - self._room[:2]) / self._raster + 0.5).astype(np.int64) + self._pad
        at, sizes = cells[:, 1] * self._width + cells[:, 0], self._size(line)
        for size in np.unique(sizes).tolist():
            around = (at[sizes == size, None] + discs[size]).ravel()
            if value == TAKEN:
                self._view[around] = TAKEN
            else:
                self._view[around] |= NO_SEED

    def _seeds_next_to(self, line: Polyline) -> list[Point]:
        """Return seeds on both sides of a line, about a separation apart."""
        each = max(1, round(self._separation / self._step))
        middle = line[1:-1:each]
        along = line[2::each][: len(middle)] - middle
        length = np.hypot(along[:, 0], along[:, 1])
        across = np.column_stack((-along[:, 1], along[:, 0])) / np.maximum(length, EPSILON)[:, None]
        across *= (self._separation * self._sizes[self._size(middle)])[:, None]
        seeds = np.stack((middle + across, middle - across), axis=1).reshape(-1, 2)
        left, top, right, bottom = self._room
        inside = (seeds > (left, top)).all(axis=1) & (seeds < (right, bottom)).all(axis=1)
        return [(x, y) for x, y in seeds[inside].tolist()]


def _meet(start: Point, end: Point, room: tuple[float, float, float, float]) -> Point | None:
    """Return where the way from `start` inside to `end` outside crosses the edge, or None."""
    part = 1.0
    for axis in (0, 1):
        moved = end[axis] - start[axis]
        limit = room[axis + 2] if moved > 0 else room[axis]
        if abs(moved) > EPSILON:
            part = min(part, (limit - start[axis]) / moved)
    if part <= EPSILON:
        return None
    x, y = (start[axis] + part * (end[axis] - start[axis]) for axis in (0, 1))
    return min(max(x, room[0]), room[2]), min(max(y, room[1]), room[3])
