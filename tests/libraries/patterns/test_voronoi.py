"""The mathematics of cells."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.imaging import Box, open_image, place
from libraries.patterns import TooComplex, check_pattern, draw_pattern

SQUARE = Area(120, 120, 10)


def cells(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("voronoi", SQUARE, params, seed)


def outlines(lines: list[NDArray[np.float64]]) -> list[shapely.Polygon]:
    return [shapely.Polygon(line) for line in lines]


@pytest.mark.parametrize("kind", ["voronoi", "delaunay"])
def test_without_gaps_each_edge_is_drawn_once_and_all_of_the_room_is_covered(kind: str) -> None:
    lines = cells(kind=kind, inset=0, filled=0)
    pieces = [
        tuple(sorted((tuple(np.round(start, 5)), tuple(np.round(end, 5)))))
        for line in lines
        for start, end in pairwise(line)
    ]
    assert len(set(pieces)) == len(pieces)
    faces = shapely.get_parts(shapely.polygonize([shapely.LineString(line) for line in lines]))
    assert shapely.area(faces).sum() == pytest.approx(100 * 100)


@pytest.mark.parametrize("kind", ["voronoi", "delaunay"])
@pytest.mark.parametrize("seed", range(3))
def test_gaps_between_cells_have_the_requested_width(kind: str, seed: int) -> None:
    found = outlines(cells(seed, kind=kind, inset=1.4, rounding=2, filled=0, spacing=12))
    tree = shapely.STRtree(found)
    for index, cell in enumerate(found):
        near = [found[other] for other in tree.query(cell.buffer(5)) if other != index]
        assert min(cell.distance(other) for other in near) >= 1.4 - 1e-6


@pytest.mark.parametrize("fill", ["nested", "hatched"])
def test_fills_stay_inside_their_cells_and_off_each_other(fill: str) -> None:
    lines = cells(fill=fill, filled=1, fill_spacing=1.5, spacing=15)
    empty = outlines(cells(fill=fill, filled=0, spacing=15))
    tree = shapely.STRtree(empty)
    outside = [
        line
        for line in lines
        if not len(tree.query(shapely.LineString(line), predicate="covered_by"))
    ]
    assert not outside
    assert len(lines) > 1.5 * len(empty)


def test_a_hatched_cell_is_one_line_with_even_gaps() -> None:
    lines = cells(fill="hatched", filled=1, count=4, gradient=0, rounding=0, fill_spacing=2)
    hatches = [line for line in lines if not np.array_equal(line[0], line[-1])]
    assert len(hatches) == 4
    for line in hatches:
        strokes = line.reshape(-1, 2, 2)
        along = (strokes[0, 1] - strokes[0, 0]) / math.dist(*strokes[0])
        across = strokes.mean(axis=1) @ (-along[1], along[0])
        assert np.allclose(np.abs(np.diff(across)), 2)


def test_relaxing_evens_out_the_cells() -> None:
    def spread(relax: int) -> float:
        found = shapely.area(
            outlines(
                cells(
                    relax=relax,
                    sites="uniform",
                    gradient=0,
                    filled=0,
                    inset=0.01,
                    rounding=0,
                    count=150,
                )
            )
        )
        return float(found.std() / found.mean())

    assert spread(0) > 1.5 * spread(2) > 2 * spread(12)


def test_sites_of_the_poisson_kind_keep_their_distance() -> None:
    def smallest(sites: str) -> float:
        found = outlines(
            cells(sites=sites, relax=0, gradient=0, filled=0, inset=0.01, rounding=0, count=150)
        )
        return float(shapely.area(found).min() / shapely.area(found).mean())

    assert smallest("poisson") > 0.2 > smallest("uniform")


def test_cells_are_small_where_a_picture_is_dark_and_large_where_it_is_light() -> None:
    found = outlines(
        cells(sites="image", image="sphere", count=600, inset=0.01, rounding=0, filled=0)
    )
    assert len(found) > 590
    tones = place(
        open_image("sphere", np.random.default_rng(0)),
        Box(10, 10, 100, 100),
        fit="cover",
        gamma=1,
        equalise=0,
    )
    dark = tones.at(*shapely.get_coordinates(shapely.centroid(found)).T)
    size = shapely.area(found)
    light_ones, dark_ones = size[dark < np.quantile(dark, 0.2)], size[dark > np.quantile(dark, 0.8)]
    assert np.median(light_ones) > 3 * np.median(dark_ones)


def test_a_gradient_of_zero_ignores_the_picture() -> None:
    areas = [
        shapely.area(
            outlines(
                cells(
                    sites="image",
                    image="sphere",
                    count=120,
                    gradient=gradient,
                    inset=0.01,
                    rounding=0,
                    filled=0,
                )
            )
        )
        for gradient in (0, 1)
    ]
    even, uneven = (float(found.std() / found.mean()) for found in areas)
    assert 2 * even < uneven


def test_the_darkest_cells_of_a_picture_are_filled() -> None:
    lines = cells(
        sites="image", image="gradient", count=300, filled=0.2, fill="hatched", fill_spacing=0.5
    )
    hatches = [line.mean(axis=0)[1] for line in lines if not np.array_equal(line[0], line[-1])]
    everything = [line.mean(axis=0)[1] for line in lines if np.array_equal(line[0], line[-1])]
    assert hatches
    assert np.median(hatches) < np.median(everything), "the gradient is dark above"


@pytest.mark.parametrize("params", [{}, {"relax": 0, "tolerance": 1.0, "count": 6}])
@pytest.mark.parametrize("sites", ["uniform", "poisson", "image"])
def test_a_single_filled_cell_is_estimated_as_one(sites: str, params: dict[str, object]) -> None:
    """One percent of a few cells is still one cell, possibly the largest."""
    area = Area(60, 80, 3)
    request = {
        "sites": sites,
        "image": "gradient",
        "count": 4,
        "filled": 0.01,
        "fill": "nested",
        "fill_spacing": 0.3,
    } | params
    estimate = check_pattern("voronoi", area, request).cost(area)
    for seed in range(2 if sites == "image" else 6):
        assert sum(len(line) for line in draw_pattern("voronoi", area, request, seed)) <= estimate


def test_more_cells_than_can_be_found_in_time_are_refused() -> None:
    with pytest.raises(TooComplex):
        check_pattern(
            "voronoi", Area(2000, 2000), {"count": 20_000, "relax": 12, "filled": 0, "tolerance": 1}
        )
