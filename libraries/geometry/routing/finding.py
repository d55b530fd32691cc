"""The entry point of the search for short routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing.groups import are_trivial, grouped_route
from libraries.geometry.routing.problem import Problem
from libraries.geometry.routing.route import Flags, Route
from libraries.geometry.routing.search import Progress, ignored, solve
from libraries.geometry.strokes import Point


def shortest_route(
    coordinates: Floats,
    offsets: Integers,
    *,
    closed: Flags,
    start: Point | None,
    end: Point | None,
    moves: int,
    is_over: Callable[[], bool],
    report: Callable[[float], None] = ignored,
    before: Sequence[tuple[int, int]] = (),
    groups: Integers | None = None,
    penalties: Floats | None = None,
) -> Route:
    """Return a short route of the pen through strokes; never a longer one than the given order.

    Stroke i consists of `coordinates[offsets[i]:offsets[i + 1]]` in mm. `closed` marks strokes
    whose last vertex is the first one again: they may start at any vertex. The pen comes from
    `start` and goes to `end`; with None it begins or ends anywhere. The first stroke of each pair
    in `before` is drawn before the second, and strokes of the same number in `groups`, of 0 or
    more, are drawn one after another, together with groups that have to be drawn both before and
    after them; the given order is not kept if it violates this. The
    `penalties` of a `Bound` of these strokes make the search find shorter routes; groups do not
    use them.

    `moves` limits the effort: the number of ends of strokes at which exchanges are tried. The
    result depends on nothing else, unless `is_over` returns true, which ends the search.
    `report` is called with the travel in mm from time to time.

    Raises:
        InvalidInput: strokes have to be drawn before each other.
    """
    problem = Problem(coordinates, offsets, closed, start, end, before, penalties=penalties)
    progress = Progress(is_over, report)
    if groups is not None and len(problem) and not are_trivial(groups):
        return grouped_route(problem, groups, moves, progress)
    return solve(problem, moves, progress)
