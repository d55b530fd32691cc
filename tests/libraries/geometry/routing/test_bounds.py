from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.geometry.arrays import Floats
from libraries.geometry.routing import Bound, shortest_route, travel_bound, trees
from tests.libraries.geometry.routing.drawings import drawings
from tests.libraries.geometry.routing.samples import Drawing, random_drawing


def bound_of(drawing: Drawing, steps: int, *, looks: int | None = None) -> Bound:
    """Return a bound; with `looks`, the search ends at that look at the clock."""
    seen = iter(range(looks)) if looks is not None else None
    return travel_bound(
        drawing.coordinates,
        drawing.offsets,
        closed=drawing.closed,
        start=drawing.start,
        end=drawing.end,
        steps=steps,
        is_over=lambda: seen is not None and next(seen, None) is None,
    )


def dense_bound(drawing: Drawing, penalties: Floats) -> float:
    """Return the bound by Prim's algorithm over all pairs of nodes."""
    nodes: list[Floats] = []
    joined = {}
    for stroke, is_closed in enumerate(drawing.closed):
        line = drawing.coordinates[drawing.offsets[stroke] : drawing.offsets[stroke + 1]]
        if not is_closed:
            joined[len(nodes)], joined[len(nodes) + 1] = len(nodes) + 1, len(nodes)
        nodes += [line] if is_closed else [line[:1], line[-1:]]

    def cost(one: int, two: int) -> float:
        apart = 0.0 if joined.get(one) == two else least(nodes[one], nodes[two])
        return apart + float(penalties[one] + penalties[two])

    def least(one: Floats, two: Floats) -> float:
        return float(np.linalg.norm(one[:, None] - two[None], axis=2).min())

    reached, total = {0}, 0.0
    while len(reached) < len(nodes):
        edges = [(a, b) for a in reached for b in range(len(nodes)) if b not in reached]
        one, two = min(edges, key=lambda e: -np.inf if joined.get(e[0]) == e[1] else cost(*e))
        total += cost(one, two)
        reached.add(two)
    ways = [
        [
            (0.0 if rest is None else least(node, np.array([rest]))) + penalty
            for node, penalty in zip(nodes, penalties, strict=True)
        ]
        for rest in (drawing.start, drawing.end)
    ]
    pairs = [
        ways[0][a] + ways[1][b]
        for a in range(len(nodes))
        for b in range(len(nodes))
        if a != b or len(nodes) == 1
    ]
    return float(total + min(pairs) - 2 * penalties.sum())


@settings(max_examples=40, deadline=None)
@given(drawings(4), st.integers(0, 20))
def test_no_order_direction_and_start_is_shorter_than_the_bound(
    drawing: Drawing, steps: int
) -> None:
    assert bound_of(drawing, steps).mm <= drawing.least_mm() + 1e-9


def test_no_order_of_six_strokes_is_shorter_than_the_bound() -> None:
    drawing = random_drawing(6)
    assert 0.85 * drawing.least_mm() < bound_of(drawing, 50).mm <= drawing.least_mm()


@pytest.mark.parametrize("closed", [0.0, 0.5])
def test_the_published_penalties_prove_the_bound(closed: float) -> None:
    drawing = random_drawing(20, closed=closed)
    bound = bound_of(drawing, 60)
    assert bound.penalties is not None
    assert bound.penalties.tolist() == np.round(bound.penalties, 6).tolist()
    assert bound.is_whole_tree
    assert bound.mm == pytest.approx(dense_bound(drawing, bound.penalties), abs=1e-5)
    assert bound.mm <= dense_bound(drawing, bound.penalties)


def test_penalties_raise_the_bound_to_a_few_percent_below_a_short_route() -> None:
    drawing = random_drawing(80)
    route = shortest_route(
        drawing.coordinates,
        drawing.offsets,
        closed=drawing.closed,
        start=drawing.start,
        end=drawing.end,
        moves=8_000,
        is_over=lambda: False,
    )
    plain, raised = bound_of(drawing, 0), bound_of(drawing, 150)
    assert plain.penalties is None
    assert plain.mm < 0.9 * route.travel_mm
    assert 0.93 * route.travel_mm < raised.mm <= route.travel_mm


def test_more_steps_never_give_a_lower_bound() -> None:
    drawing = random_drawing(80, closed=0.2)
    bounds = [bound_of(drawing, steps).mm for steps in (0, 20, 60, 140)]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[1] < bounds[2]


@pytest.mark.parametrize("looks", [0, 5, 30])
def test_a_bound_that_is_cut_off_is_proved_by_its_penalties(looks: int) -> None:
    drawing = random_drawing(40)
    least, most = (bound_of(drawing, steps).mm for steps in (0, 200))
    bound = bound_of(drawing, 200, looks=looks)
    assert least <= bound.mm < most
    assert (bound.mm > least) == (looks > 0)
    penalties = np.zeros(80) if bound.penalties is None else bound.penalties
    assert bound.mm == pytest.approx(dense_bound(drawing, penalties), abs=1e-5)


def test_a_bound_is_lower_if_not_all_pairs_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = random_drawing(40, closed=0.3)
    whole = bound_of(drawing, 30)
    monkeypatch.setattr(trees, "MAX_PAIRS", 300)
    part = bound_of(drawing, 30)
    assert not part.is_whole_tree
    assert 0.2 * whole.mm < part.mm < whole.mm


def test_without_strokes_the_bound_is_the_way_between_the_rest_positions() -> None:
    nothing = np.zeros((0, 2)), np.zeros(1, dtype=np.int64)
    closed = np.zeros(0, dtype=bool)
    bound = travel_bound(*nothing, closed=closed, start=(0.0, 0.0), end=(3.0, 4.0), steps=5)
    assert bound.mm == 5
    assert travel_bound(*nothing, closed=closed, start=None, end=None, steps=5).mm == 0
