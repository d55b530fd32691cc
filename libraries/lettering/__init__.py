"""Stroke fonts with European accents, and text layout in lines, on paths and in boxes."""

from libraries.lettering.characters import MAX_TEXT_CHARS, check_text, check_visible, is_blank
from libraries.lettering.fitting import fitted
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, catalogue, font_names, stroke_font
from libraries.lettering.hershey import Glyph, Style
from libraries.lettering.layout import (
    ALIGN_SHIFT,
    LINE_PITCH,
    VERTICAL_ALIGNMENTS,
    Align,
    TextBlock,
    VerticalAlign,
    lay_out,
)
from libraries.lettering.paths import along_path
from libraries.lettering.strokes import Box
from libraries.lettering.wrapping import advance_of, wrap

__all__ = [
    "ALIGN_SHIFT",
    "DEFAULT_FONT",
    "LINE_PITCH",
    "MAX_TEXT_CHARS",
    "VERTICAL_ALIGNMENTS",
    "Align",
    "Box",
    "Glyph",
    "StrokeFont",
    "Style",
    "TextBlock",
    "VerticalAlign",
    "advance_of",
    "along_path",
    "catalogue",
    "check_text",
    "check_visible",
    "fitted",
    "font_names",
    "is_blank",
    "lay_out",
    "stroke_font",
    "wrap",
]
