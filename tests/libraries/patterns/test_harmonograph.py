"""The mathematics of harmonographs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.patterns import TooComplex, check_pattern, draw_pattern

SQUARE = Area(200, 200)


def swung(seed: int = 0, **params: object) -> list[NDArray[np.float64]]:
    return [line - SQUARE.centre for line in draw_pattern("harmonograph", SQUARE, params, seed)]


@pytest.mark.parametrize("kind", ["lateral", "rotary"])
def test_pendulums_are_one_stroke(kind: str) -> None:
    assert len(swung(kind=kind)) == 1


@pytest.mark.parametrize("decay", [0.3, 0.72, 0.95])
def test_the_swing_decays_by_the_requested_share(decay: float) -> None:
    (line,) = swung(kind="rotary", decay=decay, swings=100)
    radius = np.hypot(*line.T)
    # Points are denser where the swing is wide, so the parts are shares of the length, not of the time.
    assert radius[-len(line) // 40 :].max() / radius[: len(line) // 40].max() == pytest.approx(
        1 - decay, rel=0.25
    )


def test_the_centre_of_a_rotary_figure_stays_open() -> None:
    for seed in range(10):
        (line,) = swung(seed)
        assert np.hypot(*line.T).min() > 1


def test_a_periodic_line_ends_where_it_closes() -> None:
    (once,) = swung(kind="rotary", frequency_x=2, frequency_y=3, detune=0, decay=0, swings=500)
    assert np.allclose(once[0], once[-1], atol=1e-6)
    corners = np.round(once[:-1], 3)
    assert len(np.unique(corners, axis=0)) == len(corners)


@pytest.mark.parametrize(("first", "second"), [(3, 4), (1, 2), (5, 7), (6, 4), (1, 1)])
@pytest.mark.parametrize("copies", [1, 6])
def test_lissajous_curves_close_and_none_retraces_itself(
    first: int, second: int, copies: int
) -> None:
    lines = swung(
        kind="lissajous", frequency_x=first, frequency_y=second, copies=copies, phase_x=0, phase_y=0
    )
    assert len(lines) == copies
    for line in lines:
        assert np.array_equal(line[0], line[-1])
        half = len(line) // 2
        back = line[half:]
        away = (
            np.hypot(*(line[:half:5, None] - back[None]).reshape(-1, 2).T)
            .reshape(-1, len(back))
            .min(axis=1)
        )
        assert np.median(away) > 0.5


@pytest.mark.parametrize("stretch", [1.0, 1.25])
def test_a_figure_is_not_stretched_beyond_the_limit(stretch: float) -> None:
    area = Area(100, 300, 10)
    points = np.concatenate(
        draw_pattern("harmonograph", area, {"kind": "lissajous", "stretch": stretch})
    )
    assert np.ptp(points[:, 1]) <= 80 * stretch + 1e-6
    assert np.ptp(points[:, 1]) > 80 * stretch * 0.95


def test_too_many_swings_are_refused_before_drawing() -> None:
    with pytest.raises(TooComplex):
        check_pattern(
            "harmonograph", SQUARE, {"frequency_x": 0.1, "frequency_y": 12, "swings": 1000}
        )
