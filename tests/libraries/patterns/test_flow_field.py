"""The mathematics of flow fields."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.imaging import Box, open_image, place
from libraries.patterns import check_pattern, draw_pattern

A5 = Area(148, 210, 8)
# Shorter pieces, at the edges of the area, have no reliable direction, in mm.
LEAST = 0.2


def distances(
    x: NDArray[np.float64], y: NDArray[np.float64], lines: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The distance of each point to the nearest line."""
    tree = shapely.STRtree([shapely.LineString(line) for line in lines])
    _, away = tree.query_nearest(shapely.points(x, y), return_distance=True, all_matches=False)
    return np.asarray(away)


def flow(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("flow_field", A5, params, seed)


@pytest.mark.parametrize("field", ["noise", "curl", "vortices", "image"])
@pytest.mark.parametrize("seed", range(2))
def test_no_two_lines_come_nearer_than_a_quarter_of_the_separation(field: str, seed: int) -> None:
    lines = flow(seed, field=field, separation=3, taper=1)
    drawn = [shapely.LineString(line) for line in lines]
    one, two = shapely.STRtree(drawn).query(drawn, predicate="dwithin", distance=3 / 4)
    assert np.array_equal(one, two), "near no other line than itself"


def test_every_point_is_near_a_line() -> None:
    lines = flow(separation=3, taper=1, obstacles=0)
    x, y = np.meshgrid(np.arange(12, 136, 2.0), np.arange(12, 198, 2.0))
    away = distances(x.ravel(), y.ravel(), lines)
    assert np.quantile(away, 0.99) < 3
    assert away.max() < 8


def test_lines_part_around_the_circles() -> None:
    lines = flow(obstacles=1, obstacle_radius=30, separation=1.5)
    x, y = np.meshgrid(np.linspace(8, 140, 133), np.linspace(8, 202, 195))
    away = distances(x.ravel(), y.ravel(), lines)
    assert away.max() == pytest.approx(30, abs=3)


def test_a_current_without_swirl_runs_straight_but_for_slight_bends_where_lines_were_joined() -> (
    None
):
    ways = np.concatenate(
        [np.diff(line, axis=0) for line in flow(swirl=0, obstacles=0, field="noise")]
    )
    heading, length = np.degrees(np.arctan(ways[:, 1] / ways[:, 0])), np.hypot(*ways.T)
    off = np.abs(heading - heading[np.argmax(length)])
    assert length[off < 1e-3].sum() > 0.7 * length.sum()
    assert off[length > LEAST].max() < 12


def test_lines_have_the_requested_length() -> None:
    lengths = [
        float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in flow(shortest=20, longest=40)
    ]
    assert min(lengths) >= 19
    assert max(lengths) <= 41


def test_lines_run_along_the_edges_of_a_picture() -> None:
    tones = place(
        open_image("sphere", np.random.default_rng(0)),
        Box(8, 8, 132, 194),
        fit="cover",
        gamma=1,
        equalise=0,
    )
    dark = tones.averaged(3).dark
    rows, columns = dark.shape[0], dark.shape[-1]
    down, right = np.asarray(np.gradient(dark, axis=0)), np.asarray(np.gradient(dark, axis=1))
    lines = flow(field="image", image="sphere", taper=1, separation=3)
    points = np.concatenate([(line[1:] + line[:-1]) / 2 for line in lines])
    ways = np.concatenate([np.diff(line, axis=0) for line in lines])
    row = ((points[:, 1] - 8) / 194 * rows).astype(int).clip(0, rows - 1)
    column = ((points[:, 0] - 8) / 132 * columns).astype(int).clip(0, columns - 1)
    down, right = down[row, column], right[row, column]
    slope = np.hypot(down, right)
    steep = slope > np.quantile(slope, 0.8)
    across = (
        np.abs(ways[:, 0] * right + ways[:, 1] * down) / np.hypot(*ways.T) / np.maximum(slope, 1e-9)
    )
    assert np.median(across[steep]) < 0.2, "a way anywhere would have 0.7"


@pytest.mark.parametrize("area", [Area(1, 1, 0.1), Area(60, 5)], ids=str)
def test_small_pages_take_a_picture_and_no_more_points_than_estimated(area: Area) -> None:
    for scale in (5, 110):
        params = {"field": "image", "image": "gradient", "scale": scale}
        drawn = sum(len(line) for line in draw_pattern("flow_field", area, params))
        assert 0 < drawn <= check_pattern("flow_field", area, params).cost(area)


def test_a_picture_has_no_circles_by_default() -> None:
    own, none, one = (
        np.concatenate(
            draw_pattern(
                "flow_field", Area(60, 60, 5), {"field": "image", "image": "sphere"} | more
            )
        )
        for more in ({}, {"obstacles": 0}, {"obstacles": 1})
    )
    assert np.array_equal(own, none)
    assert not np.array_equal(own[:50], one[:50])


def test_a_seed_moves_the_circle_and_the_current() -> None:
    one, two = flow(0), flow(1)
    points = np.concatenate(two)
    assert distances(points[:, 0], points[:, 1], one).max() > 5


def test_the_largest_paper_is_not_too_large() -> None:
    check_pattern("flow_field", Area(841, 1189, 10))
