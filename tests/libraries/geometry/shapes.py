"""Hypothesis strategies for strokes."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]

# Points on a grid repeat often, so that dots, duplicate vertices and lines along edges occur.
NUMBERS = st.integers(-20, 20).map(float) | st.floats(-20, 20, allow_nan=False, width=32)
POINTS = st.tuples(NUMBERS, NUMBERS)
LINES: st.SearchStrategy[list[list[Point]]] = st.lists(
    st.lists(POINTS, min_size=1, max_size=8), max_size=5
)


def flat(lines: list[list[Point]]) -> tuple[Floats, NDArray[np.int64]]:
    """Return lines as coordinates and offsets."""
    points = [point for line in lines for point in line]
    return np.array(points, dtype=np.float64).reshape(-1, 2), np.cumsum([0, *map(len, lines)])


def length(coordinates: Floats, offsets: NDArray[np.int64]) -> float:
    """Return the total length in mm."""
    return float(
        sum(
            np.hypot(*np.diff(coordinates[start:end], axis=0).T).sum()
            for start, end in itertools.pairwise(offsets)
        )
    )
