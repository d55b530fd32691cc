"""Letters that a pen can write: single-stroke fonts, and their layout in lines."""

from libraries.lettering.hershey import DEFAULT_FONT, Glyph, StrokeFont, font_names, stroke_font
from libraries.lettering.layout import LINE_PITCH, Box, Lettering, lay_out, wrap

__all__ = [
    "DEFAULT_FONT",
    "LINE_PITCH",
    "Box",
    "Glyph",
    "Lettering",
    "StrokeFont",
    "font_names",
    "lay_out",
    "stroke_font",
    "wrap",
]
