"""Tests of clipping to rectangles and polygons."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from libraries.geometry.clipping import (
    clip_to_rectangle,
    count_crossings,
    overlaid,
    region_of,
)
from libraries.geometry.document import clip
from libraries.geometry.rectangle import Rectangle
from tests.errors import raises_code
from tests.libraries.geometry.shapes import LINES, POINTS, Point, flat, length

BOX = Rectangle(-5, -5, 5, 7)
RINGS: st.SearchStrategy[list[list[Point]]] = st.lists(
    st.lists(POINTS, min_size=3, max_size=7), min_size=1, max_size=2
)


def drawn_inside(lines: list[list[Point]], region: shapely.Geometry) -> float:
    """Return the length of lines inside a region in mm, as shapely computes it."""
    segments = [shapely.LineString(pair) for line in lines for pair in itertools.pairwise(line)]
    return float(sum(shapely.length(shapely.intersection(segment, region)) for segment in segments))


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_clipping_to_a_rectangle_keeps_exactly_the_length_inside(
    lines: list[list[Point]],
) -> None:
    cut = clip_to_rectangle(*flat(lines), BOX)
    assert ((cut.coordinates >= [-5, -5]) & (cut.coordinates <= [5, 7])).all()
    assert length(cut.coordinates, cut.offsets) == pytest.approx(
        drawn_inside(lines, shapely.box(-5, -5, 5, 7)), abs=1e-6
    )
    assert (np.diff(cut.offsets) > 0).all()
    assert len(cut.sources) == len(cut.offsets) - 1
    assert (np.diff(cut.sources) >= 0).all()


@settings(max_examples=150, deadline=None)
@given(LINES, RINGS)
def test_clipping_to_polygons_keeps_exactly_the_length_inside(
    lines: list[list[Point]], rings: list[list[Point]]
) -> None:
    region = region_of(rings)
    cut = clip(*flat(lines), rings)
    assert (shapely.distance(region, shapely.points(cut.coordinates)) < 1e-6).all()
    # Along edges the result depends on rounding, so only parts clearly inside or outside are compared.
    thin, thick = shapely.buffer(region, -1e-6), shapely.buffer(region, 1e-6)
    kept = length(cut.coordinates, cut.offsets)
    assert drawn_inside(lines, thin) - 1e-3 <= kept <= drawn_inside(lines, thick) + 1e-3


@settings(max_examples=80, deadline=None)
@given(LINES)
def test_clipping_twice_is_clipping_once(lines: list[list[Point]]) -> None:
    once = clip_to_rectangle(*flat(lines), BOX)
    twice = clip_to_rectangle(once.coordinates, once.offsets, BOX)
    assert np.array_equal(once.coordinates, twice.coordinates)
    assert np.array_equal(once.offsets, twice.offsets)


def test_a_line_that_reenters_is_cut_into_two_strokes_of_one_source() -> None:
    cut = clip_to_rectangle(
        *flat([[(50, 50), (51, 50)], [(0, 0), (9, 0), (9, 2), (0, 2)], [(1, 1)]]), BOX
    )
    assert cut.coordinates.tolist() == [[0, 0], [5, 0], [5, 2], [0, 2], [1, 1]]
    assert cut.offsets.tolist() == [0, 2, 4, 5]
    assert cut.sources.tolist() == [1, 1, 2]


def test_a_line_along_the_edge_of_a_rectangle_stays_and_one_that_touches_a_corner_goes() -> None:
    along = clip_to_rectangle(*flat([[(-9, 7), (9, 7)]]), BOX)
    assert along.coordinates.tolist() == [[-5, 7], [5, 7]]
    assert len(clip_to_rectangle(*flat([[(3, 9), (7, 5)]]), BOX).sources) == 0


def test_vertices_inside_keep_their_exact_coordinates() -> None:
    lines = [[(0.1, 0.2), (0.3, 1 / 3)], [(1.0, 1.0)]]
    for cut in (
        clip_to_rectangle(*flat(lines), BOX),
        clip(*flat(lines), [[(-9, -9), (9, -9), (0, 9)]]),
    ):
        assert np.array_equal(cut.coordinates, flat(lines)[0])
        assert cut.offsets.tolist() == [0, 2, 3]


def test_a_ring_inside_of_a_ring_is_a_hole() -> None:
    outer, inner = [(-9, -9), (9, -9), (9, 9), (-9, 9)], [(-3, -3), (3, -3), (3, 3), (-3, 3)]
    cut = clip(*flat([[(-20, 0), (20, 0)]]), [outer, inner])
    assert cut.coordinates.tolist() == [[-9, 0], [-3, 0], [3, 0], [9, 0]]


def test_a_polygon_without_an_area_leaves_nothing() -> None:
    cut = clip(*flat([[(-20, 0), (20, 0)]]), [[(0, 0), (5, 0), (9, 0)]])
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
def test_invalid_polygons_are_rejected(ring: list[Point]) -> None:
    with raises_code("bad-polygon"):
        clip(*flat([[(0, 0), (1, 1)]]), [ring])


@pytest.mark.parametrize("corners", [1000, 20_000])
def test_a_polygon_with_too_many_self_crossings_is_rejected_quickly(
    corners: int,
) -> None:
    started = time.process_time()
    with raises_code("too-many-crossings", match=r"must cross at most 20,000 times"):
        region_of([np.random.default_rng(1).random((corners, 2))])
    # Computing its area would take minutes.
    assert time.process_time() - started < 2


def test_simple_polygons_that_cross_each_other_too_often_are_rejected() -> None:
    teeth = np.arange(300)
    comb = [*np.column_stack([teeth, teeth % 2 * 300]).tolist(), [300, 900], [-1, 900]]
    turned = [(y, x) for x, y in comb]
    assert region_of([comb]).area > 0
    with raises_code("too-many-crossings"):
        region_of([comb, turned])


def test_a_polygon_with_few_crossings_may_have_many_corners() -> None:
    turn = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    # A figure eight.
    region = region_of([np.column_stack([np.sin(turn + 0.0001), np.sin(2 * turn + 0.0002)])])
    assert len(shapely.get_parts(region)) == 2
    assert region.area == pytest.approx(8 / 3, abs=1e-3)


@pytest.mark.parametrize(
    ("ring", "times"),
    [
        ([(math.cos(turn), math.sin(turn)) for turn in np.arange(5) * 4 * math.pi / 5], 5),
        ([(0, 0), (9, 0), (9, 9), (0, 9)], 0),
        # Shared corners do not count; a corner on an edge counts for both of its edges.
        ([(0, 0), (9, 0), (9, 9), (0, 0), (-9, 0), (-9, 9)], 0),
        ([(0, 0), (9, 0), (9, 9), (5, 0), (0, 9)], 2),
        # Collinear edges that overlap.
        ([(0, 0), (9, 0), (4, 0), (4, 9)], 2),
        ([(0, 0), (3, 0), (9, 0), (9, 0), (9, 9)], 0),
    ],
)
def test_the_crossings_of_a_polygon_are_counted(ring: list[Point], times: int) -> None:
    assert count_crossings([np.array(ring, dtype=np.float64)], 100) == times
    assert count_crossings([], 0) == 0


def is_inside(
    rings: Sequence[NDArray[np.float64]], points: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether points are inside an odd number of rings, by counting the edges above each."""
    above = np.zeros(len(points), dtype=np.int64)
    x, y = points.T
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(
            ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True
        ):
            if x1 != x2:
                above += ((x1 > x) != (x2 > x)) & (y1 + (x - x1) * (y2 - y1) / (x2 - x1) > y)
    odd: NDArray[np.bool_] = above % 2 == 1
    return odd


@pytest.mark.parametrize("corners", [5, 60, 200])
@pytest.mark.parametrize("grid", [None, 6])
@pytest.mark.parametrize("count", [1, 3])
def test_the_inside_of_tangled_polygons_follows_the_evenodd_rule(
    corners: int, grid: int | None, count: int
) -> None:
    """On a coarse grid, edges overlap and corners are on edges."""
    random = np.random.default_rng(corners + count)
    if count > 1 or grid:
        corners = min(corners, 60)
    rings = [
        random.random((corners, 2))
        if grid is None
        else random.integers(0, grid, (corners, 2)) / grid
        for _ in range(count)
    ]
    region = region_of(rings)
    assert region.is_valid
    points = random.random((3000, 2))
    assert np.array_equal(shapely.intersects_xy(region, points), is_inside(rings, points))


@settings(max_examples=40, deadline=None)
@given(RINGS)
def test_midpoints_of_kept_parts_are_inside_and_of_removed_parts_outside(
    rings: list[list[Point]],
) -> None:
    arrays = [np.array(ring, dtype=np.float64) for ring in rings]
    region = region_of(rings)
    for y in np.arange(-12.03, 12, 3.61):
        cut = clip(*flat([[(-99, y), (99, y + 0.37)]]), rings)
        ends = np.concatenate([[[-99, y]], cut.coordinates, [[99, y + 0.37]]])
        middles = (ends[1:] + ends[:-1]) / 2
        # Near edges the result depends on rounding.
        clear = (
            shapely.distance(shapely.boundary(region), shapely.points(middles)) > 1e-6
            if not region.is_empty
            else slice(None)
        )
        stays = np.arange(len(middles)) % 2 == 1
        assert np.array_equal(is_inside(arrays, middles)[clear], stays[clear])


def test_a_drawing_that_crosses_a_polygon_too_often_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("libraries.geometry.clipping.MAX_PAIRS", 10)
    with raises_code("too-many-crossings"):
        clip(
            *flat([[(-9, y), (9, y + 1)] for y in range(9)]),
            [[(-5, -5), (5, -5), (5, 50), (-5, 50)]],
        )


def test_overlays_of_areas_that_rounding_made_invalid_succeed() -> None:
    crossed = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    lines = np.array([shapely.LineString([(-1, 0.5), (3, 1.5)])] * 2)
    with pytest.raises(shapely.errors.GEOSException):
        shapely.intersection(crossed, shapely.box(0, 0, 1, 3))
    assert overlaid(shapely.intersection, crossed, shapely.box(0, 0, 1, 3)).area == pytest.approx(1)
    outside = overlaid(shapely.difference, lines, np.array([crossed, shapely.box(0, 0, 2, 2)]))
    assert shapely.length(outside) == pytest.approx([2.06, 2.06], abs=0.01)
    assert overlaid(shapely.union_all, [crossed, crossed]).area == pytest.approx(2)
