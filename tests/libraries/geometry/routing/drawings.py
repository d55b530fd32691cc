"""Hypothesis strategies for drawings."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.libraries.geometry.routing.samples import Drawing

# Few numbers make equal points, dots and strokes of length 0 likely.
points = st.tuples(*[st.sampled_from((0.0, 0.1, 1.0, 2.5, 7.0, 40.0))] * 2)


@st.composite
def drawings(draw: st.DrawFn, most: int, *, closed: bool = True) -> Drawing:
    lines, is_closed = [], []
    for _ in range(draw(st.integers(0, most))):
        line = draw(st.lists(points, min_size=1, max_size=4))
        is_closed.append(closed and draw(st.booleans()))
        lines.append([*line, line[0]] if is_closed[-1] else line)
    return Drawing(
        np.array([point for line in lines for point in line]).reshape(-1, 2),
        np.cumsum([0, *map(len, lines)]),
        np.array(is_closed, dtype=bool),
        draw(st.none() | points),
        draw(st.none() | points),
    )
