"""Simplify strokes."""

from __future__ import annotations

from libraries.fields import Params, tolerance
from libraries.geometry.curves import decimate
from libraries.geometry.document import Document
from libraries.geometry.joining.pieces import Pieces
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers, map_lines


@step
class Simplify(Params):
    """Remove vertices that are close to the line between their neighbours."""

    tolerance: float = tolerance("the given stroke", default=0.02)

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        def simplified(pieces: Pieces) -> Pieces:
            return Pieces(*decimate(*pieces, self.tolerance))

        return map_layers(
            document,
            lambda pieces, _: map_lines(pieces, simplified),
            progress=progress,
            deadline=deadline,
        )
