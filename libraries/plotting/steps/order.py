"""Order strokes for short moves with the pen up."""

from __future__ import annotations

from libraries.fields import Params, choice
from libraries.geometry.document import Document
from libraries.geometry.routing import Effort
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.routes import routed


@step
class Order(Params):
    """Draw the strokes of each layer in the order, directions and starts of the least travel."""

    effort: Effort = choice("Number of changes that are tried.", Effort, default="quick")

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        ordered, _ = routed(
            document,
            effort=self.effort,
            is_over=lambda: deadline.is_over,
            report=lambda _: None,
        )
        progress(1.0)
        return ordered
