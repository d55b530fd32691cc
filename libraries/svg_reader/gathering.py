"""Batches of shapes, because drawing each element on its own is slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.clipping import clip_to_rectangle
from libraries.geometry.document import StrokeArray
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM
from libraries.geometry.transforms import Matrix, applied
from libraries.svg_reader.items import Clip, Item
from libraries.svg_reader.shapes import Shape, parsing_steps, shape_of
from libraries.svg_syntax.curves import MAX_VERTICES, too_many_vertices
from libraries.svg_syntax.segments import flattened_texts
from libraries.svg_syntax.tokens import with_flags
from libraries.svg_syntax.tracing import flattened_paths
from libraries.work import Work

# Vertices and curves per batch.
MAX_GATHERED = 32_768


class Gathering:
    """Collects shapes as strokes in mm, each with the index of its item, in order.

    Strokes with a vertex that is more than a kilometre away are cut at `room`, and `report` is
    called with their items. `report_broken` is called with the items of shapes that end at an error.

    Attributes:
        store: the strokes, without those of the current batch.
        empty: the items without strokes.
    """

    # Characters of path data per batch. Larger arrays are slower.
    MAX_CHARS = 100_000
    # Steps of work per path, per character, and per segment.
    STEPS, STEPS_PER_CHARACTER, STEPS_PER_SEGMENT = 2, 0.1, 3

    def __init__(
        self,
        room: Rectangle,
        report: Callable[[list[int]], None],
        report_broken: Callable[[list[int]], None] = lambda _: None,
        work: Work | None = None,
    ) -> None:
        self.store = StrokeArray()
        self.empty: list[int] = []
        self._room = room
        self._report = report
        self._report_broken = report_broken
        self._work = work or Work()
        # Shapes and the data of paths, with their transforms and items.
        self._entries: list[Shape | str] = []
        self._tolerances: list[float] = []
        self._ways: list[Matrix] = []
        self._items: list[int] = []
        self._size = self._chars = 0
        # Whether paths of this batch became shapes, and the entries that end at an error.
        self._alone = False
        self._broken: set[int] = set()

    def add(self, shape: Shape, to_page: Matrix, item: int) -> None:
        """Add a shape; `to_page` transforms its units to mm.

        Raises:
            InvalidInput: there are too many vertices.
        """
        if shape.broken:
            self._broken.add(len(self._entries))
        self._append([shape], shape.tolerance, to_page, item)
        self._size += shape.size
        if self._size > MAX_GATHERED:
            self.finish()

    def add_paths(self, data: Sequence[str], tolerance: float, to_page: Matrix, item: int) -> None:
        """Add the data of paths, of consecutive items from `item`, which are parsed and flattened later; see `add`."""
        first = 0
        while first < len(data):
            last = first
            while last < len(data) and self._chars <= self.MAX_CHARS:
                self._chars += len(data[last])
                last += 1
            self._append(data[first:last], tolerance, to_page, item + first)
            if self._chars > self.MAX_CHARS:
                self.finish()
            first = last

    def _append(
        self, entries: Sequence[Shape | str], tolerance: float, to_page: Matrix, item: int
    ) -> None:
        self._entries += entries
        self._tolerances += [tolerance] * len(entries)
        self._ways += [to_page] * len(entries)
        self._items += range(item, item + len(entries))

    def add_lines(self, ends: Floats, to_page: Matrix, item: int) -> None:
        """Add lines between two points, of shape (n, 2, 2), of consecutive items from `item`."""
        self.finish()
        offsets = np.arange(0, 2 * len(ends) + 1, 2)
        self._store(applied(to_page, ends.reshape(-1, 2)), offsets, item + np.arange(len(ends)))

    def finish(self) -> None:
        """Draw the remaining shapes; see `add`."""
        if not self._entries:
            return
        points, counts, entry = self._strokes()
        ways, items = self._ways, np.array(self._items)
        if self._broken:
            self._report_broken([self._items[place] for place in sorted(self._broken)])
        drawn = np.bincount(entry, minlength=len(items))
        self.empty += items[drawn == 0].tolist()
        self._entries, self._tolerances, self._ways, self._items = [], [], [], []
        self._size = self._chars = 0
        self._broken.clear()
        if len(counts):
            offsets = np.concatenate([[0], np.cumsum(counts)])
            self._store(_moved(points, ways, np.repeat(entry, counts)), offsets, items[entry])

    def without_empty(self, items: Sequence[Item]) -> list[Item]:
        """Return items without those that have no strokes; afterwards, `store` and their clips have the new indices."""
        kept = np.ones(len(items), dtype=np.bool_)
        kept[self.empty] = False
        numbers = np.concatenate([[0], np.cumsum(kept)])
        clips: dict[int, Clip] = {}
        for item in items:
            clip = item.clip
            while clip is not None and id(clip) not in clips:
                clips[id(clip)] = clip
                clip = clip.outer
        for clip in clips.values():
            clip.first, clip.last = int(numbers[clip.first]), int(numbers[clip.last])
        store, self.store, self.empty = self.store, StrokeArray(), []
        self.store.extend(store.coordinates, store.offsets, numbers[store.layers])
        return [item for item, is_kept in zip(items, kept.tolist(), strict=True) if is_kept]

    def _strokes(self) -> tuple[Floats, Integers, Integers]:
        """Return the vertices of all strokes in order, their number and the entry of each stroke."""
        texts = [place for place, entry in enumerate(self._entries) if isinstance(entry, str)]
        if not texts:
            return self._shaped()
        parsed = self._parsed(texts)
        if len(texts) == len(self._entries) and parsed is not None and not self._alone:
            return parsed
        points, counts, entry = self._shaped()
        if parsed is not None:
            points, counts, entry = (
                np.concatenate(both) for both in zip((points, counts, entry), parsed, strict=True)
            )
        order = np.argsort(entry, kind="stable")
        firsts = (np.cumsum(counts) - counts)[order]
        counts = counts[order]
        return points[np.repeat(firsts, counts) + ranges(counts)], counts, entry[order]

    def _parsed(self, texts: list[int]) -> tuple[Floats, Integers, Integers] | None:
        """Return the strokes of the paths at places, as in `_strokes`; those that need more care become shapes."""
        self._work.spend(self.STEPS * len(texts) + self.STEPS_PER_CHARACTER * self._chars)
        self._alone = False
        data = cast("list[str]", [self._entries[place] for place in texts])
        left = texts
        if not all(text.startswith(("M", "m")) and len(text) < self.MAX_CHARS for text in data):
            data = [text.strip() for text in data]
        flagged = [
            with_flags(text) if text.startswith(("M", "m")) and len(text) < self.MAX_CHARS else None
            for text in data
        ]
        if None in flagged:
            for place, text, one in zip(texts, data, flagged, strict=True):
                if one is None:
                    self._parse_alone(place, text)
            left = [place for place, one in zip(texts, flagged, strict=True) if one is not None]
        data = [text for text in flagged if text is not None]
        while data:
            fine = np.array([self._tolerances[place] for place in left])
            found, left_out = flattened_texts(data, fine)
            if not left_out:
                self._work.spend(self.STEPS_PER_SEGMENT * int(found.sizes.sum()))
                return found.points, found.counts, np.array(left)[found.paths]
            for number in reversed(left_out):
                place = left.pop(number)
                self._parse_alone(place, cast("str", self._entries[place]).strip())
                data.pop(number)
        return None

    def _parse_alone(self, place: int, text: str) -> None:
        """Replace a path by its shape: one that is malformed, very long, or has numbers of many digits."""
        attributes = {"d": text}
        self._work.spend(parsing_steps(attributes))
        shape = shape_of("path", attributes, (0.0, 0.0), self._tolerances[place])
        self._entries[place] = shape
        self._alone = True
        if shape.broken:
            self._broken.add(place)

    def _shaped(self) -> tuple[Floats, Integers, Integers]:
        """Return the strokes of the shapes, as in `_strokes`."""
        places = [n for n, one in enumerate(self._entries) if isinstance(one, Shape)]
        shapes = [one for one in self._entries if isinstance(one, Shape)]
        lines = _lines(shapes)
        counts = np.array([len(line) for line in lines], dtype=np.int64)
        entry = np.repeat(np.array(places, dtype=np.int64), [len(shape) for shape in shapes])
        return np.concatenate([np.zeros((0, 2)), *lines]), counts, entry

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


def _moved(points: Floats, ways: Sequence[Matrix], entry: NDArray[np.int64]) -> Floats:
    """Return points, transformed by the matrices `ways[entry]`."""
    # Neighbours usually have the same matrix.
    different = {id(way): way for way in ways}
    if len(different) == 1:
        return applied(ways[0], points)
    numbers = {key: number for number, key in enumerate(different)}
    way = np.array([numbers[id(way)] for way in ways])[entry]
    # Rounds like `transforms.applied`.
    x, y = points.T
    columns = np.array(list(different.values())).reshape(-1, 6).T
    a, c, e, b, d, f = (column[way] for column in columns)
    return np.column_stack([a * x + c * y + e, b * x + d * y + f])
