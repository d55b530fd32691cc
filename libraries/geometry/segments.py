"""Straight segments: pairs of them that can meet, and how they do."""

from __future__ import annotations

from collections.abc import Iterator

import shapely

from libraries.geometry.arrays import Floats, Integers


def pairs_with_touching_boxes(segments: Floats, *, block: int) -> Iterator[Integers]:
    """Yield the pairs of segments whose bounding boxes touch, each as (i, j) and as (j, i).

    Args:
        segments: shape (n, 2, 2).
        block: the number of segments whose pairs are found at a time; it bounds the memory.

    Yields:
        Arrays of shape (2, k), by rising first number.
    """
    low, high = segments.min(axis=1), segments.max(axis=1)
    boxes = shapely.box(*low.T, *high.T)
    tree = shapely.STRtree(boxes)
    for first in range(0, len(segments), block):
        pairs = tree.query(boxes[first : first + block])
        pairs[0] += first
        yield pairs


def cross(first: Floats, second: Floats) -> Floats:
    """Return the z component of the cross products of two arrays of vectors, of shape (n, 2)."""
    product: Floats = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return product
