"""Removal of line segments that are drawn more than once, wholly or partly.

Segments are cut at each vertex on them. Overlapping segments then have equal parts between the
same vertices, in the same or the opposite direction. This needs no comparison of directions, which
are inexact for short segments with rounded coordinates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.joining.euler import least_strokes
from libraries.geometry.joining.pieces import Pieces, keys_of, pieces_of, selected, together
from libraries.geometry.nearest import connected_parts, pairs_within
from libraries.geometry.routing.route import distances
from libraries.geometry.segments import cross


class _Parts(NamedTuple):
    """Parts of segments in drawing order: the vertices and nodes at their ends, and strokes."""

    points: Floats
    nodes: Integers
    strokes: Integers


def without_duplicates(pieces: Pieces, *, lift_mm: float) -> Pieces:
    """Return the strokes without what an earlier stroke, or part of the same one, has drawn.

    A duplicate stays where removing it would cost more pen lifts than it saves: a lift takes as
    long as drawing `lift_mm`. Dots are moved to the end.
    """
    drawn = selected(pieces, np.flatnonzero(pieces.counts > 1))
    if len(drawn.offsets) == 1:
        return pieces
    parts = _parts_of(drawn)
    again = _is_repeated(parts.nodes)
    if not again.any():
        return pieces
    again &= _is_worth_removing(parts, again, lift_mm)
    if not again.any():
        return pieces
    kept = _strokes_of(drawn, parts, again)
    return together(kept, selected(pieces, np.flatnonzero(pieces.counts == 1)))


def _parts_of(pieces: Pieces) -> _Parts:
    # Coordinates rounded to a micrometre are up to 0.7 micrometres from a line between such.
    near_mm = 0.0015
    owners = pieces.owners
    begins = np.flatnonzero(owners[1:] == owners[:-1])
    cut = begins[_may_overlap(pieces, begins)]
    nodes = _nodes_of(pieces.coordinates, np.unique(np.concatenate((cut, cut + 1))), near_mm)
    begin, vertex = _vertices_on(pieces.coordinates, cut, nodes, near_mm)
    starts = pieces.coordinates[begin]
    along = ((pieces.coordinates[vertex] - starts) * (pieces.coordinates[begin + 1] - starts)).sum(
        axis=1
    )
    # Each segment is a row of vertices: its begin, those on it, its end.
    rows = np.concatenate((begins, vertex, begins + 1))
    which = np.concatenate((begins, begin, begins))
    rank = np.concatenate((np.full(len(begins), -np.inf), along, np.full(len(begins), np.inf)))
    order = np.lexsort((rank, which)) if len(vertex) else np.argsort(which, kind="stable")
    rows, which = rows[order], which[order]
    inside = np.flatnonzero((which[1:] == which[:-1]) & (nodes[rows[1:]] != nodes[rows[:-1]]))
    ends = np.column_stack((rows[inside], rows[inside + 1]))
    return _Parts(pieces.coordinates[ends], nodes[ends], owners[which[inside]])


def _may_overlap(
    pieces: Pieces, begins: Integers, *, min_mm: float = 1.0, max_vertices: int = 8
) -> NDArray[np.bool_]:
    """Return which segments are compared with parts of others: not the short ones of curves.

    Those are only compared as a whole.
    """
    is_long = pieces.steps[begins + 1] >= min_mm
    chosen: NDArray[np.bool_] = is_long | (pieces.counts[pieces.owners[begins]] <= max_vertices)
    return chosen


def _nodes_of(coordinates: Floats, ends: Integers, near_mm: float) -> Integers:
    """Return a number for each vertex; `ends` that only rounding has moved apart share it."""
    _, nodes = np.unique(keys_of(coordinates), return_inverse=True)
    distinct, first = np.unique(nodes[ends], return_index=True)
    pairs = pairs_within(coordinates[ends[first]], near_mm, max_neighbours=4)
    if not len(pairs):
        return nodes
    same = np.arange(nodes.max() + 1)
    same[distinct] = distinct[connected_parts(len(distinct), pairs)]
    return same[nodes]


def _vertices_on(
    coordinates: Floats,
    begins: Integers,
    nodes: Integers,
    near_mm: float,
    *,
    max_pieces: int = 300_000,
    block: int = 8192,
) -> tuple[Integers, Integers]:
    """Return pairs of a segment and a vertex on it, between its ends."""
    lengths = distances(coordinates[begins + 1] - coordinates[begins])
    # The boxes of long diagonal segments would contain most vertices.
    piece_mm = max(4.0, float(lengths.sum()) / max_pieces)
    counts = np.maximum(np.ceil(lengths / piece_mm).astype(np.int64), 1)
    segment = np.repeat(begins, counts)
    share = (np.array([[0], [1]]) + ranges(counts)) / np.repeat(counts, counts)
    starts, ways = coordinates[segment], coordinates[segment + 1] - coordinates[segment]
    one, two = (starts + part[:, None] * ways for part in share)
    low, high = np.minimum(one, two) - near_mm, np.maximum(one, two) + near_mm
    _, vertices = np.unique(nodes[np.concatenate((begins, begins + 1))], return_index=True)
    vertices = np.concatenate((begins, begins + 1))[vertices]
    # A tree of all boxes instead of the points would take several times the memory.
    tree = shapely.STRtree(np.asarray(shapely.points(coordinates[vertices])))
    found: list[Integers] = []
    for first in range(0, len(segment), block):
        some = slice(first, first + block)
        piece, point = tree.query(shapely.box(*low[some].T, *high[some].T))
        begin, vertex = segment[some][piece], vertices[point]
        to = coordinates[vertex] - coordinates[begin]
        way = coordinates[begin + 1] - coordinates[begin]
        apart = np.abs(cross(to, way)) <= near_mm * distances(way)
        inner = (nodes[vertex] != nodes[begin]) & (nodes[vertex] != nodes[begin + 1])
        found.append(np.column_stack((begin, vertex))[apart & inner])
    pairs = np.unique(np.concatenate([np.zeros((0, 2), np.int64), *found]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _is_repeated(nodes: Integers) -> NDArray[np.bool_]:
    low, high = nodes.min(axis=1), nodes.max(axis=1)
    _, first = np.unique(low * (nodes.max() + 1) + high, return_index=True)
    again = np.ones(len(nodes), dtype=np.bool_)
    again[first] = False
    return again


def _is_worth_removing(
    parts: _Parts, again: NDArray[np.bool_], lift_mm: float
) -> NDArray[np.bool_]:
    """Return which parts belong to a connected drawing that takes less time without `again`."""
    count = int(parts.nodes.max()) + 1
    component = connected_parts(count, parts.nodes)
    lifts = [
        least_strokes(parts.nodes[kept], component) for kept in (np.ones(len(again), bool), ~again)
    ]
    lengths = distances(parts.points[:, 1] - parts.points[:, 0])
    of_part = component[parts.nodes[:, 0]]
    saved = np.bincount(of_part, weights=lengths * again, minlength=len(lifts[0]))
    worth: NDArray[np.bool_] = (saved > (lifts[1] - lifts[0]) * lift_mm)[of_part]
    return worth


def _strokes_of(pieces: Pieces, parts: _Parts, again: NDArray[np.bool_]) -> Pieces:
    """Return the strokes in which the parts that are not `again` are left, in drawing order.

    A stroke of which nothing is removed stays as it is.
    """
    touched = np.bincount(parts.strokes, weights=again, minlength=len(pieces.counts)) > 0
    kept = ~again & touched[parts.strokes]
    rows = np.flatnonzero(kept)
    # A part continues the one before if both were next to each other.
    fresh = (np.diff(rows, prepend=-2) > 1) | (np.diff(parts.strokes[rows], prepend=-1) != 0)
    ends = np.append(fresh[1:], True) if len(rows) else fresh
    points = np.stack((parts.points[rows, 0], parts.points[rows, 1]), axis=1)
    # Each part gives its begin, and the last of a run its end too.
    shown = np.column_stack((np.ones(len(rows), np.bool_), ends))
    coordinates = points[shown]
    counts = np.bincount(np.cumsum(fresh) - 1, minlength=0) + 1 if len(rows) else np.zeros(0, int)
    cut = pieces_of(coordinates, counts)
    owners = np.concatenate((np.flatnonzero(~touched), parts.strokes[rows][fresh]))
    whole = selected(pieces, np.flatnonzero(~touched))
    return selected(together(whole, cut), np.argsort(owners, kind="stable"))
