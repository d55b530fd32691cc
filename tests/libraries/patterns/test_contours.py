"""The mathematics of contours."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from libraries.drawing import Area
from libraries.patterns import TooComplex, check_pattern, draw_pattern
from libraries.patterns.contours import _contours

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
    found = sorted(_contours(cone, x, x, 10), key=lambda pair: pair[0])
    closed = [(level, line) for level, line in found if np.array_equal(line[0], line[-1])]
    assert [level for level, _ in closed] == list(range(10))
    for level, line in closed:
        assert np.allclose(np.hypot(*line.T), 50 * (1 - (level + 0.5) / 10), atol=0.02)


@pytest.mark.parametrize("flip", [False, True])
def test_a_saddle_is_parted_by_the_mean_of_its_corners(flip: bool) -> None:
    heights = np.array([[1.0, 0.0], [0.0, 0.8]])
    heights = heights[::-1] if flip else heights
    at = np.array([0.0, 1.0])
    lines = [line for _, line in _contours(heights, at, at, 1)]
    assert len(lines) == 2
    # The mean is under the level, so both high corners are cut off.
    high = np.argwhere(heights > 0.5)[:, ::-1]
    for line in lines:
        assert min(np.hypot(*(line.mean(axis=0) - corner)) for corner in high) < 0.5


def test_heights_that_are_all_alike_have_no_contours() -> None:
    at = np.linspace(0, 1, 5)
    assert list(_contours(np.full((5, 5), 0.5), at, at, 7)) == []


def test_every_fifth_line_is_drawn_beside_itself() -> None:
    thin = sum(len(line) for line in contours())
    bold = sum(len(line) for line in contours(bold=0.4))
    assert 1.1 * thin < bold < 1.4 * thin


def test_lines_around_stones_are_evenly_apart() -> None:
    lines = [shapely.LineString(line) for line in contours(kind="distance", stones=1, warp=0, levels=20)]
    ways = sorted(line.length for line in lines if line.is_closed)
    assert len(ways) >= 3
    assert np.allclose(np.diff(ways), np.diff(ways)[0], rtol=0.02)


def test_a_lattice_finer_than_can_be_filled_in_time_is_refused() -> None:
    with pytest.raises(TooComplex):
        check_pattern("contours", Area(2000, 2000), {"scale": 5, "levels": 2, "octaves": 5})
