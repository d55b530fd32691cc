"""The mathematics of circle packing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import TooComplex, check_pattern, draw_pattern

SQUARE = Area(150, 150, 10)


def packed(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("circle_packing", SQUARE, params, seed)


def circles(lines: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Circles as x, y and radius, for outlines without fills."""
    middles = np.array([line[:-1].mean(axis=0) for line in lines])
    return np.column_stack(
        (
            middles,
            [np.hypot(*(line[0] - middle)) for line, middle in zip(lines, middles, strict=True)],
        )
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gap", [0.0, 0.8, 4.0])
def test_circles_keep_the_gap_between_them(seed: int, gap: float) -> None:
    found = circles(packed(seed, fill="empty", gap=gap, smallest=1))
    away = np.hypot(*(found[:, None, :2] - found[None, :, :2]).reshape(-1, 2).T).reshape(
        len(found), -1
    )
    free = away - found[:, None, 2] - found[None, :, 2] + np.eye(len(found)) * 1e9
    assert free.min() >= gap - 1e-6


def test_there_are_few_large_circles_and_many_small_ones() -> None:
    radius = circles(packed(fill="empty", smallest=1, largest=25))[:, 2]
    assert radius.min() >= 1
    assert radius.max() <= 25
    assert radius.max() > 10
    assert np.median(radius) < 2.5


def test_circles_fill_a_disc_and_stay_inside() -> None:
    found = circles(packed(fill="empty", container="disc"))
    assert (np.hypot(*(found[:, :2] - 75).T) + found[:, 2]).max() <= 65 + 1e-6


def test_circles_cover_about_the_requested_share_of_the_paper() -> None:
    for cover in (0.2, 0.5):
        radius = circles(packed(fill="empty", cover=cover, gap=0.5))[:, 2]
        assert (np.pi * radius**2).sum() / 130**2 == pytest.approx(cover, rel=0.25)


@pytest.mark.parametrize("fill", ["spiral", "hatch"])
def test_a_fill_is_one_stroke_inside_its_circle(fill: str) -> None:
    lines = packed(fill=fill, smallest=10, largest=12, cover=0.3, fill_spacing=2)
    found = circles(packed(fill="empty", smallest=10, largest=12, cover=0.3))
    assert len(lines) == len(found) * (1 if fill == "spiral" else 2)
    for line in lines:
        away = np.hypot(*(line[:, None] - found[None, :, :2]).reshape(-1, 2).T).reshape(
            len(line), -1
        )
        assert (away <= found[:, 2] + 1e-6).all(axis=0).sum() == 1


def test_large_circles_are_filled_and_the_smallest_stay_empty() -> None:
    lines = packed(smallest=1, largest=30)
    rings = [line for line in lines if np.array_equal(line[0], line[-1])]
    assert len(rings) > 0.7 * len(lines)
    assert any(
        not np.array_equal(line[0], line[-1]) and np.ptp(line, axis=0).min() > 20 for line in lines
    )


def test_more_circles_than_can_be_placed_in_time_are_refused() -> None:
    with pytest.raises(TooComplex):
        check_pattern("circle_packing", Area(2000, 2000), {"smallest": 0.5, "largest": 2})
