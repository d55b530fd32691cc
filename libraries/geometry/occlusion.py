"""Occlusion: what lies below something opaque is not drawn. Strokes end cleanly at its outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.clipping import Clipped, clip_to_region
from libraries.geometry.rectangle import Rectangle

# What is left of a stroke and shorter than this, in mm, is a blot.
MIN_REST_MM = 0.2


class OcclusionMask:
    """The area hidden by elements above, which are added from top to bottom."""

    def __init__(self, page: Rectangle) -> None:
        """Begin with nothing hidden; strokes are on `page`, or are cut there later."""
        self._page = shapely.box(page.left, page.top, page.right, page.bottom)
        self._hidden: BaseGeometry = shapely.Polygon()

    def add(self, region: BaseGeometry) -> None:
        """Hide what lies inside `region`, an area on the page in mm."""
        self._hidden = shapely.union_all([self._hidden, region])

    def visible_parts(self, coordinates: Floats, offsets: Integers) -> tuple[Floats, Integers]:
        """Return what of strokes can be seen.

        A closed stroke that is cut does not also come apart where it begins. What is left of a cut
        stroke is left out where it is shorter than 0.2 mm.

        Args:
            coordinates: array of shape (n, 2) in mm.
            offsets: array of shape (k + 1,), as in `Strokes`; every stroke has a vertex.

        Raises:
            TooManyCrossings: strokes and outlines meet in too many places.
        """
        if self._hidden.is_empty or not len(coordinates):
            return coordinates, offsets
        around = _box_around(coordinates)
        if not shapely.intersects(around, self._hidden):
            return coordinates, offsets
        room = shapely.union(self._page, around)
        cut = clip_to_region(coordinates, offsets, shapely.difference(room, self._hidden))
        return _flat(_without_rests(_rejoined(cut, coordinates, offsets)))


def _box_around(coordinates: Floats) -> BaseGeometry:
    (left, top), (right, bottom) = (
        coordinates.min(axis=0).tolist(),
        coordinates.max(axis=0).tolist(),
    )
    around: BaseGeometry = shapely.box(left, top, right, bottom)
    return around


def _rejoined(cut: Clipped, coordinates: Floats, offsets: Integers) -> list[tuple[Floats, bool]]:
    """Return the pieces, each with whether its stroke was cut; closed strokes are rejoined."""
    pieces = np.split(cut.coordinates, cut.offsets[1:-1]) if len(cut.sources) else []
    starts, ends = coordinates[offsets[:-1]], coordinates[offsets[1:] - 1]
    is_closed = (starts == ends).all(axis=1) & (np.diff(offsets) > 1)
    first = np.searchsorted(cut.sources, np.arange(len(offsets) - 1))
    last = np.searchsorted(cut.sources, np.arange(len(offsets) - 1), side="right") - 1
    parted = last > first
    for stroke in np.flatnonzero(is_closed & parted).tolist():
        begin, end = pieces[first[stroke]], pieces[last[stroke]]
        if (begin[0] == starts[stroke]).all() and (end[-1] == ends[stroke]).all():
            pieces[first[stroke]] = np.concatenate([end, begin[1:]])
            pieces[last[stroke]] = np.zeros((0, 2))
    begins, finishes = cut.coordinates[cut.offsets[:-1]], cut.coordinates[cut.offsets[1:] - 1]
    moved = (begins != starts[cut.sources]).any(axis=1) | (finishes != ends[cut.sources]).any(
        axis=1
    )
    changed = parted[cut.sources] | moved
    return list(zip(pieces, changed.tolist(), strict=True))


def _without_rests(pieces: Sequence[tuple[Floats, bool]]) -> list[Floats]:
    return [
        piece
        for piece, was_cut in pieces
        if len(piece) and (not was_cut or _length(piece) >= MIN_REST_MM)
    ]


def _length(piece: Floats) -> float:
    steps = np.diff(piece, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _flat(lines: list[Floats]) -> tuple[Floats, Integers]:
    return np.concatenate([np.zeros((0, 2)), *lines]), np.cumsum([0, *map(len, lines)])
