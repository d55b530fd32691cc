"""The texts of a composition: as large as they are asked for, or as their box allows, and never beyond it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import ACROSS
from libraries.lettering import TextBlock, TextDoesNotFit, lay_out, stroke_font
from libraries.lettering.wrapping import widest_word

# A pen cannot write smaller letters that can be read.
SMALLEST_CAPITAL = 0.8
# The size is found to this part of itself.
CLOSE_ENOUGH = 0.002
# Ink may leave its box by as much as rounding does.
ROUNDING = 1e-6
DOWN = {"top": 0.0, "middle": 0.5, "bottom": 1.0}

Element = Mapping[str, Any]


def inscribed(element: Element, box: Rectangle) -> TextBlock:
    """Return the text of an element in its box, at its size or at the largest that fits.

    From top to bottom it is placed by its capitals and base lines, so that texts side by side stand on one line; only where its
    ink would leave the box it is moved on.

    Args:
        element: loaded by `TextElementSchema`.
        box: its place in mm.

    Raises:
        TextDoesNotFit: it is larger than the box, or would have to be too small to be read.
    """
    block = _laid_out(element, box, element["size"] or _largest(element, box))
    if not _fits(block, box):
        raise TextDoesNotFit(
            _needs(block, box), field="text", hint="make the box larger, or leave the size out"
        )
    return _placed(block, element, box)


def check_inscription(element: Element, box: Rectangle) -> float:
    """Return about how many points the text of an element has; see `inscribed` for what is refused."""
    fitted = element["size"] is None and element["wrap"]
    block = _smallest(element, box) if fitted else inscribed(element, box)
    return float(sum(map(len, block.strokes)))


def _largest(element: Element, box: Rectangle) -> float:
    smallest = _smallest(element, box)
    if element["wrap"]:
        return _largest_wrapped(element, box)
    # Lines that are not broken grow as their letters do.
    grown = min(
        box.width / max(smallest.width, ROUNDING), box.height / max(smallest.height, ROUNDING)
    )
    # A stop in a large box would be larger than every plotter.
    return SMALLEST_CAPITAL * max(1.0, min(grown, max(box.width, box.height) / SMALLEST_CAPITAL))


def _smallest(element: Element, box: Rectangle) -> TextBlock:
    block = _laid_out(element, box, SMALLEST_CAPITAL)
    if not _whole_at(element, box, SMALLEST_CAPITAL) or not _fits(block, box):
        raise TextDoesNotFit(
            f"{_needs(block, box)}, with capitals of {SMALLEST_CAPITAL:g} mm",
            field="text",
            hint="make the box larger",
        )
    return block


def _largest_wrapped(element: Element, box: Rectangle) -> float:
    """Return the largest size at which no word is broken and all lines are inside, found by halving."""
    low, high = SMALLEST_CAPITAL, max(box.height, SMALLEST_CAPITAL)
    while high - low > CLOSE_ENOUGH * low:
        middle = (low + high) / 2
        fits = _whole_at(element, box, middle) and _fits(_laid_out(element, box, middle), box)
        low, high = (middle, high) if fits else (low, middle)
    return low


def _whole_at(element: Element, box: Rectangle, size: float) -> bool:
    """Tell whether no word has to be broken at this size."""
    font = stroke_font(element["font"])
    wide = (
        widest_word(
            element["text"], font, letter_spacing=element["letter_spacing"] * font.cap_height
        )
        / font.cap_height
    )
    return not element["wrap"] or wide * size <= box.width


def _fits(block: TextBlock, box: Rectangle) -> bool:
    return block.width <= box.width + ROUNDING and block.height <= box.height + ROUNDING


def _needs(block: TextBlock, box: Rectangle) -> str:
    wide, tall = math.ceil(block.width * 10) / 10, math.ceil(block.height * 10) / 10
    return (
        f"the text needs {wide:g} x {tall:g} mm, and its box has {box.width:g} x {box.height:g} mm"
    )


def _laid_out(element: Element, box: Rectangle, size: float) -> TextBlock:
    return lay_out(
        element["text"],
        element["font"],
        cap_height=size,
        x=box.left + box.width * ACROSS[element["align"]],
        y=box.top,
        width=box.width if element["wrap"] else None,
        align=element["align"],
        line_spacing=element["line_spacing"],
        letter_spacing=element["letter_spacing"] * size,
    )


def _placed(block: TextBlock, element: Element, box: Rectangle) -> TextBlock:
    """Return a block, laid out from the top of its box on, moved to where it stands."""
    ink = block.box
    if ink is None:
        return block
    share = DOWN[element["vertical"]]
    down = share * (box.bottom - block.baselines[-1])
    down += max(box.top - ink.top - down, 0.0) + min(box.bottom - ink.bottom - down, 0.0)
    strokes = [np.add(stroke, (0.0, down)) for stroke in block.strokes]
    return TextBlock(
        strokes, [line + down for line in block.baselines], block.missing_glyphs, block.lines
    )
