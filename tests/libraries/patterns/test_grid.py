"""The mathematics of grids other than square ones."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern

A4 = Area(210, 297, 10)


def grid(**params: object) -> list[NDArray[np.float64]]:
    return [line - A4.centre for line in draw_pattern("grid", A4, params)]


def test_the_three_directions_of_a_triangular_grid_meet_in_common_points() -> None:
    lines = grid(kind="triangular", spacing_x=20, serpentine=False)
    heading = [math.degrees(math.atan2(*(line[-1] - line[0])[::-1])) % 180 for line in lines]
    offsets: dict[int, list[float]] = {0: [], 60: [], 120: []}
    for line, angle in zip(lines, heading, strict=True):
        family = min(offsets, key=lambda each: min(abs(angle - each), 180 - abs(angle - each)))
        normal = np.array([-math.sin(math.radians(family)), math.cos(math.radians(family))])
        offsets[family].append(float(line[0] @ normal) / 20)
    assert all(np.allclose(each, np.round(each), atol=1e-6) for each in offsets.values())
    assert all(len(each) > 9 for each in offsets.values())


def test_the_sides_of_hexagons_have_one_length_and_none_is_drawn_twice() -> None:
    pieces = [
        (start, end) for line in grid(kind="hex", spacing_x=10) for start, end in pairwise(line)
    ]
    assert np.allclose([math.dist(start, end) for start, end in pieces], 10 / math.sqrt(3))
    middles = {tuple(np.round((start + end) / 2, 4)) for start, end in pieces}
    assert len(middles) == len(pieces)


def test_a_single_hexagon_is_centred() -> None:
    points = np.concatenate(grid(kind="hex", spacing_x=500))
    assert len(np.unique(np.round(points, 4), axis=0)) >= 6
    assert np.allclose(points.min(axis=0), -points.max(axis=0), atol=1e-6)


def test_spokes_of_a_polar_grid_never_crowd_the_centre() -> None:
    lines = grid(kind="polar", spacing_x=10, spacing_y=3)
    spokes = [line for line in lines if len(line) == 2]
    for radius in np.arange(12, 95, 7.3):
        angles = sorted(
            math.atan2(*spoke[-1][::-1])
            for spoke in spokes
            if np.hypot(*spoke.T).min() < radius < np.hypot(*spoke.T).max()
        )
        assert min(np.diff(angles)) * radius > 1.4


@pytest.mark.parametrize("angle", [0, 1, 17, 45, 90, -33])
@pytest.mark.parametrize("kind", ["square", "triangular", "isometric"])
def test_a_rotated_grid_has_few_strokes_and_no_duplicates(kind: str, angle: float) -> None:
    lines = grid(kind=kind, angle=angle)
    assert len(lines) < 60
    pieces = [
        (start, end) for line in lines for start, end in pairwise(line) if math.dist(start, end) > 4
    ]
    ends = {
        tuple(np.round(sorted((start.tolist(), end.tolist())), 4).ravel()) for start, end in pieces
    }
    assert len(ends) == len(pieces)
