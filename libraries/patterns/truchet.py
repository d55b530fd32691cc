"""Truchet tiles: copies of one motif in different orientations, joined into long lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.declarations import Preset
from libraries.fields import Params, choice, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Integers
from libraries.geometry.curves import arc_chords
from libraries.geometry.merge import merge_strokes
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

# Share of the tiles that are not halved, at each level.
KEPT = 0.45
# The time to join and yield a piece, in points drawn.
PIECE_POINTS = 4

# Tiles: column, row and side in cells of the finest grid, and whether the motif is mirrored
# horizontally and vertically.
Tiles = tuple[Integers, Integers, Integers, NDArray[np.bool_], NDArray[np.bool_]]


Kind = Literal["arcs", "diagonal", "multi-scale", "smith", "ten-print"]


@pattern
class Truchet(Params):
    """Tiles of one motif, oriented at random or by a rule, whose lines join into ribbons.

    The tile with two quarter circles is Cyril Stanley Smith's (1987), after the tiles of Sébastien
    Truchet (1704). With several parallel strands the arcs become ribbons, one over the other at
    each crossing. Tiles of several sizes fit together: a tile of half the size has half of the
    strands at the same distance. Some regions follow a rule that makes circles, others are random;
    the seed chooses which, and where the tiles are small.
    """

    kind: Kind = choice(
        "The motif: two quarter circles (arcs), overlapping ribbons (smith), such ribbons in tiles "
        "of several sizes (multi-scale), one diagonal (ten-print), or a triangle of parallel lines "
        "(diagonal).",
        Kind,
        default="multi-scale",
    )
    cell: float = mm(
        "Side of a tile, for multi-scale of the largest; adjusted to fill the area",
        1,
        500,
        default=24.0,
    )
    strands: int = whole(
        "Number of lines in a ribbon or triangle; fewer if closer than 0.3 mm.", 1, 64, default=12
    )
    levels: int = whole(
        "Number of tile sizes of multi-scale, each half of the one before.", 1, 5, default=3
    )
    order: float = number(
        "Regular share of the area: 0 is random, 1 is a weave of circles.", 0, 1, default=0.55
    )
    tolerance: float = tolerance("the true circle", default=0.02)

    presets = (
        Preset("labyrinth", "Diagonal maze", {"kind": "ten-print", "cell": 6.0}),
        Preset("arcs", "Loose arcs", {"kind": "arcs", "cell": 12.0, "strands": 1, "order": 0.2}),
        Preset("triangles", "Striped triangles", {"kind": "diagonal", "cell": 18.0, "strands": 8}),
    )

    def cost(self, area: Area) -> float:
        """Return a bound of the points; joining counts as some points for each piece."""
        columns, rows, side = _layout(area, self.cell)
        tiles = columns * rows
        if self.kind == "ten-print":
            return tiles * 3.0
        if self.kind == "diagonal":
            return tiles * _whole_strands(self.strands, 1, side) * 2.0
        parts = 2 ** (self.levels - 1) if self.kind == "multi-scale" else 1
        lines = 1 if self.kind == "arcs" else _whole_strands(self.strands, parts, side)
        if self.kind == "arcs":
            return tiles * 2.0 * (_arc_steps(side / 2, self.tolerance) + 1 + PIECE_POINTS)
        points = 0.0
        while tiles:
            halved = _halved(tiles) if parts > 1 else 0
            points += (tiles - halved) * _most_points(lines, side, self.tolerance)
            tiles, parts, lines, side = halved * 4, parts // 2, lines // 2, side / 2
        return points

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        columns, rows, side = _layout(area, self.cell)
        corner = np.array(area.centre) - (columns * side / 2, rows * side / 2)
        parts = 2 ** (self.levels - 1) if self.kind == "multi-scale" else 1
        cell = side / parts
        tiles = _tiles(rng, (columns, rows), parts, self.order)
        for line in self._lines(tiles, side, cell):
            yield area.clip(line * cell + corner)

    def _lines(self, tiles: Tiles, side: float, cell: float) -> Iterable[Polyline]:
        """Return the strokes in units of the finest cells; the largest tiles are `side` mm wide."""
        if self.kind == "diagonal":
            return _triangles(tiles, _whole_strands(self.strands, 1, side))
        if self.kind == "ten-print":
            pieces = _diagonals(tiles)
        else:
            pieces = _ribbons(tiles, self.kind, self.strands, cell, self.tolerance)
        # Ends of hidden strands that are shorter than 1 mm look like mistakes.
        shortest = min(1.0, cell / 2)
        return (line for line in merge_strokes(pieces) if _length(line) * cell >= shortest)


def _halved(tiles: int) -> int:
    """Return the maximum number of tiles that are halved: those above the quantile KEPT."""
    return tiles - 1 - math.floor((tiles - 1) * KEPT)


def _most_points(lines: int, side: float, tolerance: float) -> float:
    """Return a bound of the points of a tile with two ribbons of `lines` strands.

    An arc of the lower ribbon may be cut in two, which adds an end point and a chord to each part.
    """
    steps = sum(_arc_steps((strand + 0.5) / lines * side, tolerance) for strand in range(lines))
    return 2 * steps + lines * (1 + 4 + 3 * PIECE_POINTS)


def _layout(area: Area, cell: float) -> tuple[int, int, float]:
    wide, high = area.inner_width, area.inner_height
    side = min(wide / max(1, round(wide / cell)), high / max(1, round(high / cell)))
    return max(1, int(wide / side + 1e-9)), max(1, int(high / side + 1e-9)), side


def _whole_strands(strands: int, parts: int, side: float) -> int:
    """Return the number of strands of the largest tile, `side` mm wide: a multiple of `parts`."""
    return max(1, round(min(strands, side / 0.3) / parts)) * parts


def _arc_steps(radius: float, tolerance: float) -> int:
    return max(4, int(arc_chords(radius, math.pi / 2, tolerance)))


def _tiles(rng: np.random.Generator, size: tuple[int, int], parts: int, order: float) -> Tiles:
    """Return tiles that cover `size` large ones, some of them halved down to 1 / `parts`."""
    row, column = (each.ravel() * parts for each in np.mgrid[: size[1], : size[0]])
    span = max(size) * parts
    detail, rule = GradientNoise(rng), GradientNoise(rng)
    shift = rng.uniform(0, 64, 4)
    done, side = [], parts
    while True:
        middle_x, middle_y = ((each + side / 2) / span for each in (column, row))
        level = detail.fractal(middle_x * 2.2 + shift[0], middle_y * 2.2 + shift[1], 2)
        level += rng.uniform(-0.12, 0.12, len(row))
        split = (level > np.quantile(level, KEPT)) & (side > 1)
        done.append((column[~split], row[~split], np.full(np.count_nonzero(~split), side)))
        if not split.any():
            break
        side //= 2
        column = (column[split, None] + (0, side, 0, side)).ravel()
        row = (row[split, None] + (0, 0, side, side)).ravel()
    column, row, sides = (np.concatenate(each) for each in zip(*done, strict=True))
    middle_x, middle_y = ((each + sides / 2) / span for each in (column, row))
    calm = rule.at(middle_x * 2.5 + shift[2], middle_y * 2.5 + shift[3])
    ruled = calm < np.quantile(calm, order) if 0 < order < 1 else np.full(len(calm), order == 1)
    chance = rng.random((2, len(calm))) < 0.5  # noqa: PLR2004
    turned = np.where(ruled, (column // sides + row // sides) % 2 == 1, chance[0])
    return column, row, sides, turned, chance[1] & ~ruled


def _ribbons(
    tiles: Tiles, kind: str, strands: int, cell: float, tolerance: float
) -> list[Polyline]:
    """Return the arcs of all tiles, in units of the finest cells, which are `cell` mm wide."""
    parts = int(tiles[2].max())
    lines = 1 if kind == "arcs" else _whole_strands(strands, parts, cell * parts) // parts
    pieces: list[Polyline] = []
    for side in np.unique(tiles[2]).tolist():
        column, row, _, turned, upside = (each[tiles[2] == side, None] for each in tiles)
        for arc in _motif(side, lines, cell, tolerance, woven=kind != "arcs" and side * lines > 1):
            x = np.where(turned, side - arc[:, 0], arc[:, 0]) + column
            y = np.where(upside, side - arc[:, 1], arc[:, 1]) + row
            pieces.extend(np.stack((x, y), axis=2))
    return pieces


def _length(line: Polyline) -> float:
    steps = np.diff(line, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _motif(
    side: int, lines: int, cell: float, tolerance: float, *, woven: bool
) -> Iterator[Polyline]:
    """Yield the arcs around the upper left corner, and the visible parts of those opposite.

    An arc of radius `r` around the far corner meets the circle of radius `side` around the near
    corner where the cosine of the angle from the diagonal is (side**2 + r**2) / (2 * sqrt(2) *
    side * r).
    """
    for strand in range(side * lines):
        radius = (strand + 0.5) / lines
        steps = _arc_steps(radius * cell, tolerance)
        yield _arc(radius, 0, math.pi / 2, steps)
        meets = (side**2 + radius**2) / (2 * math.sqrt(2) * side * radius)
        if not woven or meets >= 1:
            yield side - _arc(radius, 0, math.pi / 2, steps)
        else:
            visible = math.pi / 4 - math.acos(meets)
            part = max(1, math.ceil(steps * visible / (math.pi / 2)))
            yield side - _arc(radius, 0, visible, part)
            yield side - _arc(radius, math.pi / 2 - visible, math.pi / 2, part)


def _arc(radius: float, start: float, end: float, steps: int) -> Polyline:
    angle = np.linspace(start, end, steps + 1)
    return radius * np.column_stack((np.cos(angle), np.sin(angle)))


def _diagonals(tiles: Tiles) -> list[Polyline]:
    column, row, side, turned, _ = tiles
    x = np.column_stack((column + np.where(turned, side, 0), column + np.where(turned, 0, side)))
    return list(np.stack((x, np.column_stack((row, row + side))), axis=2).astype(np.float64))


def _triangles(tiles: Tiles, strands: int) -> Iterator[Polyline]:
    """Yield for each tile a zigzag that fills a corner parallel to the diagonal."""
    reach = np.repeat((np.arange(strands) + 0.5) / strands, 2)
    first = np.tile((True, False, False, True), (strands + 1) // 2)[: 2 * strands]
    x, y = np.where(first, reach, 0), np.where(first, 0, reach)
    column, row, _, turned, upside = tiles
    order = np.lexsort((np.where(row % 2, -column, column), row))
    for tile in order.tolist():
        across = column[tile] + (1 - x if turned[tile] else x)
        yield np.column_stack((across, row[tile] + (1 - y if upside[tile] else y)))
