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


def test_the_nearest_point_is_found_and_after_its_removal_the_next(points: np.ndarray) -> None:
    grid, point = Grid(points, 2.0), [1.0, 1.0]
    order = np.argsort(np.hypot(*(points - point).T))
    for number in order[:20].tolist():
        assert grid.nearest(point, max_rings=40, max_points_per_cell=50) == number
        grid.remove(number)


def test_no_point_is_found_beyond_the_last_ring() -> None:
    grid = Grid(np.array([(0.0, 0.0), (9.5, 0.0)]), 1.0)
    grid.remove(0)
    assert grid.nearest([0, 0], max_rings=9, max_points_per_cell=1) is None
    assert grid.nearest([0, 0], max_rings=10, max_points_per_cell=1) == 1


def test_ties_within_a_cell_are_resolved_by_order() -> None:
    grid = Grid(np.array([(1.0, 1.0), (1.0, 1.0)]), 1.0)
    assert grid.nearest([1, 1], max_rings=1, max_points_per_cell=9) == 0


def test_points_are_added_to_an_empty_grid_on_all_sides_of_its_origin() -> None:
    grid = Grid(np.zeros((0, 2)), 1.0)
    for point in ((-3.2, 5.0), (0.0, 0.0), (-3.0, 5.0)):
        grid.add(point)
    assert grid.within([-3.1, 5.0], 0.2) == [0, 2]
