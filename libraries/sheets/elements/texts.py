"""Texts as elements, at a given size or at the largest that fits the box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from libraries.errors import InvalidInput
from libraries.fields import choice, flag, mm, number
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import ACROSS, DOWN, HorizontalAlign, VerticalPosition
from libraries.lettering import (
    DEFAULT_FONT,
    LINE_PITCH,
    TextBlock,
    check_visible,
    font_names,
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
    return choice(text, VerticalPosition, default="middle", recorded=True)


@element
class TextElement(OutlinedElement):
    """A text in a box, in single strokes."""

    type: str = kind("text")
    text: str = checked_text(
        "Text; a line feed starts a new line.", 1, 2000, check_visible, example="Nocturne"
    )
    font: str = choice("Name of the font.", font_names(), default=DEFAULT_FONT, recorded=True)
    size: float | None = mm(
        "Height of capitals; by default the largest that fits the box",
        0.5,
        500,
        default=None,
    )
    align: HorizontalAlign = align_field()
    vertical: VerticalPosition = vertical_field()
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
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        block = self.fit_text(frame)
        return ElementStrokes.of_lines(block.strokes, missing_glyphs=block.missing_glyphs)

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        """Return the points of the letters, which do not depend on the size."""
        block = self._smallest(frame) if self.size is None else self.fit_text(frame)
        points = float(sum(map(len, block.strokes)))
        self.check_ink(points)
        return points

    def fit_text(self, frame: Rectangle) -> TextBlock:
        """Return the text in its box, at its size or at the largest that fits.

        The vertical position is that of capitals and base lines, so that adjacent texts share a
        base line; the text is moved only if its ink would leave the box. Raises InvalidInput if it
        does not fit.
        """
        block = self._laid_out(frame, self.size or self._largest_size(frame))
        if not _fits(block, frame):
            raise InvalidInput(
                _needs(block, frame),
                field="text",
                hint="enlarge the box, or omit the size",
                code="text-does-not-fit",
            )
        return self._placed(block, frame)

    def _largest_size(self, frame: Rectangle) -> float:
        smallest = self._smallest(frame)
        if self.wrap:
            return self._largest_wrapped(frame)
        # Unwrapped lines scale with their letters.
        grown = min(
            frame.width / max(smallest.width, ROUNDING_MM),
            frame.height / max(smallest.height, ROUNDING_MM),
        )
        # Limits tiny texts, such as a full stop, in large boxes.
        limit = max(frame.width, frame.height) / MIN_CAPITAL_MM
        return MIN_CAPITAL_MM * max(1.0, min(grown, limit))

    def _smallest(self, frame: Rectangle) -> TextBlock:
        block = self._laid_out(frame, MIN_CAPITAL_MM)
        if not self._keeps_words(frame, MIN_CAPITAL_MM) or not _fits(block, frame):
            raise InvalidInput(
                f"{_needs(block, frame)}, with capitals of {MIN_CAPITAL_MM:g} mm",
                field="text",
                hint="enlarge the box",
                code="text-does-not-fit",
            )
        return block

    def _largest_wrapped(self, frame: Rectangle) -> float:
        """Find the largest size at which all lines fit without broken words, by bisection."""
        low, high = MIN_CAPITAL_MM, max(frame.height, MIN_CAPITAL_MM)
        while high - low > 0.002 * low:
            middle = (low + high) / 2
            fits = self._keeps_words(frame, middle) and _fits(self._laid_out(frame, middle), frame)
            low, high = (middle, high) if fits else (low, middle)
        return low

    def _keeps_words(self, frame: Rectangle, size: float) -> bool:
        font = stroke_font(self.font)
        spacing = self.letter_spacing * font.cap_height
        wide = widest_word(self.text, font, letter_spacing=spacing) / font.cap_height
        return not self.wrap or wide * size <= frame.width

    def _laid_out(self, frame: Rectangle, size: float) -> TextBlock:
        return lay_out(
            self.text,
            self.font,
            cap_height=size,
            x=frame.left + frame.width * ACROSS[self.align],
            y=frame.top,
            width=frame.width if self.wrap else None,
            align=self.align,
            line_spacing=self.line_spacing,
            letter_spacing=self.letter_spacing * size,
        )

    def _placed(self, block: TextBlock, frame: Rectangle) -> TextBlock:
        """Move a block from the top of its box to its vertical position."""
        ink = block.box
        if ink is None:
            return block
        down = DOWN[self.vertical] * (frame.bottom - block.baselines[-1])
        down += max(frame.top - ink.top - down, 0.0) + min(frame.bottom - ink.bottom - down, 0.0)
        strokes = [np.add(stroke, (0.0, down)) for stroke in block.strokes]
        baselines = [line + down for line in block.baselines]
        return TextBlock(strokes, baselines, block.missing_glyphs, block.lines)


def _fits(block: TextBlock, frame: Rectangle) -> bool:
    return block.width <= frame.width + ROUNDING_MM and block.height <= frame.height + ROUNDING_MM


def _needs(block: TextBlock, frame: Rectangle) -> str:
    wide, tall = math.ceil(block.width * 10) / 10, math.ceil(block.height * 10) / 10
    has = f"{frame.width:g} x {frame.height:g} mm"
    return f"the text needs {wide:g} x {tall:g} mm, but its box has {has}"
