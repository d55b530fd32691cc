"""Composition of characters missing from a font: accented letters, special letters, signs."""

from __future__ import annotations

import unicodedata

from libraries.lettering.hand import Hand
from libraries.lettering.hershey import Face, Glyph
from libraries.lettering.letters import LETTERS, dotless
from libraries.lettering.marks import MARKS, marked
from libraries.lettering.signs import SIGNS


def compose(face: Face, cluster: str) -> Glyph | None:
    """Return `cluster`, a character with combining marks, as a glyph; None if not supported.

    A letter is decomposed into its base and its marks (Unicode's canonical decomposition), and each
    mark is placed by the measured ink of the base. Special letters and signs have separate forms.
    """
    if cluster in SIGNS:
        return SIGNS[cluster](Hand(face))
    base, *marks = list(unicodedata.normalize("NFD", cluster))
    if not all(mark in MARKS for mark in marks):
        return None
    glyph = _base(face, base)
    if glyph is None or not marks:
        return glyph
    if not glyph.strokes or (base not in face.glyphs and base not in LETTERS):
        return None
    if base in {"i", "j"} and any(MARKS[mark]["position"] == "above" for mark in marks):
        glyph = Glyph(glyph.advance, dotless(glyph.strokes, face.x_line))
    return marked(face, base, glyph, "".join(marks))


def _base(face: Face, base: str) -> Glyph | None:
    if base in face.glyphs:
        return face.glyphs[base]
    return LETTERS[base](Hand(face)) if base in LETTERS else None
