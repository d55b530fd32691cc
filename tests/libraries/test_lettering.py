"""Stroke fonts and their layout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from HersheyFonts import HersheyFonts

from libraries.errors import UnknownName
from libraries.lettering import DEFAULT_FONT, font_names, lay_out, stroke_font, wrap
from libraries.lettering.layout import advance_of


@pytest.mark.parametrize("name", font_names())
def test_every_font_draws_something(name: str) -> None:
    font = stroke_font(name)
    lettering = lay_out("ABC xyz", font, x=0, y=0, scale=1)
    assert lettering.strokes
    assert font.cap_height > 0


def test_a_font_is_parsed_once_and_shared() -> None:
    with ThreadPoolExecutor(8) as pool:
        fonts = list(pool.map(stroke_font, ["scripts", "futural"] * 20))
    assert {id(font) for font in fonts} == {id(stroke_font("scripts")), id(stroke_font("futural"))}


def test_the_glyphs_of_a_shared_font_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        stroke_font().glyph("A").strokes[0][0, 0] = 99


@pytest.mark.parametrize("name", ["no such font", "", None, ["futural"], "../futural"])
def test_an_unknown_font_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="known: astrology"):
        stroke_font(name)


def test_strokes_are_those_of_the_font_package() -> None:
    source = HersheyFonts()
    source.load_default_font(DEFAULT_FONT)
    theirs = [np.array(stroke, dtype=float) for stroke in source.strokes_for_text("Plot me")]
    ours = lay_out("Plot me", stroke_font(), x=0, y=0, scale=1, align="left", vertical="baseline").strokes
    shift = theirs[0][0] - ours[0][0]
    assert len(ours) == len(theirs)
    assert all(np.allclose(mine + shift, its) for mine, its in zip(ours, theirs, strict=True))


def test_a_slot_without_strokes_counts_as_missing() -> None:
    assert "0" not in stroke_font("markers")
    assert lay_out("0", stroke_font("markers"), x=0, y=0, scale=1).missing == ["0"]


def test_a_table_that_goes_beyond_ascii_does_not_pass_for_latin_letters() -> None:
    assert "ß" not in stroke_font("japanese")


def test_a_letter_with_a_separate_accent_is_one_missing_character() -> None:
    assert lay_out("e\u0301", stroke_font(), x=0, y=0, scale=1).missing == ["\u00e9"]


def test_marks_without_ink_of_their_own_leave_no_box() -> None:
    lettering = lay_out("a\u200b\u00a0\ufe0fb", stroke_font(), x=0, y=0, scale=1)
    assert lettering.missing == []
    assert len(lettering.strokes) == len(lay_out("ab", stroke_font(), x=0, y=0, scale=1).strokes)


def test_lines_are_no_wider_than_asked_and_lose_no_word() -> None:
    text = "a pen plotter draws one line after the other and never tires " * 5
    lines = wrap(text, stroke_font(), 300)
    assert all(advance_of(line, stroke_font()) <= 300 for line in lines)
    assert " ".join(lines).split() == text.split()


def test_a_word_wider_than_a_line_is_broken() -> None:
    lines = wrap("a " + "W" * 60, stroke_font(), 200)
    assert all(advance_of(line, stroke_font()) <= 200 for line in lines)
    assert "".join(lines).count("W") == 60


def test_line_feeds_are_kept() -> None:
    assert wrap("one\n\ntwo three", stroke_font(), 1000) == ["one", "", "two three"]
