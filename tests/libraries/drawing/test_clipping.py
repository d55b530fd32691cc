"""Clipping: nothing outside stays, nothing inside is lost."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.drawing.clipping import BadPolygon, TooManyCrossings, clip_to_polygons, clip_to_rectangle, region_of
from libraries.plotting import Rectangle
from tests.libraries.drawing.shapes import LINES, PLACES, Place, flat, length

BOX = Rectangle(-5, -5, 5, 7)
RINGS: st.SearchStrategy[list[list[Place]]] = st.lists(st.lists(PLACES, min_size=3, max_size=7), min_size=1, max_size=2)


def drawn_inside(lines: list[list[Place]], region: shapely.Geometry) -> float:
    """The mm of the lines inside of a region, segment by segment, by another way of cutting."""
    segments = [shapely.LineString(pair) for line in lines for pair in itertools.pairwise(line)]
    return float(sum(shapely.length(shapely.intersection(segment, region)) for segment in segments))


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_nothing_outside_of_a_rectangle_is_left_and_no_length_inside_is_lost(lines: list[list[Place]]) -> None:
    cut = clip_to_rectangle(*flat(lines), BOX)
    assert ((cut.coordinates >= [-5, -5]) & (cut.coordinates <= [5, 7])).all()
    assert length(cut.coordinates, cut.offsets) == pytest.approx(drawn_inside(lines, shapely.box(-5, -5, 5, 7)), abs=1e-6)
    assert (np.diff(cut.offsets) > 0).all()
    assert len(cut.sources) == len(cut.offsets) - 1
    assert (np.diff(cut.sources) >= 0).all()


@settings(max_examples=150, deadline=None)
@given(LINES, RINGS)
def test_nothing_outside_of_polygons_is_left_and_no_length_inside_is_lost(
    lines: list[list[Place]], rings: list[list[Place]]
) -> None:
    region = region_of(rings)
    cut = clip_to_polygons(*flat(lines), rings)
    assert (shapely.distance(region, shapely.points(cut.coordinates)) < 1e-6).all()
    # Where a line runs along an edge, rounding decides: only what lies clearly inside must stay, and clearly outside must go.
    thin, thick = shapely.buffer(region, -1e-6), shapely.buffer(region, 1e-6)
    kept = length(cut.coordinates, cut.offsets)
    assert drawn_inside(lines, thin) - 1e-3 <= kept <= drawn_inside(lines, thick) + 1e-3


@settings(max_examples=80, deadline=None)
@given(LINES)
def test_clipping_twice_is_clipping_once(lines: list[list[Place]]) -> None:
    once = clip_to_rectangle(*flat(lines), BOX)
    twice = clip_to_rectangle(once.coordinates, once.offsets, BOX)
    assert np.array_equal(once.coordinates, twice.coordinates)
    assert np.array_equal(once.offsets, twice.offsets)


def test_a_line_that_comes_back_is_cut_into_two_strokes_of_one_source() -> None:
    cut = clip_to_rectangle(*flat([[(50, 50), (51, 50)], [(0, 0), (9, 0), (9, 2), (0, 2)], [(1, 1)]]), BOX)
    assert cut.coordinates.tolist() == [[0, 0], [5, 0], [5, 2], [0, 2], [1, 1]]
    assert cut.offsets.tolist() == [0, 2, 4, 5]
    assert cut.sources.tolist() == [1, 1, 2]


def test_a_line_along_the_edge_of_a_rectangle_stays_and_one_that_touches_a_corner_goes() -> None:
    along = clip_to_rectangle(*flat([[(-9, 7), (9, 7)]]), BOX)
    assert along.coordinates.tolist() == [[-5, 7], [5, 7]]
    assert len(clip_to_rectangle(*flat([[(3, 9), (7, 5)]]), BOX).sources) == 0


def test_vertices_inside_keep_their_exact_places_and_a_drawing_inside_stays_as_it_is() -> None:
    lines = [[(0.1, 0.2), (0.3, 1 / 3)], [(1.0, 1.0)]]
    for cut in (clip_to_rectangle(*flat(lines), BOX), clip_to_polygons(*flat(lines), [[(-9, -9), (9, -9), (0, 9)]])):
        assert np.array_equal(cut.coordinates, flat(lines)[0])
        assert cut.offsets.tolist() == [0, 2, 3]


def test_a_ring_inside_of_a_ring_is_a_hole() -> None:
    outer, inner = [(-9, -9), (9, -9), (9, 9), (-9, 9)], [(-3, -3), (3, -3), (3, 3), (-3, 3)]
    cut = clip_to_polygons(*flat([[(-20, 0), (20, 0)]]), [outer, inner])
    assert cut.coordinates.tolist() == [[-9, 0], [-3, 0], [3, 0], [9, 0]]


def test_a_polygon_without_an_area_leaves_nothing() -> None:
    cut = clip_to_polygons(*flat([[(-20, 0), (20, 0)]]), [[(0, 0), (5, 0), (9, 0)]])
    assert (len(cut.coordinates), cut.offsets.tolist()) == (0, [0])


@pytest.mark.parametrize(
    "ring",
    [
        [],
        [(0, 0), (1, 1)],
        [(0, 0, 0)] * 3,
        [(0, math.nan), (1, 1), (2, 0)],
        [(0, 1e7), (1, 1), (2, 0)],
        "abc",
        [(0, 0)] * 20_001,
    ],
)
def test_what_is_no_polygon_is_refused(ring: list[Place]) -> None:
    with pytest.raises(BadPolygon):
        clip_to_polygons(*flat([[(0, 0), (1, 1)]]), [ring])


def test_a_tangled_polygon_with_many_corners_is_refused_before_it_is_untangled() -> None:
    started = time.perf_counter()
    with pytest.raises(BadPolygon, match="crosses itself"):
        region_of([np.random.default_rng(1).random((5000, 2))])
    assert time.perf_counter() - started < 2


def test_a_drawing_that_meets_a_polygon_too_often_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libraries.drawing.clipping.MOST_PAIRS", 10)
    with pytest.raises(TooManyCrossings):
        clip_to_polygons(*flat([[(-9, y), (9, y + 1)] for y in range(9)]), [[(-5, -5), (5, -5), (5, 50), (-5, 50)]])
