"""Lines drawn across gaps between strokes, which save pen lifts."""

from __future__ import annotations

import numpy as np

from libraries.geometry.joining.euler import fewest_strokes
from libraries.geometry.joining.join import Joined
from libraries.geometry.joining.pieces import Pieces, end_to_end
from libraries.geometry.nearest import pairs_within
from libraries.geometry.routing.route import distances


def bridge_gaps(pieces: Pieces, gap: float, *, max_neighbours: int = 8) -> Joined:
    """Return the strokes with gaps of at most `gap` mm between ends drawn, the shortest first.

    A stroke is not joined to itself, which would save nothing.
    """
    ends = pieces.ends
    pairs = pairs_within(ends, gap, max_neighbours=max_neighbours)
    nodes = np.arange(2 * len(pieces.counts))
    parents = list(range(len(pieces.counts)))
    widest_mm = 0.0
    for one, two in pairs.tolist():
        roots = _root(parents, one >> 1), _root(parents, two >> 1)
        if roots[0] != roots[1] and nodes[one] == one and nodes[two] == two:
            # Negative nodes are taken.
            nodes[one] = nodes[two] = -1 - one
            parents[roots[1]] = roots[0]
            widest_mm = float(distances(ends[one] - ends[two]))
    if (nodes >= 0).all():
        return Joined(pieces)
    return Joined(end_to_end(pieces, *fewest_strokes(nodes, pieces.away)), widest_mm)


def _root(parents: list[int], stroke: int) -> int:
    while parents[stroke] != stroke:
        parents[stroke] = parents[parents[stroke]]
        stroke = parents[stroke]
    return stroke
