"""Texts as elements, at a given size or at the largest that fits the box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from marshmallow import ValidationError

from libraries.errors import InvalidInput
from libraries.fields import choice, flag, mm, number
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import ACROSS, DOWN, HorizontalAlign, VerticalPlace
from libraries.lettering import (
    DEFAULT_FONT,
    LINE_PITCH,
    TextBlock,
    check_text,
    font_names,
    is_blank,
    lay_out,
    stroke_font,
)
from libraries.lettering.wrapping import widest_word
from libraries.sheets.checks import checked_text
from libraries.sheets.elements.base import (
    ElementStrokes,
    OutlinedElement,
    Progress,
    element,
    kind,
)

# Smaller plotted letters are unreadable.
MIN_CAPITAL_MM = 0.8
# Tolerance for rounding errors.
ROUNDING_MM = 1e-6


def align_field() -> Any:
    text = "Horizontal position in its box, of each line for texts."
    return choice(text, HorizontalAlign, default="center", recorded=True)


def vertical_field() -> Any:
    text = "Vertical position in its box; texts by their capitals and base lines."
    return choice(text, VerticalPlace, default="middle", recorded=True)


def _check_words(value: str) -> None:
    if is_blank(check_text(value)):
        raise ValidationError("Must contain visible characters.")


@element
class TextElement(OutlinedElement):
    """A text in a box, in single strokes."""

    type: str = kind("text")
    text: str = checked_text(
        "Text; a line feed starts a new line.", 1, 2000, _check_words, example="Nocturne"
    )
    font: str = choice("Name of the font.", font_names(), default=DEFAULT_FONT, recorded=True)
    size: float | None = mm(
        "Height of capitals; by default the largest that fits the box",
        0.5,
        500,
        default=None,
    )
    align: HorizontalAlign = align_field()
    vertical: VerticalPlace = vertical_field()
    wrap: bool = flag(
        "Whether to wrap lines between words.",
        default=False,
        recorded=True,
    )
    line_spacing: float = number(
        "Distance between base lines, in heights of a capital.",
        0.5,
        10,
        default=LINE_PITCH,
        recorded=True,
    )
    letter_spacing: float = number(
        "Additional space between letters, in heights of a capital.",
        -0.3,
        5,
        default=0.0,
        recorded=True,
    )

    def sizes(self) -> Mapping[str, int]:
        return {"text": len(self.text)}

    def strokes(
        self, place: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        block = self.fit_text(place)
        return ElementStrokes.of_lines(block.strokes, missing_glyphs=block.missing_glyphs)

    def cost(self, place: Rectangle, *, thorough: bool) -> float:
        """Return the points of the letters, which do not depend on the size."""
        block = self._smallest(place) if self.size is None else self.fit_text(place)
        points = float(sum(map(len, block.strokes)))
        self.check_ink(points)
        return points

    def fit_text(self, place: Rectangle) -> TextBlock:
        """Return the text in its box, at its size or at the largest that fits.

        The vertical position is that of capitals and base lines, so that adjacent texts share a
        base line; the text is moved only if its ink would leave the box. Raises InvalidInput if it
        does not fit.
        """
        block = self._laid_out(place, self.size or self._largest_size(place))
        if not _fits(block, place):
            raise InvalidInput(
                _needs(block, place),
                field="text",
                hint="enlarge the box, or omit the size",
                code="text-does-not-fit",
            )
        return self._placed(block, place)

    def _largest_size(self, place: Rectangle) -> float:
        smallest = self._smallest(place)
        if self.wrap:
            return self._largest_wrapped(place)
        # Unwrapped lines scale with their letters.
        grown = min(
            place.width / max(smallest.width, ROUNDING_MM),
            place.height / max(smallest.height, ROUNDING_MM),
        )
        # Limits tiny texts, such as a full stop, in large boxes.
        limit = max(place.width, place.height) / MIN_CAPITAL_MM
        return MIN_CAPITAL_MM * max(1.0, min(grown, limit))

    def _smallest(self, place: Rectangle) -> TextBlock:
        block = self._laid_out(place, MIN_CAPITAL_MM)
        if not self._keeps_words(place, MIN_CAPITAL_MM) or not _fits(block, place):
            raise InvalidInput(
                f"{_needs(block, place)}, with capitals of {MIN_CAPITAL_MM:g} mm",
                field="text",
                hint="enlarge the box",
                code="text-does-not-fit",
            )
        return block

    def _largest_wrapped(self, place: Rectangle) -> float:
        """Find the largest size at which all lines fit without broken words, by bisection."""
        low, high = MIN_CAPITAL_MM, max(place.height, MIN_CAPITAL_MM)
        while high - low > 0.002 * low:
            middle = (low + high) / 2
            fits = self._keeps_words(place, middle) and _fits(self._laid_out(place, middle), place)
            low, high = (middle, high) if fits else (low, middle)
        return low

    def _keeps_words(self, place: Rectangle, size: float) -> bool:
        font = stroke_font(self.font)
        spacing = self.letter_spacing * font.cap_height
        wide = widest_word(self.text, font, letter_spacing=spacing) / font.cap_height
        return not self.wrap or wide * size <= place.width

    def _laid_out(self, place: Rectangle, size: float) -> TextBlock:
        return lay_out(
            self.text,
            self.font,
            cap_height=size,
            x=place.left + place.width * ACROSS[self.align],
            y=place.top,
            width=place.width if self.wrap else None,
            align=self.align,
            line_spacing=self.line_spacing,
            letter_spacing=self.letter_spacing * size,
        )

    def _placed(self, block: TextBlock, place: Rectangle) -> TextBlock:
        """Move a block from the top of its box to its vertical position."""
        ink = block.box
        if ink is None:
            return block
        down = DOWN[self.vertical] * (place.bottom - block.baselines[-1])
        down += max(place.top - ink.top - down, 0.0) + min(place.bottom - ink.bottom - down, 0.0)
        strokes = [np.add(stroke, (0.0, down)) for stroke in block.strokes]
        baselines = [line + down for line in block.baselines]
        return TextBlock(strokes, baselines, block.missing_glyphs, block.lines)


def _fits(block: TextBlock, place: Rectangle) -> bool:
    return block.width <= place.width + ROUNDING_MM and block.height <= place.height + ROUNDING_MM


def _needs(block: TextBlock, place: Rectangle) -> str:
    wide, tall = math.ceil(block.width * 10) / 10, math.ceil(block.height * 10) / 10
    has = f"{place.width:g} x {place.height:g} mm"
    return f"the text needs {wide:g} x {tall:g} mm, but its box has {has}"
