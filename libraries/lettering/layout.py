"""Text as pen strokes in millimetres: lines, alignment, justification and spacing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.lettering.characters import characters, check_text
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, stroke_font
from libraries.lettering.hershey import Glyph
from libraries.lettering.strokes import Box, Stroke, box_around
from libraries.lettering.wrapping import wrap

Align = Literal["left", "center", "right"]
VerticalAlign = Literal["top", "middle", "baseline"]
ALIGN_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}
VERTICAL_PLACES = get_args(VerticalAlign)
# From one base line to the next, in heights of a capital letter.
LINE_PITCH = 1.65
# Lengths that make sense on paper, in mm, and how far letters may be moved apart or together, in
# cap heights.
MIN_LENGTH_MM, MAX_LENGTH_MM, MAX_PLACE_MM = 0.01, 10_000.0, 100_000.0


@dataclass(frozen=True)
class TextBlock:
    """Written text.

    Attributes:
        strokes: one array of shape (n, 2) in mm, y down, for each time the pen goes down.
        baselines: the y of each line's base line in mm, from the first line to the last.
        missing_glyphs: the characters that the font does not have, drawn as boxes, each once, in
            the order of their appearance.
        lines: the text of each line.
        overflow: what had no room: the end of a text that is longer than its path.
    """

    strokes: list[Stroke]
    baselines: list[float]
    missing_glyphs: list[str]
    lines: list[str]
    overflow: str = ""

    @property
    def box(self) -> Box | None:
        """Return the smallest box around the ink in mm, or None without ink."""
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
    """A line of glyphs with the place of each, in font units: what layout moves about before it draws."""

    written: list[str]
    glyphs: list[Glyph]
    pens: NDArray[np.float64]

    def ink(self) -> tuple[float, float]:
        """Return where the ink of the line begins and ends; 0 and 0 without ink."""
        if not any(glyph.strokes for glyph in self.glyphs):
            return 0.0, 0.0
        edges = np.array([glyph.ink for glyph in self.glyphs])
        return float((edges[:, 0] + self.pens).min()), float((edges[:, 1] + self.pens).max())


def set_line(text: str, font: StrokeFont, letter_spacing: float = 0.0) -> SetLine:
    """Return the line `text` with its glyphs side by side, kerned, and `letter_spacing` font units between them."""
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
        text: what to write, at most 10,000 characters.
        font: a font or its name.
        cap_height: the height of a capital letter in mm.
        x: where `align` puts the lines, in mm.
        y: where `vertical` puts the block, in mm.
        width: lines that are wider are broken, in mm; without it only line feeds break them.
        align: which part of each line's ink stands at `x`: its `left` end, its `center` or its
            `right` end.
        vertical: what stands at `y`: the `top` of the first line's capitals, the `middle` between
            there and the last base line, or the first line's `baseline`.
        justify: whether spaces are widened until lines fill `width`; the last line of a paragraph,
            and lines whose spaces would become gaps, stay as they are.
        letter_spacing: added between letters, in mm.
        line_spacing: from one base line to the next, in cap heights.

    Raises:
        BadText: `text` is too long or holds control characters or lone surrogates.
        InvalidInput: a measure is not a number in its range, or an alignment is unknown.
        UnknownName: there is no such font.
    """
    text = check_text(text)
    face = font if isinstance(font, StrokeFont) else stroke_font(font)
    check_layout(
        cap_height=cap_height,
        x=x,
        y=y,
        width=width,
        letter_spacing=letter_spacing,
        line_spacing=line_spacing,
    )
    check_places(align, vertical)
    scale = cap_height / face.cap_height
    measure = width / scale if width else None
    lines, rows = _rows(text, face, measure, letter_spacing / scale, justify=justify)
    for row in rows:
        left, right = row.ink()
        row.pens -= left + (right - left) * ALIGN_SHIFT[align]
    levels = _levels(len(rows), face, line_spacing, vertical)
    return TextBlock(
        _drawn(rows, levels, scale, (x, y)),
        ((levels + face.base_line) * scale + y).tolist(),
        missing_from((character for row in rows for character in row.written), face),
        lines,
    )


def _rows(
    text: str, face: StrokeFont, measure: float | None, spacing: float, *, justify: bool
) -> tuple[list[str], list[SetLine]]:
    """Return the lines of `text`, broken where they are wider than `measure`, and their glyphs."""
    broken = [
        wrap(part, face, measure, letter_spacing=spacing) if measure else [part]
        for part in text.split("\n")
    ]
    lines = [line for paragraph in broken for line in paragraph]
    rows = [set_line(line, face, spacing) for line in lines]
    if justify and measure is not None:
        last = set((np.cumsum([len(paragraph) for paragraph in broken]) - 1).tolist())
        _justify([row for number, row in enumerate(rows) if number not in last], measure, face)
    return lines, rows


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
    """Refuse measures that make no layout, by their names in `lay_out`; None is no measure.

    Raises:
        InvalidInput: a measure is not a finite number in its range.
    """
    height = measures.get("cap_height")
    for name, value in measures.items():
        if value is None:
            continue
        low, high = _range_of(name, height if _is_number(height) else 1.0)
        if not _is_number(value) or not low <= value <= high:
            raise InvalidInput(
                f"{name} must be a number from {low:g} to {high:g}", code="bad-layout", field=name
            )


def check_places(align: str, vertical: str) -> None:
    """Refuse an alignment that is not one.

    Raises:
        InvalidInput: it is not one.
    """
    if align not in ALIGN_SHIFT:
        raise InvalidInput(
            f"align must be one of {', '.join(ALIGN_SHIFT)}", code="bad-layout", field="align"
        )
    if vertical not in VERTICAL_PLACES:
        raise InvalidInput(
            f"vertical must be one of {', '.join(VERTICAL_PLACES)}",
            code="bad-layout",
            field="vertical",
        )


def missing_from(written: object, font: StrokeFont) -> list[str]:
    """Return the characters of the iterable `written` that `font` cannot draw, each once, in their order."""
    return [character for character in dict.fromkeys(written) if character not in font]  # type: ignore[call-overload]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _range_of(name: str, cap_height: float | None) -> tuple[float, float]:
    if name in {"x", "y", "offset"}:
        return -MAX_PLACE_MM, MAX_PLACE_MM
    if name == "line_spacing":
        return (0.1, 20.0)
    if name == "letter_spacing":
        return -0.5 * float(cap_height or 1.0), 20.0 * float(cap_height or 1.0)
    return MIN_LENGTH_MM, MAX_LENGTH_MM


def _justify(rows: Sequence[SetLine], measure: float, font: StrokeFont) -> None:
    # A justified line whose spaces would grow wider than four of the font's is left ragged.
    widest = font.glyph(" ").advance * 3.0
    for row in rows:
        spaces = np.array([character == " " for character in row.written])
        left, right = row.ink()
        if spaces.any():
            more = (measure - (right - left)) / spaces.sum()
            if 0 < more <= widest:
                row.pens += np.cumsum(spaces) * more


def _drawn(
    rows: Sequence[SetLine], levels: NDArray[np.float64], scale: float, place: tuple[float, float]
) -> list[Stroke]:
    """Return the strokes of all rows, moved by their pens and levels, in one pass over their points."""
    glyphs = [glyph for row in rows for glyph in row.glyphs]
    if not any(glyph.strokes for glyph in glyphs):
        return []
    counts = [len(glyph.points) for glyph in glyphs]
    points = np.concatenate([glyph.points for glyph in glyphs])
    points[:, 0] += np.repeat(np.concatenate([row.pens for row in rows]), counts)
    points[:, 1] += np.repeat(np.repeat(levels, [len(row.glyphs) for row in rows]), counts)
    points *= scale
    points += place
    return in_strokes(points, glyphs)


def in_strokes(points: Stroke, glyphs: Sequence[Glyph]) -> list[Stroke]:
    """Return `points`, all those of `glyphs` one after the other, cut into their strokes."""
    ends = np.cumsum([length for glyph in glyphs for length in glyph.lengths]).tolist()
    return [points[start:end] for start, end in pairwise([0, *ends])]
