"""How far a drawing is, told while it is drawn."""

from __future__ import annotations

from itertools import pairwise

import pytest

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern
from libraries.patterns.catalogue import tell

A5 = Area(148, 210, 10)


@pytest.mark.parametrize("name", ["flow_field", "stipple", "tsp_art"])
def test_a_pattern_that_takes_long_tells_its_way_step_by_step(name: str) -> None:
    told: list[float] = []
    draw_pattern(name, A5, watch=told.append)
    steps = [0.0, *told, 1.0]
    assert steps == sorted(steps)
    assert max(after - before for before, after in pairwise(steps)) < 0.5


@pytest.mark.parametrize("name", ["flow_field", "stipple"])
def test_being_watched_changes_no_drawing(name: str) -> None:
    small = Area(80, 80, 5)
    watched = draw_pattern(name, small, seed=4, watch=lambda _: None)
    assert [line.tolist() for line in watched] == [
        line.tolist() for line in draw_pattern(name, small, seed=4)
    ]


def test_nobody_is_told_when_nobody_watches() -> None:
    told: list[float] = []
    draw_pattern("grid", A5, watch=told.append)
    before = len(told)
    tell(0.5)
    assert len(told) == before
