"""Stroke fonts: every glyph that can be had, each made once in the life of a process."""

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
# More pairs than any language has; beyond it somebody is feeding noise, and the table begins anew.
MAX_PAIRS = 20_000


class StrokeFont:
    """A font of strokes. Lines are heights in font units, y down: capitals stand on `base_line` and reach up to `cap_line`."""

    def __init__(self, face: Face) -> None:
        """Draw with the glyphs of `face`, and with what can be composed of them."""
        self.style: Style = face.style
        self.name = face.style.name
        self.cap_line, self.base_line, self.cap_height = (
            face.cap_line,
            face.base_line,
            face.cap_height,
        )
        self._face = face
        self._glyphs = dict(face.glyphs)
        self._profiles: dict[str, Sides] = {}
        self._kerns: dict[tuple[str, str], float] = {}

    @cached_property
    def missing_glyph(self) -> Glyph:
        """Return what stands for a character that the font does not have: an upright box as high as a capital."""
        left, right = 3.0, 3.0 + round(self.cap_height * 0.6)
        top, bottom = self.cap_line, self.base_line
        return Glyph(
            right + 3.0,
            drawn([(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)]),
        )

    def __contains__(self, character: object) -> bool:
        """Tell whether the font can draw `character`, one character with any combining marks after it."""
        return isinstance(character, str) and self._find(character) is not None

    def glyph(self, character: str) -> Glyph:
        """Return the glyph of `character`, composed if need be, or the box that stands for a missing one."""
        return self._glyphs.get(character) or self._find(character) or self.missing_glyph

    def kerning(self, first: str, second: str) -> float:
        """Return how far `second` moves towards `first` when it follows it, in font units: 0 or a negative number."""
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
        """Compose a character: of the font's own strokes, or of its kin's where it has no Latin letters or no signs."""
        if self.style.script == "latin":
            return compose(self._whole_face, character)
        # Greek and Cyrillic letters sit in the slots of the Latin ones: an e with an accent would
        # be another letter.
        if self.style.kin is None or character.isascii() or character[0].isalpha():
            return None
        return compose(parsed(self.style.kin), character)

    @cached_property
    def _whole_face(self) -> Face:
        """Return the face with the signs of its kin in place of planets, clouds and notes."""
        if self.style.kin is None:
            return self._face
        letters = {
            character: glyph
            for character, glyph in self._face.glyphs.items()
            if character.isalpha()
        }
        return replace(
            self._face, glyphs=MappingProxyType({**parsed(self.style.kin).glyphs, **letters})
        )


class _Shelf:
    """The fonts of this process, filled as they are asked for."""

    lock = threading.Lock()
    fonts: dict[str, StrokeFont] = {}  # noqa: RUF012 - one shelf for the process, guarded by its lock


def font_names() -> tuple[str, ...]:
    """Return the names of the fonts in alphabetical order."""
    return tuple(sorted(STYLES))


def catalogue() -> MappingProxyType[str, Style]:
    """Return what is known of every font by its name, those that a pen writes fastest first: one stroke to a stem."""
    return STYLES


def stroke_font(name: str = DEFAULT_FONT) -> StrokeFont:
    """Return the font called `name`; the first call for a name parses it (about 15 ms).

    Raises:
        UnknownName: there is no such font; the error lists those that exist.
    """
    if not isinstance(name, str) or name not in STYLES:
        raise UnknownName("font", name, font_names(), field="font")
    with _Shelf.lock:
        if name not in _Shelf.fonts:
            _Shelf.fonts[name] = StrokeFont(parsed(name))
        return _Shelf.fonts[name]
