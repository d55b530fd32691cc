"""Simplify strokes."""

from __future__ import annotations

from libraries.fields import Params, tolerance
from libraries.geometry.curves import decimated
from libraries.geometry.document import Document
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Simplify(Params):
    """Remove vertices that are close to the line between their neighbours."""

    tolerance: float = tolerance("the given stroke", default=0.02)

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return map_layers(
            document,
            lambda lines: decimated(lines, self.tolerance),
            progress=progress,
            deadline=deadline,
        )
