"""Text as pen strokes in mm: lines, alignment, justification and spacing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.lettering.characters import characters, check_text
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, as_font
from libraries.lettering.hershey import Glyph
from libraries.lettering.strokes import Box, Stroke, box_around
from libraries.lettering.wrapping import wrap

Align = Literal["left", "center", "right"]
VerticalAlign = Literal["top", "middle", "baseline"]
ALIGN_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}
VERTICAL_ALIGNMENTS = get_args(VerticalAlign)
# Distance between base lines, in cap heights.
LINE_PITCH = 1.65
MIN_LENGTH_MM, MAX_LENGTH_MM, MAX_DISTANCE_MM = 0.01, 10_000.0, 100_000.0


@dataclass(frozen=True)
class TextBlock:
    """Text as strokes.

    Attributes:
        strokes: arrays of shape (n, 2) in mm, y down.
        baselines: the y of the base line of each line in mm.
        missing_glyphs: distinct characters that the font does not support, drawn as boxes.
        lines: the text of each line.
        overflow: the end of a text that is longer than its path.
    """

    strokes: list[Stroke]
    baselines: list[float]
    missing_glyphs: list[str]
    lines: list[str]
    overflow: str = ""

    @cached_property
    def box(self) -> Box | None:
        """Return the bounds of the ink in mm, or None without ink."""
        return box_around(self.strokes) if self.strokes else None

    @property
    def width(self) -> float:
        """Return the width of the ink in mm, 0 without ink."""
        return self.box.width if self.box else 0.0

    @property
    def height(self) -> float:
        """Return the height of the ink in mm, 0 without ink."""
        return self.box.height if self.box else 0.0


@dataclass
class SetLine:
    """A line of glyphs, with the x of each in `pens`, in font units."""

    written: list[str]
    glyphs: list[Glyph]
    pens: NDArray[np.float64]

    def ink(self) -> tuple[float, float]:
        """Return the minimum and maximum x of the ink; (0, 0) without ink."""
        if not any(glyph.strokes for glyph in self.glyphs):
            return 0.0, 0.0
        edges = np.array([glyph.ink for glyph in self.glyphs])
        return float((edges[:, 0] + self.pens).min()), float((edges[:, 1] + self.pens).max())


def set_line(text: str, font: StrokeFont, letter_spacing: float = 0.0) -> SetLine:
    """Return the kerned glyphs of a line, with `letter_spacing` font units between them."""
    written = characters(text)
    glyphs = [font.glyph(character) for character in written]
    steps = [glyph.advance + letter_spacing for glyph in glyphs[:-1]]
    kerns = [font.kerning(first, second) for first, second in pairwise(written)]
    pens = np.zeros(len(glyphs))
    if steps:
        np.cumsum(np.add(steps, kerns), out=pens[1:])
    return SetLine(written, glyphs, pens)


def lay_out(
    text: str,
    font: str | StrokeFont = DEFAULT_FONT,
    *,
    cap_height: float,
    x: float = 0.0,
    y: float = 0.0,
    width: float | None = None,
    align: Align = "left",
    vertical: VerticalAlign = "top",
    justify: bool = False,
    letter_spacing: float = 0.0,
    line_spacing: float = LINE_PITCH,
) -> TextBlock:
    """Return `text` written at (`x`, `y`); a line feed begins a new line, a tab is four spaces.

    Args:
        text: at most 10,000 characters.
        font: a font or its name.
        cap_height: height of a capital letter in mm.
        x: horizontal anchor in mm.
        y: vertical anchor in mm.
        width: maximum line width in mm; None for no wrapping.
        align: part of each line's ink at `x`: `left`, `center` or `right`.
        vertical: part of the block at `y`: `top` of the capitals, `middle` or `baseline`.
        justify: widen spaces to fill `width`, except in last lines or if gaps would be too wide.
        letter_spacing: additional distance between letters in mm.
        line_spacing: distance between base lines, in cap heights.

    Raises:
        InvalidInput: invalid text, a number out of range, or an unknown alignment.
        UnknownName: unknown font.
    """
    text = check_text(text)
    face = as_font(font)
    check_layout(cap_height=cap_height, x=x, y=y, width=width)
    check_layout(cap_height=cap_height, letter_spacing=letter_spacing, line_spacing=line_spacing)
    check_alignment(align, vertical)
    scale = cap_height / face.cap_height
    measure = width / scale if width else None
    lines, rows = _rows(text, face, measure, letter_spacing / scale, justify=justify)
    _align(rows, align)
    levels = _levels(len(rows), face, line_spacing, vertical)
    strokes = _drawn(rows, levels, scale, (x, y))
    missing = missing_from((character for row in rows for character in row.written), face)
    return TextBlock(strokes, ((levels + face.base_line) * scale + y).tolist(), missing, lines)


def _rows(
    text: str, face: StrokeFont, measure: float | None, spacing: float, *, justify: bool
) -> tuple[list[str], list[SetLine]]:
    """Return the lines of `text`, wrapped at `measure` font units, and their glyphs."""
    broken = [
        wrap(part, face, measure, letter_spacing=spacing) if measure else [part]
        for part in text.split("\n")
    ]
    lines = [line for paragraph in broken for line in paragraph]
    rows = [set_line(line, face, spacing) for line in lines]
    if justify and measure is not None:
        ends = set(np.cumsum([len(paragraph) for paragraph in broken]).tolist())
        _justify([row for number, row in enumerate(rows, 1) if number not in ends], measure, face)
    return lines, rows


def _align(rows: Sequence[SetLine], align: Align) -> None:
    """Move the pens of each line so that the `align` part of its ink is at 0."""
    for row in rows:
        left, right = row.ink()
        row.pens -= left + (right - left) * ALIGN_SHIFT[align]


def _levels(
    count: int, face: StrokeFont, line_spacing: float, vertical: VerticalAlign
) -> NDArray[np.float64]:
    """Return the heights of `count` lines in font units, with `vertical` at 0."""
    pitch = face.cap_height * line_spacing
    tall = face.cap_height + pitch * (count - 1)
    up = {"top": face.cap_line, "middle": face.cap_line + tall / 2, "baseline": face.base_line}[
        vertical
    ]
    return np.arange(count, dtype=np.float64) * pitch - up


def check_layout(**measures: float | None) -> None:
    """Raise `InvalidInput` for arguments of `lay_out` that are not finite numbers in range."""
    height = measures.get("cap_height")
    for name, value in measures.items():
        if value is None:
            continue
        low, high = _range_of(name, height if _is_number(height) else 1.0)
        if not _is_number(value) or not low <= value <= high:
            raise InvalidInput(
                f"{name} must be a number from {low:g} to {high:g}", code="bad-layout", field=name
            )


def check_alignment(align: str, vertical: str) -> None:
    """Raise `InvalidInput` for an unknown alignment."""
    for name, value, known in (
        ("align", align, tuple(ALIGN_SHIFT)),
        ("vertical", vertical, VERTICAL_ALIGNMENTS),
    ):
        if value not in known:
            text = f"{name} must be one of {', '.join(known)}"
            raise InvalidInput(text, code="bad-layout", field=name)


def missing_from(written: Iterable[str], font: StrokeFont) -> list[str]:
    """Return the distinct characters that `font` does not support, in order of appearance."""
    return [character for character in dict.fromkeys(written) if character not in font]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _range_of(name: str, cap_height: float | None) -> tuple[float, float]:
    if name in {"x", "y", "offset"}:
        return -MAX_DISTANCE_MM, MAX_DISTANCE_MM
    if name == "line_spacing":
        return (0.1, 20.0)
    if name == "letter_spacing":
        return -0.5 * float(cap_height or 1.0), 20.0 * float(cap_height or 1.0)
    return MIN_LENGTH_MM, MAX_LENGTH_MM


def _justify(rows: Sequence[SetLine], measure: float, font: StrokeFont) -> None:
    # A line stays ragged if its spaces would be wider than four normal ones.
    widest = font.glyph(" ").advance * 3.0
    for row in rows:
        spaces = np.array([character == " " for character in row.written])
        left, right = row.ink()
        if spaces.any():
            more = (measure - (right - left)) / spaces.sum()
            if 0 < more <= widest:
                row.pens += np.cumsum(spaces) * more


def _drawn(
    rows: Sequence[SetLine], levels: NDArray[np.float64], scale: float, origin: tuple[float, float]
) -> list[Stroke]:
    """Return the strokes of all rows, moved by their pens and levels, in one vectorized pass."""
    glyphs = [glyph for row in rows for glyph in row.glyphs]
    if not any(glyph.strokes for glyph in glyphs):
        return []
    counts = [len(glyph.points) for glyph in glyphs]
    points = np.concatenate([glyph.points for glyph in glyphs])
    points[:, 0] += np.repeat(np.concatenate([row.pens for row in rows]), counts)
    points[:, 1] += np.repeat(np.repeat(levels, [len(row.glyphs) for row in rows]), counts)
    points *= scale
    points += origin
    return in_strokes(points, glyphs)


def in_strokes(points: Stroke, glyphs: Sequence[Glyph]) -> list[Stroke]:
    """Split the concatenated `points` of `glyphs` into strokes."""
    ends = np.cumsum([length for glyph in glyphs for length in glyph.lengths]).tolist()
    return [points[start:end] for start, end in pairwise([0, *ends])]
