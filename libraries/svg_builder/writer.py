"""Streaming SVG writer for documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from libraries.errors import UnknownName
from libraries.geometry.document import Document, Layer
from libraries.lettering import check_text
from libraries.svg_builder.coordinates import COMPACT_UNIT, ENCODINGS, Encoding, stroke_blocks
from libraries.svg_builder.skeleton import Marker, Metadata, as_json, layer_group, page, spliced
from libraries.svg_syntax.attributes import check_colour
from libraries.svg_syntax.layer_codes import PenAttributes
from libraries.svg_syntax.numbers import written, written_positive


def svg_blocks(document: Document, *, encoding: Encoding = "plain") -> Iterator[bytes]:
    """Return `document` as SVG in blocks of some hundred kilobytes; see `stroke_blocks`.

    Each layer with strokes is an Inkscape layer with the colour and width of its pen. The same
    document gives the same bytes. Errors are raised before the first block.

    Raises:
        UnknownName: the encoding does not exist.
        InvalidInput: the colour of a pen, the title or the name of a layer is invalid.
    """
    if encoding not in ENCODINGS:
        raise UnknownName("encoding", encoding, ENCODINGS, field="encoding")
    drawing = page(
        written_positive(document.width, "width"), written_positive(document.height, "height")
    )
    if document.title:
        drawing.set_desc(title=" ".join(check_text(document.title).split()))
    if document.metadata:
        drawing.elements.append(Metadata(as_json(document.metadata)))
    store = document.store
    used = np.unique(store.layers).tolist()
    for index in used:
        layer = document.layers[index]
        group = layer_group(drawing, check_text(layer.name), **_look(layer, encoding))
        group.attribs.update(PenAttributes.written(layer.pen))
        group.elements.append(Marker(index))
        drawing.add(group)

    def body(layer: int) -> Iterator[bytes]:
        strokes = store if len(used) == 1 else document.on_layer(layer)
        return stroke_blocks(strokes.coordinates, strokes.offsets, encoding)

    return spliced(drawing, body)


def write_svg(
    document: Document, write: Callable[[bytes], object], *, encoding: Encoding = "plain"
) -> None:
    for block in svg_blocks(document, encoding=encoding):
        write(block)


def _look(layer: Layer, encoding: Encoding) -> dict[str, str]:
    scale = COMPACT_UNIT if encoding == "compact" else 1.0
    look = {
        "stroke": check_colour(layer.pen.colour, "stroke"),
        "stroke_width": written_positive(layer.pen.width / scale, "width"),
    }
    if encoding == "compact":
        look["transform"] = f"scale({written(COMPACT_UNIT, 'scale')})"
    return look
