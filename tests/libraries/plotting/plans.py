"""Drawings for the tests of the optimiser, and what is compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.strokes import HOME, Pen, Point

Drawn = list[tuple[int, list[Point]]]

# A coarse grid, so that strokes meet, overlap, close, repeat and have no length; and any points.
GRID = st.tuples(*[st.integers(1, 6).map(lambda number: 10.0 * number)] * 2)
NEARLY = st.tuples(*[st.integers(1000, 6000).map(lambda number: number / 100)] * 2)
DRAWN: st.SearchStrategy[Drawn] = st.lists(
    st.tuples(st.integers(0, 1), st.lists(GRID | NEARLY, min_size=1, max_size=5)), max_size=7
)


def document_of(drawn: Drawn, *, width: float = 100, height: float = 80) -> Document:
    document = Document(width, height)
    for name in ("black", "red"):
        document.layer(name, Pen(name, "#ff0000" if name == "red" else "#000000", 0.5))
    for layer, line in drawn:
        document.add([line], layer)
    return document


def lines_of(document: Document, layer: int) -> list[list[Point]]:
    store = document.on_layer(layer)
    parts = np.split(store.coordinates, store.offsets[1:-1]) if len(store) else []
    return [[(float(x), float(y)) for x, y in part] for part in parts]


def one_pen(*lines: Sequence[Point]) -> Document:
    return document_of([(0, list(line)) for line in lines])


def travel_mm(document: Document) -> float:
    return float(document.strokes().travels(HOME).sum())


def samples(document: Document, layer: int, step_mm: float = 2.0) -> Floats:
    """Return points of all strokes of a layer, at most `step_mm` apart: shape (n, 2)."""
    points = [np.zeros((0, 2))]
    for line in lines_of(document, layer):
        for start, end in zip(line, line[1:] or line, strict=False):
            count = int(np.hypot(end[0] - start[0], end[1] - start[1]) / step_mm) + 2
            points.append(np.linspace(start, end, count))
    return np.concatenate(points)


def farthest_mm(points: Floats, document: Document, layer: int) -> float:
    """Return the largest distance of `points` from the strokes of a layer."""
    farthest = 0.0
    starts, ends = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for line in lines_of(document, layer):
        starts.append(np.array(line[:-1] or line))
        ends.append(np.array(line[1:] or line))
    start, end = np.concatenate(starts), np.concatenate(ends)
    way = end - start
    length = np.maximum((way**2).sum(axis=1), 1e-12)
    for point in points:
        at = np.clip(((point - start) * way).sum(axis=1) / length, 0, 1)[:, None]
        farthest = max(farthest, float(np.hypot(*(start + at * way - point).T).min()))
    return farthest
