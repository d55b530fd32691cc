"""The Hershey fonts as read-only glyph tables.

The shapes were digitised by A. V. Hershey at the U.S. National Bureau of Standards and come from
the package `hershey-fonts`. Its objects change state when a font is selected, so this module only
exposes plain tables. fonts.json contains further properties of each font: kind, script, slant and
stem breadth.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from HersheyFonts import HersheyFonts

from libraries.lettering.strokes import Stroke, Strokes, box_around, drawn, moved, read_only


@dataclass(frozen=True)
class Glyph:
    """One character: its advance width, and its strokes of shape (n, 2) in font units, y down."""

    advance: float
    strokes: Strokes

    @cached_property
    def points(self) -> Stroke:
        """Return the points of all strokes, concatenated."""
        return np.concatenate(self.strokes) if self.strokes else np.empty((0, 2))

    @cached_property
    def lengths(self) -> list[int]:
        return [len(stroke) for stroke in self.strokes]

    @cached_property
    def ink(self) -> tuple[float, float]:
        """Return the minimum and maximum x of the ink; (inf, -inf) without ink."""
        across = self.points[:, 0]
        return (float(across.min()), float(across.max())) if len(across) else (math.inf, -math.inf)


@dataclass(frozen=True)
class Style:
    """Properties of a font from fonts.json.

    Attributes:
        name: name in requests.
        title: short description.
        kind: `single-stroke`, `double-stroke`, `triple-stroke`, `blackletter` or `symbols`.
        script: `latin`, `greek`, `cyrillic`, `kana` or `none`.
        breadth: breadth of the stems in font units; 0 if a stem is one stroke.
        hairline: breadth of the thin strokes in font units.
        slant: shift to the right per unit of height.
        connected: letters join, so that kerning would separate them.
        kin: font that provides the signs missing from this one.
    """

    name: str
    title: str
    kind: str
    script: str = "latin"
    breadth: float = 0.0
    hairline: float = 0.0
    slant: float = 0.0
    connected: bool = False
    kin: str | None = None

    @property
    def mark_breadth(self) -> float:
        """Return the breadth of marks in font units: thin, but half of the stems in bold fonts."""
        is_bold = self.breadth >= 1.5  # noqa: PLR2004
        return max(self.hairline, self.breadth / 2 if is_bold else 0.0)


@dataclass(frozen=True)
class Face:
    """A table of glyphs with its style; capitals are between `base_line` and `cap_line`, y down."""

    style: Style
    cap_line: float
    base_line: float
    glyphs: MappingProxyType[str, Glyph] = field(repr=False)

    @property
    def cap_height(self) -> float:
        return self.base_line - self.cap_line

    @cached_property
    def x_line(self) -> float:
        """Return the y of the top of a small letter without ascender."""
        return box_around(self.glyphs["x"].strokes).top


_rows = json.loads(Path(__file__).with_name("fonts.json").read_text("utf-8"))["fonts"]
STYLES = MappingProxyType({row["name"]: Style(**row) for row in _rows})


@cache
def parsed(name: str) -> Face:
    """Return the face called `name`, parsed from the package's table (about 15 ms, cached)."""
    source = HersheyFonts()
    source.load_default_font(name)
    lines = source.render_options
    table = source.all_glyphs
    # A slot without strokes is a gap in the table, except for the space. Slots beyond ASCII do not
    # correspond to Latin-1.
    glyphs = {
        char: _glyph(table[char])
        for char in map(chr, range(32, 127))
        if char in table and (table[char].strokes or char == " ")
    }
    style, base_line = STYLES[name], float(lines["base_line"])
    if style.script in {"latin", "greek", "cyrillic"} and style.kind != "symbols":
        glyphs |= _corrected(glyphs, base_line)
    return Face(style, float(lines["cap_line"]), base_line, MappingProxyType(glyphs))


def _glyph(entry: Any) -> Glyph:
    strokes = tuple(
        read_only(np.subtract(stroke, (entry.left_offset, 0.0)))
        for stroke in entry.strokes
        if len(stroke) > 1
    )
    if entry.char_width > 0 or not strokes:
        return Glyph(float(entry.char_width), strokes)
    # Some tables lack the width of a glyph.
    box = box_around(strokes)
    side_bearing = 2.0
    return Glyph(box.width + 2 * side_bearing, moved(strokes, side_bearing - box.left))


def _corrected(glyphs: dict[str, Glyph], base_line: float) -> dict[str, Glyph]:
    """Return the stops, moved to the base line, and the hyphen, shortened from a minus."""
    # In some tables, full stops float above the base line, and so do similar signs.
    drop = base_line - box_around(glyphs["."].strokes).bottom
    stops = {
        char: Glyph(glyphs[char].advance, moved(glyphs[char].strokes, y=drop)) for char in ".,:;"
    }
    minus = glyphs["-"]
    box = box_around(minus.strokes)
    length = box.width * 0.5
    bearing = box.left
    hyphen = drawn([(bearing, box.top), (bearing + length, box.top)])
    return stops | {"-": Glyph(2 * bearing + length, hyphen), "\u2212": minus}
