"""Drawings and Hypothesis strategies for the tests of plotting."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from libraries.geometry.strokes import Pen, Point, Strokes

BLACK, RED = Pen("black"), Pen("red", "#cc0000", 0.5)
PENS = (BLACK, RED, BLACK)

Lines = list[tuple[int, list[Point]]]


def drawing(*lines: Sequence[Point], layers: Sequence[int] | None = None) -> Strokes:
    """Return a drawing of these strokes, by default on layer 0."""
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return Strokes(
        [point for line in lines for point in line],
        offsets,
        layers if layers is not None else [0] * len(lines),
    )


def drawing_of(lines: Lines) -> Strokes:
    """Return the drawing of pairs of a layer and its points."""
    return drawing(*(line for _, line in lines), layers=[layer for layer, _ in lines])


# Points on a grid of 0.1 mm repeat often, so that dots, duplicate vertices and reversals occur.
POINTS = st.tuples(*[st.integers(-3000, 3000).map(lambda tenths: tenths / 10)] * 2) | st.tuples(
    *[st.floats(-300, 300, allow_nan=False)] * 2
)
LINES: st.SearchStrategy[Lines] = st.lists(
    st.tuples(st.integers(0, len(PENS) - 1), st.lists(POINTS, min_size=0, max_size=12)), max_size=8
)
