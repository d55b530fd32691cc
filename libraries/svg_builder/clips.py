"""Clip regions of a canvas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import ArrayLike

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.clipping import Ring, checked_ring
from libraries.geometry.document import clip
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Matrix, applied, inverse

Region = Rectangle | Sequence[Ring]


def clipped_strokes(
    coordinates: Floats, offsets: Integers, to_page: Matrix, clips: Iterable[Region]
) -> tuple[Floats, Integers]:
    """Return the parts of strokes inside all `clips`; `to_page` transforms to their coordinates."""
    coordinates = applied(to_page, coordinates)
    for region in clips:
        coordinates, offsets, _ = clip(coordinates, offsets, region)
    return applied(inverse(to_page), coordinates), offsets


def region_on_page(region: Rectangle | ArrayLike, to_page: Matrix) -> Region:
    """Return a region in page coordinates; rectangles stay so unless rotated or skewed."""
    if not isinstance(region, Rectangle):
        return [applied(to_page, checked_ring(region))]
    left, top, right, bottom = astuple(region)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    moved = applied(to_page, np.array(corners))
    return [moved] if to_page[0, 1] or to_page[1, 0] else Rectangle.around(moved)
