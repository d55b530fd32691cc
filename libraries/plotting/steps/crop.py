"""Crop strokes at the page."""

from __future__ import annotations

import numpy as np

from libraries.fields import Params, mm
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.plotting.catalogue import Deadline, Progress, step


@step
class Crop(Params):
    """Clip strokes at the edges of the page or of its margin."""

    margin: float = mm("Distance from the edges of the page", 0, 500, default=0.0)

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        right, bottom = document.width - self.margin, document.height - self.margin
        if self.margin >= min(right, bottom):
            return document.with_strokes(np.zeros((0, 2)), [0], 0)
        if deadline.is_over:
            return document
        cropped = document.clipped(Rectangle(self.margin, self.margin, right, bottom))
        progress(1.0)
        return cropped
