"""Lists of near ends for the local search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.routing.candidates import Candidates, nearest_others
from libraries.geometry.routing.problem import Problem
from libraries.geometry.routing.route import Flags, distances


class Rows(Protocol):
    """Pairs of a near end and its distance for each end, nearest first."""

    def __getitem__(self, end: int, /) -> Iterable[tuple[int, float]]: ...


@dataclass(frozen=True)
class Neighbours:
    """For each end the near ones with their least distances; `deeper` has fewer.

    The distances are increased by the `penalties` of the near ends. Penalties do not change the
    differences of the lengths of routes, as each end has one connection, but with those of a high
    bound the connections of the best routes are among the first.
    """

    rows: Rows
    deeper: Rows
    penalties: list[float]


def near_ends(problem: Problem, count: int) -> Candidates:
    """Return the nearest ends of each end, with the least distance if a start is free.

    The numbers and the order are those of `problem.ends`.
    """
    points = problem.ends
    known = np.flatnonzero(np.isfinite(points[:, 0]))
    if problem.closed.any():
        return _near_closed(problem, known, count)
    near = nearest_others(points[known], known >> 1, count)
    found = np.zeros((len(points), near.found.shape[1]), dtype=np.int64)
    apart = np.full(found.shape, np.inf)
    found[known], apart[known] = known[near.found], near.distances
    return Candidates(found, apart)


def _near_closed(problem: Problem, known: Integers, count: int) -> Candidates:
    """Return the nearest ends where closed strokes are near with each of some vertices."""
    total = len(problem.ends)
    is_closed = np.append(problem.closed, False)
    open_ends = known[~is_closed[known >> 1]]
    rows, strokes, slack = _samples(problem)
    points = np.concatenate((problem.ends[open_ends], problem.coordinates[rows]))
    ends = np.concatenate((open_ends, 2 * strokes))
    slacks = np.concatenate((np.zeros(len(open_ends)), slack))
    near = nearest_others(points, ends >> 1, count + 4)
    found, least = np.zeros((total, count), dtype=np.int64), np.full((total, count), np.inf)
    is_open = ~is_closed[ends >> 1]
    is_plain = is_open & is_open[near.found].all(axis=1)
    _list_open(found, least, ends, near, is_plain)
    row, column = np.nonzero(np.isfinite(near.distances) & ~is_plain[:, None])
    other = near.found[row, column]
    apart = np.maximum(near.distances[row, column] - slacks[row] - slacks[other], 0.0)
    one, two = ends[row], ends[other]
    for _ in range(2):
        # Both ends of a closed stroke are near, and in the second turn both have near ends.
        both = is_closed[two >> 1]
        one, two = np.append(one, one[both]), np.append(two, two[both] ^ 1)
        apart = np.append(apart, apart[both])
        one, two = two, one
    if not len(one):
        return Candidates(found, least)
    # One key to sort by instead of two.
    keys = one * total + two
    order = np.argsort(keys)
    keys = keys[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    apart = np.minimum.reduceat(apart[order], first)
    one, two = np.divmod(keys[first], total)
    order = np.lexsort((apart, one))
    one, two, apart = one[order], two[order], apart[order]
    rank = ranges(np.bincount(one, minlength=total))
    one, two, apart, rank = (a[rank < count] for a in (one, two, apart, rank))
    found[one, rank], least[one, rank] = two, apart
    return Candidates(found, least)


def _list_open(
    found: Integers, least: Floats, ends: Integers, near: Candidates, which: Flags
) -> None:
    """List the nearest ends of the open ends `which`, which have no closed stroke near."""
    others, apart = ends[near.found[which]], near.distances[which]
    order = np.lexsort((others, apart), axis=1)[:, : found.shape[1]]
    rows, columns = ends[which][:, None], np.arange(order.shape[1])
    found[rows, columns] = np.take_along_axis(others, order, axis=1)
    least[rows, columns] = np.take_along_axis(apart, order, axis=1)


def _samples(problem: Problem) -> tuple[Integers, Integers, Floats]:
    """Return rows of coordinates on closed strokes, their strokes and half their spacing in mm.

    The spacing is about that of the strokes, so that the samples are not more than a few times as
    many.
    """
    closed = np.flatnonzero(problem.closed)
    steps = distances(np.diff(problem.coordinates, axis=0, append=0.0))
    steps[problem.offsets[1:] - 1] = 0.0
    lengths = np.add.reduceat(steps, problem.offsets[:-1])[closed]
    vertices = np.diff(problem.offsets)[closed] - 1
    points = problem.coordinates
    size = points.max(axis=0) - points.min(axis=0)
    spacing = max(float(np.sqrt(size.prod() / len(problem))), float(lengths.mean()) / 8, 1e-6)
    counts = np.clip(np.ceil(lengths / spacing), 1, np.maximum(vertices, 1)).astype(np.int64)
    position = ranges(counts)
    rows = np.repeat(problem.offsets[closed], counts) + position * np.repeat(
        vertices, counts
    ) // np.maximum(np.repeat(counts, counts), 1)
    return rows, np.repeat(closed, counts), np.repeat(lengths / counts / 2, counts)


def penalised(near: Candidates, penalties: Floats, count: int) -> Candidates:
    """Return the first `count` candidates of each end by their distances with `penalties`."""
    costs = near.distances + penalties[near.found]
    order = np.argsort(costs, axis=1, kind="stable")[:, :count]
    return Candidates(
        np.take_along_axis(near.found, order, axis=1), np.take_along_axis(costs, order, axis=1)
    )


def listed(near: Candidates, deeper: int, penalties: Floats) -> Neighbours:
    """Return `near` for loops; missing candidates are infinitely far."""
    found, apart = near
    all_penalties: list[float] = penalties.tolist()
    # Lists of more rows take too much memory.
    if len(found) > 40_000:  # noqa: PLR2004
        few = _Rows(found[:, :deeper], apart[:, :deeper])
        return Neighbours(_Rows(found, apart), few, all_penalties)
    rows = [
        list(zip(*row, strict=True)) for row in zip(found.tolist(), apart.tolist(), strict=True)
    ]
    return Neighbours(rows, [row[:deeper] for row in rows], all_penalties)


class _Rows:
    """Rows of candidates that are made when they are used, in a fourth of the memory."""

    def __init__(self, found: Integers, apart: Floats) -> None:
        self._found, self._apart = found, apart

    def __getitem__(self, end: int) -> Iterable[tuple[int, float]]:
        return zip(self._found[end].tolist(), self._apart[end].tolist(), strict=True)
