"""Remove lines that are drawn again."""

from __future__ import annotations

from libraries.fields import Params, mm
from libraries.geometry.document import Document
from libraries.geometry.joining import without_duplicates
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Duplicates(Params):
    """Remove what the same pen has drawn before, unless that costs more lifts than it saves."""

    # 0.276 s for a lift and a drop at 50.2 mm/s, as of the profile `axidraw`.
    lift: float = mm("Length of line that takes as long as a pen lift", 0, 1000, default=13.9)

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return map_layers(
            document,
            lambda pieces, _: without_duplicates(pieces, lift_mm=self.lift),
            progress=progress,
            deadline=deadline,
        )
