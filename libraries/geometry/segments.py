"""Pairs of segments with overlapping bounding boxes, and cross products."""

from __future__ import annotations

from collections.abc import Iterator

import shapely

from libraries.geometry.arrays import Floats, Integers


def pairs_with_touching_boxes(segments: Floats, *, block: int) -> Iterator[Integers]:
    """Yield pairs (i, j) and (j, i) of segments, of shape (n, 2, 2), whose bounding boxes touch.

    Arrays have shape (2, k), by ascending i. `block` segments are searched at a time.
    """
    low, high = segments.min(axis=1), segments.max(axis=1)
    boxes = shapely.box(*low.T, *high.T)
    tree = shapely.STRtree(boxes)
    for first in range(0, len(segments), block):
        pairs = tree.query(boxes[first : first + block])
        pairs[0] += first
        yield pairs


def cross(first: Floats, second: Floats) -> Floats:
    """Return the z components of the cross products of vectors, arrays of shape (n, 2)."""
    product: Floats = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return product
