"""Steps that process each layer separately."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from libraries.geometry.arrays import Polyline
from libraries.geometry.document import Document
from libraries.plotting.catalogue import Deadline, Progress


def map_layers(
    document: Document,
    change: Callable[[list[Polyline]], Iterable[Polyline]],
    *,
    progress: Progress,
    deadline: Deadline,
) -> Document:
    """Return `document` with `change` applied to the strokes of each layer.

    Dots are moved to the end. Layers after the deadline are not changed.
    """
    changed = document.with_strokes(np.zeros((0, 2)), [0], 0)
    for layer in range(len(document.layers)):
        store = document.on_layer(layer)
        if deadline.is_over:
            changed.extend(store.coordinates, store.offsets, layer)
        else:
            lines = np.split(store.coordinates, store.offsets[1:-1]) if len(store) else []
            changed.add(change([line for line in lines if len(line) > 1]), layer)
            changed.add([line for line in lines if len(line) == 1], layer)
        progress((layer + 1) / len(document.layers))
    return changed
