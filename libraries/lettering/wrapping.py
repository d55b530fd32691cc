"""Where lines break."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from libraries.lettering.characters import characters
from libraries.lettering.fonts import StrokeFont

AFTER_HYPHEN = re.compile(r"(?<=\w[-\u2010\u2013\u2014])(?=\w)")


def wrap(text: str, font: StrokeFont, width: float, *, letter_spacing: float = 0.0) -> list[str]:
    """Return `text` broken into lines no wider than `width` font units; line feeds in it are kept.

    Lines break at spaces and after hyphens; a word that is wider than a line is broken where it
    must be. No character is lost but the spaces at the breaks.
    """
    return [
        line
        for paragraph in text.split("\n")
        for line in _wrap_paragraph(paragraph, font, width, letter_spacing)
    ]


def advance_of(text: str, font: StrokeFont, *, letter_spacing: float = 0.0) -> float:
    """Return how far the pen moves to the right over the line `text`, in font units, kerning and spacing included."""
    written = characters(text)
    kerning = sum(font.kerning(first, second) for first, second in pairwise(written))
    return (
        sum(font.glyph(one).advance for one in written)
        + kerning
        + letter_spacing * max(len(written) - 1, 0)
    )


def widest_word(text: str, font: StrokeFont, *, letter_spacing: float = 0.0) -> float:
    """Return the width of the widest piece of `text` that wrapping leaves whole, in font units."""
    words = (word for paragraph in text.split("\n") for word, _ in _words(paragraph))
    return max(
        (advance_of(word, font, letter_spacing=letter_spacing) for word in words), default=0.0
    )


def _words(paragraph: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces between places where a line may break, each with what stands before it: a space or nothing."""
    # Lines break at spaces, except at those that say they must not, and after a hyphen or dash within a
    # word.
    for word in filter(None, re.split(r"[^\S\u00a0\u202f]+", paragraph)):
        for number, part in enumerate(AFTER_HYPHEN.split(word)):
            yield part, "" if number else " "


def _wrap_paragraph(
    paragraph: str, font: StrokeFont, width: float, letter_spacing: float
) -> Iterable[str]:
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
    """Yield words with what stands before them and their widths; one wider than a line comes in pieces that fill lines."""
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
