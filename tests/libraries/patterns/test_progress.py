"""Progress of a drawing while it is drawn."""

from __future__ import annotations

from itertools import pairwise

import pytest

from libraries.geometry.area import Area
from libraries.patterns import draw_pattern
from libraries.patterns.catalogue import report_progress

A5 = Area(148, 210, 10)


@pytest.mark.parametrize("name", ["flow_field", "stipple", "tsp_art"])
def test_a_pattern_that_takes_long_reports_its_progress_step_by_step(name: str) -> None:
    reported: list[float] = []
    draw_pattern(name, A5, progress=reported.append)
    steps = [0.0, *reported, 1.0]
    assert steps == sorted(steps)
    assert max(after - before for before, after in pairwise(steps)) < 0.5


@pytest.mark.parametrize("name", ["flow_field", "stipple"])
def test_a_drawing_does_not_depend_on_a_progress_function(name: str) -> None:
    small = Area(80, 80, 5)
    reporting = draw_pattern(name, small, seed=4, progress=lambda _: None)
    assert [line.tolist() for line in reporting] == [
        line.tolist() for line in draw_pattern(name, small, seed=4)
    ]


def test_progress_outside_a_drawing_is_ignored() -> None:
    reported: list[float] = []
    draw_pattern("grid", A5, progress=reported.append)
    before = len(reported)
    report_progress(0.5)
    assert len(reported) == before
