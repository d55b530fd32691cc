"""The mathematics of guilloche."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.patterns import TooComplex, check_pattern, draw_pattern

SQUARE = Area(200, 200)
PLAIN = {"bands": 1, "copies": 1, "waves": 0}


def guilloche(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return [line - SQUARE.centre for line in draw_pattern("guilloche", SQUARE, params, seed)]


@pytest.mark.parametrize("kind", ["rosette", "hypotrochoid", "epitrochoid"])
@pytest.mark.parametrize(("ring", "wheel"), [(96, 36), (105, 45), (7, 3), (12, 12 + 8), (5, 1)])
def test_a_figure_closes_after_as_many_rounds_and_lobes_as_its_teeth_determine(
    kind: str, ring: int, wheel: int
) -> None:
    (line,) = guilloche(kind=kind, ring=ring, wheel=wheel, **PLAIN)
    radius, angle = np.hypot(*line.T), np.unwrap(np.arctan2(line[:, 1], line[:, 0]))
    assert np.array_equal(line[0], line[-1])
    assert abs(angle[-1] - angle[0]) == pytest.approx(2 * math.pi * wheel / math.gcd(ring, wheel))
    inner = radius[:-1] < (radius.min() + radius.max()) / 2
    assert np.count_nonzero(inner & ~np.roll(inner, 1)) == ring // math.gcd(ring, wheel)


def test_a_hypotrochoid_is_the_path_of_a_pen_on_a_wheel_inside_a_ring() -> None:
    """R, r and d in the textbook formula, scaled to the area."""
    ring, wheel, pen = 5, 3, 0.6
    (line,) = guilloche(kind="hypotrochoid", ring=ring, wheel=wheel, pen=pen, **PLAIN)
    t = np.linspace(0, 2 * math.pi * wheel, 100_000)
    arm, reach = ring - wheel, pen * wheel
    curve = arm * np.exp(1j * t) + reach * np.exp(-1j * arm / wheel * t)
    curve *= 100 / (arm + reach)
    for point in line[::7] @ (1, 1j):
        assert np.abs(curve - point).min() < 0.05


@pytest.mark.parametrize("kind", ["rosette", "hypotrochoid", "epitrochoid"])
@pytest.mark.parametrize("copies", [2, 5, 6])
def test_no_copy_coincides_with_another(kind: str, copies: int) -> None:
    """A shift by 2 pi / rounds would draw the same line with another starting point."""
    lines = guilloche(kind=kind, ring=16, wheel=5, bands=1, copies=copies, waves=0)
    distances = [
        np.sort(
            np.hypot(*(line[:, None] - lines[0][None, ::9]).reshape(-1, 2).T)
            .reshape(len(line), -1)
            .min(axis=0)
        )
        for line in lines[1:]
    ]
    assert len(distances) == copies - 1
    assert all(away[len(away) // 2] > 0.2 for away in distances)


def test_bands_do_not_overlap_and_leave_the_middle_open() -> None:
    lines = guilloche(waves=0, bands=4, copies=3)
    reaches = [(np.hypot(*line.T).min(), np.hypot(*line.T).max()) for line in lines[::3]]
    for (inner, _), (_, next_outer) in pairwise(reaches):
        assert inner == pytest.approx(next_outer, abs=0.05)
    assert reaches[-1][0] == pytest.approx(16, abs=0.05)


def test_a_wheel_that_fills_its_ring_is_refused() -> None:
    with pytest.raises(InvalidFields, match="cannot roll"):
        check_pattern("guilloche", SQUARE, {"kind": "hypotrochoid", "ring": 60, "wheel": 60})


def test_a_thousand_lobes_and_copies_are_refused_before_they_are_drawn() -> None:
    with pytest.raises(TooComplex):
        check_pattern("guilloche", SQUARE, {"ring": 479, "wheel": 359, "copies": 120, "bands": 12})


def test_a_seed_changes_the_bands_and_not_only_where_they_begin() -> None:
    inner = {
        round(
            float(min(np.hypot(*line.T).min() for line in guilloche(seed, bands=2, copies=1)[:1])),
            2,
        )
        for seed in range(5)
    }
    assert len(inner) == 5
