"""Tests of joining strokes and of removing duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.geometry.joining import (
    Pieces,
    bridge_gaps,
    in_passes,
    join_consecutive,
    join_strokes,
    without_covered_dots,
    without_duplicates,
    without_repeats,
)
from libraries.geometry.joining.euler import least_strokes
from libraries.geometry.joining.pieces import keys_of, pieces_of
from libraries.geometry.nearest import connected_parts
from libraries.geometry.strokes import Point

Line = Sequence[Point]

# Points of a small grid: strokes meet, cross at vertices, close and overlap.
GRID = st.tuples(st.integers(0, 4), st.integers(0, 4))
DRAWINGS = st.lists(st.lists(GRID, min_size=1, max_size=6), min_size=1, max_size=12)


def pieces(*lines: Line) -> Pieces:
    counts = np.array([len(line) for line in lines])
    return pieces_of(np.array([point for line in lines for point in line], dtype=float), counts)


def lines_of(made: Pieces) -> list[list[Point]]:
    parts = np.split(made.coordinates, made.offsets[1:-1]) if len(made.counts) else []
    return [[(float(x), float(y)) for x, y in part] for part in parts]


def tidied(lines: Sequence[Line]) -> Pieces:
    return without_covered_dots(without_repeats(pieces(*lines)))


def segments(made: Pieces) -> list[tuple[Point, Point]]:
    return sorted((min(pair), max(pair)) for line in lines_of(made) for pair in pairwise(line))


def least(made: Pieces) -> int:
    """Return the least number of strokes by the degrees of all vertices."""
    _, nodes = np.unique(keys_of(made.coordinates), return_inverse=True)
    rows = np.flatnonzero(made.owners[1:] == made.owners[:-1])
    edges = np.column_stack((nodes[rows], nodes[rows + 1]))
    return int(least_strokes(edges, connected_parts(int(nodes.max()) + 1, edges)).sum())


@given(DRAWINGS)
@settings(max_examples=100, deadline=None)
def test_joined_strokes_are_the_fewest_and_draw_each_line_once(drawn: list[Line]) -> None:
    given_pieces = tidied(drawn)
    made = join_strokes(given_pieces).pieces
    assert len(made.counts) == least(given_pieces)
    assert segments(made) == segments(given_pieces)
    twice = join_strokes(in_passes(made, 2)).pieces
    assert len(twice.counts) == least(twice)


@given(DRAWINGS)
@settings(max_examples=60, deadline=None)
def test_without_duplicates_each_line_is_drawn_once_and_none_is_missing(drawn: list[Line]) -> None:
    grid = tidied(drawn)
    made = without_duplicates(grid, lift_mm=0.0)
    units = [set(_unit_lines(one)) for one in (grid, made)]
    assert units[0] == units[1]
    lines = segments(made)
    assert len(set(lines)) == len(lines)


def _unit_lines(made: Pieces) -> list[tuple[Point, Point]]:
    """Return all segments, cut at the points of the grid that they pass."""
    found = []
    for (x, y), (to_x, to_y) in segments(made):
        parts = int(np.gcd(int(to_x - x), int(to_y - y))) or 1
        way = (to_x - x) / parts, (to_y - y) / parts
        at = [(x + i * way[0], y + i * way[1]) for i in range(parts + 1)]
        found += [(min(pair), max(pair)) for pair in pairwise(at)]
    return found


def test_crossings_are_passed_straight() -> None:
    made = join_strokes(pieces(*([(0, 0), end] for end in [(5, 0), (0, 5), (-5, 0), (0, -5)])))
    assert sorted(lines_of(made.pieces)) == [
        [(0, 5), (0, 0), (0, -5)],
        [(5, 0), (0, 0), (-5, 0)],
    ]


def test_a_closed_stroke_is_drawn_on_the_way_of_another_that_shares_a_vertex() -> None:
    ring = [(10, 0), (15, 5), (10, 10), (5, 5), (10, 0)]
    (line,) = lines_of(join_strokes(pieces([(0, 10), (10, 10), (20, 10)], ring)).pieces)
    assert {line[0], line[-1]} == {(0, 10), (20, 10)}
    assert len(line) == 7


def test_ends_within_the_tolerance_are_moved_to_one_point() -> None:
    near = pieces([(0, 0), (10, 0)], [(10.04, 0), (20, 0)], [(20, 9), (20.1, 0)])
    made = join_strokes(near, 0.05)
    assert lines_of(made.pieces) == [[(0, 0), (10.02, 0), (20, 0)], [(20, 9), (20.1, 0)]]
    assert made.widest_mm == pytest.approx(0.04)
    assert len(join_strokes(near, 0.03).pieces.counts) == 3


def test_a_chain_of_ends_that_is_wider_than_the_tolerance_is_split() -> None:
    rays = pieces(*([(0.08 * i, 0), (i, 9)] for i in range(12)))
    made = join_strokes(rays, 0.1).pieces
    assert 6 <= len(made.counts) < 12
    moved = made.coordinates[made.coordinates[:, 1] < 5]
    assert all(np.abs(rays.coordinates[::2] - point).max(axis=1).min() <= 0.1 for point in moved)


def test_a_stroke_as_short_as_the_tolerance_does_not_vanish() -> None:
    assert (
        len(join_strokes(pieces([(0, 0), (0.3, 0)], [(0.1, 0.1), (0.2, 0.2)]), 1).pieces.counts)
        == 2
    )


def test_short_gaps_are_drawn_and_no_stroke_is_joined_to_itself() -> None:
    made = bridge_gaps(pieces([(0, 0), (5, 0), (0.2, 0.2)], [(0, 0.5), (9, 9)]), 0.6)
    assert lines_of(made.pieces) == [[(0, 0), (5, 0), (0.2, 0.2), (0, 0.5), (9, 9)]]


def test_strokes_that_continue_the_one_before_are_joined_in_the_given_order() -> None:
    made = join_consecutive(pieces([(0, 0), (1, 0)], [(1, 0), (2, 0)], [(1, 0), (1, 5)], [(1, 5)]))
    assert lines_of(made) == [[(0, 0), (1, 0), (2, 0)], [(1, 0), (1, 5)], [(1, 5)]]


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.0, 2.5])
def test_overlaps_in_any_direction_are_removed_despite_rounding(angle: float) -> None:
    way = np.array([np.cos(angle), np.sin(angle)])
    spans = [(0, 40), (25.5, 60), (70, 50.25), (10, 20), (90, 80)]
    lines = np.round([(100 + way * start, 100 + way * end) for start, end in spans], 3)
    made = without_duplicates(Pieces(lines.reshape(-1, 2), np.arange(0, 11, 2)), lift_mm=0.0)
    assert made.lengths.sum() == pytest.approx(80, abs=0.01)


def test_a_duplicate_stays_where_lifts_would_cost_more() -> None:
    # Drawn to and fro, the spokes are one stroke.
    spokes = [(0, 5), (0, 0), (5, 0), (0, 0), (-5, 0), (0, 0), (0, -5)]
    assert len(without_duplicates(pieces(spokes), lift_mm=5).counts) > 1
    assert lines_of(without_duplicates(pieces(spokes), lift_mm=13.9)) == [spokes]


def test_many_ends_at_one_point_are_joined() -> None:
    angles = np.linspace(0, 6, 20_000, endpoint=False)
    ends = np.round(50 * np.column_stack((np.cos(angles), np.sin(angles))), 3)
    spokes = np.stack((np.zeros_like(ends), ends), axis=1).reshape(-1, 2)
    made = join_strokes(Pieces(spokes, np.arange(0, 40_001, 2)), 0.05)
    assert len(made.pieces.counts) <= 10_000
