"""Batches of shapes, because drawing each element on its own is slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.clipping import clip_to_rectangle
from libraries.geometry.document import StrokeArray
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM
from libraries.geometry.transforms import Matrix, applied
from libraries.svg_reader.shapes import Shape
from libraries.svg_syntax.curves import MAX_VERTICES, too_many_vertices
from libraries.svg_syntax.tracing import flattened_paths

# Vertices and curves per batch.
MAX_GATHERED = 32_768


class Gathering:
    """Collects shapes as strokes in mm, each with the index of its item, in order.

    Strokes with a vertex that is more than a kilometre away are cut at `room`, and `report` is
    called with their items.
    """

    def __init__(self, room: Rectangle, report: Callable[[list[int]], None]) -> None:
        self.store = StrokeArray()
        self._room = room
        self._report = report
        self._shapes: list[tuple[Shape, Matrix, int]] = []
        self._size = 0

    def add(self, shape: Shape, to_page: Matrix, item: int) -> None:
        """Add a shape with at least one stroke; `to_page` transforms its units to mm.

        Raises:
            InvalidInput: there are too many vertices.
        """
        self._shapes.append((shape, to_page, item))
        self._size += shape.size
        if self._size > MAX_GATHERED:
            self.finish()

    def add_lines(self, ends: Floats, to_page: Matrix, item: int) -> None:
        """Add lines between two points, of shape (n, 2, 2), of consecutive items from `item`."""
        self.finish()
        offsets = np.arange(0, 2 * len(ends) + 1, 2)
        self._store(applied(to_page, ends.reshape(-1, 2)), offsets, item + np.arange(len(ends)))

    def finish(self) -> None:
        """Draw the remaining shapes; see `add`."""
        shapes, self._shapes, self._size = self._shapes, [], 0
        if not shapes:
            return
        strokes = np.array([len(shape) for shape, _, _ in shapes])
        lines = _lines([shape for shape, _, _ in shapes])
        counts = np.array([len(line) for line in lines], dtype=np.int64)
        ways = np.repeat(np.arange(len(shapes)), strokes)
        points = _moved(
            np.concatenate(lines), [way for _, way, _ in shapes], np.repeat(ways, counts)
        )
        items = np.array([item for _, _, item in shapes])[ways]
        self._store(points, np.concatenate([[0], np.cumsum(counts)]), items)

    def _store(self, points: Floats, offsets: Integers, items: Integers) -> None:
        if self.store.vertices + len(points) > MAX_VERTICES:
            raise too_many_vertices()
        # NaN fails this comparison.
        if not max(-float(points.min()), float(points.max())) <= MAX_COORDINATE_MM:
            points, offsets, items = self._near(points, offsets, items)
        self.store.extend(points, offsets, items)

    def _near(
        self, points: Floats, offsets: Integers, items: Integers
    ) -> tuple[Floats, Integers, Integers]:
        """Return strokes with those that leave the kilometre cut."""
        # Differences of larger numbers could overflow.
        points = np.nan_to_num(points, nan=0.0, posinf=1e100, neginf=-1e100)
        far = np.logical_or.reduceat((np.abs(points) > MAX_COORDINATE_MM).any(axis=1), offsets[:-1])
        self._report(items[far].tolist())
        cut = clip_to_rectangle(points, offsets, self._room)
        return cut.coordinates, cut.offsets, items[cut.sources]


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
