"""The Hershey fonts as read-only glyph tables.

The shapes were digitised by A. V. Hershey at the U.S. National Bureau of Standards; the package
`hershey-fonts` carries them. Its objects change state when a font is chosen, so only the plain
tables leave this module. What the tables do not say about a font stands in fonts.json: its kind,
its script, how far it leans and how broad its stems are.
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
    """One character: its strokes, arrays of shape (n, 2) in font units with y down, and how far the pen moves on after it."""

    advance: float
    strokes: Strokes

    @cached_property
    def points(self) -> Stroke:
        """Return the points of all strokes one after the other, shape (n, 2)."""
        return np.concatenate(self.strokes) if self.strokes else np.empty((0, 2))

    @cached_property
    def lengths(self) -> list[int]:
        """Return how many points each stroke has."""
        return [len(stroke) for stroke in self.strokes]

    @cached_property
    def ink(self) -> tuple[float, float]:
        """Return where the ink begins and ends; a glyph without ink begins at infinity and ends before everything."""
        across = self.points[:, 0]
        return (float(across.min()), float(across.max())) if len(across) else (math.inf, -math.inf)


@dataclass(frozen=True)
class Style:
    """What fonts.json says about a font.

    Attributes:
        name: what the font is called in requests.
        title: a few words about how it looks.
        kind: `single-stroke`, `double-stroke`, `triple-stroke`, `blackletter` or `symbols`.
        script: what its letters are: `latin`, `greek`, `cyrillic`, `kana` or `none`.
        breadth: how broad its stems are, in font units; 0 where a stem is one stroke.
        hairline: how broad its thin strokes are, in font units.
        slant: by how much it leans to the right for each unit of height.
        connected: whether its letters join, so that kerning would tear them apart.
        kin: the font that lends what this one does not have.
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
        """Return how broad marks are, in font units: thin, but in bold fonts half as broad as stems."""
        # Stems of this breadth make a bold font.
        bold = 1.5
        return max(self.hairline, self.breadth / 2 if self.breadth >= bold else 0.0)


@dataclass(frozen=True)
class Face:
    """A table of glyphs with its style. Lines are heights in font units, y down.

    Capitals stand on `base_line` and reach up to `cap_line`.
    """

    style: Style
    cap_line: float
    base_line: float
    glyphs: MappingProxyType[str, Glyph] = field(repr=False)

    @property
    def cap_height(self) -> float:
        """Return the height of a capital letter in font units."""
        return self.base_line - self.cap_line

    @cached_property
    def x_line(self) -> float:
        """Return how high a small letter without ascender reaches."""
        return box_around(self.glyphs["x"].strokes).top


STYLES = MappingProxyType(
    {
        row["name"]: Style(**row)
        for row in json.loads(Path(__file__).with_name("fonts.json").read_text("utf-8"))["fonts"]
    }
)


@cache
def parsed(name: str) -> Face:
    """Return the face called `name`, parsed from the package's table (about 15 ms, once in the life of a process)."""
    source = HersheyFonts()
    source.load_default_font(name)
    lines = source.render_options
    table = source.all_glyphs
    # A slot without strokes is a gap in the table, except for the space.
    # Every table begins at the space and is in the order of ASCII. What some hold beyond is not what
    # Latin-1 says it is.
    held = {
        char: table[char]
        for char in [chr(code) for code in range(32, 127)]
        if char in table and (table[char].strokes or char == " ")
    }
    glyphs = {char: _glyph(entry) for char, entry in held.items()}
    style, base_line = STYLES[name], float(lines["base_line"])
    if style.script in {"latin", "greek", "cyrillic"} and style.kind != "symbols":
        glyphs |= _mended(glyphs, base_line)
    return Face(style, float(lines["cap_line"]), base_line, MappingProxyType(glyphs))


def _glyph(entry: Any) -> Glyph:
    strokes = tuple(
        read_only(np.subtract(stroke, (entry.left_offset, 0.0)))
        for stroke in entry.strokes
        if len(stroke) > 1
    )
    if entry.char_width > 0 or not strokes:
        return Glyph(float(entry.char_width), strokes)
    # Some slots have lost their width.
    box = box_around(strokes)
    # The room beside the ink of a glyph whose table has lost it.
    side = 2.0
    return Glyph(box.width + 2 * side, moved(strokes, side - box.left))


def _mended(glyphs: dict[str, Glyph], base_line: float) -> dict[str, Glyph]:
    """Return the stops, set down on the base line, and the hyphen, cut to the length of a hyphen."""
    drop = base_line - box_around(glyphs["."].strokes).bottom
    # Full stops of some tables float above the base line; they and what is made like them are set down
    # on it.
    stops = {
        char: Glyph(glyphs[char].advance, moved(glyphs[char].strokes, y=drop)) for char in ".,:;"
    }
    minus = glyphs["-"]
    box = box_around(minus.strokes)
    # The hyphen of every table is as long as its minus. In text it is cut to this part of its
    # length, about its middle.
    length = box.width * 0.5
    bearing = box.left
    hyphen = drawn([(bearing, box.top), (bearing + length, box.top)])
    return stops | {"-": Glyph(2 * bearing + length, hyphen), "\u2212": minus}
