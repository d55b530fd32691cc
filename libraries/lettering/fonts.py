"""Stroke fonts with composed glyphs and kerning, cached in the process."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType

from libraries.errors import UnknownName
from libraries.lettering.composition import compose
from libraries.lettering.hershey import STYLES, Face, Glyph, Style, parsed
from libraries.lettering.kerning import Measure, Sides, kern, measure_of, sides_of
from libraries.lettering.strokes import drawn

DEFAULT_FONT = "futural"
KERNED_SIGNS = frozenset(".,'’‘“”\"-–")  # noqa: RUF001
# More pairs than any language has; the cache is cleared if random text exceeds it.
MAX_PAIRS = 20_000


class StrokeFont:
    """A font of strokes. `base_line` and `cap_line` are the y of capitals in font units, y down."""

    def __init__(self, face: Face) -> None:
        self.style: Style = face.style
        self.name = face.style.name
        self.cap_line, self.base_line = face.cap_line, face.base_line
        self.cap_height = face.cap_height
        self._face = face
        self._glyphs = dict(face.glyphs)
        self._profiles: dict[str, Sides] = {}
        self._kerns: dict[tuple[str, str], float] = {}

    @cached_property
    def missing_glyph(self) -> Glyph:
        """Return a box as high as a capital, for characters that the font does not support."""
        left, right = 3.0, 3.0 + round(self.cap_height * 0.6)
        top, bottom = self.cap_line, self.base_line
        box = [(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)]
        return Glyph(right + 3.0, drawn(box))

    def __contains__(self, character: object) -> bool:
        """Return whether the font supports `character`, which may include combining marks."""
        return isinstance(character, str) and self._find(character) is not None

    def glyph(self, character: str) -> Glyph:
        """Return the glyph of `character`, composed if necessary, or `missing_glyph`."""
        return self._find(character) or self.missing_glyph

    def kerning(self, first: str, second: str) -> float:
        """Return the kerning of a pair in font units: 0 or negative."""
        pair = (first, second)
        known = self._kerns.get(pair)
        if known is None:
            if len(self._kerns) >= MAX_PAIRS:
                self._kerns.clear()
                self._profiles.clear()
            known = self._kerns[pair] = self._kern(first, second)
        return known

    def _kern(self, first: str, second: str) -> float:
        if self.style.connected or not (self._is_kerned(first) and self._is_kerned(second)):
            return 0.0
        return kern(self._sides(first), self._sides(second), self._measure, self.cap_height)

    @cached_property
    def _measure(self) -> Measure:
        return measure_of(self._sides("H"), self._sides("o"))

    def _is_kerned(self, character: str) -> bool:
        return (character in KERNED_SIGNS or character[0].isalpha()) and character in self

    def _sides(self, character: str) -> Sides:
        sides = self._profiles.get(character)
        if sides is None:
            glyph = self.glyph(character)
            sides = self._profiles[character] = sides_of(glyph.strokes, glyph.advance)
        return sides

    def _find(self, character: str) -> Glyph | None:
        found = self._glyphs.get(character)
        if found is None and character:
            found = self._make(character)
            if found is not None:
                self._glyphs[character] = found
        return found

    def _make(self, character: str) -> Glyph | None:
        """Compose a character from the font's strokes, or from those of its kin."""
        if self.style.script == "latin":
            return compose(self._whole_face, character)
        # Greek and Cyrillic letters occupy the Latin slots, so a composed é would be another
        # letter.
        if self.style.kin is None or character.isascii() or character[0].isalpha():
            return None
        return compose(parsed(self.style.kin), character)

    @cached_property
    def _whole_face(self) -> Face:
        """Return the face with the signs of its kin instead of planets, clouds and notes."""
        if self.style.kin is None:
            return self._face
        letters = {name: glyph for name, glyph in self._face.glyphs.items() if name.isalpha()}
        glyphs = {**parsed(self.style.kin).glyphs, **letters}
        return replace(self._face, glyphs=MappingProxyType(glyphs))


_fonts: dict[str, StrokeFont] = {}
_lock = threading.Lock()


def font_names() -> tuple[str, ...]:
    return tuple(sorted(STYLES))


def catalogue() -> MappingProxyType[str, Style]:
    """Return the styles of all fonts by name, the fastest to draw first."""
    return STYLES


def stroke_font(name: str = DEFAULT_FONT) -> StrokeFont:
    """Return the font called `name`; the first call for a name parses it (about 15 ms).

    Raises:
        UnknownName: unknown font; the error lists the known ones.
    """
    if not isinstance(name, str) or name not in STYLES:
        raise UnknownName("font", name, font_names(), field="font")
    with _lock:
        if name not in _fonts:
            _fonts[name] = StrokeFont(parsed(name))
        return _fonts[name]


def as_font(font: str | StrokeFont) -> StrokeFont:
    return font if isinstance(font, StrokeFont) else stroke_font(font)
