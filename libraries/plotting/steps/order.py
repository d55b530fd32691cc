"""Order strokes for short moves with the pen up."""

from __future__ import annotations

from libraries.geometry.document import Document
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.routes import OrderOptions, routed


@step
class Order(OrderOptions):
    """Draw the strokes of each layer in the order, directions and starts of the least travel."""

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        ordered, _ = routed(document, self, is_over=lambda: deadline.is_over, report=lambda _: None)
        progress(1.0)
        return ordered
