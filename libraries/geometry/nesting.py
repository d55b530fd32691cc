"""Closed strokes inside other closed strokes."""

from __future__ import annotations

import numpy as np
import shapely

from libraries.geometry.joining import Pieces


def nested_pairs(pieces: Pieces) -> list[tuple[int, int]]:
    """Return pairs of numbers of closed strokes: each stroke, and the smallest one around it.

    A stroke that touches or crosses another one is not inside it.
    """
    # A ring has three different vertices.
    rings = np.flatnonzero(pieces.closed & (pieces.counts > 3))  # noqa: PLR2004
    rows = np.concatenate(
        [np.arange(*pieces.offsets[ring : ring + 2].tolist()) for ring in rings.tolist()]
        or [np.zeros(0, dtype=np.int64)]
    )
    owners = np.repeat(np.arange(len(rings)), pieces.counts[rings])
    areas = shapely.polygons(shapely.linearrings(pieces.coordinates[rows], indices=owners))
    is_simple = shapely.is_valid(areas)
    rings, areas = rings[is_simple], areas[is_simple]
    tree = shapely.STRtree(areas)
    inner, outer = tree.query(areas, predicate="contains_properly")[::-1]
    sizes = shapely.area(areas)
    # The first of each stroke, sorted by size, is the smallest around it.
    order = np.lexsort((outer, sizes[outer], inner))
    inner, outer = inner[order], outer[order]
    first = np.flatnonzero(np.diff(inner, prepend=-1))
    return list(zip(rings[inner[first]].tolist(), rings[outer[first]].tolist(), strict=True))
