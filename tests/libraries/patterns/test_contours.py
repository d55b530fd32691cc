"""The mathematics of contours."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.geometry.contours import contour_lines
from libraries.geometry.reaction_diffusion import REGIMES, refined, seed_state, simulate
from libraries.patterns import TooComplex, check_pattern, draw_pattern
from libraries.patterns.contours import _labeled, _Terrain

SQUARE = Area(200, 200, 10)


def contours(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("contours", SQUARE, {"bold": 0, **params}, seed)


@pytest.mark.parametrize("kind", ["terrain", "distance"])
@pytest.mark.parametrize("seed", range(3))
def test_a_contour_closes_or_runs_from_edge_to_edge(kind: str, seed: int) -> None:
    lines = contours(seed, kind=kind)
    assert len(lines) > 10
    for line in lines:
        ends = line[[0, -1]]
        assert (
            np.array_equal(*ends)
            or np.isclose(ends, 10).any(axis=1).all()
            or ((np.isclose(ends, 10) | np.isclose(ends, 190)).any(axis=1).all())
        )


@pytest.mark.parametrize("seed", range(3))
def test_contours_never_cross(seed: int) -> None:
    lines = [shapely.LineString(line) for line in contours(seed, warp=1.0)]
    tree = shapely.STRtree(lines)
    one, two = tree.query(lines, predicate="intersects")
    assert (one == two).all()


def test_heights_of_a_cone_give_circles_at_even_distances() -> None:
    x = np.linspace(-50, 50, 401)
    cone = 1 - np.sqrt(x[None, :] ** 2 + x[:, None] ** 2) / 50
    found = sorted(contour_lines(cone, x, x, 10), key=lambda pair: pair[0])
    closed = [(level, line) for level, line in found if np.array_equal(line[0], line[-1])]
    assert [level for level, _ in closed] == list(range(10))
    for level, line in closed:
        assert np.allclose(np.hypot(*line.T), 50 * (1 - (level + 0.5) / 10), atol=0.02)


@pytest.mark.parametrize("flip", [False, True])
def test_a_saddle_is_resolved_by_the_mean_of_its_corners(flip: bool) -> None:
    heights = np.array([[1.0, 0.0], [0.0, 0.8]])
    heights = heights[::-1] if flip else heights
    at = np.array([0.0, 1.0])
    lines = [line for _, line in contour_lines(heights, at, at, 1)]
    assert len(lines) == 2
    # The mean is below the level, so both high corners are cut off.
    high = np.argwhere(heights > 0.5)[:, ::-1]
    for line in lines:
        assert min(np.hypot(*(line.mean(axis=0) - corner)) for corner in high) < 0.5


def test_equal_heights_have_no_contours() -> None:
    at = np.linspace(0, 1, 5)
    assert list(contour_lines(np.full((5, 5), 0.5), at, at, 7)) == []


def test_every_fifth_line_is_drawn_twice() -> None:
    thin = sum(len(line) for line in contours())
    bold = sum(len(line) for line in contours(bold=0.4))
    assert 1.1 * thin < bold < 1.4 * thin


def test_lines_around_stones_are_evenly_spaced() -> None:
    lines = [
        shapely.LineString(line) for line in contours(kind="distance", stones=1, warp=0, levels=20)
    ]
    ways = sorted(line.length for line in lines if line.is_closed)
    assert len(ways) >= 3
    assert np.allclose(np.diff(ways), np.diff(ways)[0], rtol=0.02)


def test_a_lattice_finer_than_can_be_filled_in_time_is_refused() -> None:
    with pytest.raises(TooComplex):
        check_pattern("contours", Area(2000, 2000), {"scale": 5, "levels": 2, "octaves": 5})


def dish(preset: str) -> tuple[float, float]:
    """Return mean and standard deviation of a small simulation."""
    sown = seed_state(np.random.default_rng(3), 40, 60)
    grown = simulate(sown, REGIMES[preset], 1500, lambda _: None)
    assert grown.shape == (40, 60)
    assert 0 <= grown.min() < grown.max() < 1
    return float(grown.mean()), float(np.ptp(grown))


def test_every_regime_grows_and_leaves_food() -> None:
    found = {preset: dish(preset) for preset in REGIMES}
    assert all(spread > 0.15 for _, spread in found.values())
    assert found["spots"][0] < found["maze"][0] < found["holes"][0]


def test_without_seeds_nothing_grows() -> None:
    assert not simulate(
        np.zeros((30, 30), dtype=np.bool_), REGIMES["coral"], 50, lambda _: None
    ).any()


def test_one_step_is_the_equation_of_gray_and_scott() -> None:
    sown = np.zeros((5, 5), dtype=np.bool_)
    sown[2, 2] = True
    grown = simulate(sown, REGIMES["coral"], 1, lambda _: None)
    assert grown[2, 2] == pytest.approx(0.5 + 0.08 * -2 + 0.5**3 - (0.0545 + 0.062) * 0.5)
    assert grown[1, 2] == pytest.approx(0.08 * 0.5)
    assert grown[1, 1] == 0


def test_a_finer_grid_passes_through_the_coarse_one() -> None:
    grid = np.random.default_rng(1).random((5, 4))
    assert np.allclose(refined(grid, 13, 10)[::3, ::3], grid)


@pytest.mark.parametrize("labels", [False, True])
def test_a_reaction_fits_a_small_page_and_reports_its_progress(labels: bool) -> None:
    reported: list[float] = []
    params = {"kind": "reaction_diffusion", "iterations": 800, "labels": labels}
    area = Area(70, 50, 5)
    lines = draw_pattern("contours", area, params, progress=reported.append)
    assert len(lines) > 20
    assert len(reported) > 8
    assert reported == sorted(reported)


def test_every_label_is_in_a_gap_of_its_line_and_upright() -> None:
    plain, labelled = contours(1), contours(1, labels=True)
    same = {line.tobytes() for line in plain} | {line[::-1].tobytes() for line in plain}
    changed = [line for line in labelled if line.tobytes() not in same]
    digits = [shapely.LineString(line) for line in changed if np.hypot(*np.ptp(line, axis=0)) < 2.5]
    lines = [
        shapely.LineString(line) for line in labelled if np.hypot(*np.ptp(line, axis=0)) >= 2.5
    ]
    assert len(digits) > 8
    tree = shapely.STRtree(lines)
    assert not tree.query(digits, predicate="dwithin", distance=0.2).size


def test_short_lines_and_steep_terrain_have_no_labels() -> None:
    at = np.linspace(0, 200, 401)
    slope = np.broadcast_to(at[None, :] / 200, (401, 401))
    for levels, numbers in ((20, 1), (400, 0)):
        land = _Terrain(slope * levels - 0.5, at, at)
        level, line = next(
            each for each in contour_lines(slope, at, at, levels) if each[0] == levels // 2
        )
        pieces, digits = _labeled(line, level, land)
        assert len(pieces) == 1 + numbers
        assert bool(digits) == bool(numbers)
    pieces, digits = _labeled(line[:40], level, land)
    assert (len(pieces), digits) == (1, [])
