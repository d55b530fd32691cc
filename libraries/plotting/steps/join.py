"""Join strokes into fewer ones."""

from __future__ import annotations

from libraries.fields import Params, flag, mm
from libraries.geometry.document import Document
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.joins import joined


@step
class Join(Params):
    """Join strokes of one layer that meet into the fewest strokes; each line is drawn once."""

    tolerance: float = mm("Largest distance of ends that are joined", 0, 1, default=0.05)
    gaps: bool = flag("Draw across gaps narrower than the pen.", default=False)

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return joined(document, **vars(self), progress=progress, deadline=deadline)[0]
