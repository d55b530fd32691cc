"""Draw each stroke several times."""

from __future__ import annotations

from libraries.fields import Params, whole
from libraries.geometry.document import Document
from libraries.geometry.joining import in_passes
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Passes(Params):
    """Draw each stroke several times, to and fro without lifting the pen."""

    count: int = whole("Number of times that a stroke is drawn.", 1, 10, default=1)

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return map_layers(
            document,
            lambda pieces, _: in_passes(pieces, self.count),
            progress=progress,
            deadline=deadline,
        )
