"""Least spanning trees of nodes with penalties."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers, ascending
from libraries.geometry.routing.candidates import nearest_others
from libraries.geometry.routing.ends import Nodes
from libraries.geometry.routing.route import distances
from libraries.geometry.tours import hilbert_order

# Pairs of points that are compared for the complete graph, at most.
MAX_PAIRS = 1_000_000


@dataclass(frozen=True)
class Links:
    """Edges between nodes with their lengths in mm; the first node is the lower one."""

    low: Integers
    high: Integers
    lengths: Floats

    def costs(self, penalties: Floats) -> Floats:
        return self.lengths + penalties[self.low] + penalties[self.high]

    def joined_with(self, other: Links) -> Links:
        return shortest_links(
            np.append(self.low, other.low),
            np.append(self.high, other.high),
            np.append(self.lengths, other.lengths),
        )

    def degrees(self, chosen: Integers, count: int) -> Integers:
        ends = np.concatenate((self.low[chosen], self.high[chosen]))
        return np.bincount(ends, minlength=count)


def shortest_links(one: Integers, two: Integers, lengths: Floats) -> Links:
    """Return the shortest edge of each pair of different nodes."""
    is_edge = one != two
    low, high = np.minimum(one, two)[is_edge], np.maximum(one, two)[is_edge]
    if not len(low):
        return Links(low, high, lengths[is_edge])
    # One key to sort by instead of three takes a fifth of the time.
    count = int(high.max()) + 1
    keys = low * count + high
    order = np.argsort(keys)
    keys = keys[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    shortest = np.minimum.reduceat(lengths[is_edge][order], first)
    low, high = np.divmod(keys[first], count)
    return Links(low, high, shortest)


def near_links(nodes: Nodes) -> Links:
    """Return edges to near nodes, and along a Hilbert curve, so that the graph is connected."""
    points, owners = nodes.points, nodes.owners
    near = nearest_others(points, owners, 10)
    # A pair of which each is listed at the other is taken once. Of several points in one place, not
    # all are listed.
    nearest, farthest = near.distances[:, 0], near.distances[:, -1]
    listed_at = np.where((nearest > 0) & np.isfinite(farthest), farthest, 0.0)
    is_taken = np.arange(len(points))[:, None] < near.found
    is_taken |= (near.distances >= listed_at[near.found]) | (nearest == 0)[:, None]
    row, column = np.nonzero(np.isfinite(near.distances) & is_taken)
    one, two = owners[row], owners[near.found[row, column]]
    apart = near.distances[row, column]
    first = np.zeros(len(nodes), dtype=np.int64)
    first[owners[::-1]] = np.arange(len(owners))[::-1]
    chain = _along_curve(points[first])
    steps = distances(np.diff(points[first][chain], axis=0))
    return shortest_links(
        np.append(one, chain[:-1]), np.append(two, chain[1:]), np.append(apart, steps)
    )


def _is_one_stroke(nodes: Nodes) -> bool:
    """Return whether no edge is needed; the search would import SciPy, which takes 30 MB."""
    return len(nodes) - len(nodes.joined) == 1


def _along_curve(points: Floats) -> Integers:
    """Return the order of points along a Hilbert curve, in which successive ones are near."""
    low, size, bits = points.min(axis=0), np.ptp(points, axis=0).max(), 12
    cells = ((points - low) / max(size, 1e-9) * ((1 << bits) - 1)).astype(np.int64)
    return np.argsort(hilbert_order(cells[:, 0], cells[:, 1], bits), kind="stable")


def shortest_tree(nodes: Nodes, links: Links, penalties: Floats) -> Integers:
    """Return the numbers of the edges of a least spanning forest that joins open strokes."""
    if _is_one_stroke(nodes):
        return np.zeros(0, dtype=np.int64)
    from scipy.sparse import csr_array  # type: ignore[import-untyped]  # noqa: PLC0415
    from scipy.sparse.csgraph import (  # type: ignore[import-untyped]  # noqa: PLC0415
        minimum_spanning_tree,
    )

    # Ranks are positive and different; joined nodes have the least.
    costs = links.costs(penalties)
    order = ascending(costs)
    rank = np.empty(len(order))
    rank[order] = np.arange(2.0, len(order) + 2)
    is_join = _is_join(nodes, links)
    low = np.concatenate((links.low[~is_join], nodes.joined))
    high = np.concatenate((links.high[~is_join], nodes.joined + 1))
    weights = np.concatenate((rank[~is_join], np.ones(len(nodes.joined))))
    graph: Any = csr_array((weights, (low, high)), shape=(len(nodes), len(nodes)))
    chosen = minimum_spanning_tree(graph).data
    chosen = np.sort(chosen[chosen > 1]).astype(np.int64) - 2
    return order[chosen]


def _is_join(nodes: Nodes, links: Links) -> np.typing.NDArray[np.bool_]:
    is_start = np.zeros(len(nodes), dtype=bool)
    is_start[nodes.joined] = True
    result: np.typing.NDArray[np.bool_] = is_start[links.low] & (links.high == links.low + 1)
    return result


class CompleteTree(NamedTuple):
    """A cost in mm that no spanning tree is below; `is_whole` if a tree has it.

    `links` are the edges that were given and those of the tree.
    """

    cost: float
    is_whole: bool
    links: Links


def complete_tree(nodes: Nodes, links: Links, penalties: Floats) -> CompleteTree:
    """Return the cost of the least spanning tree of all nodes; joined nodes cost their penalties.

    Edges between all nodes are counted, with the penalties of both nodes. If there are too many
    to compare, only those below a limit are: the other edges of the tree cost at least this limit.
    """
    ends = penalties[nodes.joined].tolist() + penalties[nodes.joined + 1].tolist()
    if _is_one_stroke(nodes):
        return CompleteTree(math.fsum(ends), is_whole=True, links=links)
    tree = shortest_tree(nodes, links, penalties)
    highest = float(links.costs(penalties)[tree].max(initial=0.0))
    limit, is_whole = _affordable(nodes, penalties, highest)
    every = links.joined_with(_links_below(nodes, penalties, limit))
    tree = shortest_tree(nodes, every, penalties)
    costs = every.costs(penalties)[tree]
    below = costs[costs < limit].tolist()
    missing = len(nodes) - 1 - len(nodes.joined) - len(below)
    needed = Links(every.low[tree], every.high[tree], every.lengths[tree])
    return CompleteTree(
        math.fsum([*below, missing * limit, *ends]), is_whole, links.joined_with(needed)
    )


def _trees(nodes: Nodes, penalties: Floats) -> tuple[Floats, Floats, float]:
    """Return points in three dimensions whose distances are not above the costs of their edges."""
    least = float(penalties.min())
    height = penalties[nodes.owners] - least
    return (
        np.column_stack((nodes.points, height)),
        np.column_stack((nodes.points, -height)),
        2 * least,
    )


def _affordable(nodes: Nodes, penalties: Floats, limit: float) -> tuple[float, bool]:
    if len(nodes.points) ** 2 <= MAX_PAIRS:
        return limit, True
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # noqa: PLC0415

    ups, downs, least = _trees(nodes, penalties)
    up, down = cKDTree(ups), cKDTree(downs)
    limits = (limit - (limit - least) * (1 - 0.8 ** np.arange(16)[::-1])).tolist()

    def pairs(tried: float) -> int:
        return int(up.count_neighbors(down, max(tried - least, 0.0)))

    best = [least, *limits][bisect_right(limits, MAX_PAIRS, key=pairs)]
    return best, best == limit


def _links_below(nodes: Nodes, penalties: Floats, limit: float) -> Links:
    """Return all edges whose cost is below `limit`, at least."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    ups, downs, least = _trees(nodes, penalties)
    if limit <= least:
        nothing = np.zeros(0, dtype=np.int64)
        return Links(nothing, nothing, np.zeros(0))
    # Sorted along x, the points of a block are near to each other.
    order = np.lexsort((ups[:, 1], ups[:, 0]))
    down = cKDTree(downs)
    # Points that are compared at a time, which limits the memory.
    parts, block = [], 20_000
    radius = max(limit - least, 0.0) * (1 + 1e-12) + 1e-12
    for first in range(0, len(order), block):
        rows = order[first : first + block]
        found = cKDTree(ups[rows]).sparse_distance_matrix(down, radius, output_type="ndarray")
        row, other = rows[found["i"]], found["j"]
        row, other = row[row < other], other[row < other]
        one, two = nodes.owners[row], nodes.owners[other]
        lengths = distances(nodes.points[row] - nodes.points[other])
        is_below = (lengths + penalties[one] + penalties[two] < limit) & (one != two)
        parts.append(shortest_links(one[is_below], two[is_below], lengths[is_below]))
    return Links(
        *(np.concatenate([getattr(p, a) for p in parts]) for a in ("low", "high", "lengths"))
    )
