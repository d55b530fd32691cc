"""SVG for plotters in millimetres; the only package that imports svgwrite."""

from libraries.svg_builder.builder import SVGBuilder
from libraries.svg_builder.coordinates import Encoding
from libraries.svg_builder.hatching import Hatching, hatch_lines
from libraries.svg_builder.writer import svg_blocks, write_svg

__all__ = [
    "Encoding",
    "Hatching",
    "SVGBuilder",
    "hatch_lines",
    "svg_blocks",
    "write_svg",
]
