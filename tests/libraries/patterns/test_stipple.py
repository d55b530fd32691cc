from __future__ import annotations

import math

import numpy as np
import pytest

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern
from libraries.patterns.stipple import DENSITY, MAX_POINTS, Stipple


@pytest.mark.parametrize(
    "area",
    [
        Area(105, 148, 10),
        Area(148, 210, 10),
        Area(210, 297, 10),
        Area(297, 420, 15),
        Area(594, 841, 20),
    ],
    ids=str,
)
def test_the_ink_of_stipples_to_a_square_mm_is_the_same_on_every_page(area: Area) -> None:
    count, dot = Stipple()._sizes(area)
    ink = count * dot * math.pi / (area.inner_width * area.inner_height)
    assert ink == pytest.approx(DENSITY * 0.5 * math.pi, rel=0.01)


def test_more_paper_gets_more_dots_up_to_the_most() -> None:
    counts = [
        Stipple()._sizes(Area(width, 1.4 * width, 10))[0]
        for width in (105, 148, 210, 297, 420, 594, 1400)
    ]
    assert counts == sorted(counts)
    assert counts[2] == pytest.approx(10_000, rel=0.02)
    assert counts[-1] == MAX_POINTS


def test_given_values_are_drawn() -> None:
    dots = draw_pattern("stipple", Area(148, 210, 10), {"points": 700, "dot": 0.6, "iterations": 1})
    assert len(dots) == 700
    assert max(np.ptp(dot[:, 0]) for dot in dots) == pytest.approx(0.6, rel=0.05)
