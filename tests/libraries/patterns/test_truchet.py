"""The mathematics of Truchet tiles."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import MAX_POINTS, check_pattern, draw_pattern

SQUARE = Area(120, 120, 10)


def tiles(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return [line - (10, 10) for line in draw_pattern("truchet", SQUARE, params, seed)]


@pytest.mark.parametrize("seed", range(3))
def test_single_arcs_end_only_at_the_edge(seed: int) -> None:
    for line in tiles(seed, kind="arcs", cell=10):
        closed = np.allclose(line[0], line[-1], atol=1e-6)
        at_edge = [
            bool(
                np.isclose(end, (0, 100), atol=1e-6).any()
                or np.isclose(end[::-1], (0, 100), atol=1e-6).any()
            )
            for end in (line[0], line[-1])
        ]
        assert closed or all(at_edge)


def test_single_arcs_are_as_long_as_their_quarter_circles_and_each_is_drawn_once() -> None:
    drawn = sum(
        float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in tiles(kind="arcs", cell=10)
    )
    assert drawn == pytest.approx(100 * 2 * 5 * math.pi / 2, rel=0.003)


def test_full_order_closes_arcs_into_rounds() -> None:
    closed = [
        line
        for line in tiles(kind="arcs", cell=10, order=1)
        if np.allclose(line[0], line[-1], atol=1e-6)
    ]
    assert len(closed) >= 40
    for line in closed:
        assert np.allclose(np.hypot(*(line - line[:-1].mean(axis=0)).T), 5, atol=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_strands_of_tiles_of_several_sizes_cross_each_border_in_the_same_places(seed: int) -> None:
    # Tiles of 50 mm have 8 strands, so every border is crossed at odd multiples of 50 / 16.
    everything = np.concatenate(
        tiles(seed, kind="multi-scale", cell=50, strands=8, levels=3, order=0)
    )
    on_border = everything[
        np.isclose(everything[:, 0] % 12.5, 0, atol=1e-7) & (everything[:, 1] % 12.5 > 1e-3)
    ]
    step = on_border[:, 1] / (50 / 16)
    odd = np.isclose(step, np.round(step), atol=1e-6) & (np.round(step) % 2 == 1)
    borders_of_large = np.isclose(on_border[:, 0] % 50, 0, atol=1e-7)
    assert borders_of_large.sum() >= 20
    assert odd[borders_of_large].all()


def test_no_strand_crosses_the_ribbon_above_it() -> None:
    area = Area(52, 52, 1)
    lines = draw_pattern("truchet", area, {"kind": "smith", "cell": 50, "strands": 10, "order": 1})
    centre = np.array([1.0, 1.0])
    # One tile, not mirrored: the far ribbon is at least a tile width from the near corner.
    near = [line for line in lines if np.ptp(np.hypot(*(line - centre).T)) < 0.05]
    far = [line for line in lines if np.ptp(np.hypot(*(line - centre).T)) >= 0.05]
    assert len(near) == 10
    assert far
    assert all(np.hypot(*(line - centre).T).min() > 50 - 0.05 for line in far)


def test_each_tile_of_ten_print_has_one_diagonal() -> None:
    lines = tiles(kind="ten-print", cell=10)
    steps = [(start + end) / 20 for line in lines for start, end in pairwise(line)]
    assert sorted(tuple(np.floor(each).astype(int).tolist()) for each in steps) == [
        (x, y) for x in range(10) for y in range(10)
    ]


@pytest.mark.parametrize("levels", [1, 2, 5])
@pytest.mark.parametrize("kind", ["arcs", "multi-scale", "smith"])
def test_the_estimate_is_never_too_low_and_no_more_than_some_times_too_high(
    kind: str, levels: int
) -> None:
    params = check_pattern("truchet", SQUARE, {"kind": kind, "levels": levels, "strands": 5})
    drawn = sum(len(line) for line in tiles(**params.values()))
    assert drawn <= params.cost(SQUARE) < 5 * drawn


def test_a_sheet_of_a1_is_within_the_limit_with_its_defaults() -> None:
    area = Area(594, 841, 10)
    assert check_pattern("truchet", area).cost(area) < MAX_POINTS
