"""SVG with absolute coordinates, for other programs."""

from __future__ import annotations

from collections.abc import Iterator

from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.geometry.document import Document
from libraries.svg_builder import svg_blocks


@export(media_type="image/svg+xml", suffix=".svg", encoding="plain")
class Svg(Params):
    """Write absolute coordinates in mm."""

    def write(self, document: Document) -> Iterator[bytes]:
        return svg_blocks(document, encoding="plain")
