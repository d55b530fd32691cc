"""Order: short moves between strokes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from libraries.fields import Params
from libraries.geometry.arrays import Polyline
from libraries.geometry.document import Document
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.strokes import HOME, Strokes
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Order(Params):
    """Draw the strokes of a layer each near the end of the one before, if that is shorter."""

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        """Return the document with the strokes of each layer reordered and reversed."""
        return map_layers(document, _ordered, progress=progress, deadline=deadline)


def _ordered(lines: list[Polyline]) -> list[Polyline]:
    return min(lines, list(nearest_neighbour_order(lines)), key=_travel_mm)


def _travel_mm(lines: Sequence[Polyline]) -> float:
    counts = np.cumsum([0, *map(len, lines)])
    coordinates = np.concatenate([np.zeros((0, 2)), *lines])
    return float(Strokes(coordinates, counts, np.zeros(len(lines), int)).travels(HOME).sum())
