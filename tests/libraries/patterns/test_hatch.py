"""The mathematics of hatching."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.patterns import check_pattern, draw_pattern

A4 = Area(210, 297, 10)
ARROW = [[30, 30], [180, 150], [30, 270], [90, 150]]


def hatch(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("hatch", A4, params, seed)


@pytest.mark.parametrize("angle", [0, 30, 90, -45])
def test_rows_are_a_spacing_apart(angle: float) -> None:
    lines = hatch(shape="circle", style="lines", angles=[angle], spacing=4, link=False)
    across = np.array([-math.sin(math.radians(angle)), math.cos(math.radians(angle))])
    levels = np.sort([float(line[0] @ across) for line in lines])
    assert np.allclose(np.diff(levels), 4)
    assert all(np.allclose(line @ across, line[0] @ across) for line in lines)


@pytest.mark.parametrize("style", ["lines", "cross", "zigzag", "contour", "scribble"])
def test_nothing_is_drawn_outside_an_outline(style: str) -> None:
    shape = shapely.Polygon(ARROW).buffer(-1)
    lines = hatch(shape="outline", outline=ARROW, style=style, inset=1, spacing=3)
    assert lines
    assert shapely.covers(
        shape.buffer(0.3),
        shapely.linestrings(np.array([pair for line in lines for pair in pairwise(line)])),
    ).all()


def test_every_second_region_of_an_outline_that_crosses_itself_stays_empty() -> None:
    inner = [[80, 130], [130, 130], [130, 180], [80, 180]]
    outer = [[20, 60], [190, 60], [190, 250], [20, 250]]
    lines = hatch(
        shape="outline",
        outline=[*outer, outer[0], *inner, inner[0]],
        style="lines",
        angles=[10],
        inset=0,
    )
    drawn = shapely.union_all([shapely.LineString(line) for line in lines])
    assert not shapely.intersects(drawn, shapely.box(81, 131, 129, 179))
    assert shapely.intersects(drawn, shapely.box(30, 70, 70, 120))


def test_links_join_rows_into_few_strokes() -> None:
    apart, joined = (
        hatch(shape="polygon", style="lines", angles=[0], link=link) for link in (False, True)
    )
    assert len(apart) > 50
    assert len(joined) == 1


def test_contours_are_nested_and_closed() -> None:
    lines = hatch(shape="star", style="contour", spacing=3)
    rings = [shapely.Polygon(line) for line in lines]
    assert len(rings) > 8
    assert all(np.array_equal(line[0], line[-1]) for line in lines)
    assert all(outer.contains(inner) for outer, inner in pairwise(rings))


def test_a_zigzag_is_one_stroke_that_turns_at_the_edge() -> None:
    (line,) = hatch(shape="room", style="zigzag", angles=[0], inset=0, spacing=5)
    assert np.allclose(line[:, 0] % 190, 10)
    assert np.allclose(np.diff(line[:, 1]), 5)


@pytest.mark.parametrize("seed", range(4))
def test_further_layers_leave_out_the_light(seed: int) -> None:
    full, shaded = hatch(seed, shade=0), hatch(seed, shade=0.9)
    ink = [
        sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)
        for lines in (full, shaded)
    ]
    assert 0.3 * ink[0] < ink[1] < 0.9 * ink[0]


@pytest.mark.parametrize(
    "outline",
    [
        [[50, 50]] * 4,
        [[-900, -900], [-800, -900], [-850, -800]],
        [[10, 50], [10, 90], [10, 70]],
    ],
)
def test_an_outline_without_inside_is_refused(outline: list[list[float]]) -> None:
    with pytest.raises(InvalidInput, match="encloses nothing") as caught:
        check_pattern("hatch", A4, {"shape": "outline", "outline": outline})
    assert (caught.value.code, caught.value.field) == ("nothing-to-fill", "params.outline")


def test_an_outline_along_a_slanting_line_is_refused_when_it_is_drawn() -> None:
    with pytest.raises(InvalidInput, match="encloses nothing"):
        hatch(shape="outline", outline=[[20, 20], [90, 90], [50, 50]])


@pytest.mark.parametrize(
    "outline",
    [
        None,
        [],
        [[1, 2]],
        [[1, 2], [3, 4]],
        [[1, 2, 3]] * 3,
        [[1, float("nan")]] * 3,
        [["a", 1]] * 3,
        [[1, 1e9]] * 3,
        [[0, 0]] * 101,
    ],
)
def test_a_bad_outline_is_refused(outline: object) -> None:
    with pytest.raises(InvalidFields) as caught:
        check_pattern("hatch", A4, {"shape": "outline", "outline": outline})
    assert all(name.startswith("params.outline") for name in caught.value.errors)


def test_a_hostile_outline_is_filled_in_time() -> None:
    wild = np.random.default_rng(1).uniform(0, 297, (100, 2)).tolist()
    assert hatch(shape="outline", outline=wild, style="lines", spacing=2)
