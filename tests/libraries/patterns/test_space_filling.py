"""The mathematics of space-filling curves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import MAX_POINTS, check_pattern, draw_pattern

SQUARE = Area(148, 148, 10)
A4 = Area(210, 297, 10)


def curve(area: Area, seed: int = 0, **params: object) -> NDArray[np.float64]:
    (line,) = draw_pattern("space_filling", area, {"rounding": 0, "shading": 0, **params}, seed)
    return line


@pytest.mark.parametrize(
    ("kind", "cells"), [("hilbert", 64), ("moore", 64), ("z", 64), ("peano", 81)]
)
def test_a_curve_visits_every_cell_of_a_square_once(kind: str, cells: int) -> None:
    line = curve(SQUARE, kind=kind, cell=2)
    visits = np.floor(
        (line[:-1] if kind == "moore" else line) * cells / 128 - 10 * cells / 128
    ).astype(int)
    assert len(visits) == cells**2
    assert len({tuple(each) for each in visits.tolist()}) == cells**2


@pytest.mark.parametrize("area", [SQUARE, A4, Area(297, 210, 10), Area(420, 60, 5)], ids=str)
@pytest.mark.parametrize("kind", ["hilbert", "moore", "peano"])
def test_each_step_of_a_uniform_curve_leads_to_an_adjacent_cell(kind: str, area: Area) -> None:
    steps = np.diff(curve(area, kind=kind, cell=3), axis=0)
    assert np.allclose(np.hypot(*steps.T), np.abs(steps[0]).sum())
    assert np.isclose(steps, 0).any(axis=1).all()


@pytest.mark.parametrize("kind", ["moore", "sierpinski"])
def test_closed_curves_close(kind: str) -> None:
    line = curve(A4, kind=kind, cell=3)
    assert np.allclose(line[0], line[-1], atol=1e-6)


@pytest.mark.parametrize("kind", ["gosper", "sierpinski"])
def test_turtle_curves_visit_each_point_once(kind: str) -> None:
    line = curve(A4, kind=kind, cell=3)[:-1]
    assert len(np.unique(np.round(line, 4), axis=0)) == len(line)


@pytest.mark.parametrize("kind", ["hilbert", "moore", "peano", "z"])
def test_a_shaded_curve_covers_the_area_with_cells_of_several_sizes(kind: str) -> None:
    uniform, shaded = (
        curve(SQUARE, kind=kind, cell=2),
        curve(SQUARE, kind=kind, cell=2, shading=3, scale=40),
    )
    assert len(uniform) / 20 < len(shaded) < len(uniform) * 0.9
    low, high = shaded.min(axis=0), shaded.max(axis=0)
    assert ((high - low) > 110).all()


def test_another_seed_changes_the_shading() -> None:
    one, two = (curve(A4, seed, shading=3) for seed in (0, 1))
    assert len(one) != len(two)


def test_rounded_corners_stay_within_the_sharp_ones() -> None:
    sharp, soft = curve(SQUARE, kind="moore"), curve(SQUARE, kind="moore", rounding=1)
    length = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in (sharp, soft)]
    assert 0.75 * length[0] < length[1] < length[0]
    assert np.allclose(soft[0], soft[-1])


@pytest.mark.parametrize("shading", [0, 1, 6])
@pytest.mark.parametrize("kind", ["hilbert", "moore", "peano", "z", "gosper", "sierpinski"])
def test_the_estimate_is_never_too_low(kind: str, shading: int) -> None:
    params = check_pattern(
        "space_filling", SQUARE, {"kind": kind, "shading": shading, "scale": 10, "cell": 2}
    )
    assert len(curve(SQUARE, **params.values())) <= params.cost(SQUARE)


@pytest.mark.parametrize("kind", ["hilbert", "moore", "peano", "z", "gosper", "sierpinski"])
def test_the_defaults_are_within_the_limit_on_a1(kind: str) -> None:
    area = Area(594, 841, 10)
    assert check_pattern("space_filling", area, {"kind": kind}).cost(area) < MAX_POINTS
