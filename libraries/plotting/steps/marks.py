"""Remove what marks nothing."""

from __future__ import annotations

from libraries.fields import Params
from libraries.geometry.document import Document
from libraries.geometry.joining import without_covered_dots, without_repeats
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Marks(Params):
    """Remove repeated vertices, and dots where the same pen draws another mark.

    Coordinates are rounded as in files.
    """

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return map_layers(
            document,
            lambda pieces, _: without_covered_dots(without_repeats(pieces)),
            progress=progress,
            deadline=deadline,
        )
