"""SVG whose layer names control an AxiDraw."""

from __future__ import annotations

import math
from collections.abc import Iterator

from libraries.characters import plain_name
from libraries.exporting.catalogue import export
from libraries.fields import Params, flag
from libraries.geometry.document import Document
from libraries.svg_builder import svg_blocks
from libraries.svg_syntax.layer_codes import LayerCodes


@export(media_type="image/svg+xml", suffix=".svg", version=2)
class SvgAxidraw(Params):
    """Write layer names that the software of an AxiDraw or NextDraw obeys.

    A number gives the order, `!` pauses before a layer, and `+S`, `+H` and `+D` set the speed, the
    height and the delay, for pens that have them.
    """

    pause: bool = flag("Whether the plotter pauses before each pen but the first.", default=True)

    def write(self, document: Document) -> Iterator[bytes]:
        layers = [layer for layer, _ in document.drawn_layers()]
        codes = [LayerCodes.of(layer.name) for layer in layers]
        orders = [one.order for one in codes]
        # Numbers that ascend are those of the drawing; others are parts of names.
        known = [one for one in orders if one < math.inf]
        is_numbered = orders[: len(known)] == sorted(set(known)) and bool(known)
        labels = []
        for number, (layer, code) in enumerate(zip(layers, codes, strict=True), 1):
            title = code.title if code.is_coded or is_numbered else layer.name
            # Names cannot contain the characters `%`, `!` and `+`, which are commands.
            name = plain_name(title, "A-Za-z0-9 _.-", 40)
            place = number
            if is_numbered:
                place = int(known[min(number, len(known)) - 1]) + max(number - len(known), 0)
            pause = self.pause and number > 1
            labels.append(LayerCodes.written(layer.pen, place, name, pause=pause))
        return svg_blocks(document.relabelled(labels))
