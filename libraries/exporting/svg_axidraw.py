"""SVG whose layer names control an AxiDraw."""

from __future__ import annotations

from collections.abc import Iterator

from libraries.characters import plain_name
from libraries.exporting.catalogue import export
from libraries.fields import Params, flag
from libraries.geometry.document import Document, Layer
from libraries.svg_builder import svg_blocks
from libraries.svg_syntax.layer_codes import LayerCodes


@export(media_type="image/svg+xml", suffix=".svg")
class SvgAxidraw(Params):
    """Write layer names that the software of an AxiDraw or NextDraw obeys.

    A number gives the order, `!` pauses before a layer, and `+S` sets the speed in percent, for pens
    that have one.
    """

    pause: bool = flag("Whether the plotter pauses before each pen but the first.", default=True)

    def write(self, document: Document) -> Iterator[bytes]:
        layers = [layer for layer, _ in document.drawn_layers()]
        labels = [self._label(number, layer) for number, layer in enumerate(layers, 1)]
        return svg_blocks(document.relabelled(labels))

    def _label(self, number: int, layer: Layer) -> str:
        codes = LayerCodes.of(layer.name)
        # Names cannot contain the characters `%`, `!` and `+`, which are commands.
        name = plain_name(codes.title if codes.settings else layer.name, "A-Za-z0-9 _.-", 40)
        pause = "!" if self.pause and number > 1 else ""
        return f"{pause}{number}{_speed(layer)} {name}".strip()


def _speed(layer: Layer) -> str:
    """Return the command for the speed of the pen, if it has one."""
    if layer.pen.speed is None:
        return ""
    percent = round(layer.pen.speed / LayerCodes.SPEED)
    return f"+S{max(1, min(percent, 100))}"
