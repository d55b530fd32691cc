"""Tests of statistics, out-of-bounds lengths and the densest spot."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM, Point, Strokes
from libraries.plotting import CELL, DensestSpot, densest_spot, density, plan, statistics
from tests.errors import raises_code
from tests.libraries.plotting.drawings import BLACK, LINES, PENS, RED, Lines, drawing, drawing_of

PAGE = Rectangle(0, 0, 100, 100)


def test_the_statistics_of_a_small_drawing() -> None:
    strokes = drawing(
        [(3, 4), (3, 10)], [(6, 14), (16, 14), (16, 24)], [(16, 30)], layers=[0, 1, 2]
    )
    figures = statistics(strokes, PENS, page=PAGE)
    assert (figures.strokes, figures.lifts, figures.vertices, figures.pen_changes) == (3, 3, 6, 2)
    assert figures.pen_down_mm == 6 + 20
    assert figures.pen_up_mm == pytest.approx(5 + 5 + 6 + 34)
    assert figures.bounding_box == Rectangle(3, 4, 16, 30)
    assert (figures.bounding_box.width, figures.bounding_box.height) == (13, 26)
    assert (figures.out_of_bounds_mm, figures.out_of_bounds_strokes) == (0, 0)
    assert [(ink.pen, ink.strokes, ink.mm) for ink in figures.ink] == [(BLACK, 2, 6), (RED, 1, 20)]
    assert [ink.mm2 for ink in figures.ink] == pytest.approx([1.8, 10])


def test_without_an_origin_only_moves_between_strokes_count() -> None:
    assert statistics(drawing([(3, 4), (3, 10)], [(6, 14)]), PENS, origin=None).pen_up_mm == 5


def test_the_record_is_json_and_rounded_to_micrometres() -> None:
    figures = statistics(drawing([(0, 0), (1 / 3, 0)], layers=[1]), PENS, page=PAGE)
    assert json.loads(json.dumps(figures.as_record())) == {
        "pen_down_mm": 0.333,
        "pen_up_mm": 0.333,
        "lifts": 1,
        "strokes": 1,
        "vertices": 2,
        "pen_changes": 0,
        "ink": [
            {
                "pen": "red",
                "colour": "#cc0000",
                "width_mm": 0.5,
                "strokes": 1,
                "mm": 0.333,
                "mm2": 0.167,
            }
        ],
        "bounding_box": {"left": 0.0, "top": 0.0, "right": 0.333, "bottom": 0.0},
        "out_of_bounds_mm": 0.0,
        "out_of_bounds_strokes": 0,
        "densest": {"x": 5.0, "y": 5.0, "mm_per_cm2": 0.333},
    }


def test_an_empty_drawing_has_statistics() -> None:
    record = statistics(drawing(), [], page=PAGE).as_record()
    assert (record["pen_down_mm"], record["pen_up_mm"], record["lifts"], record["ink"]) == (
        0,
        0,
        0,
        [],
    )
    assert record["bounding_box"] is record["densest"] is None
    assert record["out_of_bounds_mm"] == record["out_of_bounds_strokes"] == 0


def test_a_layer_without_a_pen_is_rejected() -> None:
    with raises_code("bad-strokes", match="layer 3 has no pen; 3 are known"):
        statistics(drawing([(0, 0)], layers=[3]), PENS)


@given(lines=LINES)
def test_lengths_are_equal_for_the_reversed_drawing(lines: Lines) -> None:
    on_one_layer = [(0, line) for _, line in lines]
    forwards = statistics(drawing_of(on_one_layer), PENS)
    backwards = statistics(
        drawing_of([(0, line[::-1]) for _, line in reversed(on_one_layer)]), PENS
    )
    assert backwards.pen_down_mm == pytest.approx(forwards.pen_down_mm)
    assert backwards.pen_up_mm == pytest.approx(forwards.pen_up_mm)
    assert backwards.lifts == forwards.lifts


@given(lines=LINES, factor=st.floats(0.01, 100))
def test_scaling_a_drawing_scales_its_lengths(lines: Lines, factor: float) -> None:
    once, scaled = (
        statistics(
            drawing_of([(layer, [(x * by, y * by) for x, y in line]) for layer, line in lines]),
            PENS,
        )
        for by in (1, factor)
    )
    assert scaled.pen_down_mm == pytest.approx(factor * once.pen_down_mm)
    assert scaled.pen_up_mm == pytest.approx(factor * once.pen_up_mm)
    assert [ink.mm for ink in scaled.ink] == pytest.approx([factor * ink.mm for ink in once.ink])
    assert (scaled.lifts, scaled.vertices) == (once.lifts, once.vertices)


@given(lines=LINES)
def test_the_ink_of_all_pens_is_what_is_drawn(lines: Lines) -> None:
    figures = statistics(drawing_of(lines), PENS)
    assert sum(ink.mm for ink in figures.ink) == pytest.approx(figures.pen_down_mm)
    assert sum(ink.strokes for ink in figures.ink) == figures.strokes
    assert len({ink.pen for ink in figures.ink}) == len(figures.ink)


@pytest.mark.parametrize(
    ("line", "outside_mm"),
    [
        ([(-10, 50), (110, 50)], 20),  # across
        ([(50, -10), (50, 110)], 20),
        ([(50, 50), (150, 50)], 50),  # out on one side
        ([(-10, -10), (110, 110)], 20 * math.sqrt(2)),  # through two corners
        ([(-30, 10), (10, -30)], 40 * math.sqrt(2)),  # past a corner
        (
            [(90, -40), (140, 90)],
            math.hypot(50, 130),
        ),  # past another corner, with each axis inside in turn
        ([(-10, 20), (-10, 80)], 60),  # outside the page
        ([(0, 120), (100, 120)], 100),
        ([(50, 50), (120, 50), (120, 60), (50, 60)], 50),  # out and back
        ([(-5, -5)], 0),  # a dot has no length
    ],
)
def test_lengths_off_the_page_are_measured_to_the_edge(
    line: list[tuple[float, float]], outside_mm: float
) -> None:
    figures = statistics(drawing([(1, 1), (2, 2)], line, [(99, 99)]), PENS, page=PAGE)
    assert figures.out_of_bounds_mm == pytest.approx(outside_mm, abs=0.01)
    assert figures.out_of_bounds_strokes == 1


def test_the_edge_of_the_page_belongs_to_the_page() -> None:
    frame = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    figures = statistics(drawing(frame, [(100.0009, 50), (-0.0009, 50)]), PENS, page=PAGE)
    assert (figures.out_of_bounds_mm, figures.out_of_bounds_strokes) == (0, 0)
    assert statistics(drawing(frame, [(100.002, 50)]), PENS, page=PAGE).out_of_bounds_strokes == 1


def test_without_a_page_out_of_bounds_is_unknown() -> None:
    figures = statistics(drawing([(-5, -5), (5, 5)]), PENS)
    assert figures.out_of_bounds_mm is figures.out_of_bounds_strokes is None


@given(lines=LINES, corner=st.tuples(*[st.floats(-200, 200)] * 2), size=st.floats(0, 300))
def test_at_most_the_whole_drawing_is_off_the_page(
    lines: Lines, corner: tuple[float, float], size: float
) -> None:
    strokes, (left, top) = drawing_of(lines), corner
    figures = statistics(strokes, PENS, page=Rectangle(left, top, left + size, top + size))
    assert figures.out_of_bounds_mm is not None
    assert 0 <= figures.out_of_bounds_mm <= figures.pen_down_mm + 1e-6
    assert (
        statistics(strokes, PENS, page=Rectangle(-300, -300, 300, 300)).out_of_bounds_strokes == 0
    )


@pytest.mark.parametrize(
    "sides",
    [
        (1, 0, 0, 1),
        (0, 1, 1, 0),
        (math.nan, 0, 1, 1),
        (0, 0, math.inf, 1),
        (0, 0, 1, math.nan),
        (-2e6, 0, 1, 1),
    ],
)
def test_a_rectangle_with_swapped_sides_is_rejected(
    sides: tuple[float, float, float, float],
) -> None:
    with raises_code("bad-rectangle"):
        Rectangle(*sides)


def test_a_line_has_one_centimetre_in_the_densest_cell() -> None:
    assert densest_spot(drawing([(0, 7), (80, 7)]), PAGE) == pytest.approx((5, 5, 10))
    assert densest_spot(drawing([(80, 7), (0, 7)]), PAGE) == pytest.approx((5, 5, 10))
    assert densest_spot(drawing([(33, 0), (33, 100)]), PAGE) == pytest.approx((30, 5, 10))


def test_a_diagonal_has_the_diagonal_of_a_cell() -> None:
    spot = densest_spot(drawing([(0, 0), (100, 100)]), PAGE)
    assert spot is not None
    assert spot.mm_per_cm2 == pytest.approx(CELL * math.sqrt(2))


def test_a_spot_on_the_border_of_two_cells_is_found_whole() -> None:
    knot = [(68 + (step % 2) * 4, 38 + (step % 3) * 2) for step in range(50)]
    strokes = drawing([(0, 0), (100, 100)], [(0, 100), (100, 0)], knot)
    spot = densest_spot(strokes, PAGE)
    assert spot is not None
    assert (spot.x, spot.y) == (70, 40)
    assert spot.mm_per_cm2 == pytest.approx(strokes.lengths[2])


def test_ink_off_the_page_does_not_count_for_the_densest_spot() -> None:
    scribble = [(120 + step % 2, 50) for step in range(100)]
    assert densest_spot(drawing(scribble), PAGE) is None
    assert densest_spot(drawing(scribble, [(10, 12), (14, 12)]), PAGE) == pytest.approx((10, 10, 4))


def test_without_a_page_the_cells_are_counted_from_the_corner_of_the_drawing() -> None:
    spot = densest_spot(
        drawing([(-1000, -500), (-1000, -400)], [(-960, -430), (-959, -430), (-960, -430)])
    )
    assert spot == pytest.approx((-995, -495, 10))


def test_of_equal_spots_the_uppermost_and_then_leftmost_is_returned() -> None:
    square = [(0.0, 0.0), (2.1, 0.0), (2.1, 2.1), (0.0, 2.1), (0.0, 0.0)]
    squares = [
        [(x + left, y + top) for x, y in square]
        for left, top in ((21.3, 81.7), (71.3, 31.7), (31.1, 31.9))
    ]
    assert densest_spot(drawing(*squares), PAGE) == pytest.approx((30, 30, 8.4))


def test_dots_have_no_densest_spot() -> None:
    assert densest_spot(drawing([(3, 3)], [(3, 3), (3, 3)])) is None


def test_too_large_an_area_or_length_is_not_searched() -> None:
    assert densest_spot(drawing([(0, 0), (9_000, 0)])) is not None
    assert densest_spot(drawing([(0, 0), (11_000, 0)])) is None
    assert densest_spot(drawing([(0, 0), (1_000_000, 0)] * 60), PAGE) is None


@given(lines=LINES, at_once=st.sampled_from([1, 2, 7, 1 << 18]))
def test_each_piece_is_in_one_cell_and_all_add_up_to_the_drawing(
    lines: Lines, at_once: int
) -> None:
    strokes = drawing_of(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(density, "PIECES_AT_ONCE", at_once)
        pieces = list(density._pieces(strokes, np.array([-300.0, -300.0])))
    lengths = np.concatenate([length for _, length in pieces]) if pieces else np.zeros(0)
    assert lengths.sum() == pytest.approx(strokes.steps.sum())
    assert (lengths >= -1e-9).all()
    assert (lengths <= CELL / 2 * math.sqrt(2) + 1e-6).all()


@given(lines=LINES)
def test_the_densest_spot_agrees_with_sampled_strokes(lines: Lines) -> None:
    strokes = drawing_of(lines)
    spot = densest_spot(strokes, Rectangle(-300, -300, 300, 300))
    if spot is None:
        # Shorter than a micrometre counts as nothing.
        assert strokes.steps.sum() < 1e-3
        return
    # Ink on an edge belongs to one of two cells; slightly smaller and larger cells give bounds.
    smaller, larger = (
        sum(_length_within(*ends, spot, side) for _, line in lines for ends in pairwise(line))
        for side in (CELL - 0.02, CELL + 0.02)
    )
    assert smaller * 0.98 - 0.2 <= spot.mm_per_cm2 <= larger * 1.02 + 0.2


def _length_within(start: Point, end: Point, spot: DensestSpot, side: float) -> float:
    """Return the length of a segment inside a square around the spot, by sampling every 0.1 mm."""
    length = math.dist(start, end)
    count = 1 + int(length / 0.1)
    along = (np.arange(count) + 0.5)[:, np.newaxis] / count
    points = np.array(start) + (np.array(end) - np.array(start)) * along
    inside = (np.abs(points - np.array([spot.x, spot.y])) <= side / 2).all(axis=1)
    return length * float(inside.mean())


@given(
    line=st.lists(st.tuples(*[st.floats(-MAX_COORDINATE_MM, MAX_COORDINATE_MM)] * 2), max_size=6),
    sides=st.tuples(*[st.floats(-MAX_COORDINATE_MM, MAX_COORDINATE_MM)] * 4),
    origin=st.none() | st.tuples(*[st.floats(-MAX_COORDINATE_MM, MAX_COORDINATE_MM)] * 2),
)
def test_all_valid_drawings_have_finite_statistics(
    line: list[Point], sides: tuple[float, float, float, float], origin: Point | None
) -> None:
    page = Rectangle(min(sides[:2]), min(sides[2:]), max(sides[:2]), max(sides[2:]))
    strokes = drawing(line, line[:2], line[::-1])
    # NaN and infinity are not valid JSON.
    json.dumps(statistics(strokes, PENS, page=page, origin=origin).as_record(), allow_nan=False)
    json.dumps(plan(strokes, PENS, origin=origin).as_record(), allow_nan=False)


def test_a_drawing_of_many_vertices_is_measured_and_planned() -> None:
    turns = np.linspace(0, 400 * math.pi, 200_000)
    radius = np.linspace(5, 90, len(turns))
    points = np.column_stack([100 + radius * np.cos(turns), 100 + radius * np.sin(turns)])
    strokes = Strokes(points, [0, len(points)], [0])
    # The length of an Archimedean spiral is nearly that of its turns at the mean radius.
    length = 400 * math.pi * (5 + 90) / 2
    assert statistics(strokes, PENS).pen_down_mm == pytest.approx(length, rel=0.001)
    assert plan(strokes, PENS).drawing == pytest.approx(length / 50, rel=0.05)
