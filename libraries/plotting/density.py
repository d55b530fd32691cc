"""Ink per square centimetre; where there is too much, repeated strokes may tear the paper."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle, bounding_box
from libraries.geometry.strokes import Strokes

# The side of a square in mm. Squares overlap by half, so that no spot is only on borders.
CELL = 10.0
HALF = CELL / 2
# Larger drawings are not searched; they take more than four days at 50 mm/s.
MAX_INK_MM = 20_000_000.0
MAX_AREA_MM = 10_000.0
# Limits the memory for pieces to some 10 MB.
PIECES_AT_ONCE = 1 << 18


class DensestSpot(NamedTuple):
    """The centre of the densest square centimetre, and the mm drawn in it."""

    x: float
    y: float
    mm_per_cm2: float


def densest_spot(strokes: Strokes, page: Rectangle | None = None) -> DensestSpot | None:
    """Return the densest square centimetre, or the first of equals by row and column.

    Squares are 5 mm apart, starting at the upper left corner of `page` or of the drawing. The
    result is None if nothing is drawn on the page, or if the drawing is longer than 20 km or wider
    than 10 m.
    """
    area = page or bounding_box(strokes)
    if (
        area is None
        or max(area.width, area.height) > MAX_AREA_MM
        or strokes.steps.sum() > MAX_INK_MM
    ):
        return None
    return _densest(_squares(strokes, area), area)


def ink_map(document: Document) -> Floats | None:
    """Return the mm² of ink in squares of 1 cm² of a page, by row and column; overlaps count.

    Square `[i, j]` has its centre at x = 5 (j + 1), y = 5 (i + 1) mm; squares overlap by half. The
    result is None if the drawing is too large, as for `densest_spot`.
    """
    page = document.page
    if max(page.width, page.height) > MAX_AREA_MM or document.strokes().steps.sum() > MAX_INK_MM:
        return None
    parts = [
        layer.pen.width * _squares(Strokes(part.coordinates, part.offsets, part.layers), page)
        for layer, part in document.drawn_layers()
    ]
    return np.sum(parts, axis=0) if parts else None


def _squares(strokes: Strokes, area: Rectangle) -> Floats:
    """Return the mm drawn in each square of `area`."""
    columns, rows = (
        math.ceil(side / HALF) + 1 for side in (max(area.width, HALF), max(area.height, HALF))
    )
    ink = np.zeros(rows * columns)
    for points, lengths in _pieces(strokes, np.array([area.left, area.top])):
        cells = np.floor(points).astype(np.int64)
        x, y = cells[:, 0], cells[:, 1]
        on_page = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        ink += np.bincount(
            (y * columns + x)[on_page], weights=lengths[on_page], minlength=rows * columns
        )
    grid = ink.reshape(rows, columns)
    return grid[:-1, :-1] + grid[:-1, 1:] + grid[1:, :-1] + grid[1:, 1:]


def _densest(squares: Floats, area: Rectangle) -> DensestSpot | None:
    # Rounded so that the last digits do not break ties.
    row, column = np.unravel_index(np.argmax(squares.round(6)), squares.shape)
    most = float(squares[row, column])
    if most <= 0:
        return None
    x, y = area.left + (int(column) + 1) * HALF, area.top + (int(row) + 1) * HALF
    return DensestSpot(x, y, most)


def _pieces(strokes: Strokes, corner: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield the midpoints, in cells from `corner`, and lengths in mm of cut segments."""
    drawn = np.flatnonzero(strokes.steps)
    for begin in range(0, len(drawn), PIECES_AT_ONCE):
        block = drawn[begin : begin + PIECES_AT_ONCE]
        lengths = strokes.steps[block]
        starts, ends = (
            (strokes.coordinates[which] - corner) / HALF for which in (block - 1, block)
        )
        crossed = np.abs(np.floor(ends) - np.floor(starts)).astype(np.int64)
        cuts = crossed.sum(axis=1)
        whole = cuts == 0
        yield (starts[whole] + ends[whole]) / 2, lengths[whole]
        for part in _split(np.flatnonzero(~whole), cuts):
            yield _cut(starts[part], ends[part], crossed[part], lengths[part])


def _split(segments: Integers, cuts: Integers) -> Iterator[Integers]:
    if len(segments):
        runs = np.cumsum(cuts[segments] + 1) // PIECES_AT_ONCE
        yield from np.split(segments, np.flatnonzero(np.diff(runs)) + 1)


def _cut(starts: Floats, ends: Floats, crossed: Integers, lengths: Floats) -> tuple[Floats, Floats]:
    """Cut segments at whole numbers of x and y; return midpoints and lengths of the pieces."""
    count = len(starts)
    owners, positions = [np.arange(count)], [np.zeros(count)]
    for axis in (0, 1):
        times = crossed[:, axis]
        owner = np.repeat(owners[0], times)
        first = np.minimum(np.floor(starts[:, axis]), np.floor(ends[:, axis])) + 1
        line = first[owner] + ranges(times)
        owners.append(owner)
        positions.append((line - starts[owner, axis]) / (ends - starts)[owner, axis])
    owner, position = np.concatenate(owners), np.concatenate(positions)
    order = np.lexsort((position, owner))
    owner, position = owner[order], position[order]
    until = np.ones(len(position))
    np.copyto(until[:-1], position[1:], where=owner[1:] == owner[:-1])
    middle = ((position + until) / 2)[:, np.newaxis]
    return starts[owner] + (ends - starts)[owner] * middle, lengths[owner] * (until - position)
