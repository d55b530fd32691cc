"""Tests of sampling and simplifying curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.curves import estimate_length, estimate_points, polyline, sample_curve

TURN = 2 * math.pi


def circle(u: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(50 * np.exp(1j * u))


def ellipse(u: NDArray[np.float64]) -> NDArray[np.complex128]:
    return 80 * np.cos(u) + 5j * np.sin(u)


@pytest.mark.parametrize("tolerance", [0.005, 0.05, 0.5])
def test_chords_of_a_circle_are_as_long_as_the_tolerance_permits(
    tolerance: float,
) -> None:
    points = sample_curve(circle, TURN, 1, tolerance)
    sagitta = 50 - np.abs((points[1:] + points[:-1]) / 2)
    assert sagitta.max() <= tolerance * 1.01
    assert sagitta.min() > tolerance / 2


def test_points_are_denser_where_a_curve_bends_more() -> None:
    points = sample_curve(ellipse, TURN, 1, 0.02)
    steps = np.abs(np.diff(points))
    at_the_tip = steps[np.abs(points[:-1].real) > 79].mean()
    at_the_flank = steps[np.abs(points[:-1].real) < 40].mean()
    assert at_the_tip < at_the_flank


@pytest.mark.parametrize("swings", [1, 12, 500])
def test_the_estimates_are_close_to_what_is_drawn(swings: int) -> None:
    def wound(u: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.asarray(np.exp(1j * u) * (50 + 20 * np.cos(swings * u)))

    points = sample_curve(wound, TURN, swings + 1, 0.01)
    assert estimate_points(wound, TURN, swings + 1, 0.01) == pytest.approx(
        len(points), rel=0.03, abs=4
    )
    assert estimate_length(wound, TURN, swings + 1) == pytest.approx(
        np.abs(np.diff(points)).sum(), rel=0.03
    )


def test_the_time_of_an_estimate_does_not_depend_on_the_length() -> None:
    evaluated = 0

    def counted(u: NDArray[np.float64]) -> NDArray[np.complex128]:
        nonlocal evaluated
        evaluated += len(u)
        return circle(u)

    estimate_points(counted, 1e6, 1e6, 0.01)
    assert evaluated < 10_000


def test_a_curve_as_a_polyline_has_x_and_y_side_by_side() -> None:
    assert polyline(np.array([1 + 2j, 3 + 4j])).tolist() == [[1, 2], [3, 4]]
