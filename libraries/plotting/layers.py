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


def map_layers(
    document: Document,
    change: Callable[[Pieces, int], Pieces],
    *,
    progress: Progress,
    deadline: Deadline,
) -> Document:
    """Return `document` with `change(strokes, layer)` in place of the strokes of each layer.

    Layers after the deadline are not changed.
    """
    changed = document.with_strokes(np.zeros((0, 2)), [0], 0)
    for layer in range(len(document.layers)):
        pieces = on_layer(document, layer)
        if len(pieces.counts) and not deadline.is_over:
            pieces = change(pieces, layer)
        changed.extend(pieces.coordinates, pieces.offsets, layer)
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
