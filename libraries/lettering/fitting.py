"""Text fitted to a box: the largest letters that leave it all inside."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from libraries.errors import InvalidInput
from libraries.lettering.characters import check_text
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, stroke_font
from libraries.lettering.layout import (
    ALIGN_SHIFT,
    LINE_PITCH,
    MAX_LENGTH_MM,
    Align,
    TextBlock,
    check_layout,
    lay_out,
)
from libraries.lettering.strokes import Box
from libraries.lettering.wrapping import advance_of, widest_word


class TextDoesNotFit(InvalidInput):
    """Raised when a text does not fit into its box at a size that can be read."""

    code = "text-does-not-fit"


def fitted(
    text: str,
    box: Box,
    font: str | StrokeFont = DEFAULT_FONT,
    *,
    align: Align = "center",
    # A pen of 0.3 mm cannot write smaller letters that can be read.
    smallest: float = 1.5,
    largest: float = MAX_LENGTH_MM,
    line_spacing: float = LINE_PITCH,
) -> TextBlock:
    """Return `text` in the largest size whose ink stays inside `box`, wrapped between words, and centred in height.

    Words are not broken, and letters are not stretched.

    Args:
        text: what to write, at most 10,000 characters.
        box: the room in mm.
        font: a font or its name.
        align: which part of the lines stands at which part of the box: `left`, `center` or `right`.
        smallest: the least height of a capital letter in mm.
        largest: the greatest height of a capital letter in mm.
        line_spacing: from one base line to the next, in cap heights.

    Raises:
        TextDoesNotFit: it does not fit at the smallest size.
        BadText: `text` is too long or holds control characters or lone surrogates.
        InvalidInput: the box has no room, or a measure is not a number in its range.
        UnknownName: there is no such font.
    """
    text = check_text(text)
    face = stroke_font(font) if not isinstance(font, StrokeFont) else font
    check_layout(
        x=box.left,
        y=box.top,
        width=box.width,
        height=box.height,
        smallest=smallest,
        largest=largest,
    )
    widest = widest_word(text, face) / face.cap_height
    x = box.left + box.width * ALIGN_SHIFT[align if align in ALIGN_SHIFT else "left"]

    at = partial(lay_out, text, face, x=x, width=box.width, align=align, line_spacing=line_spacing)

    def fits(size: float) -> bool:
        if widest * size > box.width:
            return False
        block = at(cap_height=size)
        return block.width <= box.width and block.height <= box.height

    if smallest > largest or not fits(smallest):
        raise TextDoesNotFit(
            f"the text does not fit into {box.width:g} x {box.height:g} mm with capitals of {smallest:g} mm"
        )
    # Letters whose area is half as much again as that of the box are too large, but for texts of a
    # line or two.
    area = advance_of(text.replace("\n", " "), face) / face.cap_height * line_spacing
    crowded = 1.5 * math.sqrt(box.width * box.height / max(area, 1.0))
    size = _largest(fits, smallest, min(largest, max(box.height, smallest) * 2), crowded)
    return _centred(at(cap_height=size), box)


def _largest(fits: Callable[[float], bool], low: float, high: float, crowded: float) -> float:
    """Return about the largest size from `low` to `high` that fits; `crowded` is tried first."""
    if low < crowded < high and not fits(crowded):
        high = crowded
    # The size is found to this part of itself.
    while high - low > 0.002 * low:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _centred(block: TextBlock, box: Box) -> TextBlock:
    """Return the block with its ink in the middle of the height of the box, and inside its sides."""
    ink = block.box
    if ink is None:
        return block
    down = (box.top + box.bottom - ink.top - ink.bottom) / 2
    aside = max(box.left - ink.left, 0.0) + min(box.right - ink.right, 0.0)
    strokes = [np.add(stroke, (aside, down)) for stroke in block.strokes]
    return TextBlock(
        strokes, [line + down for line in block.baselines], block.missing_glyphs, block.lines
    )
