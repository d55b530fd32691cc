"""Halftones of single inks: four of them print a picture in colour."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.imaging import named_image
from libraries.imaging.channels import CHANNELS, separated
from libraries.imaging.demos import demo_colours, demo_image
from libraries.imaging.reading import read_colours
from libraries.patterns import check_pattern, draw_pattern
from tests.errors import raises_code
from tests.libraries.imaging.test_reading import png_header

PAGE = Area(60, 40, 5)
INKS = CHANNELS[1:]
# Quarters from left to right, and the inks of each.
QUARTERS = {
    "#00ffff": {"cyan"},
    "#ff0000": {"magenta", "yellow"},
    "#000000": {"black"},
    "#ffffff": set(),
}


def quarters(kind: str = "PNG", **options: object) -> bytes:
    picture = Image.new("RGB", (160, 96))
    for number, colour in enumerate(QUARTERS):
        picture.paste(colour, (number * 40, 0, number * 40 + 40, 96))
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def quarters_drawn(image: str, channel: str) -> set[int]:
    lines = draw_pattern(
        "halftone_lines",
        PAGE,
        {"image": image, "channel": channel, "equalise": 0, "detail": 0, "spacing": 1},
    )
    points = np.concatenate([np.zeros((0, 2)), *lines])[:, 0]
    counts = np.histogram(points, bins=4, range=(PAGE.left, PAGE.right))[0]
    # At the edges of a quarter its waves extend into the next.
    return set(np.flatnonzero(counts > counts.max() / 4).tolist())


@pytest.mark.parametrize("channel", INKS)
def test_each_ink_is_drawn_where_the_picture_has_its_colour(channel: str) -> None:
    wanted = {number for number, inks in enumerate(QUARTERS.values()) if channel in inks}
    assert quarters_drawn(base64.b64encode(quarters()).decode(), channel) == wanted
    with named_image(quarters("JPEG", quality=95)) as photo:
        assert quarters_drawn(photo, channel) == wanted


def test_the_inks_over_each_other_give_the_colours_again() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (40, 40, 3)).astype(
        np.float32
    ) / np.float32(255)
    paper = {channel: separated(colours, channel) for channel in INKS}
    printed = np.stack(
        [paper[ink] * paper["black"] for ink in ("cyan", "magenta", "yellow")], axis=2
    )
    assert np.abs(printed - colours).max() < 1 / 255
    assert separated(np.zeros((1, 1, 3), dtype=np.float32), "cyan") == 1


def test_an_ink_that_a_picture_does_not_need_draws_nothing() -> None:
    assert draw_pattern("halftone_lines", PAGE, {"image": "sphere", "channel": "magenta"}) == []


def test_what_is_transparent_is_white_in_every_colour() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(file, "PNG")
    assert (read_colours(file.getvalue()) == 1).all()


@pytest.mark.parametrize("channel", ["violet", "", None, 3])
def test_an_unknown_channel_is_refused(channel: object) -> None:
    with pytest.raises(InvalidFields) as caught:
        check_pattern("halftone_lines", PAGE, {"channel": channel})
    assert list(caught.value.errors) == ["params.channel"]


def test_colours_are_read_within_the_same_bounds() -> None:
    with raises_code("image-too-large"):
        read_colours(png_header(60_000, 60_000))
    white = io.BytesIO()
    Image.new("RGB", (9, 9), "white").save(white, "PNG")
    with raises_code("blank-image"), named_image(white.getvalue()):
        pass


def test_a_generated_picture_is_the_same_in_grey_and_in_colour() -> None:
    for name in ("dusk", "sphere"):
        colours = demo_colours(name, np.random.default_rng(4), 90)
        grey = demo_image(name, np.random.default_rng(4), 90)
        assert colours.shape == (*grey.shape, 3)
        assert np.abs(colours @ np.array([0.299, 0.587, 0.114]) - grey).max() < 1 / 255
    assert np.ptp(demo_colours("dusk", np.random.default_rng(4), 90), axis=2).max() > 0.5
