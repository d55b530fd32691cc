"""Formats are recognised by content, then by name."""

from __future__ import annotations

import gzip

import pytest

from libraries.loading import LoadError
from libraries.vector_input import FORMATS, VectorFormat, read, recognised
from libraries.vector_input.catalogue import register
from tests.errors import raises_code
from tests.libraries.exporting.test_readback import drawing, exported

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M1 1h5" stroke="red"/></svg>'


@pytest.mark.parametrize("name", ["svg", "pdf", "dxf", "hpgl", "gcode"])
def test_exported_files_are_recognised_without_a_name(name: str) -> None:
    form = recognised(exported(name, drawing(210, 148)))
    assert form is FORMATS[name]


@pytest.mark.parametrize(
    ("data", "name", "form"),
    [
        (gzip.compress(SVG, mtime=0), "", "svg"),
        (b"\n%PDF-1.4\n", "a.dxf", "pdf"),
        (b"AutoCAD Binary DXF\r\n\x1a\x00", "", "dxf"),
        (b"999\nmade by hand\n0\nSECTION\n", "", "dxf"),
        (b"PU;SP1;PA100,100;PD200,200;", "a.csv", "hpgl"),
        (b'CO "by hand";IN;SP1;PU1,1;', "", "hpgl"),
        (b"%\nO1000 (mill)\nN5 G21 G90\nN10 G00 X1.0 Y2.0 Z5.0\n", "", "gcode"),
        # Only the name says what these are.
        (b"LT;\n" * 2000, "drawing.PLT", "hpgl"),
        (b"; layer 1\n" * 1000, "cut.nc", "gcode"),
    ],
)
def test_files_of_other_programs_are_recognised(data: bytes, name: str, form: str) -> None:
    assert recognised(data, name) is FORMATS[form]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a,b\n1,2\n",
        b"IN,OUT\n1,2\n",
        b"PU;PD\n1;2\n",
        b"G1 is a command\nX and Y are places\n",
        b'{"IN": 1}',
        b"0\n1\n2\n",
        b"\x89PNG\r\n\x1a\n",
        b"a tarball of %PDF-1.7",
    ],
)
def test_tables_and_other_files_are_no_drawings(data: bytes) -> None:
    assert recognised(data, "data.csv") is None


def test_a_file_of_no_format_is_refused_and_markup_as_the_reader_of_svg_refuses_it() -> None:
    with raises_code("bad-drawing", match="accepted: DXF, G-code, HP-GL, PDF, SVG"):
        read(b"hello", "hello.txt")
    for data in (b"<hello/>", b"\x1f\x8bhello"):
        with raises_code("bad-svg"):
            read(data)


@pytest.mark.parametrize(
    "data",
    [
        SVG.decode().encode("utf-16-le"),
        SVG.decode().encode("utf-16-be"),
        f"<!--{'long ' * 1000}-->{SVG.decode()}".encode(),
        f"<?xml version='1.0'?><!DOCTYPE svg [{'<!-- a -->' * 500}]>{SVG.decode()}".encode(),
        gzip.compress(f"<!--{'long ' * 1000}-->{SVG.decode()}".encode()),
    ],
)
def test_an_svg_is_recognised_in_wide_characters_and_after_a_long_beginning(data: bytes) -> None:
    assert recognised(data) is FORMATS["svg"]
    assert len(read(data).document) == 1


def test_a_long_beginning_of_another_document_is_no_svg() -> None:
    for start in ("<!DOCTYPE html>", "<!-- a --><html>", "<!DOCTYPE html ["):
        assert recognised((start + " " * 5000).encode()) is None


def test_a_file_above_the_limit_of_its_format_is_refused() -> None:
    data = b"IN;SP1;PU1,1;" + b" " * 20_000_000
    with raises_code("bad-drawing", match="the HP-GL file has more than 20,000,000 bytes"):
        read(data)


def test_two_formats_cannot_have_the_same_suffix() -> None:
    other = VectorFormat(
        title="Other",
        suffixes=(".other", ".dxf"),
        media_types=("application/x-other",),
        matches=lambda _: False,
        read=FORMATS["svg"].read,
    )
    with pytest.raises(LoadError, match=r"\.dxf: used by DXF"):
        register("other", other)
