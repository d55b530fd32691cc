"""The mathematics of spirals other than Archimedean ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern

A4 = Area(210, 297, 10)
ROUND = ["archimedean", "log", "fermat"]


def arms(**params: object) -> list[NDArray[np.float64]]:
    return [line - A4.centre for line in draw_pattern("spiral", A4, params)]


def polar(line: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.hypot(*line.T), np.unwrap(np.arctan2(line[:, 1], line[:, 0]))


def test_each_turn_of_a_logarithmic_spiral_is_wider_by_the_same_factor() -> None:
    (line,) = arms(kind="log", pitch=12)
    radius, angle = polar(line)
    growth = np.diff(np.log(radius)) / np.diff(angle)
    assert np.allclose(growth, growth[0])
    assert radius[-1] * (1 - math.exp(-2 * math.pi * growth[0])) == pytest.approx(12)


def test_the_turns_of_fermats_spiral_enclose_equal_areas() -> None:
    (line,) = arms(kind="fermat")
    radius, angle = polar(line)
    assert np.allclose(np.diff(radius**2) / np.diff(angle), 95 * 1.8 / math.pi, rtol=1e-6)


@pytest.mark.parametrize("kind", ROUND)
@pytest.mark.parametrize("count", [1, 3])
def test_a_curve_meets_its_tolerance_with_few_points(kind: str, count: int) -> None:
    finest = arms(kind=kind, arms=count, pitch=4, tolerance=0.005)[0]
    coarse = arms(kind=kind, arms=count, pitch=4, tolerance=0.5)[0]
    known_radius, known_angle = polar(finest)
    radius, _ = polar(coarse)
    # The middle of a chord, compared with the curve at the mean angle of its ends.
    middle_angle = np.interp((radius[1:] + radius[:-1]) / 2, known_radius, known_angle)
    on_curve = np.interp(middle_angle, known_angle, known_radius)[:, None] * np.column_stack(
        (np.cos(middle_angle), np.sin(middle_angle))
    )
    chord, aside = np.diff(coarse, axis=0), on_curve - coarse[:-1]
    error = np.abs(chord[:, 0] * aside[:, 1] - chord[:, 1] * aside[:, 0]) / np.hypot(*chord.T)
    assert error.max() < 0.5 * 1.1
    assert np.median(error) > 0.5 / 2


@pytest.mark.parametrize("kind", ROUND)
def test_the_arms_of_a_spiral_are_the_same_curve_turned(kind: str) -> None:
    first, second, third = arms(kind=kind, arms=3, pitch=5)
    turn = np.array([[-0.5, math.sqrt(3) / 2], [-math.sqrt(3) / 2, -0.5]])
    # Every second arm is drawn inwards.
    assert np.allclose(first @ turn, second[::-1])
    assert np.allclose(second[::-1] @ turn, third)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_sides_of_a_square_spiral_are_a_pitch_apart(count: int) -> None:
    sides = [(line[:-1][:, 0], line[1:][:, 0]) for line in arms(kind="square", arms=count, pitch=2)]
    right = sorted(
        {round(float(x), 6) for start, end in sides for x in start[np.isclose(start, end)] if x > 0}
    )
    gaps = np.diff(right)
    assert len(right) > 30
    assert np.allclose(gaps, gaps[0], atol=1e-5)
    assert gaps[0] == pytest.approx(2, rel=0.25)
