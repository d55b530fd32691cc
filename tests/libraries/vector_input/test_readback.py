"""Exported files are read back and compared with the drawing, with its pens and their order."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.transforms import translation
from libraries.vector_input import InputOptions, read
from tests.libraries.exporting.test_readback import drawing, exported

WITHIN_MM = 0.05


def strokes_by_layer(document: Document) -> list[list[Floats]]:
    return [
        np.split(store.coordinates, store.offsets[1:-1]) for _, store in document.drawn_layers()
    ]


def at_origin(document: Document) -> Document:
    """Return a document with its ink at the origin, because some formats have no page."""
    box = document.bounding_box()
    assert box is not None
    return document.transformed(translation(-box.left, -box.top))


def check_equal(found: Document, document: Document) -> None:
    pairs = zip(strokes_by_layer(found), strokes_by_layer(document), strict=True)
    for ours, given in pairs:
        for line, other in zip(ours, given, strict=True):
            assert np.abs(line[[0, -1]] - other[[0, -1]]).max() <= WITHIN_MM
            if (other == other[0]).all():
                assert (line == line[0]).all()
                continue
            one, two = shapely.LineString(line), shapely.LineString(other)
            assert shapely.hausdorff_distance(one, two, densify=0.2) <= WITHIN_MM


@pytest.mark.parametrize("name", ["svg", "svg-inkscape", "pdf", "dxf"])
@pytest.mark.parametrize("size", [(210, 297), (210, 148)], ids=["portrait", "landscape"])
def test_a_format_with_a_page_keeps_the_place_of_each_stroke(
    name: str, size: tuple[float, float]
) -> None:
    document = drawing(*size)
    reading = read(exported(name, document))
    found = reading.document
    assert (found.width, found.height) == pytest.approx(size, abs=0.001)
    check_equal(found, document)
    assert reading.problems == []


@pytest.mark.parametrize(("profile", "unit"), [("roland-dxy", 0.025), ("hp7475a", 0.02488)])
def test_hpgl_keeps_the_strokes_of_each_pen(profile: str, unit: float) -> None:
    document = drawing(210, 148)
    data = exported("hpgl", document, profile=profile)
    found = read(data, options=InputOptions(hpgl_unit=unit)).document
    assert [layer.name for layer in found.layers] == ["pen 1", "pen 2", "pen 3"]
    check_equal(at_origin(found), at_origin(document))


@pytest.mark.parametrize("profile", ["grbl", "marlin", "klipper"])
@pytest.mark.parametrize("arcs", [True, False])
def test_gcode_keeps_the_strokes_of_each_pen_on_the_page(profile: str, arcs: bool) -> None:
    document = drawing(210, 200)
    reading = read(exported("gcode", document, profile=profile, arcs=arcs))
    box = document.bounding_box()
    assert box is not None
    # The page ends at the ink, and begins at the origin in the lower left.
    assert (reading.document.width, reading.document.height) == pytest.approx(
        (box.right, 200 - box.top), abs=WITHIN_MM
    )
    check_equal(at_origin(reading.document), at_origin(document))
    assert reading.problems == []


def test_a_pdf_keeps_the_names_and_looks_of_its_layers() -> None:
    document = drawing()
    document.add([[(10, 10), (20, 20)]], document.layer("Жук & é"))
    found = read(exported("pdf", document)).document
    assert [layer.name for layer in found.layers] == ["ink", "red", "sea", "Жук & é"]
    assert [(pen.colour, pen.width) for pen in found.pens[:2]] == [
        ("#1a5fb4", 0.3),
        ("#ff0000", 0.5),
    ]


def test_names_of_layers_of_a_pdf_have_the_codes_of_those_of_an_svg() -> None:
    document = Document(100, 80)
    for y, name in enumerate(["%guides", "!2+S20 sea", "1 sky"], 10):
        document.add([[(10, y), (90, y)]], document.layer(name))
    found = read(exported("pdf", document))
    assert [(pen.name, pen.pause) for pen in found.document.pens] == [
        ("1 sky", False),
        ("!2+S20 sea", True),
    ]
    assert [one["names"] for one in found.problems] == [["%guides"]]
    plain = read(exported("pdf", document), options=InputOptions(layer_codes=False))
    assert len(plain.document.layers) == 3
