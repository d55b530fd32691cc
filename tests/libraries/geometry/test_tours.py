"""Tests of tours and stipples."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.arrays import line_length
from libraries.geometry.nearest import nearest
from libraries.geometry.tours import closed_tour, hilbert_order
from libraries.geometry.trees import walk_around
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import Box, Tones

Floats = NDArray[np.float64]
CHANCE = np.random.default_rng(3)
POINTS: dict[str, Floats] = {
    "one": CHANCE.random((1, 2)),
    "three": CHANCE.random((3, 2)),
    "four": CHANCE.random((4, 2)),
    "a thousand": CHANCE.random((1000, 2)) * (190, 277),
    "crowds": (CHANCE.random((80, 1, 2)) * 100 + CHANCE.random((80, 12, 2)) * 0.01).reshape(-1, 2),
    "a grid": np.stack(np.meshgrid(np.arange(25.0), np.arange(20.0)), axis=-1).reshape(-1, 2),
    "a row": np.column_stack((CHANCE.random(300), np.zeros(300))),
    "one point": np.ones((40, 2)),
    "pairs": np.repeat(CHANCE.random((150, 2)), 2, axis=0),
}


def crossings(points: Floats) -> int:
    """Count the crossing pairs of sides of a closed line by brute force."""
    start, end = points[:, None], np.roll(points, -1, axis=0)[:, None]

    def side(a: Floats, b: Floats, c: Floats) -> Floats:
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
            c[..., 0] - a[..., 0]
        )

    other, last = start.swapaxes(0, 1), end.swapaxes(0, 1)
    apart = (side(start, end, other) * side(start, end, last) < 0) & (
        side(other, last, start) * side(other, last, end) < 0
    )
    return int(apart.sum()) // 2


def length(points: Floats) -> float:
    """Return the length of the closed line through `points` by a tour."""
    return line_length(points[[*(order := closed_tour(points)), order[0]]])


@pytest.mark.parametrize("what", POINTS)
def test_a_tour_visits_every_point_once_and_never_crosses_itself(what: str) -> None:
    points = POINTS[what]
    order = closed_tour(points)
    assert sorted(order.tolist()) == list(range(len(points)))
    assert crossings(points[order]) == 0


def test_a_random_order_has_crossings() -> None:
    assert crossings(POINTS["a thousand"]) > 1000


def test_a_tour_is_close_to_the_expected_shortest_length() -> None:
    # Shortest tours through a thousand random points are about 0.7313 * sqrt(area * count) long (Johnson and McGeoch, 1996).
    points = POINTS["a thousand"]
    assert length(points) < 1.09 * 0.7313 * np.sqrt(190 * 277 * 1000)


def test_a_tour_through_a_grid_is_nearly_optimal() -> None:
    points = POINTS["a grid"]
    assert length(points) < 1.06 * len(points)


def test_the_same_points_give_the_same_tour() -> None:
    assert np.array_equal(closed_tour(POINTS["crowds"]), closed_tour(POINTS["crowds"].copy()))


def test_a_tour_does_not_cross_empty_paper_twice() -> None:
    """Two groups of points that meet at one end only are joined there."""
    steps = np.arange(60)
    bar = np.stack(np.meshgrid(steps, np.arange(8.0)), axis=-1).reshape(-1, 2)
    stem = np.stack(np.meshgrid(np.arange(3.0), np.arange(8.0, 30)), axis=-1).reshape(-1, 2)
    grid = np.concatenate((bar, bar + np.array([0, 30]), stem))
    points = grid + np.random.default_rng(0).random(grid.shape) * 0.3
    line = points[closed_tour(points)]
    assert np.hypot(*(line - np.roll(line, -1, axis=0)).T).max() < 8


def test_the_walk_around_a_tree_follows_its_edges() -> None:
    row = np.column_stack((np.arange(50.0), np.zeros(50)))
    shuffled = row[CHANCE.permutation(50)]
    order = walk_around(shuffled, nearest(shuffled, shuffled, 4)[:, 1:])
    x = shuffled[order][:, 0]
    # From the first point to one end, and then from its other side to the other end.
    assert sorted(np.abs(np.diff(x)))[-2] == 1


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_hilberts_curve_visits_each_cell_once_in_steps_of_one(bits: int) -> None:
    row, column = np.divmod(np.arange(4**bits), 2**bits)
    along = hilbert_order(column, row, bits)
    assert sorted(along.tolist()) == list(range(4**bits))
    order = np.argsort(along)
    assert (np.abs(np.diff(column[order])) + np.abs(np.diff(row[order])) == 1).all()


PAGE = Box(0, 0, 120, 60)


def test_stipples_are_dense_in_proportion_to_the_tone() -> None:
    dark = np.repeat([[0.2, 0.6]], 100, axis=1).reshape(1, -1).repeat(100, axis=0)
    points = stipple(Tones(dark, PAGE), 2000, 8, np.random.default_rng(0))
    assert points.shape == (2000, 2)
    assert (points[:, 0] < 60).mean() == pytest.approx(0.25, abs=0.01)


def test_iterations_make_stipples_even() -> None:
    tones = Tones(np.full((90, 180), 0.5), PAGE)
    spread = {}
    for rounds in (0, 3, 10):
        points = stipple(tones, 1500, rounds, np.random.default_rng(0))
        away = np.hypot(*(points - points[nearest(points, points, 2)[:, 1]]).T)
        spread[rounds] = away.std() / away.mean()
    assert spread[10] < spread[3] < spread[0]
    assert spread[10] < 0.15


def test_white_areas_have_no_stipples() -> None:
    dark = np.zeros((100, 200))
    dark[20:60, 30:90] = 0.7
    dark[:, 150:] = 0.01
    points = stipple(Tones(dark, PAGE), 500, 6, np.random.default_rng(0))
    assert (points >= (18, 12)).all()
    assert (points <= (54, 36)).all()


def test_a_blank_image_has_no_stipples() -> None:
    assert stipple(Tones(np.zeros((5, 5)), PAGE), 100, 3, np.random.default_rng(0)).shape == (0, 2)
