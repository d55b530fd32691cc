"""Tests of what the SVG reader takes for visible ink: styles, paint, covers, clips, markers, text, encodings."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.errors import InvalidInput
from libraries.svg_reader import Reading, ReadingOptions, read_svg
from tests.conftest import own_seconds

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="100mm" viewBox="0 0 100 100">'
Box = tuple[float, float, float, float]


def reading_of(body: str, **options: Any) -> Reading:
    return read_svg(f"{HEAD}{body}</svg>", options=ReadingOptions(**options))


def boxes_of(reading: Reading) -> list[Box]:
    """Return the box around each stroke in mm, rounded to 0.1 mm."""
    store = reading.document.store
    lines = np.split(store.coordinates, store.offsets[1:-1]) if len(store) else []
    found = []
    for line in lines:
        left, top, right, bottom = np.round([*line.min(axis=0), *line.max(axis=0)], 1) + 0.0
        found.append((float(left), float(top), float(right), float(bottom)))
    return found


def colours_of(body: str) -> list[str]:
    return [pen.colour for pen in reading_of(body).document.pens]


LINE = 'd="M10 20H90" fill="none"'


@pytest.mark.parametrize(
    ("sheet", "element", "colour"),
    [
        ("path{stroke:blue}", f"<path {LINE}/>", "blue"),
        (".a.b{stroke:red} .a{stroke:blue}", f'<path class="a b" {LINE}/>', "red"),
        ("#i{stroke:red} .a{stroke:blue}", f'<path id="i" class="a" {LINE}/>', "red"),
        (".a{stroke:red!important}", f'<path class="a" style="stroke:blue" {LINE}/>', "red"),
        (".a{stroke:red}", f'<path class="a" style="stroke:blue" {LINE}/>', "blue"),
        (".a{stroke:red}", f'<path class="a" stroke="blue" {LINE}/>', "red"),
        ("g path{stroke:red}", f"<g><g><path {LINE}/></g></g>", "red"),
        ("svg > path{stroke:red} path{stroke:blue}", f"<g><path {LINE}/></g>", "blue"),
        ("[data-pen='2']{stroke:red}", f'<path data-pen="2" {LINE}/>', "red"),
        ("rect + path{stroke:red}", f"<rect/><path {LINE}/>", "red"),
        ("path:not(.x):nth-child(2n+1){stroke:red}", f"<g/><path {LINE}/>", "red"),
        ("/* { */ a, path{stroke:red;;} @font-face{a:b}", f"<path {LINE}/>", "red"),
        ("@media print{path{stroke:red}} @media (width:1px){path{stroke:blue}}", f"<path {LINE}/>", "red"),
        (":root{--ink:red} path{stroke:var(--ink)}", f"<path {LINE}/>", "red"),
        ("path{stroke:var(--none, hsl(0, 100%, 50%))}", f"<path {LINE}/>", "#ff0000"),
        ("g{color:red} path{stroke:currentColor}", f"<g><path {LINE}/></g>", "red"),
        ("g{stroke:red} path{stroke:inherit}", f"<g><path {LINE}/></g>", "red"),
    ],
)  # fmt: skip
def test_the_cascade_chooses_the_colour(sheet: str, element: str, colour: str) -> None:
    assert colours_of(f"<style><![CDATA[{sheet}]]></style>{element}") == [colour]


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("rgb(100%, 0%, 50%)", "#ff0080"), ("rgb(1 2 3 / 50%)", "#010203"), ("hsl(120deg 100% 25%)", "#008000"),
        ("#1234", "#123"), ("#11223344", "#112233"), ("RebeccaPurple", "#663399"), ("hsla(.5turn,100%,50%,1)", "#00ffff"),
    ],
)  # fmt: skip
def test_all_forms_of_colours_are_read(text: str, colour: str) -> None:
    assert colours_of(f'<path stroke="{text}" {LINE}/>') == [colour]


def test_equal_colours_are_one_pen_and_widths_are_several() -> None:
    body = "".join(
        f'<path stroke="{colour}" stroke-width="{width}" {LINE}/>'
        for colour, width in (("#000", 1), ("black", 1), ("rgb(0,0,0)", 1.01), ("#000000", 3))
    )
    pens = reading_of(body).document.pens
    assert [(pen.colour, pen.width) for pen in pens] == [("#000", 1.0), ("#000", 3.0)]


@pytest.mark.parametrize(
    ("body", "boxes"),
    [
        ('<clipPath id="c"><rect x="20" width="30" height="99"/></clipPath><path clip-path="url(#c)" d="M0 5H99" stroke="red"/>',
         [(20, 5, 50, 5)]),
        (('<defs><rect id="r" x="20" width="30" height="99"/></defs><clipPath id="c"><use href="#r" x="5"/></clipPath>'
         '<g clip-path="url(#c)"><path d="M0 5H99" stroke="red"/></g>'), [(25, 5, 55, 5)]),
        (('<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/></clipPath>'
         '<g clip-path="url(#c)"><path d="M10 5H30" stroke="red"/><path d="M20 9H90" stroke="red"/></g>'),
         [(10, 5, 30, 5), (20, 9, 50, 9)]),
        (('<clipPath id="a"><rect width="50" height="99"/></clipPath><clipPath id="b" clip-path="url(#a)">'
         '<rect x="40" width="50" height="99"/></clipPath><path clip-path="url(#b)" d="M0 5H99" stroke="red"/>'), [(40, 5, 50, 5)]),
        ('<clipPath id="c"><circle cx="50" cy="50" r="10"/></clipPath><rect clip-path="url(#c)" width="99" height="99" fill="red"/>',
         [(40, 40, 60, 60)]),
        (('<mask id="m"><rect width="99" height="99" fill="white"/><rect x="40" width="20" height="99"/></mask>'
         '<path mask="url(#m)" d="M0 50H90" stroke="red"/>'), [(0, 50, 40, 50), (60, 50, 90, 50)]),
        ('<svg x="10" y="10" width="20" height="20"><path d="M-5 5H50" stroke="red"/></svg>', [(10, 15, 30, 15)]),
        ('<svg x="10" width="20" height="20" overflow="visible"><path d="M0 5H50" stroke="red"/></svg>', [(10, 5, 60, 5)]),
        ('<path d="M0 50H90" stroke="red"/><rect x="40" y="40" width="20" height="20" fill="#fff"/>',
         [(0, 50, 40, 50), (60, 50, 90, 50)]),
        ('<path d="M0 50H90" stroke="red"/><rect x="40" y="40" width="20" height="20" fill="#fff" opacity=".5"/>', [(0, 50, 90, 50)]),
        ('<rect x="40" y="40" width="20" height="20" fill="#fff"/><path d="M0 50H90" stroke="red"/>', [(0, 50, 90, 50)]),
        ('<rect width="100" height="100" fill="#123"/><path d="M0 50H90" stroke="white"/>', [(0, 50, 90, 50)]),
        ('<path d="M50 0V90" stroke="red"/><path d="M0 50H90" stroke="white" stroke-width="10"/>',
         [(50, 0, 50, 45), (50, 55, 50, 90)]),
        ('<path fill="none" stroke="red" stroke-dasharray="5 5" stroke-dashoffset="2" d="M0 5H12"/>',
         [(0, 5, 3, 5), (8, 5, 12, 5)]),
        ('<path fill="none" stroke="red" stroke-linecap="round" stroke-dasharray="0 6" d="M0 5H12"/>',
         [(0, 5, 0, 5), (6, 5, 6, 5), (12, 5, 12, 5)][:2]),
        ('<switch><g systemLanguage="fr"><path d="M0 1h9" stroke="red"/></g><path d="M0 2h9" stroke="red"/></switch>', [(0, 2, 9, 2)]),
        ('<rect width="10" height="10" fill="none" stroke="red" style="transform:rotate(.25turn);transform-origin:center"/>',
         [(90, 0, 100, 10)]),
        (
            ('<rect x="20" y="20" width="10" height="20" fill="none" stroke="red" style="transform:rotate(90deg);'
            'transform-origin:50% 50%;transform-box:fill-box"/>'),
            [(15, 25, 35, 35)],
        ),
        ('<style>circle{cx:20px;cy:20px;r:5px;stroke:red;fill:none}</style><circle/>', [(15, 15, 25, 25)]),
        ('<path style="d:path(\'M1 1H9\');stroke:red"/>', [(1, 1, 9, 1)]),
    ],
)  # fmt: skip
def test_only_visible_parts_are_drawn(body: str, boxes: list[Box]) -> None:
    assert np.allclose(boxes_of(reading_of(body)), boxes, atol=0.11)


@pytest.mark.parametrize(
    "body",
    [
        '<clipPath id="c"><rect clip-path="url(#c)" width="50" height="99"/></clipPath><path clip-path="url(#c)" d="M0 5H99" stroke="red"/>',
        '<clipPath id="c" clip-path="url(#c)"><use href="#u"/><use id="u" href="#u"/></clipPath><path clip-path="url(#c)" d="M0 5H99"/>',
        '<clipPath id="c" clipPathUnits="objectBoundingBox"><rect/></clipPath><path transform="scale(1e-9)" clip-path="url(#c)" d="M0 5H9"/>',
        '<rect y="1e9" width="1" height="1" style="transform:rotate(9deg);transform-box:fill-box"/>',
        '<path transform="scale(1e99999)" d="M0 5H99" stroke="red"/>', '<circle r="1e9" fill="none" stroke="red"/>',
    ],
)  # fmt: skip
def test_recursive_and_extreme_parts_do_not_refuse_the_file(body: str) -> None:
    assert len(reading_of(f'{body}<path stroke="blue" d="M1 1H9"/>').document)


def test_covers_and_clips_are_drawn_through_without_occlusion() -> None:
    body = (
        '<path d="M0 50H90" stroke="red"/><rect x="40" y="40" width="20" height="20" fill="blue"/>'
    )
    assert boxes_of(reading_of(body, occlude=False)) == [(0, 50, 90, 50), (40, 40, 60, 60)]


def test_fills_are_outlined_hatched_or_left_out() -> None:
    body = '<path fill="red" fill-rule="evenodd" d="M0 0H30V30H0zM10 10H20V20H10z"/>'
    assert boxes_of(reading_of(body)) == [(0, 0, 30, 30), (10, 10, 20, 20)]
    hatched = boxes_of(reading_of(body, fills="hatch", hatch_spacing=4.0, hatch_angle=0.0))
    assert set(hatched[2:]) >= {
        (0.0, 4.0, 30.0, 4.0),
        (0.0, 12.0, 10.0, 12.0),
        (20.0, 12.0, 30.0, 12.0),
    }
    without = reading_of(body, fills="none")
    assert boxes_of(without) == []
    assert {
        "kind": "fill",
        "action": "ignored",
        "count": 1,
        "lines": [1],
        "mm2": 800.0,
    } in without.problems


def test_wide_strokes_are_drawn_by_their_outline_on_request() -> None:
    reading = reading_of('<path d="M10 50H90" stroke="red" stroke-width="6"/>', max_pen_width=0.4)
    assert boxes_of(reading) == [(10.0, 47.2, 90.0, 52.8)]
    assert [pen.width for pen in reading.document.pens] == [0.4]


GRADIENT = (
    '<linearGradient id="g"><stop offset="0"/><stop offset="1" stop-color="#fff"/></linearGradient>'
)


@pytest.mark.parametrize(
    ("mask", "spans"),
    [
        (f'{GRADIENT}<mask id="m"><rect width="100" height="100" fill="url(#g)"/></mask>', [(50, 100)]),
        ((f'{GRADIENT}<linearGradient id="h" href="#g" gradientUnits="userSpaceOnUse" x2="20" gradientTransform="translate(10)"/>'
         '<mask id="m"><rect width="100" height="100" fill="url(#h)"/></mask>'), [(20, 100)]),
        (('<radialGradient id="g"><stop offset=".5" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/>'
         '</radialGradient><mask id="m"><rect width="100" height="100" fill="url(#g)"/></mask>'), [(12.5, 87.5)]),
        ((f'{GRADIENT}<mask id="m"><rect width="100" height="100" fill="#fff"/>'
         '<rect x="20" width="40" height="100" fill="url(#g)"/></mask>'), [(0, 20), (40, 100)]),
        (f'{GRADIENT}<mask id="m" mask-type="alpha"><rect x="20" width="40" height="100" fill="url(#g)"/></mask>', [(20, 60)]),
    ],
)  # fmt: skip
def test_masks_with_gradients_show_where_they_are_more_than_half_visible(
    mask: str, spans: list[tuple[float, float]]
) -> None:
    reading = reading_of(f'{mask}<path mask="url(#m)" d="M0 50H100" stroke="red"/>')
    found = [(left, right) for left, _, right, _ in boxes_of(reading)]
    assert np.allclose(found, spans, atol=0.5)
    assert ("mask", "approximated") in {(one["kind"], one["action"]) for one in reading.problems}


def test_markers_are_placed_and_turned() -> None:
    marker = (
        '<marker id="m" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="6" markerHeight="6" orient="auto-start-reverse">'
        '<path d="M0 0L10 5L0 10" fill="none" stroke="red"/></marker>'
    )
    line = '<path fill="none" stroke="#000" d="M20 20V50" style="marker-start:url(#m);marker-end:url(#m)"/>'
    assert boxes_of(reading_of(marker + line)) == [
        (20, 20, 20, 50), (17, 20, 23, 26), (17, 44, 23, 50),
    ]  # fmt: skip
    recursive = '<marker id="m"><path d="M0 0h1" stroke="red" marker-end="url(#m)"/></marker>'
    assert len(reading_of(recursive + line).document) == 3


def test_text_is_written_at_its_place_and_missing_glyphs_are_listed() -> None:
    for anchor, left, right in (("start", 50, 59), ("middle", 45.5, 54.5), ("end", 41, 50)):
        reading = reading_of(
            f'<text x="50" y="40" font-size="10" text-anchor="{anchor}">H<tspan>I</tspan>\n</text>'
        )
        boxes = np.array(boxes_of(reading))
        assert boxes[:, 0].min() == pytest.approx(left, abs=2)
        assert boxes[:, 2].max() == pytest.approx(right, abs=2)
        assert (boxes[:, 1].min(), boxes[:, 3].max()) == (33, 40)
    moved = boxes_of(
        reading_of('<text font-size="10"><tspan x="10 30" y="20 60">AB</tspan></text>')
    )
    assert max(box[3] for box in moved) == 60
    along = '<path id="p" fill="none" d="M10 50H90"/><text font-size="8"><textPath href="#p">Hi</textPath></text>'
    assert np.array(boxes_of(reading_of(along)))[:, 3].max() == 50
    (glyphs,) = (
        one for one in reading_of('<text y="9">\u4f60</text>').problems if one["kind"] == "glyphs"
    )
    assert glyphs["names"] == ["\u4f60"]


@pytest.mark.parametrize(
    ("attributes", "page"),
    [
        ('width="50mm" viewBox="0 0 10 20"', (50, 100)), ('height="2in" viewBox="0 0 100 50"', (101.6, 50.8)),
        ('width="100%" height="20mm" viewBox="0 0 10 20"', (10, 20)), ('style="width:4cm;height:auto" viewBox="0 0 10 20"', (40, 80)),
    ],
)  # fmt: skip
def test_a_missing_side_of_the_page_follows_from_the_view_box(
    attributes: str, page: tuple[float, float]
) -> None:
    drawing = read_svg(f'<svg {attributes}><path stroke="red" d="M0 0h1"/></svg>').document
    assert (drawing.width, drawing.height) == pytest.approx(page)


TEXT = f'{HEAD}<path {LINE} stroke="red"/><text x="5" y="9">\u00e9</text></svg>'
LATIN = '<?xml version="1.0" encoding="ISO-8859-1"?>'
UTF_16 = '<?xml version="1.0" encoding="UTF-16"?>'


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + TEXT.encode(), b"\n \n<?xml version='1.0'?>" + TEXT.encode(), (LATIN + TEXT).encode("latin-1"),
        (UTF_16 + TEXT).encode("utf-16"), (UTF_16 + TEXT).encode("utf-16-le"), (UTF_16 + TEXT).encode(), TEXT.encode("cp1252"),
        gzip.compress(TEXT.encode()), LATIN + TEXT, TEXT.replace("\u00e9", "&eacute;").encode(),
        TEXT.replace("<path", '<i:x/><path i:y="1"').encode(),
        TEXT.replace("<svg xmlns=", "<svg:svg xmlns:svg=").replace("</svg", "</svg:svg").replace("<path", "<svg:path").replace(
            "<text", "<svg:text").replace("</text", "</svg:text").encode(),
        f'<!DOCTYPE svg [<!ENTITY e "&#233;"><!ATTLIST svg a CDATA "b">]>{TEXT}'.replace("\u00e9", "&e;").encode(),
    ],
)  # fmt: skip
def test_every_encoding_is_read(data: str | bytes) -> None:
    reading = read_svg(data)
    assert [pen.colour for pen in reading.document.pens] == ["red", "#000000"]
    assert [one["kind"] for one in reading.problems] == ["text"]
    assert boxes_of(reading) == boxes_of(read_svg(TEXT))


def test_a_style_sheet_of_many_rules_is_applied_in_bounded_time() -> None:
    rules = "".join(f"g g g path[d]:not(.a{n}){{stroke:red}}" for n in range(5000))
    paths = f"<path {LINE}/>" * 3000
    started = own_seconds()
    reading = reading_of(f"<style>{rules}</style><g><g><g>{paths}</g></g></g>")
    assert own_seconds() - started < 20
    assert "style" in {one["kind"] for one in reading.problems}


ODD = st.text(alphabet="ab.#>+~ *:[]=\"'(){};@,!-/\\1%var", max_size=80)


@settings(max_examples=200, deadline=None)
@given(ODD, ODD)
def test_any_style_is_read(sheet: str, style: str) -> None:
    quoted = style.replace("&", "").replace('"', "").replace("<", "")
    sheet = sheet.replace("]]>", "")
    try:
        reading_of(
            f'<style><![CDATA[{sheet}]]></style><path stroke="red" style="{quoted}" {LINE}/>'
        )
    except InvalidInput as error:
        assert error.code == "bad-svg"  # noqa: PT017 - other drawings are read
