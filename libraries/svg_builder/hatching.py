"""Hatching of polygons with parallel lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, ranges
from libraries.geometry.clipping import edges_of, region_of
from libraries.geometry.transforms import applied, inverse, rotation
from libraries.svg_syntax.curves import MAX_VERTICES, too_many_vertices

MIN_SPACING_MM, MAX_SPACING_MM = 0.05, 1000.0


@dataclass(frozen=True)
class Hatching:
    """The lines that fill a polygon, `spacing` mm apart, at an `angle` in degrees clockwise.

    With `cross` a second set crosses the first at a right angle. `inset` is the distance of lines
    from the edges in mm, such as half a pen's width.

    Raises:
        InvalidInput: a number is out of its range.
    """

    MAX_ANGLE = 360.0

    spacing: float = 1.0
    angle: float = 45.0
    cross: bool = False
    inset: float = 0.0

    def __post_init__(self) -> None:
        # NaN fails these comparisons.
        if not MIN_SPACING_MM <= self.spacing <= MAX_SPACING_MM:
            raise InvalidInput(
                f"spacing must be {MIN_SPACING_MM} to {MAX_SPACING_MM:.0f} mm",
                code="bad-hatching",
                field="spacing",
            )
        if not abs(self.angle) <= self.MAX_ANGLE:
            raise InvalidInput(
                f"angle must be -{self.MAX_ANGLE:.0f} to {self.MAX_ANGLE:.0f} degrees",
                code="bad-hatching",
                field="angle",
            )
        if not 0 <= self.inset <= MAX_SPACING_MM:
            raise InvalidInput(
                f"inset must be 0 to {MAX_SPACING_MM:.0f} mm", code="bad-hatching", field="inset"
            )


def hatch_lines(rings: Sequence[ArrayLike], hatching: Hatching) -> list[Floats]:
    """Return lines of two vertices that fill polygons by the `evenodd` rule, row by row.

    Rows of the same angle and spacing coincide for all polygons. For errors see `region_of`.
    """
    region = region_of(rings)
    if hatching.inset:
        region = shapely.buffer(region, -hatching.inset)
    edges = edges_of(region)
    angles = (hatching.angle, hatching.angle + 90) if hatching.cross else (hatching.angle,)
    return [line for angle in angles for line in _rows(edges, angle, hatching.spacing)]


def _rows(edges: Floats, angle: float, spacing: float) -> list[Floats]:
    turn = rotation(-angle)
    level = applied(turn, edges.reshape(-1, 2)).reshape(-1, 2, 2)
    rows, across = _crossings(level, spacing)
    order = np.lexsort((across, rows))
    rows, across = rows[order], across[order]
    # Consecutive crossings of a row are pairs.
    lines = np.stack(
        [across.reshape(-1, 2), np.repeat(rows[::2, None] * spacing, 2, axis=1)], axis=2
    )
    lines = lines[lines[:, 1, 0] > lines[:, 0, 0]]
    back = np.rint(lines[:, 0, 1] / spacing).astype(np.int64) % 2 == 1
    lines[back] = lines[back, ::-1]
    return list(applied(inverse(turn), lines.reshape(-1, 2)).reshape(-1, 2, 2))


def _crossings(edges: Floats, spacing: float) -> tuple[NDArray[np.int64], Floats]:
    """Return the rows n that edges cross at `n * spacing`, and the x of the crossings."""
    low, high = edges[..., 1].min(axis=1), edges[..., 1].max(axis=1)
    first, last = np.ceil(low / spacing), np.ceil(high / spacing)
    if not (last - first).sum() <= MAX_VERTICES:
        raise too_many_vertices()
    counts = (last - first).astype(np.int64)
    edge = np.repeat(np.arange(len(edges)), counts)
    rows = ranges(counts) + first[edge].astype(np.int64)
    start, end = edges[edge, 0], edges[edge, 1]
    part = (rows * spacing - start[:, 1]) / (end[:, 1] - start[:, 1])
    return rows, start[:, 0] + part * (end[:, 0] - start[:, 0])
