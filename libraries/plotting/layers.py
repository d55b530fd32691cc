"""Steps that process each layer separately."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from libraries.geometry.document import Document
from libraries.geometry.joining.pieces import Pieces, selected, together
from libraries.plotting.catalogue import Deadline, Progress


def on_layer(document: Document, layer: int) -> Pieces:
    store = document.on_layer(layer)
    return Pieces(store.coordinates, store.offsets)


def without_groups(document: Document) -> Document:
    """Return a copy whose strokes belong to no groups."""
    store = document.store
    return document.with_strokes(store.coordinates, store.offsets, store.layers)


def map_layers(
    document: Document,
    change: Callable[[Pieces, int], Pieces],
    *,
    progress: Progress,
    deadline: Deadline,
) -> Document:
    """Return `document` with `change(strokes, layer)` in place of the strokes of each layer.

    Those of each group of the layer are changed alone, in the order of the groups, after those
    without a group. Layers after the deadline are not changed.
    """
    changed = document.with_strokes(np.zeros((0, 2)), [0], 0)
    for layer in range(len(document.layers)):
        store = document.on_layer(layer)
        whole = Pieces(store.coordinates, store.offsets)
        numbers = np.unique(store.groups).tolist()
        for group in numbers:
            is_part = len(numbers) > 1
            pieces = selected(whole, np.flatnonzero(store.groups == group)) if is_part else whole
            if not deadline.is_over:
                pieces = change(pieces, layer)
            changed.extend(pieces.coordinates, pieces.offsets, layer, group)
        progress((layer + 1) / len(document.layers))
    return changed


def map_lines(pieces: Pieces, change: Callable[[Pieces], Pieces]) -> Pieces:
    """Return the strokes with `change` applied to those of at least two vertices.

    Dots are moved to the end.
    """
    is_dot = pieces.counts == 1
    if not is_dot.any():
        return change(pieces)
    dots = selected(pieces, np.flatnonzero(is_dot))
    if is_dot.all():
        return dots
    return together(change(selected(pieces, np.flatnonzero(~is_dot))), dots)
