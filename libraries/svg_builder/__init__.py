"""The one door to svgwrite: SVG for plotters, in millimetres, from input that nobody has to trust."""

from libraries.lettering import BadText, check_text
from libraries.svg_builder.attributes import BadAttribute, BadColour
from libraries.svg_builder.builder import SVGBuilder, UnbalancedGroups
from libraries.svg_builder.coordinates import ENCODINGS, Encoding
from libraries.svg_builder.curves import FLATNESS, MOST_VERTICES, TooManyVertices
from libraries.svg_builder.foreign_xml import LARGEST_SVG, BadSVG
from libraries.svg_builder.hatching import BadHatching, Hatching, hatch_lines
from libraries.svg_builder.numbers import BadNumber
from libraries.svg_builder.path_data import BadPathData
from libraries.svg_builder.reader import Reading, read_svg
from libraries.svg_builder.writer import svg_blocks, write_svg

__all__ = [
    "ENCODINGS",
    "FLATNESS",
    "LARGEST_SVG",
    "MOST_VERTICES",
    "BadAttribute",
    "BadColour",
    "BadHatching",
    "BadNumber",
    "BadPathData",
    "BadSVG",
    "BadText",
    "Encoding",
    "Hatching",
    "Reading",
    "SVGBuilder",
    "TooManyVertices",
    "UnbalancedGroups",
    "check_text",
    "hatch_lines",
    "read_svg",
    "svg_blocks",
    "write_svg",
]
