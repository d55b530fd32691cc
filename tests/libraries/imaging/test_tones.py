"""Tests of tones."""

from __future__ import annotations

import numpy as np
import pytest

from libraries.imaging.tones import STEP, Box, Tones, place

PAGE = Box(10, 20, 100, 50)
RAMP = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (64, 1))


def tones_of(greys: np.ndarray = RAMP, box: Box = PAGE, **controls: object) -> Tones:
    return place(greys, box, **({"fit": "cover", "gamma": 1, "equalise": 0} | controls))  # type: ignore[arg-type]


def test_black_is_full_ink_and_white_is_paper() -> None:
    tones = tones_of(fit="contain")
    left, middle, right = tones.at(np.array([11.0, 60, 109]), np.array([45.0, 45, 45]))
    assert left > 0.97
    assert middle == pytest.approx(0.5, abs=0.02)
    assert right < 0.03


def test_gamma_lightens_midtones_and_keeps_black_and_white() -> None:
    dark = tones_of(gamma=2, fit="contain").dark
    assert dark.max() == 1
    assert dark.min() == 0
    assert dark[0, 128] == pytest.approx(0.25, abs=0.02)


def test_equalising_spreads_the_tones_evenly() -> None:
    crowded = RAMP**6
    plain, even = (tones_of(crowded, fit="contain", equalise=share).dark for share in (0, 1))
    assert plain.mean() > 0.8
    assert even.mean() == pytest.approx(0.5, abs=0.02)


def test_pale_images_are_stretched_and_uniform_ones_are_not() -> None:
    pale = tones_of(0.8 + RAMP * 0.1).dark
    assert (pale.min(), pale.max()) == (0, 1)
    assert tones_of(np.full((9, 9), 0.75, dtype=np.float32)).dark == pytest.approx(0.25, abs=0.01)


def test_details_are_sharpened_and_white_stays_white() -> None:
    greys = np.full((200, 200), 0.5, dtype=np.float32)
    greys[90:110, 90:110] = 0.25
    greys[:, 150:] = 1
    greys[:, :10] = 0
    plain, sharp = (tones_of(greys, Box(0, 0, 100, 100), detail=detail).dark for detail in (0, 1))
    assert sharp[100, 100] > plain[100, 100]
    assert sharp[100, 149] != plain[100, 149]
    assert (sharp[:, 150:] == 0).all()


def test_tones_are_multiples_of_the_step() -> None:
    dark = tones_of(gamma=1.7, equalise=0.3, detail=0.8).dark
    assert np.array_equal(dark / STEP, np.round(dark / STEP))


def test_a_contained_image_is_centred_with_its_proportions() -> None:
    box = tones_of(np.zeros((100, 100), dtype=np.float32), fit="contain").box
    assert (box.left, box.top, box.width, box.height) == (35, 20, 50, 50)


def test_a_covering_image_is_cropped_evenly() -> None:
    tones = tones_of(fit="cover", box=Box(0, 0, 50, 50))
    assert tones.dark.shape == (64, 64)
    assert tones.dark.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("cell", [0.5, 3, 7.7, 200])
def test_averaging_keeps_the_ink(cell: float) -> None:
    noise = Tones(np.random.default_rng(2).random((120, 90)), PAGE)
    coarse = noise.averaged(cell)
    assert coarse.dark.mean() == pytest.approx(noise.dark.mean())
    assert coarse.dark.shape <= noise.dark.shape
