"""The hand that draws what a font lacks: upright letters of the font to take apart, and a pen as broad as its stems."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


class Part:
    """Strokes stood upright, with how far the pen moves on after them."""

    def __init__(self, strokes: Strokes, advance: float) -> None:
        """Keep what is given."""
        self.strokes = strokes
        self.advance = advance

    @property
    def box(self) -> Box:
        """Return the box around the ink."""
        return box_around(self.strokes)

    def between(self, top: float, bottom: float) -> tuple[float, float]:
        """Return the leftmost and rightmost ink from the height `top` to `bottom`."""
        return ink_between(self.strokes, top, bottom)

    def moved(self, x: float = 0.0, y: float = 0.0) -> Strokes:
        """Return the strokes shifted by (`x`, `y`)."""
        return moved(self.strokes, x, y)


class Hand:
    """Draws in the manner of a face.

    Everything is drawn upright and leaned as the font leans at the end.
    """

    def __init__(self, face: Face) -> None:
        """Draw in the manner of `face`."""
        self.face = face
        self.cap, self.base, self.small = face.cap_line, face.base_line, face.x_line

    @property
    def middle(self) -> float:
        """Return the height half way up a small letter."""
        return (self.small + self.base) / 2

    def letter(self, character: str) -> Part:
        """Return a character of the font's own table, upright."""
        glyph = self.face.glyphs[character]
        return Part(leaned(glyph.strokes, -self.face.style.slant, self.base), glyph.advance)

    def pen(self, *lines: Sequence[tuple[float, float]]) -> Strokes:
        """Return lines, each a list of points, as broad as the stems of the font."""
        return broadened(drawn(*lines), self.face.style.breadth)

    def hairline(self, *lines: Sequence[tuple[float, float]]) -> Strokes:
        """Return lines as broad as the thin strokes of the font."""
        return broadened(drawn(*lines), self.face.style.hairline)

    def fine_pen(self, *lines: Sequence[tuple[float, float]]) -> Strokes:
        """Return lines as broad as the marks of the font."""
        return broadened(drawn(*lines), self.face.style.mark_breadth)

    def finished(self, strokes: Strokes, advance: float) -> Glyph:
        """Return the glyph, leaned as the font leans."""
        return Glyph(advance, leaned(strokes, self.face.style.slant, self.base))


Form = Callable[[Hand], Glyph]
