"""DXF files that ezdxf writes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import ezdxf
import numpy as np
import pytest
from ezdxf.document import Drawing
from ezdxf.enums import InsertUnits

from libraries.geometry.arrays import Floats
from libraries.svg_reader import Reading
from libraries.vector_input import FORMATS, InputOptions
from libraries.vector_input.entities import Entities
from tests.errors import raises_code


def made(draw: Callable[[Any], object] = lambda _: None, version: str = "R2010") -> Drawing:
    """Return a drawing whose model space `draw` gets."""
    document: Drawing = ezdxf.new(version)  # type: ignore[attr-defined]
    document.units = InsertUnits.Millimeters
    draw(document.modelspace())
    return document


def read(document: Drawing, **options: object) -> Reading:
    out = io.StringIO()
    document.write(out)
    return FORMATS["dxf"].read(out.getvalue().encode(), InputOptions(**options))  # type: ignore[arg-type]


def lines(document: Drawing, **options: object) -> list[Floats]:
    """Return the strokes with the lower left corner of the ink at the origin, y up."""
    store = read(document, **options).document.store
    points = store.coordinates * (1, -1)
    points = np.round(points - points.min(axis=0), 3) + 0.0
    return np.split(points, store.offsets[1:-1])


def length(line: Floats) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


@pytest.mark.parametrize("version", ["R12", "R2000", "R2018"])
@pytest.mark.parametrize(
    ("draw", "mm"),
    [
        (lambda space: space.add_line((0, 0), (30, 40)), 50),
        (lambda space: space.add_circle((50, 50), 100), 200 * math.pi),
        (lambda space: space.add_arc((0, 0), 100, 0, 90), 50 * math.pi),
        (lambda space: space.add_polyline2d([(0, 0), (30, 0), (30, 40)], close=True), 120),
        (lambda space: space.add_polyline2d([(0, 0, 1), (20, 0, 0)], format="xyb"), 10 * math.pi),
        (lambda space: space.add_3dface([(0, 0), (10, 0), (10, 10), (0, 10)]), 40),
    ],
)
def test_entities_have_their_length(draw: Callable[[Any], object], mm: float, version: str) -> None:
    found = lines(made(draw, version))
    assert sum(map(length, found)) == pytest.approx(mm, rel=1e-3)


@pytest.mark.parametrize(
    ("draw", "mm"),
    [
        (lambda space: space.add_lwpolyline([(0, 0, 1), (20, 0, 0)], format="xyb"), 10 * math.pi),
        (lambda space: space.add_ellipse((0, 0), (20, 0), 0.5), 96.88),
        (lambda space: space.add_spline([(0, 0), (10, 0), (20, 0)]), 20),
        (lambda space: space.add_open_spline([(0, 0), (10, 0), (20, 0), (30, 0)]), 30),
        (lambda space: space.add_mline([(0, 0), (20, 0)], close=False), 40),
    ],
)
def test_curves_have_their_length(draw: Callable[[Any], object], mm: float) -> None:
    assert sum(map(length, lines(made(draw)))) == pytest.approx(mm, rel=1e-3)


def test_a_circle_is_within_the_tolerance() -> None:
    (circle,) = lines(made(lambda space: space.add_circle((0, 0), 200)))
    assert np.allclose(np.hypot(*(circle - 200).T), 200, atol=0.03)


def test_blocks_are_placed_turned_and_repeated() -> None:
    document = made()
    block = document.blocks.new("corner")
    block.add_line((0, 0), (10, 0))
    inner = document.blocks.new("two")
    inner.add_blockref("corner", (0, 0))
    inner.add_blockref("corner", (0, 0), dxfattribs={"rotation": 90, "xscale": 2})
    space = document.modelspace()
    space.add_blockref("two", (5, 5))
    space.add_blockref(
        "corner",
        (100, 0),
        dxfattribs={"column_count": 3, "row_count": 2, "row_spacing": 4, "column_spacing": 20},
    )
    found = lines(document)
    assert len(found) == 8
    assert sorted(map(length, found)) == pytest.approx([10] * 7 + [20])


@pytest.mark.parametrize(
    ("unit", "mm"),
    [
        (InsertUnits.Unitless, 7),
        (InsertUnits.Millimeters, 7),
        (InsertUnits.Inches, 177.8),
        (InsertUnits.Meters, 7000),
    ],
)
def test_units_are_converted_to_mm(unit: InsertUnits, mm: float) -> None:
    document = made(lambda space: space.add_line((0, 0), (7, 0)))
    document.units = unit
    assert length(lines(document)[0]) == pytest.approx(mm)


def test_layers_are_pens_with_their_colours_and_widths() -> None:
    document = made()
    document.layers.add("cut", color=1, lineweight=50)
    document.layers.add("engrave", true_color=0x1A5FB4)
    space = document.modelspace()
    space.add_line((0, 0), (9, 0), dxfattribs={"layer": "cut"})
    space.add_line((0, 5), (9, 5), dxfattribs={"layer": "engrave"})
    space.add_line((0, 7), (9, 7), dxfattribs={"layer": "plain"})
    found = read(document).document
    assert [(layer.name, layer.pen.colour, layer.pen.width) for layer in found.layers] == [
        ("cut", "#ff0000", 0.5),
        ("engrave", "#1a5fb4", 0.3),
        ("plain", "#000000", 0.3),
    ]


def test_colours_are_pens_on_request_and_those_of_blocks_come_from_their_reference() -> None:
    document = made()
    document.blocks.new("dot").add_line((0, 0), (1, 0), dxfattribs={"color": 0})
    space = document.modelspace()
    space.add_blockref("dot", (0, 0), dxfattribs={"color": 3})
    space.add_line((0, 5), (9, 5), dxfattribs={"color": 5})
    found = read(document, pens_by="colour").document
    assert [pen.colour for pen in found.pens] == ["#00ff00", "#0000ff"]


def test_hidden_layers_and_entities_are_left_out_and_listed() -> None:
    document = made(lambda space: space.add_line((0, 0), (9, 0)))
    for name in ("off", "frozen", "guides"):
        document.layers.add(name)
    document.layers.get("off").off()
    document.layers.get("frozen").freeze()
    document.layers.get("guides").dxf.plot = 0
    for name in ("off", "frozen", "guides"):
        document.modelspace().add_line((0, 0), (5, 5), dxfattribs={"layer": name})
    reading = read(document)
    assert len(reading.document) == 1
    assert [(one["kind"], one["action"], one["count"]) for one in reading.problems] == [
        ("layer", "hidden", 3)
    ]


def test_line_types_are_cut_into_dashes() -> None:
    document = made()
    document.linetypes.add("DASH", [8.0, 5.0, -3.0])
    document.modelspace().add_line((0, 0), (21, 0), dxfattribs={"linetype": "DASH"})
    assert [length(line) for line in lines(document)] == pytest.approx([5, 5, 5])


def test_texts_are_written_at_their_place_and_listed() -> None:
    document = made()
    document.modelspace().add_text("HI", height=10, dxfattribs={"insert": (20, 30), "rotation": 90})
    reading = read(document)
    assert [one["kind"] for one in reading.problems] == ["text"]
    box = reading.document.bounding_box()
    assert box is not None
    # Turned by 90 degrees, the height of the capitals is the width.
    assert box.width == pytest.approx(10, abs=0.5)
    rows = made(lambda space: space.add_mtext("one\\Ptwo", dxfattribs={"char_height": 3}))
    assert [one["count"] for one in read(rows).problems] == [2]


def test_hatches_are_fills() -> None:
    def draw(space: Any) -> None:
        space.add_hatch().paths.add_polyline_path([(0, 0), (20, 0), (20, 20), (0, 20)])
        space.add_line((5, 5), (15, 15))

    assert len(lines(made(draw))) == 2
    assert len(lines(made(draw), fills="hatch", hatch_spacing=2.0)) > 10


def test_points_are_dots_and_dimensions_are_drawn() -> None:
    (dot,) = lines(made(lambda space: space.add_point((3, 4))))
    assert len(dot) == 1
    sized = made(lambda space: space.add_linear_dim((0, 5), (0, 0), (30, 0)).render())
    assert len(lines(sized)) > 3


def test_the_page_is_that_of_the_header_or_begins_at_the_origin() -> None:
    document = made(lambda space: space.add_line((20, 30), (60, 80)))
    page = read(document).document
    assert (page.width, page.height) == pytest.approx((60, 80))
    document.modelspace().reset_extents((10, 20, 0), (110, 220, 0))
    page = read(document).document
    assert (page.width, page.height) == pytest.approx((100, 200))
    assert page.store.coordinates.tolist() == [[10, 190], [50, 140]]
    far = made(lambda space: space.add_line((500_020, 30), (500_060, 80)))
    page = read(far).document
    assert (page.width, page.height) == pytest.approx((40, 50))


def test_what_cannot_be_drawn_is_listed() -> None:
    def draw(space: Any) -> None:
        space.add_line((0, 0), (9, 0))
        space.add_circle((0, 0), 1e12)
        space.add_xline((0, 0), (1, 0))
        space.add_blockref("nowhere", (0, 0))

    reading = read(made(draw))
    assert len(reading.document) == 1
    assert {one["kind"] for one in reading.problems} >= {"far", "entity"}


def test_blocks_that_repeat_each_other_end_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Entities, "MAX_ENTITIES", 5000)
    document = made()
    for number in range(12):
        block = document.blocks.new(f"B{number}")
        for _ in range(10):
            block.add_blockref(f"B{number + 1}", (0, 0))
    document.modelspace().add_blockref("B0", (0, 0), dxfattribs={"column_count": 30_000})
    with raises_code("too-many-vertices", match="entities"):
        read(document)


def test_a_block_that_contains_itself_is_drawn_to_a_depth() -> None:
    document = made()
    block = document.blocks.new("self")
    block.add_line((0, 0), (1, 1))
    block.add_blockref("self", (1, 1))
    document.modelspace().add_blockref("self", (0, 0))
    reading = read(document)
    assert 1 <= len(reading.document) <= 20
    assert [one["kind"] for one in reading.problems] == ["block"]


def test_binary_files_are_read() -> None:
    out = io.BytesIO()
    made(lambda space: space.add_line((0, 0), (30, 40))).write(out, fmt="bin")
    data = out.getvalue()
    assert FORMATS["dxf"].matches(data)
    store = FORMATS["dxf"].read(data, InputOptions()).document.store
    assert length(store.coordinates) == pytest.approx(50)


def test_a_file_with_a_line_too_many_is_repaired() -> None:
    text = "0\nSECTION\n2\nENTITIES\n0\nLINE\n8\n0\n10\n1\n20\n1\nbroken\n11\n4\n21\n5\n0\nENDSEC\n0\nEOF\n"
    store = FORMATS["dxf"].read(text.encode(), InputOptions()).document.store
    assert length(store.coordinates) == pytest.approx(5)


@pytest.mark.parametrize("line", [b"0\nLINE\n", b"  0\r\nLINE\r\n"])
@pytest.mark.parametrize("before", [b"", b"broken\n"])
def test_a_file_of_millions_of_entities_is_refused_before_it_is_read(
    before: bytes, line: bytes
) -> None:
    data = b"0\nSECTION\n2\nENTITIES\n" + before + line * 600_000
    with raises_code("bad-drawing", match="more than 500,000 entities"):
        FORMATS["dxf"].read(data, InputOptions())


def test_a_file_without_entities_is_empty() -> None:
    reading = FORMATS["dxf"].read(b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n", InputOptions())
    assert [one["kind"] for one in reading.problems] == ["empty"]


@pytest.mark.parametrize("data", [b"  0\nSECTION\n" + b"\xff" * 9000, b"0\nSECTION\nx\ny\n"])
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with raises_code("bad-drawing", match="the DXF file is damaged"):
        FORMATS["dxf"].read(data, InputOptions())
