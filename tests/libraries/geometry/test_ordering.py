"""Tests of ordering strokes."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.ordering import nearest_neighbour_order


def travel(lines: list[NDArray[np.float64]]) -> float:
    return sum(float(np.hypot(*(after[0] - before[-1]))) for before, after in pairwise(lines))


@pytest.mark.parametrize("shape", [(200, 300), (2000, 1), (0, 0), (0, 100)])
def test_every_stroke_is_yielded_once_with_less_travel(shape: tuple[float, float]) -> None:
    rng = np.random.default_rng(5)
    lines = [rng.uniform(0, 1, 2) * shape + rng.uniform(0, 1, (3, 2)) for _ in range(500)]
    ordered = list(nearest_neighbour_order(lines))
    assert np.allclose(
        sorted(line.sum() for line in ordered), sorted(line.sum() for line in lines), atol=1e-9
    )
    assert len(ordered) == len(lines)
    assert travel(ordered) <= travel(lines) / 3


def test_a_stroke_is_reversed_if_its_end_is_nearer() -> None:
    lines = [np.array([(0.0, 0.0), (10.0, 0.0)]), np.array([(0.0, 1.0), (10.0, 1.0)])]
    assert travel(list(nearest_neighbour_order(lines))) == 1


def test_many_strokes_in_one_place_do_not_take_quadratic_time() -> None:
    lines = [np.array([(0.0, 0.0), (1.0, number / 1e9)]) for number in range(20_000)]
    started = time.perf_counter()
    assert len(list(nearest_neighbour_order(lines))) == 20_000
    assert time.perf_counter() - started < 10


def test_without_strokes_nothing_is_yielded() -> None:
    assert list(nearest_neighbour_order([])) == []
