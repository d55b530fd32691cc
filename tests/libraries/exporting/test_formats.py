"""Tests of the export formats and of their registry."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from libraries import exporting, loading
from libraries.exporting import FORMATS, encodings, formats_by_media_type
from libraries.geometry.document import Document
from libraries.loading import load_modules, load_problems
from libraries.svg_builder import svg_blocks
from tests.errors import raises_code

COORDINATES = """
from libraries.exporting.catalogue import export
from libraries.fields import Params, whole

@export(media_type="text/csv", suffix=".csv")
class Coordinates(Params):
    \"\"\"List all vertices.\"\"\"

    decimals: int = whole("Decimal places.", 0, 9, default=1)

    def write(self, document):
        for x, y in document.store.coordinates.tolist():
            yield f"{x:.{self.decimals}f},{y:.{self.decimals}f}\\n".encode()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return another folder of formats, without load errors."""
    monkeypatch.setattr(exporting, "__path__", [*exporting.__path__, str(tmp_path)])
    monkeypatch.setattr(loading, "_problems", {})
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("libraries.exporting."):
            FORMATS.discard(name.rpartition(".")[2])
            del sys.modules[name]


def load() -> None:
    load_modules("libraries.exporting", discard=FORMATS.discard)


def drawing() -> Document:
    document = Document(100, 50)
    document.add([[(10, 10), (90, 10)]], document.layer("black"))
    return document


def written(name: str, **params: object) -> bytes:
    return b"".join(FORMATS[name].params.load(params).write(drawing()))


def test_the_built_in_formats_are_registered() -> None:
    assert {name: (one.media_type, one.suffix) for name, one in FORMATS.items()} == {
        "dxf": ("image/vnd.dxf", ".dxf"),
        "gcode": ("text/x-gcode", ".gcode"),
        "hpgl": ("application/vnd.hp-hpgl", ".hpgl"),
        "pdf": ("application/pdf", ".pdf"),
        "png": ("image/png", ".png"),
        "strokes": ("application/vnd.vector-api.strokes+json", ".json"),
        "svg": ("image/svg+xml", ".svg"),
        "svg-axidraw": ("image/svg+xml", ".svg"),
        "svg-compact": ("image/svg+xml", ".svg"),
        "svg-inkscape": ("image/svg+xml", ".svg"),
        "svg-pens": ("application/zip", ".zip"),
    }
    assert encodings() == ("plain", "compact")
    assert formats_by_media_type()["image/svg+xml"].name == "svg"


def test_the_svg_formats_write_what_the_builder_does() -> None:
    assert written("svg") == b"".join(svg_blocks(drawing()))
    assert written("svg-compact") == b"".join(svg_blocks(drawing(), encoding="compact"))


def test_a_png_has_the_requested_width_and_paper() -> None:
    picture = Image.open(io.BytesIO(written("png", width=200, paper="#FDF6E3")))
    assert picture.size == (200, 100)
    assert picture.convert("RGB").getpixel((2, 2)) == (0xFD, 0xF6, 0xE3)


def test_a_png_of_too_many_layers_is_rejected() -> None:
    document = Document(100, 100)
    for number in range(10):
        document.add([[(1, 1), (2, 2)]], document.layer(str(number)))
    picture = FORMATS["png"].params.load({"width": 2000})
    with raises_code("bad-preview", match="too many layers"):
        list(picture.write(document))


def test_a_format_in_one_new_file_is_found_with_its_schema_and_writes(folder: Path) -> None:
    (folder / "coordinates.py").write_text(COORDINATES)
    load()
    assert formats_by_media_type()["text/csv"].summary == "List all vertices."
    assert written("coordinates", decimals=0) == b"10,10\n90,10\n"


def test_a_format_that_cannot_be_loaded_is_reported_and_the_others_work(folder: Path) -> None:
    (folder / "broken.py").write_text("import nonesuch\n")
    (folder / "coordinates.py").write_text(COORDINATES)
    load()
    assert {"coordinates", "png"} <= set(FORMATS)
    assert [one.module for one in load_problems()] == ["libraries.exporting.broken"]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("self, document", "self, strokes", "Coordinates.write takes (self, strokes)"),
        ('"text/csv"', '"csv"', "'csv' is not a media type such as image/png"),
        ('".csv"', '"csv"', "the suffix 'csv' must start with a dot"),
        ('".csv"', '".csv", encoding="csv"', "only a format of image/svg+xml can have an encoding"),
        (
            '"text/csv", suffix=".csv"',
            '"image/svg+xml", suffix=".svg", encoding="plain"',
            "encoding 'plain' is used by another format",
        ),
        (", 0, 9, default=1", ", 0, 9", "Coordinates.decimals needs a default"),
    ],
)
def test_the_error_names_the_mistake_in_a_format(
    folder: Path, old: str, new: str, mistake: str
) -> None:
    (folder / "coordinates.py").write_text(COORDINATES.replace(old, new))
    load()
    assert "coordinates" not in FORMATS
    assert mistake in str(load_problems()[0])
