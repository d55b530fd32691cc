"""Counts of characters and words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.texts import analyze


def counts(text: str) -> list[int]:
    """Return the counts in the answer: characters, words, vowels and consonants."""
    return [
        int(number)
        for number in re.findall(
            r"^• \w+: (\d+)$",
            analyze(text).text.removeprefix(f"📊 Analysis of '{text}':"),
            re.MULTILINE,
        )
    ]


def test_an_analysis_has_the_documented_form() -> None:
    answer = analyze("Hello World")
    assert (
        answer.text
        == "📊 Analysis of 'Hello World':\n• Characters: 11\n• Words: 2\n• Vowels: 3\n• Consonants: 7"
    )
    assert answer.engine == "built-in"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", [1, 1, 0, 1]),
        ("AEIOU", [5, 1, 5, 0]),
        ("rhythm and\nblues\t!", [18, 4, 3, 11]),
        ("1 + 1 = 2", [9, 5, 0, 0]),
        ("señor José", [10, 2, 4, 5]),
        ("e\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}", [5, 1, 2, 1]),
        (
            "Æble, œuf, øre, \N{LATIN SMALL LETTER DOTLESS I}l\N{LATIN SMALL LETTER DOTLESS I}k, straße",
            [28, 5, 10, 10],
        ),
        ("日本 привет", [9, 2, 0, 0]),
        ("\N{GRINNING FACE}", [1, 1, 0, 0]),
    ],
)
def test_letters_are_counted_without_their_diacritics(text: str, expected: list[int]) -> None:
    assert counts(text) == expected


@given(st.text(min_size=1, max_size=200))
def test_a_character_is_at_most_one_of_vowel_and_consonant(text: str) -> None:
    characters, words, vowels, consonants = counts(text)
    assert characters == len(text)
    assert words == len(text.split())
    assert 0 <= vowels + consonants <= characters
