"""The one door to svgwrite: SVG for plotters, in millimetres, from input that nobody has to trust."""

from libraries.lettering import BadText, check_text
from libraries.svg_builder.attributes import BadAttribute, BadColour
from libraries.svg_builder.builder import SVGBuilder, UnbalancedGroups
from libraries.svg_builder.numbers import BadNumber
from libraries.svg_builder.path_data import BadPathData

__all__ = ["BadAttribute", "BadColour", "BadNumber", "BadPathData", "BadText", "SVGBuilder", "UnbalancedGroups", "check_text"]
