"""The mathematics of phyllotaxis."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern

SQUARE = Area(200, 200)


def marks(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("phyllotaxis", SQUARE, {"container": "disc", "detune": 0, **params}, seed)


def middles(lines: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The middle of each mark, from the centre of the page, innermost first."""
    points = np.array([line[:-1].mean(axis=0) for line in lines]) - SQUARE.centre
    return points[np.argsort(np.hypot(*points.T))]


def test_each_mark_is_turned_from_the_one_before_by_the_golden_angle() -> None:
    points = middles(marks(marker="circle", growth=0.5, size=0.8, ramp=1))
    turns = np.diff(np.degrees(np.arctan2(points[:, 1], points[:, 0]))) % 360
    assert np.allclose(turns, 137.508, atol=0.01)


@pytest.mark.parametrize("growth", [0.5, 0.8, 1.2])
def test_the_radius_grows_with_the_requested_power_of_the_number(growth: float) -> None:
    radius = np.hypot(*middles(marks(marker="circle", growth=growth, size=0.5, ramp=1)).T)
    steps = np.diff(radius ** (1 / growth))
    assert np.allclose(steps, steps.mean(), rtol=1e-3)


@pytest.mark.parametrize("detune", [0, 0.05, 1.3])
def test_circles_of_full_size_touch_no_other(detune: float) -> None:
    lines = marks(marker="circle", size=1, detune=detune, spacing=8)
    centres = middles(lines)
    radii = np.sort([np.ptp(line[:, 0]) / 2 for line in lines])
    away = (
        np.hypot(*(centres[:, None] - centres[None]).reshape(-1, 2).T).reshape(len(centres), -1)
        + np.eye(len(centres)) * 1e9
    )
    # The marks grow outwards, so the innermost is the smallest.
    assert (away - radii[:, None] - radii[None]).min() > -0.05


def test_marks_grow_and_pen_up_moves_are_short() -> None:
    lines = marks(spacing=6)
    ways = [math.dist(line[-1], following[0]) for line, following in pairwise(lines)]
    assert np.median(ways) < 2 * 6
    sizes = [
        np.ptp(line, axis=0).max()
        for line in sorted(lines, key=lambda line: math.dist(line[0], SQUARE.centre))
    ]
    assert np.mean(sizes[-50:]) > 1.5 * np.mean(sizes[:50])


def test_the_requested_number_of_marks_is_drawn() -> None:
    assert len(marks(count=77, ramp=1, growth=0.5)) == 77
    assert len(marks(count=1)) == 1


@pytest.mark.parametrize(("marker", "corners"), [("triangle", 3), ("square", 4), ("hexagon", 6)])
def test_a_mark_with_corners_is_closed_and_even(marker: str, corners: int) -> None:
    for line in marks(marker=marker)[:5]:
        assert len(line) == corners + 1
        assert np.allclose(line[0], line[-1])
        sides = np.hypot(*np.diff(line, axis=0).T)
        assert np.allclose(sides, sides[0])
