"""Tests of the image field: names, base64 and data URLs."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from PIL import Image

from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.imaging import demos
from libraries.imaging.demos import DEMOS, demo_colours, demo_image
from libraries.imaging.field import MAX_TEXT_CHARS, open_image, rough_image
from libraries.patterns import PATTERNS, check_pattern, draw_pattern
from tests.conftest import own_seconds
from tests.libraries.imaging.test_reading import half_and_half, png_header, saved

PAGE = Area(60, 80, 5)
ENCODED = base64.b64encode(saved(half_and_half())).decode()
WAYS = {
    "plain": ENCODED,
    "data URL": f"data:image/png;base64,{ENCODED}",
    "lines": "\r\n".join(ENCODED[start : start + 76] for start in range(0, len(ENCODED), 76)),
}
IMAGE_PATTERNS = ["stipple", "tsp_art", "halftone_lines"]
BAD = {
    "a bomb": base64.b64encode(png_header(60_000, 60_000)).decode(),
    "cut off": base64.b64encode(saved(half_and_half())[:60]).decode(),
    "no image": base64.b64encode(b"hello, world").decode(),
    "no base64": "this is not base64!",
    "empty": "",
    "too long": "A" * (MAX_TEXT_CHARS + 1),
    "white": base64.b64encode(saved(Image.new("L", (30, 30), 255))).decode(),
    "a misspelt name": "portait",
    "an address": "https://example.com/photo.jpg",
    "a path": "/etc/passwd",
    "emoji": "\N{PERSON FROWNING}" * 50,
    "a lone surrogate": "\ud800",
    "a number": 5,
    "nothing": None,
    "a list": ["portrait"],
}


@pytest.mark.parametrize("way", WAYS)
def test_an_image_may_be_sent_as_base64_or_as_a_data_url(way: str) -> None:
    greys = open_image(WAYS[way], np.random.default_rng(0))
    assert greys.shape == (32, 64)


@pytest.mark.parametrize("name", IMAGE_PATTERNS)
@pytest.mark.parametrize("what", BAD)
def test_a_bad_image_is_rejected_by_its_field(what: str, name: str) -> None:
    started = own_seconds()
    with pytest.raises(InvalidFields) as caught:
        check_pattern(name, PAGE, {"image": BAD[what]})
    assert own_seconds() - started < 0.1
    assert list(caught.value.errors) == ["params.image"]
    assert len(str(caught.value)) < 300


def test_a_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(InvalidFields, match=r"did you mean 'portrait'\?|Did you mean 'portrait'\?"):
        check_pattern("stipple", PAGE, {"image": "portait"})


@pytest.mark.parametrize("name", IMAGE_PATTERNS)
def test_loaded_parameters_stay_json_and_load_again(name: str) -> None:
    for image in ("sphere", ENCODED):
        loaded = check_pattern(name, PAGE, {"image": image}).values()
        assert json.loads(json.dumps(loaded)) == loaded
        assert check_pattern(name, PAGE, loaded).values() == loaded


@pytest.mark.parametrize("name", IMAGE_PATTERNS)
def test_an_uploaded_image_is_drawn_where_it_is_dark(name: str) -> None:
    params = {"image": ENCODED, "points": 400} if name != "halftone_lines" else {"image": ENCODED}
    lines = draw_pattern(name, PAGE, params | {"fit": "contain", "equalise": 0})
    drawn = np.concatenate(lines)
    assert (drawn[:, 0] < 33).mean() > 0.97
    assert drawn[:, 1].min() > 25
    assert drawn[:, 1].max() < 55


@pytest.mark.parametrize("name", IMAGE_PATTERNS)
def test_the_default_image_is_generated(name: str) -> None:
    assert PATTERNS[name].schema().fields["image"].load_default in DEMOS


@pytest.mark.parametrize("name", DEMOS)
def test_generated_images_use_all_greys_and_vary_with_the_seed(name: str) -> None:
    one, two = (demo_image(name, np.random.default_rng(seed), 120) for seed in (1, 2))
    assert one.shape == (120, 84)
    assert one.min() < 0.12
    assert one.max() > 0.85
    assert np.abs(one - two).mean() > 0.02
    assert np.array_equal(np.round(one * 255), one * np.float32(255))
    demos._generated.cache_clear()
    assert np.array_equal(one, demo_image(name, np.random.default_rng(1), 120))


@pytest.mark.parametrize("name", DEMOS)
def test_a_kept_image_cannot_be_changed_and_leaves_the_same_random_numbers(name: str) -> None:
    demos._generated.cache_clear()
    made, kept, none = (np.random.default_rng(7) for _ in range(3))
    one, two = (demo_colours(name, rng, 40) for rng in (made, kept))
    assert demos._generated.cache_info().hits == 1
    assert np.array_equal(one, two)
    DEMOS[name](np.zeros((2, 2)), np.zeros((2, 2)), none)
    assert made.random() == kept.random() == none.random()
    with pytest.raises(ValueError, match="read-only"):
        demos._scene(name, np.random.default_rng(7), 40)[0, 0] = 0


@pytest.mark.parametrize("name", DEMOS)
def test_estimates_use_a_small_version_of_the_image(name: str) -> None:
    whole, rough = open_image(name, np.random.default_rng(0)), rough_image(name)
    assert rough.size < whole.size / 20
    assert rough.mean() == pytest.approx(whole.mean(), abs=0.02)
