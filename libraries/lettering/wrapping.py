"""Line breaking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from libraries.lettering.characters import characters
from libraries.lettering.fonts import StrokeFont

AFTER_HYPHEN = re.compile(r"(?<=\w[-\u2010\u2013\u2014])(?=\w)")


def wrap(text: str, font: StrokeFont, width: float, *, letter_spacing: float = 0.0) -> list[str]:
    """Break `text` into lines at most `width` font units wide; line feeds are kept.

    Lines break at spaces and after hyphens, and within words that are wider than a line. Only the
    spaces at the breaks are dropped.
    """
    paragraphs = text.split("\n")
    return [line for one in paragraphs for line in _wrap(one, font, width, letter_spacing)]


def advance_of(text: str, font: StrokeFont, *, letter_spacing: float = 0.0) -> float:
    """Return the advance width of the line `text` in font units, with kerning and spacing."""
    written = characters(text)
    kerning = sum(font.kerning(first, second) for first, second in pairwise(written))
    glyphs = sum(font.glyph(one).advance for one in written)
    return glyphs + kerning + letter_spacing * max(len(written) - 1, 0)


def widest_word(text: str, font: StrokeFont, *, letter_spacing: float = 0.0) -> float:
    """Return the width of the widest part of `text` without a break opportunity, in font units."""
    words = (word for paragraph in text.split("\n") for word, _ in _words(paragraph))
    widths = (advance_of(word, font, letter_spacing=letter_spacing) for word in words)
    return max(widths, default=0.0)


def _words(paragraph: str) -> Iterator[tuple[str, str]]:
    """Yield the parts between break opportunities, each with the preceding space or ""."""
    # No-break spaces are not break opportunities.
    for word in filter(None, re.split(r"[^\S\u00a0\u202f]+", paragraph)):
        for number, part in enumerate(AFTER_HYPHEN.split(word)):
            yield part, "" if number else " "


def _wrap(paragraph: str, font: StrokeFont, width: float, letter_spacing: float) -> Iterable[str]:
    space = font.glyph(" ").advance + letter_spacing
    line, used = "", 0.0
    for word, glue, wide in _pieces(paragraph, font, width, letter_spacing):
        gap = space if glue else 0.0
        longer = used + gap + letter_spacing + wide
        if line and longer > width:
            yield line
            line, used = word, wide
        else:
            line, used = (line + glue + word, longer) if line else (word, wide)
    yield line


def _pieces(
    paragraph: str, font: StrokeFont, width: float, letter_spacing: float
) -> Iterator[tuple[str, str, float]]:
    """Yield words, the preceding space or "", and widths; split words wider than a line."""
    for word, glue in _words(paragraph):
        wide = advance_of(word, font, letter_spacing=letter_spacing)
        if wide <= width:
            yield word, glue, wide
        else:
            yield from _broken(word, glue, font, width, letter_spacing)


def _broken(
    word: str, glue: str, font: StrokeFont, width: float, letter_spacing: float
) -> Iterator[tuple[str, str, float]]:
    piece, used, before = "", 0.0, glue
    for character in characters(word):
        advance = font.glyph(character).advance
        if piece and used + letter_spacing + advance > width:
            yield piece, before, used
            piece, used, before = "", 0.0, ""
        piece, used = piece + character, used + advance + (letter_spacing if piece else 0.0)
    if piece:
        yield piece, before, used
