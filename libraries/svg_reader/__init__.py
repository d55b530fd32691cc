"""Reader of SVG from other programs, as strokes in millimetres."""

from libraries.svg_reader.encodings import max_svg_bytes
from libraries.svg_reader.head import HEAD_BYTES, Head, read_head
from libraries.svg_reader.options import ReadingOptions
from libraries.svg_reader.reading import Reading, read_svg

__all__ = [
    "HEAD_BYTES",
    "Head",
    "Reading",
    "ReadingOptions",
    "max_svg_bytes",
    "read_head",
    "read_svg",
]
