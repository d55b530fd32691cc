"""The mathematics of noise lines."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern

A4 = Area(210, 297, 10)


def ridges(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return [
        line if line[0, 0] < line[-1, 0] else line[::-1]
        for line in draw_pattern("noise_lines", A4, params, seed)
    ]


@pytest.mark.parametrize("envelope", ["bell", "hills", "flat"])
@pytest.mark.parametrize("seed", range(3))
def test_no_line_passes_below_a_nearer_one(envelope: str, seed: int) -> None:
    lines = ridges(seed, envelope=envelope, gap=0)
    grid = np.linspace(10, 200, 1801)
    horizon = np.full(len(grid), np.inf)
    worst = 0.0
    for line in lines:  # From the nearest to the farthest.
        height = np.interp(grid, line[:, 0], line[:, 1], left=np.nan, right=np.nan)
        worst = max(worst, float(np.nanmax(height - horizon, initial=0)))
        horizon = np.fmin(horizon, height)
    assert worst < 0.05


def test_without_occlusion_every_line_spans_the_width() -> None:
    lines = ridges(occlude=False, lines=40)
    assert len(lines) == 40
    assert all((line[0, 0], line[-1, 0]) == (10, 200) for line in lines)


def test_the_hills_of_a_bell_fade_at_the_sides() -> None:
    for line in ridges(occlude=False, roughness=0):
        side = line[(line[:, 0] < 20) | (line[:, 0] > 190), 1]
        assert np.ptp(side) < 0.5


def test_neighbouring_lines_alternate_in_direction() -> None:
    lines = draw_pattern("noise_lines", A4, {"occlude": False})
    assert [bool(line[0, 0] < line[-1, 0]) for line in lines[:4]] in (
        [True, False] * 2,
        [False, True] * 2,
    )


def test_no_part_of_a_line_is_a_stray_dot() -> None:
    assert min(float(np.ptp(line[:, 0])) for line in ridges()) >= 1.5
