"""Reader of SVG from other programs, as strokes in millimetres."""

from libraries.svg_reader.foreign_xml import MAX_SVG_BYTES
from libraries.svg_reader.reader import Reading, read_svg

__all__ = ["MAX_SVG_BYTES", "Reading", "read_svg"]
