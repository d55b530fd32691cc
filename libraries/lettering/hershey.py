"""The Hershey fonts as read-only glyph tables, each parsed once in the life of a process.

The shapes were digitised by A. V. Hershey at the U.S. National Bureau of Standards; the package `hershey-fonts` carries them.
Its objects change state when a font is chosen, so only the plain tables leave this module.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from HersheyFonts import HersheyFonts
from numpy.typing import NDArray

from libraries.errors import UnknownName

DEFAULT_FONT = "futural"
# Every table begins at the space and is in the order of ASCII. What some hold beyond is not what Latin-1 says it is.
PRINTABLE = [chr(code) for code in range(32, 127)]


@dataclass(frozen=True)
class Glyph:
    """One character: its strokes, arrays of shape (n, 2) in font units with y down, and how far the pen moves on after it."""

    advance: float
    strokes: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class StrokeFont:
    """A font of strokes. Lines are heights in font units, y down: capitals stand on `base_line` and reach up to `cap_line`."""

    name: str
    cap_line: float
    base_line: float
    glyphs: MappingProxyType[str, Glyph] = field(repr=False)

    @property
    def cap_height(self) -> float:
        """Return the height of a capital letter in font units."""
        return self.base_line - self.cap_line

    @cached_property
    def missing_glyph(self) -> Glyph:
        """Return what stands for a character that the font does not have: an upright box as high as a capital."""
        left, right = 3.0, 3.0 + round(self.cap_height * 0.6)
        top, bottom = self.cap_line, self.base_line
        box = _frozen([(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)])
        return Glyph(right + 3.0, (box,))

    def __contains__(self, character: object) -> bool:
        """Tell whether the font can draw `character`."""
        return character in self.glyphs

    def glyph(self, character: str) -> Glyph:
        """Return the glyph of `character`, or the box that stands for a missing one."""
        return self.glyphs.get(character) or self.missing_glyph


class _Shelf:
    """The fonts of this process, filled as they are asked for."""

    lock = threading.Lock()
    names: tuple[str, ...] = ()
    fonts: dict[str, StrokeFont] = {}  # noqa: RUF012 - one shelf for the process, guarded by its lock


def font_names() -> tuple[str, ...]:
    """Return the names of the fonts in alphabetical order."""
    with _Shelf.lock:
        if not _Shelf.names:
            _Shelf.names = tuple(sorted(HersheyFonts().default_font_names))
        return _Shelf.names


def stroke_font(name: str = DEFAULT_FONT) -> StrokeFont:
    """Return the font called `name`; the first call for a name parses it (about 15 ms).

    Raises:
        UnknownName: there is no such font; the error lists those that exist.
    """
    if not isinstance(name, str) or name not in font_names():
        raise UnknownName("font", name, font_names(), field="font")
    with _Shelf.lock:
        if name not in _Shelf.fonts:
            _Shelf.fonts[name] = _parse(name)
        return _Shelf.fonts[name]


def _parse(name: str) -> StrokeFont:
    source = HersheyFonts()
    source.load_default_font(name)
    lines = source.render_options
    table = source.all_glyphs
    # A slot without strokes is a gap in the table, except for the space.
    drawn = {char: table[char] for char in PRINTABLE if char in table and (table[char].strokes or char == " ")}
    glyphs = {char: _glyph(entry) for char, entry in drawn.items()}
    return StrokeFont(name, float(lines["cap_line"]), float(lines["base_line"]), MappingProxyType(glyphs))


def _glyph(entry: Any) -> Glyph:
    strokes = tuple(_frozen(stroke) - (entry.left_offset, 0.0) for stroke in entry.strokes if len(stroke) > 1)
    for stroke in strokes:
        stroke.setflags(write=False)
    return Glyph(float(entry.char_width), strokes)


def _frozen(points: list[tuple[float, float]]) -> NDArray[np.float64]:
    array = np.array(points, dtype=np.float64)
    array.setflags(write=False)
    return array
