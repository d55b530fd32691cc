"""Routes: the order, directions and starts of strokes, and the travel with the pen up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.strokes import Point

Flags = NDArray[np.bool_]
Stopped = Literal["done", "deadline", "client"]


@dataclass(frozen=True)
class Route:
    """An order of strokes.

    `order` has the index of each stroke in drawing order, and `entry` for each of them the vertex
    within the stroke where the pen is put down: of an open stroke the first, or the last for the
    opposite direction; of a closed stroke any. `travel_mm` is the travel with the pen up, and
    `moves` the number of moves that were tried.
    """

    order: Integers
    entry: Integers
    travel_mm: float
    moves: int = 0
    stopped: Stopped = "done"


def travel_mm(
    coordinates: Floats,
    offsets: Integers,
    order: Integers,
    entry: Integers,
    *,
    closed: Flags,
    start: Point | None,
    end: Point | None,
) -> float:
    """Return the travel with the pen up in mm, with the moves from `start` and to `end`."""
    if not len(order):
        return 0.0 if start is None or end is None else math.dist(start, end)
    first = offsets[:-1][order]
    last = offsets[1:][order] - 1 - first
    left = np.where(closed[order], entry, last - entry)
    moves = coordinates[(first + entry)[1:]] - coordinates[(first + left)[:-1]]
    lengths = distances(moves).tolist()
    if start is not None:
        lengths.append(math.dist(start, coordinates[first[0] + entry[0]].tolist()))
    if end is not None:
        lengths.append(math.dist(end, coordinates[first[-1] + left[-1]].tolist()))
    return math.fsum(lengths)


def distances(moves: Floats) -> Floats:
    """Return the lengths of vectors, of shape (..., 2), with the same bits on every machine."""
    x, y = moves[..., 0], moves[..., 1]
    lengths: Floats = np.sqrt(x * x + y * y)
    return lengths


def apply_route(
    coordinates: Floats, offsets: Integers, route: Route, *, closed: Flags
) -> tuple[Floats, Integers]:
    """Return coordinates and offsets in the order and the directions of `route`.

    A closed stroke, whose last vertex equals the first, begins and ends at its entry.
    """
    order = route.order
    counts = np.diff(offsets)[order]
    entry, round_trip = np.repeat(route.entry, counts), np.repeat(closed[order], counts)
    last, position = np.repeat(counts - 1, counts), ranges(counts)
    turned = (position + entry) % np.maximum(last, 1)
    straight = np.where(entry > 0, last - position, position)
    vertex = np.where(round_trip & (entry > 0), turned, straight)
    rows = np.repeat(offsets[:-1][order], counts) + vertex
    return coordinates[rows], np.append(0, np.cumsum(counts))
