"""Tests of arcs that replace runs of short segments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from libraries.geometry.arcs import Arc, ArcFitter
from libraries.geometry.arrays import Floats


def arcs(points: Floats, tolerance: float = 0.02) -> list[Arc]:
    return list(ArcFitter(points, tolerance).arcs(0, len(points) - 1))


def part_of_circle(radius: float, degrees: float, vertices: int) -> Floats:
    angles = np.radians(np.linspace(0, degrees, vertices))
    return radius * np.column_stack([np.cos(angles), np.sin(angles)]) + (50, 60)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_circle_becomes_two_halves_around_its_centre(turn: int) -> None:
    points = part_of_circle(20, 360 * turn, 121)
    first, second = arcs(points)
    assert (first.first, first.last, second.first, second.last) == (0, 60, 60, 120)
    for arc in (first, second):
        assert arc.centre == pytest.approx((50, 60), abs=1e-6)
        assert arc.turn * turn > 0


def test_a_corner_and_lines_stay_between_arcs() -> None:
    curve = part_of_circle(10, 90, 40)
    points = np.vstack([[(70, 20), (60, 40)], curve, curve[-1] + [(-5, 0), (-5, -9), (-2, -9)]])
    (arc,) = arcs(points)
    assert (arc.first, arc.last) == (2, 41)


@pytest.mark.parametrize(
    "points",
    [
        np.array([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0)]),
        np.array([(0.0, 0.0), (9.0, 1.0), (0.0, 2.0), (9.0, 3.0), (0.0, 4.0)]),
        part_of_circle(0.05, 300, 30),
        part_of_circle(3000, 20, 90),
        # The chords are 0.6 mm from the circle.
        part_of_circle(20, 180, 7),
        part_of_circle(20, 20, 3),
    ],
    ids=["straight", "zigzag", "too small", "too large", "coarse", "too few"],
)
def test_other_strokes_have_no_arcs(points: Floats) -> None:
    assert arcs(points) == []


def test_every_vertex_and_middle_of_a_chord_is_within_the_tolerance() -> None:
    steps = np.linspace(0, 20, 500)
    points = np.column_stack([8 * steps, 12 * np.sin(steps) + 3 * np.sin(3.1 * steps)])
    found = arcs(points, 0.05)
    assert len(found) > 10
    for arc in found:
        some = points[arc.first : arc.last + 1]
        radius = math.dist(some[0], arc.centre)
        checked = np.vstack([some, (some[1:] + some[:-1]) / 2])
        assert np.abs(np.hypot(*(checked - arc.centre).T) - radius).max() <= 0.05 + 1e-9


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ArcFitter, "MOST_TESTS", 50)
    points = np.vstack([part_of_circle(20 + turn, 350, 60) for turn in range(20)])
    assert len(arcs(points)) <= 2
