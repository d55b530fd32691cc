"""Hidden line removal: strokes below opaque elements are clipped at their outlines."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, Integers, flattened, line_length
from libraries.geometry.clipping import Clipped, clip_to_region, overlaid
from libraries.geometry.rectangle import Rectangle


class OcclusionMask:
    """The area on `page` hidden by elements above, added from top to bottom."""

    # Shorter remainders of a cut stroke are drawn as blots.
    MIN_REST_MM = 0.2

    def __init__(self, page: Rectangle) -> None:
        self._page = shapely.box(page.left, page.top, page.right, page.bottom)
        self._hidden: BaseGeometry = shapely.Polygon()

    def add(self, region: BaseGeometry) -> None:
        """Hide `region`, an area on the page in mm."""
        self._hidden = overlaid(shapely.union_all, [self._hidden, region])

    def visible_parts(self, coordinates: Floats, offsets: Integers) -> tuple[Floats, Integers]:
        """Return the visible parts of strokes, as coordinates and offsets like the arguments.

        Parts of cut strokes shorter than 0.2 mm are dropped. A closed stroke is not also split at
        its first vertex.
        """
        if self._hidden.is_empty or not len(coordinates):
            return coordinates, offsets
        around = shapely.box(*astuple(Rectangle.around(coordinates)))
        if not shapely.intersects(around, self._hidden):
            return coordinates, offsets
        room = overlaid(shapely.union, self._page, around)
        cut = clip_to_region(coordinates, offsets, overlaid(shapely.difference, room, self._hidden))
        return flattened(
            [
                piece
                for piece, was_cut in _rejoined(cut, coordinates, offsets)
                if len(piece) and (not was_cut or line_length(piece) >= self.MIN_REST_MM)
            ]
        )


def _rejoined(cut: Clipped, coordinates: Floats, offsets: Integers) -> list[tuple[Floats, bool]]:
    """Return the pieces of strokes, each with whether its stroke was cut; join closed strokes."""
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
    moved = (begins != starts[cut.sources]) | (finishes != ends[cut.sources])
    changed = parted[cut.sources] | moved.any(axis=1)
    return list(zip(pieces, changed.tolist(), strict=True))
