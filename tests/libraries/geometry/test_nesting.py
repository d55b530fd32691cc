"""Closed strokes inside other closed strokes."""

from __future__ import annotations

import numpy as np

from libraries.geometry.joining import Pieces
from libraries.geometry.nesting import nested_pairs
from libraries.plotting import optimise
from tests.libraries.plotting.plans import one_pen

Line = list[tuple[float, float]]


def square(x: float, y: float, side: float) -> Line:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]


def pieces_of(*strokes: Line) -> Pieces:
    return Pieces(
        np.concatenate([np.array(s, dtype=float) for s in strokes]),
        np.cumsum([0, *map(len, strokes)]),
    )


def test_each_stroke_is_paired_with_the_smallest_one_around_it() -> None:
    strokes = [square(0, 0, 100), square(10, 10, 50), square(20, 20, 5), square(70, 70, 5)]
    assert nested_pairs(pieces_of(*strokes)) == [(1, 0), (2, 1), (3, 0)]


def test_open_crossing_and_touching_strokes_are_not_inside() -> None:
    around = square(0, 0, 100)
    line: Line = [(10, 10), (20, 20)]
    crossing, touching = square(90, 90, 20), square(0, 40, 10)
    eight: Line = [(40, 40), (60, 60), (60, 40), (40, 60), (40, 40)]
    assert nested_pairs(pieces_of(around, line, crossing, touching, eight)) == []
    assert nested_pairs(pieces_of(line)) == []


def test_a_plan_draws_holes_before_their_piece_even_if_the_travel_is_longer() -> None:
    pieces = [square(50 * n, 0, 40) for n in range(4)] + [
        square(50 * n + 15, 15, 5) for n in range(4)
    ]
    document = one_pen(*pieces)
    plans = [optimise(document, inner_first=choice).document for choice in (False, True)]
    drawn = [np.split(plan.store.coordinates, plan.store.offsets[1:-1]) for plan in plans]
    sides = [[round(float(np.ptp(one[:, 0]))) for one in strokes] for strokes in drawn]
    columns = [[int(one[:, 0].min() // 50) for one in strokes] for strokes in drawn]
    places = [list(zip(*pair, strict=True)) for pair in zip(sides, columns, strict=True)]
    assert any(places[0].index((40, n)) < places[0].index((5, n)) for n in range(4))
    assert all(places[1].index((5, n)) < places[1].index((40, n)) for n in range(4))
