"""SVG with numbered Inkscape layers."""

from __future__ import annotations

from collections.abc import Iterator

from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.geometry.document import Document
from libraries.svg_builder import svg_blocks


@export(media_type="image/svg+xml", suffix=".svg")
class SvgInkscape(Params):
    """Write layers with their numbers and names, such as `2 sky`, for Inkscape and plotter programs."""

    def write(self, document: Document) -> Iterator[bytes]:
        layers = [layer for layer, _ in document.drawn_layers()]
        labels = [f"{number} {layer.name}" for number, layer in enumerate(layers, 1)]
        return svg_blocks(document.relabelled(labels))
