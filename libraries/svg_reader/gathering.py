"""Batches of shapes, because drawing each element on its own is slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.transforms import Matrix
from libraries.svg_syntax.curves import MAX_VERTICES, too_many_vertices
from libraries.svg_syntax.tracing import Traced, flattened_paths

# Vertices and curves per batch.
MAX_GATHERED = 32_768


class Shape(NamedTuple):
    """The lines of an element in its own units, or a traced path that is flattened later."""

    lines: Sequence[Floats] = ()
    traced: Traced | None = None
    tolerance: float = 1.0

    def __len__(self) -> int:
        return len(self.lines) if self.traced is None else len(self.traced.starts)

    @property
    def size(self) -> int:
        """Return the number of vertices and curves."""
        return sum(map(len, self.lines)) if self.traced is None else len(self.traced.curves)


class Gathering:
    """Collects shapes and draws them on a document in order."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._shapes: list[tuple[Shape, Matrix, int]] = []
        self._size = 0

    def add(self, shape: Shape, to_page: Matrix, layer: int) -> None:
        """Add a shape with at least one stroke; `to_page` transforms its units to mm.

        Raises:
            InvalidInput: there are too many vertices, or one is more than a kilometre away.
        """
        self._shapes.append((shape, to_page, layer))
        self._size += shape.size
        if self._size > MAX_GATHERED:
            self.finish()

    def finish(self) -> None:
        """Draw the remaining shapes; see `add`."""
        shapes, self._shapes, self._size = self._shapes, [], 0
        if not shapes:
            return
        strokes = np.array([len(shape) for shape, _, _ in shapes])
        lines = _lines([shape for shape, _, _ in shapes])
        counts = np.array([len(line) for line in lines], dtype=np.int64)
        if self._document.store.vertices + counts.sum() > MAX_VERTICES:
            raise too_many_vertices()
        ways = np.repeat(np.arange(len(shapes)), strokes)
        points = _moved(
            np.concatenate(lines), [way for _, way, _ in shapes], np.repeat(ways, counts)
        )
        layers = np.array([layer for _, _, layer in shapes])[ways]
        self._document.extend(points, np.concatenate([[0], np.cumsum(counts)]), layers)


def _lines(shapes: Sequence[Shape]) -> list[Floats]:
    """Return the strokes of all shapes in order."""
    traced = [(shape.traced, shape.tolerance) for shape in shapes if shape.traced is not None]
    ready = iter(
        flattened_paths([one for one, _ in traced], [tolerance for _, tolerance in traced])
    )
    lines: list[Floats] = []
    for shape in shapes:
        lines += shape.lines if shape.traced is None else [next(ready) for _ in range(len(shape))]
    return lines


def _moved(points: Floats, ways: Sequence[Matrix], way: NDArray[np.int64]) -> Floats:
    """Return points, transformed by the matrices `ways[way]`."""
    # Rounds like `transforms.applied`.
    x, y = points.T
    columns = np.array(ways).reshape(-1, 6).T
    a, c, e, b, d, f = (column[way] if len(ways) > 1 else column for column in columns)
    return np.column_stack([a * x + c * y + e, b * x + d * y + f])
