"""Text in the largest size that fits a box."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from libraries.errors import InvalidInput
from libraries.lettering.characters import check_text
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, as_font
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


def fitted(
    text: str,
    box: Box,
    font: str | StrokeFont = DEFAULT_FONT,
    *,
    align: Align = "center",
    smallest: float = 1.5,
    largest: float = MAX_LENGTH_MM,
    line_spacing: float = LINE_PITCH,
) -> TextBlock:
    """Return `text` in the largest size that fits `box`, wrapped at spaces, vertically centred.

    Args:
        text: at most 10,000 characters.
        box: in mm.
        font: a font or its name.
        align: `left`, `center` or `right`.
        smallest: minimum cap height in mm; a pen of 0.3 mm needs 1.5.
        largest: maximum cap height in mm.
        line_spacing: distance between base lines, in cap heights.

    Raises:
        InvalidInput: the text does not fit at the smallest size (`text-does-not-fit`) or is
            invalid, or a number is out of range.
        UnknownName: unknown font.
    """
    text = check_text(text)
    face = as_font(font)
    check_layout(x=box.left, y=box.top, width=box.width, height=box.height)
    check_layout(smallest=smallest, largest=largest)
    widest = widest_word(text, face) / face.cap_height
    x = box.left + box.width * ALIGN_SHIFT[align if align in ALIGN_SHIFT else "left"]
    at = partial(lay_out, text, face, x=x, width=box.width, align=align, line_spacing=line_spacing)

    def fits(size: float) -> bool:
        return widest * size <= box.width and _is_inside(at(cap_height=size), box)

    if smallest > largest or not fits(smallest):
        raise InvalidInput(
            f"the text does not fit into {box.width:g} x {box.height:g} mm with capitals of {smallest:g} mm",
            code="text-does-not-fit",
        )
    crowded = _crowded(text, face, box, line_spacing)
    size = _largest(fits, smallest, min(largest, max(box.height, smallest) * 2), crowded)
    return _centred(at(cap_height=size), box)


def _is_inside(block: TextBlock, box: Box) -> bool:
    return block.width <= box.width and block.height <= box.height


def _crowded(text: str, face: StrokeFont, box: Box, line_spacing: float) -> float:
    """Return the size at which the text takes 1.5 times the area of the box.

    It is too large, except for texts of one or two lines.
    """
    area = advance_of(text.replace("\n", " "), face) / face.cap_height * line_spacing
    return 1.5 * math.sqrt(box.width * box.height / max(area, 1.0))


def _largest(fits: Callable[[float], bool], low: float, high: float, crowded: float) -> float:
    """Return the largest size from `low` to `high` that fits, to 0.2 %; try `crowded` first."""
    if low < crowded < high and not fits(crowded):
        high = crowded
    while high - low > 0.002 * low:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _centred(block: TextBlock, box: Box) -> TextBlock:
    """Return the block with its ink vertically centred in the box and between its sides."""
    ink = block.box
    if ink is None:
        return block
    down = (box.top + box.bottom - ink.top - ink.bottom) / 2
    aside = max(box.left - ink.left, 0.0) + min(box.right - ink.right, 0.0)
    strokes = [np.add(stroke, (aside, down)) for stroke in block.strokes]
    return replace(block, strokes=strokes, baselines=[line + down for line in block.baselines])
