"""The streaming writer: a geometry store as an SVG document, block by block, for any sink."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from libraries.errors import UnknownName
from libraries.geometry.document import Document, Layer
from libraries.lettering import check_text
from libraries.svg_builder.coordinates import COMPACT_UNIT, ENCODINGS, Encoding, stroke_blocks
from libraries.svg_builder.skeleton import Marker, Metadata, as_json, layer_group, page, spliced
from libraries.svg_syntax.attributes import check_colour
from libraries.svg_syntax.numbers import written, written_positive


def svg_blocks(document: Document, *, encoding: Encoding = "plain") -> Iterator[bytes]:
    """Return `document` as SVG in blocks of some hundred kilobytes.

    Width and height are in mm, the viewBox too. Every layer with strokes is a group that Inkscape
    and plotter programs take for a layer, with the colour and the width of its pen. Every stroke is
    a path. `metadata` is written as JSON. The same document gives the same bytes. All that can be
    refused is refused before the first block.

    Args:
        document: what to write.
        encoding: `plain` is absolute, in mm with three decimals at most. `compact` is about 40 % of
            that: steps relative to each other in hundredths of a mm, in layers that are scaled to
            mm.

    Raises:
        UnknownName: there is no such encoding.
        InvalidInput: the colour of a pen is none.
        InvalidInput: the title or the name of a layer holds what no document can carry.
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
        group = layer_group(
            drawing,
            check_text(document.layers[index].name),
            **_look(document.layers[index], encoding),
        )
        group.elements.append(Marker(index))
        drawing.add(group)
    return spliced(drawing, _bodies(document, len(used) == 1, encoding))


def write_svg(
    document: Document, write: Callable[[bytes], object], *, encoding: Encoding = "plain"
) -> None:
    """Write `document` as SVG by calling `write` with one block after the other; see `svg_blocks`.

    Raises:
        UnknownName, InvalidInput: see `svg_blocks`; nothing has been written then.
    """
    for block in svg_blocks(document, encoding=encoding):
        write(block)


def _bodies(
    document: Document, alone: bool, encoding: Encoding
) -> Callable[[int], Iterable[bytes]]:
    def body(layer: int) -> Iterator[bytes]:
        store = document.store if alone else document.on_layer(layer)
        return stroke_blocks(store.coordinates, store.offsets, encoding)

    return body


def _look(layer: Layer, encoding: Encoding) -> dict[str, str]:
    scale = COMPACT_UNIT if encoding == "compact" else 1.0
    look = {
        "stroke": check_colour(layer.pen.colour, "stroke"),
        "stroke_width": written_positive(layer.pen.width / scale, "width"),
    }
    return (
        look
        if encoding == "plain"
        else {**look, "transform": f"scale({written(COMPACT_UNIT, 'scale')})"}
    )
