"""Exported files are read back by independent readers and compared with the drawing."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pikepdf
import pytest
import shapely
from PIL import Image

from libraries.exporting import FORMATS
from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.plotting import PLOTTERS
from libraries.svg_builder import svg_blocks
from libraries.svg_reader import ReadingOptions, read_svg
from tests.errors import raises_code
from tests.libraries.exporting import readers
from tests.libraries.exporting.readers import Stroke

HOSTILE = [
    "x\nG28 Z0",
    "; M112",
    "PU;SP9;PD0,0;",
    "%!+S100+H0 é",
    "0\nENDSEC\n0\nEOF",
    "../../etc/passwd",
    ") >> endobj",
    "<script>alert(1)</script>",
    "\u202eabc\u2028",
]


def drawing(width: float = 210, height: float = 297) -> Document:
    """Return lines, curves, closed strokes, dots and repeated vertices of three pens, interleaved."""
    document = Document(width, height, title="Sea & sky", metadata={"recipe_sha256": "ab" * 32})
    ink = document.layer("ink", Pen("fineliner", "#1a5fb4", 0.3))
    red, sea = document.layer("red", Pen("red", "red", 0.5, speed=80)), document.layer("sea")
    angles = np.linspace(0, 2 * np.pi, 160)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    wave = np.linspace(0, 9, 200)
    document.add([[(30, 30), (100, 30), (100, 60)]], sea)
    document.add([circle * 31.4 + (70, 80), circle[::-1] * 8 + (60, 70)], ink)
    document.add([[(40, 50)], [(45, 50), (45, 50)]], red)
    document.add([[(50, 40), (60, 40), (60, 40), (60, 50), (50, 40)]], red)
    document.add([np.column_stack([40 + 8 * wave, 70 + 20 * np.sin(wave)])], sea)
    document.add([[(31.416, 27.183)]], ink)
    return document


def exported(name: str, document: Document, **params: object) -> bytes:
    blocks = list(FORMATS[name].params.load(params).write(document))
    assert blocks == list(FORMATS[name].params.load(params).write(document))
    return b"".join(blocks)


def check_equal(found: Iterable[Sequence[Stroke]], document: Document, within: float) -> None:
    """Check pens, order of strokes, ends, lengths and the distance of the lines."""
    layers = [store for _, store in document.drawn_layers()]
    for strokes, store in zip(found, layers, strict=True):
        drawn = np.split(store.coordinates, store.offsets[1:-1])
        for stroke, line in zip(strokes, drawn, strict=True):
            assert np.abs(stroke[[0, -1]] - line[[0, -1]]).max() <= within
            if (line == line[0]).all():
                assert len(stroke) == 1
                continue
            one, other = shapely.LineString(stroke), shapely.LineString(line)
            assert shapely.hausdorff_distance(one, other, densify=0.2) <= within
            assert one.length == pytest.approx(other.length, rel=2e-3, abs=within)


PAGES = pytest.mark.parametrize("size", [(210, 297), (210, 148)], ids=["portrait", "landscape"])


@PAGES
def test_hpgl_gives_the_strokes_on_the_paper_of_the_plotter(size: tuple[float, float]) -> None:
    document = drawing(*size)
    found = readers.read_hpgl(exported("hpgl", document))
    is_portrait = size[1] > size[0]
    # The origin of A4 is 10 mm from the left and 206 mm from the upper edge, y points up.
    sheets = [
        [np.array([10, 206]) + stroke * 0.02488 * (1, -1) for stroke in strokes]
        for strokes in found
    ]
    if is_portrait:
        pages = [[np.column_stack([210 - one[:, 1], one[:, 0]]) for one in pen] for pen in sheets]
    else:
        # A5 in the middle of A4.
        pages = [[one - (43.5, 31) for one in pen] for pen in sheets]
    check_equal(pages, document, 0.025)


def test_hpgl_has_the_instructions_of_the_paper_and_of_the_pens() -> None:
    portrait = exported("hpgl", drawing())
    assert portrait.startswith(b"IN;PS4;\nSP1;VS38;\nPU")
    assert b"PU;SP2;VS8;\nPU" in portrait
    assert b";PD;PU;\n" in portrait
    assert exported("hpgl", drawing(297, 420)).startswith(b"IN;PS0;\n")
    assert exported("hpgl", drawing(), profile="roland-dxy").startswith(b"IN;\nSP1;VS40;\n")
    slow = exported("hpgl", drawing(), profile="hp7440a", velocity=7)
    assert slow.count(b"VS7;") == 3
    assert max(len(one) for one in slow.split(b";")) < 58


def test_the_axes_of_a_turned_plotter_point_the_other_way() -> None:
    document = Document(297, 210)
    document.add([[(144, 105), (154, 95)]], document.layer("black"))
    assert b"PU0,0;PD-400,-400;" in exported("hpgl", document, profile="calcomp-artisan")


@PAGES
@pytest.mark.parametrize("arcs", [True, False])
@pytest.mark.parametrize(
    ("profile", "commands"),
    [
        ("grbl", {"up": "M3 S40", "down": "M3 S90", "change": "M0"}),
        ("marlin", {"up": "M280 P0 S60", "down": "M280 P0 S90", "change": "M0"}),
    ],
)
def test_gcode_gives_the_strokes_about_the_page(
    profile: str, commands: dict[str, str], arcs: bool, size: tuple[float, float]
) -> None:
    document = drawing(size[0], min(size[1], 220))
    data = exported("gcode", document, profile=profile, arcs=arcs)
    check_equal(readers.read_gcode(data, document.height, **commands), document, 0.021)
    assert (b"\nG2 " in data, b"\nG3 " in data) == (arcs, arcs)
    if arcs:
        # Two circles as halves, and the wave.
        assert len(data) < 0.2 * len(exported("gcode", document, profile=profile, arcs=False))


@PAGES
def test_dxf_gives_the_strokes_of_each_layer(size: tuple[float, float]) -> None:
    document = drawing(*size)
    found = readers.read_dxf(exported("dxf", document), document.height)
    assert list(found) == ["1_INK", "2_RED", "3_SEA"]
    check_equal(found.values(), document, 0.001)


@PAGES
def test_pdf_gives_the_strokes_of_each_layer_in_true_size(size: tuple[float, float]) -> None:
    document = drawing(*size)
    page, found = readers.read_pdf(exported("pdf", document))
    assert page == pytest.approx(size, abs=0.001)
    assert list(found) == ["ink", "red", "sea"]
    check_equal(found.values(), document, 0.001)


def test_a_pdf_names_its_title_and_recipe() -> None:
    file = pikepdf.open(io.BytesIO(exported("pdf", drawing())))
    assert str(file.docinfo["/Title"]) == "Sea & sky"
    assert str(file.docinfo["/Keywords"]) == f"recipe {'ab' * 32}"


def test_a_page_larger_than_pdf_allows_has_a_larger_unit() -> None:
    document = Document(12_000, 9000)
    document.add([[(10, 10), (11_000, 8000)]], document.layer("black"))
    file = pikepdf.open(io.BytesIO(exported("pdf", document)))
    sides: Any = file.pages[0].MediaBox
    assert float(sides[2]) * int(file.pages[0].UserUnit) * 25.4 / 72 == pytest.approx(
        12_000, abs=0.01
    )


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("svg", ["ink", "red", "sea"]),
        ("svg-inkscape", ["1 ink", "2 red", "3 sea"]),
        ("svg-axidraw", ["1 ink", "!2+S40 red", "!3 sea"]),
    ],
)
def test_svg_gives_the_strokes_and_names_of_each_layer(name: str, names: list[str]) -> None:
    found = readers.read_svg_layers(exported(name, drawing()))
    assert list(found) == names
    check_equal(found.values(), drawing(), 0.001)


def coded() -> Document:
    """Return lines of layers whose names have codes, as they are stored by `POST /plots`."""
    labels = ("!2+S20+D1500 sea", "5+H45 sky", "%guides", "9 land")
    layers = "".join(
        f'<g inkscape:groupmode="layer" inkscape:label="{label}"><path d="M40 {y}H90"/></g>'
        for y, label in enumerate(labels, 40)
    )
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        f'width="200mm" height="100mm" viewBox="0 0 200 100" stroke="black">{layers}</svg>'
    )
    read = read_svg(picture, options=ReadingOptions()).document
    return read_svg(b"".join(svg_blocks(read))).document


@pytest.mark.parametrize(
    ("profile", "dwell", "downs"),
    [
        ("grbl", "G4 P1.500", ["M3 S90", "M3 S65", "M3 S90"]),
        ("marlin", "G4 P1500", ["M280 P0 S90", "M280 P0 S75", "M280 P0 S90"]),
        (
            "klipper",
            "G4 P1500",
            [f"SET_SERVO SERVO=pen ANGLE={angle}" for angle in (90, 75, 90)],
        ),
    ],
)
def test_gcode_has_the_pause_delay_height_and_speed_of_each_pen(
    profile: str, dwell: str, downs: list[str]
) -> None:
    lines = exported("gcode", coded(), profile=profile).decode().splitlines()
    comments = [number for number, line in enumerate(lines) if line.startswith("; pen")]
    stop = "PAUSE" if profile == "klipper" else "M0"
    assert [lines[number - 1] for number in comments] == [stop] * 3
    assert [number for number, line in enumerate(lines) if line == dwell] == [comments[0] + 1]
    assert [line for line in lines if line in downs] == downs
    feeds = [line.partition(" F")[2] for line in lines if line.startswith("G1") and " F" in line]
    # 20 % of AxiDraw's speed is 40.17 mm/s.
    assert feeds == ["2410", "3000", "3000"]


def test_a_pen_is_not_lowered_below_the_usual_height() -> None:
    document = Document(100, 100)
    document.add([[(10, 10), (20, 20)]], document.layer("deep", Pen("deep", height=0)))
    assert b"\nM3 S90\n" in exported("gcode", document)


def test_hpgl_has_the_speed_of_each_pen_and_puts_it_away_before_a_pause() -> None:
    data = exported("hpgl", coded())
    assert data.startswith(b"IN;PS4;\nSP0;SP1;VS4;\nPU")
    assert data.count(b"SP0;") == 2
    assert len(readers.read_hpgl(data)) == 3


def test_axidraw_layers_come_out_with_their_codes() -> None:
    labels = list(readers.read_svg_layers(exported("svg-axidraw", coded())))
    assert labels == ["!2+S20+D1500 sea", "!5+H45 sky", "!9 land"]
    again = list(readers.read_svg_layers(exported("svg-axidraw", coded(), pause=False)))
    assert again == ["!2+S20+D1500 sea", "5+H45 sky", "9 land"]


def test_a_zip_has_a_file_for_each_pen() -> None:
    found = readers.read_svg_pens(exported("svg-pens", drawing()))
    assert list(found) == ["01-ink.svg", "02-red.svg", "03-sea.svg"]
    check_equal(found.values(), drawing(), 0.001)


def test_a_png_has_the_resolution_the_title_and_the_recipe() -> None:
    picture = Image.open(io.BytesIO(exported("png", drawing(), dpi=96)))
    assert picture.size == (794, 1123)
    assert picture.info["dpi"] == pytest.approx((96, 96), abs=0.1)
    texts: Any = picture.info
    assert (texts["Title"], texts["Comment"]) == ("Sea & sky", f"recipe {'ab' * 32}")
    with raises_code("bad-preview", match="at most 342 dots per inch"):
        exported("png", drawing(), dpi=343)


@pytest.mark.parametrize("title", HOSTILE)
def test_titles_and_names_of_layers_cannot_contain_commands(title: str) -> None:
    document = Document(210, 148, title=title)
    for name in (title, f"{title}2", "plain"):
        document.add([[(40, 40), (60, 60)]], document.layer(name))
    lines = [name for name in FORMATS if not name.startswith(("svg", "png"))]
    files = {name: exported(name, document) for name in lines}
    check_equal(
        readers.read_hpgl(files["hpgl"]) and readers.read_dxf(files["dxf"], 148).values(),
        document,
        0.001,
    )
    check_equal(readers.read_pdf(files["pdf"])[1].values(), document, 0.001)
    assert len(readers.read_hpgl(files["hpgl"])) == 3
    gcode = readers.read_gcode(files["gcode"], 148, up="M3 S40", down="M3 S90", change="M0")
    check_equal(gcode, document, 0.001)
    assert files["gcode"].isascii()
    if title.isprintable():
        names = list(readers.read_svg_pens(exported("svg-pens", document)))
        assert all(name.count(".") == 1 and "/" not in name for name in names)
        labels = readers.read_svg_layers(exported("svg-axidraw", document))
        assert [label.split(" ")[0] for label in labels] == ["1", "!2", "!3"]
        assert not any(set("%+!") & set(label[1:]) for label in labels)


@pytest.mark.parametrize("name", FORMATS)
def test_a_drawing_without_strokes_gives_a_file(name: str) -> None:
    assert exported(name, Document(210, 148))


@pytest.mark.parametrize(
    ("name", "profile", "point", "reason", "reach"),
    [
        ("hpgl", "hp7475a", (5, 100), "stroke 2 is out of reach of HP 7475A, at 5.0, 100.0 mm", ""),
        (
            "gcode",
            "marlin",
            (230, 100),
            "stroke 2 is out of reach of Marlin printer with servo",
            "220 x 220",
        ),
        (
            "gcode",
            "grbl",
            (30, 211),
            "stroke 2 is out of reach of GRBL plotter with servo",
            "430 x 430",
        ),
    ],
)
def test_a_stroke_out_of_reach_is_refused_with_its_number(
    name: str, profile: str, point: tuple[float, float], reason: str, reach: str
) -> None:
    document = Document(297, 210)
    document.add([[(30, 30)], [(30, 30), point]], document.layer("black"))
    with raises_code("not-plottable", match=reason) as caught:
        FORMATS[name].params.load({"profile": profile}).write(document)
    hint = "leave a margin of 14 mm" if name == "hpgl" else f"it reaches {reach} mm"
    assert str(caught.value.hint).startswith(hint)


def test_a_page_larger_than_the_papers_and_too_many_pens_are_refused() -> None:
    large = Document(594, 420)
    with raises_code("not-plottable", match="larger than the papers of HP 7475A: a4"):
        FORMATS["hpgl"].params.load({}).write(large)
    many = Document(210, 148)
    for number in range(7):
        many.add([[(40, 40)]], many.layer(str(number)))
    with raises_code("not-plottable", match="HP 7475A has 6 pens, the drawing 7"):
        FORMATS["hpgl"].params.load({}).write(many)


def test_every_plotter_with_a_language_can_be_written_for() -> None:
    document = Document(148, 105)
    document.add([[(40, 40), (60, 60)]], document.layer("black"))
    for name, plotter in PLOTTERS.items():
        for form in plotter.as_record()["formats"]:
            assert exported(form, document, profile=name)
