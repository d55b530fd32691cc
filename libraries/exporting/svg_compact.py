"""SVG of about half the size."""

from __future__ import annotations

from collections.abc import Iterator

from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.geometry.document import Document
from libraries.svg_builder import svg_blocks


@export(media_type="image/svg+xml", suffix=".svg", encoding="compact")
class SvgCompact(Params):
    """Write relative coordinates in hundredths of a mm."""

    def write(self, document: Document) -> Iterator[bytes]:
        return svg_blocks(document, encoding="compact")
