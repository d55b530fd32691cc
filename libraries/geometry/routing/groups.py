"""Routes that draw groups of strokes without interruption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from libraries.geometry.arrays import Integers
from libraries.geometry.routing.problem import Problem
from libraries.geometry.routing.route import Route, apply_route
from libraries.geometry.routing.search import Progress, ignored, solve


def are_trivial(groups: Integers) -> bool:
    """Return whether all strokes are in one group, or no two are."""
    numbers, counts = np.unique(groups, return_counts=True)
    return len(numbers) == 1 or not (counts[numbers >= 0] > 1).any()


def grouped_route(problem: Problem, groups: Integers, moves: int, progress: Progress) -> Route:
    """Return a short route in which strokes of the same number of 0 or more are neighbours.

    Groups that have to be drawn before each other are one group. Each group is solved, then their order, then each again between its neighbours.
    """
    # The travel within groups is not that of the drawing: it is not reported.
    parts = _Groups(problem, groups, moves, Progress(progress.is_over, ignored))
    found = parts.solved_between(parts.solved())
    given = problem.given
    is_allowed = parts.are_together() and problem.is_allowed(given.order)
    if is_allowed and found.travel_mm >= given.travel_mm:
        found = given
    progress.report(found.travel_mm)
    return replace(found, moves=parts.moves, stopped=parts.progress.stopped)


def _in_any_order(group: Integers, before: Sequence[tuple[int, int]]) -> Integers:
    """Return the numbers of groups, with those that have to be before each other as one group."""
    pairs = group[np.array(before, dtype=np.int64).reshape(-1, 2)]
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(pairs):
        return group
    from scipy.sparse import coo_array  # type: ignore[import-untyped]  # noqa: PLC0415
    from scipy.sparse.csgraph import (  # type: ignore[import-untyped]  # noqa: PLC0415
        connected_components,
    )

    count = int(group.max()) + 1
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    labels: Integers = connected_components(links, connection="strong")[1].astype(np.int64)
    return labels[group]


class _Groups:
    def __init__(self, problem: Problem, groups: Integers, moves: int, progress: Progress) -> None:
        self.problem, self.progress = problem, progress
        # A stroke with a negative number is a group.
        numbers = np.where(groups < 0, -1 - np.arange(len(groups)), groups)
        self.group = _in_any_order(np.unique(numbers, return_inverse=True)[1], problem.before)
        inside: dict[int, list[tuple[int, int]]] = {}
        for one, two in problem.before:
            if self.group[one] == self.group[two]:
                inside.setdefault(int(self.group[one]), []).append((one, two))
        strokes = np.argsort(self.group, kind="stable")
        bounds = np.searchsorted(self.group[strokes], np.arange(int(self.group.max()) + 2))
        self.blocks = [strokes[a:b] for a, b in pairwise(bounds)]
        self.parts = [problem.part(b, inside.get(g, ())) for g, b in enumerate(self.blocks)]
        # Moves for a stroke of a group in each of the two searches of groups; the search for the
        # order of groups has the others.
        self.share, self.moves = moves // (3 * len(problem)), 0
        grouped = sum(len(block) for block in self.blocks if len(block) > 1)
        self.outer_moves = moves - 2 * self.share * grouped

    def are_together(self) -> bool:
        return bool(np.count_nonzero(np.diff(self.group)) == len(self.blocks) - 1)

    def solve(self, problem: Problem, moves: int) -> Route:
        route = solve(problem, moves, self.progress)
        self.moves += route.moves
        return route

    def solved(self) -> Route:
        """Return the route of all groups, each solved alone."""
        routes = [self.solve(part, self.share * len(part)) for part in self.parts]
        outer = self._outer(routes)
        path = self.solve(outer, self.outer_moves)
        orders, entries = [], []
        for number, entry in zip(path.order.tolist(), path.entry.tolist(), strict=True):
            route = routes[number]
            if outer.closed[number]:
                route = replace(route, entry=np.array([entry]))
            elif entry:
                route = self.parts[number].reverse(route)
            orders.append(self.blocks[number][route.order])
            entries.append(route.entry)
        return self.problem.route(np.concatenate(orders), np.concatenate(entries))

    def _outer(self, routes: list[Route]) -> Problem:
        """Return the groups as strokes: from the first point of a route to the last."""
        lines, closed = [], []
        for part, route in zip(self.parts, routes, strict=True):
            is_closed = len(part) == 1 and bool(part.closed[0])
            points, _ = apply_route(part.coordinates, part.offsets, route, closed=part.closed)
            lines.append(part.coordinates if is_closed else points[[0, -1]])
            closed.append(is_closed)
        pairs = {
            (int(self.group[one]), int(self.group[two])): 0 for one, two in self.problem.before
        }
        one_way = np.array([part.is_constrained for part in self.parts])
        return Problem(
            np.concatenate(lines),
            np.cumsum([0, *map(len, lines)]),
            np.array(closed),
            self.problem.start,
            self.problem.end,
            [pair for pair in pairs if pair[0] != pair[1]],
            one_way if one_way.any() else None,
        )

    def solved_between(self, route: Route) -> Route:
        """Return the route with each group solved again between its neighbours."""
        problem, order, entry = self.problem, route.order.copy(), route.entry.copy()
        bounds = np.flatnonzero(np.diff(self.group[order], prepend=-1, append=-1)).tolist()
        for begin, stop in pairwise(bounds):
            if stop - begin == 1:
                continue
            start = problem.exit(order[begin - 1], entry[begin - 1]) if begin else problem.start
            end = problem.point(order[stop], entry[stop]) if stop < len(order) else problem.end
            number = self.group[order[begin]]
            block, part = self.blocks[number], replace(self.parts[number], start=start, end=end)
            now = np.searchsorted(block, order[begin:stop]), entry[begin:stop]
            better = self.solve(part, self.share * len(part))
            if better.travel_mm < part.travel_mm(*now):
                order[begin:stop], entry[begin:stop] = block[better.order], better.entry
        return problem.route(order, entry)
