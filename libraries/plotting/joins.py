"""Joining the strokes of each layer."""

from __future__ import annotations

from libraries.geometry.document import Document
from libraries.geometry.joining import Pieces, bridge_gaps, join_strokes
from libraries.plotting.catalogue import Deadline, Progress
from libraries.plotting.layers import map_layers, map_lines


def joined(
    document: Document, *, tolerance: float, gaps: bool, progress: Progress, deadline: Deadline
) -> tuple[Document, float]:
    """Return the document with the strokes of each layer joined, and the widest gap in mm.

    Ends within `tolerance` mm are moved to one point. With `gaps`, lines are drawn between ends
    that are less than the width of the pen apart.
    """
    widest_mm = 0.0

    def join(pieces: Pieces, layer: int) -> Pieces:
        nonlocal widest_mm
        made = join_strokes(pieces, tolerance)
        widest_mm = max(widest_mm, made.widest_mm)
        return map_lines(made.pieces, lambda lines: bridge(lines, layer)) if gaps else made.pieces

    def bridge(lines: Pieces, layer: int) -> Pieces:
        nonlocal widest_mm
        made = bridge_gaps(lines, document.layers[layer].pen.width)
        widest_mm = max(widest_mm, made.widest_mm)
        return made.pieces

    return map_layers(document, join, progress=progress, deadline=deadline), widest_mm
