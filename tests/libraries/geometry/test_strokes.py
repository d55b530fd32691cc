"""Tests of strokes and pens."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from libraries.geometry.strokes import MAX_COORDINATE_MM, Pen, Strokes
from tests.errors import raises_code
from tests.libraries.plotting.drawings import BLACK, PENS, RED, drawing

TRIANGLE = [(0.0, 0.0), (3.0, 4.0), (3.0, 0.0)]


def test_steps_are_distances_to_the_previous_vertex_of_a_stroke() -> None:
    strokes = drawing(TRIANGLE, [(100.0, 100.0), (100.0, 101.0)])
    assert strokes.steps.tolist() == [0, 5, 4, 0, 1]
    assert strokes.lengths.tolist() == [9, 1]


def test_arrays_are_not_copied_or_changed() -> None:
    coordinates = np.array(TRIANGLE)
    coordinates.setflags(write=False)
    strokes = Strokes(coordinates, np.array([0, 3]), np.array([0]))
    assert strokes.coordinates is coordinates
    assert strokes.lengths.sum() == 9


def test_strokes_without_a_vertex_are_left_out() -> None:
    strokes = drawing([], TRIANGLE, [], [], [(1.0, 1.0)], [], layers=[5, 1, 5, 5, 2, 5])
    assert len(strokes) == 2
    assert strokes.offsets.tolist() == [0, 3, 4]
    assert strokes.layers.tolist() == [1, 2]
    assert strokes.lengths.tolist() == [9, 0]


def test_an_empty_drawing_has_empty_arrays() -> None:
    strokes = drawing()
    assert len(strokes) == 0
    assert (
        strokes.lengths.tolist()
        == strokes.steps.tolist()
        == strokes.travels((5.0, 5.0)).tolist()
        == []
    )
    assert strokes.pen_changes([]) == 0


def test_the_pen_travels_from_the_origin_through_all_strokes_and_back() -> None:
    strokes = drawing([(3.0, 4.0), (3.0, 10.0)], [(3.0, 12.0), (6.0, 8.0)])
    assert strokes.travels((0.0, 0.0)).tolist() == [5, 2, 10]
    assert strokes.travels((6.0, 8.0)).tolist() == [5, 2, 0]
    assert strokes.travels(None).tolist() == [2]


def test_layers_are_drawn_one_after_another_and_the_strokes_of_each_in_the_order_given() -> None:
    strokes = drawing([(10.0, 0.0)], [(1.0, 0.0)], [(12.0, 0.0)], [(2.0, 0.0)], layers=[1, 0, 1, 0])
    assert strokes.travels((0.0, 0.0)).tolist() == [1, 1, 8, 2, 12]


def test_a_pen_is_changed_only_between_drawn_layers_that_differ_in_it() -> None:
    dots = [[(1.0, 1.0)]] * 4
    assert drawing(*dots, layers=[0, 1, 2, 0]).pen_changes(PENS) == 2
    assert drawing(*dots, layers=[0, 2, 2, 0]).pen_changes(PENS) == 0
    assert (
        drawing(*dots, layers=[1, 1, 2, 2]).pen_changes([BLACK, RED, Pen("red", "#cc0000", 0.5)])
        == 0
    )


@pytest.mark.parametrize(
    ("coordinates", "offsets", "layers", "field"),
    [
        ([(0, 0)], [], [], "offsets"),
        ([(0, 0)], [0], [], "offsets"),
        ([(0, 0)], [0, 1], [], "offsets"),
        ([(0, 0)], [0, 1], [0, 0], "offsets"),
        ([(0, 0)], [1, 1], [0], "offsets"),
        ([(0, 0)], [0, 2], [0], "offsets"),
        ([(0, 0)], [0, 2, 1], [0, 0], "offsets"),
        ([(0, 0)], [0, -1, 1], [0, 0], "offsets"),
        ([(0, 0)], [0.0, 1.0], [0], "offsets"),
        ([(0, 0)], [[0, 1]], [0], "offsets"),
        ([(0, 0)], [0, 1], [-1], "layers"),
        ([(0, 0)], [0, 1], ["a"], "layers"),
        ([(0, 0)], [0, 1], [[0], [0, 1]], "layers"),
        ([(0, 0)], np.array([0, 2**64 - 1], dtype=np.uint64), [0], "offsets"),
        ([0, 0], [0, 1], [0], "coordinates"),
        ([(0, 0, 0)], [0, 1], [0], "coordinates"),
        ([(0, 0), (0,)], [0, 2], [0], "coordinates"),
        ([("x", "y")], [0, 1], [0], "coordinates"),
        ([(None, {})], [0, 1], [0], "coordinates"),
        ([(10**400, 0)], [0, 1], [0], "coordinates"),
        ([(0, 0), (math.nan, 0)], [0, 2], [0], "coordinates"),
        ([(0, 0), (0, math.inf)], [0, 2], [0], "coordinates"),
        ([(0, -math.inf)], [0, 1], [0], "coordinates"),
        ([(0, -1.1 * MAX_COORDINATE_MM)], [0, 1], [0], "coordinates"),
        ([(1.1 * MAX_COORDINATE_MM, 0)], [0, 1], [0], "coordinates"),
    ],
)
def test_invalid_arrays_are_rejected(
    coordinates: Any, offsets: Any, layers: Any, field: str
) -> None:
    with raises_code("bad-strokes") as caught:
        Strokes(coordinates, offsets, layers)
    assert (caught.value.code, caught.value.field) == ("bad-strokes", field)


@pytest.mark.parametrize(
    "origin", [(math.nan, 0.0), (0.0, math.inf), (-2 * MAX_COORDINATE_MM, 0.0)]
)
def test_an_invalid_origin_is_rejected(origin: tuple[float, float]) -> None:
    with raises_code("bad-strokes"):
        drawing(TRIANGLE).travels(origin)


def test_a_layer_without_a_pen_is_rejected() -> None:
    with raises_code("bad-strokes", match="layer 1 has no pen; 1 are known"):
        drawing(TRIANGLE, layers=[1]).pen_changes([BLACK])


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 10_001])
def test_an_invalid_width_or_speed_of_a_pen_is_rejected(value: float) -> None:
    with raises_code("bad-pen") as caught:
        Pen("a", width=value)
    assert (caught.value.code, caught.value.field) == ("bad-pen", "width")
    with raises_code("bad-pen") as caught:
        Pen("a", speed=value)
    assert caught.value.field == "speed"
