"""Zip file with an SVG for each pen."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import IO

from libraries.characters import plain_name
from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.geometry.document import Document, Layer
from libraries.storage.zips import zip_blocks
from libraries.svg_builder import svg_blocks


@export(media_type="application/zip", suffix=".zip")
class SvgPens(Params):
    """Write an SVG for each pen, all on the same page, such as `02-sky.svg`."""

    def write(self, document: Document) -> Iterator[bytes]:
        # The first block of each file has its errors.
        parts = [
            (layer, document.with_strokes(strokes.coordinates, strokes.offsets, strokes.layers))
            for layer, strokes in document.drawn_layers()
        ]
        entries = [
            (f"{number:02d}-{_name(layer)}.svg", _opening(svg_blocks(part)))
            for number, (layer, part) in enumerate(parts, 1)
        ]
        return zip_blocks(entries, deflate=True)


def _opening(blocks: Iterator[bytes]) -> Callable[[], IO[bytes]]:
    return lambda: io.BytesIO(b"".join(blocks))


def _name(layer: Layer) -> str:
    return plain_name(layer.name, "A-Za-z0-9 _-", 40) or "pen"
