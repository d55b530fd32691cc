"""Tests of the SVG reader."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.svg_builder import SVGBuilder, svg_blocks
from libraries.svg_reader import ReadingOptions, read_svg
from libraries.svg_syntax.outlines import lines_of_path
from libraries.svg_syntax.path_data import ARGUMENTS
from libraries.svg_syntax.tracing import flattened_paths, trace
from tests.conftest import own_seconds
from tests.errors import raises_code

PIXEL = 25.4 / 96
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'fill="none" stroke="black" stroke-linecap="round" '
)
MILLIMETRES = 'width="100mm" height="100mm" viewBox="0 0 100 100">'
NUMBERS = st.floats(-99, 99).map(lambda number: f"{number:.2f}") | st.integers(-99, 99).map(str)


def sets_of(letter: str) -> st.SearchStrategy[str]:
    """Return a strategy for a command with one to three sets of numbers."""
    size = ARGUMENTS[letter.upper()]
    count = st.integers(1, 3).flatmap(
        lambda sets: st.lists(NUMBERS, min_size=size * sets, max_size=size * sets)
    )
    return count.map(lambda numbers: letter + " ".join(numbers))


COMMANDS = st.tuples(
    st.sampled_from("Mm").flatmap(sets_of),
    st.lists(st.sampled_from("MmLlHhVvCcSsQqTtZz").flatmap(sets_of), max_size=12),
).map(lambda parts: parts[0] + "".join(parts[1]))


def svg(body: str, attributes: str = MILLIMETRES) -> str:
    return f"{HEAD}{attributes}{body}</svg>"


def lines(body: str, attributes: str = MILLIMETRES) -> list[list[list[float]]]:
    store = read_svg(svg(body, attributes)).document.store
    rounded: NDArray[np.float64] = np.round(store.coordinates, 6) + 0.0
    return [line.tolist() for line in np.split(rounded, store.offsets[1:-1])] if len(store) else []


def test_absolute_and_relative_lines_are_read() -> None:
    drawn = [[[10, 20], [30, 20], [30, 50], [10, 20]]]
    for data in (
        "M10 20 30,20 30 50z",
        "m10,20,20 0,0,30Z",
        "M10 20H30V50L10 20",
        "m10 20h20v30l-20-30",
        "M1e1,2E1L30,20.0 30 50.L10 20",
        "m10.0.2e2h20v30z",
    ):
        assert lines(f'<path d="{data}"/>') == drawn, data


def test_a_subpath_after_a_close_begins_at_its_start() -> None:
    assert lines('<path d="M5 5h10v10zl-5 0"/>') == [
        [[5, 5], [15, 5], [15, 15], [5, 5]],
        [[5, 5], [0, 5]],
    ]
    assert lines('<path d="M5 5M6 6h1z"/>') == [[[6, 6], [7, 6], [6, 6]]]
    assert lines('<path d="M5 5z"/>') == [[[5, 5], [5, 5]]], "a dot"


def test_smooth_curves_continue_the_previous_direction() -> None:
    for smooth, spelt in (
        (
            "M0 0C0 10 10 10 10 0S20-10 20 0s10 10 10 0",
            "M0 0C0 10 10 10 10 0C10-10 20-10 20 0C20 10 30 10 30 0",
        ),
        ("M0 0Q5 10 10 0T20 0t10 0", "M0 0Q5 10 10 0Q15-10 20 0Q25 10 30 0"),
        ("M0 0S10 10 10 0", "M0 0C0 0 10 10 10 0"),
        ("M0 0T10 0", "M0 0Q0 0 10 0"),
        ("M0 0Q5 10 10 0S20 10 20 0", "M0 0Q5 10 10 0C10 0 20 10 20 0"),
    ):
        assert np.allclose(
            np.concatenate(lines(f'<path d="{smooth}"/>')),
            np.concatenate(lines(f'<path d="{spelt}"/>')),
        )


@pytest.mark.parametrize(
    ("flags", "middle"),
    [("0 0", (58.66, 50)), ("0 1", (61.34, 50)), ("1 0", (51.34, 50)), ("1 1", (68.66, 50))],
)
def test_the_flags_of_an_arc_choose_one_of_four(flags: str, middle: tuple[float, float]) -> None:
    (arc,) = lines(f'<path d="M60 45A10 10 0 {flags} 60 55"/>')
    points = np.array(arc)
    centre = np.array([60 - 8.66025 if flags in ("0 1", "1 0") else 60 + 8.66025, 50])
    assert np.allclose(np.hypot(*(points - centre).T), 10, atol=1e-4)
    assert np.hypot(*(points - middle).T).min() < 20
    mm = np.hypot(*np.diff(points, axis=0).T).sum()
    assert mm == pytest.approx(10 * np.pi / 3 if flags[0] == "0" else 10 * np.pi * 5 / 3, rel=1e-3)


def test_arcs_without_radius_are_lines_and_short_radii_are_enlarged() -> None:
    assert lines('<path d="M0 0A0 5 0 0 1 10 0"/>') == [[[0, 0], [10, 0]]]
    (grown,) = lines('<path d="M0 0A1 1 0 0 1 10 0"/>')
    assert np.allclose(np.hypot(*(np.array(grown) - (5, 0)).T), 5)
    assert lines('<path d="M3 3A5 5 0 0 1 3 3"/>') == [[[3, 3], [3, 3]]]


def test_basic_shapes_are_their_outlines() -> None:
    assert lines('<rect x="1" y="2" width="3" height="4"/>') == [
        [[1, 2], [4, 2], [4, 6], [1, 6], [1, 2]]
    ]
    assert lines('<line x1="1" y1="2" x2="3" y2="4"/>') == [[[1, 2], [3, 4]]]
    assert lines('<polyline points="1,2 3,4,5 6"/>') == [[[1, 2], [3, 4], [5, 6]]]
    assert lines('<polygon points="1,2 3,4 5,6"/>') == [[[1, 2], [3, 4], [5, 6], [1, 2]]]
    for shape in (
        '<circle cx="50" cy="50" r="10"/>',
        '<rect x="40" y="40" width="20" height="20" rx="50"/>',
    ):
        assert np.allclose(np.hypot(*(np.array(lines(shape)[0]) - 50).T), 10)
    ellipse = lines('<ellipse cx="50%" cy="50" rx="20" ry="10"/>')[0]
    assert np.allclose(np.hypot(*((np.array(ellipse) - 50) / (20, 10)).T), 1)
    assert lines('<ellipse rx="5"/>') == lines('<circle r="5"/>')
    nothing = (
        '<rect width="5"/><circle r="0"/><ellipse/><polyline points="1 1"/><path/><path d="none"/>'
    )
    assert lines(nothing) == []


@pytest.mark.parametrize(
    ("attributes", "page", "point"),
    [
        ('width="100mm" height="50mm" viewBox="0 0 200 100">', (100, 50), (5, 5)),
        ('width="10cm" height="5cm" viewBox="0 0 100 50">', (100, 50), (10, 10)),
        ('width="1in" height="96px">', (25.4, 25.4), (10 * PIXEL, 10 * PIXEL)),
        ('viewBox="0 0 96 192">', (25.4, 50.8), (10 * PIXEL, 10 * PIXEL)),
        (
            'width="100%" height="100%" viewBox="0 0 96 192">',
            (25.4, 50.8),
            (10 * PIXEL, 10 * PIXEL),
        ),
        ('width="72pt" height="6pc">', (25.4, 25.4), (10 * PIXEL, 10 * PIXEL)),
        ('width="100mm" height="100mm" viewBox="-10 -10 100 100">', (100, 100), (20, 20)),
        ('width="100mm" height="50mm" viewBox="0 0 100 100">', (100, 50), (30, 5)),
        (
            'width="100mm" height="50mm" viewBox="0 0 100 100" preserveAspectRatio="xMinYMax">',
            (100, 50),
            (5, 5),
        ),
        (
            'width="100mm" height="50mm" viewBox="0 0 100 100" preserveAspectRatio="xMidYMid slice">',
            (100, 50),
            (10, -15),
        ),
        (
            'width="100mm" height="50mm" viewBox="0 0 100 100" preserveAspectRatio="none">',
            (100, 50),
            (10, 5),
        ),
        (">", (300 * PIXEL, 150 * PIXEL), (10 * PIXEL, 10 * PIXEL)),
    ],
)
def test_sizes_and_view_boxes_become_millimetres(
    attributes: str, page: tuple[float, float], point: tuple[float, float]
) -> None:
    document = read_svg(svg('<path d="M10 10h1"/>', attributes)).document
    assert (document.width, document.height) == pytest.approx(page)
    assert document.store.coordinates[0].tolist() == pytest.approx(point)


def test_nested_transforms_are_applied_from_the_right() -> None:
    body = '<g transform="translate(10,20)"><path transform="scale(2) rotate(90 5 5)" d="M0 0h10"/></g>'
    assert lines(body) == [[[30, 20], [30, 40]]]
    assert lines('<path transform="matrix(.5 0 0 .25 1e1 0)" d="M4 4h4"/>') == [[[12, 1], [14, 1]]]


def test_use_draws_its_target_at_its_place() -> None:
    body = '<defs><path id="a" d="M0 0h5"/><symbol id="s" viewBox="0 0 10 10"><path d="M0 0L10 10"/></symbol></defs>'
    assert lines(f'{body}<use href="#a" x="5" y="6"/>') == [[[5, 6], [10, 6]]]
    assert lines(f'{body}<use xlink:href="#a" transform="scale(2)" x="1"/>') == [[[2, 0], [12, 0]]]
    assert lines(f'{body}<use href="#s" x="20" y="20" width="40" height="40"/>') == [
        [[20, 20], [60, 60]]
    ]
    assert lines(
        f'{body}<svg x="50" width="20" height="20" viewBox="0 0 10 10"><use href="#a"/></svg>'
    ) == [[[50, 0], [60, 0]]]


def test_invisible_elements_are_not_drawn_and_filled_ones_are_outlined() -> None:
    for hidden in (
        'stroke="none"', 'style="fill:none;stroke:none"', 'display="none"', 'style="display : none"', 'visibility="hidden"',
        'stroke="url(#missing)"', 'opacity="0"', 'stroke-width="0"', 'stroke-opacity="0%"', 'style="stroke:#1230"',
    ):  # fmt: skip
        assert lines(f'<g {hidden}><path d="M0 0h5"/></g>') == [], hidden
    for seen in ('fill="red"', 'stroke="url(#missing) red"', "", 'style="fill:none;stroke:#123"'):
        assert lines(f'<path {seen} d="M0 0h5"/>') == [[[0, 0], [5, 0]]], seen
    assert lines('<path fill="red" stroke="none" d="M0 0h5v5"/>') == [
        [[0, 0], [5, 0], [5, 5], [0, 0]]
    ]
    assert lines('<g visibility="hidden"><path visibility="visible" d="M0 0h5"/></g>') == [
        [[0, 0], [5, 0]]
    ]
    assert lines('<switch><path d="M0 0h5"/><path d="M0 0h6"/></switch>') == [[[0, 0], [5, 0]]]


def test_inkscape_layers_and_colours_become_layers_with_pens() -> None:
    body = (
        '<g inkscape:groupmode="layer" inkscape:label="Sky" stroke="#00f" stroke-width="0.5"><path d="M0 0h1"/>'
        '<g stroke="red"><path d="M0 1h1"/></g></g><g inkscape:groupmode="layer" inkscape:label="%guides">'
        '<path d="M0 0h9"/></g><g inkscape:groupmode="layer" inkscape:label="Sea"><path d="M0 1h1"/></g><path d="M0 2h1" style="stroke: RGB(255,0, 0);stroke-width:2"/>'
        '<g transform="scale(.5)" stroke-width="1" stroke="currentColor" color="green"><path d="M0 6h1"/></g>'
    )
    document = read_svg(svg(body), options=ReadingOptions(layer_codes=True)).document
    assert document.pens == (
        Pen("Sky", "#00f", 0.5),
        Pen("Sea", "black", 1.0),
        Pen("#ff0000", "#ff0000", 2.0),
        Pen("green", "green", 0.5),
    )
    assert document.store.layers.tolist() == [0, 0, 1, 2, 3]


def layers(*names: str) -> str:
    return "".join(
        f'<g inkscape:groupmode="layer" inkscape:label="{name}"><path d="M0 {y}h9"/></g>'
        for y, name in enumerate(names)
    )


def test_codes_of_layers_give_the_order_and_the_handling_of_pens() -> None:
    body = layers("3+s25 +H30 sky", "!2 +D500 sea", "%guides", "10land", "4+S200+H400+D99999")
    reading = read_svg(svg(body), options=ReadingOptions())
    assert [
        (pen.name, pen.speed and round(pen.speed, 1), pen.height, pen.delay, pen.pause)
        for pen in reading.document.pens
    ] == [
        ("!2 +D500 sea", None, None, 0.5, True),
        ("3+s25 +H30 sky", 50.2, 30.0, 0.0, False),
        ("4+S200+H400+D99999", 220.9, 100.0, 99.999, False),
        ("10land", None, None, 0.0, False),
    ]
    assert [one["kind"] for one in reading.problems] == ["layer"]
    plain = read_svg(svg(body), options=ReadingOptions(layer_codes=False))
    assert plain.document.pens == tuple(
        Pen(one.name, one.colour, one.width) for one in plain.document.pens
    )
    assert len(plain.document.pens) == 5
    assert plain.problems == []


def test_the_handling_of_pens_is_stored_with_a_drawing() -> None:
    document = Document(50, 50)
    for number, pen in enumerate(
        [Pen("a", speed=80, delay=0.5), Pen("b", height=0, pause=True), Pen("c")]
    ):
        document.add([[(1, 1 + number), (9, 9)]], document.layer(pen.name, pen))
    stored = b"".join(svg_blocks(document))
    assert read_svg(stored).document.pens == document.pens
    # Other programs may write anything.
    changed = stored.replace(b'"80"', b'"1e999"').replace(b'height="0"', b'height="NaN"')
    assert [pen.speed for pen in read_svg(changed).document.pens] == [None, None, None]


def test_the_colours_of_a_single_layer_are_plotted_as_it_says() -> None:
    body = (
        '<g inkscape:groupmode="layer" inkscape:label="+S20 all"><path d="M0 0h1" stroke="red"/>'
        '<path d="M0 1h1" stroke="blue"/></g>'
    )
    speeds = [pen.speed for pen in read_svg(svg(body), options=ReadingOptions()).document.pens]
    assert speeds == [pytest.approx(40.17, abs=0.01)] * 2


def test_groups_below_the_root_become_pens_on_request() -> None:
    body = (
        '<g><g id="sky"><path d="M0 0h1"/><g><path d="M0 1h1" stroke="red"/></g></g>'
        '<g><path d="M0 2h1"/></g><path d="M0 3h1" stroke="red"/></g>'
    )
    document = read_svg(svg(body), options=ReadingOptions(pens_by="group")).document
    assert [layer.name for layer in document.layers] == ["sky", "group 2", "red"]
    assert document.store.layers.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("attributes", "dpi", "size", "end"),
    [
        ('width="720" height="72px">', 72, (254, 25.4), 254),
        ('width="720" height="72px">', 300, (60.96, 6.096), 60.96),
        ('width="10in" height="10mm">', 72, (254, 10), 254),
        ('width="10in" height="10mm" viewBox="0 0 720 9">', 300, (254, 10), 254),
        ('width="50%" height="50%" viewBox="0 0 1440 96">', 96, (190.5, 12.7), 95.25),
    ],
)
def test_pixels_have_the_size_of_the_resolution(
    attributes: str, dpi: int, size: tuple[float, float], end: float
) -> None:
    options = ReadingOptions(dpi=dpi)
    document = read_svg(svg('<path d="M0 0H720"/>', attributes), options=options).document
    assert (document.width, document.height) == pytest.approx(size)
    assert document.store.coordinates[:, 0].max() == pytest.approx(end, rel=0.05)


def test_a_page_without_any_size_is_as_large_as_its_drawing() -> None:
    reading = read_svg(svg('<path d="M0 0L960 480"/>', 'width="100%" height="100%">'))
    assert (reading.document.width, reading.document.height) == pytest.approx((254, 127))
    assert ("page-size", "approximated") in {
        (one["kind"], one["action"]) for one in reading.problems
    }


def test_many_lines_are_read_as_one_by_one() -> None:
    written = [f'x1="{n}" y1="1" x2="{n}.5" y2="-2e0"' for n in range(9)]
    together = lines("".join(f"<line {one}/>" for one in written))
    assert together == lines("<g/>".join(f"<line {one}/>" for one in written))
    odd = "".join(f"<line {one}/>" for one in written) + '<line x1="1mm" y2="9"/>'
    assert lines(odd)[:9] == together
    assert lines("".join(f'<line {one} stroke="none"/>' for one in written)) == []


def test_unsupported_elements_are_left_out_and_counted() -> None:
    body = (
        "<title>t</title><metadata><x/></metadata><script>alert(1)</script><style>*{}</style><image/><image/><text>a</text>"
        '<foreignObject><path d="M0 0h1"/></foreignObject><blob/><use href="other.svg#a"/><use href="#none"/>'
        '<o:path xmlns:o="urn:other" d="M0 0h1"/><path clip-path="url(#c)" style="mask:url(#m)" d="M0 0h1"/>'
    )
    reading = read_svg(svg(body))
    assert reading.dropped == {
        "script": 1, "image": 2, "foreignObject": 1, "unknown": 1, "use": 2, "clip-path": 1, "mask": 1,
    }  # fmt: skip


def test_written_documents_are_read_back() -> None:
    drawing = (
        SVGBuilder(210, 148).rect(10, 10, 50, 50).hershey_text(105, 74, "Hello", 1).circle(9, 9, 3)
    )
    document = drawing.document()
    for text in (
        drawing.to_string(),
        b"".join(svg_blocks(document)),
        b"".join(svg_blocks(document, encoding="compact")),
    ):
        again = read_svg(text).document
        assert (again.width, again.height) == pytest.approx((210, 148))
        assert again.strokes().lengths == pytest.approx(
            document.strokes().lengths, rel=2e-3, abs=0.05
        )


def test_an_external_document_type_is_ignored() -> None:
    kind = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://127.0.0.1:9/svg11.dtd">'
    assert len(read_svg(kind + svg('<path d="M0 0h1"/>')).document) == 1


@pytest.mark.parametrize("kind", ["", '<!DOCTYPE svg PUBLIC "a" "b">'])
def test_entities_that_nothing_declares_become_text(kind: str) -> None:
    own = kind or "<!DOCTYPE svg [<!ENTITY own 'M0 0h1'>]>"
    path = "&own;" if not kind else "M0 0h1"
    read = read_svg(own + svg(f'<desc>&undefined; &nbsp;</desc><path d="{path}"/>'))
    assert len(read.document) == 1


def test_what_follows_the_root_is_ignored() -> None:
    assert len(read_svg(svg('<path d="M0 0h1"/>') + "<svg/> text & more").document) == 1


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "document",
    [
        f'<!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]>' + svg("<text>&l9;</text>"),
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg("<text>&x;</text>"),
        '<!DOCTYPE svg [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>' + svg(""),
        svg("<g>" * 10_000 + "</g>" * 10_000),
        svg("<g>" * 10_000),
        svg("<g/>" * 200_001),
        "<html/>", '<svg xmlns="urn:other"/>', "", "<svg", "plain text", "\x00", "\ud800",
        svg("", 'width="0" height="5">'), svg("", 'width="-5mm" height="5">'),
        '<!DOCTYPE svg [<!ENTITY a "' + "x" * 4000 + '">]>' + svg(f"<text>{'&a;' * 1000}</text>"),
        '<!DOCTYPE svg [' + "".join(f'<!ENTITY e{n} "x">' for n in range(65)) + "]>" + svg(""),
    ],
)  # fmt: skip
def test_hostile_and_malformed_documents_are_rejected_quickly(document: str) -> None:
    started = own_seconds()
    for source in (document, document.encode("utf-8", "surrogatepass")):
        with raises_code("bad-svg"):
            read_svg(source)
    assert own_seconds() - started < 5


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<path d="MNaN 0h1"/>', "path-data"), ('<path d="M9 9L1e999 5"/>', "path-data"), ('<path d="L1 1"/>', "path-data"),
        ('<path d="M0 0A1 1 0 2 0 1 1"/>', "path-data"), ('<polyline points="1e99 5 1 1"/>', "path-data"),
        ('<rect width="1x" height="5"/>', "number"), ('<circle r="1e300"/>', "number"), ('<circle r="NaN"/>', "number"),
        ('<use href="#a" x="1q1"/><defs><g id="a"/></defs>', "number"), ('<svg width="nan"><path d="M0 0h1"/></svg>', "number"),
        ('<g transform="translate(1e9)"><path d="M0 0h1"/></g>', "transform"),
    ],
)  # fmt: skip
def test_broken_elements_are_left_out_and_listed(body: str, kind: str) -> None:
    reading = read_svg(svg(f'\n{body}<path d="M1 1h5"/>'))
    assert len(reading.document) == 1
    assert [(one["kind"], one["lines"]) for one in reading.problems] == [(kind, [2])]


def test_a_path_is_drawn_up_to_its_error() -> None:
    for data in (
        "M1 2h3 L4",
        "M1 2h3v",
        "M1 2h3x",
        "M1 2H4NaN",
        "M1 2 4 2 5",
        "M1 2H4V1e99",
        "M1 2h3A1 1 0 0 2 9 9",
    ):
        assert lines(f'<path d="{data}"/>') == [[[1, 2], [4, 2]]], data
    assert lines('<polyline points="1 2 4 2 9"/>') == [[[1, 2], [4, 2]]]


def test_a_broken_transform_is_ignored_and_listed() -> None:
    for text in ("url(#a)", "scale(nan)", "rotate()", "scale(1", "turn(5)"):
        reading = read_svg(svg(f'<path transform="{text}" d="M1 1h5"/>'))
        assert reading.document.store.coordinates.round(6).tolist() == [[1, 1], [6, 1]], text
        assert [one["kind"] for one in reading.problems] == ["transform"]


def test_far_strokes_are_cut_near_the_page() -> None:
    for body in (
        '<path d="M0 5H90000000"/>', '<g transform="scale(1e5)"><path d="M0 0.00005h1e5"/></g>',
        '<polyline points="0 5 1e9 5"/>',
    ):  # fmt: skip
        reading = read_svg(svg(body))
        assert reading.document.store.coordinates.round(6).tolist() == [[0, 5], [1100, 5]], body
        assert [(one["kind"], one["action"]) for one in reading.problems] == [("far", "cropped")]


@pytest.mark.parametrize("width", ["nan", "1e999", "5parsec"])
def test_an_unreadable_size_of_the_page_is_that_of_its_view_box(width: str) -> None:
    reading = read_svg(svg('<path d="M0 0h1"/>', f'width="{width}" viewBox="0 0 96 48">'))
    assert reading.document.page.width == pytest.approx(25.4)
    assert [one["kind"] for one in reading.problems] == ["page-size"]


def test_a_recursive_use_is_left_out() -> None:
    body = '<g id="a"><path d="M0 0h1"/><use href="#b"/></g><g id="b"><use href="#a"/></g><use id="c" href="#c"/>'
    reading = read_svg(svg(body))
    assert reading.dropped["use"] >= 2
    assert len(reading.document) < 10


def test_exponential_uses_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libraries.svg_reader.reader.MAX_VISITS", 10_000)
    groups = "".join(
        f'<g id="g{n}">{f"""<use href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 16)
    )
    started = own_seconds()
    with raises_code("bad-svg", match="repeats"):
        read_svg(svg(f'<defs><path id="g0" d="M0 0h1"/>{groups}</defs><use href="#g15"/>'))
    assert own_seconds() - started < 5


def test_a_drawing_of_too_many_vertices_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libraries.svg_reader.gathering.MAX_VERTICES", 50)
    with raises_code("too-many-vertices"):
        read_svg(svg('<circle r="30"/><circle r="30"/>'))


def test_a_curve_of_millions_of_lines_is_rejected_before_flattening() -> None:
    started = own_seconds()
    for body in ('<path d="M0 0C9e5 9e5 -9e5 9e5 0 0"/>', '<circle r="900000"/>'):
        with pytest.raises(InvalidInput):
            read_svg(svg(f'<g transform="scale(1e5)">{body}</g>'))
    assert own_seconds() - started < 1


def test_an_svg_of_too_many_bytes_is_rejected_before_parsing() -> None:
    with raises_code("bad-svg", match="bytes"):
        read_svg(b" " * 20_000_001)


ODD = st.text(alphabet='<>/&#;"=svgpathuse dMLCz0123456789.-eE[]!%', max_size=60)


@settings(max_examples=200, deadline=None)
@given(ODD)
def test_any_text_is_read_or_rejected(odd: str) -> None:
    for source in (
        odd,
        svg(odd),
        svg(f'<path d="{odd}"/>'),
        svg(f'<g transform="{odd}" style="{odd}"/>'),
        svg("", f'width="{odd}">'),
    ):
        try:
            store = read_svg(source).document.store
        except InvalidInput:
            continue
        assert np.isfinite(store.coordinates).all()


def test_the_style_of_the_root_is_inherited() -> None:
    drawn = read_svg(
        SVGBuilder(50, 50, stroke="#cc0000", pen_width=0.7).line(0, 0, 9, 9).to_string()
    ).document
    assert [(pen.colour, pen.width) for pen in drawn.pens] == [("#cc0000", 0.7)]


@settings(max_examples=200, deadline=None)
@given(COMMANDS)
def test_both_readers_of_path_data_agree(
    data: str,
) -> None:
    traced = trace(data)
    assert traced is not None
    # With 0.1, rounding errors decide the number of segments of some curves.
    tolerance = 0.1037
    one, other = flattened_paths([traced], [tolerance]), lines_of_path(data, tolerance)
    assert [len(line) for line in one] == [len(line) for line in other]
    for line, twin in zip(one, other, strict=True):
        assert np.abs(line - twin).max() <= 1e-9


@pytest.mark.parametrize(
    "data",
    ["", "h1", "M1 1,", "M1 1 2", "Mz", "M1 1q", "M1 1 h1 ,", "M1 1c1 2 3 4 5", "M0 0a1 1 0 011 1"],
)
def test_arcs_and_malformed_data_are_not_traced(data: str) -> None:
    assert trace(data) is None


def test_a_too_large_number_is_rejected_in_short_commands() -> None:
    for data in ("M0 0h1e9", "M0 0h1e400", "M0 0v-1000001"):
        with raises_code("bad-number"):
            trace(data)


def test_many_shapes_are_drawn_in_order() -> None:
    shapes = "".join(f'<path d="M{n} 0h1"/><line x1="{n}" x2="{n}" y2="1"/>' for n in range(9))
    drawn = lines(f'{shapes}<path d="M50 0a1 1 0 011 1"/><path d="M60 0h1"/>')
    assert [line[0][0] for line in drawn] == [*np.repeat(np.arange(9), 2).tolist(), 50, 60]


def test_the_size_of_batches_does_not_change_the_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = (
        '<g transform="rotate(9)"><path d="M1 1c9 9 3 4 5 6z"/><circle r="9" cx="30"/></g><rect width="9" height="4" rx="1"/>'
        '<defs><path id="p" d="M0 0q3 4 5 0t5 0"/></defs><use href="#p"/><use href="#p" transform="scale(3)"/>'
    )
    together = lines(body)
    monkeypatch.setattr("libraries.svg_reader.gathering.MAX_GATHERED", 0)
    assert lines(body) == together
    assert len(together) == 5


def test_repetitions_are_counted_before_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[object] = []
    monkeypatch.setattr(
        "libraries.svg_reader.reader.Gathering.add_paths", lambda *shape: drawn.append(shape)
    )
    groups = "".join(
        f'<g id="g{n}">{f"""<use href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 16)
    )
    with raises_code("bad-svg", match="repeats"):
        read_svg(
            svg(
                f'<path d="M0 0h1"/><defs><path id="g0" d="M0 0h1"/>{groups}</defs><use href="#g15"/>'
            )
        )
    assert drawn == []
    read_svg(svg('<path d="M0 0h1"/>'))
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ("body", "visits"),
    [
        ('<path d="M0 0h1"/><g><path/><path/></g>', 4),
        ('<defs><g id="a"><path/><path/></g></defs><use href="#a"/><use href="#a"/>', 9),
        ('<symbol id="a"><path/></symbol><use href="#a"/>', 4),
        ("<switch><g><path/></g><path/></switch>", 3),
        ('<g display="none"><path/></g>', 1),
        ('<use href="#none"/><use href="other.svg#a"/>', 2),
    ],
)
def test_the_count_agrees_with_the_visits_of_the_reader(
    body: str, visits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.svg_reader.reader.MAX_VISITS", visits)
    read_svg(svg(body))
    monkeypatch.setattr("libraries.svg_reader.reader.MAX_VISITS", visits - 1)
    monkeypatch.setattr(
        "libraries.svg_reader.reader.Reader.visit",
        lambda *_: pytest.fail("it was drawn before it was counted"),
    )
    with raises_code("bad-svg", match="repeats"):
        read_svg(svg(body))


def test_the_tolerance_may_be_a_function_of_the_page() -> None:
    pages: list[Rectangle] = []

    def fine(page: Rectangle) -> float:
        pages.append(page)
        return 0.001

    circle = svg('<circle r="30"/>')
    assert np.array_equal(
        read_svg(circle, tolerance=fine).document.store.coordinates,
        read_svg(circle, tolerance=0.001).document.store.coordinates,
    )
    assert [
        (page.left, page.top, round(page.width, 6), round(page.height, 6)) for page in pages
    ] == [(0, 0, 100, 100)]
