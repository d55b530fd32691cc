"""The search for short routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from libraries.geometry.arrays import Integers
from libraries.geometry.routing.candidates import Candidates
from libraries.geometry.routing.constraints import Rules
from libraries.geometry.routing.effort import moves_for
from libraries.geometry.routing.few import Few, shortest_of_few
from libraries.geometry.routing.greedy import greedy_ends
from libraries.geometry.routing.local import settle
from libraries.geometry.routing.neighbours import listed, near_ends, penalised
from libraries.geometry.routing.perturbation import RandomChange, perturb, random_numbers
from libraries.geometry.routing.problem import Problem, constrained_order
from libraries.geometry.routing.route import Route, Stopped
from libraries.geometry.routing.starts import Starts
from libraries.geometry.routing.tour import Tour


def ignored(travel_mm: float) -> None:
    """Ignore a report."""


@dataclass
class Progress:
    """The limits of a search and its reports."""

    is_over: Callable[[], bool]
    report: Callable[[float], None]
    stopped: Stopped = "done"

    def is_stopped(self) -> bool:
        if self.is_over():
            self.stopped = "deadline"
        return self.stopped != "done"


def solve(problem: Problem, moves: int, progress: Progress) -> Route:
    """Return a short route that is allowed and not longer than the given order if that is."""
    given = problem.given if problem.is_allowed(np.arange(len(problem))) else None
    if not len(problem) or (len(problem) == 1 and problem.start is problem.end is None):
        return problem.given
    plain = problem if problem.penalties is None else replace(problem, penalties=None)
    search = _Search(plain, given)
    first = moves if plain is problem else min(moves, moves_for("quick", len(problem)))
    visits = search.run(first, progress)
    found = search.route()
    if visits < moves and plain is not problem and not progress.is_stopped():
        # A search with penalties may fail where one without them does not.
        best = Progress(progress.is_over, lambda mm: progress.report(min(mm, found.travel_mm)))
        search = _Search(problem, found)
        visits += search.run(moves - visits, best)
        progress.stopped = best.stopped
        found = min(found, search.route(), key=lambda route: route.travel_mm)
    if given is not None and found.travel_mm >= given.travel_mm:
        found = given
    least = shortest_of_few(problem)
    if least is not None and least.travel_mm < found.travel_mm - Few.MIN_GAIN_MM:
        found = least
    return replace(found, moves=visits, stopped=progress.stopped)


class _Search:
    # Near ends of each, and of these the ones for the last of three connections.
    NEAR, DEEPER = 8, 5
    # The same with penalties, which choose from more near ends.
    COMPARED, NEAR_PENALISED, DEEPER_PENALISED = 14, 5, 4
    # Strokes in each part that random changes exchange, at most; with penalties fewer are better.
    CHANGED, CHANGED_PENALISED = 30, 20
    # Ends that are visited, and random changes, between two looks at the clock.
    VISITS, CHANGES = 1000, 16
    # Random changes between two reports.
    REPORT = 1024
    # Ends in a part of the tour that is moved, at most; more would take too much time for each.
    MAX_MOVED = 50_000
    # Two strokes have no parts to exchange.
    MIN_PERTURBED = 3

    def __init__(self, problem: Problem, given: Route | None) -> None:
        """Begin with the greedy tour or the `given` one; with penalties, with the given one."""
        self.problem = problem
        if problem.penalties is None or given is None:
            near = near_ends(problem, self.NEAR)
            self.tour = Tour(problem.ends, _first_tour(problem, near), _starts(problem))
            self.longest, self.near = self.CHANGED, listed(near, self.DEEPER, problem.end_penalties)
            if given is not None and given.travel_mm < self.tour.length_mm():
                self.tour = _tour_along(problem, given)
        else:
            near = near_ends(problem, self.COMPARED)
            near = penalised(near, problem.end_penalties, self.NEAR_PENALISED)
            self.tour = _tour_along(problem, given)
            self.longest = self.CHANGED_PENALISED
            self.near = listed(near, self.DEEPER_PENALISED, problem.end_penalties)
        if problem.is_constrained:
            self.tour.allows = Rules(problem).allow

    def run(self, moves: int, progress: Progress) -> int:
        """Improve the tour with `moves` visits of ends; return how many there were."""
        left, tour = self._settle(moves, progress), self.tour
        change = RandomChange(random_numbers(self.problem), self.longest)
        count = 0
        while left > 0 and len(self.problem) >= self.MIN_PERTURBED:
            if count % self.CHANGES == 0 and progress.is_stopped():
                break
            if count % self.REPORT == 0:
                progress.report(tour.length_mm())
            left = perturb(tour, self.near, change, self.MAX_MOVED, left)
            count += 1
        return moves - left

    def _settle(self, left: int, progress: Progress) -> int:
        tour = self.tour
        tour.wait(tour.ends)
        while tour.waiting and left and not progress.is_stopped():
            share = min(self.VISITS, left)
            left -= share - settle(tour, self.near, self.MAX_MOVED, share)[1]
            tour.keep()
            progress.report(tour.length_mm())
        return left

    def route(self) -> Route:
        tour, problem = self.tour, self.problem
        ends, rest = tour.ends, 2 * len(problem)
        place = tour.places[rest]
        ends = (
            ends[place + 1 :] + ends[:place]
            if place % 2 == 0
            else (ends[:place][::-1] + ends[place + 1 :][::-1])
        )
        nodes = np.array(ends[:-1:2], dtype=np.int64)
        order = nodes >> 1
        entry = np.where(nodes & 1, np.diff(problem.offsets)[order] - 1, 0)
        if tour.starts is not None:
            vertices = np.array(tour.starts.vertices)[order]
            entry = np.where(problem.closed[order], vertices, entry)
        return problem.route(order, entry)


def _first_tour(problem: Problem, near: Candidates) -> list[int]:
    ends = greedy_ends(problem.ends, near)
    if problem.is_constrained:
        order = constrained_order([end >> 1 for end in ends[1:-1:2]], problem.before)
        entries = {end >> 1: end for end in ends[1:-1:2]}
        one_way = problem.one_way
        nodes = [2 * s if one_way is not None and one_way[s] else entries[s] for s in order]
        ends = _as_tour(problem, np.array([(n, n ^ 1) for n in nodes]).ravel())
    return ends


def _starts(problem: Problem) -> Starts | None:
    return Starts(problem) if problem.closed.any() else None


def _tour_along(problem: Problem, route: Route) -> Tour:
    """Return the tour of a route."""
    entry = np.zeros_like(route.entry)
    entry[route.order] = route.entry
    closed, points = np.flatnonzero(problem.closed), problem.ends.copy()
    begin = problem.coordinates[problem.offsets[closed] + entry[closed]]
    points[2 * closed] = points[2 * closed + 1] = begin
    nodes = 2 * route.order + ((route.entry > 0) & ~problem.closed[route.order])
    starts = _starts(problem)
    if starts is not None:
        starts.vertices[:-1] = np.where(problem.closed, entry, 0).tolist()
    return Tour(points, _as_tour(problem, np.column_stack((nodes, nodes ^ 1)).ravel()), starts)


def _as_tour(problem: Problem, ends: Integers) -> list[int]:
    rest = 2 * len(problem)
    return [rest, *ends.tolist(), rest + 1]
