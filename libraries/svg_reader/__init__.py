"""Reader of SVG from other programs, as strokes in millimetres."""

from libraries.svg_reader.foreign_xml import MAX_SVG_BYTES
from libraries.svg_reader.head import HEAD_BYTES, Head, read_head
from libraries.svg_reader.options import ReadingOptions
from libraries.svg_reader.reading import Reading, read_svg

__all__ = [
    "HEAD_BYTES",
    "MAX_SVG_BYTES",
    "Head",
    "Reading",
    "ReadingOptions",
    "read_head",
    "read_svg",
]
