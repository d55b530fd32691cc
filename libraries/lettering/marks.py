"""Placement of accents on the ink of a letter; their shapes are in drawn.json."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from libraries.lettering.hershey import Face, Glyph
from libraries.lettering.strokes import (
    Strokes,
    box_around,
    broadened,
    circle,
    drawn,
    ink_between,
    leaned,
    moved,
    scaled,
    upside_down,
)

DRAWN: dict[str, Any] = json.loads(Path(__file__).with_name("drawn.json").read_text("utf-8"))
MARKS = MappingProxyType({mark: dict(shape) for mark, shape in DRAWN["marks"].items()})
# Ink within this distance of the base line is the foot of a letter.
FOOT = 1.5
# Letters whose cedilla is drawn as a comma.
COMMA_LETTERS = frozenset("gGkKlLnNrR")


@dataclass(frozen=True)
class Letter:
    """A letter in composition: its `body`, all `strokes`, and the bounds of the ink with marks."""

    base: str
    advance: float
    strokes: Strokes
    body: Strokes
    top: float
    bottom: float


def marked(face: Face, base: str, glyph: Glyph, marks: str) -> Glyph:
    """Return `glyph`, the letter `base`, with `marks`: combining characters in `MARKS`."""
    box = box_around(glyph.strokes)
    letter = Letter(base, glyph.advance, glyph.strokes, glyph.strokes, box.top, box.bottom)
    for mark in marks:
        letter = _with_mark(face, letter, mark)
    return Glyph(letter.advance, letter.strokes)


def dot(face: Face) -> Strokes:
    """Return the font's full stop with its middle at (0, 0)."""
    if "." not in face.glyphs:
        return (circle(0.0, 0.0, 1.0, 8),)
    return _about_zero(face.glyphs["."].strokes)


def comma(face: Face) -> Strokes:
    """Return the font's comma with its middle at (0, 0)."""
    return _about_zero(face.glyphs[","].strokes)


def _about_zero(strokes: Strokes) -> Strokes:
    box = box_around(strokes)
    return moved(strokes, -box.middle, -(box.top + box.bottom) / 2)


def _with_mark(face: Face, letter: Letter, mark: str) -> Letter:
    # These letters have an apostrophe instead of a caron.
    if mark == "\N{COMBINING CARON}" and letter.base in {"d", "t", "l", "L"}:
        return _caron_at_the_side(face, letter)
    if mark == "\N{COMBINING CEDILLA}" and letter.base in COMMA_LETTERS:
        comma = "TURNED COMMA ABOVE" if letter.base == "g" else "COMMA BELOW"
        mark = unicodedata.lookup(f"COMBINING {comma}")
    position = MARKS[mark]["position"]
    return _POSITIONS[position](face, letter, _shape(face, mark))


def _shape(face: Face, mark: str) -> Strokes:
    """Return the mark in the style of the font: its stops and commas, its breadth, its slant."""
    row = MARKS[mark]
    if "comma" in row:
        strokes = upside_down(comma(face)) if row["comma"] == "turned" else comma(face)
        box = box_around(strokes)
        # The edge next to the letter is at 0.
        return moved(strokes, y=-box.bottom if row["position"] == "above" else -box.top)
    strokes = tuple(point for x, y in row.get("dots", ()) for point in moved(dot(face), x, y))
    strokes += broadened(drawn(*row.get("strokes", ())), face.style.mark_breadth)
    return leaned(strokes, face.style.slant, 0.0)


def _above(face: Face, letter: Letter, shape: Strokes) -> Letter:
    body = box_around(letter.body)
    # Ink that begins this far above small letters belongs to an ascender or a capital.
    tall = body.top < face.x_line - 3.0
    if tall:
        shape = scaled(shape, 1.0, 0.88)
    elif face.style.connected:
        # Connected letters are narrow, with links at their feet: marks are narrower and centred on
        # the upper half.
        shape = scaled(shape, 0.78, 1.0)
    # The part of the letter, from its top, that the mark is centred on.
    crown = 0.3 if tall else 0.5 if face.style.connected else 1.0
    # Descenders do not count.
    foot = min(body.bottom, face.base_line)
    left, right = ink_between(letter.body, body.top, body.top + (foot - body.top) * crown)
    # Less above capitals, whose marks are also flatter, so that lines do not meet.
    gap = 1.4 if letter.top < body.top else 2.0 if tall else 2.6
    level = letter.top - gap
    lift = body.top + (foot - body.top) * crown / 2 - level
    return _joined(letter, moved(shape, (left + right) / 2 + face.style.slant * lift, level))


def _below(face: Face, letter: Letter, shape: Strokes) -> Letter:
    body = box_around(letter.body)
    head = max(letter.bottom, face.base_line) + 2.2
    left, right = ink_between(letter.body, face.x_line, face.base_line)
    middle = (body.top + body.bottom) / 2
    if body.bottom > face.base_line:
        middle = (face.x_line + face.base_line) / 2
    x = (left + right) / 2 - face.style.slant * (head - middle)
    return _joined(letter, moved(shape, x, head))


def _at_the_foot(face: Face, letter: Letter, shape: Strokes) -> Letter:
    left, right = ink_between(letter.body, face.base_line - FOOT, face.base_line + FOOT)
    return _joined(letter, moved(shape, (left + right) / 2, face.base_line))


def _at_the_right_foot(face: Face, letter: Letter, shape: Strokes) -> Letter:
    _, right = ink_between(letter.body, face.base_line - FOOT, face.base_line + FOOT)
    return _joined(letter, moved(shape, right, face.base_line))


def _as_horn(face: Face, letter: Letter, shape: Strokes) -> Letter:
    body = box_around(letter.body)
    _, right = ink_between(letter.body, body.top, body.top + body.height / 3)
    joined = _joined(letter, moved(shape, right, body.top + body.height / 6))
    return replace(joined, top=letter.top, bottom=letter.bottom)


_POSITIONS = MappingProxyType(
    {
        "above": _above,
        "below": _below,
        "foot": _at_the_foot,
        "right foot": _at_the_right_foot,
        "horn": _as_horn,
    }
)


def _caron_at_the_side(face: Face, letter: Letter) -> Letter:
    """Return the letter with an apostrophe next to its ascender, and a wider advance."""
    box = box_around(letter.body)
    shape = comma(face)
    size = box_around(shape)
    _, right = ink_between(letter.body, box.top, box.top + size.height + 1)
    side_gap = 2.0
    shape = moved(shape, right + side_gap - size.left, box.top - size.top)
    advance = max(letter.advance, box_around(shape).right + side_gap)
    return replace(_joined(letter, shape), advance=advance)


def _joined(letter: Letter, shape: Strokes) -> Letter:
    box = box_around(shape)
    top, bottom = min(letter.top, box.top), max(letter.bottom, box.bottom)
    return replace(letter, strokes=letter.strokes + shape, top=top, bottom=bottom)
