"""Tests of PNG previews."""

from __future__ import annotations

import io
import math
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from libraries.geometry.strokes import Pen, Strokes
from libraries.previews import png
from libraries.previews.raster import MAX_DISC_PX, _spread
from tests.errors import raises_code

PAGE = (100.0, 50.0)
Lines = list[list[tuple[float, float]]]


def strokes(lines: Lines, layers: list[int] | None = None) -> Strokes:
    points = np.array([point for line in lines for point in line], dtype=np.float64).reshape(-1, 2)
    return Strokes(
        points,
        np.cumsum([0, *map(len, lines)]),
        np.array(layers or [0] * len(lines), dtype=np.int64),
    )


def pixels(
    lines: Lines, pens: list[Pen], *, layers: list[int] | None = None, **options: object
) -> NDArray[np.int64]:
    data = png(strokes(lines, layers), pens, PAGE, **options)  # type: ignore[arg-type]
    return np.asarray(Image.open(io.BytesIO(data))).astype(np.int64)


def ink(picture: NDArray[np.int64]) -> float:
    """Return the number of black pixels on white."""
    return float((255 - picture[..., 0]).sum() / 255)


def test_a_preview_has_the_requested_width_and_the_ratio_of_the_page() -> None:
    picture = pixels([], [], width_px=640)
    assert picture.shape == (320, 640, 3)
    assert (picture == 255).all()


def test_a_preview_of_a_tall_page_is_smaller_than_requested() -> None:
    image = Image.open(io.BytesIO(png(strokes([]), [], (3.0, 300.0), width_px=1000)))
    assert image.size == (40, 4000)


@pytest.mark.parametrize("width", [0.1, 0.3, 1, 3, 10])
@pytest.mark.parametrize("angle", [0, 20, 45, 90])
def test_a_line_is_as_wide_as_its_pen_in_every_direction(width: float, angle: float) -> None:
    reach = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))]) * 15
    line = [tuple(np.array([50, 25]) - reach), tuple(np.array([50, 25]) + reach)]
    picture = pixels([line], [Pen("pen", width=width)], width_px=1600)
    # A bar with two half discs at its ends.
    assert ink(picture) == pytest.approx((30 * width + math.pi * width**2 / 4) * 16**2, rel=0.07)


@pytest.mark.parametrize("dot", [[(50.0, 25.0)], [(50.0, 25.0), (50.0, 25.0)]])
@pytest.mark.parametrize("width", [0.5, 2, 9])
def test_a_dot_is_a_disc_of_the_pen(dot: list[tuple[float, float]], width: float) -> None:
    picture = pixels([dot], [Pen("pen", width=width)])
    assert ink(picture) == pytest.approx(math.pi * width**2 / 4 * 100, rel=0.15)
    row, column = np.nonzero(picture[..., 0] < 128)
    assert (row.mean(), column.mean()) == pytest.approx((249.5, 499.5), abs=1)


def test_edges_are_smooth() -> None:
    picture = pixels([[(10, 10), (90, 33)]], [Pen("pen", width=0.5)])
    assert len(np.unique(picture)) > 8


def test_corners_of_wide_pens_have_no_notch() -> None:
    picture = pixels([[(20, 40), (50, 15), (80, 40)]], [Pen("pen", width=8)])
    x, y = np.meshgrid(np.arange(1000) / 10 + 0.05, np.arange(500) / 10 + 0.05)
    assert (picture[..., 0][np.hypot(x - 50, y - 15) < 3.7] == 0).all()


def test_all_forms_of_colours_are_drawn() -> None:
    for colour in [
        "lightgoldenrodyellow",
        "grey",
        "gray",
        "darkslategrey",
        "Navy",
        "#1a5",
        "#1A5FB4",
        "#1a5fb480",
    ]:
        assert pixels([[(0, 25), (100, 25)]], [Pen("pen", colour, 5)], width_px=64).shape == (
            32,
            64,
            3,
        )
    picture = pixels([[(0, 25), (100, 25)]], [Pen("pen", "#1a5fb4", 5)], paper="#ffeedd")
    assert picture[250, 500].tolist() == [0x1A, 0x5F, 0xB4]
    assert picture[10, 10].tolist() == [0xFF, 0xEE, 0xDD]


def test_later_layers_cover_earlier_ones_and_pale_ink_is_transparent() -> None:
    cross: Lines = [[(50, 0), (50, 50)], [(0, 25), (100, 25)]]
    for colours, seen in ((("red", "blue"), [0, 0, 255]), (("blue", "red"), [255, 0, 0])):
        pens = [Pen(colour, colour, 6) for colour in colours]
        for layers in ([0, 1], [1, 0]):
            assert pixels(cross, pens, layers=layers)[250, 500].tolist() == seen
    pale = pixels(cross, [Pen("a", "red", 6), Pen("b", "#0000ff80", 6)], layers=[0, 1])[250, 500]
    assert pale == pytest.approx([127, 0, 128], abs=2)


def test_ink_of_one_layer_does_not_darken_where_lines_cross() -> None:
    picture = pixels([[(50, 0), (50, 50)], [(0, 25), (100, 25)]], [Pen("a", "#00000080", 6)])
    assert picture[250, 500].tolist() == picture[250, 100].tolist()


def test_a_pen_without_colour_draws_nothing_and_paper_without_colour_is_transparent() -> None:
    assert (pixels([[(0, 25), (100, 25)]], [Pen("pen", "none")]) == 255).all()
    clear = pixels([[(0, 25), (100, 25)]], [Pen("pen", "red", 5)], paper="none")
    assert clear.shape[2] == 4
    assert clear[10, 10, 3] == 0
    assert clear[250, 500].tolist() == [255, 0, 0, 255]


def test_strokes_outside_the_page_are_not_drawn() -> None:
    far = 900_000.0
    lines: Lines = [[(far, far), (far, -far)], [(-far, -5), (far, -5)], [(-50, 25), (150, 25)]]
    started = time.perf_counter()
    picture = pixels(lines, [Pen("pen", width=1)], width_px=500)
    assert time.perf_counter() - started < 2
    assert ink(picture) == pytest.approx(500 * 5, rel=0.1)


def test_a_million_vertices_are_drawn_quickly() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(20, 180, (10_000, 1, 2)) + np.cumsum(
        rng.normal(0, 0.4, (10_000, 100, 2)), axis=1
    )
    drawing = Strokes(
        points.reshape(-1, 2), np.arange(10_001) * 100, np.zeros(10_000, dtype=np.int64)
    )
    started = time.process_time()
    data = png(drawing, [Pen("pen")], (210, 297))
    assert time.process_time() - started < 4, "half a second on an idle machine"
    assert Image.open(io.BytesIO(data)).size == (1000, 1414)


def test_the_same_drawing_gives_the_same_bytes() -> None:
    one, two = (png(strokes([[(10, 10), (90, 33), (5, 40)]]), [Pen("pen")], PAGE) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("wide", range(1, MAX_DISC_PX + 1))
def test_a_pixel_is_dilated_to_a_disc(wide: int) -> None:
    thin = np.zeros((40 + 2 * wide, 40 + 2 * wide), dtype=np.uint8)
    thin[20 + wide, 20 + wide] = 255
    row, column = np.nonzero(_spread(thin, wide))
    middle = (row.max() + row.min()) / 2, (column.max() + column.min()) / 2
    disc = {
        (y, x)
        for y in range(40)
        for x in range(40)
        if math.hypot(y - middle[0], x - middle[1]) <= wide / 2
    }
    assert set(zip(row.tolist(), column.tolist(), strict=True)) == disc


@pytest.mark.parametrize("width", [15, 4001, -5, float("nan")])
def test_a_size_out_of_bounds_is_rejected(width: int) -> None:
    with raises_code("bad-preview", match="from 16 to 4000 pixels"):
        png(strokes([]), [], PAGE, width_px=width)


@pytest.mark.parametrize("page", [(0, 10), (10, -1), (float("nan"), 10), (float("inf"), 10)])
def test_a_page_without_a_size_is_rejected(page: tuple[float, float]) -> None:
    with raises_code("bad-preview", match="width and a height"):
        png(strokes([]), [], page)


def test_too_much_ink_is_rejected() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (200_000, 2))
    drawing = Strokes(points, np.array([0, len(points)]), np.array([0]))
    with raises_code("bad-preview", match="too much ink"):
        png(drawing, [Pen("pen", width=50)], (100, 100), width_px=4000)


def test_unknown_colours_and_missing_pens_are_rejected() -> None:
    with raises_code("bad-colour"):
        png(strokes([[(0, 0), (1, 1)]]), [Pen("pen", "url(#x)")], PAGE)
    with raises_code("bad-colour"):
        png(strokes([]), [], PAGE, paper="javascript:")
    with raises_code("bad-strokes"):
        png(strokes([[(0, 0), (1, 1)]], [1]), [Pen("pen")], PAGE)
