"""Merge strokes whose ends meet."""

from __future__ import annotations

from libraries.fields import Params
from libraries.geometry.document import Document
from libraries.geometry.merge import merge_strokes
from libraries.plotting.catalogue import Deadline, Progress, step
from libraries.plotting.layers import map_layers


@step
class Merge(Params):
    """Join strokes of one layer whose ends meet."""

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        return map_layers(document, merge_strokes, progress=progress, deadline=deadline)
