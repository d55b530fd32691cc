from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing import (
    Effort,
    Route,
    apply_route,
    moves_for,
    shortest_route,
    travel_bound,
)
from libraries.geometry.routing.candidates import nearest_others
from tests.libraries.geometry.routing import samples
from tests.libraries.geometry.routing.drawings import drawings
from tests.libraries.geometry.routing.samples import Drawing, random_drawing

EXAMPLES = settings(max_examples=25, deadline=None)


def routed(
    drawing: Drawing,
    moves: int = 300,
    *,
    looks: int | None = None,
    before: Sequence[tuple[int, int]] = (),
    groups: Integers | None = None,
    penalties: Floats | None = None,
) -> Route:
    """Return a short route; with `looks`, the search ends at that look at the clock."""
    seen = iter(range(looks)) if looks is not None else None
    return shortest_route(
        drawing.coordinates,
        drawing.offsets,
        closed=drawing.closed,
        start=drawing.start,
        end=drawing.end,
        moves=moves,
        is_over=lambda: seen is not None and next(seen, None) is None,
        before=before,
        groups=groups,
        penalties=penalties,
    )


def penalties_of(drawing: Drawing) -> Floats:
    bound = travel_bound(
        drawing.coordinates,
        drawing.offsets,
        closed=drawing.closed,
        start=drawing.start,
        end=drawing.end,
        steps=60,
    )
    assert bound.penalties is not None
    return bound.penalties


def assert_valid(drawing: Drawing, route: Route) -> None:
    assert sorted(route.order.tolist()) == list(range(len(drawing)))
    last = np.diff(drawing.offsets)[route.order] - 1
    is_end = (route.entry == 0) | (route.entry == last)
    is_vertex = (route.entry >= 0) & (route.entry <= last)
    assert np.where(drawing.closed[route.order], is_vertex, is_end).all()
    assert route.travel_mm == drawing.travel_mm(route.order, route.entry)


def applied(drawing: Drawing, route: Route) -> Drawing:
    coordinates, offsets = apply_route(
        drawing.coordinates, drawing.offsets, route, closed=drawing.closed
    )
    return Drawing(coordinates, offsets, drawing.closed[route.order], drawing.start, drawing.end)


@EXAMPLES
@given(drawings(8))
def test_a_route_draws_each_stroke_once_and_is_not_longer_than_the_given_order(
    drawing: Drawing,
) -> None:
    route = routed(drawing)
    assert_valid(drawing, route)
    assert route.travel_mm <= drawing.given_mm()


@EXAMPLES
@given(drawings(4, closed=False))
def test_a_route_of_few_open_strokes_is_the_shortest(drawing: Drawing) -> None:
    assert routed(drawing).travel_mm == pytest.approx(drawing.least_mm(), abs=1e-6)


@EXAMPLES
@given(drawings(6))
def test_applied_strokes_have_the_same_segments_and_the_travel_of_the_route(
    drawing: Drawing,
) -> None:
    route = routed(drawing)
    result = applied(drawing, route)
    assert result.given_mm() == pytest.approx(route.travel_mm, abs=1e-9)

    def segments(of: Drawing, stroke: int) -> list[tuple[tuple[float, ...], ...]]:
        line = list(
            map(tuple, of.coordinates[of.offsets[stroke] : of.offsets[stroke + 1]].tolist())
        )
        return sorted(tuple(sorted(pair)) for pair in pairwise(line))

    for place, stroke in enumerate(route.order.tolist()):
        assert segments(result, place) == segments(drawing, stroke)


def test_more_moves_make_a_much_shorter_route() -> None:
    drawing = random_drawing(150)
    lengths = [routed(drawing, moves).travel_mm for moves in (0, 600, 6_000)]
    # The greedy order alone, after the local search, and after random changes.
    assert lengths[1] < 0.93 * lengths[0]
    assert lengths[2] < 0.99 * lengths[1]
    assert lengths[0] < 0.3 * drawing.given_mm()


def test_free_starts_of_closed_strokes_shorten_the_route() -> None:
    drawing = random_drawing(60, closed=1.0)
    fixed = Drawing(
        drawing.coordinates,
        drawing.offsets,
        np.zeros(60, dtype=bool),
        drawing.start,
        drawing.end,
    )
    assert routed(drawing, 2_000).travel_mm < 0.95 * routed(fixed, 2_000).travel_mm


@pytest.mark.parametrize("closed", [0.0, 0.5])
def test_penalties_never_lengthen_a_route_and_shorten_most(closed: float) -> None:
    shorter = 0
    for strokes in (30, 60, 90):
        drawing = random_drawing(strokes, closed=closed)
        quick = routed(drawing, moves_for("quick", strokes))
        guided = routed(drawing, 60 * strokes, penalties=penalties_of(drawing))
        assert_valid(drawing, guided)
        assert guided.travel_mm <= quick.travel_mm
        assert guided.moves > quick.moves
        shorter += guided.travel_mm < quick.travel_mm - 1e-6
    assert shorter > 1


def test_a_search_with_penalties_keeps_the_constraints_and_can_be_cut_off() -> None:
    drawing = random_drawing(40, closed=0.3)
    before = [(stroke + 1, stroke) for stroke in range(0, 40, 4)]
    for looks in (0, 2, 40, None):
        route = routed(drawing, 4_000, looks=looks, before=before, penalties=penalties_of(drawing))
        assert_valid(drawing, route)
        order = route.order.tolist()
        assert all(order.index(one) < order.index(two) for one, two in before)
        assert route.stopped == ("done" if looks is None else "deadline")


def test_a_good_given_order_is_improved_and_not_replaced_by_a_worse_one() -> None:
    drawing = random_drawing(100)
    good = applied(drawing, routed(drawing, 10_000))
    route = routed(good, 0)
    assert route.order.tolist() == list(range(100))
    assert not route.entry.any()


def test_another_process_finds_the_same_route() -> None:
    # Sets have another order there.
    result = subprocess.run(
        [sys.executable, "-m", samples.__name__],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == samples.digest()


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_a_search_that_is_cut_off_returns_a_valid_route(looks: int) -> None:
    drawing = random_drawing(100, closed=0.2)
    route = routed(drawing, 10**9, looks=looks)
    assert route.stopped == "deadline"
    assert route.moves < 10_000
    assert_valid(drawing, route)
    assert route.travel_mm < drawing.given_mm()


def test_the_travel_is_reported_and_falls() -> None:
    drawing = random_drawing(50)
    reported: list[float] = []
    route = shortest_route(
        drawing.coordinates,
        drawing.offsets,
        closed=drawing.closed,
        start=drawing.start,
        end=drawing.end,
        moves=30_000,
        is_over=lambda: False,
        report=reported.append,
    )
    assert len(reported) > 1
    assert reported == sorted(reported, reverse=True)
    assert route.travel_mm <= reported[-1] + 1e-6


@pytest.mark.parametrize("vertices", [1, 3])
def test_a_thousand_equal_strokes_are_ordered_without_travel(vertices: int) -> None:
    drawing = Drawing(
        np.full((1000 * vertices, 2), 5.0),
        np.arange(1001) * vertices,
        np.zeros(1000, dtype=bool),
        (5.0, 5.0),
    )
    route = routed(drawing, 1_000)
    assert_valid(drawing, route)
    assert route.travel_mm == 0


def test_strokes_in_many_equal_places_are_joined_by_the_greedy_order() -> None:
    rng = np.random.default_rng(3)
    places = np.repeat(rng.random((10, 2)) * 100, 60, axis=0)[rng.permutation(600)]
    drawing = Drawing(places, np.arange(601), np.zeros(600, dtype=bool))
    assert routed(drawing, 3_000).travel_mm < 10 * 100


@EXAMPLES
@given(drawings(7), st.data())
def test_strokes_are_drawn_before_those_that_have_to_follow(
    drawing: Drawing, data: st.DataObject
) -> None:
    rank = data.draw(st.permutations(range(len(drawing))))
    pairs = [(rank[i], rank[j]) for i in range(len(rank)) for j in range(i + 1, len(rank))]
    before = data.draw(st.lists(st.sampled_from(pairs), max_size=4)) if pairs else []
    route = routed(drawing, before=before)
    assert_valid(drawing, route)
    place = np.argsort(route.order)
    assert all(place[one] < place[two] for one, two in before)
    if all(one < two for one, two in before):
        assert route.travel_mm <= drawing.given_mm()


def test_constraints_do_not_prevent_the_search() -> None:
    drawing = random_drawing(100)
    before = [(i, i + 50) for i in range(0, 50, 5)]
    route = routed(drawing, 5_000, before=before)
    place = np.argsort(route.order)
    assert all(place[one] < place[two] for one, two in before)
    assert route.travel_mm < 0.85 * routed(drawing, 0, before=before).travel_mm


def test_strokes_that_have_to_be_drawn_before_each_other_are_refused() -> None:
    with pytest.raises(InvalidInput, match="before each other"):
        routed(random_drawing(4), before=[(0, 1), (1, 2), (2, 0)])


@EXAMPLES
@given(drawings(7), st.data())
def test_groups_are_drawn_without_interruption(drawing: Drawing, data: st.DataObject) -> None:
    count = len(drawing)
    groups = np.array(
        data.draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count)), dtype=np.int64
    )
    rank = sorted(range(count), key=lambda stroke: int(groups[stroke]))
    before = [(rank[0], rank[-1])] if count > 1 else []
    route = routed(drawing, before=before, groups=groups)
    assert_valid(drawing, route)
    drawn = groups[route.order].tolist()
    for group in {0, 1, 2} & set(drawn):
        assert len(drawn) - drawn[::-1].index(group) - drawn.index(group) == drawn.count(group)
    place = np.argsort(route.order)
    assert all(place[one] < place[two] for one, two in before)


def test_near_ends_are_the_same_whatever_the_size_of_blocks() -> None:
    rng = np.random.default_rng(4)
    # A third of the points are in places with others.
    points = np.concatenate((rng.random((40, 2)), np.repeat(rng.random((5, 2)), 4, axis=0)))
    owners = np.arange(60) >> 1
    whole, parts = (nearest_others(points, owners, 6, block=block) for block in (1_000, 7))
    assert (whole.distances == parts.distances).all()
    assert (whole.found == parts.found).all()
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    apart[owners[:, None] == owners] = np.inf
    # Of other places with several points, two are listed.
    assert whole.distances[:, :2] == pytest.approx(np.sort(apart, axis=1)[:, :2])


@pytest.mark.parametrize("strokes", [0, 1, 20_000, 20_001, 1_000_000])
def test_more_strokes_and_more_effort_get_more_moves(strokes: int) -> None:
    efforts: list[Effort] = ["quick", "normal", "best"]
    moves = [moves_for(effort, strokes) for effort in efforts]
    assert moves == sorted(moves)
    assert 2 * strokes <= moves[0] <= 8 * strokes
    assert all(moves_for(effort, strokes + 1) > m for effort, m in zip(efforts, moves, strict=True))
