"""Detection of file types by content."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from libraries.uploads import KINDS, PHOTOS, UnknownKind, checked, recognise, stem_of
from libraries.uploads.kinds import CSV, PARQUET, SVG, XLSX
from tests.errors import raises_code
from tests.photographs import encoded, landscape


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "x" * 50)
    return out.getvalue()


def tarball() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("a.txt"))
    return out.getvalue()


SVG_TEXT = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (encoded(landscape(), "PNG"), "a.csv", "PNG"),
        (encoded(landscape(), "JPEG"), "a", "JPEG"),
        (encoded(landscape(), "WEBP"), "a.png", "WebP"),
        (encoded(landscape(), "GIF"), "a.svg", "GIF"),
        (SVG_TEXT.encode(), "a.png", "SVG"),
        (f'<?xml version="1.0"?>\n<!-- > -->\n<!DOCTYPE svg>\n{SVG_TEXT}'.encode(), "a.svg", "SVG"),
        (f"\ufeff{SVG_TEXT}".encode(), "a.svg", "SVG"),
        (f'<!DOCTYPE svg [<!ENTITY a "b">]>{SVG_TEXT}'.encode(), "a.svg", "SVG"),
        (b"a,b\n1,2\n", "", "CSV"),
        (b"a;b\n1;2\n", "a.tsv", "TSV"),
        (b"a\tb\n1\t2\n", "", "TSV"),
        ("Stra\u00dfe,b\n1,2\n".encode("latin-1"), "a.txt", "CSV"),
        ("Stra\u00dfe,b\n1,2\n".encode("utf-16"), "a.csv", "CSV"),
        (b"%PDF-1.7\n", "a.csv", "PDF"),
        (b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "a.txt", "DXF"),
        (b"\x1b.(;IN;SP1;PU0,0;PD10,10;", "", "HP-GL"),
        (b"; made by hand\nG21\nG0 X1 Y1\n", "", "G-code"),
        (b"[1]", "a.json", "JSON"),
        (b'{"a":\n 1}', "", "JSON"),
        (b'{"a": 1}\n{"a": 2}\n', "", "NDJSON"),
        (b'{"a": 1}\n', "a.jsonl", "NDJSON"),
        (b"[a],b\n1,2\n", "a.csv", "CSV"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "a.zip", "XLSX"),
        (b"PAR1" + b"\0" * 50 + b"PAR1", "", "Parquet"),
    ],
)
def test_the_type_of_a_file_is_detected_by_content_and_not_by_name(
    data: bytes, name: str, kind: str
) -> None:
    found = recognise(data, name)
    assert found.name == kind
    assert b"".join(checked([data[:3], data[3:]], found)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\t ",
        b"\x7fELF\x02\x01\x01" + b"\0" * 50,
        b"MZ\x90\0",
        b"%!PS-Adobe-3.0\n",
        b"#!/bin/sh\nrm -rf /\n",
        b"<!doctype html><svg></svg>",
        b"<html><body><svg/></body></html>",
        b'<?xml version="1.0"?><html/>',
        b"<!--" + b"-" * 500,
        b"<svgx/>",
        b"BM" + b"\0" * 60,
        gzip.compress(b"a,b\n" * 1000, mtime=0),
        archive("a.csv"),
        tarball(),
        b"RIFF\0\0\0\0WAVEfmt ",
        b"Rar!\x1a\x07\x00",
        b"\xff\xfe\x00\x00",
    ],
)
def test_other_files_are_rejected(data: bytes) -> None:
    with pytest.raises(UnknownKind):
        recognise(data, "data.csv")


def test_only_the_given_types_are_accepted() -> None:
    with pytest.raises(UnknownKind, match="PNG, JPEG, WebP, GIF"):
        recognise(SVG_TEXT.encode(), among=PHOTOS)
    assert len({kind.suffix for kind in KINDS}) == len(KINDS)


def test_another_office_archive_is_rejected_before_it_is_stored() -> None:
    document = archive("[Content_Types].xml", "word/document.xml")
    assert recognise(document) is XLSX
    with pytest.raises(UnknownKind, match="not an XLSX"):
        list(checked([document], XLSX))


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_workbook_is_detected_across_blocks(cut: int) -> None:
    data = archive("[Content_Types].xml", "xl/workbook.xml")
    assert b"".join(checked([data[n : n + cut] for n in range(0, len(data), cut)], XLSX)) == data


def test_a_text_with_nul_and_a_truncated_parquet_file_are_rejected() -> None:
    with raises_code("broken-file", match="NUL"):
        list(checked([b"a,b\n", b"1\0,2"], CSV))
    with raises_code("broken-file", match="NUL"):
        list(checked([b"<svg>", b"\0"], SVG))
    with raises_code("broken-file", match="end"):
        list(checked([b"PAR1", b"\0" * 10], PARQUET))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("my cat.jpeg", "my cat"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat"),
        ("", "photo"),
        (".htaccess", "htaccess"),
        ("..", "photo"),
        ("archive.tar.gz", "archive.tar"),
    ],
)
def test_the_safe_part_of_a_name_is_kept(name: str, stem: str) -> None:
    assert stem_of(name, otherwise="photo").startswith(stem)
    assert "/" not in stem_of(name, otherwise="photo")


def test_a_compressed_svg_is_detected_and_unpacked() -> None:
    packed = gzip.compress(SVG_TEXT.encode(), mtime=0)
    assert recognise(packed) == SVG
    assert b"".join(checked([packed[:9], packed[9:]], SVG)) == SVG_TEXT.encode()


def test_a_compressed_svg_that_is_damaged_or_a_bomb_is_rejected() -> None:
    packed = gzip.compress(SVG_TEXT.encode(), mtime=0)
    bomb = gzip.compress(SVG_TEXT.encode() + b" " * 20_000_001, mtime=0)
    for odd in (packed[:-9], packed[:12] + b"xx" + packed[14:], bomb):
        with raises_code("broken-file"):
            list(checked([odd], SVG))
