"""Tests of merging pieces into strokes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.merge import merge_strokes


def piece(*points: tuple[float, float]) -> NDArray[np.float64]:
    return np.array(points, dtype=np.float64)


def segments(lines: list[NDArray[np.float64]]) -> list[tuple[float, ...]]:
    return sorted(
        tuple(np.round(sorted((start.tolist(), end.tolist())), 6).ravel())
        for line in lines
        for start, end in pairwise(line)
    )


def test_pieces_that_meet_are_merged_in_any_direction() -> None:
    (line,) = merge_strokes(
        [piece((0, 0), (1, 0)), piece((2, 0), (1, 0)), piece((2, 0), (3, 1), (4, 0))]
    )
    assert len(line) == 5
    assert np.allclose(np.hypot(*np.diff(line, axis=0).T)[[0, 1]], 1) or np.allclose(
        np.hypot(*np.diff(line, axis=0).T)[[-1, -2]], 1
    )


def test_a_ring_closes() -> None:
    corners = [(0, 0), (4, 0), (4, 3), (0, 3)]
    (line,) = merge_strokes([piece(*pair) for pair in pairwise([*corners, corners[0]])])
    assert np.array_equal(line[0], line[-1])
    assert len(line) == 5


def test_crossings_are_passed_straight() -> None:
    arms = [piece((0, 0), end) for end in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    lines = list(merge_strokes(arms))
    assert len(lines) == 2
    assert all(np.allclose(line[0], -line[-1]) for line in lines)


@pytest.mark.parametrize("seed", range(5))
def test_every_piece_is_drawn_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = [
        piece(*(tuple(point) for point in rng.integers(0, 6, (2, 2)).tolist())) for _ in range(80)
    ]
    lines = list(merge_strokes(pieces))
    assert segments(lines) == segments(pieces)
    assert len(lines) < len(pieces)


def test_without_pieces_nothing_is_merged() -> None:
    assert list(merge_strokes([])) == []


def test_many_pieces_that_meet_are_passed_straight() -> None:
    """Comparing all pairs would take minutes and too much memory."""
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    spokes = [
        piece((0, 0), end) for end in np.column_stack((np.cos(angle), np.sin(angle))).tolist()
    ]
    lines = list(merge_strokes(spokes))
    assert len(lines) == len(spokes) // 2
    assert all(np.allclose(line[0], -line[-1]) for line in lines)
    assert segments(lines) == segments(spokes)
