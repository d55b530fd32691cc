"""Order strokes for short moves with the pen up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from libraries.fields import Params
from libraries.geometry.arrays import Polyline, flattened
from libraries.geometry.document import Document
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.strokes import HOME, Strokes
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Order(Params):
    """Draw the strokes of a layer each near the end of the one before, if that is shorter."""

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return map_layers(document, _ordered, progress=progress, deadline=deadline)


def _ordered(lines: list[Polyline]) -> list[Polyline]:
    return min(lines, list(nearest_neighbour_order(lines)), key=_travel_mm)


def _travel_mm(lines: Sequence[Polyline]) -> float:
    return float(Strokes(*flattened(lines), np.zeros(len(lines), int)).travels(HOME).sum())
