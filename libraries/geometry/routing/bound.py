"""Lower bounds of the travel of any order, directions and starts of strokes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing.ends import Nodes
from libraries.geometry.routing.route import Flags
from libraries.geometry.routing.trees import Links, complete_tree, near_links, shortest_tree
from libraries.geometry.strokes import Point


@dataclass(frozen=True, eq=False)
class Bound:
    """A travel in mm that no route is shorter than.

    `penalties` in mm prove it: one for each node in the order of the strokes, two for the ends of
    an open stroke and one for a closed stroke; None if all are 0. The edges of a least spanning
    tree, with the penalties of their nodes added to their lengths and the two ends of each open
    stroke joined at length 0, plus the least of the distances from the rest positions with the
    penalties of two nodes, minus twice all penalties, are at least `mm`. `is_whole_tree` says that
    this tree is known; otherwise its longest edges are counted with a length that they exceed.
    """

    mm: float
    penalties: Floats | None
    is_whole_tree: bool


def travel_bound(
    coordinates: Floats,
    offsets: Integers,
    *,
    closed: Flags,
    start: Point | None,
    end: Point | None,
    steps: int,
    is_over: Callable[[], bool] = lambda: False,
) -> Bound:
    """Return a lower bound of the travel with the pen up in mm, as in `Route.travel_mm`.

    This is the bound of Held and Karp ("The Traveling-Salesman Problem and Minimum Spanning
    Trees", 1970) for strokes. Up to `steps` of a subgradient search raise it by penalties, as long
    as that gains anything, unless `is_over` returns true. Then the best bound so far is returned.
    """
    if len(offsets) < 2:  # noqa: PLR2004 - no stroke
        far = 0.0 if start is None or end is None else math.dist(start, end)
        return Bound(far, None, is_whole_tree=True)
    nodes = Nodes(coordinates, offsets, closed, start, end)
    links = near_links(nodes)
    best = _bound(nodes, links, np.zeros(len(nodes)))[0]
    search = _Subgradient(nodes, links)
    left = steps
    while left > 0 and not is_over():
        left -= search.run(left, is_over)
        # Penalties are published with six decimals.
        found, links = _bound(nodes, search.links, np.round(search.best, 6))
        is_high = found.mm < (1 + _Subgradient.MIN_RISE) * best.mm
        best = max(best, found, key=lambda bound: bound.mm)
        if is_high:
            break
        search.continue_with(links)
    return best


def _bound(nodes: Nodes, links: Links, penalties: Floats) -> tuple[Bound, Links]:
    """Return the bound by the complete graph, rounded down, and `links` with the edges it needs."""
    tree = complete_tree(nodes, links, penalties)
    rest, _ = nodes.rest_links(penalties)
    total = math.fsum([tree.cost, rest, -2 * math.fsum(penalties.tolist())])
    mm = max(math.floor(total * 1e6 - 1) / 1e6, 0.0)
    return Bound(mm, penalties if penalties.any() else None, tree.is_whole), tree.links


class _Subgradient:
    """A search for penalties that raise the bound by the graph of `links`.

    Each round has twice the steps of the one before and begins with shorter ones, so that the
    bound is good after any number of rounds.
    """

    # After a round that raises the bound by less, further ones gain less than half of that.
    MIN_RISE = 0.005

    # Steps of the first round.
    FIRST_ROUND = 20
    # Length of the first step in mean edges, of the first one of the next round in those of this
    # one, and of the last one of a round in first ones.
    FIRST_STEP, NEXT_STEP, LAST_STEP = 0.5, 0.6, 0.01

    def __init__(self, nodes: Nodes, links: Links) -> None:
        self.nodes, self.links = nodes, links
        self.best: Floats = np.zeros(len(nodes))
        self._penalties: Floats = self.best
        self._last: Floats = self.best
        self._most = -math.inf
        self._round = self.FIRST_ROUND
        self._size_mm: float | None = None

    def continue_with(self, links: Links) -> None:
        """Use another graph for the next round, and begin at the best penalties."""
        self.links, self._penalties, self._most = links, self.best, -math.inf
        self._round *= 2
        if self._size_mm is not None:
            self._size_mm *= self.NEXT_STEP

    def run(self, most: int, is_over: Callable[[], bool]) -> int:
        """Make a round of at most `most` steps; return how many there were."""
        for step in range(min(self._round, most)):
            if step and is_over():
                return step
            value, degrees, mean_mm = self._tree()
            if value > self._most:
                self._most, self.best = value, self._penalties
            # At an end of an open stroke, a join is one of the two connections.
            off: Floats = degrees.astype(np.float64) - 2.0
            if self._size_mm is None:
                self._size_mm, self._last = self.FIRST_STEP * mean_mm, off
            size: float = self._size_mm * self.LAST_STEP ** (step / self._round)
            self._penalties = self._penalties + size * (0.7 * off + 0.3 * self._last)
            self._last = off
        return min(self._round, most)

    def _tree(self) -> tuple[float, Integers, float]:
        """Return the bound with the present penalties, degrees, and the mean length of edges."""
        nodes, links, penalties = self.nodes, self.links, self._penalties
        chosen = shortest_tree(nodes, links, penalties)
        rest, rested = nodes.rest_links(penalties)
        costs = links.costs(penalties)[chosen]
        value = float(costs.sum() + nodes.joined_cost(penalties) + rest - 2 * penalties.sum())
        degrees = nodes.joins + links.degrees(chosen, len(nodes))
        np.add.at(degrees, rested, 1)
        return value, degrees, float(links.lengths[chosen].mean()) if len(chosen) else 0.0
