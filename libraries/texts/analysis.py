"""Counts of the characters and words of a text."""

from __future__ import annotations

import unicodedata

from libraries.texts.answers import Answer


def analyze(content: str) -> Answer:
    """Count the characters, words, vowels and consonants of `content`.

    Characters are Unicode code points; words are separated by white space. Letters are Latin, and
    counted without diacritics: `é` is a vowel, `ñ` a consonant, `y` always a consonant.
    """
    letters = [base for base in map(_base_letter, content) if _is_latin(base)]
    # Unicode does not decompose the last four vowels: ae, oe, o with stroke and dotless i.
    vowels = sum(letter in "aeiou\u00e6\u0153\u00f8\u0131" for letter in letters)
    counts = {
        "Characters": len(content),
        "Words": len(content.split()),
        "Vowels": vowels,
        "Consonants": len(letters) - vowels,
    }
    lines = [f"📊 Analysis of '{content}':", *(f"• {name}: {n}" for name, n in counts.items())]
    return Answer("\n".join(lines))


def _base_letter(character: str) -> str:
    return unicodedata.normalize("NFD", character.lower())[0]


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")
