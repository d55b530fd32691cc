"""The patterns that draw pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.imaging.demos import DEMOS
from libraries.patterns import TooComplex, check_pattern, draw_pattern

PAGE = Area(105, 148, 8)
STYLES = ["squiggle", "spiral", "dots", "cross-hatch"]


def halftone(area: Area = PAGE, seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("halftone_lines", area, params, seed)


def test_tsp_art_is_one_closed_line_with_the_requested_vertices() -> None:
    (line,) = draw_pattern("tsp_art", PAGE, {"points": 3000})
    assert len(line) == 3001
    assert np.array_equal(line[0], line[-1])
    assert len(np.unique(line[:-1], axis=0)) == 3000


def test_a_dot_of_stipples_is_a_closed_circle_and_larger_in_the_dark() -> None:
    dots = draw_pattern("stipple", PAGE, {"points": 1500, "dot": 0.8, "image": "gradient"})
    assert len(dots) == 1500
    assert all(np.allclose(dot[0], dot[-1]) for dot in dots)
    size = np.array([np.ptp(dot[:, 0]) for dot in dots])
    assert size.max() <= 0.8 + 1e-9
    assert size.max() > 1.5 * size.min()


def test_stipples_without_a_diameter_are_touches_of_the_pen() -> None:
    touches = draw_pattern("stipple", PAGE, {"points": 300, "dot": 0})
    assert all(math.dist(touch[0], touch[-1]) == pytest.approx(0.1) for touch in touches)


@pytest.mark.parametrize("name", ["stipple", "tsp_art"])
def test_a_small_page_gets_fewer_points(name: str) -> None:
    small = sum(len(line) for line in draw_pattern(name, Area(20, 20, 2)))
    assert small < sum(len(line) for line in draw_pattern(name, PAGE)) / 5


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("image", DEMOS)
def test_the_estimate_of_a_halftone_holds_for_every_style_picture_and_seed(
    style: str, image: str
) -> None:
    params: dict[str, Any] = {"style": style, "image": image}
    estimate = check_pattern("halftone_lines", PAGE, params).cost(PAGE)
    for seed in range(3):
        drawn = sum(len(line) for line in halftone(seed=seed, **params))
        assert drawn <= estimate <= 60 * drawn


def test_a_spiral_of_waves_is_one_stroke_in_the_largest_circle() -> None:
    (line,) = halftone(style="spiral")
    away = np.hypot(*(line - PAGE.centre).T)
    assert away.max() <= PAGE.inner_width / 2
    assert away.max() > PAGE.inner_width / 2 - 2.5


def test_waves_are_higher_and_shorter_in_the_dark() -> None:
    """A gradient from the left edge, whose tone depends on the row, to a common tone."""
    rows = np.concatenate(halftone(image="gradient", equalise=0, detail=0, angle=0.0, spacing=3.0))
    upper, lower = (
        rows[(rows[:, 1] > top) & (rows[:, 1] < top + 12) & (rows[:, 0] < 25)] for top in (9, 125)
    )
    assert len(upper) > 2 * len(lower), "the gradient is dark above"


@pytest.mark.parametrize("tolerance", [0.01, 0.1])
def test_waves_meet_their_tolerance(tolerance: float) -> None:
    whole, coarse = (
        np.concatenate(halftone(style="spiral", tolerance=each)) for each in (0.005, tolerance)
    )
    fine = whole[len(whole) // 3 : len(whole) // 2]
    middle = (coarse[1:] + coarse[:-1]) / 2
    # The middle of each chord is near the true curve, which the finer drawing approximates.
    start, step = fine[:-1], np.diff(fine, axis=0)
    inside = middle[len(middle) // 3 + 200 : len(middle) // 2 - 200 : 37]
    share = np.clip(
        ((inside[:, None] - start) * step).sum(axis=2) / np.maximum((step**2).sum(axis=1), 1e-12),
        0,
        1,
    )
    away = np.hypot(*np.moveaxis(inside[:, None] - start - share[..., None] * step, 2, 0)).min(
        axis=1
    )
    assert away.max() < 1.3 * tolerance + 0.01


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, -45.0])
def test_hatches_and_dots_follow_the_angle_and_stay_inside(angle: float) -> None:
    for line in halftone(style="cross-hatch", angle=angle):
        assert len(line) == 2
        turn = math.degrees(math.atan2(*(line[1] - line[0])[::-1]))
        assert min((turn - angle) % 45, -(turn - angle) % 45) == pytest.approx(0, abs=1e-6)
        assert math.dist(*line) >= 1.5 - 1e-9
    dots = np.concatenate(halftone(style="dots", angle=angle))
    assert (dots >= PAGE.margin).all()
    assert (dots <= (PAGE.right, PAGE.bottom)).all()


def test_more_hatches_overlap_in_the_dark() -> None:
    lines = np.array(
        halftone(style="cross-hatch", image="gradient", equalise=0, detail=0, spacing=1.0)
    )
    directions = np.round(np.degrees(np.arctan2(*(lines[:, 1] - lines[:, 0]).T[::-1])) % 180)
    middle = lines.mean(axis=1)[:, 1]
    dark, light = set(directions[(middle < 20)]), set(directions[(middle > 128)])
    assert light < dark
    assert len(dark) == 4


def test_neighbouring_dots_of_the_darkest_tone_do_not_overlap() -> None:
    centres = [
        (line[:, 0].max() + line[:, 0].min()) / 2 for line in halftone(style="dots", amplitude=1.0)
    ]
    widths = [np.ptp(line[:, 0]) for line in halftone(style="dots", amplitude=1.0)]
    assert max(widths) <= 2.2 + 1e-9
    assert len(centres) > 500


@pytest.mark.parametrize("style", STYLES)
def test_a_halftone_that_is_too_fine_for_its_page_is_refused(style: str) -> None:
    with pytest.raises(TooComplex):
        check_pattern("halftone_lines", Area(2000, 2000), {"style": style, "spacing": 0.4})


def test_a_seed_changes_the_picture_itself() -> None:
    first, second = (np.concatenate(halftone(seed=seed, style="dots")) for seed in (0, 1))
    sides = [
        np.histogram(line[:, 0], bins=10, range=(8, 97))[0] / len(line) for line in (first, second)
    ]
    assert np.abs(sides[0] - sides[1]).max() > 0.02
