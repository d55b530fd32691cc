"""Tests of gradient noise."""

from __future__ import annotations

import numpy as np

from libraries.geometry.noise import GradientNoise


def noise(seed: int = 0) -> GradientNoise:
    return GradientNoise(np.random.default_rng(seed))


def test_noise_is_zero_at_whole_coordinates_and_stays_within_one() -> None:
    whole = np.arange(-300.0, 300.0)
    assert np.allclose(noise().at(whole, whole[::-1]), 0)
    x, y = np.random.default_rng(1).uniform(-500, 500, (2, 200_000))
    values = noise().at(x, y)
    assert -1 <= values.min() < -0.7
    assert 0.7 < values.max() <= 1


def test_the_slope_is_the_derivative() -> None:
    x, y = np.random.default_rng(2).uniform(-20, 20, (2, 1000))
    along_x, along_y = noise().slope(x, y)
    step = 1e-6
    assert np.allclose(
        along_x, (noise().at(x + step, y) - noise().at(x - step, y)) / (2 * step), atol=1e-4
    )
    assert np.allclose(
        along_y, (noise().at(x, y + step) - noise().at(x, y - step)) / (2 * step), atol=1e-4
    )


def test_octaves_add_detail_and_stay_within_one() -> None:
    x = np.linspace(0.1, 40, 20_000)
    smooth, rough = (noise().fractal(x, np.full_like(x, 0.4), octaves) for octaves in (1, 4))
    assert np.abs(rough).max() <= 1
    turns = [np.count_nonzero(np.diff(np.sign(np.diff(values)))) for values in (smooth, rough)]
    assert turns[1] > 2 * turns[0]


def test_each_seed_gives_different_reproducible_noise() -> None:
    x = np.linspace(0, 9.7, 50)
    assert np.array_equal(noise(3).at(x, x / 2), noise(3).at(x, x / 2))
    assert not np.allclose(noise(3).at(x, x / 2), noise(4).at(x, x / 2))
