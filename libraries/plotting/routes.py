"""Routes of the pens of a document: each layer in the shortest order found, one after another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from libraries.fields import Params, choice, flag
from libraries.geometry.arrays import Integers, ranges
from libraries.geometry.document import Document
from libraries.geometry.joining import Pieces
from libraries.geometry.joining.pieces import selected
from libraries.geometry.nesting import nested_pairs
from libraries.geometry.routing import (
    Bound,
    Effort,
    Route,
    apply_route,
    moves_for,
    shortest_route,
    travel_bound,
)
from libraries.geometry.routing.route import distances
from libraries.geometry.strokes import HOME, Point
from libraries.plotting.catalogue import Deadline


class OrderOptions(Params):
    """The effort of the search for an order, and its constraints."""

    effort: Effort = choice("Number of orders that are tried.", Effort, default="quick")
    inner_first: bool = flag(
        "Draw each closed stroke after those inside it, so that a knife cuts holes first.",
        default=False,
    )
    keep_groups: bool = flag(
        "Draw the strokes of each innermost group of the file one after another.", default=False
    )

    @property
    def constraints(self) -> list[str]:
        """Return the names of the options that limit the order."""
        return [name for name in ("inner_first", "keep_groups") if getattr(self, name)]


@dataclass(frozen=True)
class Leg:
    """The strokes of one layer in a plot; `start` and `end` are None where they are not known.

    The pen comes from `start` and goes to `end`, which is the origin for the last layer. `groups`
    has the number of the group of each stroke, or -1.
    """

    layer: int
    pieces: Pieces
    start: Point | None = None
    end: Point | None = None
    groups: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Return which strokes have the same vertex as entry and exit: closed ones and dots."""
        trips: NDArray[np.bool_] = self.pieces.closed | (self.pieces.counts == 1)
        return trips

    @property
    def travel_mm(self) -> float:
        """Return the travel in the given order in mm, without moves from `start` and to `end`."""
        ends = self.pieces.ends
        return math.fsum(distances(ends[2::2] - ends[1:-1:2]))

    def bound(self, steps: int, deadline: Deadline | None = None) -> Bound:
        return travel_bound(
            *self.pieces,
            closed=self.closed,
            start=self.start,
            end=self.end,
            steps=steps,
            is_over=lambda: deadline is not None and deadline.is_over,
        )


def legs_of(document: Document) -> Iterator[Leg]:
    """Yield the layers with strokes; only the first has a start, and only the last an end."""
    used = np.unique(document.store.layers).tolist()
    for layer in used:
        start, end = HOME if layer == used[0] else None, HOME if layer == used[-1] else None
        store = document.on_layer(layer)
        pieces = Pieces(store.coordinates, store.offsets)
        yield Leg(layer, pieces, start, end, store.groups)


def bounds_of(
    document: Document, steps: int, max_penalised: int, deadline: Deadline | None = None
) -> list[Bound]:
    """Return for each layer with strokes a travel that no order of its strokes is shorter than.

    The moves between layers are not included. Layers with more than `max_penalised` strokes get a
    weaker bound in less time. The time until `deadline` is shared by the strokes.
    """
    limit = deadline or Deadline()
    bounds: list[Bound] = []
    done = 0
    for leg in legs_of(document):
        count = len(leg.pieces.counts)
        done += count
        until = limit.share(done / len(document))
        most = steps if count <= max_penalised else 0
        bounds.append(leg.bound(most, until))
    return bounds


def reordered(document: Document, bounds: Sequence[Bound], routes: Sequence[Route]) -> list[Bound]:
    """Return the bounds of `document` with their penalties in the order of the routed document."""
    return [
        bound
        if bound.penalties is None
        else replace(bound, penalties=bound.penalties[_nodes_of(leg.closed, route)])
        for leg, bound, route in zip(legs_of(document), bounds, routes, strict=True)
    ]


def _nodes_of(closed: NDArray[np.bool_], route: Route) -> Integers:
    """Return the nodes of strokes in the order of `route`: one of a closed stroke, two of others."""
    counts = np.where(closed, 1, 2)
    first = np.cumsum(counts) - counts
    closed, first, counts = closed[route.order], first[route.order], counts[route.order]
    is_reversed = np.repeat(~closed & (route.entry > 0), counts)
    steps = ranges(counts)
    return np.repeat(first, counts) + np.where(is_reversed, 1 - steps, steps)


def estimated_gap(
    document: Document,
    *,
    max_strokes: int = 20_000,
    blocks: int = 3,
    block: int = 1_000,
    steps: int = 100,
) -> float | None:
    """Estimate by how much a travel exceeds the least one, from parts of a long layer.

    Each of `blocks` parts are `block` consecutive strokes of the layer with the most strokes. The
    result is None if that has at most `max_strokes`, for which a bound can be close.
    """
    longest = max(legs_of(document), key=lambda leg: len(leg.pieces.counts), default=None)
    if longest is None or len(longest.pieces.counts) <= max_strokes:
        return None
    travel = bound = 0.0
    for first in np.linspace(0, len(longest.pieces.counts) - block, blocks).astype(int).tolist():
        part = Leg(longest.layer, selected(longest.pieces, np.arange(first, first + block)))
        travel += part.travel_mm
        bound += part.bound(steps).mm
    return round(travel / bound - 1, 3) if bound > 0 else None


def routed(
    document: Document,
    options: OrderOptions,
    *,
    bounds: Sequence[Bound] = (),
    is_over: Callable[[], bool],
    report: Callable[[float], None],
) -> tuple[Document, list[Route]]:
    """Return the document with each layer in the shortest order found, and the routes.

    The travel of a layer begins where the layer before ends. The penalties of `bounds`, one for each layer with strokes, guide the
    search. `report` receives the travel of the layers so far and of the best order of the current
    one in mm.
    """
    ordered = document.with_strokes(np.zeros((0, 2)), [0], 0)
    routes: list[Route] = []
    here: Point | None = None
    travel_mm = 0.0
    for number, leg in enumerate(legs_of(document)):
        leg = replace(leg, start=leg.start or here)  # noqa: PLW2901
        done_mm = travel_mm
        route = shortest_route(
            *leg.pieces,
            closed=leg.closed,
            start=leg.start,
            end=leg.end,
            moves=moves_for(options.effort, len(leg.pieces.counts)),
            is_over=is_over,
            before=nested_pairs(leg.pieces) if options.inner_first else (),
            groups=leg.groups if options.keep_groups else None,
            penalties=bounds[number].penalties if bounds else None,
            report=lambda mm, done_mm=done_mm: report(done_mm + mm),  # type: ignore[misc]
        )
        travel_mm += route.travel_mm
        routes.append(route)
        coordinates, offsets = apply_route(*leg.pieces, route, closed=leg.closed)
        ordered.extend(coordinates, offsets, leg.layer, leg.groups[route.order])
        here = (float(coordinates[-1, 0]), float(coordinates[-1, 1]))
    return ordered, routes
