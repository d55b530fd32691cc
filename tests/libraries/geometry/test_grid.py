"""Tests of the point grid."""

from __future__ import annotations

import numpy as np
import pytest

from libraries.geometry.grid import Grid


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(4).uniform(-20, 30, (400, 2))


@pytest.mark.parametrize("cell_mm", [0.3, 2.0, 100.0])
@pytest.mark.parametrize("distance", [0.5, 2.0, 7.0])
def test_all_points_within_a_distance_are_found_for_any_cell_size(
    points: np.ndarray, cell_mm: float, distance: float
) -> None:
    point = [3.0, -4.0]
    away = np.hypot(*(points - point).T)
    assert Grid(points, cell_mm).within(point, distance) == np.flatnonzero(away < distance).tolist()


def test_a_point_at_exactly_the_distance_is_not_within_it() -> None:
    assert Grid(np.array([(0.0, 0.0), (3.0, 0.0)]), 1.0).within([0, 0], 3.0) == [0]


def test_points_are_added_to_an_empty_grid_on_all_sides_of_its_origin() -> None:
    grid = Grid(np.zeros((0, 2)), 1.0)
    for point in ((-3.2, 5.0), (0.0, 0.0), (-3.0, 5.0)):
        grid.add(point)
    assert grid.within([-3.1, 5.0], 0.2) == [0, 2]
