"""Tests of the optimiser: what it keeps, what it never makes worse, and what it is given."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from libraries.errors import InvalidInput
from libraries.fields import InvalidFields
from libraries.geometry.document import Document
from libraries.geometry.rectangle import out_of_bounds
from libraries.geometry.strokes import Pen
from libraries.plotting import optimise
from libraries.plotting.catalogue import Deadline
from libraries.plotting.certificate import least_lifts
from libraries.plotting.comparison import Comparison
from tests.libraries.plotting.plans import (
    DRAWN,
    Drawn,
    document_of,
    farthest_mm,
    lines_of,
    one_pen,
    samples,
    travel_mm,
)

ZIGZAG = [(10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (40.0, 20.0)]


@given(DRAWN)
@settings(max_examples=30, deadline=None)
def test_a_plan_keeps_the_drawing_and_makes_nothing_worse(drawn: Drawn) -> None:
    before = document_of(drawn)
    after = optimise(before).document
    assert after.layers == before.layers
    assert (np.diff(after.store.layers) >= 0).all()
    assert out_of_bounds(after.strokes(), after.page) == (0.0, 0)
    assert len(after) <= len(before)
    assert travel_mm(after) <= travel_mm(before) + 0.01
    for layer in range(len(before.layers)):
        assert farthest_mm(samples(before, layer), after, layer) <= 0.052
        assert farthest_mm(samples(after, layer), before, layer) <= 0.052


@given(DRAWN)
@settings(max_examples=12, deadline=None)
def test_the_same_drawing_gives_the_same_plan_and_the_picture_stays(drawn: Drawn) -> None:
    before = document_of(drawn)
    first, second = optimise(before), optimise(document_of(drawn))
    assert np.array_equal(first.document.store.coordinates, second.document.store.coordinates)
    assert first.certificate.as_record() == second.certificate.as_record()
    # A line whose end is moved by a pixel changes more of a small drawing than of a page.
    assert Comparison(before, first.document).changed_ink() <= 0.02


def distant_squares(count: int) -> Iterator[list[tuple[float, float]]]:
    """Yield the sides of squares, of which each is drawn as four strokes in a bad order."""
    for side in range(4):
        for number in range(count):
            x, y = 10.0 * (number % 7) + 5, 10.0 * (number // 7) + 5
            corners = [(x, y), (x + 4, y), (x + 4, y + 4), (x, y + 4), (x, y)]
            yield list(list(pairwise(corners))[side])


@pytest.mark.parametrize(("effort", "count"), [("quick", 20), ("normal", 20), ("best", 6)])
def test_lifts_are_the_provable_minimum(effort: str, count: int) -> None:
    plan = optimise(one_pen(*distant_squares(count)), effort=effort)
    record = plan.certificate.as_record()
    assert record["lifts"] == {"before": 4 * count, "after": count, "minimum": count}
    pen_up = record["pen_up_mm"]
    assert pen_up["bound"] <= pen_up["after"] < pen_up["before"] / 3
    assert record["gap"] == pytest.approx(pen_up["after"] / pen_up["bound"] - 1, abs=1e-6)
    assert (record["effort"], record["stopped"]) == (effort, None)
    assert record["moves"] > 0
    assert set(record["seconds"]) == {"axidraw", "saxi"}
    assert record["seconds"]["saxi"]["after"] < record["seconds"]["saxi"]["before"]


def test_more_effort_is_not_worse() -> None:
    rng = np.random.default_rng(7)
    starts = rng.uniform(5, 70, (40, 2))
    document = one_pen(*np.stack((starts, starts + rng.uniform(-4, 4, (40, 2))), axis=1).tolist())
    travels = [travel_mm(optimise(document, effort=one).document) for one in ("quick", "normal")]
    assert travels[1] <= travels[0] < travel_mm(document)


def test_figures_of_ink_add_up() -> None:
    again = [
        ZIGZAG,
        ZIGZAG[::-1],
        [(15.0, 10.0), (18.0, 10.0)],
        [(40.03, 20.0), (60.0, 20.001), (70.0, 20.0)],
    ]
    plan = optimise(one_pen(*again), simplify=0.02, passes=2)
    ink, record = plan.certificate.as_record()["ink_mm"], plan.certificate.as_record()
    assert ink["duplicates"] == pytest.approx(43, abs=0.01)
    assert ink["passes"] == pytest.approx(69.98, abs=0.05)
    changes = ink["joins"] + ink["simplified"] + ink["passes"] - ink["duplicates"]
    assert ink["before"] + changes == pytest.approx(ink["after"], abs=0.005)
    assert record["widest_join_mm"] == pytest.approx(0.03)
    assert record["lifts"] == {"before": 4, "after": 1, "minimum": 1}


def test_gaps_narrower_than_the_pen_are_drawn_if_wanted() -> None:
    document = one_pen([(10, 10), (20, 10)], [(20.4, 10), (30, 10)], [(30.6, 10), (40, 10)])
    assert len(optimise(document).document) == 3
    plan = optimise(document, gaps=True)
    assert len(plan.document) == 2
    record = plan.certificate.as_record()
    assert record["widest_join_mm"] == pytest.approx(0.4)
    assert record["ink_mm"]["joins"] == pytest.approx(0.4)


def test_strokes_are_cropped_to_the_margin_before_they_are_compared() -> None:
    plan = optimise(one_pen([(0, 40), (100, 40)]), margin=10)
    assert lines_of(plan.document, 0) == [[(10.0, 40.0), (90.0, 40.0)]]
    assert plan.certificate.as_record()["ink_mm"]["before"] == 80


def test_a_search_that_is_over_keeps_the_strokes() -> None:
    squares = one_pen(*distant_squares(20))
    late = optimise(squares, deadline_s=0)
    assert len(late.document) == len(squares)
    assert travel_mm(late.document) <= travel_mm(squares)
    assert late.certificate.as_record()["stopped"] == "deadline"


def test_a_deadline_that_is_not_reached_changes_nothing() -> None:
    squares = one_pen(*distant_squares(20))
    plan, limited = (optimise(squares, effort="normal", deadline_s=s) for s in (math.inf, 1e6))
    assert limited.certificate.as_record() == plan.certificate.as_record()
    # A high bound, which only a search finds.
    assert limited.certificate.as_record()["gap"] < optimise(squares).certificate.as_record()["gap"]


def test_a_share_of_the_time_ends_before_all_of_it() -> None:
    assert Deadline().share(0.3).limit_s == math.inf
    started = Deadline(1e6)
    assert not started.share(0.3).is_over
    assert started.share(0).is_over
    assert Deadline(10, time.monotonic() - 5).share(0.3).is_over


def test_a_watch_receives_the_travel_and_its_bound_and_ends_the_search() -> None:
    rng = np.random.default_rng(1)
    starts = rng.uniform(5, 70, (60, 2))
    document = one_pen(*np.stack((starts, starts + 1), axis=1).tolist())
    reports: list[tuple[float, float, float | None]] = []

    def watch(travel: float, bound: float, gap: float | None) -> bool:
        reports.append((travel, bound, gap))
        return len(reports) == 2

    plan = optimise(document, effort="normal", watch=watch)
    assert len(reports) == 2
    travel, bound, gap = reports[-1]
    assert 0 < bound <= travel
    assert gap == pytest.approx(travel / bound - 1)
    assert plan.certificate.as_record()["stopped"] == "client"
    assert travel_mm(plan.document) <= travel_mm(document)


def test_layers_stay_in_order_and_each_begins_near_the_end_of_the_one_before() -> None:
    document = document_of(
        [(1, [(90, 70), (80, 70)]), (0, [(10, 10), (50, 70)]), (1, [(51, 70), (60, 70)])]
    )
    plan = optimise(document).document
    assert plan.store.layers.tolist() == [0, 1, 1]
    assert lines_of(plan, 1) == [[(51, 70), (60, 70)], [(80, 70), (90, 70)]]


@pytest.mark.parametrize(
    ("lines", "strokes"),
    [
        ([], 0),
        ([[(5, 5)]], 1),
        ([[(5, 5)]] * 50, 1),
        ([[(5, 5), (5, 5), (5, 5)]] * 3, 1),
        ([[(5, 5), (9, 5)], [(7, 5), (7, 5)], [(9, 5)]], 2),
        ([[(5, 5), (8, 5), (5, 5)]], 1),
        ([[(5, 5), (5.4, 5), (5.4, 5.4), (5, 5.4), (5, 5)], [(5.2, 5.2), (5.3, 5.2)]], 2),
    ],
)
@pytest.mark.parametrize("tolerance", [0.0, 0.05, 1.0])
def test_degenerate_drawings_are_planned(
    lines: list[list[tuple[float, float]]], strokes: int, tolerance: float
) -> None:
    before = one_pen(*lines)
    plan = optimise(before, tolerance=tolerance)
    assert len(plan.document) == strokes == least_lifts(plan.document)
    record = plan.certificate.as_record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert farthest_mm(samples(before, 0), plan.document, 0) <= tolerance + 0.001


def test_many_dots_are_planned() -> None:
    rng = np.random.default_rng(2)
    document = Document(100, 80)
    points = rng.uniform(5, 75, (800, 2))
    document.extend(points, np.arange(801), document.layer("dots", Pen("dots")))
    plan = optimise(document)
    assert len(plan.document) == least_lifts(plan.document) > 790
    assert travel_mm(plan.document) < travel_mm(document) / 5


@pytest.mark.parametrize(
    "options",
    [{"tolerance": 2}, {"simplify": -1}, {"passes": 0}, {"effort": "most"}, {"speed": 3}],
)
def test_options_that_are_unknown_or_out_of_range_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidFields, match=next(iter(options))):
        optimise(one_pen(ZIGZAG), **options)


def test_coordinates_that_are_not_finite_are_rejected() -> None:
    with pytest.raises(InvalidInput, match="finite"):
        optimise(one_pen([(10, 10), (math.nan, 3)]))
