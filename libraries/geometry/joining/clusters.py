"""Ends of strokes that nearly meet, moved to one point."""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.joining.pieces import Pieces, rounded
from libraries.geometry.nearest import connected_parts, pairs_within
from libraries.geometry.routing.route import distances


def clustered(pieces: Pieces, tolerance: float, *, max_neighbours: int = 8) -> tuple[Pieces, float]:
    """Return the strokes with ends within `tolerance` mm of each other moved to the same point.

    The second value is the widest gap in mm that is closed so.

    An end moves by at most `tolerance`. Ends of a chain that is wider stay apart where they must,
    and the two ends of a stroke that is as short as the tolerance do not meet. Only ends that are
    on no other stroke's end should be given: see `join_strokes`.
    """
    ends = pieces.ends
    pairs = pairs_within(ends, tolerance, max_neighbours=max_neighbours)
    if not len(pairs):
        return pieces, 0.0
    # A stroke of this length would become a dot.
    short = pieces.lengths <= 2 * tolerance
    pairs = pairs[~short[pairs[:, 0] >> 1] & ~short[pairs[:, 1] >> 1]]
    moved = _common_points(ends, pairs, tolerance)
    coordinates = pieces.coordinates.copy()
    coordinates[pieces.end_rows] = moved
    met = (moved[pairs[:, 0]] == moved[pairs[:, 1]]).all(axis=1)
    widest = distances(ends[pairs[met, 0]] - ends[pairs[met, 1]]).max(initial=0.0)
    return pieces._replace(coordinates=coordinates), float(widest)


def _common_points(ends: Floats, pairs: Integers, tolerance: float) -> Floats:
    """Return the point of each end: the centre of its cluster, or another end where that is far."""
    part = connected_parts(len(ends), pairs)
    size = np.bincount(part)
    centres = np.column_stack([np.bincount(part, weights=ends[:, axis]) / size for axis in (0, 1)])
    points = np.where((size[part] > 1)[:, None], rounded(centres)[part], ends)
    # Rounding may move a centre by half a micrometre.
    far = distances(points - ends) > tolerance
    if far.any():
        wide = np.isin(part, part[far])
        points[wide] = ends[wide]
        _gather(points, ends, pairs[wide[pairs[:, 0]]], tolerance)
    return points


def _gather(points: Floats, ends: Floats, pairs: Integers, tolerance: float) -> None:
    """Move ends of wide clusters to the first end within the tolerance, in ascending order."""
    near: dict[int, list[int]] = {}
    for one, two in pairs.tolist():
        near.setdefault(one, []).append(two)
        near.setdefault(two, []).append(one)
    taken: set[int] = set()
    for seed in sorted(near):
        if seed in taken:
            continue
        taken.add(seed)
        for other in near[seed]:
            if other not in taken and distances(ends[other] - ends[seed]) <= tolerance:
                taken.add(other)
                points[other] = ends[seed]
