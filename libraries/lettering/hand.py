"""Building blocks for composed glyphs: upright letters of a font, and pens with its breadths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from libraries.lettering.hershey import Face, Glyph
from libraries.lettering.strokes import (
    Box,
    Strokes,
    box_around,
    broadened,
    drawn,
    ink_between,
    leaned,
    moved,
)


@dataclass(frozen=True)
class Part:
    """Upright strokes and their advance width."""

    strokes: Strokes
    advance: float

    @property
    def box(self) -> Box:
        return box_around(self.strokes)

    def between(self, top: float, bottom: float) -> tuple[float, float]:
        """Return the minimum and maximum x of the ink between the heights `top` and `bottom`."""
        return ink_between(self.strokes, top, bottom)

    def moved(self, x: float = 0.0, y: float = 0.0) -> Strokes:
        return moved(self.strokes, x, y)


class Hand:
    """Draws in the style of a face: upright, slanted at the end by `finished`."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.cap, self.base, self.small = face.cap_line, face.base_line, face.x_line

    @property
    def middle(self) -> float:
        """Return the height halfway up a small letter."""
        return (self.small + self.base) / 2

    def letter(self, character: str) -> Part:
        """Return a character of the font, upright."""
        glyph = self.face.glyphs[character]
        return Part(leaned(glyph.strokes, -self.face.style.slant, self.base), glyph.advance)

    def pen(self, *lines: Sequence[tuple[float, float]]) -> Strokes:
        """Return lines with the breadth of the stems."""
        return broadened(drawn(*lines), self.face.style.breadth)

    def hairline(self, *lines: Sequence[tuple[float, float]]) -> Strokes:
        """Return lines with the breadth of the thin strokes."""
        return broadened(drawn(*lines), self.face.style.hairline)

    def fine_pen(self, *lines: Sequence[tuple[float, float]]) -> Strokes:
        """Return lines with the breadth of the marks."""
        return broadened(drawn(*lines), self.face.style.mark_breadth)

    def finished(self, strokes: Strokes, advance: float) -> Glyph:
        """Return the glyph, slanted like the font."""
        return Glyph(advance, leaned(strokes, self.face.style.slant, self.base))


Form = Callable[[Hand], Glyph]
