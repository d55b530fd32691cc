"""Tests of the SVG builder: basic shapes, attributes, text and errors."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from defusedxml import ElementTree

from libraries.errors import InvalidInput, UnknownName
from libraries.svg_builder import SVGBuilder
from tests.errors import raises_code

SVG = "{http://www.w3.org/2000/svg}"


def card() -> SVGBuilder:
    return SVGBuilder(210, 148)


def elements(svg: SVGBuilder, tag: str) -> list[dict[str, str]]:
    return [
        dict(element.attrib) for element in ElementTree.fromstring(svg.to_string()).iter(SVG + tag)
    ]


def test_a_page_has_its_size_and_its_coordinates_in_millimetres() -> None:
    page = elements(SVGBuilder(210, 148.5), "svg")[0]
    assert (page["width"], page["height"], page["viewBox"]) == ("210mm", "148.5mm", "0 0 210 148.5")


def test_strokes_have_round_caps_without_fill_or_background() -> None:
    svg = card()
    page = elements(svg, "svg")[0]
    assert (page["fill"], page["stroke-linecap"], page["stroke"], page["stroke-width"]) == (
        "none",
        "round",
        "black",
        "0.3",
    )
    assert len(list(ElementTree.fromstring(svg.to_string()).iter())) == 1


def test_the_documented_example_draws_a_rectangle_and_a_text() -> None:
    svg = card().rect(10, 10, 50, 50).hershey_text(105, 74, "Happy Birthday!", 0.5)
    assert elements(svg, "rect") == [{"x": "10", "y": "10", "width": "50", "height": "50"}]
    assert len(elements(svg, "path")) > 15


def test_every_shape_is_written_with_its_own_element() -> None:
    svg = (
        card()
        .line(1, 2, 3, 4)
        .circle(5, 5, 2)
        .ellipse(5, 5, 2, 1)
        .polyline([(0, 0), (1.5, 2)])
        .polygon([(0, 0), (1, 0), (1, 1)])
    )
    svg.rect(0, 0, 9, 9, radius=2, stroke="#1A5FB4", stroke_width=0.5)
    assert elements(svg, "line") == [{"x1": "1", "y1": "2", "x2": "3", "y2": "4"}]
    assert elements(svg, "circle") == [{"cx": "5", "cy": "5", "r": "2"}]
    assert elements(svg, "ellipse") == [{"cx": "5", "cy": "5", "rx": "2", "ry": "1"}]
    assert elements(svg, "polyline") == [{"points": "0,0 1.5,2"}]
    assert elements(svg, "polygon") == [{"points": "0,0 1,0 1,1"}]
    assert (
        elements(svg, "rect")[0] | {"rx": "2", "stroke": "#1a5fb4", "stroke-width": "0.5"}
        == elements(svg, "rect")[0]
    )


@pytest.mark.parametrize(
    ("number", "as_written"),
    [
        (1, "1"),
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (-0.0, "0"),
        (-0.0004, "0"),
        (12.3456, "12.346"),
        (np.float32(0.5), "0.5"),
        (np.int64(7), "7"),
    ],
)
def test_numbers_are_written_with_three_decimals_at_most(number: float, as_written: str) -> None:
    assert elements(card().line(number, 0, 1, 1), "line")[0]["x1"] == as_written
    assert (
        elements(card().polylines([[(number, 0), (1, 1)]]), "path")[0]["d"]
        == f"M{as_written},0 1,1"
    )


@pytest.mark.parametrize(
    "number", [float("nan"), float("inf"), -float("inf"), 1e7, 10**400, True, "5", None, [1], 1j]
)
def test_invalid_numbers_are_rejected(number: float) -> None:
    with raises_code("bad-number"):
        card().line(number, 0, 1, 1)
    with raises_code("bad-number"):
        card().circle(1, 1, number)
    with raises_code("bad-number"):
        SVGBuilder(number, 10)


@pytest.mark.parametrize("size", [0, -1, 0.0001])
def test_a_size_must_be_more_than_zero(size: float) -> None:
    with raises_code("bad-number", match="more than zero"):
        card().rect(0, 0, size, 5)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0, 0)],
        [(0, 0), (1,)],
        [(0, 0, 0), (1, 1, 1)],
        [("0", "1"), ("1", "1")],
        [(0, 0), (float("nan"), 1)],
        5,
        "ab",
        [(0, 10**400), (1, 1)],
    ],
)
def test_a_line_must_be_two_or_more_pairs_of_finite_numbers(
    points: list[tuple[float, float]],
) -> None:
    for draw in (card().polyline, card().polygon, lambda line: card().polylines([line])):
        with raises_code("bad-number"):
            draw(points)


def test_each_polyline_becomes_a_path_in_order() -> None:
    lines = [np.array([[0, 0], [1, 2.25]]), np.array([[5, 5], [6, 6], [7, 5.0001]])]
    assert [path["d"] for path in elements(card().polylines(lines), "path")] == [
        "M0,0 1,2.25",
        "M5,5 6,6 7,5",
    ]


def test_polylines_keep_their_order_and_are_grouped_for_attributes() -> None:
    svg = (
        card()
        .circle(1, 1, 1)
        .polylines([[(0, 0), (1, 1)]], stroke="red")
        .polylines([[(2, 2), (3, 3)]])
        .circle(2, 2, 2)
    )
    tags = [
        element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg.to_string()).iter()
    ]
    assert tags == ["svg", "circle", "g", "path", "path", "circle"]
    assert elements(svg, "g") == [{"stroke": "red"}]


def test_without_polylines_nothing_is_written() -> None:
    assert card().polylines([], stroke="red").to_string() == card().to_string()


@pytest.mark.parametrize(
    "colour", ["red", "Red", "none", "#abc", "#abcd", "#a1b2c3", "#a1b2c3d4", "darkslategrey"]
)
def test_a_colour_is_a_name_or_a_hexadecimal_one(colour: str) -> None:
    assert elements(card().rect(0, 0, 1, 1, stroke=colour), "rect")[0]["stroke"] == colour.lower()


@pytest.mark.parametrize(
    "colour",
    [
        'red" onload="x', "url(http://evil.example/x)", "url(#a)", "expression(alert(1))", "red;behavior:url(x)",
        "#ab", "#abcde", "", " red",
        "rgb(1,2,3)", "javascript:x", "redd", "#abc\n", 5, None,
    ],
)  # fmt: skip
def test_invalid_colours_are_rejected(colour: str) -> None:
    for name in ("stroke", "fill"):
        with raises_code("bad-colour"):
            card().rect(0, 0, 1, 1, **{name: colour})  # type: ignore[arg-type]
    with raises_code("bad-colour"):
        SVGBuilder(10, 10, stroke=colour)


def test_a_misspelt_colour_gets_a_hint() -> None:
    with raises_code("bad-colour") as caught:
        card().rect(0, 0, 1, 1, stroke="magneta")
    assert caught.value.hint == "did you mean 'magenta'?"


@pytest.mark.parametrize(
    "name",
    [
        "onload",
        "onclick",
        "style",
        "href",
        "xlink:href",
        "class",
        "filter",
        "mask",
        "clip-path",
        "x onload",
        "",
    ],
)
def test_unknown_attributes_are_rejected(name: str) -> None:
    with pytest.raises(UnknownName, match="unknown attribute"):
        card().rect(0, 0, 1, 1, **{name: "1"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stroke_width", -1), ("stroke_opacity", 1.1), ("stroke_linecap", "url(#a)"), ("id", 'a"b'), ("id", "1a"),
        ("id", 5),
        ("transform", "translate(1)url(#a)"), ("transform", "rotate(1 2)"), ("transform", "scale(1e999)"),
        ("transform", "matrix(1 2 3)"),
        ("transform", "scale(1-)"), ("transform", 5), ("font_family", "Evil, 'x'"), ("text_anchor", "centre"),
    ],
)  # fmt: skip
def test_invalid_values_of_attributes_are_rejected(name: str, value: object) -> None:
    with pytest.raises(InvalidInput):
        card().rect(0, 0, 1, 1, **{name: value})  # type: ignore[arg-type]


def test_transform_lists_are_normalised() -> None:
    svg = (
        card()
        .begin_group(transform=" translate(10,20.00001),rotate( 45 5 5 ) scale(2)")
        .end_group()
    )
    assert elements(svg, "g") == [{"transform": "translate(10 20) rotate(45 5 5) scale(2)"}]


def test_duplicate_ids_are_rejected() -> None:
    with raises_code("bad-attribute", match="duplicate id"):
        card().rect(0, 0, 1, 1, id="a").rect(0, 0, 1, 1, id="a")


def test_text_and_title_are_escaped() -> None:
    words = "</svg><script>alert('1')</script> & ]]> &#x0; \"a\""
    svg = card().title(words).text(5, 5, words)
    root = ElementTree.fromstring(svg.to_string())
    assert [element.text for element in root] == [words, words]
    assert "<script" not in svg.to_string()


def test_a_second_title_replaces_the_first_and_is_the_first_element() -> None:
    root = ElementTree.fromstring(card().title("one").rect(0, 0, 1, 1).title("two").to_string())
    assert (root[0].tag, root[0].text) == (SVG + "title", "two")
    assert len(root) == 2


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\x85", "\ud800", "\ufffe", "\uffff"]
)
def test_characters_invalid_in_xml_are_rejected(character: str) -> None:
    svg = card()
    for write in (
        svg.title,
        lambda text: svg.text(1, 1, text),
        lambda text: svg.hershey_text(1, 1, text),
    ):
        with raises_code("bad-text", match=r"U\+"):
            write(f"a{character}b")


def test_very_long_texts_are_rejected() -> None:
    with raises_code("bad-text", match="at most"):
        card().hershey_text(1, 1, "a" * 1_000_000)


def test_line_feeds_and_tabs_are_spaces_in_a_text_element() -> None:
    assert ElementTree.fromstring(card().text(1, 1, "a\tb\r\nc").to_string())[0].text == "a b c"


def test_groups_nest_and_close() -> None:
    svg = (
        card()
        .begin_group(stroke="red")
        .begin_group(id="inner")
        .rect(0, 0, 1, 1)
        .end_group()
        .end_group()
        .rect(0, 0, 2, 2)
    )
    root = ElementTree.fromstring(svg.to_string())
    assert [child.tag.removeprefix(SVG) for child in root] == ["g", "rect"]
    assert len(root[0][0]) == 1


def test_ending_a_group_that_is_not_open_is_rejected() -> None:
    with raises_code("unbalanced-groups"):
        card().end_group()


def test_a_document_with_an_open_group_is_not_written() -> None:
    with raises_code("unbalanced-groups", match="still open: 2"):
        card().begin_group().begin_group().to_string()


def test_the_nesting_of_groups_is_limited() -> None:
    svg = card()
    for _ in range(64):
        svg.begin_group()
    with raises_code("unbalanced-groups", match="64 deep"):
        svg.begin_group()


@pytest.mark.parametrize(
    ("data", "as_written"),
    [
        ("M10 20L30 40Z", "M10 20L30 40Z"),
        (" m 1,2 3,4 ", "m1 2 3 4"),
        ("M10-5L20-3", "M10 -5L20 -3"),
        ("M.5.5.25-1e1z", "M0.5 0.5 0.25 -10z"),
        ("M0 0A5 5 0 0110 10 3 3 0 1 0 2 2", "M0 0A5 5 0 0 1 10 10 3 3 0 1 0 2 2"),
        (
            "M0,0C1 1 2 2 3 3s1 1 2 2Q1 1 2 2t3 3h1v2H3V4",
            "M0 0C1 1 2 2 3 3s1 1 2 2Q1 1 2 2t3 3h1v2H3V4",
        ),
    ],
)
def test_path_data_is_normalised(data: str, as_written: str) -> None:
    assert elements(card().path(data), "path")[0]["d"] == as_written


@pytest.mark.parametrize(
    "data",
    [
        "", " ", "L1 2", "M", "M1", "M1 2 3", "M1 2,", "M1,,2", "M1 2L", "M1 2 X3", 'M1 2"/><script>', "M1 2Z3",
        "M0 0A1 1 0 2 0 1 1",
        "@0", "M1 2 url(#a)", "MNaN 1", "M1e 2", "M--1 2", "M1 2" + "\x00", 5, None, "M\u0661 \u0662",
    ],
)  # fmt: skip
def test_malformed_path_data_is_rejected(data: str) -> None:
    with raises_code("bad-path-data"):
        card().path(data)


def test_numbers_in_path_data_are_limited() -> None:
    with raises_code("bad-number"):
        card().path("M1e400 0")


@pytest.mark.parametrize(
    "run",
    [
        " " * 900_000 + "x",
        "M0 0" + " " * 900_000 + "x",
        "M" + "1" * 900_000,
        "M0 0," + "\n" * 900_000,
    ],
)
def test_long_runs_of_one_character_in_path_data_are_rejected_quickly(run: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidInput):
        card().path(run)
    assert time.perf_counter() - started < 2


def test_hello_is_seven_pen_strokes() -> None:
    assert len(elements(card().hershey_text(10, 10, "Hello"), "path")) == 7


@pytest.mark.parametrize("font", ["futural", "scripts", "timesr"])
def test_hershey_text_is_centred_on_its_point(font: str) -> None:
    box = card().set_hershey_font(font).get_hershey_text_bounding_box(105, 74, "HEH", 0.5)
    assert (box.left + box.right) / 2 == pytest.approx(105)
    assert (box.top + box.bottom) / 2 == pytest.approx(74, abs=1.5)


def test_hershey_text_can_be_aligned_left_right_and_to_the_baseline() -> None:
    svg = card()
    assert (
        svg.get_hershey_text_bounding_box(50, 60, "HI", 0.5, align="left", vertical="baseline").left
        == 50
    )
    assert (
        svg.get_hershey_text_bounding_box(
            50, 60, "HI", 0.5, align="left", vertical="baseline"
        ).bottom
        == 60
    )
    assert (
        svg.get_hershey_text_bounding_box(50, 60, "HI", 0.5, align="right", vertical="top").right
        == 50
    )
    assert (
        svg.get_hershey_text_bounding_box(50, 60, "HI", 0.5, align="right", vertical="top").top
        == 60
    )
    with raises_code("bad-attribute"):
        svg.hershey_text(1, 1, "a", align="middle")  # type: ignore[arg-type]


def test_the_bounding_box_is_that_of_the_ink() -> None:
    svg = card()
    box = svg.get_hershey_text_bounding_box(105, 74, "Quay", 0.7)
    drawn = " ".join(
        path["d"][1:] for path in elements(svg.hershey_text(105, 74, "Quay", 0.7), "path")
    )
    points = np.array([float(number) for number in re.findall(r"-?[0-9.]+", drawn)]).reshape(-1, 2)
    assert np.allclose([*points.min(axis=0), *points.max(axis=0)], box, atol=0.001)
    assert box.height > 21 * 0.7, "the tails of Q and y reach below the base line"


def test_text_without_ink_has_an_empty_box() -> None:
    box = card().get_hershey_text_bounding_box(5, 6, " \n ", 0.5)
    assert (box.width, box.height, box.left, box.top) == (0, 0, 5, 6)


def test_a_missing_glyph_is_drawn_as_a_box_and_reported_not_dropped() -> None:
    svg = card().hershey_text(105, 74, "Zürich 日 ש 日 🎂", 0.5)
    assert svg.missing_glyphs == ["日", "ש", "🎂"]
    with_accent, without = (
        card().get_hershey_text_bounding_box(0, 0, text).width for text in ("AéA", "AA")
    )
    assert with_accent > without + 10


def test_the_bounding_box_of_a_text_reports_no_missing_glyphs() -> None:
    svg = card()
    svg.get_hershey_text_bounding_box(0, 0, "ü")
    assert svg.missing_glyphs == []


def test_an_unknown_font_is_rejected_with_the_list_of_fonts() -> None:
    with pytest.raises(UnknownName, match="futural") as caught:
        card().set_hershey_font("futura")
    assert caught.value.hint == "did you mean 'futuram'?"


def test_a_line_feed_in_hershey_text_begins_a_new_line() -> None:
    one, two = (
        card().get_hershey_text_bounding_box(50, 50, text, 0.5) for text in ("HH", "HH\r\nHH")
    )
    assert two.height > 2 * one.height
    assert (two.top + two.bottom) / 2 == pytest.approx(50)


def test_the_same_calls_give_the_same_bytes() -> None:
    def draw() -> str:
        svg = (
            card()
            .title("a")
            .begin_group(stroke="red", stroke_width=1, id="x")
            .hershey_text(5, 5, "Hello")
            .end_group()
        )
        return svg.polylines([np.random.default_rng(1).random((50, 2))]).to_string()

    assert draw() == draw()


def test_drawing_can_continue_after_to_string() -> None:
    svg = card().polylines([[(0, 0), (1, 1)]])
    first = svg.to_string()
    assert svg.to_string() == first
    assert len(elements(svg.polylines([[(2, 2), (3, 3)]]), "path")) == 2


def test_a_rejected_call_does_not_change_the_document() -> None:
    svg = card().rect(0, 0, 1, 1)
    before = svg.to_string()
    with raises_code("bad-colour"):
        svg.polylines([[(0, 0), (1, 1)]], stroke="evil")
    with raises_code("bad-text"):
        svg.title("\x00")
    assert svg.to_string() == before
