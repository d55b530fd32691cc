"""Lines of text as pen strokes in millimetres."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.lettering.hershey import StrokeFont

Align = Literal["left", "center", "right"]
VerticalAlign = Literal["top", "middle", "baseline"]
ALIGN_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}
VERTICAL_PLACES = ("top", "middle", "baseline")
TAB = "    "
# From one base line to the next, in heights of a capital letter.
LINE_PITCH = 1.65


class Box(NamedTuple):
    """An upright rectangle in mm, y down."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Return the width in mm."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return the height in mm."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Lettering:
    """Written text: one array of shape (n, 2) in mm for each pen stroke, and the characters that the font does not have."""

    strokes: list[NDArray[np.float64]]
    missing: list[str]

    @property
    def box(self) -> Box | None:
        """Return the smallest box around the ink, or None without ink."""
        return _box_around(self.strokes) if self.strokes else None


def lay_out(
    text: str,
    font: StrokeFont,
    *,
    x: float,
    y: float,
    scale: float,
    align: Align = "center",
    vertical: VerticalAlign = "middle",
) -> Lettering:
    """Return `text` written at (`x`, `y`) with `scale` mm to a font unit; a line feed begins a new line.

    `align` says which part of each line's ink stands at `x`. `vertical` says what stands at `y`: the top of the first line's
    capitals, the middle between there and the last base line, or the first line's base line.
    """
    pitch = font.cap_height * LINE_PITCH
    strokes: list[NDArray[np.float64]] = []
    missing: dict[str, None] = {}
    lines = text.split("\n")
    tall = font.cap_height + pitch * (len(lines) - 1)
    up = {"top": font.cap_line, "middle": font.cap_line + tall / 2, "baseline": font.base_line}[vertical]
    for number, line in enumerate(lines):
        written, unknown = _write_line(line, font)
        missing.update(dict.fromkeys(unknown))
        if written:
            ink = _box_around(written)
            origin = np.array([ink.left + ink.width * ALIGN_SHIFT[align], up - number * pitch])
            strokes.extend(np.add((stroke - origin) * scale, (x, y)) for stroke in written)
    return Lettering(strokes, list(missing))


def wrap(text: str, font: StrokeFont, width: float) -> list[str]:
    """Return `text` broken into lines no wider than `width` font units; line feeds in it are kept.

    Lines break at spaces; a word that is wider than a line is broken where it must be.
    """
    return [line for paragraph in text.split("\n") for line in _wrap_paragraph(paragraph, font, width)]


def advance_of(text: str, font: StrokeFont) -> float:
    """Return how far the pen moves to the right over the line `text`, in font units."""
    return sum(font.glyph(character).advance for character in _characters(text))


def is_blank(text: str) -> bool:
    """Tell whether `text` has nothing to draw: only spaces and marks without ink of their own."""
    return all(character == " " for character in _characters(text))


def _wrap_paragraph(paragraph: str, font: StrokeFont, width: float) -> Iterable[str]:
    line = ""
    for word in _pieces(paragraph.split(), font, width):
        longer = f"{line} {word}" if line else word
        if line and advance_of(longer, font) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def _pieces(words: list[str], font: StrokeFont, width: float) -> Iterable[str]:
    for word in words:
        piece, used = "", 0.0
        for character in _characters(word):
            advance = font.glyph(character).advance
            if piece and used + advance > width:
                yield piece
                piece, used = "", 0.0
            piece, used = piece + character, used + advance
        yield piece


def _write_line(line: str, font: StrokeFont) -> tuple[list[NDArray[np.float64]], list[str]]:
    strokes: list[NDArray[np.float64]] = []
    missing: list[str] = []
    pen = 0.0
    for character in _characters(line):
        glyph = font.glyph(character)
        strokes.extend(np.add(stroke, (pen, 0.0)) for stroke in glyph.strokes)
        pen += glyph.advance
        if character not in font:
            missing.append(character)
    return strokes, missing


def _characters(line: str) -> Iterable[str]:
    """Return what there is to draw: accents joined to their letters, any white space as a plain space, no invisible marks."""
    for character in unicodedata.normalize("NFC", line.replace("\t", TAB)):
        if character.isspace():
            yield " "
        # Joiners and variation selectors shape their neighbours and have no ink of their own.
        elif unicodedata.category(character) != "Cf" and not "\ufe00" <= character <= "\ufe0f":
            yield character


def _box_around(strokes: list[NDArray[np.float64]]) -> Box:
    points = np.concatenate(strokes)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))
