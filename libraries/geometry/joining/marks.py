"""Removal of vertices and dots that mark nothing."""

from __future__ import annotations

import numpy as np

from libraries.geometry.joining.pieces import Pieces, keys_of, pieces_of, rounded, selected


def without_repeats(pieces: Pieces) -> Pieces:
    """Return the strokes with rounded coordinates, each vertex once where it is repeated.

    A stroke of length 0 becomes a dot.
    """
    points = rounded(pieces.coordinates)
    fresh = np.ones(len(points), dtype=np.bool_)
    fresh[1:] = (points[1:] != points[:-1]).any(axis=1)
    fresh[pieces.offsets[:-1]] = True
    counts = np.bincount(pieces.owners[fresh], minlength=len(pieces.offsets) - 1)
    return pieces_of(points[fresh], counts)


def without_covered_dots(pieces: Pieces) -> Pieces:
    """Return the strokes without the dots on a vertex of another stroke, or on an earlier dot."""
    is_dot = pieces.counts == 1
    if not is_dot.any():
        return pieces
    keys = keys_of(pieces.coordinates)
    drawn = keys[~np.repeat(is_dot, pieces.counts)]
    dots = np.flatnonzero(is_dot)
    own, first = np.unique(keys[pieces.offsets[dots]], return_index=True)
    kept = ~is_dot
    kept[dots[first[~np.isin(own, drawn)]]] = True
    return selected(pieces, np.flatnonzero(kept))
