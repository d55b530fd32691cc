"""Clips of a canvas: regions of the page that cut strokes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    """Return the parts of strokes inside all `clips`, in the coordinates of the strokes.

    `to_page` leads from these coordinates to those of the page, in which the clips are.
    """
    coordinates = applied(to_page, coordinates)
    for region in clips:
        coordinates, offsets, _ = clip(coordinates, offsets, region)
    return applied(inverse(to_page), coordinates), offsets


def region_on_page(region: Rectangle | ArrayLike, to_page: Matrix) -> Region:
    """Return a region in the coordinates of the page.

    A rectangle stays a rectangle unless it is rotated or skewed.
    """
    if not isinstance(region, Rectangle):
        return [applied(to_page, checked_ring(region))]
    corners = [
        (region.left, region.top),
        (region.right, region.top),
        (region.right, region.bottom),
        (region.left, region.bottom),
    ]
    moved = applied(to_page, np.array(corners))
    if to_page[0, 1] or to_page[1, 0]:
        return [moved]
    (left, top), (right, bottom) = moved.min(axis=0).tolist(), moved.max(axis=0).tolist()
    return Rectangle(left, top, right, bottom)
