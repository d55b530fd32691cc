"""The fewest strokes that draw pieces that meet at nodes, each piece once.

Where an odd number of ends meet, a stroke has to begin or end; a connected part with k such nodes
takes max(1, k / 2) strokes (Euler, 1736). Pairing the ends at each node leaves that many open
strokes, and closed ones. A closed one is inserted into another stroke of the same part by changing
two pairs at a node where both meet (Hierholzer, 1873).
"""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.joining.pairing import NONE, straightest_pairs


def fewest_strokes(nodes: Integers, away: Floats) -> tuple[Integers, Integers]:
    """Return the ends at which the pieces are entered, and the positions where strokes begin.

    `nodes` has the node of each end, and `away` the direction from there into its piece: piece i
    has the ends 2i and 2i + 1. Strokes pass nodes as straight as possible.
    """
    partners = straightest_pairs(nodes, away)
    walked = walks(partners)
    if _insert_closed(partners, nodes, away, *walked):
        walked = walks(partners)
    return _in_order(*walked)


def least_strokes(edges: Integers, parts: Integers) -> Integers:
    """Return for each connected part the number of strokes that draw its edges, each once.

    `edges`, of shape (n, 2), has the nodes at both ends, and `parts` the part of each node.
    """
    odd = np.bincount(edges.ravel(), minlength=len(parts)) & 1
    counts: Integers = np.maximum(np.bincount(parts, weights=odd).astype(np.int64) // 2, 1)
    return counts


def walks(partners: Integers) -> tuple[Integers, Integers]:
    """Return the walks along `partners`: the entered ends, and where walks begin."""
    following = partners.tolist()
    used = bytearray(len(following) >> 1)
    entries: list[int] = []
    starts: list[int] = []
    # Walks that begin at ends without a partner have their full length.
    for start in (*np.flatnonzero(partners == NONE).tolist(), *range(0, len(following), 2)):
        if used[start >> 1]:
            continue
        starts.append(len(entries))
        end = start
        while end != NONE and not used[end >> 1]:
            used[end >> 1] = 1
            entries.append(end)
            end = following[end ^ 1]
    return np.array(entries, dtype=np.int64), np.array(starts, dtype=np.int64)


def _in_order(entries: Integers, starts: Integers) -> tuple[Integers, Integers]:
    """Return the strokes in the order of their first pieces, so that the given order is kept."""
    if not len(starts):
        return entries, starts
    counts = np.diff(starts, append=len(entries))
    order = np.argsort(np.minimum.reduceat(entries >> 1, starts), kind="stable")
    begins = np.cumsum(counts[order]) - counts[order]
    rows = np.repeat(starts[order] - begins, counts[order]) + np.arange(len(entries))
    return entries[rows], begins


def _insert_closed(
    partners: Integers, nodes: Integers, away: Floats, entries: Integers, starts: Integers
) -> bool:
    """Insert closed walks into others at shared nodes; return whether `partners` changed."""
    walk = np.zeros(len(nodes), dtype=np.int64)
    numbers = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(entries)))
    walk[entries] = walk[entries ^ 1] = numbers
    is_closed = partners[entries[starts]] != NONE
    order = np.argsort(nodes, kind="stable")
    first = np.flatnonzero(np.diff(nodes[order], prepend=nodes[order[:1]] - 1))
    listed = walk[order]
    mixed = np.minimum.reduceat(listed, first) != np.maximum.reduceat(listed, first)
    mixed &= np.maximum.reduceat(is_closed[listed], first)
    if not mixed.any():
        return False
    merged = MergedWalks(is_closed)
    last = np.append(first[1:], len(order))
    changed = False
    for begin, end in zip(first[mixed].tolist(), last[mixed].tolist(), strict=True):
        ends = order[begin:end].tolist()
        for other in ends[1:]:
            if merged.union(int(walk[ends[0]]), int(walk[other])):
                _switch(partners, away, ends[0], other)
                changed = True
    return changed


class MergedWalks:
    """Disjoint sets of walks, merged as long as one of two is closed."""

    def __init__(self, is_closed: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        self._parents = list(range(len(is_closed)))
        self._closed = is_closed.tolist()

    def _root(self, walk: int) -> int:
        parents = self._parents
        while parents[walk] != walk:
            parents[walk] = parents[parents[walk]]
            walk = parents[walk]
        return walk

    def union(self, one: int, two: int) -> bool:
        """Merge the sets of two walks if they differ and one is closed; return whether it was."""
        one, two = self._root(one), self._root(two)
        if one == two or not (self._closed[one] or self._closed[two]):
            return False
        self._parents[two] = one
        self._closed[one] = self._closed[one] and self._closed[two]
        return True


def _switch(partners: Integers, away: Floats, one: int, two: int) -> None:
    """Change the pairs of two ends at a node in the smoother of the two ways."""
    mates = int(partners[one]), int(partners[two])

    def bend(a: int, b: int) -> float:
        return float(away[a] @ away[b]) if NONE not in (a, b) else 0.0

    direct, crossed = (one, two), (one, mates[1])
    if round(bend(*direct) + bend(*mates), 6) <= round(bend(*crossed) + bend(two, mates[0]), 6):
        pairs = (direct, mates)
    else:
        pairs = (crossed, (two, mates[0]))
    for a, b in pairs:
        for end, mate in ((a, b), (b, a)):
            if end != NONE:
                partners[end] = mate
