"""Property tests: any input is rejected or gives only the elements and attributes listed here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.errors import InvalidInput
from libraries.svg_builder import SVGBuilder

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {
    SVG + tag
    for tag in (
        "svg",
        "title",
        "g",
        "path",
        "rect",
        "line",
        "circle",
        "ellipse",
        "polyline",
        "polygon",
        "text",
    )
}
ATTRIBUTES = {
    "width", "height", "viewBox", "version", "baseProfile", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin",
    "stroke-opacity", "fill-opacity", "opacity", "fill-rule", "id", "transform", "font-size", "font-family", "text-anchor",
    "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "points", "d",
}  # fmt: skip
# Values without references, scripts or characters that end the attribute.
HARMLESS = re.compile(r"[A-Za-z0-9#.,() \-_]*")

SHARP_ENDS = st.sampled_from(
    [
        '"', "'", "<", ">", "&", "]]>", "-->", "<!--", "<script>", "</svg>", "url(#a)", "javascript:",
        '" onload="x', "&#x0;", "&lt;",
        "\x00", "\x0b", "\ud800", "\uffff", "\u2028", "🎂", "é", "\n", "\t", "\r", "red", "#fff", "M0 0",
        "@0", '<path d="@0" />', "{", "%s",
    ]
)  # fmt: skip
TEXT = st.lists(st.one_of(SHARP_ENDS, st.text(max_size=5)), max_size=8).map("".join)
NUMBER = st.one_of(st.floats(), st.floats(-300, 300), st.integers(), st.booleans(), st.none(), TEXT)
NAME = st.one_of(
    st.sampled_from(
        [
            "stroke",
            "fill",
            "id",
            "transform",
            "stroke_width",
            "opacity",
            "onload",
            "style",
            "href",
            "xlink:href",
            "d",
            "x",
        ]
    ),
    TEXT,
)
STYLE = st.dictionaries(NAME, st.one_of(TEXT, NUMBER), max_size=2)
POINTS = st.lists(st.tuples(NUMBER, NUMBER), max_size=4)

CALLS: st.SearchStrategy[tuple[str, tuple[object, ...]]] = st.one_of(
    st.tuples(st.just("rect"), st.tuples(NUMBER, NUMBER, NUMBER, NUMBER)),
    st.tuples(st.just("line"), st.tuples(NUMBER, NUMBER, NUMBER, NUMBER)),
    st.tuples(st.just("circle"), st.tuples(NUMBER, NUMBER, NUMBER)),
    st.tuples(st.just("ellipse"), st.tuples(NUMBER, NUMBER, NUMBER, NUMBER)),
    st.tuples(st.just("polyline"), st.tuples(POINTS)),
    st.tuples(st.just("polygon"), st.tuples(POINTS)),
    st.tuples(st.just("polylines"), st.tuples(st.lists(POINTS, max_size=2))),
    st.tuples(st.just("path"), st.tuples(st.one_of(TEXT, TEXT.map("M0 0L1 1".__add__)))),
    st.tuples(st.just("text"), st.tuples(NUMBER, NUMBER, TEXT)),
    st.tuples(st.just("hershey_text"), st.tuples(st.just(5), st.just(5), TEXT)),
    st.tuples(st.just("begin_group"), st.tuples()),
)


def assert_harmless(document: str) -> None:
    for element in ElementTree.fromstring(document, forbid_dtd=True).iter():
        assert element.tag in TAGS
        for name, value in element.attrib.items():
            assert name in ATTRIBUTES
            assert HARMLESS.fullmatch(value), value
            assert "url(" not in value
            assert "nan" not in value.lower().split()
            assert "inf" not in value.lower().split()


def attempt(
    svg: SVGBuilder, call: Callable[..., object], *arguments: object, **style: object
) -> None:
    with contextlib.suppress(InvalidInput):
        call(*arguments, **style)
        if call == svg.begin_group:
            svg.end_group()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CALLS, STYLE), max_size=6))
def test_any_sequence_of_calls_writes_only_listed_elements_and_attributes(
    calls: list[tuple[tuple[str, tuple[object, ...]], dict[str, object]]],
) -> None:
    svg = SVGBuilder(100, 100)
    for (name, arguments), style in calls:
        attempt(
            svg,
            getattr(svg, name),
            *arguments,
            **{key: value for key, value in style.items() if key not in ("x", "d")},
        )
    assert_harmless(svg.to_string())


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_any_text_is_rejected_or_round_trips(text: str) -> None:
    svg = SVGBuilder(100, 100)
    try:
        svg.title(text).text(1, 1, text)
    except InvalidInput:
        return
    root = ElementTree.fromstring(svg.to_string(), forbid_dtd=True)
    assert [(element.text or "").strip() for element in root] == [" ".join(text.split())] * 2
    assert_harmless(svg.to_string())


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='MmLlAaZzCc0123456789.,-+eE \n@"<u', max_size=40))
def test_any_path_data_is_rejected_or_round_trips(data: str) -> None:
    svg = SVGBuilder(100, 100)
    try:
        svg.path(data)
    except InvalidInput:
        return
    written = ElementTree.fromstring(svg.to_string())[0].get("d", "")
    assert re.fullmatch(r"[MmLlAaZzCc0-9. \-]+", written)
    again = ElementTree.fromstring(SVGBuilder(100, 100).path(written).to_string())[0].get("d")
    assert again == written


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=5),
        max_size=4,
    )
)
def test_polylines_are_written_to_the_nearest_thousandth(
    lines: list[list[tuple[float, float]]],
) -> None:
    root = ElementTree.fromstring(SVGBuilder(100, 100).polylines(lines).to_string())
    assert len(root) == len(lines)
    for element, line in zip(root, lines, strict=True):
        written = [
            tuple(float(number) for number in pair.split(","))
            for pair in element.get("d", "")[1:].split(" ")
        ]
        for (x, y), (as_x, as_y) in zip(line, written, strict=True):
            assert abs(x - as_x) < 0.00051
            assert abs(y - as_y) < 0.00051
