"""Foreign SVG as a document of strokes in millimetres."""

from libraries.svg_reader.foreign_xml import LARGEST_SVG
from libraries.svg_reader.reader import Reading, read_svg

__all__ = ["LARGEST_SVG", "Reading", "read_svg"]
