"""Cuts at which closed strokes can be inserted into strokes that share a vertex with them."""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Integers
from libraries.geometry.joining.euler import MergedWalks
from libraries.geometry.joining.pieces import Pieces, keys_of


def shared_vertices(pieces: Pieces) -> Integers:
    """Return vertices at which cuts let each closed stroke be inserted into another, if any can.

    Of the vertices that a closed stroke shares with others, as few as needed are returned.
    """
    closed = pieces.closed
    if not closed.any() or len(closed) == 1:
        return np.zeros(0, dtype=np.int64)
    keys, owners = keys_of(pieces.coordinates), pieces.owners
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.diff(keys[order], prepend=keys[order[:1]] - 1))
    strokes = owners[order]
    shared = np.minimum.reduceat(strokes, first) != np.maximum.reduceat(strokes, first)
    shared &= np.maximum.reduceat(closed[strokes], first)
    last = np.append(first[1:], len(order))
    merged = MergedWalks(closed)
    cuts: list[int] = []
    for begin, end in zip(first[shared].tolist(), last[shared].tolist(), strict=True):
        host, *others = order[begin:end].tolist()
        for row in others:
            if merged.union(int(owners[host]), int(owners[row])):
                cuts += (host, row)
    return np.array(cuts, dtype=np.int64)
