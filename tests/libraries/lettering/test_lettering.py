"""Stroke fonts, composed characters, and layout in lines, on paths and in boxes."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from HersheyFonts import HersheyFonts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.lettering import (
    DEFAULT_FONT,
    MAX_TEXT_CHARS,
    Box,
    advance_of,
    along_path,
    catalogue,
    fitted,
    font_names,
    is_blank,
    lay_out,
    stroke_font,
    wrap,
)
from libraries.lettering.strokes import box_around
from libraries.svg_builder import SVGBuilder
from tests.conftest import own_seconds
from tests.errors import raises_code
from tests.golden_svg import assert_like_golden

LATIN_1 = [chr(code) for code in range(0xA1, 0x100) if code != 0xAD]
LATIN_EXTENDED_A = [chr(code) for code in range(0x100, 0x180)]
LETTERS = [character for character in LATIN_1 + LATIN_EXTENDED_A if character.isalpha()]
# Every letter that Unicode decomposes into a base letter and marks.
ACCENTED = [letter for letter in LETTERS if len(unicodedata.normalize("NFD", letter)) > 1]
UNDERNEATH = {"\u0327", "\u0328"}
SIGNS = "’‘“”„‚–—…€£§°·«»‹›¿¡×÷±µ²³¹½¼¾¢¥¤¦©®¬ªº¶¨¯´¸•†‡‰™−≤≥≠≈→←√∞№"  # noqa: RUF001
LATIN_FONTS = [name for name, style in catalogue().items() if style.script == "latin"]
TEXT_FONTS = ["futural", "scripts", "timesr", "timesib", "gothgrt"]
PANGRAM = "Příliš žluťoučký kůň úpěl ďábelské ódy"


def same(some: Sequence[NDArray[np.float64]], others: Sequence[NDArray[np.float64]]) -> bool:
    return len(some) == len(others) and all(
        np.allclose(one, other) for one, other in zip(some, others, strict=True)
    )


@pytest.mark.parametrize("name", font_names())
def test_every_font_draws_something(name: str) -> None:
    block = lay_out("ABC xyz", name, cap_height=5)
    assert block.strokes
    assert stroke_font(name).cap_height > 0


def test_the_catalogue_has_every_font_of_the_package_and_the_quickest_to_plot_come_first() -> None:
    assert set(catalogue()) == set(HersheyFonts().default_font_names)
    assert next(iter(catalogue())) == DEFAULT_FONT
    kinds = [style.kind for style in catalogue().values()]
    assert kinds == sorted(
        kinds,
        key=["single-stroke", "double-stroke", "triple-stroke", "blackletter", "symbols"].index,
    )
    assert all(style.kin is None or style.kin in catalogue() for style in catalogue().values())


def test_a_font_is_parsed_once_and_shared() -> None:
    with ThreadPoolExecutor(8) as pool:
        fonts = list(pool.map(stroke_font, ["scripts", "futural"] * 20))
    assert {id(font) for font in fonts} == {id(stroke_font("scripts")), id(stroke_font("futural"))}


@pytest.mark.parametrize("character", ["A", "é", "ß", "½", "🎂"])
def test_the_glyphs_of_a_shared_font_cannot_be_changed(character: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        stroke_font().glyph(character).strokes[0][0, 0] = 99


def test_strokes_do_not_share_memory_with_the_font() -> None:
    before = stroke_font().glyph("A").strokes[0].copy()
    for stroke in lay_out("A", cap_height=5).strokes:
        stroke[:] = 0
    assert np.array_equal(stroke_font().glyph("A").strokes[0], before)


@pytest.mark.parametrize("name", ["no such font", "", None, ["futural"], "../futural"])
def test_an_unknown_font_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="known: astrology"):
        stroke_font(name)


def test_strokes_are_those_of_the_font_package() -> None:
    source = HersheyFonts()
    source.load_default_font(DEFAULT_FONT)
    theirs = [np.array(stroke, dtype=float) for stroke in source.strokes_for_text("Hum nodes")]
    ours = lay_out("Hum nodes", cap_height=stroke_font().cap_height).strokes
    shift = theirs[0][0] - ours[0][0]
    assert len(ours) == len(theirs)
    assert all(np.allclose(mine + shift, its) for mine, its in zip(ours, theirs, strict=True))


def test_full_stops_are_on_the_base_line_and_a_hyphen_is_shorter_than_a_minus() -> None:
    for name in TEXT_FONTS:
        font = stroke_font(name)
        assert box_around(font.glyph(".").strokes).bottom == font.base_line, name
        assert font.glyph("-").advance < font.glyph("−").advance  # noqa: RUF001


def test_a_slot_without_strokes_counts_as_missing() -> None:
    assert "0" not in stroke_font("markers")
    assert lay_out("0", "markers", cap_height=5).missing_glyphs == ["0"]


def test_slots_beyond_ascii_are_not_latin_letters() -> None:
    assert "ß" not in stroke_font("japanese")


@pytest.mark.parametrize("name", LATIN_FONTS)
def test_every_letter_of_latin_1_and_latin_extended_a_is_drawn(name: str) -> None:
    font = stroke_font(name)
    block = lay_out(" ".join(LETTERS), font, cap_height=5)
    assert block.missing_glyphs == []
    for letter in LETTERS:
        glyph = font.glyph(letter)
        assert glyph.advance > 0, letter
        assert glyph.strokes, letter
        assert np.isfinite(glyph.points).all(), letter
        box = box_around(glyph.strokes)
        # Marks stay between the lines, above capitals and not below descenders.
        assert box.top >= font.cap_line - 0.45 * font.cap_height, letter
        assert box.bottom <= font.base_line + 0.65 * font.cap_height, letter


@pytest.mark.parametrize("name", TEXT_FONTS)
@pytest.mark.parametrize("letter", ACCENTED)
def test_a_letter_with_an_accent_is_its_base_with_more_ink_where_the_accent_belongs(
    letter: str, name: str
) -> None:
    font = stroke_font(name)
    base, *marks = list(unicodedata.normalize("NFD", letter))
    plain, marked = font.glyph(base), font.glyph(letter)
    strokes = [stroke.tolist() for stroke in plain.strokes]
    added = [stroke for stroke in marked.strokes if stroke.tolist() not in strokes]
    assert added
    body, mark = box_around(plain.strokes), box_around(added)
    beside = letter in "ďťľĽ"
    if beside:
        assert mark.left > body.left
        assert marked.advance >= mark.right
    elif marks[0] in UNDERNEATH and letter != "ģ":
        assert mark.bottom > body.bottom
    elif base not in "ij":
        assert mark.bottom < body.top
    # Above or below the letter.
    assert beside or body.left - 2 < (mark.left + mark.right) / 2 < body.right + 4


@pytest.mark.parametrize("name", LATIN_FONTS)
def test_i_and_j_lose_their_dot_under_a_mark_and_keep_it_over_one(name: str) -> None:
    font = stroke_font(name)
    for letter, bare in (("i", "ı"), ("j", "ȷ")):  # noqa: RUF001
        assert 0 < len(font.glyph(bare).strokes) < len(font.glyph(letter).strokes)
    dotted, undotted = font.glyph("i").strokes, font.glyph("ı").strokes  # noqa: RUF001
    assert same(font.glyph("í").strokes[: len(undotted)], undotted)
    assert same(font.glyph("į").strokes[: len(dotted)], dotted)


@pytest.mark.parametrize(
    ("letter", "like"),
    [
        ("ø", "o"),
        ("Ø", "O"),
        ("đ", "d"),
        ("Đ", "D"),
        ("ħ", "h"),
        ("Ħ", "H"),
        ("ł", "l"),
        ("Ł", "L"),
        ("ŧ", "t"),
        ("Ŧ", "T"),
    ],
)
def test_a_letter_with_a_bar_or_slash_has_all_strokes_of_its_base_and_one_more_across_it(
    letter: str, like: str
) -> None:
    for name in TEXT_FONTS:
        font = stroke_font(name)
        body, whole = box_around(font.glyph(like).strokes), font.glyph(letter).strokes
        assert len(whole) > len(font.glyph(like).strokes), name
        added = box_around(whole[len(font.glyph(like).strokes) :])
        assert added.left < body.right, name
        assert added.right > body.left, name


def test_an_accent_may_be_a_separate_character() -> None:
    together, apart = (lay_out(text, cap_height=5).strokes for text in ("Cafés", "Cafe\u0301s"))
    assert all(np.array_equal(one, other) for one, other in zip(together, apart, strict=True))


def test_marks_pile_up_for_letters_beyond_the_two_blocks() -> None:
    font = stroke_font()
    assert lay_out("Tiếng Việt, Ț ș ǿ x̂", cap_height=5).missing_glyphs == []
    assert box_around(font.glyph("ế").strokes).top < box_around(font.glyph("ê").strokes).top


def test_the_number_of_marks_is_limited_and_the_rest_is_reported() -> None:
    block = lay_out("Z" + "\u0301" * 500, cap_height=5)
    assert len(block.strokes) < 1500
    assert block.missing_glyphs == ["\u0301" * 5] or block.missing_glyphs


@pytest.mark.parametrize("name", TEXT_FONTS)
def test_common_signs_outside_ascii_are_drawn(name: str) -> None:
    assert lay_out(SIGNS, name, cap_height=5).missing_glyphs == []
    assert all(stroke_font(name).glyph(sign).advance > 0 for sign in SIGNS)


def test_fonts_of_other_scripts_do_not_compose_latin_letters() -> None:
    assert lay_out("é—ü", "greek", cap_height=5).missing_glyphs == ["é", "ü"]
    assert lay_out("é", "astrology", cap_height=5).missing_glyphs == []


@pytest.mark.parametrize("character", ["🎂", "日", "ש", "م", "Ω"])
def test_a_missing_glyph_is_a_visible_box_with_an_advance_and_is_reported(character: str) -> None:
    block = lay_out(f"A{character}A{character}", cap_height=21)
    assert block.missing_glyphs == [character]
    assert len(block.strokes) == len(lay_out("AA", cap_height=21).strokes) + 2
    assert block.width > lay_out("AA", cap_height=21).width + 20


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\ud800", "\uffff"])
def test_control_characters_and_lone_surrogates_are_refused(character: str) -> None:
    with raises_code("bad-text", match=r"U\+"):
        lay_out(f"a{character}b", cap_height=5)
    with raises_code("bad-text", match=r"U\+"):
        along_path(f"a{character}b", [(0, 0), (9, 0)], cap_height=5)
    with raises_code("bad-text", match=r"U\+"):
        fitted(f"a{character}b", Box(0, 0, 100, 100))


def test_a_text_of_a_hundred_thousand_characters_is_refused_at_once() -> None:
    started_at = own_seconds()
    with raises_code("bad-text", match=f"at most {MAX_TEXT_CHARS}"):
        lay_out("é" * 100_000, cap_height=5)
    assert own_seconds() - started_at < 0.1


@pytest.mark.parametrize("text", [None, 5, b"bytes", ["list"]])
def test_what_is_not_text_is_refused(text: str) -> None:
    with raises_code("bad-text", match="must be text"):
        lay_out(text, cap_height=5)


def test_invisible_marks_leave_no_box() -> None:
    block = lay_out("a\u200b\u00a0\u202e\ufe0fb", cap_height=5)
    assert block.missing_glyphs == []
    assert len(block.strokes) == len(lay_out("ab", cap_height=5).strokes)


def test_capitals_have_the_requested_height() -> None:
    for name in TEXT_FONTS[:4]:
        assert lay_out("H", name, cap_height=7.5).height == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("pair", "open_pair"),
    [("AV", "HH"), ("To", "Ho"), ("LT", "HT"), ("Ta", "Ha"), ("P.", "H."), ("L\u2019", "nn")],
)
def test_pairs_with_a_gap_between_them_are_drawn_together(pair: str, open_pair: str) -> None:
    for name in ("futural", "futuram"):
        font = stroke_font(name)
        assert font.kerning(*pair) < 0, name
        assert font.kerning(*open_pair) == 0, name


def test_kerning_never_lets_letters_touch_and_spares_figures_and_round_hands() -> None:
    font = stroke_font()
    for first in "AFLPTVWYkrvwy":
        for second in "AJVTYaeovy.,":
            left, right = font.glyph(first), font.glyph(second)
            shift = left.advance + font.kerning(first, second)
            apart = np.min(
                np.hypot(
                    *(left.points[:, None] - right.points[None] - (shift, 0)).transpose(2, 0, 1)
                )
            )
            assert apart > 1.0, first + second
    assert font.kerning("1", "7") == font.kerning("7", "4") == 0
    assert stroke_font("scripts").kerning("T", "o") == 0


def test_an_accent_between_letters_reduces_kerning() -> None:
    font = stroke_font()
    assert font.kerning("T", "o") < font.kerning("T", "ö") + 0.01


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf", "Mn", "Me", "Mc", "Cn"]),
        max_size=80,
    ),
    st.floats(30, 900),
)
@settings(max_examples=120, deadline=None)
def test_wrapping_never_loses_a_character(text: str, width: float) -> None:
    text = unicodedata.normalize("NFC", text)
    lines = wrap(text, stroke_font(), width)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(
    st.lists(
        st.sampled_from(["a", "plotter", "well-known", "Wörter", "l\u2019été", "MMMMMMMM", "—"]),
        max_size=40,
    ),
    st.floats(200, 900),
)
@settings(max_examples=80, deadline=None)
def test_wrapped_lines_fit_the_width(words: list[str], width: float) -> None:
    lines = wrap(" ".join(words), stroke_font(), width)
    assert all(advance_of(line, stroke_font()) <= width + 4 for line in lines)


def test_a_word_wider_than_a_line_is_broken() -> None:
    lines = wrap("a " + "W" * 60, stroke_font(), 200)
    assert all(advance_of(line, stroke_font()) <= 200 for line in lines)
    assert "".join(lines).count("W") == 60


def test_line_feeds_are_kept() -> None:
    assert wrap("one\n\ntwo three", stroke_font(), 1000) == ["one", "", "two three"]


def test_lines_break_after_hyphens_and_not_at_no_break_spaces() -> None:
    font = stroke_font()
    assert wrap("well-known", font, advance_of("known", font) + 1) == ["well-", "known"]
    assert wrap("5\u00a0km far", font, advance_of("5 km", font) + 1) == ["5\u00a0km", "far"]


def test_base_lines_have_the_requested_distance() -> None:
    block = lay_out("one\ntwo\nthree", cap_height=4, line_spacing=2, y=10, vertical="baseline")
    assert block.baselines == pytest.approx([10, 18, 26])
    assert block.lines == ["one", "two", "three"]


def test_alignment_is_by_the_ink_of_each_line() -> None:
    for align, edge in (("left", 0.0), ("right", 1.0), ("center", 0.5)):
        for line in ("Avocado", "i", "—wide—"):
            box = lay_out(line, cap_height=5, x=50, align=align).box  # type: ignore[arg-type]
            assert box is not None
            assert box.left + box.width * edge == pytest.approx(50), (align, line)


def test_justified_lines_fill_the_width_and_last_lines_do_not() -> None:
    text = (
        "a pen plotter draws one line after the other and never tires of the work that it is given "
        * 2
    )
    block = lay_out(text, cap_height=4, width=90, justify=True)
    widths = []
    for number, baseline in enumerate(block.baselines):
        top, bottom = baseline - 4.5, baseline + 1.9
        ink = [
            stroke
            for stroke in block.strokes
            if top <= stroke[:, 1].min() and stroke[:, 1].max() <= bottom
        ]
        widths.append(box_around(ink).width)
        assert widths[number] <= 90.001
    assert widths[:-1] == pytest.approx([90] * (len(widths) - 1))
    assert widths[-1] < 90


def test_a_justified_line_of_one_long_word_stays_as_it_is() -> None:
    ragged, justified = (
        lay_out("Straßenbahn x\nno", cap_height=4, width=44, justify=justify).width
        for justify in (False, True)
    )
    assert ragged <= justified <= 44
    assert lay_out("Wort\nno", cap_height=4, width=200, justify=True).width < 40


def test_letter_spacing_opens_a_line_by_as_much_a_gap() -> None:
    plain, spaced = (lay_out("HHHH", cap_height=5, letter_spacing=spacing) for spacing in (0, 2))
    assert spaced.width - plain.width == pytest.approx(6)
    assert lay_out("AB CD EF", cap_height=5, width=40, letter_spacing=3).width <= 40


@pytest.mark.parametrize(
    "bad",
    [
        {"cap_height": 0}, {"cap_height": -1}, {"cap_height": math.nan}, {"cap_height": math.inf}, {"cap_height": "5"},
        {"cap_height": True}, {"cap_height": 1e9}, {"width": 0}, {"width": math.nan}, {"x": math.inf}, {"letter_spacing": 1e9},
        {"letter_spacing": -9}, {"line_spacing": 0}, {"line_spacing": math.nan}, {"align": "middle"}, {"vertical": "bottom"},
    ],
)  # fmt: skip
def test_invalid_layout_values_are_refused(bad: dict[str, object]) -> None:
    with raises_code("bad-layout", match=next(iter(bad))):
        lay_out("text", **{"cap_height": 5, **bad})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t", "\u200b"])
def test_a_text_without_ink_has_no_strokes_and_no_size(text: str) -> None:
    block = lay_out(text, cap_height=5, width=50, justify=True, align="center")
    assert (block.strokes, block.box, block.width, block.height, block.missing_glyphs) == (
        [],
        None,
        0,
        0,
        [],
    )
    assert along_path(text, [(0, 0), (9, 0)], cap_height=5).strokes == []
    assert fitted(text, Box(0, 0, 9, 9)).strokes == []
    assert is_blank(text)


def test_text_on_a_straight_path_is_text_on_a_line() -> None:
    flat = lay_out("Bahn & Ávila", cap_height=5, vertical="baseline", y=20, x=3)
    bent = along_path("Bahn & Ávila", [(3, 20), (50, 20), (50, 20), (200, 20)], cap_height=5)
    assert all(
        np.allclose(one, other) for one, other in zip(bent.strokes, flat.strokes, strict=True)
    )
    assert bent.overflow == ""


def test_text_on_a_path_turns_with_it_and_keeps_the_shape_of_its_letters() -> None:
    turn = np.linspace(-np.pi, 0, 400)
    block = along_path(
        "HHHHHHHHHH",
        np.column_stack((50 * np.cos(turn), 50 * np.sin(turn))),
        cap_height=5,
        align="center",
    )
    points = np.concatenate(block.strokes)
    radius = np.hypot(*points.T)
    assert 49.8 < radius.min() < radius.max() < 55.5
    assert points[:, 0].min() == pytest.approx(-points[:, 0].max(), abs=0.05)
    lengths = [np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in block.strokes]
    assert lengths[::3] == pytest.approx([5] * 10)


def test_text_beyond_the_end_of_a_path_is_reported_and_not_drawn() -> None:
    block = along_path("Hello world", [(0, 0), (25, 0)], cap_height=5)
    assert block.overflow
    assert "Hello world".endswith(block.overflow)
    assert block.box is not None
    assert block.box.right <= 25.2
    assert along_path("MM", [(0, 0), (1, 0)], cap_height=5).overflow == "MM"


@pytest.mark.parametrize(
    "path",
    [[], [(0, 0)], [(1, 1), (1, 1)], [(0, 0), (math.nan, 1)], [(0, 0), (math.inf, 1)], [(0, 0, 0), (1, 1, 1)], "line", None,
     [(0, 0), (1e200, 1e200)], [[0, 0], [1]], np.zeros((100_001, 2))],
)  # fmt: skip
def test_an_invalid_path_is_refused(path: object) -> None:
    with raises_code("bad-text-path"):
        along_path("text", path, cap_height=5)  # type: ignore[arg-type]


def test_a_path_that_turns_back_on_itself_still_gives_finite_letters() -> None:
    block = along_path("there and back again", [(0, 0), (30, 0), (0, 0), (30, 0)], cap_height=5)
    assert all(np.isfinite(stroke).all() for stroke in block.strokes)


@pytest.mark.parametrize("text", ["Hi", "A longer line of words", "Ä\nÖ\nÜ", PANGRAM, "gyp"])
@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_fitted_text_fills_its_box_and_stays_inside(text: str, align: str) -> None:
    box = Box(10, 20, 90, 60)
    block = fitted(text, box, align=align)  # type: ignore[arg-type]
    ink = block.box
    assert ink is not None
    assert ink.left >= 10 - 1e-6
    assert ink.top >= 20 - 1e-6
    assert ink.right <= 90 + 1e-6
    assert ink.bottom <= 60 + 1e-6
    assert max(ink.width / box.width, ink.height / box.height) > 0.7
    assert "".join("".join(block.lines).split()) == "".join(text.split())
    assert (ink.top + ink.bottom) / 2 == pytest.approx(40)


def test_text_that_fits_at_no_readable_size_is_refused() -> None:
    with raises_code("text-does-not-fit", match=r"1\.5 mm"):
        fitted("word " * 500, Box(0, 0, 30, 30))
    with raises_code("text-does-not-fit"):
        fitted("W" * 400, Box(0, 0, 100, 1000))


@pytest.mark.parametrize(
    "box",
    [Box(0, 0, 0, 10), Box(0, 0, 10, -1), Box(0, 0, math.nan, 10), Box(math.inf, 0, math.inf, 10)],
)
def test_a_box_without_room_is_refused(box: Box) -> None:
    with pytest.raises(InvalidInput):
        fitted("text", box)


def test_the_whole_repertoire_matches_its_golden_drawing(update_golden: bool) -> None:
    page = SVGBuilder(297, 210, pen_width=0.25)
    for row, name in enumerate(("futural", "timesr", "scripts")):
        text = " ".join([*LETTERS, *SIGNS])
        page.polylines(
            lay_out(
                text, name, cap_height=3.2, x=8, y=10 + 66 * row, width=281, line_spacing=2.2
            ).strokes
        )
    assert_like_golden("lettering", page.to_string(), update=update_golden)
